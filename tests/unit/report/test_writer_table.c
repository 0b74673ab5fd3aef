#define _XOPEN_SOURCE 700 /* wcswidth; NOLINT(readability-identifier-naming): its name */

#include <wchar.h>

#include "tests/unit/report/sample_rows.h"

#define LINE_MAX_WIDE 256

static int width_of(const char *line, size_t n)
{
    char copy[4 * LINE_MAX_WIDE];
    wchar_t wide[LINE_MAX_WIDE];

    assert_true(n < sizeof(copy));
    memcpy(copy, line, n);
    copy[n] = '\0';
    size_t n_wide = mbstowcs(wide, copy, LINE_MAX_WIDE);

    assert_true(n_wide < LINE_MAX_WIDE);
    return wcswidth(wide, n_wide);
}

static int set_up(void **state)
{
    struct rows *rows = calloc(1, sizeof(*rows));

    report_init();
    sample_rows_init(rows);
    *state = rows;
    return 0;
}

static int tear_down(void **state)
{
    rows_done(*state);
    free(*state);
    return 0;
}

static void chinese_takes_two_columns_so_lines_end_together(void **state)
{
    static const char *const shown[] = {"enterprise", "energy_wh", NULL};
    char *text = sample_write(*state, (struct report_options){.format = REPORT_TABLE,
                                                              .labels_zh = true,
                                                              .table_columns = shown});
    int n_lines = 0;

    for (const char *line = text; *line != '\0'; n_lines++) {
        size_t n = strcspn(line, "\n");

        /* 示例钢厂 (8), a space, 电量(kWh) (9). */
        assert_int_equal(width_of(line, n), 18);
        line += n + (line[n] == '\n' ? 1 : 0);
    }
    assert_int_equal(n_lines, 4);
    free(text);
}

static void the_readable_one_of_a_pair_is_shown_and_null_is_a_dash(void **state)
{
    static const char *const shown[] = {"enterprise", "ratio", "value_added_cny", NULL};
    char *text = sample_write(
        *state, (struct report_options){.format = REPORT_TABLE, .table_columns = shown});

    assert_string_equal(text, "enterprise ratio_pct value_added_wan\n"
                              "示例钢厂        60.0          1500.0\n"
                              "B              29.99          1500.0\n"
                              "乙                 —               —\n");
    free(text);
}

static void what_is_too_wide_becomes_a_block_per_row(void **state)
{
    static const char *const shown[] = {"enterprise", "start_ts_ms", "grade", NULL};
    char *text = sample_write(*state, (struct report_options){.format = REPORT_TABLE,
                                                              .labels_zh = true,
                                                              .table_columns = shown,
                                                              .width = 40});

    assert_string_equal(text,
                        "企业 示例钢厂\n时间 2026-11-21T08:00:00+08:00\n等级 碳效2级\n\n"
                        "企业 B\n时间 2026-11-21T08:15:00+08:00\n等级 碳效3级\n\n"
                        "企业 乙\n时间 —\n等级 —\n");
    free(text);
    text = sample_write(*state, (struct report_options){.format = REPORT_TABLE,
                                                        .labels_zh = true,
                                                        .table_columns = shown,
                                                        .width = 80});
    assert_int_equal(strncmp(text, "企业     时间 ", strlen("企业     时间 ")), 0);
    free(text);
}

static void the_light_has_its_colour_only_where_asked(void **state)
{
    static const char *const shown[] = {"light", NULL};
    struct report_options options = {.format = REPORT_TABLE, .table_columns = shown};
    char *text = sample_write(*state, options);

    assert_null(strchr(text, '\033'));
    free(text);
    options.colour = true;
    text = sample_write(*state, options);
    assert_non_null(strstr(text, "\033[31mred"));
    free(text);
}

static void control_characters_of_names_do_not_reach_the_terminal(void **state)
{
    static const char *const shown[] = {"enterprise", NULL};
    struct rows *rows = *state;

    rows->cell[0] = cell_text("a\033[2J\nb");
    char *text = sample_write(
        rows, (struct report_options){.format = REPORT_TABLE, .table_columns = shown});

    assert_null(strchr(text, '\033'));
    assert_null(strstr(text, "\nb"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chinese_takes_two_columns_so_lines_end_together,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_readable_one_of_a_pair_is_shown_and_null_is_a_dash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_wide_becomes_a_block_per_row, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_light_has_its_colour_only_where_asked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            control_characters_of_names_do_not_reach_the_terminal, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
