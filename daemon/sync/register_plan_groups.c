/* What the files would change: lists and names. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/register_sync_parts.h"

static int compare_members(const void *a, const void *b)
{
    const struct list_member *left = a;
    const struct list_member *right = b;
    int order = strcmp(left->list, right->list);

    order = order != 0 ? order : strcmp(left->enterprise, right->enterprise);
    return order != 0 ? order : (left->since > right->since) - (left->since < right->since);
}

static int compare_pairs(const struct list_member *a, const struct list_member *b)
{
    int order = strcmp(a->list, b->list);

    return order != 0 ? order : strcmp(a->enterprise, b->enterprise);
}

static int pair_length(const struct list_member *member, int n)
{
    int length = 1;

    while (length < n && compare_pairs(&member[0], &member[length]) == 0) {
        length++;
    }
    return length;
}

static void touch(struct sync *sync, const struct list_member *member, int n)
{
    for (int i = 0; i < n; i++) {
        day_t since = member[i].since;
        day_t until = member[i].until;

        sync->members_first = since < sync->members_first ? since : sync->members_first;
        sync->members_last = until > sync->members_last ? until : sync->members_last;
    }
    sync->members_change = true;
}

static void keep(struct sync *sync, const struct list_member *member, int n)
{
    memcpy(&sync->member_after[sync->n_members_after], member, (size_t)n * sizeof(*member));
    sync->n_members_after += n;
}

/* An enterprise that left a list: its open membership ends the day before. */
static int close_pair(struct sync *sync, const struct list_member *member, int n)
{
    day_t last = sync->today - 1;
    bool closed = false;

    for (int i = 0; i < n; i++) {
        struct list_member row = member[i];

        if (row.until > last && row.until >= row.since) {
            row.until = row.since > last ? row.since - 1 : last;
            touch(sync, &member[i], 1);
            closed = true;
        }
        keep(sync, &row, 1);
    }
    return closed ? register_report_add(sync, REGISTER_CLOSED, "list", member->list,
                                        member->enterprise)
                  : 0;
}

static int take_pair(struct sync *sync, const struct list_member *file, int n_file,
                     const struct list_member *store, int n_store)
{
    bool same = n_file == n_store;

    for (int i = 0; i < n_file && same; i++) {
        same = member_same(&file[i], &store[i]);
    }
    keep(sync, file, n_file);
    if (same) {
        return 0;
    }
    touch(sync, file, n_file);
    if (n_store > 0) {
        touch(sync, store, n_store);
    }
    return register_report_add(sync, n_store == 0 ? REGISTER_ADDED : REGISTER_CHANGED,
                               "list", file->list, file->enterprise);
}

static int plan_members(struct sync *sync, struct list_member *file, int n_file)
{
    const struct list_member *store = sync->member;
    int n_store = sync->n_members;
    int err = 0;

    sync->members_first = DAY_MAX;
    sync->members_last = DAY_MIN;
    if (n_file > 0) {
        qsort(file, (size_t)n_file, sizeof(*file), compare_members);
    }
    while (err == 0 && (n_file > 0 || n_store > 0)) {
        int order = n_file == 0 ? 1 : n_store == 0 ? -1 : compare_pairs(file, store);
        int in_file = order <= 0 ? pair_length(file, n_file) : 0;
        int in_store = order >= 0 ? pair_length(store, n_store) : 0;

        err = in_file == 0 ? close_pair(sync, store, in_store)
                           : take_pair(sync, file, in_file, store, in_store);
        file += in_file;
        n_file -= in_file;
        store += in_store;
        n_store -= in_store;
    }
    return err;
}

static int compare_groups(const void *a, const void *b)
{
    const struct group_name *left = a;
    const struct group_name *right = b;
    int order = strcmp(left->kind, right->kind);

    return order != 0 ? order : strcmp(left->id, right->id);
}

static int plan_groups(struct sync *sync, struct group_name *file, int n_file)
{
    const struct group_name *store = sync->group;
    int n_store = sync->n_groups;
    int err = 0;

    if (n_file > 0) {
        qsort(file, (size_t)n_file, sizeof(*file), compare_groups);
    }
    while (err == 0 && (n_file > 0 || n_store > 0)) {
        int order = n_file == 0 ? 1 : n_store == 0 ? -1 : compare_groups(file, store);
        const struct group_name *row = order <= 0 ? file : store;

        if (order != 0 || !group_name_same(file, store)) {
            sync->groups_change = true;
            err = register_report_add(sync,
                                      order < 0    ? REGISTER_ADDED
                                      : order == 0 ? REGISTER_CHANGED
                                                   : REGISTER_CLOSED,
                                      "group", row->kind, row->id);
        }
        file += order <= 0;
        n_file -= order <= 0;
        store += order >= 0;
        n_store -= order >= 0;
    }
    return err;
}

int register_plan_groups(struct sync *sync)
{
    const struct registry *registry = sync->file;
    size_t n_members = (size_t)registry->n_members;
    size_t n_groups = (size_t)registry->n_groups;
    struct list_member *member = calloc(n_members + 1, sizeof(*member));
    struct group_name *group = calloc(n_groups + 1, sizeof(*group));
    int err = ERR_NOMEM;

    sync->member_after =
        calloc(n_members + (size_t)sync->n_members + 1, sizeof(*sync->member_after));
    if (member != NULL && group != NULL && sync->member_after != NULL) {
        if (n_members > 0) {
            memcpy(member, registry->member, n_members * sizeof(*member));
        }
        if (n_groups > 0) {
            memcpy(group, registry->group, n_groups * sizeof(*group));
        }
        err = plan_members(sync, member, registry->n_members);
        if (err == 0) {
            err = plan_groups(sync, group, registry->n_groups);
        }
    }
    free(member);
    free(group);
    return err;
}
