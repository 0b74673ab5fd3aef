/* TCP_USER_TIMEOUT and keepalive times. NOLINTNEXTLINE(readability-identifier-naming) */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/collect/engine.h"
#include "daemon/core/text.h"

#define CONNECT_TIMEOUT_MS   INT64_C(3000)
#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     3
#define UNSENT_MIN_MS        5000
#define DESCRIPTORS_KEPT                                                                   \
    16 /* for the store, the broker and those who ask for the status                       \
        */
#define WORDS_LEN        40
#define SERIAL_AGAIN_MS  INT64_C(10000) /* a device that is there again is used by then */
#define SERIAL_DOUBLINGS 4

const char *connect_errno_words(int error, char *ret_words, size_t size)
{
    static const struct {
        int error;
        const char *words;
    } known[] = {
        {ECONNREFUSED, "connection refused"}, {ECONNRESET, "reset by the meter"},
        {EPIPE, "closed by the meter"},       {ETIMEDOUT, "connection timed out"},
        {EHOSTUNREACH, "no route to host"},   {ENETUNREACH, "network unreachable"},
        {ENETDOWN, "network is down"},        {EMFILE, "too many open files"},
        {ENFILE, "too many open files"},      {EADDRNOTAVAIL, "no free local port"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].error == error) {
            return known[i].words;
        }
    }
    (void)snprintf(ret_words, size, "system error %d", error);
    return ret_words;
}

void connect_close(struct line *line)
{
    if (line->fd >= 0) {
        loop_fd_remove(line->collect->loop, line->fd);
        if (line->kind.is_serial) {
            serial_close(line->fd);
        } else {
            (void)close(line->fd);
        }
    }
    line->fd = -1;
    line->watched = 0;
    line->conn = CONN_DOWN;
    line->want_write = false;
    line->heard = false;
    line->silent = 0;
    line->n_kept = 0;
    line->late_expected = 0;
}

static int64_t pause_ms(struct line *line)
{
    struct chance *chance = &line->collect->chance;

    if (!line->kind.is_serial) {
        return backoff_connect_ms(line->failures, chance);
    }
    int64_t ms = backoff_connect_ms(
        line->failures < SERIAL_DOUBLINGS ? line->failures : SERIAL_DOUBLINGS, chance);

    return ms < SERIAL_AGAIN_MS ? ms : SERIAL_AGAIN_MS;
}

void connect_failed(struct line *line, enum slot_status status, const char *words)
{
    (void)text_copy(line->connect_words, sizeof(line->connect_words), words);
    connect_close(line);
    line->connect_fault = (uint8_t)status;
    if (line->failures < UINT16_MAX) {
        line->failures++;
    }
    line->has_turn = false;
    line->is_resolved = false; /* a name may mean another address by now */
    line->connect_mono_ms = collect_mono_ms(line->collect) + pause_ms(line);
    if (line->failures == 1) {
        outcome_line_down(line);
    }
    if (line->poll.unit != NULL) {
        poll_no_connection(line);
    }
}

void connect_lost(struct line *line, const char *words)
{
    bool was_heard = line->heard;

    if (line->poll.sent) {
        poll_account_busy(line);
        quiet_begin(line);
    }
    if (line->kind.is_serial || !was_heard || (line->poll.sent && line->poll.repeated)) {
        connect_failed(line, SLOT_CONNECTION, words);
        return;
    }
    /* An idle connection may go; whether it had gone already when we asked cannot be known,
     * so the request is sent once more. */
    line->poll.repeated = line->poll.repeated || line->poll.sent;
    line->poll.sent = false;
    connect_close(line);
}

bool connect_is_due(struct line *line)
{
    int64_t mono_ms = collect_mono_ms(line->collect);

    if (line->connect_mono_ms > mono_ms) {
        return false;
    }
    if (line->failures == 0 || line->has_turn) {
        return true;
    }
    int64_t turn_mono_ms =
        gate_reserve(&line->collect->gate, mono_ms, line->collect->n_lines);

    line->has_turn = true;
    if (turn_mono_ms == 0) {
        return true;
    }
    line->connect_mono_ms = turn_mono_ms;
    return false;
}

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value)); /* helps, is not needed */
}

static int open_socket(const struct line *line)
{
    int fd = socket(line->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    IPPROTO_TCP);

    if (fd < 0) {
        return -errno;
    }
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        (rlim_t)fd + DESCRIPTORS_KEPT >= limit.rlim_cur) {
        (void)close(fd);
        return -EMFILE;
    }
    int64_t unsent_ms = line->timeout_ms * 3;

    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
               unsent_ms > UNSENT_MIN_MS ? (int)unsent_ms : UNSENT_MIN_MS);
    return fd;
}

static void up(struct line *line)
{
    line->conn = CONN_UP;
    line->watched = LOOP_READ;
    line->connects++;
}

static void failed_by_errno(struct line *line, int error)
{
    char words[WORDS_LEN];

    connect_failed(line, error == ECONNREFUSED ? SLOT_REFUSED : SLOT_CONNECTION,
                   connect_errno_words(error, words, sizeof(words)));
}

static void open_serial(struct line *line)
{
    struct endpoint endpoint;
    char words[320];
    int fd = -1;
    int err = endpoint_parse(line->endpoint, &endpoint, words, (int)sizeof(words));

    if (err == 0) {
        err = serial_open(endpoint.device, &endpoint.serial, &fd);
    }
    line->fd = fd;
    line->has_turn = false;
    if (err == 0) {
        err = loop_fd_add(line->collect->loop, fd, LOOP_READ, connect_on_fd, line);
    }
    if (err != 0) {
        connect_failed(line, SLOT_CONNECTION,
                       serial_error_words(err, words, sizeof(words)));
        return;
    }
    up(line);
    line->free_mono_ms = collect_mono_ms(line->collect) + line->gap_ms;
    if (line->free_mono_ms < line->collect->serial_quiet_mono_ms) {
        line->free_mono_ms = line->collect->serial_quiet_mono_ms;
    }
}

static void open_tcp(struct line *line)
{
    line->conn_deadline_mono_ms = collect_mono_ms(line->collect) + CONNECT_TIMEOUT_MS;
    int err = resolve_line(line);

    if (err != 0) {
        if (err < 0) {
            connect_failed(line, SLOT_CONNECTION, "unknown host");
        } else {
            line->conn = CONN_CONNECTING;
        }
        return;
    }
    int fd = open_socket(line);

    if (fd < 0) {
        failed_by_errno(line, -fd);
        return;
    }
    line->fd = fd;
    line->has_turn = false;
    socklen_t n = line->address.any.sa_family == AF_INET6 ? sizeof(line->address.in6)
                                                          : sizeof(line->address.in);
    int result = connect(fd, &line->address.any, n) == 0 ? 0 : errno;

    if (result != 0 && result != EINPROGRESS && result != EINTR) {
        failed_by_errno(line, result);
        return;
    }
    line->conn = CONN_CONNECTING;
    err = loop_fd_add(line->collect->loop, fd, result == 0 ? LOOP_READ : LOOP_WRITE,
                      connect_on_fd, line);
    if (err != 0) {
        failed_by_errno(line, -err);
    } else if (result == 0) {
        up(line);
    }
}

void connect_start(struct line *line)
{
    if (line->kind.is_serial) {
        open_serial(line);
    } else {
        open_tcp(line);
    }
}

static void finish(struct line *line)
{
    int error = 0;
    socklen_t n = sizeof(error);

    if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = -loop_fd_modify(line->collect->loop, line->fd, LOOP_READ);
    }
    if (error != 0) {
        failed_by_errno(line, error);
    } else {
        up(line);
    }
}

void connect_on_fd(void *ctx, int fd, uint32_t events)
{
    struct line *line = ctx;

    schedule_follow_clock(line->collect);
    if (line->fd != fd) { /* a step of the clock closed it just now */
        return;
    }
    if (line->conn == CONN_CONNECTING) {
        finish(line);
    } else {
        if ((events & LOOP_WRITE) != 0) {
            wire_continue(line);
        }
        if (line->fd == fd && (events & (LOOP_READ | LOOP_ERROR)) != 0) {
            wire_receive(line, (events & LOOP_ERROR) != 0);
        }
    }
    line_run(line);
}
