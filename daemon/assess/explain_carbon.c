#include <string.h>

#include <ecmon/ratio.h>

#include "daemon/assess/explain.h"
#include "daemon/assess/explain_internal.h"
#include "daemon/assess/rates_internal.h"
#include "daemon/core/row.h"

enum {
    E6_DIGITS = 6,
    E9_DIGITS = 9,
    MG_PER_CENT_T = 10000000
};

static const char *electricity_name(enum carbon_electricity electricity)
{
    switch (electricity) {
    case ELECTRICITY_DAYS:
        return "days";
    case ELECTRICITY_IMPORT:
        return "import";
    case ELECTRICITY_NONE:
    default:
        return NULL;
    }
}

static const char *figure_name(enum period_figure figure)
{
    static const char *const names[] = {"none", "exact", "tiled", "partial", "coarser"};

    return names[figure];
}

/* ---- text ---- */

static void put_tonnes(struct text_buffer *buffer, struct carbon_value mg)
{
    if (!mg.has) {
        text_append(buffer, "–");
        return;
    }
    explain_decimal(buffer, div_round_128(mg.value, MG_PER_CENT_T), 2);
    text_append(buffer, " t");
}

static void put_factor(struct text_buffer *buffer, bool english,
                       const struct grid_factor *factor)
{
    if (factor == NULL) {
        text_append(buffer, say(english, "（无因子）", " (no factor)"));
        return;
    }
    text_append(buffer, " × ");
    explain_short(buffer, factor->kg_per_kwh_e6, E6_DIGITS);
    text_printf(buffer, " kg/kWh [%s %d, %s, %s]", factor->region, (int)factor->year,
                factor->document, confidence_name(factor->confidence));
}

static void put_electricity(struct text_buffer *buffer, bool english,
                            const struct carbon_firm *firm)
{
    text_append(buffer, say(english, "  外购电 ", "  Purchased electricity "));
    put_tonnes(buffer, firm->figures.electricity_mg);
    if (firm->row.purchased_wh.has) {
        text_append(buffer, " = ");
        explain_kwh(buffer, firm->row.purchased_wh.value);
        put_factor(buffer, english, firm->average);
    }
    if (firm->electricity == ELECTRICITY_DAYS) {
        text_printf(buffer, " (%s %d / %d)", say(english, "有效日", "valid days"),
                    (int)firm->n_valid_days, (int)firm->n_days);
    } else if (firm->electricity == ELECTRICITY_IMPORT) {
        text_append(buffer,
                    say(english, "（导入的期间电量）", " (imported for the period)"));
    }
    text_append_char(buffer, '\n');
}

static void put_carrier(struct text_buffer *buffer, bool english,
                        const struct carbon_carrier *used)
{
    const struct carrier *carrier = used->carrier;

    text_printf(buffer, "  %s ", used->id);
    explain_short(buffer, used->quantity_e6, E6_DIGITS);
    if (carrier == NULL) {
        text_append(buffer, say(english, "（无系数）\n", " (no coefficients)\n"));
        return;
    }
    text_printf(buffer, " %s", carrier->unit);
    if (carrier->has_co2) {
        text_append(buffer, " × ");
        explain_short(buffer, carrier->kg_co2_per_unit_e6, E6_DIGITS);
        text_printf(buffer, " kg CO2/%s", carrier->unit);
    }
    if (carrier->has_coal) {
        text_append(buffer, ", ");
        explain_short(buffer, carrier->kgce_per_unit_e6, E6_DIGITS);
        text_printf(buffer, " kgce/%s", carrier->unit);
    }
    text_printf(buffer, " [%s, %s] %s\n", carrier->document,
                confidence_name(carrier->confidence), figure_name(used->figure));
}

static void put_totals(struct text_buffer *buffer, bool english,
                       const struct carbon_firm *firm)
{
    const struct carbon_figures *figures = &firm->figures;

    text_append(buffer,
                say(english, "排放量（位置法，评价用） ", "CO2, location based (graded) "));
    put_tonnes(buffer, figures->co2_location_mg);
    text_append(buffer, say(english, " = 外购电 + 热力 ", " = electricity + heat "));
    put_tonnes(buffer, figures->heat_mg);
    text_append(buffer, say(english, " + 直接排放 ", " + scope 1 "));
    put_tonnes(buffer, figures->scope1_mg);
    text_append(buffer, say(english, "\n排放量（市场法） ", "\nCO2, market based "));
    put_tonnes(buffer, figures->co2_market_mg);
    text_append(buffer, " = (");
    explain_kwh(buffer, firm->row.purchased_wh.value);
    text_append(buffer, " − ");
    explain_kwh(buffer, figures->green_wh);
    text_append_char(buffer, ')');
    put_factor(buffer, english, firm->residual);
    text_append(buffer, say(english, "\n综合能耗 ", "\nEnergy "));
    if (figures->energy_gce.has) {
        explain_decimal(buffer, div_round_128(figures->energy_gce.value, 10000), 2);
        text_append(buffer, " tce\n");
    } else {
        text_append(buffer, "–\n");
    }
}

static void put_bounds(struct text_buffer *buffer, const int64_t *bound, int n)
{
    for (int i = 0; i < n; i++) {
        text_append(buffer, i == 0 ? " (≤ " : " / ");
        explain_short(buffer, bound[i], E9_DIGITS);
    }
    text_append_char(buffer, ')');
}

static void put_intensity(struct text_buffer *buffer, bool english,
                          const struct carbon_result *result, const struct carbon_row *row)
{
    text_append(buffer, say(english, "L 单位增加值碳排放 ", "L intensity "));
    if (row->intensity_e9.has) {
        explain_short(buffer, row->intensity_e9.value, E9_DIGITS);
        text_append(buffer, " = ");
        explain_decimal(buffer, div_round_128(row->co2_graded_mg.value, MG_PER_CENT_T), 2);
        text_append(buffer, " t / ");
        explain_short(buffer, row->value_added_e6.value, 10);
        text_append(buffer, say(english, " 万元", " × 10^4 CNY"));
    } else {
        text_append(buffer, "–");
    }
    text_printf(buffer, " → %s",
                row->level[0] == '\0' ? "–" : explain_word(english, row->level));
    put_bounds(buffer, result->method->level_e9, 2);
    text_append_char(buffer, '\n');
}

static void put_grade(struct text_buffer *buffer, bool english,
                      const struct carbon_result *result, const struct carbon_firm *firm)
{
    const struct carbon_row *row = &firm->row;

    text_append(buffer, say(english, "K 碳效值 ", "K ratio "));
    if (row->ratio_e9.has) {
        explain_short(buffer, row->ratio_e9.value, E9_DIGITS);
        text_append(buffer, " = L / ");
        explain_short(buffer, row->benchmark_e9.value, E9_DIGITS);
    } else {
        text_append(buffer, "–");
    }
    if (row->grade.has) {
        text_append(buffer, say(english, " → 碳效", " → grade "));
        text_append_i64(buffer, row->grade.value);
        text_append(buffer, say(english, "级", ""));
    } else {
        text_append(buffer, " → –");
    }
    put_bounds(buffer, result->method->grade_e9, 4);
    text_append_char(buffer, '\n');
    if (firm->benchmark != NULL) {
        const struct benchmark *benchmark = firm->benchmark;

        text_printf(buffer, "  %s: %s %s, %s %s, %s, %s (%s)\n",
                    say(english, "基准", "Benchmark"), say(english, "行业", "industry"),
                    benchmark->industry, say(english, "地区", "region"),
                    benchmark->region[0] == '\0' ? "*" : benchmark->region,
                    benchmark->period, benchmark->source, benchmark->file);
    }
}

void explain_carbon_text(const struct carbon_result *result, const struct carbon_firm *firm,
                         bool english, struct text_buffer *buffer)
{
    const struct carbon_row *row = &firm->row;
    const struct carbon_method *method = result->method;

    text_printf(buffer, "%s %s %s %s\n", row->enterprise, row->name, row->period,
                row->method);
    text_printf(buffer, "%s %s", say(english, "状态", "Status"),
                explain_word(english, row->status));
    if (row->reason[0] != '\0') {
        text_printf(buffer, " (%s)", explain_word(english, row->reason));
    }
    text_append_char(buffer, '\n');
    put_electricity(buffer, english, firm);
    for (int i = 0; i < firm->n_carriers; i++) {
        put_carrier(buffer, english, &firm->carrier[i]);
    }
    put_totals(buffer, english, firm);
    put_intensity(buffer, english, result, row);
    put_grade(buffer, english, result, firm);
    text_append(buffer, say(english, "碳中和率 ", "Neutral rate "));
    explain_pct(buffer, (struct fraction){row->neutral_num.value, row->neutral_den.value});
    text_printf(buffer, "\n%s %s %s (%s)\n  %s\n  %s %s · sha256 %s\ninputs_sha256 %s\n",
                say(english, "口径", "Method"), method->id, method->name, method->version,
                method->document, say(english, "可信度", "confidence"),
                confidence_name(method->confidence), method->sha256, row->inputs_sha256);
}

/* ---- JSON ---- */

static void json_factor(struct text_buffer *buffer, const char *key,
                        const struct grid_factor *factor)
{
    text_append_char(buffer, ',');
    text_append_json(buffer, key);
    if (factor == NULL) {
        text_append(buffer, ":null");
        return;
    }
    text_append(buffer, ":{");
    explain_json_text(buffer, true, "region", factor->region);
    explain_json_i64(buffer, "year", factor->year);
    explain_json_decimal(buffer, "kg_per_kwh", factor->kg_per_kwh_e6, E6_DIGITS);
    explain_json_text(buffer, false, "document", factor->document);
    explain_json_text(buffer, false, "confidence", confidence_name(factor->confidence));
    text_append_char(buffer, '}');
}

static void json_carrier(struct text_buffer *buffer, const struct carbon_carrier *used)
{
    const struct carrier *carrier = used->carrier;

    text_append_char(buffer, '{');
    explain_json_text(buffer, true, "carrier", used->id);
    explain_json_decimal(buffer, "quantity", used->quantity_e6, E6_DIGITS);
    explain_json_text(buffer, false, "figure", figure_name(used->figure));
    if (carrier != NULL) {
        explain_json_text(buffer, false, "unit", carrier->unit);
        if (carrier->has_co2) {
            explain_json_decimal(buffer, "kg_co2_per_unit", carrier->kg_co2_per_unit_e6,
                                 E6_DIGITS);
        }
        if (carrier->has_coal) {
            explain_json_decimal(buffer, "kgce_per_unit", carrier->kgce_per_unit_e6,
                                 E6_DIGITS);
        }
        explain_json_text(buffer, false, "document", carrier->document);
        explain_json_text(buffer, false, "confidence",
                          confidence_name(carrier->confidence));
    }
    text_append_char(buffer, '}');
}

static void json_bounds(struct text_buffer *buffer, const char *key, const int64_t *bound,
                        int n)
{
    text_append_char(buffer, ',');
    text_append_json(buffer, key);
    text_append(buffer, ":[");
    for (int i = 0; i < n; i++) {
        text_append(buffer, i == 0 ? "" : ",");
        explain_short(buffer, bound[i], E9_DIGITS);
    }
    text_append_char(buffer, ']');
}

static void json_method(struct text_buffer *buffer, const struct carbon_method *method)
{
    text_append(buffer, ",\"method_detail\":{");
    explain_json_text(buffer, true, "id", method->id);
    explain_json_text(buffer, false, "name", method->name);
    explain_json_text(buffer, false, "version", method->version);
    explain_json_text(buffer, false, "document", method->document);
    explain_json_text(buffer, false, "confidence", confidence_name(method->confidence));
    explain_json_text(buffer, false, "sha256", method->sha256);
    json_bounds(buffer, "level_bounds", method->level_e9, 2);
    json_bounds(buffer, "grade_bounds", method->grade_e9, 4);
    text_append_char(buffer, '}');
}

static void json_benchmark(struct text_buffer *buffer, const struct benchmark *benchmark)
{
    if (benchmark == NULL) {
        text_append(buffer, ",\"benchmark_detail\":null");
        return;
    }
    text_append(buffer, ",\"benchmark_detail\":{");
    explain_json_text(buffer, true, "industry", benchmark->industry);
    explain_json_text(buffer, false, "region", benchmark->region);
    explain_json_text(buffer, false, "period", benchmark->period);
    explain_json_decimal(buffer, "t_per_1e4cny", benchmark->t_per_1e4cny_e9, E9_DIGITS);
    explain_json_text(buffer, false, "source", benchmark->source);
    explain_json_text(buffer, false, "file", benchmark->file);
    text_append_char(buffer, '}');
}

void explain_carbon_json(const struct carbon_result *result, const struct carbon_firm *firm,
                         struct text_buffer *buffer)
{
    struct rows rows;

    carbon_rows_init(&rows);
    text_append_char(buffer, '{');
    int err = carbon_add_row(&firm->row, &rows);
    if (err == 0) {
        row_append_json(buffer, &rows, 0, NULL);
    } else {
        buffer->err = err;
    }
    rows_done(&rows);
    explain_json_text(buffer, false, "electricity_from",
                      electricity_name(firm->electricity));
    explain_json_i64(buffer, "n_days", firm->n_days);
    explain_json_i64(buffer, "n_valid_days", firm->n_valid_days);
    json_factor(buffer, "factor_average", firm->average);
    json_factor(buffer, "factor_residual", firm->residual);
    text_append(buffer, ",\"carriers\":[");
    for (int i = 0; i < firm->n_carriers; i++) {
        text_append(buffer, i == 0 ? "" : ",");
        json_carrier(buffer, &firm->carrier[i]);
    }
    text_append_char(buffer, ']');
    json_benchmark(buffer, firm->benchmark);
    json_method(buffer, result->method);
    text_append(buffer, "}\n");
}
