/* The shipped profiles: read, planned, and decoded from register images made by hand. */
#include "daemon/conf/profile.h"
#include "drivers/modbus/modbus.h"
#include "tests/support/test.h"

#define EVERYTHING ((1u << QUANTITY_GROUP_COUNT) - 1)

/* What stands in a meter: first register and the words from there. */
struct registers {
    uint16_t first;
    const char *hex;
};

static uint16_t image[65536];

static void fill(const struct registers *registers)
{
    memset(image, 0, sizeof(image));
    for (; registers->hex != NULL; registers++) {
        uint16_t address = registers->first;

        for (const char *hex = registers->hex; *hex != '\0'; hex += hex[4] == ' ' ? 5 : 4) {
            char word[5] = {hex[0], hex[1], hex[2], hex[3], '\0'};

            image[address++] = (uint16_t)strtoul(word, NULL, 16);
        }
    }
}

static struct profile load(const char *path)
{
    struct problems problems;
    struct profile profile;
    char text[512];

    problems_init(&problems);
    int err = profile_load(path, &problems, &profile);

    for (size_t i = 0; i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        print_error("%s\n", text);
    }
    assert_int_equal(err, 0);
    problems_done(&problems);
    return profile;
}

/* Reads the image as the engine would. Returns the number of requests. */
static int read_image(const struct profile *profile, struct sample *sample,
                      int *ret_missing)
{
    const struct driver *driver = modbus_tcp_driver();
    const struct plan_options options = {
        .unit = 1, .groups = EVERYTHING, .gap_registers = 30};
    struct request requests[32];
    uint8_t payload[250];
    int n = driver->plan(profile, &options, requests, 32);

    memset(sample, 0, sizeof(*sample));
    *ret_missing = 0;
    for (int i = 0; i < n; i++) {
        assert_true(requests[i].count <= profile->max_registers);
        for (int k = 0; k < requests[i].count; k++) {
            payload[(ptrdiff_t)2 * k] = (uint8_t)(image[requests[i].address + k] >> 8);
            payload[(ptrdiff_t)2 * k + 1] =
                (uint8_t)(image[requests[i].address + k] & 0xFF);
        }
        *ret_missing += driver->decode(profile, &requests[i], payload,
                                       (size_t)2 * requests[i].count, EVERYTHING, sample);
    }
    return n;
}

struct expected {
    enum quantity quantity;
    int64_t value;
};

static void compare(const struct sample *sample, const struct expected *expected, int n)
{
    for (int i = 0; i < n; i++) {
        if (!sample_has(sample, expected[i].quantity) ||
            sample->value[expected[i].quantity] != expected[i].value) {
            print_error("%s: %lld, expected %lld\n", quantity_name(expected[i].quantity),
                        (long long)sample->value[expected[i].quantity],
                        (long long)expected[i].value);
            fail();
        }
    }
}

static int count_present(const struct sample *sample)
{
    int n = 0;

    for (int q = 0; q < QUANTITY_COUNT; q++) {
        n += sample_has(sample, (enum quantity)q);
    }
    return n;
}

static void sdm630_gives_every_quantity(void **state)
{
    static const struct registers meter[] = {
        {0x0000, "4366 3334 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 V */
        {0x0006, "4144 0000 3E80 0000 0000 0000"}, /* 12.25 0.25 0 A */
        {0x000C, "46C3 5100 C060 0000 0000 0000"}, /* 25000.5 -3.5 0 W */
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
    static const struct expected expected[] = {
        {QUANTITY_VOLTAGE_A_MV, 230200},
        {QUANTITY_VOLTAGE_B_MV, 231500},
        {QUANTITY_VOLTAGE_C_MV, 229750},
        {QUANTITY_CURRENT_A_MA, 12250},
        {QUANTITY_CURRENT_B_MA, 250},
        {QUANTITY_CURRENT_C_MA, 0},
        {QUANTITY_POWER_A_W, 25001},
        {QUANTITY_POWER_B_W, -4}, /* half away from zero */
        {QUANTITY_POWER_C_W, 0},
        {QUANTITY_POWER_W, 25001},
        {QUANTITY_APPARENT_VA, 25001},
        {QUANTITY_REACTIVE_VAR, -120},
        {QUANTITY_PF_E3, -962},
        {QUANTITY_FREQUENCY_MHZ, 50010},
        {QUANTITY_ENERGY_IMPORT_WH, 12345678},
        {QUANTITY_ENERGY_EXPORT_WH, 11500},
        {QUANTITY_REACTIVE_IMPORT_VARH, 987654},
        {QUANTITY_REACTIVE_EXPORT_VARH, 0},
        {QUANTITY_DEMAND_W, 25001},
        {QUANTITY_VOLTAGE_AB_MV, 400100},
        {QUANTITY_VOLTAGE_BC_MV, 400100},
        {QUANTITY_VOLTAGE_CA_MV, 400100},
        {QUANTITY_CURRENT_N_MA, 250}};
    struct profile profile = load("config/profiles/eastron-sdm630.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_true(profile.primary_side);
    assert_int_equal(profile.max_registers, 50);
    assert_int_equal(profile.register_wh.num, 1); /* 0.001 kWh = 1 Wh */
    assert_int_equal(profile.register_wh.den, 1);
    assert_int_equal(profile.register_range, 0);
    assert_int_equal(profile.n_points, QUANTITY_COUNT);
    fill(meter);

    int n = read_image(&profile, &sample, &missing);

    assert_int_equal(n, 3); /* 00-11, 34-55, C8-E1 */
    assert_int_equal(missing, 0);
    assert_int_equal(count_present(&sample), QUANTITY_COUNT);
    compare(&sample, expected, sizeof(expected) / sizeof(expected[0]));
    profile_done(&profile);
}

static void sdm630_with_swapped_words_has_no_frequency(void **state)
{
    static const struct registers meter[] = {
        {0x0000, "3334 4366"}, {0x0046, "0A3D 4248"}, {0, NULL}};
    struct profile profile = load("config/profiles/eastron-sdm630.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    fill(meter);
    (void)read_image(&profile, &sample, &missing);
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
    static const struct expected expected[] = {
        {QUANTITY_ENERGY_IMPORT_WH, 123456}, /* × 0.01 kWh */
        {QUANTITY_ENERGY_EXPORT_WH, 25},
        {QUANTITY_VOLTAGE_AB_MV, 400100},
        {QUANTITY_VOLTAGE_CA_MV, 400100},
        {QUANTITY_VOLTAGE_A_MV, 230200},
        {QUANTITY_CURRENT_A_MA, 5023},
        {QUANTITY_CURRENT_B_MA, 0},
        {QUANTITY_CURRENT_C_MA, 5023},
        {QUANTITY_POWER_W, 334}, /* 333.65 */
        {QUANTITY_POWER_A_W, -12},
        {QUANTITY_REACTIVE_VAR, -12},
        {QUANTITY_PF_E3, 962},
        {QUANTITY_FREQUENCY_MHZ, 50010}};
    struct profile profile = load("config/profiles/chint-dtsu666.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_false(profile.primary_side);
    assert_int_equal(profile.register_wh.num, 10);
    assert_int_equal(profile.n_points, 18);
    fill(meter);
    (void)read_image(&profile, &sample, &missing);
    assert_int_equal(missing, 0);
    assert_int_equal(count_present(&sample), 18);
    compare(&sample, expected, sizeof(expected) / sizeof(expected[0]));
    profile_done(&profile);
}

static void dtsu666_of_another_firmware_fails_the_probe(void **state)
{
    static const struct registers meter[] = {{0x2044, "4248 0A3D"}, {0, NULL}}; /* 50.01 */
    struct profile profile = load("config/profiles/chint-dtsu666.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    fill(meter);
    (void)read_image(&profile, &sample, &missing);
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
    static const struct expected expected[] = {
        {QUANTITY_ENERGY_IMPORT_WH, 123456},
        {QUANTITY_ENERGY_EXPORT_WH, 25},
        {QUANTITY_REACTIVE_IMPORT_VARH, INT64_C(4294967295)},
        {QUANTITY_REACTIVE_EXPORT_VARH, 1},
        {QUANTITY_VOLTAGE_A_MV, 230200},
        {QUANTITY_VOLTAGE_B_MV, 230300},
        {QUANTITY_VOLTAGE_C_MV, 230400},
        {QUANTITY_CURRENT_A_MA, 5010},
        {QUANTITY_CURRENT_B_MA, 0},
        {QUANTITY_CURRENT_C_MA, 10000},
        {QUANTITY_FREQUENCY_MHZ, 50010},
        {QUANTITY_POWER_A_W, 3333},
        {QUANTITY_POWER_B_W, -120},
        {QUANTITY_POWER_C_W, 0},
        {QUANTITY_POWER_W, 3213},
        {QUANTITY_REACTIVE_VAR, -1},
        {QUANTITY_APPARENT_VA, 3333},
        {QUANTITY_PF_E3, -962}};
    struct profile profile = load("config/profiles/acrel-adl400.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_false(profile.primary_side);
    assert_int_equal(profile.register_wh.num, 10);
    assert_int_equal(profile.register_range, 0);
    fill(meter);
    assert_int_equal(read_image(&profile, &sample, &missing), 3);
    assert_int_equal(missing, 0);
    assert_int_equal(count_present(&sample), 18);
    compare(&sample, expected, sizeof(expected) / sizeof(expected[0]));
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
    struct profile profile = load("tests/data/conf/good/x-everything.yaml");
    struct sample sample;
    int missing = 0;

    (void)state;
    assert_int_equal(profile.register_wh.num, 1);
    assert_int_equal(profile.register_wh.den, 10);
    assert_true(profile.register_range == INT64_C(10000000000)); /* 10^6 kWh in 0.1 Wh */
    assert_int_equal(profile.n_no_merge, 1);
    assert_int_equal(profile.no_merge[0].first, 199);
    fill(meter);
    (void)read_image(&profile, &sample, &missing);
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
