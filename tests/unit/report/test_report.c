#include <ecmon/err.h>

#include "daemon/report/report.h"
#include "tests/unit/report/sample_rows.h"

static void assert_written(const struct rows *rows, struct report_options options,
                           const char *expected)
{
    char *text = sample_write(rows, options);

    assert_string_equal(text, expected);
    free(text);
}

static void csv_has_both_of_a_pair_and_empty_nulls(void **state)
{
    struct rows rows;

    (void)state;
    sample_rows_init(&rows);
    assert_written(
        &rows, (struct report_options){.format = REPORT_CSV},
        "enterprise,start_ts_ms,start_ts,energy_wh,energy_kwh,ratio,ratio_pct,"
        "value_added_cny,value_added_wan,grade,stage,light\n"
        "示例钢厂,1795219200000,2026-11-21T08:00:00+08:00,15599000,15599.0,0.6,60.0,"
        "15000000,1500.0,2,closed,red\n"
        "B,1795220100000,2026-11-21T08:15:00+08:00,2999,2.999,0.2999,29.99,"
        "15000000,1500.0,3,preliminary,yellow\n"
        "乙,,,,,,,,,,,\n");
    rows_done(&rows);
}

static void csv_labels_name_the_unit_and_translate_words(void **state)
{
    struct rows rows;

    (void)state;
    sample_rows_init(&rows);
    rows.n_rows = 1;
    assert_written(
        &rows, (struct report_options){.format = REPORT_CSV, .labels_zh = true},
        "企业,时间(ms),时间,电量(Wh),电量(kWh),复工比,复工比(%),增加值(元),增加值(万元),"
        "等级,阶段,灯\n"
        "示例钢厂,1795219200000,2026-11-21T08:00:00+08:00,15599000,15599.0,0.6,60.0,"
        "15000000,1500.0,碳效2级,已关账,红\n");
    rows_done(&rows);
}

static void csv_quotes_as_rfc_4180(void **state)
{
    static const struct column columns[] = {{"name", COLUMN_PLAIN, "名称"}};
    struct rows rows;

    (void)state;
    rows_init(&rows, columns, 1);
    rows_add(&rows)[0] = cell_text("a,\"b\"");
    rows_add(&rows)[0] = cell_text("two\nlines");
    rows_add(&rows)[0] = cell_text("=1+1");
    assert_written(&rows, (struct report_options){.format = REPORT_CSV},
                   "name\n\"a,\"\"b\"\"\"\n\"two\nlines\"\n=1+1\n");
    rows_done(&rows);
}

static void excel_csv_protects_formulas_and_long_digits(void **state)
{
    static const struct column columns[] = {{"name", COLUMN_PLAIN, "名称"},
                                            {"pp", COLUMN_PLAIN, "变化"}};
    static const char *const names[] = {"=1+1",        "+86",           "-x",
                                        "@a",          "\tx",           "330282104000",
                                        "33028210400", "330282104000x", "=\"1\""};
    struct rows rows;

    (void)state;
    rows_init(&rows, columns, 2);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        rows_add(&rows)[0] = cell_text(names[i]);
    }
    rows.cell[1] = cell_decimal(-41, 2);
    assert_written(&rows, (struct report_options){.format = REPORT_CSV_EXCEL},
                   "\xef\xbb\xbf"
                   "name,pp\r\n"
                   "'=1+1,-0.41\r\n"
                   "'+86,\r\n"
                   "'-x,\r\n"
                   "'@a,\r\n"
                   "\"'\tx\",\r\n"
                   "\"=\"\"330282104000\"\"\",\r\n"
                   "33028210400,\r\n"
                   "330282104000x,\r\n"
                   "\"'=\"\"1\"\"\",\r\n");
    rows_done(&rows);
}

static void json_is_one_array_with_every_column(void **state)
{
    struct rows rows;

    (void)state;
    sample_rows_init(&rows);
    rows.n_rows = 2;
    rows.cell[rows.n_columns + 2] = cell_null();
    assert_written(&rows, (struct report_options){.format = REPORT_JSON, .labels_zh = true},
                   "[{\"enterprise\":\"示例钢厂\",\"start_ts_ms\":1795219200000,"
                   "\"start_ts\":\"2026-11-21T08:00:00+08:00\",\"energy_wh\":15599000,"
                   "\"energy_kwh\":15599.0,\"ratio\":0.6,\"ratio_pct\":60.0,"
                   "\"value_added_cny\":15000000,\"value_added_wan\":1500.0,\"grade\":2,"
                   "\"stage\":\"closed\",\"light\":\"red\"},\n"
                   " {\"enterprise\":\"B\",\"start_ts_ms\":1795220100000,"
                   "\"start_ts\":\"2026-11-21T08:15:00+08:00\",\"energy_wh\":null,"
                   "\"energy_kwh\":null,\"ratio\":0.2999,\"ratio_pct\":29.99,"
                   "\"value_added_cny\":15000000,\"value_added_wan\":1500.0,\"grade\":3,"
                   "\"stage\":\"preliminary\",\"light\":\"yellow\"}]\n");
    rows_done(&rows);
}

static void no_rows_are_an_empty_array_or_the_headings(void **state)
{
    static const struct column columns[] = {{"day", COLUMN_PLAIN, "日期"},
                                            {"energy_wh", COLUMN_WH, "电量"}};
    struct rows rows;

    (void)state;
    rows_init(&rows, columns, 2);
    assert_written(&rows, (struct report_options){.format = REPORT_JSON}, "[]\n");
    assert_written(&rows, (struct report_options){.format = REPORT_CSV},
                   "day,energy_wh,energy_kwh\n");
    assert_written(&rows,
                   (struct report_options){.format = REPORT_TABLE, .labels_zh = true},
                   "日期 电量(kWh)\n");
    rows_done(&rows);
}

static void a_single_object_stands_on_one_line(void **state)
{
    static const struct column columns[] = {{"day", COLUMN_PLAIN, "日期"},
                                            {"energy_wh", COLUMN_WH, "电量"}};
    struct rows rows;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    assert_non_null(out);
    rows_init(&rows, columns, 2);
    rows_add(&rows)[0] = cell_text("2026-11-20");
    assert_int_equal(report_json_object(&rows, 0, &sample_zone, out), 0);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(
        text, "{\"day\":\"2026-11-20\",\"energy_wh\":null,\"energy_kwh\":null}\n");
    free(text);
    rows_done(&rows);
}

static void a_full_disk_is_an_error_in_every_format(void **state)
{
    static const enum report_format formats[] = {REPORT_TABLE, REPORT_CSV, REPORT_JSON,
                                                 REPORT_XLSX};
    struct rows rows;

    (void)state;
    sample_rows_init(&rows);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct report_options options = {.format = formats[i], .zone = &sample_zone};

        options.out = fopen("/dev/full", "we");
        assert_non_null(options.out);
        assert_int_equal(report_write(&rows, &options), ERR_IO);
        (void)fclose(options.out);
    }
    rows_done(&rows);
}

static void words_have_their_chinese_by_column(void **state)
{
    (void)state;
    assert_string_equal(report_word_zh("state", "not_resumed"), "未复工");
    assert_string_equal(report_word_zh("stage", "closed"), "已关账");
    assert_string_equal(report_word_zh("state", "closed"), "已销号");
    assert_string_equal(report_word_zh("status", "provisional"), "覆盖不足（参考）");
    assert_string_equal(report_word_zh("stage", "preliminary"), "初报");
    assert_string_equal(report_word_zh("level", "mid"), "中碳");
    assert_string_equal(report_word_zh("x", "no_such_word"), "no_such_word");
}

static void formats_have_names(void **state)
{
    enum report_format format = REPORT_TABLE;

    (void)state;
    assert_int_equal(report_format_from_name("xlsx", &format), 0);
    assert_int_equal(format, REPORT_XLSX);
    assert_int_equal(report_format_from_name("xml", &format), ERR_NOT_FOUND);
    assert_int_equal(format, REPORT_XLSX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_has_both_of_a_pair_and_empty_nulls),
        cmocka_unit_test(csv_labels_name_the_unit_and_translate_words),
        cmocka_unit_test(csv_quotes_as_rfc_4180),
        cmocka_unit_test(excel_csv_protects_formulas_and_long_digits),
        cmocka_unit_test(json_is_one_array_with_every_column),
        cmocka_unit_test(no_rows_are_an_empty_array_or_the_headings),
        cmocka_unit_test(a_single_object_stands_on_one_line),
        cmocka_unit_test(a_full_disk_is_an_error_in_every_format),
        cmocka_unit_test(words_have_their_chinese_by_column),
        cmocka_unit_test(formats_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
