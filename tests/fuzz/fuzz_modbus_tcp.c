/*
 * Modbus TCP replies in random chunks: what is accepted answers the request in every header
 * field, nothing beyond what has come is read, and a slow reference reader of the whole
 * stream comes to the same verdicts.
 *
 * Input: request (unit, function, address, count, id: 8 bytes), chunk seed, stream.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus/modbus.h"

#define REQUEST_LEN 8
#define EVENTS_MAX  64

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct event {
    size_t at;       /* stream offset of the frame */
    size_t consumed; /* a fatal event ends the stream: 0 */
    enum feed_verdict verdict;
    int fatal;
};

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* What the frame at the front of a finished stream is, field by field. NEED_MORE: it is
 * cut. */
static struct event reference(const struct request *request, const uint8_t *stream,
                              size_t n, size_t at)
{
    struct event event = {.at = at, .verdict = FEED_NEED_MORE};
    const uint8_t *frame = stream + at;
    size_t rest = n - at;
    size_t length = rest >= 6 ? frame[4] * 256U + frame[5] : 0;
    bool is_read = rest >= 8 && (frame[7] == 3 || frame[7] == 4);
    bool is_refusal = rest >= 8 && frame[7] >= 128;

    if ((rest >= 4 && (frame[2] != 0 || frame[3] != 0)) ||
        (rest >= 6 && (length < 3 || length > 254)) || (is_refusal && length != 3) ||
        (is_read && rest >= 9 && length != 3U + frame[8])) {
        event.verdict = FEED_FOREIGN;
        event.fatal = 1;
        return event;
    }
    if (rest < 6 || rest < 6 + length) {
        return event;
    }
    bool is_ours =
        frame[0] * 256U + frame[1] == request->transaction_id && frame[6] == request->unit;

    event.consumed = 6 + length;
    if (is_ours && frame[7] == request->function + 128) {
        event.verdict = FEED_EXCEPTION;
    } else if (is_ours && frame[7] == request->function && frame[8] == 2 * request->count) {
        event.verdict = FEED_REPLY;
    } else {
        event.verdict = FEED_FOREIGN;
    }
    return event;
}

static int reference_events(const struct request *request, const uint8_t *stream, size_t n,
                            struct event *ret_events)
{
    size_t at = 0;
    int n_events = 0;

    while (n_events < EVENTS_MAX) {
        struct event event = reference(request, stream, n, at);

        if (event.verdict == FEED_NEED_MORE) {
            break;
        }
        ret_events[n_events++] = event;
        if (event.fatal != 0) {
            break;
        }
        at += event.consumed;
    }
    return n_events;
}

static void check_reply(const struct request *request, const uint8_t *frame,
                        const struct feed_result *result)
{
    demand(frame[0] == request->transaction_id >> 8);
    demand(frame[1] == (request->transaction_id & 0xff));
    demand(frame[2] == 0 && frame[3] == 0 && frame[4] == 0);
    demand(frame[5] == 3 + 2 * request->count);
    demand(frame[6] == request->unit && frame[7] == request->function);
    demand(frame[8] == 2 * request->count);
    demand(result->payload == frame + 9 && result->payload_n == 2 * (size_t)request->count);
    demand(result->consumed == 9 + result->payload_n);
}

/* Feeds the first `came` bytes from `at` on out of a buffer of exactly that size. */
static struct event step(const struct request *request, const uint8_t *stream, size_t at,
                         size_t came)
{
    struct feed_result result;
    size_t n = came - at < DRIVER_FRAME_MAX ? came - at : DRIVER_FRAME_MAX;
    uint8_t *buffer = malloc(n == 0 ? 1 : n);

    demand(buffer != NULL);
    if (n > 0) {
        memcpy(buffer, stream + at, n);
    }
    modbus_tcp_driver()->feed(request, buffer, n, &result);
    demand(result.consumed <= n);
    demand((result.verdict == FEED_NEED_MORE) == (result.consumed == 0));
    demand(result.fatal == 0 || result.verdict == FEED_FOREIGN);
    demand((result.payload != NULL) == (result.verdict == FEED_REPLY));
    if (result.verdict == FEED_REPLY) {
        check_reply(request, buffer, &result);
    }
    if (result.verdict == FEED_NEED_MORE) {
        demand(n < 260);
    }
    free(buffer);
    return (struct event){at, result.fatal != 0 ? 0 : result.consumed, result.verdict,
                          result.fatal};
}

static int chunked_events(const struct request *request, const uint8_t *stream, size_t n,
                          uint8_t seed, struct event *ret_events)
{
    uint32_t random = seed + 1U;
    size_t at = 0;
    size_t came = 0;
    int n_events = 0;

    while (n_events < EVENTS_MAX) {
        struct event event = step(request, stream, at, came);

        if (event.verdict != FEED_NEED_MORE) {
            ret_events[n_events++] = event;
            if (event.fatal != 0) {
                break;
            }
            at += event.consumed;
            continue;
        }
        if (came == n) {
            break;
        }
        random = random * 1103515245U + 12345U;
        size_t chunk = 1 + (random >> 16) % (seed % 2 == 0 ? 3 : 200);

        came = chunk < n - came ? came + chunk : n;
    }
    return n_events;
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct event wanted[EVENTS_MAX];
    struct event got[EVENTS_MAX];
    uint8_t encoded[12];

    if (n < REQUEST_LEN + 1) {
        return 0;
    }
    struct request request = {
        .unit = bytes[0],
        .function = bytes[1],
        .address = (uint16_t)(bytes[2] * 256U + bytes[3]),
        .count = (uint16_t)(bytes[4] * 256U + bytes[5]),
        .transaction_id = (uint16_t)(bytes[6] * 256U + bytes[7]),
    };

    if (modbus_tcp_driver()->encode(&request, encoded, sizeof(encoded)) < 0) {
        return 0;
    }
    const uint8_t *stream = bytes + REQUEST_LEN + 1;
    size_t stream_n = n - REQUEST_LEN - 1;
    int wanted_n = reference_events(&request, stream, stream_n, wanted);
    int got_n = chunked_events(&request, stream, stream_n, bytes[REQUEST_LEN], got);

    demand(wanted_n == got_n);
    for (int i = 0; i < got_n; i++) {
        demand(wanted[i].verdict == got[i].verdict && wanted[i].at == got[i].at);
        demand(wanted[i].consumed == got[i].consumed && wanted[i].fatal == got[i].fatal);
    }
    return 0;
}
