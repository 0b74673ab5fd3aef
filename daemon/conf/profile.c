#include "daemon/conf/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/files.h"
#include "daemon/conf/profile_parts.h"

static const char *const sides[] = {"secondary", "primary", NULL};
static const char *const protocols[] = {"modbus", "dlt645-2007", "dlt645-1997", NULL};

static const struct opt span_rows[] = {
    {"first", OPT_NUMBER16, OPT_INTO(struct profile_span, first), .required = true,
     .help = "first register"},
    {"last", OPT_NUMBER16, OPT_INTO(struct profile_span, last), .required = true,
     .help = "last register"},
    {0}};

static void read_span(const struct schema *schema, const struct opt *opt,
                      const struct yaml_node *item)
{
    struct profile_build *build = schema->target;
    struct profile_span span = {0, 0};

    (void)opt;
    if (schema_read_once(span_rows, &span, item, schema->problems) != 0) {
        return;
    }
    if (span.first > span.last) {
        problem_at_value(schema->problems, item, "no_merge: first lies behind last");
    } else if (build->profile.n_no_merge == PROFILE_NO_MERGE_MAX) {
        problem_at_value(schema->problems, item, "no_merge: at most %d spans",
                         PROFILE_NO_MERGE_MAX);
    } else {
        build->profile.no_merge[build->profile.n_no_merge++] = span;
    }
}

/* Points inherit from keys that may stand below them: read when the others are known. */
static void await_points(const struct schema *schema, const struct opt *opt,
                         const struct yaml_node *item)
{
    (void)schema;
    (void)opt;
    (void)item;
}

#define INTO(field) OPT_INTO(struct profile_build, field)

static const struct opt common_rows[] = {
    {"profile", OPT_ID, INTO(profile.id), .required = true,
     .help = "id maker-model, the same as the file's name"},
    {"name", OPT_TEXT, INTO(profile.name), .min = 1, .required = true,
     .help = "maker and model as people say them"},
    {"version", OPT_TEXT, INTO(profile.version), .min = 1, .required = true,
     .help = "of this file's content; results name it"},
    {"source", OPT_TEXT, INTO(profile.source), .min = 1, .required = true,
     .help = "document that the registers come from"},
    {"protocol", OPT_WORD, INTO(profile.protocol), "modbus", .words = protocols,
     .help = "what the meter speaks"},
    {"side", OPT_WORD, INTO(profile.primary_side), .words = sides, .required = true,
     .help = "secondary: values want PT and CT; primary: the meter has applied them"},
    {"energy.digit", OPT_TEXT, INTO(digit), .min = 1, .required = true,
     .help = "energy registers are kept in this unit, such as 0.01 kWh; floats are rounded "
             "to it"},
    {"energy.range", OPT_TEXT, INTO(range), "",
     .help = "energies roll over to 0 here, such as 1000000 kWh; empty: not known"},
    {0}};

static const struct opt modbus_rows[] = {
    {"numbering", OPT_INT, INTO(numbering), "0", .min = 0, .max = 1,
     .help = "0: addresses below are those on the wire; 1: they are one more"},
    {"function", OPT_INT, INTO(function), .min = 3, .max = 4, .required = true,
     .help = "Modbus function that reads them: 3 holding, 4 input registers"},
    {"type", OPT_WORD, INTO(type), .words = register_type_words_list,
     .help = "type of points that give none"},
    {"order", OPT_WORD, INTO(order), "big", .words = word_order_list,
     .help = "big: high word first; swapped: low word first"},
    {"max_registers", OPT_NUMBER16, INTO(profile.max_registers), .min = 1, .max = 125,
     .required = true, .help = "most registers that one read may ask"},
    {"no_merge", OPT_EACH, .each = read_span,
     .help = "spans (first, last) that are never read together with their neighbours"},
    {"points", OPT_EACH, .each = await_points, .required = true,
     .help = "the values: quantity, address, unit, …"},
    {0}};

static const struct opt dlt645_rows[] = {
    {"points", OPT_EACH, .each = await_points, .required = true,
     .help = "the values: quantity, id, format, unit, …"},
    {0}};

#define ROWS_MAX 16

static int append_rows(const struct opt *rows, struct opt ret_rows[ROWS_MAX], int n)
{
    for (; rows->path != NULL; rows++) {
        ret_rows[n++] = *rows;
    }
    return n;
}

static int read_keys(struct profile_build *build, const struct yaml_node *root,
                     const struct opt *own_rows)
{
    struct opt rows[ROWS_MAX] = {{0}};

    (void)append_rows(own_rows, rows, append_rows(common_rows, rows, 0));
    return schema_read_once(rows, build, root, build->problems);
}

/* Which rows hold is decided by a value among them. */
static bool is_dlt645(const struct yaml_node *root)
{
    const struct yaml_node *protocol = yaml_member(root, "protocol");

    return protocol != NULL && protocol->kind == YAML_SCALAR &&
           (strcmp(protocol->text, protocols[PROFILE_DLT645_2007]) == 0 ||
            strcmp(protocol->text, protocols[PROFILE_DLT645_1997]) == 0);
}

static void check_id(struct profile_build *build, const char *name,
                     const struct yaml_node *root)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash == NULL ? name : slash + 1;
    size_t n = strcspn(base, ".");
    const char *suffix = strrchr(base, '.');

    n = suffix == NULL ? n : (size_t)(suffix - base);
    if (strlen(build->profile.id) != n || strncmp(build->profile.id, base, n) != 0) {
        problem_at_value(build->problems, yaml_member(root, "profile"),
                         "profile: the id '%s' is not the file's name '%.*s'",
                         build->profile.id, (int)n, base);
        build->err = ERR_CONFIG;
    }
}

static void check_energy(struct profile_build *build, const struct yaml_node *root)
{
    const struct yaml_node *energy = yaml_member(root, "energy");
    struct profile *profile = &build->profile;
    struct ratio range;

    if (energy_text_to_wh(build->digit, &profile->register_wh) != 0) {
        problem_at_value(build->problems, yaml_member(energy, "digit"),
                         "energy.digit: '%s' is not an energy such as 0.01 kWh",
                         build->digit);
        build->err = ERR_CONFIG;
        return;
    }
    if (build->range[0] == '\0') {
        return;
    }
    bool is_energy = energy_text_to_wh(build->range, &range) == 0;

    if (is_energy) {
        range = ratio_mul(
            range, (struct ratio){profile->register_wh.den, profile->register_wh.num});
    }
    if (!is_energy || range.den != 1 || range.num < 2) {
        problem_at_value(build->problems, yaml_member(energy, "range"),
                         "energy.range: '%s' is not a whole number of digits (%s), such as "
                         "1000000 kWh",
                         build->range, build->digit);
        build->err = ERR_CONFIG;
        return;
    }
    profile->register_range = range.num;
}

/* Spans are written in the file's numbering, kept in the wire's. */
static void settle_spans(struct profile_build *build, const struct yaml_node *root)
{
    for (int i = 0; i < build->profile.n_no_merge; i++) {
        struct profile_span *span = &build->profile.no_merge[i];

        if (span->first < build->numbering) {
            problem_at_value(build->problems, yaml_member(root, "no_merge"),
                             "no_merge: register 0 does not exist where numbering is 1");
            build->err = ERR_CONFIG;
            return;
        }
        span->first = (uint16_t)(span->first - build->numbering);
        span->last = (uint16_t)(span->last - build->numbering);
    }
}

static int read_profile(struct profile_build *build, const char *name,
                        const struct yaml_node *root)
{
    bool is_of_dlt645 = is_dlt645(root);
    int err = read_keys(build, root, is_of_dlt645 ? dlt645_rows : modbus_rows);
    const struct yaml_node *points = yaml_member(root, "points");

    if (err == 0) {
        check_id(build, name, root);
        check_energy(build, root);
        settle_spans(build, root);
    }
    build->rows_only = err != 0 || build->err != 0;
    if (points != NULL && is_of_dlt645) {
        profile_read_dlt645_points(build, points);
    } else if (points != NULL) {
        profile_read_points(build, points);
    }
    if (err == 0 && build->err == 0 && build->profile.n_points == 0) {
        problem_at_key(build->problems, points,
                       "points: a profile without a value reads nothing");
        build->err = ERR_CONFIG;
    }
    return build->err != 0 ? build->err : err;
}

int profile_parse_bytes(const char *name, const void *bytes, size_t n,
                        struct problems *problems, struct profile *ret_profile)
{
    struct profile_build build = {.problems = problems, .type = -1};
    struct yaml_doc *doc = NULL;
    int err = yaml_parse(name, bytes, n, problems, &doc);

    if (err != 0) {
        return err;
    }
    err = read_profile(&build, name, doc->root);
    yaml_doc_free(doc);
    if (err != 0) {
        profile_done(&build.profile);
        return err;
    }
    *ret_profile = build.profile;
    return 0;
}

int profile_load(const char *path, struct problems *problems, struct profile *ret_profile)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    int err = file_read(path, FILE_BYTES_MAX, problems, &bytes, &n);

    if (err == 0) {
        err = profile_parse_bytes(path, bytes, n, problems, ret_profile);
        free(bytes);
    }
    return err;
}

void profile_done(struct profile *profile)
{
    free(profile->point);
    *profile = (struct profile){0};
}

/* One file of several: a broken one does not hide the next. */
struct loading {
    struct problems *problems;
    struct profiles *profiles;
    int err;
};

static int load_one(void *ctx, const char *path, const char *name)
{
    struct loading *loading = ctx;
    struct profiles *profiles = loading->profiles;
    struct profile *grown =
        realloc(profiles->profile, ((size_t)profiles->n + 1) * sizeof(*grown));

    (void)name;
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    profiles->profile = grown;
    int err = profile_load(path, loading->problems, &profiles->profile[profiles->n]);

    if (err == 0) {
        profiles->n++;
    } else {
        loading->err = err;
    }
    return err == ERR_NOMEM ? err : 0;
}

static int by_id(const void *a, const void *b)
{
    const struct profile *left = a;
    const struct profile *right = b;

    return strcmp(left->id, right->id);
}

int profiles_load(const struct conf *conf, struct problems *problems, struct profiles *ret)
{
    struct profiles profiles = {0};
    struct loading loading = {.problems = problems, .profiles = &profiles};
    int err = conf_each_file(conf, "profiles", ".yaml", load_one, &loading);

    if (err != 0) {
        profiles_done(&profiles);
        return err;
    }
    if (profiles.n > 0) {
        qsort(profiles.profile, (size_t)profiles.n, sizeof(*profiles.profile), by_id);
    }
    *ret = profiles; /* the good ones, so that a bad one is not told again at every meter */
    return loading.err;
}

void profiles_done(struct profiles *profiles)
{
    for (int i = 0; i < profiles->n; i++) {
        profile_done(&profiles->profile[i]);
    }
    free(profiles->profile);
    *profiles = (struct profiles){0};
}

const struct profile *profiles_find(const struct profiles *profiles, const char *id)
{
    for (int i = 0; i < profiles->n; i++) {
        if (strcmp(profiles->profile[i].id, id) == 0) {
            return &profiles->profile[i];
        }
    }
    return NULL;
}

void profile_document(struct text_buffer *out)
{
    schema_document(common_rows, out);
    text_append(out, "\nwhere protocol is modbus:\n");
    schema_document(modbus_rows, out);
    text_append(out, "\nof each point:\n");
    schema_document(profile_point_rows, out);
    text_append(out, "\nof each part of a point:\n");
    schema_document(profile_part_rows, out);
    text_append(out, "\nwhere protocol is dlt645-2007 or dlt645-1997:\n");
    schema_document(dlt645_rows, out);
    text_append(out, "\nof each point:\n");
    schema_document(profile_dlt645_point_rows, out);
}
