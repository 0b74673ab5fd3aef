/*
 * Result rows for people and programs: tables, CSV, JSON, XLSX (interfaces.md §1). Numbers
 * look the same in all of them (daemon/core/row); nothing here computes or reads the store.
 */
#ifndef ECMON_REPORT_REPORT_H
#define ECMON_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <ecmon/row.h>
#include <ecmon/time.h>

enum report_format {
    REPORT_TABLE,     /* aligned for a terminal; NULL is — */
    REPORT_CSV,       /* RFC 4180, UTF-8, LF; NULL is empty */
    REPORT_CSV_EXCEL, /* with BOM and CR LF; what Excel would take for a formula or a number
                         too long for it is protected as text */
    REPORT_JSON,      /* one array of objects; keys and words always English */
    REPORT_XLSX       /* one sheet, header frozen, numbers as numbers, NULL an empty cell */
};

struct report_options {
    enum report_format format;
    const struct zone *zone; /* borrowed */
    bool labels_zh;          /* Chinese headings and enum words; not in JSON */
    bool colour;             /* tables: the light in its colour */
    int width; /* tables: columns of the terminal, 0 = no limit. What is wider is
                  printed as one block of lines per row */
    const char *const
        *table_columns; /* tables: base names to show, in the rows' order, ends
                           with NULL; NULL = all. Other formats show all */
    bool no_header;     /* CSV: rows alone, behind those of a call before */
    FILE *out;          /* borrowed */
};

/*
 * Sets the character type (and nothing else) of the locale to one in UTF-8, so that Chinese
 * has its width in tables. Call once, before threads start.
 */
void report_init(void);

/* "table" "csv" "json" "xlsx". Returns 0 or ERR_NOT_FOUND. */
int report_format_from_name(const char *name, enum report_format *ret_format);

/* Columns of the terminal behind the stream; 0 when it is none. */
int report_terminal_width(FILE *out);

/*
 * Writes all rows in the order given. Of a pair of expanded columns a table shows the more
 * readable one (kWh, per cent, ISO time, 10^4 yuan), the other formats both. No rows: the
 * headings alone, "[]" in JSON.
 *
 * Returns 0, ERR_IO, ERR_NOMEM, or ERR_RANGE (XLSX: more rows than a sheet has, 1,048,575).
 */
int report_write(const struct rows *rows, const struct report_options *options);

/* One row as one JSON object on a line, for commands whose answer is a single object.
 * Returns 0, ERR_IO or ERR_NOMEM. */
int report_json_object(const struct rows *rows, size_t row, const struct zone *zone,
                       FILE *out);

/*
 * The Chinese of an enum word (interfaces.md, appendix B); the word itself when there is
 * none. column matters where one word has two meanings ("closed" of stage and of list
 * states).
 */
const char *report_word_zh(const char *column, const char *word);

#endif
