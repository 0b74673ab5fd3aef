/*
 * Purging readings by age and size, oldest first: never past what a sink has not delivered.
 * Intervals, days and results stay; intervals keep their registers, so energy can be
 * derived again. Every purge is counted in an event "purged".
 */
#ifndef ECMON_STORE_PURGE_H
#define ECMON_STORE_PURGE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store.h"

struct purge_options {
    int64_t now_ms;
    int64_t keep_ms;        /* readings of slots older than this go */
    int64_t max_size_bytes; /* pages in use beyond this: the oldest day goes, whatever its
                               age */
    bool has_sink;          /* rows after the slowest cursor stay */
    int64_t limit;          /* most rows at once */
};

/*
 * Writer, in the open transaction: one portion. *ret_more: call again, soon. Returns how
 * many readings went, or enum err.
 */
int64_t purge_readings(struct store *store, const struct purge_options *options,
                       bool *ret_more);

#endif
