/* What the files of the register's synchronisation share. Not a door. */
#ifndef ECMON_SYNC_REGISTER_SYNC_PARTS_H
#define ECMON_SYNC_REGISTER_SYNC_PARTS_H

#include <stdbool.h>

#include "daemon/store/registry.h"
#include "daemon/sync/register_sync.h"

/* Versions of one id: n from at on, in the files and in the store (n 0: none there). */
struct id_change {
    enum register_change_what what;
    int file_at;
    int file_n;
    int store_at;
    int store_n;
};

/* What is to be done to the enterprises, or to the meters. */
struct plan {
    struct id_change *change; /* owned */
    int n;
    int cap;
};

struct sync {
    struct store *store;
    const struct registry *file;
    const struct register_options *options;
    struct register_report *report;
    day_t today;
    int64_t today_ms; /* its first instant */

    /* What the store holds, by id and since; owned. */
    struct enterprise *enterprise;
    int n_enterprises;
    struct meter *meter;
    int n_meters;
    struct list_member *member; /* by list, enterprise, since */
    int n_members;
    struct group_name *group;
    int n_groups;

    struct plan enterprises;
    struct plan meters;
    struct list_member *member_after; /* owned: all members as they shall be */
    int n_members_after;
    bool members_change;
    day_t members_first; /* days whose lists change */
    day_t members_last;
    bool groups_change;
};

/* Reads the store and fills the plans and the report. */
int register_plan(struct sync *sync);
/* Lists and names; register_plan calls it. */
int register_plan_groups(struct sync *sync);
/* Adds a line to the report. id2 may be NULL. */
int register_report_add(struct sync *sync, enum register_change_what what, const char *kind,
                        const char *id, const char *id2);
/* Carries the plans out, in an open transaction. */
int register_carry_out(struct sync *sync);
void sync_done(struct sync *sync);

/* Closing an id that left: its versions end before today. */
void enterprise_close(const struct sync *sync, struct enterprise *version);
void meter_close(const struct sync *sync, struct meter *version);

#endif
