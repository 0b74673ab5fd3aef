/* The shipped profiles: read, planned, and decoded from register images made by hand. */
#include "daemon/conf/profile.h"
#include "tests/unit/conf/profile_rig.h"

static void sdm630_gives_every_quantity(void **state)
{
    static const struct registers meter[] = {
        {0x0000, "4366 3334 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 V */
        {0x0006, "4144 0000 3E80 0000 0000 0000"}, /* 12.25 0.25 0 A */
        {0x000C, "46C3 5100 C060 0000 0000 0000"}, /* 25000.5 -3.5 0 W: half away from 0 */
        {0x0034, "46C3 5100"},                     /* 25000.5 W */
        {0x0038, "46C3 5100"},                     /* 25000.5 VA */
        {0x003C, "C2F0 0000"},                     /* -120 var */
        {0x003E, "BF76 45A2"},                     /* -0.962 */
        {0x0046, "4248 0A3D"},                     /* 50.01 Hz */
        {0x0048, "4640 E6B6 4138 0000"},           /* 12345.678 11.5 kWh */
        {0x004C, "4476 E9DB 0000 0000"},           /* 987.654 0 kvarh */
        {0x0054, "46C3 5100"},                     /* 25000.5 W */
        {0x00C8, "43C8 0CCD 43C8 0CCD 43C8 0CCD"}, /* 400.1 V */
        {0x00E0, "3E80 0000"},                     /* 0.25 A */
        {0, NULL}};
    static const char expected[] =
        "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
        "current_a_ma 12250 current_b_ma 250 current_c_ma 0 "
        "power_a_w 25001 power_b_w -4 power_c_w 0 power_w 25001 "
        "apparent_va 25001 reactive_var -120 pf_e3 -962 "
        "frequency_mhz 50010 energy_import_wh 12345678 "
        "energy_export_wh 11500 reactive_import_varh 987654 "
        "reactive_export_varh 0 demand_w 25001 voltage_ab_mv 400100 "
        "voltage_bc_mv 400100 voltage_ca_mv 400100 current_n_ma 250";
    struct profile profile = rig_load("eastron-sdm630");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_true(profile.primary_side);
    assert_int_equal(profile.max_registers, 50);
    assert_int_equal(profile.register_wh.num, 1); /* 0.001 kWh = 1 Wh */
    assert_int_equal(profile.register_wh.den, 1);
    assert_int_equal(profile.register_range, 0);
    assert_int_equal(profile.n_points, QUANTITY_COUNT);
    rig_fill(meter);

    int n = rig_read(&profile, &sample, &missing);

    assert_int_equal(n, 3); /* 00-11, 34-55, C8-E1 */
    assert_int_equal(missing, 0);
    rig_compare(&sample, expected);
    profile_done(&profile);
}

static void sdm630_with_swapped_words_has_no_frequency(void **state)
{
    static const struct registers meter[] = {
        {0x0000, "3334 4366"}, {0x0046, "0A3D 4248"}, {0, NULL}};
    struct profile profile = rig_load("eastron-sdm630");
    struct sample sample;
    int missing = 0;

    (void)state;
    rig_fill(meter);
    (void)rig_read(&profile, &sample, &missing);
    assert_false(sample_has(&sample, QUANTITY_FREQUENCY_MHZ));
    assert_true(missing >= 1);
    profile_done(&profile);
}

static void dtsu666_applies_its_decimal_factors(void **state)
{
    static const struct registers meter[] = {
        {0x101E, "449A 51EC"},                     /* 1234.56 kWh */
        {0x1028, "3E80 0000"},                     /* 0.25 kWh */
        {0x2000, "457A 1000 457A 1000 457A 1000"}, /* 4001.0: 400.1 V */
        {0x2006, "450F E000 450F E000 450F E000"}, /* 2302.0: 230.2 V */
        {0x200C, "459C F800 0000 0000 459C F800"}, /* 5023.0: 5.023 A */
        {0x2012, "4550 8800 C2F0 0000"},           /* 3336.5: 333.65 W; -120: -12 W */
        {0x201A, "C2F0 0000"},                     /* -12 var */
        {0x202A, "4470 8000"},                     /* 962: 0.962 */
        {0x2044, "459C 4800"},                     /* 5001: 50.01 Hz */
        {0, NULL}};
    static const char expected[] =
        "energy_import_wh 123456 energy_export_wh 25 voltage_ab_mv 400100 "
        "voltage_bc_mv 400100 voltage_ca_mv 400100 voltage_a_mv 230200 "
        "voltage_b_mv 230200 voltage_c_mv 230200 current_a_ma 5023 "
        "current_b_ma 0 current_c_ma 5023 power_w 334 power_a_w -12 "
        "power_b_w 0 power_c_w 0 "
        "reactive_var -12 pf_e3 962 frequency_mhz 50010";
    struct profile profile = rig_load("chint-dtsu666");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_false(profile.primary_side);
    assert_int_equal(profile.register_wh.num, 10);
    assert_int_equal(profile.n_points, 18);
    rig_fill(meter);
    (void)rig_read(&profile, &sample, &missing);
    assert_int_equal(missing, 0);
    rig_compare(&sample, expected);
    profile_done(&profile);
}

static void dtsu666_of_another_firmware_fails_the_probe(void **state)
{
    static const struct registers meter[] = {{0x2044, "4248 0A3D"}, {0, NULL}}; /* 50.01 */
    struct profile profile = rig_load("chint-dtsu666");
    struct sample sample;
    int missing = 0;

    (void)state;
    rig_fill(meter);
    (void)rig_read(&profile, &sample, &missing);
    assert_false(sample_has(&sample, QUANTITY_FREQUENCY_MHZ));
    assert_int_equal(missing, 1);
    profile_done(&profile);
}

static void adl400_mixes_16_and_32_bits(void **state)
{
    static const struct registers meter[] = {
        {0x000A, "0001 E240"},                     /* 123456: 1234.56 kWh */
        {0x0014, "0000 0019"},                     /* 0.25 kWh */
        {0x0028, "FFFF FFFF"},                     /* 42949672.95 kvarh: unsigned */
        {0x0032, "0000 0001"},                     /* 0.01 kvarh */
        {0x0061, "08FE 08FF 0900 01F5 0000 03E8"}, /* 230.2 230.3 230.4 V; 5.01 0 10 A */
        {0x0077, "1389"},                          /* 50.01 Hz */
        {0x0164, "0000 0D05 FFFF FF88 0000 0000"}, /* 3.333 -0.120 0 kW */
        {0x016A, "0000 0C8D"},                     /* 3.213 kW */
        {0x0172, "FFFF FFFF"},                     /* -0.001 kvar */
        {0x017A, "0000 0D05"},                     /* 3.333 kVA */
        {0x017F, "FC3E"},                          /* -0.962 */
        {0, NULL}};
    static const char expected[] =
        "energy_import_wh 123456 energy_export_wh 25 "
        "reactive_import_varh 4294967295 reactive_export_varh 1 "
        "voltage_a_mv 230200 voltage_b_mv 230300 voltage_c_mv 230400 "
        "current_a_ma 5010 current_b_ma 0 current_c_ma 10000 "
        "frequency_mhz 50010 power_a_w 3333 power_b_w -120 power_c_w 0 "
        "power_w 3213 reactive_var -1 apparent_va 3333 pf_e3 -962";
    struct profile profile = rig_load("acrel-adl400");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_false(profile.primary_side);
    assert_int_equal(profile.register_wh.num, 10);
    assert_int_equal(profile.register_range, 0);
    rig_fill(meter);
    assert_int_equal(rig_read(&profile, &sample, &missing), 3);
    assert_int_equal(missing, 0);
    rig_compare(&sample, expected);
    profile_done(&profile);
}

/* Two parts, own types and orders, missing codes, 1-based numbers, rollover: all in one. */
static void a_profile_can_say_everything_a_meter_needs(void **state)
{
    static const struct registers meter[] = {
        {0x0063, "0000 0007 0101"},      /* 7 kWh + 257 × 0.1 Wh */
        {0x00C7, "0000 0064 0000 0028"}, /* P+ 100, P- 40 (words swapped) */
        {0x012B, "7FFF FFFF"},           /* overflow mark */
        {0x018F, "3FCC CCCD"},           /* 1.6: Schneider 4Q, leading 0.4 */
        {0, NULL}};
    struct profile profile = rig_load_path("tests/data/conf/good/x-everything.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_int_equal(profile.register_wh.num, 1);
    assert_int_equal(profile.register_wh.den, 10);
    assert_true(profile.register_range == INT64_C(10000000000)); /* 10^6 kWh in 0.1 Wh */
    assert_int_equal(profile.n_no_merge, 1);
    assert_int_equal(profile.no_merge[0].first, 199);
    rig_fill(meter);
    (void)rig_read(&profile, &sample, &missing);
    assert_int_equal(missing, 1);
    assert_int_equal(sample.value[QUANTITY_ENERGY_IMPORT_WH], 70257);
    assert_int_equal(sample.value[QUANTITY_POWER_W], 60);
    assert_false(sample_has(&sample, QUANTITY_REACTIVE_VAR));
    assert_int_equal(profile.point[profile.n_points - 1].pf, PF_SCHNEIDER);
    assert_true(sample_has(&sample, QUANTITY_PF_E3));
    profile_done(&profile);
}

static void profiles_in_force_come_sorted_and_from_the_winning_folder(void **state)
{
    struct conf conf = {.folder = "/nowhere"};
    struct problems problems;
    struct profiles profiles;

    (void)state;
    /* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    assert_int_equal(setenv("ECMON_SHARE_DIR", "config", 1), 0);
    problems_init(&problems);
    assert_int_equal(profiles_load(&conf, &problems, &profiles), 0);
    assert_true(profiles.n >= 3);
    for (int i = 1; i < profiles.n; i++) {
        assert_true(strcmp(profiles.profile[i - 1].id, profiles.profile[i].id) < 0);
    }
    assert_string_equal(profiles_find(&profiles, "eastron-sdm630")->version, "1");
    assert_null(profiles_find(&profiles, "eastron"));
    profiles_done(&profiles);
    (void)snprintf(conf.folder, sizeof(conf.folder), "tests/data/conf/good/own");
    assert_int_equal(profiles_load(&conf, &problems, &profiles), 0);
    assert_string_equal(profiles_find(&profiles, "eastron-sdm630")->version, "of mine");
    assert_non_null(profiles_find(&profiles, "acrel-adl400"));
    profiles_done(&profiles);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sdm630_gives_every_quantity),
        cmocka_unit_test(sdm630_with_swapped_words_has_no_frequency),
        cmocka_unit_test(dtsu666_applies_its_decimal_factors),
        cmocka_unit_test(dtsu666_of_another_firmware_fails_the_probe),
        cmocka_unit_test(adl400_mixes_16_and_32_bits),
        cmocka_unit_test(a_profile_can_say_everything_a_meter_needs),
        cmocka_unit_test(profiles_in_force_come_sorted_and_from_the_winning_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
