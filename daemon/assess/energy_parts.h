/* Room-internal: what the files of energy accounting share. */
#ifndef ECMON_ASSESS_ENERGY_PARTS_H
#define ECMON_ASSESS_ENERGY_PARTS_H

#include "daemon/compute/interval.h"
#include "daemon/store/energy.h"

#define CLOSING_DAY_QUARTERS QUARTER_HOURS_PER_DAY

/* One meter in the works: its versions lie in the array of energy_meters. */
struct closing_meter {
    uint32_t meter_no;
    bool live;
    bool has_next;
    int64_t next_start_ms;
    const struct energy_meter *version; /* n_versions rows */
    int n_versions;
};

/* Readings of one meter. */
struct closing_readings {
    struct register_reading *reading; /* owned by who filled it */
    size_t n;
    size_t cap;
    uint32_t held;
    bool at_end; /* nothing newer is in the store */
};

/* A pass over meters; scratch is kept between them. */
struct closing {
    struct store *store;
    int64_t now_ms;
    struct zone zone;
    day_t stale_day; /* marked last; DAY_MIN = none */
    int n_written;   /* quarter-hours new or changed */
    bool more;
    struct closing_readings readings; /* of one meter */
    struct register_version *version; /* of one meter */
    int cap_versions;
    struct interval_result result;
    struct interval interval[CLOSING_DAY_QUARTERS];
};

void closing_init(struct closing *closing, struct store *store, int64_t now_ms);
void closing_done(struct closing *closing);

/* Splits rows of energy_meters: the meter that begins at row i. */
void closing_meter_at(const struct energy_meter *rows, int n, int i,
                      struct closing_meter *ret_meter);

/* energy_write.c: makes the quarter-hours from <= start < until out of readings (those in
 * force versions say), stores what differs with its events and days. Returns 0 or enum err.
 */
int closing_write(struct closing *closing, const struct closing_meter *meter,
                  const struct closing_readings *readings, int64_t from_ms,
                  int64_t until_ms);
/* Up to where quarter-hours can be closed with these readings: a boundary, or from_ms. */
int64_t closing_limit(const struct closing *closing, const struct closing_meter *meter,
                      const struct closing_readings *readings, int64_t from_ms);
/* An instant inside the quarter-hour of slot_ms where a version begins; INT64_MIN = none.
 */
int64_t closing_cut(const struct closing_meter *meter, int64_t slot_ms);

/* energy_meter.c: the general way for one meter. */
int closing_advance(struct closing *closing, const struct closing_meter *meter);

/* Work on quarter-hours that were closed. */
struct closing_job {
    int64_t
        from_ms; /* something changed here; with goes_on: the quarter-hour to go on with */
    int64_t until_ms;
    bool goes_on;
};

/* Makes a bite of quarter-hours again; *job becomes what is left to do, from_ms TS_MS_OPEN
 * when nothing is. */
int closing_reopen(struct closing *closing, const struct closing_meter *meter,
                   struct closing_job *job);

#endif
