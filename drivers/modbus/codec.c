#include "drivers/modbus/codec.h"

#include <stdbool.h>

#include <ecmon/err.h>

#include "drivers/modbus/pdu.h"

/* Offsets in the MBAP header; its length field counts from the unit on. */
enum {
    MBAP_PROTOCOL = 2,
    MBAP_LENGTH = 4,
    MBAP_UNIT = 6,
    MBAP_LEN = 7
};

#define LENGTH_MIN (1 + PDU_EXCEPTION_LEN)
#define LENGTH_MAX (1 + PDU_MAX)

int modbus_tcp_encode(const struct request *request, uint8_t *ret_bytes, size_t cap)
{
    if (cap < MBAP_LEN + PDU_READ_LEN) {
        return ERR_RANGE;
    }
    int err = pdu_encode_read(request, ret_bytes + MBAP_LEN);

    if (err != 0) {
        return err;
    }
    put_be16(ret_bytes, request->transaction_id);
    put_be16(ret_bytes + MBAP_PROTOCOL, 0);
    put_be16(ret_bytes + MBAP_LENGTH, 1 + PDU_READ_LEN);
    ret_bytes[MBAP_UNIT] = request->unit;
    return MBAP_LEN + PDU_READ_LEN;
}

/* As much of the header as has come is possible. */
static bool is_plausible(const uint8_t *bytes, size_t n)
{
    if (n >= MBAP_LENGTH && be16(bytes + MBAP_PROTOCOL) != 0) {
        return false;
    }
    if (n < MBAP_UNIT) {
        return true;
    }
    size_t length = be16(bytes + MBAP_LENGTH);

    if (length < LENGTH_MIN || length > LENGTH_MAX) {
        return false;
    }
    if (n <= MBAP_LEN) {
        return true;
    }
    size_t pdu_n = length - 1;
    size_t came_n = n - MBAP_LEN < pdu_n ? n - MBAP_LEN : pdu_n;
    size_t claimed_n = pdu_length(bytes + MBAP_LEN, came_n);

    return claimed_n == 0 || claimed_n == pdu_n;
}

static void judge_frame(const struct request *request, const uint8_t *bytes, size_t frame_n,
                        struct feed_result *ret)
{
    ret->consumed = frame_n;
    if (be16(bytes) != request->transaction_id) {
        ret->verdict = FEED_FOREIGN;
        ret->reason = SLOT_BAD_FRAME;
    } else if (bytes[MBAP_UNIT] != request->unit) {
        ret->verdict = FEED_FOREIGN;
        ret->reason = SLOT_BAD_UNIT;
    } else {
        pdu_judge(request, bytes + MBAP_LEN, frame_n - MBAP_LEN, ret);
    }
}

void modbus_tcp_feed(const struct request *request, const uint8_t *bytes, size_t n,
                     struct feed_result *ret)
{
    *ret = (struct feed_result){.verdict = FEED_NEED_MORE};
    if (!is_plausible(bytes, n)) {
        ret->verdict = FEED_FOREIGN;
        ret->reason = SLOT_BAD_FRAME;
        ret->fatal = 1;
        ret->consumed = n;
        return;
    }
    if (n < MBAP_UNIT || n < MBAP_UNIT + (size_t)be16(bytes + MBAP_LENGTH)) {
        return;
    }
    judge_frame(request, bytes, MBAP_UNIT + (size_t)be16(bytes + MBAP_LENGTH), ret);
}

size_t modbus_tcp_reply_bytes(const struct request *request)
{
    return MBAP_LEN + PDU_REPLY_HEAD + 2U * (size_t)request->count;
}
