/*
 * Baselines (基准电量): the mean daily energy of the December before the assessed year.
 * Pure: values in, values out.
 */
#ifndef ECMON_COMPUTE_BASELINE_H
#define ECMON_COMPUTE_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/method.h>
#include <ecmon/time.h>

/* Where an energy comes from. */
enum figure_source {
    FIGURE_SOURCE_NONE,
    FIGURE_SOURCE_METER,
    FIGURE_SOURCE_IMPORT,
    FIGURE_SOURCE_MIXED /* a baseline over days of both */
};

/* "meter" "import" "mixed"; NULL for NONE. */
const char *figure_source_name(enum figure_source source);

enum baseline_reason {
    BASELINE_OK,
    BASELINE_TOO_FEW_DAYS, /* fewer valid days than the method wants */
    BASELINE_TOO_SMALL     /* below the method's least baseline */
};

/* "baseline_too_few_days" "baseline_too_small"; NULL for OK. */
const char *baseline_reason_name(enum baseline_reason reason);

struct baseline_window {
    day_t first; /* inclusive */
    day_t last;
};

struct baseline_sum {
    int64_t energy_wh;
    int32_t n_days;
    enum figure_source source;
};

struct baseline {
    bool has;
    int64_t baseline_wh; /* per day; 0 when there is none */
    int32_t valid_days;
    enum figure_source source;
    enum baseline_reason reason;
};

/* December of the year before the assessed day's year (interfaces.md §5, Default method).
 */
struct baseline_window baseline_window(day_t assessed);

/*
 * Does the method's day filter let this day into the mean? calendar is sorted by day.
 * *ret_uncovered (may be NULL) becomes true when the filter asks the calendar and no entry
 * covers the day: then Monday to Friday count. It is never set to false.
 */
bool baseline_day_counts(enum day_filter filter, day_t day,
                         const struct calendar_day *calendar, int n_calendar,
                         bool *ret_uncovered);

/* Adds one valid day that counts. */
void baseline_add(struct baseline_sum *sum, int64_t energy_wh, enum figure_source source);

/* Mean, rounded half away from zero to whole Wh; none when the method's minima are not met.
 */
struct baseline baseline_close(const struct baseline_sum *sum,
                               const struct resumption_method *method);

#endif
