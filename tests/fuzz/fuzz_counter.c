/* Any two registers under any rule: never negative, never more than the rule allows. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/compute/counter.h"

struct input {
    int64_t old_units;
    int64_t new_units;
    int64_t dt_ms;
    int64_t range;
    int64_t rated_w;
    int64_t num;
    int64_t den;
};

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct input *in, const struct counter_rule *rule,
                  enum counter_step step, int64_t passed)
{
    int64_t most = counter_most_units(rule, in->dt_ms);
    int128 difference = (int128)in->new_units - in->old_units;

    if (passed < 0 ||
        (passed != 0) != (step == COUNTER_FORWARD || step == COUNTER_ROLLOVER)) {
        abort();
    }
    if (step == COUNTER_FORWARD && passed != difference) {
        abort();
    }
    if ((step == COUNTER_SAME) != (difference == 0)) {
        abort();
    }
    if (step == COUNTER_BACK && (difference >= 0 || difference < -COUNTER_BACK_STEP)) {
        abort();
    }
    if (step == COUNTER_ROLLOVER &&
        (difference >= 0 || passed - difference != rule->range ||
         (most >= 0 && passed > most))) {
        abort();
    }
}

/* NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = {.num = 1, .den = 1};
    int64_t passed = -1;

    memcpy(&in, bytes, n < sizeof(in) ? n : sizeof(in));
    struct counter_rule rule = {in.range, {in.num, in.den}, in.rated_w};
    enum counter_step step =
        counter_difference(&rule, in.old_units, in.new_units, in.dt_ms, &passed);

    check(&in, &rule, step, passed);
    return 0;
}
