/* Writing the register into the store. */
#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/registry.h"
#include "daemon/store/registry_parts.h"

int registry_meter_ensure(struct store *store, const char *id, uint32_t *ret_meter_no)
{
    int err = registry_meter_no(store, id, ret_meter_no);

    if (err != ERR_NOT_FOUND) {
        return err;
    }
    sqlite3_stmt *stmt = db_prepare(store, "INSERT INTO meter (id) VALUES (?1)");

    db_bind_text(stmt, 1, id);
    err = db_run(store, stmt);
    return err != 0 ? err : registry_meter_no(store, id, ret_meter_no);
}

int registry_enterprise_ensure(struct store *store, const char *id,
                               uint32_t *ret_enterprise_no)
{
    int err = registry_enterprise_no(store, id, ret_enterprise_no);

    if (err != ERR_NOT_FOUND) {
        return err;
    }
    sqlite3_stmt *stmt = db_prepare(store, "INSERT INTO enterprise (id) VALUES (?1)");

    db_bind_text(stmt, 1, id);
    err = db_run(store, stmt);
    return err != 0 ? err : registry_enterprise_no(store, id, ret_enterprise_no);
}

static int insert_enterprise(struct store *store, const struct enterprise *row)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO enterprise_version (enterprise_no, since_day, until_day, name, "
               "short_name, uscc, size_class, industry, region, town, park, voltage_v, "
               "area_mu_e4, land_kind, env_class, green_stars, energy_class, price_class, "
               "commissioning_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
               "?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)");

    (void)sqlite3_bind_int64(stmt, 1, row->enterprise_no);
    registry_bind_day(stmt, 2, row->since);
    registry_bind_day(stmt, 3, row->until);
    db_bind_text(stmt, 4, row->name);
    db_bind_text(stmt, 5, row->short_name);
    db_bind_text(stmt, 6, row->uscc);
    db_bind_text(stmt, 7, size_class_name(row->size_class));
    db_bind_text(stmt, 8, row->industry);
    db_bind_text(stmt, 9, row->region);
    db_bind_text(stmt, 10, row->town);
    db_bind_text(stmt, 11, row->park);
    db_bind_optional(stmt, 12, row->voltage_v > 0, row->voltage_v);
    db_bind_optional(stmt, 13, row->area_mu_e4 >= 0, row->area_mu_e4);
    db_bind_text(stmt, 14, row->land_kind);
    db_bind_text(stmt, 15, row->env_class);
    db_bind_optional(stmt, 16, row->green_stars >= 0, row->green_stars);
    db_bind_text(stmt, 17, row->energy_class);
    db_bind_text(stmt, 18, row->price_class);
    if (row->commissioning_until > DAY_MIN) {
        registry_bind_day(stmt, 19, row->commissioning_until);
    }
    return db_run(store, stmt);
}

int registry_enterprise_put(struct store *store, const struct enterprise *versions, int n)
{
    if (n == 0) {
        return 0;
    }
    sqlite3_stmt *stmt =
        db_prepare(store, "DELETE FROM enterprise_version WHERE enterprise_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, versions[0].enterprise_no);
    int err = db_run(store, stmt);

    for (int i = 0; i < n && err == 0; i++) {
        err = insert_enterprise(store, &versions[i]);
    }
    return err;
}

static void bind_ratio(sqlite3_stmt *stmt, int index, struct ratio ratio)
{
    (void)sqlite3_bind_int64(stmt, index, ratio.num);
    (void)sqlite3_bind_int64(stmt, index + 1, ratio.den);
}

static int insert_meter(struct store *store, const struct meter *row)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT INTO meter_version (meter_no, since_ms, until_ms, enterprise_no, "
        "parent_no, "
        "account, name, serial, endpoint, address, profile, site, pt_num, pt_den, ct_num, "
        "ct_den, register_wh_num, register_wh_den, register_range, initial, "
        "previous_final, "
        "role, loss_bp, rated_w, energy_interval_s, power_interval_s, voltage_interval_s, "
        "current_interval_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
        "?13, "
        "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)");

    (void)sqlite3_bind_int64(stmt, 1, row->meter_no);
    (void)sqlite3_bind_int64(stmt, 2, row->since_ms);
    (void)sqlite3_bind_int64(stmt, 3, row->until_ms);
    (void)sqlite3_bind_int64(stmt, 4, row->enterprise_no);
    db_bind_optional(stmt, 5, row->parent_no != 0, row->parent_no);
    db_bind_text(stmt, 6, row->account);
    db_bind_text(stmt, 7, row->name);
    db_bind_text(stmt, 8, row->serial);
    db_bind_text(stmt, 9, row->endpoint);
    db_bind_text(stmt, 10, row->address);
    db_bind_text(stmt, 11, row->profile);
    db_bind_text(stmt, 12, row->site);
    bind_ratio(stmt, 13, row->pt);
    bind_ratio(stmt, 15, row->ct);
    bind_ratio(stmt, 17, row->register_wh);
    db_bind_optional(stmt, 19, row->register_range > 0, row->register_range);
    db_bind_optional(stmt, 20, row->initial >= 0, row->initial);
    db_bind_optional(stmt, 21, row->previous_final >= 0, row->previous_final);
    db_bind_text(stmt, 22, meter_role_name(row->role));
    (void)sqlite3_bind_int64(stmt, 23, row->loss_bp);
    db_bind_optional(stmt, 24, row->rated_w > 0, row->rated_w);
    for (int i = 0; i < QUANTITY_GROUP_COUNT; i++) {
        (void)sqlite3_bind_int64(stmt, 25 + i, row->interval_s[i]);
    }
    return db_run(store, stmt);
}

int registry_meter_put(struct store *store, const struct meter *versions, int n)
{
    if (n == 0) {
        return 0;
    }
    sqlite3_stmt *stmt = db_prepare(store, "DELETE FROM meter_version WHERE meter_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, versions[0].meter_no);
    int err = db_run(store, stmt);

    for (int i = 0; i < n && err == 0; i++) {
        err = insert_meter(store, &versions[i]);
    }
    return err;
}

static int insert_member(struct store *store, const struct list_member *row)
{
    uint32_t enterprise_no = 0;
    int err = registry_enterprise_no(store, row->enterprise, &enterprise_no);

    if (err != 0) {
        return err;
    }
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO list_member (list, enterprise_no, since_day, until_day, "
               "role, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    db_bind_text(stmt, 1, row->list);
    (void)sqlite3_bind_int64(stmt, 2, enterprise_no);
    registry_bind_day(stmt, 3, row->since);
    registry_bind_day(stmt, 4, row->until);
    db_bind_text(stmt, 5, row->role);
    db_bind_text(stmt, 6, row->note);
    return db_run(store, stmt);
}

int registry_members_put(struct store *store, const struct list_member *members, int n)
{
    int err = db_exec(store, "DELETE FROM list_member");

    for (int i = 0; i < n && err == 0; i++) {
        err = insert_member(store, &members[i]);
    }
    return err;
}

static int insert_group(struct store *store, const struct group_name *row)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "INSERT INTO group_name (kind, id, name, name_en, parent) "
                          "VALUES (?1, ?2, ?3, ?4, ?5)");

    db_bind_text(stmt, 1, row->kind);
    db_bind_text(stmt, 2, row->id);
    db_bind_text(stmt, 3, row->name);
    db_bind_text(stmt, 4, row->name_en);
    db_bind_text(stmt, 5, row->parent);
    return db_run(store, stmt);
}

int registry_groups_put(struct store *store, const struct group_name *groups, int n)
{
    int err = db_exec(store, "DELETE FROM group_name");

    for (int i = 0; i < n && err == 0; i++) {
        err = insert_group(store, &groups[i]);
    }
    return err;
}

static int mark(struct store *store, sqlite3_stmt *stmt, const char *kind, day_t first,
                day_t last)
{
    db_bind_text(stmt, 1, kind);
    registry_bind_day(stmt, 2, first);
    registry_bind_day(stmt, 3, last);
    return db_run(store, stmt);
}

/* Both statements hop from day to day in the index instead of reading every row. */
int registry_mark_days(struct store *store, const char *kind, day_t first, day_t last)
{
    sqlite3_stmt *energy = db_prepare(
        store,
        "WITH RECURSIVE d(day) AS (SELECT min(day) FROM energy_day WHERE day >= ?2 "
        "UNION ALL SELECT (SELECT min(day) FROM energy_day WHERE day > d.day) FROM d "
        "WHERE d.day < ?3) "
        "INSERT OR IGNORE INTO stale (kind, key) SELECT ?1, day FROM d WHERE day <= ?3");
    int err = mark(store, energy, kind, first, last);

    if (err != 0) {
        return err;
    }
    sqlite3_stmt *rates = db_prepare(
        store,
        "WITH RECURSIVE d(day) AS (SELECT min(day) FROM rate_day WHERE newest = 1 AND "
        "day >= ?2 UNION ALL SELECT (SELECT min(day) FROM rate_day WHERE newest = 1 AND "
        "day > d.day) FROM d WHERE d.day < ?3) "
        "INSERT OR IGNORE INTO stale (kind, key) SELECT ?1, day FROM d WHERE day <= ?3");

    return mark(store, rates, kind, first, last);
}
