#include "daemon/sync/import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/import_parts.h"

static const struct import_kind *const kinds[] = {&import_energy, &import_output,
                                                  &import_energy_use, NULL};

static const struct import_kind *kind_of(const char *name)
{
    for (int i = 0; kinds[i] != NULL; i++) {
        if (strcmp(kinds[i]->name, name) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

const char *const *import_columns(const char *kind, bool labels_zh)
{
    const struct import_kind *found = kind_of(kind);

    if (found == NULL) {
        return NULL;
    }
    return labels_zh ? found->template_labels : found->template_names;
}

void import_counts_text(const struct import_counts *counts, char *ret_text)
{
    (void)snprintf(ret_text, IMPORT_COUNTS_LEN,
                   "%" PRId64 " new, %" PRId64 " changed, %" PRId64 " same, %" PRId64
                   " bad",
                   counts->n_new, counts->n_changed, counts->n_same, counts->n_bad);
}

void *import_grow(void *array, size_t n, size_t size)
{
    bool full = n == 0 || (n >= 256 && (n & (n - 1)) == 0);

    return full ? realloc(array, (n == 0 ? 256 : n * 2) * size) : array;
}

static void put_quoted(const char *text, FILE *file)
{
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', file);
        }
        (void)fputc(*text, file);
    }
    (void)fputc('"', file);
}

void import_reject(struct import *import, long line, const char *reason, const char *row)
{
    FILE *file = import->options->rejects;

    if (file == NULL || !import->options->skip_bad) {
        return;
    }
    if (!import->rejects_begun) {
        import->rejects_begun = true;
        (void)fputs("line,reason,", file);
        table_write_header(import->table, file);
        (void)fputc('\n', file);
    }
    (void)fprintf(file, "%ld,", line);
    put_quoted(reason, file);
    (void)fputc(',', file);
    if (row == NULL) {
        table_write_row(import->table, file);
    } else {
        (void)fputs(row, file);
    }
    (void)fputc('\n', file);
}

static int read_rows(struct import *import, const struct import_kind *kind)
{
    struct table *table = import->table;
    int err = 0;

    for (int got = table_next(table); got != 0 && err == 0; got = table_next(table)) {
        int64_t before = table_errors(table);

        if (got > 0) {
            err = kind->take(import);
        }
        if (got < 0 || table_errors(table) > before) {
            import->counts.n_bad++;
            import_reject(import, table_line(table), table_reason(table), NULL);
        }
    }
    return err;
}

static int audit(struct import *import, const struct import_kind *kind)
{
    char text[IMPORT_COUNTS_LEN];

    if (import->counts.n_new + import->counts.n_changed == 0) {
        return 0;
    }
    import_counts_text(&import->counts, text);
    return store_audit(import->store, import->options->now_ms, import->options->who,
                       "import", kind->name, text);
}

static int store_and_audit(struct import *import, const struct import_kind *kind)
{
    bool own = !import->options->dry_run && !store_in_transaction(import->store);
    int err = own ? store_begin(import->store) : 0;

    if (err == 0) {
        err = kind->store(import);
    }
    if (err == 0 && !import->options->dry_run) {
        err = audit(import, kind);
    }
    if (!own) {
        return err;
    }
    if (err == 0) {
        return store_commit(import->store);
    }
    store_rollback(import->store);
    return err;
}

static int run(struct import *import, const struct import_kind *kind)
{
    int err = kind->begin(import);

    if (err == 0 && table_errors(import->table) > 0) {
        err = ERR_DATA;
    }
    if (err == 0) {
        err = read_rows(import, kind);
    }
    if (err == 0 && ferror(import->file) != 0) {
        problems_add(import->problems, PROBLEM_IO, import->name, 0, 0, "cannot be read");
        err = ERR_IO;
    }
    if (err == 0) {
        err = kind->check(import);
    }
    if (err == 0 && import->counts.n_bad > 0 && !import->options->skip_bad) {
        err = ERR_DATA;
    }
    if (err == 0) {
        err = store_and_audit(import, kind);
    }
    kind->done(import);
    return err;
}

/* What is read, how, and the two reports. NOLINTNEXTLINE(readability-function-size) */
int import_run(struct store *store, const char *kind, FILE *file, const char *name,
               const struct import_options *options, struct problems *problems,
               struct import_counts *ret_counts)
{
    const struct import_kind *found = kind_of(kind);
    struct import import = {.store = store,
                            .options = options,
                            .problems = problems,
                            .file = file,
                            .name = name,
                            .today = day_of_ts(options->now_ms, store_zone(store))};

    if (found == NULL) {
        return ERR_NOT_FOUND;
    }
    int err = enterprise_book_read(store, &import.book);

    if (err == 0) {
        err = table_open(file, name, PROBLEM_DATA, found->columns, problems, &import.table);
    }
    if (err == 0) {
        err = run(&import, found);
    }
    table_close(import.table);
    enterprise_book_done(&import.book);
    if (err == 0 || err == ERR_DATA) {
        *ret_counts = import.counts;
    }
    return err;
}
