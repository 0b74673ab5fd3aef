/*
 * The poll loop at its least: an epoll Modbus TCP client with one request in flight on each
 * connection, replies checked, decoded to doubles and thrown away. What ecmond's poll loop
 * is compared with.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define EVENTS 256

struct connection {
    int fd;
    int is_waiting; /* for a reply */
    uint16_t transaction_id;
    size_t n;
    uint8_t bytes[2 * BENCH_REPLY_LEN];
};

struct raw {
    int port;
    int n_connections;
    int seconds;
    int interval_ms; /* 0 = flat out */
    int epoll;
    struct connection *connections;
    int64_t replies;
    int64_t failures;
    int64_t late; /* polls skipped because the reply before was still out */
};

static volatile double sink; /* so that decoding is not optimised away */

static int connect_one(struct raw *raw, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)raw->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    int on = 1;

    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0) {
        return -1;
    }
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return epoll_ctl(raw->epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static void ask(struct raw *raw, struct connection *connection)
{
    connection->transaction_id++;
    uint8_t request[] = {(uint8_t)(connection->transaction_id >> 8),
                         (uint8_t)(connection->transaction_id & 0xff),
                         0,
                         0,
                         0,
                         6,
                         BENCH_UNIT,
                         BENCH_FUNCTION,
                         0,
                         0,
                         0,
                         BENCH_REGISTERS};

    if (send(connection->fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request)) {
        raw->failures++;
        return;
    }
    connection->is_waiting = 1;
}

static int is_reply(const struct connection *connection)
{
    const uint8_t *bytes = connection->bytes;

    return bytes[0] == connection->transaction_id >> 8 &&
           bytes[1] == (connection->transaction_id & 0xff) && bytes[2] == 0 &&
           bytes[3] == 0 && bytes[4] == 0 && bytes[5] == BENCH_REPLY_LEN - 6 &&
           bytes[6] == BENCH_UNIT && bytes[7] == BENCH_FUNCTION &&
           bytes[8] == 2 * BENCH_REGISTERS;
}

static void decode(const struct connection *connection)
{
    double values[BENCH_VALUES];
    double sum = 0;

    for (int i = 0; i < BENCH_VALUES; i++) {
        values[i] = (double)bench_float(connection->bytes + BENCH_REPLY_VALUES + 4L * i);
        sum += values[i];
    }
    sink = sum;
}

static void on_readable(struct raw *raw, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->bytes + connection->n,
                     sizeof(connection->bytes) - connection->n, 0);

    if (n <= 0) {
        raw->failures++;
        (void)epoll_ctl(raw->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
        return;
    }
    connection->n += (size_t)n;
    if (connection->n < BENCH_REPLY_LEN) {
        return;
    }
    if (connection->n == BENCH_REPLY_LEN && is_reply(connection)) {
        decode(connection);
        raw->replies++;
    } else {
        raw->failures++;
    }
    connection->n = 0;
    connection->is_waiting = 0;
    if (raw->interval_ms == 0) {
        ask(raw, connection);
    }
}

static void ask_all(struct raw *raw)
{
    for (int i = 0; i < raw->n_connections; i++) {
        if (raw->connections[i].is_waiting != 0) {
            raw->late++;
        } else {
            ask(raw, &raw->connections[i]);
        }
    }
}

static void run(struct raw *raw)
{
    struct epoll_event events[EVENTS];
    int64_t now_us = bench_mono_us();
    int64_t end_us = now_us + (int64_t)raw->seconds * 1000000;
    int64_t next_us = now_us;

    while (now_us < end_us) {
        if (now_us >= next_us) {
            ask_all(raw);
            next_us =
                raw->interval_ms == 0 ? end_us : next_us + (int64_t)raw->interval_ms * 1000;
        }
        int n = epoll_wait(raw->epoll, events, EVENTS,
                           bench_wait_ms(next_us < end_us ? next_us : end_us, now_us));

        for (int i = 0; i < n; i++) {
            on_readable(raw, events[i].data.ptr);
        }
        now_us = bench_mono_us();
    }
}

static int connect_all(struct raw *raw)
{
    raw->epoll = epoll_create1(EPOLL_CLOEXEC);
    raw->connections = calloc((size_t)raw->n_connections, sizeof(*raw->connections));
    if (raw->epoll < 0 || raw->connections == NULL) {
        return -1;
    }
    for (int i = 0; i < raw->n_connections; i++) {
        if (connect_one(raw, &raw->connections[i]) != 0) {
            return -1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct raw raw = {.port = 1502, .n_connections = 100, .seconds = 5};
    const struct bench_option options[] = {
        {"--port", &raw.port, NULL, "of the meters, on loopback (1502)"},
        {"--connections", &raw.n_connections, NULL, "(100)"},
        {"--seconds", &raw.seconds, NULL, "(5)"},
        {"--interval-ms", &raw.interval_ms, NULL, "between polls; 0 = flat out (default)"},
    };

    if (bench_parse(argc, argv, options, 4) != 0) {
        return 64;
    }
    bench_raise_descriptors();
    if (connect_all(&raw) != 0) {
        perror("bench_raw: connect");
        free(raw.connections);
        return 69;
    }
    int64_t cpu_us = bench_cpu_us();
    int64_t start_us = bench_mono_us();

    run(&raw);
    cpu_us = bench_cpu_us() - cpu_us;
    double seconds = (double)(bench_mono_us() - start_us) / 1e6;
    double replies = raw.replies > 0 ? (double)raw.replies : 1;

    (void)printf(
        "bench=raw connections=%d interval_ms=%d requests=%lld failures=%lld late=%lld "
        "requests_per_s=%.0f cpu_us_per_request=%.3f private_kib=%lld\n",
        raw.n_connections, raw.interval_ms, (long long)raw.replies, (long long)raw.failures,
        (long long)raw.late, replies / seconds, (double)cpu_us / replies,
        (long long)bench_private_kib());
    free(raw.connections);
    return raw.failures == 0 ? 0 : 1;
}
