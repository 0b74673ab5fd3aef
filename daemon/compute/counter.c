#include "daemon/compute/counter.h"

#include <stdbool.h>

#define MS_PER_HOUR INT64_C(3600000)
/* Past these nothing changes but that 128 bits would overflow: 1 TW, 300 years, 10^12. */
#define MOST_RATED_W INT64_C(1000000000000)
#define MOST_DT_MS   INT64_C(10000000000000)
#define MOST_DEN     INT64_C(1000000000000)

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

int64_t counter_most_units(const struct counter_rule *rule, int64_t dt_ms)
{
    if (rule->rated_w <= 0 || dt_ms <= 0 || rule->register_wh.num <= 0 ||
        rule->register_wh.den <= 0 || rule->register_wh.den > MOST_DEN) {
        return -1;
    }
    int128 most = (int128)12 * at_most(rule->rated_w, MOST_RATED_W) *
                  at_most(dt_ms, MOST_DT_MS) * rule->register_wh.den /
                  ((int128)10 * MS_PER_HOUR * rule->register_wh.num);

    return most > INT64_MAX ? INT64_MAX : (int64_t)most;
}

static bool is_rollover(const struct counter_rule *rule, int64_t old_units,
                        int64_t new_units, int64_t dt_ms)
{
    int64_t range = rule->range;

    if (range <= 0 || new_units < 0 || old_units >= range) {
        return false;
    }
    int64_t most = counter_most_units(rule, dt_ms);

    if (most >= 0) {
        return range - old_units + new_units <= most;
    }
    return old_units >= range - range / 10 && new_units < range / 10;
}

enum counter_step counter_difference(const struct counter_rule *rule, int64_t old_units,
                                     int64_t new_units, int64_t dt_ms, int64_t *ret_units)
{
    int128 difference = (int128)new_units - old_units;

    *ret_units = 0;
    if (difference == 0) {
        return COUNTER_SAME;
    }
    if (difference > INT64_MAX) {
        return COUNTER_RESET;
    }
    if (difference > 0) {
        *ret_units = (int64_t)difference;
        return COUNTER_FORWARD;
    }
    if (difference >= -COUNTER_BACK_STEP) {
        return COUNTER_BACK;
    }
    if (is_rollover(rule, old_units, new_units, dt_ms)) {
        *ret_units = rule->range - old_units + new_units;
        return COUNTER_ROLLOVER;
    }
    return COUNTER_RESET;
}

const char *counter_step_name(enum counter_step step)
{
    static const char *const names[] = {"same", "forward", "rollover", "back", "reset"};

    return names[step];
}
