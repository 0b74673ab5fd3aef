#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/ratio.h>

#include "daemon/core/row.h"

#define WH_DIGITS    3     /* Wh to kWh */
#define CNY_DIGITS   4     /* yuan to 10^4 yuan */
#define NUMBER_LEN   64    /* a printed number and NUL */
#define BP_PER_WHOLE 10000 /* hundredths of a percent in 1 */

int64_t basis_points(int64_t num, int64_t den)
{
    if (den == 0) {
        return 0;
    }
    int128 top = (int128)num * BP_PER_WHOLE * (den < 0 ? -1 : 1);
    int128 bottom = den < 0 ? -(int128)den : den;

    if (top / bottom >= INT64_MAX || top / bottom <= INT64_MIN) {
        return top < 0 ? INT64_MIN : INT64_MAX;
    }
    return div_round_128(top, bottom);
}

/* value / 10^digits, trailing zeros dropped; at least one decimal unless bare_whole. */
static void append_decimal(struct text_buffer *buffer, int64_t value, int digits,
                           bool bare_whole)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char text[NUMBER_LEN];
    size_t at = sizeof(text);
    bool kept = false; /* a decimal was kept: those before it count */

    for (int i = digits; i > 0; i--, rest /= 10) {
        kept = kept || rest % 10 != 0 || (i == 1 && !bare_whole);
        if (kept) {
            at--;
            text[at] = (char)('0' + rest % 10);
        }
    }
    if (kept) {
        at--;
        text[at] = '.';
    }
    do {
        at--;
        text[at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        at--;
        text[at] = '-';
    }
    text_append_n(buffer, text + at, sizeof(text) - at);
}

/* Moves the highest set bit to bit 62; returns by how much. value > 0. */
static int normalize(uint64_t *value)
{
    int shift = 0;

    while (*value < UINT64_C(1) << 62) {
        *value <<= 1;
        shift++;
    }
    return shift;
}

/* The double nearest to num/den, rounded once. num > 0, den > 0: at most 2^63. */
static double nearest_double(uint64_t num, uint64_t den)
{
    int up = normalize(&num);
    int down = normalize(&den);
    __extension__ unsigned __int128 wide = (unsigned __int128)num << 62;
    uint64_t quotient = (uint64_t)(wide / den);

    /* 61 bits or more: the last one may stand for all the bits below it. */
    if (wide % den != 0) {
        quotient |= 1;
    }
    return ldexp((double)quotient, down - up - 62);
}

/* Shortest decimal digits that read back to value > 0: d[0].d[1]… × 10^exponent. Whatever
 * the locale prints for a point is skipped. */
static size_t shortest_digits(double value, char *ret_digits, int *ret_exponent)
{
    char text[NUMBER_LEN];
    size_t n = 0;

    for (int precision = DBL_DIG; precision <= DBL_DECIMAL_DIG; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision - 1, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    const char *at = text;

    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') {
            ret_digits[n] = *at;
            n++;
        }
    }
    while (n > 1 && ret_digits[n - 1] == '0') {
        n--;
    }
    *ret_exponent = (int)strtol(at + 1, NULL, 10);
    return n;
}

static void append_fraction(struct text_buffer *buffer, int64_t num, int64_t den)
{
    if (num == 0) {
        text_append(buffer, "0.0");
        return;
    }
    char digits[NUMBER_LEN];
    int exponent = 0;
    uint64_t top = num < 0 ? 0 - (uint64_t)num : (uint64_t)num;
    uint64_t bottom = den < 0 ? 0 - (uint64_t)den : (uint64_t)den;
    int n = (int)shortest_digits(nearest_double(top, bottom), digits, &exponent);
    int last =
        n - 1 > exponent + 1 ? n - 1 : exponent + 1; /* index of the last digit shown */

    if ((num < 0) != (den < 0)) {
        text_append_char(buffer, '-');
    }
    for (int i = exponent < 0 ? exponent : 0; i <= last; i++) {
        text_append_char(buffer, (char)(i >= 0 && i < n ? digits[i] : '0'));
        if (i == exponent) {
            text_append_char(buffer, '.');
        }
    }
}

static void append_base(struct text_buffer *buffer, const struct column *column,
                        const struct cell *cell)
{
    if (cell->kind == CELL_INT) {
        text_append_i64(buffer, cell->i);
    } else if (cell->kind == CELL_FRACTION) {
        append_fraction(buffer, cell->i, cell->den);
    } else {
        append_decimal(buffer, cell->i, cell->digits,
                       cell->digits == 0 || column->unit == COLUMN_CNY_WAN);
    }
}

static int64_t power_of_ten(int digits)
{
    int64_t power = 1;

    for (int i = 0; i < digits; i++) {
        power *= 10;
    }
    return power;
}

/* The cell's value / 10^digits; a fraction is rounded to a whole first. */
static void append_scaled(struct text_buffer *buffer, const struct cell *cell, int digits)
{
    if (cell->kind == CELL_FRACTION) {
        append_decimal(buffer, div_round_128(cell->i, cell->den), digits, false);
    } else {
        int own = cell->kind == CELL_DECIMAL ? cell->digits : 0;

        append_decimal(buffer, cell->i, own + digits, false);
    }
}

static void append_pct(struct text_buffer *buffer, const struct cell *cell)
{
    int64_t den = cell->kind == CELL_FRACTION  ? cell->den
                  : cell->kind == CELL_DECIMAL ? power_of_ten(cell->digits)
                                               : 1;

    append_decimal(buffer, basis_points(cell->i, den), 2, false);
}

static void append_number(struct text_buffer *buffer, const struct column *column,
                          const struct cell *cell, int k)
{
    enum column_unit unit = k == 0 ? COLUMN_PLAIN : column->unit;

    if (unit == COLUMN_WH) {
        append_scaled(buffer, cell, WH_DIGITS);
    } else if (unit == COLUMN_CNY_WAN) {
        append_scaled(buffer, cell, CNY_DIGITS);
    } else if (unit == COLUMN_PCT) {
        append_pct(buffer, cell);
    } else {
        append_base(buffer, column, cell);
    }
}

/* RFC 4180: quoted when it holds a separator or a quote, or blanks that readers may trim.
 */
static void append_csv_text(struct text_buffer *buffer, const char *text)
{
    size_t n = strlen(text);
    bool quote = text[strcspn(text, ",\"\r\n\t")] != '\0' ||
                 (n > 0 && (text[0] == ' ' || text[n - 1] == ' '));

    if (!quote) {
        text_append_n(buffer, text, n);
        return;
    }
    text_append_char(buffer, '"');
    for (; *text != '\0'; text++) {
        text_append(buffer, *text == '"' ? "\"" : "");
        text_append_char(buffer, *text);
    }
    text_append_char(buffer, '"');
}

static void append_text(struct text_buffer *buffer, const char *text, enum cell_style style)
{
    switch (style) {
    case CELL_JSON:
        text_append_json(buffer, text);
        break;
    case CELL_CSV:
        append_csv_text(buffer, text);
        break;
    case CELL_PLAIN:
        text_append(buffer, text);
        break;
    }
}

void cell_append(struct text_buffer *buffer, const struct column *column,
                 const struct cell *cell, int k, enum cell_style style,
                 const struct zone *zone)
{
    if (cell->kind == CELL_NULL) {
        text_append(buffer, style == CELL_JSON ? "null" : "");
    } else if (cell->kind == CELL_TEXT || cell->kind == CELL_ENUM) {
        append_text(buffer, cell->text, style);
    } else if (k == 1 && column->unit == COLUMN_TS_MS) {
        char text[32];

        text_from_ts_ms(cell->i, zone, text);
        append_text(buffer, text, style);
    } else {
        append_number(buffer, column, cell, k);
    }
}

void row_append_json(struct text_buffer *buffer, const struct rows *rows, size_t row,
                     const struct zone *zone)
{
    const struct cell *cell = rows->cell + row * (size_t)rows->n_columns;
    char name[COLUMN_NAME_LEN];

    for (int i = 0; i < rows->n_columns; i++) {
        const struct column *column = &rows->column[i];

        for (int k = 0; k < column_expand_count(column); k++) {
            column_expand_name(column, k, name);
            text_append(buffer, i + k > 0 ? "," : "");
            text_append_json(buffer, name);
            text_append_char(buffer, ':');
            cell_append(buffer, column, &cell[i], k, CELL_JSON, zone);
        }
    }
}
