/* Every captured frame: sent as published, understood whole, at every split, and in no
 * damaged form. Addresses and error bytes. */
#include <ecmon/err.h>

#include "drivers/dlt645/dlt645.h"
#include "tests/support/test.h"
#include "tests/unit/dlt645/captured.h"

static void assert_captured(const struct captured *frame, const struct feed_result *result)
{
    uint8_t data[256];
    size_t n = bytes_of_hex(frame->data, data);

    if (n == 0) {
        assert_int_equal(result->verdict, FEED_EXCEPTION);
        assert_int_equal(result->exception, frame->error);
        return;
    }
    assert_int_equal(result->verdict, FEED_REPLY);
    assert_int_equal(result->payload_n, n);
    assert_false(result->more);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal((uint8_t)(result->payload[i] - 0x33), data[i]);
    }
}

static void requests_are_sent_as_published_behind_four_fe(void **state)
{
    int published = 0;

    (void)state;
    for (size_t i = 0; i < captured_n; i++) {
        uint8_t wanted[64] = {0xfe, 0xfe, 0xfe, 0xfe};
        uint8_t bytes[64];
        size_t n = bytes_of_hex(captured[i].request, wanted + 4);
        struct request request = request_of(&captured[i]);

        if (n > 0) {
            assert_int_equal(dlt645_driver()->encode(&request, bytes, sizeof(bytes)),
                             4 + (int)n);
            assert_memory_equal(bytes, wanted, 4 + n);
            published++;
        }
    }
    assert_int_equal(published, 9);
}

static void every_captured_reply_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < captured_n; i++) {
        struct request request = request_of(&captured[i]);

        for (size_t preamble_n = 0; preamble_n <= 6; preamble_n++) {
            uint8_t bytes[128];
            char meter[DLT645_ADDRESS_TEXT_LEN];

            memset(bytes, 0xfe, preamble_n);
            size_t n = preamble_n + bytes_of_hex(captured[i].reply, bytes + preamble_n);
            struct feed_result result = feed(&request, bytes, n);

            assert_captured(&captured[i], &result);
            assert_int_equal(result.consumed, n);
            dlt645_address_text(result.meter_address, meter);
            if (captured[i].function != 0x13) {
                assert_string_equal(meter, captured[i].meter);
            }
        }
    }
}

static void every_split_waits_for_the_last_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < captured_n; i++) {
        struct request request = request_of(&captured[i]);
        uint8_t bytes[128] = {0xfe, 0xfe};
        size_t n = 2 + bytes_of_hex(captured[i].reply, bytes + 2);

        for (size_t came = 0; came < n; came++) {
            assert_int_equal(feed(&request, bytes, came).verdict, FEED_NEED_MORE);
        }
    }
}

static void no_flipped_bit_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < captured_n; i++) {
        struct request request = request_of(&captured[i]);
        uint8_t bytes[128];
        size_t n = bytes_of_hex(captured[i].reply, bytes);

        for (size_t bit = 0; bit < n * 8; bit++) {
            bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
            assert_int_equal(drain(&request, bytes, n).verdict, FEED_NEED_MORE);
            assert_int_equal(dribble(&request, bytes, n).verdict, FEED_NEED_MORE);
            bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1U << (bit % 8)));
        }
    }
}

static void every_other_byte_at_every_place_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < captured_n; i++) {
        struct request request = request_of(&captured[i]);
        uint8_t bytes[128];
        size_t n = bytes_of_hex(captured[i].reply, bytes);

        for (size_t at = 0; at < n; at++) {
            uint8_t right = bytes[at];

            for (unsigned value = 0; value < 256; value++) {
                bytes[at] = (uint8_t)value;
                bool is_taken = drain(&request, bytes, n).verdict != FEED_NEED_MORE;

                assert_int_equal(is_taken, value == right);
            }
            bytes[at] = right;
        }
    }
}

/* Frame G: the published request carries the checksum of address AA…AA. */
static void the_published_request_with_the_wrong_checksum_is_rejected(void **state)
{
    (void)state;
    uint8_t published[64];
    uint8_t ours[64];
    struct request request = {.function = 0x11, .edition = PROFILE_DLT645_2007};
    size_t n = bytes_of_hex("68 77 71 23 00 00 00 68 11 04 33 33 33 33 AD 16", published);

    assert_int_equal(dlt645_address_of_text("237177", request.meter_address), 0);
    struct feed_result result = feed(&request, published, n);

    assert_int_equal(result.verdict, FEED_FOREIGN);
    assert_int_equal(result.reason, SLOT_BAD_CRC);
    assert_int_equal(result.consumed, n);
    assert_int_equal(dlt645_driver()->encode(&request, ours, sizeof(ours)), 20);
    assert_memory_equal(ours + 4, published, 14);
    assert_int_equal(ours[18], 0xbc);
}

static void encode_refuses_what_no_meter_may_be_asked(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct request good = read_of(0x00010000);
    struct request bad[12];
    size_t n = 0;
    static const uint8_t writing[] = {0x00, 0x03, 0x08, 0x14, 0x15, 0x16, 0x1a, 0x1c, 0x01};

    for (; n < sizeof(writing); n++) {
        bad[n] = good;
        bad[n].function = writing[n];
    }
    bad[n] = good;
    bad[n++].edition = PROFILE_MODBUS;
    bad[n] = good;
    bad[n++].meter_address[2] = 0x1b;
    bad[n] = good;
    memset(bad[n++].meter_address, 0x99, METER_ADDRESS_LEN);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(dlt645_driver()->encode(&bad[i], bytes, sizeof(bytes)), ERR_RANGE);
    }
    for (size_t cap = 0; cap < 20; cap++) {
        assert_int_equal(dlt645_driver()->encode(&good, bytes, cap), ERR_RANGE);
    }
    assert_int_equal(dlt645_driver()->encode(&good, bytes, 20), 20);
}

static void the_old_edition_reads_with_two_bytes_only(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct request request = read_of(0x9010);
    struct request next;

    request.edition = PROFILE_DLT645_1997;
    assert_int_equal(dlt645_driver()->encode(&request, bytes, sizeof(bytes)), ERR_RANGE);
    request.function = 0x01;
    assert_int_equal(dlt645_driver()->encode(&request, bytes, sizeof(bytes)), 18);
    assert_int_equal(dlt645_driver()->follow(&request, &next), ERR_RANGE);
    request.data_id = 0x19010;
    assert_int_equal(dlt645_driver()->encode(&request, bytes, sizeof(bytes)), ERR_RANGE);
}

static void addresses_are_padded_and_turned_round(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0x12, 0x00, 0x00, 0x00, 0x10, 0x20};
    static const uint8_t padded[] = {0x61, 0x01, 0x00, 0x00, 0x00, 0x00};
    static const uint8_t abbreviated[] = {0x29, 0x25, 0xaa, 0xaa, 0xaa, 0xaa};
    uint8_t address[METER_ADDRESS_LEN];
    char text[DLT645_ADDRESS_TEXT_LEN];

    assert_int_equal(dlt645_address_of_text("201000000012", address), 0);
    assert_memory_equal(address, wanted, 6);
    dlt645_address_text(address, text);
    assert_string_equal(text, "201000000012");
    assert_int_equal(dlt645_address_of_text("161", address), 0);
    assert_memory_equal(address, padded, 6);
    assert_int_equal(dlt645_address_of_text("AAAAaaAA2529", address), 0);
    assert_memory_equal(address, abbreviated, 6);
    assert_int_equal(dlt645_address_of_text("", address), ERR_SYNTAX);
    assert_int_equal(dlt645_address_of_text("1234567890123", address), ERR_SYNTAX);
    assert_int_equal(dlt645_address_of_text("12345x", address), ERR_SYNTAX);
    assert_int_equal(dlt645_address_of_text("A1", address), ERR_SYNTAX);
    assert_int_equal(dlt645_address_of_text("-1", address), ERR_SYNTAX);
    assert_int_equal(dlt645_address_of_text("999999999999", address), ERR_RANGE);
    assert_memory_equal(address, abbreviated, 6);
}

static void error_bytes_have_words(void **state)
{
    (void)state;
    char text[DLT645_ERROR_TEXT_LEN];

    dlt645_error_text(0x02, text);
    assert_string_equal(text, "no such data");
    dlt645_error_text(0x04, text);
    assert_string_equal(text, "not authorised");
    dlt645_error_text(0x05, text);
    assert_string_equal(text, "other error, not authorised");
    dlt645_error_text(0xff, text);
    assert_string_equal(text + strlen(text) - 12, "reserved bit");
    dlt645_error_text(0, text);
    assert_string_equal(text, "no reason given");
}

static void who_is_there_is_the_published_frame(void **state)
{
    (void)state;
    uint8_t wanted[64] = {0xfe, 0xfe, 0xfe, 0xfe};
    uint8_t bytes[64];
    struct request request = dlt645_who_is_there();
    size_t n = 4 + bytes_of_hex("68 AA AA AA AA AA AA 68 13 00 DF 16", wanted + 4);

    assert_int_equal(dlt645_driver()->encode(&request, bytes, sizeof(bytes)), (int)n);
    assert_memory_equal(bytes, wanted, n);
    assert_int_equal(dlt645_driver()->reply_bytes(&request), 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_sent_as_published_behind_four_fe),
        cmocka_unit_test(every_captured_reply_is_understood),
        cmocka_unit_test(every_split_waits_for_the_last_byte),
        cmocka_unit_test(no_flipped_bit_is_taken),
        cmocka_unit_test(every_other_byte_at_every_place_is_refused),
        cmocka_unit_test(the_published_request_with_the_wrong_checksum_is_rejected),
        cmocka_unit_test(encode_refuses_what_no_meter_may_be_asked),
        cmocka_unit_test(the_old_edition_reads_with_two_bytes_only),
        cmocka_unit_test(addresses_are_padded_and_turned_round),
        cmocka_unit_test(error_bytes_have_words),
        cmocka_unit_test(who_is_there_is_the_published_frame),
    };

    return cmocka_run_group_tests_name("dlt645 frames", tests, NULL, NULL);
}
