/*
 * DL/T 645 bytes in random chunks: what is accepted answers the request, its checksum is
 * right, and written again from its parts it is the same bytes; nothing beyond what has
 * come is read; every byte is judged once. What is decoded from an accepted reply is what
 * its digits say.
 *
 * Input: function choice, address (6), identifier (4), sequence, chunk seed, stream.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dlt645/dlt645.h"
#include "drivers/dlt645/frame.h"

#define REQUEST_LEN 12
#define STREAM_MAX  2048

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct request request_of(const uint8_t *bytes)
{
    static const uint8_t functions[] = {FUNCTION_READ, FUNCTION_READ_MORE,
                                        FUNCTION_READ_ADDRESS, FUNCTION_READ_1997};
    struct request request = {.function = functions[bytes[0] % 4], .sequence = bytes[11]};

    request.edition =
        request.function == FUNCTION_READ_1997 ? PROFILE_DLT645_1997 : PROFILE_DLT645_2007;
    memcpy(request.meter_address, bytes + 1, METER_ADDRESS_LEN);
    request.data_id = bytes[7] | (uint32_t)bytes[8] << 8;
    if (request.edition == PROFILE_DLT645_2007) {
        request.data_id |= (uint32_t)bytes[9] << 16 | (uint32_t)bytes[10] << 24;
    }
    return request;
}

/* The accepted frame ends at `end`: finds it from behind and writes it again. */
static void check_answer(const struct request *request, const uint8_t *bytes, size_t end,
                         const struct feed_result *result)
{
    size_t data_n = 1;
    uint8_t again[FRAME_HEAD_LEN + FRAME_DATA_MAX + FRAME_TAIL_LEN];

    if (result->verdict == FEED_REPLY) {
        data_n = result->payload_n;
        data_n +=
            request->function == FUNCTION_READ_ADDRESS ? 0 : frame_id_len(request->edition);
        data_n += request->function == FUNCTION_READ_MORE ? 1 : 0;
    }
    size_t frame_n = FRAME_HEAD_LEN + data_n + FRAME_TAIL_LEN;

    demand(frame_n <= end);
    const uint8_t *at = bytes + end - frame_n;
    struct frame frame = {
        .control = at[8], .data_n = (uint8_t)data_n, .data = at + FRAME_HEAD_LEN};

    memcpy(frame.address, at + 1, METER_ADDRESS_LEN);
    demand(frame_write(&frame, again, sizeof(again)) == (int)frame_n);
    demand(memcmp(again, at, frame_n) == 0);
    demand((frame.control & 0x9f) == (request->function | 0x80));
    for (int i = 0; i < METER_ADDRESS_LEN; i++) {
        demand(request->meter_address[i] == FRAME_WILDCARD ||
               frame.address[i] == request->meter_address[i]);
    }
    if (result->verdict == FEED_REPLY && request->function != FUNCTION_READ_ADDRESS) {
        demand(frame_id(frame.data, request->edition) == request->data_id);
        demand(result->payload == frame.data + frame_id_len(request->edition));
    }
}

static void check_value(const struct request *request, const struct feed_result *result)
{
    struct profile_point point = {
        .quantity = QUANTITY_POWER_W,
        .n_parts = 1,
        .part = {{.scale = {1, 1}}},
        .data = {.id = request->data_id, .bytes = 3, .is_signed = true}};
    struct profile profile = {
        .protocol = PROFILE_DLT645_2007, .n_points = 1, .point = &point};
    struct sample sample = {0};
    bool is_value = result->payload_n >= 3;
    int64_t wanted = 0;

    for (int digit = 5; digit >= 0 && is_value; digit--) {
        unsigned byte = (uint8_t)(result->payload[digit / 2] - 0x33);
        unsigned nibble = byte >> (4 * (digit % 2)) & (digit == 5 ? 7 : 15);

        is_value = nibble <= 9;
        wanted = wanted * 10 + nibble;
    }
    if (is_value && ((uint8_t)(result->payload[2] - 0x33) & 0x80) != 0) {
        wanted = -wanted;
    }
    int without = dlt645_driver()->decode(&profile, request, result->payload,
                                          result->payload_n, 0xf, &sample);

    if (request->function == FUNCTION_READ_ADDRESS) {
        demand(without == 0 && sample.present == 0);
        return;
    }
    demand(without == (is_value ? 0 : 1));
    demand(sample.present == (is_value ? 1U << QUANTITY_POWER_W : 0));
    demand(!is_value || sample.value[QUANTITY_POWER_W] == wanted);
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
    dlt645_driver()->feed(request, buffer, n, &result);
    demand(result.consumed <= n && result.fatal == 0);
    demand((result.verdict == FEED_NEED_MORE) == (result.consumed == 0));
    demand((result.payload != NULL) == (result.verdict == FEED_REPLY));
    demand(result.verdict != FEED_NEED_MORE || n < DRIVER_FRAME_MAX);
    if (result.verdict == FEED_REPLY || result.verdict == FEED_EXCEPTION) {
        check_answer(request, buffer, result.consumed, &result);
    }
    if (result.verdict == FEED_REPLY) {
        check_value(request, &result);
    }
    free(buffer);
    return result;
}

/* A frame that is whole reads as it was written. */
static void check_frame(const uint8_t *bytes, size_t n)
{
    struct frame frame;
    uint8_t again[FRAME_HEAD_LEN + FRAME_DATA_MAX + FRAME_TAIL_LEN];
    size_t frame_n = 0;

    if (n > 0 && frame_read(bytes, n, &frame, &frame_n) == FRAME_WHOLE) {
        demand(frame_n <= n);
        demand(frame_write(&frame, again, sizeof(again)) == (int)frame_n);
        demand(memcmp(again, bytes, frame_n) == 0);
    }
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < REQUEST_LEN + 1 || n > REQUEST_LEN + 1 + STREAM_MAX) {
        return 0;
    }
    struct request request = request_of(bytes);
    const uint8_t *stream = bytes + REQUEST_LEN + 1;
    size_t stream_n = n - REQUEST_LEN - 1;
    uint8_t seed = bytes[REQUEST_LEN];
    uint32_t random = seed + 1U;
    size_t at = 0;
    size_t came = 0;

    for (size_t i = 0; i < stream_n; i++) {
        check_frame(stream + i, stream_n - i);
    }
    for (;;) {
        struct feed_result result = step(&request, stream + at, came - at);

        at += result.consumed;
        if (result.verdict == FEED_NEED_MORE && came == stream_n) {
            return 0;
        }
        if (result.verdict == FEED_NEED_MORE) {
            random = random * 1103515245U + 12345U;
            size_t chunk = 1 + (random >> 16) % (seed % 2 == 0 ? 3 : 200);

            came = chunk < stream_n - came ? came + chunk : stream_n;
        }
    }
}
