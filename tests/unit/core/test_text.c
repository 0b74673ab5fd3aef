#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "tests/support/test.h"

static void copy_cuts_at_a_character(void **state)
{
    char text[6];

    (void)state;
    assert_true(text_copy(text, sizeof(text), "abcde"));
    assert_string_equal(text, "abcde");
    assert_false(text_copy(text, sizeof(text), "ab慈溪"));
    assert_string_equal(text, "ab慈");
    assert_false(text_copy(text, sizeof(text), "abc慈溪"));
    assert_string_equal(text, "abc");
}

static void escape_shows_controls_and_cuts_at_a_character(void **state)
{
    char text[16];

    (void)state;
    text_escape(text, sizeof(text), "a\x1b[b\n\x7f", "\n");
    assert_string_equal(text, "a\\x1b[b\n\\x7f");
    text_escape(text, sizeof(text), "a\n慈", "");
    assert_string_equal(text, "a\\x0a慈");
    text_escape(text, 6, "ab慈溪", "");
    assert_string_equal(text, "ab慈");
    text_escape(text, 7, "ab慈溪", "");
    assert_string_equal(text, "ab慈");
    text_escape(text, 5, "ab\x1b", "");
    assert_string_equal(text, "ab");
}

static void utf8_refuses_overlong_surrogate_and_cut_forms(void **state)
{
    (void)state;
    assert_true(text_is_utf8("慈溪 €𝄞", strlen("慈溪 €𝄞")));
    assert_false(text_is_utf8("\xc0\x80", 2));
    assert_false(text_is_utf8("\xed\xa0\x80", 3));
    assert_false(text_is_utf8("\xf4\x90\x80\x80", 4));
    assert_false(text_is_utf8("\xe6\x85", 2));
    assert_false(text_is_utf8("\x80", 1));
}

static void id_is_64_letters_digits_dots_dashes(void **state)
{
    char longest[66];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[64] = '\0';
    assert_true(text_is_id(longest));
    longest[64] = 'a';
    longest[65] = '\0';
    assert_false(text_is_id(longest));
    assert_true(text_is_id("M-001_a.2"));
    assert_false(text_is_id(""));
    assert_false(text_is_id("-a"));
    assert_false(text_is_id("a b"));
    assert_false(text_is_id("慈"));
}

static void nearest_forgives_a_third_of_the_letters(void **state)
{
    static const char *const words[] = {"interval", "timeout", "retries",
                                        "编号",     "名称",    NULL};

    (void)state;
    assert_string_equal(text_nearest("intervall", words), "interval");
    assert_string_equal(text_nearest("itnerval", words), "interval");
    assert_string_equal(text_nearest("TimeOut", words), "timeout");
    assert_string_equal(text_nearest("编码", words), "编号");
    assert_null(text_nearest("endpoint", words));
    assert_null(text_nearest("", words));
}

static void i64_takes_the_whole_string_within_the_range(void **state)
{
    int64_t value = 7;

    (void)state;
    assert_int_equal(text_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(text_to_i64("+12", 0, 12, &value), 0);
    assert_int_equal(value, 12);
    assert_int_equal(text_to_i64("13", 0, 12, &value), ERR_RANGE);
    assert_int_equal(text_to_i64("9223372036854775808", INT64_MIN, INT64_MAX, &value),
                     ERR_RANGE);
    assert_int_equal(text_to_i64("99999999999999999999999999999999999999999999999", 0,
                                 INT64_MAX, &value),
                     ERR_RANGE);
    assert_int_equal(text_to_i64("", 0, 12, &value), ERR_SYNTAX);
    assert_int_equal(text_to_i64("-", 0, 12, &value), ERR_SYNTAX);
    assert_int_equal(text_to_i64("1 ", 0, 12, &value), ERR_SYNTAX);
    assert_int_equal(text_to_i64("0x1", 0, 12, &value), ERR_SYNTAX);
    assert_int_equal(value, 12);
}

static void decimal_is_exact_or_refused(void **state)
{
    int64_t value = 7;

    (void)state;
    assert_int_equal(text_to_decimal("-1234.5", 2, &value), 0);
    assert_int_equal(value, -123450);
    assert_int_equal(text_to_decimal("0.30", 6, &value), 0);
    assert_int_equal(value, 300000);
    assert_int_equal(text_to_decimal(".5", 1, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(text_to_decimal("1.5000", 1, &value), 0);
    assert_int_equal(value, 15);
    assert_int_equal(text_to_decimal("-9223372036854775.808", 3, &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(text_to_decimal("1.55", 1, &value), ERR_RANGE);
    assert_int_equal(text_to_decimal("9223372036854775.808", 3, &value), ERR_RANGE);
    assert_int_equal(text_to_decimal("1e3", 3, &value), ERR_SYNTAX);
    assert_int_equal(text_to_decimal("3.30282E+12", 0, &value), ERR_SYNTAX);
    assert_int_equal(text_to_decimal("1,5", 3, &value), ERR_SYNTAX);
    assert_int_equal(text_to_decimal("1.2.3", 3, &value), ERR_SYNTAX);
    assert_int_equal(text_to_decimal(".", 3, &value), ERR_SYNTAX);
    assert_int_equal(text_to_decimal("nan", 3, &value), ERR_SYNTAX);
    assert_true(value == INT64_MIN);
}

static void ratio_is_in_lowest_terms_and_positive(void **state)
{
    struct ratio ratio = {0, 0};

    (void)state;
    assert_int_equal(text_to_ratio("10000/100", &ratio), 0);
    assert_int_equal(ratio.num, 100);
    assert_int_equal(ratio.den, 1);
    assert_int_equal(text_to_ratio("0.75", &ratio), 0);
    assert_int_equal(ratio.num, 3);
    assert_int_equal(ratio.den, 4);
    assert_int_equal(text_to_ratio("7.5/5", &ratio), 0);
    assert_int_equal(ratio.num, 3);
    assert_int_equal(ratio.den, 2);
    assert_int_equal(text_to_ratio("20", &ratio), 0);
    assert_int_equal(ratio.num, 20);
    assert_int_equal(text_to_ratio("0", &ratio), ERR_RANGE);
    assert_int_equal(text_to_ratio("-1", &ratio), ERR_RANGE);
    assert_int_equal(text_to_ratio("1/0", &ratio), ERR_RANGE);
    assert_int_equal(text_to_ratio("2000000000", &ratio), ERR_RANGE);
    assert_int_equal(text_to_ratio("100/5/2", &ratio), ERR_SYNTAX);
    assert_int_equal(text_to_ratio("100/", &ratio), ERR_SYNTAX);
    assert_int_equal(text_to_ratio("/5", &ratio), ERR_SYNTAX);
    assert_int_equal(ratio.num, 20);
}

static void duration_and_size_need_their_unit(void **state)
{
    int64_t value = 0;

    (void)state;
    assert_int_equal(text_to_duration_ms("500ms", &value), 0);
    assert_int_equal(value, 500);
    assert_int_equal(text_to_duration_ms("60s", &value), 0);
    assert_int_equal(value, 60000);
    assert_int_equal(text_to_duration_ms("5min", &value), 0);
    assert_int_equal(value, 300000);
    assert_int_equal(text_to_duration_ms("2h", &value), 0);
    assert_int_equal(value, 7200000);
    assert_int_equal(text_to_duration_ms("35d", &value), 0);
    assert_int_equal(value, 3024000000);
    assert_int_equal(text_to_duration_ms("60", &value), ERR_SYNTAX);
    assert_int_equal(text_to_duration_ms("-1s", &value), ERR_SYNTAX);
    assert_int_equal(text_to_duration_ms("1m", &value), ERR_SYNTAX);
    assert_int_equal(text_to_duration_ms("9999999999999d", &value), ERR_RANGE);
    assert_int_equal(text_to_size_bytes("20GiB", &value), 0);
    assert_int_equal(value, 21474836480);
    assert_int_equal(text_to_size_bytes("64KiB", &value), 0);
    assert_int_equal(value, 65536);
    assert_int_equal(text_to_size_bytes("64KB", &value), ERR_SYNTAX);
    assert_int_equal(text_to_size_bytes("", &value), ERR_SYNTAX);
    assert_int_equal(value, 65536);
}

static void buffer_grows_and_prints(void **state)
{
    struct text_buffer buffer = {NULL, 0, 0, 0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        text_append(&buffer, "0123456789");
    }
    assert_int_equal(buffer.n, 10000);
    assert_int_equal(strlen(buffer.text), 10000);
    text_buffer_clear(&buffer);
    text_append_i64(&buffer, INT64_MIN);
    text_append_char(&buffer, ' ');
    text_append_i64(&buffer, 0);
    text_printf(&buffer, " %s %d", "x", 3);
    assert_string_equal(buffer.text, "-9223372036854775808 0 x 3");
    assert_int_equal(buffer.err, 0);
    text_buffer_done(&buffer);
    assert_null(buffer.text);
}

static void json_escapes_what_json_forbids(void **state)
{
    struct text_buffer buffer = {NULL, 0, 0, 0};

    (void)state;
    text_append_json(&buffer, "慈\"\\\n\t\x01\xff/\x7f");
    assert_string_equal(buffer.text, "\"慈\\\"\\\\\\n\\t\\u0001\\ufffd/\x7f\"");
    text_buffer_done(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_cuts_at_a_character),
        cmocka_unit_test(utf8_refuses_overlong_surrogate_and_cut_forms),
        cmocka_unit_test(id_is_64_letters_digits_dots_dashes),
        cmocka_unit_test(nearest_forgives_a_third_of_the_letters),
        cmocka_unit_test(i64_takes_the_whole_string_within_the_range),
        cmocka_unit_test(decimal_is_exact_or_refused),
        cmocka_unit_test(ratio_is_in_lowest_terms_and_positive),
        cmocka_unit_test(duration_and_size_need_their_unit),
        cmocka_unit_test(escape_shows_controls_and_cuts_at_a_character),
        cmocka_unit_test(buffer_grows_and_prints),
        cmocka_unit_test(json_escapes_what_json_forbids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
