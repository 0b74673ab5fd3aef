#include "daemon/store/results.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"

/* ---- energy days ---- */

#define ENERGY_COLUMNS                                                                     \
    "enterprise_no, energy_wh, import_wh, export_wh, generation_wh, coverage_num, "        \
    "coverage_den, quality, valid, source, day"

static enum input_source source_of_column(sqlite3_stmt *stmt, int index)
{
    const unsigned char *text = sqlite3_column_text(stmt, index);

    if (text == NULL) {
        return INPUT_SOURCE_NONE;
    }
    return text[0] == 'm' ? INPUT_SOURCE_METER : INPUT_SOURCE_IMPORT;
}

/* The day read last: rows come by day, thousands of one in a row. */
struct day_memory {
    char text[DAY_TEXT_LEN];
    day_t day;
};

static void read_energy(sqlite3_stmt *stmt, struct day_memory *memory,
                        struct energy_input *ret_input)
{
    char day[DAY_TEXT_LEN];
    struct energy_input input = {
        .enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 0),
        .import_wh = sqlite3_column_int64(stmt, 2),
        .export_wh = sqlite3_column_int64(stmt, 3),
        .generation_wh = sqlite3_column_int64(stmt, 4),
        .coverage_num = sqlite3_column_int64(stmt, 5),
        .coverage_den = sqlite3_column_int64(stmt, 6),
        .quality = (enum quality)sqlite3_column_int(stmt, 7),
        .valid = sqlite3_column_int(stmt, 8) != 0,
        .source = source_of_column(stmt, 9),
    };

    input.has_energy = db_column_optional(stmt, 1, &input.energy_wh);
    input.valid = input.valid && input.has_energy;
    if (input.coverage_den == 0) {
        input.coverage_den = 1; /* no meter: nothing is covered */
    }
    db_column_text(stmt, 10, day, sizeof(day));
    if (strcmp(day, memory->text) != 0) {
        (void)text_to_day(day, &memory->day);
        memcpy(memory->text, day, sizeof(day));
    }
    input.day = memory->day;
    *ret_input = input;
}

static int each_energy(struct store *store, sqlite3_stmt *stmt, energy_input_fn fn,
                       void *ctx)
{
    struct day_memory memory = {.day = DAY_MIN};
    int step = 0;

    while ((step = db_step(store, stmt)) == 1) {
        struct energy_input input;

        read_energy(stmt, &memory, &input);
        int stop = fn(ctx, &input);
        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return step;
}

int results_energy_each(struct store *store, day_t first, day_t last, energy_input_fn fn,
                        void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " ENERGY_COLUMNS
                                           " FROM energy_day WHERE day BETWEEN ?1 AND "
                                           "?2 ORDER BY day, enterprise_no");
    char text[DAY_TEXT_LEN];

    text_from_day(first, text);
    db_bind_text(stmt, 1, text);
    text_from_day(last, text);
    db_bind_text(stmt, 2, text);
    return each_energy(store, stmt, fn, ctx);
}

int results_energy_of(struct store *store, uint32_t enterprise_no, day_t first, day_t last,
                      energy_input_fn fn, void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " ENERGY_COLUMNS
                                           " FROM energy_day WHERE enterprise_no = ?1 "
                                           "AND day BETWEEN ?2 AND ?3 ORDER BY day");
    char text[DAY_TEXT_LEN];

    (void)sqlite3_bind_int64(stmt, 1, enterprise_no);
    text_from_day(first, text);
    db_bind_text(stmt, 2, text);
    text_from_day(last, text);
    db_bind_text(stmt, 3, text);
    return each_energy(store, stmt, fn, ctx);
}

/* ---- imports ---- */

static int each_import(struct store *store, sqlite3_stmt *stmt, import_input_fn fn,
                       void *ctx)
{
    int step = 0;

    while ((step = db_step(store, stmt)) == 1) {
        struct import_input input = {
            .enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 0),
            .name = (const char *)sqlite3_column_text(stmt, 1),
            .period = (const char *)sqlite3_column_text(stmt, 2),
            .value_e6 = sqlite3_column_int64(stmt, 3),
        };
        int stop = fn(ctx, &input);
        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return step;
}

/* ?1: the four digits that periods of the year begin with; ?2, ?3: enterprises from..to. */
static void bind_year(sqlite3_stmt *stmt, int32_t year, uint32_t enterprise_no)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%04d", (int)year);
    db_bind_text(stmt, 1, text);
    (void)sqlite3_bind_int64(stmt, 2, enterprise_no);
    (void)sqlite3_bind_int64(stmt, 3, enterprise_no == 0 ? UINT32_MAX : enterprise_no);
}

int results_output_each(struct store *store, int32_t year, const char *item,
                        uint32_t enterprise_no, import_input_fn fn, void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT enterprise_no, item, period, value_e6 FROM import_output WHERE "
        "enterprise_no BETWEEN ?2 AND ?3 AND substr(period, 1, 4) = ?1 AND item = ?4 "
        "ORDER BY enterprise_no, period");

    bind_year(stmt, year, enterprise_no);
    db_bind_text(stmt, 4, item);
    return each_import(store, stmt, fn, ctx);
}

int results_energy_use_each(struct store *store, int32_t year, uint32_t enterprise_no,
                            import_input_fn fn, void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT enterprise_no, carrier, period, sum(quantity_e6) FROM "
               "import_energy_use WHERE enterprise_no BETWEEN ?2 AND ?3 AND "
               "substr(period, 1, 4) = ?1 GROUP BY enterprise_no, carrier, period "
               "ORDER BY enterprise_no, carrier, period");

    bind_year(stmt, year, enterprise_no);
    return each_import(store, stmt, fn, ctx);
}

static int each_text(struct store *store, sqlite3_stmt *stmt,
                     void (*fn)(void *ctx, const char *text), void *ctx)
{
    int step = 0;

    while ((step = db_step(store, stmt)) == 1) {
        fn(ctx, (const char *)sqlite3_column_text(stmt, 0));
    }
    return step;
}

int results_output_periods(struct store *store, void (*fn)(void *ctx, const char *period),
                           void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT DISTINCT period FROM import_output WHERE item = 'value_added' ORDER BY 1");

    return each_text(store, stmt, fn, ctx);
}

int results_carbon_periods(struct store *store, const char *method, const char *reason,
                           void (*fn)(void *ctx, const char *period), void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT DISTINCT period FROM carbon WHERE newest = 1 AND method = ?1 "
               "AND (?2 IS NULL OR reason = ?2) ORDER BY 1");

    db_bind_text(stmt, 1, method);
    db_bind_text(stmt, 2, reason);
    return each_text(store, stmt, fn, ctx);
}

int results_stale_between(struct store *store, const char *kind, const char *first,
                          const char *last)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT 1 FROM stale WHERE kind = ?1 AND key BETWEEN ?2 AND ?3 LIMIT 1");

    db_bind_text(stmt, 1, kind);
    db_bind_text(stmt, 2, first);
    db_bind_text(stmt, 3, last);
    int step = db_step(store, stmt);
    (void)sqlite3_reset(stmt);
    return step;
}

/* ---- baselines ---- */

int results_baseline_each(struct store *store, const char *method, day_t from,
                          int (*fn)(void *ctx, const struct baseline_row *row), void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT enterprise_no, baseline_wh, valid_days, source, reason FROM "
               "baseline WHERE method = ?1 AND from_day = ?2 ORDER BY enterprise_no");
    char text[DAY_TEXT_LEN];
    int step = 0;

    text_from_day(from, text);
    db_bind_text(stmt, 1, method);
    db_bind_text(stmt, 2, text);
    while ((step = db_step(store, stmt)) == 1) {
        struct baseline_row row = {
            .enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 0),
            .valid_days = sqlite3_column_int(stmt, 2),
            .source = (const char *)sqlite3_column_text(stmt, 3),
            .reason = (const char *)sqlite3_column_text(stmt, 4),
        };
        row.baseline_wh.has = db_column_optional(stmt, 1, &row.baseline_wh.value);
        int stop = fn(ctx, &row);
        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return step;
}

int results_baseline_put(struct store *store, const char *method, day_t from, day_t to,
                         const struct baseline_row *row)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT OR REPLACE INTO baseline (method, from_day, to_day, enterprise_no, "
        "baseline_wh, valid_days, source, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    char text[DAY_TEXT_LEN];

    db_bind_text(stmt, 1, method);
    text_from_day(from, text);
    db_bind_text(stmt, 2, text);
    text_from_day(to, text);
    db_bind_text(stmt, 3, text);
    (void)sqlite3_bind_int64(stmt, 4, row->enterprise_no);
    db_bind_optional(stmt, 5, row->baseline_wh.has, row->baseline_wh.value);
    (void)sqlite3_bind_int(stmt, 6, row->valid_days);
    db_bind_text(stmt, 7, row->source);
    db_bind_text(stmt, 8, row->reason);
    return db_run(store, stmt);
}

int results_baseline_forget(struct store *store, const char *method, day_t from)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "DELETE FROM baseline WHERE method = ?1 AND from_day = ?2");
    char text[DAY_TEXT_LEN];

    text_from_day(from, text);
    db_bind_text(stmt, 1, method);
    db_bind_text(stmt, 2, text);
    return db_run(store, stmt);
}
