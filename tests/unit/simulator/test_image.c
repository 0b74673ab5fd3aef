#include "drivers/simulator/image.h"
#include "tests/support/test.h"
#include "tests/unit/simulator/profile.h"

/* Register contents are worked out by hand. */

static struct image_value values[QUANTITY_COUNT];

static int clear(void **state)
{
    (void)state;
    memset(values, 0, sizeof(values));
    return 0;
}

static void set(enum quantity quantity, int64_t value)
{
    values[quantity] = (struct image_value){value, true};
}

static void expect(uint8_t function, uint16_t address, uint16_t count,
                   const uint16_t *registers)
{
    uint8_t bytes[250];

    assert_true(image_read(&sample_profile, values, function, address, count, bytes));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bytes[2 * i] << 8 | bytes[2 * i + 1], registers[i]);
    }
}

static void floats_take_the_quotient_in_either_word_order(void **state)
{
    (void)state;
    set(QUANTITY_VOLTAGE_A_MV, 230150); /* 230.15 V = 0x43662666 */
    set(QUANTITY_POWER_W, 333630);      /* 0x48a2e7c0 */
    expect(4, 0, 4, (const uint16_t[]){0x4366, 0x2666, 0xe7c0, 0x48a2});
}

static void integers_are_big_endian_and_signed_ones_twos_complement(void **state)
{
    (void)state;
    set(QUANTITY_POWER_A_W, -5);
    set(QUANTITY_FREQUENCY_MHZ, 50010);
    set(QUANTITY_ENERGY_IMPORT_WH, INT64_C(1234567890123)); /* 0x11f71fb04cb */
    set(QUANTITY_PF_E3, -962);
    expect(3, 100, 2, (const uint16_t[]){0xffff, 0xfffb});
    expect(3, 102, 1, (const uint16_t[]){5001});
    expect(3, 103, 4, (const uint16_t[]){0x0000, 0x011f, 0x71fb, 0x04cb});
    expect(3, 111, 1, (const uint16_t[]){0xfc3e});
}

static void swapped_integer_has_its_low_word_first(void **state)
{
    (void)state;
    set(QUANTITY_CURRENT_A_MA, 502300); /* 0x7aa1c */
    expect(3, 107, 2, (const uint16_t[]){0xaa1c, 0x0007});
}

static void value_between_two_counts_is_rounded_half_away_from_zero(void **state)
{
    (void)state;
    set(QUANTITY_FREQUENCY_MHZ, 50015);
    expect(3, 102, 1, (const uint16_t[]){5002});
}

static void plus_and_minus_share_no_value(void **state)
{
    (void)state;
    set(QUANTITY_POWER_B_W, 700);
    expect(3, 109, 2, (const uint16_t[]){700, 0});
    set(QUANTITY_POWER_B_W, -700);
    expect(3, 109, 2, (const uint16_t[]){0, 700});
    set(QUANTITY_POWER_B_W, 0);
    expect(3, 109, 2, (const uint16_t[]){0, 0});
}

static void sum_of_two_registers_is_the_value(void **state)
{
    (void)state;
    set(QUANTITY_REACTIVE_IMPORT_VARH, 1234567);
    expect(3, 112, 3, (const uint16_t[]){0, 1234, 567});
    set(QUANTITY_REACTIVE_IMPORT_VARH, 999);
    expect(3, 112, 3, (const uint16_t[]){0, 0, 999});
}

static void decimal_digits_are_packed_by_four_bits(void **state)
{
    (void)state;
    set(QUANTITY_ENERGY_EXPORT_WH, 12345678);
    expect(3, 116, 2, (const uint16_t[]){0x1234, 0x5678});
}

static void value_that_is_missing_shows_as_nan_or_its_code_or_zero(void **state)
{
    (void)state;
    expect(4, 0, 4, (const uint16_t[]){0x7fc0, 0, 0, 0x7fc0});
    expect(3, 102, 1, (const uint16_t[]){0xffff});
    expect(3, 111, 1, (const uint16_t[]){0});
}

static void half_a_value_and_a_hole_can_be_read(void **state)
{
    (void)state;
    set(QUANTITY_POWER_A_W, 0x12345678);
    set(QUANTITY_ENERGY_EXPORT_WH, 12345678);
    expect(3, 101, 1, (const uint16_t[]){0x5678});
    expect(3, 115, 2, (const uint16_t[]){0, 0x1234}); /* 115 holds nothing */
}

static void span_outside_the_map_is_refused(void **state)
{
    uint8_t bytes[250];

    (void)state;
    assert_true(image_read(&sample_profile, values, 3, 100, 18, bytes));
    assert_false(image_read(&sample_profile, values, 3, 99, 2, bytes));
    assert_false(image_read(&sample_profile, values, 3, 117, 2, bytes));
    assert_false(image_read(&sample_profile, values, 3, 0, 1, bytes));
    assert_false(image_read(&sample_profile, values, 4, 65535, 125, bytes));
    assert_false(image_read(&sample_profile, values, 1, 0, 1, bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(floats_take_the_quotient_in_either_word_order, clear),
        cmocka_unit_test_setup(integers_are_big_endian_and_signed_ones_twos_complement,
                               clear),
        cmocka_unit_test_setup(swapped_integer_has_its_low_word_first, clear),
        cmocka_unit_test_setup(value_between_two_counts_is_rounded_half_away_from_zero,
                               clear),
        cmocka_unit_test_setup(plus_and_minus_share_no_value, clear),
        cmocka_unit_test_setup(sum_of_two_registers_is_the_value, clear),
        cmocka_unit_test_setup(decimal_digits_are_packed_by_four_bits, clear),
        cmocka_unit_test_setup(value_that_is_missing_shows_as_nan_or_its_code_or_zero,
                               clear),
        cmocka_unit_test_setup(half_a_value_and_a_hole_can_be_read, clear),
        cmocka_unit_test_setup(span_outside_the_map_is_refused, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
