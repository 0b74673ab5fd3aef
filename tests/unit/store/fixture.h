/* A store in a folder of its own, and rows to put into it. */
#ifndef ECMON_TESTS_STORE_FIXTURE_H
#define ECMON_TESTS_STORE_FIXTURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/err.h>
#include <ecmon/sample.h>
#include <ecmon/time.h>

#include "daemon/store/db.h"
#include "daemon/store/journal.h"
#include "daemon/store/samples.h"
#include "daemon/store/store.h"
#include "tests/support/test.h"

/* 2026-11-21T08:00:00+08:00 */
#define T0 INT64_C(1795219200000)

static const struct zone fixture_zone = {8 * 3600 * 1000, "Asia/Shanghai"};

struct fixture {
    char folder[64];
    char path[96];
    struct store *store;
};

static inline struct store_options fixture_options(const struct fixture *fixture,
                                                   enum store_mode mode)
{
    return (struct store_options){.path = fixture->path,
                                  .mode = mode,
                                  .now_ms = T0,
                                  .site_id = "cixi-binhai",
                                  .zone = &fixture_zone};
}

static inline struct store *fixture_open(const struct fixture *fixture,
                                         enum store_mode mode)
{
    struct store_options options = fixture_options(fixture, mode);
    struct store *store = NULL;
    char why[256] = "";

    if (store_open(&options, &store, why, sizeof(why)) != 0) {
        print_error("%s\n", why);
        fail();
    }
    return store;
}

static inline void fixture_folder(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ecmon-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/ecmon.db", fixture->folder);
}

static inline void fixture_init(struct fixture *fixture)
{
    fixture_folder(fixture);
    fixture->store = fixture_open(fixture, STORE_WRITE);
}

static inline void fixture_done(struct fixture *fixture)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};

    store_close(fixture->store);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", fixture->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(fixture->folder);
}

/* One integer of a query; fails the test when there is none. */
static inline int64_t fixture_value(struct store *store, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(store_db(store), sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW) {
        print_error("%s: %s\n", sql, sqlite3_errmsg(store_db(store)));
        fail();
    }
    int64_t value = sqlite3_column_int64(stmt, 0);

    (void)sqlite3_finalize(stmt);
    return value;
}

/* The first column of the first row as text, "NULL" or "-" (no row). */
static inline const char *fixture_text(struct store *store, const char *sql,
                                       char ret_text[256])
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(store_db(store), sql, -1, &stmt, NULL) != SQLITE_OK) {
        print_error("%s: %s\n", sql, sqlite3_errmsg(store_db(store)));
        fail();
    }
    const char *text = "-";

    if (sqlite3_step(stmt) == SQLITE_ROW) {
        text = (const char *)sqlite3_column_text(stmt, 0);
    }
    (void)snprintf(ret_text, 256, "%s", text == NULL ? "NULL" : text);
    (void)sqlite3_finalize(stmt);
    return ret_text;
}

static inline void fixture_exec(struct store *store, const char *sql)
{
    if (db_exec(store, sql) != 0) {
        print_error("%s: %s\n", sql, store_error_text(store));
        fail();
    }
}

/* A meter of enterprise E001 (or whatever id says) with a ratio num/den Wh per register
 * unit. */
static inline void fixture_meter(struct store *store, uint32_t meter_no,
                                 const char *enterprise, int64_t num, int64_t den)
{
    char sql[1024];

    (void)snprintf(
        sql, sizeof(sql),
        "INSERT OR IGNORE INTO enterprise (id) VALUES ('%s');"
        "INSERT OR IGNORE INTO meter (meter_no, id) VALUES (%u, 'M%03u');"
        "INSERT INTO meter_version (meter_no, since_ms, until_ms, enterprise_no, endpoint, "
        "pt_num, pt_den, ct_num, ct_den, register_wh_num, register_wh_den, role, loss_bp, "
        "energy_interval_s, power_interval_s, voltage_interval_s, current_interval_s) "
        "VALUES (%u, 0, 9223372036854775807, (SELECT enterprise_no FROM enterprise "
        "WHERE id = '%s'), 'modbus+tcp://10.1.2.3:502', 1, 1, 1, 1, %lld, %lld, 'supply', "
        "0, "
        "60, 60, 60, 60);",
        enterprise, meter_no, meter_no, meter_no, enterprise, (long long)num,
        (long long)den);
    fixture_exec(store, sql);
}

static inline struct sample fixture_sample(uint32_t meter_no, int64_t slot_ts_ms,
                                           int32_t interval_s, int64_t energy)
{
    struct sample sample = {.slot_ts_ms = slot_ts_ms,
                            .ts_ms = slot_ts_ms + 182,
                            .meter_no = meter_no,
                            .interval_s = interval_s,
                            .status = SLOT_OK,
                            .present =
                                1u << QUANTITY_ENERGY_IMPORT_WH | 1u << QUANTITY_POWER_W};

    sample.value[QUANTITY_ENERGY_IMPORT_WH] = energy;
    sample.value[QUANTITY_POWER_W] = 333630;
    return sample;
}

static inline void fixture_insert(struct store *store, uint32_t meter_no,
                                  int64_t slot_ts_ms, int32_t interval_s, int64_t energy)
{
    struct sample sample = fixture_sample(meter_no, slot_ts_ms, interval_s, energy);

    assert_int_equal(samples_insert(store, &sample, false), 0);
}

/* A quarter-hour of a meter; energies are SQL ("NULL" or digits). */
static inline void fixture_interval(struct store *store, uint32_t meter_no,
                                    int64_t start_ts_ms, const char *import_wh,
                                    const char *export_wh, int quality)
{
    char sql[512];

    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO interval (key, enterprise_no, energy_import_wh, "
        "energy_export_wh, quality, revision) VALUES (%lld << 20 | %u, "
        "(SELECT enterprise_no FROM meter_version WHERE meter_no = %u), %s, %s, %d, 0)",
        (long long)(start_ts_ms / 1000), meter_no, meter_no, import_wh, export_wh, quality);
    fixture_exec(store, sql);
}

#endif
