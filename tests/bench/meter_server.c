/*
 * The load: one process that answers Modbus TCP reads (functions 3 and 4, any unit) on any
 * number of connections out of one table laid out like an Eastron SDM630. The import
 * register grows by 0.01 kWh a second. Without libmodbus, so that it is not what is
 * measured.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): glibc's name; for accept4 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define REGISTERS   512
#define REQUEST_LEN 12
#define REPLY_MAX   259
#define IN_FLIGHT   32 /* requests of one connection answered at once */
#define EVENTS      256
#define IMPORT      0x48
#define FD_MAX      65536

struct connection {
    int fd;
    size_t n;
    uint8_t bytes[IN_FLIGHT * REQUEST_LEN];
};

struct server {
    int epoll;
    int64_t requests;
    int64_t start_us;
    uint8_t table[2 * REGISTERS];
    struct connection *connections[FD_MAX]; /* by descriptor; NULL: a listener */
};

static volatile sig_atomic_t is_stopped;

static void on_signal(int number)
{
    (void)number;
    is_stopped = 1;
}

static void put_float(struct server *server, unsigned address, float value)
{
    uint32_t bits = 0;
    uint8_t *at = server->table + (size_t)2 * address;

    memcpy(&bits, &value, sizeof(bits));
    at[0] = (uint8_t)(bits >> 24);
    at[1] = (uint8_t)(bits >> 16 & 0xff);
    at[2] = (uint8_t)(bits >> 8 & 0xff);
    at[3] = (uint8_t)(bits & 0xff);
}

static void fill_table(struct server *server)
{
    static const struct {
        unsigned address;
        float value;
    } rows[] = {
        {0x00, 230.2F},  {0x02, 229.8F},  {0x04, 231.1F},   {0x06, 15.31F},
        {0x08, 14.87F},  {0x0a, 15.02F},  {0x0c, 3401.5F},  {0x0e, 3288.2F},
        {0x10, 3350.9F}, {0x12, 3524.4F}, {0x14, 3417.1F},  {0x16, 3471.1F},
        {0x18, 922.6F},  {0x1a, 929.3F},  {0x1c, 905.5F},   {0x1e, 0.965F},
        {0x20, 0.962F},  {0x22, 0.965F},  {0x24, 1.0F},     {0x26, 1.0F},
        {0x2a, 230.4F},  {0x30, 45.2F},   {0x34, 10040.6F}, {0x38, 10412.6F},
        {0x3c, 2757.4F}, {0x3e, 0.964F},  {0x46, 50.01F},   {IMPORT, 12345.6F},
        {0x4a, 1.25F},   {0x4c, 3210.4F}, {0x4e, 0.5F},     {0x54, 10020.0F},
        {0xc8, 398.4F},  {0xca, 399.1F},  {0xcc, 399.6F},   {0xe0, 0.42F},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_float(server, rows[i].address, rows[i].value);
    }
}

static void close_connection(struct server *server, int fd)
{
    (void)close(fd);
    free(server->connections[fd]);
    server->connections[fd] = NULL;
}

/* Writes the reply to one request. Returns its length. */
static size_t answer(const struct server *server, const uint8_t *request,
                     uint8_t *ret_reply)
{
    unsigned function = request[7];
    unsigned address = (unsigned)request[8] << 8 | request[9];
    unsigned count = (unsigned)request[10] << 8 | request[11];
    unsigned exception = 0;

    if (function != 3 && function != 4) {
        exception = 1;
    } else if (count < 1 || count > 125) {
        exception = 3;
    } else if (address + count > REGISTERS) {
        exception = 2;
    }
    memcpy(ret_reply, request, 8);
    ret_reply[4] = 0;
    if (exception != 0) {
        ret_reply[5] = 3;
        ret_reply[7] = (uint8_t)(function | 0x80);
        ret_reply[8] = (uint8_t)exception;
        return 9;
    }
    ret_reply[5] = (uint8_t)(3 + 2 * count);
    ret_reply[8] = (uint8_t)(2 * count);
    memcpy(ret_reply + 9, server->table + (size_t)2 * address, (size_t)2 * count);
    return 9 + (size_t)2 * count;
}

/* Answers what has come whole. Returns -1 when the connection cannot be kept: not our kind
 * of request, or a peer that does not take its replies. */
static int answer_all(struct server *server, struct connection *connection)
{
    uint8_t replies[IN_FLIGHT * REPLY_MAX];
    size_t replies_n = 0;
    size_t at = 0;

    for (; connection->n - at >= REQUEST_LEN; at += REQUEST_LEN) {
        const uint8_t *request = connection->bytes + at;

        if (request[2] != 0 || request[3] != 0 || request[4] != 0 || request[5] != 6) {
            return -1;
        }
        replies_n += answer(server, request, replies + replies_n);
        server->requests++;
    }
    memmove(connection->bytes, connection->bytes + at, connection->n - at);
    connection->n -= at;
    if (replies_n == 0) {
        return 0;
    }
    ssize_t sent = send(connection->fd, replies, replies_n, MSG_NOSIGNAL);

    return sent == (ssize_t)replies_n ? 0 : -1;
}

static void on_readable(struct server *server, int fd)
{
    struct connection *connection = server->connections[fd];
    ssize_t n = recv(fd, connection->bytes + connection->n,
                     sizeof(connection->bytes) - connection->n, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        close_connection(server, fd);
        return;
    }
    connection->n += (size_t)n;
    if (answer_all(server, connection) != 0) {
        close_connection(server, fd);
    }
}

static void keep_connection(struct server *server, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    int on = 1;

    if (fd >= FD_MAX) {
        (void)close(fd);
        return;
    }
    server->connections[fd] = calloc(1, sizeof(*server->connections[fd]));
    if (server->connections[fd] == NULL) {
        (void)close(fd);
        return;
    }
    server->connections[fd]->fd = fd;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close_connection(server, fd);
    }
}

static void on_connect(struct server *server, int listener)
{
    int fd = 0;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        keep_connection(server, fd);
    }
}

/* Listens on 127.0.0.1 + offset; port 0 takes a free one. Returns the port, or -1. */
static int listen_on(const struct server *server, int port, int offset)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr =
                                      htonl(INADDR_LOOPBACK + (uint32_t)offset)};
    socklen_t address_n = sizeof(address);
    struct epoll_event event = {.events = EPOLLIN};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    event.data.fd = fd;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &address_n) != 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        (void)close(fd);
        return -1;
    }
    return ntohs(address.sin_port);
}

static int listen_on_all(struct server *server, int port, int addresses)
{
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0) {
        return -1;
    }
    for (int i = 0; i < addresses && port >= 0; i++) {
        port = listen_on(server, port, i);
    }
    return port;
}

static void serve(struct server *server, int seconds)
{
    struct epoll_event events[EVENTS];
    int64_t last_s = -1;

    server->start_us = bench_mono_us();
    while (is_stopped == 0) {
        int n = epoll_wait(server->epoll, events, EVENTS, 1000);
        int64_t now_s = (bench_mono_us() - server->start_us) / 1000000;

        if (now_s != last_s) {
            put_float(server, IMPORT, 12345.6F + 0.01F * (float)now_s);
            last_s = now_s;
        }
        for (int i = 0; i < n; i++) {
            if (server->connections[events[i].data.fd] == NULL) {
                on_connect(server, events[i].data.fd);
            } else {
                on_readable(server, events[i].data.fd);
            }
        }
        if (seconds > 0 && now_s >= seconds) {
            break;
        }
    }
}

int main(int argc, char **argv)
{
    static struct server server;
    int port = 0;
    int addresses = 1;
    int seconds = 0;
    const struct bench_option options[] = {
        {"--port", &port, NULL, "on loopback, 0 = a free one (default)"},
        {"--addresses", &addresses, NULL, "that many from 127.0.0.1 on (1)"},
        {"--seconds", &seconds, NULL, "0 = until SIGTERM (default)"},
    };
    struct sigaction action = {.sa_handler = on_signal};

    if (bench_parse(argc, argv, options, 3) != 0) {
        return 64;
    }
    bench_raise_descriptors();
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    fill_table(&server);
    port = listen_on_all(&server, port, addresses);
    if (port < 0) {
        perror("bench_meter_server: listen");
        return 69;
    }
    (void)printf("port=%d\n", port);
    (void)fflush(stdout);
    serve(&server, seconds);
    int64_t cpu_us = bench_cpu_us();

    (void)printf("bench=meter_server requests=%lld cpu_us_per_request=%.3f\n",
                 (long long)server.requests,
                 server.requests > 0 ? (double)cpu_us / (double)server.requests : 0.0);
    return 0;
}
