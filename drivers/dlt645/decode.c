#include "drivers/dlt645/decode.h"

#include "drivers/dlt645/frame.h"

#define SIGN 0x80

/* Where the point's bytes begin in the reply. Returns false when they are not asked for. */
static bool place_of(const struct profile_point *point, const struct request *request,
                     size_t *ret_at)
{
    if (request->function == FUNCTION_READ_ADDRESS) {
        return false;
    }
    if (request->data_id == point->data.id) {
        *ret_at = point->data.offset;
        return true;
    }
    *ret_at = 0;
    return point->data.single_id != 0 && request->data_id == point->data.single_id;
}

bool dlt645_holds(const struct profile_point *point, const struct request *request)
{
    size_t at = 0;

    return place_of(point, request, &at);
}

/* Digits and sign as they stand there. Returns false when they are no number. */
static bool digits_of(const struct profile_data *data, const uint8_t *bytes,
                      int64_t *ret_digits)
{
    int64_t digits = 0;
    bool is_negative = false;

    for (int i = data->bytes - 1; i >= 0; i--) {
        unsigned byte = (uint8_t)(bytes[i] - FRAME_OFFSET);

        if (i == data->bytes - 1 && data->is_signed) {
            is_negative = (byte & SIGN) != 0;
            byte &= SIGN - 1U;
        }
        if (byte >> 4 > 9 || (byte & 0xf) > 9) {
            return false;
        }
        digits = digits * 100 + 10 * (int64_t)(byte >> 4) + (int64_t)(byte & 0xf);
    }
    *ret_digits = is_negative ? -digits : digits;
    return true;
}

static bool scale_by(int64_t digits, struct ratio scale, int64_t *ret)
{
    int128 product = (int128)digits * scale.num;

    if (product / scale.den >= INT64_MAX || product / scale.den <= INT64_MIN) {
        return false;
    }
    *ret = div_round_128(product, scale.den);
    return true;
}

static bool value_of(const struct profile_point *point, const uint8_t *bytes, int64_t *ret)
{
    int64_t digits = 0;
    int64_t value = 0;

    if (!digits_of(&point->data, bytes, &digits) ||
        !scale_by(digits, point->part[0].scale, &value) ||
        (point->quantity < ENERGY_COUNT && value < 0) ||
        (point->has_range && (value < point->min || value > point->max))) {
        return false;
    }
    *ret = value;
    return true;
}

int dlt645_decode(const struct profile *profile, const struct request *request,
                  const uint8_t *payload, size_t n, uint32_t groups, struct sample *sample)
{
    int without_value = 0;

    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];
        size_t at = 0;

        if ((groups >> quantity_group(point->quantity) & 1U) == 0 ||
            !place_of(point, request, &at)) {
            continue;
        }
        if (at + point->data.bytes <= n &&
            value_of(point, payload + at, &sample->value[point->quantity])) {
            sample->present |= UINT32_C(1) << point->quantity;
        } else {
            without_value++;
        }
    }
    return without_value;
}
