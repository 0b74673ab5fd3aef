/*
 * A load that can be integrated exactly: constant power inside each quarter-hour, taken
 * from a daily shape and a seed. The same load gives a meter's register now and a day's
 * energy of last winter, so that generated history and live readings agree.
 */
#ifndef ECMON_SIMULATOR_LOAD_H
#define ECMON_SIMULATOR_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/time.h>

enum load_shape {
    LOAD_CONTINUOUS, /* three shifts, every day */
    LOAD_TWO_SHIFT,  /* 06:00 to 22:00, less on Sundays */
    LOAD_DAY,        /* 08:00 to 18:00, a dip at noon, rest on Sundays */
    LOAD_STOPPED,    /* nothing but a standby of 1 % */
    LOAD_SHAPE_COUNT
};

struct load {
    enum load_shape shape;
    int64_t rated_w;
    uint32_t seed;
    bool changes; /* from change_day on only change_percent of it are left, or more than it
                   */
    day_t change_day;
    int32_t change_percent;
};

/* Returns LOAD_SHAPE_COUNT when no shape has that name. */
enum load_shape load_shape_from_name(const char *name);

/* Mean power of the quarter-hour that holds the instant, W, >= 0. */
int64_t load_power_w(const struct load *load, int64_t ts_ms, const struct zone *zone);
/* Energy of a local day, Wh, rounded half away from zero. */
int64_t load_day_wh(const struct load *load, day_t day, const struct zone *zone);

/* Running integral: energy since base_ts_ms in W·ms. Moves forward only; ts_ms before the
 * last one gives the last value. */
struct load_integral {
    int64_t base_ts_ms;
    int64_t ts_ms;
    int64_t energy_w_ms;
};

void load_integral_init(struct load_integral *integral, int64_t base_ts_ms);
int64_t load_integral_w_ms(struct load_integral *integral, const struct load *load,
                           int64_t ts_ms, const struct zone *zone);

#define W_MS_PER_WH INT64_C(3600000)

#endif
