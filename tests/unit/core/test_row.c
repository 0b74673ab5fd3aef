/* Numbers as in interfaces.md, appendix A (E1 to E4). */
#include "daemon/core/row.h"
#include "tests/support/test.h"

static const struct zone shanghai = {8 * 3600 * 1000, "Asia/Shanghai"};

static void assert_cell(struct cell cell, enum column_unit unit, int k,
                        enum cell_style style, const char *expected)
{
    const struct column column = {"x", unit, "x"};
    struct text_buffer buffer = {NULL, 0, 0, 0};

    text_append(&buffer, "");
    cell_append(&buffer, &column, &cell, k, style, &shanghai);
    assert_string_equal(buffer.text, expected);
    text_buffer_done(&buffer);
}

static void assert_json(struct cell cell, enum column_unit unit, int k,
                        const char *expected)
{
    assert_cell(cell, unit, k, CELL_JSON, expected);
}

static void kwh_is_exact_with_at_least_one_decimal(void **state)
{
    (void)state;
    assert_json(cell_int(15599000), COLUMN_WH, 0, "15599000");
    assert_json(cell_int(15599000), COLUMN_WH, 1, "15599.0");
    assert_json(cell_int(8640120), COLUMN_WH, 1, "8640.12");
    assert_json(cell_int(8712400), COLUMN_WH, 1, "8712.4");
    assert_json(cell_int(1), COLUMN_WH, 1, "0.001");
    assert_json(cell_int(0), COLUMN_WH, 1, "0.0");
    assert_json(cell_int(-50), COLUMN_WH, 1, "-0.05");
    assert_json(cell_int(INT64_MIN), COLUMN_WH, 1, "-9223372036854775.808");
    assert_json(cell_decimal(25, 1), COLUMN_WH, 1, "0.0025");
}

/* The right-hand sides are what Python 3 prints for the same quotients. */
static void fractions_read_back_to_the_nearest_double(void **state)
{
    (void)state;
    assert_json(cell_fraction(3, 5), COLUMN_PCT, 0, "0.6");
    assert_json(cell_fraction(15599, 31000), COLUMN_PCT, 0, "0.5031935483870967");
    assert_json(cell_fraction(2, 3), COLUMN_PCT, 0, "0.6666666666666666");
    assert_json(cell_fraction(5, 5), COLUMN_PCT, 0, "1.0");
    assert_json(cell_fraction(0, 5), COLUMN_PCT, 0, "0.0");
    assert_json(cell_fraction(-1, 8), COLUMN_PCT, 0, "-0.125");
    assert_json(cell_fraction(1, -8), COLUMN_PCT, 0, "-0.125");
    assert_json(cell_fraction(25, 2), COLUMN_PCT, 0, "12.5");
    assert_json(cell_fraction(1200, 1), COLUMN_PCT, 0, "1200.0");
    assert_json(cell_fraction(1, 1000000), COLUMN_PCT, 0, "0.000001");
    assert_json(cell_fraction(INT64_MAX, 1), COLUMN_PCT, 0, "9223372036854776000.0");
    assert_json(cell_fraction(INT64_MAX, INT64_MAX - 1), COLUMN_PCT, 0, "1.0");
    assert_json(cell_fraction(1, INT64_MAX), COLUMN_PCT, 0,
                "0.00000000000000000010842021724855044");
    assert_json(cell_fraction(9007199254740993, 2), COLUMN_PCT, 0, "4503599627370496.0");
}

static void percent_comes_from_the_exact_integers(void **state)
{
    (void)state;
    assert_json(cell_fraction(3, 5), COLUMN_PCT, 1, "60.0");
    assert_json(cell_fraction(15599, 31000), COLUMN_PCT, 1, "50.32");
    assert_json(cell_fraction(2999, 10000), COLUMN_PCT, 1, "29.99");
    assert_json(cell_fraction(1, 20000), COLUMN_PCT, 1, "0.01");
    assert_json(cell_fraction(-1, 20000), COLUMN_PCT, 1, "-0.01");
    assert_json(cell_fraction(49999, 1000000000), COLUMN_PCT, 1, "0.0");
    assert_json(cell_decimal(973, 3), COLUMN_PCT, 1, "97.3");
    assert_json(cell_int(1), COLUMN_PCT, 1, "100.0");
    assert_int_equal(basis_points(1, 8), 1250);
    assert_int_equal(basis_points(5, 100000), 1);
    assert_true(basis_points(INT64_MAX, 1) == INT64_MAX);
    assert_int_equal(basis_points(INT64_MAX, INT64_MAX), 10000);
}

static void decimals_drop_trailing_zeros_but_one(void **state)
{
    (void)state;
    assert_json(cell_decimal(5516, 2), COLUMN_PLAIN, 0, "55.16");
    assert_json(cell_decimal(8290, 2), COLUMN_PLAIN, 0, "82.9");
    assert_json(cell_decimal(-41, 2), COLUMN_PLAIN, 0, "-0.41");
    assert_json(cell_decimal(0, 2), COLUMN_PLAIN, 0, "0.0");
    assert_json(cell_decimal(44000, 2), COLUMN_PLAIN, 0, "440.0");
    assert_json(cell_decimal(15707, 4), COLUMN_PLAIN, 0, "1.5707");
    assert_json(cell_decimal(12, 0), COLUMN_PLAIN, 0, "12");
}

static void yuan_print_whole_and_in_ten_thousands(void **state)
{
    (void)state;
    assert_json(cell_decimal(1500000000, 2), COLUMN_CNY_WAN, 0, "15000000");
    assert_json(cell_decimal(1500000000, 2), COLUMN_CNY_WAN, 1, "1500.0");
    assert_json(cell_decimal(12345650, 2), COLUMN_CNY_WAN, 0, "123456.5");
    assert_json(cell_decimal(12345650, 2), COLUMN_CNY_WAN, 1, "12.34565");
    assert_json(cell_decimal(-1, 2), COLUMN_CNY_WAN, 1, "-0.000001");
}

static void null_is_null_in_both(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        assert_json(cell_null(), COLUMN_WH, k, "null");
        assert_json(cell_fraction(1, 0), COLUMN_PCT, k, "null");
        assert_json(cell_text(NULL), COLUMN_CNY_WAN, k, "null");
        assert_cell(cell_null(), COLUMN_TS_MS, k, CELL_CSV, "");
        assert_cell(cell_enum(NULL), COLUMN_WH, k, CELL_PLAIN, "");
    }
}

static void texts_are_quoted_by_style(void **state)
{
    struct cell cell = cell_text("a,\"b\"");

    (void)state;
    assert_cell(cell, COLUMN_PLAIN, 0, CELL_PLAIN, "a,\"b\"");
    assert_cell(cell, COLUMN_PLAIN, 0, CELL_CSV, "\"a,\"\"b\"\"\"");
    assert_cell(cell, COLUMN_PLAIN, 0, CELL_JSON, "\"a,\\\"b\\\"\"");
    assert_cell(cell_text("慈溪"), COLUMN_PLAIN, 0, CELL_CSV, "慈溪");
    assert_cell(cell_text("a\nb"), COLUMN_PLAIN, 0, CELL_CSV, "\"a\nb\"");
    assert_cell(cell_int(1795219200000), COLUMN_TS_MS, 0, CELL_JSON, "1795219200000");
    assert_cell(cell_int(1795219200000), COLUMN_TS_MS, 1, CELL_JSON,
                "\"2026-11-21T08:00:00+08:00\"");
    assert_cell(cell_int(1795219200000), COLUMN_TS_MS, 1, CELL_CSV,
                "2026-11-21T08:00:00+08:00");
}

static void names_expand_by_unit(void **state)
{
    static const struct {
        struct column column;
        const char *expected;
    } cases[] = {
        {{"energy_wh", COLUMN_WH, ""}, "energy_kwh"},
        {{"ratio", COLUMN_PCT, ""}, "ratio_pct"},
        {{"start_ts_ms", COLUMN_TS_MS, ""}, "start_ts"},
        {{"value_added_cny", COLUMN_CNY_WAN, ""}, "value_added_wan"},
    };

    char name[COLUMN_NAME_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(column_expand_count(&cases[i].column), 2);
        column_expand_name(&cases[i].column, 0, name);
        assert_string_equal(name, cases[i].column.name);
        column_expand_name(&cases[i].column, 1, name);
        assert_string_equal(name, cases[i].expected);
    }
    assert_int_equal(column_expand_count(&(struct column){"day", COLUMN_PLAIN, ""}), 1);
}

static void a_row_becomes_json_members_in_column_order(void **state)
{
    static const struct column columns[] = {
        {"day", COLUMN_PLAIN, "日期"},
        {"energy_wh", COLUMN_WH, "电量"},
        {"quality", COLUMN_PLAIN, "质量"},
    };
    struct text_buffer buffer = {NULL, 0, 0, 0};
    struct rows rows;

    (void)state;
    rows_init(&rows, columns, 3);
    for (int i = 0; i < 200; i++) {
        struct cell *cell = rows_add(&rows);
        char day[] = "2026-11-20";

        assert_non_null(cell);
        assert_int_equal(cell[2].kind, CELL_NULL);
        cell[0] = cell_text(rows_keep(&rows, day));
        day[0] = 'x';
        cell[1] = cell_int(500);
    }
    assert_null(rows_keep(&rows, NULL));
    assert_int_equal(rows.n_rows, 200);
    row_append_json(&buffer, &rows, 199, &shanghai);
    assert_string_equal(buffer.text,
                        "\"day\":\"2026-11-20\",\"energy_wh\":500,\"energy_kwh\":0.5,"
                        "\"quality\":null");
    text_buffer_done(&buffer);
    rows_done(&rows);
    assert_int_equal(rows.n_rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kwh_is_exact_with_at_least_one_decimal),
        cmocka_unit_test(fractions_read_back_to_the_nearest_double),
        cmocka_unit_test(percent_comes_from_the_exact_integers),
        cmocka_unit_test(decimals_drop_trailing_zeros_but_one),
        cmocka_unit_test(yuan_print_whole_and_in_ten_thousands),
        cmocka_unit_test(null_is_null_in_both),
        cmocka_unit_test(texts_are_quoted_by_style),
        cmocka_unit_test(names_expand_by_unit),
        cmocka_unit_test(a_row_becomes_json_members_in_column_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
