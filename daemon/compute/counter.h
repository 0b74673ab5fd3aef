/*
 * Two readings of one energy register and what they prove together: energy, a rollover, a
 * reset, or a small step back. Facts about registers: rollover, resets, float registers
 * that flicker by one digit are collected in the makers' manuals behind config/profiles.
 */
#ifndef ECMON_COMPUTE_COUNTER_H
#define ECMON_COMPUTE_COUNTER_H

#include <stdint.h>

#include <ecmon/ratio.h>

/* A register may stand this many of its least digits below the one before without being
 * reset: rounded floats and sums of two registers do. Nothing is counted until it is past
 * again. */
#define COUNTER_BACK_STEP 1

enum counter_step {
    COUNTER_SAME,
    COUNTER_FORWARD,
    COUNTER_ROLLOVER, /* passed its range once (翻转) */
    COUNTER_BACK,     /* within COUNTER_BACK_STEP: as if the register had stood still */
    COUNTER_RESET     /* went down: no energy is proven across it (清零) */
};

struct counter_rule {
    int64_t range;            /* register units at which it rolls over to 0; 0 = unknown */
    struct ratio register_wh; /* Wh per register unit */
    int64_t rated_w;          /* greatest power of what is metered; 0 = unknown */
};

/*
 * The step from old to new, dt_ms apart. A decrease is a rollover when both lie in 0 ..
 * range-1 and the energy is plausible: at most 1.2 × rated power × time; without a rated
 * power (or with dt_ms <= 0) when old lies in the last tenth of the range and new in the
 * first. Any other decrease past the tolerance is a reset, and so is a difference beyond
 * int64. ret_units: register units that passed, >= 0; 0 for SAME, BACK and RESET.
 */
enum counter_step counter_difference(const struct counter_rule *rule, int64_t old_units,
                                     int64_t new_units, int64_t dt_ms, int64_t *ret_units);

/* Most register units that 1.2 × rated_w moves in dt_ms; -1 when unknown. */
int64_t counter_most_units(const struct counter_rule *rule, int64_t dt_ms);

/* "rollover", "reset" …; words of events. */
const char *counter_step_name(enum counter_step step);

#endif
