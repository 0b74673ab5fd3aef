/*
 * Nine months of a real industrial site (UCI "Steel Industry Energy Consumption", CC
 * BY 4.0, Sathishkumar V E, Changsun Shin, Yongyun Cho), played as a meter's register of
 * 0.01 kWh that starts at 999,000.00 kWh and rolls over at 1,000,000.00. Reference sums:
 * README of the data. The file is not part of the repository: without it the tests are
 * skipped, loudly.
 */
#include "tests/unit/assess/energy_fixture.h"

#define ROWS        26208
#define START_UNITS INT64_C(99900000)
#define RANGE_UNITS INT64_C(100000000)
#define TOTAL_WH    INT64_C(729316670)
#define CUT_DAY     100 /* 2018-04-11 */
#define CUT_FIRST   (CUT_DAY * QUARTER_HOURS_PER_DAY + 1)
#define CUT_LAST    (CUT_FIRST + QUARTER_HOURS_PER_DAY - 1)

/* 2018-01-01T00:00 of the file's clock, taken as the site's */
static int64_t year_ms;
static int64_t units[ROWS]; /* hundredths of a kWh in each quarter-hour */
static struct fixture fixture;

static FILE *open_file(void)
{
    const char *folder = getenv("ECMON_SHARED_DATA"); /* NOLINT(concurrency-mt-unsafe) */
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/real-load/steel-2018-01-09.csv",
                   folder != NULL ? folder : "../shared/data");
    return fopen(path, "re");
}

static bool load_file(void)
{
    FILE *file = open_file();
    char line[256];
    int n = 0;

    if (file == NULL) {
        print_message(
            "SKIPPED: no real-load/steel-2018-01-09.csv under ECMON_SHARED_DATA or "
            "../shared/data\n");
        return false;
    }
    assert_non_null(fgets(line, sizeof(line), file));
    while (n < ROWS && fgets(line, sizeof(line), file) != NULL) {
        char *kwh = strchr(line, ',');

        assert_non_null(kwh);
        *strchr(kwh + 1, ',') = '\0';
        assert_int_equal(text_to_decimal(kwh + 1, 2, &units[n]), 0);
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, ROWS);
    return true;
}

static int setup(void **state)
{
    (void)state;
    year_ms = ts_of_day(day_from_civil(2018, 1, 1), &fixture_zone);
    fixture_init(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_done(&fixture);
    return 0;
}

/* Readings k = first … last, the k-th at the end of the k-th row, those of the cut left
 * out. */
static void play(uint32_t no, int first, int last, bool cut)
{
    int64_t total = 0;

    for (int64_t k = 0; k <= last; k++) {
        total += k > 0 ? units[k - 1] : 0;
        if (k >= first) {
            bool is_lost = cut && k >= CUT_FIRST && k <= CUT_LAST;

            fixture_read(&fixture, no, year_ms + k * QUARTER,
                         is_lost ? NONE : (START_UNITS + total) % RANGE_UNITS, NONE);
        }
    }
}

static int64_t month_wh(int month)
{
    char sql[160];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT sum(energy_wh) FROM energy_day WHERE valid = 1 AND day LIKE "
                   "'2018-%02d-%%'",
                   month);
    return fixture_value(&fixture, sql);
}

static void check_months(void)
{
    static const int64_t months_wh[] = {126238290, 91497340, 80230410, 78769800, 79059280,
                                        65404640,  81674410, 68559430, 57883070};

    for (int month = 1; month <= 9; month++) {
        assert_int_equal(month_wh(month), months_wh[month - 1]);
    }
    assert_int_equal(fixture_value(&fixture, "SELECT sum(energy_import_wh) FROM interval"),
                     TOTAL_WH);
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM interval"), ROWS);
    assert_int_equal(
        fixture_value(&fixture, "SELECT count(*) FROM event WHERE code = 'rollover'"), 1);
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM event"), 1);
}

static void energy_of_nine_real_months_is_exact(void **state)
{
    uint32_t no = fixture_supply(&fixture, "steel", "E1");

    (void)state;
    if (!load_file()) {
        skip();
    }
    play(no, 0, ROWS, false);
    fixture_catch_up(&fixture, year_ms + ROWS * QUARTER + 500, false);

    check_months();
    for (int64_t k = 0; k < ROWS; k++) {
        struct interval interval = fixture_interval(&fixture, no, year_ms + k * QUARTER);

        assert_int_equal(interval.energy[0], units[k] * 10);
        assert_int_equal(interval.quality, QUALITY_MEASURED);
    }
    assert_int_equal(fixture_value(&fixture,
                                   "SELECT count(*) FROM energy_day WHERE valid = 1 "
                                   "AND quality = 0 AND revision = 0"),
                     273);
}

static void energy_of_a_lost_day_and_a_restart_keeps_the_total_and_is_marked(void **state)
{
    uint32_t no = fixture_supply(&fixture, "steel", "E1");
    int middle = CUT_FIRST + 40;

    (void)state;
    if (!load_file()) {
        skip();
    }
    play(no, 0, middle, true);
    fixture_catch_up(&fixture, year_ms + middle * QUARTER + 500, false);
    fixture_restart(&fixture);
    play(no, middle + 1, ROWS, true);
    fixture_catch_up(&fixture, year_ms + ROWS * QUARTER + 500, false);

    /* The lost midnight falls into the gap: April's total needs the days beside it. */
    assert_int_equal(fixture_value(&fixture, "SELECT sum(energy_import_wh) FROM interval"),
                     TOTAL_WH);
    assert_int_equal(fixture_value(&fixture,
                                   "SELECT sum(energy_wh) FROM energy_day WHERE day LIKE "
                                   "'2018-04-%'"),
                     78769800);
    assert_int_equal(
        fixture_value(&fixture, "SELECT count(*) FROM interval WHERE quality = 2"), 97);
    for (int64_t k = 0; k < ROWS; k++) {
        struct interval interval = fixture_interval(&fixture, no, year_ms + k * QUARTER);
        bool is_marked = k >= CUT_FIRST - 1 && k <= CUT_LAST;

        assert_int_equal(interval.quality,
                         is_marked ? QUALITY_ESTIMATED : QUALITY_MEASURED);
        if (!is_marked) {
            assert_int_equal(interval.energy[0], units[k] * 10);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(energy_of_nine_real_months_is_exact, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            energy_of_a_lost_day_and_a_restart_keeps_the_total_and_is_marked, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
