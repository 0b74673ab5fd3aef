#include "drivers/simulator/frame.h"

#include <string.h>

#define MBAP_LEN      6
#define TCP_FRAME_MAX 260
#define START         0x68
#define END           0x16

enum framing framing_of(enum simulator_scheme scheme)
{
    switch (scheme) {
    case SIMULATOR_MODBUS_RTU_TCP:
    case SIMULATOR_MODBUS_RTU:
        return FRAMING_RTU;
    case SIMULATOR_DLT645_TCP:
    case SIMULATOR_DLT645:
        return FRAMING_DLT645;
    case SIMULATOR_MODBUS_TCP:
    case SIMULATOR_SCHEME_COUNT:
    default:
        return FRAMING_TCP;
    }
}

bool scheme_is_serial(enum simulator_scheme scheme)
{
    return scheme == SIMULATOR_MODBUS_RTU || scheme == SIMULATOR_DLT645;
}

uint16_t frame_crc(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
        }
    }
    return (uint16_t)crc;
}

static uint8_t sum_of(const uint8_t *bytes, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += bytes[i];
    }
    return (uint8_t)sum;
}

/* --- requests --- */

static int measure_tcp(const uint8_t *bytes, size_t n)
{
    if (n < MBAP_LEN + 1) {
        return FRAME_PART;
    }
    int length = bytes[4] << 8 | bytes[5];

    if (bytes[2] != 0 || bytes[3] != 0 || length < 2 || length > TCP_FRAME_MAX - MBAP_LEN) {
        return FRAME_BROKEN;
    }
    return (size_t)length + MBAP_LEN <= n ? length + MBAP_LEN : FRAME_PART;
}

/* Bytes of an RTU request by its function, CRC included; 0: not to be said yet, -1: a
 * function whose length nobody knows. */
static int rtu_length(const uint8_t *bytes, size_t n)
{
    switch (bytes[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 8:
        return 8;
    case 7:
    case 11:
    case 12:
    case 17:
        return 4;
    case 15:
    case 16:
        return n > 6 ? 9 + bytes[6] : 0;
    case 22:
        return 10;
    case 23:
        return n > 10 ? 13 + bytes[10] : 0;
    default:
        return -1;
    }
}

static bool crc_is_right(const uint8_t *bytes, size_t n)
{
    uint16_t crc = frame_crc(bytes, n - 2);

    return bytes[n - 2] == (crc & 0xFF) && bytes[n - 1] == crc >> 8;
}

static int measure_rtu(const uint8_t *bytes, size_t n)
{
    if (n < 4) {
        return FRAME_PART;
    }
    int length = rtu_length(bytes, n);

    if (length < 0) { /* all there is, perhaps */
        return n <= REQUEST_MAX && crc_is_right(bytes, n) ? (int)n : FRAME_NOISE;
    }
    if (length > REQUEST_MAX) {
        return FRAME_NOISE;
    }
    if (length == 0 || (size_t)length > n) {
        return FRAME_PART;
    }
    return crc_is_right(bytes, (size_t)length) ? length : FRAME_NOISE;
}

static int measure_dlt645(const uint8_t *bytes, size_t n)
{
    if (bytes[0] != START) {
        return FRAME_NOISE;
    }
    if (n > 7 && bytes[7] != START) {
        return FRAME_NOISE;
    }
    if (n < DLT645_HEAD_LEN) {
        return FRAME_PART;
    }
    size_t whole = DLT645_HEAD_LEN + 2 + (size_t)bytes[9];

    if (whole > REQUEST_MAX) {
        return FRAME_NOISE;
    }
    if (n < whole) {
        return FRAME_PART;
    }
    bool is_sound = bytes[whole - 1] == END && bytes[whole - 2] == sum_of(bytes, whole - 2);

    return is_sound ? (int)whole : FRAME_NOISE;
}

int frame_measure(enum framing framing, const uint8_t *bytes, size_t n)
{
    switch (framing) {
    case FRAMING_RTU:
        return measure_rtu(bytes, n);
    case FRAMING_DLT645:
        return measure_dlt645(bytes, n);
    case FRAMING_TCP:
    default:
        return measure_tcp(bytes, n);
    }
}

const uint8_t *frame_pdu(enum framing framing, const uint8_t *frame)
{
    return framing == FRAMING_TCP ? frame + MBAP_LEN : frame;
}

size_t frame_pdu_len(enum framing framing, size_t n)
{
    return framing == FRAMING_TCP ? n - MBAP_LEN : n - 2;
}

/* --- replies --- */

void reply_seal(struct reply *reply)
{
    if (reply->framing == FRAMING_RTU) {
        uint16_t crc = frame_crc(reply->bytes, reply->n - 2);

        reply->bytes[reply->n - 2] = (uint8_t)crc;
        reply->bytes[reply->n - 1] = (uint8_t)(crc >> 8);
    } else if (reply->framing == FRAMING_DLT645) {
        reply->bytes[reply->n - 2] =
            sum_of(reply->bytes + reply->preamble, reply->n - reply->preamble - 2);
        reply->bytes[reply->n - 1] = END;
    }
}

void reply_modbus(struct reply *reply, const uint8_t *request, uint8_t function,
                  const uint8_t *body, size_t n)
{
    size_t head = 0;

    if (reply->framing == FRAMING_TCP) {
        memcpy(reply->bytes, request, 4);
        reply->bytes[4] = (uint8_t)((n + 2) >> 8);
        reply->bytes[5] = (uint8_t)(n + 2);
        head = MBAP_LEN;
    }
    reply->bytes[head] = frame_pdu(reply->framing, request)[0];
    reply->bytes[head + 1] = function;
    memcpy(reply->bytes + head + 2, body, n);
    reply->n = head + 2 + n + (reply->framing == FRAMING_RTU ? 2 : 0);
    reply_seal(reply);
}

void reply_dlt645(struct reply *reply, const uint8_t address[SIMULATOR_ADDRESS_LEN],
                  uint8_t control, const uint8_t *data, size_t n)
{
    uint8_t *frame = reply->bytes + reply->preamble;

    memset(reply->bytes, 0xFE, reply->preamble);
    frame[0] = START;
    memcpy(frame + 1, address, SIMULATOR_ADDRESS_LEN);
    frame[7] = START;
    frame[8] = control;
    frame[9] = (uint8_t)n;
    for (size_t i = 0; i < n; i++) {
        frame[DLT645_HEAD_LEN + i] = (uint8_t)(data[i] + DLT645_OFFSET);
    }
    reply->n = reply->preamble + DLT645_HEAD_LEN + n + 2;
    reply_seal(reply);
}
