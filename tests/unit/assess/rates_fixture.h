/* A store with enterprises and energy days, and method data, for tests of rates and carbon.
 */
#ifndef ECMON_TESTS_ASSESS_RATES_FIXTURE_H
#define ECMON_TESTS_ASSESS_RATES_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/enterprise.h>
#include <ecmon/interval.h>
#include <ecmon/method.h>

#include "daemon/assess/rates.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/registry.h"
#include "daemon/store/store.h"
#include "tests/support/test.h"

static const struct zone fixture_zone = {8 * 3600 * 1000, "Asia/Shanghai"};

static const struct resumption_method sgcc_2020 = {
    .id = "sgcc-2020",
    .name = "国网 2020",
    .version = "1",
    .sha256 = "1111111111111111111111111111111111111111111111111111111111111111",
    .document = "State Grid Wuhan, 指标说明, 2020",
    .confidence = CONFIDENCE_PROPOSAL,
    .threshold_e6 = 300000,
    .threshold_inclusive = true,
    .produced_e6 = 800000,
    .weight_e6 = 500000,
    .day_filter = DAY_FILTER_ALL,
    .min_valid_days = 10,
    .min_baseline_wh = 10000,
    .final_coverage_e6 = 900000,
    .insufficient_coverage_e6 = 700000,
    .light_margin_bp = 500,
};

/* 18293 = 2020-02-01 */
static struct target fixture_targets[] = {
    {"", "", "above", "resumption_rate", 950000, 18293, DAY_MAX, "Ningbo 2020"},
    {"", "", "above", "production_rate", 850000, 18293, DAY_MAX, "Ningbo 2020"},
    {"", "", "below", "resumption_rate", 850000, 18293, DAY_MAX, "Ningbo 2020"},
    {"", "", "below", "production_rate", 750000, 18293, DAY_MAX, "Ningbo 2020"},
};

static struct industry_name fixture_industries[] = {
    {"C31", "黑色金属冶炼和压延加工业", "Smelting and rolling of ferrous metals"},
};

static inline struct methods fixture_methods(void)
{
    return (struct methods){.target = fixture_targets,
                            .n_target = 4,
                            .industry = fixture_industries,
                            .n_industry = 1};
}

struct fixture {
    char folder[64];
    char path[96];
    struct store *store;
};

static inline void fixture_exec(struct store *store, const char *sql)
{
    if (db_exec(store, sql) != 0) {
        print_error("%s: %s\n", sql, store_error_text(store));
        fail();
    }
}

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char why[256] = "";

    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ecmon-rates-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/ecmon.db", fixture->folder);
    struct store_options options = {.path = fixture->path,
                                    .mode = STORE_WRITE,
                                    .now_ms = INT64_C(1795219200000),
                                    .site_id = "cixi-binhai",
                                    .zone = &fixture_zone};
    if (store_open(&options, &fixture->store, why, sizeof(why)) != 0) {
        print_error("%s\n", why);
        fail();
    }
    assert_int_equal(store_begin(fixture->store), 0);
    *state = fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    struct fixture *fixture = *state;
    char path[128];

    store_rollback(fixture->store);
    store_close(fixture->store);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", fixture->path, ends[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

static inline struct enterprise fixture_enterprise(const char *id, const char *name,
                                                   enum size_class size_class,
                                                   const char *industry)
{
    struct enterprise enterprise = {.size_class = size_class,
                                    .area_mu_e4 = -1,
                                    .green_stars = -1,
                                    .commissioning_until = DAY_MIN,
                                    .since = DAY_MIN,
                                    .until = DAY_MAX};

    (void)text_copy(enterprise.id, sizeof(enterprise.id), id);
    (void)text_copy(enterprise.name, sizeof(enterprise.name), name);
    (void)text_copy(enterprise.industry, sizeof(enterprise.industry), industry);
    (void)text_copy(enterprise.region, sizeof(enterprise.region), "330282");
    return enterprise;
}

static inline uint32_t fixture_put(struct fixture *fixture, struct enterprise enterprise)
{
    uint32_t no = 0;

    assert_int_equal(registry_enterprise_ensure(fixture->store, enterprise.id, &no), 0);
    enterprise.enterprise_no = no;
    assert_int_equal(registry_enterprise_put(fixture->store, &enterprise, 1), 0);
    return no;
}

struct energy_row {
    uint32_t enterprise_no;
    day_t day;
    int64_t energy_wh; /* INT64_MIN: not known */
    int valid;
    const char *source;
};

static inline void fixture_energy(struct fixture *fixture, struct energy_row row)
{
    char day[DAY_TEXT_LEN];
    char sql[512];
    char wh[32];

    text_from_day(row.day, day);
    (void)snprintf(wh, sizeof(wh), "%lld", (long long)row.energy_wh);
    (void)snprintf(
        sql, sizeof(sql),
        "INSERT OR REPLACE INTO energy_day (day, enterprise_no, energy_wh, "
        "import_wh, export_wh, generation_wh, coverage_num, coverage_den, quality, "
        "valid, source, revision) VALUES ('%s', %u, %s, %s, 0, 0, %d, 1, %d, %d, "
        "'%s', 0)",
        day, row.enterprise_no, row.energy_wh == INT64_MIN ? "NULL" : wh,
        row.energy_wh == INT64_MIN ? "NULL" : wh, row.valid,
        row.valid != 0 ? QUALITY_IMPORTED : QUALITY_MISSING, row.valid, row.source);
    fixture_exec(fixture->store, sql);
}

static inline void fixture_import(struct fixture *fixture, uint32_t no, day_t day,
                                  int64_t energy_wh)
{
    fixture_energy(fixture, (struct energy_row){no, day, energy_wh, 1, "import"});
}

/* Every day of December of a year. */
static inline void fixture_december(struct fixture *fixture, uint32_t no, int32_t year,
                                    int64_t energy_wh)
{
    for (int32_t dom = 1; dom <= 31; dom++) {
        fixture_import(fixture, no, day_from_civil(year, 12, dom), energy_wh);
    }
}

static inline int64_t fixture_number(struct fixture *fixture, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = INT64_MIN;

    assert_int_equal(sqlite3_prepare_v2(store_db(fixture->store), sql, -1, &stmt, NULL),
                     SQLITE_OK);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        value = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return value;
}

/* Local midnight of a day, plus hours. */
static inline int64_t fixture_ms(day_t day, int hours)
{
    return ts_of_day(day, &fixture_zone) + hours * INT64_C(3600000);
}

/* The worked example: A B C above, D E F below, 2020-02-20, F missing, December 2019
 * imported. */
static inline void fixture_example(struct fixture *fixture, uint32_t ret_no[6])
{
    static const struct {
        const char *id;
        const char *name;
        enum size_class size_class;
        int64_t energy_kwh; /* -1 = missing */
        int64_t baseline_kwh;
    } firms[] = {
        {"A", "甲厂", SIZE_CLASS_ABOVE, 9000, 10000},
        {"B", "乙厂", SIZE_CLASS_ABOVE, 2999, 10000},
        {"C", "丙厂", SIZE_CLASS_ABOVE, 3000, 10000},
        {"D", "丁厂", SIZE_CLASS_BELOW, 0, 500},
        {"E", "戊厂", SIZE_CLASS_BELOW, 600, 500},
        {"F", "己厂", SIZE_CLASS_BELOW, -1, 2000},
    };

    for (int i = 0; i < 6; i++) {
        ret_no[i] = fixture_put(fixture, fixture_enterprise(firms[i].id, firms[i].name,
                                                            firms[i].size_class,
                                                            i < 3 ? "C3110" : "C1713"));
        fixture_december(fixture, ret_no[i], 2019, firms[i].baseline_kwh * 1000);
        if (firms[i].energy_kwh >= 0) {
            fixture_import(fixture, ret_no[i], day_from_civil(2020, 2, 20),
                           firms[i].energy_kwh * 1000);
        }
    }
}

#define EXAMPLE_DAY (day_from_civil(2020, 2, 20))
#define DAY_C31     (day_from_civil(2026, 11, 20))

static const struct rates_by by_all = {{{GROUP_ALL, 0}}, 1};

static inline struct rates_query fixture_query(day_t day, const struct rates_by *by,
                                               int n_by)
{
    return (struct rates_query){.day = day,
                                .method = &sgcc_2020,
                                .by = by,
                                .n_by = n_by,
                                .with_firm_revisions = true,
                                .now_ms = fixture_ms(day_from_civil(2026, 11, 21), 9),
                                .zone = &fixture_zone};
}

static inline struct rates_result fixture_rates(struct fixture *fixture,
                                                const struct rates_query *query)
{
    struct methods methods = fixture_methods();
    struct rates_result result;

    assert_int_equal(rates_compute(fixture->store, &methods, query, &result), 0);
    return result;
}

static inline struct rates_by fixture_by(const char *kinds, const char *level)
{
    struct rates_by by = {0};
    char why[128] = "";

    assert_int_equal(rates_by_parse(kinds, level, &by, why, sizeof(why)), 0);
    return by;
}

#endif
