/* accept4. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE

#include "drivers/simulator/bus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ecmon/err.h>

#define BACKLOG            4096
#define BABBLE_EVERY_MS    20
#define BABBLE_DEFAULT     1000
#define BABBLE_MAX         250
#define PLUG_AGAIN_MS      100
#define BITS_PER_CHARACTER 10
#define BITS_WITH_PARITY   11
#define US_PER_S           INT64_C(1000000)

bool bus_has_fault(const struct bus *bus, enum fault_kind kind, int32_t *ret_value)
{
    int64_t now_ms = bus_now_ms(bus);

    for (int i = 0; i < bus->n_plans; i++) {
        const struct plan *plan = &bus->plan[i];

        if (plan->planned.fault.kind == kind && plan_is_active(plan, now_ms)) {
            *ret_value = plan->planned.fault.value;
            return true;
        }
    }
    return false;
}

/* --- connections --- */

static void on_closed(void *ctx, struct connection *connection)
{
    struct bus *bus = ctx;

    for (int i = 0; i < bus->n_connections; i++) {
        if (bus->connection[i] == connection) {
            bus->connection[i] = bus->connection[--bus->n_connections];
            return;
        }
    }
}

static void on_noise(void *ctx, size_t n)
{
    struct bus *bus = ctx;

    bus->simulator->counts.noise += n;
}

static void on_bytes(void *ctx, struct connection *connection, const uint8_t *bytes,
                     size_t n)
{
    struct bus *bus = ctx;
    int32_t value = 0;

    if (bus_has_fault(bus, FAULT_ECHO, &value)) {
        const struct piece piece = {.bytes = bytes, .n = n};

        connection_put(connection, &piece);
    }
}

/* Returns false when there is no memory. */
static bool has_room(struct bus *bus)
{
    if (bus->n_connections < bus->cap_connections) {
        return true;
    }
    int cap = bus->cap_connections * 2 + 1;
    struct connection **grown =
        realloc((void *)bus->connection, (size_t)cap * sizeof(struct connection *));

    if (grown == NULL) {
        return false;
    }
    bus->connection = grown;
    bus->cap_connections = cap;
    return true;
}

static void keep(struct bus *bus, int fd)
{
    const struct connection_options options = {.loop = bus->simulator->options.loop,
                                               .framing = bus->framing,
                                               .is_serial = scheme_is_serial(bus->scheme),
                                               .byte_us = bus->byte_us,
                                               .ctx = bus,
                                               .on_request = bus_on_request,
                                               .on_bytes = on_bytes,
                                               .on_noise = on_noise,
                                               .on_closed = on_closed};
    bool is_full = bus->most_connections > 0 && bus->n_connections >= bus->most_connections;
    int32_t value = 0;

    if (is_full || !has_room(bus)) {
        (void)close(fd);
        return;
    }
    struct connection *connection = connection_new(&options, fd);

    if (connection == NULL) {
        return;
    }
    bus->connection[bus->n_connections++] = connection;
    bus->simulator->counts.connections++;
    if (bus_has_fault(bus, FAULT_DEAF, &value)) {
        connection_listen(connection, false);
    }
}

static void on_accept(void *ctx, int fd, uint32_t events)
{
    struct bus *bus = ctx;
    int one = 1;

    (void)events;
    for (;;) {
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client < 0) {
            return;
        }
        (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        keep(bus, client);
    }
}

/* --- opening and closing --- */

static socklen_t address_of(const struct bus *bus, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(bus->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(bus->port)};

    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, bus->host, &v4.sin_addr) == 1) {
        memcpy(ret_address, &v4, sizeof(v4));
        return sizeof(v4);
    }
    if (inet_pton(AF_INET6, bus->host, &v6.sin6_addr) == 1) {
        memcpy(ret_address, &v6, sizeof(v6));
        return sizeof(v6);
    }
    return 0;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return ntohs(v4.sin_port);
    }
    memcpy(&v6, address, sizeof(v6));
    return ntohs(v6.sin6_port);
}

static int open_port(struct bus *bus)
{
    struct sockaddr_storage address;
    socklen_t size = address_of(bus, &address);
    int one = 1;

    if (size == 0) {
        return -EADDRNOTAVAIL;
    }
    bus->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bus->fd < 0) {
        return -errno;
    }
    (void)setsockopt(bus->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(bus->fd, (struct sockaddr *)&address, size) != 0 ||
        listen(bus->fd, BACKLOG) != 0 ||
        getsockname(bus->fd, (struct sockaddr *)&address, &size) != 0) {
        return -errno;
    }
    bus->port = port_of(&address);
    bus->is_accepting = true;
    return loop_fd_add(bus->simulator->options.loop, bus->fd, LOOP_READ, on_accept, bus);
}

static int open_pty(struct bus *bus)
{
    int master = -1;
    int err = pty_open(bus->path, &bus->pty, &master);

    if (err == 0) {
        keep(bus, master);
        err = bus->n_connections > 0 ? 0 : -ENOMEM;
    }
    return err;
}

int bus_open(struct bus *bus)
{
    int err = scheme_is_serial(bus->scheme) ? open_pty(bus) : open_port(bus);

    if (err != 0) {
        bus_close(bus);
        return err;
    }
    bus->is_plugged = true;
    return 0;
}

void bus_close(struct bus *bus)
{
    while (bus->n_connections > 0) {
        connection_free(bus->connection[--bus->n_connections]);
    }
    pty_close(&bus->pty, bus->path);
    if (bus->fd >= 0) {
        loop_fd_remove(bus->simulator->options.loop, bus->fd);
        (void)close(bus->fd);
        bus->fd = -1;
    }
    bus->is_plugged = false;
}

/* --- faults of the line --- */

/* When the next planned fault begins or ends; INT64_MAX: never. */
static int64_t next_change_ms(const struct bus *bus, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;

    for (int i = 0; i < bus->n_plans; i++) {
        const struct planned_fault *planned = &bus->plan[i].planned;

        if (fault_class(planned->fault.kind) != FAULT_CLASS_LINE) {
            continue;
        }
        if (planned->from_ms > now_ms && planned->from_ms < next_ms) {
            next_ms = planned->from_ms;
        } else if (planned->from_ms <= now_ms && planned->until_ms > now_ms &&
                   planned->until_ms < next_ms) {
            next_ms = planned->until_ms;
        }
    }
    return next_ms;
}

/* No connection may end inside: only pieces are put, the flush may. */
static void babble(struct bus *bus, int32_t per_second)
{
    uint8_t bytes[BABBLE_MAX];
    int64_t rate = per_second > 0 ? per_second : BABBLE_DEFAULT;
    int64_t wanted = rate * BABBLE_EVERY_MS / MS_PER_S;
    size_t n = wanted < 1 ? 1 : wanted < BABBLE_MAX ? (size_t)wanted : BABBLE_MAX;
    const struct piece piece = {.bytes = bytes, .n = n, .byte_us = bus->byte_us};

    for (int i = bus->n_connections - 1; i >= 0; i--) {
        struct connection *connection = bus->connection[i];

        for (size_t k = 0; k < n; k++) {
            bytes[k] = (uint8_t)random_below(&bus->random_state, 256);
        }
        connection_put(connection, &piece);
        connection_flush(connection);
    }
}

static void plug(struct bus *bus, bool is_plugged)
{
    if (bus->is_plugged && !is_plugged) {
        bus_close(bus);
    } else if (!bus->is_plugged && is_plugged) {
        (void)bus_open(bus); /* tried again while it fails */
    }
}

/* A backlog of none: the system answers no more handshakes once one waits. */
static void accept_or_not(struct bus *bus, bool accepts)
{
    if (bus->fd >= 0 && bus->is_accepting != accepts) {
        bus->is_accepting = accepts;
        (void)listen(bus->fd, accepts ? BACKLOG : 0);
        (void)loop_fd_modify(bus->simulator->options.loop, bus->fd,
                             accepts ? LOOP_READ : 0);
    }
}

void bus_refresh(struct bus *bus)
{
    struct loop *loop = bus->simulator->options.loop;
    int64_t now_ms = bus_now_ms(bus);
    int64_t next_ms = next_change_ms(bus, now_ms);
    int32_t value = 0;
    bool wants_plug = !bus_has_fault(bus, FAULT_UNPLUG, &value);
    bool listens = !bus_has_fault(bus, FAULT_DEAF, &value);

    if (!bus->simulator->is_running) {
        return;
    }
    plug(bus, wants_plug);
    accept_or_not(bus, !bus_has_fault(bus, FAULT_NO_ACCEPT, &value));
    for (int i = 0; i < bus->n_connections; i++) {
        connection_listen(bus->connection[i], listens);
    }
    if (bus_has_fault(bus, FAULT_BABBLE, &value)) {
        babble(bus, value);
        next_ms = now_ms + BABBLE_EVERY_MS < next_ms ? now_ms + BABBLE_EVERY_MS : next_ms;
    }
    if (wants_plug && !bus->is_plugged) {
        next_ms = now_ms + PLUG_AGAIN_MS < next_ms ? now_ms + PLUG_AGAIN_MS : next_ms;
    }
    if (next_ms == INT64_MAX) {
        loop_timer_cancel(loop, &bus->timer);
    } else {
        (void)loop_timer_arm(loop, &bus->timer, bus->simulator->started_mono_ms + next_ms);
    }
}

static void on_timer(void *ctx)
{
    bus_refresh(ctx);
}

int bus_plan(struct bus *bus, const struct plan *plan)
{
    if (bus->n_plans == bus->cap_plans) {
        int cap = bus->cap_plans * 2 + 1;
        struct plan *grown = realloc(bus->plan, (size_t)cap * sizeof(*bus->plan));

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        bus->plan = grown;
        bus->cap_plans = cap;
    }
    bus->plan[bus->n_plans++] = *plan;
    return 0;
}

/* --- life --- */

static int64_t byte_us_of(const struct simulated_meter *meter)
{
    int64_t bits = meter->character_bits;

    if (meter->baud <= 0) {
        return 0;
    }
    if (bits == 0) {
        bits = framing_of(meter->scheme) == FRAMING_DLT645 ? BITS_WITH_PARITY
                                                           : BITS_PER_CHARACTER;
    }
    return (bits * US_PER_S + meter->baud / 2) / meter->baud;
}

struct bus *bus_new(struct simulator *simulator, const struct simulated_meter *meter)
{
    struct bus *bus = calloc(1, sizeof(*bus));

    if (bus == NULL) {
        return NULL;
    }
    bus->simulator = simulator;
    bus->no = simulator->n_buses;
    bus->scheme = meter->scheme;
    bus->framing = framing_of(meter->scheme);
    memcpy(bus->host, meter->host, sizeof(bus->host));
    memcpy(bus->path, meter->path, sizeof(bus->path));
    bus->port = meter->port;
    bus->baud = meter->baud;
    bus->byte_us = byte_us_of(meter);
    bus->most_connections = meter->connections;
    bus->fd = -1;
    bus->pty.slave = -1;
    bus->random_state = simulator->options.seed * UINT32_C(2654435761) +
                        (uint32_t)simulator->n_buses * UINT32_C(40503) + 1;
    bus->random_state = bus->random_state != 0 ? bus->random_state : 1;
    loop_timer_init(&bus->timer, on_timer, bus);
    return bus;
}

void bus_free(struct bus *bus)
{
    bus_close(bus);
    loop_timer_cancel(bus->simulator->options.loop, &bus->timer);
    free((void *)bus->connection);
    free((void *)bus->entry);
    free(bus->plan);
    free(bus);
}

bool bus_is_of(const struct bus *bus, const struct simulated_meter *meter)
{
    if (scheme_is_serial(bus->scheme) || scheme_is_serial(meter->scheme)) {
        return scheme_is_serial(bus->scheme) == scheme_is_serial(meter->scheme) &&
               strcmp(bus->path, meter->path) == 0;
    }
    return meter->port != 0 && bus->port == meter->port &&
           strcmp(bus->host, meter->host) == 0;
}
