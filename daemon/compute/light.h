/* Targets and lights (红黄绿灯): interfaces.md §4 "Lights". Pure. */
#ifndef ECMON_COMPUTE_LIGHT_H
#define ECMON_COMPUTE_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/enterprise.h>
#include <ecmon/method.h>

#include "daemon/compute/resumption.h"

/* In rising order of trouble. */
enum light {
    LIGHT_NONE,
    LIGHT_GREEN,
    LIGHT_YELLOW,
    LIGHT_RED
};

/* "green" "yellow" "red"; NULL for NONE. */
const char *light_name(enum light light);

/* A rate and what it should reach. */
struct light_goal {
    struct fraction rate; /* den > 0 */
    int64_t target_e6;
};

/*
 * Green: every goal is met, unrounded, with >=. Yellow: one is, or all are within margin_bp
 * hundredths of a point below. Else red. NONE without goals.
 */
enum light light_of(const struct light_goal *goals, int n, int32_t margin_bp);
enum light light_worst(enum light a, enum light b);

/* Whom a target is asked for. A crossed group has two parts. */
struct target_key {
    const char *kind[3]; /* "industry"; whole and, when crossed, its parts */
    const char *id[3];
    int n;
    const char *size_class; /* "above"; "" = the row is of no single class */
    day_t day;
};

/*
 * The most specific target in force for a metric: a named group before a kind of group
 * before any, then a named size class before any, then the later since. NULL when there is
 * none.
 */
const struct target *target_find(const struct target *targets, int n,
                                 const struct target_key *key, const char *metric);

#endif
