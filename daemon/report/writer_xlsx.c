#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <ecmon/err.h>

#include "daemon/core/row.h"
#include "daemon/report/writer.h"

#define COLUMN_WIDTH 16.0 /* characters */

struct xlsx_writer {
    const struct rows *rows;
    const struct report_options *options;
    lxw_worksheet *sheet;
    lxw_format *bold;
    lxw_format *whole; /* integers in full, not as 1.79E+12 */
    struct text_buffer text;
    int err;
};

static void check(struct xlsx_writer *writer, lxw_error err)
{
    if (writer->err == 0 && err != LXW_NO_ERROR) {
        writer->err = err == LXW_ERROR_MEMORY_MALLOC_FAILED ? ERR_NOMEM : ERR_IO;
    }
}

static void write_headings(struct xlsx_writer *writer)
{
    char heading[HEADING_LEN];
    lxw_col_t at = 0;

    for (int i = 0; i < writer->rows->n_columns; i++) {
        const struct column *column = &writer->rows->column[i];

        for (int k = 0; k < column_expand_count(column); k++, at++) {
            writer_heading(column, k, writer->options->labels_zh, heading);
            check(writer,
                  worksheet_write_string(writer->sheet, 0, at, heading, writer->bold));
        }
    }
    check(writer,
          worksheet_set_column(writer->sheet, 0, at > 0 ? at - 1 : 0, COLUMN_WIDTH, NULL));
    worksheet_freeze_panes(writer->sheet, 1, 0);
}

static void write_number(struct xlsx_writer *writer, lxw_row_t row, lxw_col_t at,
                         const char *digits)
{
    lxw_format *format = strchr(digits, '.') == NULL ? writer->whole : NULL;

    check(writer,
          worksheet_write_number(writer->sheet, row, at, strtod(digits, NULL), format));
}

static void write_cell(struct xlsx_writer *writer, size_t row, int column, int k,
                       lxw_col_t at)
{
    char grade[GRADE_LEN];
    const struct column *described = &writer->rows->column[column];
    struct cell cell =
        writer_cell(writer->rows, row, column, writer->options->labels_zh, grade);
    lxw_row_t sheet_row = (lxw_row_t)(row + 1);

    if (cell.kind == CELL_NULL) {
        return;
    }
    text_buffer_clear(&writer->text);
    cell_append(&writer->text, described, &cell, k, CELL_PLAIN, writer->options->zone);
    if (writer->text.err != 0) {
        writer->err = writer->text.err;
    } else if (cell.kind == CELL_TEXT || cell.kind == CELL_ENUM ||
               (described->unit == COLUMN_TS_MS && k == 1)) {
        check(writer, worksheet_write_string(writer->sheet, sheet_row, at,
                                             writer->text.text, NULL));
    } else {
        write_number(writer, sheet_row, at, writer->text.text);
    }
}

static void write_rows(struct xlsx_writer *writer)
{
    for (size_t row = 0; row < writer->rows->n_rows && writer->err == 0; row++) {
        lxw_col_t at = 0;

        for (int i = 0; i < writer->rows->n_columns; i++) {
            int n = column_expand_count(&writer->rows->column[i]);

            for (int k = 0; k < n; k++, at++) {
                write_cell(writer, row, i, k, at);
            }
        }
    }
}

static int write_workbook(struct xlsx_writer *writer, const char *path)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    lxw_workbook *book = workbook_new_opt(path, &options);

    if (book == NULL) {
        return ERR_NOMEM;
    }
    writer->sheet = workbook_add_worksheet(book, "ecmon");
    writer->bold = workbook_add_format(book);
    writer->whole = workbook_add_format(book);
    if (writer->sheet == NULL || writer->bold == NULL || writer->whole == NULL) {
        writer->err = ERR_NOMEM;
    } else {
        format_set_bold(writer->bold);
        format_set_num_format(writer->whole, "0");
        write_headings(writer);
        write_rows(writer);
    }
    check(writer, workbook_close(book));
    return writer->err;
}

static int copy_file(const char *path, FILE *out)
{
    char block[16384];
    FILE *file = fopen(path, "rbe");

    if (file == NULL) {
        return ERR_IO;
    }
    int err = 0;

    for (size_t n = 1; n > 0 && err == 0;) {
        n = fread(block, 1, sizeof(block), file);
        if (fwrite(block, 1, n, out) != n || ferror(file) != 0) {
            err = ERR_IO;
        }
    }
    (void)fclose(file);
    return err;
}

/* libxlsxwriter writes to a path only; the stream may be a pipe. */
int write_xlsx(const struct rows *rows, const struct report_options *options)
{
    struct xlsx_writer writer = {.rows = rows, .options = options};
    char folder[] = "/tmp/ecmon-xlsx-XXXXXX";
    char path[sizeof(folder) + 16];

    if (rows->n_rows >= LXW_ROW_MAX) {
        return ERR_RANGE;
    }
    if (mkdtemp(folder) == NULL) {
        return ERR_IO;
    }
    (void)snprintf(path, sizeof(path), "%s/rows.xlsx", folder);
    int err = write_workbook(&writer, path);

    if (err == 0) {
        err = copy_file(path, options->out);
    }
    (void)unlink(path);
    (void)rmdir(folder);
    text_buffer_done(&writer.text);
    return err;
}
