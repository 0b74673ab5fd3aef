#include "daemon/compute/period.h"
#include "tests/support/test.h"

#define YEAR_FIRST (day_from_civil(2023, 1, 1))
#define YEAR_LAST  (day_from_civil(2023, 12, 31))

static struct period_value month(int32_t m, int64_t value)
{
    day_t first = day_from_civil(2023, m, 1);

    return (struct period_value){first, first + days_in_month(2023, m) - 1, value};
}

static struct period_value months(int32_t from, int32_t to, int64_t value)
{
    return (struct period_value){month(from, 0).first, month(to, 0).last, value};
}

static enum period_figure figure(struct period_value *values, int n,
                                 struct period_value asked, int64_t *ret_value)
{
    qsort(values, (size_t)n, sizeof(*values), period_value_compare);
    return period_figure_of(values, n, asked.first, asked.last, ret_value);
}

static void figure_is_the_exact_row_whatever_else_there_is(void **state)
{
    (void)state;
    struct period_value values[] = {months(1, 3, 999), months(1, 12, 100), month(1, 7)};
    int64_t value = 0;

    assert_int_equal(figure(values, 3, months(1, 12, 0), &value), PERIOD_FIGURE_EXACT);
    assert_int_equal(value, 100);
}

static void figure_is_the_sum_of_a_tiling(void **state)
{
    (void)state;
    struct period_value values[] = {months(1, 3, 10), month(4, 1), month(5, 2), month(6, 4),
                                    months(7, 12, 100)};
    int64_t value = 0;

    assert_int_equal(figure(values, 5, months(1, 12, 0), &value), PERIOD_FIGURE_TILED);
    assert_int_equal(value, 117);
}

static void figure_never_counts_nested_rows_twice(void **state)
{
    (void)state;
    struct period_value values[] = {month(1, 3), month(2, 3), month(3, 3), months(1, 3, 10),
                                    months(4, 12, 5)};
    int64_t value = 0;

    assert_int_equal(figure(values, 5, months(1, 12, 0), &value), PERIOD_FIGURE_TILED);
    assert_int_equal(value, 15);
}

static void figure_takes_january_and_february_together(void **state)
{
    (void)state;
    struct period_value values[] = {months(1, 2, 20), month(3, 5)};
    int64_t value = 0;

    assert_int_equal(figure(values, 2, months(1, 3, 0), &value), PERIOD_FIGURE_TILED);
    assert_int_equal(value, 25);
    assert_int_equal(figure(values, 2, month(1, 0), &value), PERIOD_FIGURE_COARSER);
    assert_int_equal(value, 0);
}

static void figure_with_a_gap_is_partial(void **state)
{
    (void)state;
    struct period_value inner[] = {month(1, 1), month(3, 1)};
    struct period_value end[] = {months(1, 11, 1)};
    struct period_value start[] = {months(2, 12, 1)};
    int64_t value = 0;

    assert_int_equal(figure(inner, 2, months(1, 3, 0), &value), PERIOD_FIGURE_PARTIAL);
    assert_int_equal(value, 2);
    assert_int_equal(figure(end, 1, months(1, 12, 0), &value), PERIOD_FIGURE_PARTIAL);
    assert_int_equal(figure(start, 1, months(1, 12, 0), &value), PERIOD_FIGURE_PARTIAL);
}

static void figure_never_splits_a_coarser_row(void **state)
{
    (void)state;
    struct period_value values[] = {months(1, 12, 120)};
    int64_t value = 5;

    assert_int_equal(figure(values, 1, month(6, 0), &value), PERIOD_FIGURE_COARSER);
    assert_int_equal(value, 0);
}

static void figure_of_nothing_is_none(void **state)
{
    (void)state;
    struct period_value values[] = {month(1, 1)};
    int64_t value = 5;

    assert_int_equal(period_figure_of(NULL, 0, YEAR_FIRST, YEAR_LAST, &value),
                     PERIOD_FIGURE_NONE);
    assert_int_equal(figure(values, 1, month(2, 0), &value), PERIOD_FIGURE_NONE);
    assert_int_equal(value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figure_is_the_exact_row_whatever_else_there_is),
        cmocka_unit_test(figure_is_the_sum_of_a_tiling),
        cmocka_unit_test(figure_never_counts_nested_rows_twice),
        cmocka_unit_test(figure_takes_january_and_february_together),
        cmocka_unit_test(figure_with_a_gap_is_partial),
        cmocka_unit_test(figure_never_splits_a_coarser_row),
        cmocka_unit_test(figure_of_nothing_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
