/* The real clock, and one that stands still until it is moved. */
#ifndef ECMON_CORE_CLOCK_H
#define ECMON_CORE_CLOCK_H

#include <stdint.h>

#include <ecmon/clock.h>

/* CLOCK_REALTIME and CLOCK_MONOTONIC. The object is static. */
const struct clock *clock_real(void);

/* A virtual clock: wall and monotonic move together, unless the wall is stepped. */
struct virtual_clock {
    struct clock clock;
    int64_t wall_ms;
    int64_t mono_ms;
};

void virtual_clock_init(struct virtual_clock *clock, int64_t wall_ms);
void virtual_clock_advance(struct virtual_clock *clock, int64_t ms);
/* A step of the wall clock alone, as ntp or an administrator makes it. */
void virtual_clock_step_wall(struct virtual_clock *clock, int64_t delta_ms);

#endif
