#include "drivers/simulator/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX   1024
#define BACKLOG_MAX 8192
/* A request that was begun that long ago is not going to be finished. */
#define PART_MS   500
#define US_PER_MS INT64_C(1000)

struct connection {
    struct connection_options options;
    int fd;
    bool blocked; /* waits for LOOP_WRITE */
    bool deaf;
    struct wire wire;
    struct loop_timer timer;
    int64_t input_mono_ms; /* when the last bytes came */
    size_t n_input;
    size_t n_backlog;
    uint8_t *backlog; /* what the client has not taken; made when it is needed */
    uint8_t input[INPUT_MAX];
};

uint32_t random_below(uint32_t *state, uint32_t bound)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return bound == 0 ? 0 : x % bound;
}

static int64_t now_us(const struct connection *connection)
{
    return loop_mono_ms(connection->options.loop) * US_PER_MS;
}

static void end(struct connection *connection, enum wire_end how)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (how == WIRE_RESET) {
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    connection->options.on_closed(connection->options.ctx, connection);
    connection_free(connection);
}

/* --- output --- */

static void watch(const struct connection *connection)
{
    uint32_t events = connection->deaf ? 0 : LOOP_READ;

    events |= connection->blocked ? LOOP_WRITE : 0;
    (void)loop_fd_modify(connection->options.loop, connection->fd, events);
}

/* Returns how many bytes went, -1 when the peer is gone. */
static ssize_t write_some(const struct connection *connection, const uint8_t *bytes,
                          size_t n)
{
    for (;;) {
        ssize_t done = connection->options.is_serial
                           ? write(connection->fd, bytes, n)
                           : send(connection->fd, bytes, n, MSG_NOSIGNAL);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        return done >= 0 ? done : errno == EAGAIN ? 0 : -1;
    }
}

/* A wire does not wait: what a pty does not take is lost. */
static bool emit(void *ctx, const uint8_t *bytes, size_t n)
{
    struct connection *connection = ctx;
    ssize_t done = 0;

    if (connection->n_backlog == 0) {
        done = write_some(connection, bytes, n);
        if (done < 0 || (size_t)done == n || connection->options.is_serial) {
            return connection->options.is_serial || done >= 0;
        }
    }
    if (connection->backlog == NULL) {
        connection->backlog = malloc(BACKLOG_MAX);
    }
    n -= (size_t)done;
    if (connection->backlog == NULL || n > BACKLOG_MAX - connection->n_backlog) {
        return false; /* a client that does not read */
    }
    memcpy(connection->backlog + connection->n_backlog, bytes + done, n);
    connection->n_backlog += n;
    connection->blocked = true;
    watch(connection);
    return true;
}

static bool write_backlog(struct connection *connection)
{
    ssize_t done = write_some(connection, connection->backlog, connection->n_backlog);

    if (done < 0) {
        return false;
    }
    connection->n_backlog -= (size_t)done;
    memmove(connection->backlog, connection->backlog + done, connection->n_backlog);
    if (connection->n_backlog == 0) {
        connection->blocked = false;
        watch(connection);
    }
    return true;
}

void connection_put(struct connection *connection, const struct piece *piece)
{
    wire_put(&connection->wire, piece);
}

void connection_flush(struct connection *connection)
{
    enum wire_end how = wire_run(&connection->wire, now_us(connection));
    int64_t next_ms = wire_next_ms(&connection->wire);

    if (how != WIRE_GOES_ON && !connection->options.is_serial) {
        end(connection, how);
    } else if (next_ms == INT64_MAX) {
        loop_timer_cancel(connection->options.loop, &connection->timer);
    } else {
        (void)loop_timer_arm(connection->options.loop, &connection->timer, next_ms);
    }
}

static void on_timer(void *ctx)
{
    connection_flush(ctx);
}

/* --- input --- */

/* Returns false when the stream cannot be trusted. */
static bool cut(struct connection *connection, int64_t heard_us)
{
    size_t at = 0;

    while (at < connection->n_input) {
        int length = frame_measure(connection->options.framing, connection->input + at,
                                   connection->n_input - at);

        if (length == FRAME_BROKEN) {
            return false;
        }
        if (length == FRAME_PART) {
            break;
        }
        if (length == FRAME_NOISE) {
            connection->options.on_noise(connection->options.ctx, 1);
            at++;
            continue;
        }
        connection->options.on_request(connection->options.ctx, connection,
                                       connection->input + at, (size_t)length, heard_us);
        at += (size_t)length;
    }
    connection->n_input -= at;
    memmove(connection->input, connection->input + at, connection->n_input);
    return true;
}

static bool take(struct connection *connection, size_t n)
{
    int64_t now_ms = loop_mono_ms(connection->options.loop);
    uint8_t *bytes = connection->input + connection->n_input;

    if (connection->n_input > 0 && connection->options.framing != FRAMING_TCP &&
        now_ms - connection->input_mono_ms > PART_MS) {
        connection->options.on_noise(connection->options.ctx, connection->n_input);
        memmove(connection->input, bytes, n);
        connection->n_input = 0;
        bytes = connection->input;
    }
    connection->input_mono_ms = now_ms;
    connection->n_input += n;
    int64_t heard_us = wire_heard_us(&connection->wire, now_us(connection), n,
                                     connection->options.byte_us);

    connection->options.on_bytes(connection->options.ctx, connection, bytes, n);
    return cut(connection, heard_us);
}

static bool read_some(struct connection *connection)
{
    size_t room = INPUT_MAX - connection->n_input;
    uint8_t *place = connection->input + connection->n_input;
    ssize_t n = connection->options.is_serial ? read(connection->fd, place, room)
                                              : recv(connection->fd, place, room, 0);

    if (n > 0) {
        return take(connection, (size_t)n);
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
    struct connection *connection = ctx;
    bool alive = true;

    (void)fd;
    if ((events & LOOP_WRITE) != 0 && connection->n_backlog > 0) {
        alive = write_backlog(connection);
    }
    if (alive && (events & (LOOP_READ | LOOP_ERROR)) != 0) {
        alive = read_some(connection);
    }
    if (alive) {
        connection_flush(connection);
    } else {
        end(connection, WIRE_CLOSE);
    }
}

void connection_listen(struct connection *connection, bool listens)
{
    connection->deaf = !listens;
    watch(connection);
}

struct connection *connection_new(const struct connection_options *options, int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        (void)close(fd);
        return NULL;
    }
    connection->options = *options;
    connection->fd = fd;
    wire_init(&connection->wire, emit, connection);
    loop_timer_init(&connection->timer, on_timer, connection);
    if (loop_fd_add(options->loop, fd, LOOP_READ, on_ready, connection) != 0) {
        connection_free(connection);
        return NULL;
    }
    return connection;
}

void connection_free(struct connection *connection)
{
    if (connection == NULL) {
        return;
    }
    loop_timer_cancel(connection->options.loop, &connection->timer);
    loop_fd_remove(connection->options.loop, connection->fd);
    (void)close(connection->fd);
    wire_done(&connection->wire);
    free(connection->backlog);
    free(connection);
}
