#include "drivers/dlt645/frame.h"

#include <string.h>

#include <ecmon/err.h>

/* Offsets in a frame. */
enum {
    AT_ADDRESS = 1,
    AT_START_2 = 7,
    AT_CONTROL = 8,
    AT_LENGTH = 9
};

#define START            0x68
#define END              0x16
#define SEQUENCE_MAX     255
#define BROADCAST        0x99
#define REQUEST_DATA_MAX 5 /* identifier and number of a follow-up frame */

static uint8_t sum_of(const uint8_t *bytes, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += bytes[i];
    }
    return (uint8_t)(sum & 0xff);
}

enum frame_kind frame_read(const uint8_t *bytes, size_t n, struct frame *ret_frame,
                           size_t *ret_n)
{
    if (bytes[0] != START || (n > AT_START_2 && bytes[AT_START_2] != START) ||
        (n > AT_LENGTH && bytes[AT_LENGTH] > FRAME_DATA_MAX)) {
        return FRAME_NOTHING;
    }
    if (n < FRAME_HEAD_LEN) {
        return FRAME_PART;
    }
    size_t sum_at = FRAME_HEAD_LEN + (size_t)bytes[AT_LENGTH];

    if (n < sum_at + FRAME_TAIL_LEN) {
        return FRAME_PART;
    }

    memcpy(ret_frame->address, bytes + AT_ADDRESS, METER_ADDRESS_LEN);
    ret_frame->control = bytes[AT_CONTROL];
    ret_frame->data_n = bytes[AT_LENGTH];
    ret_frame->data = bytes + FRAME_HEAD_LEN;
    *ret_n = sum_at + FRAME_TAIL_LEN;
    return bytes[sum_at] == sum_of(bytes, sum_at) && bytes[sum_at + 1] == END ? FRAME_WHOLE
                                                                              : FRAME_BAD;
}

int frame_write(const struct frame *frame, uint8_t *ret_bytes, size_t cap)
{
    size_t sum_at = FRAME_HEAD_LEN + (size_t)frame->data_n;

    if (frame->data_n > FRAME_DATA_MAX || cap < sum_at + FRAME_TAIL_LEN) {
        return ERR_RANGE;
    }
    ret_bytes[0] = START;
    memcpy(ret_bytes + AT_ADDRESS, frame->address, METER_ADDRESS_LEN);
    ret_bytes[AT_START_2] = START;
    ret_bytes[AT_CONTROL] = frame->control;
    ret_bytes[AT_LENGTH] = frame->data_n;
    if (frame->data_n > 0) {
        memcpy(ret_bytes + FRAME_HEAD_LEN, frame->data, frame->data_n);
    }
    ret_bytes[sum_at] = sum_of(ret_bytes, sum_at);
    ret_bytes[sum_at + 1] = END;
    return (int)(sum_at + FRAME_TAIL_LEN);
}

size_t frame_id_len(uint8_t edition)
{
    return edition == PROFILE_DLT645_1997 ? 2 : 4;
}

uint32_t frame_id(const uint8_t *data, uint8_t edition)
{
    uint32_t id = 0;

    for (size_t i = frame_id_len(edition); i > 0; i--) {
        id = id << 8 | (uint8_t)(data[i - 1] - FRAME_OFFSET);
    }
    return id;
}

static bool can_be_asked(const uint8_t address[METER_ADDRESS_LEN])
{
    bool is_broadcast = true;

    for (int i = 0; i < METER_ADDRESS_LEN; i++) {
        bool is_bcd = address[i] >> 4 <= 9 && (address[i] & 0xf) <= 9;

        if (!is_bcd && address[i] != FRAME_WILDCARD) {
            return false;
        }
        is_broadcast = is_broadcast && address[i] == BROADCAST;
    }
    return !is_broadcast;
}

static bool is_function_of_edition(const struct request *request)
{
    switch (request->edition) {
    case PROFILE_DLT645_2007:
        return request->function == FUNCTION_READ ||
               (request->function == FUNCTION_READ_MORE && request->sequence > 0) ||
               request->function == FUNCTION_READ_ADDRESS;
    case PROFILE_DLT645_1997:
        return request->function == FUNCTION_READ_1997 && request->data_id <= UINT16_MAX;
    default:
        return false;
    }
}

static uint8_t put_data(const struct request *request, uint8_t *ret_data)
{
    size_t n = frame_id_len(request->edition);

    if (request->function == FUNCTION_READ_ADDRESS) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        ret_data[i] = (uint8_t)((request->data_id >> (8 * i)) + FRAME_OFFSET);
    }
    if (request->function == FUNCTION_READ_MORE) {
        ret_data[n++] = (uint8_t)(request->sequence + FRAME_OFFSET);
    }
    return (uint8_t)n;
}

int dlt645_encode(const struct request *request, uint8_t *ret_bytes, size_t cap)
{
    uint8_t data[REQUEST_DATA_MAX];
    struct frame frame = {.control = request->function, .data = data};

    if (cap < FRAME_PREAMBLE_LEN || !is_function_of_edition(request) ||
        !can_be_asked(request->meter_address)) {
        return ERR_RANGE;
    }
    memcpy(frame.address, request->meter_address, METER_ADDRESS_LEN);
    frame.data_n = put_data(request, data);
    int n = frame_write(&frame, ret_bytes + FRAME_PREAMBLE_LEN, cap - FRAME_PREAMBLE_LEN);

    if (n < 0) {
        return n;
    }
    memset(ret_bytes, FRAME_PREAMBLE, FRAME_PREAMBLE_LEN);
    return FRAME_PREAMBLE_LEN + n;
}

size_t dlt645_reply_bytes(const struct request *request)
{
    size_t n =
        FRAME_PREAMBLE_LEN + FRAME_HEAD_LEN + (size_t)request->count + FRAME_TAIL_LEN;

    return request->function == FUNCTION_READ_ADDRESS ? n
                                                      : n + frame_id_len(request->edition);
}

int dlt645_follow(const struct request *request, struct request *ret_next)
{
    bool is_read =
        request->function == FUNCTION_READ || request->function == FUNCTION_READ_MORE;
    unsigned sequence =
        request->function == FUNCTION_READ_MORE ? request->sequence + 1U : 1U;

    if (request->edition != PROFILE_DLT645_2007 || !is_read || sequence > SEQUENCE_MAX) {
        return ERR_RANGE;
    }
    *ret_next = *request;
    ret_next->function = FUNCTION_READ_MORE;
    ret_next->sequence = (uint8_t)sequence;
    return 0;
}
