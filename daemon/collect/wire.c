/* Bytes out and in: one send and one recv per request when nothing is in the way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/collect/engine.h"

#define REQUEST_BYTES_MAX 64
#define WORDS_LEN         24

static void lost_by_errno(struct line *line, int error)
{
    char words[WORDS_LEN];

    connect_lost(line, connect_errno_words(error, words, sizeof(words)));
}

/* --- out --- */

static void watch_write(struct line *line, bool want)
{
    if (line->want_write != want) {
        line->want_write = want;
        (void)loop_fd_modify(line->collect->loop, line->fd,
                             want ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    }
}

static void write_rest(struct line *line, const uint8_t *bytes, size_t n)
{
    ssize_t wrote = 0;

    do {
        wrote = send(line->fd, bytes + line->out_sent, n - line->out_sent, MSG_NOSIGNAL);
    } while (wrote < 0 && errno == EINTR);
    if (wrote < 0 && errno != EAGAIN) {
        lost_by_errno(line, errno);
        return;
    }
    if (wrote > 0) {
        line->out_sent = (uint16_t)(line->out_sent + wrote);
    }
    watch_write(line, line->out_sent < n);
}

void wire_send(struct line *line)
{
    struct poll *poll = &line->poll;
    uint8_t bytes[REQUEST_BYTES_MAX];

    poll->request.transaction_id = ++line->transaction_id;
    int n = line->driver->encode(&poll->request, bytes, sizeof(bytes));

    poll->sent = true;
    poll->has_bytes = false;
    poll->foreign = SLOT_OK;
    poll->sent_mono_ms = collect_mono_ms(line->collect);
    poll->deadline_mono_ms = poll->sent_mono_ms + line->timeout_ms;
    if (n <= 0) { /* a request that the driver planned itself cannot be refused */
        poll->tries = UINT8_MAX - 1;
        poll_try_failed(line, SLOT_RANGE);
        return;
    }
    line->requests++;
    line->out_sent = 0;
    poll_note_frame(line, true, false, bytes, (size_t)n);
    write_rest(line, bytes, (size_t)n);
}

void wire_continue(struct line *line)
{
    uint8_t bytes[REQUEST_BYTES_MAX];
    int n = line->driver->encode(&line->poll.request, bytes, sizeof(bytes));

    if (n <= 0 || line->out_sent >= n) {
        watch_write(line, false);
        return;
    }
    write_rest(line, bytes, (size_t)n);
}

/* --- in --- */

/* A reply to a request that was given up looks foreign: it is not held against the meter.
 */
static bool is_late(struct line *line, const struct feed_result *result)
{
    bool is_answer = result->verdict == FEED_REPLY || result->verdict == FEED_EXCEPTION;

    if (!is_answer && (line->late_expected == 0 || result->reason != SLOT_BAD_FRAME)) {
        return false;
    }
    if (line->late_expected > 0) {
        line->late_expected--;
    }
    line->late++;
    return true;
}

static void count_foreign(struct line *line, const struct feed_result *result)
{
    if (result->reason == SLOT_BAD_UNIT) {
        line->bad_unit++;
    } else if (result->reason == SLOT_BAD_CRC) {
        line->bad_crc++;
    } else {
        line->bad_frame++;
    }
    if (line->poll.sent) {
        line->poll.foreign = (uint8_t)result->reason;
    }
}

/* Where the next frame begins is not known any more. */
static void broken(struct line *line, enum slot_status reason)
{
    bool was_sent = line->poll.sent;

    connect_close(line);
    if (was_sent) {
        poll_try_failed(line, reason);
    }
}

/* One verdict. False when the connection is gone. */
static bool take(struct line *line, const struct feed_result *result, const uint8_t *bytes)
{
    bool is_answer = result->verdict == FEED_REPLY || result->verdict == FEED_EXCEPTION;

    if (is_answer && line->poll.sent) {
        poll_note_frame(line, false, false, bytes, result->consumed);
        line->poll.sent = false;
        if (result->verdict == FEED_REPLY) {
            poll_reply(line, result);
        } else {
            poll_exception(line, result->exception);
        }
        return line->fd >= 0;
    }
    poll_note_frame(line, false, true, bytes, result->consumed);
    if (is_answer || result->fatal == 0) {
        if (!is_late(line, result)) {
            count_foreign(line, result);
        }
        return true;
    }
    count_foreign(line, result);
    broken(line, result->reason);
    return false;
}

static void keep(struct line *line, const uint8_t *bytes, size_t n)
{
    struct poll *poll = &line->poll;

    if (n > 0 && line->kept == NULL) {
        line->kept = malloc(DRIVER_FRAME_MAX);
    }
    if (n > 0 && line->kept == NULL) {
        connect_lost(line, "out of memory");
        return;
    }
    if (n > 0) {
        memcpy(line->kept, bytes, n);
    }
    line->n_kept = (uint16_t)n;
    if (n > 0 && poll->sent && !poll->has_bytes) { /* once: a frame may not drip for ever */
        int64_t more_mono_ms = collect_mono_ms(line->collect) + line->timeout_ms;

        poll->has_bytes = true;
        if (more_mono_ms > poll->slot_end_mono_ms) {
            more_mono_ms = poll->slot_end_mono_ms;
        }
        if (more_mono_ms > poll->deadline_mono_ms) {
            poll->deadline_mono_ms = more_mono_ms;
        }
    }
}

static void consume(struct line *line, const uint8_t *bytes, size_t n)
{
    size_t at = 0;

    while (at < n) {
        struct feed_result result;

        line->driver->feed(&line->poll.request, bytes + at, n - at, &result);
        if (result.verdict == FEED_NEED_MORE && n - at < DRIVER_FRAME_MAX) {
            break;
        }
        if (result.verdict == FEED_NEED_MORE || result.consumed == 0 ||
            result.consumed > n - at) {
            line->bad_frame++;
            broken(line, SLOT_BAD_FRAME);
            return;
        }
        if (!take(line, &result, bytes + at)) {
            return;
        }
        at += result.consumed;
    }
    keep(line, bytes + at, n - at);
}

static void heard(struct line *line)
{
    line->silent = 0;
    line->heard = true;
    if (line->failures > 0) {
        line->failures = 0;
        outcome_line_up(line);
    }
}

void wire_receive(struct line *line)
{
    uint8_t *bytes = line->collect->scratch;
    size_t n = line->n_kept;
    ssize_t got = 0;

    if (n > 0) {
        memcpy(bytes, line->kept, n);
    }
    do {
        got = recv(line->fd, bytes + n, DRIVER_FRAME_MAX - n, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        heard(line);
        consume(line, bytes, n + (size_t)got);
    } else if (got == 0) {
        connect_lost(line, "closed by the meter");
    } else if (errno != EAGAIN) {
        lost_by_errno(line, errno);
    }
}
