#include "drivers/modbus/modbus.h"
#include "tests/support/test.h"

#define ALL_GROUPS 0xfU

static struct profile_point point_of(enum quantity quantity, uint16_t address,
                                     enum register_type type, int64_t num, int64_t den)
{
    return (struct profile_point){
        .quantity = quantity,
        .function = 3,
        .n_parts = 1,
        .part = {{.address = address, .type = type, .scale = {num, den}}},
    };
}

static struct profile_point pair_of(struct profile_part a, struct profile_part b)
{
    return (struct profile_point){
        .quantity = QUANTITY_POWER_W, .function = 3, .n_parts = 2, .part = {a, b}};
}

/* Decodes a reply that begins at register 0. Returns decode's result. */
static int decode_points(struct profile_point *points, int n_points, const uint8_t *payload,
                         size_t n, struct sample *ret_sample)
{
    struct profile profile = {.max_registers = 125,
                              .register_wh = {10, 1},
                              .n_points = n_points,
                              .point = points};
    struct request request = {.unit = 1, .function = 3, .count = (uint16_t)(n / 2)};
    /* a copy of exactly n bytes, so that the sanitizer sees a read beyond them */
    uint8_t *copy = malloc(n);

    assert_non_null(copy);
    memcpy(copy, payload, n);
    *ret_sample = (struct sample){0};
    int without =
        modbus_tcp_driver()->decode(&profile, &request, copy, n, ALL_GROUPS, ret_sample);

    free(copy);
    return without;
}

static void assert_value(struct profile_point point, const uint8_t *payload, size_t n,
                         int64_t wanted)
{
    struct sample sample;

    assert_int_equal(decode_points(&point, 1, payload, n, &sample), 0);
    assert_true(sample_has(&sample, point.quantity));
    assert_int_equal(sample.value[point.quantity], wanted);
}

static void assert_no_value(struct profile_point point, const uint8_t *payload, size_t n)
{
    struct sample sample;

    assert_int_equal(decode_points(&point, 1, payload, n, &sample), 1);
    assert_int_equal(sample.present, 0);
    assert_int_equal(sample.value[point.quantity], 0);
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* SDM630, meters.md: the float nearest 230.2 is 230.19999694…, so 230200 mV. */
static void an_sdm630_voltage_is_230_2_volts(void **state)
{
    (void)state;
    assert_value(point_of(QUANTITY_VOLTAGE_A_MV, 0, REGISTER_F32, 1000, 1),
                 BYTES(0x43, 0x66, 0x33, 0x34), 230200);
}

static void a_swapped_voltage_needs_swapped_order(void **state)
{
    (void)state;
    struct profile_point point = point_of(QUANTITY_VOLTAGE_A_MV, 0, REGISTER_F32, 1000, 1);

    point.part[0].order = WORD_ORDER_SW;
    assert_value(point, BYTES(0x33, 0x34, 0x43, 0x66), 230200);
}

/* DTSU666: 2302.0 in tenths of a volt is 45 0F E0 00. */
static void a_dtsu666_float_carries_a_decimal_factor(void **state)
{
    (void)state;
    assert_value(point_of(QUANTITY_VOLTAGE_A_MV, 0, REGISTER_F32, 100, 1),
                 BYTES(0x45, 0x0f, 0xe0, 0x00), 230200);
}

/* ADL400: u16 2302 = 230.2 V; u32 in 0.01 kWh; s32 in W. */
static void an_adl400_mixes_widths(void **state)
{
    (void)state;
    struct profile_point points[] = {
        point_of(QUANTITY_ENERGY_IMPORT_WH, 0, REGISTER_U32, 1, 1),
        point_of(QUANTITY_VOLTAGE_A_MV, 2, REGISTER_U16, 100, 1),
        point_of(QUANTITY_POWER_W, 3, REGISTER_S32, 1, 1),
    };
    struct sample sample;

    assert_int_equal(
        decode_points(points, 3,
                      BYTES(0x04, 0x5b, 0x37, 0xd8, 0x08, 0xfe, 0xff, 0xff, 0xfb, 0x2e),
                      &sample),
        0);
    assert_int_equal(sample.value[QUANTITY_ENERGY_IMPORT_WH], 73086936);
    assert_int_equal(sample.value[QUANTITY_VOLTAGE_A_MV], 230200);
    assert_int_equal(sample.value[QUANTITY_POWER_W], -1234);
}

static void every_integer_type_keeps_its_extremes(void **state)
{
    (void)state;
    enum quantity q = QUANTITY_POWER_W;

    assert_value(point_of(q, 0, REGISTER_U16, 1, 1), BYTES(0xff, 0xff), 65535);
    assert_value(point_of(q, 0, REGISTER_S16, 1, 1), BYTES(0x80, 0x00), -32768);
    assert_value(point_of(q, 0, REGISTER_U32, 1, 1), BYTES(0xff, 0xff, 0xff, 0xff),
                 4294967295);
    assert_value(point_of(q, 0, REGISTER_S32, 1, 1), BYTES(0x80, 0, 0, 0), -2147483648);
    assert_value(point_of(q, 0, REGISTER_S64, 1, 1), BYTES(0x80, 0, 0, 0, 0, 0, 0, 1),
                 -INT64_MAX);
    assert_value(point_of(q, 0, REGISTER_U64, 1, 1),
                 BYTES(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), INT64_MAX);
    assert_no_value(point_of(q, 0, REGISTER_U64, 1, 1), BYTES(0x80, 0, 0, 0, 0, 0, 0, 0));
    assert_value(point_of(q, 0, REGISTER_U64, 1, 4), BYTES(0x80, 0, 0, 0, 0, 0, 0, 0),
                 INT64_C(1) << 61);
}

static void words_swap_in_all_widths(void **state)
{
    (void)state;
    struct profile_point two = point_of(QUANTITY_POWER_W, 0, REGISTER_S32, 1, 1);
    struct profile_point four = point_of(QUANTITY_POWER_W, 0, REGISTER_U64, 1, 1);

    two.part[0].order = WORD_ORDER_SW;
    four.part[0].order = WORD_ORDER_SW;
    assert_value(two, BYTES(0xfb, 0x2e, 0xff, 0xff), -1234);
    assert_value(four, BYTES(0x00, 0x04, 0x00, 0x03, 0x00, 0x02, 0x00, 0x01),
                 0x0001000200030004);
}

static void bcd_digits_are_decimal_and_nibbles_above_nine_are_no_value(void **state)
{
    (void)state;
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_BCD16, 1, 1), BYTES(0x98, 0x76),
                 9876);
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_BCD32, 1, 1),
                 BYTES(0x12, 0x34, 0x56, 0x78), 12345678);
    assert_no_value(point_of(QUANTITY_POWER_W, 0, REGISTER_BCD16, 1, 1), BYTES(0x9a, 0x76));
    assert_no_value(point_of(QUANTITY_POWER_W, 0, REGISTER_BCD32, 1, 1),
                    BYTES(0xff, 0xff, 0xff, 0xff));
}

static void floats_that_are_no_numbers_are_no_value(void **state)
{
    (void)state;
    struct profile_point single = point_of(QUANTITY_POWER_W, 0, REGISTER_F32, 1000, 1);
    struct profile_point twice = point_of(QUANTITY_POWER_W, 0, REGISTER_F64, 1000, 1);

    assert_no_value(single, BYTES(0x7f, 0xc0, 0x00, 0x00)); /* quiet NaN */
    assert_no_value(single, BYTES(0xff, 0xc0, 0x00, 0x00)); /* Schneider's missing value */
    assert_no_value(single, BYTES(0x7f, 0x80, 0x00, 0x01)); /* signalling NaN */
    assert_no_value(single, BYTES(0x7f, 0x80, 0x00, 0x00)); /* +inf */
    assert_no_value(single, BYTES(0xff, 0x80, 0x00, 0x00)); /* -inf */
    assert_no_value(single, BYTES(0x00, 0x7f, 0xff, 0xff)); /* denormal */
    assert_no_value(single, BYTES(0x80, 0x00, 0x00, 0x01));
    assert_no_value(single, BYTES(0x00, 0x34, 0x43, 0x66)); /* a voltage, words swapped */
    assert_no_value(twice, BYTES(0x7f, 0xf8, 0, 0, 0, 0, 0, 0));
    assert_no_value(twice, BYTES(0xff, 0xf0, 0, 0, 0, 0, 0, 0));
    assert_no_value(twice, BYTES(0x00, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    assert_no_value(single, BYTES(0x7f, 0x7f, 0xff, 0xff)); /* 3.4e38 fits no integer */
}

static void floats_round_once_half_away_from_zero(void **state)
{
    (void)state;
    struct profile_point whole = point_of(QUANTITY_POWER_W, 0, REGISTER_F32, 1, 1);
    struct profile_point third = point_of(QUANTITY_POWER_W, 0, REGISTER_F32, 1, 3);

    assert_value(whole, BYTES(0x00, 0x00, 0x00, 0x00), 0);
    assert_value(whole, BYTES(0x80, 0x00, 0x00, 0x00), 0);
    assert_value(whole, BYTES(0x3f, 0x00, 0x00, 0x00), 1);  /* 0.5 */
    assert_value(whole, BYTES(0xbf, 0x00, 0x00, 0x00), -1); /* -0.5 */
    assert_value(whole, BYTES(0x3e, 0xff, 0xff, 0xff), 0);  /* the float before 0.5 */
    assert_value(whole, BYTES(0xbe, 0xff, 0xff, 0xff), 0);
    assert_value(whole, BYTES(0x40, 0x20, 0x00, 0x00), 3);  /* 2.5 */
    assert_value(whole, BYTES(0xc0, 0x20, 0x00, 0x00), -3); /* -2.5 */
    assert_value(whole, BYTES(0x00, 0x80, 0x00, 0x00), 0);  /* the smallest normal float */
    assert_value(third, BYTES(0x3f, 0xc0, 0x00, 0x00), 1);  /* 1.5 / 3 */
    assert_value(third, BYTES(0xbf, 0xc0, 0x00, 0x00), -1);
    assert_value(third, BYTES(0x3f, 0xbf, 0xff, 0xff), 0);
}

/* 230.15 is not a float: the nearest, 230.149993896…, has 2301 tenths, not 2302. */
static void a_float_is_the_binary_fraction_that_it_is(void **state)
{
    (void)state;
    assert_value(point_of(QUANTITY_VOLTAGE_A_MV, 0, REGISTER_F32, 10, 1),
                 BYTES(0x43, 0x66, 0x26, 0x66), 2301);
}

/* 2^24 kWh and more have an exponent above 0: 20,000,000 is 4B 98 96 80. 2^62 and 2^63. */
static void large_floats_are_exact(void **state)
{
    (void)state;
    assert_value(point_of(QUANTITY_ENERGY_IMPORT_WH, 0, REGISTER_F32, 100, 1),
                 BYTES(0x4b, 0x98, 0x96, 0x80), 2000000000);
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_F32, 1, 1), BYTES(0x5e, 0x80, 0, 0),
                 INT64_C(1) << 62);
    assert_no_value(point_of(QUANTITY_POWER_W, 0, REGISTER_F32, 1, 1),
                    BYTES(0x5f, 0, 0, 0));
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_F32, 1, 1000), BYTES(0x5f, 0, 0, 0),
                 INT64_C(9223372036854776));
}

/* 123456.789 = 40 FE 24 0C 9F BE 76 C9; 0.5 and the double before it. */
static void doubles_round_like_floats(void **state)
{
    (void)state;
    assert_value(point_of(QUANTITY_ENERGY_IMPORT_WH, 0, REGISTER_F64, 1000, 1),
                 BYTES(0x40, 0xfe, 0x24, 0x0c, 0x9f, 0xbe, 0x76, 0xc9), 123456789);
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_F64, 1, 1),
                 BYTES(0xbf, 0xe0, 0, 0, 0, 0, 0, 0), -1);
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_F64, 1, 1),
                 BYTES(0xbf, 0xdf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 0);
    assert_value(point_of(QUANTITY_POWER_W, 0, REGISTER_F64, 1, 1),
                 BYTES(0x00, 0x10, 0, 0, 0, 0, 0, 0), 0);
}

static void a_rational_scale_is_exact(void **state)
{
    (void)state;
    enum quantity q = QUANTITY_POWER_W;

    assert_value(point_of(q, 0, REGISTER_U16, 1, 10), BYTES(0x00, 0x04), 0);
    assert_value(point_of(q, 0, REGISTER_U16, 1, 10), BYTES(0x00, 0x05), 1);
    assert_value(point_of(q, 0, REGISTER_S16, 1, 10), BYTES(0xff, 0xfb), -1);
    assert_value(point_of(q, 0, REGISTER_S16, 1, 10), BYTES(0xff, 0xfc), 0);
    assert_value(point_of(q, 0, REGISTER_U32, 2, 3), BYTES(0xff, 0xff, 0xff, 0xff),
                 2863311530);
    /* 10^18 counts of 3/7: 428571428571428571.43 */
    assert_value(point_of(q, 0, REGISTER_U64, 3, 7),
                 BYTES(0x0d, 0xe0, 0xb6, 0xb3, 0xa7, 0x64, 0x00, 0x00),
                 INT64_C(428571428571428571));
}

static void two_parts_are_added_exactly(void **state)
{
    (void)state;
    struct profile_point kwh = pair_of(
        (struct profile_part){.address = 0, .type = REGISTER_U32, .scale = {1000, 1}},
        (struct profile_part){.address = 2, .type = REGISTER_U16, .scale = {1, 1}});
    struct profile_point thirds =
        pair_of((struct profile_part){.address = 0, .type = REGISTER_U16, .scale = {1, 3}},
                (struct profile_part){.address = 1, .type = REGISTER_U16, .scale = {1, 6}});

    assert_value(kwh, BYTES(0x00, 0x01, 0x00, 0x00, 0x03, 0xe7), 65536999);
    assert_value(thirds, BYTES(0x00, 0x01, 0x00, 0x01), 1); /* 1/3 + 1/6 = 0.5 */
    assert_value(thirds, BYTES(0x00, 0x01, 0x00, 0x00), 0);
}

static void a_negated_part_is_subtracted(void **state)
{
    (void)state;
    struct profile_point net =
        pair_of((struct profile_part){.address = 0, .type = REGISTER_U16, .scale = {1, 10}},
                (struct profile_part){
                    .address = 1, .type = REGISTER_U16, .scale = {1, 10}, .negate = true});

    assert_value(net, BYTES(0x00, 0x64, 0x00, 0x14), 8);
    assert_value(net, BYTES(0x00, 0x14, 0x00, 0x64), -8);
    assert_value(net, BYTES(0x00, 0x00, 0x00, 0x05), -1); /* -0.5 */
    assert_value(net, BYTES(0x00, 0x05, 0x00, 0x01), 0);  /* 0.4: not 1 - 0 */
}

static void float_parts_are_rounded_after_the_sum(void **state)
{
    (void)state;
    struct profile_point net =
        pair_of((struct profile_part){.address = 0, .type = REGISTER_F32, .scale = {1, 1}},
                (struct profile_part){
                    .address = 2, .type = REGISTER_F32, .scale = {1, 1}, .negate = true});

    /* 0.75 - 0.5, 0.5 - 1, 1.5 - 2^-100, 2^-100 - 0.5, 0.5 + 2^-100, 0.5 - 0.5 */
    assert_value(net, BYTES(0x3f, 0x40, 0, 0, 0x3f, 0x00, 0, 0), 0);
    assert_value(net, BYTES(0x3f, 0x00, 0, 0, 0x3f, 0x80, 0, 0), -1);
    assert_value(net, BYTES(0x3f, 0xc0, 0, 0, 0x0d, 0x80, 0, 0), 1);
    assert_value(net, BYTES(0x0d, 0x80, 0, 0, 0x3f, 0x00, 0, 0), 0);
    assert_value(net, BYTES(0x3f, 0x00, 0, 0, 0x8d, 0x80, 0, 0), 1);
    assert_value(net, BYTES(0x3f, 0x00, 0, 0, 0x3f, 0x00, 0, 0), 0);
}

static void a_missing_code_in_any_part_is_no_value(void **state)
{
    (void)state;
    struct profile_point point = pair_of(
        (struct profile_part){
            .address = 0, .type = REGISTER_S32, .order = WORD_ORDER_SW, .scale = {1, 1}},
        (struct profile_part){.address = 2, .type = REGISTER_U16, .scale = {1, 1}});

    point.n_missing = 2;
    point.missing[0] = 0x7fffffff; /* Carlo Gavazzi: words FFFF 7FFF */
    point.missing[1] = 0xffff;
    assert_value(point, BYTES(0x00, 0x02, 0x00, 0x00, 0x00, 0x03), 5);
    assert_no_value(point, BYTES(0xff, 0xff, 0x7f, 0xff, 0x00, 0x03));
    assert_no_value(point, BYTES(0x00, 0x02, 0x00, 0x00, 0xff, 0xff));
}

static void a_signed_missing_code_is_compared_as_bits(void **state)
{
    (void)state;
    struct profile_point word = point_of(QUANTITY_POWER_W, 0, REGISTER_S16, 1, 1);
    struct profile_point quad = point_of(QUANTITY_POWER_W, 0, REGISTER_S64, 1, 1);

    word.n_missing = 1;
    word.missing[0] = 0x8000;
    quad.n_missing = 1;
    quad.missing[0] = UINT64_C(0x8000000000000000);
    assert_no_value(word, BYTES(0x80, 0x00));
    assert_value(word, BYTES(0x80, 0x01), -32767);
    assert_no_value(quad, BYTES(0x80, 0, 0, 0, 0, 0, 0, 0));
}

static void a_value_outside_its_range_is_no_value(void **state)
{
    (void)state;
    struct profile_point point = point_of(QUANTITY_FREQUENCY_MHZ, 0, REGISTER_U16, 10, 1);

    point.has_range = true;
    point.min = 45000;
    point.max = 65000;
    assert_value(point, BYTES(0x11, 0x94), 45000);
    assert_value(point, BYTES(0x19, 0x64), 65000);
    assert_no_value(point, BYTES(0x11, 0x93));
    assert_no_value(point, BYTES(0x19, 0x65));
}

/* As the value itself: these registers count 10 Wh, so 100 is 1 kWh. */
static void the_range_of_an_energy_is_in_register_units(void **state)
{
    (void)state;
    struct profile_point point = point_of(QUANTITY_ENERGY_IMPORT_WH, 0, REGISTER_U16, 1, 1);

    point.has_range = true;
    point.min = 2;
    point.max = 100;
    assert_value(point, BYTES(0x00, 0x64), 100);
    assert_no_value(point, BYTES(0x00, 0x65));
    assert_value(point, BYTES(0x00, 0x02), 2);
    assert_no_value(point, BYTES(0x00, 0x01));
}

static void a_negative_energy_is_no_value(void **state)
{
    (void)state;
    struct profile_point import =
        point_of(QUANTITY_ENERGY_IMPORT_WH, 0, REGISTER_F32, 100, 1);

    assert_no_value(import, BYTES(0xbf, 0x80, 0x00, 0x00));
    import.quantity = QUANTITY_REACTIVE_EXPORT_VARH;
    assert_no_value(import, BYTES(0xbf, 0x80, 0x00, 0x00));
}

static void a_signed_power_factor_keeps_its_sign(void **state)
{
    (void)state;
    struct profile_point pf = point_of(QUANTITY_PF_E3, 0, REGISTER_S16, 1, 1);

    pf.pf = PF_SIGNED;
    assert_value(pf, BYTES(0xfc, 0x3e), -962);
}

static void a_schneider_power_factor_is_unfolded(void **state)
{
    (void)state;
    struct profile_point pf = point_of(QUANTITY_PF_E3, 0, REGISTER_S16, 1, 1);

    pf.pf = PF_SCHNEIDER;
    assert_value(pf, BYTES(0x03, 0xc2), 962);  /* lagging as it is */
    assert_value(pf, BYTES(0x04, 0x0e), 962);  /* 1.038 = 2 - 0.962, leading */
    assert_value(pf, BYTES(0xfb, 0xf2), -962); /* -1.038 */
    assert_value(pf, BYTES(0x03, 0xe8), 1000);
    assert_value(pf, BYTES(0x07, 0xd0), 0);
    assert_no_value(pf, BYTES(0x07, 0xd1));
    assert_no_value(pf, BYTES(0xf8, 0x2f));
}

static void only_points_whole_inside_the_reply_are_decoded(void **state)
{
    (void)state;
    struct profile_point points[] = {
        point_of(QUANTITY_VOLTAGE_A_MV, 8, REGISTER_U32, 1, 1),
        point_of(QUANTITY_VOLTAGE_B_MV, 9, REGISTER_U32, 1, 1),
        point_of(QUANTITY_VOLTAGE_C_MV, 10, REGISTER_U32, 1, 1),
        point_of(QUANTITY_CURRENT_A_MA, 12, REGISTER_U16, 1, 1),
        point_of(QUANTITY_CURRENT_B_MA, 13, REGISTER_U32, 1, 1),
        point_of(QUANTITY_CURRENT_C_MA, 14, REGISTER_U16, 1, 1),
        point_of(QUANTITY_FREQUENCY_MHZ, 10, REGISTER_U16, 1, 1),
    };
    points[6].function = 4;
    struct profile profile = {.register_wh = {1, 1}, .n_points = 7, .point = points};
    struct request request = {.unit = 1, .function = 3, .address = 10, .count = 4};
    struct sample sample = {0};
    int without = modbus_tcp_driver()->decode(
        &profile, &request, BYTES(0, 0, 0, 7, 0, 8, 0, 9), ALL_GROUPS, &sample);

    assert_int_equal(without, 0);
    assert_int_equal(sample.present,
                     (1U << QUANTITY_VOLTAGE_C_MV) | (1U << QUANTITY_CURRENT_A_MA));
    assert_int_equal(sample.value[QUANTITY_VOLTAGE_C_MV], 7);
    assert_int_equal(sample.value[QUANTITY_CURRENT_A_MA], 8);
}

static void a_pair_that_is_half_inside_is_not_decoded(void **state)
{
    (void)state;
    struct profile_point pair =
        pair_of((struct profile_part){.address = 0, .type = REGISTER_U16, .scale = {1, 1}},
                (struct profile_part){.address = 1, .type = REGISTER_U16, .scale = {1, 1}});
    struct sample sample;

    assert_int_equal(decode_points(&pair, 1, BYTES(0, 1), &sample), 0);
    assert_int_equal(sample.present, 0);
}

static void unwanted_groups_are_left_alone(void **state)
{
    (void)state;
    struct profile_point points[] = {
        point_of(QUANTITY_ENERGY_IMPORT_WH, 0, REGISTER_U16, 1, 1),
        point_of(QUANTITY_POWER_W, 1, REGISTER_BCD16, 1, 1),
    };
    struct profile profile = {.register_wh = {1, 1}, .n_points = 2, .point = points};
    struct request request = {.unit = 1, .function = 3, .count = 2};
    struct sample sample = {0};
    int without = modbus_tcp_driver()->decode(&profile, &request, BYTES(0, 5, 0xff, 0xff),
                                              1U << QUANTITY_GROUP_ENERGY, &sample);

    assert_int_equal(without, 0);
    assert_int_equal(sample.present, 1U << QUANTITY_ENERGY_IMPORT_WH);
}

static void a_point_without_value_leaves_the_others_and_earlier_ones(void **state)
{
    (void)state;
    struct profile_point points[] = {
        point_of(QUANTITY_VOLTAGE_A_MV, 0, REGISTER_BCD16, 1, 1),
        point_of(QUANTITY_VOLTAGE_B_MV, 1, REGISTER_U16, 1, 1),
    };
    struct profile profile = {.register_wh = {1, 1}, .n_points = 2, .point = points};
    struct request request = {.unit = 1, .function = 3, .count = 2};
    struct sample sample = {.present = 1U << QUANTITY_POWER_W};

    sample.value[QUANTITY_POWER_W] = 42;
    int without = modbus_tcp_driver()->decode(&profile, &request, BYTES(0xaa, 0xaa, 0, 9),
                                              ALL_GROUPS, &sample);

    assert_int_equal(without, 1);
    assert_int_equal(sample.present,
                     (1U << QUANTITY_POWER_W) | (1U << QUANTITY_VOLTAGE_B_MV));
    assert_int_equal(sample.value[QUANTITY_POWER_W], 42);
    assert_int_equal(sample.value[QUANTITY_VOLTAGE_B_MV], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_sdm630_voltage_is_230_2_volts),
        cmocka_unit_test(a_swapped_voltage_needs_swapped_order),
        cmocka_unit_test(a_dtsu666_float_carries_a_decimal_factor),
        cmocka_unit_test(an_adl400_mixes_widths),
        cmocka_unit_test(every_integer_type_keeps_its_extremes),
        cmocka_unit_test(words_swap_in_all_widths),
        cmocka_unit_test(bcd_digits_are_decimal_and_nibbles_above_nine_are_no_value),
        cmocka_unit_test(floats_that_are_no_numbers_are_no_value),
        cmocka_unit_test(floats_round_once_half_away_from_zero),
        cmocka_unit_test(a_float_is_the_binary_fraction_that_it_is),
        cmocka_unit_test(large_floats_are_exact),
        cmocka_unit_test(doubles_round_like_floats),
        cmocka_unit_test(a_rational_scale_is_exact),
        cmocka_unit_test(two_parts_are_added_exactly),
        cmocka_unit_test(a_negated_part_is_subtracted),
        cmocka_unit_test(float_parts_are_rounded_after_the_sum),
        cmocka_unit_test(a_missing_code_in_any_part_is_no_value),
        cmocka_unit_test(a_signed_missing_code_is_compared_as_bits),
        cmocka_unit_test(a_value_outside_its_range_is_no_value),
        cmocka_unit_test(the_range_of_an_energy_is_in_register_units),
        cmocka_unit_test(a_negative_energy_is_no_value),
        cmocka_unit_test(a_signed_power_factor_keeps_its_sign),
        cmocka_unit_test(a_schneider_power_factor_is_unfolded),
        cmocka_unit_test(only_points_whole_inside_the_reply_are_decoded),
        cmocka_unit_test(a_pair_that_is_half_inside_is_not_decoded),
        cmocka_unit_test(unwanted_groups_are_left_alone),
        cmocka_unit_test(a_point_without_value_leaves_the_others_and_earlier_ones),
    };

    return cmocka_run_group_tests_name("modbus decode", tests, NULL, NULL);
}
