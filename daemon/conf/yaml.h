/*
 * YAML by libyaml's events, as a small tree that remembers where every key and value
 * stands. Scalars stay text (060 is never 48); anchors, aliases, tags and second documents
 * are refused with a sentence; duplicate keys name both lines. Reading rows out of it:
 * schema.h.
 */
#ifndef ECMON_CONF_YAML_H
#define ECMON_CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/conf/problems.h"

#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 100000

enum yaml_kind {
    YAML_SCALAR,
    YAML_MAP,
    YAML_LIST
};

struct yaml_node {
    enum yaml_kind kind;
    const char *file; /* as the user named it; of the document */
    long line;        /* of the value, 1-based */
    int column;       /* in characters, 1-based */
    const char *key;  /* NULL unless a member of a map */
    long key_line;
    int key_column;
    const char *text;             /* of a scalar; "" for collections */
    bool quoted;                  /* "" in quotes is text, nothing at all is no value */
    size_t n;                     /* children */
    struct yaml_node *child;      /* first, in file order */
    struct yaml_node *last_child; /* for appending */
    struct yaml_node *next;       /* sibling */
    struct yaml_node *allocated;  /* chain of the document's nodes */
};

struct yaml_doc {
    char *file;
    struct yaml_node *root; /* always a map; empty for an empty file */
    struct yaml_node *allocated;
    size_t n_nodes;
};

/*
 * Parses one file's bytes (at most FILE_BYTES_MAX of files.h). file: the name in messages.
 * Returns 0, ERR_CONFIG (problems added), ERR_NOMEM. The caller frees the document.
 */
int yaml_parse(const char *file, const void *bytes, size_t n, struct problems *problems,
               struct yaml_doc **ret_doc);
void yaml_doc_free(struct yaml_doc *doc);

/* The member of a map, or NULL. */
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key);
/* Nothing stands there: an empty plain scalar, ~ or null. */
bool yaml_is_null(const struct yaml_node *node);
/* "a map", "a list", "text": for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

#endif
