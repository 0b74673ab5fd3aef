#include "drivers/modbus/decode.h"

#include "drivers/modbus/pdu.h"

__extension__ typedef unsigned __int128 uint128;

/* A register group as an exact number: ±magnitude × 2^exponent. */
struct number {
    uint64_t magnitude;
    int exponent;
    bool is_negative;
};

/* whole + rest / unit, 0 <= rest < unit <= UNIT_MAX, and when cut a bit more than that. */
struct exact {
    int64_t whole;
    uint64_t rest;
    uint64_t unit;
    bool is_cut;
};

#define UNIT_BITS 62
#define UNIT_MAX  (UINT64_C(1) << UNIT_BITS)

static uint64_t bits_of_registers(const uint8_t *bytes, int words, enum word_order order)
{
    uint64_t bits = 0;

    for (int i = 0; i < words; i++) {
        int word = order == WORD_ORDER_BE ? i : words - 1 - i;

        bits = bits << 16 | be16(bytes + (ptrdiff_t)2 * word);
    }
    return bits;
}

static struct number signed_number(int64_t value)
{
    bool is_negative = value < 0;

    return (struct number){is_negative ? 0 - (uint64_t)value : (uint64_t)value, 0,
                           is_negative};
}

static bool bcd_number(uint64_t bits, int digits, struct number *ret)
{
    uint64_t value = 0;

    for (int i = digits - 1; i >= 0; i--) {
        uint64_t digit = bits >> (4 * i) & 0xf;

        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = (struct number){value, 0, false};
    return true;
}

/* IEEE 754 with the given widths. A denormal is a float in wrong word order, not a value.
 */
static bool float_number(uint64_t bits, int exponent_bits, int fraction_bits,
                         struct number *ret)
{
    int exponent_max = (1 << exponent_bits) - 1;
    int exponent = (int)(bits >> fraction_bits & (uint64_t)exponent_max);
    uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
    bool is_negative = (bits >> (fraction_bits + exponent_bits) & 1) != 0;

    if (exponent == exponent_max || (exponent == 0 && fraction != 0)) {
        return false;
    }
    if (exponent == 0) {
        *ret = (struct number){0, 0, false};
        return true;
    }
    *ret = (struct number){fraction | UINT64_C(1) << fraction_bits,
                           exponent - exponent_max / 2 - fraction_bits, is_negative};
    return true;
}

static bool number_of_bits(uint64_t bits, enum register_type type, struct number *ret)
{
    switch (type) {
    case REGISTER_S16:
        *ret = signed_number((int16_t)bits);
        return true;
    case REGISTER_S32:
        *ret = signed_number((int32_t)bits);
        return true;
    case REGISTER_S64:
        *ret = signed_number((int64_t)bits);
        return true;
    case REGISTER_F32:
        return float_number(bits, 8, 23, ret);
    case REGISTER_F64:
        return float_number(bits, 11, 52, ret);
    case REGISTER_BCD16:
        return bcd_number(bits, 4, ret);
    case REGISTER_BCD32:
        return bcd_number(bits, 8, ret);
    case REGISTER_U16:
    case REGISTER_U32:
    case REGISTER_U64:
    default:
        *ret = (struct number){bits, 0, false};
        return true;
    }
}

static bool is_missing(const struct profile_point *point, uint64_t bits)
{
    for (int i = 0; i < point->n_missing; i++) {
        if (point->missing[i] == bits) {
            return true;
        }
    }
    return false;
}

static bool read_part(const struct profile_point *point, int i,
                      const struct request *request, const uint8_t *payload,
                      struct number *ret)
{
    const struct profile_part *part = &point->part[i];
    const uint8_t *bytes = payload + (ptrdiff_t)2 * (part->address - request->address);
    uint64_t bits = bits_of_registers(bytes, register_type_words(part->type), part->order);

    if (is_missing(point, bits) || !number_of_bits(bits, part->type, ret)) {
        return false;
    }
    ret->is_negative = ret->is_negative != part->negate;
    return true;
}

/* The usual case in 64 bits, because 128-bit division costs more than all the rest.
 * Rounding half away needs the remainder only when nothing is shifted out after it. */
static bool round_small(const struct number *number, struct ratio scale, int64_t *ret)
{
    if (number->magnitude > UINT32_MAX || scale.num > INT32_MAX || number->exponent > 0) {
        return false;
    }
    uint64_t product = number->magnitude * (uint64_t)scale.num;
    uint64_t den = (uint64_t)scale.den;
    uint64_t whole = den == 1 ? product : product / den;
    int shift = -number->exponent;

    if (shift > 63) {
        whole = 0;
    } else if (shift > 0) {
        whole = (whole + (UINT64_C(1) << (shift - 1))) >> shift;
    } else if (den != 1) {
        uint64_t rest = product % den;

        whole += rest >= den - rest;
    }
    *ret = number->is_negative ? -(int64_t)whole : (int64_t)whole;
    return true;
}

static int bit_length(uint64_t value)
{
    int n = 0;

    for (; value != 0; value >>= 1) {
        n++;
    }
    return n;
}

/* Returns whether a bit was lost. */
static bool drop_low_bits(uint128 *value, int n)
{
    uint128 kept = n > 127 ? 0 : *value >> n;
    bool is_lost = *value != 0 && (n > 127 || kept << n != *value);

    *value = kept;
    return is_lost;
}

/* |number| × scale; what is finer than 2^-62 is cut. */
static bool exact_magnitude(const struct number *number, struct ratio scale,
                            struct exact *ret)
{
    uint128 product = (uint128)number->magnitude * (uint64_t)scale.num;
    uint64_t den = (uint64_t)scale.den;

    if (den > UNIT_MAX) {
        return false;
    }
    if (number->exponent > 0) {
        if (number->exponent > 100 || product >> (127 - number->exponent) != 0) {
            return false;
        }
        product <<= number->exponent;
    }
    uint128 whole = product / den;
    uint128 rest = product % den;
    bool is_cut = false;

    if (number->exponent < 0) {
        int shift = -number->exponent;
        int shift_max = UNIT_BITS - bit_length(den - 1);

        if (shift > shift_max) {
            is_cut = drop_low_bits(&whole, shift - shift_max) || rest != 0;
            rest = 0;
            shift = shift_max;
        }
        rest += (whole & ((UINT64_C(1) << shift) - 1)) * den;
        whole >>= shift;
        den <<= shift;
    }
    if (whole > INT64_MAX) {
        return false;
    }
    *ret = (struct exact){(int64_t)whole, (uint64_t)rest, den, is_cut};
    return true;
}

static bool exact_of_number(const struct number *number, struct ratio scale,
                            struct exact *ret)
{
    struct exact exact;

    if (!exact_magnitude(number, scale, &exact)) {
        return false;
    }
    if (number->is_negative) {
        exact.whole = -exact.whole;
        exact.rest += exact.is_cut ? 1 : 0; /* the cut stays a cut downward */
        if (exact.rest != 0) {
            exact.whole--;
            exact.rest = exact.unit - exact.rest;
        }
    }
    *ret = exact;
    return true;
}

/* Rounds a + b once, half away from zero. */
static bool round_sum(const struct exact *a, const struct exact *b, int64_t *ret)
{
    int128 whole = (int128)a->whole + b->whole;
    uint128 unit = (uint128)a->unit * b->unit;
    uint128 rest = (uint128)a->rest * b->unit + (uint128)b->rest * a->unit;

    if (rest >= unit) {
        whole++;
        rest -= unit;
    }
    bool is_above_tie = a->is_cut || b->is_cut || whole >= 0;

    if (rest > unit - rest || (rest == unit - rest && is_above_tie)) {
        whole++;
    }
    if (whole < INT64_MIN || whole > INT64_MAX) {
        return false;
    }
    *ret = (int64_t)whole;
    return true;
}

static bool value_of_parts(const struct profile_point *point, const struct request *request,
                           const uint8_t *payload, int64_t *ret)
{
    struct number number;
    struct exact sum[PROFILE_PARTS_MAX] = {{0, 0, 1, false}, {0, 0, 1, false}};

    for (int i = 0; i < point->n_parts; i++) {
        if (!read_part(point, i, request, payload, &number)) {
            return false;
        }
        if (point->n_parts == 1 && round_small(&number, point->part[0].scale, ret)) {
            return true;
        }
        if (!exact_of_number(&number, point->part[i].scale, &sum[i])) {
            return false;
        }
    }
    return round_sum(&sum[0], &sum[1], ret);
}

/* Schneider's four-quadrant power factor, in 1/1000: 1..2 counts back from 1, leading. */
static bool unfold_pf(int64_t *pf_e3)
{
    if (*pf_e3 > 2000 || *pf_e3 < -2000) {
        return false;
    }
    if (*pf_e3 > 1000) {
        *pf_e3 = 2000 - *pf_e3;
    } else if (*pf_e3 < -1000) {
        *pf_e3 = -2000 - *pf_e3;
    }
    return true;
}

static bool is_in_range(const struct profile_point *point, int64_t value)
{
    if (point->quantity < ENERGY_COUNT && value < 0) {
        return false;
    }
    return !point->has_range || (value >= point->min && value <= point->max);
}

static bool value_of_point(const struct profile_point *point, const struct request *request,
                           const uint8_t *payload, int64_t *ret)
{
    int64_t value = 0;

    if (!value_of_parts(point, request, payload, &value) ||
        (point->pf == PF_SCHNEIDER && !unfold_pf(&value)) || !is_in_range(point, value)) {
        return false;
    }
    *ret = value;
    return true;
}

static bool is_inside(const struct profile_point *point, const struct request *request,
                      uint32_t end)
{
    for (int i = 0; i < point->n_parts; i++) {
        uint32_t first = point->part[i].address;

        if (first < request->address ||
            first + (uint32_t)register_type_words(point->part[i].type) > end) {
            return false;
        }
    }
    return true;
}

bool modbus_holds(const struct profile_point *point, const struct request *request)
{
    return point->function == request->function &&
           is_inside(point, request, (uint32_t)request->address + request->count);
}

static uint32_t place_of(uint8_t function, uint16_t address)
{
    return (uint32_t)function << 16 | address;
}

/* The first point at or after the request's first register. */
static int first_point(const struct profile *profile, uint32_t place)
{
    int low = 0;
    int high = profile->n_points;

    while (low < high) {
        int middle = low + (high - low) / 2;
        const struct profile_point *point = &profile->point[middle];

        if (place_of(point->function, point->part[0].address) < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int modbus_decode(const struct profile *profile, const struct request *request,
                  const uint8_t *payload, size_t n, uint32_t groups, struct sample *sample)
{
    uint32_t count = n / 2 < request->count ? (uint32_t)(n / 2) : request->count;
    uint32_t place = place_of(request->function, request->address);
    int without_value = 0;

    for (int i = first_point(profile, place); i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];

        if (place_of(point->function, point->part[0].address) >= place + count) {
            break;
        }
        if (((groups >> quantity_group(point->quantity)) & 1U) == 0 ||
            !is_inside(point, request, request->address + count)) {
            continue;
        }
        if (value_of_point(point, request, payload, &sample->value[point->quantity])) {
            sample->present |= UINT32_C(1) << point->quantity;
        } else {
            without_value++;
        }
    }
    return without_value;
}
