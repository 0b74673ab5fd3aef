/*
 * Registers to values: no undefined behaviour for any type, order, scale, code or rule;
 * NaN, infinity and denormals never pass; what passes is long double
 * arithmetic rounded, inside its range, and never written when refused.
 *
 * Input: header of HEADER_LEN bytes (see point_of_bytes), then registers.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus/modbus.h"

#define HEADER_LEN 16
#define NO_VALUE   ((long double)NAN)
#define UNTOUCHED  INT64_C(0x5a5a5a5a5a5a5a5a)

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

static int64_t between_1_and(int64_t max, const uint8_t *bytes)
{
    return 1 + ((bytes[0] << 8 | bytes[1]) * (int64_t)4099) % max;
}

/* kinds, orders, signs, rules, scales (num, den of both parts), a missing code, a range */
static struct profile_point point_of_bytes(const uint8_t *bytes)
{
    int64_t num_max = (bytes[2] & 32) != 0 ? INT64_C(1) << 28 : 1000;
    struct profile_point point = {
        .quantity = (enum quantity)(bytes[0] % QUANTITY_COUNT),
        .function = 4,
        .n_parts = 1 + (bytes[2] & 1),
        .pf = (enum pf_rule)(bytes[2] / 64 % 3),
        .n_missing = (bytes[2] & 2) != 0 ? 1 : 0,
        .missing = {bytes[12]},
        .has_range = (bytes[2] & 4) != 0,
        .min = -bytes[13],
        .max = (int64_t)bytes[14] << (bytes[15] % 40),
    };

    for (int i = 0; i < point.n_parts; i++) {
        struct profile_part *part = &point.part[i];

        part->type = (enum register_type)((bytes[1] >> 4 * i & 0xf) % (REGISTER_BCD32 + 1));
        part->order = (bytes[2] & 8) != 0 ? WORD_ORDER_SW : WORD_ORDER_BE;
        part->negate = i == 1 && (bytes[2] & 16) != 0;
        part->scale = (struct ratio){between_1_and(num_max, bytes + 4 + (ptrdiff_t)4 * i),
                                     between_1_and(1000, bytes + 6 + (ptrdiff_t)4 * i)};
    }
    point.part[1].address =
        point.n_parts == 2 ? (uint16_t)register_type_words(point.part[0].type) : 0;
    return point;
}

static uint64_t bits_of(const struct profile_part *part, const uint8_t *registers)
{
    int words = register_type_words(part->type);
    uint64_t bits = 0;

    for (int i = 0; i < words; i++) {
        int word = part->order == WORD_ORDER_BE ? words - 1 - i : i;
        const uint8_t *at = registers + 2 * (part->address + (ptrdiff_t)word);

        bits |= (uint64_t)(at[0] * 256U + at[1]) << (16 * i);
    }
    return bits;
}

static long double number_of_bcd(uint64_t bits, int digits)
{
    long double value = 0;

    for (int i = digits - 1; i >= 0; i--) {
        unsigned digit = (unsigned)(bits >> (4 * i)) & 15;

        if (digit > 9) {
            return NO_VALUE;
        }
        value = value * 10 + digit;
    }
    return value;
}

static long double number_of_floats(uint64_t bits, enum register_type type)
{
    uint32_t low = (uint32_t)bits;
    float single = 0;
    double twice = 0;

    memcpy(&single, &low, sizeof(single));
    memcpy(&twice, &bits, sizeof(twice));
    if (type == REGISTER_F32) {
        return fpclassify(single) == FP_SUBNORMAL ? NO_VALUE : (long double)single;
    }
    return fpclassify(twice) == FP_SUBNORMAL ? NO_VALUE : (long double)twice;
}

/* The register as a number, by the compiler's own types; NaN = no value. */
static long double number_of(uint64_t bits, enum register_type type)
{
    switch (type) {
    case REGISTER_S16:
        return (int16_t)bits;
    case REGISTER_S32:
        return (int32_t)bits;
    case REGISTER_S64:
        return (int64_t)bits;
    case REGISTER_F32:
    case REGISTER_F64:
        return number_of_floats(bits, type);
    case REGISTER_BCD16:
        return number_of_bcd(bits, 4);
    case REGISTER_BCD32:
        return number_of_bcd(bits, 8);
    case REGISTER_U16:
    case REGISTER_U32:
    case REGISTER_U64:
    default:
        return bits;
    }
}

struct reference {
    long double value; /* NaN = none */
    long double error; /* what 64 bits of mantissa cannot hold of the parts */
};

static struct reference reference_of(const struct profile_point *point,
                                     const uint8_t *registers)
{
    struct reference sum = {0, 1e-9L};

    for (int i = 0; i < point->n_parts; i++) {
        const struct profile_part *part = &point->part[i];
        uint64_t bits = bits_of(part, registers);
        long double value = number_of(bits, part->type) * (long double)part->scale.num /
                            (long double)part->scale.den;

        if (point->n_missing == 1 && bits == point->missing[0]) {
            value = NO_VALUE;
        }
        sum.value += part->negate ? -value : value;
        sum.error += fabsl(value) * 1e-18L;
    }
    return sum;
}

static void check_value(const struct profile_point *point, struct reference wanted,
                        int64_t value)
{
    demand(isfinite(wanted.value));
    demand(point->quantity >= ENERGY_COUNT || value >= 0);
    if (point->has_range) {
        demand(value >= point->min && value <= point->max);
    }
    if (point->pf == PF_SCHNEIDER) {
        demand(value >= -1000 && value <= 1000);
        return;
    }
    demand(fabsl((long double)value - wanted.value) <= 0.5L + wanted.error);
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct sample sample = {0};

    if (n < HEADER_LEN + 2 || n > HEADER_LEN + 250) {
        return 0;
    }
    struct profile_point point = point_of_bytes(bytes);
    struct profile profile = {.register_wh = {1, 1}, .n_points = 1, .point = &point};
    size_t payload_n = n - HEADER_LEN;
    struct request request = {.unit = 1, .function = 4, .count = (uint16_t)(payload_n / 2)};
    uint8_t *payload = malloc(payload_n);

    demand(payload != NULL);
    memcpy(payload, bytes + HEADER_LEN, payload_n);
    sample.value[point.quantity] = UNTOUCHED;
    int without =
        modbus_tcp_driver()->decode(&profile, &request, payload, payload_n, 0xf, &sample);
    int64_t value = sample.value[point.quantity];
    const struct profile_part *last = &point.part[point.n_parts - 1];
    bool is_inside = last->address + register_type_words(last->type) <= request.count;

    demand(without == 0 || without == 1);
    if (sample.present != 0) {
        demand(is_inside && without == 0 && sample.present == 1U << point.quantity);
        check_value(&point, reference_of(&point, payload), value);
    } else {
        demand(value == UNTOUCHED && without == (is_inside ? 1 : 0));
    }
    free(payload);
    return 0;
}
