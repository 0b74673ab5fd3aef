/* What a line does to frames: other meters, late replies, refusals, follow-up frames, echo,
 * noise. */
#include <ecmon/err.h>

#include "drivers/dlt645/dlt645.h"
#include "tests/support/test.h"
#include "tests/unit/dlt645/captured.h"

#define METER  "123456789012"
#define ENERGY 0x00010000U /* sent 00 00 01 00 */

static void assert_foreign(const struct feed_result *result, size_t consumed,
                           enum slot_status reason)
{
    assert_int_equal(result->verdict, FEED_FOREIGN);
    assert_int_equal(result->reason, reason);
    assert_int_equal(result->consumed, consumed);
}

/* A frame that is not the answer, then the answer. */
static void assert_dropped(const struct request *request, const char *meter,
                           uint8_t control, const char *data, enum slot_status reason)
{
    uint8_t bytes[512];
    size_t n = make_frame(meter, control, data, bytes);
    struct feed_result result = feed(request, bytes, n);

    assert_foreign(&result, n, reason);
    size_t all_n = n + make_frame(METER, 0x91, "00 00 01 00 56 34 12 00", bytes + n);

    result = feed(request, bytes, all_n);
    assert_foreign(&result, n, reason);
    result = drain(request, bytes, all_n);
    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.payload_n, 4);
    result = dribble(request, bytes, all_n);
    assert_int_equal(result.verdict, FEED_REPLY);
}

static void the_drivers_differ_in_the_scheme_only(void **state)
{
    (void)state;
    assert_string_equal(dlt645_driver()->scheme, "dlt645");
    assert_string_equal(dlt645_tcp_driver()->scheme, "dlt645+tcp");
    assert_ptr_equal(dlt645_driver()->feed, dlt645_tcp_driver()->feed);
}

static void another_meters_frame_is_bad_unit(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    assert_dropped(&request, "123456789013", 0x91, "00 00 01 00 11 11 11 11",
                   SLOT_BAD_UNIT);
    assert_dropped(&request, "923456789012", 0xd1, "02", SLOT_BAD_UNIT);
    /* wild cards are for requests that have them */
    assert_dropped(&request, "AAAAAAAAAAAA", 0x91, "00 00 01 00 11 11 11 11",
                   SLOT_BAD_UNIT);
}

static void a_late_reply_of_another_identifier_is_dropped(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    assert_dropped(&request, METER, 0x91, "00 00 02 00 11 11 11 11", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x91, "01 00 01 00 11 11 11 11", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x91, "00 00 01 01 11 11 11 11", SLOT_BAD_FRAME);
}

static void another_function_is_dropped(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    assert_dropped(&request, METER, 0x94, "", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x93, "12 90 78 56 34 12", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x92, "00 00 01 00 11 11 11 11 01", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0xd2, "02", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x81, "10 90 11 11 11 11", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0xc1, "02", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x11, "00 00 02 00",
                   SLOT_BAD_FRAME); /* second master */
}

static void a_frame_without_data_is_no_reply(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    assert_dropped(&request, METER, 0x91, "", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x91, "00 00 01", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0x91, "00 00 01 00", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0xd1, "", SLOT_BAD_FRAME);
    assert_dropped(&request, METER, 0xd1, "02 00", SLOT_BAD_FRAME);
}

static void lengths_above_200_are_no_frame(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    for (unsigned length = 0; length < 256; length++) {
        uint8_t bytes[300] = {0x68, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12, 0x68, 0x91};
        unsigned sum = 0;

        memset(bytes + 10, 0x33, length);
        bytes[9] = (uint8_t)length;
        bytes[12] = length > 4 ? 0x34 : bytes[12];
        for (size_t i = 0; i < 10 + length; i++) {
            sum += bytes[i];
        }
        bytes[10 + length] = (uint8_t)(sum & 0xff);
        bytes[11 + length] = 0x16;
        struct feed_result result = feed(&request, bytes, 12 + length);

        if (length > 4 && length <= 200) {
            assert_int_equal(result.verdict, FEED_REPLY);
            assert_int_equal(result.payload_n, length - 4);
        } else {
            assert_int_equal(result.verdict, FEED_FOREIGN);
            assert_int_equal(result.reason, SLOT_BAD_FRAME);
            assert_int_equal(drain(&request, bytes, 12 + length).verdict, FEED_NEED_MORE);
        }
    }
}

/* Sent as it is, without + 33H: a sound frame with other bytes. */
static void a_frame_without_33_is_dropped(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    assert_dropped(&request, METER, 0x91, "CD CD CE CD 23 01 DF CD", SLOT_BAD_FRAME);
}

static void refusals_are_exceptions_with_their_byte(void **state)
{
    struct request request = read_of(ENERGY);

    (void)state;
    for (unsigned error = 0; error < 256; error++) {
        uint8_t bytes[64];
        char data[3];

        (void)snprintf(data, sizeof(data), "%02X", error);
        size_t n = make_frame(METER, 0xd1, data, bytes);
        struct feed_result result = feed(&request, bytes, n);

        assert_int_equal(result.verdict, FEED_EXCEPTION);
        assert_int_equal(result.exception, error);
        assert_int_equal(result.consumed, n);
    }
}

static void the_old_editions_refusal_is_understood(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct request request = read_of(0x9010);

    request.edition = PROFILE_DLT645_1997;
    request.function = 0x01;
    struct feed_result result = feed(&request, bytes, make_frame(METER, 0xc1, "02", bytes));

    assert_int_equal(result.verdict, FEED_EXCEPTION);
    result = feed(&request, bytes, make_frame(METER, 0x81, "20 90 11 11 11 11", bytes));
    assert_int_equal(result.verdict, FEED_FOREIGN);
}

static void follow_up_frames_are_asked_by_number(void **state)
{
    (void)state;
    uint8_t wanted[64] = {0xfe, 0xfe, 0xfe, 0xfe};
    uint8_t bytes[64];
    struct request request = read_of(0x0001FF00);
    struct request next;
    struct request last;
    struct feed_result result =
        feed(&request, bytes, make_frame(METER, 0xb1, "00 FF 01 00 11 22", bytes));

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_true(result.more);
    assert_int_equal(result.payload_n, 2);
    assert_int_equal(dlt645_driver()->follow(&request, &next), 0);
    assert_int_equal(dlt645_driver()->follow(&next, &last), 0);
    size_t n = 4 + make_frame(METER, 0x12, "00 FF 01 00 02", wanted + 4);

    assert_int_equal(dlt645_driver()->encode(&last, bytes, sizeof(bytes)), (int)n);
    assert_memory_equal(bytes, wanted, n);
    for (int i = 2; i < 255; i++) {
        assert_int_equal(dlt645_driver()->follow(&last, &last), 0);
    }
    assert_int_equal(last.sequence, 255);
    assert_int_equal(dlt645_driver()->follow(&last, &next), ERR_RANGE);
    next = dlt645_who_is_there();
    assert_int_equal(dlt645_driver()->follow(&next, &last), ERR_RANGE);
}

/* Missing: nothing comes. Twice: the number is not the next. Out of order: the same. */
static void only_the_follow_up_frame_with_the_right_number_is_taken(void **state)
{
    (void)state;
    struct request first = read_of(0x0001FF00);
    struct request second;
    struct request third;
    uint8_t bytes[256];

    assert_int_equal(dlt645_driver()->follow(&first, &second), 0);
    assert_int_equal(dlt645_driver()->follow(&second, &third), 0);
    size_t again_n = make_frame(METER, 0xb1, "00 FF 01 00 11 22", bytes);
    struct feed_result result = feed(&second, bytes, again_n);

    assert_foreign(&result, again_n, SLOT_BAD_FRAME);
    size_t n = again_n + make_frame(METER, 0xb2, "00 FF 01 00 33 44 01", bytes + again_n);

    result = drain(&second, bytes, n);
    assert_int_equal(result.verdict, FEED_REPLY);
    assert_true(result.more);
    assert_int_equal(result.payload_n, 2);
    assert_int_equal(result.payload[0], 0x66);
    assert_int_equal(drain(&third, bytes, n).verdict, FEED_NEED_MORE);
    n = make_frame(METER, 0x92, "00 FF 01 00 55 66 02", bytes);
    assert_int_equal(drain(&second, bytes, n).verdict, FEED_NEED_MORE);
    result = feed(&third, bytes, n);
    assert_int_equal(result.verdict, FEED_REPLY);
    assert_false(result.more);
    n = make_frame(METER, 0x92, "00 FF 01 00 02", bytes); /* a number and no data */
    result = feed(&third, bytes, n);
    assert_foreign(&result, n, SLOT_BAD_FRAME);
    n = make_frame(METER, 0xd2, "02", bytes);
    assert_int_equal(feed(&third, bytes, n).verdict, FEED_EXCEPTION);
}

static void a_wild_card_names_who_answers(void **state)
{
    (void)state;
    uint8_t bytes[64];
    char text[DLT645_ADDRESS_TEXT_LEN];
    struct request request = read_of(ENERGY);

    memset(request.meter_address + 2, 0xaa, 4);
    size_t n = make_frame("201709329012", 0x91, "00 00 01 00 11 11 11 11", bytes);
    struct feed_result result = feed(&request, bytes, n);

    assert_int_equal(result.verdict, FEED_REPLY);
    dlt645_address_text(result.meter_address, text);
    assert_string_equal(text, "201709329012");
    n = make_frame("201709329013", 0x91, "00 00 01 00 11 11 11 11", bytes);
    result = feed(&request, bytes, n);
    assert_foreign(&result, n, SLOT_BAD_UNIT);
    /* a gateway answers as AA */
    n = make_frame("AAAAAAAA9012", 0x91, "00 00 01 00 11 11 11 11", bytes);
    assert_int_equal(feed(&request, bytes, n).verdict, FEED_REPLY);
    n = make_frame("20170932901B", 0x91, "00 00 01 00 11 11 11 11", bytes);
    assert_int_equal(feed(&request, bytes, n).verdict, FEED_FOREIGN);
}

static void an_address_reply_must_agree_with_itself(void **state)
{
    (void)state;
    uint8_t bytes[64];
    char text[DLT645_ADDRESS_TEXT_LEN];
    struct request request = dlt645_who_is_there();
    size_t n = make_frame("AAAAAAAAAAAA", 0x93, "94 41 03 26 12 18", bytes);
    struct feed_result result = feed(&request, bytes, n);

    assert_int_equal(result.verdict, FEED_REPLY);
    dlt645_address_text(result.meter_address, text);
    assert_string_equal(text, "181226034194");
    n = make_frame("181226034195", 0x93, "94 41 03 26 12 18", bytes);
    result = feed(&request, bytes, n);
    assert_foreign(&result, n, SLOT_BAD_FRAME);
    n = make_frame("181226034194", 0x93, "94 41 03 26 12", bytes);
    result = feed(&request, bytes, n);
    assert_foreign(&result, n, SLOT_BAD_FRAME);
    n = make_frame("181226034194", 0xb3, "94 41 03 26 12 18", bytes);
    result = feed(&request, bytes, n);
    assert_foreign(&result, n, SLOT_BAD_FRAME);
    n = make_frame("AAAAAAAAAAAA", 0x93, "AA AA AA AA AA AA", bytes);
    result = feed(&request, bytes, n);
    assert_foreign(&result, n, SLOT_BAD_FRAME);
}

static void the_echo_is_skipped_silently_and_only_once(void **state)
{
    (void)state;
    struct request request = read_of(ENERGY);
    uint8_t bytes[128];
    size_t echo_n = (size_t)dlt645_driver()->encode(&request, bytes, sizeof(bytes));

    for (size_t n = 0; n <= echo_n; n++) {
        assert_int_equal(feed(&request, bytes, n).verdict, FEED_NEED_MORE);
    }
    bytes[echo_n] = 0xfe;
    size_t n =
        echo_n + 1 + make_frame(METER, 0x91, "00 00 01 00 56 34 12 00", bytes + echo_n + 1);
    struct feed_result result = feed(&request, bytes, n);

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed, n);
    (void)dlt645_driver()->encode(&request, bytes + echo_n, sizeof(bytes) - echo_n);
    result = feed(&request, bytes, 2 * echo_n);
    assert_foreign(&result, 2 * echo_n, SLOT_BAD_FRAME);
}

/* 68 and 16 as data, 68 as an address byte: lengths delimit, not marks. */
static void marks_inside_a_frame_do_not_end_it(void **state)
{
    (void)state;
    struct request request = read_of(ENERGY);
    uint8_t bytes[64];
    size_t n = make_frame(METER, 0x91, "00 00 01 00 35 E3 35 35 E3 35", bytes);
    struct feed_result result = dribble(&request, bytes, n);

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.payload_n, 6);
    assert_int_equal(result.payload[0], 0x68);
    assert_int_equal(result.payload[1], 0x16);
    assert_int_equal(dlt645_address_of_text("686868686868", request.meter_address), 0);
    n = make_frame("686868686868", 0x91, "00 00 01 00 35 35 35 35", bytes);
    result = dribble(&request, bytes, n);
    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed, n);
}

static void a_stray_68_before_the_frame_is_noise(void **state)
{
    (void)state;
    struct request request = read_of(ENERGY);
    uint8_t bytes[64] = {0x68};
    size_t n = 1 + make_frame(METER, 0x91, "00 00 01 00 56 34 12 00", bytes + 1);
    struct feed_result result = feed(&request, bytes, n);

    assert_foreign(&result, 1, SLOT_BAD_FRAME);
    assert_int_equal(drain(&request, bytes, n).verdict, FEED_REPLY);
    assert_int_equal(dribble(&request, bytes, n).verdict, FEED_REPLY);
}

static void a_frame_cut_at_any_place_does_not_hide_the_next(void **state)
{
    (void)state;
    struct request request = read_of(ENERGY);
    uint8_t frame[64];
    size_t frame_n = make_frame(METER, 0x91, "00 00 01 00 56 34 12 00", frame);

    for (size_t kept = 1; kept < frame_n; kept++) {
        uint8_t bytes[128];

        memcpy(bytes, frame, kept);
        memcpy(bytes + kept, frame, frame_n);
        assert_int_equal(drain(&request, bytes, kept + frame_n).verdict, FEED_REPLY);
        assert_int_equal(dribble(&request, bytes, kept + frame_n).verdict, FEED_REPLY);
        memcpy(bytes, frame + frame_n - kept, kept);
        assert_int_equal(drain(&request, bytes, kept + frame_n).verdict, FEED_REPLY);
        assert_int_equal(dribble(&request, bytes, kept + frame_n).verdict, FEED_REPLY);
    }
}

static void the_reply_is_found_in_any_noise(void **state)
{
    (void)state;
    struct request request = read_of(ENERGY);
    uint32_t random = 1;

    for (int run = 0; run < 20000; run++) {
        static const uint8_t nasty[] = {0x68, 0x16, 0xfe, 0x91, 0x12, 0x00, 0x68, 0x90};
        uint8_t bytes[128];
        size_t n = 0;

        random = random * 1103515245U + 12345U;
        size_t noise_n = (random >> 16) % 60;

        for (; n < noise_n; n++) {
            random = random * 1103515245U + 12345U;
            bytes[n] = run % 2 == 0 ? (uint8_t)(random >> 16) : nasty[(random >> 16) % 8];
        }
        if (run % 3 == 0) {
            n += (size_t)dlt645_driver()->encode(&request, bytes + n, sizeof(bytes) - n);
        }
        n += make_frame(METER, 0x91, "00 00 01 00 56 34 12 00", bytes + n);
        struct feed_result whole = drain(&request, bytes, n);

        assert_int_equal(whole.verdict, FEED_REPLY);
        assert_int_equal(whole.payload_n, 4);
        assert_int_equal(whole.payload[0], 0x89);
        assert_int_equal(dribble(&request, bytes, n).verdict, FEED_REPLY);
    }
}

static void a_full_buffer_is_always_judged(void **state)
{
    (void)state;
    struct request request = read_of(ENERGY);
    uint8_t bytes[DRIVER_FRAME_MAX];

    for (unsigned fill = 0; fill < 256; fill++) {
        memset(bytes, (int)fill, sizeof(bytes));
        assert_int_equal(feed(&request, bytes, sizeof(bytes)).verdict, FEED_FOREIGN);
    }
    for (size_t fe_n = 0; fe_n <= 512; fe_n++) {
        memset(bytes, 0xfe, fe_n);
        memset(bytes + fe_n, 0x68, sizeof(bytes) - fe_n);
        if (fe_n + 10 <= 512) {
            bytes[fe_n + 9] = 200;
        }
        assert_int_equal(feed(&request, bytes, sizeof(bytes)).verdict, FEED_FOREIGN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drivers_differ_in_the_scheme_only),
        cmocka_unit_test(another_meters_frame_is_bad_unit),
        cmocka_unit_test(a_late_reply_of_another_identifier_is_dropped),
        cmocka_unit_test(another_function_is_dropped),
        cmocka_unit_test(a_frame_without_data_is_no_reply),
        cmocka_unit_test(lengths_above_200_are_no_frame),
        cmocka_unit_test(a_frame_without_33_is_dropped),
        cmocka_unit_test(refusals_are_exceptions_with_their_byte),
        cmocka_unit_test(the_old_editions_refusal_is_understood),
        cmocka_unit_test(follow_up_frames_are_asked_by_number),
        cmocka_unit_test(only_the_follow_up_frame_with_the_right_number_is_taken),
        cmocka_unit_test(a_wild_card_names_who_answers),
        cmocka_unit_test(an_address_reply_must_agree_with_itself),
        cmocka_unit_test(the_echo_is_skipped_silently_and_only_once),
        cmocka_unit_test(marks_inside_a_frame_do_not_end_it),
        cmocka_unit_test(a_stray_68_before_the_frame_is_noise),
        cmocka_unit_test(a_frame_cut_at_any_place_does_not_hide_the_next),
        cmocka_unit_test(the_reply_is_found_in_any_noise),
        cmocka_unit_test(a_full_buffer_is_always_judged),
    };

    return cmocka_run_group_tests_name("dlt645 feed", tests, NULL, NULL);
}
