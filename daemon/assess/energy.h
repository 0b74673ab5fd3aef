/*
 * Energy accounting: readings → quarter-hours → days, exact integers, each step made again
 * only where its inputs changed. Every function works on a writable store inside the
 * transaction of the caller (the daemon: in a write job, in portions; the tool without a
 * daemon: at once) and never commits. Nothing is remembered outside the store: interrupted
 * anywhere and gone on with later, it makes the same rows.
 *
 * Work is found in interval_progress and in the table stale. Kind "meter", key
 * "<meter_no>:<from_ms>" (or "…:<until_ms>", what changed ends there; "…:on", half done):
 * the meter's readings, ratio or versions changed, its quarter-hours are made again and
 * kept where equal. Kind "day", key "YYYY-MM-DD": the day of the enterprises is made again.
 * Left there for others when a day changed: "rates" with the day.
 */
#ifndef ECMON_ASSESS_ENERGY_H
#define ECMON_ASSESS_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store.h"

/* A quarter-hour whose last register did not come is declared missing this long after its
 * end: 15 minutes in which a later reading could still interpolate it, and one for that to
 * arrive. */
#define ENERGY_MISSING_AFTER_MS INT64_C(960000)

struct energy_options {
    bool prefer_import; /* assess.energy_source: import */
};

/*
 * Closes quarter-hours: of meters with an endpoint as time goes on, of others only where
 * stale. A quarter-hour closes when its last register is read or enclosed by readings; see
 * ENERGY_MISSING_AFTER_MS for those where none comes; a later reading makes them again
 * (estimated, revision + 1, late). Rollovers and resets go to the event log.
 *
 * max_meters   about how many meters' quarter-hours to write before returning, > 0
 * ret_more     something is left that can be closed now
 *
 * Returns how many quarter-hours were written, or enum err.
 */
int energy_close(struct store *store, int64_t now_ms, int max_meters, bool *ret_more);

/* The meter's quarter-hours from an instant on must be made again. Returns 0 or enum err.
 */
int energy_reopen(struct store *store, uint32_t meter_no, int64_t from_ms);
/* A sample came late: makes again what it touches, nothing when its quarter-hour is not
 * closed yet. Cheap: call it for each one. */
int energy_reopen_slot(struct store *store, uint32_t meter_no, int64_t slot_ts_ms);

/*
 * Makes stale days again, newest first, today included as far as it is closed (valid only
 * once it is complete). The rules are those of interfaces.md §2 "Consumption of an
 * enterprise" and §4 "A day of an enterprise".
 *
 * max_days     how many days, > 0
 * ret_more     stale days are left
 *
 * Returns how many days were made, or enum err.
 */
int energy_days(struct store *store, int64_t now_ms, const struct energy_options *options,
                int max_days, bool *ret_more);

/* Both until nothing is left. Returns 0 or enum err. */
int energy_catch_up(struct store *store, int64_t now_ms,
                    const struct energy_options *options);

#endif
