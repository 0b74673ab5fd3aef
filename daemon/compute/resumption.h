/*
 * Work resumption (电力复工率) and production resumption (电量复产率): the state of one
 * enterprise and the pooled figures of a group. Pure integers; rates are exact fractions,
 * never averaged. Source: interfaces.md §4 "A rate"; formulas of the State Grid portal of
 * 2020 (methods.md §1.2).
 */
#ifndef ECMON_COMPUTE_RESUMPTION_H
#define ECMON_COMPUTE_RESUMPTION_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/method.h>
#include <ecmon/time.h>

/* States of an enterprise on a day; the first that applies. */
enum resumption_state {
    STATE_OUT_OF_SCOPE, /* 不在范围 */
    STATE_NO_BASELINE,  /* 无基准 */
    STATE_MISSING,      /* 数据缺失: never a zero */
    STATE_RESUMED,      /* 复工 */
    STATE_NOT_RESUMED   /* 未复工 */
};

/* "out_of_scope" "no_baseline" "missing" "resumed" "not_resumed" */
const char *resumption_state_name(enum resumption_state state);

/* What the day of one enterprise is judged by. */
struct resumption_day {
    bool in_scope;
    bool has_baseline;
    int64_t baseline_wh;
    bool valid; /* the day's energy is known and valid; zero is valid */
    int64_t energy_wh;
    bool mixed_source; /* energy and baseline from different sources */
};

enum resumption_state resumption_state_of(const struct resumption_day *day,
                                          const struct resumption_method *method);
/* 复产 at firm level: E >= φ·B. Only for days that are resumed or not_resumed. */
bool resumption_produced(const struct resumption_day *day,
                         const struct resumption_method *method);

/* Counts and sums of a group; start from all zero. */
struct resumption_sum {
    int32_t n_scope; /* = n_valid + n_missing + n_no_baseline */
    int32_t n_valid; /* = n_resumed + n_not_resumed */
    int32_t n_resumed;
    int32_t n_not_resumed;
    int32_t n_produced;
    int32_t n_zero; /* valid with E = 0 */
    int32_t n_missing;
    int32_t n_no_baseline;
    int32_t n_mixed_source; /* of the valid */
    int64_t energy_wh;      /* of the valid */
    int64_t baseline_wh;    /* of the valid */
    int64_t resumed_energy_wh;
    int64_t resumed_baseline_wh;
    int64_t missing_baseline_wh;
    int64_t max_energy_wh; /* the greatest consumer's */
};

void resumption_add(struct resumption_sum *sum, const struct resumption_day *day,
                    enum resumption_state state, bool produced);

/* An exact fraction; den 0 means there is none. */
struct fraction {
    int64_t num;
    int64_t den;
};

enum rate_status {
    RATE_INSUFFICIENT, /* 数据不足: no rate is given */
    RATE_PROVISIONAL,  /* 覆盖不足（参考） */
    RATE_FINAL         /* 正式 */
};

const char *rate_status_name(enum rate_status status);

struct fraction resumption_coverage_firms(const struct resumption_sum *sum);
struct fraction resumption_coverage_kwh(const struct resumption_sum *sum);
/* The interval in which the rate lies whatever the missing did. */
struct fraction resumption_low(const struct resumption_sum *sum);
struct fraction resumption_high(const struct resumption_sum *sum);
enum rate_status resumption_status(const struct resumption_sum *sum,
                                   const struct resumption_method *method);

/* Rates; den 0 when the status is insufficient (or nothing resumed, for the third). */
struct fraction resumption_rate(const struct resumption_sum *sum, enum rate_status status);
struct fraction production_rate(const struct resumption_sum *sum, enum rate_status status);
struct fraction production_rate_resumed(const struct resumption_sum *sum,
                                        enum rate_status status);
struct fraction produced_rate(const struct resumption_sum *sum, enum rate_status status);

/*
 * 企业复工电力指数 100·(w·a + (1−w)·b) in hundredths of a point, from the unrounded rates,
 * half away from zero. Returns false (output untouched) when insufficient.
 */
bool resumption_index_e2(const struct resumption_sum *sum,
                         const struct resumption_method *method, enum rate_status status,
                         int64_t *ret_index_e2);

/* Fewer than three valid, or one enterprise with more than 80 % of the energy. */
bool resumption_suppressed(const struct resumption_sum *sum);

/* Rounded percentage in basis points, half away from zero. den > 0. */
int64_t fraction_bp(struct fraction rate);
/* value·10^12, half away from zero. den > 0. */
int64_t fraction_e12(struct fraction rate);

/* Is day still preliminary (初报) on the local day today? Closed from 00:00 of day + 3. */
bool resumption_is_preliminary(day_t day, day_t today);

#endif
