#include <stddef.h>

#include <ecmon/err.h>

#include "daemon/store/db.h"
#include "daemon/store/results.h"
#include "daemon/store/results_fields.h"

#define N_FIELDS(fields) ((int)(sizeof(fields) / sizeof((fields)[0])))

#define CARBON(type, member, compared)                                                     \
    {                                                                                      \
        offsetof(struct carbon_row, member), sizeof(((struct carbon_row *)0)->member),     \
            type, compared                                                                 \
    }

#define CARBON_COLUMNS                                                                     \
    "c.enterprise_no, c.name, c.period, c.period_kind, c.method, c.purchased_wh, "         \
    "c.self_pv_wh, c.green_wh, c.energy_gce, c.energy_primary_gce, c.scope1_mg, "          \
    "c.heat_mg, "                                                                          \
    "c.co2_location_mg, c.co2_market_mg, c.co2_graded_mg, c.value_added_e6, "              \
    "c.intensity_e9, c.benchmark_e9, c.benchmark_period, c.benchmark_source, c.ratio_e9, " \
    "c.level, c.grade, c.neutral_num, c.neutral_den, c.factor_e6, c.factor_region, "       \
    "c.factor_year, c.coverage_num, c.coverage_den, c.status, c.reason, c.revision, "      \
    "c.inputs_sha256, c.created_ms"

static const struct field carbon_fields[] = {
    CARBON(FIELD_I32, enterprise_no, true),
    CARBON(FIELD_TEXT, name, true),
    CARBON(FIELD_TEXT, period, true),
    CARBON(FIELD_TEXT, period_kind, true),
    CARBON(FIELD_TEXT, method, true),
    CARBON(FIELD_VALUE, purchased_wh, true),
    CARBON(FIELD_VALUE, self_pv_wh, true),
    CARBON(FIELD_VALUE, green_wh, true),
    CARBON(FIELD_VALUE, energy_gce, true),
    CARBON(FIELD_VALUE, energy_primary_gce, true),
    CARBON(FIELD_VALUE, scope1_mg, true),
    CARBON(FIELD_VALUE, heat_mg, true),
    CARBON(FIELD_VALUE, co2_location_mg, true),
    CARBON(FIELD_VALUE, co2_market_mg, true),
    CARBON(FIELD_VALUE, co2_graded_mg, true),
    CARBON(FIELD_VALUE, value_added_e6, true),
    CARBON(FIELD_VALUE, intensity_e9, true),
    CARBON(FIELD_VALUE, benchmark_e9, true),
    CARBON(FIELD_OPTIONAL, benchmark_period, true),
    CARBON(FIELD_OPTIONAL, benchmark_source, true),
    CARBON(FIELD_VALUE, ratio_e9, true),
    CARBON(FIELD_OPTIONAL, level, true),
    CARBON(FIELD_VALUE, grade, true),
    CARBON(FIELD_VALUE, neutral_num, true),
    CARBON(FIELD_VALUE, neutral_den, true),
    CARBON(FIELD_VALUE, factor_e6, true),
    CARBON(FIELD_OPTIONAL, factor_region, true),
    CARBON(FIELD_VALUE, factor_year, true),
    CARBON(FIELD_I64, coverage_num, true),
    CARBON(FIELD_I64, coverage_den, true),
    CARBON(FIELD_TEXT, status, true),
    CARBON(FIELD_OPTIONAL, reason, true),
    CARBON(FIELD_I32, revision, false),
    CARBON(FIELD_TEXT, inputs_sha256, true),
    CARBON(FIELD_I64, created_ms, false),
};

/* Reads the one row of a bound statement (columns, then row_no, then the enterprise's id).
 */
static int read_carbon(struct store *store, sqlite3_stmt *stmt, struct carbon_row *ret_row)
{
    struct carbon_row row = {0};
    int step = db_step(store, stmt);

    if (step <= 0) {
        return step < 0 ? step : ERR_NOT_FOUND;
    }
    fields_read(stmt, carbon_fields, N_FIELDS(carbon_fields), &row);
    row.row_no = sqlite3_column_int64(stmt, N_FIELDS(carbon_fields));
    db_column_text(stmt, N_FIELDS(carbon_fields) + 1, row.enterprise,
                   sizeof(row.enterprise));
    (void)sqlite3_reset(stmt);
    *ret_row = row;
    return 0;
}

static void bind_key(sqlite3_stmt *stmt, const struct carbon_row *key)
{
    db_bind_text(stmt, 1, key->period);
    db_bind_text(stmt, 2, key->method);
    (void)sqlite3_bind_int64(stmt, 3, key->enterprise_no);
}

int results_carbon_newest(struct store *store, const struct carbon_row *key,
                          struct carbon_row *ret_row)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " CARBON_COLUMNS ", c.row_no, e.id FROM carbon c JOIN "
                          "enterprise e USING (enterprise_no) WHERE c.newest = 1 AND "
                          "c.period = ?1 AND c.method = ?2 AND c.enterprise_no = ?3");

    bind_key(stmt, key);
    return read_carbon(store, stmt, ret_row);
}

int results_carbon_get(struct store *store, int64_t row_no, struct carbon_row *ret_row)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " CARBON_COLUMNS ", c.row_no, e.id FROM carbon c JOIN "
                          "enterprise e USING (enterprise_no) WHERE c.row_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, row_no);
    return read_carbon(store, stmt, ret_row);
}

bool carbon_row_equal(const struct carbon_row *a, const struct carbon_row *b)
{
    return fields_equal(carbon_fields, N_FIELDS(carbon_fields), a, b);
}

static int insert_carbon(struct store *store, struct carbon_row *row)
{
    if (row->revision > 0) {
        sqlite3_stmt *lower = db_prepare(
            store, "UPDATE carbon SET newest = 0 WHERE newest = 1 AND period = ?1 "
                   "AND method = ?2 AND enterprise_no = ?3");
        bind_key(lower, row);
        int err = db_run(store, lower);
        if (err != 0) {
            return err;
        }
    }
    sqlite3_stmt *insert = db_prepare(
        store,
        "INSERT INTO carbon (enterprise_no, name, period, period_kind, method, "
        "purchased_wh, self_pv_wh, green_wh, energy_gce, energy_primary_gce, scope1_mg, "
        "heat_mg, co2_location_mg, co2_market_mg, co2_graded_mg, value_added_e6, "
        "intensity_e9, benchmark_e9, benchmark_period, benchmark_source, ratio_e9, "
        "level, grade, neutral_num, neutral_den, factor_e6, factor_region, factor_year, "
        "coverage_num, coverage_den, status, reason, revision, inputs_sha256, "
        "created_ms, newest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
        "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, "
        "?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, 1)");
    fields_bind(insert, 1, carbon_fields, N_FIELDS(carbon_fields), row);
    int err = db_run(store, insert);
    if (err != 0) {
        return err;
    }
    row->row_no = sqlite3_last_insert_rowid(store_db(store));
    return results_journal(store, true, row->row_no, row->revision);
}

int results_carbon_put(struct store *store, struct carbon_row *row, int64_t now_ms)
{
    struct carbon_row newest;
    int err = results_carbon_newest(store, row, &newest);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == 0 && carbon_row_equal(&newest, row)) {
        row->row_no = newest.row_no;
        row->revision = newest.revision;
        row->created_ms = newest.created_ms;
        return 0;
    }
    row->revision = err == 0 ? newest.revision + 1 : 0;
    row->created_ms = now_ms;
    err = insert_carbon(store, row);
    return err == 0 ? 1 : err;
}
