#include <stddef.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/results.h"
#include "daemon/store/results_fields.h"

#define N_FIELDS(fields) ((int)(sizeof(fields) / sizeof((fields)[0])))

/* ---- resumption ---- */

#define RESUMPTION(type, member, compared)                                                 \
    {                                                                                      \
        offsetof(struct resumption_row, member), 0, type, compared                         \
    }

#define RESUMPTION_COLUMNS                                                                 \
    "day, method, enterprise_no, size_class, industry, region, town, park, name, "         \
    "energy_wh, baseline_wh, baseline_valid_days, state, produced, valid, coverage_num, "  \
    "coverage_den, quality, energy_source, baseline_source, mixed_source, reason, "        \
    "revision"

static const struct field resumption_fields[] = {
    RESUMPTION(FIELD_DAY, day, true),
    RESUMPTION(FIELD_POINTER, method, true),
    RESUMPTION(FIELD_I32, enterprise_no, true),
    RESUMPTION(FIELD_POINTER, size_class, true),
    RESUMPTION(FIELD_POINTER, industry, true),
    RESUMPTION(FIELD_POINTER, region, true),
    RESUMPTION(FIELD_POINTER, town, true),
    RESUMPTION(FIELD_POINTER, park, true),
    RESUMPTION(FIELD_POINTER, name, true),
    RESUMPTION(FIELD_VALUE, energy_wh, true),
    RESUMPTION(FIELD_VALUE, baseline_wh, true),
    RESUMPTION(FIELD_I32, baseline_valid_days, true),
    RESUMPTION(FIELD_POINTER, state, true),
    RESUMPTION(FIELD_VALUE, produced, true),
    RESUMPTION(FIELD_BOOL, valid, true),
    RESUMPTION(FIELD_I64, coverage_num, true),
    RESUMPTION(FIELD_I64, coverage_den, true),
    RESUMPTION(FIELD_POINTER, quality, true),
    RESUMPTION(FIELD_POINTER, energy_source, true),
    RESUMPTION(FIELD_POINTER, baseline_source, true),
    RESUMPTION(FIELD_BOOL, mixed_source, true),
    RESUMPTION(FIELD_POINTER, reason, true),
    RESUMPTION(FIELD_I32, revision, false),
};

int results_resumption_each(struct store *store, day_t day, const char *method,
                            int (*fn)(void *ctx, const struct resumption_row *row),
                            void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT " RESUMPTION_COLUMNS ", row_no FROM resumption "
               "WHERE newest = 1 AND day = ?1 AND method = ?2 ORDER BY enterprise_no");
    char text[DAY_TEXT_LEN];
    int step = 0;

    text_from_day(day, text);
    db_bind_text(stmt, 1, text);
    db_bind_text(stmt, 2, method);
    while ((step = db_step(store, stmt)) == 1) {
        struct resumption_row row = {0};

        fields_read(stmt, resumption_fields, N_FIELDS(resumption_fields), &row);
        row.row_no = sqlite3_column_int64(stmt, N_FIELDS(resumption_fields));
        int stop = fn(ctx, &row);
        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return step;
}

bool resumption_row_equal(const struct resumption_row *a, const struct resumption_row *b)
{
    return fields_equal(resumption_fields, N_FIELDS(resumption_fields), a, b);
}

int results_resumption_insert(struct store *store, const struct resumption_row *row)
{
    sqlite3_stmt *lower = db_prepare(
        store, "UPDATE resumption SET newest = 0 WHERE newest = 1 AND day = ?1 AND "
               "method = ?2 AND enterprise_no = ?3");
    char day[DAY_TEXT_LEN];

    text_from_day(row->day, day);
    db_bind_text(lower, 1, day);
    db_bind_text(lower, 2, row->method);
    (void)sqlite3_bind_int64(lower, 3, row->enterprise_no);
    int err = row->revision > 0 ? db_run(store, lower) : 0;
    if (err != 0) {
        return err;
    }

    sqlite3_stmt *insert = db_prepare(
        store,
        "INSERT INTO resumption (" RESUMPTION_COLUMNS ", newest) VALUES (?1, ?2, ?3, "
        "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
        "?21, ?22, ?23, 1)");
    fields_bind(insert, 1, resumption_fields, N_FIELDS(resumption_fields), row);
    return db_run(store, insert);
}

int results_resumption_retire(struct store *store, int64_t row_no)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "UPDATE resumption SET newest = 0 WHERE row_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, row_no);
    return db_run(store, stmt);
}

/* ---- rate_day ---- */

#define RATE(type, member, compared)                                                       \
    {                                                                                      \
        offsetof(struct rate_row, member), sizeof(((struct rate_row *)0)->member), type,   \
            compared                                                                       \
    }

#define RATE_COLUMNS                                                                       \
    "day, method, group_kind, group_id, group_name, n_scope, n_valid, n_resumed, "         \
    "n_not_resumed, n_produced, n_zero, n_missing, n_no_baseline, n_mixed_source, "        \
    "energy_wh, baseline_wh, resumed_energy_wh, resumed_baseline_wh, "                     \
    "missing_baseline_wh, "                                                                \
    "index_e2, d1_resumption_bp, d1_production_bp, ma7_resumption, ma7_production, "       \
    "target_resumption_e6, target_production_e6, light, status, stage, suppressed, "       \
    "method_confidence, revision, inputs_sha256, created_ms"

static const struct field rate_fields[] = {
    RATE(FIELD_DAY, day, true),
    RATE(FIELD_TEXT, method, true),
    RATE(FIELD_TEXT, group_kind, true),
    RATE(FIELD_TEXT, group_id, true),
    RATE(FIELD_TEXT, group_name, true),
    RATE(FIELD_I64, n_scope, true),
    RATE(FIELD_I64, n_valid, true),
    RATE(FIELD_I64, n_resumed, true),
    RATE(FIELD_I64, n_not_resumed, true),
    RATE(FIELD_I64, n_produced, true),
    RATE(FIELD_I64, n_zero, true),
    RATE(FIELD_I64, n_missing, true),
    RATE(FIELD_I64, n_no_baseline, true),
    RATE(FIELD_I64, n_mixed_source, true),
    RATE(FIELD_I64, energy_wh, true),
    RATE(FIELD_I64, baseline_wh, true),
    RATE(FIELD_I64, resumed_energy_wh, true),
    RATE(FIELD_I64, resumed_baseline_wh, true),
    RATE(FIELD_I64, missing_baseline_wh, true),
    RATE(FIELD_VALUE, index_e2, true),
    RATE(FIELD_VALUE, d1_resumption_bp, true),
    RATE(FIELD_VALUE, d1_production_bp, true),
    RATE(FIELD_REAL_E12, ma7_resumption_e12, true),
    RATE(FIELD_REAL_E12, ma7_production_e12, true),
    RATE(FIELD_VALUE, target_resumption_e6, true),
    RATE(FIELD_VALUE, target_production_e6, true),
    RATE(FIELD_OPTIONAL, light, true),
    RATE(FIELD_TEXT, status, true),
    RATE(FIELD_TEXT, stage, true),
    RATE(FIELD_BOOL, suppressed, true),
    RATE(FIELD_TEXT, method_confidence, true),
    RATE(FIELD_I32, revision, false),
    RATE(FIELD_TEXT, inputs_sha256, true),
    RATE(FIELD_I64, created_ms, false),
};

/* Reads the one row of a bound statement (columns, then row_no). */
static int read_rate(struct store *store, sqlite3_stmt *stmt, struct rate_row *ret_row)
{
    struct rate_row row = {0};
    int step = db_step(store, stmt);

    if (step <= 0) {
        return step < 0 ? step : ERR_NOT_FOUND;
    }
    fields_read(stmt, rate_fields, N_FIELDS(rate_fields), &row);
    row.row_no = sqlite3_column_int64(stmt, N_FIELDS(rate_fields));
    (void)sqlite3_reset(stmt);
    *ret_row = row;
    return 0;
}

static void bind_key(sqlite3_stmt *stmt, const struct rate_row *key)
{
    char day[DAY_TEXT_LEN];

    text_from_day(key->day, day);
    db_bind_text(stmt, 1, day);
    db_bind_text(stmt, 2, key->method);
    db_bind_text(stmt, 3, key->group_kind);
    db_bind_text(stmt, 4, key->group_id);
}

int results_rate_newest(struct store *store, const struct rate_row *key,
                        struct rate_row *ret_row)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " RATE_COLUMNS
                          ", row_no FROM rate_day WHERE newest = 1 AND day = ?1 "
                          "AND method = ?2 AND group_kind = ?3 AND group_id = ?4");

    bind_key(stmt, key);
    return read_rate(store, stmt, ret_row);
}

int results_rate_get(struct store *store, int64_t row_no, struct rate_row *ret_row)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " RATE_COLUMNS
                                           ", row_no FROM rate_day WHERE row_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, row_no);
    return read_rate(store, stmt, ret_row);
}

bool rate_row_equal(const struct rate_row *a, const struct rate_row *b)
{
    return fields_equal(rate_fields, N_FIELDS(rate_fields), a, b);
}

static int insert_rate(struct store *store, struct rate_row *row)
{
    if (row->revision > 0) {
        sqlite3_stmt *lower = db_prepare(
            store, "UPDATE rate_day SET newest = 0 WHERE newest = 1 AND day = ?1 AND "
                   "method = ?2 AND group_kind = ?3 AND group_id = ?4");
        bind_key(lower, row);
        int err = db_run(store, lower);
        if (err != 0) {
            return err;
        }
    }
    sqlite3_stmt *insert = db_prepare(
        store,
        "INSERT INTO rate_day (" RATE_COLUMNS ", newest) VALUES (?1, ?2, ?3, ?4, ?5, "
        "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, "
        "?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, 1)");
    fields_bind(insert, 1, rate_fields, N_FIELDS(rate_fields), row);
    int err = db_run(store, insert);
    if (err != 0) {
        return err;
    }
    row->row_no = sqlite3_last_insert_rowid(store_db(store));
    return results_journal(store, false, row->row_no, row->revision);
}

int results_rate_put(struct store *store, struct rate_row *row, int64_t now_ms)
{
    struct rate_row newest;
    int err = results_rate_newest(store, row, &newest);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == 0 && rate_row_equal(&newest, row)) {
        row->row_no = newest.row_no;
        row->revision = newest.revision;
        row->created_ms = newest.created_ms;
        return 0;
    }
    row->revision = err == 0 ? newest.revision + 1 : 0;
    row->created_ms = now_ms;
    err = insert_rate(store, row);
    return err == 0 ? 1 : err;
}

int results_rate_ids(struct store *store, const struct rate_row *key,
                     void (*fn)(void *ctx, int64_t row_no, const char *group_id), void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT row_no, group_id FROM rate_day WHERE newest = 1 AND day = ?1 AND "
               "method = ?2 AND group_kind = ?3 ORDER BY group_id");
    char day[DAY_TEXT_LEN];
    int step = 0;

    text_from_day(key->day, day);
    db_bind_text(stmt, 1, day);
    db_bind_text(stmt, 2, key->method);
    db_bind_text(stmt, 3, key->group_kind);
    while ((step = db_step(store, stmt)) == 1) {
        fn(ctx, sqlite3_column_int64(stmt, 0), (const char *)sqlite3_column_text(stmt, 1));
    }
    return step;
}

int results_rate_retire(struct store *store, int64_t row_no)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "UPDATE rate_day SET newest = 0 WHERE row_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, row_no);
    return db_run(store, stmt);
}

int results_rate_days(struct store *store, const char *method, day_t first, day_t last,
                      void (*fn)(void *ctx, day_t day), void *ctx)
{
    /* `all` is there on every day that was ever computed. */
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT day FROM rate_day WHERE newest = 1 AND day > ?1 AND day <= ?2 AND "
               "method = ?3 AND group_kind = 'all' AND group_id = 'all' ORDER BY day");
    char text[DAY_TEXT_LEN];
    int step = 0;

    text_from_day(first, text);
    db_bind_text(stmt, 1, text);
    text_from_day(last, text);
    db_bind_text(stmt, 2, text);
    db_bind_text(stmt, 3, method);
    while ((step = db_step(store, stmt)) == 1) {
        day_t day = DAY_MIN;

        db_column_text(stmt, 0, text, sizeof(text));
        if (text_to_day(text, &day) == 0) {
            fn(ctx, day);
        }
    }
    return step;
}
