/* Factors: grid*.csv, carriers*.csv; benchmarks/<file>.csv. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/methods_parts.h"
#include "daemon/core/text.h"

/* Regional grids of the MEE and NBS announcements. */
static const char *const grids[] = {"CN",          "north-china",     "northeast-china",
                                    "east-china",  "central-china",   "northwest-china",
                                    "south-china", "southwest-china", NULL};

static bool is_digits(const char *text, size_t n)
{
    return strlen(text) == n && strspn(text, "0123456789") == n;
}

/* ---- grid ---- */

static const struct table_word kind_words[] = {
    {"average", "average"}, {"residual", "residual"}, {NULL, NULL}};

#define GRID(field) TABLE_INTO(struct grid_factor, field)

enum {
    GRID_REGION,
    GRID_YEAR,
    GRID_KIND,
    GRID_KG,
    GRID_DOCUMENT,
    GRID_CONFIDENCE
};

static const struct table_column grid_columns[] = {
    [GRID_REGION] = {"region", "区域", NULL, TABLE_CODE, TABLE_REQUIRED, GRID(region)},
    [GRID_YEAR] = {"year", "年份", NULL, TABLE_INT32, TABLE_REQUIRED, .min = 2000,
                   .max = 2100, GRID(year)},
    [GRID_KIND] = {"kind", "类别", NULL, TABLE_OTHER, TABLE_REQUIRED, .words = kind_words},
    [GRID_KG] = {"kg_per_kwh", "因子", NULL, TABLE_DECIMAL, TABLE_REQUIRED, .min = 0,
                 .max = 3000000, .digits = 6, .help = "kg CO2 per kWh",
                 GRID(kg_per_kwh_e6)},
    [GRID_DOCUMENT] = {"document", "文件", NULL, TABLE_TEXT, TABLE_REQUIRED,
                       GRID(document)},
    [GRID_CONFIDENCE] = {"confidence", "可信度", NULL, TABLE_OTHER, TABLE_REQUIRED,
                         .words = confidence_words},
    {.name = NULL}};

static void check_grid_region(struct table *table, const char *region)
{
    if (region[0] == '\0' || is_digits(region, 2) || word_index(grids, region) >= 0) {
        return;
    }
    const char *nearest = text_nearest(region, grids);

    table_error(
        table, GRID_REGION,
        "region \"%s\" is none of CN, a regional grid, two digits of a province%s%s%s",
        region, nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
        nearest == NULL ? "" : "\"?");
}

static void check_grid_twice(const struct methods *methods, struct table *table,
                             const struct grid_factor *row)
{
    for (int i = 0; i < methods->n_grid; i++) {
        const struct grid_factor *other = &methods->grid[i];

        if (strcmp(other->region, row->region) == 0 && other->year == row->year &&
            other->kind == row->kind) {
            table_error(table, GRID_REGION, "the %s factor of %s for %d is given twice",
                        table_cell(table, GRID_KIND), row->region, (int)row->year);
            return;
        }
    }
}

static int take_grid(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct grid_factor row = {0};
    int64_t before = table_errors(table);
    const char *kind = table_cell(table, GRID_KIND);

    (void)table_fill(table, &row);
    check_grid_region(table, row.region);
    if (kind[0] != '\0' && table_word(kind_words, kind) == NULL) {
        table_error_words(table, GRID_KIND, kind_words);
    }
    row.kind = kind[0] == 'r' ? FACTOR_RESIDUAL : FACTOR_AVERAGE;
    methods_take_confidence(table, GRID_CONFIDENCE, &row.confidence);
    check_grid_twice(methods, table, &row);
    if (table_errors(table) > before) {
        return 0;
    }
    struct grid_factor *grown = array_grow(methods->grid, methods->n_grid, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->grid = grown;
    grown[methods->n_grid++] = row;
    return 0;
}

int methods_on_grid(void *ctx, const char *path, const char *name)
{
    static const struct method_table kind = {grid_columns, true, take_grid};

    return methods_read_table(ctx, &kind, path, name);
}

/* ---- carriers ---- */

static const struct table_word unit_words[] = {
    {"kWh", "kWh"}, {"m3", "m3"}, {"t", "t"}, {"GJ", "GJ"}, {"MWh", "MWh"}, {NULL, NULL}};
static const struct table_word yes_words[] = {{"yes", "yes"}, {"no", "no"}, {NULL, NULL}};

#define CARRIER(field) TABLE_INTO(struct carrier, field)
#define PER_UNIT       .min = 0, .max = INT64_C(100000000000), .digits = 6

enum {
    CARRIER_ID,
    CARRIER_UNIT,
    CARRIER_FUEL,
    CARRIER_CO2,
    CARRIER_KGCE,
    CARRIER_PRIMARY,
    CARRIER_DOCUMENT,
    CARRIER_CONFIDENCE
};

static const struct table_column carrier_columns[] = {
    [CARRIER_ID] = {"carrier", "能源品种", NULL, TABLE_ID, TABLE_REQUIRED, CARRIER(id)},
    [CARRIER_UNIT] = {"unit", "单位", NULL, TABLE_WORD, TABLE_REQUIRED, .words = unit_words,
                      CARRIER(unit)},
    [CARRIER_FUEL] = {"fuel", "燃料", NULL, TABLE_OTHER, TABLE_REQUIRED,
                      .words = yes_words},
    [CARRIER_CO2] = {"kg_co2_per_unit", "排放因子", NULL, TABLE_DECIMAL, TABLE_OPTIONAL,
                     PER_UNIT, CARRIER(kg_co2_per_unit_e6)},
    [CARRIER_KGCE] = {"kgce_per_unit", "当量值", NULL, TABLE_DECIMAL, TABLE_OPTIONAL,
                      PER_UNIT, CARRIER(kgce_per_unit_e6)},
    [CARRIER_PRIMARY] = {"kgce_primary_per_unit", "等价值", NULL, TABLE_DECIMAL,
                         TABLE_OPTIONAL, PER_UNIT, CARRIER(kgce_primary_per_unit_e6)},
    [CARRIER_DOCUMENT] = {"document", "文件", NULL, TABLE_TEXT, TABLE_REQUIRED,
                          CARRIER(document)},
    [CARRIER_CONFIDENCE] = {"confidence", "可信度", NULL, TABLE_OTHER, TABLE_REQUIRED,
                            .words = confidence_words},
    {.name = NULL}};

static void check_carrier(const struct methods *methods, struct table *table,
                          const struct carrier *row)
{
    const char *fuel = table_cell(table, CARRIER_FUEL);

    if (fuel[0] != '\0' && table_word(yes_words, fuel) == NULL) {
        table_error_words(table, CARRIER_FUEL, yes_words);
    }
    for (int i = 0; i < methods->n_carrier; i++) {
        if (strcmp(methods->carrier[i].id, row->id) == 0) {
            table_error(table, CARRIER_ID, "carrier \"%s\" is given twice", row->id);
        }
    }
}

static int take_carrier(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct carrier row = {0};
    int64_t before = table_errors(table);

    (void)table_fill(table, &row);
    row.is_fuel = table_cell(table, CARRIER_FUEL)[0] == 'y';
    row.has_co2 = table_cell(table, CARRIER_CO2)[0] != '\0';
    row.has_coal = table_cell(table, CARRIER_KGCE)[0] != '\0';
    row.has_coal_primary = table_cell(table, CARRIER_PRIMARY)[0] != '\0';
    methods_take_confidence(table, CARRIER_CONFIDENCE, &row.confidence);
    check_carrier(methods, table, &row);
    if (table_errors(table) > before) {
        return 0;
    }
    struct carrier *grown =
        array_grow(methods->carrier, methods->n_carrier, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->carrier = grown;
    grown[methods->n_carrier++] = row;
    return 0;
}

int methods_on_carriers(void *ctx, const char *path, const char *name)
{
    static const struct method_table kind = {carrier_columns, true, take_carrier};

    return methods_read_table(ctx, &kind, path, name);
}

/* ---- benchmarks ---- */

#define BENCHMARK(field) TABLE_INTO(struct benchmark, field)

enum {
    BENCHMARK_INDUSTRY,
    BENCHMARK_REGION,
    BENCHMARK_PERIOD,
    BENCHMARK_VALUE,
    BENCHMARK_SOURCE
};

static const struct table_column benchmark_columns[] = {
    [BENCHMARK_INDUSTRY] = {"industry", "行业代码", NULL, TABLE_CODE, TABLE_REQUIRED,
                            BENCHMARK(industry)},
    [BENCHMARK_REGION] = {"region", "行政区划", NULL, TABLE_CODE, TABLE_COLUMN,
                          BENCHMARK(region)},
    [BENCHMARK_PERIOD] = {"period", "期间", NULL, TABLE_TEXT, TABLE_REQUIRED,
                          BENCHMARK(period)},
    [BENCHMARK_VALUE] = {"t_per_1e4cny", "均值", NULL, TABLE_DECIMAL, TABLE_REQUIRED,
                         .min = 1, .max = INT64_C(1000000000000), .digits = 9,
                         .help = "t CO2 per 10,000 yuan of value added",
                         BENCHMARK(t_per_1e4cny_e9)},
    [BENCHMARK_SOURCE] = {"source", "来源", NULL, TABLE_TEXT, TABLE_REQUIRED,
                          BENCHMARK(source)},
    {.name = NULL}};

static void check_industry(struct table *table, const char *industry)
{
    size_t digits = industry[0] == '\0' ? 0 : strspn(industry + 1, "0123456789");

    if (industry[0] == '\0') {
        return;
    }
    if (industry[0] < 'A' || industry[0] > 'T' || digits > 4 ||
        industry[1 + digits] != '\0') {
        table_error(table, BENCHMARK_INDUSTRY,
                    "industry \"%s\" is not a code of GB/T 4754-2017, such as C31",
                    industry);
    }
}

/* 330000 -> 33; CN -> "" (everywhere). */
static void shorten_region(struct table *table, char *region)
{
    size_t n = strlen(region);

    if (strcmp(region, "CN") == 0) {
        region[0] = '\0';
        return;
    }
    if (n > 6 || n % 2 != 0 || strspn(region, "0123456789") != n) {
        table_error(table, BENCHMARK_REGION,
                    "region \"%s\" is neither CN nor 2, 4 or 6 digits of GB/T 2260",
                    region);
        return;
    }
    while (n >= 2 && strcmp(region + n - 2, "00") == 0) {
        n -= 2;
        region[n] = '\0';
    }
}

static void take_period(struct table *table, char *period_text, size_t size)
{
    struct period period;

    if (period_text[0] == '\0') {
        return;
    }
    if (text_to_period(period_text, &period) != 0) {
        table_error(
            table, BENCHMARK_PERIOD,
            "period \"%s\" is none of 2023, 2023H1, 2023Q1, 2023-01, 2023-01..2023-02",
            period_text);
        return;
    }
    (void)text_copy(period_text, size, period.text);
}

static void check_equal_rank(const struct methods *methods, struct table *table,
                             const struct benchmark *row)
{
    for (int i = 0; i < methods->n_benchmark; i++) {
        const struct benchmark *other = &methods->benchmark[i];

        if (strcmp(other->industry, row->industry) == 0 &&
            strcmp(other->region, row->region) == 0 &&
            strcmp(other->period, row->period) == 0) {
            table_error(table, BENCHMARK_INDUSTRY,
                        "a benchmark of equal rank (%s, %s, %s) stands in %s",
                        row->industry, row->region[0] == '\0' ? "CN" : row->region,
                        row->period, other->file);
            return;
        }
    }
}

static int take_benchmark(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct benchmark row = {0};
    int64_t before = table_errors(table);

    (void)table_fill(table, &row);
    (void)snprintf(row.file, sizeof(row.file), "benchmarks/%.50s", reader->name);
    check_industry(table, row.industry);
    shorten_region(table, row.region);
    take_period(table, row.period, sizeof(row.period));
    check_equal_rank(methods, table, &row);
    if (table_errors(table) > before) {
        return 0;
    }
    struct benchmark *grown =
        array_grow(methods->benchmark, methods->n_benchmark, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->benchmark = grown;
    grown[methods->n_benchmark++] = row;
    return 0;
}

int methods_on_benchmarks(void *ctx, const char *path, const char *name)
{
    static const struct method_table kind = {benchmark_columns, true, take_benchmark};

    return methods_read_table(ctx, &kind, path, name);
}
