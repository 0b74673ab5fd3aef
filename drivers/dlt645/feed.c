#include <string.h>

#include "drivers/dlt645/frame.h"

#define REQUEST_LEN_MAX 32
#define PREAMBLE_MAX    128 /* FE in front that is waited behind; more is noise */

/* What begins at a place, and what it is to the request. */
enum kind {
    KIND_NOTHING,
    KIND_PART,
    KIND_ECHO,
    KIND_BAD,
    KIND_FOREIGN,
    KIND_ANSWER
};

struct seen {
    enum kind kind;
    size_t n; /* bytes of the frame, when it is whole */
    struct feed_result judged;
};

/* The request that is out, and its bytes as an echo brings them back, without preamble. */
struct asked {
    const struct request *request;
    uint8_t bytes[REQUEST_LEN_MAX];
    const uint8_t *echo;
    size_t echo_n;
};

static bool is_bcd_or_wildcard(uint8_t byte)
{
    return (byte >> 4 <= 9 && (byte & 0xf) <= 9) || byte == FRAME_WILDCARD;
}

static bool is_asked_meter(const struct request *request,
                           const uint8_t address[METER_ADDRESS_LEN])
{
    for (int i = 0; i < METER_ADDRESS_LEN; i++) {
        uint8_t wanted = request->meter_address[i];

        if (wanted == FRAME_WILDCARD ? !is_bcd_or_wildcard(address[i])
                                     : address[i] != wanted) {
            return false;
        }
    }
    return true;
}

/* A gateway may answer with AA as the address; the data then say who it is. */
static bool judge_address(const struct frame *frame, struct feed_result *judged)
{
    uint8_t named[METER_ADDRESS_LEN];

    if (frame->data_n != METER_ADDRESS_LEN || (frame->control & CONTROL_MORE) != 0) {
        return false;
    }
    for (int i = 0; i < METER_ADDRESS_LEN; i++) {
        named[i] = (uint8_t)(frame->data[i] - FRAME_OFFSET);
        if (!is_bcd_or_wildcard(named[i]) || named[i] == FRAME_WILDCARD ||
            (frame->address[i] != FRAME_WILDCARD && frame->address[i] != named[i])) {
            return false;
        }
    }
    memcpy(judged->meter_address, named, sizeof(named));
    judged->payload = frame->data;
    judged->payload_n = METER_ADDRESS_LEN;
    return true;
}

static bool judge_data(const struct request *request, const struct frame *frame,
                       struct feed_result *judged)
{
    size_t id_n = frame_id_len(request->edition);
    size_t number_n = request->function == FUNCTION_READ_MORE ? 1 : 0;

    if (frame->data_n <= id_n + number_n ||
        frame_id(frame->data, request->edition) != request->data_id) {
        return false;
    }
    if (number_n > 0 &&
        (uint8_t)(frame->data[frame->data_n - 1] - FRAME_OFFSET) != request->sequence) {
        return false;
    }
    judged->payload = frame->data + id_n;
    judged->payload_n = frame->data_n - id_n - number_n;
    judged->more = (frame->control & CONTROL_MORE) != 0;
    return true;
}

static struct feed_result foreign(enum slot_status reason)
{
    return (struct feed_result){.verdict = FEED_FOREIGN, .reason = reason};
}

static struct feed_result judge(const struct request *request, const struct frame *frame)
{
    struct feed_result judged = {.verdict = FEED_REPLY};
    uint8_t control = request->function | CONTROL_FROM_METER;

    if (!is_asked_meter(request, frame->address)) {
        return foreign(SLOT_BAD_UNIT);
    }
    memcpy(judged.meter_address, frame->address, METER_ADDRESS_LEN);
    if (frame->control == (control | CONTROL_ERROR) && frame->data_n == 1) {
        judged.verdict = FEED_EXCEPTION;
        judged.exception = (uint8_t)(frame->data[0] - FRAME_OFFSET);
        return judged;
    }
    if ((frame->control & ~(unsigned)CONTROL_MORE) != control) {
        return foreign(SLOT_BAD_FRAME);
    }
    bool is_answer = request->function == FUNCTION_READ_ADDRESS
                         ? judge_address(frame, &judged)
                         : judge_data(request, frame, &judged);

    return is_answer ? judged : foreign(SLOT_BAD_FRAME);
}

static struct seen look(const struct asked *asked, const uint8_t *bytes, size_t n)
{
    struct seen seen = {.kind = KIND_NOTHING};
    struct frame frame;

    switch (frame_read(bytes, n, &frame, &seen.n)) {
    case FRAME_PART:
        seen.kind = KIND_PART;
        break;
    case FRAME_BAD:
        seen.kind = KIND_BAD;
        break;
    case FRAME_WHOLE:
        if (seen.n == asked->echo_n && memcmp(bytes, asked->echo, seen.n) == 0) {
            seen.kind = KIND_ECHO;
            break;
        }
        seen.judged = judge(asked->request, &frame);
        seen.kind = seen.judged.verdict == FEED_FOREIGN ? KIND_FOREIGN : KIND_ANSWER;
        break;
    case FRAME_NOTHING:
    default:
        break;
    }
    return seen;
}

static size_t skip_preamble(const uint8_t *bytes, size_t n, size_t from)
{
    while (from < n && bytes[from] == FRAME_PREAMBLE) {
        from++;
    }
    return from;
}

/* Behind preamble, echo and preamble. */
static size_t skip_own(const struct asked *asked, const uint8_t *bytes, size_t n)
{
    size_t from = skip_preamble(bytes, n, 0);

    if (from < n && look(asked, bytes + from, n - from).kind == KIND_ECHO) {
        from = skip_preamble(bytes, n, from + asked->echo_n);
    }
    return from;
}

/* The first place behind `from` and before `end` where a frame may begin, else `end`. */
static size_t next_start(const struct asked *asked, const uint8_t *bytes, size_t n,
                         size_t from, size_t end)
{
    for (size_t at = from + 1; at < end; at++) {
        enum kind kind = look(asked, bytes + at, n - at).kind;

        if (kind != KIND_NOTHING && kind != KIND_BAD) {
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
        if (look(asked, bytes + at, n - at).kind == KIND_ANSWER) {
            return at;
        }
    }
    return n;
}

static void discard(struct feed_result *ret, size_t consumed, enum slot_status reason)
{
    *ret = foreign(reason);
    ret->consumed = consumed;
}

/* What does not begin with an answer or another sound frame. */
static void resynchronise(const struct asked *asked, const uint8_t *bytes, size_t n,
                          size_t from, struct feed_result *ret)
{
    struct seen seen = look(asked, bytes + from, n - from);
    enum slot_status reason = seen.kind == KIND_BAD ? SLOT_BAD_CRC : SLOT_BAD_FRAME;
    size_t answer_at = next_answer(asked, bytes, n, from);

    if (answer_at < n) {
        discard(ret, answer_at, reason);
    } else if (seen.kind == KIND_BAD) {
        discard(ret, next_start(asked, bytes, n, from, from + seen.n), reason);
    } else if (seen.kind == KIND_NOTHING) {
        discard(ret, next_start(asked, bytes, n, from, n), reason);
    }
}

void dlt645_feed(const struct request *request, const uint8_t *bytes, size_t n,
                 struct feed_result *ret)
{
    struct asked asked = {.request = request};
    int asked_n = dlt645_encode(request, asked.bytes, sizeof(asked.bytes));

    *ret = (struct feed_result){.verdict = FEED_NEED_MORE};
    n = n < DRIVER_FRAME_MAX ? n : DRIVER_FRAME_MAX;
    asked.echo = asked.bytes + FRAME_PREAMBLE_LEN;
    asked.echo_n = asked_n > 0 ? (size_t)asked_n - FRAME_PREAMBLE_LEN : 0;

    size_t from = skip_own(&asked, bytes, n);

    if (from > PREAMBLE_MAX) {
        discard(ret, from, SLOT_BAD_FRAME);
        return;
    }
    if (from == n) {
        return;
    }
    struct seen seen = look(&asked, bytes + from, n - from);

    if (seen.kind == KIND_ANSWER || seen.kind == KIND_FOREIGN) {
        *ret = seen.judged;
        ret->consumed = from + seen.n;
    } else if (seen.kind == KIND_ECHO) {
        discard(ret, from + seen.n, SLOT_BAD_FRAME);
    } else {
        resynchronise(&asked, bytes, n, from, ret);
    }
}
