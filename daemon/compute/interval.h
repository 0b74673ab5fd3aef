/*
 * Registers to quarter-hours (冻结电量, 15 min). Pure: the readings and versions of one
 * meter in, quarter-hours out. Rules (interfaces.md §3, "Counters to intervals" of the
 * design):
 *
 * - The register of a boundary is the reading of that very slot (measured); else it is
 *   interpolated linearly between the readings around it, to whole register units: within
 *   15 minutes of both (interpolated), or inside a longer gap (estimated), whose energy is
 * thereby spread evenly over time.
 * - The energy between two boundaries is k·end - k·start, each rounded to Wh (k: exact Wh
 * per unit), plus k·range rounded for a rollover. So the sum over any range is what its
 * first and last register prove, to the watt-hour.
 * - No energy lies across a reset, or an exchange whose registers are not known. The
 * quarter-hour in which it happened has what the registers prove on both sides, estimated;
 * quarter-hours that lie whole in between are missing.
 * - Quality is that of energy_import_wh, the worse of both boundaries; the other registers
 * are present or not, each by itself. The quarter-hour of the first reading has what was
 * proven from there on, estimated; the one after the last reading is missing until a
 * reading closes it.
 */
#ifndef ECMON_COMPUTE_INTERVAL_H
#define ECMON_COMPUTE_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/interval.h>

#include "daemon/compute/counter.h"

/* Interpolation reaches this far to both sides of a boundary, inclusive. */
#define INTERVAL_NEAR_MS INT64_C(900000)

struct interval_window {
    uint32_t meter_no;
    const struct register_version *version; /* by since_ms, not overlapping */
    int n_versions;
    /* By slot_ts_ms, distinct. The first should be the newest at or before from_ms. */
    const struct register_reading *reading;
    size_t n_readings;
    uint32_t held;   /* bit e: register e of the first reading is held (struct interval) */
    int64_t from_ms; /* quarter-hours from <= start < until, both aligned */
    int64_t until_ms;
};

/* A rollover or reset, for the event log. */
struct interval_event {
    int64_t ts_ms; /* slot of the reading that showed it */
    enum quantity quantity;
    enum counter_step step;
    int64_t old_units;
    int64_t new_units;
};

#define INTERVAL_EVENTS_MAX 32

/* Arrays are the caller's. */
struct interval_result {
    struct interval *interval;
    int cap;
    int n;
    struct interval_event event[INTERVAL_EVENTS_MAX]; /* those with from < ts <= until */
    int n_events; /* more than INTERVAL_EVENTS_MAX are dropped */
};

/*
 * Makes the quarter-hours of the window, in order; those in which no version is in force
 * are left out. revision is 0. Returns 0, ERR_FULL when cap is too small, ERR_NOMEM.
 */
int interval_make(const struct interval_window *window, struct interval_result *result);

/*
 * Appends a reading to an array of n (room for one more is the caller's) and drops the one
 * before it when that proves nothing that its neighbours do not: same quarter-hour, same
 * registers, none goes down. Its power moves on to the new one when greater. cut_ms: an
 * instant inside the quarter-hour (a version's since) across which nothing is dropped;
 * INT64_MIN = none. Returns the new n.
 */
size_t interval_readings_add(struct register_reading *readings, size_t n,
                             const struct register_reading *next, int64_t cut_ms);

/* Start of the quarter-hour that holds an instant, and the first boundary at or after it.
 */
int64_t interval_floor(int64_t ts_ms);
int64_t interval_ceil(int64_t ts_ms);

#endif
