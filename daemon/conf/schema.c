#include "daemon/conf/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ecmon/err.h>

static void add_formatted(struct problems *problems, const struct yaml_node *node,
                          bool at_key, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void add_formatted(struct problems *problems, const struct yaml_node *node,
                          bool at_key, const char *format, va_list args)
{
    char message[768];

    (void)vsnprintf(message, sizeof(message), format, args);
    problems_add(problems, PROBLEM_CONFIG, node->file, at_key ? node->key_line : node->line,
                 at_key ? node->key_column : node->column, "%s", message);
}

void problem_at_value(struct problems *problems, const struct yaml_node *node,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_formatted(problems, node, false, format, args);
    va_end(args);
}

void problem_at_key(struct problems *problems, const struct yaml_node *node,
                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_formatted(problems, node, node->key != NULL, format, args);
    va_end(args);
}

static int count_rows(const struct opt *opts)
{
    int n = 0;

    while (opts[n].path != NULL && n < SCHEMA_ROWS_MAX) {
        n++;
    }
    return n;
}

void schema_init(struct schema *schema, const struct opt *opts, void *target,
                 struct problems *problems)
{
    char why[256];

    *schema = (struct schema){.opts = opts, .target = target, .problems = problems};
    for (const struct opt *opt = opts; opt->path != NULL; opt++) {
        if (opt->fallback != NULL) {
            (void)opt_parse(opt, opt->fallback, target, why, sizeof(why));
        }
    }
}

const struct place *schema_place(const struct schema *schema, const char *path)
{
    static const struct place nowhere = {0};

    for (int i = 0; i < count_rows(schema->opts); i++) {
        if (strcmp(schema->opts[i].path, path) == 0) {
            return &schema->place[i];
        }
    }
    return &nowhere;
}

/* The next part of a row's path below a prefix of n bytes ("collect."), or NULL. */
static const char *part_below(const char *path, const char *prefix, size_t n, size_t *ret_n)
{
    if (strncmp(path, prefix, n) != 0) {
        return NULL;
    }
    *ret_n = strcspn(path + n, ".");
    return path + n;
}

#define KNOWN_MAX 40

/* The distinct words that may stand at one level. */
struct known {
    char word[KNOWN_MAX][40];
    const char *words[KNOWN_MAX + 1];
    int n;
};

static void known_add(struct known *known, const char *part, size_t n)
{
    if (known->n == KNOWN_MAX || n >= sizeof(known->word[0])) {
        return;
    }
    char *word = known->word[known->n];

    memcpy(word, part, n);
    word[n] = '\0';
    for (int i = 0; i < known->n; i++) {
        if (strcmp(known->word[i], word) == 0) {
            return;
        }
    }
    known->words[known->n++] = word;
    known->words[known->n] = NULL;
}

static void known_at(const struct opt *opts, const char *prefix, struct known *ret_known)
{
    *ret_known = (struct known){0};
    for (const struct opt *opt = opts; opt->path != NULL; opt++) {
        size_t n = 0;
        const char *part = part_below(opt->path, prefix, strlen(prefix), &n);

        if (part != NULL) {
            known_add(ret_known, part, n);
        }
    }
}

/* A row elsewhere that ends in the key: the section was forgotten. */
static const char *row_ending_in(const struct opt *opts, const char *key)
{
    for (const struct opt *opt = opts; opt->path != NULL; opt++) {
        const char *dot = strrchr(opt->path, '.');

        if (strcmp(dot == NULL ? opt->path : dot + 1, key) == 0) {
            return opt->path;
        }
    }
    return NULL;
}

static void list_words(const char *const *words, char *ret_text, size_t size)
{
    size_t n = 0;

    ret_text[0] = '\0';
    for (int i = 0; words[i] != NULL && n < size; i++) {
        int got = snprintf(ret_text + n, size - n, "%s%s", i == 0 ? "" : ", ", words[i]);

        n += got > 0 ? (size_t)got : 0;
    }
}

static void unknown_key(const struct schema *schema, const struct yaml_node *node,
                        const char *prefix)
{
    struct known known;
    char allowed[512];
    char where[96] = "";

    known_at(schema->opts, prefix, &known);
    list_words(known.words, allowed, sizeof(allowed));
    if (prefix[0] != '\0') {
        (void)snprintf(where, sizeof(where), " in %.*s", (int)strlen(prefix) - 1, prefix);
    }
    const char *nearest = text_nearest(node->key, known.words);
    const char *elsewhere = nearest == NULL ? row_ending_in(schema->opts, node->key) : NULL;

    if (nearest != NULL) {
        problem_at_key(schema->problems, node,
                       "unknown key '%.64s'%s: did you mean '%s'? Known are: %s", node->key,
                       where, nearest, allowed);
    } else if (elsewhere != NULL) {
        problem_at_key(schema->problems, node,
                       "unknown key '%.64s'%s: did you mean '%s'? Known are: %s", node->key,
                       where, elsewhere, allowed);
    } else {
        problem_at_key(schema->problems, node, "unknown key '%.64s'%s. Known are: %s",
                       node->key, where, allowed);
    }
}

static void read_each(const struct schema *schema, const struct opt *opt,
                      const struct yaml_node *node)
{
    enum yaml_kind wanted = opt->map ? YAML_MAP : YAML_LIST;

    if (yaml_is_null(node)) {
        return;
    }
    if (node->kind != wanted) {
        problem_at_value(schema->problems, node, "%s: %s where %s was expected", opt->path,
                         yaml_kind_name(node), opt->map ? "a map" : "a list");
        return;
    }
    for (const struct yaml_node *item = node->child; item != NULL; item = item->next) {
        opt->each(schema, opt, item);
    }
}

static void read_value(const struct schema *schema, const struct opt *opt,
                       const struct yaml_node *node)
{
    char why[512];

    if (opt->type == OPT_EACH) {
        read_each(schema, opt, node);
        return;
    }
    if (node->kind != YAML_SCALAR) {
        problem_at_value(schema->problems, node, "%s: %s where one value was expected",
                         opt->path, yaml_kind_name(node));
        return;
    }
    if (yaml_is_null(node) && (opt->type != OPT_TEXT || opt->min > 0)) {
        problem_at_value(schema->problems, node,
                         "%s has no value: write one or leave it out", opt->path);
        return;
    }
    const char *text = yaml_is_null(node) ? "" : node->text;

    if (opt_parse(opt, text, schema->target, why, sizeof(why)) != 0) {
        problem_at_value(schema->problems, node, "%s: %s", opt->path, why);
    }
}

/* Index of the row of exactly that path, -1: none; *ret_is_section: some row lies below it.
 */
static int find_row(const struct opt *opts, const char *path, bool *ret_is_section)
{
    size_t n = strlen(path);

    *ret_is_section = false;
    for (int i = 0; opts[i].path != NULL; i++) {
        if (strcmp(opts[i].path, path) == 0) {
            return i;
        }
        if (strncmp(opts[i].path, path, n) == 0 && opts[i].path[n] == '.') {
            *ret_is_section = true;
        }
    }
    return -1;
}

static void read_level(struct schema *schema, const struct yaml_node *map,
                       const char *prefix)
{
    for (const struct yaml_node *node = map->child; node != NULL; node = node->next) {
        char path[128];
        bool is_section = false;
        int n = snprintf(path, sizeof(path), "%s%s", prefix, node->key);
        bool fits = n > 0 && (size_t)n + 2 < sizeof(path) && strchr(node->key, '.') == NULL;
        int row = fits ? find_row(schema->opts, path, &is_section) : -1;

        if (row >= 0) {
            schema->place[row] = (struct place){node->file, node->line, node->column};
            read_value(schema, &schema->opts[row], node);
        } else if (!is_section) {
            unknown_key(schema, node, prefix);
        } else if (node->kind == YAML_MAP) {
            path[n] = '.';
            path[n + 1] = '\0';
            read_level(schema, node, path);
        } else if (!yaml_is_null(node)) {
            problem_at_value(schema->problems, node, "%s: %s where a map was expected",
                             path, yaml_kind_name(node));
        }
    }
}

static size_t count_problems(const struct problems *problems)
{
    return problems->n + problems->dropped;
}

int schema_read(struct schema *schema, const struct yaml_node *map)
{
    size_t before = count_problems(schema->problems);

    if (map->kind != YAML_MAP) {
        problem_at_value(schema->problems, map, "%s where a map (key: value) was expected",
                         yaml_kind_name(map));
        return ERR_CONFIG;
    }
    read_level(schema, map, "");
    return count_problems(schema->problems) == before ? 0 : ERR_CONFIG;
}

int schema_require(const struct schema *schema, const struct yaml_node *map)
{
    int err = 0;

    for (int i = 0; i < count_rows(schema->opts); i++) {
        const struct opt *opt = &schema->opts[i];

        if (opt->required && schema->place[i].line == 0) {
            problem_at_value(schema->problems, map, "'%s' is missing: %s", opt->path,
                             opt->help);
            err = ERR_CONFIG;
        }
    }
    return err;
}

int schema_read_once(const struct opt *opts, void *target, const struct yaml_node *map,
                     struct problems *problems)
{
    struct schema schema;

    schema_init(&schema, opts, target, problems);
    int err = schema_read(&schema, map);

    if (map->kind == YAML_MAP && schema_require(&schema, map) != 0) {
        err = ERR_CONFIG;
    }
    return err;
}
