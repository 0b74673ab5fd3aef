/*
 * CSV tables with named columns: register, method data and imports are rows of these. The
 * column rows drive reading, checking and templates; every problem gets file, line and
 * column.
 */
#ifndef ECMON_CONF_TABLE_H
#define ECMON_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ecmon/time.h>

#include "daemon/conf/problems.h"

enum table_type {
    TABLE_TEXT,    /* char[size]: UTF-8 text */
    TABLE_ID,      /* char[size]: an id */
    TABLE_CODE,    /* char[size]: digits kept as text; a spreadsheet's 3.3E+12 is refused */
    TABLE_WORD,    /* char[size]: one of words */
    TABLE_INT32,   /* int32_t, min … max */
    TABLE_INT64,   /* int64_t, min … max */
    TABLE_DECIMAL, /* int64_t = value × 10^digits, min … max in these units, exact */
    TABLE_DAY,     /* day_t */
    TABLE_OTHER    /* read by the caller */
};

/* A word as people write it and what it means; ends with {NULL, NULL}. */
struct table_word {
    const char *alias;
    const char *word;
};

enum table_need {
    TABLE_OPTIONAL,
    TABLE_COLUMN,  /* the column must be there */
    TABLE_REQUIRED /* the column must be there and its cells filled */
};

/* One column; a table's rows end with a NULL name. */
struct table_column {
    const char *name;  /* English */
    const char *label; /* Chinese, as `template --labels zh` prints it */
    const char *also;  /* further aliases, '|' between them; NULL = none */
    enum table_type type;
    enum table_need need;
    const struct table_word *words;
    int64_t min;
    int64_t max;
    int digits;
    size_t offset; /* where table_fill puts the value */
    size_t size;
    const char *help; /* what is allowed, for messages */
};

/* A table's columns are written once, as rows X(ID, name, label, also, type, need, …), from
 * which these make its enum, its rows for table_open, and the headings of its template. */
#define TABLE_ENUM(id, ...)               COLUMN_##id,
#define TABLE_ROW(id, name, label, ...)   {name, label, __VA_ARGS__},
#define TABLE_NAME(id, name, ...)         name,
#define TABLE_LABEL(id, name, label, ...) label,
#define TABLE_INTO(type, field)                                                            \
    .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)

#define TABLE_COLUMNS_MAX 64
#define TABLE_REASON_LEN  512

struct table;

/* file is borrowed, name is kept until table_close. Reads the header; its problems (of
 * kind) are added. Returns 0, ERR_DATA (the header is bad: nothing can be read), or
 * ERR_NOMEM. */
int table_open(FILE *file, const char *name, enum problem_kind kind,
               const struct table_column *columns, struct problems *problems,
               struct table **ret_table);
void table_close(struct table *table);

/* More rows than n are an error, told once where they begin; the rest is not read. */
void table_limit_rows(struct table *table, int64_t n);

/* 1: a row. 0: the end. ERR_DATA: a row that cannot be read, told and skipped. */
int table_next(struct table *table);

/* Of the row read last. */
long table_line(const struct table *table);
/* 1-based, as editors count; 1 when the cell is not there. */
int table_place(const struct table *table, int column);
bool table_has(const struct table *table, int column);
/* "" when the cell is blank or the column is not there. Valid until table_next. */
const char *table_cell(const struct table *table, int column);

/* Tells a problem at a cell (column < 0: of the whole row). */
void table_error(struct table *table, int column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void table_warn(struct table *table, int column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Errors told so far, of header and rows; the first one of this row ("" = none). */
int64_t table_errors(const struct table *table);
const char *table_reason(const struct table *table);

/* Converts every typed column into object; blank cells leave their field as it is. Returns
 * the number of bad cells (told). */
int table_fill(struct table *table, void *object);

/* Single cells: 1 = *ret_… is set, 0 = blank, ERR_DATA = bad (told). */
int table_decimal(struct table *table, int column, int digits, int64_t min, int64_t max,
                  int64_t *ret_value);
/* The same, ≥ 0, digits beyond rounded half away from zero. */
int table_amount(struct table *table, int column, int digits, int64_t max,
                 int64_t *ret_value);
int table_day(struct table *table, int column, day_t *ret_day);

/* What a word means, NULL when it is none of them. */
const char *table_word(const struct table_word *words, const char *text);
/* Tells that a cell's text is none of words, with the nearest one. */
void table_error_words(struct table *table, int column, const struct table_word *words);
/* Is this how a spreadsheet shows a number that was too long for it: "3.30282E+12"? */
bool table_is_cut_number(const char *text);

/* The row read last as CSV cells, without line end; the caller's. NULL when out of memory.
 */
char *table_row_text(const struct table *table);
/* Writes it. */
void table_write_row(const struct table *table, FILE *file);
/* The header row's cells likewise. */
void table_write_header(const struct table *table, FILE *file);

/* Grows array (n elements used) for one more; NULL when out of memory, array stands then.
 */
void *array_grow(void *array, int n, size_t size);

#endif
