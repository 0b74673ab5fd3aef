#include "daemon/assess/explain.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/store/registry.h"

/* Above this many firms one scan of the window is cheaper than a look-up per firm and day.
 */
#define LOOKUPS_MAX 300

struct loading {
    struct rate_explanation *explanation;
    int *firm_of; /* by enterprise_no: index + 1 */
    uint32_t n_numbers;
};

/* ---- baseline days ---- */

static int open_days(const struct methods *methods, struct rate_explanation *explanation)
{
    const struct baseline_window *window = &explanation->window;
    enum day_filter filter = explanation->result->method->day_filter;
    int n_days = window->last - window->first + 1;

    for (int i = 0; i < explanation->n_firms; i++) {
        struct explain_firm *firm = &explanation->firm[i];

        firm->day = calloc((size_t)n_days, sizeof(*firm->day));
        if (firm->day == NULL) {
            return ERR_NOMEM;
        }
        firm->n_days = n_days;
        for (int k = 0; k < n_days; k++) {
            bool counts = baseline_day_counts(filter, window->first + k, methods->calendar,
                                              methods->n_calendar, NULL);

            firm->day[k].day = window->first + k;
            firm->day[k].reason = counts ? "no_data" : "not_a_workday";
        }
    }
    return 0;
}

static int take_day(void *ctx, const struct energy_input *input)
{
    struct loading *loading = ctx;
    int place = input->enterprise_no < loading->n_numbers
                    ? loading->firm_of[input->enterprise_no]
                    : 0;

    if (place == 0) {
        return 0;
    }
    struct explain_firm *firm = &loading->explanation->firm[place - 1];
    struct explain_day *day = &firm->day[input->day - loading->explanation->window.first];
    day->energy_wh = input->energy_wh;
    if (strcmp(day->reason, "not_a_workday") == 0) {
        return 0;
    }
    if (input->valid) {
        day->used = true;
        day->reason = NULL;
    } else if (input->quality == QUALITY_SUSPECT) {
        day->reason = "suspect";
    } else if (input->has_energy) {
        day->reason = "not_valid";
    }
    return 0;
}

static int load_days(struct store *store, struct loading *loading)
{
    struct rate_explanation *explanation = loading->explanation;
    day_t first = explanation->window.first;
    day_t last = explanation->window.last;
    int err = 0;

    if (explanation->n_firms > LOOKUPS_MAX) {
        return results_energy_each(store, first, last, take_day, loading);
    }
    for (int i = 0; err == 0 && i < explanation->n_firms; i++) {
        err = results_energy_of(store, explanation->firm[i].firm->enterprise->enterprise_no,
                                first, last, take_day, loading);
    }
    return err;
}

/* ---- meters ---- */

static int by_enterprise(const void *a, const void *b)
{
    const struct meter *left = (const struct meter *)a;
    const struct meter *right = (const struct meter *)b;

    if (left->enterprise_no != right->enterprise_no) {
        return left->enterprise_no < right->enterprise_no ? -1 : 1;
    }
    return strcmp(left->id, right->id);
}

static bool enters_energy(enum meter_role role)
{
    return role == METER_ROLE_SUPPLY || role == METER_ROLE_GENERATION ||
           role == METER_ROLE_STORAGE;
}

/* Keeps the versions of the day that enter the energy of one of the firms. */
static int load_meters(struct store *store, const struct zone *zone,
                       struct loading *loading)
{
    struct rate_explanation *explanation = loading->explanation;
    int64_t from_ms = ts_of_day(explanation->result->day, zone);
    int n = 0;
    int err = registry_meters(store, INT64_MIN, &explanation->meter, &n);

    for (int i = 0; err == 0 && i < n; i++) {
        const struct meter *meter = &explanation->meter[i];

        if (meter->since_ms < from_ms + MS_PER_DAY && meter->until_ms > from_ms &&
            enters_energy(meter->role) && meter->enterprise_no < loading->n_numbers &&
            loading->firm_of[meter->enterprise_no] != 0) {
            explanation->meter[explanation->n_meters++] = *meter;
        }
    }
    if (err != 0 || explanation->n_meters == 0) {
        return err;
    }
    qsort(explanation->meter, (size_t)explanation->n_meters, sizeof(*explanation->meter),
          by_enterprise);
    for (int i = 0; i < explanation->n_meters; i++) {
        int place = loading->firm_of[explanation->meter[i].enterprise_no];
        struct explain_firm *firm = &explanation->firm[place - 1];

        firm->meter = firm->n_meters == 0 ? &explanation->meter[i] : firm->meter;
        firm->n_meters++;
    }
    return 0;
}

/* ---- the door ---- */

static int load(struct store *store, const struct methods *methods, const struct zone *zone,
                struct loading *loading)
{
    struct rate_explanation *explanation = loading->explanation;
    const struct rates_result *result = explanation->result;

    explanation->firm =
        calloc((size_t)explanation->n_firms + 1, sizeof(*explanation->firm));
    if (explanation->firm == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < explanation->n_firms; i++) {
        const struct rates_firm *firm = &result->firm[explanation->group->firm[i]];

        explanation->firm[i].firm = firm;
        if (firm->enterprise->enterprise_no >= loading->n_numbers) {
            loading->n_numbers = firm->enterprise->enterprise_no + 1;
        }
    }
    loading->firm_of = calloc((size_t)loading->n_numbers + 1, sizeof(*loading->firm_of));
    if (loading->firm_of == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < explanation->n_firms; i++) {
        loading->firm_of[explanation->firm[i].firm->enterprise->enterprise_no] = i + 1;
    }
    int err = open_days(methods, explanation);
    if (err == 0) {
        err = load_days(store, loading);
    }
    return err == 0 ? load_meters(store, zone, loading) : err;
}

int explain_rate(struct store *store, const struct methods *methods,
                 const struct zone *zone, const struct rates_result *result,
                 const struct rates_group *group, struct rate_explanation *ret_explanation)
{
    struct rate_explanation explanation = {.result = result,
                                           .group = group,
                                           .window = result->window,
                                           .n_firms = group->n_firms};
    struct loading loading = {.explanation = &explanation};
    int err = load(store, methods, zone, &loading);

    free(loading.firm_of);
    if (err != 0) {
        rate_explanation_done(&explanation);
        return err;
    }
    *ret_explanation = explanation;
    return 0;
}

void rate_explanation_done(struct rate_explanation *explanation)
{
    for (int i = 0; explanation->firm != NULL && i < explanation->n_firms; i++) {
        free(explanation->firm[i].day);
    }
    free(explanation->firm);
    free(explanation->meter);
    *explanation = (struct rate_explanation){.n_firms = 0};
}
