/* Which factor and which benchmark: the fallback and rank rules of interfaces.md §5. */
#include <string.h>

#include "daemon/assess/carbon.h"

static const struct grid_factor *latest_factor(const struct methods *methods,
                                               const char *region, int32_t year,
                                               enum factor_kind kind)
{
    const struct grid_factor *best = NULL;

    for (int i = 0; i < methods->n_grid; i++) {
        const struct grid_factor *factor = &methods->grid[i];

        if (factor->kind == kind && factor->year <= year &&
            strcmp(factor->region, region) == 0 &&
            (best == NULL || factor->year > best->year)) {
            best = factor;
        }
    }
    return best;
}

const struct grid_factor *grid_factor_find(const struct methods *methods,
                                           const char *region, int32_t year,
                                           enum factor_kind kind)
{
    char province[3] = "";
    const char *grid = "";
    const struct grid_factor *factor = NULL;

    (void)text_copy(province, sizeof(province), region);
    for (int i = 0; province[0] != '\0' && i < methods->n_region; i++) {
        const char *code = methods->region[i].code;

        if (strncmp(code, province, 2) == 0 && strspn(code + 2, "0") == strlen(code + 2)) {
            grid = methods->region[i].grid;
        }
    }
    if (province[0] != '\0') {
        factor = latest_factor(methods, province, year, kind);
    }
    if (factor == NULL && grid[0] != '\0') {
        factor = latest_factor(methods, grid, year, kind);
    }
    return factor != NULL ? factor : latest_factor(methods, "CN", year, kind);
}

/* Longer industry, longer region, then the period itself, enclosing, before; then nearer.
 */
struct benchmark_rank {
    size_t industry;
    size_t region;
    int period;
    int32_t nearness;
};

static bool benchmark_rank_of(const struct benchmark *benchmark, const char *industry,
                              const char *region, const struct period *period,
                              struct benchmark_rank *ret_rank)
{
    struct benchmark_rank rank = {strlen(benchmark->industry), strlen(benchmark->region), 0,
                                  0};
    struct period own;

    if (strncmp(benchmark->industry, industry, rank.industry) != 0 ||
        strncmp(benchmark->region, region, rank.region) != 0 ||
        text_to_period(benchmark->period, &own) != 0) {
        return false;
    }
    if (own.first == period->first && own.last == period->last) {
        rank.period = 3;
    } else if (own.first <= period->first && own.last >= period->last) {
        rank.period = 2;
        rank.nearness = own.first - own.last;
    } else if (own.last < period->first) {
        rank.period = 1;
        rank.nearness = own.last;
    } else {
        return false;
    }
    *ret_rank = rank;
    return true;
}

static bool rank_above(const struct benchmark_rank *a, const struct benchmark_rank *b)
{
    if (a->industry != b->industry) {
        return a->industry > b->industry;
    }
    if (a->region != b->region) {
        return a->region > b->region;
    }
    if (a->period != b->period) {
        return a->period > b->period;
    }
    return a->nearness > b->nearness;
}

const struct benchmark *benchmark_find(const struct methods *methods, const char *industry,
                                       const char *region, const struct period *period)
{
    const struct benchmark *best = NULL;
    struct benchmark_rank best_rank = {0};

    for (int i = 0; i < methods->n_benchmark; i++) {
        struct benchmark_rank rank;

        if (benchmark_rank_of(&methods->benchmark[i], industry, region, period, &rank) &&
            (best == NULL || rank_above(&rank, &best_rank))) {
            best = &methods->benchmark[i];
            best_rank = rank;
        }
    }
    return best;
}
