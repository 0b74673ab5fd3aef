/*
 * A virtual run: one thread steps all loops in fixed order until none has work, then moves
 * the clock to the earliest timer. Deterministic. Whoever waits for the real world (a real
 * broker, a child) takes a hold; time stands still while one is held.
 */
#ifndef ECMON_CORE_VIRTUAL_RUN_H
#define ECMON_CORE_VIRTUAL_RUN_H

#include "daemon/core/clock.h"
#include "daemon/core/loop.h"

#define VIRTUAL_RUN_LOOPS_MAX 8

struct virtual_run {
    struct virtual_clock clock;
    struct loop *loop[VIRTUAL_RUN_LOOPS_MAX]; /* borrowed, stepped in this order */
    int n_loops;
    int holds;
};

void virtual_run_init(struct virtual_run *run, int64_t wall_ms);
/* Returns 0 or ERR_FULL. */
int virtual_run_add(struct virtual_run *run, struct loop *loop);
void virtual_run_hold(struct virtual_run *run);
void virtual_run_release(struct virtual_run *run);
/* Runs until the wall clock shows until_wall_ms; all work due before it is done. */
void virtual_run_until(struct virtual_run *run, int64_t until_wall_ms);
/* Steps until no loop has work, without moving the clock. */
void virtual_run_settle(struct virtual_run *run);

#endif
