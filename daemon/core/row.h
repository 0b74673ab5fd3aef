/* Building and formatting result rows (include/ecmon/row.h). */
#ifndef ECMON_CORE_ROW_H
#define ECMON_CORE_ROW_H

#include <stdbool.h>

#include <ecmon/row.h>
#include <ecmon/time.h>

#include "daemon/core/text.h"

#define COLUMN_NAME_LEN 64 /* of an expanded name, with NUL */

void rows_init(struct rows *rows, const struct column *columns, int n_columns);
void rows_done(struct rows *rows);
/* A new row of CELL_NULLs; returns its first cell, or NULL when out of memory. The pointer
 * is valid until the next rows_add. */
struct cell *rows_add(struct rows *rows);
/* A copy owned by rows; NULL stays NULL. */
const char *rows_keep(struct rows *rows, const char *text);

struct cell cell_null(void);
struct cell cell_int(int64_t value);
/* text NULL gives CELL_NULL. Borrowed: use rows_keep for temporaries. */
struct cell cell_text(const char *text);
struct cell cell_enum(const char *word);
/* den 0 gives CELL_NULL. */
struct cell cell_fraction(int64_t num, int64_t den);
struct cell cell_decimal(int64_t value, int digits);

/* The expanded columns: COLUMN_WH gives two and so on. Returns 1 or 2. */
int column_expand_count(const struct column *column);
/* Name of the k-th expanded column (0 or 1), e.g. "energy_kwh"; ret_name holds
 * COLUMN_NAME_LEN bytes. */
void column_expand_name(const struct column *column, int k, char *ret_name);

enum cell_style {
    CELL_JSON, /* numbers bare, texts quoted, NULL null */
    CELL_CSV,  /* RFC 4180 */
    CELL_PLAIN /* no quoting; NULL is "" */
};

/* Appends the k-th expanded value of a cell. zone is for COLUMN_TS_MS. */
void cell_append(struct text_buffer *buffer, const struct column *column,
                 const struct cell *cell, int k, enum cell_style style,
                 const struct zone *zone);
/* Appends `"name":value,…` of one row, all expanded columns, without braces. */
void row_append_json(struct text_buffer *buffer, const struct rows *rows, size_t row,
                     const struct zone *zone);

/* Percent with 2 decimals, half away from zero, of num/den: in hundredths of a percent. */
int64_t basis_points(int64_t num, int64_t den);

#endif
