/* accept4. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "drivers/simulator/connection.h"
#include "drivers/simulator/model.h"
#include "drivers/simulator/simulator.h"

#define EXCEPTION_FUNCTION 1
#define EXCEPTION_ADDRESS  2
#define EXCEPTION_COUNT    3
#define EXCEPTION_GATEWAY  11 /* 0B: target device failed to respond */
#define UNITS              256

struct entry {
    struct simulated_meter meter;
    struct load_integral integral;
    struct listener *listener;
};

/* One port and the meters behind it. */
struct listener {
    struct simulator *simulator;
    struct listener *next;
    char host[64];
    uint16_t port;
    int fd;
    struct entry *by_unit[UNITS];
    struct connection **connection;
    int n_connections;
    int cap_connections;
};

struct simulator {
    struct simulator_options options;
    struct entry **entry;
    int n_entries;
    struct listener *listener;
    uint32_t random_state;
    struct simulator_counts counts;
};

static const char *const fault_names[] = {
#define FAULT_NAME(id, name) name,
    FAULT_LIST(FAULT_NAME)
#undef FAULT_NAME
};

enum fault_kind fault_from_name(const char *name)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(fault_names[i], name) == 0) {
            return (enum fault_kind)i;
        }
    }
    return FAULT_COUNT;
}

/* --- answering --- */

static bool draws_fault(struct simulator *simulator, const struct fault *fault)
{
    return fault->kind != FAULT_NONE &&
           (fault->percent >= 100 ||
            (int32_t)random_below(&simulator->random_state, 100) < fault->percent);
}

static void values_of(struct simulator *simulator, struct entry *entry, bool no_value,
                      struct image_value values[QUANTITY_COUNT])
{
    int64_t wall_ms = loop_wall_ms(simulator->options.loop);

    if (simulator->options.value == NULL) {
        model_values(&entry->meter, &entry->integral, wall_ms, &simulator->options.zone,
                     values);
    }
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (simulator->options.value != NULL) {
            values[q].value = 0;
            values[q].has =
                simulator->options.value(simulator->options.value_ctx, &entry->meter,
                                         (enum quantity)q, wall_ms, &values[q].value);
        }
        values[q].has = values[q].has && !no_value;
    }
}

static size_t frame(const uint8_t *request, uint8_t function, const uint8_t *body, size_t n,
                    uint8_t *ret_reply)
{
    memcpy(ret_reply, request, 4);
    ret_reply[4] = (uint8_t)((n + 2) >> 8);
    ret_reply[5] = (uint8_t)(n + 2);
    ret_reply[6] = request[6];
    ret_reply[7] = function;
    memcpy(ret_reply + 8, body, n);
    return n + 8;
}

static size_t refuse(struct simulator *simulator, const uint8_t *request, uint8_t code,
                     uint8_t *ret_reply)
{
    simulator->counts.refused++;
    return frame(request, request[7] | 0x80, &code, 1, ret_reply);
}

static size_t read_registers(struct simulator *simulator, struct entry *entry,
                             const uint8_t *request, const struct fault *fault,
                             uint8_t *ret_reply)
{
    struct image_value values[QUANTITY_COUNT];
    uint16_t address = (uint16_t)(request[8] << 8 | request[9]);
    uint16_t count = (uint16_t)(request[10] << 8 | request[11]);
    uint8_t body[251];

    if (count == 0 || count > 125 || count > entry->meter.profile->max_registers) {
        return refuse(simulator, request, EXCEPTION_COUNT, ret_reply);
    }
    values_of(simulator, entry, fault->kind == FAULT_NO_VALUE, values);
    body[0] = (uint8_t)(2 * count);
    if (!image_read(entry->meter.profile, values, request[7], address, count, body + 1)) {
        return refuse(simulator, request, EXCEPTION_ADDRESS, ret_reply);
    }
    simulator->counts.replies += fault->kind == FAULT_NONE;
    return frame(request, request[7], body, 1 + (size_t)body[0], ret_reply);
}

static size_t answer(void *ctx, const uint8_t *request, size_t n, uint8_t *ret_reply,
                     struct fault *ret_fault)
{
    struct listener *listener = ctx;
    struct simulator *simulator = listener->simulator;
    struct entry *entry = listener->by_unit[request[6]];

    simulator->counts.requests++;
    if (request[7] != 3 && request[7] != 4) {
        simulator->counts.writes++;
        return refuse(simulator, request, EXCEPTION_FUNCTION, ret_reply);
    }
    if (entry == NULL) {
        return refuse(simulator, request, EXCEPTION_GATEWAY, ret_reply);
    }
    if (n != 12) {
        return refuse(simulator, request, EXCEPTION_COUNT, ret_reply);
    }
    if (draws_fault(simulator, &entry->meter.fault)) {
        simulator->counts.faults++;
        *ret_fault = entry->meter.fault;
    }
    if (ret_fault->kind == FAULT_EXCEPTION) {
        return refuse(simulator, request, (uint8_t)ret_fault->value, ret_reply);
    }
    return read_registers(simulator, entry, request, ret_fault, ret_reply);
}

/* --- listening --- */

static void on_closed(void *ctx, struct connection *connection)
{
    struct listener *listener = ctx;

    for (int i = 0; i < listener->n_connections; i++) {
        if (listener->connection[i] == connection) {
            listener->connection[i] = listener->connection[--listener->n_connections];
            return;
        }
    }
}

static void keep(struct listener *listener, int fd)
{
    struct simulator *simulator = listener->simulator;
    struct connection_options options = {simulator->options.loop, answer, listener,
                                         &simulator->random_state, on_closed};

    if (listener->n_connections == listener->cap_connections) {
        int cap = listener->cap_connections * 2 + 4;
        struct connection **grown = realloc((void *)listener->connection,
                                            (size_t)cap * sizeof(struct connection *));

        if (grown == NULL) {
            (void)close(fd);
            return;
        }
        listener->connection = grown;
        listener->cap_connections = cap;
    }
    struct connection *connection = connection_new(&options, fd);

    if (connection != NULL) {
        listener->connection[listener->n_connections++] = connection;
        simulator->counts.connections++;
    }
}

static void on_accept(void *ctx, int fd, uint32_t events)
{
    struct listener *listener = ctx;
    int one = 1;

    (void)events;
    for (;;) {
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client < 0) {
            return;
        }
        (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        keep(listener, client);
    }
}

static int open_port(struct listener *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(listener->port)};
    socklen_t size = sizeof(address);
    int one = 1;

    if (inet_pton(AF_INET, listener->host, &address.sin_addr) != 1) {
        return -EADDRNOTAVAIL;
    }
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0) {
        return -errno;
    }
    (void)setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener->fd, 4096) != 0 ||
        getsockname(listener->fd, (struct sockaddr *)&address, &size) != 0) {
        return -errno;
    }
    listener->port = ntohs(address.sin_port);
    return loop_fd_add(listener->simulator->options.loop, listener->fd, LOOP_READ,
                       on_accept, listener);
}

int simulator_start(struct simulator *simulator, char *why, size_t why_size)
{
    for (struct listener *listener = simulator->listener; listener != NULL;
         listener = listener->next) {
        int err = open_port(listener);

        if (err != 0) {
            (void)snprintf(why, why_size, "cannot listen on %s port %u: %s", listener->host,
                           (unsigned)listener->port, strerrordesc_np(-err));
            return err;
        }
    }
    return 0;
}

/* --- building --- */

int simulator_new(const struct simulator_options *options, struct simulator **ret_simulator)
{
    struct simulator *simulator = calloc(1, sizeof(*simulator));

    if (simulator == NULL) {
        return ERR_NOMEM;
    }
    simulator->options = *options;
    simulator->random_state = options->seed != 0 ? options->seed : 1;
    *ret_simulator = simulator;
    return 0;
}

static struct listener *listener_of(struct simulator *simulator,
                                    const struct simulated_meter *meter)
{
    for (struct listener *listener = simulator->listener; listener != NULL;
         listener = listener->next) {
        if (meter->port != 0 && listener->port == meter->port &&
            strcmp(listener->host, meter->host) == 0) {
            return listener;
        }
    }
    struct listener *listener = calloc(1, sizeof(*listener));

    if (listener != NULL) {
        listener->simulator = simulator;
        memcpy(listener->host, meter->host, sizeof(listener->host));
        listener->port = meter->port;
        listener->fd = -1;
        listener->next = simulator->listener;
        simulator->listener = listener;
    }
    return listener;
}

int simulator_add(struct simulator *simulator, const struct simulated_meter *meter)
{
    struct entry **grown =
        realloc((void *)simulator->entry,
                (size_t)(simulator->n_entries + 1) * sizeof(struct entry *));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    simulator->entry = grown;
    struct listener *listener = listener_of(simulator, meter);
    struct entry *entry = calloc(1, sizeof(*entry));

    if (listener == NULL || entry == NULL) {
        free(entry);
        return ERR_NOMEM;
    }
    if (listener->by_unit[meter->unit] != NULL) {
        free(entry);
        return ERR_EXISTS;
    }
    entry->meter = *meter;
    entry->listener = listener;
    load_integral_init(&entry->integral, meter->base_ts_ms);
    listener->by_unit[meter->unit] = entry;
    simulator->entry[simulator->n_entries] = entry;
    return simulator->n_entries++;
}

void simulator_free(struct simulator *simulator)
{
    if (simulator == NULL) {
        return;
    }
    while (simulator->listener != NULL) {
        struct listener *listener = simulator->listener;

        simulator->listener = listener->next;
        for (int i = 0; i < listener->n_connections; i++) {
            connection_free(listener->connection[i]);
        }
        if (listener->fd >= 0) {
            loop_fd_remove(simulator->options.loop, listener->fd);
            (void)close(listener->fd);
        }
        free((void *)listener->connection);
        free(listener);
    }
    for (int i = 0; i < simulator->n_entries; i++) {
        free(simulator->entry[i]);
    }
    free((void *)simulator->entry);
    free(simulator);
}

uint16_t simulator_port(const struct simulator *simulator, int index)
{
    return simulator->entry[index]->listener->port;
}

void simulator_set_fault(struct simulator *simulator, int index, struct fault fault)
{
    simulator->entry[index]->meter.fault = fault;
}

struct simulator_counts simulator_counts(const struct simulator *simulator)
{
    return simulator->counts;
}
