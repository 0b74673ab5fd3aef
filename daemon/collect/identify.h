/*
 * How plausible is it that a meter has a certain profile (表型识别)? Pure: judges one
 * reading that was taken with it, of all groups, with PT and CT 1.
 */
#ifndef ECMON_COLLECT_IDENTIFY_H
#define ECMON_COLLECT_IDENTIFY_H

#include <stdbool.h>

#include <ecmon/profile.h>
#include <ecmon/sample.h>

/*
 * What is looked at. X(ID, name)
 *
 * VOLTAGE       phase voltages 45-480 V, or 2.9-44 kV of a primary-side medium voltage
 *               meter; line voltages √3 times that
 * FREQUENCY     45-65 Hz
 * POWER_FACTOR  |pf| <= 1
 * POWER_SUM     total power is that of the phases, within 5 % and 30 W
 * VOLT_AMPERE   power is not above voltage times current, and is that times the power
 *               factor within 25 %
 * ENERGY        registers not negative, below 100 GWh
 * VALUES        how many of the profile's values came
 *
 * Bands and weights [P].
 */
#define IDENTIFY_CHECK_LIST(X)                                                             \
    X(VOLTAGE, "voltage")                                                                  \
    X(FREQUENCY, "frequency")                                                              \
    X(POWER_FACTOR, "power factor")                                                        \
    X(POWER_SUM, "sum of phases")                                                          \
    X(VOLT_AMPERE, "voltage x current")                                                    \
    X(ENERGY, "energy")                                                                    \
    X(VALUES, "values")

enum identify_check {
#define IDENTIFY_ENUM(id, name) IDENTIFY_##id,
    IDENTIFY_CHECK_LIST(IDENTIFY_ENUM)
#undef IDENTIFY_ENUM
    IDENTIFY_CHECK_COUNT
};

struct identify_fit {
    int points[IDENTIFY_CHECK_COUNT]; /* for (> 0) or against (< 0) it; 0: tells nothing */
    int total;                        /* their sum: more evidence ranks higher */
    int present;                      /* values that came */
    int expected;                     /* values of the profile */
    bool fits; /* energy came, nothing speaks against it, at most a third is missing */
};

/* sample with present 0: the meter answered nothing of it. */
void identify_judge(const struct profile *profile, const struct sample *sample,
                    struct identify_fit *ret_fit);

/* For qsort-like comparisons: < 0 when a is the better one. */
int identify_compare(const struct identify_fit *a, const struct identify_fit *b);

const char *identify_check_name(enum identify_check check);

#endif
