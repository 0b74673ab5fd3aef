/* realpath. The name is the standard's. NOLINTNEXTLINE(readability-identifier-naming) */
#define _XOPEN_SOURCE 700

#include "daemon/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/conf_parts.h"
#include "daemon/conf/files.h"
#include "daemon/core/sha256.h"

/* The files of one configuration; the documents hold the names that places point to. */
struct sources {
    struct conf_build *build;
    struct sha256 *sha;
    struct yaml_doc **doc; /* owned */
    size_t n;
    bool broken; /* a file could not be read as YAML */
};

static int add_document(struct sources *sources, const char *name, const void *bytes,
                        size_t n)
{
    struct yaml_doc **grown =
        realloc(sources->doc, (sources->n + 1) * sizeof(struct yaml_doc *));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    sources->doc = grown;
    sha256_update(sources->sha, bytes, n);
    struct yaml_doc *doc = NULL;
    int err = yaml_parse(name, bytes, n, sources->build->schema.problems, &doc);

    if (err != 0) {
        sources->broken = true;
        return err;
    }
    sources->doc[sources->n++] = doc;
    return schema_read(&sources->build->schema, doc->root);
}

static int add_file(struct sources *sources, const char *path)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    int err = file_read(path, FILE_BYTES_MAX, sources->build->schema.problems, &bytes, &n);

    if (err == 0) {
        err = add_document(sources, path, bytes, n);
        free(bytes);
    } else {
        sources->broken = true;
    }
    return err;
}

/* The folder's own files, in name order; a broken one does not hide the next. */
static int add_conf_d(struct sources *sources, const char *folder)
{
    char path[2 * CONF_PATH_LEN];
    struct names names = {0};
    int worst = names_of_folder(folder, ".yaml", &names);

    if (worst == ERR_IO) {
        problems_add(sources->build->schema.problems, PROBLEM_IO, folder, 0, 0,
                     "the folder cannot be read");
    }
    for (size_t i = 0; i < names.n && worst != ERR_NOMEM; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names.name[i]);
        int err = add_file(sources, path);

        worst = err != 0 ? err : worst;
    }
    names_free(&names);
    return worst;
}

static struct conf_build *build_new(const char *name, struct problems *problems)
{
    struct conf_build *build = calloc(1, sizeof(*build));

    if (build != NULL) {
        schema_init(&build->schema, conf_rows, build, problems);
        (void)text_copy(build->conf.file, sizeof(build->conf.file), name);
    }
    return build;
}

static void build_free(struct conf_build *build)
{
    if (build != NULL) {
        free(build->line_place);
        free(build->conf.line);
        free(build);
    }
}

static bool has_new_errors(const struct problems *problems, size_t n_before)
{
    for (size_t i = n_before; i < problems->n; i++) {
        if (problems->problem[i].kind != PROBLEM_WARNING) {
            return true;
        }
    }
    return problems->dropped > 0 && problems_has_errors(problems);
}

/* Checks, copies out, frees everything else. err: of the reading. A configuration of which
 * only values are wrong is copied out, too. */
static int finish(struct sources *sources, int err, size_t n_before, struct conf **ret_conf)
{
    struct conf_build *build = sources->build;
    struct problems *problems = build->schema.problems;
    struct conf *conf = NULL;

    if (sources->n > 0) {
        (void)schema_require(&build->schema, sources->doc[0]->root);
        conf_check(build);
    }
    sha256_final(sources->sha, build->conf.sha256);
    bool is_read = !sources->broken && build->err == 0 && err != ERR_NOMEM;

    if (err == 0 && has_new_errors(problems, n_before)) {
        err = ERR_CONFIG;
    }
    err = build->err != 0 ? build->err : err;
    if (is_read) {
        conf = malloc(sizeof(*conf));
        err = conf == NULL ? ERR_NOMEM : err;
    }
    if (conf != NULL) {
        *conf = build->conf;
        build->conf.line = NULL;
        *ret_conf = conf;
    }
    for (size_t i = 0; i < sources->n; i++) {
        yaml_doc_free(sources->doc[i]);
    }
    free(sources->doc);
    build_free(build);
    return err;
}

/* The folder of a file, as it was named: "etc" of "etc/a.yaml", "." of "a.yaml". */
static void folder_of(const char *path, char ret_folder[CONF_PATH_LEN])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);

    memcpy(ret_folder, path, n);
    ret_folder[n] = '\0';
    if (n == 0) {
        (void)snprintf(ret_folder, CONF_PATH_LEN, "%s", slash == NULL ? "." : "/");
    }
}

/* Absolute and without links, so that a later change of folder changes nothing. */
static void settle_folder(const char *folder, char ret_folder[CONF_PATH_LEN])
{
    char *resolved = realpath(folder, NULL);

    (void)text_copy(ret_folder, CONF_PATH_LEN, resolved == NULL ? folder : resolved);
    free(resolved);
}

/* conf_load and conf_parse_bytes give nothing of what is wrong. */
static int only_right(int err, struct conf *conf, struct conf **ret_conf)
{
    if (err != 0) {
        conf_free(conf);
        return err;
    }
    *ret_conf = conf;
    return 0;
}

int conf_load(const char *path, struct problems *problems, struct conf **ret_conf)
{
    struct conf *conf = NULL;
    int err = conf_load_all(path, problems, &conf);

    return only_right(err, conf, ret_conf);
}

int conf_load_all(const char *path, struct problems *problems, struct conf **ret_conf)
{
    size_t n_before = problems->n;

    if (strlen(path) >= CONF_PATH_LEN) {
        problems_add(problems, PROBLEM_CONFIG, NULL, 0, 0,
                     "the configuration's path is longer than %d bytes", CONF_PATH_LEN - 1);
        return ERR_CONFIG;
    }
    struct sources sources = {.build = build_new(path, problems), .sha = sha256_new()};
    char folder[CONF_PATH_LEN];
    char conf_d[CONF_PATH_LEN + 8];

    if (sources.build == NULL || sources.sha == NULL) {
        sha256_final(sources.sha, (char[65]){0});
        build_free(sources.build);
        return ERR_NOMEM;
    }
    int err = add_file(&sources, path);

    folder_of(path, folder);
    settle_folder(folder, sources.build->conf.folder);
    if (err != ERR_NOMEM && err != ERR_IO) {
        bool is_here = strchr(path, '/') == NULL;

        (void)snprintf(conf_d, sizeof(conf_d), "%s%sconf.d", is_here ? "" : folder,
                       is_here ? "" : "/");
        int other = add_conf_d(&sources, conf_d);

        err = other != 0 ? other : err;
    }
    return finish(&sources, err, n_before, ret_conf);
}

int conf_parse_bytes(const char *name, const void *bytes, size_t n,
                     struct problems *problems, struct conf **ret_conf)
{
    size_t n_before = problems->n;
    struct sources sources = {.build = build_new(name, problems), .sha = sha256_new()};

    if (sources.build == NULL || sources.sha == NULL) {
        sha256_final(sources.sha, (char[65]){0});
        build_free(sources.build);
        return ERR_NOMEM;
    }
    sources.build->bytes_only = true;
    struct conf *conf = NULL;
    int err = add_document(&sources, name, bytes, n);

    err = finish(&sources, err, n_before, &conf);
    return only_right(err, conf, ret_conf);
}

void conf_free(struct conf *conf)
{
    if (conf != NULL) {
        free(conf->line);
        free(conf);
    }
}

/* Bytes in the store, with the indexes' and the journal's share: a reading of about 20
 * values (5 bytes each and the key), and a quarter-hour of a meter. */
#define BYTES_PER_READING  INT64_C(104)
#define BYTES_PER_INTERVAL INT64_C(80)

int64_t conf_days_left(const struct conf *conf, int64_t n_meters)
{
    int64_t per_meter = MS_PER_DAY / conf->collect.interval_ms * BYTES_PER_READING +
                        QUARTER_HOURS_PER_DAY * BYTES_PER_INTERVAL;

    if (n_meters <= 0) {
        return INT64_MAX;
    }
    return conf->store.max_size_bytes / per_meter / n_meters;
}

void conf_document(struct text_buffer *out)
{
    schema_document(conf_rows, out);
}
