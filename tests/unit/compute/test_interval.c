/* Quarter-hours out of registers: every rule by hand. 1 unit = 10 Wh unless said. */
#include "tests/unit/compute/interval_fixture.h"

static struct plant plant;

static int setup(void **state)
{
    (void)state;
    plant_init(&plant);
    return 0;
}

static void interval_takes_the_readings_of_its_boundaries(void **state)
{
    (void)state;
    plant_read(&plant, 0, 1000);
    plant_read(&plant, 1, 1004);
    plant_read(&plant, 15, 1100);
    plant_read(&plant, 30, 1100);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    assert_int_equal(plant.result.n, 2);
    plant_expect(&plant, 0, 1000, QUALITY_MEASURED);
    plant_expect(&plant, 1, 0, QUALITY_MEASURED); /* a valid zero */
    const struct interval *first = &plant.interval[0];

    assert_int_equal(first->meter_no, 7);
    assert_int_equal(first->enterprise_no, 3);
    assert_int_equal(first->start_ts_ms, T0);
    assert_true(first->has_start && first->has_end);
    assert_int_equal(first->start_register, 1000);
    assert_int_equal(first->start_register_ts_ms, T0 + 100);
    assert_int_equal(first->end_register, 1100);
    assert_int_equal(first->end_register_ts_ms, T0 + 15 * MIN + 100);
    assert_int_equal(first->held, 0);
    assert_int_equal(first->revision, 0);
}

static void interval_interpolates_a_boundary_within_15_minutes_of_both_sides(void **state)
{
    (void)state;
    plant_read(&plant, 0, 1000);
    plant_read(&plant, 30, 1090); /* 15 minutes to either side: still inside */
    plant_read(&plant, 45, 1100);
    assert_int_equal(plant_make(&plant, 0, 45), 0);

    plant_expect(&plant, 0, 450, QUALITY_INTERPOLATED);
    plant_expect(&plant, 1, 450, QUALITY_INTERPOLATED);
    plant_expect(&plant, 2, 100, QUALITY_MEASURED);
    assert_true(plant.interval[0].has_end);
    assert_int_equal(plant.interval[0].end_register, 1045);
    assert_int_equal(plant.interval[0].end_register_ts_ms, T0 + 15 * MIN);
}

static void interval_interpolates_by_time_between_uneven_neighbours(void **state)
{
    (void)state;
    plant_read(&plant, 0, 0);
    plant_read(&plant, 12, 100);
    plant_read(&plant, 18, 160); /* 3 of 6 minutes: 130 */
    plant_read(&plant, 30, 200);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 1300, QUALITY_INTERPOLATED);
    plant_expect(&plant, 1, 700, QUALITY_INTERPOLATED);
}

static void interval_estimates_just_past_15_minutes(void **state)
{
    (void)state;
    plant_read(&plant, 0, 1000);
    plant_read(&plant, 31, 1031);
    plant_read(&plant, 45, 1045);
    assert_int_equal(plant_make(&plant, 0, 45), 0);

    plant_expect(&plant, 0, 150, QUALITY_ESTIMATED); /* 16 minutes after 00:15 */
    plant_expect(&plant, 1, 150, QUALITY_ESTIMATED); /* its start is */
    plant_expect(&plant, 2, 150, QUALITY_ESTIMATED); /* 30 minutes after the reading */
    assert_false(plant.interval[0].has_end);
    assert_false(plant.interval[2].has_start);
    assert_true(plant.interval[2].has_end);
}

static void interval_spreads_the_energy_of_a_gap_evenly_and_whole(void **state)
{
    int64_t sum = 0;

    (void)state;
    plant_read(&plant, 0, 500);
    plant_read(&plant, 120, 605); /* 105 units over 8 quarter-hours: 13.125 each */
    plant_read(&plant, 135, 606);
    assert_int_equal(plant_make(&plant, 0, 135), 0);

    /* cumulative 13 26 39 53 66 79 92 105 (half up at 52.5 and 13.125, 26.25 …) */
    static const int64_t expected[8] = {130, 130, 130, 140, 130, 130, 130, 130};

    for (int i = 0; i < 8; i++) {
        plant_expect(&plant, i, expected[i], QUALITY_ESTIMATED);
        sum += plant.interval[i].energy[0];
    }
    assert_int_equal(sum, 1050);
    plant_expect(&plant, 8, 10, QUALITY_MEASURED);
}

static void interval_is_missing_where_nothing_closes_it(void **state)
{
    (void)state;
    plant_read(&plant, 0, 500);
    plant_read(&plant, 15, 510);
    plant_read(&plant, 20, 512);
    assert_int_equal(plant_make(&plant, 0, 45), 0);

    plant_expect(&plant, 0, 100, QUALITY_MEASURED);
    plant_expect(&plant, 1, NONE, QUALITY_MISSING);
    plant_expect(&plant, 2, NONE, QUALITY_MISSING);
    assert_true(plant.interval[1].has_start);
    assert_false(plant.interval[1].has_end);
}

static void interval_of_the_first_reading_has_what_is_proven_from_there(void **state)
{
    (void)state;
    plant_read(&plant, 7, 100);
    plant_read(&plant, 15, 108);
    plant_read(&plant, 30, 130);
    assert_int_equal(plant_make(&plant, -15, 30), 0);

    plant_expect(&plant, 0, NONE, QUALITY_MISSING);
    plant_expect(&plant, 1, 80, QUALITY_ESTIMATED);
    plant_expect(&plant, 2, 220, QUALITY_MEASURED);
    assert_false(plant.interval[1].has_start);
}

static void interval_adds_the_range_at_a_rollover(void **state)
{
    (void)state;
    plant_read(&plant, 0, 99999950);
    plant_read(&plant, 15, 30); /* 80 units */
    plant_read(&plant, 30, 40);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 800, QUALITY_MEASURED);
    plant_expect(&plant, 1, 100, QUALITY_MEASURED);
    assert_int_equal(plant.result.n_events, 1);
    assert_int_equal(plant.result.event[0].step, COUNTER_ROLLOVER);
    assert_int_equal(plant.result.event[0].ts_ms, T0 + 15 * MIN);
    assert_int_equal(plant.result.event[0].old_units, 99999950);
    assert_int_equal(plant.result.event[0].new_units, 30);
}

static void interval_finds_boundaries_inside_a_gap_with_a_rollover(void **state)
{
    (void)state;
    plant_read(&plant, 0, 99999980);
    plant_read(&plant, 60, 60); /* 80 units in 4 quarter-hours: …80, 0, 20, 40, 60 */
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    for (int i = 0; i < 4; i++) {
        plant_expect(&plant, i, 200, QUALITY_ESTIMATED);
    }
}

static void interval_counts_no_energy_across_a_reset(void **state)
{
    (void)state;
    plant_read(&plant, 0, 5000);
    plant_read(&plant, 5, 5010); /* the last value before */
    plant_read(&plant, 6, 3);    /* the first one after */
    plant_read(&plant, 15, 9);
    plant_read(&plant, 30, 20);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 160, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, 110, QUALITY_MEASURED);
    assert_true(plant.interval[0].has_start && plant.interval[0].has_end);
    assert_int_equal(plant.result.n_events, 1);
    assert_int_equal(plant.result.event[0].step, COUNTER_RESET);
    assert_int_equal(plant.result.event[0].ts_ms, T0 + 6 * MIN);
}

static void interval_of_a_reset_between_its_boundaries_proves_nothing_more(void **state)
{
    (void)state;
    plant_read(&plant, 0, 5000);
    plant_read(&plant, 15, 3);
    plant_read(&plant, 30, 20);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 0, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, 170, QUALITY_MEASURED);
}

static void interval_between_both_sides_of_a_reset_is_missing(void **state)
{
    (void)state;
    plant_read(&plant, 0, 5000);
    plant_read(&plant, 10, 5010);
    plant_read(&plant, 50, 3);
    plant_read(&plant, 60, 13);
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    plant_expect(&plant, 0, 100, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, NONE, QUALITY_MISSING);
    plant_expect(&plant, 2, NONE, QUALITY_MISSING);
    plant_expect(&plant, 3, 100, QUALITY_ESTIMATED);
}

static void interval_holds_a_register_that_steps_one_digit_back(void **state)
{
    (void)state;
    plant_read(&plant, 0, 100);
    plant_read(&plant, 15, 99);
    plant_read(&plant, 30, 100);
    plant_read(&plant, 45, 99);
    plant_read(&plant, 60, 103);
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    plant_expect(&plant, 0, 0, QUALITY_MEASURED);
    plant_expect(&plant, 1, 0, QUALITY_MEASURED);
    plant_expect(&plant, 2, 0, QUALITY_MEASURED);
    plant_expect(&plant, 3, 30, QUALITY_MEASURED);
    assert_int_equal(plant.result.n_events, 0);
    assert_int_equal(plant.interval[0].held, 1);
    assert_int_equal(plant.interval[1].held, 0);

    /* Going on from 00:45 with what the row before says. */
    plant.reading[0] = plant.reading[3];
    plant.reading[1] = plant.reading[4];
    plant.n = 2;
    plant.held = plant.interval[2].held;
    assert_int_equal(plant_make(&plant, 45, 60), 0);
    plant_expect(&plant, 0, 30, QUALITY_MEASURED);
}

static void interval_rounds_cumulatively_with_an_odd_ratio(void **state)
{
    (void)state;
    plant.version[0].register_wh = (struct ratio){1, 3};
    plant_read(&plant, 0, 100);  /* 33.3 -> 33 */
    plant_read(&plant, 15, 101); /* 33.7 -> 34 */
    plant_read(&plant, 30, 102); /* 34 */
    plant_read(&plant, 45, 103); /* 34.3 -> 34 */
    plant_read(&plant, 60, 104); /* 34.7 -> 35 */
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    plant_expect(&plant, 0, 1, QUALITY_MEASURED);
    plant_expect(&plant, 1, 0, QUALITY_MEASURED);
    plant_expect(&plant, 2, 0, QUALITY_MEASURED);
    plant_expect(&plant, 3, 1, QUALITY_MEASURED);
}

static void interval_raises_import_by_the_loss_and_nothing_else(void **state)
{
    (void)state;
    plant.version[0].loss_bp = 250; /* 2.50 % */
    plant_read(&plant, 0, 0);
    plant_read(&plant, 15, 1000);
    for (size_t i = 0; i < 2; i++) {
        plant.reading[i].present = 0xf;
        plant.reading[i].reg[1] = plant.reading[i].reg[0];
        plant.reading[i].reg[2] = 2 * plant.reading[i].reg[0];
        plant.reading[i].reg[3] = 3 * plant.reading[i].reg[0];
    }
    assert_int_equal(plant_make(&plant, 0, 15), 0);

    plant_expect(&plant, 0, 10250, QUALITY_MEASURED);
    assert_int_equal(plant.interval[0].present, 0xf);
    assert_int_equal(plant.interval[0].energy[1], 10000);
    assert_int_equal(plant.interval[0].energy[2], 20000);
    assert_int_equal(plant.interval[0].energy[3], 30000);
}

static void interval_takes_each_register_by_itself(void **state)
{
    (void)state;
    plant_read(&plant, 0, 0);
    plant_read(&plant, 15, 10);
    plant_read(&plant, 30, 20);
    plant.reading[0].present = 3;
    plant.reading[0].reg[1] = 500;
    plant.reading[2].present = 3; /* export did not come at 00:15 */
    plant.reading[2].reg[1] = 540;
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 100, QUALITY_MEASURED);
    plant_expect(&plant, 1, 100, QUALITY_MEASURED);
    assert_int_equal(plant.interval[0].energy[1], 200);
    assert_int_equal(plant.interval[1].energy[1], 200);
    assert_int_equal(plant.interval[0].present, 3);
}

static void interval_keeps_the_greatest_power_of_its_slots(void **state)
{
    (void)state;
    plant_read(&plant, 0, 0);
    plant_read(&plant, 5, 1);
    plant_read(&plant, 15, 2);
    plant_read(&plant, 30, 3);
    for (size_t i = 0; i < 3; i++) {
        plant.reading[i].has_power = true;
    }
    plant.reading[0].power_w = -500;
    plant.reading[1].power_w = 800;
    plant.reading[2].power_w = 9000; /* at 00:15: of the next one */
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    assert_true(plant.interval[0].has_max_power);
    assert_int_equal(plant.interval[0].max_power_w, 800);
    assert_int_equal(plant.interval[1].max_power_w, 9000);
}

static void interval_changes_the_ratio_at_a_boundary(void **state)
{
    (void)state;
    plant_read(&plant, 0, 100);
    plant_read(&plant, 15, 200);
    plant_read(&plant, 30, 300);
    plant_version(&plant, 15)->register_wh = (struct ratio){20, 1};
    plant.version[1].enterprise_no = 4;
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 1000, QUALITY_MEASURED);
    plant_expect(&plant, 1, 2000, QUALITY_MEASURED);
    assert_int_equal(plant.interval[0].enterprise_no, 3);
    assert_int_equal(plant.interval[1].enterprise_no, 4);
}

static void interval_splits_at_a_ratio_change_inside_it(void **state)
{
    (void)state;
    plant_read(&plant, 0, 100);
    plant_read(&plant, 4, 140);
    plant_read(&plant, 8, 180); /* at 00:06 it shows 160 */
    plant_read(&plant, 15, 250);
    plant_version(&plant, 6)->register_wh = (struct ratio){20, 1};
    assert_int_equal(plant_make(&plant, 0, 15), 0);

    plant_expect(&plant, 0, 60 * 10 + 90 * 20, QUALITY_INTERPOLATED);
}

static void interval_splits_a_gap_over_two_ratio_changes(void **state)
{
    (void)state;
    plant_read(&plant, 0, 0);
    plant_version(&plant, 20)->register_wh = (struct ratio){20, 1};
    plant_version(&plant, 40)->register_wh = (struct ratio){30, 1};
    plant_read(&plant, 60, 60);
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    plant_expect(&plant, 0, 150, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, 5 * 10 + 10 * 20, QUALITY_ESTIMATED);
    plant_expect(&plant, 2, 10 * 20 + 5 * 30, QUALITY_ESTIMATED);
    plant_expect(&plant, 3, INT64_C(450), QUALITY_ESTIMATED);
}

static void interval_of_an_exchange_has_what_both_meters_prove(void **state)
{
    (void)state;
    plant_read(&plant, 0, 5000);
    plant_read(&plant, 5, 5010);
    plant_version(&plant, 7)->exchanged = true;
    plant_read(&plant, 9, 70);
    plant_read(&plant, 15, 75);
    plant_read(&plant, 30, 80);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 150, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, 50, QUALITY_MEASURED);
    assert_int_equal(plant.result.n_events, 0); /* it is in the register, not a fault */
}

static void interval_of_an_exchange_uses_its_final_and_initial_registers(void **state)
{
    (void)state;
    plant_read(&plant, 0, 5000);
    plant_read(&plant, 5, 5010);
    struct register_version *version = plant_version(&plant, 7);

    version->exchanged = true;
    version->previous_final = 5012;
    version->initial = 60;
    version->register_wh = (struct ratio){100, 1};
    plant_read(&plant, 9, 70);
    plant_read(&plant, 15, 75);
    assert_int_equal(plant_make(&plant, 0, 15), 0);

    plant_expect(&plant, 0, 12 * 10 + 15 * 100, QUALITY_ESTIMATED);
}

static void interval_gap_around_an_exchange_is_known_when_both_ends_are(void **state)
{
    (void)state;
    plant_read(&plant, 0, 1000);
    struct register_version *version = plant_version(&plant, 30);

    version->exchanged = true;
    version->previous_final = 1020;
    version->initial = 0;
    plant_read(&plant, 60, 40);
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    plant_expect(&plant, 0, 100, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, 100, QUALITY_ESTIMATED);
    plant_expect(&plant, 2, 200, QUALITY_ESTIMATED);
    plant_expect(&plant, 3, 200, QUALITY_ESTIMATED);
}

static void
interval_exchange_at_a_boundary_leaves_the_next_quarter_hour_measured(void **state)
{
    (void)state;
    plant_read(&plant, 0, 1000);
    plant_read(&plant, 14, 1010);
    plant_version(&plant, 15)->exchanged = true;
    plant_read(&plant, 15, 3);
    plant_read(&plant, 30, 9);
    assert_int_equal(plant_make(&plant, 0, 30), 0);

    plant_expect(&plant, 0, 100, QUALITY_ESTIMATED);
    plant_expect(&plant, 1, 60, QUALITY_MEASURED);
    assert_false(plant.interval[0].has_end); /* the old meter was not read there */
    assert_int_equal(plant.interval[1].start_register, 3);
}

static void interval_ends_with_the_meter(void **state)
{
    (void)state;
    plant_read(&plant, 0, 100);
    plant_read(&plant, 15, 110);
    plant_read(&plant, 20, 114);
    plant.version[0].until_ms = T0 + 25 * MIN;
    assert_int_equal(plant_make(&plant, 0, 60), 0);

    assert_int_equal(plant.result.n, 2); /* nothing once it is gone */
    plant_expect(&plant, 1, 40, QUALITY_ESTIMATED);
}

static void interval_leaves_out_times_without_a_version(void **state)
{
    (void)state;
    plant.version[0].since_ms = T0 + 30 * MIN;
    plant_read(&plant, 15, 100);
    plant_read(&plant, 30, 110);
    plant_read(&plant, 45, 120);
    assert_int_equal(plant_make(&plant, 0, 45), 0);

    assert_int_equal(plant.result.n, 1);
    plant_expect(&plant, 0, 100, QUALITY_MEASURED);
    assert_int_equal(plant.interval[0].start_ts_ms, T0 + 30 * MIN);
}

static void interval_survives_absurd_registers(void **state)
{
    (void)state;
    plant.version[0].register_wh = (struct ratio){INT64_MAX, 1};
    plant_read(&plant, 0, 0);
    plant_read(&plant, 15, INT64_MAX);
    plant_read(&plant, 30, INT64_MIN);
    plant_read(&plant, 45, INT64_MIN + 1);
    assert_int_equal(plant_make(&plant, 0, 45), 0);

    plant_expect(&plant, 0, NONE, QUALITY_MISSING); /* does not fit */
    plant_expect(&plant, 1, 0, QUALITY_ESTIMATED);
    plant_expect(&plant, 2, INT64_MAX, QUALITY_MEASURED);
}

static void interval_refuses_too_small_a_result(void **state)
{
    (void)state;
    plant_read(&plant, 0, 0);
    plant.result.cap = 1;
    assert_int_equal(plant_make(&plant, 0, 30), -1006); /* ERR_FULL */
}

static void interval_boundaries_round_both_ways(void **state)
{
    (void)state;
    assert_int_equal(interval_floor(T0), T0);
    assert_int_equal(interval_ceil(T0), T0);
    assert_int_equal(interval_floor(T0 + 1), T0);
    assert_int_equal(interval_ceil(T0 + 1), T0 + 15 * MIN);
    assert_int_equal(interval_floor(-1), -15 * MIN);
    assert_int_equal(interval_ceil(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(interval_takes_the_readings_of_its_boundaries, setup),
        cmocka_unit_test_setup(
            interval_interpolates_a_boundary_within_15_minutes_of_both_sides, setup),
        cmocka_unit_test_setup(interval_interpolates_by_time_between_uneven_neighbours,
                               setup),
        cmocka_unit_test_setup(interval_estimates_just_past_15_minutes, setup),
        cmocka_unit_test_setup(interval_spreads_the_energy_of_a_gap_evenly_and_whole,
                               setup),
        cmocka_unit_test_setup(interval_is_missing_where_nothing_closes_it, setup),
        cmocka_unit_test_setup(interval_of_the_first_reading_has_what_is_proven_from_there,
                               setup),
        cmocka_unit_test_setup(interval_adds_the_range_at_a_rollover, setup),
        cmocka_unit_test_setup(interval_finds_boundaries_inside_a_gap_with_a_rollover,
                               setup),
        cmocka_unit_test_setup(interval_counts_no_energy_across_a_reset, setup),
        cmocka_unit_test_setup(
            interval_of_a_reset_between_its_boundaries_proves_nothing_more, setup),
        cmocka_unit_test_setup(interval_between_both_sides_of_a_reset_is_missing, setup),
        cmocka_unit_test_setup(interval_holds_a_register_that_steps_one_digit_back, setup),
        cmocka_unit_test_setup(interval_rounds_cumulatively_with_an_odd_ratio, setup),
        cmocka_unit_test_setup(interval_raises_import_by_the_loss_and_nothing_else, setup),
        cmocka_unit_test_setup(interval_takes_each_register_by_itself, setup),
        cmocka_unit_test_setup(interval_keeps_the_greatest_power_of_its_slots, setup),
        cmocka_unit_test_setup(interval_changes_the_ratio_at_a_boundary, setup),
        cmocka_unit_test_setup(interval_splits_at_a_ratio_change_inside_it, setup),
        cmocka_unit_test_setup(interval_splits_a_gap_over_two_ratio_changes, setup),
        cmocka_unit_test_setup(interval_of_an_exchange_has_what_both_meters_prove, setup),
        cmocka_unit_test_setup(interval_of_an_exchange_uses_its_final_and_initial_registers,
                               setup),
        cmocka_unit_test_setup(interval_gap_around_an_exchange_is_known_when_both_ends_are,
                               setup),
        cmocka_unit_test_setup(
            interval_exchange_at_a_boundary_leaves_the_next_quarter_hour_measured, setup),
        cmocka_unit_test_setup(interval_ends_with_the_meter, setup),
        cmocka_unit_test_setup(interval_leaves_out_times_without_a_version, setup),
        cmocka_unit_test_setup(interval_survives_absurd_registers, setup),
        cmocka_unit_test_setup(interval_refuses_too_small_a_result, setup),
        cmocka_unit_test_setup(interval_boundaries_round_both_ways, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
