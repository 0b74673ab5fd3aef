/* Every shipped Modbus profile is found from a meter's registers: itself, or one of its
 * maker that reads the same registers. */
#include <dirent.h>

#include "daemon/collect/identify.h"
#include "daemon/conf/profile.h"
#include "drivers/modbus/modbus.h"
#include "drivers/simulator/image.h"
#include "tests/support/test.h"

#define EVERYTHING   ((1u << QUANTITY_GROUP_COUNT) - 1)
#define PROFILES_MAX 64
#define SPACE        65536

/* One meter: what stands in its registers, by reading function; the rest is refused. */
struct image {
    bool has[2][SPACE];
    uint16_t word[2][SPACE];
};

static struct profile profile[PROFILES_MAX];
static int n_profiles;
static struct image image;

static int setup(void **state)
{
    DIR *folder = opendir("config/profiles");
    const struct dirent *entry = NULL;
    struct problems problems;
    char path[512];

    (void)state;
    assert_non_null(folder);
    problems_init(&problems);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    while ((entry = readdir(folder)) != NULL && n_profiles < PROFILES_MAX) {
        if (strstr(entry->d_name, ".yaml") == NULL) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "config/profiles/%s", entry->d_name);
        assert_int_equal(profile_load(path, &problems, &profile[n_profiles]), 0);
        if (profile[n_profiles].protocol == PROFILE_MODBUS) {
            n_profiles++;
        } else {
            profile_done(&profile[n_profiles]);
        }
    }
    problems_done(&problems);
    (void)closedir(folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < n_profiles; i++) {
        profile_done(&profile[i]);
    }
    return 0;
}

static const struct profile *find(const char *id)
{
    for (int i = 0; i < n_profiles; i++) {
        if (strcmp(profile[i].id, id) == 0) {
            return &profile[i];
        }
    }
    fail_msg("no profile %s", id);
    return NULL;
}

/* The registers of one value; false when the meter lacks one of them. */
static bool span_of(const struct profile_point *point, struct request *ret_request)
{
    uint32_t first = UINT32_MAX;
    uint32_t end = 0;

    for (int i = 0; i < point->n_parts; i++) {
        uint32_t from = point->part[i].address;
        uint32_t to = from + (uint32_t)register_type_words(point->part[i].type);

        first = from < first ? from : first;
        end = to > end ? to : end;
    }
    *ret_request = (struct request){.unit = 1,
                                    .function = point->function,
                                    .address = (uint16_t)first,
                                    .count = (uint16_t)(end - first)};
    for (uint32_t i = first; i < end; i++) {
        if (!image.has[point->function - 3][i]) {
            return false;
        }
    }
    return true;
}

/* Reads value by value, as a meter lets itself be read that refuses what it has not. */
static struct sample read_as(const struct profile *guess)
{
    struct sample sample = {0};
    uint8_t payload[250];

    for (int i = 0; i < guess->n_points; i++) {
        const struct profile_point *point = &guess->point[i];
        struct request request;

        if (!span_of(point, &request)) {
            continue;
        }
        for (int k = 0; k < request.count; k++) {
            uint16_t word = image.word[point->function - 3][request.address + k];

            payload[(ptrdiff_t)2 * k] = (uint8_t)(word >> 8);
            payload[(ptrdiff_t)2 * k + 1] = (uint8_t)(word & 0xFF);
        }
        (void)modbus_tcp_driver()->decode(guess, &request, payload,
                                          (size_t)2 * request.count, EVERYTHING, &sample);
    }
    return sample;
}

static const struct profile *best(struct identify_fit *ret_fit)
{
    const struct profile *winner = NULL;

    for (int i = 0; i < n_profiles; i++) {
        struct sample sample = read_as(&profile[i]);
        struct identify_fit fit;

        identify_judge(&profile[i], &sample, &fit);
        if (winner == NULL || identify_compare(&fit, ret_fit) < 0) {
            winner = &profile[i];
            *ret_fit = fit;
        }
    }
    return winner;
}

/* --- registers from a profile, by the simulator's encoder --- */

/* 230, 231, 229 V; 10, 12, 8 A; power factor 0.95. */
static const struct {
    enum quantity quantity;
    int64_t value;
} steel[] = {{QUANTITY_POWER_W, 6560},
             {QUANTITY_POWER_A_W, 2185},
             {QUANTITY_POWER_B_W, 2633},
             {QUANTITY_POWER_C_W, 1740},
             {QUANTITY_REACTIVE_VAR, 2156},
             {QUANTITY_APPARENT_VA, 6905},
             {QUANTITY_PF_E3, 950},
             {QUANTITY_VOLTAGE_A_MV, 230000},
             {QUANTITY_VOLTAGE_B_MV, 231000},
             {QUANTITY_VOLTAGE_C_MV, 229000},
             {QUANTITY_VOLTAGE_AB_MV, 399300},
             {QUANTITY_VOLTAGE_BC_MV, 398400},
             {QUANTITY_VOLTAGE_CA_MV, 397500},
             {QUANTITY_CURRENT_A_MA, 10000},
             {QUANTITY_CURRENT_B_MA, 12000},
             {QUANTITY_CURRENT_C_MA, 8000},
             {QUANTITY_CURRENT_N_MA, 3500},
             {QUANTITY_FREQUENCY_MHZ, 50010},
             {QUANTITY_DEMAND_W, 6400}};

static bool is_single_phase(const struct profile *meter)
{
    for (int i = 0; i < meter->n_points; i++) {
        if (meter->point[i].quantity == QUANTITY_VOLTAGE_B_MV ||
            meter->point[i].quantity == QUANTITY_VOLTAGE_AB_MV) {
            return false;
        }
    }
    return true;
}

static void fill_values(const struct profile *meter, struct image_value *values)
{
    for (size_t i = 0; i < sizeof(steel) / sizeof(steel[0]); i++) {
        values[steel[i].quantity] = (struct image_value){steel[i].value, true};
    }
    if (is_single_phase(meter)) {
        values[QUANTITY_POWER_W].value = 2185;
        values[QUANTITY_APPARENT_VA].value = 2300;
    }
    /* 12,345.67 kWh and smaller, in register units */
    for (int q = 0; q < ENERGY_COUNT; q++) {
        int64_t energy_wh = q == 0 ? 12345670 : 1234560 * q;

        values[q] = (struct image_value){
            energy_wh * meter->register_wh.den / meter->register_wh.num, true};
    }
}

static void fill_from(const struct profile *meter)
{
    struct image_value values[QUANTITY_COUNT] = {0};

    memset(&image, 0, sizeof(image));
    fill_values(meter, values);
    for (int i = 0; i < meter->n_points; i++) {
        const struct profile_point *point = &meter->point[i];
        struct request request;
        uint8_t bytes[250];

        (void)span_of(point, &request);
        assert_true(image_read(meter, values, point->function, request.address,
                               request.count, bytes));
        for (int k = 0; k < request.count; k++) {
            image.has[point->function - 3][request.address + k] = true;
            image.word[point->function - 3][request.address + k] =
                (uint16_t)(bytes[(ptrdiff_t)2 * k] << 8 | bytes[(ptrdiff_t)2 * k + 1]);
        }
    }
}

static bool is_same_maker(const char *a, const char *b)
{
    size_t n = strcspn(a, "-");

    return strncmp(a, b, n + 1) == 0;
}

static void every_shipped_profile_is_found_as_itself_or_its_family(void **state)
{
    int n_itself = 0;

    (void)state;
    assert_true(n_profiles >= 30);
    for (int i = 0; i < n_profiles; i++) {
        struct identify_fit fit = {0};

        fill_from(&profile[i]);
        const struct profile *found = best(&fit);

        if (!fit.fits || !is_same_maker(found->id, profile[i].id)) {
            struct sample sample = read_as(&profile[i]);
            struct identify_fit own;

            identify_judge(&profile[i], &sample, &own);
            fail_msg("%s taken for %s: %d to %d points", profile[i].id, found->id,
                     fit.total, own.total);
        }
        n_itself += found == &profile[i];
    }
    /* some of a family hold the same registers: the SDM120, 220 and 230, for example */
    assert_true(n_itself >= n_profiles * 3 / 4);
}

/* --- registers by hand --- */

static void put(int function, uint16_t address, const char *hex)
{
    for (; *hex != '\0'; hex += hex[4] == ' ' ? 5 : 4) {
        char word[5] = {hex[0], hex[1], hex[2], hex[3], '\0'};

        image.has[function - 3][address] = true;
        image.word[function - 3][address++] = (uint16_t)strtoul(word, NULL, 16);
    }
}

/* A DTSU666 as its manual shows it: float32 of tenths of volts, 2300.0 = 450FC000H. */
static void a_dtsu666_by_hand_is_a_chint(void **state)
{
    struct identify_fit fit = {0};

    (void)state;
    memset(&image, 0, sizeof(image));
    put(3, 0x101E, "4640 E6B6");                     /* 12345.678 kWh */
    put(3, 0x1028, "4138 0000");                     /* 11.5 kWh */
    put(3, 0x2000, "4579 C000 4579 C000 4579 C000"); /* 3996 = 399.6 V */
    put(3, 0x2006, "450F C000 450F C000 450F C000"); /* 2300 = 230.0 V */
    put(3, 0x200C, "461C 4000 461C 4000 461C 4000"); /* 10000 = 10 A */
    /* three times 2185.0 W is 6555.0 W: 65550 = 47800700H, 21850 = 46AAB400H */
    put(3, 0x2012, "4780 0700 46AA B400 46AA B400 46AA B400");
    put(3, 0x201A, "46A8 B800"); /* 21596 */
    put(3, 0x202A, "446D 8000"); /* 950 = 0.95 */
    put(3, 0x2044, "459C 4000"); /* 5000 = 50 Hz */

    assert_string_equal(best(&fit)->id, "chint-dtsu666");
    assert_true(fit.fits);
    assert_int_equal(fit.points[IDENTIFY_FREQUENCY], 30);
    assert_int_equal(fit.points[IDENTIFY_POWER_SUM], 15);
    assert_int_equal(fit.points[IDENTIFY_VOLT_AMPERE], 20);
}

static void registers_that_are_all_zero_fit_nothing(void **state)
{
    struct identify_fit fit = {0};

    (void)state;
    memset(&image, 0, sizeof(image));
    memset(image.has, true, sizeof(image.has));

    (void)best(&fit);

    assert_false(fit.fits);
}

static void a_device_that_is_no_meter_fits_nothing(void **state)
{
    struct identify_fit fit = {0};
    uint32_t random = 12345;

    (void)state;
    memset(image.has, true, sizeof(image.has));
    for (int i = 0; i < 2 * SPACE; i++) {
        random = random * 1664525U + 1013904223U;
        image.word[i / SPACE][i % SPACE] = (uint16_t)(random >> 16);
    }

    (void)best(&fit);

    assert_false(fit.fits);
}

static void nothing_answered_fits_nothing(void **state)
{
    struct identify_fit fit = {0};

    (void)state;
    memset(&image, 0, sizeof(image));

    (void)best(&fit);

    assert_false(fit.fits);
    assert_int_equal(fit.present, 0);
}

/* --- single rules --- */

static struct sample sdm630(void)
{
    fill_from(find("eastron-sdm630"));
    return read_as(find("eastron-sdm630"));
}

static struct identify_fit judge(const struct sample *sample)
{
    struct identify_fit fit;

    identify_judge(find("eastron-sdm630"), sample, &fit);
    return fit;
}

static void power_that_is_not_the_sum_of_its_phases_does_not_fit(void **state)
{
    struct sample sample = sdm630();

    (void)state;
    assert_true(judge(&sample).fits);
    sample.value[QUANTITY_POWER_W] = 65600; /* ten times */

    assert_int_equal(judge(&sample).points[IDENTIFY_POWER_SUM], -25);
    assert_false(judge(&sample).fits);
}

static void absurd_energy_does_not_fit(void **state)
{
    struct sample sample = sdm630();

    (void)state;
    sample.value[QUANTITY_ENERGY_IMPORT_WH] = INT64_C(200000000000); /* 200 GWh */

    assert_false(judge(&sample).fits);
}

static void voltages_behind_a_transformer_are_plausible_and_1000_v_are_not(void **state)
{
    struct sample sample = sdm630();

    (void)state;
    for (int i = 0; i < 3; i++) {
        sample.value[QUANTITY_VOLTAGE_A_MV + i] = 57735;
    }
    assert_true(judge(&sample).points[IDENTIFY_VOLTAGE] > 0);
    sample.value[QUANTITY_VOLTAGE_A_MV] = 1000000;

    assert_true(judge(&sample).points[IDENTIFY_VOLTAGE] < 0);
}

static void a_phase_without_voltage_does_not_speak_against_a_profile(void **state)
{
    struct sample sample = sdm630();

    (void)state;
    sample.value[QUANTITY_VOLTAGE_B_MV] = 0;
    sample.value[QUANTITY_VOLTAGE_C_MV] = 0;
    sample.value[QUANTITY_POWER_B_W] = 0;
    sample.value[QUANTITY_POWER_C_W] = 0;
    sample.value[QUANTITY_POWER_W] = 2185;

    assert_true(judge(&sample).points[IDENTIFY_VOLTAGE] > 0);
    assert_true(judge(&sample).fits);
}

static void many_missing_values_do_not_fit(void **state)
{
    struct sample sample = sdm630();

    (void)state;
    sample.present &= ~(0x3FFu << QUANTITY_POWER_W); /* ten of less than thirty */

    assert_false(judge(&sample).fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_profile_is_found_as_itself_or_its_family),
        cmocka_unit_test(a_dtsu666_by_hand_is_a_chint),
        cmocka_unit_test(registers_that_are_all_zero_fit_nothing),
        cmocka_unit_test(a_device_that_is_no_meter_fits_nothing),
        cmocka_unit_test(nothing_answered_fits_nothing),
        cmocka_unit_test(power_that_is_not_the_sum_of_its_phases_does_not_fit),
        cmocka_unit_test(absurd_energy_does_not_fit),
        cmocka_unit_test(voltages_behind_a_transformer_are_plausible_and_1000_v_are_not),
        cmocka_unit_test(a_phase_without_voltage_does_not_speak_against_a_profile),
        cmocka_unit_test(many_missing_values_do_not_fit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
