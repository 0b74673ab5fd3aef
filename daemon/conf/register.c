#include "daemon/conf/register.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/conf/methods_parts.h"
#include "daemon/conf/register_parts.h"
#include "daemon/core/text.h"

#define REGISTER_ROWS_MAX 200000 /* of one file, so that no file takes all memory */

void register_error(struct register_reader *reader, const char *file, long line, int column,
                    const char *format, ...)
{
    char text[TABLE_REASON_LEN];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    problems_add(reader->problems, PROBLEM_DATA, file, line, column, "%s", text);
    reader->n_errors++;
}

void register_warn(struct register_reader *reader, const char *file, long line, int column,
                   const char *format, ...)
{
    char text[TABLE_REASON_LEN];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    problems_add(reader->problems, PROBLEM_WARNING, file, line, column, "%s", text);
}

static int hash_file(struct register_reader *reader, const char *path, FILE *file)
{
    char bytes[65536];
    int64_t total = 0;
    size_t n = 0;

    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        sha256_update(reader->sha, bytes, n);
        total += (int64_t)n;
    }
    sha256_i64(reader->sha, total);
    if (ferror(file) != 0 || fseek(file, 0, SEEK_SET) != 0) {
        problems_add(reader->problems, PROBLEM_IO, path, 0, 0, "cannot be read: %s",
                     strerror(errno)); /* NOLINT(concurrency-mt-unsafe): glibc's is safe */
        reader->err = ERR_IO;
        return ERR_IO;
    }
    return 0;
}

static FILE *open_file(struct register_reader *reader, const char *path, bool needed)
{
    if (path[0] == '\0') {
        return NULL;
    }
    FILE *file = fopen(path, "rbe");

    if (file == NULL && (needed || errno != ENOENT)) {
        problems_add(reader->problems, PROBLEM_IO, path, 0, 0, "cannot be opened: %s",
                     strerror(errno)); /* NOLINT(concurrency-mt-unsafe): glibc's is safe */
        reader->err = ERR_IO;
    }
    return file;
}

struct table *register_open(struct register_reader *reader, const char *path, bool needed,
                            const struct table_column *columns, FILE **ret_file)
{
    FILE *file = open_file(reader, path, needed);
    struct table *table = NULL;

    if (file == NULL) {
        return NULL;
    }
    if (hash_file(reader, path, file) == 0) {
        int err = table_open(file, path, PROBLEM_DATA, columns, reader->problems, &table);

        if (err == ERR_NOMEM) {
            reader->err = err;
        } else if (err == 0) {
            table_limit_rows(table, REGISTER_ROWS_MAX);
        }
        reader->n_errors += err == ERR_DATA;
    }
    if (table == NULL) {
        (void)fclose(file);
        return NULL;
    }
    *ret_file = file;
    return table;
}

void id_set_add(struct register_reader *reader, struct id_set *set, const char *id)
{
    char **grown = array_grow(set->id, set->n, sizeof(*grown));
    char *copy = strdup(id);

    if (grown == NULL || copy == NULL) {
        set->id = grown == NULL ? set->id : grown;
        free(copy);
        reader->err = ERR_NOMEM;
        return;
    }
    set->id = grown;
    set->id[set->n++] = copy;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void id_set_finish(struct register_reader *reader, struct id_set *set)
{
    int n = 0;

    if (set->n == 0) {
        return;
    }
    qsort(set->id, (size_t)set->n, sizeof(*set->id), compare_ids);
    for (int i = 0; i < set->n; i++) {
        if (n > 0 && strcmp(set->id[n - 1], set->id[i]) == 0) {
            free(set->id[i]);
        } else {
            set->id[n++] = set->id[i];
        }
    }
    set->n = n;
    char **grown = array_grow(set->id, n, sizeof(*grown));

    if (grown == NULL) {
        reader->err = ERR_NOMEM;
        id_set_done(set);
        return;
    }
    set->id = grown;
    set->id[n] = NULL;
}

bool id_set_has(const struct id_set *set, const char *id)
{
    return set->n > 0 &&
           bsearch(&id, set->id, (size_t)set->n, sizeof(*set->id), compare_ids) != NULL;
}

const char *id_set_nearest(const struct id_set *set, const char *id)
{
    return set->n > 0 ? text_nearest(id, (const char *const *)set->id) : NULL;
}

void id_set_done(struct id_set *set)
{
    for (int i = 0; i < set->n; i++) {
        free(set->id[i]);
    }
    free(set->id);
    *set = (struct id_set){0};
}

void register_check_enterprise(struct register_reader *reader, struct table *table,
                               int column, const char *id)
{
    if (id[0] == '\0' || id_set_has(&reader->enterprise_ids, id)) {
        return;
    }
    const char *nearest = id_set_nearest(&reader->enterprise_ids, id);

    table_error(table, column, "enterprise \"%s\" is not in enterprises.csv%s%s%s", id,
                nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                nearest == NULL ? "" : "\"?");
}

static int compare_versions(const void *a, const void *b)
{
    const struct version *left = a;
    const struct version *right = b;
    int order = strcmp(left->key, right->key);

    if (order != 0) {
        return order;
    }
    if (left->first != right->first) {
        return left->first < right->first ? -1 : 1;
    }
    return (left->line > right->line) - (left->line < right->line);
}

void versions_resolve(struct register_reader *reader, const char *file,
                      struct version *version, int n,
                      bool (*same)(const void *ctx, int a, int b), const void *ctx)
{
    struct version *last = NULL;

    if (n > 0) {
        qsort(version, (size_t)n, sizeof(*version), compare_versions);
    }
    for (int i = 0; i < n; i++) {
        struct version *at = &version[i];

        if (last == NULL || strcmp(last->key, at->key) != 0) {
            last = at;
            continue;
        }
        if (last->first == at->first) {
            at->dropped = true;
            if (same(ctx, last->row, at->row)) {
                register_warn(reader, file, at->line, at->column,
                              "the same row as line %ld", last->line);
            } else {
                register_error(
                    reader, file, at->line, at->column,
                    "\"%s\" is given twice with different values and the same `since`: "
                    "see line %ld",
                    at->key, last->line);
            }
            continue;
        }
        if (last->open) {
            last->last = at->first - 1;
        } else if (last->last >= at->first) {
            register_error(reader, file, at->line, at->column,
                           "\"%s\": this version overlaps the one of line %ld", at->key,
                           last->line);
        }
        last = at;
    }
}

/* Files of the register that a later version reads: silence would look like acceptance. */
static void warn_unread(struct register_reader *reader)
{
    static const char *const unread[] = {"accounts.csv", "shares.csv", "budgets.csv",
                                         "orders.csv", "interlocks.csv"};
    char path[CONF_PATH_LEN + 32];
    const char *beside = reader->conf->reg.enterprises;
    const char *slash = strrchr(beside, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - beside + 1);

    if (beside[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < sizeof(unread) / sizeof(*unread); i++) {
        (void)snprintf(path, sizeof(path), "%.*s%s", folder_len, beside, unread[i]);
        if (access(path, F_OK) == 0) {
            problems_add(reader->problems, PROBLEM_WARNING, path, 0, 0,
                         "is not read in this version");
        }
    }
}

static void read_all(struct register_reader *reader)
{
    register_read_enterprises(reader);
    if (reader->err != ERR_NOMEM) {
        register_read_meters(reader);
    }
    if (reader->err != ERR_NOMEM) {
        register_read_lists(reader);
    }
    if (reader->err != ERR_NOMEM) {
        register_read_groups(reader);
    }
    if (reader->err == 0) {
        register_check_meters(reader);
    }
    warn_unread(reader);
}

int registry_load(const struct conf *conf, const struct profiles *profiles,
                  struct problems *problems, struct registry *ret_registry)
{
    struct registry registry = {0};
    struct register_reader reader = {.conf = conf,
                                     .profiles = profiles,
                                     .problems = problems,
                                     .registry = &registry,
                                     .sha = sha256_new()};
    struct problems silent; /* of the names: methods_load tells them */

    if (reader.sha == NULL) {
        return ERR_NOMEM;
    }
    problems_init(&silent);
    (void)names_load(conf, &silent, &reader.names);
    problems_done(&silent);
    read_all(&reader);
    sha256_final(reader.sha, registry.sha256);
    methods_done(&reader.names);
    id_set_done(&reader.enterprise_ids);
    id_set_done(&reader.meter_ids);
    int err = reader.err == 0 && reader.n_errors > 0 ? ERR_DATA : reader.err;

    if (err != 0) {
        registry_done(&registry);
        return err;
    }
    *ret_registry = registry;
    return 0;
}

void registry_done(struct registry *registry)
{
    free(registry->enterprise);
    free(registry->enterprise_place);
    free(registry->meter);
    free(registry->meter_place);
    free(registry->member);
    free(registry->group);
    *registry = (struct registry){0};
}

void registry_drop_rows(struct registry *registry)
{
    struct registry rest = {0};

    memcpy(rest.sha256, registry->sha256, sizeof(rest.sha256));
    registry_done(registry);
    *registry = rest;
}

const char *const *registry_columns(const char *kind, bool labels_zh)
{
    static const struct {
        const char *kind;
        const char *const *name;
        const char *const *label;
    } kinds[] = {
        {"enterprises", enterprise_columns, enterprise_labels},
        {"meters", meter_columns, meter_labels},
        {"lists", list_columns, list_labels},
        {"groups", group_columns, group_labels},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return labels_zh ? kinds[i].label : kinds[i].name;
        }
    }
    return NULL;
}
