/*
 * Keeps stored rates and carbon up to date: works off the table stale. Kinds: 'rates' (a
 * day whose inputs changed), 'carbon' (a period, or 'all'), and its own 'rates_again' (a
 * day whose neighbours changed).
 */
#ifndef ECMON_ASSESS_RATES_STALE_H
#define ECMON_ASSESS_RATES_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/method.h>

#include "daemon/store/store.h"

struct assess_options {
    const struct resumption_method *resumption; /* of the configuration; NULL = none */
    const struct carbon_method *carbon;
    const struct zone *zone;
    int64_t now_ms;
};

/*
 * Writer, in the open transaction (begun when there is none, never committed here): at most
 * limit days and periods, newest first. *ret_more: something is left. Returns how many, or
 * enum err.
 */
int assess_stale(struct store *writer, const struct methods *methods,
                 const struct assess_options *options, int limit, bool *ret_more);

#endif
