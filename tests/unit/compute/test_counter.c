/* Two registers and what they prove. Expected values by hand. */
#include "daemon/compute/counter.h"
#include "tests/support/test.h"

#define HOUR_MS INT64_C(3600000)

/* 0.01 kWh a unit, rolls over at 1,000,000.00 kWh. */
static struct counter_rule meter_rule(int64_t rated_w)
{
    return (struct counter_rule){100000000, {10, 1}, rated_w};
}

struct step_row {
    int64_t old_units;
    int64_t new_units;
    int64_t rated_w;
    int64_t dt_ms;
    enum counter_step step;
    int64_t units;
};

static void check(const struct step_row *rows, size_t n, int64_t range)
{
    for (size_t i = 0; i < n; i++) {
        struct counter_rule rule = meter_rule(rows[i].rated_w);
        int64_t units = -7;

        rule.range = range;
        enum counter_step step = counter_difference(
            &rule, rows[i].old_units, rows[i].new_units, rows[i].dt_ms, &units);

        if (step != rows[i].step || units != rows[i].units) {
            print_error("row %zu: step %d units %lld\n", i, (int)step, (long long)units);
            fail();
        }
    }
}

#define CHECK(rows, range) check(rows, sizeof(rows) / sizeof((rows)[0]), range)

static void counter_counts_forward_and_same(void **state)
{
    static const struct step_row rows[] = {
        {5, 5, 0, HOUR_MS, COUNTER_SAME, 0},
        {0, 0, 0, HOUR_MS, COUNTER_SAME, 0},
        {5, 6, 0, HOUR_MS, COUNTER_FORWARD, 1},
        {0, 99999999, 0, HOUR_MS, COUNTER_FORWARD, 99999999},
        {-5, 7, 0, HOUR_MS, COUNTER_FORWARD, 12},
        {INT64_MIN, INT64_MAX, 0, HOUR_MS, COUNTER_RESET, 0},
        {-1, INT64_MAX, 0, HOUR_MS, COUNTER_RESET, 0},
        {0, INT64_MAX, 0, HOUR_MS, COUNTER_FORWARD, INT64_MAX},
    };

    (void)state;
    CHECK(rows, 100000000);
    CHECK(rows, 0);
}

static void counter_takes_a_decrease_near_both_ends_for_a_rollover(void **state)
{
    static const struct step_row rows[] = {
        {99999999, 0, 0, HOUR_MS, COUNTER_ROLLOVER, 1},
        {99999990, 25, 0, HOUR_MS, COUNTER_ROLLOVER, 35},
        {90000000, 9999999, 0, HOUR_MS, COUNTER_ROLLOVER, 19999999},
        {89999999, 9999999, 0, HOUR_MS, COUNTER_RESET,
         0}, /* old just outside the last tenth */
        {90000000, 10000000, 0, HOUR_MS, COUNTER_RESET, 0}, /* new just outside the first */
        {100000000, 3, 0, HOUR_MS, COUNTER_RESET, 0},       /* never shows its range */
        {99999999, -3, 0, HOUR_MS, COUNTER_RESET, 0},
        {50000000, 0, 0, HOUR_MS, COUNTER_RESET, 0},
    };

    (void)state;
    CHECK(rows, 100000000);
}

static void counter_asks_the_rated_power_whether_a_rollover_is_plausible(void **state)
{
    /* 100 kW for an hour, and a fifth more: 120 kWh = 12,000 units. */
    static const struct step_row rows[] = {
        {99990000, 2000, 100000, HOUR_MS, COUNTER_ROLLOVER, 12000},
        {99990000, 2001, 100000, HOUR_MS, COUNTER_RESET, 0},
        {99990000, 2001, 100000, HOUR_MS + 300, COUNTER_ROLLOVER, 12001},
        {99999999, 0, 100000, HOUR_MS, COUNTER_ROLLOVER, 1},
        /* a gap long enough makes any position plausible */
        {50000000, 10, 100000, 5000 * HOUR_MS, COUNTER_ROLLOVER, 50000010},
        /* no time: back to the tenths */
        {99990000, 2001, 100000, 0, COUNTER_ROLLOVER, 12001},
        {50000000, 10, 100000, -1, COUNTER_RESET, 0},
    };

    (void)state;
    CHECK(rows, 100000000);
}

static void counter_never_calls_a_decrease_a_rollover_without_a_range(void **state)
{
    static const struct step_row rows[] = {
        {99999999, 0, 0, HOUR_MS, COUNTER_RESET, 0},
        {99999999, 0, 100000, 5000 * HOUR_MS, COUNTER_RESET, 0},
        {2, 0, 0, HOUR_MS, COUNTER_RESET, 0},
    };

    (void)state;
    CHECK(rows, 0);
    CHECK(rows, -1);
}

static void counter_tolerates_one_digit_back(void **state)
{
    static const struct step_row rows[] = {
        {100, 99, 0, HOUR_MS, COUNTER_BACK, 0},
        {1, 0, 0, HOUR_MS, COUNTER_BACK, 0},
        {100, 99, 100000000, 5000 * HOUR_MS, COUNTER_BACK,
         0}, /* not a rollover of the range */
        {100, 98, 0, HOUR_MS, COUNTER_RESET, 0},
    };

    (void)state;
    CHECK(rows, 100000000);
    CHECK(rows, 0);
}

static void counter_most_units_follow_rated_power_and_ratio(void **state)
{
    struct counter_rule rule = {0, {10, 1}, 1000};

    (void)state;
    assert_int_equal(counter_most_units(&rule, HOUR_MS), 120); /* 1.2 kWh in 0.01 kWh */
    assert_int_equal(counter_most_units(&rule, HOUR_MS / 4), 30);
    rule.register_wh = (struct ratio){1, 3};
    assert_int_equal(counter_most_units(&rule, HOUR_MS), 3600);
    rule.rated_w = 0;
    assert_int_equal(counter_most_units(&rule, HOUR_MS), -1);
    rule = (struct counter_rule){0, {1, INT64_MAX}, INT64_MAX};
    assert_int_equal(counter_most_units(&rule, INT64_MAX), -1);
    rule = (struct counter_rule){0, {1, 1000000000000}, INT64_MAX};
    assert_int_equal(counter_most_units(&rule, INT64_MAX), INT64_MAX);
    rule = (struct counter_rule){0, {INT64_MAX, 1}, INT64_MAX};
    assert_true(counter_most_units(&rule, INT64_MAX) >= 0);
}

static void counter_steps_have_names(void **state)
{
    (void)state;
    assert_string_equal(counter_step_name(COUNTER_ROLLOVER), "rollover");
    assert_string_equal(counter_step_name(COUNTER_RESET), "reset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counter_counts_forward_and_same),
        cmocka_unit_test(counter_takes_a_decrease_near_both_ends_for_a_rollover),
        cmocka_unit_test(counter_asks_the_rated_power_whether_a_rollover_is_plausible),
        cmocka_unit_test(counter_never_calls_a_decrease_a_rollover_without_a_range),
        cmocka_unit_test(counter_tolerates_one_digit_back),
        cmocka_unit_test(counter_most_units_follow_rated_power_and_ratio),
        cmocka_unit_test(counter_steps_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
