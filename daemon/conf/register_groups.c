/* groups.csv: names of towns, parks and lists. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/register_parts.h"
#include "daemon/core/text.h"

static const struct table_word kind_words[] = {
    {"town", "town"}, {"镇街", "town"}, {"park", "park"}, {"园区", "park"},
    {"list", "list"}, {"名单", "list"}, {NULL, NULL}};

#define INTO(field) TABLE_INTO(struct group_name, field)

#define COLUMN_LIST(X)                                                                     \
    X(KIND, "kind", "类别", NULL, TABLE_WORD, TABLE_REQUIRED, .words = kind_words,         \
      INTO(kind))                                                                          \
    X(ID, "id", "编号", NULL, TABLE_ID, TABLE_REQUIRED, INTO(id))                          \
    X(NAME, "name", "名称", NULL, TABLE_TEXT, TABLE_REQUIRED, INTO(name))                  \
    X(NAME_EN, "name_en", "英文名称", NULL, TABLE_TEXT, TABLE_OPTIONAL, INTO(name_en))     \
    X(PARENT, "parent", "上级", NULL, TABLE_ID, TABLE_OPTIONAL, INTO(parent))

enum {
    COLUMN_LIST(TABLE_ENUM)
};
static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};
const char *const group_columns[] = {COLUMN_LIST(TABLE_NAME) NULL};
const char *const group_labels[] = {COLUMN_LIST(TABLE_LABEL) NULL};

struct group_rows {
    struct group_name *row;
    struct version *version;
    int n;
};

static int add_row(struct group_rows *rows, const struct group_name *row,
                   struct table *table)
{
    struct group_name *row_grown = array_grow(rows->row, rows->n, sizeof(*row_grown));

    if (row_grown == NULL) {
        return ERR_NOMEM;
    }
    rows->row = row_grown;
    struct version *grown = array_grow(rows->version, rows->n, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    rows->version = grown;
    rows->row[rows->n] = *row;
    struct version *version = &rows->version[rows->n];

    *version = (struct version){
        .line = table_line(table), .column = table_place(table, COLUMN_ID), .row = rows->n};
    (void)snprintf(version->key, sizeof(version->key), "%s/%s", row->kind, row->id);
    rows->n++;
    return 0;
}

static bool same_row(const void *ctx, int a, int b)
{
    const struct group_rows *rows = ctx;

    return group_name_same(&rows->row[a], &rows->row[b]);
}

static void read_row(struct register_reader *reader, struct table *table,
                     struct group_rows *rows)
{
    struct group_name row = {0};

    if (table_fill(table, &row) == 0 && add_row(rows, &row, table) != 0) {
        reader->err = ERR_NOMEM;
    }
}

static void keep_rows(struct register_reader *reader, const struct group_rows *rows)
{
    struct registry *registry = reader->registry;

    registry->group = calloc((size_t)rows->n + 1, sizeof(*registry->group));
    if (registry->group == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < rows->n; i++) {
        if (!rows->version[i].dropped) {
            registry->group[registry->n_groups++] = rows->row[rows->version[i].row];
        }
    }
}

void register_read_groups(struct register_reader *reader)
{
    const char *path = reader->conf->reg.groups;
    struct group_rows rows = {0};
    FILE *file = NULL;
    struct table *table = register_open(reader, path, false, columns, &file);

    if (table == NULL) {
        return;
    }
    for (int got = table_next(table); got != 0 && reader->err == 0;
         got = table_next(table)) {
        if (got > 0) {
            read_row(reader, table, &rows);
        }
    }
    reader->n_errors += table_errors(table);
    table_close(table);
    (void)fclose(file);
    versions_resolve(reader, path, rows.version, rows.n, same_row, &rows);
    keep_rows(reader, &rows);
    free(rows.row);
    free(rows.version);
}
