/* What the files of the table module share. Not a door. */
#ifndef ECMON_CONF_TABLE_PARTS_H
#define ECMON_CONF_TABLE_PARTS_H

#include "daemon/conf/table.h"
#include "daemon/core/csv.h"

#define NO_COLUMN (-1)

struct table {
    struct csv *csv;
    const char *name;
    enum problem_kind kind;
    const struct table_column *columns;
    int n_columns;
    struct problems *problems;
    int n_header;                 /* cells of the header row */
    int column_of[CSV_FIELD_MAX]; /* header cell -> column, NO_COLUMN for a nameless one */
    int cell_of[TABLE_COLUMNS_MAX]; /* column -> header cell, NO_COLUMN when it is not there
                                     */
    char *header;                   /* owned: the header row as CSV */
    const struct csv_field *fields;
    int n_fields;
    long last_bad_line;
    int64_t n_rows;
    int64_t max_rows; /* 0 = any number */
    int64_t n_errors;
    char reason[TABLE_REASON_LEN];
};

#endif
