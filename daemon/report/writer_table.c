#define _XOPEN_SOURCE 700 /* wcswidth; NOLINT(readability-identifier-naming): its name */

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <ecmon/err.h>

#include "daemon/core/row.h"
#include "daemon/report/writer.h"

#define NOTHING "—"

struct table_writer {
    const struct rows *rows;
    const struct report_options *options;
    struct text_buffer text; /* one cell */
};

static bool is_shown(const struct table_writer *writer, int column)
{
    const char *const *wanted = writer->options->table_columns;

    if (wanted == NULL) {
        return true;
    }
    while (*wanted != NULL && strcmp(*wanted, writer->rows->column[column].name) != 0) {
        wanted++;
    }
    return *wanted != NULL;
}

/* Of two expanded columns the second is for people. */
static int shown_part(const struct column *column)
{
    return column_expand_count(column) - 1;
}

static bool is_numeric(const struct table_writer *writer, int column)
{
    const struct rows *rows = writer->rows;

    for (size_t row = 0; row < rows->n_rows; row++) {
        enum cell_kind kind =
            rows->cell[row * (size_t)rows->n_columns + (size_t)column].kind;

        if (kind != CELL_NULL) {
            return kind != CELL_TEXT && kind != CELL_ENUM &&
                   rows->column[column].unit != COLUMN_TS_MS;
        }
    }
    return false;
}

static const char *cell_words(struct table_writer *writer, size_t row, int column)
{
    char grade[GRADE_LEN];
    struct cell cell =
        writer_cell(writer->rows, row, column, writer->options->labels_zh, grade);
    const struct column *described = &writer->rows->column[column];

    text_buffer_clear(&writer->text);
    if (cell.kind == CELL_NULL) {
        text_append(&writer->text, NOTHING);
    } else {
        cell_append(&writer->text, described, &cell, shown_part(described), CELL_PLAIN,
                    writer->options->zone);
    }
    return writer->text.err == 0 ? writer->text.text : NULL;
}

static void set_colour(const struct table_writer *writer, size_t row, int column,
                       struct libscols_cell *shown)
{
    const struct rows *rows = writer->rows;
    const struct cell *cell = &rows->cell[row * (size_t)rows->n_columns + (size_t)column];

    if (writer->options->colour && cell->kind == CELL_ENUM &&
        strcmp(rows->column[column].name, "light") == 0) {
        (void)scols_cell_set_color(shown, cell->text);
    }
}

static int set_cell(struct table_writer *writer, size_t row, int column,
                    struct libscols_line *line, size_t at)
{
    const char *words = cell_words(writer, row, column);

    if (words == NULL || scols_line_set_data(line, at, words) != 0) {
        return ERR_NOMEM;
    }
    set_colour(writer, row, column, scols_line_get_cell(line, at));
    return 0;
}

static struct libscols_table *new_table(const struct table_writer *writer)
{
    struct libscols_table *table = scols_new_table();

    if (table != NULL) {
        /* Nothing is cut to the terminal's width: a figure without its last digits is
         * wrong. */
        (void)scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
        (void)scols_table_enable_colors(table, writer->options->colour ? 1 : 0);
    }
    return table;
}

static int add_headings(struct table_writer *writer, struct libscols_table *table)
{
    char heading[HEADING_LEN];

    for (int i = 0; i < writer->rows->n_columns; i++) {
        if (!is_shown(writer, i)) {
            continue;
        }
        const struct column *column = &writer->rows->column[i];

        writer_heading(column, shown_part(column), writer->options->labels_zh, heading);
        if (scols_table_new_column(table, heading, 0,
                                   is_numeric(writer, i) ? SCOLS_FL_RIGHT : 0) == NULL) {
            return ERR_NOMEM;
        }
    }
    return 0;
}

static int add_row(struct table_writer *writer, struct libscols_table *table, size_t row)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    size_t at = 0;
    int err = line == NULL ? ERR_NOMEM : 0;

    for (int i = 0; i < writer->rows->n_columns && err == 0; i++) {
        if (is_shown(writer, i)) {
            err = set_cell(writer, row, i, line, at);
            at++;
        }
    }
    return err;
}

/* All rows as one table, in a string that the caller frees. */
static int grid(struct table_writer *writer, char **ret_text)
{
    struct libscols_table *table = new_table(writer);
    int err = table == NULL ? ERR_NOMEM : add_headings(writer, table);

    for (size_t row = 0; row < writer->rows->n_rows && err == 0; row++) {
        err = add_row(writer, table, row);
    }
    if (err == 0 && scols_print_table_to_string(table, ret_text) != 0) {
        err = ERR_NOMEM;
    }
    scols_unref_table(table);
    return err;
}

/* One row as lines of heading and value. */
static int block(struct table_writer *writer, size_t row, char **ret_text)
{
    struct libscols_table *table = new_table(writer);
    char heading[HEADING_LEN];
    int err = table == NULL || scols_table_new_column(table, "k", 0, 0) == NULL ||
                      scols_table_new_column(table, "v", 0, 0) == NULL
                  ? ERR_NOMEM
                  : 0;

    (void)scols_table_enable_noheadings(table, 1);
    for (int i = 0; i < writer->rows->n_columns && err == 0; i++) {
        if (!is_shown(writer, i)) {
            continue;
        }
        const struct column *column = &writer->rows->column[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);

        writer_heading(column, shown_part(column), writer->options->labels_zh, heading);
        err = line == NULL || scols_line_set_data(line, 0, heading) != 0
                  ? ERR_NOMEM
                  : set_cell(writer, row, i, line, 1);
    }
    if (err == 0 && scols_print_table_to_string(table, ret_text) != 0) {
        err = ERR_NOMEM;
    }
    scols_unref_table(table);
    return err;
}

/* Terminal columns of the first line (the headings). */
static int text_width(const char *text)
{
    size_t n = strcspn(text, "\n");
    wchar_t *wide = calloc(n + 1, sizeof(*wide));
    char *line = strndup(text, n);
    int width = 0;

    if (wide != NULL && line != NULL && mbstowcs(wide, line, n) != (size_t)-1) {
        width = wcswidth(wide, n);
    }
    free(line);
    free(wide);
    return width;
}

static int put(const struct table_writer *writer, const char *text)
{
    return fputs(text, writer->options->out) < 0 ? ERR_IO : 0;
}

static int put_blocks(struct table_writer *writer)
{
    int err = 0;

    for (size_t row = 0; row < writer->rows->n_rows && err == 0; row++) {
        char *text = NULL;

        err = block(writer, row, &text);
        if (err == 0) {
            err = put(writer, row > 0 ? "\n\n" : "");
        }
        if (err == 0) {
            err = put(writer, text);
        }
        free(text);
    }
    return err == 0 ? put(writer, "\n") : err;
}

/* libsmartcols prints nothing at all for a table without lines. */
static int put_headings(const struct table_writer *writer)
{
    char heading[HEADING_LEN];
    const char *gap = "";
    int err = 0;

    for (int i = 0; i < writer->rows->n_columns && err == 0; i++) {
        if (is_shown(writer, i)) {
            const struct column *column = &writer->rows->column[i];

            writer_heading(column, shown_part(column), writer->options->labels_zh, heading);
            err = put(writer, gap) != 0 ? ERR_IO : put(writer, heading);
            gap = " ";
        }
    }
    return err == 0 ? put(writer, "\n") : err;
}

int write_table(const struct rows *rows, const struct report_options *options)
{
    struct table_writer writer = {.rows = rows, .options = options};
    char *text = NULL;

    if (rows->n_rows == 0) {
        return put_headings(&writer);
    }
    int err = grid(&writer, &text);

    if (err == 0 && options->width > 0 && text_width(text) > options->width) {
        err = put_blocks(&writer);
    } else if (err == 0) {
        err = put(&writer, text) != 0 ? ERR_IO : put(&writer, "\n");
    }
    free(text);
    text_buffer_done(&writer.text);
    return err;
}
