#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/samples.h"
#include "daemon/store/state.h"

#define LOOK_BACK_MS (400 * MS_PER_DAY)

#define ROW_COLUMNS                                                                        \
    "r.key >> 20, r.key & 1048575, r.arrival_ms, r.status, r.detail, r.energy_import, "    \
    "r.energy_export, r.reactive_import, r.reactive_export, r.power_w, r.power_a_w, "      \
    "r.power_b_w, r.power_c_w, r.reactive_var, r.apparent_va, r.pf_e3, r.voltage_a_mv, "   \
    "r.voltage_b_mv, r.voltage_c_mv, r.voltage_ab_mv, r.voltage_bc_mv, r.voltage_ca_mv, "  \
    "r.current_a_ma, r.current_b_ma, r.current_c_ma, r.current_n_ma, r.frequency_mhz, "    \
    "r.demand_w"

/* The meter's slots with ?2 <= slot < ?3, and the rows that exist. */
#define WALK                                                                               \
    " FROM meter_span p CROSS JOIN slot s ON s.interval_s = p.interval_s "                 \
    "AND s.slot_ts_ms >= max(p.from_ms, ?2) AND s.slot_ts_ms < min(p.until_ms, ?3) "       \
    "CROSS JOIN reading r ON r.key = (s.slot_ts_ms / 1000 << 20 | p.meter_no) "            \
    "WHERE p.meter_no = ?1 AND p.from_ms < ?3 AND p.until_ms > ?2 "

/* Columns: interval_s, then ROW_COLUMNS. */
static void sample_of_row(sqlite3_stmt *stmt, struct sample *ret)
{
    int64_t arrival_ms = 0;

    memset(ret, 0, sizeof(*ret));
    ret->interval_s = sqlite3_column_int(stmt, 0);
    ret->slot_ts_ms = sqlite3_column_int64(stmt, 1) * MS_PER_S;
    ret->meter_no = (uint32_t)sqlite3_column_int64(stmt, 2);
    if (db_column_optional(stmt, 3, &arrival_ms) && arrival_ms > -TS_MS_END &&
        arrival_ms < TS_MS_END) {
        ret->ts_ms = ret->slot_ts_ms + arrival_ms;
    }
    int64_t status = sqlite3_column_int64(stmt, 4);

    ret->status = status >= 0 && status < SLOT_STATUS_COUNT ? (enum slot_status)status
                                                            : SLOT_BAD_FRAME;
    db_column_text(stmt, 5, ret->detail, sizeof(ret->detail));
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (db_column_optional(stmt, 6 + q, &ret->value[q])) {
            ret->present |= 1u << q;
        }
    }
}

static int one(struct store *store, sqlite3_stmt *stmt, struct sample *ret_sample)
{
    int row = db_step(store, stmt);

    if (row <= 0) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    sample_of_row(stmt, ret_sample);
    (void)sqlite3_reset(stmt);
    return 0;
}

int samples_get(struct store *store, uint32_t meter_no, int64_t slot_ts_ms,
                struct sample *ret_sample)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT (SELECT interval_s FROM meter_span WHERE meter_no = ?2 AND from_ms <= ?3 "
        "ORDER BY from_ms DESC LIMIT 1), " ROW_COLUMNS " FROM reading r WHERE r.key = ?1");

    (void)sqlite3_bind_int64(stmt, 1, (slot_ts_ms / MS_PER_S) << 20 | (int64_t)meter_no);
    (void)sqlite3_bind_int64(stmt, 2, meter_no);
    (void)sqlite3_bind_int64(stmt, 3, slot_ts_ms);
    return one(store, stmt, ret_sample);
}

static void bind_range(sqlite3_stmt *stmt, uint32_t meter_no, int64_t from_ms,
                       int64_t until_ms)
{
    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, from_ms);
    (void)sqlite3_bind_int64(stmt, 3, until_ms);
}

int samples_each(struct store *store, uint32_t meter_no, int64_t from_ms, int64_t until_ms,
                 int (*fn)(void *ctx, const struct sample *sample), void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT p.interval_s, " ROW_COLUMNS WALK
                                           "ORDER BY p.from_ms, s.slot_ts_ms");
    int row = 1;
    bool stop = false;

    bind_range(stmt, meter_no, from_ms, until_ms);
    while (!stop && (row = db_step(store, stmt)) == 1) {
        struct sample sample;

        sample_of_row(stmt, &sample);
        stop = fn(ctx, &sample) != 0;
    }
    (void)sqlite3_reset(stmt);
    return row < 0 ? row : 0;
}

static int newest_in(struct store *store, uint32_t meter_no, int64_t from_ms,
                     int64_t until_ms, struct sample *ret_sample)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT p.interval_s, " ROW_COLUMNS WALK
                          "ORDER BY p.from_ms DESC, s.slot_ts_ms DESC LIMIT 1");

    bind_range(stmt, meter_no, from_ms, until_ms);
    return one(store, stmt, ret_sample);
}

static int newest_energy_in(struct store *store, uint32_t meter_no, int64_t from_ms,
                            int64_t until_ms, struct sample *ret_sample)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT p.interval_s, " ROW_COLUMNS WALK
                          "AND r.status <= 1 AND r.energy_import IS NOT NULL "
                          "ORDER BY p.from_ms DESC, s.slot_ts_ms DESC LIMIT 1");

    bind_range(stmt, meter_no, from_ms, until_ms);
    return one(store, stmt, ret_sample);
}

/* meter_last bounds the search: a meter that has been dead for months would be looked up
 * slot by slot otherwise. */
static int last_bound(struct store *store, uint32_t meter_no, int64_t *ret_slot_ts_ms,
                      int64_t *ret_last_ok_ms)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT slot_ts_ms, last_ok_ms FROM meter_last WHERE meter_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    int row = db_step(store, stmt);

    if (row == 1) {
        *ret_slot_ts_ms = sqlite3_column_int64(stmt, 0);
        *ret_last_ok_ms = sqlite3_column_int64(stmt, 1);
        (void)sqlite3_reset(stmt);
    }
    return row;
}

int samples_newest(struct store *store, uint32_t meter_no, int64_t ts_ms, bool with_energy,
                   struct sample *ret_sample)
{
    int64_t until_ms = ts_ms < INT64_MAX ? ts_ms + 1 : ts_ms;
    int64_t from_ms = until_ms - LOOK_BACK_MS;
    int64_t slot_ts_ms = 0;
    int64_t last_ok_ms = 0;

    if (!with_energy) {
        return newest_in(store, meter_no, from_ms, until_ms, ret_sample);
    }
    int row = last_bound(store, meter_no, &slot_ts_ms, &last_ok_ms);

    if (row < 0) {
        return row;
    }
    if (row == 0 || ts_ms < slot_ts_ms || slot_ts_ms < from_ms) {
        return newest_energy_in(store, meter_no, from_ms, until_ms, ret_sample);
    }
    int err = newest_energy_in(store, meter_no, slot_ts_ms, until_ms, ret_sample);

    if (err != ERR_NOT_FOUND || last_ok_ms == 0) {
        return err;
    }
    /* A quarter-hour of slack, should the clock have been set while the reply was on its
     * way. */
    if (last_ok_ms < until_ms - MS_PER_QUARTER_HOUR) {
        until_ms = last_ok_ms + MS_PER_QUARTER_HOUR;
    }
    return newest_energy_in(store, meter_no, from_ms, until_ms, ret_sample);
}

int samples_newest_since(struct store *store, uint32_t meter_no, int64_t from_ms,
                         bool with_energy, struct sample *ret_sample)
{
    return with_energy ? newest_energy_in(store, meter_no, from_ms, TS_MS_END, ret_sample)
                       : newest_in(store, meter_no, from_ms, TS_MS_END, ret_sample);
}

int samples_count(struct store *store, uint32_t meter_no, int64_t from_ms, int64_t until_ms,
                  int64_t *ret_scheduled, int64_t *ret_ok)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT count(*), ifnull(sum(r.status = 0), 0) FROM meter m "
        "CROSS JOIN meter_span p ON p.meter_no = m.meter_no "
        "AND p.from_ms < ?3 AND p.until_ms > ?2 "
        "CROSS JOIN slot s ON s.interval_s = p.interval_s "
        "AND s.slot_ts_ms >= max(p.from_ms, ?2) AND s.slot_ts_ms < min(p.until_ms, ?3) "
        "LEFT JOIN reading r ON r.key = (s.slot_ts_ms / 1000 << 20 | p.meter_no) "
        "WHERE (s.closed = 1 OR r.key IS NOT NULL) AND m.meter_no BETWEEN ?1 AND ?4");

    bind_range(stmt, meter_no, from_ms, until_ms);
    (void)sqlite3_bind_int64(stmt, 4, meter_no == 0 ? METER_NO_END : meter_no);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    *ret_scheduled = sqlite3_column_int64(stmt, 0);
    *ret_ok = sqlite3_column_int64(stmt, 1);
    (void)sqlite3_reset(stmt);
    return 0;
}
