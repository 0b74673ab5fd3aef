#include "daemon/report/report.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/report/writer.h"

void report_init(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): before threads, report.h says */
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    }
    /* NOLINTEND(concurrency-mt-unsafe) */
}

int report_format_from_name(const char *name, enum report_format *ret_format)
{
    static const struct {
        const char *name;
        enum report_format format;
    } formats[] = {
        {"table", REPORT_TABLE},
        {"csv", REPORT_CSV},
        {"json", REPORT_JSON},
        {"xlsx", REPORT_XLSX},
    };

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *ret_format = formats[i].format;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

int report_terminal_width(FILE *out)
{
    struct winsize size = {0, 0, 0, 0};
    int fd = fileno(out);

    if (fd < 0 || isatty(fd) == 0 || ioctl(fd, TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}

static const char *unit_zh(enum column_unit unit, int k)
{
    static const char *const units[][2] = {
        [COLUMN_PLAIN] = {"", ""},
        [COLUMN_WH] = {"(Wh)", "(kWh)"},
        [COLUMN_PCT] = {"", "(%)"},
        [COLUMN_TS_MS] = {"(ms)", ""},
        [COLUMN_CNY_WAN] = {"(元)", "(万元)"},
    };

    return units[unit][k];
}

void writer_heading(const struct column *column, int k, bool labels_zh,
                    char ret_heading[HEADING_LEN])
{
    if (!labels_zh || column->label_zh == NULL) {
        column_expand_name(column, k, ret_heading);
        return;
    }
    (void)text_copy(ret_heading, HEADING_LEN, column->label_zh);
    size_t n = strlen(ret_heading);

    (void)text_copy(ret_heading + n, HEADING_LEN - n, unit_zh(column->unit, k));
}

struct cell writer_cell(const struct rows *rows, size_t row, int column, bool labels_zh,
                        char grade[GRADE_LEN])
{
    struct cell cell = rows->cell[row * (size_t)rows->n_columns + (size_t)column];
    const char *name = rows->column[column].name;

    if (labels_zh && cell.kind == CELL_ENUM) {
        return cell_text(report_word_zh(name, cell.text));
    }
    if (labels_zh && cell.kind == CELL_INT && strcmp(name, "grade") == 0) {
        (void)snprintf(grade, GRADE_LEN, "碳效%d级", (int)cell.i);
        return cell_text(grade);
    }
    return cell;
}

int writer_flush(struct text_buffer *buffer, FILE *out)
{
    if (buffer->err != 0) {
        return buffer->err;
    }
    if (buffer->n > 0 && fwrite(buffer->text, 1, buffer->n, out) != buffer->n) {
        return ERR_IO;
    }
    text_buffer_clear(buffer);
    return 0;
}

int report_write(const struct rows *rows, const struct report_options *options)
{
    int err = ERR_IO;

    switch (options->format) {
    case REPORT_TABLE:
        err = write_table(rows, options);
        break;
    case REPORT_CSV:
    case REPORT_CSV_EXCEL:
        err = write_csv(rows, options);
        break;
    case REPORT_JSON:
        err = write_json(rows, options);
        break;
    case REPORT_XLSX:
        err = write_xlsx(rows, options);
        break;
    }
    if (err == 0 && fflush(options->out) != 0) {
        err = ERR_IO;
    }
    return err;
}
