#include "daemon/conf/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/table_parts.h"
#include "daemon/core/text.h"

int table_place(const struct table *table, int column)
{
    int cell = column < 0 ? NO_COLUMN : table->cell_of[column];

    return cell == NO_COLUMN || cell >= table->n_fields ? 1 : table->fields[cell].column;
}

static void tell(struct table *table, enum problem_kind kind, int at, const char *text)
{
    problems_add(table->problems, kind, table->name, csv_line(table->csv), at, "%s", text);
    if (kind != PROBLEM_WARNING) {
        table->n_errors++;
        if (table->reason[0] == '\0') {
            (void)text_copy(table->reason, sizeof(table->reason), text);
        }
    }
}

void table_error(struct table *table, int column, const char *format, ...)
{
    char text[TABLE_REASON_LEN];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tell(table, table->kind, table_place(table, column), text);
}

void table_warn(struct table *table, int column, const char *format, ...)
{
    char text[TABLE_REASON_LEN];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tell(table, PROBLEM_WARNING, table_place(table, column), text);
}

/* Is text one of the words between the bars of list? */
static bool is_among(const char *list, const char *text)
{
    size_t n = strlen(text);

    while (list != NULL) {
        if (strncmp(list, text, n) == 0 && (list[n] == '\0' || list[n] == '|')) {
            return true;
        }
        list = strchr(list, '|');
        list = list == NULL ? NULL : list + 1;
    }
    return false;
}

static int find_column(const struct table *table, const char *text)
{
    for (int i = 0; i < table->n_columns; i++) {
        const struct table_column *column = &table->columns[i];

        if (strcmp(column->name, text) == 0 || strcmp(column->label, text) == 0 ||
            is_among(column->also, text)) {
            return i;
        }
    }
    return NO_COLUMN;
}

/* The nearest name a misspelt heading may have meant. */
static const char *nearest_column(const struct table *table, const char *text)
{
    const char *words[2 * TABLE_COLUMNS_MAX + 1];
    int n = 0;

    for (int i = 0; i < table->n_columns; i++) {
        words[n++] = table->columns[i].name;
        words[n++] = table->columns[i].label;
    }
    words[n] = NULL;
    return text_nearest(text, words);
}

static void tell_unknown_column(struct table *table, const struct csv_field *field)
{
    char text[TABLE_REASON_LEN];
    const char *nearest = nearest_column(table, field->text);
    int n = snprintf(text, sizeof(text), "unknown column \"%.64s\"", field->text);

    if (nearest != NULL) {
        (void)snprintf(text + n, sizeof(text) - (size_t)n, "; did you mean \"%s\"?",
                       nearest);
    } else {
        n += snprintf(text + n, sizeof(text) - (size_t)n, "; known are");
        for (int i = 0; i < table->n_columns && (size_t)n < sizeof(text); i++) {
            n +=
                snprintf(text + n, sizeof(text) - (size_t)n, " %s", table->columns[i].name);
        }
    }
    tell(table, table->kind, field->column, text);
}

static void tell_missing_columns(struct table *table)
{
    for (int i = 0; i < table->n_columns; i++) {
        if (table->columns[i].need != TABLE_OPTIONAL && table->cell_of[i] == NO_COLUMN) {
            table_error(table, NO_COLUMN, "column \"%s\" (%s) is missing",
                        table->columns[i].name, table->columns[i].label);
        }
    }
}

static void map_header_cell(struct table *table, int cell)
{
    const struct csv_field *field = &table->fields[cell];

    if (field->text[0] == '\0') {
        return;
    }
    int column = find_column(table, field->text);

    if (column == NO_COLUMN) {
        tell_unknown_column(table, field);
    } else if (table->cell_of[column] != NO_COLUMN) {
        char text[TABLE_REASON_LEN];

        (void)snprintf(text, sizeof(text), "column \"%s\" stands here twice",
                       table->columns[column].name);
        tell(table, table->kind, field->column, text);
    } else {
        table->cell_of[column] = cell;
        table->column_of[cell] = column;
    }
}

static void append_cell(struct text_buffer *buffer, const char *text)
{
    if (strpbrk(text, ",\"\r\n\t") == NULL) {
        text_append(buffer, text);
        return;
    }
    text_append_char(buffer, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            text_append_char(buffer, '"');
        }
        text_append_char(buffer, *text);
    }
    text_append_char(buffer, '"');
}

char *table_row_text(const struct table *table)
{
    struct text_buffer buffer = {0};

    for (int i = 0; i < table->n_fields; i++) {
        if (i > 0) {
            text_append_char(&buffer, ',');
        }
        append_cell(&buffer, table->fields[i].text);
    }
    if (buffer.err != 0) {
        text_buffer_done(&buffer);
        return NULL;
    }
    return buffer.text;
}

static int read_header(struct table *table)
{
    const char *why = NULL;
    int at = 0;
    int n = csv_next(table->csv, &table->fields, &why, &at);

    for (int i = 0; i < TABLE_COLUMNS_MAX; i++) {
        table->cell_of[i] = NO_COLUMN;
    }
    if (n < 0) {
        tell(table, table->kind, at, why);
        return n == ERR_NOMEM ? n : ERR_DATA;
    }
    if (n == 0) {
        problems_add(table->problems, table->kind, table->name, 1, 1,
                     "the file is empty: its first row must name the columns");
        table->n_errors++;
        return ERR_DATA;
    }
    table->n_fields = n;
    table->n_header = n;
    for (int i = 0; i < n; i++) {
        table->column_of[i] = NO_COLUMN;
        map_header_cell(table, i);
    }
    tell_missing_columns(table);
    table->header = table_row_text(table);
    if (table->header == NULL) {
        return ERR_NOMEM;
    }
    return table->n_errors > 0 ? ERR_DATA : 0;
}

int table_open(FILE *file, const char *name, enum problem_kind kind,
               const struct table_column *columns, struct problems *problems,
               struct table **ret_table)
{
    struct table *table = calloc(1, sizeof(*table));
    const char *why = NULL;

    if (table == NULL) {
        return ERR_NOMEM;
    }
    *table = (struct table){.name = name,
                            .kind = kind,
                            .columns = columns,
                            .problems = problems,
                            .last_bad_line = -1};
    while (columns[table->n_columns].name != NULL) {
        table->n_columns++;
    }
    int err = csv_open(file, &table->csv, &why);

    if (err == 0) {
        err = read_header(table);
    } else if (err != ERR_NOMEM) {
        problems_add(problems, kind, name, 1, 1, "%s", why);
        err = ERR_DATA;
    }
    if (err != 0) {
        table_close(table);
        return err;
    }
    *ret_table = table;
    return 0;
}

void table_close(struct table *table)
{
    if (table != NULL) {
        csv_close(table->csv);
        free(table->header);
        free(table);
    }
}

void table_limit_rows(struct table *table, int64_t n)
{
    table->max_rows = n;
}

static void check_cells(struct table *table)
{
    for (int i = 0; i < table->n_fields; i++) {
        const struct csv_field *field = &table->fields[i];

        if (field->narrowed) {
            problems_add(table->problems, PROBLEM_WARNING, table->name,
                         csv_line(table->csv), field->column,
                         "full-width digits read as \"%.64s\"", field->text);
        }
        if (table->column_of[i] == NO_COLUMN && field->text[0] != '\0') {
            tell(table, table->kind, field->column, "this cell's column has no name");
        }
    }
}

int table_next(struct table *table)
{
    const char *why = NULL;
    int at = 0;

    table->reason[0] = '\0';
    int n = csv_next(table->csv, &table->fields, &why, &at);

    table->n_fields = n > 0 ? n : 0;
    if (n == 0) {
        return 0;
    }
    if (n < 0) {
        bool stuck = csv_line(table->csv) == table->last_bad_line;

        table->last_bad_line = csv_line(table->csv);
        if (stuck) {
            return 0;
        }
        tell(table, table->kind, at, n == ERR_NOMEM ? "out of memory" : why);
        return ERR_DATA;
    }
    table->n_rows++;
    if (table->max_rows > 0 && table->n_rows > table->max_rows) {
        table_error(table, NO_COLUMN, "more than %lld rows: such a file is not read",
                    (long long)table->max_rows);
        return 0;
    }
    if (n != table->n_header) {
        table_error(table, NO_COLUMN, "%d fields where the header names %d", n,
                    table->n_header);
        return ERR_DATA;
    }
    int64_t before = table->n_errors;

    check_cells(table);
    return table->n_errors > before ? ERR_DATA : 1;
}

long table_line(const struct table *table)
{
    return csv_line(table->csv);
}

bool table_has(const struct table *table, int column)
{
    return table->cell_of[column] != NO_COLUMN;
}

const char *table_cell(const struct table *table, int column)
{
    int cell = table->cell_of[column];

    return cell == NO_COLUMN || cell >= table->n_fields ? "" : table->fields[cell].text;
}

int64_t table_errors(const struct table *table)
{
    return table->n_errors;
}

const char *table_reason(const struct table *table)
{
    return table->reason;
}

void table_write_row(const struct table *table, FILE *file)
{
    char *text = table_row_text(table);

    if (text != NULL) {
        (void)fputs(text, file);
    }
    free(text);
}

void table_write_header(const struct table *table, FILE *file)
{
    (void)fputs(table->header, file);
}

void *array_grow(void *array, int n, size_t size)
{
    bool full = n == 0 || (n >= 16 && (n & (n - 1)) == 0);

    if (!full) {
        return array;
    }
    return realloc(array, (n == 0 ? 16 : (size_t)n * 2) * size);
}
