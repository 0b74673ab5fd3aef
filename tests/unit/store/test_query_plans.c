/* The questions that people ask are answered by keys: no table that grows is ever scanned.
 */
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static const char *const grows[] = {
    "reading",  "interval",  "slot",       "interval_history", "energy_day",
    "rate_day", "meter_day", "resumption", "carbon",           "energy_day_source"};

/* The names by which the views know these tables. */
static const char *const aliases[] = {"r", "i", "s", "d", "c", "x"};

struct plan {
    char text[8192];
};

static void explain(struct store *store, const char *sql, struct plan *ret)
{
    char query[4096];
    sqlite3_stmt *stmt = NULL;
    size_t n = 0;

    ret->text[0] = '\0';
    (void)snprintf(query, sizeof(query), "EXPLAIN QUERY PLAN %s", sql);
    if (sqlite3_prepare_v2(store_db(store), query, -1, &stmt, NULL) != SQLITE_OK) {
        print_error("%s: %s\n", sql, sqlite3_errmsg(store_db(store)));
        fail();
    }
    while (sqlite3_step(stmt) == SQLITE_ROW && n < sizeof(ret->text)) {
        n += (size_t)snprintf(ret->text + n, sizeof(ret->text) - n, "%s\n",
                              (const char *)sqlite3_column_text(stmt, 3));
    }
    (void)sqlite3_finalize(stmt);
}

static bool has_line(const struct plan *plan, const char *verb, const char *name)
{
    char start[64];

    (void)snprintf(start, sizeof(start), "%s %s", verb, name);
    for (const char *at = strstr(plan->text, start); at != NULL;
         at = strstr(at + 1, start)) {
        char next = at[strlen(start)];

        if (next == ' ' || next == '\n') {
            return true;
        }
    }
    return false;
}

static void refuse_scans(const struct plan *plan, const char *sql)
{
    for (size_t i = 0; i < sizeof(grows) / sizeof(grows[0]); i++) {
        if (has_line(plan, "SCAN", grows[i])) {
            print_error("%s\n%s", sql, plan->text);
            fail();
        }
    }
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (has_line(plan, "SCAN", aliases[i])) {
            print_error("%s\n%s", sql, plan->text);
            fail();
        }
    }
}

static void expect(struct store *store, const char *sql, const char *const *lines)
{
    struct plan plan;

    explain(store, sql, &plan);
    refuse_scans(&plan, sql);
    for (int i = 0; lines != NULL && lines[i] != NULL; i++) {
        if (strstr(plan.text, lines[i]) == NULL) {
            print_error("%s\nlacks: %s\n%s", sql, lines[i], plan.text);
            fail();
        }
    }
}

static void readings_are_found_by_meter_and_time(void **state)
{
    static const char *const by_meter[] = {
        "SEARCH m USING COVERING INDEX sqlite_autoindex_meter_1 (id=?)",
        "SEARCH p USING PRIMARY KEY (meter_no=?)",
        "SEARCH s USING PRIMARY KEY (interval_s=? AND slot_ts_ms>? AND slot_ts_ms<?)",
        "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)", NULL};
    static const char *const by_time[] = {
        "SEARCH s USING PRIMARY KEY (interval_s=? AND slot_ts_ms>? AND slot_ts_ms<?)",
        "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)", NULL};
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    expect(fixture.store,
           "SELECT * FROM v_reading WHERE meter = 'M001' AND slot_ts_ms >= 1 AND "
           "slot_ts_ms < 2",
           by_meter);
    expect(fixture.store,
           "SELECT count(*), sum(status = 'ok') FROM v_reading WHERE meter = 'M001' "
           "AND slot_ts_ms BETWEEN 1 AND 2",
           by_meter);
    expect(fixture.store,
           "SELECT * FROM v_reading WHERE slot_ts_ms >= 1 AND slot_ts_ms < 2", by_time);
    expect(fixture.store,
           "SELECT meter, max(power_w) FROM v_reading WHERE slot_ts_ms >= 1 AND slot_ts_ms "
           "< 2 "
           "GROUP BY meter",
           by_time);
    expect(fixture.store, "SELECT * FROM v_reading WHERE meter = 'M001' AND slot_ts_ms = 1",
           NULL);
    fixture_done(&fixture);
}

static void intervals_are_found_by_meter_and_time(void **state)
{
    static const char *const by_meter[] = {
        "SEARCH m USING COVERING INDEX sqlite_autoindex_meter_1 (id=?)",
        "SEARCH q USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)", NULL};
    static const char *const by_day[] = {"SEARCH q USING INDEX quarter_day (day=?)",
                                         "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)",
                                         NULL};
    static const char *const curve[] = {
        "SEARCH e USING COVERING INDEX sqlite_autoindex_enterprise_1 (id=?)",
        "SEARCH q USING INDEX quarter_day (day=?)",
        "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)", NULL};
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    expect(fixture.store,
           "SELECT * FROM v_interval WHERE meter = 'M001' AND start_ts_ms >= 1 "
           "AND start_ts_ms < 2",
           by_meter);
    expect(fixture.store,
           "SELECT * FROM v_interval WHERE meter = 'M001' AND day = '2026-11-21'", by_day);
    expect(fixture.store,
           "SELECT * FROM v_interval WHERE enterprise = 'E001' AND start_ts_ms >= 1 "
           "AND start_ts_ms < 2",
           NULL);
    expect(fixture.store,
           "SELECT sum(energy_import_wh) FROM v_interval WHERE meter = 'M001'", NULL);
    expect(fixture.store,
           "SELECT * FROM v_interval_history WHERE meter = 'M001' AND start_ts_ms >= 1 "
           "AND start_ts_ms < 2",
           NULL);
    expect(fixture.store,
           "SELECT * FROM v_curve WHERE enterprise = 'E001' AND day = '2026-11-21'", curve);
    expect(fixture.store,
           "SELECT * FROM v_curve WHERE enterprise = 'E001' AND start_ts_ms >= 1 "
           "AND start_ts_ms < 2",
           NULL);
    fixture_done(&fixture);
}

static void days_are_found_by_day_and_by_enterprise(void **state)
{
    static const char *const by_day[] = {"SEARCH d USING PRIMARY KEY (day=?)", NULL};
    static const char *const by_enterprise[] = {
        "SEARCH d USING INDEX energy_day_enterprise (enterprise_no=? AND day>? AND day<?)",
        NULL};
    static const char *const by_meter[] = {
        "SEARCH d USING INDEX meter_day_meter (meter_no=? AND day>? AND day<?)", NULL};
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    expect(fixture.store, "SELECT * FROM v_energy_day WHERE day = '2026-11-21'", by_day);
    expect(fixture.store,
           "SELECT * FROM v_energy_day WHERE day BETWEEN '2026-11-01' AND '2026-11-21'",
           NULL);
    expect(fixture.store,
           "SELECT * FROM v_energy_day WHERE enterprise = 'E001' "
           "AND day BETWEEN '2026-11-01' AND '2026-11-21'",
           by_enterprise);
    expect(fixture.store, "SELECT * FROM v_energy_day_source WHERE day = '2026-11-21'",
           NULL);
    expect(fixture.store,
           "SELECT * FROM v_energy_day_history WHERE enterprise = 'E001' AND day = "
           "'2026-11-21'",
           NULL);
    expect(fixture.store, "SELECT * FROM v_energy_month WHERE enterprise = 'E001'", NULL);
    expect(fixture.store, "SELECT * FROM v_meter_day WHERE day = '2026-11-21'", by_day);
    expect(fixture.store,
           "SELECT * FROM v_meter_day WHERE meter = 'M001' "
           "AND day BETWEEN '2026-11-01' AND '2026-11-21'",
           by_meter);
    expect(fixture.store, "SELECT * FROM v_success_day WHERE day = '2026-11-21'", NULL);
    expect(fixture.store,
           "SELECT * FROM v_success_day WHERE meter = 'M001' AND day = '2026-11-21'", NULL);
    fixture_done(&fixture);
}

static void results_are_found_by_day_and_period(void **state)
{
    static const char *const rate[] = {"SEARCH r USING INDEX rate_day_newest (day=?", NULL};
    static const char *const resumption[] = {
        "SEARCH r USING INDEX resumption_newest (day=?", NULL};
    static const char *const carbon[] = {"SEARCH c USING INDEX carbon_newest (period=?",
                                         NULL};
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    expect(fixture.store, "SELECT * FROM v_rate_day WHERE day = '2026-11-21'", rate);
    expect(fixture.store,
           "SELECT * FROM v_rate_day WHERE day = '2026-11-21' AND method = 'sgcc-2020' "
           "AND group_kind = 'industry' AND group_id = 'C31'",
           rate);
    expect(fixture.store,
           "SELECT * FROM v_rate_day WHERE day BETWEEN '2026-11-01' AND '2026-11-21' "
           "AND group_kind = 'all'",
           NULL);
    expect(fixture.store, "SELECT * FROM v_resumption WHERE day = '2026-11-21'",
           resumption);
    expect(fixture.store,
           "SELECT * FROM v_resumption WHERE enterprise = 'E001' AND day = '2026-11-21'",
           NULL);
    expect(fixture.store, "SELECT * FROM v_carbon WHERE period = '2026-11'", carbon);
    expect(fixture.store, "SELECT * FROM v_baseline WHERE method = 'sgcc-2020'", NULL);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_are_found_by_meter_and_time),
        cmocka_unit_test(intervals_are_found_by_meter_and_time),
        cmocka_unit_test(days_are_found_by_day_and_by_enterprise),
        cmocka_unit_test(results_are_found_by_day_and_period),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
