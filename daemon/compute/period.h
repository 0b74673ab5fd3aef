/*
 * The figure of a period: the row of exactly that period, else the sum of a gap-free tiling
 * by finer rows, else missing; coarser rows are never split (interfaces.md §5 "Imports").
 * Pure.
 */
#ifndef ECMON_COMPUTE_PERIOD_H
#define ECMON_COMPUTE_PERIOD_H

#include <stdint.h>

#include <ecmon/time.h>

/* One imported row; days inclusive. */
struct period_value {
    day_t first;
    day_t last;
    int64_t value_e6;
};

enum period_figure {
    PERIOD_FIGURE_NONE, /* nothing touches the period */
    PERIOD_FIGURE_EXACT,
    PERIOD_FIGURE_TILED,
    PERIOD_FIGURE_PARTIAL, /* finer rows leave a gap */
    PERIOD_FIGURE_COARSER  /* known for an enclosing period only */
};

/*
 * values: the rows of one item, sorted by first, then the longer one first. *ret_value_e6
 * is the figure when EXACT or TILED, the sum of what is there when PARTIAL, else 0.
 */
enum period_figure period_figure_of(const struct period_value *values, int n, day_t first,
                                    day_t last, int64_t *ret_value_e6);
/* For qsort: the order that period_figure_of wants. */
int period_value_compare(const void *a, const void *b);

#endif
