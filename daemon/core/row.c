#include "daemon/core/row.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_CAP_FIRST 64

void rows_init(struct rows *rows, const struct column *columns, int n_columns)
{
    *rows = (struct rows){.column = columns, .n_columns = n_columns};
}

void rows_done(struct rows *rows)
{
    for (size_t i = 0; i < rows->n_strings; i++) {
        free(rows->string[i]);
    }
    free(rows->string);
    free(rows->cell);
    rows_init(rows, rows->column, rows->n_columns);
}

struct cell *rows_add(struct rows *rows)
{
    size_t width = (size_t)rows->n_columns;

    if (rows->n_rows == rows->cap_rows) {
        size_t cap = rows->cap_rows == 0 ? ROWS_CAP_FIRST : 2 * rows->cap_rows;
        struct cell *cell = realloc(rows->cell, cap * width * sizeof(*cell));

        if (cell == NULL) {
            return NULL;
        }
        rows->cell = cell;
        rows->cap_rows = cap;
    }
    struct cell *first = rows->cell + rows->n_rows * width;

    for (size_t i = 0; i < width; i++) {
        first[i] = cell_null();
    }
    rows->n_rows++;
    return first;
}

const char *rows_keep(struct rows *rows, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    if (rows->n_strings == rows->cap_strings) {
        size_t cap = rows->cap_strings == 0 ? ROWS_CAP_FIRST : 2 * rows->cap_strings;
        char **string = realloc(rows->string, cap * sizeof(*string));

        if (string == NULL) {
            return NULL;
        }
        rows->string = string;
        rows->cap_strings = cap;
    }
    char *copy = strdup(text);

    if (copy != NULL) {
        rows->string[rows->n_strings] = copy;
        rows->n_strings++;
    }
    return copy;
}

struct cell cell_null(void)
{
    return (struct cell){.kind = CELL_NULL};
}

struct cell cell_int(int64_t value)
{
    return (struct cell){.kind = CELL_INT, .i = value};
}

struct cell cell_text(const char *text)
{
    return text == NULL ? cell_null() : (struct cell){.kind = CELL_TEXT, .text = text};
}

struct cell cell_enum(const char *word)
{
    return word == NULL ? cell_null() : (struct cell){.kind = CELL_ENUM, .text = word};
}

struct cell cell_fraction(int64_t num, int64_t den)
{
    if (den == 0) {
        return cell_null();
    }
    return (struct cell){.kind = CELL_FRACTION, .i = num, .den = den};
}

struct cell cell_decimal(int64_t value, int digits)
{
    return (struct cell){.kind = CELL_DECIMAL, .i = value, .digits = digits};
}

int column_expand_count(const struct column *column)
{
    return column->unit == COLUMN_PLAIN ? 1 : 2;
}

/* Cuts `old` off the end of the name, if it is there, and puts `new` in its place. */
static void replace_suffix(char *name, const char *old, const char *new)
{
    size_t n = strlen(name);
    size_t n_old = strlen(old);
    size_t at = n >= n_old && strcmp(name + n - n_old, old) == 0 ? n - n_old : n;

    (void)text_copy(name + at, COLUMN_NAME_LEN - at, new);
}

void column_expand_name(const struct column *column, int k, char *ret_name)
{
    (void)text_copy(ret_name, COLUMN_NAME_LEN, column->name);
    if (k == 0) {
        return;
    }
    switch (column->unit) {
    case COLUMN_WH:
        replace_suffix(ret_name, "wh", "kwh");
        break;
    case COLUMN_PCT:
        replace_suffix(ret_name, "", "_pct");
        break;
    case COLUMN_TS_MS:
        replace_suffix(ret_name, "_ms", "");
        break;
    case COLUMN_CNY_WAN:
        replace_suffix(ret_name, "_cny", "_wan");
        break;
    case COLUMN_PLAIN:
        break;
    }
}
