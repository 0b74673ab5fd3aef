/* How long to leave alone what does not answer. Times are monotonic, chance is seeded. */
#ifndef ECMON_COLLECT_BACKOFF_H
#define ECMON_COLLECT_BACKOFF_H

#include <stdint.h>

/* xorshift64*: jitter, not secrets. */
struct chance {
    uint64_t state; /* never 0 */
};

void chance_init(struct chance *chance, uint64_t seed);
uint32_t chance_next(struct chance *chance);

#define BACKOFF_CONNECT_MIN_MS INT64_C(1000)
#define BACKOFF_CONNECT_MAX_MS INT64_C(60000)

/* Pause after the failures-th connect in a row (>= 1): 1 s doubled up to 60 s, times a
 * random factor of 0.5 to 1.5. */
int64_t backoff_connect_ms(unsigned failures, struct chance *chance);

/*
 * Pause before a meter that failed `failures` slots in a row is asked again. The first
 * failure is forgiven: 0. Then the interval (at least 1 s), doubled with every failure up
 * to max_ms; jitter takes up to a tenth off.
 */
int64_t backoff_meter_ms(unsigned failures, int64_t interval_ms, int64_t max_ms,
                         struct chance *chance);

/*
 * A gate that spreads repeated connects of many lines after an outage: at most max(8, lines
 * ÷ 60) a second, so that every line has its turn within a minute.
 */
struct gate {
    int64_t open_mono_us;
};

/* 0: pass now; else the monotonic ms at which the caller has a reserved turn. */
int64_t gate_reserve(struct gate *gate, int64_t mono_ms, int n_lines);

#endif
