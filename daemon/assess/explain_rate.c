#include <inttypes.h>
#include <string.h>

#include "daemon/assess/explain.h"
#include "daemon/assess/explain_internal.h"
#include "daemon/assess/rates_internal.h"
#include "daemon/core/row.h"

/* ---- text ---- */

static enum rate_status status_of(const struct rate_explanation *explanation)
{
    return resumption_status(&explanation->group->sum, explanation->result->method);
}

static void put_count_rate(struct text_buffer *buffer, const char *name,
                           struct fraction rate)
{
    text_printf(buffer, "%s ", name);
    explain_pct(buffer, rate);
    if (rate.den != 0) {
        text_printf(buffer, " = %" PRId64 " / %" PRId64, rate.num, rate.den);
    }
}

static void put_energy_rate(struct text_buffer *buffer, const char *name,
                            struct fraction rate)
{
    text_printf(buffer, "%s ", name);
    explain_pct(buffer, rate);
    if (rate.den != 0) {
        text_append(buffer, " = ");
        explain_kwh(buffer, rate.num);
        text_append(buffer, " / ");
        explain_kwh(buffer, rate.den);
    }
    text_append_char(buffer, '\n');
}

static void put_threshold(struct text_buffer *buffer, bool english, bool inclusive,
                          int32_t e6)
{
    text_append(buffer, say(english, "（当日电量 ", " (energy of the day "));
    text_append(buffer, inclusive ? "≥ " : "> ");
    explain_short(buffer, e6, 4);
    text_append(buffer, say(english, " % 基准电量）\n", " % of the baseline)\n"));
}

static void put_index_formula(struct text_buffer *buffer,
                              const struct rate_explanation *explanation)
{
    const struct resumption_sum *sum = &explanation->group->sum;
    int32_t weight_e6 = explanation->result->method->weight_e6;

    text_append(buffer, "100 × (");
    explain_short(buffer, weight_e6, 6);
    text_printf(buffer, " × %d / %d + ", (int)sum->n_resumed, (int)sum->n_valid);
    explain_short(buffer, 1000000 - weight_e6, 6);
    text_printf(buffer, " × %" PRId64 " / %" PRId64 ")", sum->energy_wh, sum->baseline_wh);
}

static void put_index(struct text_buffer *buffer, bool english,
                      const struct rate_explanation *explanation)
{
    const struct rate_row *row = &explanation->group->row;

    text_append(buffer, say(english, "企业复工电力指数 ", "Resumption index "));
    if (row->index_e2.has) {
        explain_decimal(buffer, row->index_e2.value, 2);
        text_append(buffer, " = ");
        put_index_formula(buffer, explanation);
    } else {
        text_append(buffer, "–");
    }
    text_append_char(buffer, '\n');
}

static void put_figures(struct text_buffer *buffer, bool english,
                        const struct rate_explanation *explanation)
{
    const struct resumption_sum *sum = &explanation->group->sum;
    const struct resumption_method *method = explanation->result->method;
    enum rate_status status = status_of(explanation);

    put_count_rate(buffer, say(english, "电力复工率", "Resumption rate"),
                   resumption_rate(sum, status));
    put_threshold(buffer, english, method->threshold_inclusive, method->threshold_e6);
    put_energy_rate(buffer, say(english, "电量复产率", "Production rate"),
                    production_rate(sum, status));
    put_energy_rate(buffer,
                    say(english, "已复工企业复产率", "Production rate of the resumed"),
                    production_rate_resumed(sum, status));
    put_count_rate(buffer, say(english, "户数复产率", "Produced rate"),
                   produced_rate(sum, status));
    put_threshold(buffer, english, true, method->produced_e6);
    put_index(buffer, english, explanation);
    text_append(buffer, say(english, "复工率区间 ", "Bounds of the resumption rate "));
    explain_pct(buffer, resumption_low(sum));
    text_append(buffer, " … ");
    explain_pct(buffer, resumption_high(sum));
    text_append_char(buffer, '\n');
    put_count_rate(buffer, say(english, "户数覆盖率", "Coverage by enterprises"),
                   resumption_coverage_firms(sum));
    text_append_char(buffer, '\n');
    put_energy_rate(buffer, say(english, "电量覆盖率", "Coverage by baseline"),
                    resumption_coverage_kwh(sum));
}

static void put_counts(struct text_buffer *buffer, bool english, const struct rate_row *row)
{
    const struct {
        const char *name;
        int64_t n;
    } counts[] = {
        {say(english, "企业", "Enterprises"), row->n_scope},
        {say(english, "有效", "valid"), row->n_valid},
        {say(english, "复工", "resumed"), row->n_resumed},
        {say(english, "未复工", "not resumed"), row->n_not_resumed},
        {say(english, "零电量", "zero"), row->n_zero},
        {say(english, "缺失", "missing"), row->n_missing},
        {say(english, "无基准", "no baseline"), row->n_no_baseline},
    };

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        text_printf(buffer, "%s%s %" PRId64, i == 0 ? "" : " · ", counts[i].name,
                    counts[i].n);
    }
    text_append_char(buffer, '\n');
    text_printf(buffer, "%s %s · %s · %s %d · %s %s\n", say(english, "状态", "Status"),
                explain_word(english, row->status), explain_word(english, row->stage),
                say(english, "版本", "revision"), (int)row->revision,
                say(english, "灯", "light"),
                row->light[0] == '\0' ? "–" : explain_word(english, row->light));
}

static void put_method(struct text_buffer *buffer, bool english,
                       const struct rate_explanation *explanation)
{
    const struct resumption_method *method = explanation->result->method;
    char first[DAY_TEXT_LEN];
    char last[DAY_TEXT_LEN];

    text_from_day(explanation->window.first, first);
    text_from_day(explanation->window.last, last);
    text_printf(buffer, "%s %s %s (%s)\n  %s\n  %s %s · sha256 %s\n",
                say(english, "口径", "Method"), method->id, method->name, method->version,
                method->document, say(english, "可信度", "confidence"),
                confidence_name(method->confidence), method->sha256);
    text_printf(buffer, "%s %s … %s, %s %d, %s ", say(english, "基准期", "Baseline"), first,
                last, say(english, "最少有效日", "valid days at least"),
                (int)method->min_valid_days, say(english, "每日最少", "a day at least"));
    explain_kwh(buffer, method->min_baseline_wh);
    text_append_char(buffer, '\n');
    if (explanation->result->n_calendar_missing > 0) {
        text_printf(
            buffer, "  calendar_missing: %d %s\n", explanation->result->n_calendar_missing,
            say(english, "天无日历，按周一至周五", "days counted Monday to Friday"));
    }
    text_printf(buffer, "inputs_sha256 %s\n", explanation->group->row.inputs_sha256);
}

static void put_days(struct text_buffer *buffer, bool english,
                     const struct explain_firm *firm)
{
    int n_used = 0;

    for (int i = 0; i < firm->n_days; i++) {
        n_used += firm->day[i].used;
    }
    text_printf(buffer, "    %s %d", say(english, "基准日用", "baseline days used"),
                n_used);
    if (n_used < firm->n_days) {
        text_append(buffer, say(english, "，剔除：", ", dropped:"));
    }
    for (int i = 0; i < firm->n_days; i++) {
        char day[DAY_TEXT_LEN];

        if (!firm->day[i].used) {
            text_from_day(firm->day[i].day, day);
            text_printf(buffer, " %s %s", day, explain_word(english, firm->day[i].reason));
        }
    }
    text_append_char(buffer, '\n');
}

static void put_meters(struct text_buffer *buffer, bool english,
                       const struct explain_firm *firm)
{
    if (firm->n_meters == 0) {
        return;
    }
    text_append(buffer, say(english, "    电表", "    meters"));
    for (int i = 0; i < firm->n_meters; i++) {
        text_printf(buffer, " %s (%s)", firm->meter[i].id,
                    explain_word(english, meter_role_name(firm->meter[i].role)));
    }
    text_append_char(buffer, '\n');
}

static void put_energy(struct text_buffer *buffer, bool english,
                       const struct rates_firm *firm)
{
    const struct energy_input *energy = &firm->energy;
    const char *source = figure_source_name(rates_source_of(energy));

    text_append(buffer, "E ");
    if (energy->has_energy) {
        explain_kwh(buffer, energy->energy_wh);
    } else {
        text_append(buffer, "–");
    }
    text_printf(buffer, " (%s, %s ", explain_word(english, quality_name(energy->quality)),
                source == NULL ? "–" : explain_word(english, source));
    explain_pct(buffer, (struct fraction){energy->coverage_num, energy->coverage_den});
    text_append(buffer, ")");
}

static void put_firm(struct text_buffer *buffer, bool english,
                     const struct explain_firm *explained)
{
    const struct rates_firm *firm = explained->firm;
    const struct enterprise *enterprise = firm->enterprise;
    const char *source = figure_source_name(firm->baseline.source);

    text_printf(buffer, "  %s %s [%s]: ", enterprise->id, enterprise->name,
                explain_word(english, size_class_name(enterprise->size_class)));
    put_energy(buffer, english, firm);
    text_append(buffer, ", B ");
    if (firm->baseline.has) {
        explain_kwh(buffer, firm->baseline.baseline_wh);
    } else {
        text_append(buffer, "–");
    }
    text_printf(buffer, " (%d %s, %s) → ", (int)firm->baseline.valid_days,
                say(english, "天", "days"),
                source == NULL ? "–" : explain_word(english, source));
    if (firm->valid) {
        explain_pct(buffer,
                    (struct fraction){firm->energy.energy_wh, firm->baseline.baseline_wh});
        text_append_char(buffer, ' ');
    }
    text_append(buffer, explain_word(english, resumption_state_name(firm->state)));
    if (firm->produced) {
        text_append(buffer, say(english, "，复产", ", produced"));
    }
    if (firm->reason != NULL) {
        text_printf(buffer, " (%s)", explain_word(english, firm->reason));
    }
    text_append_char(buffer, '\n');
    put_days(buffer, english, explained);
    put_meters(buffer, english, explained);
}

void explain_rate_text(const struct rate_explanation *explanation, bool english,
                       struct text_buffer *buffer)
{
    const struct rates_group *group = explanation->group;
    char day[DAY_TEXT_LEN];

    text_from_day(group->row.day, day);
    text_printf(buffer, "%s %s (%s/%s) %s\n", day,
                english ? group->name_en : group->row.group_name, group->row.group_kind,
                group->row.group_id, group->row.method);
    put_figures(buffer, english, explanation);
    put_counts(buffer, english, &group->row);
    put_method(buffer, english, explanation);
    text_append(buffer, say(english, "企业\n", "Enterprises\n"));
    for (int i = 0; i < explanation->n_firms; i++) {
        put_firm(buffer, english, &explanation->firm[i]);
    }
}

/* ---- JSON ---- */

/* The columns of one row, as rates and resumption print them. */
static void json_row(struct text_buffer *buffer, struct rows *rows, int err)
{
    if (err != 0) {
        buffer->err = err;
    } else {
        row_append_json(buffer, rows, 0, NULL);
    }
    rows_done(rows);
}

static void json_fraction(struct text_buffer *buffer, bool first, const char *key,
                          struct fraction rate)
{
    struct text_buffer formula = {0};

    if (rate.den != 0) {
        text_printf(&formula, "%" PRId64 " / %" PRId64, rate.num, rate.den);
    }
    explain_json_text(buffer, first, key, formula.text);
    text_buffer_done(&formula);
}

static void json_formula(struct text_buffer *buffer,
                         const struct rate_explanation *explanation)
{
    const struct resumption_sum *sum = &explanation->group->sum;
    enum rate_status status = status_of(explanation);
    struct text_buffer index = {0};

    text_append(buffer, ",\"formula\":{");
    json_fraction(buffer, true, "resumption_rate", resumption_rate(sum, status));
    json_fraction(buffer, false, "production_rate", production_rate(sum, status));
    json_fraction(buffer, false, "production_rate_resumed",
                  production_rate_resumed(sum, status));
    json_fraction(buffer, false, "produced_rate", produced_rate(sum, status));
    if (explanation->group->row.index_e2.has) {
        put_index_formula(&index, explanation);
    }
    explain_json_text(buffer, false, "resumption_index", index.text);
    text_append_char(buffer, '}');
    text_buffer_done(&index);
}

static void json_method(struct text_buffer *buffer,
                        const struct rate_explanation *explanation)
{
    const struct resumption_method *method = explanation->result->method;
    char day[DAY_TEXT_LEN];

    text_append(buffer, ",\"method_detail\":{");
    explain_json_text(buffer, true, "id", method->id);
    explain_json_text(buffer, false, "name", method->name);
    explain_json_text(buffer, false, "version", method->version);
    explain_json_text(buffer, false, "document", method->document);
    explain_json_text(buffer, false, "confidence", confidence_name(method->confidence));
    explain_json_text(buffer, false, "sha256", method->sha256);
    explain_json_decimal(buffer, "threshold", method->threshold_e6, 6);
    explain_json_text(buffer, false, "operator", method->threshold_inclusive ? "ge" : "gt");
    explain_json_decimal(buffer, "produced", method->produced_e6, 6);
    explain_json_decimal(buffer, "weight", method->weight_e6, 6);
    explain_json_i64(buffer, "min_valid_days", method->min_valid_days);
    explain_json_i64(buffer, "min_baseline_wh", method->min_baseline_wh);
    text_from_day(explanation->window.first, day);
    explain_json_text(buffer, false, "baseline_from", day);
    text_from_day(explanation->window.last, day);
    explain_json_text(buffer, false, "baseline_to", day);
    explain_json_i64(buffer, "calendar_missing", explanation->result->n_calendar_missing);
    text_append_char(buffer, '}');
}

static void json_days(struct text_buffer *buffer, const struct explain_firm *firm,
                      bool used)
{
    bool first = true;
    char text[DAY_TEXT_LEN];

    text_append(buffer,
                used ? ",\"baseline_days_used\":[" : ",\"baseline_days_dropped\":[");
    for (int i = 0; i < firm->n_days; i++) {
        const struct explain_day *day = &firm->day[i];

        if (day->used != used) {
            continue;
        }
        text_append(buffer, first ? "{" : ",{");
        first = false;
        text_from_day(day->day, text);
        explain_json_text(buffer, true, "day", text);
        if (used) {
            explain_json_i64(buffer, "energy_wh", day->energy_wh);
        } else {
            explain_json_text(buffer, false, "reason", day->reason);
        }
        text_append_char(buffer, '}');
    }
    text_append_char(buffer, ']');
}

static void json_firm(struct text_buffer *buffer, const struct rates_result *result,
                      const struct explain_firm *firm)
{
    struct rows rows;

    resumption_rows_init(&rows);
    text_append_char(buffer, '{');
    json_row(buffer, &rows, rates_add_firm(result, firm->firm, &rows));
    json_days(buffer, firm, true);
    json_days(buffer, firm, false);
    text_append(buffer, ",\"meters\":[");
    for (int i = 0; i < firm->n_meters; i++) {
        text_append(buffer, i == 0 ? "{" : ",{");
        explain_json_text(buffer, true, "meter", firm->meter[i].id);
        explain_json_text(buffer, false, "role", meter_role_name(firm->meter[i].role));
        text_append_char(buffer, '}');
    }
    text_append(buffer, "]}");
}

void explain_rate_json(const struct rate_explanation *explanation,
                       struct text_buffer *buffer)
{
    const struct rates_group *group = explanation->group;
    struct rows rows;

    rates_rows_init(&rows);
    text_append_char(buffer, '{');
    json_row(buffer, &rows, rates_add_group(explanation->result, group, &rows));
    explain_json_text(buffer, false, "method_confidence", group->row.method_confidence);
    json_formula(buffer, explanation);
    json_method(buffer, explanation);
    text_append(buffer, ",\"enterprises\":[");
    for (int i = 0; i < explanation->n_firms; i++) {
        text_append(buffer, i == 0 ? "" : ",");
        json_firm(buffer, explanation->result, &explanation->firm[i]);
    }
    text_append(buffer, "]}\n");
}
