/*
 * A real industrial load replayed as a meter's register through Modbus TCP under the
 * virtual clock: nine months of 15-min energy of a steel plant (UCI id 851, CC BY 4.0: V E
 * Sathishkumar, Changsun Shin, Yongyun Cho; see ../shared/data/real-load). The register has
 * 0.01 kWh and rolls over at 1,000,000 kWh soon after the start.
 */
#include <inttypes.h>
#include <sys/stat.h>

#include "tests/flow/virtual_site.h"
#include "tests/support/test.h"

#define ROWS     26208
#define RANGE    INT64_C(100000000)     /* 0.01 kWh */
#define START    (RANGE - 250000)       /* 2,500 kWh before the rollover */
#define FIRST_MS INT64_C(1514736000000) /* 2018-01-01T00:00:00+08:00 */
#define TOTAL_WH INT64_C(729316670)
#define PORT     15790

static const char *const places[] = {"../shared/data/real-load/steel-2018-01-09.csv",
                                     "../../shared/data/real-load/steel-2018-01-09.csv"};

/* kWh × 100 of the README's table. */
static const int64_t month_e2[9] = {12623829, 9149734, 8023041, 7876980, 7905928,
                                    6540464,  8167441, 6855943, 5788307};

static int64_t row_e2[ROWS];     /* 0.01 kWh of each quarter-hour */
static int64_t sum_e2[ROWS + 1]; /* of the rows before */

static bool load_rows(void)
{
    char line[256];
    FILE *file = NULL;
    int n = 0;

    for (size_t i = 0; file == NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        file = fopen(places[i], "r");
    }
    if (file == NULL) {
        return false;
    }
    assert_non_null(fgets(line, sizeof(line), file));
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *kwh = strchr(line, ',');
        int64_t whole = 0;
        char decimals[3] = "00";

        assert_non_null(kwh);
        assert_true(n < ROWS);
        assert_true(sscanf(kwh + 1, "%" SCNd64 ".%2[0-9]", &whole, decimals) >= 1);
        decimals[1] = decimals[1] == '\0' ? '0' : decimals[1];
        row_e2[n] = whole * 100 + (decimals[0] - '0') * 10 + (decimals[1] - '0');
        sum_e2[n + 1] = sum_e2[n] + row_e2[n];
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, ROWS);
    assert_int_equal(sum_e2[ROWS] * 10, TOTAL_WH);
    return true;
}

/* The register at an instant: what the quarter-hours that have ended add up to. */
static bool register_at(void *ctx, const struct simulated_meter *meter,
                        enum quantity quantity, int64_t wall_ms, int64_t *ret_value)
{
    int64_t ended = (wall_ms - FIRST_MS) / MS_PER_QUARTER_HOUR;

    (void)ctx;
    (void)meter;
    ended = ended > ROWS ? ROWS : ended;
    *ret_value = (START + sum_e2[ended]) % RANGE;
    return quantity == QUANTITY_ENERGY_IMPORT_WH;
}

static void open_site(struct virtual_site *site)
{
    struct simulated_meter meter = {.id = "STEEL",
                                    .host = "127.0.0.1",
                                    .port = PORT,
                                    .unit = 1,
                                    .pt = {1, 1},
                                    .ct = {1, 1},
                                    .fault = {FAULT_NONE, 0, 100}};
    char why[256] = "";

    virtual_site_init(site, FIRST_MS);
    virtual_site_write(site, "ecmond.yaml",
                       "site: { id: steel }\n"
                       "store: { path: ecmon.db, durability: normal }\n"
                       "collect: { interval: 15min }\n"
                       "control: { socket: ecmond.sock }\n");
    virtual_site_write(site, "enterprises.csv", "id,name,size_class\nPLANT,钢铁厂,above\n");
    virtual_site_write(site, "meters.csv",
                       "id,enterprise,endpoint,address,profile\n"
                       "STEEL,PLANT,modbus+tcp://127.0.0.1:15790,1,replayed\n");
    (void)snprintf(why, sizeof(why), "%s/profiles", site->folder);
    assert_int_equal(mkdir(why, 0755), 0);
    virtual_site_write(
        site, "profiles/replayed.yaml",
        "profile: replayed\nname: Replayed register\nversion: \"1\"\n"
        "source: made for this test\nside: primary\nfunction: 3\norder: big\n"
        "max_registers: 2\n"
        "energy: { digit: 0.01 kWh, range: 1000000 kWh }\n"
        "points:\n"
        "  - { quantity: energy_import_wh, address: 0, type: u32, factor: 0.01, "
        "unit: kWh, source: made for this test }\n");
    virtual_site_profiles(site);
    meter.profile = profiles_find(&site->profiles, "replayed");
    assert_non_null(meter.profile);
    virtual_site_simulator(site, register_at, NULL);
    assert_int_equal(simulator_add(site->simulator, &meter), 0);
    assert_int_equal(simulator_start(site->simulator, why, sizeof(why)), 0);
    virtual_site_start(site);
}

static int64_t at(int row)
{
    return FIRST_MS + row * MS_PER_QUARTER_HOUR;
}

/* Past the last boundary, so that its interval is closed. */
static void run_to_end(struct virtual_site *site)
{
    virtual_site_run(site, at(ROWS) + MS_PER_MIN);
    virtual_site_stop(site);
}

static void assert_months(const struct virtual_site *site)
{
    char sql[256];

    for (int month = 1; month <= 9; month++) {
        (void)snprintf(sql, sizeof(sql),
                       "SELECT energy_wh FROM v_energy_month WHERE period = '2018-%02d'",
                       month);
        assert_int_equal(virtual_site_number(site, sql), month_e2[month - 1] * 10);
    }
}

static void nine_months_are_exact_and_each_interval_is_its_row(void **state)
{
    (void)state;
    static int64_t energy_wh[ROWS];
    struct virtual_site site;

    open_site(&site);
    run_to_end(&site);

    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM v_interval"), ROWS);
    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM v_interval"
                                                " WHERE quality = 'measured'"),
                     ROWS);
    assert_int_equal(
        virtual_site_number(&site, "SELECT sum(energy_import_wh) FROM v_interval"),
        TOTAL_WH);
    virtual_site_numbers(&site,
                         "SELECT energy_import_wh FROM v_interval ORDER BY start_ts_ms",
                         energy_wh, ROWS);
    for (int row = 0; row < ROWS; row++) {
        assert_int_equal(energy_wh[row], row_e2[row] * 10);
    }
    assert_months(&site);
    assert_int_equal(virtual_site_number(&site, "SELECT count(*) FROM event"
                                                " WHERE code = 'rollover'"),
                     1);
    virtual_site_done(&site);
}

/* 96 quarter-hours without an answer from 2018-03-10T12:00 on, and a restart in June. */
static void a_day_cut_out_and_a_restart_keep_the_total_and_mark_the_gap(void **state)
{
    (void)state;

    enum {
        CUT = 68 * 96 + 48,
        CUT_END = CUT + 96,
        RESTART = 165 * 96 + 41
    };
    struct virtual_site site;

    open_site(&site);
    virtual_site_run(&site, at(CUT) + MS_PER_MIN);
    simulator_set_fault(site.simulator, 0, (struct fault){FAULT_MUTE, 0, 100});
    virtual_site_run(&site, at(CUT_END) + MS_PER_MIN);
    simulator_set_fault(site.simulator, 0, (struct fault){FAULT_NONE, 0, 100});
    virtual_site_run(&site, at(RESTART) + 5 * MS_PER_MIN);
    virtual_site_stop(&site);
    virtual_site_start(&site);
    run_to_end(&site);

    int64_t unmarked = virtual_site_number(
        &site, "SELECT count(*) FROM v_interval WHERE quality = 'measured'");
    int64_t estimated = virtual_site_number(
        &site, "SELECT count(*) FROM v_interval WHERE quality = 'estimated'");

    assert_int_equal(
        virtual_site_number(&site, "SELECT sum(energy_import_wh) FROM v_interval"),
        TOTAL_WH);
    assert_months(&site);
    /* boundaries CUT + 1 … CUT_END are not read, and after a day a meter is probed again
     * within its back-off of 5 min: one slot more at most */
    assert_true(estimated >= 97 && estimated <= 98);
    assert_int_equal(unmarked + estimated, ROWS);
    assert_int_equal(virtual_site_number(&site, "SELECT min(start_ts_ms) FROM v_interval"
                                                " WHERE quality = 'estimated'"),
                     at(CUT));
    virtual_site_done(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nine_months_are_exact_and_each_interval_is_its_row),
        cmocka_unit_test(a_day_cut_out_and_a_restart_keep_the_total_and_mark_the_gap),
    };

    if (!load_rows()) {
        print_message("SKIPPED: %s is not there\n", places[0]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
