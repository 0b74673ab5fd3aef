/*
 * Option rows: one table of path, type, limits, default and help parses, checks and
 * documents a YAML map. Values are read into a struct by offset; positions are kept for
 * later checks. Used for ecmond.yaml, profiles and method files alike.
 */
#ifndef ECMON_CONF_SCHEMA_H
#define ECMON_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/conf/problems.h"
#include "daemon/conf/yaml.h"
#include "daemon/core/text.h"

/* What a value is, and the field it goes into. */
enum opt_type {
    OPT_TEXT,     /* char[size]; min..max: bytes (max 0: what fits) */
    OPT_ID,       /* char[size]: [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
    OPT_BOOL,     /* bool: true | false */
    OPT_INT,      /* int32_t or int64_t by the field's size; min..max */
    OPT_NUMBER16, /* uint16_t: decimal or 0x…; min..max */
    OPT_DECIMAL,  /* int32_t or int64_t: value × 10^digits, exact; min..max scaled */
    OPT_RATIO,    /* struct ratio: "0.1", "1/1000", exact, > 0 */
    OPT_DURATION, /* int64_t ms; min..max; words[0], if any, stands for 0 ("forever") */
    OPT_SIZE,     /* int64_t bytes; min..max */
    OPT_DAY,      /* day_t */
    OPT_WORD,     /* int or enum: index in words; bool: is it the second word? */
    OPT_EACH      /* a list, or a map with free keys: `each` is called for every child */
};

struct schema;

struct opt {
    const char *path; /* "store.keep_readings"; NULL ends the rows */
    enum opt_type type;
    size_t offset; /* OPT_INTO(struct, field) */
    size_t size;
    const char
        *fallback; /* the default as it would be written; NULL: the field is left alone */
    int64_t min;
    int64_t max; /* min = max = 0: no limits */
    int digits;  /* of OPT_DECIMAL */
    bool required;
    bool map;                 /* OPT_EACH: a map with free keys instead of a list */
    const char *const *words; /* NULL-terminated */
    void (*each)(const struct schema *schema, const struct opt *opt,
                 const struct yaml_node *item);
    const char *help;
};

#define OPT_INTO(type, field) offsetof(type, field), sizeof(((type *)0)->field)

/* Where an option was last given; line 0 = nowhere. */
struct place {
    const char *file;
    long line;
    int column;
};

#define SCHEMA_ROWS_MAX 80

/* One reading of rows. Zero `place` before the first schema_read. */
struct schema {
    const struct opt *opts;
    void *target;
    struct problems *problems;
    struct place place[SCHEMA_ROWS_MAX]; /* one per row, in their order */
};

/* Ready for schema_read: defaults are in target. */
void schema_init(struct schema *schema, const struct opt *opts, void *target,
                 struct problems *problems);
/* Reads one map over what target holds; may be called for several files in turn (scalars
 * replace, maps merge, OPT_EACH appends). Adds every problem. Returns 0 or ERR_CONFIG. */
int schema_read(struct schema *schema, const struct yaml_node *map);
/* Adds a problem at the node for each required row that was given nowhere. 0 or ERR_CONFIG.
 */
int schema_require(const struct schema *schema, const struct yaml_node *map);
/* schema_init + schema_read + schema_require of one map: the usual way for list items. */
int schema_read_once(const struct opt *opts, void *target, const struct yaml_node *map,
                     struct problems *problems);

/* Where the option of that path was given (line 0: nowhere). */
const struct place *schema_place(const struct schema *schema, const char *path);

/* Adds a PROBLEM_CONFIG at the value, or at the key, of a node. */
void problem_at_value(struct problems *problems, const struct yaml_node *node,
                      const char *format, ...) __attribute__((format(printf, 3, 4)));
void problem_at_key(struct problems *problems, const struct yaml_node *node,
                    const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Reads one text as a row's type into its field. Returns 0, or ERR_SYNTAX with a sentence
 * in why ("'60' has no unit: write 60s …"); the field is untouched then.
 */
int opt_parse(const struct opt *opt, const char *text, void *target, char *why,
              size_t why_size);

/* The reference of all rows: path, type with limits, default, help; for the manual page. */
void schema_document(const struct opt *opts, struct text_buffer *out);

#endif
