/* Bytes out and in: one send and one recv per request when nothing is in the way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/collect/engine.h"

#define REQUEST_BYTES_MAX 64
#define WORDS_LEN         40
#define NOISE_BYTES       2048 /* foreign ones of one try; more is babble */
#define DRAIN_READS       128  /* 64 KiB, what the kernel holds of a terminal */
#define BREAK_RTU_MS      200  /* between two bytes of a frame: adapters hand on late */
#define BREAK_DLT645_MS   500  /* Tb of DL/T 645 */
#define US_PER_MS         1000

static void lost_by_errno(struct line *line, int error)
{
    char words[WORDS_LEN];

    connect_lost(line, line->kind.is_serial
                           ? serial_error_words(-error, words, sizeof(words))
                           : connect_errno_words(error, words, sizeof(words)));
}

int64_t wire_ms(const struct line *line, size_t n)
{
    return ((int64_t)n * line->kind.character_us + US_PER_MS - 1) / US_PER_MS;
}

/* --- out --- */

static void watch_write(struct line *line, bool want)
{
    if (line->want_write == want) {
        return;
    }
    line->want_write = want;
    if (line->kind.has_id) {
        (void)loop_fd_modify(line->collect->loop, line->fd,
                             want ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    }
}

void wire_watch(struct line *line)
{
    uint32_t events =
        line->poll.sent ? LOOP_READ | (line->want_write ? LOOP_WRITE : 0U) : 0U;

    if (!line->kind.has_id && line->conn == CONN_UP && line->watched != events) {
        line->watched = events;
        (void)loop_fd_modify(line->collect->loop, line->fd, events);
    }
}

static ssize_t put(const struct line *line, const uint8_t *bytes, size_t n)
{
    ssize_t wrote = 0;

    do {
        wrote = line->kind.is_serial ? write(line->fd, bytes, n)
                                     : send(line->fd, bytes, n, MSG_NOSIGNAL);
    } while (wrote < 0 && errno == EINTR);
    return wrote;
}

static ssize_t get(const struct line *line, uint8_t *ret_bytes, size_t n)
{
    ssize_t got = 0;

    do {
        got = line->kind.is_serial ? read(line->fd, ret_bytes, n)
                                   : recv(line->fd, ret_bytes, n, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

static void write_rest(struct line *line, const uint8_t *bytes, size_t n)
{
    ssize_t wrote = put(line, bytes + line->out_sent, n - line->out_sent);

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
    poll->deadline_mono_ms =
        poll->sent_mono_ms + wire_ms(line, n > 0 ? (size_t)n : 0) + line->timeout_ms;
    poll->n_noise = 0;
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

    if (!line->kind.has_id) {
        if (collect_mono_ms(line->collect) >= line->doubt_mono_ms ||
            result->reason == SLOT_BAD_CRC) {
            return false;
        }
        line->late++;
        return true;
    }
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

static void noise_tell(struct line *line, bool is_noisy)
{
    if (line->is_noisy != is_noisy) {
        line->is_noisy = is_noisy;
        outcome_line_noise(line);
    }
}

/* One verdict. False when the connection is gone. */
static bool take(struct line *line, const struct feed_result *result, const uint8_t *bytes)
{
    bool is_answer = result->verdict == FEED_REPLY || result->verdict == FEED_EXCEPTION;

    if (is_answer && line->poll.sent) {
        poll_note_frame(line, false, false, bytes, result->consumed);
        line->poll.sent = false;
        noise_tell(line, false);
        if (result->verdict == FEED_REPLY) {
            poll_reply(line, result);
        } else {
            poll_exception(line, result->exception);
        }
        return line->fd >= 0;
    }
    poll_note_frame(line, false, true, bytes, result->consumed);
    if (!line->kind.has_id) {
        line->poll.has_bytes = false; /* the wait goes on */
        line->poll.n_noise = (uint16_t)(line->poll.n_noise + result->consumed);
    }
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

/* Until when a frame that has begun may take. */
static int64_t rest_mono_ms(const struct line *line)
{
    const struct poll *poll = &line->poll;
    int64_t mono_ms = collect_mono_ms(line->collect);

    if (line->kind.has_id) {
        return mono_ms + line->timeout_ms;
    }
    int64_t frame_ms = wire_ms(line, line->driver->reply_bytes(&poll->request)) +
                       (line->kind.is_dlt645 ? BREAK_DLT645_MS : BREAK_RTU_MS);
    int64_t last_mono_ms = poll->sent_mono_ms + 2 * line->timeout_ms + 2 * frame_ms;

    return mono_ms + frame_ms < last_mono_ms ? mono_ms + frame_ms : last_mono_ms;
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
        int64_t more_mono_ms = rest_mono_ms(line);

        poll->has_bytes = true;
        if (more_mono_ms > poll->slot_end_mono_ms) {
            more_mono_ms = poll->slot_end_mono_ms;
        }
        if (more_mono_ms > poll->deadline_mono_ms) {
            poll->deadline_mono_ms = more_mono_ms;
        }
    }
}

/* Bytes that make no frame. False when the connection is gone. */
static bool no_frame(struct line *line)
{
    line->bad_frame++;
    if (line->kind.has_id) {
        broken(line, SLOT_BAD_FRAME);
        return false;
    }
    line->poll.foreign = SLOT_BAD_FRAME;
    return true;
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
            if (!no_frame(line)) {
                return;
            }
            at = n;
            break;
        }
        if (!take(line, &result, bytes + at)) {
            return;
        }
        at += result.consumed;
        if (!line->kind.has_id && !line->poll.sent) { /* what follows an answer is noise */
            at = n;
        }
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

/* --- lines without ids: noise --- */

/* More foreign bytes than any late reply has. */
static void babble(struct line *line)
{
    noise_tell(line, true);
    quiet_begin(line);
    line->n_kept = 0;
    poll_try_failed(line, SLOT_BAD_FRAME);
}

bool wire_drain(struct line *line)
{
    int64_t mono_ms = collect_mono_ms(line->collect);
    bool is_silent = true;

    line->n_kept = 0;
    for (int i = 0; i < DRAIN_READS; i++) {
        ssize_t got = get(line, line->collect->scratch, DRIVER_FRAME_MAX);

        if (got == 0 && !line->kind.is_serial) {
            connect_lost(line, "closed by the meter");
            return false;
        }
        if (got < 0 && errno != EAGAIN) {
            lost_by_errno(line, errno);
            return false;
        }
        if (got <= 0) {
            break;
        }
        line->heard = true;
        line->late += mono_ms < line->doubt_mono_ms ? 1 : 0;
        is_silent = false;
    }
    if (is_silent) {
        line->noise_mono_ms = 0;
        return true;
    }
    line->noise_mono_ms = line->noise_mono_ms == 0 ? mono_ms : line->noise_mono_ms;
    line->free_mono_ms = mono_ms + (line->gap_ms > 0 ? line->gap_ms : 1);
    if (line->is_noisy || mono_ms - line->noise_mono_ms > line->timeout_ms) {
        noise_tell(line, true);
        line->poll.sent_mono_ms = mono_ms; /* nothing was sent: no time was spent */
        poll_try_failed(line, SLOT_BAD_FRAME);
    }
    return false;
}

/* --- in, at last --- */

void wire_receive(struct line *line, bool hung_up)
{
    uint8_t *bytes = line->collect->scratch;
    size_t n = line->n_kept;

    if (n > 0) {
        memcpy(bytes, line->kept, n);
    }
    ssize_t got = get(line, bytes + n, DRIVER_FRAME_MAX - n);

    if (got > 0) {
        heard(line);
        if (!line->kind.has_id && !line->poll.sent) {
            return; /* noise */
        }
        consume(line, bytes, n + (size_t)got);
        if (!line->kind.has_id && line->poll.sent && line->poll.n_noise > NOISE_BYTES) {
            babble(line);
        }
    } else if (got == 0 && line->kind.is_serial) {
        if (hung_up) {
            connect_lost(line, "device unplugged");
        }
    } else if (got == 0) {
        connect_lost(line, "closed by the meter");
    } else if (errno != EAGAIN) {
        lost_by_errno(line, errno);
    } else if (hung_up && line->kind.is_serial) {
        connect_lost(line, "device unplugged");
    }
}
