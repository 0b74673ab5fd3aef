#include "daemon/compute/baseline.h"
#include "tests/support/test.h"

static const struct resumption_method method = {.min_valid_days = 10,
                                                .min_baseline_wh = 10000};

static struct baseline_sum sum_of(int64_t energy_wh, int32_t n_days,
                                  enum figure_source source)
{
    return (struct baseline_sum){energy_wh, n_days, source};
}

static void baseline_window_is_december_of_the_year_before(void **state)
{
    (void)state;

    struct baseline_window window = baseline_window(day_from_civil(2020, 2, 20));

    assert_int_equal(window.first, day_from_civil(2019, 12, 1));
    assert_int_equal(window.last, day_from_civil(2019, 12, 31));
}

static void baseline_window_turns_at_new_year(void **state)
{
    (void)state;

    assert_int_equal(baseline_window(day_from_civil(2020, 12, 31)).first,
                     day_from_civil(2019, 12, 1));
    assert_int_equal(baseline_window(day_from_civil(2021, 1, 1)).first,
                     day_from_civil(2020, 12, 1));
}

static void baseline_is_the_mean_rounded_half_away_from_zero(void **state)
{
    (void)state;

    /* 1,000,005 / 10 = 100,000.5; 1,000,004 / 10 = 100,000.4 */
    struct baseline_sum half = sum_of(1000005, 10, FIGURE_SOURCE_METER);
    struct baseline_sum below = sum_of(1000004, 10, FIGURE_SOURCE_METER);

    assert_int_equal(baseline_close(&half, &method).baseline_wh, 100001);
    assert_int_equal(baseline_close(&below, &method).baseline_wh, 100000);
}

static void baseline_needs_ten_valid_days(void **state)
{
    (void)state;
    struct baseline_sum nine = sum_of(9000000, 9, FIGURE_SOURCE_METER);
    struct baseline_sum ten = sum_of(10000000, 10, FIGURE_SOURCE_METER);
    struct baseline_sum none = {0};

    assert_false(baseline_close(&nine, &method).has);
    assert_int_equal(baseline_close(&nine, &method).reason, BASELINE_TOO_FEW_DAYS);
    assert_int_equal(baseline_close(&nine, &method).valid_days, 9);
    assert_true(baseline_close(&ten, &method).has);
    assert_int_equal(baseline_close(&none, &method).reason, BASELINE_TOO_FEW_DAYS);
}

static void baseline_below_ten_kwh_is_none(void **state)
{
    (void)state;
    /* 9,999.4 rounds to 9,999; 9,999.5 rounds to 10,000 */
    struct baseline_sum small = sum_of(99994, 10, FIGURE_SOURCE_METER);
    struct baseline_sum enough = sum_of(99995, 10, FIGURE_SOURCE_METER);

    assert_int_equal(baseline_close(&small, &method).reason, BASELINE_TOO_SMALL);
    assert_false(baseline_close(&small, &method).has);
    assert_true(baseline_close(&enough, &method).has);
}

static void baseline_zero_or_negative_is_none_even_without_a_minimum(void **state)
{
    (void)state;
    const struct resumption_method lax = {.min_valid_days = 1};
    struct baseline_sum zero = sum_of(0, 31, FIGURE_SOURCE_METER);
    struct baseline_sum negative = sum_of(-310000, 31, FIGURE_SOURCE_METER);

    assert_int_equal(baseline_close(&zero, &lax).reason, BASELINE_TOO_SMALL);
    assert_int_equal(baseline_close(&negative, &lax).reason, BASELINE_TOO_SMALL);
}

static void baseline_remembers_where_its_days_come_from(void **state)
{
    (void)state;
    struct baseline_sum sum = {0};

    baseline_add(&sum, 500, FIGURE_SOURCE_IMPORT);
    assert_int_equal(sum.source, FIGURE_SOURCE_IMPORT);
    baseline_add(&sum, 0, FIGURE_SOURCE_IMPORT);
    assert_int_equal(sum.source, FIGURE_SOURCE_IMPORT);
    baseline_add(&sum, 700, FIGURE_SOURCE_METER);
    assert_int_equal(sum.source, FIGURE_SOURCE_MIXED);
    baseline_add(&sum, 700, FIGURE_SOURCE_METER);

    assert_int_equal(sum.source, FIGURE_SOURCE_MIXED);
    assert_int_equal(sum.energy_wh, 1900);
    assert_int_equal(sum.n_days, 4);
}

static void baseline_all_days_count_without_a_filter(void **state)
{
    (void)state;
    bool uncovered = false;

    /* 2019-12-01 was a Sunday. */
    assert_true(baseline_day_counts(DAY_FILTER_ALL, day_from_civil(2019, 12, 1), NULL, 0,
                                    &uncovered));
    assert_false(uncovered);
}

static void baseline_workdays_follow_the_calendar_and_else_the_week(void **state)
{
    (void)state;
    const struct calendar_day calendar[] = {
        {day_from_civil(2019, 12, 2), DAY_KIND_HOLIDAY},
        {day_from_civil(2019, 12, 7), DAY_KIND_SWAP_WORK},
        {day_from_civil(2019, 12, 9), DAY_KIND_WORK},
    };
    bool uncovered = false;

    assert_false(
        baseline_day_counts(DAY_FILTER_WORKDAYS, calendar[0].day, calendar, 3, &uncovered));
    assert_true(
        baseline_day_counts(DAY_FILTER_WORKDAYS, calendar[1].day, calendar, 3, &uncovered));
    assert_true(
        baseline_day_counts(DAY_FILTER_WORKDAYS, calendar[2].day, calendar, 3, &uncovered));
    assert_false(uncovered);

    /* Not covered: Sunday 1 December no, Tuesday 3 December yes, and it is said. */
    assert_false(baseline_day_counts(DAY_FILTER_WORKDAYS, day_from_civil(2019, 12, 1),
                                     calendar, 3, &uncovered));
    assert_true(uncovered);
    assert_true(baseline_day_counts(DAY_FILTER_WORKDAYS, day_from_civil(2019, 12, 3),
                                    calendar, 3, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(baseline_window_is_december_of_the_year_before),
        cmocka_unit_test(baseline_window_turns_at_new_year),
        cmocka_unit_test(baseline_is_the_mean_rounded_half_away_from_zero),
        cmocka_unit_test(baseline_needs_ten_valid_days),
        cmocka_unit_test(baseline_below_ten_kwh_is_none),
        cmocka_unit_test(baseline_zero_or_negative_is_none_even_without_a_minimum),
        cmocka_unit_test(baseline_remembers_where_its_days_come_from),
        cmocka_unit_test(baseline_all_days_count_without_a_filter),
        cmocka_unit_test(baseline_workdays_follow_the_calendar_and_else_the_week),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
