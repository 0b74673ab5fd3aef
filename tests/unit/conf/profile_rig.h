/* Shipped profiles against register images made by hand. */
#ifndef ECMON_TESTS_PROFILE_RIG_H
#define ECMON_TESTS_PROFILE_RIG_H

#include <ecmon/profile.h>
#include <ecmon/sample.h>

#include "tests/support/test.h"

#define EVERYTHING ((1u << QUANTITY_GROUP_COUNT) - 1)

/* What stands in a meter: first register and the words from there. */
struct registers {
    uint16_t first;
    const char *hex; /* "4366 3334"; NULL ends the list */
};

/* One meter's registers, and what is to be made of them. Registers not listed hold 0. */
struct vector {
    const char *name; /* NULL: the profile's */
    const char *profile;
    int n_reads;   /* planned with gaps of 30 registers */
    int n_missing; /* points without a value */
    struct registers registers[32];
    const char *values; /* every value that comes: "power_w 25001 pf_e3 -962 …", energies in
                           register units */
};

#define VECTORS_MAX 24

/* The shipped file config/profiles/<id>.yaml; caller calls profile_done. */
struct profile rig_load(const char *id);
struct profile rig_load_path(const char *path);
/* Fills the meter's registers; NULL hex ends the list. */
void rig_fill(const struct registers *registers);
/* Reads them as the engine would. Returns the number of reads. */
int rig_read(const struct profile *profile, struct sample *sample, int *ret_missing);
/* Fails unless the sample holds exactly these values. */
void rig_compare(const struct sample *sample, const char *values);

/* One cmocka test per vector, up to VECTORS_MAX. Returns the number of failures. */
int rig_run(struct vector *vectors, size_t n);

#endif
