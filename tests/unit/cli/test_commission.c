/* What one reading of a meter says about wiring and register. */
#include "daemon/cli/commission.h"
#include "tests/support/test.h"

static struct profile profile;
static struct meter meter;
static struct commission commission;

/* Behind 200/5 A and a count of 0.01 kWh: 1,234.56 kWh on the meter, 230 V, 10 A and 2 kW
 * of each phase on the secondary side. */
static int setup(void **state)
{
    (void)state;
    profile = (struct profile){.register_wh = {10, 1}};
    meter = (struct meter){
        .pt = {1, 1}, .ct = {40, 1}, .register_wh = {400, 1}, .role = METER_ROLE_SUPPLY};
    commission =
        (struct commission){.meter = &meter, .profile = &profile, .was_read = true};
    struct sample *sample = &commission.sample;

    for (int i = 0; i < 3; i++) {
        sample->value[QUANTITY_VOLTAGE_A_MV + i] = 230000;
        sample->value[QUANTITY_CURRENT_A_MA + i] = 400000;
        sample->value[QUANTITY_POWER_A_W + i] = 80000;
        sample->present |= 1u << (QUANTITY_VOLTAGE_A_MV + i) |
                           1u << (QUANTITY_CURRENT_A_MA + i) |
                           1u << (QUANTITY_POWER_A_W + i);
    }
    sample->value[QUANTITY_POWER_W] = 240000;
    sample->value[QUANTITY_ENERGY_IMPORT_WH] = 123456;
    sample->present |= 1u << QUANTITY_POWER_W | 1u << QUANTITY_ENERGY_IMPORT_WH;
    return 0;
}

static void a_good_reading_passes_with_register_ratio_and_primary_value(void **state)
{
    (void)state;

    commission_judge(&commission);

    assert_int_equal(commission.result, COMMISSION_OK);
    assert_int_equal(commission.hints, 0);
    assert_int_equal(commission.register_wh, 1234560);
    assert_int_equal(commission.ratio.num, 40);
    assert_int_equal(commission.primary_wh, 49382400);
}

static void a_face_within_an_hour_of_power_passes_and_beyond_fails(void **state)
{
    (void)state;
    commission.has_face = true;
    commission.face_wh = 1228560; /* 6 kWh less: an hour of 3 × 2 kW */
    commission_judge(&commission);
    assert_int_equal(commission.result, COMMISSION_OK);
    assert_int_equal(commission.difference_wh, 6000);

    commission.face_wh = 1228559;
    commission_judge(&commission);

    assert_int_equal(commission.result, COMMISSION_FAIL);
    assert_string_equal(commission.reason, "face_differs");
}

static void a_factor_of_ten_to_the_face_fails(void **state)
{
    (void)state;
    commission.has_face = true;
    commission.face_wh = 12345600;

    commission_judge(&commission);

    assert_int_equal(commission.result, COMMISSION_FAIL);
}

static void
a_phase_that_gives_power_while_others_take_it_is_a_turned_transformer(void **state)
{
    (void)state;
    commission.sample.value[QUANTITY_POWER_B_W] = -80000;
    commission.sample.value[QUANTITY_POWER_W] = 80000;

    commission_judge(&commission);

    assert_int_equal(commission.result, COMMISSION_CHECK);
    assert_true((commission.hints >> COMMISSION_REVERSED_CT & 1u) != 0);
    assert_int_equal(commission.phases, 2);
}

static void a_hum_of_negative_power_is_no_hint(void **state)
{
    (void)state;
    commission.sample.value[QUANTITY_POWER_B_W] = -1960; /* 49 W of the secondary side */
    commission.sample.value[QUANTITY_POWER_W] = 158040;

    commission_judge(&commission);

    assert_int_equal(commission.hints, 0);
}

static void
all_phases_negative_is_a_direction_at_supply_and_fine_at_generation(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        commission.sample.value[QUANTITY_POWER_W + i] *= -1;
    }
    commission_judge(&commission);
    assert_int_equal(commission.hints, 1u << COMMISSION_DIRECTION);

    meter.role = METER_ROLE_GENERATION;
    commission_judge(&commission);

    assert_int_equal(commission.hints, 0);
}

/* cos(18° + 120°) of every phase: -0.74, and of another turn 0.21. */
static void power_far_below_voltage_times_current_is_a_phase_order(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        commission.sample.value[QUANTITY_POWER_A_W + i] = 19000; /* 0.21 × 92 kVA */
    }
    commission.sample.value[QUANTITY_POWER_W] = 57000;

    commission_judge(&commission);

    assert_int_equal(commission.hints, 1u << COMMISSION_PHASE_ORDER);
}

static void a_missing_voltage_is_named_with_its_phase(void **state)
{
    (void)state;
    commission.sample.value[QUANTITY_VOLTAGE_C_MV] = 4000;

    commission_judge(&commission);

    assert_int_equal(commission.hints, 1u << COMMISSION_VOLTAGE_MISSING);
    assert_int_equal(commission.phases, 4);
}

static void who_does_not_answer_or_has_no_energy_fails(void **state)
{
    (void)state;
    commission.sample.present &= ~(1u << QUANTITY_ENERGY_IMPORT_WH);
    commission_judge(&commission);
    assert_string_equal(commission.reason, "no_energy");

    commission.sample.status = SLOT_TIMEOUT;
    commission_judge(&commission);
    assert_string_equal(commission.reason, "timeout");

    commission.was_read = false;
    commission_judge(&commission);

    assert_string_equal(commission.reason, "not_read");
    assert_int_equal(commission.result, COMMISSION_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_reading_passes_with_register_ratio_and_primary_value,
                               setup),
        cmocka_unit_test_setup(a_face_within_an_hour_of_power_passes_and_beyond_fails,
                               setup),
        cmocka_unit_test_setup(a_factor_of_ten_to_the_face_fails, setup),
        cmocka_unit_test_setup(
            a_phase_that_gives_power_while_others_take_it_is_a_turned_transformer, setup),
        cmocka_unit_test_setup(a_hum_of_negative_power_is_no_hint, setup),
        cmocka_unit_test_setup(
            all_phases_negative_is_a_direction_at_supply_and_fine_at_generation, setup),
        cmocka_unit_test_setup(power_far_below_voltage_times_current_is_a_phase_order,
                               setup),
        cmocka_unit_test_setup(a_missing_voltage_is_named_with_its_phase, setup),
        cmocka_unit_test_setup(who_does_not_answer_or_has_no_energy_fails, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
