#include "daemon/store/imports.h"

#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/registry_parts.h"

/* "" stays "": parts of a key are never NULL. */
static void bind_key_text(sqlite3_stmt *stmt, int index, const char *text)
{
    (void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

/* ---- energy ---- */

static bool energy_same(const struct imported_energy *a, const struct imported_energy *b)
{
    return a->import_wh == b->import_wh && a->export_wh == b->export_wh &&
           a->generation_wh == b->generation_wh;
}

int imports_energy_compare(struct store *store, const struct imported_energy *row,
                           enum import_result *ret_result, struct imported_energy *ret_old)
{
    struct imported_energy old = *row;
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT import_wh, export_wh, generation_wh FROM import_energy "
                          "WHERE day = ?1 AND enterprise_no = ?2 AND account = ''");

    registry_bind_day(stmt, 1, row->day);
    (void)sqlite3_bind_int64(stmt, 2, row->enterprise_no);
    int step = db_step(store, stmt);

    if (step == 0) {
        *ret_result = IMPORT_NEW;
    }
    if (step != 1) {
        return step;
    }
    old.import_wh = sqlite3_column_int64(stmt, 0);
    old.export_wh = -1;
    old.generation_wh = -1;
    (void)db_column_optional(stmt, 1, &old.export_wh);
    (void)db_column_optional(stmt, 2, &old.generation_wh);
    (void)sqlite3_reset(stmt);
    *ret_result = energy_same(row, &old) ? IMPORT_SAME : IMPORT_CHANGED;
    *ret_old = old;
    return 0;
}

static void bind_energy(sqlite3_stmt *stmt, const struct imported_energy *row)
{
    registry_bind_day(stmt, 1, row->day);
    (void)sqlite3_bind_int64(stmt, 2, row->enterprise_no);
    (void)sqlite3_bind_int64(stmt, 3, row->import_wh);
    db_bind_optional(stmt, 4, row->export_wh >= 0, row->export_wh);
    db_bind_optional(stmt, 5, row->generation_wh >= 0, row->generation_wh);
}

int imports_energy_put(struct store *store, const struct imported_energy *row,
                       enum import_result *ret_result, struct imported_energy *ret_old)
{
    /* Most rows of a large import are new: one statement for them. */
    sqlite3_stmt *insert = db_prepare(
        store,
        "INSERT INTO import_energy (day, enterprise_no, account, import_wh, export_wh, "
        "generation_wh, revision) VALUES (?1, ?2, '', ?3, ?4, ?5, 0) "
        "ON CONFLICT DO NOTHING");

    bind_energy(insert, row);
    int err = db_run(store, insert);

    if (err != 0) {
        return err;
    }
    if (sqlite3_changes(store_db(store)) > 0) {
        *ret_result = IMPORT_NEW;
        return 0;
    }
    err = imports_energy_compare(store, row, ret_result, ret_old);
    if (err != 0 || *ret_result != IMPORT_CHANGED) {
        return err;
    }
    sqlite3_stmt *update = db_prepare(
        store,
        "UPDATE import_energy SET import_wh = ?3, export_wh = ?4, generation_wh = ?5, "
        "revision = revision + 1 "
        "WHERE day = ?1 AND enterprise_no = ?2 AND account = ''");

    bind_energy(update, row);
    return db_run(store, update);
}

/* ---- figures ---- */

/* Binds 1 … 4 as every statement on figures has them: enterprise, period, name, value. */
static void bind_figure(sqlite3_stmt *stmt, const struct imported_figure *row)
{
    (void)sqlite3_bind_int64(stmt, 1, row->enterprise_no);
    bind_key_text(stmt, 2, row->period);
    bind_key_text(stmt, 3, row->name);
    (void)sqlite3_bind_int64(stmt, 4, row->value_e6);
}

/* stmt yields the value in force. */
static int compare_figure(struct store *store, sqlite3_stmt *stmt,
                          const struct imported_figure *row, enum import_result *ret_result,
                          int64_t *ret_old_value_e6)
{
    int step = db_step(store, stmt);

    if (step == 0) {
        *ret_result = IMPORT_NEW;
    }
    if (step != 1) {
        return step;
    }
    int64_t old_e6 = sqlite3_column_int64(stmt, 0);

    (void)sqlite3_reset(stmt);
    *ret_result = old_e6 == row->value_e6 ? IMPORT_SAME : IMPORT_CHANGED;
    *ret_old_value_e6 = old_e6;
    return 0;
}

int imports_output_compare(struct store *store, const struct imported_figure *row,
                           enum import_result *ret_result, int64_t *ret_old_value_e6)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT value_e6 FROM import_output "
                          "WHERE enterprise_no = ?1 AND period = ?2 AND item = ?3");

    (void)sqlite3_bind_int64(stmt, 1, row->enterprise_no);
    bind_key_text(stmt, 2, row->period);
    bind_key_text(stmt, 3, row->name);
    return compare_figure(store, stmt, row, ret_result, ret_old_value_e6);
}

int imports_output_put(struct store *store, const struct imported_figure *row,
                       enum import_result *ret_result, int64_t *ret_old_value_e6)
{
    int err = imports_output_compare(store, row, ret_result, ret_old_value_e6);

    if (err != 0 || *ret_result == IMPORT_SAME) {
        return err;
    }
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT INTO import_output (enterprise_no, period, item, value_e6, revision) "
        "VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (enterprise_no, period, item) DO "
        "UPDATE SET value_e6 = excluded.value_e6, revision = revision + 1");

    bind_figure(stmt, row);
    return db_run(store, stmt);
}

int imports_energy_use_compare(struct store *store, const struct imported_figure *row,
                               enum import_result *ret_result, int64_t *ret_old_value_e6)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT quantity_e6 FROM import_energy_use WHERE enterprise_no = ?1 AND "
               "period = ?2 AND carrier = ?3 AND cert_id = ?4");

    (void)sqlite3_bind_int64(stmt, 1, row->enterprise_no);
    bind_key_text(stmt, 2, row->period);
    bind_key_text(stmt, 3, row->name);
    bind_key_text(stmt, 4, row->cert_id);
    return compare_figure(store, stmt, row, ret_result, ret_old_value_e6);
}

int imports_energy_use_put(struct store *store, const struct imported_figure *row,
                           enum import_result *ret_result, int64_t *ret_old_value_e6)
{
    int err = imports_energy_use_compare(store, row, ret_result, ret_old_value_e6);

    if (err != 0 || *ret_result == IMPORT_SAME) {
        return err;
    }
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO import_energy_use (enterprise_no, period, carrier, "
               "quantity_e6, cert_id, "
               "unit, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) "
               "ON CONFLICT (enterprise_no, period, carrier, cert_id) DO UPDATE SET "
               "quantity_e6 = excluded.quantity_e6, unit = excluded.unit, revision = "
               "revision + 1");

    bind_figure(stmt, row);
    bind_key_text(stmt, 5, row->cert_id);
    bind_key_text(stmt, 6, row->unit);
    return db_run(store, stmt);
}

static int each_period(struct store *store, sqlite3_stmt *stmt, uint32_t enterprise_no,
                       const char *name,
                       void (*fn)(void *ctx, const struct imported_figure *row), void *ctx)
{
    struct imported_figure row = {.enterprise_no = enterprise_no};

    (void)text_copy(row.name, sizeof(row.name), name);
    (void)sqlite3_bind_int64(stmt, 1, enterprise_no);
    bind_key_text(stmt, 2, name);
    int step = db_step(store, stmt);

    while (step == 1) {
        db_column_text(stmt, 0, row.period, sizeof(row.period));
        row.value_e6 = sqlite3_column_int64(stmt, 1);
        db_column_text(stmt, 2, row.cert_id, sizeof(row.cert_id));
        fn(ctx, &row);
        step = db_step(store, stmt);
    }
    return step;
}

int imports_output_periods(struct store *store, uint32_t enterprise_no, const char *name,
                           void (*fn)(void *ctx, const struct imported_figure *row),
                           void *ctx)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT period, value_e6, '' FROM import_output "
                          "WHERE enterprise_no = ?1 AND item = ?2 ORDER BY period");

    return each_period(store, stmt, enterprise_no, name, fn, ctx);
}

int imports_energy_use_periods(struct store *store, uint32_t enterprise_no,
                               const char *name,
                               void (*fn)(void *ctx, const struct imported_figure *row),
                               void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT period, quantity_e6, cert_id FROM import_energy_use "
               "WHERE enterprise_no = ?1 AND carrier = ?2 ORDER BY period, cert_id");

    return each_period(store, stmt, enterprise_no, name, fn, ctx);
}
