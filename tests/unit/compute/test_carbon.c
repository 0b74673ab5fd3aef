/* The worked example of Zhejiang 2023, thresholds at their bounds, unit traps. */
#include "daemon/compute/carbon.h"
#include "tests/support/test.h"

#define WAN_E6 INT64_C(10000000000) /* 10^4 yuan in millionths */

static const struct carbon_method zj = {
    .level_e9 = {600000000, 2000000000},
    .grade_e9 = {600000000, 800000000, 1200000000, 2000000000},
};

static const struct carrier electricity = {
    .id = "electricity", .unit = "kWh", .has_coal = true, .kgce_per_unit_e6 = 122900};
static const struct carrier gas = {.id = "natural_gas",
                                   .unit = "m3",
                                   .is_fuel = true,
                                   .has_co2 = true,
                                   .kg_co2_per_unit_e6 = 2162189,
                                   .has_coal = true,
                                   .kgce_per_unit_e6 = 1330000};
static const struct carrier heat = {.id = "heat",
                                    .unit = "GJ",
                                    .has_co2 = true,
                                    .kg_co2_per_unit_e6 = 110000000,
                                    .has_coal = true,
                                    .kgce_per_unit_e6 = 34120000};

/* 150,000 m3 of gas and 4,000 GJ of heat. */
static const struct carbon_term terms[] = {{&gas, INT64_C(150000000000)},
                                           {&heat, 4000000000}};

static struct carbon_input example(int64_t purchased_kwh, int64_t pv_kwh)
{
    return (struct carbon_input){
        .has_purchased = true,
        .purchased_wh = purchased_kwh * 1000,
        .self_pv_wh = pv_kwh * 1000,
        .has_average = true,
        .average_e6 = 497400,
        .has_residual = true,
        .residual_e6 = 609600,
        .electricity = &electricity,
        .term = terms,
        .n_terms = 2,
        .has_value_added = true,
        .value_added_e6 = 1500 * WAN_E6,
        .has_benchmark = true,
        .benchmark_e9 = 2400000000,
    };
}

/* Hundredths of a tonne. */
static int64_t cent_t(struct carbon_value mg)
{
    assert_true(mg.has);
    return div_round_128(mg.value, 10000000);
}

static void example_gives_the_published_figures(void **state)
{
    (void)state;
    struct carbon_input input = example(3200000, 0);
    struct carbon_figures figures;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    assert_int_equal(cent_t(figures.electricity_mg), 159168);
    assert_int_equal(cent_t(figures.scope1_mg), 32433);
    assert_int_equal(cent_t(figures.heat_mg), 44000);
    assert_int_equal(cent_t(figures.co2_location_mg), 235601);
    assert_int_equal(cent_t(figures.co2_market_mg), 271505);
    assert_int_equal(div_round_128(figures.energy_gce.value, 10000), 72926);
    assert_false(figures.energy_primary_gce.has);
    assert_int_equal(carbon_intensity_e4(figures.co2_graded_mg.value, input.value_added_e6),
                     15707);
    assert_int_equal(carbon_ratio_e4(figures.co2_graded_mg.value, input.value_added_e6,
                                     input.benchmark_e9),
                     6544);
    assert_int_equal(carbon_level_of(figures.intensity_e9.value, &zj), CARBON_LEVEL_MID);
    assert_int_equal(carbon_grade_of(figures.ratio_e9.value, &zj), 2);
    assert_int_equal(figures.neutral_num, 0);
    assert_true(figures.neutral_den > 0);
}

static void own_pv_instead_of_purchase_makes_grade_one(void **state)
{
    (void)state;
    struct carbon_input input = example(2700000, 500000);
    struct carbon_figures figures;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    assert_int_equal(cent_t(figures.co2_location_mg), 210731);
    assert_int_equal(carbon_intensity_e4(figures.co2_graded_mg.value, input.value_added_e6),
                     14049);
    assert_int_equal(carbon_ratio_e4(figures.co2_graded_mg.value, input.value_added_e6,
                                     input.benchmark_e9),
                     5854);
    assert_int_equal(carbon_grade_of(figures.ratio_e9.value, &zj), 1);
    /* Self-used PV is energy all the same: 3.2 GWh. */
    assert_int_equal(div_round_128(figures.energy_gce.value, 10000), 72926);
    /* 0.5 GWh × 0.4974 = 248.70 t of 2107.3084 + 248.70 = 2356.0084 t: 10.556 % */
    assert_near((double)figures.neutral_num / (double)figures.neutral_den,
                248.70 / 2356.00835, 1e-9);
}

static void green_power_lowers_the_market_figure_only(void **state)
{
    (void)state;
    struct carbon_input input = example(3200000, 0);
    struct carbon_figures figures;
    input.n_terms = 0;
    input.green_power_wh = 800000000;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    /* 3.2 GWh with 0.8 GWh of certificates: 1591.68 and 2.4 × 609.6 = 1463.04 t */
    assert_int_equal(cent_t(figures.co2_location_mg), 159168);
    assert_int_equal(cent_t(figures.co2_market_mg), 146304);
}

static void green_power_beyond_the_purchase_counts_up_to_it(void **state)
{
    (void)state;
    struct carbon_input input = example(1000, 0);
    struct carbon_figures figures;
    input.n_terms = 0;
    input.green_power_wh = 5000000;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    assert_int_equal(figures.green_wh, 1000000);
    assert_int_equal(figures.co2_market_mg.value, 0);
    assert_int_equal(figures.neutral_num, figures.neutral_den);
}

static void natural_gas_is_2_1622_kg_per_cubic_metre(void **state)
{
    (void)state;
    /* 389.31 GJ/10^4 m3 × 15.30e-3 tC/GJ × 0.99 × 44/12 = 21.622 t/10^4 m3 */
    struct carbon_term one = {&gas, 1000000};
    struct carbon_input input = {
        .has_purchased = true, .has_average = true, .term = &one, .n_terms = 1};
    struct carbon_figures figures;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    assert_near((double)figures.scope1_mg.value / 1e6, 2.1622, 0.00005);
}

static void grade_bounds_are_inclusive_above(void **state)
{
    (void)state;

    assert_int_equal(carbon_grade_of(600000000, &zj), 1);
    assert_int_equal(carbon_grade_of(600000100, &zj), 2); /* 0.6000001 */
    assert_int_equal(carbon_grade_of(800000000, &zj), 2);
    assert_int_equal(carbon_grade_of(1200000000, &zj), 3);
    assert_int_equal(carbon_grade_of(2000000000, &zj), 4);
    assert_int_equal(carbon_grade_of(2000000100, &zj), 5); /* 2.0000001 */
}

static void level_bounds_are_inclusive_above(void **state)
{
    (void)state;

    assert_int_equal(carbon_level_of(600000000, &zj), CARBON_LEVEL_LOW);
    assert_int_equal(carbon_level_of(600000001, &zj), CARBON_LEVEL_MID);
    assert_int_equal(carbon_level_of(2000000000, &zj), CARBON_LEVEL_MID);
    assert_int_equal(carbon_level_of(2000000001, &zj), CARBON_LEVEL_HIGH);
}

/* 1 kWh at 1 kg/kWh; value added and benchmark chosen so that K is what is asked. */
static int64_t ratio_for(int64_t co2_wh, int64_t value_e6, int64_t benchmark_e9)
{
    struct carbon_input input = {.has_purchased = true,
                                 .purchased_wh = co2_wh,
                                 .has_average = true,
                                 .average_e6 = 1000000,
                                 .has_value_added = true,
                                 .value_added_e6 = value_e6,
                                 .has_benchmark = true,
                                 .benchmark_e9 = benchmark_e9};
    struct carbon_figures figures;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);
    return figures.ratio_e9.value;
}

static void ratio_from_data_hits_the_bounds_exactly(void **state)
{
    (void)state;

    /* 600,000 kg of 100 × 10^4 yuan: L = 6; benchmark 10: K = 0.6 */
    assert_int_equal(ratio_for(600000000, 100 * WAN_E6, 10000000000), 600000000);
    /* 600.0001 t: K = 0.6000001 */
    assert_int_equal(ratio_for(600000100, 100 * WAN_E6, 10000000000), 600000100);
    assert_int_equal(carbon_grade_of(ratio_for(2000000100, 100 * WAN_E6, 10000000000), &zj),
                     5);
}

static void ratio_is_not_made_from_a_rounded_intensity(void **state)
{
    (void)state;
    /* L = 1 t / (3 × 10^4 yuan) = 0.333…; K with a benchmark of 10^-6: 333333.333333333,
     * while 0.333333333 / 0.000001 would give 333333.333 */
    assert_int_equal(ratio_for(1000000, 3 * WAN_E6, 1000), INT64_C(333333333333333));
}

static void value_added_of_zero_or_less_gives_no_ratio(void **state)
{
    (void)state;
    struct carbon_figures figures;

    for (int64_t value_e6 = 0; value_e6 >= -WAN_E6; value_e6 -= WAN_E6) {
        struct carbon_input input = example(3200000, 0);

        input.value_added_e6 = value_e6;
        assert_int_equal(carbon_figures_of(&input, &figures), 0);
        assert_false(figures.intensity_e9.has);
        assert_false(figures.ratio_e9.has);
    }
}

static void carrier_without_factor_takes_the_total_away(void **state)
{
    (void)state;
    static const struct carrier unknown = {.id = "biomass", .is_fuel = true};
    const struct carbon_term with[] = {{&gas, 1000000}, {&unknown, 1}};
    struct carbon_input input = example(1000, 0);
    struct carbon_figures figures;
    input.term = with;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    assert_false(figures.co2_location_mg.has);
    assert_false(figures.energy_gce.has);
    assert_false(figures.intensity_e9.has);
}

static void unknown_electricity_gives_no_total(void **state)
{
    (void)state;
    struct carbon_input input = example(0, 0);
    struct carbon_figures figures;
    input.has_purchased = false;

    assert_int_equal(carbon_figures_of(&input, &figures), 0);

    assert_false(figures.co2_location_mg.has);
    assert_int_equal(cent_t(figures.scope1_mg), 32433);
}

static void shown_figures_are_not_rounded_twice(void **state)
{
    (void)state;
    /* 1.00004999999 t per 10^4 yuan: nine decimals say 1.000050000, which would
     * show 1.0001. */
    assert_int_equal(carbon_intensity_e4(INT64_C(100004999999), 100 * WAN_E6), 10000);
}

static void quantities_beyond_measure_are_an_overflow(void **state)
{
    (void)state;
    static const struct carrier coal = {
        .is_fuel = true, .has_co2 = true, .kg_co2_per_unit_e6 = INT64_C(1747100000)};
    const struct carbon_term much = {&coal, INT64_MAX};
    struct carbon_input input = {
        .has_purchased = true, .has_average = true, .term = &much, .n_terms = 1};
    struct carbon_figures figures = {.green_wh = 77};

    assert_true(carbon_figures_of(&input, &figures) < 0);
    assert_int_equal(figures.green_wh, 77);
}

static void reason_is_the_first_that_applies(void **state)
{
    (void)state;

    assert_int_equal(carbon_reason_of(0), CARBON_REASON_NONE);
    assert_int_equal(carbon_reason_of(1u << CARBON_PERIOD_OPEN | 1u << CARBON_NO_BENCHMARK),
                     CARBON_NO_BENCHMARK);
    assert_int_equal(
        carbon_reason_of(1u << CARBON_COMMISSIONING | 1u << CARBON_NO_VALUE_ADDED),
        CARBON_COMMISSIONING);
    assert_string_equal(carbon_status_of(CARBON_REASON_NONE), "final");
    assert_string_equal(carbon_status_of(CARBON_PERIOD_OPEN), "provisional");
    assert_string_equal(carbon_status_of(CARBON_ELECTRICITY_INCOMPLETE), "incomplete");
    assert_string_equal(carbon_status_of(CARBON_VALUE_ADDED_NOT_POSITIVE), "not_rated");
    assert_true(carbon_has_grade(CARBON_PERIOD_OPEN));
    assert_false(carbon_has_grade(CARBON_NO_BENCHMARK));
    assert_true(carbon_has_level(CARBON_NO_BENCHMARK));
    assert_false(carbon_has_level(CARBON_COMMISSIONING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_gives_the_published_figures),
        cmocka_unit_test(own_pv_instead_of_purchase_makes_grade_one),
        cmocka_unit_test(green_power_lowers_the_market_figure_only),
        cmocka_unit_test(green_power_beyond_the_purchase_counts_up_to_it),
        cmocka_unit_test(natural_gas_is_2_1622_kg_per_cubic_metre),
        cmocka_unit_test(grade_bounds_are_inclusive_above),
        cmocka_unit_test(level_bounds_are_inclusive_above),
        cmocka_unit_test(ratio_from_data_hits_the_bounds_exactly),
        cmocka_unit_test(ratio_is_not_made_from_a_rounded_intensity),
        cmocka_unit_test(value_added_of_zero_or_less_gives_no_ratio),
        cmocka_unit_test(carrier_without_factor_takes_the_total_away),
        cmocka_unit_test(unknown_electricity_gives_no_total),
        cmocka_unit_test(shown_figures_are_not_rounded_twice),
        cmocka_unit_test(quantities_beyond_measure_are_an_overflow),
        cmocka_unit_test(reason_is_the_first_that_applies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
