/* energy: grid purchase of the local day, with feed-in and own generation. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/import_parts.h"

/* 10 TWh a day is beyond any enterprise; sums over a million of them still fit. */
#define DAY_MAX_WH INT64_C(10000000000000)

#define COLUMN_LIST(X)                                                                     \
    X(ENTERPRISE, "enterprise", "企业编号", "企业", TABLE_OTHER, TABLE_OPTIONAL,           \
      .size = 0)                                                                           \
    X(ACCOUNT, "account", "户号", NULL, TABLE_OTHER, TABLE_OPTIONAL, .size = 0)            \
    X(DAY, "day", "日期", "日", TABLE_OTHER, TABLE_REQUIRED, .size = 0)                    \
    X(KWH, "kwh", "电量(千瓦时)", "电量|用电量|电量(kWh)|电量（千瓦时）", TABLE_OTHER,     \
      TABLE_OPTIONAL, .help = "kWh")                                                       \
    X(WAN_KWH, "wan_kwh", "电量(万千瓦时)", "电量（万千瓦时）|电量(万kWh)", TABLE_OTHER,   \
      TABLE_OPTIONAL, .help = "10,000 kWh")                                                \
    X(EXPORT_KWH, "export_kwh", "上网电量(千瓦时)", "上网电量|上网电量（千瓦时）",         \
      TABLE_OTHER, TABLE_OPTIONAL, .help = "kWh")                                          \
    X(GENERATION_KWH, "generation_kwh", "发电量(千瓦时)", "发电量|发电量（千瓦时）",       \
      TABLE_OTHER, TABLE_OPTIONAL, .help = "kWh")

enum {
    COLUMN_LIST(TABLE_ENUM)
};

static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};

static const char *const template_names[] = {"enterprise",     "day", "kwh", "export_kwh",
                                             "generation_kwh", NULL};
static const char *const template_labels[] = {
    "企业编号", "日期", "电量(千瓦时)", "上网电量(千瓦时)", "发电量(千瓦时)", NULL};

struct staged_energy {
    struct imported_energy energy;
    uint32_t line;
};

struct energies {
    struct staged_energy *staged; /* owned */
    uint32_t n;
    struct key_set keys;
};

static const char by_account[] =
    "energy by account is not in this version: the register has no accounts yet; give the "
    "enterprise";

static uint64_t hash(const void *rows, uint32_t index)
{
    const struct imported_energy *energy =
        &((const struct staged_energy *)rows)[index].energy;

    return key_mix((uint64_t)energy->enterprise_no << 32 | (uint32_t)energy->day);
}

static bool same_key(const void *rows, uint32_t a, uint32_t b)
{
    const struct staged_energy *staged = rows;

    return staged[a].energy.enterprise_no == staged[b].energy.enterprise_no &&
           staged[a].energy.day == staged[b].energy.day;
}

static int begin(struct import *import)
{
    struct table *table = import->table;
    struct energies *energies = calloc(1, sizeof(*energies));

    if (energies == NULL) {
        return ERR_NOMEM;
    }
    energies->keys.hash = hash;
    energies->keys.same = same_key;
    import->rows = energies;
    if (!table_has(table, COLUMN_ENTERPRISE)) {
        if (table_has(table, COLUMN_ACCOUNT)) {
            table_error(table, COLUMN_ACCOUNT, "%s", by_account);
        } else {
            table_error(table, -1, "column \"enterprise\" (企业编号) is missing");
        }
    }
    if (table_has(table, COLUMN_KWH) && table_has(table, COLUMN_WAN_KWH)) {
        table_error(table, COLUMN_WAN_KWH, "kwh and wan_kwh are the same thing: give one");
    } else if (!table_has(table, COLUMN_KWH) && !table_has(table, COLUMN_WAN_KWH)) {
        table_error(table, -1, "column \"kwh\" or \"wan_kwh\" is missing");
    }
    return 0;
}

static void done(struct import *import)
{
    struct energies *energies = import->rows;

    if (energies != NULL) {
        key_set_done(&energies->keys);
        free(energies->staged);
        free(energies);
    }
}

static bool take_day(struct import *import, day_t *ret_day)
{
    int result = table_day(import->table, COLUMN_DAY, ret_day);

    if (result == 0) {
        table_error(import->table, COLUMN_DAY, "day is blank");
    } else if (result == 1 && *ret_day > import->today) {
        table_error(import->table, COLUMN_DAY, "day %s is in the future",
                    table_cell(import->table, COLUMN_DAY));
        return false;
    }
    return result == 1;
}

/* kWh with 3 decimals, 10⁴ kWh with 7, are whole Wh. */
static bool take_energies(struct import *import, struct imported_energy *energy)
{
    struct table *table = import->table;
    bool wan = table_has(table, COLUMN_WAN_KWH);
    int column = wan ? COLUMN_WAN_KWH : COLUMN_KWH;
    int result = table_amount(table, column, wan ? 7 : 3, DAY_MAX_WH, &energy->import_wh);

    if (result == 0) {
        table_error(table, column, "%s is blank", columns[column].name);
    }
    int export_result =
        table_amount(table, COLUMN_EXPORT_KWH, 3, DAY_MAX_WH, &energy->export_wh);
    int generation_result =
        table_amount(table, COLUMN_GENERATION_KWH, 3, DAY_MAX_WH, &energy->generation_wh);

    return result == 1 && export_result >= 0 && generation_result >= 0;
}

static void check_balance(struct import *import, const struct imported_energy *energy)
{
    int64_t export_wh = energy->export_wh > 0 ? energy->export_wh : 0;
    int64_t generation_wh = energy->generation_wh > 0 ? energy->generation_wh : 0;

    if (energy->import_wh + generation_wh < export_wh) {
        table_error(import->table, COLUMN_EXPORT_KWH,
                    "consumption would be negative: export is more than purchase and "
                    "generation together");
    }
}

static bool same_values(const struct imported_energy *a, const struct imported_energy *b)
{
    return a->import_wh == b->import_wh && a->export_wh == b->export_wh &&
           a->generation_wh == b->generation_wh;
}

static int stage(struct import *import, const struct imported_energy *energy)
{
    struct energies *energies = import->rows;
    uint32_t n = energies->n;
    uint32_t first = KEY_SET_NEW;

    if (n == UINT32_MAX - 1) {
        return ERR_NOMEM;
    }
    struct staged_energy *grown = import_grow(energies->staged, n, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    energies->staged = grown;
    grown[n] = (struct staged_energy){*energy, (uint32_t)table_line(import->table)};
    int err = key_set_add(&energies->keys, grown, n, &first);

    if (err != 0) {
        return err;
    }
    if (first == KEY_SET_NEW) {
        energies->n++;
    } else if (same_values(&grown[first].energy, energy)) {
        table_warn(import->table, -1, "the same row as line %" PRIu32, grown[first].line);
    } else {
        table_error(import->table, -1,
                    "this enterprise and day stand with another value in line %" PRIu32,
                    grown[first].line);
    }
    return 0;
}

static int take(struct import *import)
{
    struct table *table = import->table;
    int64_t before = table_errors(table);
    struct imported_energy energy = {.export_wh = -1, .generation_wh = -1};

    if (table_cell(table, COLUMN_ACCOUNT)[0] != '\0') {
        table_error(table, COLUMN_ACCOUNT, "%s", by_account);
    }
    bool has_day = take_day(import, &energy.day);

    energy.enterprise_no =
        import_enterprise(import, COLUMN_ENTERPRISE, has_day ? energy.day : DAY_MIN,
                          has_day ? energy.day : DAY_MAX);
    if (take_energies(import, &energy)) {
        check_balance(import, &energy);
    }
    return table_errors(table) > before ? 0 : stage(import, &energy);
}

static int check(struct import *import)
{
    (void)import;
    return 0;
}

/* The order of the table: rows are appended to it, and a day is marked once. */
static int compare_keys(const void *a, const void *b)
{
    const struct imported_energy *left = &((const struct staged_energy *)a)->energy;
    const struct imported_energy *right = &((const struct staged_energy *)b)->energy;

    if (left->day != right->day) {
        return left->day < right->day ? -1 : 1;
    }
    return (left->enterprise_no > right->enterprise_no) -
           (left->enterprise_no < right->enterprise_no);
}

static int audit_change(struct import *import, const struct imported_energy *old,
                        const struct imported_energy *energy)
{
    char object[64];
    char detail[160];
    char day[DAY_TEXT_LEN];

    text_from_day(energy->day, day);
    (void)snprintf(object, sizeof(object), "energy %" PRIu32 " %s", energy->enterprise_no,
                   day);
    (void)snprintf(detail, sizeof(detail),
                   "import_wh %" PRId64 " -> %" PRId64 ", export_wh %" PRId64 " -> %" PRId64
                   ", generation_wh %" PRId64 " -> %" PRId64,
                   old->import_wh, energy->import_wh, old->export_wh, energy->export_wh,
                   old->generation_wh, energy->generation_wh);
    return store_audit(import->store, import->options->now_ms, import->options->who,
                       "correction", object, detail);
}

static int store_one(struct import *import, const struct imported_energy *energy,
                     bool *ret_touched)
{
    bool dry_run = import->options->dry_run;
    enum import_result result = IMPORT_SAME;
    struct imported_energy old = {0};
    int err = dry_run ? imports_energy_compare(import->store, energy, &result, &old)
                      : imports_energy_put(import->store, energy, &result, &old);

    if (err == 0 && result == IMPORT_CHANGED && !dry_run) {
        err = audit_change(import, &old, energy);
    }
    import->counts.n_new += result == IMPORT_NEW;
    import->counts.n_changed += result == IMPORT_CHANGED;
    import->counts.n_same += result == IMPORT_SAME;
    *ret_touched = result != IMPORT_SAME && !dry_run;
    return err;
}

static int store_all(struct import *import)
{
    struct energies *energies = import->rows;
    day_t marked = DAY_MIN;
    int err = 0;

    if (energies->n > 0) {
        qsort(energies->staged, energies->n, sizeof(*energies->staged), compare_keys);
    }
    for (uint32_t i = 0; i < energies->n && err == 0; i++) {
        const struct imported_energy *energy = &energies->staged[i].energy;
        bool touched = false;

        err = store_one(import, energy, &touched);
        if (err == 0 && touched && energy->day != marked) {
            char key[DAY_TEXT_LEN];

            text_from_day(energy->day, key);
            err = store_stale_add(import->store, "day", key);
            marked = energy->day;
        }
    }
    return err;
}

const struct import_kind import_energy = {"energy",        columns,   template_names,
                                          template_labels, begin,     take,
                                          check,           store_all, done};
