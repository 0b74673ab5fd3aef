/*
 * Rows for people, as the views show them: energy of enterprises and meters, and exports of
 * everything in a range. Each call reads from one snapshot.
 */
#ifndef ECMON_STORE_VIEW_H
#define ECMON_STORE_VIEW_H

#include <stdint.h>

#include <ecmon/row.h>
#include <ecmon/time.h>

#include "daemon/store/store.h"

/* What is asked for. An id that does not exist gives no rows. */
struct view_range {
    const char *enterprise; /* NULL: every one. Not used where meter is given. */
    const char *meter;      /* NULL: none, see the functions */
    int64_t from_ms;
    int64_t until_ms; /* exclusive */
};

enum view_by {
    VIEW_BY_INTERVAL,
    VIEW_BY_DAY,
    VIEW_BY_MONTH
};

/*
 * Energy (电量) per quarter-hour, local day or month. With a meter its own register, else
 * the consumption of enterprises. Days: every day of the range that the enterprise (meter)
 * is in force has a row, missing where nothing is known. Months: these days added up
 * (n_days of them); one without a row is missing, so the month is not valid. Rows are
 * sorted by id and time. Columns: enterprise (or meter), day | period | start_ts_ms and
 * point, energy_wh, import_wh, export_wh, generation_wh, coverage, quality, valid, source,
 * revision; months have n_days and n_valid_days too. ret_rows is made here, the caller
 * calls rows_done. Returns 0 or enum err.
 */
int view_energy(struct store *store, const struct view_range *range, enum view_by by,
                struct rows *ret_rows);

enum view_kind {
    VIEW_READINGS,  /* v_reading: meter, slot */
    VIEW_INTERVALS, /* v_interval: meter, start */
    VIEW_DAYS       /* v_energy_day: enterprise, day */
};

/*
 * Rows in pages: page(ctx, rows) is called for up to 1000 rows at a time, at least once
 * (the columns stand in rows even when there is none), and returns non-zero to stop. meter
 * NULL: every one. Returns 0 or enum err; what page returned when it stopped.
 */
int view_export(struct store *store, enum view_kind kind, const struct view_range *range,
                int (*page)(void *ctx, const struct rows *rows), void *ctx);
/* VIEW_READINGS of range. */
int view_readings(struct store *store, const struct view_range *range,
                  int (*page)(void *ctx, const struct rows *rows), void *ctx);

#endif
