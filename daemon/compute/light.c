#include "daemon/compute/light.h"

#include <stddef.h>
#include <string.h>

#include <ecmon/ratio.h>

const char *light_name(enum light light)
{
    static const char *const names[] = {NULL, "green", "yellow", "red"};

    return names[light];
}

/* rate >= target − margin, with everything over 10^6. */
static bool goal_reached(const struct light_goal *goal, int64_t margin_e6)
{
    return (int128)goal->rate.num * 1000000 >=
           (int128)goal->rate.den * (goal->target_e6 - margin_e6);
}

enum light light_of(const struct light_goal *goals, int n, int32_t margin_bp)
{
    int n_met = 0;
    int n_near = 0;

    if (n == 0) {
        return LIGHT_NONE;
    }
    for (int i = 0; i < n; i++) {
        n_met += goal_reached(&goals[i], 0);
        n_near += goal_reached(&goals[i], (int64_t)margin_bp * 100);
    }
    if (n_met == n) {
        return LIGHT_GREEN;
    }
    return n_met > 0 || n_near == n ? LIGHT_YELLOW : LIGHT_RED;
}

enum light light_worst(enum light a, enum light b)
{
    return a > b ? a : b;
}

/* -1: the target is not for this group; 0: for any; 1: for its kind; 2: for itself. */
static int group_rank(const struct target *target, const struct target_key *key)
{
    if (target->group_kind[0] == '\0') {
        return 0;
    }
    for (int i = 0; i < key->n; i++) {
        if (strcmp(target->group_kind, key->kind[i]) != 0) {
            continue;
        }
        if (target->group_id[0] == '\0') {
            return 1;
        }
        if (strcmp(target->group_id, key->id[i]) == 0) {
            return 2;
        }
    }
    return -1;
}

/* How specific, greater is more; -1 when the target does not apply. */
static int target_rank(const struct target *target, const struct target_key *key,
                       const char *metric)
{
    int group = group_rank(target, key);
    bool any_class = target->size_class[0] == '\0';

    if (group < 0 || strcmp(target->metric, metric) != 0) {
        return -1;
    }
    if (key->day < target->since || key->day > target->until) {
        return -1;
    }
    if (!any_class && strcmp(target->size_class, key->size_class) != 0) {
        return -1;
    }
    return group * 2 + (any_class ? 0 : 1);
}

const struct target *target_find(const struct target *targets, int n,
                                 const struct target_key *key, const char *metric)
{
    const struct target *best = NULL;
    int best_rank = -1;

    for (int i = 0; i < n; i++) {
        int rank = target_rank(&targets[i], key, metric);

        if (rank < 0 || rank < best_rank) {
            continue;
        }
        if (rank > best_rank || best == NULL || targets[i].since > best->since) {
            best = &targets[i];
            best_rank = rank;
        }
    }
    return best;
}
