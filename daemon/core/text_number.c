#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"

#define RATIO_DIGITS 9                   /* decimals that PT and CT may have */
#define RATIO_PART   INT64_C(1000000000) /* ratio_mul relies on it */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits up to *end; saturates above INT64_MAX so that the caller sees ERR_RANGE. */
static int128 read_digits(const char *text, const char **ret_end)
{
    int128 value = 0;
    const char *at = text;

    for (; is_digit(*at); at++) {
        if (value <= INT64_MAX) {
            value = value * 10 + (*at - '0');
        }
    }
    *ret_end = at;
    return value;
}

int text_to_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = text[0] == '-';
    const char *digits = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);
    const char *end = NULL;
    int128 value = read_digits(digits, &end);

    if (end == digits || *end != '\0') {
        return ERR_SYNTAX;
    }
    value = negative ? -value : value;
    if (value < min || value > max) {
        return ERR_RANGE;
    }
    *ret_value = (int64_t)value;
    return 0;
}

/* Appends one more digit; false when the value leaves what an int64_t can negate. */
static bool push_digit(int128 *value, int digit)
{
    *value = *value * 10 + digit;
    return *value <= (int128)INT64_MAX + 1;
}

/* The n bytes at text, as text_to_decimal. */
static int decimal_of(const char *text, size_t n, int digits, int64_t *ret_value)
{
    size_t at = n > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    bool negative = n > 0 && text[0] == '-';
    bool in_fraction = false;
    bool fits = true;
    int n_digits = 0;
    int left = digits;
    int128 value = 0;

    for (; at < n; at++) {
        if (text[at] == '.' && !in_fraction) {
            in_fraction = true;
        } else if (!is_digit(text[at])) {
            return ERR_SYNTAX;
        } else {
            n_digits++;
            if (in_fraction && left == 0) {
                fits = fits && text[at] == '0';
                continue;
            }
            left -= in_fraction ? 1 : 0;
            fits = fits && push_digit(&value, text[at] - '0');
        }
    }
    if (n_digits == 0) {
        return ERR_SYNTAX;
    }
    for (; left > 0 && fits; left--) {
        fits = push_digit(&value, 0);
    }
    value = negative ? -value : value;
    if (!fits || value > INT64_MAX) {
        return ERR_RANGE;
    }
    *ret_value = (int64_t)value;
    return 0;
}

int text_to_decimal(const char *text, int digits, int64_t *ret_value)
{
    return decimal_of(text, strlen(text), digits, ret_value);
}

int text_to_ratio(const char *text, struct ratio *ret_ratio)
{
    const char *slash = strchr(text, '/');
    size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
    int64_t num = 0;
    int64_t den = 0;
    int err = decimal_of(text, n, RATIO_DIGITS, &num);

    if (err == 0) {
        err = text_to_decimal(slash != NULL ? slash + 1 : "1", RATIO_DIGITS, &den);
    }
    if (err != 0) {
        return err;
    }
    if (num <= 0 || den <= 0) {
        return ERR_RANGE;
    }
    int64_t common = gcd_i64(num, den);

    num /= common;
    den /= common;
    if (num > RATIO_PART || den > RATIO_PART) {
        return ERR_RANGE;
    }
    *ret_ratio = (struct ratio){num, den};
    return 0;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* Digits and one of the units, nothing between. units ends with a NULL name. */
static int with_unit(const char *text, const struct unit *units, int64_t *ret_value)
{
    const char *end = NULL;
    int128 value = read_digits(text, &end);

    if (end == text) {
        return ERR_SYNTAX;
    }
    while (units->name != NULL && strcmp(units->name, end) != 0) {
        units++;
    }
    if (units->name == NULL) {
        return ERR_SYNTAX;
    }
    value *= units->factor;
    if (value > INT64_MAX) {
        return ERR_RANGE;
    }
    *ret_value = (int64_t)value;
    return 0;
}

int text_to_duration_ms(const char *text, int64_t *ret_ms)
{
    static const struct unit units[] = {
        {"ms", 1},         {"s", MS_PER_S}, {"min", MS_PER_MIN}, {"h", 60 * MS_PER_MIN},
        {"d", MS_PER_DAY}, {NULL, 0},
    };

    return with_unit(text, units, ret_ms);
}

int text_to_size_bytes(const char *text, int64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"KiB", INT64_C(1) << 10},
        {"MiB", INT64_C(1) << 20},
        {"GiB", INT64_C(1) << 30},
        {NULL, 0},
    };

    return with_unit(text, units, ret_bytes);
}
