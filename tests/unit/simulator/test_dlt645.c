#include "tests/support/test.h"
#include "tests/unit/simulator/profile_dlt645.h"
#include "tests/unit/simulator/rig.h"

/* Frames of real meters and masters: meters.md §3.4 names them A1 to K. */

static void start(struct rig *rig, struct known *known, const struct profile *profile,
                  const char *address)
{
    rig_init(rig, known_value, known);
    struct simulated_meter meter = rig_meter(rig, SIMULATOR_DLT645_TCP, profile);

    assert_int_equal(simulator_read_address(address, meter.address), 0);
    assert_int_equal(rig_add(rig, &meter), 0);
    rig_start(rig);
    rig_dial(rig);
}

static void one_value(enum quantity quantity, int64_t value, const char *address,
                      const char *asked, const char *answered)
{
    struct rig rig;
    struct known known = {.has = {false}};

    know(&known, quantity, value);
    start(&rig, &known, &dlt645_profile, address);
    rig_ask_hex(&rig, asked);
    rig_expect_hex(&rig, answered);
    assert_int_equal(simulator_counts(rig.simulator).replies, 1);
    rig_done(&rig);
}

static void captured_values_are_answered_byte_for_byte(void **state)
{
    (void)state;
    /* A1: 0.26 kWh */
    one_value(QUANTITY_ENERGY_IMPORT_WH, 26, "161",
              "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16",
              "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16");
    /* A2: 1.26 kWh, with the preamble of a master */
    one_value(QUANTITY_ENERGY_EXPORT_WH, 126, "161",
              "FE FE FE FE 68 61 01 00 00 00 00 68 11 04 33 33 35 33 15 16",
              "68 61 01 00 00 00 00 68 91 08 33 33 35 33 59 34 33 33 8C 16");
    /* A3: 100.26 kvarh */
    one_value(QUANTITY_REACTIVE_IMPORT_VARH, 10026, "161",
              "68 61 01 00 00 00 00 68 11 04 33 33 36 33 16 16",
              "68 61 01 00 00 00 00 68 91 08 33 33 36 33 59 33 34 33 8D 16");
    /* A4: 100.1 V, asked for alone */
    one_value(QUANTITY_VOLTAGE_A_MV, 100100, "161",
              "68 61 01 00 00 00 00 68 11 04 33 34 34 35 17 16",
              "68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16");
}

static void captured_blocks_are_answered_byte_for_byte(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    know(&known, QUANTITY_VOLTAGE_A_MV, 230300);
    know(&known, QUANTITY_VOLTAGE_B_MV, 0);
    know(&known, QUANTITY_VOLTAGE_C_MV, 0);
    know(&known, QUANTITY_CURRENT_A_MA, 188);
    know(&known, QUANTITY_CURRENT_B_MA, 0);
    know(&known, QUANTITY_CURRENT_C_MA, 0);
    start(&rig, &known, &dlt645_profile, "181226034194");
    rig_ask_hex(&rig, "68 94 41 03 26 12 18 68 11 04 33 32 34 35 DB 16"); /* B2 */
    rig_expect_hex(&rig,
                   "68 94 41 03 26 12 18 68 91 0A 33 32 34 35 36 56 33 33 33 33 B9 16");
    rig_ask_hex(&rig, "68 94 41 03 26 12 18 68 11 04 33 32 35 35 DC 16"); /* B3 */
    rig_expect_hex(
        &rig, "68 94 41 03 26 12 18 68 91 0D 33 32 35 35 BB 34 33 33 33 33 33 33 33 B9 16");
    rig_ask_hex(&rig, "68 AA AA AA AA AA AA 68 13 00 DF 16"); /* B1 */
    rig_expect_hex(&rig, "68 94 41 03 26 12 18 68 93 06 C7 74 36 59 45 4B EB 16");
    rig_done(&rig);
}

static void missing_value_is_ff_and_an_unknown_identifier_an_error(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    know(&known, QUANTITY_VOLTAGE_A_MV, 225600);
    start(&rig, &known, &dlt645_profile, "201000000012");
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 33 32 34 35 F5 16"); /* C2 */
    rig_expect_hex(&rig,
                   "68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16");
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 33 33 34 36 F7 16"); /* C5 */
    rig_expect_hex(&rig, "68 12 00 00 00 10 20 68 D1 01 35 19 16");
    rig_ask_hex(&rig, "68 AA AA AA AA AA AA 68 13 00 DF 16"); /* C6 */
    rig_expect_hex(&rig, "68 12 00 00 00 10 20 68 93 06 45 33 33 33 43 53 1F 16");
    assert_int_equal(simulator_counts(rig.simulator).refused, 1);
    rig_done(&rig);
}

static void clock_and_numbers_are_known_to_every_meter(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    start(&rig, &known, &dlt645_profile, "201000000012");
    /* 2026-11-21, weekday 6: 06 21 11 26 + 33H; 08:00:00 */
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 34 34 33 37 F9 16");
    rig_expect_hex(&rig, "68 12 00 00 00 10 20 68 91 08 34 34 33 37 39 54 44 59 A7 16");
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 35 34 33 37 FA 16");
    rig_expect_hex(&rig, "68 12 00 00 00 10 20 68 91 07 35 34 33 37 33 33 3B 1E 16");
    /* 04000402, the meter's number: here its address */
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 35 37 33 37 FD 16");
    rig_expect_hex(&rig,
                   "68 12 00 00 00 10 20 68 91 0A 35 37 33 37 45 33 33 33 43 53 F7 16");
    rig_done(&rig);
}

static void negative_value_has_the_sign_in_its_top_bit(void **state)
{
    (void)state; /* -0.962: 62 89 */
    one_value(QUANTITY_PF_E3, -962, "161",
              "68 61 01 00 00 00 00 68 11 04 33 33 39 35 1B 16",
              "68 61 01 00 00 00 00 68 91 06 33 33 39 35 95 BC EE 16");
}

static void meter_of_1997_answers_its_own_function_only(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    know(&known, QUANTITY_ENERGY_IMPORT_WH, 1);
    start(&rig, &known, &old_profile, "138000130754");
    rig_ask_hex(&rig, "68 54 07 13 00 80 13 68 01 02 43 C3 DA 16"); /* K */
    rig_expect_hex(&rig, "68 54 07 13 00 80 13 68 81 06 43 C3 34 33 33 33 2B 16");
    rig_ask_hex(&rig, "68 54 07 13 00 80 13 68 11 04 33 33 34 33 B3 16");
    rig_expect_hex(&rig, "");
    rig_done(&rig);
}

static void preamble_is_as_many_as_wanted(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};
    struct simulated_meter meter;

    (void)state;
    know(&known, QUANTITY_ENERGY_IMPORT_WH, 186);
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_DLT645, &dlt645_profile);
    assert_int_equal(simulator_read_address("201709320072", meter.address), 0);
    meter.preamble = 2;
    assert_int_equal(rig_add(&rig, &meter), 0);
    rig_start(&rig);
    rig_dial(&rig); /* D, over a pty */
    rig_ask_hex(&rig, "68 72 00 32 09 17 20 68 11 04 33 33 34 33 96 16");
    rig_expect_hex(&rig,
                   "FE FE 68 72 00 32 09 17 20 68 91 08 33 33 34 33 B9 34 33 33 6D 16");
    rig_done(&rig);
}

/* C1: 1.29; 0.62 0.60 0.03 0.02 kWh */
static void start_tariffs(struct rig *rig, struct known *known, uint8_t frame_bytes)
{
    static const int64_t shown[] = {129, 62, 60, 3};

    for (int i = 0; i < 4; i++) {
        know(known, (enum quantity)i, shown[i]);
    }
    know(known, QUANTITY_POWER_W, 2);
    rig_init(rig, known_value, known);
    struct simulated_meter meter = rig_meter(rig, SIMULATOR_DLT645_TCP, &tariff_profile);

    assert_int_equal(simulator_read_address("201000000012", meter.address), 0);
    meter.frame_bytes = frame_bytes;
    assert_int_equal(rig_add(rig, &meter), 0);
    rig_start(rig);
    rig_dial(rig);
}

#define ASK_BLOCK "68 12 00 00 00 10 20 68 11 04 33 32 34 33 F3 16"

static void block_that_fits_comes_in_one_frame(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    start_tariffs(&rig, &known, 0);
    rig_ask_hex(&rig, ASK_BLOCK);
    rig_expect_hex(&rig,
                   "68 12 00 00 00 10 20 68 91 18 33 32 34 33 5C 34 33 33 95 33 33 33 93 "
                   "33 33 33 36 33 33 33 35 33 33 33 74 16");
    rig_done(&rig);
}

static void block_that_does_not_fit_comes_in_numbered_frames(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    start_tariffs(&rig, &known, 12); /* 8, 7, 5 bytes of the block */
    rig_ask_hex(&rig, ASK_BLOCK);
    rig_expect_hex(
        &rig, "68 12 00 00 00 10 20 68 B1 0C 33 32 34 33 5C 34 33 33 95 33 33 33 BF 16");
    for (int i = 0; i < 2; i++) { /* a frame that was lost can be had again */
        rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 12 05 33 32 34 33 34 29 16");
        rig_expect_hex(
            &rig,
            "68 12 00 00 00 10 20 68 B2 0C 33 32 34 33 93 33 33 33 36 33 33 34 98 16");
    }
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 12 05 33 32 34 33 35 2A 16");
    rig_expect_hex(&rig,
                   "68 12 00 00 00 10 20 68 92 0A 33 32 34 33 33 35 33 33 33 35 B0 16");
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 12 05 33 32 34 33 36 2B 16");
    rig_expect_hex(&rig, "68 12 00 00 00 10 20 68 D2 01 35 1A 16");
    rig_done(&rig);
}

static void wildcard_reaches_one_meter_and_collides_with_two(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};
    struct simulated_meter meter;

    (void)state;
    know(&known, QUANTITY_ENERGY_IMPORT_WH, 26);
    start(&rig, &known, &dlt645_profile, "161");
    /* AA in front of the last two digits: the answer comes from the real address */
    rig_ask_hex(&rig, "68 61 AA AA AA AA AA 68 11 04 33 33 34 33 65 16");
    rig_expect_hex(&rig, "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16");
    rig_done(&rig);

    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_DLT645, &dlt645_profile);
    assert_int_equal(simulator_read_address("161", meter.address), 0);
    assert_int_equal(rig_add(&rig, &meter), 0);
    assert_int_equal(simulator_read_address("201000000012", meter.address), 0);
    assert_int_equal(rig_add(&rig, &meter), 1);
    rig_start(&rig);
    rig_dial(&rig);
    rig_ask_hex(&rig, "68 AA AA AA AA AA AA 68 13 00 DF 16");
    /* 61 01 00 00 00 00 and 12 00 00 00 10 20, wired AND: neither of them */
    assert_int_equal(rig.n, 18);
    assert_memory_equal(rig.heard, "\x68\x00\x00\x00\x00\x00\x00\x68\x93\x06", 10);
    rig_done(&rig);
}

static void what_would_change_a_meter_is_refused_and_counted(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    start(&rig, &known, &dlt645_profile, "161");
    rig_ask_hex(&rig,
                "68 61 01 00 00 00 00 68 14 0C 34 37 33 37 33 33 33 33 33 33 33 33 BF 16");
    rig_expect_hex(&rig, "68 61 01 00 00 00 00 68 D4 01 37 3E 16");
    rig_ask_hex(&rig, "68 99 99 99 99 99 99 68 08 06 33 33 33 33 33 33 A6 16");
    rig_expect_hex(&rig, ""); /* a broadcast is never answered */
    assert_int_equal(simulator_counts(rig.simulator).writes, 2);
    rig_done(&rig);
}

static void other_address_bad_checksum_and_noise_get_no_answer(void **state)
{
    struct rig rig;
    struct known known = {.has = {false}};

    (void)state;
    know(&known, QUANTITY_ENERGY_IMPORT_WH, 26);
    start(&rig, &known, &dlt645_profile, "161");
    rig_ask_hex(&rig, "68 62 01 00 00 00 00 68 11 04 33 33 34 33 15 16");
    rig_expect_hex(&rig, "");
    rig_ask_hex(&rig, "68 61 01 00 00 00 00 68 11 04 33 33 34 33 15 16"); /* CS + 1 */
    rig_expect_hex(&rig, "");
    rig_ask_hex(&rig, "68 00 16 68 68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16");
    rig_expect_hex(&rig, "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16");
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captured_values_are_answered_byte_for_byte),
        cmocka_unit_test(captured_blocks_are_answered_byte_for_byte),
        cmocka_unit_test(missing_value_is_ff_and_an_unknown_identifier_an_error),
        cmocka_unit_test(clock_and_numbers_are_known_to_every_meter),
        cmocka_unit_test(negative_value_has_the_sign_in_its_top_bit),
        cmocka_unit_test(meter_of_1997_answers_its_own_function_only),
        cmocka_unit_test(preamble_is_as_many_as_wanted),
        cmocka_unit_test(block_that_fits_comes_in_one_frame),
        cmocka_unit_test(block_that_does_not_fit_comes_in_numbered_frames),
        cmocka_unit_test(wildcard_reaches_one_meter_and_collides_with_two),
        cmocka_unit_test(what_would_change_a_meter_is_refused_and_counted),
        cmocka_unit_test(other_address_bad_checksum_and_noise_get_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
