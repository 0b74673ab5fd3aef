#include "daemon/compute/resumption.h"

#include <ecmon/ratio.h>

enum {
    E6 = 1000000
};

const char *resumption_state_name(enum resumption_state state)
{
    static const char *const names[] = {"out_of_scope", "no_baseline", "missing", "resumed",
                                        "not_resumed"};

    return names[state];
}

const char *rate_status_name(enum rate_status status)
{
    static const char *const names[] = {"insufficient", "provisional", "final"};

    return names[status];
}

enum resumption_state resumption_state_of(const struct resumption_day *day,
                                          const struct resumption_method *method)
{
    if (!day->in_scope) {
        return STATE_OUT_OF_SCOPE;
    }
    if (!day->has_baseline) {
        return STATE_NO_BASELINE;
    }
    if (!day->valid) {
        return STATE_MISSING;
    }

    int128 energy = (int128)day->energy_wh * E6;
    int128 limit = (int128)day->baseline_wh * method->threshold_e6;
    bool resumed = method->threshold_inclusive ? energy >= limit : energy > limit;

    return resumed ? STATE_RESUMED : STATE_NOT_RESUMED;
}

bool resumption_produced(const struct resumption_day *day,
                         const struct resumption_method *method)
{
    return (int128)day->energy_wh * E6 >= (int128)day->baseline_wh * method->produced_e6;
}

static void sum_valid(struct resumption_sum *sum, const struct resumption_day *day,
                      bool resumed, bool produced)
{
    sum->n_valid++;
    sum->n_zero += day->energy_wh == 0;
    sum->n_mixed_source += day->mixed_source;
    sum->n_produced += produced;
    sum->energy_wh += day->energy_wh;
    sum->baseline_wh += day->baseline_wh;
    if (day->energy_wh > sum->max_energy_wh) {
        sum->max_energy_wh = day->energy_wh;
    }
    if (resumed) {
        sum->n_resumed++;
        sum->resumed_energy_wh += day->energy_wh;
        sum->resumed_baseline_wh += day->baseline_wh;
    } else {
        sum->n_not_resumed++;
    }
}

void resumption_add(struct resumption_sum *sum, const struct resumption_day *day,
                    enum resumption_state state, bool produced)
{
    if (state == STATE_OUT_OF_SCOPE) {
        return;
    }
    sum->n_scope++;
    if (state == STATE_NO_BASELINE) {
        sum->n_no_baseline++;
    } else if (state == STATE_MISSING) {
        sum->n_missing++;
        sum->missing_baseline_wh += day->baseline_wh;
    } else {
        sum_valid(sum, day, state == STATE_RESUMED, produced);
    }
}

struct fraction resumption_coverage_firms(const struct resumption_sum *sum)
{
    return (struct fraction){sum->n_valid, (int64_t)sum->n_valid + sum->n_missing};
}

struct fraction resumption_coverage_kwh(const struct resumption_sum *sum)
{
    return (struct fraction){sum->baseline_wh, sum->baseline_wh + sum->missing_baseline_wh};
}

struct fraction resumption_low(const struct resumption_sum *sum)
{
    return (struct fraction){sum->n_resumed, (int64_t)sum->n_valid + sum->n_missing};
}

struct fraction resumption_high(const struct resumption_sum *sum)
{
    return (struct fraction){(int64_t)sum->n_resumed + sum->n_missing,
                             (int64_t)sum->n_valid + sum->n_missing};
}

enum rate_status resumption_status(const struct resumption_sum *sum,
                                   const struct resumption_method *method)
{
    struct fraction coverage = resumption_coverage_firms(sum);
    int64_t known_e6 = coverage.num * E6;

    if (sum->n_valid == 0 || known_e6 < coverage.den * method->insufficient_coverage_e6) {
        return RATE_INSUFFICIENT;
    }
    return known_e6 < coverage.den * method->final_coverage_e6 ? RATE_PROVISIONAL
                                                               : RATE_FINAL;
}

static struct fraction when_given(enum rate_status status, int64_t num, int64_t den)
{
    if (status == RATE_INSUFFICIENT) {
        return (struct fraction){0, 0};
    }
    return (struct fraction){num, den};
}

struct fraction resumption_rate(const struct resumption_sum *sum, enum rate_status status)
{
    return when_given(status, sum->n_resumed, sum->n_valid);
}

struct fraction production_rate(const struct resumption_sum *sum, enum rate_status status)
{
    return when_given(status, sum->energy_wh, sum->baseline_wh);
}

struct fraction production_rate_resumed(const struct resumption_sum *sum,
                                        enum rate_status status)
{
    return when_given(status, sum->resumed_energy_wh, sum->resumed_baseline_wh);
}

struct fraction produced_rate(const struct resumption_sum *sum, enum rate_status status)
{
    return when_given(status, sum->n_produced, sum->n_valid);
}

bool resumption_index_e2(const struct resumption_sum *sum,
                         const struct resumption_method *method, enum rate_status status,
                         int64_t *ret_index_e2)
{
    if (status == RATE_INSUFFICIENT || sum->baseline_wh <= 0) {
        return false;
    }

    /* 10^4·(w·r/n + (1−w)·E/B), over one denominator so that nothing is rounded on the way.
     */
    int128 firms = (int128)sum->n_resumed * sum->baseline_wh * method->weight_e6;
    int128 energy = (int128)sum->energy_wh * sum->n_valid * (E6 - method->weight_e6);
    int128 den = (int128)sum->baseline_wh * sum->n_valid * E6;

    *ret_index_e2 = div_round_128((firms + energy) * 10000, den);
    return true;
}

bool resumption_suppressed(const struct resumption_sum *sum)
{
    if (sum->n_valid < 3) {
        return true;
    }
    return (int128)sum->max_energy_wh * 100 > (int128)sum->energy_wh * 80 &&
           sum->max_energy_wh > 0;
}

int64_t fraction_bp(struct fraction rate)
{
    return div_round_128((int128)rate.num * 10000, rate.den);
}

int64_t fraction_e12(struct fraction rate)
{
    return div_round_128((int128)rate.num * INT64_C(1000000000000), rate.den);
}

bool resumption_is_preliminary(day_t day, day_t today)
{
    return today < day + 3;
}
