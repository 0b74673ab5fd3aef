/* Calendars and targets. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/methods_parts.h"

/* ---- calendars ---- */

static const struct table_word day_words[] = {{"work", "work"},
                                              {"rest", "rest"},
                                              {"holiday", "holiday"},
                                              {"swap_work", "swap_work"},
                                              {NULL, NULL}};

enum {
    CALENDAR_DATE,
    CALENDAR_KIND,
    CALENDAR_NOTE
};

static const struct table_column calendar_columns[] = {
    [CALENDAR_DATE] = {"date", "日期", NULL, TABLE_DAY, TABLE_REQUIRED,
                       TABLE_INTO(struct calendar_day, day)},
    [CALENDAR_KIND] = {"kind", "类别", NULL, TABLE_OTHER, TABLE_REQUIRED,
                       .words = day_words},
    [CALENDAR_NOTE] = {"note", "备注", NULL, TABLE_OTHER, TABLE_OPTIONAL, .size = 0},
    {.name = NULL}};

static int day_kind_of(const char *text)
{
    static const char *const words[] = {"work", "rest", "holiday", "swap_work", NULL};

    return word_index(words, text); /* enum day_kind */
}

static int take_calendar(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct calendar_day row = {0};
    int64_t before = table_errors(table);
    const char *text = table_cell(table, CALENDAR_KIND);
    int kind = day_kind_of(text);

    (void)table_fill(table, &row);
    if (text[0] != '\0' && kind < 0) {
        table_error_words(table, CALENDAR_KIND, day_words);
    }
    row.kind = kind < 0 ? DAY_KIND_WORK : (enum day_kind)kind;
    for (int i = 0; i < methods->n_calendar && table_errors(table) == before; i++) {
        if (methods->calendar[i].day == row.day && methods->calendar[i].kind != row.kind) {
            table_error(table, CALENDAR_DATE, "date %s is given twice with different kinds",
                        table_cell(table, CALENDAR_DATE));
        }
    }
    if (table_errors(table) > before) {
        return 0;
    }
    struct calendar_day *grown =
        array_grow(methods->calendar, methods->n_calendar, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->calendar = grown;
    grown[methods->n_calendar++] = row;
    return 0;
}

int methods_on_calendar(void *ctx, const char *path, const char *name)
{
    static const struct method_table kind = {calendar_columns, false, take_calendar};

    return methods_read_table(ctx, &kind, path, name);
}

/* ---- targets ---- */

static const struct table_word group_words[] = {{"all", "all"},
                                                {"size_class", "size_class"},
                                                {"industry", "industry"},
                                                {"industry11", "industry11"},
                                                {"region", "region"},
                                                {"town", "town"},
                                                {"park", "park"},
                                                {"list", "list"},
                                                {NULL, NULL}};
static const struct table_word size_words[] = {
    {"above", "above"}, {"below", "below"}, {"unknown", "unknown"}, {NULL, NULL}};
static const struct table_word metric_words[] = {{"resumption_rate", "resumption_rate"},
                                                 {"production_rate", "production_rate"},
                                                 {"produced_rate", "produced_rate"},
                                                 {NULL, NULL}};

#define TARGET(field) TABLE_INTO(struct target, field)

enum {
    TARGET_GROUP_KIND,
    TARGET_GROUP_ID,
    TARGET_SIZE_CLASS,
    TARGET_METRIC,
    TARGET_VALUE,
    TARGET_SINCE,
    TARGET_UNTIL,
    TARGET_DOCUMENT
};

static const struct table_column target_columns[] = {
    [TARGET_GROUP_KIND] = {"group_kind", "分组类别", NULL, TABLE_WORD, TABLE_COLUMN,
                           .words = group_words, TARGET(group_kind)},
    [TARGET_GROUP_ID] = {"group_id", "分组", NULL, TABLE_TEXT, TABLE_COLUMN,
                         TARGET(group_id)},
    [TARGET_SIZE_CLASS] = {"size_class", "规模", NULL, TABLE_WORD, TABLE_COLUMN,
                           .words = size_words, TARGET(size_class)},
    [TARGET_METRIC] = {"metric", "指标", NULL, TABLE_WORD, TABLE_REQUIRED,
                       .words = metric_words, TARGET(metric)},
    [TARGET_VALUE] = {"value", "目标", NULL, TABLE_DECIMAL, TABLE_REQUIRED, .min = 0,
                      .max = 10000000, .digits = 6, .help = "a fraction: 0.95",
                      TARGET(value_e6)},
    [TARGET_SINCE] = {"since", "起", NULL, TABLE_DAY, TABLE_OPTIONAL, TARGET(since)},
    [TARGET_UNTIL] = {"until", "止", NULL, TABLE_DAY, TABLE_OPTIONAL, TARGET(until)},
    [TARGET_DOCUMENT] = {"document", "文件", NULL, TABLE_TEXT, TABLE_REQUIRED,
                         TARGET(document)},
    {.name = NULL}};

static bool is_rival(const struct target *a, const struct target *b)
{
    return strcmp(a->group_kind, b->group_kind) == 0 &&
           strcmp(a->group_id, b->group_id) == 0 &&
           strcmp(a->size_class, b->size_class) == 0 && strcmp(a->metric, b->metric) == 0 &&
           a->since <= b->until && b->since <= a->until;
}

static void check_target(const struct methods *methods, struct table *table,
                         const struct target *row)
{
    if ((row->group_kind[0] == '\0') != (row->group_id[0] == '\0')) {
        table_error(table, TARGET_GROUP_ID,
                    "group_kind and group_id: give both or neither");
    }
    if (row->until < row->since) {
        table_error(table, TARGET_UNTIL, "until is before since");
    }
    for (int i = 0; i < methods->n_target; i++) {
        if (is_rival(&methods->target[i], row)) {
            table_error(table, TARGET_METRIC,
                        "two targets of equal rank for %s are in force at the same time",
                        row->metric);
            return;
        }
    }
}

static int take_target(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct target row = {.since = DAY_MIN, .until = DAY_MAX};
    int64_t before = table_errors(table);

    (void)table_fill(table, &row);
    if (table_errors(table) == before) {
        check_target(methods, table, &row);
    }
    if (table_errors(table) > before) {
        return 0;
    }
    struct target *grown = array_grow(methods->target, methods->n_target, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->target = grown;
    grown[methods->n_target++] = row;
    return 0;
}

int methods_on_targets(void *ctx, const char *path, const char *name)
{
    static const struct method_table kind = {target_columns, false, take_target};

    return methods_read_table(ctx, &kind, path, name);
}
