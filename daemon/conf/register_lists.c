/* lists.csv: which enterprises are on which list, since when. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/register_parts.h"
#include "daemon/core/text.h"

static const struct table_word role_words[] = {{"lead", "lead"},   {"链主", "lead"},
                                               {"tier1", "tier1"}, {"一级供应商", "tier1"},
                                               {"tier2", "tier2"}, {"二级供应商", "tier2"},
                                               {NULL, NULL}};

#define INTO(field) TABLE_INTO(struct list_member, field)

#define COLUMN_LIST(X)                                                                     \
    X(LIST, "list", "名单", "名单编号", TABLE_ID, TABLE_REQUIRED, INTO(list))              \
    X(ENTERPRISE, "enterprise", "企业编号", "企业", TABLE_ID, TABLE_REQUIRED,              \
      INTO(enterprise))                                                                    \
    X(ROLE, "role", "角色", NULL, TABLE_WORD, TABLE_OPTIONAL, .words = role_words,         \
      INTO(role))                                                                          \
    X(SINCE, "since", "起", "起始日|起始日期|开始日期", TABLE_DAY, TABLE_OPTIONAL,         \
      INTO(since))                                                                         \
    X(UNTIL, "until", "止", "截止日|截止日期|结束日期", TABLE_DAY, TABLE_OPTIONAL,         \
      INTO(until))                                                                         \
    X(NOTE, "note", "备注", NULL, TABLE_TEXT, TABLE_OPTIONAL, INTO(note))

enum {
    COLUMN_LIST(TABLE_ENUM)
};
static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};
const char *const list_columns[] = {COLUMN_LIST(TABLE_NAME) NULL};
const char *const list_labels[] = {COLUMN_LIST(TABLE_LABEL) NULL};

struct member_rows {
    struct list_member *row;
    struct version *version;
    int n;
};

static int add_row(struct member_rows *rows, const struct list_member *row,
                   struct table *table)
{
    struct list_member *row_grown = array_grow(rows->row, rows->n, sizeof(*row_grown));

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
        .first = row->since,
        .last = row->until,
        .open = table_cell(table, COLUMN_UNTIL)[0] == '\0',
        .line = table_line(table),
        .column = table_place(table, table_cell(table, COLUMN_SINCE)[0] == '\0'
                                         ? COLUMN_ENTERPRISE
                                         : COLUMN_SINCE),
        .row = rows->n};
    (void)snprintf(version->key, sizeof(version->key), "%s/%s", row->list, row->enterprise);
    rows->n++;
    return 0;
}

static bool same_row(const void *ctx, int a, int b)
{
    const struct member_rows *rows = ctx;

    return member_same(&rows->row[a], &rows->row[b]);
}

static void read_row(struct register_reader *reader, struct table *table,
                     struct member_rows *rows)
{
    int64_t before = table_errors(table);
    struct list_member row = {.since = DAY_MIN, .until = DAY_MAX};

    (void)table_fill(table, &row);
    register_check_enterprise(reader, table, COLUMN_ENTERPRISE, row.enterprise);
    if (row.until < row.since) {
        table_error(table, COLUMN_UNTIL, "until %s is before since %s",
                    table_cell(table, COLUMN_UNTIL), table_cell(table, COLUMN_SINCE));
    }
    if (table_errors(table) == before && add_row(rows, &row, table) != 0) {
        reader->err = ERR_NOMEM;
    }
}

static void keep_rows(struct register_reader *reader, const struct member_rows *rows)
{
    struct registry *registry = reader->registry;

    registry->member = calloc((size_t)rows->n + 1, sizeof(*registry->member));
    if (registry->member == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < rows->n; i++) {
        const struct version *version = &rows->version[i];

        if (!version->dropped) {
            registry->member[registry->n_members] = rows->row[version->row];
            registry->member[registry->n_members].until = (day_t)version->last;
            registry->n_members++;
        }
    }
}

void register_read_lists(struct register_reader *reader)
{
    const char *path = reader->conf->reg.lists;
    struct member_rows rows = {0};
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
