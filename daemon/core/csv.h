/*
 * Reading CSV as people's spreadsheets write it (interfaces.md §2 "Reading CSV"): BOM,
 * UTF-8 or GB18030, comma or tab, CR LF, quotes; UTF-16 and NUL are refused. Streams: one
 * row at a time, lines up to CSV_LINE_MAX bytes.
 */
#ifndef ECMON_CORE_CSV_H
#define ECMON_CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CSV_LINE_MAX   (1024 * 1024)
#define CSV_FIELD_MAX  256 /* columns of one row */
#define CSV_NUMBER_LEN 64  /* for csv_number_text */

struct csv_field {
    const char *text; /* UTF-8, trimmed, leading ' and ="…" taken off, digits narrowed */
    int column;       /* 1-based byte column in the line, as editors count */
    bool quoted;
    bool narrowed; /* full-width digits were narrowed: worth a warning */
};

struct csv;

/* file is borrowed. Detects the encoding from the whole file when it can seek, else from
 * the first block. On failure *ret_why is a sentence (static). Returns 0, ERR_SYNTAX,
 * ERR_NOMEM. */
int csv_open(FILE *file, struct csv **ret_csv, const char **ret_why);
void csv_close(struct csv *csv);

/* The next row that is not empty. Fields stay valid until the next call. Returns the number
 * of fields (> 0), 0 at the end, or ERR_SYNTAX with a sentence and column in *ret_why,
 * *ret_column. */
int csv_next(struct csv *csv, const struct csv_field **ret_fields, const char **ret_why,
             int *ret_column);
/* Line on which the last row began, 1-based. */
long csv_line(const struct csv *csv);

/* For text_to_i64, text_to_decimal: the digits of a quoted number without its thousands
 * separators ("1,234.5" -> 1234.5), in ret_text; field->text itself when it has none. */
const char *csv_number_text(const struct csv_field *field, char ret_text[CSV_NUMBER_LEN]);

#endif
