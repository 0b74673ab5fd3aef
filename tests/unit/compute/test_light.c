#include "daemon/compute/light.h"
#include "tests/support/test.h"

#define MARGIN_BP 500

static struct light_goal goal(int64_t num, int64_t den, int64_t target_e6)
{
    return (struct light_goal){{num, den}, target_e6};
}

static void light_is_green_when_both_rates_meet_their_targets(void **state)
{
    (void)state;
    const struct light_goal goals[] = {goal(95, 100, 950000), goal(85, 100, 850000)};

    assert_int_equal(light_of(goals, 2, MARGIN_BP), LIGHT_GREEN);
}

static void light_compares_the_unrounded_rate(void **state)
{
    (void)state;
    /* 94.9999 % prints as 95.00 % and does not meet 95 %; 85 % does: yellow, not green. */
    const struct light_goal goals[] = {goal(949999, 1000000, 950000),
                                       goal(85, 100, 850000)};

    assert_int_equal(light_of(goals, 2, MARGIN_BP), LIGHT_YELLOW);
}

static void light_is_yellow_when_one_is_met_however_far_the_other(void **state)
{
    (void)state;
    const struct light_goal goals[] = {goal(2, 3, 950000), goal(29940, 30200, 850000)};

    assert_int_equal(light_of(goals, 2, MARGIN_BP), LIGHT_YELLOW);
}

static void light_is_yellow_when_both_are_within_five_points(void **state)
{
    (void)state;
    const struct light_goal at[] = {goal(90, 100, 950000), goal(80, 100, 850000)};
    const struct light_goal beyond[] = {goal(90, 100, 950000),
                                        goal(799999, 1000000, 850000)};

    assert_int_equal(light_of(at, 2, MARGIN_BP), LIGHT_YELLOW);
    assert_int_equal(light_of(beyond, 2, MARGIN_BP), LIGHT_RED);
}

static void light_without_targets_is_none(void **state)
{
    (void)state;

    assert_int_equal(light_of(NULL, 0, MARGIN_BP), LIGHT_NONE);
    assert_null(light_name(LIGHT_NONE));
}

static void light_worst_ignores_none(void **state)
{
    (void)state;

    assert_int_equal(light_worst(LIGHT_NONE, LIGHT_GREEN), LIGHT_GREEN);
    assert_int_equal(light_worst(LIGHT_RED, LIGHT_YELLOW), LIGHT_RED);
}

static const struct target targets[] = {
    {"", "", "above", "resumption_rate", 950000, 100, DAY_MAX, ""},
    {"", "", "below", "resumption_rate", 850000, 100, DAY_MAX, ""},
    {"park", "", "", "resumption_rate", 900000, 100, DAY_MAX, ""},
    {"park", "p1", "", "resumption_rate", 1000000, 100, DAY_MAX, ""},
    {"industry", "C31", "", "resumption_rate", 700000, 100, 199, ""},
    {"industry", "C31", "", "resumption_rate", 750000, 200, DAY_MAX, ""},
};

static int64_t value_for(const char *kind, const char *id, const char *size_class,
                         day_t day)
{
    struct target_key key = {
        .kind = {kind}, .id = {id}, .n = 1, .size_class = size_class, .day = day};
    const struct target *found = target_find(targets, 6, &key, "resumption_rate");

    return found == NULL ? -1 : found->value_e6;
}

static void target_most_specific_wins(void **state)
{
    (void)state;

    assert_int_equal(value_for("all", "all", "above", 150), 950000);
    assert_int_equal(value_for("all", "all", "below", 150), 850000);
    assert_int_equal(value_for("park", "p1", "above", 150), 1000000);
    assert_int_equal(value_for("park", "p2", "above", 150), 900000);
    assert_int_equal(value_for("industry", "C31", "", 150), 700000);
}

static void target_outside_its_dates_or_class_is_not_in_force(void **state)
{
    (void)state;

    assert_int_equal(value_for("all", "all", "above", 99), -1);
    assert_int_equal(value_for("all", "all", "", 150), -1);
    assert_int_equal(value_for("all", "all", "unknown", 150), -1);
    assert_int_equal(value_for("industry", "C31", "", 200), 750000);
}

static void target_of_a_part_holds_for_a_crossed_group(void **state)
{
    (void)state;
    const struct target_key key = {
        .kind = {"industry~size_class", "industry", "size_class"},
        .id = {"C31~above", "C31", "above"},
        .n = 3,
        .size_class = "above",
        .day = 150};

    assert_int_equal(target_find(targets, 6, &key, "resumption_rate")->value_e6, 700000);
    assert_null(target_find(targets, 6, &key, "production_rate"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(light_is_green_when_both_rates_meet_their_targets),
        cmocka_unit_test(light_compares_the_unrounded_rate),
        cmocka_unit_test(light_is_yellow_when_one_is_met_however_far_the_other),
        cmocka_unit_test(light_is_yellow_when_both_are_within_five_points),
        cmocka_unit_test(light_without_targets_is_none),
        cmocka_unit_test(light_worst_ignores_none),
        cmocka_unit_test(target_most_specific_wins),
        cmocka_unit_test(target_outside_its_dates_or_class_is_not_in_force),
        cmocka_unit_test(target_of_a_part_holds_for_a_crossed_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
