/* Exact rationals for PT, CT and register units: never a double. */
#ifndef ECMON_RATIO_H
#define ECMON_RATIO_H

#include <stdint.h>

struct ratio {
    int64_t num; /* > 0 */
    int64_t den; /* > 0; num/den in lowest terms */
};

__extension__ typedef __int128 int128;

/* Rounds num/den half away from zero. den > 0. */
static inline int64_t div_round_128(int128 num, int128 den)
{
    int128 half = den / 2;
    int128 rounded = num >= 0 ? (num + half) / den : -((-num + half) / den);

    return (int64_t)rounded;
}

static inline int64_t ratio_apply(int64_t value, struct ratio ratio)
{
    return div_round_128((int128)value * ratio.num, ratio.den);
}

static inline int64_t gcd_i64(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

/* Product in lowest terms; the caller guarantees that it fits (PT and CT are below 10^9).
 */
static inline struct ratio ratio_mul(struct ratio a, struct ratio b)
{
    int64_t g1 = gcd_i64(a.num, b.den);
    int64_t g2 = gcd_i64(b.num, a.den);

    return (struct ratio){(a.num / g1) * (b.num / g2), (a.den / g2) * (b.den / g1)};
}

#endif
