#include "drivers/simulator/image.h"

#include <string.h>

/* The wire's number for a value: value ÷ scale. Floating registers take the quotient as it
 * is. */
static uint64_t raw_bits(const struct profile_part *part, int64_t value)
{
    int128 num = (int128)value * part->scale.den;
    int64_t rounded = div_round_128(num, part->scale.num);

    switch (part->type) {
    case REGISTER_F32: {
        float wire = (float)((double)num / (double)part->scale.num);
        uint32_t bits = 0;

        memcpy(&bits, &wire, sizeof(bits));
        return bits;
    }
    case REGISTER_F64: {
        double wire = (double)num / (double)part->scale.num;
        uint64_t bits = 0;

        memcpy(&bits, &wire, sizeof(bits));
        return bits;
    }
    case REGISTER_BCD16:
    case REGISTER_BCD32: {
        uint64_t bits = 0;

        for (int shift = 0; shift < 32; shift += 4) {
            bits |= (uint64_t)(rounded % 10) << shift;
            rounded /= 10;
        }
        return bits;
    }
    case REGISTER_U16:
    case REGISTER_S16:
    case REGISTER_U32:
    case REGISTER_S32:
    case REGISTER_U64:
    case REGISTER_S64:
    default:
        return (uint64_t)rounded;
    }
}

static uint64_t missing_bits(const struct profile_point *point,
                             const struct profile_part *part, int64_t which)
{
    if (part->type == REGISTER_F32) {
        return which == IMAGE_INFINITE   ? UINT64_C(0x7f800000)
               : which == IMAGE_DENORMAL ? UINT64_C(0x0000000b)
                                         : UINT64_C(0x7fc00000);
    }
    if (part->type == REGISTER_F64) {
        return which == IMAGE_INFINITE   ? UINT64_C(0x7ff0000000000000)
               : which == IMAGE_DENORMAL ? UINT64_C(0x000000000000000b)
                                         : UINT64_C(0x7ff8000000000000);
    }
    return point->n_missing > 0 ? point->missing[which % point->n_missing] : 0;
}

static bool is_floating(enum register_type type)
{
    return type == REGISTER_F32 || type == REGISTER_F64;
}

/* A part's share of what the point shows. P+ and P-: one of them holds all, by sign. A sum
 * (kWh and the residue in Wh): the first holds its whole counts, the second the rest. */
static int64_t part_share(const struct profile_point *point, int k, int64_t shown)
{
    const struct profile_part *first = &point->part[0];

    if (point->n_parts == 1) {
        return shown;
    }
    if (point->part[1].negate) {
        int64_t size = shown < 0 ? -shown : shown;

        return (shown >= 0) == (k == 0) ? size : 0;
    }
    int128 counts = (int128)shown * first->scale.den / first->scale.num;
    int64_t of_first = is_floating(first->type)
                           ? shown
                           : div_round_128(counts * first->scale.num, first->scale.den);

    return k == 0 ? of_first : shown - of_first;
}

static uint64_t part_bits(const struct profile_point *point, int k,
                          const struct image_value *value)
{
    const struct profile_part *part = &point->part[k];

    return value->has ? raw_bits(part, part_share(point, k, value->value))
                      : missing_bits(point, part, value->value);
}

static void put_part(const struct profile_point *point, int k,
                     const struct image_value *value, int32_t address, int32_t count,
                     uint8_t *bytes)
{
    const struct profile_part *part = &point->part[k];
    int words = register_type_words(part->type);
    uint64_t bits = part_bits(point, k, value);

    for (int word = 0; word < words; word++) {
        int from_low = part->order == WORD_ORDER_BE ? words - 1 - word : word;
        int32_t at = (int32_t)part->address + word - address;
        uint16_t content = (uint16_t)(bits >> (16 * from_low));

        if (at >= 0 && at < count) {
            uint8_t *place = bytes + 2 * (size_t)at;

            place[0] = (uint8_t)(content >> 8);
            place[1] = (uint8_t)content;
        }
    }
}

bool image_read(const struct profile *profile, const struct image_value *values,
                uint8_t function, uint16_t address, uint16_t count, uint8_t *ret_bytes)
{
    int32_t first = INT32_MAX;
    int32_t last = -1;

    memset(ret_bytes, 0, (size_t)count * 2);
    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];

        if (point->function != function) {
            continue;
        }
        for (int k = 0; k < point->n_parts; k++) {
            int32_t from = point->part[k].address;
            int32_t to = from + register_type_words(point->part[k].type) - 1;

            first = from < first ? from : first;
            last = to > last ? to : last;
            put_part(point, k, &values[point->quantity], address, count, ret_bytes);
        }
    }
    return (int32_t)address >= first && (int32_t)address + count - 1 <= last;
}
