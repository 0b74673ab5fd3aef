/*
 * Modbus RTU bytes in random chunks: what is accepted answers the request and its CRC is
 * right by a reader of its own, nothing beyond what has come is read, every byte is judged
 * once, and a sound reply behind whatever came before is found.
 *
 * Input: request (unit, function, address, count: 6 bytes), chunk seed, stream.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus/modbus.h"

#define REQUEST_LEN 6
#define STREAM_MAX  2048

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Bit by bit, as the specification draws it. */
static unsigned crc_of(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xa001 : crc >> 1;
        }
    }
    return crc;
}

static void check_answer(const struct request *request, const uint8_t *bytes,
                         const struct feed_result *result)
{
    bool is_reply = result->verdict == FEED_REPLY;
    size_t frame_n = is_reply ? 5 + 2 * (size_t)request->count : 5;

    demand(result->consumed == frame_n || result->consumed == frame_n + 8);
    const uint8_t *frame = bytes + result->consumed - frame_n;
    unsigned crc = crc_of(frame, frame_n - 2);

    demand(frame[0] == request->unit);
    demand(frame[frame_n - 2] + 256U * frame[frame_n - 1] == crc);
    if (is_reply) {
        demand(frame[1] == request->function && frame[2] == 2 * request->count);
        demand(result->payload == frame + 3 && result->payload_n == frame_n - 5);
    } else {
        demand(frame[1] == request->function + 128 && frame[2] == result->exception);
    }
}

/* Feeds n bytes out of a buffer of exactly that size. */
static struct feed_result step(const struct request *request, const uint8_t *bytes,
                               size_t n)
{
    struct feed_result result;

    n = n < DRIVER_FRAME_MAX ? n : DRIVER_FRAME_MAX;
    uint8_t *buffer = malloc(n == 0 ? 1 : n);

    demand(buffer != NULL);
    if (n > 0) {
        memcpy(buffer, bytes, n);
    }
    modbus_rtu_driver()->feed(request, buffer, n, &result);
    demand(result.consumed <= n && result.fatal == 0);
    demand((result.verdict == FEED_NEED_MORE) == (result.consumed == 0));
    demand((result.payload != NULL) == (result.verdict == FEED_REPLY));
    demand(result.verdict != FEED_NEED_MORE || n < 8 + 256);
    if (result.verdict == FEED_REPLY || result.verdict == FEED_EXCEPTION) {
        check_answer(request, buffer, &result);
    }
    free(buffer);
    return result;
}

/* Returns the number of answers. */
static int read_stream(const struct request *request, const uint8_t *stream, size_t n,
                       uint8_t seed)
{
    uint32_t random = seed + 1U;
    size_t at = 0;
    size_t came = 0;
    int answers = 0;

    for (;;) {
        struct feed_result result = step(request, stream + at, came - at);

        at += result.consumed;
        answers += result.verdict == FEED_REPLY || result.verdict == FEED_EXCEPTION;
        if (result.verdict != FEED_NEED_MORE) {
            continue;
        }
        if (came == n) {
            return answers;
        }
        random = random * 1103515245U + 12345U;
        size_t chunk = 1 + (random >> 16) % (seed % 2 == 0 ? 3 : 200);

        came = chunk < n - came ? came + chunk : n;
    }
}

/* A frame with the right CRC, or an echo, begins before `end` and is not cut: it may take
 * the beginning of what stands behind. */
static bool has_other_frame(const uint8_t *stream, size_t end, size_t n,
                            const uint8_t *echo)
{
    for (size_t at = 0; at < end; at++) {
        const uint8_t *frame = stream + at;
        size_t rest = n - at;
        size_t frame_n = rest >= 2 && frame[1] >= 128 ? 5 : 0;

        if (rest >= 3 && (frame[1] == 3 || frame[1] == 4)) {
            frame_n = 5 + (size_t)frame[2];
        }
        if (frame_n != 0 && frame_n <= rest &&
            frame[frame_n - 2] + 256U * frame[frame_n - 1] == crc_of(frame, frame_n - 2)) {
            return true;
        }
        if (rest >= 8 && memcmp(frame, echo, 8) == 0) {
            return true;
        }
    }
    return false;
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static uint8_t stream[STREAM_MAX + 256];
    uint8_t encoded[8];

    if (n < REQUEST_LEN + 1 || n > REQUEST_LEN + 1 + STREAM_MAX) {
        return 0;
    }
    struct request request = {
        .unit = bytes[0],
        .function = bytes[1],
        .address = (uint16_t)(bytes[2] * 256U + bytes[3]),
        .count = (uint16_t)(bytes[4] * 256U + bytes[5]),
    };

    if (modbus_rtu_driver()->encode(&request, encoded, sizeof(encoded)) < 0) {
        return 0;
    }
    size_t stream_n = n - REQUEST_LEN - 1;
    size_t frame_n = 5 + 2 * (size_t)request.count;
    uint8_t *frame = stream + stream_n;

    memcpy(stream, bytes + REQUEST_LEN + 1, stream_n);
    (void)read_stream(&request, stream, stream_n, bytes[REQUEST_LEN]);
    memset(frame, 0x5a, frame_n);
    frame[0] = request.unit;
    frame[1] = request.function;
    frame[2] = (uint8_t)(2 * request.count);
    unsigned crc = crc_of(frame, frame_n - 2);

    frame[frame_n - 2] = (uint8_t)(crc & 0xff);
    frame[frame_n - 1] = (uint8_t)(crc >> 8);
    if (!has_other_frame(stream, stream_n, stream_n + frame_n, encoded)) {
        demand(read_stream(&request, stream, stream_n + frame_n, bytes[REQUEST_LEN]) == 1);
    }
    return 0;
}
