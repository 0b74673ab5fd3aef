/*
 * The clock seam: every program reads time through one of these, so that a virtual run can
 * move it. Wall and monotonic time are different functions on purpose.
 */
#ifndef ECMON_CLOCK_H
#define ECMON_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *self); /* UTC ms */
    int64_t (*mono_ms)(void *self); /* monotonic ms */
    void *self;
};

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->self);
}

static inline int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock->self);
}

#endif
