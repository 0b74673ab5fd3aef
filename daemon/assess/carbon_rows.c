#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/ratio.h>

#include "daemon/assess/carbon.h"
#include "daemon/core/row.h"

#define N_COLUMNS(columns) ((int)(sizeof(columns) / sizeof((columns)[0])))

/* Hundredths of a tonne. */
static const int64_t mg_per_cent_t = 10000000;
static const int64_t gram_per_cent_t = 10000;

/* interfaces.md E3 */
static const struct column carbon_columns[] = {
    {"enterprise", COLUMN_PLAIN, "企业编号"},
    {"name", COLUMN_PLAIN, "名称"},
    {"period", COLUMN_PLAIN, "期间"},
    {"period_kind", COLUMN_PLAIN, "期间类型"},
    {"method", COLUMN_PLAIN, "口径"},
    {"purchased_kwh", COLUMN_PLAIN, "外购电量(kWh)"},
    {"self_pv_kwh", COLUMN_PLAIN, "自用光伏(kWh)"},
    {"green_kwh", COLUMN_PLAIN, "绿电绿证(kWh)"},
    {"energy_tce", COLUMN_PLAIN, "综合能耗(tce,当量值)"},
    {"energy_tce_primary", COLUMN_PLAIN, "综合能耗(tce,等价值)"},
    {"scope1_t", COLUMN_PLAIN, "直接排放(t)"},
    {"heat_t", COLUMN_PLAIN, "热力排放(t)"},
    {"co2_location_t", COLUMN_PLAIN, "排放量(位置法,t)"},
    {"co2_market_t", COLUMN_PLAIN, "排放量(市场法,t)"},
    {"co2_graded_t", COLUMN_PLAIN, "评价排放量(t)"},
    {"value_added_cny", COLUMN_CNY_WAN, "工业增加值"},
    {"intensity", COLUMN_PLAIN, "单位增加值碳排放(t/万元)"},
    {"benchmark", COLUMN_PLAIN, "行业基准(t/万元)"},
    {"benchmark_period", COLUMN_PLAIN, "基准期间"},
    {"benchmark_source", COLUMN_PLAIN, "基准来源"},
    {"ratio", COLUMN_PLAIN, "碳效值"},
    {"level", COLUMN_PLAIN, "碳效水平"},
    {"grade", COLUMN_PLAIN, "碳效等级"},
    {"neutral_rate", COLUMN_PCT, "碳中和率"},
    {"factor_kg_per_kwh", COLUMN_PLAIN, "电力排放因子(kg/kWh)"},
    {"factor_region", COLUMN_PLAIN, "因子区域"},
    {"factor_year", COLUMN_PLAIN, "因子年份"},
    {"coverage", COLUMN_PCT, "覆盖率"},
    {"status", COLUMN_PLAIN, "状态"},
    {"reason", COLUMN_PLAIN, "原因"},
    {"revision", COLUMN_PLAIN, "版本"},
    {"inputs_sha256", COLUMN_PLAIN, "输入摘要"},
};

void carbon_rows_init(struct rows *rows)
{
    rows_init(rows, carbon_columns, N_COLUMNS(carbon_columns));
}

static struct cell kept(struct rows *rows, const char *text)
{
    return text[0] == '\0' ? cell_null() : cell_text(rows_keep(rows, text));
}

static struct cell kept_enum(struct rows *rows, const char *text)
{
    return text[0] == '\0' ? cell_null() : cell_enum(rows_keep(rows, text));
}

static struct cell decimal(struct result_value value, int digits)
{
    return value.has ? cell_decimal(value.value, digits) : cell_null();
}

static struct cell tonnes(struct result_value value, int64_t per_cent_t)
{
    return value.has ? cell_decimal(div_round_128(value.value, per_cent_t), 2)
                     : cell_null();
}

static struct cell whole(struct result_value value)
{
    return value.has ? cell_int(value.value) : cell_null();
}

static struct cell *put_amounts(struct cell *at, const struct carbon_row *row)
{
    *at++ = decimal(row->purchased_wh, 3);
    *at++ = decimal(row->self_pv_wh, 3);
    *at++ = decimal(row->green_wh, 3);
    *at++ = tonnes(row->energy_gce, gram_per_cent_t);
    *at++ = tonnes(row->energy_primary_gce, gram_per_cent_t);
    *at++ = tonnes(row->scope1_mg, mg_per_cent_t);
    *at++ = tonnes(row->heat_mg, mg_per_cent_t);
    *at++ = tonnes(row->co2_location_mg, mg_per_cent_t);
    *at++ = tonnes(row->co2_market_mg, mg_per_cent_t);
    *at++ = tonnes(row->co2_graded_mg, mg_per_cent_t);
    *at++ = decimal(row->value_added_e6, 6);
    return at;
}

/* L and K are shown from the exact quotients: rounding the nine decimals again may differ.
 */
static struct cell *put_marks(struct rows *rows, struct cell *at,
                              const struct carbon_row *row)
{
    int64_t co2_mg = row->co2_graded_mg.value;
    int64_t value_e6 = row->value_added_e6.value;

    *at++ = row->intensity_e9.has ? cell_decimal(carbon_intensity_e4(co2_mg, value_e6), 4)
                                  : cell_null();
    *at++ = decimal(row->benchmark_e9, 9);
    *at++ = kept(rows, row->benchmark_period);
    *at++ = kept(rows, row->benchmark_source);
    *at++ =
        row->ratio_e9.has
            ? cell_decimal(carbon_ratio_e4(co2_mg, value_e6, row->benchmark_e9.value), 4)
            : cell_null();
    *at++ = kept_enum(rows, row->level);
    *at++ = whole(row->grade);
    *at++ = row->neutral_num.has
                ? cell_fraction(row->neutral_num.value, row->neutral_den.value)
                : cell_null();
    *at++ = decimal(row->factor_e6, 6);
    *at++ = kept(rows, row->factor_region);
    *at++ = whole(row->factor_year);
    return at;
}

int carbon_add_row(const struct carbon_row *row, struct rows *rows)
{
    struct cell *at = rows_add(rows);

    if (at == NULL) {
        return ERR_NOMEM;
    }
    *at++ = kept(rows, row->enterprise);
    *at++ = kept(rows, row->name);
    *at++ = kept(rows, row->period);
    *at++ = kept_enum(rows, row->period_kind);
    *at++ = kept(rows, row->method);
    at = put_amounts(at, row);
    at = put_marks(rows, at, row);
    *at++ = cell_fraction(row->coverage_num, row->coverage_den);
    *at++ = kept_enum(rows, row->status);
    *at++ = kept_enum(rows, row->reason);
    *at++ = cell_int(row->revision);
    *at = kept(rows, row->inputs_sha256);
    return 0;
}

int carbon_rows(const struct carbon_result *result, struct rows *rows)
{
    int err = 0;

    for (int i = 0; err == 0 && i < result->n_firms; i++) {
        err = carbon_add_row(&result->firm[i].row, rows);
    }
    return err;
}

int carbon_row_from_store(struct store *store, int64_t row_no, struct rows *rows)
{
    struct carbon_row row;
    int err = results_carbon_get(store, row_no, &row);

    return err == 0 ? carbon_add_row(&row, rows) : err;
}

static int by_key(const void *a, const void *b)
{
    const struct cell *left = (const struct cell *)a;
    const struct cell *right = (const struct cell *)b;
    int order = strcmp(left[0].text, right[0].text);

    return order != 0 ? order : strcmp(left[2].text, right[2].text);
}

void carbon_rows_sort(struct rows *rows)
{
    if (rows->n_rows > 1) {
        qsort(rows->cell, rows->n_rows, (size_t)rows->n_columns * sizeof(*rows->cell),
              by_key);
    }
}
