#include "daemon/conf/methods.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/methods_parts.h"

const struct table_word confidence_words[] = {{"high", "high"},
                                              {"med", "med"},
                                              {"low", "low"},
                                              {"proposal", "proposal"},
                                              {NULL, NULL}};

int word_index(const char *const *words, const char *text)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

void methods_take_confidence(struct table *table, int column,
                             enum confidence *ret_confidence)
{
    static const char *const words[] = {"high", "med", "low", "proposal", NULL};
    int at = word_index(words, table_cell(table, column));

    if (at >= 0) {
        *ret_confidence = (enum confidence)at;
    } else if (table_cell(table, column)[0] != '\0') {
        table_error_words(table, column, confidence_words);
    }
}

void methods_error(struct methods_reader *reader, const char *format, ...)
{
    char text[TABLE_REASON_LEN];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    problems_add(reader->problems, PROBLEM_CONFIG, reader->path, 0, 0, "%s", text);
    reader->n_errors++;
}

void methods_hash(struct methods_reader *reader, bool is_factor, const char *name,
                  const void *bytes, size_t n)
{
    struct sha256 *hashes[] = {reader->sha, is_factor ? reader->factors_sha : NULL};

    for (int i = 0; i < 2; i++) {
        if (hashes[i] != NULL) {
            sha256_text(hashes[i], name);
            sha256_i64(hashes[i], (int64_t)n);
            sha256_update(hashes[i], bytes, n);
        }
    }
}

static int tell_io(struct methods_reader *reader)
{
    problems_add(reader->problems, PROBLEM_IO, reader->path, 0, 0, "cannot be read: %s",
                 strerror(errno)); /* NOLINT(concurrency-mt-unsafe): glibc's is safe */
    reader->err = ERR_IO;
    return ERR_IO;
}

int methods_hash_file(struct methods_reader *reader, bool is_factor, FILE *file)
{
    char bytes[65536];
    size_t n = 0;

    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        methods_hash(reader, is_factor, reader->name, bytes, n);
    }
    if (ferror(file) != 0 || fseek(file, 0, SEEK_SET) != 0) {
        return tell_io(reader);
    }
    return 0;
}

static int take_rows(struct methods_reader *reader, const struct method_table *kind,
                     struct table *table)
{
    int err = 0;

    for (int got = table_next(table); got != 0 && err == 0; got = table_next(table)) {
        if (got > 0) {
            err = kind->take(reader, table);
        }
    }
    reader->n_errors += table_errors(table);
    return err;
}

int methods_read_table(struct methods_reader *reader, const struct method_table *kind,
                       const char *path, const char *name)
{
    struct table *table = NULL;

    reader->path = path;
    reader->name = name;
    FILE *file = fopen(path, "rbe");

    if (file == NULL) {
        (void)tell_io(reader);
        return 0;
    }
    int err = methods_hash_file(reader, kind->is_factor, file);

    if (err == 0) {
        err =
            table_open(file, path, PROBLEM_CONFIG, kind->columns, reader->problems, &table);
        reader->n_errors += err == ERR_DATA;
    }
    if (err == 0) {
        err = take_rows(reader, kind, table);
    }
    table_close(table);
    (void)fclose(file);
    if (err == ERR_NOMEM) {
        reader->err = ERR_NOMEM;
    }
    return err == ERR_NOMEM ? ERR_NOMEM : 0;
}

static int factors_of(void *ctx, const char *path, const char *name)
{
    if (strncmp(name, "grid", 4) == 0) {
        return methods_on_grid(ctx, path, name);
    }
    if (strncmp(name, "carriers", 8) == 0) {
        return methods_on_carriers(ctx, path, name);
    }
    struct methods_reader *reader = ctx;

    reader->path = path;
    methods_error(reader, "a file of factors is called grid*.csv or carriers*.csv");
    return 0;
}

int methods_load(const struct conf *conf, struct problems *problems,
                 struct methods *ret_methods)
{
    static const struct {
        const char *folder;
        const char *suffix;
        int (*fn)(void *ctx, const char *path, const char *name);
    } parts[] = {
        {"methods", ".yaml", methods_on_method},
        {"factors", ".csv", factors_of},
        {"benchmarks", ".csv", methods_on_benchmarks},
        {"calendars", ".csv", methods_on_calendar},
        {"targets", ".csv", methods_on_targets},
        {"names", ".csv", methods_on_names},
    };
    struct methods methods = {0};
    struct methods_reader reader = {.methods = &methods,
                                    .problems = problems,
                                    .sha = sha256_new(),
                                    .factors_sha = sha256_new()};
    int err = reader.sha == NULL || reader.factors_sha == NULL ? ERR_NOMEM : 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && err == 0; i++) {
        sha256_text(reader.sha, parts[i].folder);
        err = conf_each_file(conf, parts[i].folder, parts[i].suffix, parts[i].fn, &reader);
    }
    if (err == 0) {
        methods_sort(&methods);
        err = reader.err != 0 ? reader.err : reader.n_errors > 0 ? ERR_CONFIG : 0;
    }
    sha256_final(reader.sha, methods.sha256);
    sha256_final(reader.factors_sha, methods.factors_sha256);
    if (err != 0) {
        methods_done(&methods);
        return err;
    }
    *ret_methods = methods;
    return 0;
}

void methods_done(struct methods *methods)
{
    free(methods->resumption);
    free(methods->carbon);
    free(methods->grid);
    free(methods->carrier);
    free(methods->benchmark);
    free(methods->calendar);
    free(methods->target);
    free(methods->industry);
    free(methods->region);
    *methods = (struct methods){0};
}

const struct resumption_method *methods_resumption(const struct methods *methods,
                                                   const char *id)
{
    for (int i = 0; i < methods->n_resumption; i++) {
        if (strcmp(methods->resumption[i].id, id) == 0) {
            return &methods->resumption[i];
        }
    }
    return NULL;
}

const struct carbon_method *methods_carbon(const struct methods *methods, const char *id)
{
    for (int i = 0; i < methods->n_carbon; i++) {
        if (strcmp(methods->carbon[i].id, id) == 0) {
            return &methods->carbon[i];
        }
    }
    return NULL;
}
