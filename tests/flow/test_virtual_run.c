/*
 * Forty simulated meters of three types, one dead, one that answers exceptions, under the
 * virtual clock: every slot has its outcome, and the same run gives the same bytes. With
 * --long: a month at 60 s and a year at 15 min, twice each, with the time they take.
 */
#include <inttypes.h>
#include <time.h>

#include "tests/flow/virtual_site.h"
#include "tests/support/test.h"

#define METERS   40
#define N_VIEWS  (sizeof(views) / sizeof(views[0]))
#define START_MS INT64_C(1767196800000) /* 2026-01-01T00:00:00+08:00 */

/* Everything people and programs see, in order. */
static const char *const views[] = {
    "SELECT * FROM v_reading ORDER BY meter, slot_ts_ms",
    "SELECT * FROM v_interval ORDER BY meter, start_ts_ms",
    "SELECT * FROM v_energy_day ORDER BY enterprise, day",
    "SELECT * FROM v_rate_day ORDER BY day, method, group_kind, group_id",
    "SELECT * FROM v_resumption ORDER BY day, method, enterprise",
    "SELECT * FROM journal ORDER BY first_seq",
};

static const char *const profile_ids[] = {"eastron-sdm630", "chint-dtsu666",
                                          "acrel-adl400"};

static void add_meters(struct virtual_site *site)
{
    char why[256] = "";

    for (int i = 0; i < METERS; i++) {
        struct simulated_meter meter = {
            .unit = (uint8_t)(i % 5 + 1),
            .profile = profiles_find(&site->profiles, profile_ids[i % 3]),
            .pt = {1, 1},
            .ct = {i % 3 == 0 ? 1 : 20, 1},
            .load = {.shape = (enum load_shape)(i % 3),
                     .rated_w = 60000 + i * 1000,
                     .seed = (uint32_t)i + 1},
            .start_register = 100000 + i,
            .base_ts_ms = START_MS,
            .fault = {FAULT_NONE, 0, 100}};

        assert_non_null(meter.profile);
        (void)snprintf(meter.id, sizeof(meter.id), "M%03d", i + 1);
        (void)snprintf(meter.host, sizeof(meter.host), "127.0.0.%d", 1 + i / 5);
        meter.port = (uint16_t)(15700 + i / 5); /* five behind each gateway */
        meter.fault.kind = i == 16 ? FAULT_MUTE : i == 22 ? FAULT_EXCEPTION : FAULT_NONE;
        meter.fault.value = i == 22 ? 4 : 0;
        assert_int_equal(simulator_add(site->simulator, &meter), i);
    }
    assert_int_equal(simulator_start(site->simulator, why, sizeof(why)), 0);
}

static void write_files(const struct virtual_site *site, const char *interval)
{
    char text[16384];
    size_t n = 0;

    (void)snprintf(text, sizeof(text),
                   "site: { id: virtual, region: \"330282\" }\n"
                   "store: { path: ecmon.db, durability: normal, keep_readings: 400d }\n"
                   "collect: { interval: %s, timeout: 500ms }\n"
                   "control: { socket: ecmond.sock }\n",
                   interval);
    virtual_site_write(site, "ecmond.yaml", text);
    n = (size_t)snprintf(text, sizeof(text), "id,name,size_class,industry,region\n");
    for (int e = 1; e <= 20; e++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "E%02d,企业%d,%s,C31,330282\n", e,
                              e, e % 2 ? "above" : "below");
    }
    virtual_site_write(site, "enterprises.csv", text);
    n = (size_t)snprintf(text, sizeof(text), "id,enterprise,endpoint,address,profile,ct\n");
    for (int i = 0; i < METERS; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "M%03d,E%02d,modbus+tcp://127.0.0.%d:%d,%d,%s,%d\n", i + 1,
                              i / 2 + 1, 1 + i / 5, 15700 + i / 5, i % 5 + 1,
                              profile_ids[i % 3], i % 3 == 0 ? 1 : 20);
    }
    virtual_site_write(site, "meters.csv", text);
}

/* One run; its hashes go to ret_hex. Returns the seconds of real time it took. */
static double run_once(const char *interval, int64_t slot_ms, int64_t span_ms,
                       char ret_hex[N_VIEWS][65])
{
    struct virtual_site site;
    struct timespec begin;
    struct timespec end;

    virtual_site_init(&site, START_MS);
    write_files(&site, interval);
    virtual_site_profiles(&site);
    virtual_site_simulator(&site, NULL, NULL);
    add_meters(&site);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    virtual_site_start(&site);
    virtual_site_run(&site, START_MS + span_ms - slot_ms / 2);
    virtual_site_stop(&site);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);

    /* exactly one row per meter and scheduled slot, and no reading of the dead ones */
    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM v_reading"),
                     METERS * span_ms / slot_ms);
    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM v_reading"
                                                " WHERE status = 'ok'"),
                     (METERS - 2) * span_ms / slot_ms);
    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM v_reading"
                                                " WHERE meter IN ('M017', 'M023')"
                                                " AND energy_import_wh IS NOT NULL"),
                     0);
    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM v_interval"
                                                " WHERE meter NOT IN ('M017', 'M023')"
                                                " AND quality <> 'measured'"),
                     0);
    assert_int_equal(simulator_counts(site.simulator).writes, 0);
    for (size_t v = 0; v < N_VIEWS; v++) {
        virtual_site_hash(&site, views[v], ret_hex[v]);
    }
    virtual_site_done(&site);
    return (double)(end.tv_sec - begin.tv_sec) +
           (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
}

static void run_twice(const char *interval, int64_t slot_ms, int64_t span_ms)
{
    char first[N_VIEWS][65];
    char second[N_VIEWS][65];
    double first_s = run_once(interval, slot_ms, span_ms, first);
    double second_s = run_once(interval, slot_ms, span_ms, second);

    print_message(
        "%d meters, every %s, %" PRId64 " days: %.1f s and %.1f s; journal %.16s…\n",
        METERS, interval, span_ms / MS_PER_DAY, first_s, second_s, first[N_VIEWS - 1]);
    for (size_t v = 0; v < N_VIEWS; v++) {
        assert_string_equal(first[v], second[v]);
    }
}

static void two_days_at_a_minute_give_the_same_bytes_twice(void **state)
{
    (void)state;
    run_twice("60s", 60 * MS_PER_S, 2 * MS_PER_DAY);
}

static void a_month_at_a_minute_gives_the_same_bytes_twice(void **state)
{
    (void)state;
    run_twice("60s", 60 * MS_PER_S, 30 * MS_PER_DAY);
}

static void a_year_at_a_quarter_hour_gives_the_same_bytes_twice(void **state)
{
    (void)state;
    run_twice("15min", MS_PER_QUARTER_HOUR, 365 * MS_PER_DAY);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest short_runs[] = {
        cmocka_unit_test(two_days_at_a_minute_give_the_same_bytes_twice),
    };
    const struct CMUnitTest long_runs[] = {
        cmocka_unit_test(a_month_at_a_minute_gives_the_same_bytes_twice),
        cmocka_unit_test(a_year_at_a_quarter_hour_gives_the_same_bytes_twice),
    };

    if (argc > 1 && strcmp(argv[1], "--long") == 0) {
        return cmocka_run_group_tests(long_runs, NULL, NULL);
    }
    return cmocka_run_group_tests(short_runs, NULL, NULL);
}
