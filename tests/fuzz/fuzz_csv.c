/* Any bytes as a CSV file: rows of UTF-8 or errors, and an end. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/csv.h"
#include "daemon/core/text.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_field(const struct csv_field *field)
{
    char number[CSV_NUMBER_LEN];

    if (!text_is_utf8(field->text, strlen(field->text)) || field->column < 1) {
        abort();
    }
    (void)strlen(csv_number_text(field, number));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    FILE *file = n > 0 ? fmemopen(NULL, n + 1, "w+") : NULL;
    const struct csv_field *field = NULL;
    const char *why = NULL;
    struct csv *csv = NULL;
    int column = 0;

    if (file == NULL) {
        return 0;
    }
    (void)fwrite(bytes, 1, n, file);
    rewind(file);
    if (csv_open(file, &csv, &why) == 0) {
        int got = csv_next(csv, &field, &why, &column);

        while (got > 0 || got == ERR_SYNTAX) {
            for (int i = 0; i < got; i++) {
                check_field(&field[i]);
            }
            got = csv_next(csv, &field, &why, &column);
        }
    }
    csv_close(csv);
    (void)fclose(file);
    return 0;
}
