#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ecmon/err.h>

#include "daemon/conf/schema.h"
#include "daemon/conf/schema_parts.h"

/* Where a parser writes: the row, the field, the sentence when it refuses. */
struct value {
    const struct opt *opt;
    void *field;
    char *why;
    size_t why_size;
};

static int refuse(const struct value *value, const char *text, const char *expected)
{
    (void)snprintf(value->why, value->why_size, "'%.64s' is not %s", text, expected);
    return ERR_SYNTAX;
}

static bool has_limits(const struct opt *opt)
{
    return opt->min != 0 || opt->max != 0;
}

static int refuse_range(const struct value *value, const char *text)
{
    char limits[96];

    opt_limits_text(value->opt, limits, sizeof(limits));
    (void)snprintf(value->why, value->why_size, "'%.64s' is out of range: allowed is %s",
                   text, limits);
    return ERR_SYNTAX;
}

/* Integers go into fields of 4 or 8 bytes. */
static int store_int(const struct value *value, const char *text, int64_t number)
{
    const struct opt *opt = value->opt;
    int32_t narrow = (int32_t)number;

    if ((has_limits(opt) && (number < opt->min || number > opt->max)) ||
        (opt->size == sizeof(narrow) && (number < INT32_MIN || number > INT32_MAX))) {
        return refuse_range(value, text);
    }
    if (opt->size == sizeof(narrow)) {
        memcpy(value->field, &narrow, sizeof(narrow));
    } else {
        memcpy(value->field, &number, sizeof(number));
    }
    return 0;
}

static int parse_text(const struct value *value, const char *text)
{
    const struct opt *opt = value->opt;
    size_t n = strlen(text);
    size_t max =
        opt->max > 0 && (size_t)opt->max < opt->size ? (size_t)opt->max : opt->size - 1;

    if (n < (size_t)opt->min) {
        (void)snprintf(value->why, value->why_size, "must not be empty");
        return ERR_SYNTAX;
    }
    if (n > max) {
        (void)snprintf(value->why, value->why_size, "%zu bytes are too many: at most %zu",
                       n, max);
        return ERR_SYNTAX;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
            (void)snprintf(value->why, value->why_size,
                           "a control character (0x%02X) is not allowed",
                           (unsigned)(unsigned char)text[i]);
            return ERR_SYNTAX;
        }
    }
    memcpy(value->field, text, n + 1);
    return 0;
}

static int parse_id(const struct value *value, const char *text)
{
    if (!text_is_id(text) || strlen(text) >= value->opt->size) {
        return refuse(value, text,
                      "an id: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first");
    }
    memcpy(value->field, text, strlen(text) + 1);
    return 0;
}

static int parse_bool(const struct value *value, const char *text)
{
    bool yes = strcasecmp(text, "true") == 0;

    if (!yes && strcasecmp(text, "false") != 0) {
        return refuse(value, text, "true or false");
    }
    memcpy(value->field, &yes, sizeof(yes));
    return 0;
}

static int parse_int(const struct value *value, const char *text)
{
    int64_t number = 0;
    int err = text_to_i64(text, INT64_MIN, INT64_MAX, &number);

    if (err == ERR_RANGE) {
        return refuse_range(value, text);
    }
    return err != 0 ? refuse(value, text, "a whole number")
                    : store_int(value, text, number);
}

/* 0..15, or 16 when the character is no digit of the base. */
static uint64_t digit_of(char c, uint64_t base)
{
    static const char digits[] = "0123456789abcdef";
    const char *at =
        memchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c, sizeof(digits) - 1);
    uint64_t digit = at == NULL ? 16 : (uint64_t)(at - digits);

    return digit < base ? digit : 16;
}

bool text_to_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    uint64_t base = strncasecmp(text, "0x", 2) == 0 ? 16 : 10;
    const char *c = base == 16 ? text + 2 : text;
    uint64_t number = 0;

    if (*c == '\0') {
        return false;
    }
    for (; *c != '\0'; c++) {
        uint64_t digit = digit_of(*c, base);

        if (digit == 16 || number > (UINT64_MAX - digit) / base) {
            return false;
        }
        number = number * base + digit;
    }
    if (number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}

static int parse_number16(const struct value *value, const char *text)
{
    uint64_t number = 0;

    if (!text_to_number(text, UINT16_MAX, &number)) {
        return refuse(value, text, "a number 0..65535 or 0x0000..0xFFFF");
    }
    if (has_limits(value->opt) &&
        ((int64_t)number < value->opt->min || (int64_t)number > value->opt->max)) {
        return refuse_range(value, text);
    }
    uint16_t narrow = (uint16_t)number;

    memcpy(value->field, &narrow, sizeof(narrow));
    return 0;
}

static int parse_decimal(const struct value *value, const char *text)
{
    int64_t number = 0;
    int err = text_to_decimal(text, value->opt->digits, &number);

    if (err == ERR_RANGE) {
        (void)snprintf(value->why, value->why_size,
                       "'%.64s' is too large or has more than %d decimals", text,
                       value->opt->digits);
        return ERR_SYNTAX;
    }
    return err != 0 ? refuse(value, text, "a decimal number")
                    : store_int(value, text, number);
}

static int parse_ratio(const struct value *value, const char *text)
{
    struct ratio ratio;

    if (text_to_ratio(text, &ratio) != 0) {
        return refuse(value, text, "a factor above 0, such as 0.1 or 1/1000");
    }
    memcpy(value->field, &ratio, sizeof(ratio));
    return 0;
}

/* "60" where "60s" was meant. */
static bool lacks_unit(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789.")] == '\0';
}

static int parse_duration(const struct value *value, const char *text)
{
    const char *word = value->opt->words == NULL ? NULL : value->opt->words[0];
    int64_t ms = 0;

    if (word != NULL && strcmp(text, word) == 0) {
        memcpy(value->field, &ms, sizeof(ms));
        return 0;
    }
    if (lacks_unit(text)) {
        (void)snprintf(value->why, value->why_size,
                       "'%.64s' has no unit: write %.64ss, or one of ms s min h d", text,
                       text);
        return ERR_SYNTAX;
    }
    int err = text_to_duration_ms(text, &ms);

    if (err == ERR_RANGE || (err == 0 && ms < 0)) {
        return refuse_range(value, text);
    }
    if (err != 0) {
        return refuse(value, text,
                      word == NULL ? "a duration such as 500ms, 60s, 5min, 2h, 35d"
                                   : "a duration such as 2h, 35d, or 'forever'");
    }
    return store_int(value, text, ms);
}

static int parse_size(const struct value *value, const char *text)
{
    int64_t bytes = 0;

    if (lacks_unit(text)) {
        (void)snprintf(value->why, value->why_size,
                       "'%.64s' has no unit: write %.64sMiB, or one of KiB MiB GiB", text,
                       text);
        return ERR_SYNTAX;
    }
    int err = text_to_size_bytes(text, &bytes);

    if (err == ERR_RANGE) {
        return refuse_range(value, text);
    }
    return err != 0 ? refuse(value, text, "a size such as 64KiB, 8MiB, 20GiB")
                    : store_int(value, text, bytes);
}

static int parse_day(const struct value *value, const char *text)
{
    day_t day = 0;

    if (text_to_day(text, &day) != 0) {
        return refuse(value, text, "a day YYYY-MM-DD that exists");
    }
    memcpy(value->field, &day, sizeof(day));
    return 0;
}

static void store_word(const struct value *value, int index)
{
    bool second = index != 0;

    if (value->opt->size == sizeof(second)) {
        memcpy(value->field, &second, sizeof(second));
    } else {
        memcpy(value->field, &index, sizeof(index));
    }
}

static int parse_word(const struct value *value, const char *text)
{
    const char *const *words = value->opt->words;
    char allowed[256];

    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            store_word(value, i);
            return 0;
        }
    }
    const char *nearest = text_nearest(text, words);

    opt_limits_text(value->opt, allowed, sizeof(allowed));
    (void)snprintf(value->why, value->why_size, "'%.64s' is not one of %s%s%s%s", text,
                   allowed, nearest == NULL ? "" : "; did you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    return ERR_SYNTAX;
}

/* why is written through struct value. NOLINTNEXTLINE(readability-non-const-parameter) */
int opt_parse(const struct opt *opt, const char *text, void *target, char *why,
              size_t why_size)
{
    static int (*const parser[])(const struct value *, const char *) = {
        [OPT_TEXT] = parse_text,         [OPT_ID] = parse_id,
        [OPT_BOOL] = parse_bool,         [OPT_INT] = parse_int,
        [OPT_NUMBER16] = parse_number16, [OPT_DECIMAL] = parse_decimal,
        [OPT_RATIO] = parse_ratio,       [OPT_DURATION] = parse_duration,
        [OPT_SIZE] = parse_size,         [OPT_DAY] = parse_day,
        [OPT_WORD] = parse_word};
    struct value value = {opt, (char *)target + opt->offset, why, why_size};

    if (opt->type == OPT_EACH) {
        return refuse(&value, text, "a list or a map");
    }
    return parser[opt->type](&value, text);
}
