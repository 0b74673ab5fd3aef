/*
 * The register in the store: enterprises, meters, lists and names with their versions.
 * Written by daemon/sync, read by whoever needs what is in force.
 */
#ifndef ECMON_STORE_REGISTRY_H
#define ECMON_STORE_REGISTRY_H

#include <ecmon/enterprise.h>
#include <ecmon/meter.h>

#include "daemon/store/store.h"

/* Meter versions in force at an instant (since <= at < until); at_ms INT64_MIN: every
 * version, by meter_no and since. *ret_meters is the caller's to free. Returns 0 or enum
 * err. */
int registry_meters(struct store *store, int64_t at_ms, struct meter **ret_meters,
                    int *ret_n);
/* Enterprise versions in force on a day; DAY_MIN: every version, by enterprise_no and
 * since. */
int registry_enterprises(struct store *store, day_t at, struct enterprise **ret_enterprises,
                         int *ret_n);
/* Members of lists on a day (DAY_MIN: all), ordered by list and enterprise id. */
int registry_members(struct store *store, day_t at, struct list_member **ret_members,
                     int *ret_n);
int registry_groups(struct store *store, struct group_name **ret_groups, int *ret_n);

/* Numbers and ids. Return ERR_NOT_FOUND when there is none. */
int registry_meter_no(struct store *store, const char *id, uint32_t *ret_meter_no);
int registry_enterprise_no(struct store *store, const char *id,
                           uint32_t *ret_enterprise_no);
int registry_meter_id(struct store *store, uint32_t meter_no, char ret_id[ID_LEN]);
int registry_enterprise_id(struct store *store, uint32_t enterprise_no,
                           char ret_id[ID_LEN]);

/* Writer. A number for an id, made when it is new. */
int registry_meter_ensure(struct store *store, const char *id, uint32_t *ret_meter_no);
int registry_enterprise_ensure(struct store *store, const char *id,
                               uint32_t *ret_enterprise_no);
/* Writer: replaces all versions of one id (the numbers in the structs are filled in by the
 * caller; enterprises, meters). n 0 removes none: closing is a version with an until. */
int registry_enterprise_put(struct store *store, const struct enterprise *versions, int n);
int registry_meter_put(struct store *store, const struct meter *versions, int n);
/* Writer: replaces all members of all lists, all names. ERR_NOT_FOUND: an enterprise
 * without a number. */
int registry_members_put(struct store *store, const struct list_member *members, int n);
int registry_groups_put(struct store *store, const struct group_name *groups, int n);

/* Writer: marks as stale (kind "day" or "rates") each day from first to last, both
 * inclusive, that has energy or rates. */
int registry_mark_days(struct store *store, const char *kind, day_t first, day_t last);

#endif
