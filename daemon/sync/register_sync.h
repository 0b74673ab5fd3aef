/*
 * Brings the register (档案) in the store in line with the register files, with history:
 * ids that leave the files are closed the day before, versions of the others become those
 * of the files.
 */
#ifndef ECMON_SYNC_REGISTER_SYNC_H
#define ECMON_SYNC_REGISTER_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/time.h>

#include "daemon/conf/register.h"
#include "daemon/store/store.h"

/* Ids that may leave without --allow-removals: max(REMOVALS_FREE, 1 % of the ids in force).
 */
#define REMOVALS_FREE 10

struct register_options {
    bool dry_run;           /* say what would be done, change nothing */
    int64_t allow_removals; /* --allow-removals N; 0 = the free limit alone */
    int64_t now_ms;         /* UTC; "the day before" is before its local day */
    const char *who;        /* for v_audit */
    const struct zone *zone;
};

enum register_change_what {
    REGISTER_ADDED,
    REGISTER_CHANGED,
    REGISTER_CLOSED
};

struct register_change {
    enum register_change_what what;
    char kind[12];       /* "enterprise" "meter" "list" "group" */
    char id[2 * ID_LEN]; /* lists: "list/enterprise"; groups: "kind/id" */
};

struct register_report {
    struct register_change
        *change; /* owned; enterprises, meters, lists, groups, each by id */
    size_t n;
    int n_added;
    int n_changed;
    int n_closed;
    int n_ids;     /* enterprises and meters in force in the store before */
    int n_removed; /* of them, those that leave the files */
    int limit;     /* how many may leave */
};

/*
 * Applies registry to the store: idempotent, audited, and what becomes stale is marked
 * (stale kinds "meter" with key "<meter_no>:<from_ms>", "day", "carbon" with key "all").
 * Works in the transaction that is open, or in one of its own. ret_report is always set and
 * is the caller's to free with register_report_done, whatever is returned: 0; ERR_DATA when
 * n_removed > limit (nothing is changed); or an error of the store.
 */
int register_apply(struct store *writer, const struct registry *registry,
                   const struct register_options *options,
                   struct register_report *ret_report);
void register_report_done(struct register_report *report);

/* "added" "changed" "closed" */
const char *register_change_name(enum register_change_what what);

#endif
