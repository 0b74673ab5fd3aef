#include "daemon/collect/backoff.h"

#define US_PER_MS        INT64_C(1000)
#define US_PER_S         INT64_C(1000000)
#define CONNECTS_PER_S   8
#define SECONDS_PER_TURN 60

void chance_init(struct chance *chance, uint64_t seed)
{
    chance->state = seed * UINT64_C(0x9e3779b97f4a7c15) ^ UINT64_C(0x2545f4914f6cdd1d);
    if (chance->state == 0) {
        chance->state = 1;
    }
}

uint32_t chance_next(struct chance *chance)
{
    uint64_t x = chance->state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    chance->state = x;
    return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

/* base doubled `times` times, at most max. */
static int64_t doubled(int64_t base_ms, unsigned times, int64_t max_ms)
{
    int64_t ms = base_ms;

    while (times > 0 && ms < max_ms) {
        ms *= 2;
        times--;
    }
    return ms < max_ms ? ms : max_ms;
}

int64_t backoff_connect_ms(unsigned failures, struct chance *chance)
{
    int64_t ms = doubled(BACKOFF_CONNECT_MIN_MS, failures > 0 ? failures - 1 : 0,
                         BACKOFF_CONNECT_MAX_MS);

    return ms / 2 + (int64_t)(chance_next(chance) % (uint64_t)(ms + 1));
}

int64_t backoff_meter_ms(unsigned failures, int64_t interval_ms, int64_t max_ms,
                         struct chance *chance)
{
    if (failures < 2) {
        return 0;
    }
    int64_t base_ms = interval_ms > 1000 ? interval_ms : 1000;
    int64_t ms = doubled(base_ms, failures - 2, max_ms);

    return ms - (int64_t)(chance_next(chance) % (uint64_t)(ms / 10 + 1));
}

int64_t gate_reserve(struct gate *gate, int64_t mono_ms, int n_lines)
{
    int64_t per_s = n_lines / SECONDS_PER_TURN;
    int64_t step_us = US_PER_S / (per_s > CONNECTS_PER_S ? per_s : CONNECTS_PER_S);
    int64_t now_us = mono_ms * US_PER_MS;
    int64_t turn_us = gate->open_mono_us > now_us ? gate->open_mono_us : now_us;

    gate->open_mono_us = turn_us + step_us;
    return turn_us / US_PER_MS > mono_ms ? turn_us / US_PER_MS : 0;
}
