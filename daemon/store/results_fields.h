/*
 * A result row as columns of a table: one list of fields binds, reads and compares it. Not
 * a door: only results_*.c include this.
 */
#ifndef ECMON_STORE_RESULTS_FIELDS_H
#define ECMON_STORE_RESULTS_FIELDS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/store/results.h"

enum field_type {
    FIELD_I64,
    FIELD_I32,
    FIELD_BOOL,
    FIELD_DAY,      /* day_t as YYYY-MM-DD */
    FIELD_TEXT,     /* char array; "" is stored as it is */
    FIELD_OPTIONAL, /* char array; "" is NULL */
    FIELD_POINTER,  /* const char *; NULL is NULL; read: valid until the next step */
    FIELD_VALUE,    /* struct result_value */
    FIELD_REAL_E12  /* struct result_value of 10^-12, as REAL */
};

struct field {
    size_t offset;
    size_t size; /* of a char array */
    enum field_type type;
    bool compared; /* false: row_no, revision … do not make rows differ */
};

/* Parameters first, first + 1 … */
void fields_bind(sqlite3_stmt *stmt, int first, const struct field *fields, int n,
                 const void *row);
/* Columns 0, 1 …; row is zeroed memory of the caller. */
void fields_read(sqlite3_stmt *stmt, const struct field *fields, int n, void *row);
bool fields_equal(const struct field *fields, int n, const void *a, const void *b);

/* Writer: appends the journal member of a new result row. */
int results_journal(struct store *store, bool carbon, int64_t row_no, int32_t revision);

#endif
