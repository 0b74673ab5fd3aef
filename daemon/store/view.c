#include "daemon/store/view.h"

#include <ecmon/err.h>
#include <ecmon/interval.h>
#include <ecmon/quantity.h>

#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/store/state.h"

#define PAGE_ROWS       1000
#define LAST_ID         "\x7f" /* after every id */

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A column and what its cells are. CELL_FRACTION takes two columns of the query. */
struct view_column {
    const struct column *column;
    const enum cell_kind *kind;
    int n;
};

#define ENERGY_COLUMNS                                                                     \
    {"energy_wh", COLUMN_WH, "电量"}, {"import_wh", COLUMN_PLAIN, "购电量"},               \
        {"export_wh", COLUMN_PLAIN, "上网电量"},                                           \
        {"generation_wh", COLUMN_PLAIN, "自发电量"}, {"coverage", COLUMN_PCT, "覆盖率"},   \
        {"quality", COLUMN_PLAIN, "质量"}, {"valid", COLUMN_PLAIN, "有效"},                \
        {"source", COLUMN_PLAIN, "来源"},                                                  \
    {                                                                                      \
        "revision", COLUMN_PLAIN, "修订"                                                 \
    }

#define ENERGY_KINDS                                                                       \
    CELL_INT, CELL_INT, CELL_INT, CELL_INT, CELL_FRACTION, CELL_ENUM, CELL_INT, CELL_ENUM, \
        CELL_INT

static const struct column enterprise_day_columns[] = {
    {"enterprise", COLUMN_PLAIN, "企业"}, {"day", COLUMN_PLAIN, "日期"}, ENERGY_COLUMNS};
static const struct column meter_day_columns[] = {
    {"meter", COLUMN_PLAIN, "电表"}, {"day", COLUMN_PLAIN, "日期"}, ENERGY_COLUMNS};

static const enum cell_kind day_kinds[] = {CELL_TEXT, CELL_TEXT, ENERGY_KINDS};

static const struct column enterprise_month_columns[] = {
    {"enterprise", COLUMN_PLAIN, "企业"},
    {"period", COLUMN_PLAIN, "期间"},
    ENERGY_COLUMNS,
    {"n_days", COLUMN_PLAIN, "天数"},
    {"n_valid_days", COLUMN_PLAIN, "有效天数"}};
static const struct column meter_month_columns[] = {
    {"meter", COLUMN_PLAIN, "电表"},
    {"period", COLUMN_PLAIN, "期间"},
    ENERGY_COLUMNS,
    {"n_days", COLUMN_PLAIN, "天数"},
    {"n_valid_days", COLUMN_PLAIN, "有效天数"}};

static const enum cell_kind month_kinds[] = {CELL_TEXT, CELL_TEXT, ENERGY_KINDS, CELL_INT,
                                             CELL_INT};

static const struct column enterprise_interval_columns[] = {
    {"enterprise", COLUMN_PLAIN, "企业"},
    {"start_ts_ms", COLUMN_TS_MS, "起始时间"},
    {"point", COLUMN_PLAIN, "点号"},
    ENERGY_COLUMNS};
static const struct column meter_interval_columns[] = {
    {"meter", COLUMN_PLAIN, "电表"},
    {"start_ts_ms", COLUMN_TS_MS, "起始时间"},
    {"point", COLUMN_PLAIN, "点号"},
    ENERGY_COLUMNS};

static const enum cell_kind interval_kinds[] = {CELL_TEXT, CELL_INT, CELL_INT,
                                                ENERGY_KINDS};

static const struct column reading_columns[] = {
    {"meter", COLUMN_PLAIN, "电表"},     {"slot_ts_ms", COLUMN_TS_MS, "时标"},
    {"ts_ms", COLUMN_TS_MS, "到达时间"}, {"status", COLUMN_PLAIN, "状态"},
    {"detail", COLUMN_PLAIN, "说明"},
#define QUANTITY_COLUMN(id, name, kind, group) {name, COLUMN_PLAIN, NULL},
    QUANTITY_LIST(QUANTITY_COLUMN)
#undef QUANTITY_COLUMN
};

static const enum cell_kind reading_kinds[] = {CELL_TEXT,
                                               CELL_INT,
                                               CELL_INT,
                                               CELL_ENUM,
                                               CELL_TEXT,

#define QUANTITY_KIND(id, name, kind, group) CELL_INT,
                                               QUANTITY_LIST(QUANTITY_KIND)
#undef QUANTITY_KIND
};

static const struct column export_interval_columns[] = {
    {"meter", COLUMN_PLAIN, "电表"},
    {"enterprise", COLUMN_PLAIN, "企业"},
    {"start_ts_ms", COLUMN_TS_MS, "起始时间"},
    {"energy_import_wh", COLUMN_WH, "正向有功电量"},
    {"energy_export_wh", COLUMN_WH, "反向有功电量"},
    {"reactive_import_varh", COLUMN_PLAIN, "正向无功电量"},
    {"reactive_export_varh", COLUMN_PLAIN, "反向无功电量"},
    {"max_power_w", COLUMN_PLAIN, "最大功率"},
    {"start_register", COLUMN_PLAIN, "起码"},
    {"start_register_ts_ms", COLUMN_TS_MS, "起码时间"},
    {"end_register", COLUMN_PLAIN, "止码"},
    {"end_register_ts_ms", COLUMN_TS_MS, "止码时间"},
    {"quality", COLUMN_PLAIN, "质量"},
    {"revision", COLUMN_PLAIN, "修订"}};

static const enum cell_kind export_interval_kinds[] = {
    CELL_TEXT, CELL_TEXT, CELL_INT, CELL_INT, CELL_INT, CELL_INT,  CELL_INT,
    CELL_INT,  CELL_INT,  CELL_INT, CELL_INT, CELL_INT, CELL_ENUM, CELL_INT};

#define COLUMNS(columns, kinds)                                                            \
    {                                                                                      \
        columns, kinds, COUNT_OF(columns)                                                  \
    }

/* In every query ?1 and ?2 are the first and the last id, both the same when one is asked
 * for; ?3 and ?4 the range. */

static const char enterprise_days[] =
    "WITH RECURSIVE d (day) AS (SELECT ?3 UNION ALL "
    "SELECT date(day, '+1 day') FROM d WHERE day < ?4) "
    "SELECT e.id, d.day, x.energy_wh, x.import_wh, x.export_wh, x.generation_wh, "
    "ifnull(x.coverage_num, 0), ifnull(nullif(x.coverage_den, 0), 1), "
    "ifnull(x.quality, 'missing'), ifnull(x.valid, 0), x.source, ifnull(x.revision, 0) "
    "FROM enterprise e CROSS JOIN d "
    "CROSS JOIN enterprise_version v ON v.enterprise_no = e.enterprise_no "
    "AND v.since_day <= d.day AND v.until_day >= d.day "
    "LEFT JOIN energy_day x ON x.day = d.day AND x.enterprise_no = e.enterprise_no "
    "WHERE e.id BETWEEN ?1 AND ?2 ORDER BY e.id, d.day";

static const char meter_days[] =
    "WITH RECURSIVE d (day) AS (SELECT ?3 UNION ALL "
    "SELECT date(day, '+1 day') FROM d WHERE day < ?4) "
    "SELECT m.id, d.day, x.energy_import_wh, x.energy_import_wh, x.energy_export_wh, NULL, "
    "ifnull(x.known_quarters, 0), 96, ifnull(x.quality, 'missing'), "
    "ifnull(x.energy_import_wh IS NOT NULL AND (x.midnights = 3 OR x.known_quarters >= "
    "87), 0), "
    "iif(x.energy_import_wh IS NULL, NULL, 'meter'), ifnull(x.revision, 0) "
    "FROM meter m CROSS JOIN d LEFT JOIN meter_day x ON x.day = d.day "
    "AND x.meter_no = m.meter_no "
    "WHERE m.id BETWEEN ?1 AND ?2 AND EXISTS (SELECT 1 FROM meter_version v "
    "WHERE v.meter_no = m.meter_no AND v.since_ms < unixepoch(d.day) * 1000 - ?5 + "
    "86400000 "
    "AND v.until_ms > unixepoch(d.day) * 1000 - ?5) ORDER BY m.id, d.day";

#define MONTH_QUALITY                                                                      \
    "CASE WHEN max(ifnull(x.quality, 3) = 3) THEN 'missing' "                              \
    "WHEN max(x.quality = 4) THEN 'suspect' WHEN max(x.quality = 2) THEN 'estimated' "     \
    "WHEN max(x.quality < 2) THEN 'measured' ELSE 'imported' END"

static const char enterprise_months[] =
    "WITH RECURSIVE d (day) AS (SELECT ?3 UNION ALL "
    "SELECT date(day, '+1 day') FROM d WHERE day < ?4) "
    "SELECT e.id, substr(d.day, 1, 7) AS period, sum(x.energy_wh), sum(x.import_wh), "
    "sum(x.export_wh), sum(x.generation_wh), "
    "CAST(round(avg(ifnull(CAST(x.coverage_num AS REAL) / nullif(x.coverage_den, 0), 0)) "
    "* 1e9) AS INTEGER), 1000000000, " MONTH_QUALITY ", min(ifnull(x.valid, 0)), "
    "iif(min(x.source) <> max(x.source), 'mixed', min(x.source)), "
    "sum(ifnull(x.revision, 0)), count(*), sum(ifnull(x.valid, 0)) "
    "FROM enterprise e CROSS JOIN d "
    "CROSS JOIN enterprise_version v ON v.enterprise_no = e.enterprise_no "
    "AND v.since_day <= d.day AND v.until_day >= d.day "
    "LEFT JOIN energy_day x ON x.day = d.day AND x.enterprise_no = e.enterprise_no "
    "WHERE e.id BETWEEN ?1 AND ?2 GROUP BY e.id, period ORDER BY e.id, period";

#define METER_DAY_VALID                                                                    \
    "ifnull(x.energy_import_wh IS NOT NULL AND (x.midnights = 3 OR x.known_quarters >= "   \
    "87), 0)"

static const char meter_months[] =
    "WITH RECURSIVE d (day) AS (SELECT ?3 UNION ALL "
    "SELECT date(day, '+1 day') FROM d WHERE day < ?4) "
    "SELECT m.id, substr(d.day, 1, 7) AS period, sum(x.energy_import_wh), "
    "sum(x.energy_import_wh), sum(x.energy_export_wh), NULL, "
    "sum(ifnull(x.known_quarters, 0)), 96 * count(*), " MONTH_QUALITY
    ", min(" METER_DAY_VALID "), iif(count(x.energy_import_wh) = 0, NULL, 'meter'), "
    "sum(ifnull(x.revision, 0)), count(*), sum(" METER_DAY_VALID ") "
    "FROM meter m CROSS JOIN d LEFT JOIN meter_day x ON x.day = d.day "
    "AND x.meter_no = m.meter_no "
    "WHERE m.id BETWEEN ?1 AND ?2 AND EXISTS (SELECT 1 FROM meter_version v "
    "WHERE v.meter_no = m.meter_no AND v.since_ms < unixepoch(d.day) * 1000 - ?5 + "
    "86400000 "
    "AND v.until_ms > unixepoch(d.day) * 1000 - ?5) GROUP BY m.id, period "
    "ORDER BY m.id, period";

static const char enterprise_intervals[] =
    "SELECT enterprise, start_ts_ms, point, energy_wh, import_wh, export_wh, "
    "generation_wh, "
    "n_known, n_meters, quality, energy_wh IS NOT NULL, iif(energy_wh IS NULL, NULL, "
    "'meter'), "
    "revision FROM v_curve WHERE enterprise BETWEEN ?1 AND ?2 AND start_ts_ms >= ?3 "
    "AND start_ts_ms < ?4 ORDER BY enterprise, start_ts_ms";

static const char meter_intervals[] =
    "SELECT meter, start_ts_ms, point, energy_import_wh, energy_import_wh, "
    "energy_export_wh, "
    "NULL, quality IN ('measured', 'interpolated'), 1, quality, energy_import_wh IS NOT "
    "NULL, "
    "iif(energy_import_wh IS NULL, NULL, 'meter'), revision FROM v_interval "
    "WHERE meter BETWEEN ?1 AND ?2 AND start_ts_ms >= ?3 AND start_ts_ms < ?4";

/* No ORDER BY in the long ones: the walk itself goes by meter and time. */
static const char readings[] =
    "SELECT meter, slot_ts_ms, ts_ms, status, detail, energy_import_wh, energy_export_wh, "
    "reactive_import_varh, reactive_export_varh, power_w, power_a_w, power_b_w, power_c_w, "
    "reactive_var, apparent_va, pf_e3, voltage_a_mv, voltage_b_mv, voltage_c_mv, "
    "voltage_ab_mv, voltage_bc_mv, voltage_ca_mv, current_a_ma, current_b_ma, "
    "current_c_ma, "
    "current_n_ma, frequency_mhz, demand_w FROM v_reading "
    "WHERE meter BETWEEN ?1 AND ?2 AND slot_ts_ms >= ?3 AND slot_ts_ms < ?4";

static const char intervals[] =
    "SELECT meter, enterprise, start_ts_ms, energy_import_wh, energy_export_wh, "
    "reactive_import_varh, reactive_export_varh, max_power_w, start_register, "
    "start_register_ts_ms, end_register, end_register_ts_ms, quality, revision "
    "FROM v_interval WHERE meter BETWEEN ?1 AND ?2 AND start_ts_ms >= ?3 AND start_ts_ms < "
    "?4";

static const char days[] =
    "SELECT e.id, d.day, d.energy_wh, d.import_wh, d.export_wh, d.generation_wh, "
    "d.coverage_num, ifnull(nullif(d.coverage_den, 0), 1), d.quality, d.valid, d.source, "
    "d.revision FROM enterprise e CROSS JOIN energy_day d ON d.enterprise_no = "
    "e.enterprise_no "
    "WHERE e.id BETWEEN ?1 AND ?2 AND d.day BETWEEN ?3 AND ?4 ORDER BY e.id, d.day";

struct view {
    const char *sql;
    bool by_day; /* the range is bound as days */
    struct view_column columns;
};

static const struct view energy_views[][2] = {
    [VIEW_BY_INTERVAL] = {{enterprise_intervals, false,
                           COLUMNS(enterprise_interval_columns, interval_kinds)},
                          {meter_intervals, false,
                           COLUMNS(meter_interval_columns, interval_kinds)}},
    [VIEW_BY_DAY] = {{enterprise_days, true, COLUMNS(enterprise_day_columns, day_kinds)},
                     {meter_days, true, COLUMNS(meter_day_columns, day_kinds)}},
    [VIEW_BY_MONTH] = {{enterprise_months, true,
                        COLUMNS(enterprise_month_columns, month_kinds)},
                       {meter_months, true, COLUMNS(meter_month_columns, month_kinds)}},
};

static const struct view export_views[] = {
    [VIEW_READINGS] = {readings, false, COLUMNS(reading_columns, reading_kinds)},
    [VIEW_INTERVALS] = {intervals, false,
                        COLUMNS(export_interval_columns, export_interval_kinds)},
    [VIEW_DAYS] = {days, true, COLUMNS(enterprise_day_columns, day_kinds)},
};

/* Words of a quality that came as its number. */
static struct cell word_cell(sqlite3_stmt *stmt, int index, struct rows *rows)
{
    if (sqlite3_column_type(stmt, index) == SQLITE_INTEGER) {
        int64_t quality = sqlite3_column_int64(stmt, index);

        return quality >= 0 && quality < QUALITY_COUNT
                   ? cell_enum(quality_name((enum quality)quality))
                   : cell_null();
    }
    return cell_enum(rows_keep(rows, (const char *)sqlite3_column_text(stmt, index)));
}

/* Fills one cell from the query's columns at index; returns how many it took. */
static int fill_cell(sqlite3_stmt *stmt, int index, enum cell_kind kind, struct rows *rows,
                     struct cell *ret_cell)
{
    if (sqlite3_column_type(stmt, index) == SQLITE_NULL) {
        *ret_cell = cell_null();
        return kind == CELL_FRACTION ? 2 : 1;
    }
    switch (kind) {
    case CELL_TEXT:
        *ret_cell =
            cell_text(rows_keep(rows, (const char *)sqlite3_column_text(stmt, index)));
        return 1;
    case CELL_ENUM:
        *ret_cell = word_cell(stmt, index, rows);
        return 1;
    case CELL_FRACTION:
        *ret_cell = cell_fraction(sqlite3_column_int64(stmt, index),
                                  sqlite3_column_int64(stmt, index + 1));
        return 2;
    case CELL_INT:
    case CELL_DECIMAL:
    case CELL_NULL:
    default:
        *ret_cell = cell_int(sqlite3_column_int64(stmt, index));
        return 1;
    }
}

static int add_row(sqlite3_stmt *stmt, const struct view_column *columns, struct rows *rows)
{
    struct cell *cell = rows_add(rows);
    int index = 0;

    if (cell == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < columns->n; i++) {
        index += fill_cell(stmt, index, columns->kind[i], rows, &cell[i]);
    }
    return 0;
}

static sqlite3_stmt *bind(struct store *store, const struct view *view,
                          const struct view_range *range)
{
    const char *id = range->meter != NULL || view->columns.column == reading_columns ||
                             view->columns.column == export_interval_columns
                         ? range->meter
                         : range->enterprise;
    sqlite3_stmt *stmt = db_prepare(store, view->sql);
    char day[DAY_TEXT_LEN];

    (void)sqlite3_bind_text(stmt, 1, id != NULL ? id : "", -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(stmt, 2, id != NULL ? id : LAST_ID, -1, SQLITE_TRANSIENT);
    if (view->by_day) {
        text_from_day(day_of_ts(range->from_ms, &store->zone), day);
        (void)sqlite3_bind_text(stmt, 3, day, -1, SQLITE_TRANSIENT);
        text_from_day(day_of_ts(range->until_ms - 1, &store->zone), day);
        (void)sqlite3_bind_text(stmt, 4, day, -1, SQLITE_TRANSIENT);
    } else {
        (void)sqlite3_bind_int64(stmt, 3, range->from_ms);
        (void)sqlite3_bind_int64(stmt, 4, range->until_ms);
    }
    if (sqlite3_bind_parameter_count(stmt) == 5) {
        (void)sqlite3_bind_int64(stmt, 5, store->zone.offset_ms);
    }
    return stmt;
}

int view_energy(struct store *store, const struct view_range *range, enum view_by by,
                struct rows *ret_rows)
{
    const struct view *view = &energy_views[by][range->meter != NULL ? 1 : 0];
    int row = 0;
    int err = 0;

    rows_init(ret_rows, view->columns.column, view->columns.n);
    if (range->from_ms >= range->until_ms) {
        return 0;
    }
    sqlite3_stmt *stmt = bind(store, view, range);

    while (err == 0 && (row = db_step(store, stmt)) == 1) {
        err = add_row(stmt, &view->columns, ret_rows);
    }
    (void)sqlite3_reset(stmt);
    if (row < 0) {
        err = row;
    }
    if (err != 0) {
        rows_done(ret_rows);
    }
    return err;
}

int view_export(struct store *store, enum view_kind kind, const struct view_range *range,
                int (*page)(void *ctx, const struct rows *rows), void *ctx)
{
    const struct view *view = &export_views[kind];
    struct rows rows;
    int row = 0;
    int err = 0;
    size_t n_pages = 0;
    sqlite3_stmt *stmt = bind(store, view, range);

    rows_init(&rows, view->columns.column, view->columns.n);
    while (err == 0 && range->from_ms < range->until_ms &&
           (row = db_step(store, stmt)) == 1) {
        err = add_row(stmt, &view->columns, &rows);
        if (err == 0 && rows.n_rows == PAGE_ROWS) {
            err = page(ctx, &rows);
            n_pages++;
            rows_done(&rows);
        }
    }
    (void)sqlite3_reset(stmt);
    if (err == 0 && row >= 0 && (rows.n_rows > 0 || n_pages == 0)) {
        err = page(ctx, &rows);
    }
    rows_done(&rows);
    return row < 0 ? row : err;
}

int view_readings(struct store *store, const struct view_range *range,
                  int (*page)(void *ctx, const struct rows *rows), void *ctx)
{
    return view_export(store, VIEW_READINGS, range, page, ctx);
}
