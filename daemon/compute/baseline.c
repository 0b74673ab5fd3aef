#include "daemon/compute/baseline.h"

#include <stddef.h>

#include <ecmon/ratio.h>

const char *figure_source_name(enum figure_source source)
{
    static const char *const names[] = {NULL, "meter", "import", "mixed"};

    return names[source];
}

const char *baseline_reason_name(enum baseline_reason reason)
{
    static const char *const names[] = {NULL, "baseline_too_few_days",
                                        "baseline_too_small"};

    return names[reason];
}

struct baseline_window baseline_window(day_t assessed)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(assessed, &year, &month, &dom);
    return (struct baseline_window){day_from_civil(year - 1, 12, 1),
                                    day_from_civil(year - 1, 12, 31)};
}

static const struct calendar_day *calendar_find(const struct calendar_day *calendar, int n,
                                                day_t day)
{
    int low = 0;
    int high = n;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (calendar[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n && calendar[low].day == day ? &calendar[low] : NULL;
}

bool baseline_day_counts(enum day_filter filter, day_t day,
                         const struct calendar_day *calendar, int n_calendar,
                         bool *ret_uncovered)
{
    if (filter == DAY_FILTER_ALL) {
        return true;
    }

    const struct calendar_day *entry = calendar_find(calendar, n_calendar, day);
    if (entry != NULL) {
        return entry->kind == DAY_KIND_WORK || entry->kind == DAY_KIND_SWAP_WORK;
    }
    if (ret_uncovered != NULL) {
        *ret_uncovered = true;
    }
    int weekday = weekday_of_day(day);
    return weekday >= 1 && weekday <= 5;
}

void baseline_add(struct baseline_sum *sum, int64_t energy_wh, enum figure_source source)
{
    sum->energy_wh += energy_wh;
    sum->n_days++;
    if (sum->source == FIGURE_SOURCE_NONE) {
        sum->source = source;
    } else if (sum->source != source) {
        sum->source = FIGURE_SOURCE_MIXED;
    }
}

struct baseline baseline_close(const struct baseline_sum *sum,
                               const struct resumption_method *method)
{
    struct baseline baseline = {.valid_days = sum->n_days, .source = sum->source};

    if (sum->n_days == 0 || sum->n_days < method->min_valid_days) {
        baseline.reason = BASELINE_TOO_FEW_DAYS;
        return baseline;
    }
    int64_t mean_wh = div_round_128(sum->energy_wh, sum->n_days);
    if (mean_wh <= 0 || mean_wh < method->min_baseline_wh) {
        baseline.reason = BASELINE_TOO_SMALL;
        return baseline;
    }
    baseline.has = true;
    baseline.baseline_wh = mean_wh;
    return baseline;
}
