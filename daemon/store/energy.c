#include "daemon/store/energy.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/sample.h>

#include "daemon/store/state.h"

#define SLOT_SHIFT    20
#define METER_NO_MASK ((INT64_C(1) << SLOT_SHIFT) - 1)
#define READING_COLUMNS                                                                    \
    "key, arrival_ms, energy_import, energy_export, reactive_import, reactive_export, "    \
    "power_w, status"
#define READING_POWER_COLUMN  6
#define READING_STATUS_COLUMN 7

static int64_t slot_s_of(int64_t key)
{
    return key >> SLOT_SHIFT;
}

static uint32_t meter_of(int64_t key)
{
    return (uint32_t)(key & METER_NO_MASK);
}

static int64_t key_of(int64_t slot_s, uint32_t meter_no)
{
    return (slot_s << SLOT_SHIFT) | (int64_t)meter_no;
}

static bool is_good(sqlite3_stmt *stmt)
{
    int status = sqlite3_column_int(stmt, READING_STATUS_COLUMN);

    return status == SLOT_OK || status == SLOT_PARTIAL;
}

static void read_columns(sqlite3_stmt *stmt, struct register_reading *reading)
{
    memset(reading, 0, sizeof(*reading));
    reading->slot_ts_ms = slot_s_of(sqlite3_column_int64(stmt, 0)) * MS_PER_S;
    reading->ts_ms = reading->slot_ts_ms + sqlite3_column_int64(stmt, 1);
    for (int e = 0; e < ENERGY_COUNT; e++) {
        if (db_column_optional(stmt, 2 + e, &reading->reg[e])) {
            reading->present |= 1u << e;
        }
    }
    reading->has_power = db_column_optional(stmt, READING_POWER_COLUMN, &reading->power_w);
}

/* Rows of the wanted meters from a key on; returns 1 and where to go on when a row of
 * another meter is met, 0 at the end of the span, fn's result, or enum err. */
static int each_from(struct store *store, const struct energy_span *span, int64_t *at_key,
                     energy_reading_fn fn, void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " READING_COLUMNS " FROM reading "
                                           "WHERE key >= ?1 AND key <= ?2 ORDER BY key");
    int row = 1;

    (void)sqlite3_bind_int64(stmt, 1, *at_key);
    (void)sqlite3_bind_int64(stmt, 2,
                             key_of(span->until_ms / MS_PER_S, span->last_meter_no));
    while ((row = db_step(store, stmt)) == 1) {
        int64_t key = sqlite3_column_int64(stmt, 0);
        uint32_t meter_no = meter_of(key);
        struct register_reading reading;

        if (meter_no < span->first_meter_no || meter_no > span->last_meter_no) {
            *at_key = key_of(slot_s_of(key) + (meter_no > span->last_meter_no),
                             span->first_meter_no);
            (void)sqlite3_reset(stmt);
            return 1;
        }
        if (!is_good(stmt)) {
            continue;
        }
        read_columns(stmt, &reading);
        int stop =
            reading.present != 0 || reading.has_power ? fn(ctx, meter_no, &reading) : 0;

        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return row;
}

struct each {
    energy_reading_fn fn;
    void *ctx;
    int stopped; /* what fn returned */
};

static int each_reading(void *ctx, uint32_t meter_no,
                        const struct register_reading *reading)
{
    struct each *each = ctx;

    each->stopped = each->fn(each->ctx, meter_no, reading);
    return each->stopped == 0 ? 0 : ERR_FULL; /* told apart from "go on elsewhere" */
}

int energy_readings_each(struct store *store, const struct energy_span *span,
                         energy_reading_fn fn, void *ctx)
{
    struct each each = {.fn = fn, .ctx = ctx};
    struct energy_span clipped = *span;
    int result = 1;

    if (clipped.from_ms < 0) {
        clipped.from_ms = 0;
    }
    if (clipped.until_ms > TS_MS_END) {
        clipped.until_ms = TS_MS_END;
    }
    int64_t at_key =
        key_of((clipped.from_ms + MS_PER_S - 1) / MS_PER_S, clipped.first_meter_no);

    while (result == 1) {
        result = each_from(store, &clipped, &at_key, each_reading, &each);
    }
    return each.stopped != 0 ? each.stopped : result;
}

/* One row at or before a key, whichever meter's. */
static int row_before(struct store *store, int64_t key, int64_t *ret_key, bool *ret_good,
                      struct register_reading *ret_reading)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " READING_COLUMNS
                          " FROM reading WHERE key <= ?1 ORDER BY key DESC LIMIT 1");

    (void)sqlite3_bind_int64(stmt, 1, key);
    int row = db_step(store, stmt);

    if (row != 1) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    *ret_key = sqlite3_column_int64(stmt, 0);
    *ret_good = is_good(stmt);
    read_columns(stmt, ret_reading);
    (void)sqlite3_reset(stmt);
    return 0;
}

int energy_reading_newest(struct store *store, const struct energy_span *span,
                          uint32_t registers, struct register_reading *ret_reading)
{
    uint32_t meter_no = span->first_meter_no;
    int64_t oldest_s = span->from_ms <= 0 ? 0 : (span->from_ms + MS_PER_S - 1) / MS_PER_S;
    int64_t newest_s = (span->until_ms < TS_MS_END ? span->until_ms : TS_MS_END) / MS_PER_S;
    int64_t at_key = key_of(newest_s, meter_no);

    while (span->until_ms >= 0 && slot_s_of(at_key) >= oldest_s) {
        struct register_reading reading;
        bool is_good_row = false;
        int64_t key = 0;
        int err = row_before(store, at_key, &key, &is_good_row, &reading);

        if (err != 0) {
            return err;
        }
        if (slot_s_of(key) < oldest_s) {
            break;
        }
        if (meter_of(key) == meter_no && is_good_row &&
            (reading.present & registers) == registers) {
            *ret_reading = reading;
            return 0;
        }
        at_key = key_of(slot_s_of(key) - (meter_of(key) <= meter_no), meter_no);
    }
    return ERR_NOT_FOUND;
}

static void read_version(sqlite3_stmt *stmt, struct register_version *version)
{
    *version = (struct register_version){
        .since_ms = sqlite3_column_int64(stmt, 1),
        .until_ms = sqlite3_column_int64(stmt, 2),
        .enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 3),
        .register_wh = {sqlite3_column_int64(stmt, 5), sqlite3_column_int64(stmt, 6)},
        .register_range = sqlite3_column_int64(stmt, 7),
        .rated_w = sqlite3_column_int64(stmt, 8),
        .loss_bp = sqlite3_column_int(stmt, 9),
        .initial = -1,
        .previous_final = -1};
    (void)db_column_optional(stmt, 10, &version->initial);
    (void)db_column_optional(stmt, 11, &version->previous_final);
}

#define PROFILE_AND_SERIAL 2

/* The texts that tell one counter from another; kept from row to row. */
struct identity {
    uint32_t meter_no;
    char text[PROFILE_AND_SERIAL][ID_LEN];
};

/* Is this version's counter another one than that of the version before? */
static bool take_identity(struct identity *identity, const struct energy_meter *meter,
                          sqlite3_stmt *stmt)
{
    bool is_same_meter = identity->meter_no == meter->meter_no;
    bool differs = meter->version.initial >= 0 || meter->version.previous_final >= 0;

    for (int i = 0; i < PROFILE_AND_SERIAL; i++) {
        char text[ID_LEN];

        db_column_text(stmt, 14 + i, text, sizeof(text));
        if (text[0] != '\0' && identity->text[i][0] != '\0' &&
            strcmp(text, identity->text[i]) != 0) {
            differs = true;
        }
        memcpy(identity->text[i], text, sizeof(text));
    }
    identity->meter_no = meter->meter_no;
    return is_same_meter && differs;
}

static void read_meter(sqlite3_stmt *stmt, struct identity *identity,
                       struct energy_meter *meter)
{
    char role[16];

    memset(meter, 0, sizeof(*meter));
    meter->meter_no = (uint32_t)sqlite3_column_int64(stmt, 0);
    read_version(stmt, &meter->version);
    db_column_text(stmt, 4, role, sizeof(role));
    meter->role = meter_role_from_name(role);
    meter->live = sqlite3_column_int(stmt, 12) == 1;
    meter->parent_no = (uint32_t)sqlite3_column_int64(stmt, 13);
    meter->has_next = db_column_optional(stmt, 16, &meter->next_start_ms);
    meter->version.exchanged = take_identity(identity, meter, stmt);
}

int energy_meters(struct store *store, uint32_t first_meter_no, uint32_t last_meter_no,
                  struct energy_meter **ret_meters, int *ret_n)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT v.meter_no, v.since_ms, v.until_ms, v.enterprise_no, v.role, "
        "v.register_wh_num, v.register_wh_den, v.register_range, v.rated_w, v.loss_bp, "
        "v.initial, v.previous_final, v.endpoint IS NOT NULL, v.parent_no, "
        "v.profile, v.serial, p.next_start_ms "
        "FROM meter_version v LEFT JOIN interval_progress p ON p.meter_no = v.meter_no "
        "WHERE v.meter_no BETWEEN ?1 AND ?2 ORDER BY v.meter_no, v.since_ms");
    struct identity identity = {0};
    struct energy_meter *meters = NULL;
    size_t cap = 0;
    size_t n = 0;
    int row = 1;

    (void)sqlite3_bind_int64(stmt, 1, first_meter_no);
    (void)sqlite3_bind_int64(stmt, 2, last_meter_no);
    while ((row = db_step(store, stmt)) == 1) {
        if (n == cap) {
            cap = cap == 0 ? 16 : 2 * cap;
            struct energy_meter *more = realloc(meters, cap * sizeof(*meters));

            if (more == NULL) {
                (void)sqlite3_reset(stmt);
                free(meters);
                return ERR_NOMEM;
            }
            meters = more;
        }
        read_meter(stmt, &identity, &meters[n]);
        n++;
    }
    if (row < 0) {
        free(meters);
        return row;
    }
    *ret_meters = meters;
    *ret_n = (int)n;
    return 0;
}

int energy_first_due(struct store *store, uint32_t meter_no, int64_t *ret_from_ms)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT min(from_ms) FROM meter_span WHERE meter_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    bool found = row == 1 && db_column_optional(stmt, 0, ret_from_ms);

    (void)sqlite3_reset(stmt);
    return found ? 0 : ERR_NOT_FOUND;
}

int energy_progress_due(struct store *store, uint32_t after_meter_no, int64_t end_ms,
                        struct energy_progress *ret_progress, int cap)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT meter_no, next_start_ms FROM interval_progress "
                          "WHERE meter_no > ?1 AND next_start_ms <= ?2 ORDER BY meter_no "
                          "LIMIT ?3");
    int row = 1;
    int n = 0;

    (void)sqlite3_bind_int64(stmt, 1, after_meter_no);
    (void)sqlite3_bind_int64(stmt, 2, end_ms - MS_PER_QUARTER_HOUR);
    (void)sqlite3_bind_int(stmt, 3, cap);
    while ((row = db_step(store, stmt)) == 1) {
        ret_progress[n].meter_no = (uint32_t)sqlite3_column_int64(stmt, 0);
        ret_progress[n].next_start_ms = sqlite3_column_int64(stmt, 1);
        n++;
    }
    return row < 0 ? row : n;
}

int energy_progress_none(struct store *store, uint32_t after_meter_no,
                         uint32_t *ret_meter_nos, int cap)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT m.meter_no FROM meter m WHERE m.meter_no > ?1 AND NOT EXISTS "
               "(SELECT 1 FROM interval_progress p WHERE p.meter_no = m.meter_no) "
               "ORDER BY m.meter_no LIMIT ?2");
    int row = 1;
    int n = 0;

    (void)sqlite3_bind_int64(stmt, 1, after_meter_no);
    (void)sqlite3_bind_int(stmt, 2, cap);
    while ((row = db_step(store, stmt)) == 1) {
        ret_meter_nos[n] = (uint32_t)sqlite3_column_int64(stmt, 0);
        n++;
    }
    return row < 0 ? row : n;
}

int energy_progress_get(struct store *store, uint32_t meter_no, int64_t *ret_next_start_ms)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT next_start_ms FROM interval_progress WHERE meter_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    int row = db_step(store, stmt);

    if (row != 1) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    *ret_next_start_ms = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_reset(stmt);
    return 0;
}

int energy_progress_set(struct store *store, uint32_t meter_no, int64_t next_start_ms)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT INTO interval_progress (meter_no, next_start_ms) VALUES (?1, ?2) "
        "ON CONFLICT (meter_no) DO UPDATE SET next_start_ms = excluded.next_start_ms");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, next_start_ms);
    return db_run(store, stmt);
}

int energy_event(struct store *store, int64_t ts_ms, const char *code, const char *object,
                 const char *detail)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT 1 FROM event WHERE ts_ms = ?1 AND code = ?2 "
                          "AND object = ?3 AND detail = ?4 LIMIT 1");

    (void)sqlite3_bind_int64(stmt, 1, ts_ms);
    db_bind_text(stmt, 2, code);
    db_bind_text(stmt, 3, object);
    db_bind_text(stmt, 4, detail);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    (void)sqlite3_reset(stmt);
    return row == 1 ? 0 : store_event(store, ts_ms, code, object, detail);
}
