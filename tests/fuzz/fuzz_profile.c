/* Bytes as a profile: any outcome, no crash; what is accepted keeps the profile's promises.
 */
#include <stdint.h>
#include <stdlib.h>

#include "daemon/conf/profile.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct profile *profile)
{
    if (profile->n_points < 1 || profile->register_wh.num < 1 ||
        profile->register_wh.den < 1) {
        abort();
    }
    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];

        for (int k = 0; k < point->n_parts; k++) {
            if (point->part[k].scale.num < 1 || point->part[k].scale.den < 1 ||
                point->part[k].address + register_type_words(point->part[k].type) > 65536) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct problems problems;
    struct profile profile;

    problems_init(&problems);
    if (profile_parse_bytes("p.yaml", bytes, n, &problems, &profile) == 0) {
        check(&profile);
        profile_done(&profile);
    }
    problems_done(&problems);
    return 0;
}
