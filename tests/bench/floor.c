/*
 * The floor of the whole chain: the least program that polls with libmodbus (request and
 * reply split, over epoll), stores one row of 20 scaled integers per reply in one
 * transaction a second, and publishes batches of 100 meters as JSON at QoS 1. Nothing else:
 * no configuration, no schedule, no retry. What ecmond is compared with. libmodbus's
 * select() ends it beyond 1,000 connections.
 */
#include "tests/bench/floor.h"

#include <math.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define EVENTS          256
#define CONNECTIONS_MAX 1000

struct connection {
    modbus_t *ctx;
    int meter;
    int is_waiting;
    int64_t slot; /* polls so far */
};

struct floor_bench {
    int port;
    int n_connections;
    int seconds;
    int interval_ms;      /* 0 = flat out */
    int broker_port;      /* 0 = do not publish */
    const char *database; /* NULL = do not store */
    int epoll;
    struct connection *connections;
    struct floor_store *store;
    struct floor_publisher *publisher;
    int64_t replies;
    int64_t failures;
    int64_t late;
};

static int connect_one(struct floor_bench *bench, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    connection->ctx = modbus_new_tcp("127.0.0.1", bench->port);
    if (connection->ctx == NULL || modbus_connect(connection->ctx) != 0) {
        return -1;
    }
    return epoll_ctl(bench->epoll, EPOLL_CTL_ADD, modbus_get_socket(connection->ctx),
                     &event);
}

static void ask(struct floor_bench *bench, struct connection *connection)
{
    const uint8_t request[] = {BENCH_UNIT, BENCH_FUNCTION, 0, 0, 0, BENCH_REGISTERS};

    if (modbus_send_raw_request(connection->ctx, request, sizeof(request)) < 0) {
        bench->failures++;
        return;
    }
    connection->is_waiting = 1;
}

static void keep(struct floor_bench *bench, struct connection *connection,
                 const uint8_t *reply)
{
    struct floor_row row = {.slot = connection->slot++, .meter = connection->meter};

    for (int i = 0; i < BENCH_VALUES; i++) {
        row.value[i] =
            llround((double)bench_float(reply + BENCH_REPLY_VALUES + 4L * i) * 1000.0);
    }
    if (bench->store != NULL && floor_store_insert(bench->store, &row) != 0) {
        bench->failures++;
    }
    if (bench->publisher != NULL && floor_publisher_add(bench->publisher, &row) != 0) {
        bench->failures++;
    }
}

static void on_readable(struct floor_bench *bench, struct connection *connection)
{
    uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
    int n = modbus_receive_confirmation(connection->ctx, reply);

    connection->is_waiting = 0;
    if (n != BENCH_REPLY_LEN) {
        bench->failures++;
        if (n < 0) {
            (void)epoll_ctl(bench->epoll, EPOLL_CTL_DEL, modbus_get_socket(connection->ctx),
                            NULL);
        }
        return;
    }
    keep(bench, connection, reply);
    bench->replies++;
    if (bench->interval_ms == 0) {
        ask(bench, connection);
    }
}

static void ask_all(struct floor_bench *bench)
{
    for (int i = 0; i < bench->n_connections; i++) {
        if (bench->connections[i].is_waiting != 0) {
            bench->late++;
        } else {
            ask(bench, &bench->connections[i]);
        }
    }
}

static void end_second(struct floor_bench *bench)
{
    if (bench->store != NULL && floor_store_commit(bench->store) != 0) {
        bench->failures++;
    }
    if (bench->publisher != NULL && floor_publisher_flush(bench->publisher) != 0) {
        bench->failures++;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void run(struct floor_bench *bench)
{
    struct epoll_event events[EVENTS];
    int64_t now_us = bench_mono_us();
    int64_t end_us = now_us + (int64_t)bench->seconds * 1000000;
    int64_t next_us = now_us;
    int64_t commit_us = now_us + 500000; /* between two polls of a second */

    while (now_us < end_us) {
        if (now_us >= next_us) {
            ask_all(bench);
            next_us = bench->interval_ms == 0
                          ? end_us
                          : next_us + (int64_t)bench->interval_ms * 1000;
        }
        if (now_us >= commit_us) {
            end_second(bench);
            commit_us += 1000000;
        }
        int64_t until_us = earlier(earlier(next_us, commit_us), end_us);
        int n = epoll_wait(bench->epoll, events, EVENTS, bench_wait_ms(until_us, now_us));

        for (int i = 0; i < n; i++) {
            on_readable(bench, events[i].data.ptr);
        }
        now_us = bench_mono_us();
    }
    end_second(bench);
}

static int open_all(struct floor_bench *bench)
{
    if (bench->n_connections > CONNECTIONS_MAX) {
        (void)fprintf(stderr, "bench_floor: at most %d connections\n", CONNECTIONS_MAX);
        return -1;
    }
    bench->epoll = epoll_create1(EPOLL_CLOEXEC);
    bench->connections = calloc((size_t)bench->n_connections, sizeof(*bench->connections));
    if (bench->epoll < 0 || bench->connections == NULL) {
        return -1;
    }
    for (int i = 0; i < bench->n_connections; i++) {
        bench->connections[i].meter = i + 1;
        if (connect_one(bench, &bench->connections[i]) != 0) {
            perror("bench_floor: connect");
            return -1;
        }
    }
    if (bench->database != NULL) {
        bench->store = floor_store_open(bench->database);
    }
    if (bench->broker_port != 0) {
        bench->publisher = floor_publisher_open(bench->broker_port);
    }
    return (bench->database != NULL && bench->store == NULL) ||
                   (bench->broker_port != 0 && bench->publisher == NULL)
               ? -1
               : 0;
}

static void close_all(struct floor_bench *bench)
{
    for (int i = 0; bench->connections != NULL && i < bench->n_connections; i++) {
        if (bench->connections[i].ctx != NULL) {
            modbus_close(bench->connections[i].ctx);
            modbus_free(bench->connections[i].ctx);
        }
    }
    free(bench->connections);
    if (bench->store != NULL) {
        floor_store_close(bench->store);
    }
    if (bench->publisher != NULL) {
        floor_publisher_close(bench->publisher);
    }
}

static void print(struct floor_bench *bench, double cpu_us, double seconds)
{
    double replies = bench->replies > 0 ? (double)bench->replies : 1;
    int64_t sent = bench->publisher != NULL ? floor_publisher_sent(bench->publisher) : 0;
    int64_t acknowledged =
        bench->publisher != NULL ? floor_publisher_acknowledged(bench->publisher) : 0;

    (void)printf(
        "bench=floor connections=%d interval_ms=%d requests=%lld failures=%lld "
        "late=%lld requests_per_s=%.0f cpu_us_per_request=%.3f "
        "cpu_us_per_reading=%.4f batches=%lld acknowledged=%lld private_kib=%lld\n",
        bench->n_connections, bench->interval_ms, (long long)bench->replies,
        (long long)bench->failures, (long long)bench->late, replies / seconds,
        cpu_us / replies, cpu_us / replies / BENCH_VALUES, (long long)sent,
        (long long)acknowledged, (long long)bench_private_kib());
}

int main(int argc, char **argv)
{
    struct floor_bench bench = {.port = 1502, .n_connections = 100, .seconds = 5};
    const struct bench_option options[] = {
        {"--port", &bench.port, NULL, "of the meters, on loopback (1502)"},
        {"--connections", &bench.n_connections, NULL, "at most 1000 (100)"},
        {"--seconds", &bench.seconds, NULL, "(5)"},
        {"--interval-ms", &bench.interval_ms, NULL,
         "between polls; 0 = flat out (default)"},
        {"--database", NULL, &bench.database, "a new file; without it nothing is stored"},
        {"--broker-port", &bench.broker_port, NULL, "on loopback; 0 = none (default)"},
    };

    if (bench_parse(argc, argv, options, 6) != 0) {
        return 64;
    }
    bench_raise_descriptors();
    if (open_all(&bench) != 0) {
        close_all(&bench);
        return 69;
    }
    int64_t cpu_us = bench_cpu_us();
    int64_t start_us = bench_mono_us();

    run(&bench);
    double seconds = (double)(bench_mono_us() - start_us) / 1e6;

    if (bench.publisher != NULL) {
        floor_publisher_drain(bench.publisher);
    }
    cpu_us = bench_cpu_us() - cpu_us;
    print(&bench, (double)cpu_us, seconds);
    close_all(&bench);
    return bench.failures == 0 ? 0 : 1;
}
