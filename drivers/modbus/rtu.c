#include "drivers/modbus/rtu.h"

#include <string.h>

#include <ecmon/err.h>

#include "drivers/modbus/pdu.h"

#define UNIT_LEN 1
#define CRC_LEN  2

uint16_t modbus_crc16(const uint8_t *bytes, size_t n)
{
    static const uint16_t of_nibble[16] = {0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00,
                                           0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401,
                                           0x5000, 0x9c01, 0x8801, 0x4400};
    unsigned crc = 0xffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ of_nibble[crc & 0xf];
        crc = crc >> 4 ^ of_nibble[crc & 0xf];
    }
    return (uint16_t)crc;
}

int modbus_rtu_encode(const struct request *request, uint8_t *ret_bytes, size_t cap)
{
    if (cap < RTU_REQUEST_LEN || request->unit < 1 || request->unit > RTU_UNIT_MAX) {
        return ERR_RANGE;
    }
    int err = pdu_encode_read(request, ret_bytes + UNIT_LEN);

    if (err != 0) {
        return err;
    }
    ret_bytes[0] = request->unit;
    uint16_t crc = modbus_crc16(ret_bytes, UNIT_LEN + PDU_READ_LEN);

    ret_bytes[RTU_REQUEST_LEN - 2] = (uint8_t)(crc & 0xff);
    ret_bytes[RTU_REQUEST_LEN - 1] = (uint8_t)(crc >> 8);
    return RTU_REQUEST_LEN;
}

/* What begins at a place. */
enum kind {
    KIND_NOTHING,
    KIND_PART, /* perhaps a frame: not whole yet */
    KIND_ECHO,
    KIND_BAD_CRC,
    KIND_FOREIGN,
    KIND_ANSWER
};

struct seen {
    enum kind kind;
    size_t n; /* bytes of the frame, when it is whole */
    struct feed_result judged;
};

/* The request that is out, and its bytes as an echo brings them back. */
struct asked {
    const struct request *request;
    uint8_t echo[RTU_REQUEST_LEN];
    size_t echo_n; /* 0: the request cannot be sent, so nothing is its echo */
};

static bool is_function(const struct asked *asked, uint8_t function)
{
    return (function & 0x7f) == asked->request->function;
}

/* The length that a frame claims; 0 = it cannot be one; beyond n when it is not known yet.
 */
static size_t frame_length(const uint8_t *bytes, size_t n)
{
    const uint8_t *pdu = bytes + UNIT_LEN;

    if (n < UNIT_LEN + 1) {
        return n + 1;
    }
    bool is_read = pdu[0] == 3 || pdu[0] == 4;

    if (!is_read && pdu[0] != 0x83 && pdu[0] != 0x84) {
        return 0;
    }
    if (is_read && n < UNIT_LEN + PDU_REPLY_HEAD) {
        return n + 1;
    }
    size_t pdu_n = pdu_length(pdu, n - UNIT_LEN);

    if (is_read && (pdu[1] == 0 || pdu[1] % 2 != 0 || pdu_n > PDU_MAX)) {
        return 0;
    }
    return UNIT_LEN + pdu_n + CRC_LEN;
}

static bool begins_echo(const struct asked *asked, const uint8_t *bytes, size_t n)
{
    size_t came_n = n < asked->echo_n ? n : asked->echo_n;

    return came_n > 0 && memcmp(bytes, asked->echo, came_n) == 0;
}

static void judge(const struct asked *asked, const uint8_t *bytes, struct seen *seen)
{
    struct feed_result *judged = &seen->judged;

    pdu_judge(asked->request, bytes + UNIT_LEN, seen->n - UNIT_LEN - CRC_LEN, judged);
    if (bytes[0] != asked->request->unit) {
        *judged = (struct feed_result){.verdict = FEED_FOREIGN, .reason = SLOT_BAD_UNIT};
    }
    seen->kind = judged->verdict == FEED_FOREIGN ? KIND_FOREIGN : KIND_ANSWER;
}

static struct seen look(const struct asked *asked, const uint8_t *bytes, size_t n)
{
    struct seen seen = {.kind = KIND_NOTHING};

    if (begins_echo(asked, bytes, n)) {
        seen.kind = n < asked->echo_n ? KIND_PART : KIND_ECHO;
        seen.n = asked->echo_n;
        return seen;
    }
    seen.n = frame_length(bytes, n);
    if (seen.n == 0) {
        return seen;
    }
    if (seen.n > n) {
        seen.kind = KIND_PART;
        return seen;
    }
    uint16_t crc = modbus_crc16(bytes, seen.n - CRC_LEN);

    if (bytes[seen.n - 2] != (crc & 0xff) || bytes[seen.n - 1] != crc >> 8) {
        seen.kind = KIND_BAD_CRC;
        return seen;
    }
    judge(asked, bytes, &seen);
    return seen;
}

/* The next frame is to be looked for from here: ours may begin, or a sound one does. */
static bool is_start(const struct asked *asked, const uint8_t *bytes, size_t n)
{
    if (begins_echo(asked, bytes, n)) {
        return true;
    }
    if (bytes[0] == asked->request->unit && (n < 2 || is_function(asked, bytes[1])) &&
        (n < 3 || (bytes[1] & 0x80) != 0 || bytes[2] == 2U * asked->request->count)) {
        return look(asked, bytes, n).kind != KIND_BAD_CRC;
    }
    return look(asked, bytes, n).kind == KIND_FOREIGN;
}

/* The first place behind `from` and before `end` that is a start, else `end`. */
static size_t next_start(const struct asked *asked, const uint8_t *bytes, size_t n,
                         size_t from, size_t end)
{
    for (size_t at = from + 1; at < end; at++) {
        if (is_start(asked, bytes + at, n - at)) {
            return at;
        }
    }
    return end;
}

/* Where a whole answer begins behind `from`; n = nowhere. */
static size_t next_answer(const struct asked *asked, const uint8_t *bytes, size_t n,
                          size_t from)
{
    for (size_t at = from + 1; at < n; at++) {
        if (bytes[at] == asked->request->unit &&
            look(asked, bytes + at, n - at).kind == KIND_ANSWER) {
            return at;
        }
    }
    return n;
}

static void discard(struct feed_result *ret, size_t consumed, enum slot_status reason)
{
    *ret = (struct feed_result){
        .verdict = FEED_FOREIGN, .consumed = consumed, .reason = reason};
}

/* What does not begin with an answer or another sound frame. */
static void resynchronise(const struct asked *asked, const uint8_t *bytes, size_t n,
                          size_t from, struct feed_result *ret)
{
    struct seen seen = look(asked, bytes + from, n - from);
    enum slot_status reason = seen.kind == KIND_BAD_CRC ? SLOT_BAD_CRC : SLOT_BAD_FRAME;
    size_t answer_at = next_answer(asked, bytes, n, from);

    if (answer_at < n) {
        discard(ret, answer_at, reason);
    } else if (seen.kind == KIND_BAD_CRC) {
        discard(ret, next_start(asked, bytes, n, from, from + seen.n), reason);
    } else if (seen.kind == KIND_NOTHING) {
        discard(ret, next_start(asked, bytes, n, from, n), reason);
    }
}

static size_t skip_echo(const struct asked *asked, const uint8_t *bytes, size_t n)
{
    return n >= RTU_REQUEST_LEN && begins_echo(asked, bytes, n) ? RTU_REQUEST_LEN : 0;
}

void modbus_rtu_feed(const struct request *request, const uint8_t *bytes, size_t n,
                     struct feed_result *ret)
{
    struct asked asked = {.request = request};
    size_t came_n = n < DRIVER_FRAME_MAX ? n : DRIVER_FRAME_MAX;

    *ret = (struct feed_result){.verdict = FEED_NEED_MORE};
    if (modbus_rtu_encode(request, asked.echo, sizeof(asked.echo)) == RTU_REQUEST_LEN) {
        asked.echo_n = RTU_REQUEST_LEN;
    }
    size_t from = skip_echo(&asked, bytes, came_n);

    if (from == came_n) {
        return;
    }
    struct seen seen = look(&asked, bytes + from, came_n - from);

    if (seen.kind == KIND_ANSWER || seen.kind == KIND_FOREIGN) {
        *ret = seen.judged;
        ret->consumed = from + seen.n;
    } else if (seen.kind == KIND_ECHO) {
        discard(ret, from + seen.n, SLOT_BAD_FRAME);
    } else {
        resynchronise(&asked, bytes, came_n, from, ret);
    }
}

size_t modbus_rtu_reply_bytes(const struct request *request)
{
    return UNIT_LEN + PDU_REPLY_HEAD + 2U * (size_t)request->count + CRC_LEN;
}
