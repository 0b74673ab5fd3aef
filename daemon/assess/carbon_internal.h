/* What the files of carbon share while one period is computed. Not a door. */
#ifndef ECMON_ASSESS_CARBON_INTERNAL_H
#define ECMON_ASSESS_CARBON_INTERNAL_H

#include <ecmon/enterprise.h>

#include "daemon/assess/carbon.h"
#include "daemon/core/sha256.h"

/* Imported rows of one item or carrier. */
struct carbon_series {
    char name[32];
    struct period_value *value; /* owned */
    int n;
    int cap;
};

struct carbon_inputs {
    const struct enterprise *version; /* the last one in force in the period; NULL = none */
    day_t from;                       /* in force in the period */
    day_t to;
    int32_t n_days; /* of those, passed */
    int32_t n_valid_days;
    int64_t import_wh; /* of the valid days */
    int64_t export_wh;
    int64_t generation_wh;
    struct sha256 *sha;           /* owned; has taken the days */
    struct carbon_series output;  /* value added */
    struct carbon_series *series; /* owned; carriers, by name */
    int n_series;
    int cap_series;
};

struct carbon_run {
    struct store *store;
    const struct methods *methods;
    const struct carbon_query *query;
    day_t today;
    struct enterprise *enterprise; /* owned; every version */
    int n_enterprises;
    struct carbon_inputs *inputs; /* owned; by enterprise_no */
    uint32_t n_numbers;
};

/* carbon_inputs.c */
int carbon_inputs_load(struct carbon_run *run);
void carbon_inputs_done(struct carbon_run *run);
/* The figure of a carrier; NONE when there are no rows. */
enum period_figure carbon_series_figure(const struct carbon_inputs *inputs,
                                        const char *name, const struct period *period,
                                        int64_t *ret_value_e6);

#endif
