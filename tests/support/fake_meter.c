/* accept4. NOLINTNEXTLINE(readability-identifier-naming): the C library's name */
#define _GNU_SOURCE

#include "tests/support/fake_meter.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_LEN 12
#define REPLY_MAX   300
#define GARBAGE_LEN 40
#define BACKLOG     512

struct connection {
    struct connection *next;
    struct fake_meter *meter;
    int fd;
    bool is_deaf;
    size_t n;
    uint8_t bytes[REQUEST_LEN * 8];
};

/* Bytes on their way to a connection. */
struct parcel {
    struct parcel *next;
    struct fake_meter *meter;
    struct connection *connection; /* NULL: it has gone */
    struct loop_timer timer;
    int64_t byte_ms;
    bool then_close;
    bool then_reset;
    size_t sent;
    size_t n;
    uint8_t bytes[REPLY_MAX * 2];
};

struct fake_meter {
    struct loop *loop;
    struct fake_script script;
    int fd;
    uint16_t port;
    int accepted;
    uint64_t requests;
    struct connection *connections;
    struct parcel *parcels;
};

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)((unsigned)bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)(value & 0xff);
}

/* --- connections --- */

static void connection_end(struct connection *connection, bool reset)
{
    struct fake_meter *meter = connection->meter;

    for (struct parcel *parcel = meter->parcels; parcel != NULL; parcel = parcel->next) {
        if (parcel->connection == connection) {
            parcel->connection = NULL;
        }
    }
    if (reset) {
        const struct linger linger = {.l_onoff = 1, .l_linger = 0};

        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    loop_fd_remove(meter->loop, connection->fd);
    (void)close(connection->fd);
    free(connection);
}

static void connection_close(struct connection *connection, bool reset)
{
    struct connection **link = &connection->meter->connections;

    while (*link != NULL && *link != connection) {
        link = &(*link)->next;
    }
    *link = connection->next;
    connection_end(connection, reset);
}

/* --- parcels --- */

static void parcel_end(struct parcel *parcel)
{
    loop_timer_cancel(parcel->meter->loop, &parcel->timer);
    free(parcel);
}

static void parcel_free(struct parcel *parcel)
{
    struct parcel **link = &parcel->meter->parcels;

    while (*link != NULL && *link != parcel) {
        link = &(*link)->next;
    }
    *link = parcel->next;
    parcel_end(parcel);
}

/* Frames follow one another, they do not mix. */
static bool must_wait(const struct parcel *parcel)
{
    const struct parcel *other = parcel->sent > 0 ? NULL : parcel->meter->parcels;

    for (; other != NULL; other = other->next) {
        if (other != parcel && other->connection == parcel->connection && other->sent > 0) {
            return true;
        }
    }
    return false;
}

static void on_parcel(void *ctx)
{
    struct parcel *parcel = ctx;
    struct connection *connection = parcel->connection;

    if (connection != NULL && must_wait(parcel)) {
        (void)loop_timer_arm(parcel->meter->loop, &parcel->timer,
                             loop_mono_ms(parcel->meter->loop) + 1);
        return;
    }
    if (connection != NULL) {
        size_t n = parcel->byte_ms > 0 ? 1 : parcel->n - parcel->sent;
        ssize_t wrote = send(connection->fd, parcel->bytes + parcel->sent, n, MSG_NOSIGNAL);

        parcel->sent += wrote > 0 ? (size_t)wrote : n;
        if (parcel->sent < parcel->n) {
            (void)loop_timer_arm(parcel->meter->loop, &parcel->timer,
                                 loop_mono_ms(parcel->meter->loop) + parcel->byte_ms);
            return;
        }
        if (parcel->then_close || parcel->then_reset) {
            connection_close(connection, parcel->then_reset);
        }
    }
    parcel_free(parcel);
}

static struct parcel *parcel_new(struct connection *connection)
{
    struct parcel *parcel = calloc(1, sizeof(*parcel));

    if (parcel != NULL) {
        parcel->meter = connection->meter;
        parcel->connection = connection;
        parcel->next = connection->meter->parcels;
        connection->meter->parcels = parcel;
        loop_timer_init(&parcel->timer, on_parcel, parcel);
    }
    return parcel;
}

/* --- answers --- */

static void write_header(struct parcel *parcel, const struct fake_request *request,
                         enum fake_action action, uint16_t pdu_n)
{
    uint16_t transaction_id = request->transaction_id;

    put16(parcel->bytes,
          (uint16_t)(action == FAKE_WRONG_TRANSACTION ? transaction_id + 0x4000
                                                      : transaction_id));
    put16(parcel->bytes + 2, action == FAKE_WRONG_PROTOCOL ? 1 : 0);
    put16(parcel->bytes + 4, (uint16_t)(pdu_n + 1));
    parcel->bytes[6] =
        (uint8_t)(action == FAKE_WRONG_UNIT ? request->unit + 1 : request->unit);
    parcel->n = 7U + pdu_n;
}

static void write_values(struct parcel *parcel, const struct fake_request *request,
                         enum fake_action action)
{
    const struct fake_script *script = &parcel->meter->script;
    uint16_t count =
        (uint16_t)(action == FAKE_WRONG_COUNT ? request->count - 1 : request->count);

    write_header(parcel, request, action, (uint16_t)(2 + 2 * count));
    parcel->bytes[7] = request->function;
    parcel->bytes[8] = (uint8_t)(2 * count);
    for (uint16_t i = 0; i < count; i++) {
        uint16_t address = (uint16_t)(request->address + i);
        uint16_t value =
            script->value != NULL ? script->value(script->ctx, request, address) : address;

        put16(parcel->bytes + 9 + 2 * (size_t)i, value);
    }
}

static void write_reply(struct parcel *parcel, const struct fake_request *request,
                        const struct fake_reply *reply)
{
    if (reply->action == FAKE_EXCEPTION) {
        write_header(parcel, request, reply->action, 2);
        parcel->bytes[7] = (uint8_t)(request->function | 0x80);
        parcel->bytes[8] = reply->exception;
    } else if (reply->action == FAKE_GARBAGE) {
        memset(parcel->bytes, 0x5a, GARBAGE_LEN);
        parcel->n = GARBAGE_LEN;
    } else {
        write_values(parcel, request, reply->action);
    }
    if (reply->action == FAKE_TWICE) {
        memcpy(parcel->bytes + parcel->n, parcel->bytes, parcel->n);
        parcel->n *= 2;
    }
    if (reply->action == FAKE_RESET) {
        parcel->n /= 2;
        parcel->then_reset = true;
    }
    parcel->then_close = reply->then_close;
}

/* False: the connection is gone. */
static bool answer(struct connection *connection, const uint8_t *bytes)
{
    struct fake_meter *meter = connection->meter;
    struct fake_reply reply = {.action = FAKE_ANSWER};
    const struct fake_request request = {
        .transaction_id = get16(bytes),
        .unit = bytes[6],
        .function = bytes[7],
        .address = get16(bytes + 8),
        .count = get16(bytes + 10),
        .number = ++meter->requests,
    };

    if (meter->script.reply != NULL) {
        meter->script.reply(meter->script.ctx, &request, &reply);
    }
    if (reply.action == FAKE_MUTE || connection->is_deaf) {
        return true;
    }
    if (reply.action == FAKE_CLOSE) {
        connection_close(connection, false);
        return false;
    }
    struct parcel *parcel = parcel_new(connection);

    if (parcel == NULL) {
        return true;
    }
    write_reply(parcel, &request, &reply);
    parcel->byte_ms = reply.byte_ms;
    if (reply.delay_ms > 0) {
        (void)loop_timer_arm(meter->loop, &parcel->timer,
                             loop_mono_ms(meter->loop) + reply.delay_ms);
        return true;
    }
    bool is_last = reply.byte_ms == 0 && (parcel->then_close || parcel->then_reset) &&
                   !must_wait(parcel);

    on_parcel(parcel);
    return !is_last;
}

static void on_bytes(void *ctx, int fd, uint32_t events)
{
    struct connection *connection = ctx;
    ssize_t got = recv(fd, connection->bytes + connection->n,
                       sizeof(connection->bytes) - connection->n, 0);

    (void)events;
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        connection_close(connection, false);
        return;
    }
    connection->n += (size_t)got;
    size_t at = 0;

    while (connection->n - at >= REQUEST_LEN) {
        if (!answer(connection, connection->bytes + at)) {
            return;
        }
        at += REQUEST_LEN;
    }
    memmove(connection->bytes, connection->bytes + at, connection->n - at);
    connection->n -= at;
}

static void on_accept(void *ctx, int fd, uint32_t events)
{
    struct fake_meter *meter = ctx;
    const int one = 1;

    (void)events;
    for (;;) {
        int accepted_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (accepted_fd < 0) {
            return;
        }
        struct connection *connection = calloc(1, sizeof(*connection));

        (void)setsockopt(accepted_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (connection == NULL ||
            loop_fd_add(meter->loop, accepted_fd, LOOP_READ, on_bytes, connection) != 0) {
            free(connection);
            (void)close(accepted_fd);
            return;
        }
        connection->meter = meter;
        connection->fd = accepted_fd;
        connection->next = meter->connections;
        meter->connections = connection;
        meter->accepted++;
    }
}

/* --- the server --- */

static int open_listener(uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t n = sizeof(address);
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -errno;
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&address, &n) != 0) {
        int err = -errno;

        (void)close(fd);
        return err;
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

int fake_meter_new(struct loop *loop, const struct fake_script *script, uint16_t port,
                   struct fake_meter **ret_meter)
{
    struct fake_meter *meter = calloc(1, sizeof(*meter));

    if (meter == NULL) {
        return -ENOMEM;
    }
    meter->loop = loop;
    if (script != NULL) {
        meter->script = *script;
    }
    meter->fd = open_listener(port, &meter->port);
    int err = meter->fd < 0 ? meter->fd
                            : loop_fd_add(loop, meter->fd, LOOP_READ, on_accept, meter);

    if (err != 0) {
        if (meter->fd >= 0) {
            (void)close(meter->fd);
        }
        free(meter);
        return err;
    }
    *ret_meter = meter;
    return 0;
}

void fake_meter_drop(struct fake_meter *meter, bool reset)
{
    struct connection *connection = meter->connections;

    meter->connections = NULL;
    while (connection != NULL) {
        struct connection *next = connection->next;

        connection_end(connection, reset);
        connection = next;
    }
}

void fake_meter_deafen(struct fake_meter *meter)
{
    for (struct connection *c = meter->connections; c != NULL; c = c->next) {
        c->is_deaf = true;
    }
}

void fake_meter_free(struct fake_meter *meter)
{
    if (meter == NULL) {
        return;
    }
    struct parcel *parcel = meter->parcels;

    fake_meter_drop(meter, true);
    while (parcel != NULL) {
        struct parcel *next = parcel->next;

        parcel_end(parcel);
        parcel = next;
    }
    loop_fd_remove(meter->loop, meter->fd);
    (void)close(meter->fd);
    free(meter);
}

uint16_t fake_meter_port(const struct fake_meter *meter)
{
    return meter->port;
}

int fake_meter_accepted(const struct fake_meter *meter)
{
    return meter->accepted;
}

int fake_meter_open(const struct fake_meter *meter)
{
    int n = 0;

    for (const struct connection *c = meter->connections; c != NULL; c = c->next) {
        n++;
    }
    return n;
}

uint64_t fake_meter_requests(const struct fake_meter *meter)
{
    return meter->requests;
}
