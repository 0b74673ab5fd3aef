/* Quarter-hours: tables interval, interval_history. */
#include <string.h>

#include <ecmon/err.h>

#include "daemon/store/energy.h"
#include "daemon/store/journal.h"
#include "daemon/store/state.h"

#define INTERVAL_COLUMNS                                                                   \
    "key, revision, enterprise_no, energy_import_wh, energy_export_wh, "                   \
    "reactive_import_varh, "                                                               \
    "reactive_export_varh, max_power_w, start_register, start_register_ts_ms, "            \
    "end_register, "                                                                       \
    "end_register_ts_ms, held, quality"
#define INTERVAL_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"

static int64_t key_of(int64_t start_ts_ms, uint32_t meter_no)
{
    return (start_ts_ms / MS_PER_S) << 20 | (int64_t)meter_no;
}

static void bind_interval(sqlite3_stmt *stmt, const struct interval *interval)
{
    (void)sqlite3_bind_int64(stmt, 1, key_of(interval->start_ts_ms, interval->meter_no));
    (void)sqlite3_bind_int(stmt, 2, interval->revision);
    (void)sqlite3_bind_int64(stmt, 3, interval->enterprise_no);
    for (int e = 0; e < ENERGY_COUNT; e++) {
        db_bind_optional(stmt, 4 + e, ((interval->present >> e) & 1u) != 0,
                         interval->energy[e]);
    }
    db_bind_optional(stmt, 8, interval->has_max_power, interval->max_power_w);
    db_bind_optional(stmt, 9, interval->has_start, interval->start_register);
    db_bind_optional(stmt, 10, interval->has_start, interval->start_register_ts_ms);
    db_bind_optional(stmt, 11, interval->has_end, interval->end_register);
    db_bind_optional(stmt, 12, interval->has_end, interval->end_register_ts_ms);
    (void)sqlite3_bind_int64(stmt, 13, interval->held);
    (void)sqlite3_bind_int(stmt, 14, (int)interval->quality);
}

static void read_interval(sqlite3_stmt *stmt, struct interval *interval)
{
    int64_t key = sqlite3_column_int64(stmt, 0);

    memset(interval, 0, sizeof(*interval));
    interval->start_ts_ms = (key >> 20) * MS_PER_S;
    interval->meter_no = (uint32_t)(key & 0xfffff);
    interval->revision = sqlite3_column_int(stmt, 1);
    interval->enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 2);
    for (int e = 0; e < ENERGY_COUNT; e++) {
        if (db_column_optional(stmt, 3 + e, &interval->energy[e])) {
            interval->present |= 1u << e;
        }
    }
    interval->has_max_power = db_column_optional(stmt, 7, &interval->max_power_w);
    interval->has_start = db_column_optional(stmt, 8, &interval->start_register);
    (void)db_column_optional(stmt, 9, &interval->start_register_ts_ms);
    interval->has_end = db_column_optional(stmt, 10, &interval->end_register);
    (void)db_column_optional(stmt, 11, &interval->end_register_ts_ms);
    interval->held = (uint32_t)sqlite3_column_int64(stmt, 12);
    interval->quality = (enum quality)sqlite3_column_int(stmt, 13);
}

static bool same_optional(bool has_a, int64_t a, bool has_b, int64_t b)
{
    return has_a == has_b && (!has_a || a == b);
}

static bool is_same(const struct interval *a, const struct interval *b)
{
    for (int e = 0; e < ENERGY_COUNT; e++) {
        if (!same_optional(((a->present >> e) & 1u) != 0, a->energy[e],
                           ((b->present >> e) & 1u) != 0, b->energy[e])) {
            return false;
        }
    }
    return a->enterprise_no == b->enterprise_no && a->quality == b->quality &&
           a->held == b->held &&
           same_optional(a->has_max_power, a->max_power_w, b->has_max_power,
                         b->max_power_w) &&
           same_optional(a->has_start, a->start_register, b->has_start,
                         b->start_register) &&
           same_optional(a->has_start, a->start_register_ts_ms, b->has_start,
                         b->start_register_ts_ms) &&
           same_optional(a->has_end, a->end_register, b->has_end, b->end_register) &&
           same_optional(a->has_end, a->end_register_ts_ms, b->has_end,
                         b->end_register_ts_ms);
}

static int journal_interval(struct store *store, const struct interval *interval,
                            int64_t now_ms)
{
    int64_t end_ms = interval->start_ts_ms + MS_PER_QUARTER_HOUR;
    struct journal_entry entry = {.kind = JOURNAL_INTERVAL,
                                  .late = interval->revision > 0 ||
                                          now_ms - end_ms > MS_PER_DAY,
                                  .slot_ts_ms = interval->start_ts_ms,
                                  .meter_no = interval->meter_no,
                                  .revision = interval->revision};

    return journal_append(store, &entry, NULL);
}

static int insert(struct store *store, const struct interval *interval)
{
    sqlite3_stmt *stmt = db_prepare(store, "INSERT INTO interval (" INTERVAL_COLUMNS
                                           ") VALUES (" INTERVAL_VALUES ")");

    bind_interval(stmt, interval);
    return db_run(store, stmt);
}

static int keep_history(struct store *store, const struct interval *interval)
{
    sqlite3_stmt *stmt = db_prepare(store, "INSERT INTO interval_history (" INTERVAL_COLUMNS
                                           ") VALUES (" INTERVAL_VALUES ")");

    bind_interval(stmt, interval);
    return db_run(store, stmt);
}

static int update(struct store *store, const struct interval *interval)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "UPDATE interval SET revision = ?2, enterprise_no = ?3, energy_import_wh = ?4, "
        "energy_export_wh = ?5, reactive_import_varh = ?6, reactive_export_varh = ?7, "
        "max_power_w = ?8, start_register = ?9, start_register_ts_ms = ?10, "
        "end_register = ?11, end_register_ts_ms = ?12, held = ?13, quality = ?14 "
        "WHERE key = ?1");

    bind_interval(stmt, interval);
    return db_run(store, stmt);
}

int energy_interval_put(struct store *store, const struct interval *interval,
                        int64_t now_ms)
{
    struct interval row = *interval;
    struct interval old;

    row.revision = 0;
    int err = insert(store, &row);

    if (err == 0) {
        err = journal_interval(store, &row, now_ms);
        return err == 0 ? (int)ENERGY_NEW : err;
    }
    if (err != ERR_EXISTS) {
        return err;
    }
    err = energy_interval_get(store, row.meter_no, row.start_ts_ms, -1, &old);
    if (err != 0 || is_same(&old, &row)) {
        return err == 0 ? (int)ENERGY_SAME : err;
    }
    row.revision = old.revision + 1;
    err = keep_history(store, &old);
    if (err == 0) {
        err = update(store, &row);
    }
    if (err == 0) {
        err = journal_interval(store, &row, now_ms);
    }
    return err == 0 ? (int)ENERGY_CHANGED : err;
}

static int get_row(struct store *store, sqlite3_stmt *stmt, struct interval *ret_interval)
{
    int row = db_step(store, stmt);

    if (row != 1) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    read_interval(stmt, ret_interval);
    (void)sqlite3_reset(stmt);
    return 0;
}

int energy_interval_get(struct store *store, uint32_t meter_no, int64_t start_ts_ms,
                        int32_t revision, struct interval *ret_interval)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " INTERVAL_COLUMNS " FROM interval WHERE key = ?1");
    struct interval interval;

    (void)sqlite3_bind_int64(stmt, 1, key_of(start_ts_ms, meter_no));
    int err = get_row(store, stmt, &interval);

    if (err == 0 && revision >= 0 && revision != interval.revision) {
        stmt = db_prepare(store, "SELECT " INTERVAL_COLUMNS " FROM interval_history "
                                 "WHERE key = ?1 AND revision = ?2");
        (void)sqlite3_bind_int64(stmt, 1, key_of(start_ts_ms, meter_no));
        (void)sqlite3_bind_int(stmt, 2, revision);
        err = get_row(store, stmt, &interval);
    }
    if (err == 0) {
        *ret_interval = interval;
    }
    return err;
}

int energy_intervals_each(struct store *store, uint32_t meter_no, int64_t from_ms,
                          int64_t until_ms,
                          int (*fn)(void *ctx, const struct interval *interval), void *ctx)
{
    for (int64_t at_ms = from_ms; at_ms < until_ms; at_ms += MS_PER_QUARTER_HOUR) {
        struct interval interval;
        int err = energy_interval_get(store, meter_no, at_ms, -1, &interval);

        if (err == 0) {
            err = fn(ctx, &interval);
        }
        if (err != 0 && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return 0;
}

int energy_intervals_at(struct store *store, uint32_t first_meter_no,
                        uint32_t last_meter_no, int64_t start_ts_ms,
                        int (*fn)(void *ctx, const struct interval *interval), void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " INTERVAL_COLUMNS " FROM interval "
                                           "WHERE key BETWEEN ?1 AND ?2 ORDER BY key");
    int row = 1;

    (void)sqlite3_bind_int64(stmt, 1, key_of(start_ts_ms, first_meter_no));
    (void)sqlite3_bind_int64(stmt, 2, key_of(start_ts_ms, last_meter_no));
    while ((row = db_step(store, stmt)) == 1) {
        struct interval interval;

        read_interval(stmt, &interval);
        int stop = fn(ctx, &interval);

        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return row;
}
