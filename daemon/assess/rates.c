#include "daemon/assess/rates.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/rates_internal.h"

enum {
    LAST = RATES_DAYS - 1,
    PACKED_MAX = 1024
};

/* ---- firms ---- */

static const char *reason_of(const struct rates_firm *firm, bool calendar_missing)
{
    if (firm->state == STATE_NO_BASELINE) {
        return baseline_reason_name(firm->baseline.reason);
    }
    if (firm->state == STATE_MISSING) {
        if (firm->energy.quality == QUALITY_SUSPECT) {
            return "suspect";
        }
        return firm->energy.has_energy ? "day_not_valid" : "no_data";
    }
    return calendar_missing ? "calendar_missing" : NULL;
}

static void fill_firm(const struct rates_run *run, uint32_t no, struct rates_firm *firm)
{
    const struct window_day *day = &run->day[LAST];
    const struct resumption_method *method = run->query->method;
    struct resumption_day judged = rates_day_of(day, no);

    firm->enterprise = day->version[no];
    firm->selected = true;
    firm->energy = day->energy[no];
    firm->baseline = day->baselines->baseline[no];
    firm->state = resumption_state_of(&judged, method);
    firm->valid = firm->state == STATE_RESUMED || firm->state == STATE_NOT_RESUMED;
    firm->produced = firm->valid && resumption_produced(&judged, method);
    firm->mixed_source = judged.mixed_source;
    firm->reason = reason_of(firm, day->baselines->n_uncovered > 0);
}

static int fill_firms(const struct rates_run *run, struct rates_result *result)
{
    result->firm = calloc((size_t)run->n_by_id + 1, sizeof(*result->firm));
    if (result->firm == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < run->n_by_id; i++) {
        if (run->day[LAST].version[run->by_id[i]] != NULL) {
            fill_firm(run, run->by_id[i], &result->firm[result->n_firms++]);
        }
    }
    return 0;
}

/* ---- hash of what one enterprise puts into its groups ---- */

struct packed {
    unsigned char byte[PACKED_MAX];
    size_t n;
};

static void pack(struct packed *packed, int64_t value)
{
    for (int shift = 56; shift >= 0 && packed->n < sizeof(packed->byte); shift -= 8) {
        packed->byte[packed->n++] = (unsigned char)((uint64_t)value >> shift);
    }
}

static void digest_of(const struct rates_run *run, uint32_t no, const char *id,
                      char ret_digest[65])
{
    struct sha256 *sha = sha256_new();
    struct packed packed = {.n = 0};

    for (int k = 0; k < RATES_DAYS; k++) {
        const struct window_day *day = &run->day[k];
        const struct enterprise *version = day->version[no];
        const struct energy_input *energy = &day->energy[no];
        const struct baseline *baseline = &day->baselines->baseline[no];

        pack(&packed, version == NULL ? -1 : (int64_t)version->size_class);
        pack(&packed, energy->valid * 2 + energy->has_energy);
        pack(&packed, energy->energy_wh);
        pack(&packed, energy->source);
        pack(&packed, baseline->has);
        pack(&packed, baseline->baseline_wh);
        pack(&packed, baseline->source);
    }
    sha256_text(sha, id);
    sha256_update(sha, packed.byte, packed.n);
    sha256_final(sha, ret_digest);
}

/* ---- sums ---- */

struct summing {
    struct group_table table;
    const struct rates_run *run;
    struct resumption_day day;
    enum resumption_state state;
    bool produced;
    int k;
    int part; /* size class */
    int firm; /* index of the result's firms on the last day */
    int *touched;
    int n_touched;
    int cap_touched;
};

static int push(int **list, int *n, int *cap, int value)
{
    if (*n == *cap) {
        int grown_cap = *cap == 0 ? 8 : *cap * 2;
        int *grown = realloc(*list, (size_t)grown_cap * sizeof(*grown));

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        *list = grown;
        *cap = grown_cap;
    }
    (*list)[(*n)++] = value;
    return 0;
}

static int add_to_group(void *ctx, int index)
{
    struct summing *summing = ctx;
    struct group_build *group = &summing->table.group[index];
    int err = 0;

    resumption_add(&group->sum[summing->k], &summing->day, summing->state,
                   summing->produced);
    if (group->seen == 0) {
        err = push(&summing->touched, &summing->n_touched, &summing->cap_touched, index);
    }
    group->seen |= 1u << summing->k;
    if (err == 0 && summing->k == LAST) {
        resumption_add(&group->part[summing->part], &summing->day, summing->state,
                       summing->produced);
        err = push(&group->firm, &group->n_firms, &group->cap_firms, summing->firm);
    }
    return err;
}

static int sum_day(struct summing *summing, uint32_t no, const struct enterprise *version)
{
    const struct rates_run *run = summing->run;
    const struct resumption_method *method = run->query->method;
    int err = 0;

    summing->day = rates_day_of(&run->day[summing->k], no);
    summing->state = resumption_state_of(&summing->day, method);
    summing->produced =
        (summing->state == STATE_RESUMED || summing->state == STATE_NOT_RESUMED) &&
        resumption_produced(&summing->day, method);
    summing->part = (int)version->size_class;
    for (int by = 0; err == 0 && by < run->query->n_by; by++) {
        const struct group_visit visit = {by, run->day[summing->k].day, version,
                                          add_to_group, summing};

        err = group_table_each(&summing->table, run, &visit);
    }
    return err;
}

/* Each enterprise once, over all days: so a group's hash takes one piece per enterprise. */
static int sum_enterprise(struct summing *summing, uint32_t no)
{
    const struct rates_run *run = summing->run;
    const char *id = NULL;
    char digest[65];
    int err = 0;

    summing->n_touched = 0;
    for (int k = 0; err == 0 && k < RATES_DAYS; k++) {
        const struct enterprise *version = run->day[k].version[no];

        if (version != NULL) {
            id = version->id;
            summing->k = k;
            err = sum_day(summing, no, version);
        }
    }
    if (err != 0 || id == NULL) {
        return err;
    }
    digest_of(run, no, id, digest);
    for (int i = 0; i < summing->n_touched; i++) {
        struct group_build *group = &summing->table.group[summing->touched[i]];

        sha256_text(group->sha, digest);
        sha256_i64(group->sha, group->seen);
        group->seen = 0;
    }
    return 0;
}

static int sum_all(struct summing *summing)
{
    const struct rates_run *run = summing->run;
    int err = group_table_init(&summing->table, run);

    for (int i = 0; err == 0 && i < run->n_by_id; i++) {
        uint32_t no = run->by_id[i];

        err = sum_enterprise(summing, no);
        summing->firm += run->day[LAST].version[no] != NULL;
    }
    return err;
}

/* ---- groups ---- */

static int by_kind_and_id(const void *a, const void *b)
{
    const struct rate_row *left = &((const struct rates_group *)a)->row;
    const struct rate_row *right = &((const struct rates_group *)b)->row;
    int order = strcmp(left->group_kind, right->group_kind);

    return order != 0 ? order : strcmp(left->group_id, right->group_id);
}

static bool wanted(const struct rates_query *query, const struct group_build *build)
{
    bool any = query->group == NULL || query->group[0] == '\0';

    return build->n_firms > 0 && (any || strcmp(query->group, build->id) == 0);
}

static void select_firms(struct rates_result *result)
{
    if (!result->filtered) {
        return;
    }
    for (int i = 0; i < result->n_firms; i++) {
        result->firm[i].selected = false;
    }
    for (int g = 0; g < result->n_groups; g++) {
        for (int i = 0; i < result->group[g].n_firms; i++) {
            result->firm[result->group[g].firm[i]].selected = true;
        }
    }
}

static int fill_groups(const struct rates_run *run, struct summing *summing,
                       struct rates_result *result)
{
    result->group = calloc((size_t)summing->table.n + 1, sizeof(*result->group));
    if (result->group == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < summing->table.n; i++) {
        if (wanted(run->query, &summing->table.group[i])) {
            rates_fill_group(run, &summing->table.group[i],
                             &result->group[result->n_groups++]);
        }
    }
    qsort(result->group, (size_t)result->n_groups, sizeof(*result->group), by_kind_and_id);
    select_firms(result);
    return 0;
}

/* ---- the door ---- */

static int compute(struct rates_run *run, struct rates_result *result)
{
    struct summing summing = {.run = run};
    int err = rates_inputs_load(run);

    result->enterprise = run->enterprise;
    result->baselines = run->baselines;
    if (err != 0) {
        return err;
    }
    result->window = run->day[LAST].baselines->window;
    result->n_calendar_missing = run->day[LAST].baselines->n_uncovered;
    err = fill_firms(run, result);
    if (err == 0) {
        err = sum_all(&summing);
    }
    if (err == 0) {
        err = fill_groups(run, &summing, result);
    }
    group_table_done(&summing.table);
    free(summing.touched);
    if (err == 0) {
        err = rates_group_revisions(run->store, result);
    }
    if (err == 0 && run->query->with_firm_revisions) {
        err = rates_firm_revisions(run->store, result);
    }
    return err;
}

int rates_compute(struct store *store, const struct methods *methods,
                  const struct rates_query *query, struct rates_result *ret_result)
{
    struct rates_run run = {.store = store, .methods = methods, .query = query};
    struct rates_result result = {.day = query->day,
                                  .method = query->method,
                                  .english = query->english,
                                  .n_by = query->n_by};

    result.is_over = query->day < day_of_ts(query->now_ms, query->zone);
    result.filtered = query->group != NULL && query->group[0] != '\0';
    result.by = calloc((size_t)query->n_by + 1, sizeof(*result.by));
    if (result.by == NULL) {
        return ERR_NOMEM;
    }
    memcpy(result.by, query->by, (size_t)query->n_by * sizeof(*result.by));
    int err = compute(&run, &result);
    rates_inputs_done(&run);
    if (err != 0) {
        rates_result_done(&result);
        return err;
    }
    *ret_result = result;
    return 0;
}

void rates_result_done(struct rates_result *result)
{
    for (int i = 0; i < result->n_groups; i++) {
        free(result->group[i].firm);
    }
    free(result->group);
    free(result->firm);
    free(result->by);
    free(result->enterprise);
    rates_baselines_free(result->baselines);
    *result = (struct rates_result){0};
}

const struct rates_group *rates_find(const struct rates_result *result,
                                     const char *group_kind, const char *group_id)
{
    for (int i = 0; i < result->n_groups; i++) {
        const struct rate_row *row = &result->group[i].row;

        if (strcmp(row->group_kind, group_kind) == 0 &&
            strcmp(row->group_id, group_id) == 0) {
            return &result->group[i];
        }
    }
    return NULL;
}
