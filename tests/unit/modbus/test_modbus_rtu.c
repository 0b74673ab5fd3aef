#include <ecmon/err.h>

#include "drivers/modbus/modbus.h"
#include "drivers/modbus/rtu.h"
#include "tests/support/test.h"

/* The frames of the SDM120 manual: unit 1, voltage, 230.2 V. */
static const struct request voltage_request = {.unit = 1, .function = 4, .count = 2};
static const uint8_t voltage_bytes[] = {0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xcb};
static const uint8_t voltage_reply[] = {0x01, 0x04, 0x04, 0x43, 0x66,
                                        0x33, 0x34, 0x1b, 0x38};
#define REPLY_LEN sizeof(voltage_reply)

static struct feed_result feed(const struct request *request, const uint8_t *bytes,
                               size_t n)
{
    struct feed_result result;
    /* a copy of exactly n bytes, so that the sanitizer sees a read beyond them */
    uint8_t *copy = malloc(n == 0 ? 1 : n);

    assert_non_null(copy);
    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    modbus_rtu_driver()->feed(request, copy, n, &result);
    assert_int_equal(result.fatal, 0);
    assert_true(result.consumed <= n);
    assert_int_equal(result.verdict == FEED_NEED_MORE, result.consumed == 0);
    assert_int_equal(result.payload != NULL, result.verdict == FEED_REPLY);
    if (result.payload != NULL) {
        result.payload = bytes + (result.payload - copy);
    }
    free(copy);
    return result;
}

/* Discards what is foreign until an answer or the end. */
static struct feed_result drain(const struct request *request, const uint8_t *bytes,
                                size_t n)
{
    struct feed_result result = feed(request, bytes, n);

    while (result.verdict == FEED_FOREIGN) {
        bytes += result.consumed;
        n -= result.consumed;
        result = feed(request, bytes, n);
    }
    return result;
}

/* As the line brings them, one by one. */
static struct feed_result dribble(const struct request *request, const uint8_t *bytes,
                                  size_t n)
{
    struct feed_result result = {.verdict = FEED_NEED_MORE};
    size_t at = 0;

    for (size_t came = 1; came <= n; came++) {
        result = feed(request, bytes + at, came - at);
        while (result.verdict == FEED_FOREIGN) {
            at += result.consumed;
            result = feed(request, bytes + at, came - at);
        }
        if (result.verdict != FEED_NEED_MORE) {
            break;
        }
    }
    return result;
}

/* Bit by bit, as the specification draws it: another way than the driver's table. */
static void seal(uint8_t *frame, size_t n)
{
    unsigned crc = 0xffff;

    for (size_t i = 0; i < n - 2; i++) {
        crc ^= frame[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xa001 : crc >> 1;
        }
    }
    frame[n - 2] = (uint8_t)(crc & 0xff);
    frame[n - 1] = (uint8_t)(crc >> 8);
}

static void assert_foreign(const struct feed_result *result, size_t consumed,
                           enum slot_status reason)
{
    assert_int_equal(result->verdict, FEED_FOREIGN);
    assert_int_equal(result->consumed, consumed);
    assert_int_equal(result->reason, reason);
}

static void assert_voltage(const struct feed_result *result)
{
    assert_int_equal(result->verdict, FEED_REPLY);
    assert_int_equal(result->payload_n, 4);
    assert_memory_equal(result->payload, voltage_reply + 3, 4);
}

static void the_drivers_differ_in_the_scheme_only(void **state)
{
    (void)state;
    assert_string_equal(modbus_rtu_driver()->scheme, "modbus+rtu");
    assert_string_equal(modbus_rtu_tcp_driver()->scheme, "modbus+rtu+tcp");
    assert_ptr_equal(modbus_rtu_driver()->feed, modbus_rtu_tcp_driver()->feed);
    assert_ptr_equal(modbus_rtu_driver()->encode, modbus_rtu_tcp_driver()->encode);
    assert_null(modbus_rtu_driver()->follow);
}

static void the_crc_is_that_of_the_specification(void **state)
{
    (void)state;
    /* catalogue of CRCs: CRC-16/MODBUS, check value */
    assert_int_equal(modbus_crc16((const uint8_t *)"123456789", 9), 0x4b37);
    assert_int_equal(modbus_crc16(voltage_bytes, 6), 0xcb71);
    assert_int_equal(modbus_crc16(voltage_reply, 7), 0x381b);
    assert_int_equal(modbus_crc16(voltage_bytes, 0), 0xffff);
}

static void a_read_is_eight_bytes_on_the_wire(void **state)
{
    (void)state;
    uint8_t bytes[RTU_REQUEST_LEN];

    assert_int_equal(modbus_rtu_driver()->encode(&voltage_request, bytes, 8), 8);
    assert_memory_equal(bytes, voltage_bytes, 8);
}

static void encode_refuses_what_a_serial_line_does_not_have(void **state)
{
    (void)state;
    static const struct request bad[] = {
        {.unit = 0, .function = 3, .count = 1},   {.unit = 248, .function = 3, .count = 1},
        {.unit = 1, .function = 6, .count = 1},   {.unit = 1, .function = 3, .count = 0},
        {.unit = 1, .function = 3, .count = 126}, {.unit = 1, .function = 16, .count = 1}};
    uint8_t bytes[DRIVER_FRAME_MAX];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(modbus_rtu_driver()->encode(&bad[i], bytes, sizeof(bytes)),
                         ERR_RANGE);
    }
    assert_int_equal(modbus_rtu_driver()->encode(&voltage_request, bytes, 7), ERR_RANGE);
}

static void a_good_reply_gives_its_registers(void **state)
{
    (void)state;
    struct feed_result result = feed(&voltage_request, voltage_reply, REPLY_LEN);

    assert_voltage(&result);
    assert_int_equal(result.consumed, 9);
    assert_ptr_equal(result.payload, voltage_reply + 3);
    assert_int_equal(modbus_rtu_driver()->reply_bytes(&voltage_request), 9);
}

static void the_longest_reply_is_taken(void **state)
{
    (void)state;
    struct request request = {.unit = 247, .function = 3, .count = 125};
    uint8_t bytes[255] = {247, 3, 250};

    seal(bytes, sizeof(bytes));
    struct feed_result result = feed(&request, bytes, sizeof(bytes));

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed, 255);
    assert_int_equal(result.payload_n, 250);
}

static void every_split_waits_for_the_last_byte(void **state)
{
    (void)state;
    uint8_t echoed[RTU_REQUEST_LEN + REPLY_LEN];

    memcpy(echoed, voltage_bytes, RTU_REQUEST_LEN);
    memcpy(echoed + RTU_REQUEST_LEN, voltage_reply, REPLY_LEN);
    for (size_t n = 0; n < REPLY_LEN; n++) {
        assert_int_equal(feed(&voltage_request, voltage_reply, n).verdict, FEED_NEED_MORE);
    }
    for (size_t n = 0; n < sizeof(echoed); n++) {
        assert_int_equal(feed(&voltage_request, echoed, n).verdict, FEED_NEED_MORE);
    }
}

static void no_flipped_bit_is_taken(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < REPLY_LEN * 8; bit++) {
        uint8_t bytes[REPLY_LEN];

        memcpy(bytes, voltage_reply, sizeof(bytes));
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
        assert_int_equal(drain(&voltage_request, bytes, sizeof(bytes)).verdict,
                         FEED_NEED_MORE);
        assert_int_equal(dribble(&voltage_request, bytes, sizeof(bytes)).verdict,
                         FEED_NEED_MORE);
    }
}

/* CRC-16 finds every error of two bits in frames as short as these. */
static void no_two_flipped_bits_of_the_longest_reply_are_taken(void **state)
{
    (void)state;
    struct request request = {.unit = 17, .function = 3, .count = 125};
    uint8_t bytes[255] = {17, 3, 250};

    for (size_t i = 3; i < 253; i++) {
        bytes[i] = (uint8_t)(i * 37);
    }
    seal(bytes, sizeof(bytes));
    for (size_t first = 0; first < 255UL * 8; first += 7) {
        for (size_t second = first + 1; second < 255UL * 8; second += 61) {
            bytes[first / 8] = (uint8_t)(bytes[first / 8] ^ (1U << (first % 8)));
            bytes[second / 8] = (uint8_t)(bytes[second / 8] ^ (1U << (second % 8)));
            assert_int_not_equal(feed(&request, bytes, sizeof(bytes)).verdict, FEED_REPLY);
            bytes[first / 8] = (uint8_t)(bytes[first / 8] ^ (1U << (first % 8)));
            bytes[second / 8] = (uint8_t)(bytes[second / 8] ^ (1U << (second % 8)));
        }
    }
}

static void every_other_byte_at_every_place_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < REPLY_LEN; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t bytes[REPLY_LEN];

            memcpy(bytes, voltage_reply, sizeof(bytes));
            bytes[at] = (uint8_t)value;
            enum feed_verdict verdict =
                drain(&voltage_request, bytes, sizeof(bytes)).verdict;

            assert_int_equal(verdict,
                             value == voltage_reply[at] ? FEED_REPLY : FEED_NEED_MORE);
        }
    }
}

static void a_wrong_crc_is_consumed_exactly(void **state)
{
    (void)state;
    uint8_t bytes[REPLY_LEN + 3];

    memcpy(bytes, voltage_reply, REPLY_LEN);
    memset(bytes + REPLY_LEN, 0x55, 3);
    bytes[4] ^= 0x10;
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, REPLY_LEN, SLOT_BAD_CRC);
}

static void a_frame_that_lost_bytes_does_not_hide_the_next(void **state)
{
    (void)state;
    for (size_t kept = 1; kept < REPLY_LEN; kept++) {
        for (size_t lost_at = 0; lost_at <= kept; lost_at++) {
            uint8_t bytes[2 * REPLY_LEN];

            memcpy(bytes, voltage_reply, lost_at);
            memcpy(bytes + lost_at, voltage_reply + REPLY_LEN - (kept - lost_at),
                   kept - lost_at);
            memcpy(bytes + kept, voltage_reply, REPLY_LEN);
            struct feed_result whole = drain(&voltage_request, bytes, kept + REPLY_LEN);
            struct feed_result slow = dribble(&voltage_request, bytes, kept + REPLY_LEN);

            assert_voltage(&whole);
            assert_voltage(&slow);
        }
    }
}

static void another_units_frame_is_dropped_and_the_reply_taken(void **state)
{
    (void)state;
    uint8_t bytes[7 + REPLY_LEN] = {7, 4, 2, 0x12, 0x34};

    seal(bytes, 7);
    memcpy(bytes + 7, voltage_reply, REPLY_LEN);
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 7, SLOT_BAD_UNIT);
    for (size_t n = 1; n < 7; n++) {
        assert_int_equal(feed(&voltage_request, bytes, n).verdict, FEED_NEED_MORE);
    }
    result = dribble(&voltage_request, bytes, sizeof(bytes));
    assert_voltage(&result);
}

static void another_units_exception_is_no_exception(void **state)
{
    (void)state;
    uint8_t bytes[5] = {7, 0x84, 2};

    seal(bytes, 5);
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 5, SLOT_BAD_UNIT);
}

static void a_late_reply_of_another_size_or_function_is_dropped(void **state)
{
    (void)state;
    uint8_t size[11 + REPLY_LEN] = {1, 4, 6, 1, 2, 3, 4, 5, 6};
    uint8_t function[9 + REPLY_LEN] = {1, 3, 4, 1, 2, 3, 4};
    uint8_t exception[5 + REPLY_LEN] = {1, 0x83, 2};

    seal(size, 11);
    memcpy(size + 11, voltage_reply, REPLY_LEN);
    struct feed_result result = feed(&voltage_request, size, sizeof(size));

    assert_foreign(&result, 11, SLOT_BAD_FRAME);
    seal(function, 9);
    memcpy(function + 9, voltage_reply, REPLY_LEN);
    result = feed(&voltage_request, function, sizeof(function));
    assert_foreign(&result, 9, SLOT_BAD_FRAME);
    seal(exception, 5);
    memcpy(exception + 5, voltage_reply, REPLY_LEN);
    result = feed(&voltage_request, exception, sizeof(exception));
    assert_foreign(&result, 5, SLOT_BAD_FRAME);
}

/* What the driver cannot know is documented, not hidden: the engine waits late_window. */
static void a_late_reply_of_the_same_shape_cannot_be_told(void **state)
{
    (void)state;
    struct request other = voltage_request;

    other.address = 20;
    struct feed_result result = feed(&other, voltage_reply, REPLY_LEN);

    assert_int_equal(result.verdict, FEED_REPLY);
}

static void every_exception_code_is_reported(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        uint8_t bytes[5] = {1, 0x84, (uint8_t)code};

        seal(bytes, 5);
        struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

        assert_int_equal(result.verdict, FEED_EXCEPTION);
        assert_int_equal(result.exception, code);
        assert_int_equal(result.consumed, 5);
        for (size_t bit = 0; bit < 40; bit++) {
            bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
            assert_int_equal(drain(&voltage_request, bytes, 5).verdict, FEED_NEED_MORE);
            bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
        }
    }
}

static void the_echo_is_skipped_silently_and_only_once(void **state)
{
    (void)state;
    uint8_t bytes[2 * sizeof(voltage_bytes) + REPLY_LEN];

    memcpy(bytes, voltage_bytes, RTU_REQUEST_LEN);
    memcpy(bytes + RTU_REQUEST_LEN, voltage_reply, REPLY_LEN);
    struct feed_result result = feed(&voltage_request, bytes, RTU_REQUEST_LEN + REPLY_LEN);

    assert_voltage(&result);
    assert_int_equal(result.consumed, RTU_REQUEST_LEN + REPLY_LEN);
    memcpy(bytes + RTU_REQUEST_LEN, voltage_bytes, RTU_REQUEST_LEN);
    memcpy(bytes + sizeof(bytes) - REPLY_LEN, voltage_reply, REPLY_LEN);
    result = feed(&voltage_request, bytes, sizeof(bytes));
    assert_foreign(&result, sizeof(bytes) - REPLY_LEN, SLOT_BAD_FRAME);
    result = drain(&voltage_request, bytes, sizeof(bytes));
    assert_voltage(&result);
}

/* Register 0x0203 of one: the echo 01 03 02 03 00 01 35 B2 begins like a reply. */
static void an_echo_is_never_taken_for_a_reply(void **state)
{
    (void)state;
    for (unsigned address = 0x0200; address < 0x0300; address++) {
        struct request request = {
            .unit = 1, .function = 3, .address = (uint16_t)address, .count = 1};
        uint8_t bytes[RTU_REQUEST_LEN];

        assert_int_equal(modbus_rtu_driver()->encode(&request, bytes, 8), 8);
        assert_int_equal(dribble(&request, bytes, 8).verdict, FEED_NEED_MORE);
    }
}

static void garbage_before_the_reply_is_foreign_first(void **state)
{
    (void)state;
    uint8_t bytes[4 + REPLY_LEN] = {0xff, 0x00, 0xfe, 0xff};

    memcpy(bytes + 4, voltage_reply, REPLY_LEN);
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 4, SLOT_BAD_FRAME);
    result = feed(&voltage_request, bytes + 4, REPLY_LEN);
    assert_voltage(&result);
}

static void the_reply_is_found_in_any_noise(void **state)
{
    (void)state;
    uint32_t random = 1;

    for (int run = 0; run < 20000; run++) {
        uint8_t bytes[64 + RTU_REQUEST_LEN + REPLY_LEN + 8];
        size_t n = 0;

        random = random * 1103515245U + 12345U;
        size_t noise_n = (random >> 16) % 64;

        for (; n < noise_n; n++) {
            static const uint8_t nasty[] = {1, 4, 3, 4, 0, 2, 7, 0xff};

            random = random * 1103515245U + 12345U;
            bytes[n] = run % 2 == 0 ? (uint8_t)(random >> 16) : nasty[(random >> 16) % 8];
        }
        if (run % 3 == 0) {
            memcpy(bytes + n, voltage_bytes, RTU_REQUEST_LEN);
            n += RTU_REQUEST_LEN;
        }
        memcpy(bytes + n, voltage_reply, REPLY_LEN);
        n += REPLY_LEN;
        struct feed_result whole = drain(&voltage_request, bytes, n);
        struct feed_result slow = dribble(&voltage_request, bytes, n);

        assert_voltage(&whole);
        assert_voltage(&slow);
    }
}

static void garbage_behind_the_reply_is_left(void **state)
{
    (void)state;
    uint8_t bytes[REPLY_LEN + 2];

    memcpy(bytes, voltage_reply, REPLY_LEN);
    bytes[REPLY_LEN] = 0xff;
    bytes[REPLY_LEN + 1] = 0x01;
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_voltage(&result);
    assert_int_equal(result.consumed, REPLY_LEN);
}

static void a_full_buffer_is_always_judged(void **state)
{
    (void)state;
    uint8_t bytes[DRIVER_FRAME_MAX];

    for (unsigned fill = 0; fill < 256; fill++) {
        memset(bytes, (int)fill, sizeof(bytes));
        assert_int_equal(feed(&voltage_request, bytes, sizeof(bytes)).verdict,
                         FEED_FOREIGN);
    }
    for (size_t at = 0; at < sizeof(bytes); at++) {
        bytes[at] = voltage_bytes[at % RTU_REQUEST_LEN];
    }
    assert_int_equal(feed(&voltage_request, bytes, sizeof(bytes)).verdict, FEED_FOREIGN);
}

static void the_drivers_say_which_points_a_request_holds(void **state)
{
    (void)state;
    struct profile_point point = {
        .function = 4, .n_parts = 1, .part = {{.address = 1, .type = REGISTER_F32}}};
    struct request request = {.unit = 1, .function = 4, .count = 3};

    assert_true(modbus_rtu_driver()->holds(&point, &request));
    request.count = 2;
    assert_false(modbus_rtu_driver()->holds(&point, &request));
    request = (struct request){.unit = 1, .function = 3, .count = 3};
    assert_false(modbus_rtu_driver()->holds(&point, &request));
    assert_int_equal(modbus_tcp_driver()->reply_bytes(&request), 15);
}

static void a_profile_of_another_protocol_is_not_planned(void **state)
{
    (void)state;
    struct profile profile = {.protocol = PROFILE_DLT645_2007};
    struct plan_options options = {.unit = 1, .groups = 0xf};
    struct request request;

    assert_int_equal(modbus_rtu_driver()->plan(&profile, &options, &request, 1), ERR_RANGE);
    profile.protocol = PROFILE_MODBUS;
    assert_int_equal(modbus_rtu_driver()->plan(&profile, &options, &request, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drivers_differ_in_the_scheme_only),
        cmocka_unit_test(the_crc_is_that_of_the_specification),
        cmocka_unit_test(a_read_is_eight_bytes_on_the_wire),
        cmocka_unit_test(encode_refuses_what_a_serial_line_does_not_have),
        cmocka_unit_test(a_good_reply_gives_its_registers),
        cmocka_unit_test(the_longest_reply_is_taken),
        cmocka_unit_test(every_split_waits_for_the_last_byte),
        cmocka_unit_test(no_flipped_bit_is_taken),
        cmocka_unit_test(no_two_flipped_bits_of_the_longest_reply_are_taken),
        cmocka_unit_test(every_other_byte_at_every_place_is_refused),
        cmocka_unit_test(a_wrong_crc_is_consumed_exactly),
        cmocka_unit_test(a_frame_that_lost_bytes_does_not_hide_the_next),
        cmocka_unit_test(another_units_frame_is_dropped_and_the_reply_taken),
        cmocka_unit_test(another_units_exception_is_no_exception),
        cmocka_unit_test(a_late_reply_of_another_size_or_function_is_dropped),
        cmocka_unit_test(a_late_reply_of_the_same_shape_cannot_be_told),
        cmocka_unit_test(every_exception_code_is_reported),
        cmocka_unit_test(the_echo_is_skipped_silently_and_only_once),
        cmocka_unit_test(an_echo_is_never_taken_for_a_reply),
        cmocka_unit_test(garbage_before_the_reply_is_foreign_first),
        cmocka_unit_test(the_reply_is_found_in_any_noise),
        cmocka_unit_test(garbage_behind_the_reply_is_left),
        cmocka_unit_test(a_full_buffer_is_always_judged),
        cmocka_unit_test(the_drivers_say_which_points_a_request_holds),
        cmocka_unit_test(a_profile_of_another_protocol_is_not_planned),
    };

    return cmocka_run_group_tests_name("modbus rtu", tests, NULL, NULL);
}
