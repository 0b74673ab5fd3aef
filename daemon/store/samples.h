/* Readings and their schedule: tables reading, slot, meter_span, meter_last. */
#ifndef ECMON_STORE_SAMPLES_H
#define ECMON_STORE_SAMPLES_H

#include <ecmon/sample.h>

#include "daemon/store/store.h"

/* Writer: stores one outcome in the open transaction, with its slot row and its journal
 * member. A slot met twice keeps the first row (returns ERR_EXISTS, counted by the caller).
 * late: the slot lies before one already committed for this meter; what was computed from
 * it is marked stale ("meter"). */
int samples_insert(struct store *store, const struct sample *sample, bool late);

/* Writer: the schedule. Opens or changes the meter's span from from_ms on; interval_s 0
 * ends it. */
int samples_schedule(struct store *store, uint32_t meter_no, int64_t from_ms,
                     int32_t interval_s);
/* Writer: after a stop, inserts the slots of running spans from the last one up to now as
 * closed, so that what was missed while nothing ran is counted. Returns how many, or enum
 * err. */
int samples_account_outage(struct store *store, int64_t now_ms);

/* Reader: one outcome. ERR_NOT_FOUND when there is no row. */
int samples_get(struct store *store, uint32_t meter_no, int64_t slot_ts_ms,
                struct sample *ret_sample);
/* Reader: outcomes of one meter with from_ms <= slot < until_ms in slot order, those with a
 * row only. fn returns non-zero to stop. Returns 0 or enum err. */
int samples_each(struct store *store, uint32_t meter_no, int64_t from_ms, int64_t until_ms,
                 int (*fn)(void *ctx, const struct sample *sample), void *ctx);
/* Reader: newest outcome of a meter at or before ts_ms; status ok or partial only when
 * energy is asked for. ERR_NOT_FOUND when none within 400 days. */
int samples_newest(struct store *store, uint32_t meter_no, int64_t ts_ms, bool with_energy,
                   struct sample *ret_sample);
/* Reader: scheduled and ok slots of one meter (0 = all meters) in a range. */
int samples_count(struct store *store, uint32_t meter_no, int64_t from_ms, int64_t until_ms,
                  int64_t *ret_scheduled, int64_t *ret_ok);

#endif
