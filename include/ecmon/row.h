/*
 * A result row as people and programs see it: named columns in a fixed order. One
 * description serves the command line (table, CSV, JSON, XLSX), MQTT payloads and HTTP, so
 * a figure looks the same everywhere. Formatting is in daemon/core/row.
 */
#ifndef ECMON_ROW_H
#define ECMON_ROW_H

#include <stddef.h>
#include <stdint.h>

enum cell_kind {
    CELL_NULL,
    CELL_TEXT, /* text, borrowed */
    CELL_ENUM, /* text, one of the contract's lower-case words: translated by --labels zh */
    CELL_INT,  /* i */
    CELL_FRACTION, /* i / den, exact; shown as a REAL and, with expansion, as x_pct */
    CELL_DECIMAL   /* i / 10^digits, exact */
};

struct cell {
    enum cell_kind kind;
    int64_t i;
    int64_t den; /* CELL_FRACTION: > 0 */
    int digits;  /* CELL_DECIMAL: 0..9 */
    const char *text;
};

/* How a column expands: the base column, then the derived one, always both. */
enum column_unit {
    COLUMN_PLAIN,
    COLUMN_WH,  /* energy_wh -> energy_wh, energy_kwh */
    COLUMN_PCT, /* x -> x, x_pct (2 decimals, half away from zero, from the exact value) */
    COLUMN_TS_MS,  /* start_ts_ms -> start_ts_ms, start_ts (ISO 8601, the site's offset) */
    COLUMN_CNY_WAN /* value_added_cny -> value_added_cny, value_added_wan */
};

struct column {
    const char *name; /* the base column's name */
    enum column_unit unit;
    const char *label_zh; /* heading for --labels zh */
};

/* A set of rows: cells are row-major, n_rows × n_columns. */
struct rows {
    const struct column *column; /* borrowed, static */
    int n_columns;
    size_t n_rows;
    size_t cap_rows;
    struct cell *cell; /* owned */
    char **string;     /* owned copies that cells point into */
    size_t n_strings;
    size_t cap_strings;
};

#endif
