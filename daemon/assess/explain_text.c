#include <inttypes.h>
#include <string.h>

#include "daemon/assess/explain_internal.h"

struct translation {
    const char *word;
    const char *zh;
};

/* interfaces.md appendix B, and the reasons. */
static const struct translation translations[] = {
    {"resumed", "复工"},
    {"not_resumed", "未复工"},
    {"missing", "数据缺失"},
    {"no_baseline", "无基准"},
    {"out_of_scope", "不在范围"},
    {"final", "正式"},
    {"provisional", "覆盖不足（参考）"},
    {"insufficient", "数据不足"},
    {"incomplete", "数据不全"},
    {"not_rated", "不评级"},
    {"preliminary", "初报"},
    {"closed", "已关账"},
    {"measured", "实测"},
    {"interpolated", "插值"},
    {"estimated", "估算"},
    {"suspect", "存疑"},
    {"imported", "导入"},
    {"meter", "电表"},
    {"import", "导入"},
    {"mixed", "混合"},
    {"above", "规上"},
    {"below", "规下"},
    {"unknown", "未定"},
    {"red", "红"},
    {"yellow", "黄"},
    {"green", "绿"},
    {"low", "低碳"},
    {"mid", "中碳"},
    {"high", "高碳"},
    {"supply", "供电总表"},
    {"generation", "自发电"},
    {"storage", "储能"},
    {"no_data", "无数据"},
    {"not_valid", "当日无效"},
    {"day_not_valid", "当日无效"},
    {"not_a_workday", "非工作日"},
    {"calendar_missing", "无日历，按周一至周五"},
    {"baseline_too_few_days", "基准有效天数不足"},
    {"baseline_too_small", "基准电量过小"},
    {"commissioning", "试生产期"},
    {"no_value_added", "无增加值"},
    {"value_added_not_positive", "增加值不为正"},
    {"no_factor", "无排放因子"},
    {"carrier_only_coarser", "能源品种只有更长期间的数据"},
    {"carrier_incomplete", "能源品种数据有缺口"},
    {"electricity_incomplete", "电量不全"},
    {"period_open", "期间未结束"},
};

const char *say(bool english, const char *zh, const char *en)
{
    return english ? en : zh;
}

const char *explain_word(bool english, const char *word)
{
    for (size_t i = 0; !english && i < sizeof(translations) / sizeof(translations[0]);
         i++) {
        if (strcmp(translations[i].word, word) == 0) {
            return translations[i].zh;
        }
    }
    return word;
}

void explain_decimal(struct text_buffer *buffer, int64_t value, int digits)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;

    for (int i = 0; i < digits; i++) {
        unit *= 10;
    }
    text_printf(buffer, "%s%" PRIu64, value < 0 ? "-" : "", rest / unit);
    if (digits > 0) {
        text_printf(buffer, ".%0*" PRIu64, digits, rest % unit);
    }
}

void explain_short(struct text_buffer *buffer, int64_t value, int digits)
{
    while (digits > 0 && value % 10 == 0) {
        value /= 10;
        digits--;
    }
    explain_decimal(buffer, value, digits);
}

void explain_pct(struct text_buffer *buffer, struct fraction rate)
{
    if (rate.den == 0) {
        text_append(buffer, "–");
        return;
    }
    explain_decimal(buffer, fraction_bp(rate), 2);
    text_append(buffer, " %");
}

void explain_kwh(struct text_buffer *buffer, int64_t wh)
{
    explain_decimal(buffer, wh, 3);
    text_append(buffer, " kWh");
}

void explain_json_text(struct text_buffer *buffer, bool first, const char *key,
                       const char *text)
{
    text_append(buffer, first ? "" : ",");
    text_append_json(buffer, key);
    text_append_char(buffer, ':');
    if (text == NULL || text[0] == '\0') {
        text_append(buffer, "null");
    } else {
        text_append_json(buffer, text);
    }
}

static void json_key(struct text_buffer *buffer, const char *key)
{
    text_append_char(buffer, ',');
    text_append_json(buffer, key);
    text_append_char(buffer, ':');
}

void explain_json_i64(struct text_buffer *buffer, const char *key, int64_t value)
{
    json_key(buffer, key);
    text_append_i64(buffer, value);
}

void explain_json_decimal(struct text_buffer *buffer, const char *key, int64_t value,
                          int digits)
{
    json_key(buffer, key);
    explain_short(buffer, value, digits);
}
