#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/rates_internal.h"
#include "daemon/core/text.h"

#define GROUP_NONE "none"

enum {
    SLOTS_MIN = 256,
    GROUPS_MIN = 64,
    REGION_DIGITS = 6
};

static const char *const kind_names[GROUP_KIND_COUNT] = {
    "all", "industry", "region", "town", "park", "list", "size_class",
};

const char *group_kind_name(enum group_kind kind)
{
    return kind_names[kind];
}

/* ---- what was asked ---- */

struct level {
    const char *name;
    enum group_kind kind;
    int digits;
};

static const struct level levels[] = {
    {"section", GROUP_INDUSTRY, 1}, {"division", GROUP_INDUSTRY, 3},
    {"group", GROUP_INDUSTRY, 4},   {"class", GROUP_INDUSTRY, 5},
    {"county", GROUP_REGION, 6},    {"city", GROUP_REGION, 4},
    {"province", GROUP_REGION, 2},
};

static int default_digits(enum group_kind kind)
{
    if (kind == GROUP_INDUSTRY) {
        return 3;
    }
    return kind == GROUP_REGION ? REGION_DIGITS : 0;
}

static int say_unknown(const char *what, const char *word, const char *const *words,
                       char *why, size_t why_size)
{
    const char *nearest = text_nearest(word, words);

    if (why != NULL && nearest != NULL) {
        (void)snprintf(why, why_size, "unknown %s \"%s\"; did you mean \"%s\"?", what, word,
                       nearest);
    } else if (why != NULL) {
        (void)snprintf(why, why_size, "unknown %s \"%s\"", what, word);
    }
    return ERR_SYNTAX;
}

static int parse_kind(const char *word, struct group_axis *ret_axis, char *why,
                      size_t why_size)
{
    const char *words[GROUP_KIND_COUNT + 1] = {0};

    for (int i = 0; i < GROUP_KIND_COUNT; i++) {
        if (strcmp(word, kind_names[i]) == 0) {
            enum group_kind kind = (enum group_kind)i;

            *ret_axis = (struct group_axis){kind, default_digits(kind)};
            return 0;
        }
        words[i] = kind_names[i];
    }
    return say_unknown("group kind", word, words, why, why_size);
}

static int apply_level(const char *name, struct rates_by *by, char *why, size_t why_size)
{
    const char *words[sizeof(levels) / sizeof(levels[0]) + 1] = {0};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        words[i] = levels[i].name;
        if (strcmp(name, levels[i].name) != 0) {
            continue;
        }
        for (int axis = 0; axis < by->n_axes; axis++) {
            if (by->axis[axis].kind == levels[i].kind) {
                by->axis[axis].digits = levels[i].digits;
                return 0;
            }
        }
        if (why != NULL) {
            (void)snprintf(why, why_size, "level \"%s\" belongs to groups by %s", name,
                           kind_names[levels[i].kind]);
        }
        return ERR_SYNTAX;
    }
    return say_unknown("level", name, words, why, why_size);
}

/* Both orders of a crossing mean the same. */
static void sort_axes(struct rates_by *by)
{
    if (by->n_axes == 2 && by->axis[0].kind > by->axis[1].kind) {
        struct group_axis first = by->axis[0];

        by->axis[0] = by->axis[1];
        by->axis[1] = first;
    }
}

int rates_by_parse(const char *kinds, const char *level, struct rates_by *ret_by, char *why,
                   size_t why_size)
{
    struct rates_by by = {0};
    const char *rest = kinds == NULL || kinds[0] == '\0' ? "all" : kinds;

    while (rest != NULL) {
        const char *comma = strchr(rest, ',');
        size_t n = comma == NULL ? strlen(rest) : (size_t)(comma - rest);
        char word[32];

        if (by.n_axes == 2) {
            if (why != NULL) {
                (void)snprintf(why, why_size, "at most two kinds of groups can be crossed");
            }
            return ERR_SYNTAX;
        }
        (void)snprintf(word, sizeof(word), "%.*s", (int)n, rest);
        int err = parse_kind(word, &by.axis[by.n_axes], why, why_size);
        if (err != 0) {
            return err;
        }
        by.n_axes++;
        rest = comma == NULL ? NULL : comma + 1;
    }
    sort_axes(&by);
    if (by.n_axes == 2 &&
        (by.axis[0].kind == by.axis[1].kind || by.axis[0].kind == GROUP_ALL)) {
        if (why != NULL) {
            (void)snprintf(why, why_size, "\"%s\" does not cross two kinds of groups",
                           kinds);
        }
        return ERR_SYNTAX;
    }
    if (level != NULL && level[0] != '\0') {
        int err = apply_level(level, &by, why, why_size);
        if (err != 0) {
            return err;
        }
    }
    *ret_by = by;
    return 0;
}

void rates_by_name(const struct rates_by *by, char ret_name[GROUP_KIND_LEN])
{
    const char *second = by->n_axes == 2 ? kind_names[by->axis[1].kind] : "";

    (void)snprintf(ret_name, GROUP_KIND_LEN, "%s%s%s", kind_names[by->axis[0].kind],
                   by->n_axes == 2 ? "~" : "", second);
}

/* ---- ids of an enterprise ---- */

static const char *or_none(const char *text)
{
    return text[0] == '\0' ? GROUP_NONE : text;
}

/* The first digits of a code, padded with zeros to a width of 0 (as they are) or 6. */
static const char *code_id(const char *code, int digits, int width, char ret_id[ID_LEN])
{
    static const char zeros[] = "000000";
    int padding = width > digits ? width - digits : 0;

    if ((int)strlen(code) < digits) {
        return GROUP_NONE;
    }
    (void)snprintf(ret_id, ID_LEN, "%.*s%.*s", digits, code, padding, zeros);
    return ret_id;
}

/* The one id of an enterprise on an axis that is not a list. scratch may hold it. */
static const char *axis_id(struct group_axis axis, const struct enterprise *enterprise,
                           char scratch[ID_LEN])
{
    switch (axis.kind) {
    case GROUP_INDUSTRY:
        return code_id(enterprise->industry, axis.digits, 0, scratch);
    case GROUP_REGION:
        return code_id(enterprise->region, axis.digits, REGION_DIGITS, scratch);
    case GROUP_TOWN:
        return or_none(enterprise->town);
    case GROUP_PARK:
        return or_none(enterprise->park);
    case GROUP_SIZE_CLASS:
        return size_class_name(enterprise->size_class);
    case GROUP_ALL:
    case GROUP_LIST:
    case GROUP_KIND_COUNT:
    default:
        return "all";
    }
}

/* ---- the table ---- */

static uint32_t hash_of(int by, const char *id)
{
    uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)by;

    for (; *id != '\0'; id++) {
        hash = (hash ^ (unsigned char)*id) * UINT32_C(16777619);
    }
    return hash;
}

static int *slot_of(struct group_table *table, int by, const char *id)
{
    uint32_t at = hash_of(by, id);

    for (;; at++) {
        int *slot = &table->slot[at & (uint32_t)(table->n_slots - 1)];

        if (*slot < 0 ||
            (table->group[*slot].by == by && strcmp(table->group[*slot].id, id) == 0)) {
            return slot;
        }
    }
}

static int grow_slots(struct group_table *table)
{
    int n_slots = table->n_slots == 0 ? SLOTS_MIN : table->n_slots * 2;
    int *slot = malloc((size_t)n_slots * sizeof(*slot));

    if (slot == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < n_slots; i++) {
        slot[i] = -1;
    }
    free(table->slot);
    table->slot = slot;
    table->n_slots = n_slots;
    for (int i = 0; i < table->n; i++) {
        *slot_of(table, table->group[i].by, table->group[i].id) = i;
    }
    return 0;
}

static int grow_groups(struct group_table *table)
{
    int cap = table->cap == 0 ? GROUPS_MIN : table->cap * 2;
    struct group_build *group = realloc(table->group, (size_t)cap * sizeof(*group));

    if (group == NULL) {
        return ERR_NOMEM;
    }
    table->group = group;
    table->cap = cap;
    return 0;
}

/* The group's index, made when it is new; negative enum err. */
static int group_index(struct group_table *table, int by, const char *id)
{
    if (table->n * 2 >= table->n_slots) {
        int err = grow_slots(table);
        if (err != 0) {
            return err;
        }
    }
    int *slot = slot_of(table, by, id);
    if (*slot >= 0) {
        return *slot;
    }
    if (table->n == table->cap) {
        int err = grow_groups(table);
        if (err != 0) {
            return err;
        }
    }
    struct group_build *group = &table->group[table->n];
    *group = (struct group_build){.by = by, .sha = sha256_new()};
    if (group->sha == NULL) {
        return ERR_NOMEM;
    }
    (void)text_copy(group->id, sizeof(group->id), id);
    *slot = table->n;
    return table->n++;
}

int group_table_init(struct group_table *table, const struct rates_run *run)
{
    size_t n = (size_t)run->n_enterprises * (size_t)run->query->n_by + 1;

    *table = (struct group_table){.cached = malloc(n * sizeof(*table->cached))};
    if (table->cached == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        table->cached[i] = -1;
    }
    return 0;
}

void group_table_done(struct group_table *table)
{
    char unused[65];

    for (int i = 0; i < table->n; i++) {
        free(table->group[i].firm);
        if (table->group[i].sha != NULL) {
            sha256_final(table->group[i].sha, unused);
        }
    }
    free(table->group);
    free(table->slot);
    free(table->cached);
}

/* ---- groups of an enterprise ---- */

struct walk {
    struct group_table *table;
    const struct rates_run *run;
    struct group_visit visit;
};

static int walk_axis(const struct walk *walk, int axis, const char *prefix);

static int walk_id(const struct walk *walk, int axis, const char *prefix, const char *id)
{
    char whole[GROUP_ID_LEN];

    if (axis == 0) {
        return walk_axis(walk, 1, id);
    }
    (void)snprintf(whole, sizeof(whole), "%s~%s", prefix, id);
    return walk_axis(walk, axis + 1, whole);
}

static int walk_lists(const struct walk *walk, int axis, const char *prefix)
{
    const struct rates_run *run = walk->run;
    uint32_t no = walk->visit.version->enterprise_no;
    bool any = false;

    for (int i = run->member_first[no]; i < run->member_first[no + 1]; i++) {
        const struct list_member *member = &run->member[run->member_of[i]];

        if (walk->visit.day < member->since || walk->visit.day > member->until) {
            continue;
        }
        any = true;
        int err = walk_id(walk, axis, prefix, member->list);
        if (err != 0) {
            return err;
        }
    }
    return any ? 0 : walk_id(walk, axis, prefix, GROUP_NONE);
}

static int walk_axis(const struct walk *walk, int axis, const char *prefix)
{
    const struct rates_by *by = &walk->run->query->by[walk->visit.by];
    char scratch[ID_LEN];

    if (axis == by->n_axes) {
        int group = group_index(walk->table, walk->visit.by, prefix);

        return group < 0 ? group : walk->visit.fn(walk->visit.ctx, group);
    }
    if (by->axis[axis].kind == GROUP_LIST) {
        return walk_lists(walk, axis, prefix);
    }
    return walk_id(walk, axis, prefix,
                   axis_id(by->axis[axis], walk->visit.version, scratch));
}

struct remember {
    int *cached;
    int (*fn)(void *ctx, int group);
    void *ctx;
};

static int remember_group(void *ctx, int group)
{
    struct remember *remember = ctx;

    *remember->cached = group;
    return remember->fn(remember->ctx, group);
}

static bool by_list(const struct rates_by *by)
{
    return by->axis[0].kind == GROUP_LIST ||
           (by->n_axes == 2 && by->axis[1].kind == GROUP_LIST);
}

int group_table_each(struct group_table *table, const struct rates_run *run,
                     const struct group_visit *visit)
{
    struct walk walk = {table, run, *visit};
    size_t place = (size_t)(visit->version - run->enterprise) * (size_t)run->query->n_by +
                   (size_t)visit->by;
    struct remember remember = {&table->cached[place], visit->fn, visit->ctx};

    if (by_list(&run->query->by[visit->by])) {
        return walk_axis(&walk, 0, "");
    }
    if (table->cached[place] >= 0) {
        return visit->fn(visit->ctx, table->cached[place]);
    }
    walk.visit.fn = remember_group;
    walk.visit.ctx = &remember;
    return walk_axis(&walk, 0, "");
}

/* ---- names ---- */

struct word {
    const char *id;
    const char *zh;
    const char *en;
};

static const struct word words[] = {
    {"all", "全部", "All"},
    {"above", "规上", "Above designated size"},
    {"below", "规下", "Below designated size"},
    {"unknown", "未定", "Size not known"},
    {GROUP_NONE, "未登记", "Not registered"},
};

static const char *industry_name(const struct methods *methods, const char *code,
                                 bool english)
{
    for (int i = 0; i < methods->n_industry; i++) {
        const struct industry_name *industry = &methods->industry[i];

        if (strcmp(industry->code, code) == 0) {
            return english && industry->name_en[0] != '\0' ? industry->name_en
                                                           : industry->name;
        }
    }
    return code;
}

/* regions.csv may leave trailing pairs of zeros away. */
static const char *region_name(const struct methods *methods, const char *code)
{
    for (int i = 0; i < methods->n_region; i++) {
        const char *known = methods->region[i].code;
        size_t n = strlen(known);

        if (strncmp(known, code, n) == 0 && strspn(code + n, "0") == strlen(code + n) &&
            (strlen(code) - n) % 2 == 0) {
            return methods->region[i].name;
        }
    }
    return code;
}

static const char *registered_name(const struct rates_run *run, const char *kind,
                                   const char *id, bool english)
{
    for (int i = 0; i < run->n_group_names; i++) {
        const struct group_name *group = &run->group_name[i];

        if (strcmp(group->kind, kind) == 0 && strcmp(group->id, id) == 0) {
            return english && group->name_en[0] != '\0' ? group->name_en : group->name;
        }
    }
    return id;
}

static const char *axis_name(const struct rates_run *run, enum group_kind kind,
                             const char *id, bool english)
{
    bool fixed =
        kind == GROUP_ALL || kind == GROUP_SIZE_CLASS || strcmp(id, GROUP_NONE) == 0;

    for (size_t i = 0; fixed && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(id, words[i].id) == 0) {
            return english ? words[i].en : words[i].zh;
        }
    }
    if (kind == GROUP_INDUSTRY) {
        return industry_name(run->methods, id, english);
    }
    if (kind == GROUP_REGION) {
        return region_name(run->methods, id);
    }
    return registered_name(run, kind_names[kind], id, english);
}

void rates_group_name(const struct rates_run *run, const struct rates_by *by,
                      const char *id, bool english, char ret_name[GROUP_NAME_LEN])
{
    const char *tilde = by->n_axes == 2 ? strchr(id, '~') : NULL;

    if (tilde == NULL) {
        const char *name = axis_name(run, by->axis[0].kind, id, english);

        (void)text_copy(ret_name, GROUP_NAME_LEN, name);
        return;
    }
    char first[ID_LEN];
    char whole[NAME_LEN * 4];
    (void)snprintf(first, sizeof(first), "%.*s", (int)(tilde - id), id);
    (void)snprintf(whole, sizeof(whole), "%s·%s",
                   axis_name(run, by->axis[0].kind, first, english),
                   axis_name(run, by->axis[1].kind, tilde + 1, english));
    (void)text_copy(ret_name, GROUP_NAME_LEN, whole);
}
