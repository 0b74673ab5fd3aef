/*
 * Energy in the store: what intervals are made from (registers, versions), quarter-hours
 * with their history and progress, days of meters and enterprises. What is decided is
 * decided by daemon/assess; here a row equal to the stored one changes nothing, another one
 * becomes the newest revision and the old one is kept.
 */
#ifndef ECMON_STORE_ENERGY_H
#define ECMON_STORE_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/interval.h>
#include <ecmon/meter.h>
#include <ecmon/time.h>

#include "daemon/store/store.h"

/* ---- what intervals are made from ---- */

/* Meters first <= meter_no <= last, slots from <= slot <= until. */
struct energy_span {
    uint32_t first_meter_no;
    uint32_t last_meter_no;
    int64_t from_ms;
    int64_t until_ms;
};

/* fn returns non-zero to stop, which is then returned (negative: enum err). */
typedef int (*energy_reading_fn)(void *ctx, uint32_t meter_no,
                                 const struct register_reading *reading);

/* Readings that hold an energy register or power, by slot, then meter. Needs no schedule.
 */
int energy_readings_each(struct store *store, const struct energy_span *span,
                         energy_reading_fn fn, void *ctx);
/* The newest reading of span->first_meter_no in the span that holds all registers of a mask
 * (bit e, as in present). ERR_NOT_FOUND. */
int energy_reading_newest(struct store *store, const struct energy_span *span,
                          uint32_t registers, struct register_reading *ret_reading);

/* One version of one meter, as energy accounting needs it. */
struct energy_meter {
    uint32_t meter_no;
    uint32_t parent_no; /* 0 = none */
    enum meter_role role;
    bool live;     /* has an endpoint: is due every quarter-hour */
    bool has_next; /* some quarter-hour was closed, or skipped as before its time */
    int64_t next_start_ms;
    struct register_version version;
};

/* Versions of the meters first..last, by meter_no and since. *ret_meters is the caller's.
 */
int energy_meters(struct store *store, uint32_t first_meter_no, uint32_t last_meter_no,
                  struct energy_meter **ret_meters, int *ret_n);
/* When the meter was first due; ERR_NOT_FOUND when it never was. */
int energy_first_due(struct store *store, uint32_t meter_no, int64_t *ret_from_ms);

/* ---- quarter-hours ---- */

/* Progress: the first quarter-hour of a meter that is not closed. */
struct energy_progress {
    uint32_t meter_no;
    int64_t next_start_ms;
};

/* Meters after a number whose next quarter-hour ends at or before end_ms, by meter_no, at
 * most cap. Returns their number or enum err. */
int energy_progress_due(struct store *store, uint32_t after_meter_no, int64_t end_ms,
                        struct energy_progress *ret_progress, int cap);
/* Meters after a number that have no progress yet, at most cap. */
int energy_progress_none(struct store *store, uint32_t after_meter_no,
                         uint32_t *ret_meter_nos, int cap);
int energy_progress_get(struct store *store, uint32_t meter_no, int64_t *ret_next_start_ms);
int energy_progress_set(struct store *store, uint32_t meter_no, int64_t next_start_ms);

enum energy_change {
    ENERGY_SAME,
    ENERGY_NEW,
    ENERGY_CHANGED
};

/*
 * Writer: stores a quarter-hour. CHANGED keeps the old row in the history and raises the
 * revision by one. NEW and CHANGED are journalled, late when revised or ended over a day
 * before now_ms. interval->revision is ignored. Returns enum energy_change or enum err.
 */
int energy_interval_put(struct store *store, const struct interval *interval,
                        int64_t now_ms);
/* revision -1: the newest; older ones come from the history. ERR_NOT_FOUND. */
int energy_interval_get(struct store *store, uint32_t meter_no, int64_t start_ts_ms,
                        int32_t revision, struct interval *ret_interval);
/* Newest rows of one meter, from <= start < until, in order. fn as above. */
int energy_intervals_each(struct store *store, uint32_t meter_no, int64_t from_ms,
                          int64_t until_ms,
                          int (*fn)(void *ctx, const struct interval *interval), void *ctx);
/* Newest rows of the meters first..last that start at one instant, by meter. fn as above.
 */
int energy_intervals_at(struct store *store, uint32_t first_meter_no,
                        uint32_t last_meter_no, int64_t start_ts_ms,
                        int (*fn)(void *ctx, const struct interval *interval), void *ctx);

/* Writer: an event that is written once: not again for the same instant, code and object.
 */
int energy_event(struct store *store, int64_t ts_ms, const char *code, const char *object,
                 const char *detail);

/* ---- days of meters ---- */

#define MIDNIGHT_START                                                                     \
    1 /* the day's first register is known: read, or interpolated nearby */
#define MIDNIGHT_END 2

struct meter_day {
    uint32_t meter_no;
    day_t day;
    int32_t quarters; /* closed so far, of 96 */
    bool has_import;  /* all of them have energy */
    int64_t import_wh;
    bool has_export;
    int64_t export_wh;
    int32_t known_quarters; /* measured | interpolated */
    uint32_t midnights;
    enum quality quality;
    int32_t revision;
};

/* Writer: the newest state of a meter's day. A row with fewer than 96 quarters is still
 * open: replacing it does not raise the revision. Returns enum energy_change or enum err.
 */
int energy_meter_day_put(struct store *store, const struct meter_day *meter_day);
/* ERR_NOT_FOUND when there is no row. */
int energy_meter_day_get(struct store *store, uint32_t meter_no, day_t day,
                         struct meter_day *ret_meter_day);
/* All rows of a day by meter_no. fn as above. */
int energy_meter_days_each(struct store *store, day_t day,
                           int (*fn)(void *ctx, const struct meter_day *meter_day),
                           void *ctx);

/* ---- days of enterprises ---- */

enum energy_source {
    ENERGY_SOURCE_NONE,
    ENERGY_SOURCE_METER,
    ENERGY_SOURCE_IMPORT
};

/* NULL for NONE, "meter", "import". */
const char *energy_source_name(enum energy_source source);

struct energy_day {
    uint32_t enterprise_no;
    day_t day;
    bool has_energy; /* energy, import, export and generation are known; else they are 0 */
    int64_t energy_wh;
    int64_t import_wh;
    int64_t export_wh;
    int64_t generation_wh;
    int64_t coverage_num;
    int64_t coverage_den; /* 0: no meter */
    enum quality quality;
    bool valid;
    enum energy_source source;
    bool complete; /* false: the day goes on; replacing the row does not raise the revision
                    */
    int32_t revision;
};

/* Writer: energy_day_source (by source) and energy_day. Both return enum energy_change or
 * enum err; the history of energy_day keeps what is replaced. revision is ignored. */
int energy_day_source_put(struct store *store, const struct energy_day *energy_day);
int energy_day_put(struct store *store, const struct energy_day *energy_day);
/* The rows of a day by enterprise_no; source NONE: energy_day, else energy_day_source. */
int energy_days_each(struct store *store, day_t day, enum energy_source source,
                     int (*fn)(void *ctx, const struct energy_day *energy_day), void *ctx);
/* ERR_NOT_FOUND when there is no row (reads as missing). */
int energy_day_get(struct store *store, uint32_t enterprise_no, day_t day,
                   struct energy_day *ret_energy_day);

/* An imported day of a whole enterprise. (Those of single accounts, 户号, are left out.) */
struct energy_import {
    uint32_t enterprise_no;
    int64_t import_wh;
    int64_t export_wh;     /* 0 when not given */
    int64_t generation_wh; /* 0 when not given */
};

/* By enterprise_no. fn as above. */
int energy_imports_each(struct store *store, day_t day,
                        int (*fn)(void *ctx, const struct energy_import *import),
                        void *ctx);

#endif
