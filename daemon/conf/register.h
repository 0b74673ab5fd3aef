/*
 * The register (档案) as its CSV files say: enterprises, meters, lists, groups. Read and
 * checked here; brought into the store by daemon/sync. ("register" is a word of C: struct
 * registry.)
 */
#ifndef ECMON_CONF_REGISTER_H
#define ECMON_CONF_REGISTER_H

#include <stdbool.h>

#include <ecmon/enterprise.h>
#include <ecmon/meter.h>

#include "daemon/conf/conf.h"
#include "daemon/conf/profile.h"

/* Open ends. Enterprises and list members: DAY_MIN, DAY_MAX. Meters: since_ms 0 (the
 * beginning of 1970 is before every reading), until_ms TS_MS_OPEN. */

/* Where a row stands, for messages that are found later. */
struct row_place {
    long line;
    int parent_column; /* of meters */
    int address_column;
    int endpoint_column;
};

struct registry {
    struct enterprise *enterprise; /* owned; versions of one id together, by since */
    struct row_place *enterprise_place;
    int n_enterprises;
    struct meter *
        meter; /* owned; versions of one id together, by since; register_wh and range set */
    struct row_place *meter_place;
    int n_meters;
    struct list_member *member;
    int n_members;
    struct group_name *group;
    int n_groups;
    char sha256[65]; /* of the files' bytes */
};

/* Reads every register file of the configuration. Problems are added with line and column.
 * Returns 0, ERR_DATA, ERR_IO, ERR_NOMEM. */
int registry_load(const struct conf *conf, const struct profiles *profiles,
                  struct problems *problems, struct registry *ret_registry);
void registry_done(struct registry *registry);
/* Frees the rows, which take much room, and keeps the hash: for when the store has them. */
void registry_drop_rows(struct registry *registry);

/* Are two versions the same but for the numbers of the store? Ids are compared. */
bool enterprise_same(const struct enterprise *a, const struct enterprise *b);
bool meter_same(const struct meter *a, const struct meter *b);
bool member_same(const struct list_member *a, const struct list_member *b);
bool group_name_same(const struct group_name *a, const struct group_name *b);

/* Column names of a kind ("enterprises", "meters", "lists", "groups"; labels_zh: the
 * Chinese ones), for `ecmon template`. NULL-terminated; NULL when there is no such kind. */
const char *const *registry_columns(const char *kind, bool labels_zh);

#endif
