#include <string.h>

#include "drivers/simulator/bus.h"

#define GARBAGE_DEFAULT 5
#define GARBAGE_MAX     200

/* Where the fields of a reply are. */
struct places {
    size_t unit;
    size_t function;
    size_t data;
    size_t data_end;
};

static struct places places_of(const struct reply *reply)
{
    switch (reply->framing) {
    case FRAMING_RTU:
        return (struct places){0, 1, 3, reply->n - 2};
    case FRAMING_DLT645:
        return (struct places){reply->preamble + 1, reply->preamble + 8,
                               reply->preamble + DLT645_HEAD_LEN, reply->n - 2};
    case FRAMING_TCP:
    default:
        return (struct places){6, 7, 9, reply->n};
    }
}

static void lie_about_length(struct reply *reply, int32_t value)
{
    if (reply->framing == FRAMING_TCP) {
        int length = value > 0 ? value : (reply->bytes[4] << 8 | reply->bytes[5]) + 2;

        reply->bytes[4] = (uint8_t)(length >> 8);
        reply->bytes[5] = (uint8_t)length;
        return;
    }
    uint8_t *length = &reply->bytes[places_of(reply).data - 1];

    *length = value > 0 ? (uint8_t)value : (uint8_t)(*length + 2);
    reply_seal(reply);
}

static void shorten(struct reply *reply)
{
    struct places places = places_of(reply);
    uint8_t *bytes = reply->bytes;

    if (places.data_end < places.data + 2) {
        return;
    }
    memmove(bytes + places.data_end - 2, bytes + places.data_end,
            reply->n - places.data_end);
    reply->n -= 2;
    bytes[places.data - 1] = (uint8_t)(bytes[places.data - 1] - 2);
    if (reply->framing == FRAMING_TCP) {
        bytes[5] = (uint8_t)(bytes[5] - 2);
    }
    reply_seal(reply);
}

static void change_id(struct reply *reply)
{
    struct places places = places_of(reply);

    if (reply->framing == FRAMING_TCP) {
        reply->bytes[1] ^= 0x15;
    } else if (reply->framing == FRAMING_RTU) {
        reply->bytes[places.function] ^= 0x07; /* 03 and 04 */
    } else if (places.data_end > places.data + 1) {
        reply->bytes[places.data + 1] ^= 0x01;
    }
    reply_seal(reply);
}

static void change_function(struct reply *reply)
{
    uint8_t *function = &reply->bytes[places_of(reply).function];

    *function ^= reply->framing == FRAMING_DLT645 ? 0x03 : 0x07;
    reply_seal(reply);
}

static void change_sequence(struct reply *reply, int32_t value)
{
    struct places places = places_of(reply);
    uint8_t function = reply->bytes[places.function] & 0x1F;

    if (reply->framing == FRAMING_DLT645 && function == 0x12) {
        uint8_t *sequence = &reply->bytes[places.data_end - 1];

        *sequence = (uint8_t)(*sequence + (value != 0 ? value : 1));
        reply_seal(reply);
    }
}

static void take_offset_away(struct reply *reply)
{
    struct places places = places_of(reply);

    if (reply->framing == FRAMING_DLT645) {
        for (size_t i = places.data; i < places.data_end; i++) {
            reply->bytes[i] = (uint8_t)(reply->bytes[i] - DLT645_OFFSET);
        }
        reply_seal(reply);
    }
}

static void insert_garbage(struct reply *reply, size_t at, int32_t value,
                           uint32_t *random_state)
{
    size_t n = value <= 0            ? GARBAGE_DEFAULT
               : value > GARBAGE_MAX ? GARBAGE_MAX
                                     : (size_t)value;

    memmove(reply->bytes + at + n, reply->bytes + at, reply->n - at);
    for (size_t i = 0; i < n; i++) {
        reply->bytes[at + i] = (uint8_t)random_below(random_state, 256);
    }
    reply->n += n;
}

static void mangle(struct reply *reply, uint32_t *random_state)
{
    for (size_t i = 0; i < reply->n; i++) {
        reply->bytes[i] = (uint8_t)random_below(random_state, 256);
    }
}

static void flip(struct reply *reply, int32_t value, uint32_t *random_state)
{
    uint32_t bits = (uint32_t)(8 * reply->n);
    uint32_t bit =
        value > 0 ? (uint32_t)(value - 1) % bits : random_below(random_state, bits);

    reply->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

void distort_collide(struct reply *reply, const struct reply *other)
{
    for (size_t i = 0; i < other->n; i++) {
        reply->bytes[i] =
            i < reply->n ? reply->bytes[i] & other->bytes[i] : other->bytes[i];
    }
    reply->n = other->n > reply->n ? other->n : reply->n;
}

/* The same frame with other data, as a second meter would send it. */
static void collide(struct reply *reply, uint32_t *random_state)
{
    struct reply other = *reply;
    struct places places = places_of(reply);

    for (size_t i = places.data; i < places.data_end; i++) {
        other.bytes[i] ^= (uint8_t)(1 + random_below(random_state, 255));
    }
    reply_seal(&other);
    distort_collide(reply, &other);
}

static void distort_bytes(struct reply *reply, const struct fault *fault,
                          uint32_t *random_state)
{
    if (fault->kind == FAULT_TRUNCATE || fault->kind == FAULT_RESET_HALF) {
        reply->n /= 2;
    } else if (fault->kind == FAULT_GARBAGE) {
        mangle(reply, random_state);
    } else if (fault->kind == FAULT_GARBAGE_BEFORE) {
        insert_garbage(reply, 0, fault->value, random_state);
    } else if (fault->kind == FAULT_GARBAGE_INSIDE) {
        insert_garbage(reply, reply->n / 2, fault->value, random_state);
    } else if (fault->kind == FAULT_GARBAGE_AFTER) {
        insert_garbage(reply, reply->n, fault->value, random_state);
    } else if (fault->kind == FAULT_FLIP) {
        flip(reply, fault->value, random_state);
    } else if (fault->kind == FAULT_COLLISION) {
        collide(reply, random_state);
    }
}

void distort(struct reply *reply, const struct fault *fault, uint32_t *random_state)
{
    if (fault->kind == FAULT_WRONG_UNIT) {
        reply->bytes[places_of(reply).unit] ^= reply->framing == FRAMING_DLT645 ? 1 : 0x40;
        reply_seal(reply);
    } else if (fault->kind == FAULT_WRONG_ID) {
        change_id(reply);
    } else if (fault->kind == FAULT_WRONG_FUNCTION) {
        change_function(reply);
    } else if (fault->kind == FAULT_WRONG_PROTOCOL && reply->framing == FRAMING_TCP) {
        reply->bytes[3] ^= 1;
    } else if (fault->kind == FAULT_WRONG_LENGTH) {
        lie_about_length(reply, fault->value);
    } else if (fault->kind == FAULT_SHORT) {
        shorten(reply);
    } else if (fault->kind == FAULT_NO_OFFSET) {
        take_offset_away(reply);
    } else if (fault->kind == FAULT_WRONG_SEQUENCE) {
        change_sequence(reply, fault->value);
    } else {
        distort_bytes(reply, fault, random_state);
    }
}
