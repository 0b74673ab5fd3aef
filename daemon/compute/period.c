#include "daemon/compute/period.h"

#include <stdbool.h>

int period_value_compare(const void *a, const void *b)
{
    const struct period_value *left = (const struct period_value *)a;
    const struct period_value *right = (const struct period_value *)b;

    if (left->first != right->first) {
        return left->first < right->first ? -1 : 1;
    }
    return (left->last < right->last) - (left->last > right->last);
}

static bool inside(const struct period_value *value, day_t first, day_t last)
{
    return value->first >= first && value->last <= last;
}

/*
 * Periods nest and never cross, so the longest row at each place is part of a tiling
 * whenever there is one.
 */
static enum period_figure tile(const struct period_value *values, int n, day_t first,
                               day_t last, int64_t *ret_sum_e6)
{
    int64_t sum_e6 = 0;
    day_t next = first;
    bool any = false;
    bool gap = false;

    for (int i = 0; i < n; i++) {
        if (!inside(&values[i], first, last) || values[i].first < next) {
            continue;
        }
        any = true;
        gap = gap || values[i].first > next;
        sum_e6 += values[i].value_e6;
        next = values[i].last + 1;
    }
    if (!any) {
        return PERIOD_FIGURE_NONE;
    }
    *ret_sum_e6 = sum_e6;
    return gap || next <= last ? PERIOD_FIGURE_PARTIAL : PERIOD_FIGURE_TILED;
}

enum period_figure period_figure_of(const struct period_value *values, int n, day_t first,
                                    day_t last, int64_t *ret_value_e6)
{
    bool coarser = false;

    *ret_value_e6 = 0;
    for (int i = 0; i < n; i++) {
        if (values[i].first == first && values[i].last == last) {
            *ret_value_e6 = values[i].value_e6;
            return PERIOD_FIGURE_EXACT;
        }
        coarser = coarser || (values[i].first <= first && values[i].last >= last);
    }

    int64_t sum_e6 = 0;
    enum period_figure figure = tile(values, n, first, last, &sum_e6);
    if (figure != PERIOD_FIGURE_TILED && coarser) {
        return PERIOD_FIGURE_COARSER;
    }
    *ret_value_e6 = sum_e6;
    return figure;
}
