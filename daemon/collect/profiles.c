#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/engine.h"

static bool is_same_profile(const struct profile *a, const struct profile *b)
{
    if (strcmp(a->id, b->id) != 0 || strcmp(a->version, b->version) != 0 ||
        a->n_points != b->n_points || a->max_registers != b->max_registers) {
        return false;
    }
    /* The version names the file's content; without one the points are compared. */
    return a->version[0] != '\0' ||
           memcmp(a->point, b->point, (size_t)a->n_points * sizeof(*a->point)) == 0;
}

static bool is_same_ratio(struct ratio a, struct ratio b)
{
    return a.num == b.num && a.den == b.den;
}

/* What turns a value of the quantity into a primary one as it is decoded. */
static struct ratio primary_of(enum quantity quantity, struct ratio pt, struct ratio ct)
{
    switch (quantity_kind(quantity)) {
    case QUANTITY_KIND_POWER:
        return ratio_mul(pt, ct);
    case QUANTITY_KIND_VOLTAGE:
        return pt;
    case QUANTITY_KIND_CURRENT:
        return ct;
    case QUANTITY_KIND_ENERGY:
    case QUANTITY_KIND_PLAIN:
    default:
        return (struct ratio){1, 1};
    }
}

/* What does not fit makes every value too large, and so none. */
static struct ratio multiply(struct ratio a, struct ratio b)
{
    int64_t g1 = gcd_i64(a.num, b.den);
    int64_t g2 = gcd_i64(b.num, a.den);
    int128 num = (int128)(a.num / g1) * (b.num / g2);
    int128 den = (int128)(a.den / g2) * (b.den / g1);

    if (num > INT64_MAX || den > INT64_MAX) {
        return (struct ratio){INT64_MAX, 1};
    }
    return (struct ratio){(int64_t)num, (int64_t)den};
}

static int64_t scale_limit(int64_t limit, struct ratio ratio)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a ratio's den is above 0 */
    int128 scaled = (int128)limit * ratio.num / ratio.den;

    return scaled > INT64_MAX   ? INT64_MAX
           : scaled < INT64_MIN ? INT64_MIN
                                : (int64_t)scaled;
}

/* PT and CT go into the scales: a value is rounded once, on the primary side. */
static void to_primary(struct profile_point *point, struct ratio pt, struct ratio ct)
{
    struct ratio ratio = primary_of(point->quantity, pt, ct);

    for (int i = 0; i < point->n_parts; i++) {
        point->part[i].scale = multiply(point->part[i].scale, ratio);
    }
    point->min = scale_limit(point->min, ratio);
    point->max = scale_limit(point->max, ratio);
}

static void use_free(struct profile_use *use)
{
    if (use != NULL) {
        free(use->profile.point);
        free(use);
    }
}

static struct profile_use *use_new(const struct profile *profile, struct ratio pt,
                                   struct ratio ct)
{
    struct profile_use *use = calloc(1, sizeof(*use));

    if (use == NULL) {
        return NULL;
    }
    size_t n = (size_t)profile->n_points;

    use->pt = pt;
    use->ct = ct;
    use->profile = *profile;
    use->profile.point = calloc(n > 0 ? n : 1, sizeof(*profile->point));
    if (use->profile.point == NULL) {
        use_free(use);
        return NULL;
    }
    if (n > 0) {
        memcpy(use->profile.point, profile->point, n * sizeof(*profile->point));
    }
    for (size_t i = 0; i < n; i++) {
        to_primary(&use->profile.point[i], pt, ct);
    }
    return use;
}

struct profile_use *profile_use_get(struct collect *collect, const struct profile *profile,
                                    struct ratio pt, struct ratio ct)
{
    struct profile_use *fresh = use_new(profile, pt, ct);
    struct profile_use *use = collect->uses;

    while (fresh != NULL && use != NULL &&
           !(is_same_ratio(use->pt, pt) && is_same_ratio(use->ct, ct) &&
             is_same_profile(&use->profile, &fresh->profile))) {
        use = use->next;
    }
    if (fresh == NULL) {
        return NULL;
    }
    if (use == NULL) {
        use = fresh;
        use->next = collect->uses;
        collect->uses = use;
    } else {
        use_free(fresh);
    }
    use->uses++;
    return use;
}

static void plans_free(struct plan *plan)
{
    while (plan != NULL) {
        struct plan *next = plan->next;

        free(plan);
        plan = next;
    }
}

void profile_use_put(struct collect *collect, struct profile_use *use)
{
    if (use == NULL || --use->uses > 0) {
        return;
    }
    struct profile_use **link = &collect->uses;

    while (*link != use) {
        link = &(*link)->next;
    }
    *link = use->next;
    plans_free(use->plans);
    use_free(use);
}

void learnt_free(struct learnt *learnt)
{
    if (learnt != NULL) {
        plans_free(learnt->plans);
        free(learnt);
    }
}

/* Profile points of some groups: how many, and their quantities. */
static int wanted(const struct profile *profile, uint32_t groups, uint32_t *ret_quantities)
{
    uint32_t quantities = 0;
    int n = 0;

    for (int i = 0; i < profile->n_points; i++) {
        enum quantity quantity = profile->point[i].quantity;

        if (((groups >> quantity_group(quantity)) & 1U) != 0 &&
            ((quantities >> quantity) & 1U) == 0) {
            quantities |= 1U << quantity;
            n++;
        }
    }
    *ret_quantities = quantities;
    return n;
}

static uint16_t smaller_limit(uint16_t a, uint16_t b)
{
    if (a == 0 || b == 0) {
        return a == 0 ? b : a;
    }
    return a < b ? a : b;
}

static struct plan *plan_new(const struct unit *unit, uint32_t groups,
                             uint16_t max_registers, int *ret_err)
{
    struct request request[PLAN_REQUESTS_MAX];
    const struct profile *profile = &unit->use->profile;
    struct plan_options options = {
        .unit = unit->unit_id,
        .max_registers = max_registers,
        .groups = groups,
        .gap_registers = unit->line->kind.gap_registers,
    };

    memcpy(options.meter_address, unit->meter_address, METER_ADDRESS_LEN);
    if (unit->learnt != NULL) {
        options.refused_n = (uint32_t)unit->learnt->n_refused;
        options.refused = unit->learnt->refused;
        options.holes_n = (uint32_t)unit->learnt->n_holes;
        options.holes = unit->learnt->hole;
    }
    int n = unit->line->driver->plan(profile, &options, request, PLAN_REQUESTS_MAX);

    if (n < 0) {
        *ret_err = n;
        return NULL;
    }
    struct plan *plan = calloc(1, sizeof(*plan) + (size_t)n * sizeof(request[0]));

    if (plan == NULL) {
        *ret_err = ERR_NOMEM;
        return NULL;
    }
    plan->groups = groups;
    plan->max_registers = max_registers;
    plan->gap_registers = options.gap_registers;
    plan->n = n;
    plan->n_points = wanted(profile, groups, &plan->wanted);
    memcpy(plan->request, request, (size_t)n * sizeof(request[0]));
    return plan;
}

const struct plan *plan_get(struct unit *unit, uint32_t groups, int *ret_err)
{
    struct learnt *learnt = unit->learnt;
    struct plan **list = learnt != NULL ? &learnt->plans : &unit->use->plans;
    uint16_t max_registers = smaller_limit(unit->line->max_registers,
                                           learnt != NULL ? learnt->max_registers : 0);

    for (struct plan *plan = *list; plan != NULL; plan = plan->next) {
        if (plan->groups == groups && plan->max_registers == max_registers &&
            plan->gap_registers == unit->line->kind.gap_registers) {
            return plan;
        }
    }
    struct plan *plan = plan_new(unit, groups, max_registers, ret_err);

    if (plan != NULL) {
        plan->next = *list;
        *list = plan;
    }
    return plan;
}
