#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/rates_internal.h"
#include "daemon/core/row.h"

#define N_COLUMNS(columns) ((int)(sizeof(columns) / sizeof((columns)[0])))

/* ---- groups: interfaces.md E1 ---- */

static const struct column rate_columns[] = {
    {"day", COLUMN_PLAIN, "日期"},
    {"method", COLUMN_PLAIN, "口径"},
    {"group_kind", COLUMN_PLAIN, "分组"},
    {"group_id", COLUMN_PLAIN, "分组编号"},
    {"group_name", COLUMN_PLAIN, "名称"},
    {"n_scope", COLUMN_PLAIN, "企业数"},
    {"n_valid", COLUMN_PLAIN, "有效户数"},
    {"n_resumed", COLUMN_PLAIN, "复工户数"},
    {"n_not_resumed", COLUMN_PLAIN, "未复工户数"},
    {"n_produced", COLUMN_PLAIN, "复产户数"},
    {"n_zero", COLUMN_PLAIN, "零电量户数"},
    {"n_missing", COLUMN_PLAIN, "数据缺失户数"},
    {"n_no_baseline", COLUMN_PLAIN, "无基准户数"},
    {"n_mixed_source", COLUMN_PLAIN, "来源不一户数"},
    {"energy_wh", COLUMN_WH, "电量"},
    {"baseline_wh", COLUMN_WH, "基准电量"},
    {"resumption_rate", COLUMN_PCT, "电力复工率"},
    {"production_rate", COLUMN_PCT, "电量复产率"},
    {"production_rate_resumed", COLUMN_PCT, "已复工企业复产率"},
    {"produced_rate", COLUMN_PCT, "户数复产率"},
    {"resumption_index", COLUMN_PLAIN, "企业复工电力指数"},
    {"resumption_low", COLUMN_PCT, "复工率下限"},
    {"resumption_high", COLUMN_PCT, "复工率上限"},
    {"coverage_firms", COLUMN_PCT, "户数覆盖率"},
    {"coverage_kwh", COLUMN_PCT, "电量覆盖率"},
    {"d1_resumption_pp", COLUMN_PLAIN, "复工率较前日（百分点）"},
    {"d1_production_pp", COLUMN_PLAIN, "复产率较前日（百分点）"},
    {"ma7_resumption", COLUMN_PLAIN, "复工率七日平均"},
    {"ma7_production", COLUMN_PLAIN, "复产率七日平均"},
    {"target_resumption", COLUMN_PLAIN, "复工率目标"},
    {"target_production", COLUMN_PLAIN, "复产率目标"},
    {"light", COLUMN_PLAIN, "红黄绿灯"},
    {"status", COLUMN_PLAIN, "状态"},
    {"stage", COLUMN_PLAIN, "阶段"},
    {"suppressed", COLUMN_PLAIN, "不公布"},
    {"revision", COLUMN_PLAIN, "版本"},
    {"inputs_sha256", COLUMN_PLAIN, "输入摘要"},
};

void rates_rows_init(struct rows *rows)
{
    rows_init(rows, rate_columns, N_COLUMNS(rate_columns));
}

static struct cell day_cell(struct rows *rows, day_t day)
{
    char text[DAY_TEXT_LEN];

    text_from_day(day, text);
    return cell_text(rows_keep(rows, text));
}

static struct cell kept(struct rows *rows, const char *text)
{
    return cell_text(rows_keep(rows, text));
}

static struct cell kept_enum(struct rows *rows, const char *text)
{
    return text == NULL || text[0] == '\0' ? cell_null() : cell_enum(rows_keep(rows, text));
}

static struct cell value_cell(struct result_value value, int digits)
{
    return value.has ? cell_decimal(value.value, digits) : cell_null();
}

static struct cell mean_cell(struct result_value value)
{
    return value.has ? cell_fraction(value.value, INT64_C(1000000000000)) : cell_null();
}

static struct cell *put_counts(struct cell *at, const struct rate_row *row)
{
    *at++ = cell_int(row->n_scope);
    *at++ = cell_int(row->n_valid);
    *at++ = cell_int(row->n_resumed);
    *at++ = cell_int(row->n_not_resumed);
    *at++ = cell_int(row->n_produced);
    *at++ = cell_int(row->n_zero);
    *at++ = cell_int(row->n_missing);
    *at++ = cell_int(row->n_no_baseline);
    *at++ = cell_int(row->n_mixed_source);
    return at;
}

/* den 0 where the rate is not given. */
static struct cell *put_rates(struct cell *at, const struct rate_row *row)
{
    bool given = strcmp(row->status, rate_status_name(RATE_INSUFFICIENT)) != 0;
    int64_t n_judged = row->n_valid + row->n_missing;

    *at++ = cell_int(row->energy_wh);
    *at++ = cell_int(row->baseline_wh);
    *at++ = cell_fraction(row->n_resumed, given ? row->n_valid : 0);
    *at++ = cell_fraction(row->energy_wh, given ? row->baseline_wh : 0);
    *at++ = cell_fraction(row->resumed_energy_wh, given ? row->resumed_baseline_wh : 0);
    *at++ = cell_fraction(row->n_produced, given ? row->n_valid : 0);
    *at++ = value_cell(row->index_e2, 2);
    *at++ = cell_fraction(row->n_resumed, n_judged);
    *at++ = cell_fraction(row->n_resumed + row->n_missing, n_judged);
    return at;
}

static struct cell *put_context(struct cell *at, const struct rate_row *row)
{
    *at++ = cell_fraction(row->n_valid, row->n_valid + row->n_missing);
    *at++ = cell_fraction(row->baseline_wh, row->baseline_wh + row->missing_baseline_wh);
    *at++ = value_cell(row->d1_resumption_bp, 2);
    *at++ = value_cell(row->d1_production_bp, 2);
    *at++ = mean_cell(row->ma7_resumption_e12);
    *at++ = mean_cell(row->ma7_production_e12);
    *at++ = value_cell(row->target_resumption_e6, 6);
    *at++ = value_cell(row->target_production_e6, 6);
    return at;
}

static int add_rate(struct rows *rows, const struct rate_row *row, const char *name)
{
    struct cell *at = rows_add(rows);

    if (at == NULL) {
        return ERR_NOMEM;
    }
    *at++ = day_cell(rows, row->day);
    *at++ = kept(rows, row->method);
    *at++ = kept_enum(rows, row->group_kind);
    *at++ = kept(rows, row->group_id);
    *at++ = kept(rows, name);
    at = put_counts(at, row);
    at = put_rates(at, row);
    at = put_context(at, row);
    *at++ = kept_enum(rows, row->light);
    *at++ = kept_enum(rows, row->status);
    *at++ = kept_enum(rows, row->stage);
    *at++ = cell_int(row->suppressed ? 1 : 0);
    *at++ = cell_int(row->revision);
    *at = kept(rows, row->inputs_sha256);
    return 0;
}

int rates_add_group(const struct rates_result *result, const struct rates_group *group,
                    struct rows *rows)
{
    return add_rate(rows, &group->row,
                    result->english ? group->name_en : group->row.group_name);
}

int rates_rows(const struct rates_result *result, struct rows *rows)
{
    int err = 0;

    for (int i = 0; err == 0 && i < result->n_groups; i++) {
        err = rates_add_group(result, &result->group[i], rows);
    }
    return err;
}

/* What a suppressed row does not tell: energies, rates and what follows from them. */
static bool is_withheld(const char *column)
{
    static const char *const withheld[] = {
        "energy_wh",
        "baseline_wh",
        "resumption_rate",
        "production_rate",
        "produced_rate",
        "resumption_index",
        "resumption_low",
        "resumption_high",
        "d1_resumption_pp",
        "d1_production_pp",
        "ma7_resumption",
        "ma7_production",
        "production_rate_resumed",
    };

    for (size_t i = 0; i < sizeof(withheld) / sizeof(withheld[0]); i++) {
        if (strcmp(column, withheld[i]) == 0) {
            return true;
        }
    }
    return false;
}

int rates_row_from_store(struct store *store, int64_t row_no, bool suppress,
                         struct rows *rows)
{
    struct rate_row row;
    int err = results_rate_get(store, row_no, &row);

    if (err == 0) {
        err = add_rate(rows, &row, row.group_name);
    }
    if (err != 0 || !suppress || !row.suppressed) {
        return err;
    }
    struct cell *cell = rows->cell + (rows->n_rows - 1) * (size_t)rows->n_columns;
    for (int i = 0; i < rows->n_columns; i++) {
        if (is_withheld(rows->column[i].name)) {
            cell[i] = cell_null();
        }
    }
    return 0;
}

/* ---- enterprises: interfaces.md E2 ---- */

static const struct column resumption_columns[] = {
    {"enterprise", COLUMN_PLAIN, "企业编号"},
    {"name", COLUMN_PLAIN, "名称"},
    {"day", COLUMN_PLAIN, "日期"},
    {"method", COLUMN_PLAIN, "口径"},
    {"size_class", COLUMN_PLAIN, "规模"},
    {"industry", COLUMN_PLAIN, "行业代码"},
    {"region", COLUMN_PLAIN, "行政区划"},
    {"town", COLUMN_PLAIN, "镇街"},
    {"park", COLUMN_PLAIN, "园区"},
    {"energy_wh", COLUMN_WH, "电量"},
    {"baseline_wh", COLUMN_WH, "基准电量"},
    {"baseline_valid_days", COLUMN_PLAIN, "基准有效天数"},
    {"ratio", COLUMN_PCT, "当日/基准"},
    {"state", COLUMN_PLAIN, "状态"},
    {"produced", COLUMN_PLAIN, "复产"},
    {"valid", COLUMN_PLAIN, "有效"},
    {"coverage", COLUMN_PCT, "覆盖率"},
    {"quality", COLUMN_PLAIN, "质量"},
    {"energy_source", COLUMN_PLAIN, "电量来源"},
    {"baseline_source", COLUMN_PLAIN, "基准来源"},
    {"mixed_source", COLUMN_PLAIN, "来源不一"},
    {"reason", COLUMN_PLAIN, "原因"},
    {"revision", COLUMN_PLAIN, "版本"},
};

void resumption_rows_init(struct rows *rows)
{
    rows_init(rows, resumption_columns, N_COLUMNS(resumption_columns));
}

static struct cell int_cell(struct result_value value)
{
    return value.has ? cell_int(value.value) : cell_null();
}

static struct cell *put_firm_key(struct rows *rows, struct cell *at, const char *id,
                                 const struct resumption_row *row)
{
    *at++ = kept(rows, id);
    *at++ = kept(rows, row->name);
    *at++ = day_cell(rows, row->day);
    *at++ = kept(rows, row->method);
    *at++ = cell_enum(row->size_class);
    *at++ = kept(rows, row->industry);
    *at++ = kept(rows, row->region);
    *at++ = kept(rows, row->town);
    *at++ = kept(rows, row->park);
    return at;
}

static int add_firm(struct rows *rows, const char *id, const struct resumption_row *row)
{
    struct cell *at = rows_add(rows);

    if (at == NULL) {
        return ERR_NOMEM;
    }
    at = put_firm_key(rows, at, id, row);
    *at++ = int_cell(row->energy_wh);
    *at++ = int_cell(row->baseline_wh);
    *at++ = cell_int(row->baseline_valid_days);
    *at++ = row->valid ? cell_fraction(row->energy_wh.value, row->baseline_wh.value)
                       : cell_null();
    *at++ = cell_enum(row->state);
    *at++ = int_cell(row->produced);
    *at++ = cell_int(row->valid ? 1 : 0);
    *at++ = cell_fraction(row->coverage_num, row->coverage_den);
    *at++ = cell_enum(row->quality);
    *at++ = cell_enum(row->energy_source);
    *at++ = cell_enum(row->baseline_source);
    *at++ = cell_int(row->mixed_source ? 1 : 0);
    *at++ = cell_enum(row->reason);
    *at = cell_int(row->revision);
    return 0;
}

int rates_add_firm(const struct rates_result *result, const struct rates_firm *firm,
                   struct rows *rows)
{
    struct resumption_row row;

    rates_fill_resumption_row(result, firm, &row);
    return add_firm(rows, firm->enterprise->id, &row);
}

int resumption_rows(const struct rates_result *result, struct rows *rows)
{
    int err = 0;

    for (int i = 0; err == 0 && i < result->n_firms; i++) {
        if (result->firm[i].selected) {
            err = rates_add_firm(result, &result->firm[i], rows);
        }
    }
    return err;
}
