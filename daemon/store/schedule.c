#include <stdlib.h>

#include <ecmon/err.h>

#include "daemon/store/samples.h"
#include "daemon/store/state.h"

#define INTERVALS_MAX 32               /* 900 has 27 divisors */
#define FILL_MAX      INT64_C(1000000) /* slots made up at once: two years of minutes */

/* How far the slots of one interval reach. INT64_MIN: none. */
struct slot_state {
    int32_t interval_s;
    int64_t last_ms;
    int64_t closed_ms; /* everything up to here is closed */
};

struct schedule_state {
    struct slot_state slot[INTERVALS_MAX];
    int n_slots;
};

int schedule_state_new(struct store *store)
{
    store->schedule = calloc(1, sizeof(*store->schedule));
    return store->schedule == NULL ? ERR_NOMEM : 0;
}

void schedule_state_free(struct store *store)
{
    free(store->schedule);
    store->schedule = NULL;
}

void schedule_forget(struct store *store)
{
    if (store->schedule != NULL) {
        store->schedule->n_slots = 0;
    }
}

/* What is read is added to and divided by: a damaged row must not get that far. */
static int damaged(struct store *store)
{
    db_latch_text(store, "the schedule (tables meter_span, slot) is damaged");
    return ERR_CORRUPT;
}

static bool is_instant(int64_t ts_ms)
{
    return ts_ms > -TS_MS_END && ts_ms < TS_MS_END;
}

static bool is_interval(int32_t interval_s)
{
    return interval_s > 0 && interval_s <= INTERVAL_S_MAX;
}

static int newest_slot(struct store *store, sqlite3_stmt *stmt, int32_t interval_s,
                       int64_t *ret_slot_ts_ms)
{
    (void)sqlite3_bind_int(stmt, 1, interval_s);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    *ret_slot_ts_ms = row == 1 ? sqlite3_column_int64(stmt, 0) : INT64_MIN;
    (void)sqlite3_reset(stmt);
    return row == 0 || is_instant(*ret_slot_ts_ms) ? 0 : damaged(store);
}

static int load_slot(struct store *store, int32_t interval_s, struct slot_state *slot)
{
    int err =
        newest_slot(store,
                    db_prepare(store, "SELECT slot_ts_ms FROM slot WHERE interval_s = ?1 "
                                      "ORDER BY slot_ts_ms DESC LIMIT 1"),
                    interval_s, &slot->last_ms);

    if (err == 0) {
        err = newest_slot(store,
                          db_prepare(store,
                                     "SELECT slot_ts_ms FROM slot WHERE interval_s = ?1 "
                                     "AND closed = 1 ORDER BY slot_ts_ms DESC LIMIT 1"),
                          interval_s, &slot->closed_ms);
    }
    slot->interval_s = interval_s;
    return err;
}

static int slot_of(struct store *store, int32_t interval_s, struct slot_state **ret_slot)
{
    struct schedule_state *schedule = store->schedule;

    for (int i = 0; i < schedule->n_slots; i++) {
        if (schedule->slot[i].interval_s == interval_s) {
            *ret_slot = &schedule->slot[i];
            return 0;
        }
    }
    if (!is_interval(interval_s) || schedule->n_slots == INTERVALS_MAX) {
        return damaged(store);
    }
    int err = load_slot(store, interval_s, &schedule->slot[schedule->n_slots]);

    if (err == 0) {
        *ret_slot = &schedule->slot[schedule->n_slots++];
    }
    return err;
}

static int put_slot(struct store *store, int32_t interval_s, int64_t slot_ts_ms,
                    bool closed)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT OR IGNORE INTO slot (interval_s, slot_ts_ms, closed) VALUES (?1, ?2, ?3)");

    (void)sqlite3_bind_int(stmt, 1, interval_s);
    (void)sqlite3_bind_int64(stmt, 2, slot_ts_ms);
    (void)sqlite3_bind_int(stmt, 3, closed ? 1 : 0);
    return db_run(store, stmt);
}

/* Closed slots from `from_ms` (aligned) to before until_ms, the newest FILL_MAX of them.
 * Returns how many, or enum err. */
static int64_t fill(struct store *store, int32_t interval_s, int64_t from_ms,
                    int64_t until_ms)
{
    int64_t step_ms = interval_s * MS_PER_S;
    sqlite3_stmt *stmt =
        db_prepare(store, "WITH RECURSIVE due (ts) AS (SELECT ?2 UNION ALL "
                          "SELECT ts + ?3 FROM due WHERE ts + ?3 < ?4) "
                          "INSERT OR IGNORE INTO slot (interval_s, slot_ts_ms, closed) "
                          "SELECT ?1, ts, 1 FROM due");

    if (from_ms >= until_ms) {
        return 0;
    }
    int64_t n = (until_ms - from_ms) / step_ms;

    if (n > FILL_MAX) {
        from_ms += (n - FILL_MAX) * step_ms;
    }
    (void)sqlite3_bind_int(stmt, 1, interval_s);
    (void)sqlite3_bind_int64(stmt, 2, from_ms);
    (void)sqlite3_bind_int64(stmt, 3, step_ms);
    (void)sqlite3_bind_int64(stmt, 4, until_ms);
    int err = db_run(store, stmt);

    return err != 0 ? err : sqlite3_changes(store->db);
}

static int close_up_to(struct store *store, struct slot_state *slot, int64_t slot_ts_ms)
{
    if (slot_ts_ms <= slot->closed_ms) {
        return 0;
    }
    sqlite3_stmt *stmt =
        db_prepare(store, "UPDATE slot SET closed = 1 WHERE interval_s = ?1 "
                          "AND slot_ts_ms > ?2 AND slot_ts_ms <= ?3");

    (void)sqlite3_bind_int(stmt, 1, slot->interval_s);
    (void)sqlite3_bind_int64(stmt, 2, slot->closed_ms);
    (void)sqlite3_bind_int64(stmt, 3, slot_ts_ms);
    int err = db_run(store, stmt);

    if (err == 0) {
        slot->closed_ms = slot_ts_ms;
    }
    return err;
}

/* The first aligned instant at which a running span of the interval was due after the last
 * slot; INT64_MAX when no span runs. */
static int first_due(struct store *store, const struct slot_state *slot, int64_t *ret_ts_ms)
{
    int64_t step_ms = slot->interval_s * MS_PER_S;
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT min(from_ms) FROM meter_span WHERE interval_s = ?1 AND until_ms > ?2");
    int64_t from_ms = INT64_MAX;
    bool has_span = false;

    (void)sqlite3_bind_int(stmt, 1, slot->interval_s);
    (void)sqlite3_bind_int64(
        stmt, 2, slot->last_ms == INT64_MIN ? INT64_MIN : slot->last_ms + step_ms);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    has_span = db_column_optional(stmt, 0, &from_ms);
    (void)sqlite3_reset(stmt);
    if (has_span) {
        if (!is_instant(from_ms)) {
            return damaged(store);
        }
        from_ms = floor_div(from_ms + step_ms - 1, step_ms) * step_ms;
        if (slot->last_ms != INT64_MIN && from_ms < slot->last_ms + step_ms) {
            from_ms = slot->last_ms + step_ms;
        }
    }
    *ret_ts_ms = from_ms;
    return 0;
}

/* Slots between the last one and until_ms in which spans ran but nothing came. */
static int64_t fill_up_to(struct store *store, struct slot_state *slot, int64_t until_ms)
{
    int64_t from_ms = 0;
    int err = first_due(store, slot, &from_ms);

    return err != 0 ? err : fill(store, slot->interval_s, from_ms, until_ms);
}

static int advance(struct store *store, struct slot_state *slot, int64_t slot_ts_ms)
{
    int64_t step_ms = slot->interval_s * MS_PER_S;

    if (slot->last_ms == INT64_MIN || slot->last_ms + step_ms < slot_ts_ms) {
        int64_t n = fill_up_to(store, slot, slot_ts_ms);

        if (n < 0) {
            return (int)n;
        }
    }
    int err = put_slot(store, slot->interval_s, slot_ts_ms, false);

    if (err == 0) {
        err = close_up_to(store, slot, slot_ts_ms - 2 * step_ms);
    }
    if (err == 0) {
        slot->last_ms = slot_ts_ms;
    }
    return err;
}

int schedule_take_slot(struct store *store, int32_t interval_s, int64_t slot_ts_ms)
{
    struct slot_state *slot = NULL;
    int err = slot_of(store, interval_s, &slot);

    if (err != 0 || slot_ts_ms == slot->last_ms) {
        return err;
    }
    return slot_ts_ms > slot->last_ms
               ? advance(store, slot, slot_ts_ms)
               : put_slot(store, interval_s, slot_ts_ms, slot_ts_ms <= slot->closed_ms);
}

static int put_span(struct store *store, uint32_t meter_no, const struct span *span)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT OR REPLACE INTO meter_span (meter_no, from_ms, until_ms, interval_s) "
        "VALUES (?1, ?2, ?3, ?4)");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, span->from_ms);
    (void)sqlite3_bind_int64(stmt, 3, span->until_ms);
    (void)sqlite3_bind_int(stmt, 4, span->interval_s);
    return db_run(store, stmt);
}

static int span_of_row(struct store *store, sqlite3_stmt *stmt, struct span *ret_span)
{
    int row = db_step(store, stmt);

    if (row <= 0) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    ret_span->from_ms = sqlite3_column_int64(stmt, 0);
    ret_span->until_ms = sqlite3_column_int64(stmt, 1);
    ret_span->interval_s = sqlite3_column_int(stmt, 2);
    (void)sqlite3_reset(stmt);
    return is_interval(ret_span->interval_s) && is_instant(ret_span->from_ms)
               ? 0
               : damaged(store);
}

/* The span that begins at or before ts_ms, or ERR_NOT_FOUND. */
static int span_before(struct store *store, uint32_t meter_no, int64_t ts_ms,
                       struct span *ret_span)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT from_ms, until_ms, interval_s FROM meter_span "
               "WHERE meter_no = ?1 AND from_ms <= ?2 ORDER BY from_ms DESC LIMIT 1");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, ts_ms);
    return span_of_row(store, stmt, ret_span);
}

static int span_after(struct store *store, uint32_t meter_no, int64_t ts_ms,
                      struct span *ret_span)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT from_ms, until_ms, interval_s FROM meter_span "
                          "WHERE meter_no = ?1 AND from_ms > ?2 ORDER BY from_ms LIMIT 1");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, ts_ms);
    return span_of_row(store, stmt, ret_span);
}

/* Spans from from_ms on are replaced by what comes. */
static int cut(struct store *store, uint32_t meter_no, int64_t from_ms)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "DELETE FROM meter_span WHERE meter_no = ?1 AND from_ms >= ?2");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, from_ms);
    int err = db_run(store, stmt);

    if (err != 0) {
        return err;
    }
    stmt = db_prepare(store, "UPDATE meter_span SET until_ms = ?2 "
                             "WHERE meter_no = ?1 AND from_ms < ?2 AND until_ms > ?2");
    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, from_ms);
    return db_run(store, stmt);
}

int samples_schedule(struct store *store, uint32_t meter_no, int64_t from_ms,
                     int32_t interval_s)
{
    struct span before = {INT64_MIN, INT64_MIN, 0};
    struct span span = {from_ms, TS_MS_OPEN, interval_s};

    if (!store->open || meter_no >= METER_NO_END || interval_s < 0 ||
        interval_s > INTERVAL_S_MAX || !is_instant(from_ms)) {
        return store->open ? ERR_RANGE : ERR_IO;
    }
    int err = span_before(store, meter_no, from_ms, &before);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == 0 && before.until_ms == TS_MS_OPEN && before.interval_s == interval_s) {
        return 0;
    }
    samples_drop_span(store, meter_no);
    err = cut(store, meter_no, from_ms);
    if (err != 0 || interval_s == 0) {
        return err;
    }
    if (before.interval_s == interval_s && before.until_ms >= from_ms) {
        span.from_ms = before.from_ms;
    }
    return put_span(store, meter_no, &span);
}

int schedule_cover(struct store *store, uint32_t meter_no, int64_t slot_ts_ms,
                   int32_t interval_s, struct span *ret_span)
{
    struct span span = {slot_ts_ms, TS_MS_OPEN, interval_s};
    struct span before = {INT64_MIN, INT64_MIN, 0};
    struct span after = {INT64_MAX, INT64_MAX, 0};
    int has_before = span_before(store, meter_no, slot_ts_ms, &before);
    int has_after = span_after(store, meter_no, slot_ts_ms, &after);

    if ((has_before != 0 && has_before != ERR_NOT_FOUND) ||
        (has_after != 0 && has_after != ERR_NOT_FOUND)) {
        return has_before != 0 && has_before != ERR_NOT_FOUND ? has_before : has_after;
    }
    if (has_before == 0 && slot_ts_ms < before.until_ms) {
        /* A slot of a schedule that was replaced meanwhile counts if the new one has it
         * too. */
        *ret_span = before;
        return slot_ts_ms % (before.interval_s * MS_PER_S) == 0
                   ? schedule_take_slot(store, before.interval_s, slot_ts_ms)
                   : 0;
    }
    if (has_before == 0 || has_after == 0) {
        /* Beside what is scheduled: this slot alone. */
        span.until_ms = slot_ts_ms + interval_s * MS_PER_S;
        if (span.until_ms > after.from_ms) {
            span.until_ms = after.from_ms;
        }
        if (before.until_ms == slot_ts_ms && before.interval_s == interval_s) {
            span.from_ms = before.from_ms;
        }
    }
    int err = put_span(store, meter_no, &span);

    if (err == 0) {
        *ret_span = span;
    }
    return err;
}

/* One interval: fills and closes what lies before now. Returns how many, or enum err. */
static int64_t account(struct store *store, int32_t interval_s, int64_t now_ms)
{
    struct slot_state *slot = NULL;
    int err = slot_of(store, interval_s, &slot);
    int64_t n = err != 0 ? err : fill_up_to(store, slot, now_ms);

    if (n < 0) {
        return n;
    }
    err = close_up_to(store, slot, now_ms - 1);
    schedule_forget(store);
    return err != 0 ? err : n;
}

int samples_account_outage(struct store *store, int64_t now_ms)
{
    int32_t interval_s[INTERVALS_MAX];
    int n_intervals = 0;
    int64_t total = 0;
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT interval_s FROM meter_span UNION SELECT interval_s FROM slot");
    int row = 1;

    while (n_intervals < INTERVALS_MAX && (row = db_step(store, stmt)) == 1) {
        interval_s[n_intervals++] = sqlite3_column_int(stmt, 0);
    }
    (void)sqlite3_reset(stmt);
    for (int i = 0; row >= 0 && i < n_intervals; i++) {
        int64_t n = account(store, interval_s[i], now_ms);

        if (n < 0) {
            return (int)n;
        }
        total += n;
    }
    return row < 0 ? row : (int)total;
}
