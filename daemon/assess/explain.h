/*
 * Why a figure is what it is: formula with the numbers put in, the method with its document
 * and confidence, every enterprise with energy, source, quality, baseline days and meters.
 * Two forms: text for people (Chinese or English) and one JSON object.
 */
#ifndef ECMON_ASSESS_EXPLAIN_H
#define ECMON_ASSESS_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/method.h>

#include "daemon/assess/carbon.h"
#include "daemon/assess/rates.h"
#include "daemon/core/text.h"
#include "daemon/store/store.h"

/* A day of a baseline window. */
struct explain_day {
    day_t day;
    bool used;
    int64_t energy_wh;
    const char *
        reason; /* why it was dropped: "no_data" "not_valid" "not_a_workday"; NULL = used */
};

struct explain_firm {
    const struct rates_firm *firm; /* of the result */
    struct explain_day *day;       /* owned; the baseline window in order */
    int n_days;
    const struct meter *meter; /* of the explanation; in force that day, by number */
    int n_meters;
};

struct rate_explanation {
    const struct rates_result *result;
    const struct rates_group *group;
    struct baseline_window window;
    struct explain_firm *firm; /* owned; the group's, by id */
    int n_firms;
    struct meter *meter; /* owned; by enterprise */
    int n_meters;
};

/* group is one of the result's. The explanation borrows result. Returns 0 or enum err. */
int explain_rate(struct store *store, const struct methods *methods,
                 const struct zone *zone, const struct rates_result *result,
                 const struct rates_group *group, struct rate_explanation *ret_explanation);
void rate_explanation_done(struct rate_explanation *explanation);

/* Both end with a newline. Errors latch in buffer. */
void explain_rate_text(const struct rate_explanation *explanation, bool english,
                       struct text_buffer *buffer);
void explain_rate_json(const struct rate_explanation *explanation,
                       struct text_buffer *buffer);

/* firm is one of result's. */
void explain_carbon_text(const struct carbon_result *result, const struct carbon_firm *firm,
                         bool english, struct text_buffer *buffer);
void explain_carbon_json(const struct carbon_result *result, const struct carbon_firm *firm,
                         struct text_buffer *buffer);

#endif
