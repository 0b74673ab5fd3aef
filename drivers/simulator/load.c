#include "drivers/simulator/load.h"

#include <string.h>

static const char *const shape_names[] = {"continuous", "two_shift", "day", "stopped"};

/* Percent of rated power by hour of a working day. */
static const uint8_t shape_percent[LOAD_SHAPE_COUNT][24] = {
    [LOAD_CONTINUOUS] = {88, 88, 88, 87, 87, 88, 90, 92, 95, 96, 96, 95,
                         93, 95, 96, 96, 95, 94, 93, 92, 91, 90, 89, 88},
    [LOAD_TWO_SHIFT] = {12, 12, 12, 12, 14, 30, 70, 80, 85, 88, 88, 82,
                        70, 82, 86, 86, 85, 80, 76, 76, 74, 60, 20, 14},
    [LOAD_DAY] = {8,  8,  8,  8,  8,  8,  12, 30, 75, 88, 90, 82,
                  45, 80, 88, 88, 84, 60, 25, 15, 12, 10, 8,  8},
    [LOAD_STOPPED] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
};

/* Percent of a working day's load that is left on a Sunday. */
static const uint8_t sunday_percent[LOAD_SHAPE_COUNT] = {98, 70, 25, 100};

enum load_shape load_shape_from_name(const char *name)
{
    for (int i = 0; i < LOAD_SHAPE_COUNT; i++) {
        if (strcmp(shape_names[i], name) == 0) {
            return (enum load_shape)i;
        }
    }
    return LOAD_SHAPE_COUNT;
}

/* splitmix64: a hash that spreads neighbouring inputs. Source: S. Vigna, public domain. */
static uint64_t spread(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

int64_t load_power_w(const struct load *load, int64_t ts_ms, const struct zone *zone)
{
    int64_t quarter = floor_div(ts_ms, MS_PER_QUARTER_HOUR);
    day_t day = day_of_ts(ts_ms, zone);
    int64_t hour = (ts_ms - ts_of_day(day, zone)) / (60 * MS_PER_MIN);
    int64_t percent = shape_percent[load->shape][hour];
    int64_t rest = weekday_of_day(day) == 0 ? sunday_percent[load->shape] : 100;
    int64_t noise =
        (int64_t)(spread((uint64_t)quarter ^ ((uint64_t)load->seed << 40)) % 2001);

    int64_t left = load->changes && day >= load->change_day ? load->change_percent : 100;

    /* noise: 90.00 % to 110.00 % in steps of a hundredth */
    return load->rated_w * percent / 100 * rest / 100 * left / 100 * (9000 + noise) / 10000;
}

int64_t load_day_wh(const struct load *load, day_t day, const struct zone *zone)
{
    struct load_integral integral;
    int64_t start_ms = ts_of_day(day, zone);

    load_integral_init(&integral, start_ms);
    int64_t energy_w_ms = load_integral_w_ms(&integral, load, start_ms + MS_PER_DAY, zone);

    return (energy_w_ms + W_MS_PER_WH / 2) / W_MS_PER_WH;
}

void load_integral_init(struct load_integral *integral, int64_t base_ts_ms)
{
    integral->base_ts_ms = base_ts_ms;
    integral->ts_ms = base_ts_ms;
    integral->energy_w_ms = 0;
}

int64_t load_integral_w_ms(struct load_integral *integral, const struct load *load,
                           int64_t ts_ms, const struct zone *zone)
{
    while (integral->ts_ms < ts_ms) {
        int64_t quarter_end_ms =
            (floor_div(integral->ts_ms, MS_PER_QUARTER_HOUR) + 1) * MS_PER_QUARTER_HOUR;
        int64_t end_ms = quarter_end_ms < ts_ms ? quarter_end_ms : ts_ms;

        integral->energy_w_ms +=
            load_power_w(load, integral->ts_ms, zone) * (end_ms - integral->ts_ms);
        integral->ts_ms = end_ms;
    }
    return integral->energy_w_ms;
}
