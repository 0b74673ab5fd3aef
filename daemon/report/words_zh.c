#include <string.h>

#include "daemon/report/report.h"

struct word {
    const char *column; /* NULL = any other */
    const char *word;
    const char *zh;
};

/* A row with a column stands before the row of the same word without. */
static const struct word words[] = {
    /* states of an enterprise's day */
    {NULL, "resumed", "复工"},
    {NULL, "not_resumed", "未复工"},
    {NULL, "missing", "数据缺失"},
    {NULL, "no_baseline", "无基准"},
    {NULL, "out_of_scope", "不在范围"},
    {NULL, "produced", "复产"},
    /* status and stage of a rate */
    {NULL, "final", "正式"},
    {NULL, "provisional", "覆盖不足（参考）"},
    {NULL, "insufficient", "数据不足"},
    {NULL, "preliminary", "初报"},
    {"stage", "closed", "已关账"},
    /* quality */
    {NULL, "measured", "实测"},
    {NULL, "interpolated", "插值"},
    {NULL, "estimated", "估算"},
    {NULL, "suspect", "存疑"},
    {NULL, "imported", "导入"},
    /* carbon */
    {NULL, "low", "低碳"},
    {NULL, "mid", "中碳"},
    {NULL, "high", "高碳"},
    {NULL, "incomplete", "数据不全"},
    {NULL, "not_rated", "不评级"},
    /* size class */
    {NULL, "above", "规上"},
    {NULL, "below", "规下"},
    {NULL, "unknown", "未定"},
    /* roles of a meter */
    {NULL, "supply", "供电总表"},
    {NULL, "generation", "自发电"},
    {NULL, "storage", "储能"},
    {NULL, "feed_in", "全额上网"},
    {NULL, "sub", "分表"},
    {NULL, "production", "产污"},
    {NULL, "control", "治污"},
    /* states of a list's member */
    {NULL, "open", "在册"},
    {NULL, "rectifying", "整改中"},
    {NULL, "closed", "已销号"},
    {NULL, "exited", "已退出"},
    /* lights */
    {NULL, "red", "红"},
    {NULL, "yellow", "黄"},
    {NULL, "green", "绿"},
    /* kinds of groups and periods */
    {NULL, "all", "全部"},
    {NULL, "size_class", "规模"},
    {NULL, "industry", "行业"},
    {NULL, "region", "地区"},
    {NULL, "town", "镇街"},
    {NULL, "park", "园区"},
    {NULL, "list", "名单"},
    {NULL, "year", "年"},
    {NULL, "half", "半年"},
    {NULL, "quarter", "季"},
    {NULL, "month", "月"},
    {"period_kind", "range", "多月"},
    /* sources */
    {NULL, "meter", "计量"},
    {NULL, "import", "导入"},
    /* status of a reading */
    {NULL, "ok", "正常"},
    {NULL, "partial", "部分"},
    {NULL, "timeout", "超时"},
    {NULL, "refused", "拒绝连接"},
    {NULL, "connection", "连接中断"},
    {NULL, "exception", "异常应答"},
    {NULL, "bad_frame", "帧错误"},
    {NULL, "bad_crc", "校验错误"},
    {NULL, "bad_unit", "地址不符"},
    {NULL, "range", "超出范围"},
    {NULL, "missed", "漏采"},
    {NULL, "clock", "时钟异常"},
    {NULL, "disabled", "停用"},
    /* reasons */
    {NULL, "no_data", "无数据"},
    {NULL, "commissioning", "试生产"},
    {NULL, "no_value_added", "无增加值"},
    {NULL, "value_added_not_positive", "增加值不为正"},
    {NULL, "no_factor", "无排放因子"},
    {NULL, "carrier_only_coarser", "能源数据周期过长"},
    {NULL, "electricity_incomplete", "电量不全"},
    {NULL, "no_benchmark", "无行业基准"},
    {NULL, "period_open", "周期未结束"},
};

const char *report_word_zh(const char *column, const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bool here = words[i].column == NULL || strcmp(words[i].column, column) == 0;

        if (here && strcmp(words[i].word, word) == 0) {
            return words[i].zh;
        }
    }
    return word;
}
