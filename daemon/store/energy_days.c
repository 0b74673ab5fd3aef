/* Days: tables meter_day, energy_day_source, energy_day and its history, import_energy. */
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/energy.h"
#include "daemon/store/state.h"

#define METER_DAY_COLUMNS                                                                  \
    "day, meter_no, quarters, energy_import_wh, energy_export_wh, known_quarters, "        \
    "midnights, "                                                                          \
    "quality, revision"
#define DAY_COLUMNS                                                                        \
    "day, enterprise_no, revision, energy_wh, import_wh, export_wh, generation_wh, "       \
    "coverage_num, coverage_den, quality, valid, source"
#define DAY_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12"

static void bind_day(sqlite3_stmt *stmt, int index, day_t day)
{
    char text[DAY_TEXT_LEN];

    text_from_day(day, text);
    (void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

/* Stored days are our own texts: anything else reads as DAY_MIN. */
static day_t column_day(sqlite3_stmt *stmt, int index)
{
    char text[DAY_TEXT_LEN];
    day_t day = DAY_MIN;

    db_column_text(stmt, index, text, sizeof(text));
    (void)text_to_day(text, &day);
    return day;
}

static bool same_optional(bool has_a, int64_t a, bool has_b, int64_t b)
{
    return has_a == has_b && (!has_a || a == b);
}

static void read_meter_day(sqlite3_stmt *stmt, struct meter_day *meter_day)
{
    memset(meter_day, 0, sizeof(*meter_day));
    meter_day->day = column_day(stmt, 0);
    meter_day->meter_no = (uint32_t)sqlite3_column_int64(stmt, 1);
    meter_day->quarters = sqlite3_column_int(stmt, 2);
    meter_day->has_import = db_column_optional(stmt, 3, &meter_day->import_wh);
    meter_day->has_export = db_column_optional(stmt, 4, &meter_day->export_wh);
    meter_day->known_quarters = sqlite3_column_int(stmt, 5);
    meter_day->midnights = (uint32_t)sqlite3_column_int64(stmt, 6);
    meter_day->quality = (enum quality)sqlite3_column_int(stmt, 7);
    meter_day->revision = sqlite3_column_int(stmt, 8);
}

static bool is_same_meter_day(const struct meter_day *a, const struct meter_day *b)
{
    return a->quarters == b->quarters && a->known_quarters == b->known_quarters &&
           a->midnights == b->midnights && a->quality == b->quality &&
           same_optional(a->has_import, a->import_wh, b->has_import, b->import_wh) &&
           same_optional(a->has_export, a->export_wh, b->has_export, b->export_wh);
}

int energy_meter_day_put(struct store *store, const struct meter_day *meter_day)
{
    struct meter_day old;
    int32_t revision = 0;
    int err = energy_meter_day_get(store, meter_day->meter_no, meter_day->day, &old);
    bool existed = err == 0;

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (existed) {
        if (is_same_meter_day(&old, meter_day)) {
            return ENERGY_SAME;
        }
        revision = old.revision + (old.quarters >= QUARTER_HOURS_PER_DAY);
    }
    sqlite3_stmt *stmt =
        db_prepare(store, "INSERT OR REPLACE INTO meter_day (" METER_DAY_COLUMNS
                          ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");

    bind_day(stmt, 1, meter_day->day);
    (void)sqlite3_bind_int64(stmt, 2, meter_day->meter_no);
    (void)sqlite3_bind_int(stmt, 3, meter_day->quarters);
    db_bind_optional(stmt, 4, meter_day->has_import, meter_day->import_wh);
    db_bind_optional(stmt, 5, meter_day->has_export, meter_day->export_wh);
    (void)sqlite3_bind_int(stmt, 6, meter_day->known_quarters);
    (void)sqlite3_bind_int64(stmt, 7, meter_day->midnights);
    (void)sqlite3_bind_int(stmt, 8, (int)meter_day->quality);
    (void)sqlite3_bind_int(stmt, 9, revision);
    err = db_run(store, stmt);
    if (err != 0) {
        return err;
    }
    return existed ? ENERGY_CHANGED : ENERGY_NEW;
}

int energy_meter_day_get(struct store *store, uint32_t meter_no, day_t day,
                         struct meter_day *ret_meter_day)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " METER_DAY_COLUMNS " FROM meter_day "
                                           "WHERE day = ?1 AND meter_no = ?2");

    bind_day(stmt, 1, day);
    (void)sqlite3_bind_int64(stmt, 2, meter_no);
    int row = db_step(store, stmt);

    if (row != 1) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    read_meter_day(stmt, ret_meter_day);
    (void)sqlite3_reset(stmt);
    return 0;
}

int energy_meter_days_each(struct store *store, day_t day,
                           int (*fn)(void *ctx, const struct meter_day *meter_day),
                           void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT " METER_DAY_COLUMNS " FROM meter_day "
                                           "WHERE day = ?1 ORDER BY meter_no");
    int row = 1;

    bind_day(stmt, 1, day);
    while ((row = db_step(store, stmt)) == 1) {
        struct meter_day meter_day;

        read_meter_day(stmt, &meter_day);
        int stop = fn(ctx, &meter_day);

        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return row;
}

const char *energy_source_name(enum energy_source source)
{
    static const char *const names[] = {NULL, "meter", "import"};

    return names[source];
}

static enum energy_source source_of(const char *name)
{
    if (strcmp(name, "meter") == 0) {
        return ENERGY_SOURCE_METER;
    }
    return strcmp(name, "import") == 0 ? ENERGY_SOURCE_IMPORT : ENERGY_SOURCE_NONE;
}

static void bind_energy_day(sqlite3_stmt *stmt, const struct energy_day *energy_day)
{
    bind_day(stmt, 1, energy_day->day);
    (void)sqlite3_bind_int64(stmt, 2, energy_day->enterprise_no);
    (void)sqlite3_bind_int(stmt, 3, energy_day->revision);
    db_bind_optional(stmt, 4, energy_day->has_energy, energy_day->energy_wh);
    db_bind_optional(stmt, 5, energy_day->has_energy, energy_day->import_wh);
    db_bind_optional(stmt, 6, energy_day->has_energy, energy_day->export_wh);
    db_bind_optional(stmt, 7, energy_day->has_energy, energy_day->generation_wh);
    (void)sqlite3_bind_int64(stmt, 8, energy_day->coverage_num);
    (void)sqlite3_bind_int64(stmt, 9, energy_day->coverage_den);
    (void)sqlite3_bind_int(stmt, 10, (int)energy_day->quality);
    (void)sqlite3_bind_int(stmt, 11, energy_day->valid);
    db_bind_text(stmt, 12, energy_source_name(energy_day->source));
}

static void read_energy_day(sqlite3_stmt *stmt, struct energy_day *energy_day)
{
    char source[16];

    memset(energy_day, 0, sizeof(*energy_day));
    energy_day->day = column_day(stmt, 0);
    energy_day->enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 1);
    energy_day->revision = sqlite3_column_int(stmt, 2);
    energy_day->has_energy = db_column_optional(stmt, 3, &energy_day->energy_wh);
    (void)db_column_optional(stmt, 4, &energy_day->import_wh);
    (void)db_column_optional(stmt, 5, &energy_day->export_wh);
    (void)db_column_optional(stmt, 6, &energy_day->generation_wh);
    energy_day->coverage_num = sqlite3_column_int64(stmt, 7);
    energy_day->coverage_den = sqlite3_column_int64(stmt, 8);
    energy_day->quality = (enum quality)sqlite3_column_int(stmt, 9);
    energy_day->valid = sqlite3_column_int(stmt, 10) != 0;
    db_column_text(stmt, 11, source, sizeof(source));
    energy_day->source = source_of(source);
    energy_day->complete = sqlite3_column_int(stmt, 12) != 0;
}

static bool is_same_day(const struct energy_day *a, const struct energy_day *b)
{
    return a->has_energy == b->has_energy && a->energy_wh == b->energy_wh &&
           a->import_wh == b->import_wh && a->export_wh == b->export_wh &&
           a->generation_wh == b->generation_wh && a->coverage_num == b->coverage_num &&
           a->coverage_den == b->coverage_den && a->quality == b->quality &&
           a->valid == b->valid && a->source == b->source;
}

/* Decides what a put means. Returns enum energy_change, revision set. */
static enum energy_change compare(const struct energy_day *old, struct energy_day *row)
{
    if (old == NULL) {
        row->revision = 0;
        return ENERGY_NEW;
    }
    row->revision = old->revision;
    if (is_same_day(old, row)) {
        return ENERGY_SAME;
    }
    if (old->complete) {
        row->revision++;
    }
    return ENERGY_CHANGED;
}

static int get_day(struct store *store, sqlite3_stmt *stmt, const struct energy_day *key,
                   struct energy_day *ret_old)
{
    bind_day(stmt, 1, key->day);
    (void)sqlite3_bind_int64(stmt, 2, key->enterprise_no);
    int row = db_step(store, stmt);

    if (row != 1) {
        return row == 0 ? ERR_NOT_FOUND : row;
    }
    read_energy_day(stmt, ret_old);
    (void)sqlite3_reset(stmt);
    return 0;
}

int energy_day_source_put(struct store *store, const struct energy_day *energy_day)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " DAY_COLUMNS ", complete FROM energy_day_source "
                          "WHERE day = ?1 AND enterprise_no = ?2 AND source = ?3");
    struct energy_day row = *energy_day;
    struct energy_day old;

    db_bind_text(stmt, 3, energy_source_name(row.source));
    int err = get_day(store, stmt, &row, &old);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    enum energy_change change = compare(err == 0 ? &old : NULL, &row);

    if (change == ENERGY_SAME && old.complete == row.complete) {
        return ENERGY_SAME;
    }
    stmt = db_prepare(store, "INSERT OR REPLACE INTO energy_day_source (" DAY_COLUMNS
                             ", complete) VALUES (" DAY_VALUES ", ?13)");
    bind_energy_day(stmt, &row);
    (void)sqlite3_bind_int(stmt, 13, row.complete);
    err = db_run(store, stmt);
    return err == 0 ? (int)change : err;
}

static int keep_history(struct store *store, const struct energy_day *energy_day)
{
    sqlite3_stmt *stmt = db_prepare(store, "INSERT INTO energy_day_history (" DAY_COLUMNS
                                           ") VALUES (" DAY_VALUES ")");

    bind_energy_day(stmt, energy_day);
    return db_run(store, stmt);
}

int energy_day_put(struct store *store, const struct energy_day *energy_day)
{
    struct energy_day row = *energy_day;
    struct energy_day old;
    int err = energy_day_get(store, row.enterprise_no, row.day, &old);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    enum energy_change change = compare(err == 0 ? &old : NULL, &row);

    if (change == ENERGY_SAME && old.complete == row.complete) {
        return ENERGY_SAME;
    }
    if (change == ENERGY_CHANGED && old.complete) {
        err = keep_history(store, &old);
        if (err != 0) {
            return err;
        }
    }
    sqlite3_stmt *stmt = db_prepare(store, "INSERT OR REPLACE INTO energy_day (" DAY_COLUMNS
                                           ", complete) VALUES (" DAY_VALUES ", ?13)");

    bind_energy_day(stmt, &row);
    (void)sqlite3_bind_int(stmt, 13, row.complete);
    err = db_run(store, stmt);
    return err == 0 ? (int)change : err;
}

int energy_day_get(struct store *store, uint32_t enterprise_no, day_t day,
                   struct energy_day *ret_energy_day)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT " DAY_COLUMNS ", complete FROM energy_day "
                          "WHERE day = ?1 AND enterprise_no = ?2");
    struct energy_day key = {.day = day, .enterprise_no = enterprise_no};

    return get_day(store, stmt, &key, ret_energy_day);
}

int energy_days_each(struct store *store, day_t day, enum energy_source source,
                     int (*fn)(void *ctx, const struct energy_day *energy_day), void *ctx)
{
    sqlite3_stmt *stmt = NULL;
    int row = 1;

    if (source == ENERGY_SOURCE_NONE) {
        stmt = db_prepare(store, "SELECT " DAY_COLUMNS ", complete FROM energy_day "
                                 "WHERE day = ?1 ORDER BY enterprise_no");
    } else {
        stmt = db_prepare(store, "SELECT " DAY_COLUMNS ", complete FROM energy_day_source "
                                 "WHERE day = ?1 AND source = ?2 ORDER BY enterprise_no");
        db_bind_text(stmt, 2, energy_source_name(source));
    }
    bind_day(stmt, 1, day);
    while ((row = db_step(store, stmt)) == 1) {
        struct energy_day energy_day;

        read_energy_day(stmt, &energy_day);
        int stop = fn(ctx, &energy_day);

        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return row;
}

int energy_imports_each(struct store *store, day_t day,
                        int (*fn)(void *ctx, const struct energy_import *import), void *ctx)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT enterprise_no, import_wh, ifnull(export_wh, 0), "
                          "ifnull(generation_wh, 0) FROM import_energy "
                          "WHERE day = ?1 AND account = '' ORDER BY enterprise_no");
    int row = 1;

    bind_day(stmt, 1, day);
    while ((row = db_step(store, stmt)) == 1) {
        struct energy_import import = {
            (uint32_t)sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
            sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3)};
        int stop = fn(ctx, &import);

        if (stop != 0) {
            (void)sqlite3_reset(stmt);
            return stop;
        }
    }
    return row;
}
