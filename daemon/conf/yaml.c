#include "daemon/conf/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include <ecmon/err.h>

#include "daemon/conf/files.h"

struct builder {
    struct yaml_doc *doc;
    struct problems *problems;
    const uint8_t *bytes;
    struct yaml_node *open[YAML_DEPTH_MAX]; /* collections that are not closed yet */
    int depth;
    char *key; /* of the innermost map: read, its value still to come; owned */
    yaml_mark_t key_mark;
    int err; /* first failure; ends the reading */
};

static struct yaml_node *innermost(const struct builder *builder)
{
    return builder->depth == 0 ? NULL : builder->open[builder->depth - 1];
}

static void refuse(struct builder *builder, yaml_mark_t mark, const char *message)
{
    problems_add(builder->problems, PROBLEM_CONFIG, builder->doc->file, (long)mark.line + 1,
                 (int)mark.column + 1, "%s", message);
    builder->err = ERR_CONFIG;
}

static struct yaml_node *node_new(struct yaml_doc *doc, const char *key, const char *text,
                                  size_t text_n)
{
    size_t key_n = key == NULL ? 0 : strlen(key) + 1;
    struct yaml_node *node = calloc(1, sizeof(*node) + key_n + text_n + 1);

    if (node == NULL) {
        return NULL;
    }
    char *room = (char *)(node + 1);

    if (key != NULL) {
        memcpy(room, key, key_n);
        node->key = room;
    }
    if (text_n > 0) {
        memcpy(room + key_n, text, text_n);
    }
    node->text = room + key_n;
    node->file = doc->file;
    node->allocated = doc->allocated;
    doc->allocated = node;
    doc->n_nodes++;
    return node;
}

static void append_child(struct yaml_node *parent, struct yaml_node *child)
{
    if (parent->child == NULL) {
        parent->child = child;
    } else {
        parent->last_child->next = child;
    }
    parent->last_child = child;
    parent->n++;
}

/* Puts a node where the open collection wants it. NULL when the reading has failed. */
static struct yaml_node *place_node(struct builder *builder, yaml_mark_t mark,
                                    enum yaml_kind kind, const char *text, size_t text_n)
{
    struct yaml_node *parent = innermost(builder);

    if (builder->doc->n_nodes >= YAML_NODES_MAX) {
        refuse(builder, mark, "more than 100000 values: too much for one file");
        return NULL;
    }
    struct yaml_node *node = node_new(builder->doc, builder->key, text, text_n);

    if (node == NULL) {
        builder->err = ERR_NOMEM;
        return NULL;
    }
    node->kind = kind;
    node->line = (long)mark.line + 1;
    node->column = (int)mark.column + 1;
    if (builder->key != NULL) {
        node->key_line = (long)builder->key_mark.line + 1;
        node->key_column = (int)builder->key_mark.column + 1;
        free(builder->key);
        builder->key = NULL;
    }
    if (parent == NULL) {
        builder->doc->root = node;
    } else {
        append_child(parent, node);
    }
    return node;
}

static bool is_key_next(const struct builder *builder)
{
    const struct yaml_node *parent = innermost(builder);

    return parent != NULL && parent->kind == YAML_MAP && builder->key == NULL;
}

static void on_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t n = event->data.scalar.length;

    if (memchr(text, '\0', n) != NULL) {
        refuse(builder, event->start_mark, "a NUL character is not allowed in text");
        return;
    }
    if (is_key_next(builder)) {
        builder->key = strdup(text);
        builder->key_mark = event->start_mark;
        builder->err = builder->key == NULL ? ERR_NOMEM : 0;
        return;
    }
    struct yaml_node *node = place_node(builder, event->start_mark, YAML_SCALAR, text, n);

    if (node != NULL) {
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    }
}

static void on_open(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind)
{
    if (is_key_next(builder)) {
        refuse(builder, event->start_mark, "a key must be plain text, not a list or a map");
        return;
    }
    if (builder->depth == YAML_DEPTH_MAX) {
        refuse(builder, event->start_mark, "nested more than 16 levels deep");
        return;
    }
    struct yaml_node *node = place_node(builder, event->start_mark, kind, "", 0);

    if (node != NULL) {
        builder->open[builder->depth++] = node;
    }
}

static int by_key(const void *a, const void *b)
{
    const struct yaml_node *const *left = a;
    const struct yaml_node *const *right = b;
    int order = strcmp((*left)->key, (*right)->key);

    if (order != 0) {
        return order;
    }
    if ((*left)->key_line != (*right)->key_line) {
        return (*left)->key_line < (*right)->key_line ? -1 : 1;
    }
    return (*left)->key_column < (*right)->key_column ? -1 : 1;
}

/* Sorted, so that a map of 100,000 keys costs no more than a glance. */
static void check_duplicates(struct builder *builder, const struct yaml_node *map)
{
    if (map->n < 2) {
        return;
    }
    const struct yaml_node **sorted = calloc(map->n, sizeof(struct yaml_node *));

    if (sorted == NULL) {
        builder->err = ERR_NOMEM;
        return;
    }
    size_t n = 0;

    for (const struct yaml_node *child = map->child; child != NULL; child = child->next) {
        sorted[n++] = child;
    }
    qsort(sorted, n, sizeof(struct yaml_node *), by_key);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (strcmp(sorted[i]->key, sorted[first]->key) != 0) {
            first = i;
            continue;
        }
        problems_add(builder->problems, PROBLEM_CONFIG, builder->doc->file,
                     sorted[i]->key_line, sorted[i]->key_column,
                     "'%s' is given twice: on line %ld and on line %ld", sorted[i]->key,
                     sorted[first]->key_line, sorted[i]->key_line);
    }
    free(sorted);
}

static void on_close(struct builder *builder)
{
    const struct yaml_node *node = innermost(builder);

    if (node != NULL && node->kind == YAML_MAP) {
        check_duplicates(builder, node);
    }
    builder->depth--;
}

static bool has_tag(const yaml_char_t *tag, int is_implicit)
{
    return tag != NULL && is_implicit == 0;
}

/* Anchors, aliases, tags, second documents: what a configuration does not need. */
static const char *unwanted(const struct builder *builder, const yaml_event_t *event)
{
    static const char anchors[] = "anchors (&name) and aliases (*name) are not used here: "
                                  "write the value out; text that "
                                  "begins with & or * needs quotes";
    static const char tags[] =
        "tags (!name) are not used here; text that begins with ! needs quotes";
    const yaml_char_t *anchor = NULL;
    bool tagged = false;

    if (event->type == YAML_ALIAS_EVENT) {
        return anchors;
    }
    if (event->type == YAML_DOCUMENT_START_EVENT && builder->doc->root != NULL) {
        return "a second document (---) is not used here: one file, one document";
    }
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tagged = has_tag(event->data.scalar.tag, 0) &&
                 event->data.scalar.plain_implicit == 0 &&
                 event->data.scalar.quoted_implicit == 0;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tagged =
            has_tag(event->data.sequence_start.tag, event->data.sequence_start.implicit);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tagged = has_tag(event->data.mapping_start.tag, event->data.mapping_start.implicit);
    }
    if (anchor != NULL) {
        return anchors;
    }
    return tagged ? tags : NULL;
}

static void on_event(struct builder *builder, const yaml_event_t *event)
{
    const char *refusal = unwanted(builder, event);

    if (refusal != NULL) {
        refuse(builder, event->start_mark, refusal);
        return;
    }
    if (event->type == YAML_SCALAR_EVENT) {
        on_scalar(builder, event);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        on_open(builder, event, YAML_MAP);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        on_open(builder, event, YAML_LIST);
    } else if (event->type == YAML_MAPPING_END_EVENT ||
               event->type == YAML_SEQUENCE_END_EVENT) {
        on_close(builder);
    }
}

/* libyaml gives a byte's number, not a mark, for characters that YAML forbids. */
static yaml_mark_t mark_of_offset(const uint8_t *bytes, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset; i++) {
        bool is_new_character = (bytes[i] & 0xC0) != 0x80;

        mark.column = bytes[i] == '\n' ? 0 : mark.column + is_new_character;
        mark.line += bytes[i] == '\n';
    }
    return mark;
}

static void report_syntax(struct builder *builder, const yaml_parser_t *parser)
{
    const char *problem = parser->problem == NULL ? "cannot be read" : parser->problem;
    yaml_mark_t mark = parser->error == YAML_READER_ERROR
                           ? mark_of_offset(builder->bytes, parser->problem_offset)
                           : parser->problem_mark;

    if (parser->error == YAML_MEMORY_ERROR) {
        builder->err = ERR_NOMEM;
        return;
    }
    builder->err = ERR_CONFIG;
    problems_add(
        builder->problems, PROBLEM_CONFIG, builder->doc->file, (long)mark.line + 1,
        (int)mark.column + 1, "syntax error: %s%s%s%s", problem,
        parser->context == NULL ? "" : " ", parser->context == NULL ? "" : parser->context,
        strstr(problem, "cannot start any token") == NULL
            ? ""
            : " (indent with spaces, not tabs; quote text that begins with @ or `)");
}

static void read_events(struct builder *builder, yaml_parser_t *parser)
{
    bool done = false;

    while (!done && builder->err == 0) {
        yaml_event_t event;

        if (yaml_parser_parse(parser, &event) == 0) {
            report_syntax(builder, parser);
            return;
        }
        on_event(builder, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
}

/* The root of a file is a map; of a file with nothing in it, an empty one. */
static void settle_root(struct builder *builder)
{
    struct yaml_node *root = builder->doc->root;

    if (root != NULL && root->kind == YAML_MAP) {
        return;
    }
    if (root != NULL && !yaml_is_null(root)) {
        problems_add(builder->problems, PROBLEM_CONFIG, root->file, root->line,
                     root->column, "%s where keys were expected: write 'key: value' lines",
                     yaml_kind_name(root));
        builder->err = ERR_CONFIG;
        return;
    }
    builder->doc->root = node_new(builder->doc, NULL, "", 0);
    if (builder->doc->root == NULL) {
        builder->err = ERR_NOMEM;
        return;
    }
    builder->doc->root->kind = YAML_MAP;
    builder->doc->root->line = 1;
    builder->doc->root->column = 1;
}

static int build(struct yaml_doc *doc, const void *bytes, size_t n,
                 struct problems *problems)
{
    struct builder builder = {.doc = doc, .problems = problems, .bytes = bytes};
    size_t n_before = problems->n + problems->dropped;
    yaml_parser_t parser;

    if (yaml_parser_initialize(&parser) == 0) {
        return ERR_NOMEM;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, bytes, n);
    read_events(&builder, &parser);
    yaml_parser_delete(&parser);
    if (builder.err == 0) {
        settle_root(&builder);
    }
    free(builder.key);
    if (builder.err == 0 && problems->n + problems->dropped != n_before) {
        return ERR_CONFIG;
    }
    return builder.err;
}

int yaml_parse(const char *file, const void *bytes, size_t n, struct problems *problems,
               struct yaml_doc **ret_doc)
{
    const uint8_t *start = bytes;

    if (file_check_text(file, start, n, problems) != 0) {
        return ERR_CONFIG;
    }
    if (n >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0) {
        start += 3;
        n -= 3;
    }
    struct yaml_doc *doc = calloc(1, sizeof(*doc));

    if (doc == NULL) {
        return ERR_NOMEM;
    }
    doc->file = strdup(file);
    int err = doc->file == NULL ? ERR_NOMEM : build(doc, start, n, problems);

    if (err != 0) {
        yaml_doc_free(doc);
        return err;
    }
    *ret_doc = doc;
    return 0;
}

void yaml_doc_free(struct yaml_doc *doc)
{
    if (doc == NULL) {
        return;
    }
    for (struct yaml_node *node = doc->allocated; node != NULL;) {
        struct yaml_node *next = node->allocated;

        free(node);
        node = next;
    }
    free(doc->file);
    free(doc);
}

const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key)
{
    for (const struct yaml_node *child = map->child; child != NULL; child = child->next) {
        if (child->key != NULL && strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcasecmp(node->text, "null") == 0);
}

const char *yaml_kind_name(const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_MAP:
        return "a map";
    case YAML_LIST:
        return "a list";
    case YAML_SCALAR:
    default:
        return "text";
    }
}
