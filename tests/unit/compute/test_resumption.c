/* The worked example of 2020-02-20 with its wrong answers, and the edges around it. */
#include "daemon/compute/resumption.h"
#include "tests/support/test.h"

static const struct resumption_method sgcc = {
    .threshold_e6 = 300000,
    .threshold_inclusive = true,
    .produced_e6 = 800000,
    .weight_e6 = 500000,
    .final_coverage_e6 = 900000,
    .insufficient_coverage_e6 = 700000,
};

static struct resumption_day valid_day(int64_t energy_kwh, int64_t baseline_kwh)
{
    return (struct resumption_day){.in_scope = true,
                                   .has_baseline = true,
                                   .baseline_wh = baseline_kwh * 1000,
                                   .valid = true,
                                   .energy_wh = energy_kwh * 1000};
}

static struct resumption_day missing_day(int64_t baseline_kwh)
{
    struct resumption_day day = valid_day(0, baseline_kwh);

    day.valid = false;
    return day;
}

static void add(struct resumption_sum *sum, struct resumption_day day,
                const struct resumption_method *method)
{
    enum resumption_state state = resumption_state_of(&day, method);
    bool judged = state == STATE_RESUMED || state == STATE_NOT_RESUMED;

    resumption_add(sum, &day, state, judged && resumption_produced(&day, method));
}

/* Firms A to F of the example: A, B, C, D, E valid, F missing. */
static struct resumption_sum example(const struct resumption_method *method)
{
    struct resumption_sum sum = {0};

    add(&sum, valid_day(9000, 10000), method);
    add(&sum, valid_day(2999, 10000), method);
    add(&sum, valid_day(3000, 10000), method);
    add(&sum, valid_day(0, 500), method);
    add(&sum, valid_day(600, 500), method);
    add(&sum, missing_day(2000), method);
    return sum;
}

static void state_at_the_threshold_depends_on_the_operator(void **state)
{
    (void)state;
    struct resumption_method gt = sgcc;
    struct resumption_day c = valid_day(3000, 10000);
    struct resumption_day b = valid_day(2999, 10000);
    gt.threshold_inclusive = false;

    assert_int_equal(resumption_state_of(&c, &sgcc), STATE_RESUMED);
    assert_int_equal(resumption_state_of(&c, &gt), STATE_NOT_RESUMED);
    assert_int_equal(resumption_state_of(&b, &sgcc), STATE_NOT_RESUMED);
}

static void state_is_the_first_that_applies(void **state)
{
    (void)state;
    struct resumption_day day = missing_day(1000);

    assert_int_equal(resumption_state_of(&day, &sgcc), STATE_MISSING);
    day.has_baseline = false;
    assert_int_equal(resumption_state_of(&day, &sgcc), STATE_NO_BASELINE);
    day.in_scope = false;
    assert_int_equal(resumption_state_of(&day, &sgcc), STATE_OUT_OF_SCOPE);
}

static void example_counts_a_missing_firm_as_missing_and_a_zero_as_valid(void **state)
{
    (void)state;

    struct resumption_sum sum = example(&sgcc);

    assert_int_equal(sum.n_scope, 6);
    assert_int_equal(sum.n_valid, 5);
    assert_int_equal(sum.n_resumed, 3);
    assert_int_equal(sum.n_not_resumed, 2);
    assert_int_equal(sum.n_produced, 2);
    assert_int_equal(sum.n_zero, 1);
    assert_int_equal(sum.n_missing, 1);
    assert_int_equal(sum.n_no_baseline, 0);
    assert_int_equal(sum.energy_wh, 15599000);
    assert_int_equal(sum.baseline_wh, 31000000);
    assert_int_equal(sum.missing_baseline_wh, 2000000);
}

static void example_gives_the_published_figures(void **state)
{
    (void)state;
    struct resumption_sum sum = example(&sgcc);
    int64_t index_e2 = 0;

    enum rate_status status = resumption_status(&sum, &sgcc);

    assert_int_equal(status, RATE_PROVISIONAL); /* 5 of 6 */
    assert_int_equal(fraction_bp(resumption_rate(&sum, status)), 6000);
    assert_int_equal(fraction_bp(production_rate(&sum, status)), 5032);
    assert_int_equal(fraction_bp(production_rate_resumed(&sum, status)), 6146);
    assert_int_equal(fraction_bp(produced_rate(&sum, status)), 4000);
    assert_true(resumption_index_e2(&sum, &sgcc, status, &index_e2));
    assert_int_equal(index_e2, 5516);
    assert_int_equal(fraction_bp(resumption_low(&sum)), 5000);
    assert_int_equal(fraction_bp(resumption_high(&sum)), 6667);
    assert_int_equal(fraction_bp(resumption_coverage_firms(&sum)), 8333);
    assert_int_equal(fraction_bp(resumption_coverage_kwh(&sum)), 9394);
    assert_false(resumption_suppressed(&sum));
}

static void example_is_none_of_the_wrong_answers(void **state)
{
    (void)state;
    struct resumption_sum sum = example(&sgcc);
    enum rate_status status = resumption_status(&sum, &sgcc);
    int64_t resumption_bp = fraction_bp(resumption_rate(&sum, status));
    int64_t production_bp = fraction_bp(production_rate(&sum, status));

    assert_int_not_equal(resumption_bp, 5000); /* F counted as zero */
    assert_int_not_equal(production_bp, 4727); /* F counted as zero */
    assert_int_not_equal(production_bp, 5000); /* firm ratios capped at 1 */
    assert_int_not_equal(resumption_bp, 4000); /* > instead of >= */
    /* Averaged ratios: (0.9 + 0.2999 + 0.3 + 0 + 1.2) / 5 = 53.998 % */
    assert_int_not_equal(production_bp, 5400);
}

static void strict_operator_gives_two_of_five(void **state)
{
    (void)state;
    struct resumption_method gt = sgcc;
    gt.threshold_inclusive = false;

    struct resumption_sum sum = example(&gt);

    assert_int_equal(fraction_bp(resumption_rate(&sum, RATE_PROVISIONAL)), 4000);
}

static void jiangsu_of_2020_02_27_is_47_69_percent(void **state)
{
    (void)state;
    struct resumption_sum sum = {.n_scope = 887000,
                                 .n_valid = 887000,
                                 .n_resumed = 423000,
                                 .n_not_resumed = 464000,
                                 .energy_wh = 1,
                                 .baseline_wh = 1};

    assert_int_equal(fraction_bp(resumption_rate(&sum, RATE_FINAL)), 4769);
}

/* C31 of 2026-11-20: 8640, 0, 21300 of 9000, 1200, 20000 kWh and one firm without baseline.
 */
static void ratios_above_one_are_not_capped(void **state)
{
    (void)state;
    struct resumption_sum sum = {0};
    struct resumption_day none = valid_day(50, 0);
    int64_t index_e2 = 0;
    none.has_baseline = false;
    add(&sum, valid_day(8640, 9000), &sgcc);
    add(&sum, valid_day(0, 1200), &sgcc);
    add(&sum, valid_day(21300, 20000), &sgcc);
    add(&sum, none, &sgcc);

    enum rate_status status = resumption_status(&sum, &sgcc);

    assert_int_equal(status, RATE_FINAL); /* without baseline does not count against it */
    assert_int_equal(sum.n_scope, 4);
    assert_int_equal(sum.n_no_baseline, 1);
    assert_int_equal(sum.energy_wh, 29940000);
    assert_int_equal(fraction_bp(production_rate(&sum, status)), 9914);
    assert_int_equal(fraction_bp(production_rate_resumed(&sum, status)), 10324);
    assert_true(resumption_index_e2(&sum, &sgcc, status, &index_e2));
    assert_int_equal(index_e2, 8290);
    assert_false(resumption_suppressed(&sum)); /* 21300 / 29940 = 71 % */
}

static void index_is_rounded_once(void **state)
{
    (void)state;
    /* a = 66.666…, b = 33.335: exact 50.0008 -> 50.00. From the rounded 66.67 and 33.34 it
     * would be 50.005 -> 50.01. */
    struct resumption_sum sum = {.n_valid = 3,
                                 .n_resumed = 2,
                                 .n_not_resumed = 1,
                                 .energy_wh = 33335,
                                 .baseline_wh = 100000};
    int64_t index_e2 = 0;

    assert_true(resumption_index_e2(&sum, &sgcc, RATE_FINAL, &index_e2));

    assert_int_equal(index_e2, 5000);
}

static void index_of_a_country_does_not_overflow(void **state)
{
    (void)state;
    struct resumption_sum sum = {.n_valid = 50000000,
                                 .n_resumed = 25000000,
                                 .energy_wh = INT64_C(4000000000000000),
                                 .baseline_wh = INT64_C(8000000000000000)};
    int64_t index_e2 = 0;

    assert_true(resumption_index_e2(&sum, &sgcc, RATE_FINAL, &index_e2));

    assert_int_equal(index_e2, 5000);
}

static void status_turns_exactly_at_the_coverage_limits(void **state)
{
    (void)state;
    struct resumption_sum sum = {.n_valid = 9, .n_missing = 1};

    assert_int_equal(resumption_status(&sum, &sgcc), RATE_FINAL);
    sum = (struct resumption_sum){.n_valid = 899, .n_missing = 101};
    assert_int_equal(resumption_status(&sum, &sgcc), RATE_PROVISIONAL);
    sum = (struct resumption_sum){.n_valid = 7, .n_missing = 3};
    assert_int_equal(resumption_status(&sum, &sgcc), RATE_PROVISIONAL);
    sum = (struct resumption_sum){.n_valid = 699, .n_missing = 301};
    assert_int_equal(resumption_status(&sum, &sgcc), RATE_INSUFFICIENT);
    sum = (struct resumption_sum){.n_no_baseline = 5};
    assert_int_equal(resumption_status(&sum, &sgcc), RATE_INSUFFICIENT);
}

/* Town of 2026-11-20: one valid firm, three missing. */
static void insufficient_gives_bounds_but_no_rates(void **state)
{
    (void)state;
    struct resumption_sum sum = {0};
    int64_t index_e2 = -7;
    add(&sum, valid_day(500, 1000), &sgcc);
    add(&sum, missing_day(3000), &sgcc);
    add(&sum, missing_day(3000), &sgcc);
    add(&sum, missing_day(1000), &sgcc);

    enum rate_status status = resumption_status(&sum, &sgcc);

    assert_int_equal(status, RATE_INSUFFICIENT);
    assert_int_equal(resumption_rate(&sum, status).den, 0);
    assert_int_equal(production_rate(&sum, status).den, 0);
    assert_int_equal(production_rate_resumed(&sum, status).den, 0);
    assert_int_equal(produced_rate(&sum, status).den, 0);
    assert_false(resumption_index_e2(&sum, &sgcc, status, &index_e2));
    assert_int_equal(index_e2, -7);
    assert_int_equal(fraction_bp(resumption_low(&sum)), 2500);
    assert_int_equal(fraction_bp(resumption_high(&sum)), 10000);
    assert_int_equal(fraction_bp(resumption_coverage_kwh(&sum)), 1250);
    assert_true(resumption_suppressed(&sum));
}

static void suppressed_below_three_or_when_one_firm_dominates(void **state)
{
    (void)state;
    struct resumption_sum two = {.n_valid = 2, .energy_wh = 100, .max_energy_wh = 50};
    struct resumption_sum at = {.n_valid = 3, .energy_wh = 100, .max_energy_wh = 80};
    struct resumption_sum over = {.n_valid = 3, .energy_wh = 100, .max_energy_wh = 81};
    struct resumption_sum idle = {.n_valid = 3};

    assert_true(resumption_suppressed(&two));
    assert_false(resumption_suppressed(&at));
    assert_true(resumption_suppressed(&over));
    assert_false(resumption_suppressed(&idle));
}

static void out_of_scope_enters_nothing(void **state)
{
    (void)state;
    struct resumption_sum sum = {0};
    struct resumption_day day = valid_day(9000, 10000);
    day.in_scope = false;

    add(&sum, day, &sgcc);

    assert_int_equal(sum.n_scope, 0);
    assert_int_equal(sum.energy_wh, 0);
}

static void produced_at_exactly_eighty_percent(void **state)
{
    (void)state;
    struct resumption_day at = valid_day(8000, 10000);
    struct resumption_day below = valid_day(7999, 10000);

    assert_true(resumption_produced(&at, &sgcc));
    assert_false(resumption_produced(&below, &sgcc));
}

static void stage_closes_three_days_later(void **state)
{
    (void)state;

    assert_true(resumption_is_preliminary(100, 102));
    assert_false(resumption_is_preliminary(100, 103));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_at_the_threshold_depends_on_the_operator),
        cmocka_unit_test(state_is_the_first_that_applies),
        cmocka_unit_test(example_counts_a_missing_firm_as_missing_and_a_zero_as_valid),
        cmocka_unit_test(example_gives_the_published_figures),
        cmocka_unit_test(example_is_none_of_the_wrong_answers),
        cmocka_unit_test(strict_operator_gives_two_of_five),
        cmocka_unit_test(jiangsu_of_2020_02_27_is_47_69_percent),
        cmocka_unit_test(ratios_above_one_are_not_capped),
        cmocka_unit_test(index_is_rounded_once),
        cmocka_unit_test(index_of_a_country_does_not_overflow),
        cmocka_unit_test(status_turns_exactly_at_the_coverage_limits),
        cmocka_unit_test(insufficient_gives_bounds_but_no_rates),
        cmocka_unit_test(suppressed_below_three_or_when_one_firm_dominates),
        cmocka_unit_test(out_of_scope_enters_nothing),
        cmocka_unit_test(produced_at_exactly_eighty_percent),
        cmocka_unit_test(stage_closes_three_days_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
