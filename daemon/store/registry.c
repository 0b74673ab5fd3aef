/* Reading the register from the store. */
#include "daemon/store/registry.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/registry_parts.h"

void registry_bind_day(sqlite3_stmt *stmt, int index, day_t day)
{
    char text[DAY_TEXT_LEN] = DAY_TEXT_OPEN_SINCE;

    if (day > DAY_MIN) {
        text_from_day(day, text);
    }
    (void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

day_t registry_column_day(sqlite3_stmt *stmt, int index)
{
    const char *text = (const char *)sqlite3_column_text(stmt, index);
    day_t day = DAY_MIN;

    if (text != NULL) {
        (void)text_to_day(text, &day); /* DAY_TEXT_OPEN_SINCE is no day: DAY_MIN stays */
    }
    return day;
}

/* A growing array of one kind of row. */
struct list {
    char *bytes;
    size_t size; /* of one row */
    int n;
    int cap;
};

static void *list_add(struct list *list)
{
    if (list->n == list->cap) {
        int cap = list->cap == 0 ? 64 : list->cap * 2;
        char *grown = realloc(list->bytes, (size_t)cap * list->size);

        if (grown == NULL) {
            return NULL;
        }
        list->bytes = grown;
        list->cap = cap;
    }
    void *row = list->bytes + (size_t)list->n++ * list->size;

    memset(row, 0, list->size);
    return row;
}

/* Every row of stmt through fill; on failure nothing is kept. */
static int list_fill(struct store *store, sqlite3_stmt *stmt, struct list *list,
                     void (*fill)(sqlite3_stmt *stmt, void *row))
{
    int step = db_step(store, stmt);

    while (step == 1) {
        void *row = list_add(list);

        if (row == NULL) {
            (void)sqlite3_reset(stmt);
            step = ERR_NOMEM;
            break;
        }
        fill(stmt, row);
        step = db_step(store, stmt);
    }
    if (step == 0 && list->bytes == NULL) {
        list->bytes = calloc(1, list->size); /* none is an array too */
        step = list->bytes == NULL ? ERR_NOMEM : 0;
    }
    if (step != 0) {
        free(list->bytes);
        list->bytes = NULL;
    }
    return step;
}

static struct ratio column_ratio(sqlite3_stmt *stmt, int index)
{
    return (struct ratio){sqlite3_column_int64(stmt, index),
                          sqlite3_column_int64(stmt, index + 1)};
}

static int64_t column_or(sqlite3_stmt *stmt, int index, int64_t fallback)
{
    int64_t value = fallback;

    (void)db_column_optional(stmt, index, &value);
    return value;
}

#define COLUMN_TEXT(index, field)                                                          \
    db_column_text(stmt, index, row->field, sizeof(row->field))

static void fill_meter(sqlite3_stmt *stmt, void *target)
{
    struct meter *row = target;

    row->meter_no = (uint32_t)sqlite3_column_int64(stmt, 0);
    row->since_ms = sqlite3_column_int64(stmt, 1);
    row->until_ms = sqlite3_column_int64(stmt, 2);
    row->enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 3);
    row->parent_no = (uint32_t)sqlite3_column_int64(stmt, 4);
    COLUMN_TEXT(5, id);
    COLUMN_TEXT(6, enterprise);
    COLUMN_TEXT(7, parent);
    COLUMN_TEXT(8, account);
    COLUMN_TEXT(9, name);
    COLUMN_TEXT(10, serial);
    COLUMN_TEXT(11, endpoint);
    COLUMN_TEXT(12, address);
    COLUMN_TEXT(13, profile);
    COLUMN_TEXT(14, site);
    row->pt = column_ratio(stmt, 15);
    row->ct = column_ratio(stmt, 17);
    row->register_wh = column_ratio(stmt, 19);
    row->register_range = column_or(stmt, 21, 0);
    row->initial = column_or(stmt, 22, -1);
    row->previous_final = column_or(stmt, 23, -1);
    const char *role = (const char *)sqlite3_column_text(stmt, 24);

    row->role = meter_role_from_name(role == NULL ? "" : role);
    row->loss_bp = (int32_t)sqlite3_column_int64(stmt, 25);
    row->rated_w = column_or(stmt, 26, 0);
    for (int i = 0; i < QUANTITY_GROUP_COUNT; i++) {
        row->interval_s[i] = (int32_t)sqlite3_column_int64(stmt, 27 + i);
    }
}

int registry_meters(struct store *store, int64_t at_ms, struct meter **ret_meters,
                    int *ret_n)
{
    struct list list = {.size = sizeof(struct meter)};
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT v.meter_no, v.since_ms, v.until_ms, v.enterprise_no, v.parent_no, m.id, "
        "e.id, p.id, v.account, v.name, v.serial, v.endpoint, v.address, v.profile, "
        "v.site, "
        "v.pt_num, v.pt_den, v.ct_num, v.ct_den, v.register_wh_num, v.register_wh_den, "
        "v.register_range, v.initial, v.previous_final, v.role, v.loss_bp, v.rated_w, "
        "v.energy_interval_s, v.power_interval_s, v.voltage_interval_s, "
        "v.current_interval_s "
        "FROM meter_version v JOIN meter m ON m.meter_no = v.meter_no "
        "JOIN enterprise e ON e.enterprise_no = v.enterprise_no "
        "LEFT JOIN meter p ON p.meter_no = v.parent_no "
        "WHERE ?1 IS NULL OR (v.since_ms <= ?1 AND v.until_ms > ?1) "
        "ORDER BY v.meter_no, v.since_ms");

    db_bind_optional(stmt, 1, at_ms != INT64_MIN, at_ms);
    int err = list_fill(store, stmt, &list, fill_meter);

    if (err == 0) {
        *ret_meters = (struct meter *)(void *)list.bytes;
        *ret_n = list.n;
    }
    return err;
}

static enum size_class size_class_of(const char *name)
{
    for (int i = SIZE_CLASS_UNKNOWN; i <= SIZE_CLASS_BELOW; i++) {
        if (name != NULL && strcmp(size_class_name((enum size_class)i), name) == 0) {
            return (enum size_class)i;
        }
    }
    return SIZE_CLASS_UNKNOWN;
}

static void fill_enterprise(sqlite3_stmt *stmt, void *target)
{
    struct enterprise *row = target;

    row->enterprise_no = (uint32_t)sqlite3_column_int64(stmt, 0);
    COLUMN_TEXT(1, id);
    row->since = registry_column_day(stmt, 2);
    row->until = registry_column_day(stmt, 3);
    COLUMN_TEXT(4, name);
    COLUMN_TEXT(5, short_name);
    COLUMN_TEXT(6, uscc);
    row->size_class = size_class_of((const char *)sqlite3_column_text(stmt, 7));
    COLUMN_TEXT(8, industry);
    COLUMN_TEXT(9, region);
    COLUMN_TEXT(10, town);
    COLUMN_TEXT(11, park);
    row->voltage_v = column_or(stmt, 12, 0);
    row->area_mu_e4 = column_or(stmt, 13, -1);
    COLUMN_TEXT(14, land_kind);
    COLUMN_TEXT(15, env_class);
    row->green_stars = (int32_t)column_or(stmt, 16, -1);
    COLUMN_TEXT(17, energy_class);
    COLUMN_TEXT(18, price_class);
    row->commissioning_until = registry_column_day(stmt, 19);
}

/* NULL for DAY_MIN: every version. */
static void bind_at(sqlite3_stmt *stmt, int index, day_t at)
{
    if (at == DAY_MIN) {
        (void)sqlite3_bind_null(stmt, index);
    } else {
        registry_bind_day(stmt, index, at);
    }
}

int registry_enterprises(struct store *store, day_t at, struct enterprise **ret_enterprises,
                         int *ret_n)
{
    struct list list = {.size = sizeof(struct enterprise)};
    sqlite3_stmt *stmt = db_prepare(
        store,
        "SELECT v.enterprise_no, e.id, v.since_day, v.until_day, v.name, v.short_name, "
        "v.uscc, v.size_class, v.industry, v.region, v.town, v.park, v.voltage_v, "
        "v.area_mu_e4, v.land_kind, v.env_class, v.green_stars, v.energy_class, "
        "v.price_class, v.commissioning_until "
        "FROM enterprise_version v JOIN enterprise e ON e.enterprise_no = v.enterprise_no "
        "WHERE ?1 IS NULL OR (v.since_day <= ?1 AND v.until_day >= ?1) "
        "ORDER BY v.enterprise_no, v.since_day");

    bind_at(stmt, 1, at);
    int err = list_fill(store, stmt, &list, fill_enterprise);

    if (err == 0) {
        *ret_enterprises = (struct enterprise *)(void *)list.bytes;
        *ret_n = list.n;
    }
    return err;
}

static void fill_member(sqlite3_stmt *stmt, void *target)
{
    struct list_member *row = target;

    COLUMN_TEXT(0, list);
    COLUMN_TEXT(1, enterprise);
    row->since = registry_column_day(stmt, 2);
    row->until = registry_column_day(stmt, 3);
    COLUMN_TEXT(4, role);
    COLUMN_TEXT(5, note);
}

int registry_members(struct store *store, day_t at, struct list_member **ret_members,
                     int *ret_n)
{
    struct list list = {.size = sizeof(struct list_member)};
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT l.list, e.id, l.since_day, l.until_day, l.role, l.note "
               "FROM list_member l JOIN enterprise e ON e.enterprise_no = l.enterprise_no "
               "WHERE ?1 IS NULL OR (l.since_day <= ?1 AND l.until_day >= ?1) "
               "ORDER BY l.list, e.id, l.since_day");

    bind_at(stmt, 1, at);
    int err = list_fill(store, stmt, &list, fill_member);

    if (err == 0) {
        *ret_members = (struct list_member *)(void *)list.bytes;
        *ret_n = list.n;
    }
    return err;
}

static void fill_group(sqlite3_stmt *stmt, void *target)
{
    struct group_name *row = target;

    COLUMN_TEXT(0, kind);
    COLUMN_TEXT(1, id);
    COLUMN_TEXT(2, name);
    COLUMN_TEXT(3, name_en);
    COLUMN_TEXT(4, parent);
}

int registry_groups(struct store *store, struct group_name **ret_groups, int *ret_n)
{
    struct list list = {.size = sizeof(struct group_name)};
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT kind, id, name, name_en, parent FROM group_name ORDER BY kind, id");
    int err = list_fill(store, stmt, &list, fill_group);

    if (err == 0) {
        *ret_groups = (struct group_name *)(void *)list.bytes;
        *ret_n = list.n;
    }
    return err;
}

/* The one integer that stmt yields. */
static int one_number(struct store *store, sqlite3_stmt *stmt, uint32_t *ret_no)
{
    int step = db_step(store, stmt);

    if (step != 1) {
        return step == 0 ? ERR_NOT_FOUND : step;
    }
    *ret_no = (uint32_t)sqlite3_column_int64(stmt, 0);
    (void)sqlite3_reset(stmt);
    return 0;
}

int registry_meter_no(struct store *store, const char *id, uint32_t *ret_meter_no)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT meter_no FROM meter WHERE id = ?1");

    db_bind_text(stmt, 1, id);
    return one_number(store, stmt, ret_meter_no);
}

int registry_enterprise_no(struct store *store, const char *id, uint32_t *ret_enterprise_no)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT enterprise_no FROM enterprise WHERE id = ?1");

    db_bind_text(stmt, 1, id);
    return one_number(store, stmt, ret_enterprise_no);
}

static int one_id(struct store *store, sqlite3_stmt *stmt, uint32_t no, char ret_id[ID_LEN])
{
    (void)sqlite3_bind_int64(stmt, 1, no);
    int step = db_step(store, stmt);

    if (step != 1) {
        return step == 0 ? ERR_NOT_FOUND : step;
    }
    db_column_text(stmt, 0, ret_id, ID_LEN);
    (void)sqlite3_reset(stmt);
    return 0;
}

int registry_meter_id(struct store *store, uint32_t meter_no, char ret_id[ID_LEN])
{
    return one_id(store, db_prepare(store, "SELECT id FROM meter WHERE meter_no = ?1"),
                  meter_no, ret_id);
}

int registry_enterprise_id(struct store *store, uint32_t enterprise_no, char ret_id[ID_LEN])
{
    return one_id(store,
                  db_prepare(store, "SELECT id FROM enterprise WHERE enterprise_no = ?1"),
                  enterprise_no, ret_id);
}
