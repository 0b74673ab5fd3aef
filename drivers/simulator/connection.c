#include "drivers/simulator/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX   260
#define INPUT_MAX   2048
#define OUTPUT_MAX  8192
#define PENDING_MAX 64

/* A reply that waits for its time: delayed as a whole, or sent byte by byte. */
struct pending {
    struct connection *connection; /* NULL: free */
    struct loop_timer timer;
    uint8_t bytes[FRAME_MAX];
    size_t n;
    size_t sent;
    int32_t every_ms; /* 0: all at once */
};

struct connection {
    struct connection_options options;
    int fd;
    bool blocked; /* waits for LOOP_WRITE */
    size_t n_input;
    size_t n_output;
    uint8_t input[INPUT_MAX];
    uint8_t output[OUTPUT_MAX];
    struct pending *pending; /* PENDING_MAX, made at the first delay */
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

static void end(struct connection *connection)
{
    connection->options.on_closed(connection->options.ctx, connection);
    connection_free(connection);
}

/* --- output --- */

/* Returns false when the peer is gone. */
static bool flush(struct connection *connection)
{
    while (connection->n_output > 0) {
        ssize_t n =
            send(connection->fd, connection->output, connection->n_output, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN) {
            return false;
        }
        if (n < 0) {
            break;
        }
        connection->n_output -= (size_t)n;
        memmove(connection->output, connection->output + n, connection->n_output);
    }
    bool blocked = connection->n_output > 0;

    if (blocked != connection->blocked) {
        connection->blocked = blocked;
        (void)loop_fd_modify(connection->options.loop, connection->fd,
                             blocked ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    }
    return true;
}

static bool put(struct connection *connection, const uint8_t *bytes, size_t n)
{
    if (n > OUTPUT_MAX - connection->n_output) {
        return false; /* a client that does not read */
    }
    memcpy(connection->output + connection->n_output, bytes, n);
    connection->n_output += n;
    return true;
}

static void on_pending(void *ctx)
{
    struct pending *pending = ctx;
    struct connection *connection = pending->connection;
    size_t n = pending->every_ms > 0 ? 1 : pending->n - pending->sent;
    bool alive = put(connection, pending->bytes + pending->sent, n) && flush(connection);

    pending->sent += n;
    if (!alive) {
        end(connection);
        return;
    }
    if (pending->sent < pending->n) {
        (void)loop_timer_arm(connection->options.loop, &pending->timer,
                             loop_mono_ms(connection->options.loop) + pending->every_ms);
    } else {
        pending->connection = NULL;
    }
}

static void put_later(struct connection *connection, const uint8_t *bytes, size_t n,
                      int32_t after_ms, int32_t every_ms)
{
    if (connection->pending == NULL) {
        connection->pending = calloc(PENDING_MAX, sizeof(*connection->pending));
    }
    for (int i = 0; connection->pending != NULL && i < PENDING_MAX; i++) {
        struct pending *pending = &connection->pending[i];

        if (pending->connection != NULL) {
            continue;
        }
        pending->connection = connection;
        memcpy(pending->bytes, bytes, n);
        pending->n = n;
        pending->sent = 0;
        pending->every_ms = every_ms;
        loop_timer_init(&pending->timer, on_pending, pending);
        (void)loop_timer_arm(connection->options.loop, &pending->timer,
                             loop_mono_ms(connection->options.loop) + after_ms);
        return;
    }
}

/* --- faults --- */

/* Sends a right reply the way the fault wants it. Returns false when the connection must
 * end. */
static bool send_with_fault(struct connection *connection, uint8_t *reply, size_t n,
                            struct fault fault)
{
    uint32_t *random_state = connection->options.random_state;

    switch (fault.kind) {
    case FAULT_MUTE:
        return true;
    case FAULT_CLOSE:
        return false;
    case FAULT_DELAY:
        put_later(connection, reply, n,
                  (int32_t)random_below(random_state, (uint32_t)fault.value + 1), 0);
        return true;
    case FAULT_DRIBBLE:
        put_later(connection, reply, n, fault.value, fault.value > 0 ? fault.value : 1);
        return true;
    case FAULT_WRONG_UNIT:
        reply[6] ^= 0x40;
        break;
    case FAULT_WRONG_ID:
        reply[1] ^= 0x15;
        break;
    case FAULT_WRONG_LENGTH:
        reply[5] = (uint8_t)(reply[5] + 2);
        break;
    case FAULT_TRUNCATE:
        n /= 2;
        break;
    case FAULT_GARBAGE:
        for (size_t i = 0; i < n; i++) {
            reply[i] = (uint8_t)random_below(random_state, 256);
        }
        break;
    case FAULT_TWICE:
        if (!put(connection, reply, n)) {
            return false;
        }
        break;
    case FAULT_NONE:
    case FAULT_EXCEPTION:
    case FAULT_NO_VALUE:
    case FAULT_COUNT:
    default:
        break;
    }
    return put(connection, reply, n) && flush(connection);
}

/* --- input --- */

/* Length of the frame at the front: 0 when it is not whole, -1 when it cannot be one. */
static int frame_length(const uint8_t *input, size_t n)
{
    if (n < 7) {
        return 0;
    }
    int length = input[4] << 8 | input[5];

    if (input[2] != 0 || input[3] != 0 || length < 2 || length > FRAME_MAX - 6) {
        return -1;
    }
    return (size_t)length + 6 <= n ? length + 6 : 0;
}

static bool serve(struct connection *connection)
{
    size_t at = 0;

    for (;;) {
        int length = frame_length(connection->input + at, connection->n_input - at);
        uint8_t reply[FRAME_MAX];
        struct fault fault = {0};

        if (length < 0) {
            return false;
        }
        if (length == 0) {
            break;
        }
        size_t n = connection->options.answer(
            connection->options.ctx, connection->input + at, (size_t)length, reply, &fault);

        at += (size_t)length;
        if (n > 0 && !send_with_fault(connection, reply, n, fault)) {
            return false;
        }
    }
    connection->n_input -= at;
    memmove(connection->input, connection->input + at, connection->n_input);
    return true;
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
    struct connection *connection = ctx;
    bool alive = true;

    if ((events & LOOP_WRITE) != 0) {
        alive = flush(connection);
    }
    if (alive && (events & (LOOP_READ | LOOP_ERROR)) != 0) {
        ssize_t n = recv(fd, connection->input + connection->n_input,
                         INPUT_MAX - connection->n_input, 0);

        if (n > 0) {
            connection->n_input += (size_t)n;
            alive = serve(connection);
        } else {
            alive = n < 0 && (errno == EAGAIN || errno == EINTR);
        }
    }
    if (!alive) {
        end(connection);
    }
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
    for (int i = 0; connection->pending != NULL && i < PENDING_MAX; i++) {
        if (connection->pending[i].connection != NULL) {
            loop_timer_cancel(connection->options.loop, &connection->pending[i].timer);
        }
    }
    loop_fd_remove(connection->options.loop, connection->fd);
    (void)close(connection->fd);
    free(connection->pending);
    free(connection);
}
