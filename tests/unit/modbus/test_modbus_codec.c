#include <ecmon/err.h>

#include "drivers/modbus/modbus.h"
#include "tests/support/test.h"

/* Two floats of an SDM630 (meters.md: 43 66 33 34 is 230.2 V) at 0000, unit 1, id 0x1234.
 */
static const struct request voltage_request = {
    .unit = 1, .function = 4, .address = 0, .count = 4, .transaction_id = 0x1234};
static const uint8_t voltage_reply[] = {0x12, 0x34, 0x00, 0x00, 0x00, 0x0b,
                                        0x01, 0x04, 0x08, 0x43, 0x66, 0x33,
                                        0x34, 0x43, 0x65, 0x00, 0x00};

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
    modbus_tcp_driver()->feed(request, copy, n, &result);
    if (result.payload != NULL) {
        result.payload = bytes + (result.payload - copy);
    }
    free(copy);
    return result;
}

static void assert_foreign(const struct feed_result *result, size_t consumed,
                           enum slot_status reason, int fatal)
{
    assert_int_equal(result->verdict, FEED_FOREIGN);
    assert_int_equal(result->consumed, consumed);
    assert_int_equal(result->reason, reason);
    assert_int_equal(result->fatal, fatal);
    assert_null(result->payload);
}

static void the_scheme_is_modbus_tcp(void **state)
{
    (void)state;
    assert_string_equal(modbus_tcp_driver()->scheme, "modbus+tcp");
}

static void a_read_is_twelve_bytes_on_the_wire(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0xbe, 0xef, 0x00, 0x00, 0x00, 0x06,
                                     0x11, 0x03, 0x01, 0x6a, 0x00, 0x7d};
    struct request request = {17, 3, 0x16a, 125, 0xbeef};
    uint8_t bytes[12];

    assert_int_equal(modbus_tcp_driver()->encode(&request, bytes, sizeof(bytes)), 12);
    assert_memory_equal(bytes, wanted, sizeof(wanted));
}

static void encode_refuses_what_is_not_a_read(void **state)
{
    (void)state;
    static const struct request bad[] = {
        {1, 6, 0, 1, 0},   {1, 16, 0, 1, 0},    {1, 0, 0, 1, 0},   {1, 3, 0, 0, 0},
        {1, 3, 0, 126, 0}, {1, 4, 65535, 2, 0}, {1, 131, 0, 1, 0}, {1, 1, 0, 1, 0},
    };
    uint8_t bytes[DRIVER_FRAME_MAX];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(modbus_tcp_driver()->encode(&bad[i], bytes, sizeof(bytes)),
                         ERR_RANGE);
    }
}

static void encode_takes_the_last_register(void **state)
{
    (void)state;
    struct request request = {1, 4, 65535, 1, 0};
    uint8_t bytes[12];

    assert_int_equal(modbus_tcp_driver()->encode(&request, bytes, sizeof(bytes)), 12);
}

static void encode_refuses_a_buffer_too_small(void **state)
{
    (void)state;
    uint8_t bytes[12];

    assert_int_equal(modbus_tcp_driver()->encode(&voltage_request, bytes, 11), ERR_RANGE);
}

static void a_good_reply_gives_its_registers(void **state)
{
    (void)state;
    struct feed_result result =
        feed(&voltage_request, voltage_reply, sizeof(voltage_reply));

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed, 17);
    assert_ptr_equal(result.payload, voltage_reply + 9);
    assert_int_equal(result.payload_n, 8);
}

static void the_longest_reply_is_taken(void **state)
{
    (void)state;
    struct request request = {255, 3, 0, 125, 7};
    uint8_t bytes[259] = {0, 7, 0, 0, 0, 253, 255, 3, 250};
    struct feed_result result = feed(&request, bytes, sizeof(bytes));

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed, 259);
    assert_int_equal(result.payload_n, 250);
}

static void every_split_waits_for_the_last_byte(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(voltage_reply); n++) {
        struct feed_result result = feed(&voltage_request, voltage_reply, n);

        assert_int_equal(result.verdict, FEED_NEED_MORE);
        assert_int_equal(result.consumed, 0);
    }
}

/* Data bits carry no check on TCP; a flip in the nine bytes of header must never be taken.
 */
static void no_flipped_header_bit_is_taken_for_the_reply(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < sizeof(voltage_reply) * 8; bit++) {
        uint8_t bytes[sizeof(voltage_reply)];

        memcpy(bytes, voltage_reply, sizeof(bytes));
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
        struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

        if (bit < 72) {
            assert_int_not_equal(result.verdict, FEED_REPLY);
            assert_int_not_equal(result.verdict, FEED_EXCEPTION);
        } else {
            assert_int_equal(result.verdict, FEED_REPLY);
        }
    }
}

static void no_flipped_bit_of_an_exception_makes_a_reply(void **state)
{
    (void)state;
    static const uint8_t refusal[] = {0x12, 0x34, 0, 0, 0, 3, 1, 0x84, 2};

    for (size_t bit = 0; bit < sizeof(refusal) * 8; bit++) {
        uint8_t bytes[sizeof(refusal)];

        memcpy(bytes, refusal, sizeof(bytes));
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
        struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

        assert_int_not_equal(result.verdict, FEED_REPLY);
        if (bit < 64) {
            assert_int_not_equal(result.verdict, FEED_EXCEPTION);
        }
    }
}

static void every_exception_code_is_reported(void **state)
{
    (void)state;
    for (unsigned code = 1; code < 256; code++) {
        uint8_t bytes[] = {0x12, 0x34, 0, 0, 0, 3, 1, 0x84, (uint8_t)code};
        struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

        assert_int_equal(result.verdict, FEED_EXCEPTION);
        assert_int_equal(result.exception, code);
        assert_int_equal(result.consumed, 9);
    }
}

static void a_late_reply_is_dropped_and_the_next_one_taken(void **state)
{
    (void)state;
    uint8_t stream[2 * sizeof(voltage_reply)];

    memcpy(stream, voltage_reply, sizeof(voltage_reply));
    memcpy(stream + sizeof(voltage_reply), voltage_reply, sizeof(voltage_reply));
    stream[1] = 0x33; /* the request before */
    struct feed_result late = feed(&voltage_request, stream, sizeof(stream));

    assert_foreign(&late, 17, SLOT_BAD_FRAME, 0);
    struct feed_result good =
        feed(&voltage_request, stream + late.consumed, sizeof(stream) - late.consumed);

    assert_int_equal(good.verdict, FEED_REPLY);
    assert_int_equal(good.consumed, 17);
}

static void a_late_exception_is_dropped(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x12, 0x33, 0, 0, 0, 3, 1, 0x84, 6};
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 9, SLOT_BAD_FRAME, 0);
}

static void a_late_reply_of_another_size_is_consumed_by_its_own_length(void **state)
{
    (void)state;
    uint8_t stream[13 + sizeof(voltage_reply)] = {0x12, 0x33, 0, 0, 0, 7, 1,
                                                  3,    4,    0, 1, 0, 2};

    memcpy(stream + 13, voltage_reply, sizeof(voltage_reply));
    struct feed_result late = feed(&voltage_request, stream, sizeof(stream));

    assert_foreign(&late, 13, SLOT_BAD_FRAME, 0);
    assert_int_equal(feed(&voltage_request, stream + 13, sizeof(voltage_reply)).verdict,
                     FEED_REPLY);
}

static void a_foreign_frame_is_judged_when_it_is_whole(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(voltage_reply)];

    memcpy(bytes, voltage_reply, sizeof(bytes));
    bytes[0] = 0;
    assert_int_equal(feed(&voltage_request, bytes, sizeof(bytes) - 1).verdict,
                     FEED_NEED_MORE);
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 17, SLOT_BAD_FRAME, 0);
}

static void another_unit_is_bad_unit(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(voltage_reply)];

    memcpy(bytes, voltage_reply, sizeof(bytes));
    bytes[6] = 2;
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 17, SLOT_BAD_UNIT, 0);
}

static void another_function_is_not_the_reply(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(voltage_reply)];

    memcpy(bytes, voltage_reply, sizeof(bytes));
    bytes[7] = 3;
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 17, SLOT_BAD_FRAME, 0);
    bytes[7] =
        16; /* a writer's answer: the length cannot be checked, the frame is skipped */
    result = feed(&voltage_request, bytes, sizeof(bytes));
    assert_foreign(&result, 17, SLOT_BAD_FRAME, 0);
}

static void the_exception_of_another_function_is_not_ours(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x12, 0x34, 0, 0, 0, 3, 1, 0x83, 2};
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 9, SLOT_BAD_FRAME, 0);
}

static void a_consistent_reply_of_another_count_is_not_ours(void **state)
{
    (void)state;
    static const uint8_t shorter[] = {0x12, 0x34, 0,    0,    0,    7,   1,
                                      4,    4,    0x43, 0x66, 0x33, 0x34};
    static const uint8_t odd[] = {0x12, 0x34, 0, 0, 0, 4, 1, 4, 1, 0x43};
    static const uint8_t none[] = {0x12, 0x34, 0, 0, 0, 3, 1, 4, 0};
    struct feed_result result = feed(&voltage_request, shorter, sizeof(shorter));

    assert_foreign(&result, 13, SLOT_BAD_FRAME, 0);
    result = feed(&voltage_request, odd, sizeof(odd));
    assert_foreign(&result, 10, SLOT_BAD_FRAME, 0);
    result = feed(&voltage_request, none, sizeof(none));
    assert_foreign(&result, 9, SLOT_BAD_FRAME, 0);
}

static void a_wrong_protocol_id_is_fatal_as_soon_as_it_is_seen(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x12, 0x34, 0, 1};
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, 4, SLOT_BAD_FRAME, 1);
}

static void an_impossible_length_is_fatal(void **state)
{
    (void)state;
    static const unsigned lengths[] = {0, 1, 2, 255, 256, 0x0b00, 65535};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint8_t bytes[sizeof(voltage_reply)];

        memcpy(bytes, voltage_reply, sizeof(bytes));
        bytes[4] = (uint8_t)(lengths[i] >> 8);
        bytes[5] = (uint8_t)(lengths[i] & 0xff);
        struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

        assert_foreign(&result, sizeof(bytes), SLOT_BAD_FRAME, 1);
        assert_int_equal(feed(&voltage_request, bytes, 6).fatal, 1);
    }
}

static void a_length_against_the_byte_count_is_fatal(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(voltage_reply)];

    for (unsigned length = 3; length <= 254; length++) {
        if (length == 11) {
            continue;
        }
        memcpy(bytes, voltage_reply, sizeof(bytes));
        bytes[5] = (uint8_t)length;
        struct feed_result result = feed(&voltage_request, bytes, 9);

        assert_foreign(&result, 9, SLOT_BAD_FRAME, 1);
    }
    /* also in a frame that is late: its end cannot be believed */
    memcpy(bytes, voltage_reply, sizeof(bytes));
    bytes[0] = 0;
    bytes[8] = 6;
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, sizeof(bytes), SLOT_BAD_FRAME, 1);
}

static void an_exception_longer_than_two_bytes_is_fatal(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x12, 0x34, 0, 0, 0, 4, 1, 0x84, 2, 0};
    struct feed_result result = feed(&voltage_request, bytes, sizeof(bytes));

    assert_foreign(&result, sizeof(bytes), SLOT_BAD_FRAME, 1);
}

static void bytes_after_the_reply_stay(void **state)
{
    (void)state;
    uint8_t stream[sizeof(voltage_reply) + 5];

    memcpy(stream, voltage_reply, sizeof(voltage_reply));
    memset(stream + sizeof(voltage_reply), 0xff, 5);
    struct feed_result result = feed(&voltage_request, stream, sizeof(stream));

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed, sizeof(voltage_reply));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scheme_is_modbus_tcp),
        cmocka_unit_test(a_read_is_twelve_bytes_on_the_wire),
        cmocka_unit_test(encode_refuses_what_is_not_a_read),
        cmocka_unit_test(encode_takes_the_last_register),
        cmocka_unit_test(encode_refuses_a_buffer_too_small),
        cmocka_unit_test(a_good_reply_gives_its_registers),
        cmocka_unit_test(the_longest_reply_is_taken),
        cmocka_unit_test(every_split_waits_for_the_last_byte),
        cmocka_unit_test(no_flipped_header_bit_is_taken_for_the_reply),
        cmocka_unit_test(no_flipped_bit_of_an_exception_makes_a_reply),
        cmocka_unit_test(every_exception_code_is_reported),
        cmocka_unit_test(a_late_reply_is_dropped_and_the_next_one_taken),
        cmocka_unit_test(a_late_exception_is_dropped),
        cmocka_unit_test(a_late_reply_of_another_size_is_consumed_by_its_own_length),
        cmocka_unit_test(a_foreign_frame_is_judged_when_it_is_whole),
        cmocka_unit_test(another_unit_is_bad_unit),
        cmocka_unit_test(another_function_is_not_the_reply),
        cmocka_unit_test(the_exception_of_another_function_is_not_ours),
        cmocka_unit_test(a_consistent_reply_of_another_count_is_not_ours),
        cmocka_unit_test(a_wrong_protocol_id_is_fatal_as_soon_as_it_is_seen),
        cmocka_unit_test(an_impossible_length_is_fatal),
        cmocka_unit_test(a_length_against_the_byte_count_is_fatal),
        cmocka_unit_test(an_exception_longer_than_two_bytes_is_fatal),
        cmocka_unit_test(bytes_after_the_reply_stay),
    };

    return cmocka_run_group_tests_name("modbus codec", tests, NULL, NULL);
}
