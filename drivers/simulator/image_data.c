#include <string.h>

#include "drivers/simulator/image.h"

#define SIGN 0x80

static int64_t power_of_100(int exponent)
{
    int64_t power = 1;

    for (int i = 0; i < exponent; i++) {
        power *= 100;
    }
    return power;
}

/* Counters run through their digits, all else stays at its end. The sign takes the top bit
 * of the first digit, so that this goes to 7. */
static int64_t fit(const struct profile_point *point, int64_t size)
{
    int64_t end = power_of_100(point->data.bytes);

    end = point->data.is_signed ? end / 10 * 8 : end;
    if (end <= 0 || size < end) {
        return size;
    }
    return point->quantity < ENERGY_COUNT ? size % end : end - 1;
}

static void put_digits(const struct profile_point *point, const struct image_value *value,
                       uint8_t *ret_bytes)
{
    const struct profile_data *data = &point->data;

    if (!value->has) {
        memset(ret_bytes, 0xFF, data->bytes);
        return;
    }
    const struct ratio *scale = &point->part[0].scale;
    int64_t digits = div_round_128((int128)value->value * scale->den, scale->num);
    int64_t rest = fit(point, digits < 0 ? -digits : digits);

    for (int i = 0; i < data->bytes; i++) {
        ret_bytes[i] = (uint8_t)(rest % 10 | rest / 10 % 10 << 4);
        rest /= 100;
    }
    if (digits < 0 && data->is_signed) {
        ret_bytes[data->bytes - 1] |= SIGN;
    }
}

size_t image_data(const struct profile *profile, const struct image_value *values,
                  uint32_t id, uint8_t *ret_bytes)
{
    size_t n = 0;

    memset(ret_bytes, 0, PROFILE_DATA_MAX);
    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];
        bool is_single = point->data.single_id != 0 && point->data.single_id == id;

        if (point->data.id != id && !is_single) {
            continue;
        }
        size_t at = point->data.id == id ? point->data.offset : 0;

        put_digits(point, &values[point->quantity], ret_bytes + at);
        n = at + point->data.bytes > n ? at + point->data.bytes : n;
    }
    return n;
}
