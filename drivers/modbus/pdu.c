#include "drivers/modbus/pdu.h"

#include <ecmon/err.h>

#define FUNCTION_READ_HOLDING 3
#define FUNCTION_READ_INPUT   4
#define FUNCTION_EXCEPTION    0x80

static int is_read(uint8_t function)
{
    return function == FUNCTION_READ_HOLDING || function == FUNCTION_READ_INPUT;
}

int pdu_encode_read(const struct request *request, uint8_t *ret_bytes)
{
    if (!is_read(request->function) || request->count < 1 ||
        request->count > PDU_REGISTERS_MAX ||
        (uint32_t)request->address + request->count > UINT16_MAX + UINT32_C(1)) {
        return ERR_RANGE;
    }
    ret_bytes[0] = request->function;
    put_be16(ret_bytes + 1, request->address);
    put_be16(ret_bytes + 3, request->count);
    return 0;
}

size_t pdu_length(const uint8_t *pdu, size_t n)
{
    if (n < 1) {
        return 0;
    }
    if ((pdu[0] & FUNCTION_EXCEPTION) != 0) {
        return PDU_EXCEPTION_LEN;
    }
    if (!is_read(pdu[0]) || n < PDU_REPLY_HEAD) {
        return 0;
    }
    return PDU_REPLY_HEAD + (size_t)pdu[1];
}

void pdu_judge(const struct request *request, const uint8_t *pdu, size_t n,
               struct feed_result *ret)
{
    if (pdu[0] == (request->function | FUNCTION_EXCEPTION)) {
        ret->verdict = FEED_EXCEPTION;
        ret->exception = pdu[1];
        return;
    }
    if (pdu[0] != request->function || pdu[1] != 2U * request->count ||
        n != PDU_REPLY_HEAD + 2U * (size_t)request->count) {
        ret->verdict = FEED_FOREIGN;
        ret->reason = SLOT_BAD_FRAME;
        return;
    }
    ret->verdict = FEED_REPLY;
    ret->payload = pdu + PDU_REPLY_HEAD;
    ret->payload_n = n - PDU_REPLY_HEAD;
}
