#include <string.h>

#include "daemon/core/row.h"
#include "daemon/report/writer.h"

#define EXCEL_DIGITS 12 /* from here on Excel shows digits as 3.30282E+12 */

/* The text as Excel keeps it: ' before what it would calculate, ="…" round long digits. */
static void append_protected(struct text_buffer *buffer, const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL) {
        text_append_char(buffer, '\'');
        text_append(buffer, text);
    } else if (digits >= EXCEL_DIGITS && text[digits] == '\0') {
        text_append(buffer, "=\"");
        text_append(buffer, text);
        text_append_char(buffer, '"');
    } else {
        text_append(buffer, text);
    }
}

/* scratch holds the protected text until it is quoted. */
static void append_text(struct text_buffer *buffer, struct text_buffer *scratch,
                        const char *text, bool excel)
{
    const struct column column = {"", COLUMN_PLAIN, ""};

    text_buffer_clear(scratch);
    if (excel) {
        append_protected(scratch, text);
    } else {
        text_append(scratch, text);
    }
    struct cell cell = cell_text(scratch->err == 0 ? scratch->text : "");

    cell_append(buffer, &column, &cell, 0, CELL_CSV, NULL);
    buffer->err = buffer->err != 0 ? buffer->err : scratch->err;
}

struct csv_writer {
    const struct rows *rows;
    const struct report_options *options;
    bool excel;
    struct text_buffer line;
    struct text_buffer scratch;
};

static void append_line_end(struct csv_writer *writer)
{
    text_append(&writer->line, writer->excel ? "\r\n" : "\n");
}

static void append_headings(struct csv_writer *writer)
{
    char heading[HEADING_LEN];

    for (int i = 0; i < writer->rows->n_columns; i++) {
        const struct column *column = &writer->rows->column[i];

        for (int k = 0; k < column_expand_count(column); k++) {
            writer_heading(column, k, writer->options->labels_zh, heading);
            text_append(&writer->line, i + k > 0 ? "," : "");
            append_text(&writer->line, &writer->scratch, heading, writer->excel);
        }
    }
    append_line_end(writer);
}

static void append_row(struct csv_writer *writer, size_t row)
{
    char grade[GRADE_LEN];

    for (int i = 0; i < writer->rows->n_columns; i++) {
        const struct column *column = &writer->rows->column[i];
        struct cell cell =
            writer_cell(writer->rows, row, i, writer->options->labels_zh, grade);
        bool is_text = cell.kind == CELL_TEXT || cell.kind == CELL_ENUM;

        for (int k = 0; k < column_expand_count(column); k++) {
            text_append(&writer->line, i + k > 0 ? "," : "");
            if (is_text) {
                append_text(&writer->line, &writer->scratch, cell.text, writer->excel);
            } else {
                cell_append(&writer->line, column, &cell, k, CELL_CSV,
                            writer->options->zone);
            }
        }
    }
    append_line_end(writer);
}

int write_csv(const struct rows *rows, const struct report_options *options)
{
    struct csv_writer writer = {
        .rows = rows,
        .options = options,
        .excel = options->format == REPORT_CSV_EXCEL,
    };

    if (!options->no_header) {
        text_append(&writer.line, writer.excel ? "\xef\xbb\xbf" : "");
        append_headings(&writer);
    }
    int err = writer_flush(&writer.line, options->out);

    for (size_t row = 0; row < rows->n_rows && err == 0; row++) {
        append_row(&writer, row);
        err = writer_flush(&writer.line, options->out);
    }
    text_buffer_done(&writer.line);
    text_buffer_done(&writer.scratch);
    return err;
}
