#include "daemon/core/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now = {0};

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t real_wall_ms(void *self)
{
    (void)self;
    return read_clock_ms(CLOCK_REALTIME);
}

static int64_t real_mono_ms(void *self)
{
    (void)self;
    return read_clock_ms(CLOCK_MONOTONIC);
}

const struct clock *clock_real(void)
{
    static const struct clock clock = {real_wall_ms, real_mono_ms, NULL};

    return &clock;
}

static int64_t virtual_wall_ms(void *self)
{
    return ((const struct virtual_clock *)self)->wall_ms;
}

static int64_t virtual_mono_ms(void *self)
{
    return ((const struct virtual_clock *)self)->mono_ms;
}

void virtual_clock_init(struct virtual_clock *clock, int64_t wall_ms)
{
    clock->clock = (struct clock){virtual_wall_ms, virtual_mono_ms, clock};
    clock->wall_ms = wall_ms;
    clock->mono_ms = 0;
}

void virtual_clock_advance(struct virtual_clock *clock, int64_t ms)
{
    clock->wall_ms += ms;
    clock->mono_ms += ms;
}

void virtual_clock_step_wall(struct virtual_clock *clock, int64_t delta_ms)
{
    clock->wall_ms += delta_ms;
}
