/* Instants checked with: date -u -d '2026-11-21T00:00:00Z' +%s = 1795219200. */
#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/core/zone.h"
#include "tests/support/test.h"

#define TS_2026_11_21_Z INT64_C(1795219200000)

static const struct zone shanghai = {8 * 3600 * 1000, "Asia/Shanghai"};
static const struct zone newfoundland = {-(3 * 60 + 30) * 60 * 1000, "fixed"};

static void day_reads_four_forms(void **state)
{
    static const char *const forms[] = {"2026-11-01",    "2026/11/1",      "2026/11/01",
                                        "2026年11月1日", "2026年11月01日", "20261101"};

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        day_t day = 0;

        assert_int_equal(text_to_day(forms[i], &day), 0);
        assert_int_equal(day, 20758); /* date -d 2026-11-01 +%s / 86400 */
    }
}

static void day_refuses_dates_that_do_not_exist(void **state)
{
    day_t day = 7;

    (void)state;
    assert_int_equal(text_to_day("2026-02-29", &day), ERR_RANGE);
    assert_int_equal(text_to_day("2026-13-01", &day), ERR_RANGE);
    assert_int_equal(text_to_day("2026-00-01", &day), ERR_RANGE);
    assert_int_equal(text_to_day("20260431", &day), ERR_RANGE);
    assert_int_equal(text_to_day("1899-12-31", &day), ERR_RANGE);
    assert_int_equal(text_to_day("2026-2-9", &day), ERR_SYNTAX);
    assert_int_equal(text_to_day("2026-02-09 ", &day), ERR_SYNTAX);
    assert_int_equal(text_to_day("26-02-09", &day), ERR_SYNTAX);
    assert_int_equal(text_to_day("2026/02-09", &day), ERR_SYNTAX);
    assert_int_equal(text_to_day("", &day), ERR_SYNTAX);
    assert_int_equal(day, 7);
    assert_int_equal(text_to_day("2024-02-29", &day), 0);
}

static void day_prints_its_bounds(void **state)
{
    char text[DAY_TEXT_LEN];

    (void)state;
    text_from_day(DAY_MIN, text);
    assert_string_equal(text, "1900-01-01");
    text_from_day(DAY_MAX, text);
    assert_string_equal(text, "9999-12-31");
    text_from_day(20778, text);
    assert_string_equal(text, "2026-11-21");
}

static void instant_reads_iso_ms_and_local(void **state)
{
    int64_t ts_ms = 0;

    (void)state;
    assert_int_equal(text_to_ts_ms("2026-11-21T00:00:00Z", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z);
    assert_int_equal(text_to_ts_ms("2026-11-21T08:00:00+08:00", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z);
    assert_int_equal(text_to_ts_ms("2026-11-20T20:30-0330", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z);
    assert_int_equal(text_to_ts_ms("2026-11-21T08:00:00.1239+08", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z + 123);
    assert_int_equal(text_to_ts_ms("1795219200000", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z);
    assert_int_equal(text_to_ts_ms("2026-11-21 08:00", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z);
    assert_int_equal(text_to_ts_ms("2026/11/21 8:00:01", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z + 1000);
}

static void instant_24_00_is_the_next_midnight(void **state)
{
    int64_t ts_ms = 0;

    (void)state;
    assert_int_equal(text_to_ts_ms("2026-11-20 24:00", &shanghai, &ts_ms), 0);
    assert_true(ts_ms == TS_2026_11_21_Z - 480 * MS_PER_MIN);
    assert_int_equal(text_to_ts_ms("2026-11-20 24:01", &shanghai, &ts_ms), ERR_RANGE);
}

static void instant_refuses_what_it_would_have_to_guess(void **state)
{
    int64_t ts_ms = 7;

    (void)state;
    assert_int_equal(text_to_ts_ms("2026-11-21T08:00:00", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("2026-11-21", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("2026-11-21 08", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("2026-11-21 08:00x", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("2026-11-21 08:00:00.", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("-5", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("", &shanghai, &ts_ms), ERR_SYNTAX);
    assert_int_equal(text_to_ts_ms("2026-11-31 08:00", &shanghai, &ts_ms), ERR_RANGE);
    assert_int_equal(text_to_ts_ms("2026-11-21 08:60", &shanghai, &ts_ms), ERR_RANGE);
    assert_int_equal(text_to_ts_ms("2026-11-21T08:00:00+15:00", &shanghai, &ts_ms),
                     ERR_RANGE);
    assert_int_equal(text_to_ts_ms("99999999999999999999", &shanghai, &ts_ms), ERR_RANGE);
    assert_int_equal(ts_ms, 7);
}

static void instant_prints_with_the_offset(void **state)
{
    char text[32];

    (void)state;
    text_from_ts_ms(TS_2026_11_21_Z + 999, &shanghai, text);
    assert_string_equal(text, "2026-11-21T08:00:00+08:00");
    text_from_ts_ms(TS_2026_11_21_Z, &newfoundland, text);
    assert_string_equal(text, "2026-11-20T20:30:00-03:30");
    text_from_ts_ms(-1, &(struct zone){0, "UTC"}, text);
    assert_string_equal(text, "1969-12-31T23:59:59+00:00");
    text_from_ts_ms(TS_MS_OPEN, &shanghai, text);
    assert_string_equal(text, "9999-12-31T23:59:59+08:00");
}

static void assert_period(const char *text, enum period_kind kind, const char *first,
                          const char *last)
{
    struct period period;
    char day[DAY_TEXT_LEN];

    assert_int_equal(text_to_period(text, &period), 0);
    assert_int_equal(period.kind, kind);
    assert_string_equal(period.text, text);
    text_from_day(period.first, day);
    assert_string_equal(day, first);
    text_from_day(period.last, day);
    assert_string_equal(day, last);
}

static void period_reads_every_form(void **state)
{
    (void)state;
    assert_period("2023", PERIOD_YEAR, "2023-01-01", "2023-12-31");
    assert_period("2026H1", PERIOD_HALF, "2026-01-01", "2026-06-30");
    assert_period("2026H2", PERIOD_HALF, "2026-07-01", "2026-12-31");
    assert_period("2026Q1", PERIOD_QUARTER, "2026-01-01", "2026-03-31");
    assert_period("2026Q4", PERIOD_QUARTER, "2026-10-01", "2026-12-31");
    assert_period("2024-02", PERIOD_MONTH, "2024-02-01", "2024-02-29");
    assert_period("2026-01..2026-02", PERIOD_RANGE, "2026-01-01", "2026-02-28");
    assert_string_equal(period_kind_name(PERIOD_HALF), "half");
    assert_string_equal(period_kind_name(PERIOD_RANGE), "range");
}

static void period_refuses_everything_else(void **state)
{
    static const char *const syntax[] = {
        "",          "20",         "2026-1",  "2026H",           "2026HQ1",   "2026H-01",
        "2026-01..", "2026-01-01", "2026Q1x", "2026-01..2026-2", "2026..2027"};
    static const char *const range[] = {"2026H3",           "2026Q0",          "2026Q5",
                                        "2026-00",          "2026-13",         "1899",
                                        "2026-12..2027-01", "2026-05..2026-04"};
    struct period period = {.kind = PERIOD_HALF};

    (void)state;
    for (size_t i = 0; i < sizeof(syntax) / sizeof(syntax[0]); i++) {
        assert_int_equal(text_to_period(syntax[i], &period), ERR_SYNTAX);
    }
    for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
        assert_int_equal(text_to_period(range[i], &period), ERR_RANGE);
    }
    assert_int_equal(period.kind, PERIOD_HALF);
}

/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
static void zone_has_a_fixed_offset_or_is_refused(void **state)
{
    struct zone zone = {0, ""};

    (void)state;
    assert_int_equal(setenv("TZ", "America/New_York", 1), 0);
    assert_int_equal(zone_load("Asia/Shanghai", &zone), 0);
    assert_int_equal(zone.offset_ms, 8 * 3600 * 1000);
    assert_string_equal(zone.name, "Asia/Shanghai");
    assert_string_equal(getenv("TZ"), "America/New_York");
    assert_int_equal(zone_load("UTC", &zone), 0);
    assert_int_equal(zone.offset_ms, 0);
    assert_int_equal(zone_load("Europe/Berlin", &zone), ERR_RANGE);
    assert_int_equal(zone_load("Asia/Shangai", &zone), ERR_NOT_FOUND);
    assert_int_equal(zone_load("../../../etc/localtime", &zone), ERR_NOT_FOUND);
    assert_int_equal(zone_load("", &zone), ERR_NOT_FOUND);
    assert_int_equal(zone_load("Asia", &zone), ERR_NOT_FOUND);
    assert_string_equal(zone.name, "UTC");
}

/* NOLINTEND(concurrency-mt-unsafe) */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(day_reads_four_forms),
        cmocka_unit_test(day_refuses_dates_that_do_not_exist),
        cmocka_unit_test(day_prints_its_bounds),
        cmocka_unit_test(instant_reads_iso_ms_and_local),
        cmocka_unit_test(instant_24_00_is_the_next_midnight),
        cmocka_unit_test(instant_refuses_what_it_would_have_to_guess),
        cmocka_unit_test(instant_prints_with_the_offset),
        cmocka_unit_test(period_reads_every_form),
        cmocka_unit_test(period_refuses_everything_else),
        cmocka_unit_test(zone_has_a_fixed_offset_or_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
