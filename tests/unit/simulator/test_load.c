#include "drivers/simulator/load.h"
#include "drivers/simulator/model.h"
#include "tests/support/test.h"
#include "tests/unit/simulator/profile.h"

#define QUARTER INT64_C(900000)
#define HOUR    (4 * QUARTER)

/* 2026-11-21, a Saturday, 00:00 at +08:00 */
#define SATURDAY INT64_C(1795190400000)
#define SUNDAY   (SATURDAY + 96 * QUARTER)

static const struct zone shanghai = {8 * 3600 * 1000, "Asia/Shanghai"};

static int64_t power_at(enum load_shape shape, int64_t ts_ms)
{
    const struct load load = {.shape = shape, .rated_w = 1000000, .seed = 42};

    return load_power_w(&load, ts_ms, &shanghai);
}

/* 90.00 % to 110.00 % of a percentage of 1 MW. */
static void expect_about(int64_t power_w, int64_t percent)
{
    assert_in_range(power_w, percent * 9000, percent * 11000);
}

static void shapes_have_names(void **state)
{
    (void)state;
    assert_int_equal(load_shape_from_name("continuous"), LOAD_CONTINUOUS);
    assert_int_equal(load_shape_from_name("two_shift"), LOAD_TWO_SHIFT);
    assert_int_equal(load_shape_from_name("day"), LOAD_DAY);
    assert_int_equal(load_shape_from_name("stopped"), LOAD_STOPPED);
    assert_int_equal(load_shape_from_name("night"), LOAD_SHAPE_COUNT);
}

static void power_follows_the_hour_and_the_day_of_the_week(void **state)
{
    (void)state;
    expect_about(power_at(LOAD_DAY, SATURDAY + 10 * HOUR), 90);
    expect_about(power_at(LOAD_DAY, SATURDAY + 12 * HOUR), 45);
    expect_about(power_at(LOAD_DAY, SATURDAY + 95 * QUARTER), 8);
    expect_about(power_at(LOAD_STOPPED, SATURDAY), 1);
    expect_about(power_at(LOAD_TWO_SHIFT, SATURDAY + 9 * HOUR), 88);
    /* 88 % × 0.70 = 61.6 % on a Sunday */
    assert_in_range(power_at(LOAD_TWO_SHIFT, SUNDAY + 9 * HOUR), 554400, 677600);
}

static void load_that_changes_keeps_its_share_from_that_day_on(void **state)
{
    const struct load load = {.shape = LOAD_CONTINUOUS,
                              .rated_w = 1000000,
                              .seed = 42,
                              .changes = true,
                              .change_day = day_of_ts(SUNDAY, &shanghai),
                              .change_percent = 10};
    int64_t last_ms = SUNDAY - QUARTER;

    (void)state;
    assert_int_equal(load_power_w(&load, last_ms, &shanghai),
                     power_at(LOAD_CONTINUOUS, last_ms));
    /* 88 % × 0.98 × 0.1 = 8.624 % */
    assert_in_range(load_power_w(&load, SUNDAY, &shanghai), 77616, 94864);
}

static void power_is_constant_inside_a_quarter_and_the_same_when_asked_again(void **state)
{
    const struct load other = {.shape = LOAD_DAY, .rated_w = 1000000, .seed = 43};
    int64_t power_w = power_at(LOAD_DAY, SATURDAY + 40 * QUARTER);
    int different = 0;

    (void)state;
    assert_int_equal(power_at(LOAD_DAY, SATURDAY + 41 * QUARTER - 1), power_w);
    assert_int_equal(power_at(LOAD_DAY, SATURDAY + 40 * QUARTER), power_w);
    for (int i = 0; i < 96; i++) {
        int64_t ts_ms = SATURDAY + i * QUARTER;

        different += power_at(LOAD_DAY, ts_ms) != load_power_w(&other, ts_ms, &shanghai);
    }
    assert_true(different > 80); /* another seed, another load */
}

static void energy_of_a_day_is_the_sum_of_its_96_quarters(void **state)
{
    (void)state;
    for (int shape = 0; shape < LOAD_SHAPE_COUNT; shape++) {
        const struct load load = {
            .shape = (enum load_shape)shape, .rated_w = 777777, .seed = 7};
        int64_t quarter_w = 0;

        for (int i = 0; i < 96; i++) {
            quarter_w += load_power_w(&load, SUNDAY + i * QUARTER, &shanghai);
        }
        /* a quarter of a watt-hour per watt, half a Wh rounds up */
        assert_int_equal(load_day_wh(&load, day_of_ts(SUNDAY, &shanghai), &shanghai),
                         (quarter_w + 2) / 4);
    }
}

static void integral_is_exact_however_it_is_stepped_and_never_goes_back(void **state)
{
    const struct load load = {.shape = LOAD_CONTINUOUS, .rated_w = 123457, .seed = 7};
    struct load_integral fine;
    struct load_integral coarse;
    int64_t end_ms = SATURDAY + 10 * QUARTER + 12345;

    (void)state;
    load_integral_init(&fine, SATURDAY + 77);
    load_integral_init(&coarse, SATURDAY + 77);
    for (int64_t ts_ms = SATURDAY + 77; ts_ms < end_ms; ts_ms += 60007) {
        (void)load_integral_w_ms(&fine, &load, ts_ms, &shanghai);
    }
    int64_t energy_w_ms = load_integral_w_ms(&fine, &load, end_ms, &shanghai);

    assert_int_equal(load_integral_w_ms(&coarse, &load, end_ms, &shanghai), energy_w_ms);
    assert_int_equal(load_integral_w_ms(&fine, &load, SATURDAY, &shanghai), energy_w_ms);
}

/* --- the meter that shows it --- */

static int64_t register_after_an_hour(const struct profile *profile, struct ratio ct,
                                      int64_t start_register)
{
    struct simulated_meter meter = {
        .profile = profile,
        .pt = {1, 1},
        .ct = ct,
        .load = {.shape = LOAD_CONTINUOUS, .rated_w = 1000000, .seed = 5},
        .start_register = start_register,
        .base_ts_ms = SATURDAY};
    struct load_integral integral;
    struct image_value values[QUANTITY_COUNT];

    load_integral_init(&integral, SATURDAY);
    model_values(&meter, &integral, SATURDAY + 4 * QUARTER, &shanghai, values);
    assert_true(values[QUANTITY_ENERGY_IMPORT_WH].has);
    return values[QUANTITY_ENERGY_IMPORT_WH].value;
}

static int64_t hour_wh(void)
{
    const struct load load = {.shape = LOAD_CONTINUOUS, .rated_w = 1000000, .seed = 5};
    int64_t quarter_w = 0;

    for (int i = 0; i < 4; i++) {
        quarter_w += load_power_w(&load, SATURDAY + i * QUARTER, &shanghai);
    }
    return quarter_w / 4;
}

static void register_counts_whole_digits_from_its_start(void **state)
{
    (void)state;
    assert_int_equal(register_after_an_hour(&sample_profile, (struct ratio){1, 1}, 5000),
                     5000 + hour_wh() / 10);
}

static void register_of_a_secondary_meter_is_divided_by_its_ratio(void **state)
{
    struct profile profile = sample_profile;

    (void)state;
    profile.primary_side = false;
    assert_int_equal(register_after_an_hour(&profile, (struct ratio){80, 1}, 0),
                     hour_wh() / 800);
}

static void register_rolls_over_at_its_range(void **state)
{
    (void)state; /* about 880 kWh: 88,000 counts of 10 Wh */
    assert_in_range(hour_wh() / 10, 79200, 96800);
    assert_int_equal(register_after_an_hour(&sample_profile, (struct ratio){1, 1}, 999990),
                     hour_wh() / 10 - 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_have_names),
        cmocka_unit_test(power_follows_the_hour_and_the_day_of_the_week),
        cmocka_unit_test(load_that_changes_keeps_its_share_from_that_day_on),
        cmocka_unit_test(power_is_constant_inside_a_quarter_and_the_same_when_asked_again),
        cmocka_unit_test(energy_of_a_day_is_the_sum_of_its_96_quarters),
        cmocka_unit_test(integral_is_exact_however_it_is_stepped_and_never_goes_back),
        cmocka_unit_test(register_counts_whole_digits_from_its_start),
        cmocka_unit_test(register_of_a_secondary_meter_is_divided_by_its_ratio),
        cmocka_unit_test(register_rolls_over_at_its_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
