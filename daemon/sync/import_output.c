/* output: output value, value added, taxes, staff and so on, by enterprise and period. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/import_parts.h"

/* Millionths of a yuan: 10^12 yuan. Sums over thousands of enterprises are made in 128
 * bits. */
#define VALUE_MAX_E6 INT64_C(1000000000000000000)

/* Money in yuan, 1,000 yuan, 10,000 yuan; the digits make each millionths of a yuan. */
#define MONEY_LIST(X, ID, name, label)                                                     \
    X(ID##_CNY, name "_cny", label "(元)", label "（元）", TABLE_OTHER, TABLE_OPTIONAL,    \
      .digits = 6, .help = "yuan")                                                         \
    X(ID##_KCNY, name "_kcny", label "(千元)", label "（千元）", TABLE_OTHER,              \
      TABLE_OPTIONAL, .digits = 9, .help = "1,000 yuan")                                   \
    X(ID##_WAN, name "_wan", label "(万元)", label "（万元）", TABLE_OTHER,                \
      TABLE_OPTIONAL, .digits = 10, .help = "10,000 yuan")

#define COLUMN_LIST(X)                                                                     \
    X(ENTERPRISE, "enterprise", "企业编号", "企业", TABLE_OTHER, TABLE_REQUIRED,           \
      .size = 0)                                                                           \
    X(PERIOD, "period", "期间", "时期", TABLE_OTHER, TABLE_REQUIRED, .size = 0)            \
    MONEY_LIST(X, OUTPUT_VALUE, "output_value", "产值")                                    \
    MONEY_LIST(X, VALUE_ADDED, "value_added", "增加值")                                    \
    MONEY_LIST(X, TAX, "tax", "税收")                                                      \
    MONEY_LIST(X, REVENUE, "revenue", "营业收入")                                          \
    MONEY_LIST(X, RD, "rd", "研发费用")                                                    \
    X(EMPLOYEES, "employees", "从业人数", "员工数", TABLE_OTHER, TABLE_OPTIONAL,           \
      .digits = 6)                                                                         \
    X(STAFF_RETURNED, "staff_returned", "返岗人数", NULL, TABLE_OTHER, TABLE_OPTIONAL,     \
      .digits = 6)                                                                         \
    X(STAFF_TOTAL, "staff_total", "应返岗人数", "员工总数", TABLE_OTHER, TABLE_OPTIONAL,   \
      .digits = 6)                                                                         \
    X(INVESTMENT_CNY, "investment_cny", "投资额(元)", "投资额（元）", TABLE_OTHER,         \
      TABLE_OPTIONAL, .digits = 6, .help = "yuan")

enum {
    COLUMN_LIST(TABLE_ENUM)
};

static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};

static const char *const template_names[] = {
    "enterprise",     "period",      "output_value_wan", "value_added_wan",
    "tax_wan",        "revenue_wan", "rd_wan",           "employees",
    "staff_returned", "staff_total", "investment_cny",   NULL};
static const char *const template_labels[] = {
    "企业编号",   "期间",           "产值(万元)",     "增加值(万元)",
    "税收(万元)", "营业收入(万元)", "研发费用(万元)", "从业人数",
    "返岗人数",   "应返岗人数",     "投资额(元)",     NULL};

/* An item and the columns that may give it. */
struct item {
    const char *name;
    int first;
    int n;
};

static const struct item items[] = {
    {"output_value", COLUMN_OUTPUT_VALUE_CNY, 3},
    {"value_added", COLUMN_VALUE_ADDED_CNY, 3},
    {"tax", COLUMN_TAX_CNY, 3},
    {"revenue", COLUMN_REVENUE_CNY, 3},
    {"rd", COLUMN_RD_CNY, 3},
    {"employees", COLUMN_EMPLOYEES, 1},
    {"staff_returned", COLUMN_STAFF_RETURNED, 1},
    {"staff_total", COLUMN_STAFF_TOTAL, 1},
    {"investment", COLUMN_INVESTMENT_CNY, 1},
};

#define N_ITEMS ((int)(sizeof(items) / sizeof(*items)))

static int begin(struct import *import)
{
    struct figures *figures = calloc(1, sizeof(*figures));
    int n_items = 0;

    if (figures == NULL) {
        return ERR_NOMEM;
    }
    figures->compare = imports_output_compare;
    figures->put = imports_output_put;
    figures->periods = imports_output_periods;
    figures->period_column = table_place(import->table, COLUMN_PERIOD);
    import->rows = figures;
    for (int i = 0; i < N_ITEMS; i++) {
        int given = -1;

        for (int k = items[i].first; k < items[i].first + items[i].n; k++) {
            if (!table_has(import->table, k)) {
                continue;
            }
            if (given >= 0) {
                table_error(import->table, k,
                            "%s is given twice, as %s and %s: one unit only", items[i].name,
                            columns[given].name, columns[k].name);
            }
            given = k;
            n_items++;
        }
    }
    if (n_items == 0) {
        table_error(
            import->table, -1,
            "no figure: give at least one column such as value_added_wan or employees");
    }
    return 0;
}

/* The items of the row. Returns how many, ERR_DATA when one is bad. */
static int take_items(struct import *import, int ret_column[N_ITEMS],
                      int64_t ret_e6[N_ITEMS])
{
    int n = 0;
    bool bad = false;

    for (int i = 0; i < N_ITEMS; i++) {
        ret_column[i] = -1;
        for (int k = items[i].first; k < items[i].first + items[i].n; k++) {
            int result =
                table_amount(import->table, k, columns[k].digits, VALUE_MAX_E6, &ret_e6[i]);

            bad = bad || result < 0;
            if (result == 1) {
                ret_column[i] = k;
                n++;
            }
        }
    }
    return bad ? ERR_DATA : n;
}

static int stage_row(struct import *import, uint32_t enterprise_no,
                     const struct period *period, const int column[N_ITEMS],
                     const int64_t value_e6[N_ITEMS])
{
    struct figures *figures = import->rows;
    int64_t before = table_errors(import->table);
    struct imported_figure figure = {.enterprise_no = enterprise_no};
    int err = figures_add_source(import, figures);

    (void)text_copy(figure.period, sizeof(figure.period), period->text);
    for (int i = 0; i < N_ITEMS && err == 0; i++) {
        if (column[i] >= 0) {
            (void)text_copy(figure.name, sizeof(figure.name), items[i].name);
            figure.value_e6 = value_e6[i];
            err = figures_stage(import, figures, &figure, period, column[i]);
        }
    }
    if (err == 0 && table_errors(import->table) > before) {
        figures_refuse_source(figures);
    }
    return err;
}

static int take(struct import *import)
{
    struct table *table = import->table;
    int64_t before = table_errors(table);
    struct period period = {.first = DAY_MIN, .last = DAY_MAX};
    int column[N_ITEMS];
    int64_t value_e6[N_ITEMS] = {0};

    (void)import_period(import, COLUMN_PERIOD, &period);
    uint32_t enterprise_no =
        import_enterprise(import, COLUMN_ENTERPRISE, period.first, period.last);

    if (take_items(import, column, value_e6) == 0) {
        table_error(table, -1, "the row has no figure");
    }
    return table_errors(table) > before
               ? 0
               : stage_row(import, enterprise_no, &period, column, value_e6);
}

static int check(struct import *import)
{
    return figures_check(import, import->rows);
}

static int store_all(struct import *import)
{
    return figures_store(import, import->rows);
}

static void done(struct import *import)
{
    if (import->rows != NULL) {
        figures_done(import->rows);
        free(import->rows);
    }
}

const struct import_kind import_output = {"output",        columns,   template_names,
                                          template_labels, begin,     take,
                                          check,           store_all, done};
