/* What the files would change: enterprises and meters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/sync/register_sync_parts.h"

int register_report_add(struct sync *sync, enum register_change_what what, const char *kind,
                        const char *id, const char *id2)
{
    struct register_report *report = sync->report;
    size_t n = report->n;

    if (n == 0 || (n >= 64 && (n & (n - 1)) == 0)) {
        size_t cap = n == 0 ? 64 : 2 * n;
        struct register_change *grown = realloc(report->change, cap * sizeof(*grown));

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        report->change = grown;
    }
    struct register_change *change = &report->change[report->n++];

    *change = (struct register_change){.what = what};
    (void)text_copy(change->kind, sizeof(change->kind), kind);
    (void)snprintf(change->id, sizeof(change->id), "%s%s%s", id, id2 == NULL ? "" : "/",
                   id2 == NULL ? "" : id2);
    report->n_added += what == REGISTER_ADDED;
    report->n_changed += what == REGISTER_CHANGED;
    report->n_closed += what == REGISTER_CLOSED;
    return 0;
}

/* One kind of versions, seen by id: what the merge below needs to know. */
struct kind {
    const char *name;
    struct plan *plan;
    int n_file;
    int n_store;
    const char *(*file_id)(const struct sync *sync, int at);
    const char *(*store_id)(const struct sync *sync, int at);
    bool (*same)(const struct sync *sync, int file_at, int store_at);
    bool (*in_force)(const struct sync *sync, int store_at); /* today or later */
};

static int plan_add(struct sync *sync, const struct kind *kind,
                    const struct id_change *change)
{
    struct plan *plan = kind->plan;

    if (plan->n == plan->cap) {
        int cap = plan->cap == 0 ? 64 : 2 * plan->cap;
        struct id_change *grown = realloc(plan->change, (size_t)cap * sizeof(*grown));

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        plan->change = grown;
        plan->cap = cap;
    }
    plan->change[plan->n++] = *change;
    const char *id = change->file_n > 0 ? kind->file_id(sync, change->file_at)
                                        : kind->store_id(sync, change->store_at);

    return register_report_add(sync, change->what, kind->name, id, NULL);
}

/* How many versions from at on have the same id. */
static int versions_from(const struct sync *sync, int at, int n,
                         const char *(*id_of)(const struct sync *sync, int at))
{
    int end = at + 1;

    while (end < n && strcmp(id_of(sync, at), id_of(sync, end)) == 0) {
        end++;
    }
    return end - at;
}

static bool all_same(const struct sync *sync, const struct kind *kind,
                     const struct id_change *change)
{
    for (int i = 0; i < change->file_n; i++) {
        if (i >= change->store_n ||
            !kind->same(sync, change->file_at + i, change->store_at + i)) {
            return false;
        }
    }
    return change->file_n == change->store_n;
}

/* Ids of the store: counts those in force; one that left the files is to be closed. */
static int plan_id(struct sync *sync, const struct kind *kind, struct id_change *change)
{
    bool in_force = false;

    for (int i = 0; i < change->store_n; i++) {
        in_force = in_force || kind->in_force(sync, change->store_at + i);
    }
    sync->report->n_ids += in_force;
    if (change->file_n == 0) {
        sync->report->n_removed += in_force;
        change->what = REGISTER_CLOSED;
        return in_force ? plan_add(sync, kind, change) : 0;
    }
    if (all_same(sync, kind, change)) {
        return 0;
    }
    change->what = change->store_n == 0 ? REGISTER_ADDED : REGISTER_CHANGED;
    return plan_add(sync, kind, change);
}

/* Both sides are sorted by id and since. */
static int plan_kind(struct sync *sync, const struct kind *kind)
{
    int file_at = 0;
    int store_at = 0;
    int err = 0;

    while (err == 0 && (file_at < kind->n_file || store_at < kind->n_store)) {
        int order = file_at == kind->n_file     ? 1
                    : store_at == kind->n_store ? -1
                                                : strcmp(kind->file_id(sync, file_at),
                                                         kind->store_id(sync, store_at));
        struct id_change change = {.file_at = file_at, .store_at = store_at};

        if (order <= 0) {
            change.file_n = versions_from(sync, file_at, kind->n_file, kind->file_id);
        }
        if (order >= 0) {
            change.store_n = versions_from(sync, store_at, kind->n_store, kind->store_id);
        }
        err = plan_id(sync, kind, &change);
        file_at += change.file_n;
        store_at += change.store_n;
    }
    return err;
}

static const char *enterprise_file_id(const struct sync *sync, int at)
{
    return sync->file->enterprise[at].id;
}

static const char *enterprise_store_id(const struct sync *sync, int at)
{
    return sync->enterprise[at].id;
}

static bool enterprise_is_same(const struct sync *sync, int file_at, int store_at)
{
    return enterprise_same(&sync->file->enterprise[file_at], &sync->enterprise[store_at]);
}

static bool enterprise_in_force(const struct sync *sync, int store_at)
{
    const struct enterprise *version = &sync->enterprise[store_at];

    return version->until >= sync->today && version->until >= version->since;
}

static const char *meter_file_id(const struct sync *sync, int at)
{
    return sync->file->meter[at].id;
}

static const char *meter_store_id(const struct sync *sync, int at)
{
    return sync->meter[at].id;
}

static bool meter_is_same(const struct sync *sync, int file_at, int store_at)
{
    return meter_same(&sync->file->meter[file_at], &sync->meter[store_at]);
}

static bool meter_in_force(const struct sync *sync, int store_at)
{
    const struct meter *version = &sync->meter[store_at];

    return version->until_ms > sync->today_ms && version->until_ms > version->since_ms;
}

void enterprise_close(const struct sync *sync, struct enterprise *version)
{
    day_t last = sync->today - 1;

    if (version->until > last) {
        /* A version that was never in force keeps its row, ended before it begins. */
        version->until = version->since > last ? version->since - 1 : last;
    }
}

void meter_close(const struct sync *sync, struct meter *version)
{
    if (version->until_ms > sync->today_ms) {
        version->until_ms =
            version->since_ms > sync->today_ms ? version->since_ms : sync->today_ms;
    }
}

static int compare_enterprises(const void *a, const void *b)
{
    const struct enterprise *left = a;
    const struct enterprise *right = b;
    int order = strcmp(left->id, right->id);

    return order != 0 ? order : (left->since > right->since) - (left->since < right->since);
}

static int compare_meters(const void *a, const void *b)
{
    const struct meter *left = a;
    const struct meter *right = b;
    int order = strcmp(left->id, right->id);

    return order != 0
               ? order
               : (left->since_ms > right->since_ms) - (left->since_ms < right->since_ms);
}

static int read_store(struct sync *sync)
{
    int err =
        registry_enterprises(sync->store, DAY_MIN, &sync->enterprise, &sync->n_enterprises);

    if (err == 0) {
        err = registry_meters(sync->store, INT64_MIN, &sync->meter, &sync->n_meters);
    }
    if (err == 0) {
        err = registry_members(sync->store, DAY_MIN, &sync->member, &sync->n_members);
    }
    if (err == 0) {
        err = registry_groups(sync->store, &sync->group, &sync->n_groups);
    }
    if (err != 0) {
        return err;
    }
    if (sync->n_enterprises > 0) {
        qsort(sync->enterprise, (size_t)sync->n_enterprises, sizeof(*sync->enterprise),
              compare_enterprises);
    }
    if (sync->n_meters > 0) {
        qsort(sync->meter, (size_t)sync->n_meters, sizeof(*sync->meter), compare_meters);
    }
    return 0;
}

int register_plan(struct sync *sync)
{
    int err = read_store(sync);

    if (err != 0) {
        return err;
    }
    const struct kind enterprises = {
        "enterprise",        &sync->enterprises, sync->file->n_enterprises,
        sync->n_enterprises, enterprise_file_id, enterprise_store_id,
        enterprise_is_same,  enterprise_in_force};
    const struct kind meters = {"meter",        &sync->meters, sync->file->n_meters,
                                sync->n_meters, meter_file_id, meter_store_id,
                                meter_is_same,  meter_in_force};

    err = plan_kind(sync, &enterprises);
    if (err == 0) {
        err = plan_kind(sync, &meters);
    }
    if (err == 0) {
        err = register_plan_groups(sync);
    }
    int percent = sync->report->n_ids / 100;

    sync->report->limit = percent > REMOVALS_FREE ? percent : REMOVALS_FREE;
    return err;
}
