/* Any bytes through every text_to_* parser; what is accepted must print and parse back. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/text.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void check_numbers(const char *text)
{
    int64_t value = 0;
    struct ratio ratio = {1, 1};

    (void)text_to_i64(text, INT64_MIN, INT64_MAX, &value);
    for (int digits = 0; digits <= 9; digits++) {
        (void)text_to_decimal(text, digits, &value);
    }
    if (text_to_ratio(text, &ratio) == 0) {
        require(ratio.num > 0 && ratio.den > 0 && gcd_i64(ratio.num, ratio.den) == 1);
    }
    if (text_to_duration_ms(text, &value) == 0) {
        require(value >= 0);
    }
    if (text_to_size_bytes(text, &value) == 0) {
        require(value >= 0);
    }
}

static void check_times(const char *text)
{
    static const struct zone zone = {8 * 3600 * 1000, "Asia/Shanghai"};
    char printed[32];
    day_t day = 0;
    day_t again = 0;
    int64_t ts_ms = 0;
    struct period period;

    if (text_to_day(text, &day) == 0) {
        text_from_day(day, printed);
        require(text_to_day(printed, &again) == 0 && again == day);
    }
    if (text_to_ts_ms(text, &zone, &ts_ms) == 0) {
        int64_t back_ms = 0;

        text_from_ts_ms(ts_ms, &zone, printed);
        require(text_to_ts_ms(printed, &zone, &back_ms) == 0);
    }
    if (text_to_period(text, &period) == 0) {
        require(period.first <= period.last && strcmp(period.text, text) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const words[] = {"interval", "timeout", "编号", NULL};
    struct text_buffer buffer = {NULL, 0, 0, 0};
    char *input = malloc(n + 1);
    char cut[16];

    if (input == NULL) {
        return 0;
    }
    if (n > 0) {
        memcpy(input, bytes, n);
    }
    input[n] = '\0';
    check_numbers(input);
    check_times(input);
    (void)text_is_id(input);
    (void)text_nearest(input, words);
    (void)text_copy(cut, sizeof(cut), input);
    text_append_json(&buffer, input);
    require(text_is_utf8(buffer.text, buffer.n));
    text_buffer_done(&buffer);
    free(input);
    return 0;
}
