/*
 * Imports of what meters do not tell: daily energy, output figures, energy use by carrier
 * (interfaces.md §5 "Imports"). All or nothing, every bad row told with line and column.
 */
#ifndef ECMON_SYNC_IMPORT_H
#define ECMON_SYNC_IMPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/conf/problems.h"
#include "daemon/store/store.h"

struct import_options {
    int64_t now_ms;  /* UTC; days after its local day are refused */
    bool dry_run;    /* count and check, change nothing */
    bool skip_bad;   /* import the good rows; refused rows go to rejects */
    FILE *rejects;   /* CSV: the refused rows with "line" and "reason" in front; NULL =
                        nowhere */
    const char *who; /* for v_audit */
};

/* Rows of the file. A row of several figures is changed if one of them is, else new if one
 * is. */
struct import_counts {
    int64_t n_new;
    int64_t n_changed; /* corrections: another value for a known key, revision + 1 */
    int64_t n_same;
    int64_t n_bad;
};

/*
 * Reads file as kind ("energy", "output", "energy-use") and brings it into the store. name
 * is what messages call the file. Works in the transaction that is open, or in one of its
 * own. With dry_run a read-only store will do. Marks what becomes stale: "day" for each day
 * that changed, "carbon" with key "all" for output and energy-use.
 *
 * Returns 0; ERR_NOT_FOUND (no such kind); ERR_DATA (bad rows without skip_bad, or a file
 * that cannot be read as a table: nothing is changed); ERR_IO; ERR_NOMEM; or an error of
 * the store. ret_counts is set with 0 and with ERR_DATA (then only n_bad counts).
 */
int import_run(struct store *store, const char *kind, FILE *file, const char *name,
               const struct import_options *options, struct problems *problems,
               struct import_counts *ret_counts);

/* "12 new, 1 changed, 0 same, 0 bad"; ret_text holds IMPORT_COUNTS_LEN bytes. */
#define IMPORT_COUNTS_LEN 128
void import_counts_text(const struct import_counts *counts, char *ret_text);

/* Column names of a kind for `ecmon template` (labels_zh: the Chinese ones).
 * NULL-terminated; NULL when there is no such kind. */
const char *const *import_columns(const char *kind, bool labels_zh);

#endif
