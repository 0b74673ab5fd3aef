/* Every profile tried on one meter, for `ecmon identify` and `ecmon scan`. */
#ifndef ECMON_CLI_CANDIDATES_H
#define ECMON_CLI_CANDIDATES_H

#include "daemon/cli/cli.h"
#include "daemon/collect/identify.h"

struct candidate {
    const struct profile *profile;
    struct sample sample; /* with PT and CT 1 */
    struct identify_fit fit;
    bool answered; /* values or an exception came */
};

struct candidates {
    struct candidate *candidate; /* owned, the most plausible first */
    int n;
    char unreachable[SAMPLE_DETAIL_LEN + 16]; /* why the line cannot be used, else "" */
};

/* Does a profile speak what the line speaks? */
bool candidate_suits(const struct profile *profile, const char *endpoint);

/* endpoint and address are canonical. 0, or the exit code after printing why. */
int candidates_read(const struct cli *cli, const char *endpoint, const char *address,
                    int64_t timeout_ms, struct candidates *ret_candidates);
void candidates_done(struct candidates *candidates);

/* Cells of voltage_v, frequency_hz, power_w, energy_import_wh. */
#define CANDIDATE_FIGURES 4
void candidate_figures(const struct candidate *candidate, struct cell *ret_cells);

#endif
