#include "daemon/cli/sheet.h"

#include <inttypes.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/row.h"
#include "daemon/core/text.h"

#define NOT_TOLD "n/a" /* no profile says yet where a meter keeps its number */

/* --- words --- */

static const char *word(const struct sheet *sheet, const char *en, const char *zh)
{
    return sheet->english ? en : zh;
}

static const char *hint_word(const struct sheet *sheet, enum commission_hint hint)
{
    static const char *const zh[COMMISSION_HINT_COUNT] = {"电流互感器反接", "方向相反",
                                                          "相序不符", "缺相"};
    static const char *const en[COMMISSION_HINT_COUNT] = {
        "current transformer reversed", "direction reversed", "phases mixed up",
        "voltage missing"};

    return (sheet->english ? en : zh)[hint];
}

static const char *result_word(const struct sheet *sheet, enum commission_result result)
{
    return result == COMMISSION_OK      ? word(sheet, "pass", "合格")
           : result == COMMISSION_CHECK ? word(sheet, "check", "复核")
                                        : word(sheet, "FAIL", "不合格");
}

static const char *reason_word(const struct sheet *sheet, const char *reason)
{
    static const struct {
        const char *reason;
        const char *en;
        const char *zh;
    } words[] = {{"timeout", "no answer", "无应答"},
                 {"refused", "connection refused", "连接被拒绝"},
                 {"connection", "no connection", "连接失败"},
                 {"exception", "refused by the meter", "表计返回异常"},
                 {"no_energy", "no energy register", "读不到电量示数"},
                 {"face_differs", "differs from the face", "与表面示数不符"},
                 {"not_read", "could not be asked", "未能读取"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].reason, reason) == 0) {
            return word(sheet, words[i].en, words[i].zh);
        }
    }
    return reason;
}

/* "AB" */
static void phase_letters(uint32_t phases, char ret_letters[4])
{
    int n = 0;

    for (int i = 0; i < 3; i++) {
        if ((phases >> i & 1u) != 0) {
            ret_letters[n++] = (char)('A' + i);
        }
    }
    ret_letters[n] = '\0';
}

static void ratio_text(struct ratio ratio, char *ret_text, size_t size)
{
    if (ratio.den == 1) {
        (void)snprintf(ret_text, size, "%" PRId64, ratio.num);
    } else {
        (void)snprintf(ret_text, size, "%" PRId64 "/%" PRId64, ratio.num, ratio.den);
    }
}

/* --- HTML --- */

static void put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        default:
            (void)fputc(*text, out);
            break;
        }
    }
}

static void put_cell(FILE *out, const char *kind, const char *text)
{
    (void)fprintf(out, "<td%s>", kind);
    put_text(out, text);
    (void)fputs("</td>", out);
}

static void put_kwh(FILE *out, bool has, int64_t energy_wh)
{
    int64_t size = energy_wh < 0 ? -energy_wh : energy_wh;

    if (!has) {
        (void)fputs("<td class=n>—</td>", out);
        return;
    }
    (void)fprintf(out, "<td class=n>%s%" PRId64 ".%03" PRId64 "</td>",
                  energy_wh < 0 ? "-" : "", size / 1000, size % 1000);
}

static void put_findings(const struct sheet *sheet, const struct commission *row, FILE *out)
{
    const char *between = "";
    char letters[4];

    phase_letters(row->phases, letters);
    (void)fputs("<td>", out);
    if (row->reason[0] != '\0') {
        put_text(out, reason_word(sheet, row->reason));
        between = "; ";
    }
    if (row->was_read && row->sample.detail[0] != '\0') {
        (void)fputs(between, out);
        put_text(out, row->sample.detail);
        between = "; ";
    }
    for (int i = 0; i < COMMISSION_HINT_COUNT; i++) {
        if ((row->hints >> i & 1u) != 0) {
            (void)fputs(between, out);
            put_text(out, hint_word(sheet, (enum commission_hint)i));
            between = "; ";
        }
    }
    if (row->hints != 0 && letters[0] != '\0') {
        (void)fprintf(out, " (%s)", letters);
    }
    (void)fputs("</td>", out);
}

static void put_row(const struct sheet *sheet, const struct commission *row, int number,
                    FILE *out)
{
    const struct meter *meter = row->meter;
    char text[64];

    (void)fprintf(out, "<tr class=%s><td class=n>%d</td><td><b>",
                  commission_result_name(row->result), number);
    put_text(out, meter->id);
    (void)fputs("</b><br>", out);
    put_text(out, meter->name);
    (void)fputs("</td><td>", out);
    put_text(out, meter->enterprise);
    (void)fputs("</td><td class=line>", out);
    put_text(out, meter->endpoint);
    (void)fputs("<br>", out);
    put_text(out, meter->address);
    (void)fputs(" · ", out);
    put_text(out, meter->profile);
    (void)fputs("</td><td>", out);
    put_text(out, meter->serial[0] != '\0' ? meter->serial : "—");
    (void)fputs("<br>" NOT_TOLD "</td>", out);
    (void)snprintf(text, sizeof(text), "%" PRId64, row->latency_ms);
    put_cell(out, " class=n", row->was_read ? text : "—");
    put_kwh(out, row->has_energy, row->register_wh);
    ratio_text(row->ratio, text, sizeof(text));
    put_cell(out, " class=n", text);
    put_kwh(out, row->has_energy, row->primary_wh);
    put_kwh(out, row->has_face, row->face_wh);
    put_kwh(out, row->has_face && row->has_energy, row->difference_wh);
    put_findings(sheet, row, out);
    put_cell(out, " class=r", result_word(sheet, row->result));
    (void)fputs("</tr>\n", out);
}

static const char style[] =
    "@page{size:A4 landscape;margin:12mm}\n"
    "*{box-sizing:border-box}\n"
    "body{font:10pt/1.35 'Noto Sans CJK SC','Source Han Sans SC','Microsoft "
    "YaHei',sans-serif;color:#111;margin:0 auto;max-width:273mm}\n"
    "h1{font-size:16pt;margin:0 0 2mm}p{margin:0 0 3mm}\n"
    "table{border-collapse:collapse;width:100%;font-size:8.5pt}\n"
    "thead{display:table-header-group}tr{break-inside:avoid}\n"
    "th,td{border:.2mm solid #888;padding:1mm 1.4mm;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}\n"
    "th{background:#eee}.n{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}\n"
    ".line{font-size:7.5pt}.r{font-weight:bold;white-space:nowrap}\n"
    "tr.fail .r{text-decoration:underline}tr.fail td{background:#f6dcdc}"
    "tr.check td{background:#fbf3d5}\n"
    ".sign{display:flex;gap:10mm;margin-top:14mm;break-inside:avoid}\n"
    ".sign div{flex:1;border-top:.3mm solid #111;padding-top:1mm}\n"
    "@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

static void put_head(const struct sheet *sheet, FILE *out)
{
    int count[3] = {0};
    char ts[32];

    for (int i = 0; i < sheet->n; i++) {
        count[sheet->row[i].result]++;
    }
    text_from_ts_ms(sheet->now_ms, sheet->zone, ts);
    (void)fprintf(out,
                  "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
                  "<title>%s</title>\n<style>\n%s</style></head><body>\n<h1>%s</h1>\n<p>",
                  word(sheet, "en", "zh-CN"),
                  word(sheet, "Commissioning sheet", "电能表验收单"), style,
                  word(sheet, "Commissioning sheet", "电能表验收单"));
    put_text(out, sheet->site_name[0] != '\0' ? sheet->site_name : sheet->site_id);
    (void)fputs(" (", out);
    put_text(out, sheet->site_id);
    (void)fprintf(out, ") · %s · ecmon %s<br>%s %d · %s %d · %s %d · %s %d</p>\n", ts,
                  sheet->version, word(sheet, "meters", "表计"), sheet->n,
                  word(sheet, "pass", "合格"), count[COMMISSION_OK],
                  word(sheet, "check", "复核"), count[COMMISSION_CHECK],
                  word(sheet, "fail", "不合格"), count[COMMISSION_FAIL]);
}

static void put_headings(const struct sheet *sheet, FILE *out)
{
    static const char *const headings[][2] = {
        {"No.", "序号"},
        {"Meter", "表计"},
        {"Enterprise", "企业"},
        {"Line, address, profile", "线路、地址、型号"},
        {"Serial: expected / read", "表号：档案 / 读到"},
        {"Reading ms", "读取 ms"},
        {"Register kWh (secondary)", "示数 kWh（二次侧）"},
        {"Ratio", "倍率"},
        {"Primary kWh", "一次侧 kWh"},
        {"Face kWh", "表面示数 kWh"},
        {"Difference kWh", "差值 kWh"},
        {"Findings", "说明"},
        {"Result", "结论"},
    };

    (void)fputs("<table><thead><tr>", out);
    for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
        (void)fprintf(out, "<th>%s</th>", headings[i][sheet->english ? 0 : 1]);
    }
    (void)fputs("</tr></thead><tbody>\n", out);
}

void sheet_html(const struct sheet *sheet, FILE *out)
{
    static const char *const signers[][2] = {
        {"Installed by, date", "安装人员、日期"},
        {"Checked by, date", "验收人员、日期"},
        {"For the enterprise, date", "用户代表、日期"}};

    put_head(sheet, out);
    put_headings(sheet, out);
    for (int i = 0; i < sheet->n; i++) {
        put_row(sheet, &sheet->row[i], i + 1, out);
    }
    (void)fputs("</tbody></table>\n<div class=sign>", out);
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        (void)fprintf(out, "<div>%s</div>", signers[i][sheet->english ? 0 : 1]);
    }
    (void)fputs("</div>\n</body></html>\n", out);
}

/* --- CSV --- */

static const struct column columns[] = {
    {"meter", COLUMN_PLAIN, "表计"},
    {"enterprise", COLUMN_PLAIN, "企业"},
    {"name", COLUMN_PLAIN, "名称"},
    {"line", COLUMN_PLAIN, "线路"},
    {"address", COLUMN_PLAIN, "地址"},
    {"profile", COLUMN_PLAIN, "型号"},
    {"serial_expected", COLUMN_PLAIN, "档案表号"},
    {"serial_read", COLUMN_PLAIN, "读到表号"},
    {"status", COLUMN_PLAIN, "状态"},
    {"detail", COLUMN_PLAIN, "说明"},
    {"latency_ms", COLUMN_PLAIN, "读取 ms"},
    {"register_kwh", COLUMN_PLAIN, "示数 kWh"},
    {"ratio", COLUMN_PLAIN, "倍率"},
    {"primary_kwh", COLUMN_PLAIN, "一次侧 kWh"},
    {"face_kwh", COLUMN_PLAIN, "表面示数 kWh"},
    {"difference_kwh", COLUMN_PLAIN, "差值 kWh"},
    {"hints", COLUMN_PLAIN, "提示"},
    {"phases", COLUMN_PLAIN, "相别"},
    {"result", COLUMN_PLAIN, "结论"},
    {"reason", COLUMN_PLAIN, "原因"},
};
#define N_COLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

static struct cell kwh(bool has, int64_t energy_wh)
{
    return has ? cell_decimal(energy_wh, 3) : cell_null();
}

static const char *hints_text(struct rows *rows, uint32_t hints)
{
    struct text_buffer text = {0};

    for (int i = 0; i < COMMISSION_HINT_COUNT; i++) {
        if ((hints >> i & 1u) != 0) {
            text_printf(&text, "%s%s", text.n > 0 ? " " : "",
                        commission_hint_name((enum commission_hint)i));
        }
    }
    const char *kept = rows_keep(rows, text.text);

    text_buffer_done(&text);
    return kept;
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void fill_row(struct rows *rows, struct cell *cell, const struct commission *row)
{
    const struct meter *meter = row->meter;
    char letters[4];
    char ratio[48];

    phase_letters(row->phases, letters);
    ratio_text(row->ratio, ratio, sizeof(ratio));
    *cell++ = cell_text(meter->id);
    *cell++ = cell_text(meter->enterprise);
    *cell++ = cell_text(or_null(meter->name));
    *cell++ = cell_text(meter->endpoint);
    *cell++ = cell_text(meter->address);
    *cell++ = cell_text(meter->profile);
    *cell++ = cell_text(or_null(meter->serial));
    *cell++ = cell_text(NOT_TOLD);
    *cell++ = cell_text(row->was_read ? slot_status_name(row->sample.status) : NULL);
    *cell++ = cell_text(or_null(row->sample.detail));
    *cell++ = row->was_read ? cell_int(row->latency_ms) : cell_null();
    *cell++ = kwh(row->has_energy, row->register_wh);
    *cell++ = cell_text(rows_keep(rows, ratio));
    *cell++ = kwh(row->has_energy, row->primary_wh);
    *cell++ = kwh(row->has_face, row->face_wh);
    *cell++ = kwh(row->has_face && row->has_energy, row->difference_wh);
    *cell++ = cell_text(hints_text(rows, row->hints));
    *cell++ = cell_text(or_null(rows_keep(rows, letters)));
    *cell++ = cell_text(commission_result_name(row->result));
    *cell = cell_text(or_null(row->reason));
}

int sheet_rows(const struct sheet *sheet, struct rows *ret_rows)
{
    rows_init(ret_rows, columns, N_COLUMNS);
    for (int i = 0; i < sheet->n; i++) {
        struct cell *cell = rows_add(ret_rows);

        if (cell == NULL) {
            rows_done(ret_rows);
            return ERR_NOMEM;
        }
        fill_row(ret_rows, cell, &sheet->row[i]);
    }
    return 0;
}
