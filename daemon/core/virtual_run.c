#include "daemon/core/virtual_run.h"

#include <time.h>

#include <ecmon/err.h>

void virtual_run_init(struct virtual_run *run, int64_t wall_ms)
{
    virtual_clock_init(&run->clock, wall_ms);
    run->n_loops = 0;
    run->holds = 0;
}

int virtual_run_add(struct virtual_run *run, struct loop *loop)
{
    if (run->n_loops == VIRTUAL_RUN_LOOPS_MAX) {
        return ERR_FULL;
    }
    run->loop[run->n_loops++] = loop;
    return 0;
}

void virtual_run_hold(struct virtual_run *run)
{
    run->holds++;
}

void virtual_run_release(struct virtual_run *run)
{
    run->holds--;
}

static bool step_all(struct virtual_run *run)
{
    bool any = false;

    for (int i = 0; i < run->n_loops; i++) {
        any = loop_step(run->loop[i]) || any;
    }
    return any;
}

void virtual_run_settle(struct virtual_run *run)
{
    const struct timespec pause = {.tv_nsec = 200000};

    while (step_all(run) || run->holds > 0) {
        if (run->holds > 0) {
            (void)nanosleep(&pause,
                            NULL); /* the real world works; its answer wakes a loop */
        }
    }
}

static int64_t next_due_ms(const struct virtual_run *run)
{
    int64_t due_mono_ms = INT64_MAX;

    for (int i = 0; i < run->n_loops; i++) {
        int64_t due = loop_next_due_ms(run->loop[i]);

        due_mono_ms = due < due_mono_ms ? due : due_mono_ms;
    }
    return due_mono_ms;
}

void virtual_run_until(struct virtual_run *run, int64_t until_wall_ms)
{
    for (;;) {
        virtual_run_settle(run);
        int64_t left_ms = until_wall_ms - run->clock.wall_ms;

        if (left_ms <= 0) {
            return;
        }
        int64_t due_mono_ms = next_due_ms(run);
        int64_t step_ms =
            due_mono_ms == INT64_MAX ? left_ms : due_mono_ms - run->clock.mono_ms;

        virtual_clock_advance(&run->clock,
                              step_ms < left_ms ? (step_ms > 0 ? step_ms : 0) : left_ms);
    }
}
