#include "daemon/core/row.h"
#include "daemon/report/writer.h"

static void append_object(struct text_buffer *buffer, const struct rows *rows, size_t row,
                          const struct zone *zone)
{
    text_append_char(buffer, '{');
    row_append_json(buffer, rows, row, zone);
    text_append_char(buffer, '}');
}

int write_json(const struct rows *rows, const struct report_options *options)
{
    struct text_buffer buffer = {NULL, 0, 0, 0};
    int err = 0;

    text_append_char(&buffer, '[');
    for (size_t row = 0; row < rows->n_rows && err == 0; row++) {
        text_append(&buffer, row > 0 ? ",\n " : "");
        append_object(&buffer, rows, row, options->zone);
        err = writer_flush(&buffer, options->out);
    }
    text_append(&buffer, "]\n");
    if (err == 0) {
        err = writer_flush(&buffer, options->out);
    }
    text_buffer_done(&buffer);
    return err;
}

int report_json_object(const struct rows *rows, size_t row, const struct zone *zone,
                       FILE *out)
{
    struct text_buffer buffer = {NULL, 0, 0, 0};

    append_object(&buffer, rows, row, zone);
    text_append_char(&buffer, '\n');
    int err = writer_flush(&buffer, out);

    text_buffer_done(&buffer);
    return err;
}
