#include <string.h>

#include <ecmon/ratio.h>

#include "daemon/assess/rates_internal.h"
#include "daemon/compute/light.h"
#include "daemon/core/text.h"

#define MA7_DAYS_MIN 4

enum {
    LAST = RATES_DAYS - 1,
    METRICS = 3,
    CLASSES = 3
};

static const char *const metrics[METRICS] = {"resumption_rate", "production_rate",
                                             "produced_rate"};

static struct fraction rate_of(int metric, const struct resumption_sum *sum,
                               enum rate_status status)
{
    switch (metric) {
    case 0:
        return resumption_rate(sum, status);
    case 1:
        return production_rate(sum, status);
    default:
        return produced_rate(sum, status);
    }
}

/* ---- change and mean ---- */

static struct result_value change_bp(const struct rates_run *run,
                                     const struct group_build *build, int metric)
{
    const struct resumption_method *method = run->query->method;
    const struct resumption_sum *today = &build->sum[LAST];
    const struct resumption_sum *before = &build->sum[LAST - 1];
    struct fraction now = rate_of(metric, today, resumption_status(today, method));
    struct fraction then = rate_of(metric, before, resumption_status(before, method));

    if (now.den == 0 || then.den == 0) {
        return (struct result_value){0};
    }
    return (struct result_value){true, fraction_bp(now) - fraction_bp(then)};
}

static struct result_value mean_e12(const struct rates_run *run,
                                    const struct group_build *build, int metric)
{
    int128 sum_e12 = 0;
    int n = 0;

    for (int k = 0; k < RATES_DAYS; k++) {
        const struct resumption_sum *sum = &build->sum[k];
        struct fraction rate =
            rate_of(metric, sum, resumption_status(sum, run->query->method));

        if (rate.den != 0) {
            sum_e12 += fraction_e12(rate);
            n++;
        }
    }
    if (n < MA7_DAYS_MIN) {
        return (struct result_value){0};
    }
    return (struct result_value){true, div_round_128(sum_e12, n)};
}

/* ---- targets and light ---- */

struct aims {
    const struct target *target[METRICS]; /* NULL = none */
};

static struct aims aims_of(const struct rates_run *run, const struct rates_group *group,
                           const char *size_class)
{
    char part[2][ID_LEN] = {"", ""};
    struct target_key key = {.kind = {group->row.group_kind},
                             .id = {group->row.group_id},
                             .n = 1,
                             .size_class = size_class,
                             .day = run->query->day};
    struct aims aims;
    const char *tilde = strchr(group->row.group_id, '~');

    if (group->by.n_axes == 2 && tilde != NULL) {
        (void)text_copy(part[0], sizeof(part[0]), group->row.group_id);
        part[0][tilde - group->row.group_id] = '\0';
        (void)text_copy(part[1], sizeof(part[1]), tilde + 1);
        for (int i = 0; i < 2; i++) {
            key.kind[i + 1] = group_kind_name(group->by.axis[i].kind);
            key.id[i + 1] = part[i];
        }
        key.n = 3;
    }
    for (int i = 0; i < METRICS; i++) {
        aims.target[i] =
            target_find(run->methods->target, run->methods->n_target, &key, metrics[i]);
    }
    return aims;
}

static bool aims_any(const struct aims *aims)
{
    return aims->target[0] != NULL || aims->target[1] != NULL || aims->target[2] != NULL;
}

static enum light light_of_sum(const struct rates_run *run, const struct aims *aims,
                               const struct resumption_sum *sum)
{
    struct light_goal goals[METRICS];
    enum rate_status status = resumption_status(sum, run->query->method);
    int n = 0;

    if (status == RATE_INSUFFICIENT) {
        return LIGHT_NONE;
    }
    for (int i = 0; i < METRICS; i++) {
        if (aims->target[i] != NULL) {
            goals[n++] =
                (struct light_goal){rate_of(i, sum, status), aims->target[i]->value_e6};
        }
    }
    return light_of(goals, n, run->query->method->light_margin_bp);
}

static void hash_aims(struct sha256 *sha, const char *size_class, const struct aims *aims)
{
    if (!aims_any(aims)) {
        return;
    }
    sha256_text(sha, size_class);
    for (int i = 0; i < METRICS; i++) {
        sha256_i64(sha, aims->target[i] == NULL ? -1 : aims->target[i]->value_e6);
    }
}

static struct result_value aim_value(const struct target *target)
{
    if (target == NULL) {
        return (struct result_value){0};
    }
    return (struct result_value){true, target->value_e6};
}

/* The one size class of the scope, or -1 when it is mixed. */
static int single_class(const struct group_build *build)
{
    int found = -1;

    for (int i = 0; i < CLASSES; i++) {
        if (build->part[i].n_scope == 0) {
            continue;
        }
        if (found >= 0) {
            return -1;
        }
        found = i;
    }
    return found;
}

static void fill_light(const struct rates_run *run, struct group_build *build,
                       struct rates_group *group)
{
    int only = single_class(build);
    const char *size_class = only < 0 ? "" : size_class_name((enum size_class)only);
    struct aims own = aims_of(run, group, size_class);
    enum light light = LIGHT_NONE;

    hash_aims(build->sha, size_class, &own);
    if (only >= 0 || aims_any(&own)) {
        group->row.target_resumption_e6 = aim_value(own.target[0]);
        group->row.target_production_e6 = aim_value(own.target[1]);
        light = light_of_sum(run, &own, &build->sum[LAST]);
    } else {
        for (int i = 0; i < CLASSES; i++) {
            const char *part_class = size_class_name((enum size_class)i);
            struct aims aims = aims_of(run, group, part_class);

            hash_aims(build->sha, part_class, &aims);
            light = light_worst(light, light_of_sum(run, &aims, &build->part[i]));
        }
        if (resumption_status(&build->sum[LAST], run->query->method) == RATE_INSUFFICIENT) {
            light = LIGHT_NONE;
        }
    }
    if (light != LIGHT_NONE) {
        (void)text_copy(group->row.light, sizeof(group->row.light), light_name(light));
    }
}

/* ---- the row ---- */

const char *confidence_name(enum confidence confidence)
{
    static const char *const names[] = {"high", "med", "low", "proposal"};

    return names[confidence];
}

static void fill_counts(const struct resumption_sum *sum, struct rate_row *row)
{
    row->n_scope = sum->n_scope;
    row->n_valid = sum->n_valid;
    row->n_resumed = sum->n_resumed;
    row->n_not_resumed = sum->n_not_resumed;
    row->n_produced = sum->n_produced;
    row->n_zero = sum->n_zero;
    row->n_missing = sum->n_missing;
    row->n_no_baseline = sum->n_no_baseline;
    row->n_mixed_source = sum->n_mixed_source;
    row->energy_wh = sum->energy_wh;
    row->baseline_wh = sum->baseline_wh;
    row->resumed_energy_wh = sum->resumed_energy_wh;
    row->resumed_baseline_wh = sum->resumed_baseline_wh;
    row->missing_baseline_wh = sum->missing_baseline_wh;
}

static void fill_rates(const struct rates_run *run, const struct group_build *build,
                       struct rate_row *row)
{
    const struct resumption_method *method = run->query->method;
    const struct resumption_sum *sum = &build->sum[LAST];
    enum rate_status status = resumption_status(sum, method);
    day_t today = day_of_ts(run->query->now_ms, run->query->zone);
    bool preliminary = resumption_is_preliminary(run->query->day, today);

    row->index_e2.has = resumption_index_e2(sum, method, status, &row->index_e2.value);
    row->d1_resumption_bp = change_bp(run, build, 0);
    row->d1_production_bp = change_bp(run, build, 1);
    row->ma7_resumption_e12 = mean_e12(run, build, 0);
    row->ma7_production_e12 = mean_e12(run, build, 1);
    row->suppressed = resumption_suppressed(sum);
    (void)text_copy(row->status, sizeof(row->status), rate_status_name(status));
    (void)text_copy(row->stage, sizeof(row->stage), preliminary ? "preliminary" : "closed");
    (void)text_copy(row->method_confidence, sizeof(row->method_confidence),
                    confidence_name(method->confidence));
}

void rates_fill_group(const struct rates_run *run, struct group_build *build,
                      struct rates_group *ret_group)
{
    const struct rates_query *query = run->query;
    struct rates_group group = {.by = query->by[build->by], .sum = build->sum[LAST]};
    struct rate_row *row = &group.row;

    row->day = query->day;
    (void)text_copy(row->method, sizeof(row->method), query->method->id);
    rates_by_name(&group.by, row->group_kind);
    (void)text_copy(row->group_id, sizeof(row->group_id), build->id);
    rates_group_name(run, &group.by, build->id, false, row->group_name);
    rates_group_name(run, &group.by, build->id, true, group.name_en);
    fill_counts(&build->sum[LAST], row);
    fill_rates(run, build, row);
    fill_light(run, build, &group);

    sha256_text(build->sha, query->method->sha256);
    sha256_i64(build->sha, query->day);
    sha256_text(build->sha, row->group_kind);
    sha256_text(build->sha, row->group_id);
    sha256_final(build->sha, row->inputs_sha256);
    build->sha = NULL;
    group.firm = build->firm;
    group.n_firms = build->n_firms;
    build->firm = NULL;
    *ret_group = group;
}
