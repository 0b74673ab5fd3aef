/* Carrying out what register_plan found, and marking what becomes stale by it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/register_sync_parts.h"

/* First and last point (days or milliseconds, inclusive) at which two lists of versions say
 * something different. */
struct difference {
    bool any;
    int64_t first;
    int64_t last;
};

/* ---- enterprises ---- */

static const struct enterprise *enterprise_at(const struct enterprise *version, int n,
                                              int64_t day)
{
    for (int i = 0; i < n; i++) {
        if (version[i].since <= day && day <= version[i].until) {
            return &version[i];
        }
    }
    return NULL;
}

static bool enterprises_agree(const struct enterprise *a, const struct enterprise *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    struct enterprise copy = *b;

    copy.since = a->since;
    copy.until = a->until;
    return enterprise_same(a, &copy);
}

/* ---- meters: what energy depends on ---- */

static const struct meter *meter_version_at(const struct meter *version, int n,
                                            int64_t ts_ms)
{
    for (int i = 0; i < n; i++) {
        if (version[i].since_ms <= ts_ms && ts_ms < version[i].until_ms) {
            return &version[i];
        }
    }
    return NULL;
}

static bool meters_agree(const struct meter *a, const struct meter *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a->register_wh.num == b->register_wh.num &&
           a->register_wh.den == b->register_wh.den &&
           a->register_range == b->register_range && a->initial == b->initial &&
           a->previous_final == b->previous_final && a->role == b->role &&
           a->loss_bp == b->loss_bp && strcmp(a->enterprise, b->enterprise) == 0 &&
           strcmp(a->parent, b->parent) == 0;
}

/* ---- comparing along the axis ---- */

static int compare_points(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* points: where something begins or has just ended; agree(at) is constant between them. */
static struct difference difference_of(int64_t *point, size_t n,
                                       bool (*agree)(const void *ctx, int64_t at),
                                       const void *ctx)
{
    struct difference difference = {0};

    qsort(point, n, sizeof(*point), compare_points);
    for (size_t i = 0; i + 1 < n; i++) {
        if (point[i] == point[i + 1] || agree(ctx, point[i])) {
            continue;
        }
        if (!difference.any) {
            difference.first = point[i];
        }
        difference.any = true;
        difference.last = point[i + 1] - 1;
    }
    return difference;
}

struct enterprise_sides {
    const struct enterprise *before;
    int n_before;
    const struct enterprise *after;
    int n_after;
};

static bool enterprise_sides_agree(const void *ctx, int64_t day)
{
    const struct enterprise_sides *sides = ctx;

    return enterprises_agree(enterprise_at(sides->before, sides->n_before, day),
                             enterprise_at(sides->after, sides->n_after, day));
}

static int enterprise_difference(const struct enterprise_sides *sides,
                                 struct difference *ret_difference)
{
    size_t n = 0;
    int64_t *point =
        calloc(2 * (size_t)(sides->n_before + sides->n_after) + 1, sizeof(*point));

    if (point == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < sides->n_before; i++) {
        point[n++] = sides->before[i].since;
        point[n++] = (int64_t)sides->before[i].until + 1;
    }
    for (int i = 0; i < sides->n_after; i++) {
        point[n++] = sides->after[i].since;
        point[n++] = (int64_t)sides->after[i].until + 1;
    }
    *ret_difference = difference_of(point, n, enterprise_sides_agree, sides);
    free(point);
    return 0;
}

struct meter_sides {
    const struct meter *before;
    int n_before;
    const struct meter *after;
    int n_after;
};

static bool meter_sides_agree(const void *ctx, int64_t ts_ms)
{
    const struct meter_sides *sides = ctx;

    return meters_agree(meter_version_at(sides->before, sides->n_before, ts_ms),
                        meter_version_at(sides->after, sides->n_after, ts_ms));
}

static int meter_difference(const struct meter_sides *sides,
                            struct difference *ret_difference)
{
    size_t n = 0;
    int64_t *point =
        calloc(2 * (size_t)(sides->n_before + sides->n_after) + 1, sizeof(*point));

    if (point == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < sides->n_before; i++) {
        point[n++] = sides->before[i].since_ms;
        point[n++] = sides->before[i].until_ms;
    }
    for (int i = 0; i < sides->n_after; i++) {
        point[n++] = sides->after[i].since_ms;
        point[n++] = sides->after[i].until_ms;
    }
    *ret_difference = difference_of(point, n, meter_sides_agree, sides);
    free(point);
    return 0;
}

/* ---- stale ---- */

/* Rates of the days, and with energy the energy itself; the future has nothing to mark. */
static int mark_days(struct sync *sync, day_t first, day_t last, bool energy)
{
    day_t end = last > sync->today ? sync->today : last;

    if (first > end) {
        return 0;
    }
    int err = energy ? registry_mark_days(sync->store, "day", first, end) : 0;

    return err != 0 ? err : registry_mark_days(sync->store, "rates", first, end);
}

static int mark_enterprise(struct sync *sync, const struct enterprise_sides *sides)
{
    struct difference difference = {0};
    int err = enterprise_difference(sides, &difference);

    if (err != 0 || !difference.any) {
        return err;
    }
    return mark_days(sync, (day_t)difference.first, (day_t)difference.last, true);
}

static int mark_meter(struct sync *sync, const struct meter_sides *sides)
{
    struct difference difference = {0};
    int err = meter_difference(sides, &difference);

    if (err != 0 || !difference.any || difference.first >= sync->options->now_ms) {
        return err;
    }
    if (sides->n_before > 0) {
        char key[48];

        (void)snprintf(key, sizeof(key), "%" PRIu32 ":%" PRId64, sides->before->meter_no,
                       difference.first);
        err = store_stale_add(sync->store, "meter", key);
    }
    const struct zone *zone = sync->options->zone;
    int64_t last_ms =
        difference.last > sync->options->now_ms ? sync->options->now_ms : difference.last;

    return err != 0 ? err
                    : mark_days(sync, day_of_ts(difference.first, zone),
                                day_of_ts(last_ms, zone), true);
}

/* ---- carrying out ---- */

static int write_enterprise(struct sync *sync, const struct id_change *change)
{
    bool closes = change->what == REGISTER_CLOSED;
    int n = closes ? change->store_n : change->file_n;
    const struct enterprise *source = closes ? &sync->enterprise[change->store_at]
                                             : &sync->file->enterprise[change->file_at];
    struct enterprise *after = calloc((size_t)n + 1, sizeof(*after));
    uint32_t enterprise_no = 0;

    if (after == NULL) {
        return ERR_NOMEM;
    }
    int err = registry_enterprise_ensure(sync->store, source->id, &enterprise_no);

    for (int i = 0; i < n; i++) {
        after[i] = source[i];
        after[i].enterprise_no = enterprise_no;
        if (closes) {
            enterprise_close(sync, &after[i]);
        }
    }
    if (err == 0) {
        err = registry_enterprise_put(sync->store, after, n);
    }
    if (err == 0) {
        const struct enterprise_sides sides = {&sync->enterprise[change->store_at],
                                               change->store_n, after, n};

        err = mark_enterprise(sync, &sides);
    }
    free(after);
    return err;
}

static int number_meter(struct sync *sync, struct meter *version)
{
    int err = registry_meter_ensure(sync->store, version->id, &version->meter_no);

    if (err == 0) {
        err = registry_enterprise_no(sync->store, version->enterprise,
                                     &version->enterprise_no);
    }
    version->parent_no = 0;
    if (err == 0 && version->parent[0] != '\0') {
        err = registry_meter_ensure(sync->store, version->parent, &version->parent_no);
    }
    return err;
}

static int write_meter(struct sync *sync, const struct id_change *change)
{
    bool closes = change->what == REGISTER_CLOSED;
    int n = closes ? change->store_n : change->file_n;
    const struct meter *source =
        closes ? &sync->meter[change->store_at] : &sync->file->meter[change->file_at];
    struct meter *after = calloc((size_t)n + 1, sizeof(*after));
    int err = 0;

    if (after == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < n && err == 0; i++) {
        after[i] = source[i];
        err = number_meter(sync, &after[i]);
        if (closes) {
            meter_close(sync, &after[i]);
        }
    }
    if (err == 0) {
        err = registry_meter_put(sync->store, after, n);
    }
    if (err == 0) {
        const struct meter_sides sides = {&sync->meter[change->store_at], change->store_n,
                                          after, n};

        err = mark_meter(sync, &sides);
    }
    free(after);
    return err;
}

static int write_plans(struct sync *sync)
{
    int err = 0;

    for (int i = 0; i < sync->enterprises.n && err == 0; i++) {
        err = write_enterprise(sync, &sync->enterprises.change[i]);
    }
    for (int i = 0; i < sync->meters.n && err == 0; i++) {
        err = write_meter(sync, &sync->meters.change[i]);
    }
    if (err == 0 && sync->enterprises.n + sync->meters.n > 0) {
        err = store_stale_add(sync->store, "carbon", "all");
    }
    return err;
}

static int write_groups(struct sync *sync)
{
    int err = 0;

    if (sync->members_change) {
        err = registry_members_put(sync->store, sync->member_after, sync->n_members_after);
        if (err == 0) {
            err = mark_days(sync, sync->members_first, sync->members_last, false);
        }
    }
    /* Rates keep the names they were given. */
    if (err == 0 && sync->groups_change) {
        err = registry_groups_put(sync->store, sync->file->group, sync->file->n_groups);
        if (err == 0) {
            err = mark_days(sync, DAY_MIN, DAY_MAX, false);
        }
    }
    return err;
}

static int write_audit(struct sync *sync)
{
    const struct register_options *options = sync->options;
    const struct register_report *report = sync->report;
    char text[96];
    int err = 0;

    for (size_t i = 0; i < report->n && err == 0; i++) {
        const struct register_change *change = &report->change[i];

        (void)snprintf(text, sizeof(text), "%s %s", change->kind,
                       register_change_name(change->what));
        err = store_audit(sync->store, options->now_ms, options->who, "register",
                          change->id, text);
    }
    if (err == 0 && report->n > 0) {
        (void)snprintf(text, sizeof(text), "%d added, %d changed, %d closed",
                       report->n_added, report->n_changed, report->n_closed);
        err = store_audit(sync->store, options->now_ms, options->who, "apply",
                          sync->file->sha256, text);
    }
    return err;
}

int register_carry_out(struct sync *sync)
{
    char sha256[65] = "";
    int err = write_plans(sync);

    if (err == 0) {
        err = write_groups(sync);
    }
    if (err == 0) {
        err = write_audit(sync);
    }
    if (err == 0) {
        err = store_meta_get(sync->store, "register_sha256", sha256, sizeof(sha256));
    }
    if (err == 0 && strcmp(sha256, sync->file->sha256) != 0) {
        err = store_meta_set(sync->store, "register_sha256", sync->file->sha256);
    }
    return err;
}
