/* Which quarter-hours can be closed now, of all meters: stale ones, then whole groups at
 * once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/assess/energy_parts.h"
#include "daemon/core/text.h"

#define IMPORT_REGISTER UINT32_C(1)
#define KEY_LEN         160
#define STALE_KEYS_MAX  256
#define NEW_METERS_MAX  256

/* Meters whose quarter-hour begins at the same instant are read in one sweep over the
 * slots. */
#define GROUP_MAX 256
#define GROUP_MIN 4
#define GROUP_READINGS_MAX                                                                 \
    12 /* of one meter, once thinned; more: it goes the general way */
/* Past the end of the quarter-hour: all that can still decide about it. */
#define GROUP_SWEEP_MS (2 * MS_PER_QUARTER_HOUR + MS_PER_MIN)

struct group_member {
    uint32_t meter_no;
    bool has_row; /* of the quarter-hour before */
    struct interval row;
    bool overflow;
    size_t n;
    uint32_t registers;
    struct register_reading reading[GROUP_READINGS_MAX + 1];
};

struct group {
    struct closing *closing;
    const struct energy_progress *progress;
    int n;
    struct energy_meter *meters; /* versions, all meters of the span */
    int n_meters;
    struct group_member *member; /* n, by meter_no */
    bool at_end;
};

/* ---- stale meters ---- */

struct stale_key {
    char text[KEY_LEN];
    uint32_t meter_no;
    struct closing_job job;
};

struct stale_keys {
    struct stale_key key[STALE_KEYS_MAX];
    int n;
};

/* "<meter_no>:<from_ms>[:<until_ms>[:on]]"; others read as meter 0 and are dropped. */
static void parse_key(const char *text, struct stale_key *key)
{
    char *rest = NULL;
    unsigned long meter_no = strtoul(text, &rest, 10);

    key->meter_no = 0;
    key->job = (struct closing_job){.until_ms = TS_MS_OPEN};
    if (*rest != ':' || meter_no >= (1u << 20)) {
        return;
    }
    key->job.from_ms = strtoll(rest + 1, &rest, 10);
    if (*rest == ':') {
        key->job.until_ms = strtoll(rest + 1, &rest, 10);
    }
    key->job.goes_on = strcmp(rest, ":on") == 0;
    if (*rest == '\0' || key->job.goes_on) {
        key->meter_no = (uint32_t)meter_no;
    }
}

static void take_key(void *ctx, const char *text)
{
    struct stale_keys *keys = ctx;

    if (keys->n < STALE_KEYS_MAX) {
        struct stale_key *key = &keys->key[keys->n];

        (void)text_copy(key->text, sizeof(key->text), text);
        parse_key(text, key);
        keys->n++;
    }
}

static int add_stale(struct store *store, uint32_t meter_no, const struct closing_job *job)
{
    char text[KEY_LEN];

    if (job->until_ms == TS_MS_OPEN && !job->goes_on) {
        (void)snprintf(text, sizeof(text), "%" PRIu32 ":%" PRId64, meter_no, job->from_ms);
    } else {
        (void)snprintf(text, sizeof(text), "%" PRIu32 ":%" PRId64 ":%" PRId64 "%s",
                       meter_no, job->from_ms, job->until_ms, job->goes_on ? ":on" : "");
    }
    return store_stale_add(store, "meter", text);
}

/* Several keys of one meter become one piece of work; they stand together. */
static int merge_keys(struct closing *closing, const struct stale_keys *keys, int first,
                      struct stale_key *ret_merged, int *ret_end)
{
    struct closing_job *merged = &ret_merged->job;
    int err = 0;
    int i = first;

    *ret_merged = keys->key[first];
    for (; err == 0 && i < keys->n && keys->key[i].meter_no == ret_merged->meter_no; i++) {
        const struct closing_job *job = &keys->key[i].job;

        merged->from_ms = job->from_ms < merged->from_ms ? job->from_ms : merged->from_ms;
        merged->until_ms =
            job->until_ms > merged->until_ms ? job->until_ms : merged->until_ms;
        merged->goes_on = merged->goes_on && job->goes_on;
        err = store_stale_remove(closing->store, "meter", keys->key[i].text);
    }
    *ret_end = i;
    return err;
}

static int reopen_one(struct closing *closing, const struct stale_key *key)
{
    struct closing_job job = key->job;
    struct energy_meter *rows = NULL;
    int n = 0;
    int err = energy_meters(closing->store, key->meter_no, key->meter_no, &rows, &n);

    if (err != 0 || n == 0) {
        return err;
    }
    struct closing_meter meter;

    closing_meter_at(rows, n, 0, &meter);
    err = closing_reopen(closing, &meter, &job);
    free(rows);
    if (err == 0 && job.from_ms != TS_MS_OPEN) {
        closing->more = true;
        err = add_stale(closing->store, key->meter_no, &job);
    }
    return err;
}

static int reopen_stale(struct closing *closing, int max_meters, int *n_meters)
{
    struct stale_keys *keys = calloc(1, sizeof(*keys));
    int next = 0;

    if (keys == NULL) {
        return ERR_NOMEM;
    }
    int err = store_stale_each(closing->store, "meter", STALE_KEYS_MAX, take_key, keys);

    while (err == 0 && next < keys->n && *n_meters < max_meters) {
        struct stale_key merged;

        err = merge_keys(closing, keys, next, &merged, &next);
        if (err == 0) {
            err = reopen_one(closing, &merged);
        }
        (*n_meters)++;
    }
    if (next < keys->n || keys->n == STALE_KEYS_MAX) {
        closing->more = true;
    }
    free(keys);
    return err;
}

/* ---- meters never closed ---- */

static int begin_meter(struct closing *closing, uint32_t meter_no)
{
    struct energy_meter *rows = NULL;
    struct closing_meter meter;
    int64_t due_ms = 0;
    int n = 0;
    int err = energy_first_due(closing->store, meter_no, &due_ms);

    if (err != 0) {
        return err == ERR_NOT_FOUND ? 0 : err;
    }
    err = energy_meters(closing->store, meter_no, meter_no, &rows, &n);
    if (err != 0 || n == 0) {
        return err;
    }
    closing_meter_at(rows, n, 0, &meter);
    int64_t since_ms = rows[0].version.since_ms;

    free(rows);
    if (!meter.live) {
        return 0;
    }
    return energy_progress_set(closing->store, meter_no,
                               interval_floor(due_ms > since_ms ? due_ms : since_ms));
}

static int begin_meters(struct closing *closing)
{
    uint32_t meter_no[NEW_METERS_MAX];
    uint32_t after = 0;
    int n = NEW_METERS_MAX;
    int err = 0;

    while (err == 0 && n == NEW_METERS_MAX) {
        n = energy_progress_none(closing->store, after, meter_no, NEW_METERS_MAX);
        if (n < 0) {
            return n;
        }
        for (int i = 0; err == 0 && i < n; i++) {
            err = begin_meter(closing, meter_no[i]);
        }
        after = n > 0 ? meter_no[n - 1] : after;
    }
    return err;
}

/* ---- groups ---- */

static struct group_member *find_member(const struct group *group, uint32_t meter_no)
{
    int low = 0;
    int high = group->n;

    while (low < high) {
        int middle = (low + high) / 2;

        if (group->member[middle].meter_no < meter_no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < group->n && group->member[low].meter_no == meter_no ? &group->member[low]
                                                                     : NULL;
}

static int take_row(void *ctx, const struct interval *row)
{
    struct group_member *member = find_member(ctx, row->meter_no);

    if (member != NULL) {
        member->has_row = true;
        member->row = *row;
    }
    return 0;
}

static int take_reading(void *ctx, uint32_t meter_no,
                        const struct register_reading *reading)
{
    struct group *group = ctx;
    struct group_member *member = find_member(group, meter_no);

    if (member == NULL || member->overflow) {
        return 0;
    }
    if (member->n == GROUP_READINGS_MAX) {
        member->overflow = true;
        return 0;
    }
    member->registers |= reading->present;
    member->n = interval_readings_add(member->reading, member->n, reading, INT64_MIN);
    return 0;
}

/* Can the member's quarter-hour be decided with what the sweep saw? */
static bool is_plain(const struct group *group, const struct group_member *member,
                     const struct closing_meter *meter)
{
    bool is_dead = (member->registers & IMPORT_REGISTER) == 0;

    if (member->overflow || closing_cut(meter, meter->next_start_ms) != INT64_MIN ||
        closing_cut(meter, meter->next_start_ms + MS_PER_QUARTER_HOUR) != INT64_MIN) {
        return false;
    }
    if (is_dead) {
        return group->at_end;
    }
    if (member->reading[0].slot_ts_ms != meter->next_start_ms ||
        (member->registers & ~member->reading[0].present) != 0) {
        return false;
    }
    return !member->has_row || (member->row.quality != QUALITY_MISSING &&
                                (member->registers & ~member->row.present) == 0);
}

static int close_member(struct group *group, struct group_member *member,
                        const struct closing_meter *meter)
{
    struct closing *closing = group->closing;
    struct closing_readings readings = {.reading = member->reading,
                                        .n = member->n,
                                        .cap = GROUP_READINGS_MAX,
                                        .held = member->has_row ? member->row.held : 0,
                                        .at_end = group->at_end};

    if (!is_plain(group, member, meter)) {
        return closing_advance(closing, meter);
    }
    int64_t limit_ms = closing_limit(closing, meter, &readings, meter->next_start_ms);

    if (limit_ms == meter->next_start_ms) {
        /* A sweep that ended early cannot tell "not yet" from "later". */
        return group->at_end ? 0 : closing_advance(closing, meter);
    }
    if (!group->at_end) {
        closing->more = true;
    }
    return closing_write(closing, meter, &readings, meter->next_start_ms, limit_ms);
}

static int sweep(struct group *group)
{
    struct closing *closing = group->closing;
    int64_t start_ms = group->progress[0].next_start_ms;
    int64_t end_ms = start_ms + GROUP_SWEEP_MS;
    struct energy_span span = {group->progress[0].meter_no,
                               group->progress[group->n - 1].meter_no, start_ms,
                               end_ms < closing->now_ms ? end_ms : closing->now_ms};

    group->at_end = end_ms >= closing->now_ms;
    int err = energy_intervals_at(closing->store, span.first_meter_no, span.last_meter_no,
                                  start_ms - MS_PER_QUARTER_HOUR, take_row, group);

    return err != 0 ? err
                    : energy_readings_each(closing->store, &span, take_reading, group);
}

/* n_meters counts those of which something was written. */
static int close_members(struct group *group, int *n_meters)
{
    int err = 0;

    for (int i = 0; err == 0 && i < group->n_meters;) {
        struct closing_meter meter;
        int before = group->closing->n_written;

        closing_meter_at(group->meters, group->n_meters, i, &meter);
        i += meter.n_versions;
        struct group_member *member =
            group->member == NULL ? NULL : find_member(group, meter.meter_no);

        if (!meter.live || !meter.has_next ||
            meter.next_start_ms != group->progress[0].next_start_ms) {
            continue;
        }
        err = member == NULL ? closing_advance(group->closing, &meter)
                             : close_member(group, member, &meter);
        *n_meters += group->closing->n_written != before;
    }
    return err;
}

static int close_group(struct closing *closing, const struct energy_progress *progress,
                       int n, int *n_meters)
{
    struct group group = {.closing = closing, .progress = progress, .n = n};
    int err = energy_meters(closing->store, progress[0].meter_no, progress[n - 1].meter_no,
                            &group.meters, &group.n_meters);

    if (err == 0 && n >= GROUP_MIN) {
        group.member = calloc((size_t)n, sizeof(*group.member));
        if (group.member == NULL) {
            err = ERR_NOMEM;
        }
        for (int i = 0; err == 0 && i < n; i++) {
            group.member[i].meter_no = progress[i].meter_no;
        }
        if (err == 0) {
            err = sweep(&group);
        }
    }
    if (err == 0) {
        err = close_members(&group, n_meters);
    }
    free(group.member);
    free(group.meters);
    return err;
}

/* How many from the first on begin at the same instant and lie close enough for one sweep.
 */
static int group_size(const struct energy_progress *progress, int n)
{
    int size = 1;

    while (size < n && progress[size].next_start_ms == progress[0].next_start_ms &&
           progress[size].meter_no - progress[size - 1].meter_no <= GROUP_MIN) {
        size++;
    }
    return size;
}

/* By next_start_ms, then meter_no. */
static int compare_progress(const void *a, const void *b)
{
    const struct energy_progress *left = a;
    const struct energy_progress *right = b;

    if (left->next_start_ms != right->next_start_ms) {
        return left->next_start_ms < right->next_start_ms ? -1 : 1;
    }
    return (left->meter_no > right->meter_no) - (left->meter_no < right->meter_no);
}

static int close_due(struct closing *closing, int max_meters, int *n_meters)
{
    struct energy_progress progress[GROUP_MAX];
    int64_t end_ms = interval_floor(closing->now_ms);
    uint32_t after = 0;
    int n = GROUP_MAX;
    int err = 0;

    while (err == 0 && n > 0) {
        n = energy_progress_due(closing->store, after, end_ms, progress, GROUP_MAX);
        if (n < 0) {
            return n;
        }
        after = n > 0 ? progress[n - 1].meter_no : after;
        qsort(progress, (size_t)n, sizeof(progress[0]), compare_progress);
        for (int i = 0; err == 0 && i < n;) {
            int size = group_size(&progress[i], n - i);

            if (*n_meters >= max_meters) {
                closing->more = true;
                return 0;
            }
            err = close_group(closing, &progress[i], size, n_meters);
            i += size;
        }
    }
    return err;
}

int energy_close(struct store *store, int64_t now_ms, int max_meters, bool *ret_more)
{
    struct closing *closing = malloc(sizeof(*closing));
    int n_meters = 0;

    if (closing == NULL) {
        return ERR_NOMEM;
    }
    closing_init(closing, store, now_ms);
    int err = begin_meters(closing);

    if (err == 0) {
        err = reopen_stale(closing, max_meters, &n_meters);
    }
    if (err == 0) {
        err = close_due(closing, max_meters, &n_meters);
    }
    int n_written = closing->n_written;

    *ret_more = closing->more;
    closing_done(closing);
    free(closing);
    return err != 0 ? err : n_written;
}

int energy_reopen(struct store *store, uint32_t meter_no, int64_t from_ms)
{
    struct closing_job job = {.from_ms = from_ms, .until_ms = TS_MS_OPEN};

    return add_stale(store, meter_no, &job);
}

/* Nobody closes a meter without an endpoint as time goes on. */
static int is_closed_by_time(struct store *store, uint32_t meter_no, bool *ret_is)
{
    struct energy_meter *rows = NULL;
    int n = 0;
    int err = energy_meters(store, meter_no, meter_no, &rows, &n);

    if (err == 0) {
        *ret_is = n == 0 || rows[n - 1].live;
        free(rows);
    }
    return err;
}

int energy_reopen_slot(struct store *store, uint32_t meter_no, int64_t slot_ts_ms)
{
    int64_t next_start_ms = 0;
    bool is_open = false;
    int err = energy_progress_get(store, meter_no, &next_start_ms);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_NOT_FOUND || slot_ts_ms > next_start_ms) {
        err = is_closed_by_time(store, meter_no, &is_open);
        if (err != 0 || is_open) {
            return err;
        }
    }
    struct closing_job job = {.from_ms = slot_ts_ms, .until_ms = slot_ts_ms};

    return add_stale(store, meter_no, &job);
}
