/* What the kinds of imports share. Not a door. */
#ifndef ECMON_SYNC_IMPORT_PARTS_H
#define ECMON_SYNC_IMPORT_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/enterprise.h>

#include "daemon/conf/table.h"
#include "daemon/core/text.h"
#include "daemon/store/imports.h"
#include "daemon/store/store.h"
#include "daemon/sync/import.h"

/* Every enterprise of the store with its versions, by id and since. */
struct enterprise_book {
    struct enterprise *version; /* owned */
    int n;
    int last;           /* where the last one was found: rows often follow one another */
    const char **words; /* ids, for the nearest one; made at the first misspelt id */
    int64_t n_nearest;  /* looking for the nearest word is slow: only for the first ones */
};

int enterprise_book_read(struct store *store, struct enterprise_book *book);
void enterprise_book_done(struct enterprise_book *book);
/* Its versions: the first one and how many. NULL when there is no such id. */
const struct enterprise *enterprise_book_find(struct enterprise_book *book, const char *id,
                                              int *ret_n);

/* Indices of rows by a key of several fields, to find a key given twice. */
struct key_set {
    uint32_t *slot; /* index + 1; 0 = free; owned */
    uint32_t cap;   /* a power of two */
    uint32_t n;
    uint64_t (*hash)(const void *rows, uint32_t index);
    bool (*same)(const void *rows, uint32_t a, uint32_t b);
};

#define KEY_SET_NEW UINT32_MAX

/* Adds rows[index]. *ret_first: KEY_SET_NEW, or the row that has its key already (index is
 * not added then). Returns 0 or ERR_NOMEM. */
int key_set_add(struct key_set *set, const void *rows, uint32_t index, uint32_t *ret_first);
/* rows[index] stands for its key from now on. */
void key_set_replace(struct key_set *set, const void *rows, uint32_t index);
void key_set_done(struct key_set *set);
/* Mixes bits, so that neighbours do not meet. */
uint64_t key_mix(uint64_t value);

struct import {
    struct store *store;
    const struct import_options *options;
    struct problems *problems;
    struct table *table;
    FILE *file;
    const char *name;
    struct import_counts counts;
    day_t today;
    struct enterprise_book book;
    void *rows; /* the kind's own */
    bool rejects_begun;
};

/* Grows an array of n elements for one more: NULL when out of memory. */
void *import_grow(void *array, size_t n, size_t size);
/* One line of --rejects. row: the row as CSV; NULL = the one read last. */
void import_reject(struct import *import, long line, const char *reason, const char *row);

/* The enterprise of a cell, told when it is blank, unknown, or not in force between the
 * days. Returns its number, 0 when bad. */
uint32_t import_enterprise(struct import *import, int column, day_t first, day_t last);
/* The period of a cell in its canonical form, told when it is blank, bad or still to come.
 */
bool import_period(struct import *import, int column, struct period *ret_period);

/* A kind of import. Every function returns 0 or an error that ends the import; bad rows are
 * told on the table. */
struct import_kind {
    const char *name;
    const struct table_column *columns;
    const char *const *template_names;
    const char *const *template_labels;
    int (*begin)(struct import *import); /* the header was read */
    int (*take)(struct import *import);  /* a row was read */
    int (*check)(struct import *import); /* all rows were read: what holds between them */
    int (*store)(struct import *import); /* writes, or compares when dry_run; counts */
    void (*done)(struct import *import);
};

extern const struct import_kind import_energy;
extern const struct import_kind import_output;
extern const struct import_kind import_energy_use;

/* ---- figures by period: output and energy use ---- */

/* A row of the file. */
struct figure_source {
    long line;
    char *raw; /* owned; only kept for rejects */
    bool bad;
    bool any_new;
    bool any_changed;
};

struct staged_figure {
    struct imported_figure figure;
    day_t first;
    day_t last;
    uint32_t source;
};

struct figures {
    struct figure_source *source; /* owned */
    uint32_t n_sources;
    struct staged_figure *staged; /* owned */
    uint32_t n_staged;
    struct key_set keys;
    int period_column; /* of the header, for what is found between rows */
    int (*compare)(struct store *store, const struct imported_figure *row,
                   enum import_result *ret_result, int64_t *ret_old_value_e6);
    int (*put)(struct store *store, const struct imported_figure *row,
               enum import_result *ret_result, int64_t *ret_old_value_e6);
    int (*periods)(struct store *store, uint32_t enterprise_no, const char *name,
                   void (*fn)(void *ctx, const struct imported_figure *row), void *ctx);
};

/* The row read last becomes a source. */
int figures_add_source(struct import *import, struct figures *figures);
/* One figure of the last source; a key given twice is told at column. */
int figures_stage(struct import *import, struct figures *figures,
                  const struct imported_figure *figure, const struct period *period,
                  int column);
/* The last source turned out bad: its figures count no more. */
void figures_refuse_source(struct figures *figures);
int figures_check(struct import *import, struct figures *figures);
int figures_store(struct import *import, struct figures *figures);
void figures_done(struct figures *figures);

#endif
