/*
 * Room-internal: one register of one meter as knots in time with the energy proven up to
 * each.
 */
#ifndef ECMON_COMPUTE_INTERVAL_TRACK_H
#define ECMON_COMPUTE_INTERVAL_TRACK_H

#include "daemon/compute/interval.h"

/* How the span from the knot before is known. */
enum knot_span {
    KNOT_FIRST,  /* nothing before */
    KNOT_PROVEN, /* both registers prove it */
    KNOT_BROKEN, /* no energy is proven across it */
    KNOT_JOINED /* no time passes: a version begins with the register known on both sides */
};

struct knot {
    int64_t t_ms;    /* slot, or a version's since */
    int64_t ts_ms;   /* arrival of the reading; t_ms where none was read */
    int64_t units;   /* the register as counted */
    int64_t shown;   /* as read: below units where held */
    int128 level_wh; /* energy proven since the first knot */
    int version;
    enum knot_span span;
    int64_t span_units;   /* PROVEN: units that passed */
    bool rolled;          /* PROVEN, through the range */
    bool exchange;        /* a meter was exchanged between the knot before and this one */
    enum quality quality; /* MEASURED for a reading; of a version's since as interpolated */
};

struct track {
    enum quantity quantity;
    const struct interval_window *window;
    struct interval_result *result; /* takes events */
    struct knot *knot;              /* room for n_readings + 2 × n_versions */
    size_t n;
    size_t at; /* the last knot at or before the newest boundary asked for */
};

/* A boundary of a quarter-hour on a track. */
struct boundary {
    enum quality
        quality;   /* MISSING: inside a break, before the first or after the last knot */
    int64_t units; /* not MISSING */
    int64_t ts_ms; /* arrival when MEASURED, else the boundary */
    bool held;
    int128 level_wh;
    size_t knot; /* the last knot at or before it; n when there is none */
};

/* Fills knots and levels from the window; events go to the result. */
void track_build(struct track *track);

/* The boundary at t_ms. starts: of the quarter-hour that begins there (a version that
 * begins there is the one asked). Ask in ascending order. */
void track_boundary(struct track *track, int64_t t_ms, bool starts, struct boundary *ret);

#endif
