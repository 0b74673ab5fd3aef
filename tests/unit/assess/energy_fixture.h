/* A store in a folder of its own with enterprises, meters and readings written by hand. */
#ifndef ECMON_TESTS_ASSESS_ENERGY_FIXTURE_H
#define ECMON_TESTS_ASSESS_ENERGY_FIXTURE_H

#include <unistd.h>

#include <ecmon/err.h>
#include <ecmon/time.h>

#include "daemon/assess/energy.h"
#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/energy.h"
#include "daemon/store/journal.h"
#include "daemon/store/registry.h"
#include "daemon/store/samples.h"
#include "daemon/store/store.h"
#include "tests/support/test.h"

/* 2026-11-20T00:00:00+08:00, a midnight of the site */
#define MIDNIGHT INT64_C(1795104000000)
#define QUARTER  MS_PER_QUARTER_HOUR
#define NONE     INT64_MIN

static const struct zone fixture_zone = {8 * 3600 * 1000, "Asia/Shanghai"};

struct fixture {
    char folder[64];
    char path[96];
    struct store *store;
    day_t day; /* of MIDNIGHT */
};

static inline void fixture_open(struct fixture *fixture)
{
    struct store_options options = {.path = fixture->path,
                                    .mode = STORE_WRITE,
                                    .now_ms = MIDNIGHT,
                                    .site_id = "cixi-binhai",
                                    .zone = &fixture_zone};
    char why[256] = "";

    if (store_open(&options, &fixture->store, why, sizeof(why)) != 0) {
        print_error("%s\n", why);
        fail();
    }
    assert_int_equal(store_begin(fixture->store), 0);
}

static inline void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ecmon-energy-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/ecmon.db", fixture->folder);
    fixture->day = day_of_ts(MIDNIGHT, &fixture_zone);
    fixture_open(fixture);
}

/* As after a power cut between two commits. */
static inline void fixture_restart(struct fixture *fixture)
{
    assert_int_equal(store_commit(fixture->store), 0);
    store_close(fixture->store);
    fixture_open(fixture);
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

static inline uint32_t fixture_enterprise(struct fixture *fixture, const char *id)
{
    uint32_t enterprise_no = 0;

    assert_int_equal(registry_enterprise_ensure(fixture->store, id, &enterprise_no), 0);
    return enterprise_no;
}

/* 0.01 kWh a unit, range 1,000,000.00 kWh, in force since ever. */
static inline struct meter fixture_meter(struct fixture *fixture, const char *id,
                                         const char *enterprise, enum meter_role role)
{
    struct meter meter = {.pt = {1, 1},
                          .ct = {1, 1},
                          .register_wh = {10, 1},
                          .register_range = 100000000,
                          .initial = -1,
                          .previous_final = -1,
                          .role = role,
                          .interval_s = {60, 60, 60, 60},
                          .until_ms = TS_MS_OPEN};

    (void)text_copy(meter.id, sizeof(meter.id), id);
    (void)text_copy(meter.endpoint, sizeof(meter.endpoint), "modbus+tcp://10.0.0.1:502");
    (void)text_copy(meter.address, sizeof(meter.address), "1");
    (void)text_copy(meter.profile, sizeof(meter.profile), "eastron-sdm630");
    meter.enterprise_no = fixture_enterprise(fixture, enterprise);
    assert_int_equal(registry_meter_ensure(fixture->store, id, &meter.meter_no), 0);
    return meter;
}

static inline void fixture_put_meter(struct fixture *fixture, const struct meter *versions,
                                     int n)
{
    assert_int_equal(registry_meter_put(fixture->store, versions, n), 0);
}

static inline uint32_t fixture_supply(struct fixture *fixture, const char *id,
                                      const char *enterprise)
{
    struct meter meter = fixture_meter(fixture, id, enterprise, METER_ROLE_SUPPLY);

    fixture_put_meter(fixture, &meter, 1);
    return meter.meter_no;
}

/* import and export registers; NONE = did not come. Both NONE: a timeout. */
static inline void fixture_read(struct fixture *fixture, uint32_t meter_no, int64_t slot_ms,
                                int64_t import_units, int64_t export_units)
{
    struct sample sample = {.slot_ts_ms = slot_ms,
                            .ts_ms = slot_ms + 200,
                            .meter_no = meter_no,
                            .interval_s = 60,
                            .status = SLOT_OK};

    if (import_units != NONE) {
        sample.present |= 1u << QUANTITY_ENERGY_IMPORT_WH;
        sample.value[QUANTITY_ENERGY_IMPORT_WH] = import_units;
    }
    if (export_units != NONE) {
        sample.present |= 1u << QUANTITY_ENERGY_EXPORT_WH;
        sample.value[QUANTITY_ENERGY_EXPORT_WH] = export_units;
    }
    if (sample.present == 0) {
        sample.status = SLOT_TIMEOUT;
        sample.ts_ms = 0;
    }
    assert_int_equal(samples_insert(fixture->store, &sample, false), 0);
}

/* Closes all that can be closed at an instant; returns quarter-hours written. */
static inline int fixture_close(struct fixture *fixture, int64_t now_ms)
{
    bool more = true;
    int n = 0;

    while (more) {
        int written = energy_close(fixture->store, now_ms, 1000, &more);

        assert_true(written >= 0);
        n += written;
    }
    return n;
}

static inline void fixture_catch_up(struct fixture *fixture, int64_t now_ms,
                                    bool prefer_import)
{
    struct energy_options options = {.prefer_import = prefer_import};

    assert_int_equal(energy_catch_up(fixture->store, now_ms, &options), 0);
}

static inline struct interval fixture_interval(struct fixture *fixture, uint32_t meter_no,
                                               int64_t start_ms)
{
    struct interval interval = {0};

    assert_int_equal(energy_interval_get(fixture->store, meter_no, start_ms, -1, &interval),
                     0);
    return interval;
}

/* The k-th quarter-hour after MIDNIGHT. */
static inline void fixture_expect(struct fixture *fixture, uint32_t meter_no, int64_t k,
                                  int64_t energy_wh, enum quality quality, int revision)
{
    struct interval interval = fixture_interval(fixture, meter_no, MIDNIGHT + k * QUARTER);
    int64_t found = (interval.present & 1u) != 0 ? interval.energy[0] : NONE;

    if (found != energy_wh || interval.quality != quality ||
        interval.revision != revision) {
        print_error("quarter %d: %lld Wh, %s, revision %d\n", (int)k, (long long)found,
                    quality_name(interval.quality), interval.revision);
        fail();
    }
}

static inline bool fixture_has_interval(struct fixture *fixture, uint32_t meter_no,
                                        int64_t k)
{
    struct interval interval;

    return energy_interval_get(fixture->store, meter_no, MIDNIGHT + k * QUARTER, -1,
                               &interval) == 0;
}

static inline int64_t fixture_value(struct fixture *fixture, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(store_db(fixture->store), sql, -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value =
        sqlite3_column_type(stmt, 0) == SQLITE_NULL ? NONE : sqlite3_column_int64(stmt, 0);

    (void)sqlite3_finalize(stmt);
    return value;
}

static inline void fixture_run(struct fixture *fixture, const char *sql)
{
    if (sqlite3_exec(store_db(fixture->store), sql, NULL, NULL, NULL) != SQLITE_OK) {
        print_error("%s\n", sqlite3_errmsg(store_db(fixture->store)));
        fail();
    }
}

#endif
