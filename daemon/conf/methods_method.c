/* config/methods/<id>.yaml: resumption and carbon methods. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/files.h"
#include "daemon/conf/methods_parts.h"
#include "daemon/conf/schema.h"

#define MILLION INT64_C(1000000)

enum method_kind {
    METHOD_RESUMPTION,
    METHOD_CARBON
};

static const char *const kinds[] = {"resumption", "carbon", NULL};
static const char *const confidences[] = {"high", "med", "low", "proposal", NULL};
static const char *const operators[] = {"gt", "ge", NULL}; /* index = is it inclusive */
static const char *const rules[] = {"previous_december", NULL};
static const char *const days[] = {"all", "workdays", NULL}; /* enum day_filter */

struct resumption_build {
    int kind;
    int rule;
    int inclusive;
    struct resumption_method method;
};

#define INTO(field) OPT_INTO(struct resumption_build, field)

static const struct opt resumption_rows[] = {
    {"kind", OPT_WORD, INTO(kind), .words = kinds, .required = true, .help = "resumption"},
    {"id", OPT_ID, INTO(method.id), .required = true,
     .help = "the same as the file's name; results name it"},
    {"name", OPT_TEXT, INTO(method.name), .min = 1, .required = true, .help = "for people"},
    {"version", OPT_TEXT, INTO(method.version), .min = 1, .required = true,
     .help = "of this file's content"},
    {"document", OPT_TEXT, INTO(method.document), .min = 1, .required = true,
     .help = "where the rule comes from"},
    {"confidence", OPT_WORD, INTO(method.confidence), .words = confidences,
     .required = true,
     .help = "of the whole; proposal: our choice without outside authority"},
    {"threshold.value", OPT_DECIMAL, INTO(method.threshold_e6), .min = 1,
     .max = 10 * MILLION, .digits = 6, .required = true,
     .help = "resumed from this share of the baseline on"},
    {"threshold.operator", OPT_WORD, INTO(inclusive), "ge", .words = operators,
     .help = "ge: at least; gt: more than"},
    {"produced", OPT_DECIMAL, INTO(method.produced_e6), .min = 1, .max = 10 * MILLION,
     .digits = 6, .required = true, .help = "produced from this share of the baseline on"},
    {"weight", OPT_DECIMAL, INTO(method.weight_e6), .min = 0, .max = MILLION, .digits = 6,
     .required = true, .help = "of the resumption rate in the index"},
    {"baseline.rule", OPT_WORD, INTO(rule), "previous_december", .words = rules,
     .help = "days that the baseline is the mean of"},
    {"baseline.days", OPT_WORD, INTO(method.day_filter), "all", .words = days,
     .help = "all days, or working days by the calendar"},
    {"baseline.min_valid_days", OPT_INT, INTO(method.min_valid_days), .min = 1, .max = 31,
     .required = true, .help = "fewer: no baseline"},
    {"baseline.min_kwh", OPT_DECIMAL, INTO(method.min_baseline_wh), .min = 1,
     .max = INT64_C(1000000000000), .digits = 3, .required = true,
     .help = "a smaller baseline is none"},
    {"coverage.final", OPT_DECIMAL, INTO(method.final_coverage_e6), .min = 0,
     .max = MILLION, .digits = 6, .required = true, .help = "less: provisional"},
    {"coverage.insufficient", OPT_DECIMAL, INTO(method.insufficient_coverage_e6), .min = 0,
     .max = MILLION, .digits = 6, .required = true, .help = "less: no rate"},
    {"light_margin_points", OPT_DECIMAL, INTO(method.light_margin_bp), .min = 0,
     .max = 10000, .digits = 2, .required = true,
     .help = "yellow within this of both targets"},
    {0}};

#undef INTO

struct carbon_build {
    int kind;
    struct carbon_method method;
};

#define INTO(field) OPT_INTO(struct carbon_build, field)
#define BOUND(field)                                                                       \
    INTO(field), .min = 1, .max = INT64_C(1000000000000), .digits = 9, .required = true

static const struct opt carbon_rows[] = {
    {"kind", OPT_WORD, INTO(kind), .words = kinds, .required = true, .help = "carbon"},
    {"id", OPT_ID, INTO(method.id), .required = true,
     .help = "the same as the file's name; results name it"},
    {"name", OPT_TEXT, INTO(method.name), .min = 1, .required = true, .help = "for people"},
    {"version", OPT_TEXT, INTO(method.version), .min = 1, .required = true,
     .help = "of this file's content"},
    {"document", OPT_TEXT, INTO(method.document), .min = 1, .required = true,
     .help = "where the bounds come from"},
    {"confidence", OPT_WORD, INTO(method.confidence), .words = confidences,
     .required = true,
     .help = "of the whole; proposal: our choice without outside authority"},
    {"level.low", OPT_DECIMAL, BOUND(method.level_e9[0]),
     .help = "low up to this L, inclusive"},
    {"level.mid", OPT_DECIMAL, BOUND(method.level_e9[1]),
     .help = "mid up to this L, inclusive"},
    {"grade.1", OPT_DECIMAL, BOUND(method.grade_e9[0]),
     .help = "grade 1 up to this K, inclusive"},
    {"grade.2", OPT_DECIMAL, BOUND(method.grade_e9[1]),
     .help = "grade 2 up to this K, inclusive"},
    {"grade.3", OPT_DECIMAL, BOUND(method.grade_e9[2]),
     .help = "grade 3 up to this K, inclusive"},
    {"grade.4", OPT_DECIMAL, BOUND(method.grade_e9[3]),
     .help = "grade 4 up to this K, inclusive"},
    {0}};

static int check_resumption(const struct yaml_node *root, struct problems *problems,
                            const struct resumption_build *build)
{
    if (build->method.insufficient_coverage_e6 > build->method.final_coverage_e6) {
        problem_at_value(problems, root,
                         "coverage.insufficient must not be above coverage.final");
        return ERR_CONFIG;
    }
    return 0;
}

static int read_resumption(const struct yaml_node *root, struct problems *problems,
                           struct resumption_method *ret_method)
{
    struct resumption_build build = {0};
    int err = schema_read_once(resumption_rows, &build, root, problems);

    if (err == 0) {
        err = check_resumption(root, problems, &build);
    }
    if (err == 0) {
        build.method.threshold_inclusive = build.inclusive == 1;
        *ret_method = build.method;
    }
    return err;
}

static int read_carbon(const struct yaml_node *root, struct problems *problems,
                       struct carbon_method *ret_method)
{
    struct carbon_build build = {0};
    int err = schema_read_once(carbon_rows, &build, root, problems);
    const struct carbon_method *method = &build.method;
    bool rising = method->level_e9[0] < method->level_e9[1];

    for (int i = 0; i < 3; i++) {
        rising = rising && method->grade_e9[i] < method->grade_e9[i + 1];
    }
    if (err == 0 && !rising) {
        problem_at_value(problems, root, "the bounds of level and grade must rise");
        err = ERR_CONFIG;
    }
    if (err == 0) {
        *ret_method = build.method;
    }
    return err;
}

/* The kind that a method's file says it is; told when it says none. -1 then. */
static int kind_of(const struct yaml_node *root, struct problems *problems)
{
    const struct yaml_node *node = yaml_member(root, "kind");

    if (node == NULL) {
        problem_at_value(problems, root, "kind is missing: resumption or carbon");
        return -1;
    }
    int kind = node->kind == YAML_SCALAR ? word_index(kinds, node->text) : -1;

    if (kind < 0) {
        const char *nearest = text_nearest(node->text, kinds);

        problem_at_value(problems, node, "kind '%.64s' is none of resumption, carbon%s%s%s",
                         node->text, nearest == NULL ? "" : ": did you mean '",
                         nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    }
    return kind;
}

/* A method's file, of whichever kind: the fields of that kind are set. */
struct method_file {
    int kind;
    char sha256[65];
    struct resumption_method resumption;
    struct carbon_method carbon;
};

static int parse_method(const char *path, const uint8_t *bytes, size_t n,
                        struct problems *problems, struct method_file *ret_file)
{
    struct yaml_doc *doc = NULL;
    struct sha256 *sha = sha256_new();
    struct method_file file = {0};

    sha256_update(sha, bytes, n);
    sha256_final(sha, file.sha256);
    int err = yaml_parse(path, bytes, n, problems, &doc);

    if (err != 0) {
        return err;
    }
    file.kind = kind_of(doc->root, problems);
    if (file.kind == METHOD_RESUMPTION) {
        err = read_resumption(doc->root, problems, &file.resumption);
        memcpy(file.resumption.sha256, file.sha256, sizeof(file.sha256));
    } else if (file.kind == METHOD_CARBON) {
        err = read_carbon(doc->root, problems, &file.carbon);
        memcpy(file.carbon.sha256, file.sha256, sizeof(file.sha256));
    } else {
        err = ERR_CONFIG;
    }
    yaml_doc_free(doc);
    if (err == 0) {
        *ret_file = file;
    }
    return err;
}

int resumption_method_load(const char *path, struct problems *problems,
                           struct resumption_method *ret_method)
{
    struct method_file file;
    uint8_t *bytes = NULL;
    size_t n = 0;
    int err = file_read(path, FILE_BYTES_MAX, problems, &bytes, &n);

    if (err != 0) {
        return err;
    }
    err = parse_method(path, bytes, n, problems, &file);
    free(bytes);
    if (err == 0 && file.kind != METHOD_RESUMPTION) {
        problems_add(problems, PROBLEM_CONFIG, path, 0, 0,
                     "is a carbon method, not resumption");
        err = ERR_CONFIG;
    }
    if (err == 0) {
        *ret_method = file.resumption;
    }
    return err;
}

/* sgcc-2020.yaml holds the method sgcc-2020: results that name it can be traced. */
static void check_id(struct methods_reader *reader, const char *id, const char *name)
{
    size_t n = strlen(id);

    if (strncmp(id, name, n) != 0 || strcmp(name + n, ".yaml") != 0) {
        methods_error(reader, "the method's id is '%s': the file must be called %s.yaml",
                      id, id);
    }
}

static int keep_resumption(struct methods *methods, const struct resumption_method *method)
{
    struct resumption_method *grown =
        array_grow(methods->resumption, methods->n_resumption, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->resumption = grown;
    grown[methods->n_resumption++] = *method;
    return 0;
}

static int keep_carbon(struct methods *methods, const struct carbon_method *method)
{
    struct carbon_method *grown =
        array_grow(methods->carbon, methods->n_carbon, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->carbon = grown;
    grown[methods->n_carbon++] = *method;
    return 0;
}

int methods_on_method(void *ctx, const char *path, const char *name)
{
    struct methods_reader *reader = ctx;
    struct method_file file;
    uint8_t *bytes = NULL;
    size_t n = 0;

    reader->path = path;
    reader->name = name;
    int err = file_read(path, FILE_BYTES_MAX, reader->problems, &bytes, &n);

    if (err == 0) {
        methods_hash(reader, false, name, bytes, n);
        err = parse_method(path, bytes, n, reader->problems, &file);
    }
    free(bytes);
    if (err == ERR_CONFIG) {
        reader->n_errors++;
        return 0;
    }
    if (err != 0) {
        reader->err = err;
        return err == ERR_NOMEM ? err : 0;
    }
    if (file.kind == METHOD_RESUMPTION) {
        check_id(reader, file.resumption.id, name);
        return keep_resumption(reader->methods, &file.resumption);
    }
    check_id(reader, file.carbon.id, name);
    return keep_carbon(reader->methods, &file.carbon);
}
