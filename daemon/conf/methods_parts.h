/* What the files that read method data share. Not a door. */
#ifndef ECMON_CONF_METHODS_PARTS_H
#define ECMON_CONF_METHODS_PARTS_H

#include "daemon/conf/conf.h"
#include "daemon/conf/methods.h"
#include "daemon/conf/table.h"
#include "daemon/core/sha256.h"

struct methods_reader {
    struct methods *methods;
    struct problems *problems;
    struct sha256 *sha;         /* of everything */
    struct sha256 *factors_sha; /* of factors and benchmarks */
    const char *path;           /* of the file in hand */
    const char *name;
    int64_t n_errors;
    int err; /* first ERR_NOMEM or ERR_IO */
};

/* One kind of table: its columns, and what becomes of a row. */
struct method_table {
    const struct table_column *columns;
    bool is_factor; /* enters factors_sha256 */
    /* Takes the row read last; problems are told on the table. Returns 0 or ERR_NOMEM. */
    int (*take)(struct methods_reader *reader, struct table *table);
};

/* Reads a file with the columns of kind; name as conf_each_file gives it. 0 or ERR_NOMEM.
 */
int methods_read_table(struct methods_reader *reader, const struct method_table *kind,
                       const char *path, const char *name);
/* Hashes a file's name and bytes; the file stands at its beginning again. 0 or ERR_IO
 * (told). */
int methods_hash_file(struct methods_reader *reader, bool is_factor, FILE *file);
void methods_hash(struct methods_reader *reader, bool is_factor, const char *name,
                  const void *bytes, size_t n);
/* Tells a problem that no single row has. */
void methods_error(struct methods_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

extern const struct table_word confidence_words[];
/* Of a cell, told when it is none of the words. */
void methods_take_confidence(struct table *table, int column,
                             enum confidence *ret_confidence);
/* Index of a word in a NULL-terminated list, -1 when it is none. */
int word_index(const char *const *words, const char *text);

/* A callback for conf_each_file per kind of file; ctx is a methods_reader. */
int methods_on_grid(void *ctx, const char *path, const char *name);
int methods_on_carriers(void *ctx, const char *path, const char *name);
int methods_on_benchmarks(void *ctx, const char *path, const char *name);
int methods_on_calendar(void *ctx, const char *path, const char *name);
int methods_on_targets(void *ctx, const char *path, const char *name);
int methods_on_names(void *ctx, const char *path, const char *name);
int methods_on_method(void *ctx, const char *path, const char *name);

/* Calendar by day, names by code. */
void methods_sort(struct methods *methods);

/* Industries and regions alone, for the register's codes. The rest of *ret_methods is
 * empty. */
int names_load(const struct conf *conf, struct problems *problems,
               struct methods *ret_methods);

#endif
