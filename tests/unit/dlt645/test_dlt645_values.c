/* Planning by identifier; BCD, sign and "no value" rules. */
#include <ecmon/err.h>

#include "drivers/dlt645/dlt645.h"
#include "tests/support/test.h"
#include "tests/unit/dlt645/captured.h"

#define ALL_GROUPS 0xfU
#define CAP        16

static struct profile_point point_at(enum quantity quantity, uint32_t id, uint16_t offset,
                                     uint8_t bytes, bool is_signed)
{
    return (struct profile_point){
        .quantity = quantity,
        .n_parts = 1,
        .part = {{.scale = {1, 1}}},
        .data = {.id = id, .offset = offset, .bytes = bytes, .is_signed = is_signed}};
}

/* Energy alone, voltages as a block with single identifiers, frequency alone. */
static struct profile meter_profile(struct profile_point points[5])
{
    points[0] = point_at(QUANTITY_ENERGY_IMPORT_WH, 0x00010000, 0, 4, false);
    points[1] = point_at(QUANTITY_VOLTAGE_A_MV, 0x0201FF00, 0, 2, false);
    points[2] = point_at(QUANTITY_VOLTAGE_B_MV, 0x0201FF00, 2, 2, false);
    points[3] = point_at(QUANTITY_VOLTAGE_C_MV, 0x0201FF00, 4, 2, false);
    points[4] = point_at(QUANTITY_FREQUENCY_MHZ, 0x02800002, 0, 2, false);
    points[1].data.single_id = 0x02010100;
    points[2].data.single_id = 0x02010200;
    return (struct profile){
        .protocol = PROFILE_DLT645_2007, .n_points = 5, .point = points};
}

static int plan(const struct profile *profile, uint32_t groups, const uint32_t *refused,
                uint32_t refused_n, struct request *ret_requests)
{
    struct plan_options options = {
        .groups = groups, .refused = refused, .refused_n = refused_n};

    (void)dlt645_address_of_text("201000000012", options.meter_address);
    return dlt645_driver()->plan(profile, &options, ret_requests, CAP);
}

static void a_block_is_one_request(void **state)
{
    (void)state;
    struct profile_point points[5];
    struct profile profile = meter_profile(points);
    struct request requests[CAP];

    assert_int_equal(plan(&profile, ALL_GROUPS, NULL, 0, requests), 3);
    assert_int_equal(requests[0].data_id, 0x00010000);
    assert_int_equal(requests[0].count, 4);
    assert_int_equal(requests[1].data_id, 0x0201FF00);
    assert_int_equal(requests[1].count, 6);
    assert_int_equal(requests[2].data_id, 0x02800002);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(requests[i].function, 0x11);
        assert_int_equal(requests[i].edition, PROFILE_DLT645_2007);
        assert_int_equal(requests[i].meter_address[5], 0x20);
        assert_int_equal(requests[i].sequence, 0);
    }
    /* FE FE FE FE, 12, identifier, data */
    assert_int_equal(dlt645_driver()->reply_bytes(&requests[1]), 4 + 12 + 4 + 6);
    assert_true(dlt645_driver()->holds(&points[3], &requests[1]));
    assert_false(dlt645_driver()->holds(&points[3], &requests[0]));
}

static void only_wanted_groups_are_asked(void **state)
{
    (void)state;
    struct profile_point points[5];
    struct profile profile = meter_profile(points);
    struct request requests[CAP];

    assert_int_equal(plan(&profile, 1U << QUANTITY_GROUP_ENERGY, NULL, 0, requests), 1);
    assert_int_equal(requests[0].data_id, 0x00010000);
    assert_int_equal(plan(&profile, 0, NULL, 0, requests), 0);
}

static void a_refused_block_is_asked_one_by_one(void **state)
{
    (void)state;
    static const uint32_t refused[] = {0x0201FF00, 0x02010200};
    struct profile_point points[5];
    struct profile profile = meter_profile(points);
    struct request requests[CAP];
    struct sample sample = {0};
    uint8_t payload[] = {0x89, 0x55}; /* 225.6 V of frame C2 */

    assert_int_equal(plan(&profile, ALL_GROUPS, refused, 1, requests), 4);
    assert_int_equal(requests[1].data_id, 0x02010100);
    assert_int_equal(requests[1].count, 2);
    assert_int_equal(requests[2].data_id, 0x02010200);
    assert_int_equal(
        dlt645_driver()->decode(&profile, &requests[2], payload, 2, ALL_GROUPS, &sample),
        0);
    assert_int_equal(sample.present, 1U << QUANTITY_VOLTAGE_B_MV);
    assert_int_equal(sample.value[QUANTITY_VOLTAGE_B_MV], 2256);
    assert_int_equal(plan(&profile, ALL_GROUPS, refused, 2, requests), 3);
    assert_int_equal(requests[1].data_id, 0x02010100);
}

static void plan_refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct profile_point points[5];
    struct profile profile = meter_profile(points);
    struct plan_options options = {.groups = ALL_GROUPS};
    struct request requests[CAP];

    assert_int_equal(dlt645_driver()->plan(&profile, &options, requests, 2), ERR_RANGE);
    assert_int_equal(dlt645_driver()->plan(&profile, &options, requests, 3), 3);
    profile.protocol = PROFILE_MODBUS;
    assert_int_equal(dlt645_driver()->plan(&profile, &options, requests, CAP), ERR_RANGE);
}

static void the_old_edition_is_asked_with_its_function(void **state)
{
    (void)state;
    struct profile_point point = point_at(QUANTITY_ENERGY_IMPORT_WH, 0x9010, 0, 4, false);
    struct profile profile = {
        .protocol = PROFILE_DLT645_1997, .n_points = 1, .point = &point};
    struct request requests[CAP];

    assert_int_equal(plan(&profile, ALL_GROUPS, NULL, 0, requests), 1);
    assert_int_equal(requests[0].function, 0x01);
    assert_int_equal(requests[0].edition, PROFILE_DLT645_1997);
    assert_int_equal(dlt645_driver()->reply_bytes(&requests[0]), 4 + 12 + 2 + 4);
}

#define NO_VALUE INT64_MIN

/* One value out of the bytes as they stand in the standard, 33H not yet added. */
static int64_t value_of(struct profile_point point, const char *hex)
{
    struct profile profile = {
        .protocol = PROFILE_DLT645_2007, .n_points = 1, .point = &point};
    struct request request = read_of(point.data.id);
    struct sample sample = {.value[0] = 77};
    uint8_t payload[64];
    size_t n = bytes_of_hex(hex, payload);

    for (size_t i = 0; i < n; i++) {
        payload[i] = (uint8_t)(payload[i] + 0x33);
    }
    int without =
        dlt645_driver()->decode(&profile, &request, payload, n, ALL_GROUPS, &sample);

    assert_int_equal(without, sample.present == 0 ? 1 : 0);
    return sample.present != 0 ? sample.value[point.quantity] : NO_VALUE;
}

static void digits_come_low_byte_first(void **state)
{
    (void)state;
    assert_true(value_of(point_at(QUANTITY_ENERGY_IMPORT_WH, 0, 0, 4, false),
                         "56 34 12 00") == 123456);
    assert_true(value_of(point_at(QUANTITY_ENERGY_IMPORT_WH, 0, 0, 4, false),
                         "99 99 99 99") == 99999999);
    assert_true(value_of(point_at(QUANTITY_POWER_W, 0, 0, 1, false), "07") == 7);
    assert_true(value_of(point_at(QUANTITY_POWER_W, 0, 0, 8, false),
                         "99 99 99 99 99 99 99 99") == INT64_C(9999999999999999));
    assert_true(value_of(point_at(QUANTITY_POWER_W, 0, 2, 2, false), "11 22 34 12 55") ==
                1234);
}

static void the_top_bit_is_the_sign_where_there_is_one(void **state)
{
    (void)state;
    struct profile_point power = point_at(QUANTITY_POWER_W, 0, 0, 3, true);

    assert_true(value_of(power, "56 34 12") == 123456);
    assert_true(value_of(power, "56 34 92") == -123456);
    assert_true(value_of(power, "99 99 79") == 799999);
    assert_true(value_of(power, "99 99 F9") == -799999);
    assert_true(value_of(power, "00 00 80") == 0);
    power.data.is_signed = false;
    assert_true(value_of(power, "56 34 92") == 923456);
    assert_true(value_of(power, "99 99 F9") == NO_VALUE);
}

static void no_nibble_above_nine_is_a_number(void **state)
{
    (void)state;
    struct profile_point voltage = point_at(QUANTITY_VOLTAGE_A_MV, 0, 0, 2, false);
    char hex[6];

    for (unsigned bits = 0; bits < 0x10000; bits++) {
        bool is_bcd = (bits & 0xf) <= 9 && (bits >> 4 & 0xf) <= 9 &&
                      (bits >> 8 & 0xf) <= 9 && bits >> 12 <= 9;

        (void)snprintf(hex, sizeof(hex), "%02X %02X", bits & 0xff, bits >> 8);
        assert_int_equal(value_of(voltage, hex) != NO_VALUE, is_bcd);
    }
    voltage.data.is_signed = true;
    assert_true(value_of(voltage, "FF FF") == NO_VALUE);
    assert_true(value_of(voltage, "FF 7F") == NO_VALUE);
}

static void a_block_is_as_long_as_the_meter_has_values(void **state)
{
    (void)state;
    struct profile_point points[5];
    struct profile profile = meter_profile(points);
    struct request request = read_of(0x0201FF00);
    struct sample sample = {0};
    static const uint8_t payload[] = {0x89, 0x55, 0x32, 0x32, 0x32}; /* 225.6, FFFF, half */

    assert_int_equal(
        dlt645_driver()->decode(&profile, &request, payload, 5, ALL_GROUPS, &sample), 2);
    assert_int_equal(sample.present, 1U << QUANTITY_VOLTAGE_A_MV);
    assert_int_equal(dlt645_driver()->decode(&profile, &request, payload, 5,
                                             1U << QUANTITY_GROUP_ENERGY, &sample),
                     0);
}

static void scales_are_exact_and_rounded_once(void **state)
{
    (void)state;
    struct profile_point power = point_at(QUANTITY_POWER_W, 0, 0, 3, true);

    power.part[0].scale = (struct ratio){1, 10}; /* XX.XXXX kW in W */
    assert_true(value_of(power, "56 34 12") == 12346);
    assert_true(value_of(power, "55 34 12") == 12346); /* 12345.5 */
    assert_true(value_of(power, "55 34 92") == -12346);
    assert_true(value_of(power, "54 34 12") == 12345);
    power.part[0].scale = (struct ratio){INT64_MAX, 1};
    assert_true(value_of(power, "02 00 00") == NO_VALUE);
    power.part[0].scale = (struct ratio){1, INT64_MAX};
    assert_true(value_of(power, "02 00 00") == 0);
}

static void energies_below_zero_and_implausible_values_are_none(void **state)
{
    (void)state;
    struct profile_point energy = point_at(QUANTITY_REACTIVE_IMPORT_VARH, 0, 0, 4, true);
    struct profile_point hz = point_at(QUANTITY_FREQUENCY_MHZ, 0, 0, 2, false);

    assert_true(value_of(energy, "01 00 00 80") == NO_VALUE);
    assert_true(value_of(energy, "01 00 00 00") == 1);
    hz.part[0].scale = (struct ratio){10, 1};
    hz.has_range = true;
    hz.min = 45000;
    hz.max = 65000;
    assert_true(value_of(hz, "01 50") == 50010);
    assert_true(value_of(hz, "00 45") == 45000);
    assert_true(value_of(hz, "99 44") == NO_VALUE);
    assert_true(value_of(hz, "01 65") == NO_VALUE);
}

/* Payloads of follow-up frames are decoded joined, with the first request. */
static void joined_frames_are_one_block(void **state)
{
    (void)state;
    struct profile_point point =
        point_at(QUANTITY_ENERGY_IMPORT_WH, 0x0001FF00, 198, 4, false);
    struct profile profile = {
        .protocol = PROFILE_DLT645_2007, .n_points = 1, .point = &point};
    struct request request = read_of(0x0001FF00);
    struct sample sample = {0};
    uint8_t joined[256];

    memset(joined, 0x33, sizeof(joined));
    joined[198] = 0x89;
    joined[199] = 0x67;
    assert_int_equal(
        dlt645_driver()->decode(&profile, &request, joined, 201, ALL_GROUPS, &sample), 1);
    assert_int_equal(
        dlt645_driver()->decode(&profile, &request, joined, 202, ALL_GROUPS, &sample), 0);
    assert_int_equal(sample.value[QUANTITY_ENERGY_IMPORT_WH], 3456);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_one_request),
        cmocka_unit_test(only_wanted_groups_are_asked),
        cmocka_unit_test(a_refused_block_is_asked_one_by_one),
        cmocka_unit_test(plan_refuses_what_does_not_fit),
        cmocka_unit_test(the_old_edition_is_asked_with_its_function),
        cmocka_unit_test(digits_come_low_byte_first),
        cmocka_unit_test(the_top_bit_is_the_sign_where_there_is_one),
        cmocka_unit_test(no_nibble_above_nine_is_a_number),
        cmocka_unit_test(a_block_is_as_long_as_the_meter_has_values),
        cmocka_unit_test(scales_are_exact_and_rounded_once),
        cmocka_unit_test(energies_below_zero_and_implausible_values_are_none),
        cmocka_unit_test(joined_frames_are_one_block),
    };

    return cmocka_run_group_tests_name("dlt645 values", tests, NULL, NULL);
}
