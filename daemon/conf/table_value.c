#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/ratio.h>

#include "daemon/conf/table_parts.h"
#include "daemon/core/text.h"

static const char *help_of(const struct table *table, int column)
{
    const char *help = table->columns[column].help;

    return help == NULL ? "" : help;
}

bool table_is_cut_number(const char *text)
{
    size_t n = strspn(text, "0123456789.");

    return n > 0 && (text[n] == 'E' || text[n] == 'e') && text[n + 1] == '+' &&
           text[n + 2] != '\0' && text[n + 2 + strspn(text + n + 2, "0123456789")] == '\0';
}

static bool tell_cut_number(struct table *table, int column, const char *text)
{
    if (!table_is_cut_number(text)) {
        return false;
    }
    table_error(
        table, column,
        "%s \"%.64s\" was shortened by a spreadsheet: format the cell as text and enter "
        "all digits again",
        table->columns[column].name, text);
    return true;
}

const char *table_word(const struct table_word *words, const char *text)
{
    for (; words->alias != NULL; words++) {
        if (strcmp(words->alias, text) == 0) {
            return words->word;
        }
    }
    return NULL;
}

void table_error_words(struct table *table, int column, const struct table_word *words)
{
    const char *list[TABLE_COLUMNS_MAX + 1];
    char allowed[TABLE_REASON_LEN / 2] = "";
    size_t used = 0;
    int n = 0;

    for (const struct table_word *at = words; at->alias != NULL && n < TABLE_COLUMNS_MAX;
         at++) {
        list[n++] = at->alias;
        if (at->word != NULL && strcmp(at->alias, at->word) == 0 &&
            used < sizeof(allowed)) {
            used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s",
                                     used == 0 ? "" : ", ", at->word);
        }
    }
    list[n] = NULL;
    const char *text = table_cell(table, column);
    const char *nearest = text_nearest(text, list);

    table_error(table, column, "%s \"%.64s\" is none of %s%s%s%s",
                table->columns[column].name, text, allowed,
                nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                nearest == NULL ? "" : "\"?");
}

/* 1,234.5 in quotes -> 1234.5; false when the commas do not group by three. */
static bool take_off_commas(const char *text, char *ret_text, size_t size)
{
    size_t n = 0;
    const char *at = text + (*text == '-' || *text == '+');
    size_t first = strspn(at, "0123456789");

    if (strlen(text) >= size || first < 1 || first > 3) {
        return false;
    }
    at += first;
    while (*at == ',') {
        if (strspn(at + 1, "0123456789") != 3) {
            return false;
        }
        at += 4;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != ',') {
            ret_text[n++] = *c;
        } else if (c >= at) {
            return false;
        }
    }
    ret_text[n] = '\0';
    return true;
}

/* The cell as a plain number text: buffer holds 64 bytes. */
static const char *number_text(const struct table *table, int column, char *buffer)
{
    int cell = table->cell_of[column];
    const char *text = table_cell(table, column);

    if (cell != NO_COLUMN && table->fields[cell].quoted && strchr(text, ',') != NULL &&
        take_off_commas(text, buffer, 64)) {
        return buffer;
    }
    return text;
}

static void append_decimal(char *text, size_t size, int64_t value, int digits)
{
    int64_t scale = 1;

    for (int i = 0; i < digits; i++) {
        scale *= 10;
    }
    int128 whole = value / scale;
    int128 part = value < 0 ? -(value % scale) : value % scale;
    char shown[32]; /* one digit before the decimals, which is skipped */

    (void)snprintf(shown, sizeof(shown), "%lld", (long long)(scale + part));
    (void)snprintf(text, size, "%s%lld%s%.9s", value < 0 && whole == 0 ? "-" : "",
                   (long long)whole, part == 0 ? "" : ".", part == 0 ? "" : shown + 1);
}

static int tell_number(struct table *table, int column, const char *text, const char *why)
{
    const char *help = help_of(table, column);

    table_error(table, column, "%s \"%.64s\" %s%s%s%s", table->columns[column].name, text,
                why, help[0] == '\0' ? "" : " (", help, help[0] == '\0' ? "" : ")");
    return ERR_DATA;
}

static int tell_range(struct table *table, int column, const char *text, int digits,
                      const int64_t range[2])
{
    char min[32];
    char max[32];

    append_decimal(min, sizeof(min), range[0], digits);
    append_decimal(max, sizeof(max), range[1], digits);
    table_error(table, column, "%s %.64s is outside %s to %s", table->columns[column].name,
                text, min, max);
    return ERR_DATA;
}

/* Why a text is no number at all. */
static const char *why_no_number(const char *text)
{
    const char *at = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    char first = *at;

    if (first == '#') {
        return "is an error of the spreadsheet, not a number";
    }
    if (strchr("nNiI", first) != NULL && first != '\0') {
        return "is not a finite number";
    }
    if (first >= '0' && first <= '9' && strpbrk(text, "eE") != NULL) {
        return "is written with an exponent: write it in full";
    }
    return "is not a number";
}

int table_decimal(struct table *table, int column, int digits, int64_t min, int64_t max,
                  int64_t *ret_value)
{
    char buffer[64];
    const char *text = number_text(table, column, buffer);
    int64_t value = 0;

    if (text[0] == '\0') {
        return 0;
    }
    int err = text_to_decimal(text, digits, &value);

    if (err == ERR_RANGE) {
        char why[64];

        (void)snprintf(why, sizeof(why), "has more than %d decimals or is too large",
                       digits);
        return tell_number(table, column, text, why);
    }
    if (err != 0) {
        return tell_number(table, column, text, why_no_number(text));
    }
    if (value < min || value > max) {
        const int64_t range[2] = {min, max};

        return tell_range(table, column, text, digits, range);
    }
    *ret_value = value;
    return 1;
}

/* Cuts text after one decimal more than digits: enough to round by. false: nothing to cut.
 */
static bool cut_decimals(const char *text, int digits, char *ret_text, size_t size)
{
    const char *point = strchr(text, '.');
    size_t n = strlen(text);

    if (point == NULL || n >= size) {
        return false;
    }
    size_t decimals = strspn(point + 1, "0123456789");
    size_t keep = (size_t)(point - text) + 2 + (size_t)digits;

    if (point[1 + decimals] != '\0' || decimals <= (size_t)digits + 1) {
        return false;
    }
    memcpy(ret_text, text, keep);
    ret_text[keep] = '\0';
    return true;
}

int table_amount(struct table *table, int column, int digits, int64_t max,
                 int64_t *ret_value)
{
    char buffer[64];
    char cut[64];
    const char *text = number_text(table, column, buffer);
    int64_t value = 0;

    if (text[0] == '\0') {
        return 0;
    }
    int err = text_to_decimal(text, digits, &value);

    if (err == ERR_RANGE) {
        const char *shorter = cut_decimals(text, digits, cut, sizeof(cut)) ? cut : text;

        err = text_to_decimal(shorter, digits + 1, &value);
        value = err == 0 ? div_round_128(value, 10) : 0;
    }
    if (err == ERR_SYNTAX) {
        return tell_number(table, column, text, why_no_number(text));
    }
    if (text[0] == '-' && strpbrk(text, "123456789") != NULL) {
        return tell_number(table, column, text, "is negative");
    }
    if (err != 0 || value > max) {
        return tell_number(table, column, text, "is too large");
    }
    *ret_value = value;
    return 1;
}

int table_day(struct table *table, int column, day_t *ret_day)
{
    const char *text = table_cell(table, column);

    if (text[0] == '\0') {
        return 0;
    }
    int err = text_to_day(text, ret_day);

    if (err == 0) {
        return 1;
    }
    table_error(table, column, "%s \"%.64s\" %s", table->columns[column].name, text,
                err == ERR_RANGE
                    ? "is a day that does not exist"
                    : "is not a day (YYYY-MM-DD, YYYY/M/D, YYYY年M月D日, YYYYMMDD)");
    return ERR_DATA;
}

static int fill_text(struct table *table, int column, char *target)
{
    const struct table_column *row = &table->columns[column];
    const char *text = table_cell(table, column);

    if ((row->type == TABLE_ID || row->type == TABLE_CODE) &&
        tell_cut_number(table, column, text)) {
        return ERR_DATA;
    }
    if (row->type == TABLE_ID && !text_is_id(text)) {
        table_error(
            table, column,
            "%s \"%.80s\" is not an id: letters, digits, '.', '_', '-', at most 64, the "
            "first a letter or digit",
            row->name, text);
        return ERR_DATA;
    }
    if (row->type == TABLE_WORD) {
        text = table_word(row->words, text);
        if (text == NULL) {
            table_error_words(table, column, row->words);
            return ERR_DATA;
        }
    }
    if (strlen(text) >= row->size) {
        table_error(table, column, "%s is longer than %zu bytes", row->name, row->size - 1);
        return ERR_DATA;
    }
    memcpy(target, text, strlen(text) + 1);
    return 1;
}

static int fill_number(struct table *table, int column, char *target)
{
    const struct table_column *row = &table->columns[column];
    int64_t value = 0;
    int digits = row->type == TABLE_DECIMAL ? row->digits : 0;
    int result = table_decimal(table, column, digits, row->min, row->max, &value);

    if (result == 1 && row->type == TABLE_INT32) {
        int32_t narrow = (int32_t)value;

        memcpy(target, &narrow, sizeof(narrow));
    } else if (result == 1) {
        memcpy(target, &value, sizeof(value));
    }
    return result;
}

static int fill_day(struct table *table, int column, char *target)
{
    day_t day = 0;
    int result = table_day(table, column, &day);

    if (result == 1) {
        memcpy(target, &day, sizeof(day));
    }
    return result;
}

static int fill_cell(struct table *table, int column, char *target)
{
    switch (table->columns[column].type) {
    case TABLE_TEXT:
    case TABLE_ID:
    case TABLE_CODE:
    case TABLE_WORD:
        return fill_text(table, column, target);
    case TABLE_INT32:
    case TABLE_INT64:
    case TABLE_DECIMAL:
        return fill_number(table, column, target);
    case TABLE_DAY:
        return fill_day(table, column, target);
    case TABLE_OTHER:
    default:
        return 1;
    }
}

int table_fill(struct table *table, void *object)
{
    int n_bad = 0;

    for (int i = 0; i < table->n_columns; i++) {
        const struct table_column *row = &table->columns[i];

        if (table_cell(table, i)[0] != '\0') {
            n_bad += fill_cell(table, i, (char *)object + row->offset) < 0;
        } else if (row->need == TABLE_REQUIRED) {
            table_error(table, i, "%s (%s) is blank", row->name, row->label);
            n_bad++;
        }
    }
    return n_bad;
}
