/* Closing quarter-hours in a real store: as time goes on, late, after gaps, after
 * corrections. */
#include "tests/unit/assess/energy_fixture.h"

static struct fixture fixture;

static int setup(void **state)
{
    (void)state;
    fixture_init(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_done(&fixture);
    return 0;
}

/* One reading a minute from slot minute `from` to `until`, `per` units each minute. */
static void read_minutes(uint32_t meter_no, int from, int until, int64_t start_units,
                         int64_t per)
{
    for (int minute = from; minute <= until; minute++) {
        fixture_read(&fixture, meter_no, MIDNIGHT + minute * MS_PER_MIN,
                     start_units + per * (minute - from), NONE);
    }
}

static void energy_closes_a_quarter_hour_when_its_last_register_is_there(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_minutes(no, 0, 14, 1000, 2);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 15 * MS_PER_MIN + 50), 0);
    assert_false(fixture_has_interval(&fixture, no, 0));

    read_minutes(no, 15, 15, 1030, 2);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 15 * MS_PER_MIN + 400), 1);
    fixture_expect(&fixture, no, 0, 300, QUALITY_MEASURED, 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 15 * MS_PER_MIN + 900), 0);

    struct interval interval = fixture_interval(&fixture, no, MIDNIGHT);

    assert_int_equal(interval.enterprise_no, fixture_enterprise(&fixture, "E1"));
    assert_int_equal(interval.start_register, 1000);
    assert_int_equal(interval.end_register, 1030);
    assert_int_equal(interval.end_register_ts_ms, MIDNIGHT + 15 * MS_PER_MIN + 200);
}

static void energy_journals_each_quarter_hour_once_and_in_time(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");
    struct journal_entry entries[64];
    int n_intervals = 0;

    (void)state;
    read_minutes(no, 0, 30, 1000, 2);
    (void)fixture_close(&fixture, MIDNIGHT + 31 * MS_PER_MIN);
    assert_int_equal(store_commit(fixture.store), 0);
    int n = journal_read(fixture.store, 0, entries, 64);

    for (int i = 0; i < n; i++) {
        if (entries[i].kind == JOURNAL_INTERVAL) {
            assert_int_equal(entries[i].meter_no, no);
            assert_int_equal(entries[i].slot_ts_ms, MIDNIGHT + n_intervals * QUARTER);
            assert_int_equal(entries[i].revision, 0);
            assert_false(entries[i].late);
            n_intervals++;
        }
    }
    assert_int_equal(n_intervals, 2);
}

static void energy_of_a_gap_is_missing_first_and_estimated_once_it_closes(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_minutes(no, 0, 15, 1000, 1);
    for (int minute = 16; minute < 135; minute++) {
        fixture_read(&fixture, no, MIDNIGHT + minute * MS_PER_MIN, NONE, NONE);
        (void)fixture_close(&fixture, MIDNIGHT + minute * MS_PER_MIN + 500);
    }
    /* 02:14: the quarter-hours up to 01:45 (1 … 6) are given up, later ones are open. */
    fixture_expect(&fixture, no, 0, 150, QUALITY_MEASURED, 0);
    for (int64_t k = 1; k < 7; k++) {
        fixture_expect(&fixture, no, k, NONE, QUALITY_MISSING, 0);
    }
    assert_false(fixture_has_interval(&fixture, no, 7));

    fixture_read(&fixture, no, MIDNIGHT + 135 * MS_PER_MIN, 1815,
                 NONE); /* +800 in 8 quarters */
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 135 * MS_PER_MIN + 500), 8);
    for (int64_t k = 1; k < 9; k++) {
        fixture_expect(&fixture, no, k, 1000, QUALITY_ESTIMATED, k < 7 ? 1 : 0);
    }
    struct interval old;

    assert_int_equal(energy_interval_get(fixture.store, no, MIDNIGHT + QUARTER, 0, &old),
                     0);
    assert_int_equal(old.quality, QUALITY_MISSING);
    assert_int_equal(old.present, 0);
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM interval_history"), 6);
}

static void energy_gives_up_only_a_minute_after_the_last_chance(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    fixture_read(&fixture, no, MIDNIGHT, 1000, NONE);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 30 * MS_PER_MIN + 59999), 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 31 * MS_PER_MIN), 1);
    fixture_expect(&fixture, no, 0, NONE, QUALITY_MISSING, 0);
}

static void energy_interpolates_a_lost_boundary_at_once(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_minutes(no, 0, 14, 1000, 1);
    fixture_read(&fixture, no, MIDNIGHT + 15 * MS_PER_MIN, NONE, NONE);
    (void)fixture_close(&fixture, MIDNIGHT + 15 * MS_PER_MIN + 500);
    assert_false(fixture_has_interval(&fixture, no, 0));
    fixture_read(&fixture, no, MIDNIGHT + 16 * MS_PER_MIN, 1020, NONE); /* 1014 … 1020 */
    (void)fixture_close(&fixture, MIDNIGHT + 16 * MS_PER_MIN + 500);

    fixture_expect(&fixture, no, 0, 170, QUALITY_INTERPOLATED, 0);
}

static void energy_writes_missing_rows_for_a_meter_that_never_answered(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    for (int minute = 7; minute < 50; minute++) {
        fixture_read(&fixture, no, MIDNIGHT + minute * MS_PER_MIN, NONE, NONE);
    }
    (void)fixture_close(&fixture, MIDNIGHT + 50 * MS_PER_MIN);

    fixture_expect(&fixture, no, 0, NONE, QUALITY_MISSING, 0);
    fixture_expect(&fixture, no, 1, NONE, QUALITY_MISSING, 0);
    assert_false(fixture_has_interval(&fixture, no, 2));
}

static void energy_reopens_exactly_what_a_late_sample_touches(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    for (int64_t k = 0; k <= 20; k++) {
        if (k < 8 || k > 11) { /* boundaries 8 … 11 are lost: quarter-hours 7 … 11 */
            fixture_read(&fixture, no, MIDNIGHT + k * QUARTER, 1000 + 100 * k, NONE);
        }
    }
    (void)fixture_close(&fixture, MIDNIGHT + 20 * QUARTER + 500);
    fixture_expect(&fixture, no, 9, 1000, QUALITY_ESTIMATED, 0);

    fixture_read(&fixture, no, MIDNIGHT + 9 * QUARTER, 1810, NONE); /* not 1900 */
    assert_int_equal(energy_reopen_slot(fixture.store, no, MIDNIGHT + 9 * QUARTER), 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 20 * QUARTER + 600), 5);

    fixture_expect(&fixture, no, 6, 1000, QUALITY_MEASURED, 0);
    fixture_expect(&fixture, no, 7, 550, QUALITY_INTERPOLATED, 1);
    fixture_expect(&fixture, no, 8, 550, QUALITY_INTERPOLATED, 1);
    fixture_expect(&fixture, no, 9, 1300, QUALITY_ESTIMATED,
                   1); /* 390 units over three: 130 */
    fixture_expect(&fixture, no, 11, 1300, QUALITY_ESTIMATED, 1);
    fixture_expect(&fixture, no, 12, 1000, QUALITY_MEASURED, 0);
    assert_int_equal(
        fixture_value(&fixture, "SELECT count(*) FROM stale WHERE kind = 'meter'"), 0);
}

static void energy_ignores_a_sample_whose_quarter_hour_is_still_open(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_minutes(no, 0, 20, 1000, 1);
    (void)fixture_close(&fixture, MIDNIGHT + 21 * MS_PER_MIN);
    assert_int_equal(energy_reopen_slot(fixture.store, no, MIDNIGHT + 18 * MS_PER_MIN), 0);
    assert_int_equal(
        fixture_value(&fixture, "SELECT count(*) FROM stale WHERE kind = 'meter'"), 0);
}

static void energy_makes_history_again_when_a_ratio_was_wrong(void **state)
{
    struct meter versions[2];

    (void)state;
    versions[0] = fixture_meter(&fixture, "M1", "E1", METER_ROLE_SUPPLY);
    fixture_put_meter(&fixture, versions, 1);
    for (int64_t k = 0; k <= 200; k++) {
        fixture_read(&fixture, versions[0].meter_no, MIDNIGHT + k * QUARTER, 1000 + 7 * k,
                     NONE);
    }
    (void)fixture_close(&fixture, MIDNIGHT + 200 * QUARTER + 500);

    /* CT 100/5 instead of 50/5 since the 100th quarter-hour. */
    versions[1] = versions[0];
    versions[0].until_ms = MIDNIGHT + 100 * QUARTER;
    versions[1].since_ms = versions[0].until_ms;
    versions[1].register_wh = (struct ratio){20, 1};
    fixture_put_meter(&fixture, versions, 2);
    assert_int_equal(
        energy_reopen(fixture.store, versions[0].meter_no, versions[1].since_ms), 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 200 * QUARTER + 600), 100);

    fixture_expect(&fixture, versions[0].meter_no, 99, 70, QUALITY_MEASURED, 0);
    fixture_expect(&fixture, versions[0].meter_no, 100, 140, QUALITY_MEASURED, 1);
    fixture_expect(&fixture, versions[0].meter_no, 199, 140, QUALITY_MEASURED, 1);
    /* Asked again, nothing changes. */
    assert_int_equal(energy_reopen(fixture.store, versions[0].meter_no, 0), 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 200 * QUARTER + 700), 0);
}

static void energy_tells_of_a_rollover_and_a_reset_once(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    fixture_read(&fixture, no, MIDNIGHT, 99999990, NONE);
    fixture_read(&fixture, no, MIDNIGHT + QUARTER, 5, NONE);
    fixture_read(&fixture, no, MIDNIGHT + 2 * QUARTER, 5000, NONE);
    fixture_read(&fixture, no, MIDNIGHT + 3 * QUARTER, 12, NONE);
    (void)fixture_close(&fixture, MIDNIGHT + 3 * QUARTER + 500);
    assert_int_equal(energy_reopen(fixture.store, no, MIDNIGHT), 0);
    (void)fixture_close(&fixture, MIDNIGHT + 3 * QUARTER + 600);

    fixture_expect(&fixture, no, 0, 150, QUALITY_MEASURED, 0);
    fixture_expect(&fixture, no, 2, 0, QUALITY_ESTIMATED, 0);
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM event"), 2);
    assert_int_equal(fixture_value(&fixture,
                                   "SELECT count(*) FROM event WHERE code = 'rollover' AND "
                                   "object = 'M1' AND detail = 'energy_import_wh register "
                                   "99999990 -> 5' AND ts_ms = 1795104900000"),
                     1);
    assert_int_equal(
        fixture_value(&fixture, "SELECT count(*) FROM event WHERE code = 'reset'"), 1);
}

static void energy_fills_in_a_register_that_comes_back(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    for (int64_t k = 0; k <= 4; k++) {
        bool comes = k == 0 || k == 4;

        fixture_read(&fixture, no, MIDNIGHT + k * QUARTER, 1000 + 10 * k,
                     comes ? 50 + 5 * k : NONE);
        (void)fixture_close(&fixture, MIDNIGHT + k * QUARTER + 500);
    }
    for (int64_t k = 0; k < 4; k++) {
        struct interval interval = fixture_interval(&fixture, no, MIDNIGHT + k * QUARTER);

        assert_int_equal(interval.present, 3);
        assert_int_equal(interval.energy[1], 50);
        assert_int_equal(interval.quality, QUALITY_MEASURED);
        assert_int_equal(interval.revision, k < 3 ? 1 : 0);
    }
}

static void energy_closes_imported_readings_when_told(void **state)
{
    struct meter meter = fixture_meter(&fixture, "M1", "E1", METER_ROLE_SUPPLY);

    (void)state;
    meter.endpoint[0] = '\0';
    meter.register_wh = (struct ratio){1, 1};
    fixture_put_meter(&fixture, &meter, 1);
    for (int64_t hour = 0; hour <= 24; hour++) {
        fixture_read(&fixture, meter.meter_no, MIDNIGHT + hour * 4 * QUARTER, 4000 * hour,
                     NONE);
    }
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 10 * MS_PER_DAY), 0);
    assert_int_equal(energy_reopen(fixture.store, meter.meter_no, MIDNIGHT), 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 10 * MS_PER_DAY), 96);
    fixture_expect(&fixture, meter.meter_no, 95, 1000, QUALITY_ESTIMATED, 0);
    /* Nothing is due of it: no missing rows as time goes on. */
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 20 * MS_PER_DAY), 0);

    for (int64_t hour = 25; hour <= 27; hour++) {
        fixture_read(&fixture, meter.meter_no, MIDNIGHT + hour * 4 * QUARTER, 4000 * hour,
                     NONE);
        assert_int_equal(energy_reopen_slot(fixture.store, meter.meter_no,
                                            MIDNIGHT + hour * 4 * QUARTER),
                         0);
    }
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 20 * MS_PER_DAY), 12);
}

static void energy_goes_on_from_the_kept_register_when_readings_are_gone(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    for (int64_t k = 0; k <= 4; k++) {
        fixture_read(&fixture, no, MIDNIGHT + k * QUARTER, 1000 + 10 * k, NONE);
    }
    (void)fixture_close(&fixture, MIDNIGHT + 40 * MS_PER_DAY);
    fixture_expect(&fixture, no, 4, NONE, QUALITY_MISSING, 0);
    fixture_run(&fixture, "DELETE FROM reading");
    fixture_read(&fixture, no, MIDNIGHT + 40 * MS_PER_DAY, 1040 + 3836, NONE);
    (void)fixture_close(&fixture, MIDNIGHT + 40 * MS_PER_DAY + 500);

    fixture_expect(&fixture, no, 3, 100, QUALITY_MEASURED, 0);
    fixture_expect(&fixture, no, 4, 10, QUALITY_ESTIMATED, 1);
    assert_int_equal(fixture_value(&fixture, "SELECT sum(energy_import_wh) FROM interval"),
                     400 + 38360);
}

static void energy_keeps_rows_whose_readings_are_gone(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    for (int64_t k = 0; k <= 20; k++) {
        fixture_read(&fixture, no, MIDNIGHT + k * QUARTER, 1000 + 10 * k, NONE);
    }
    (void)fixture_close(&fixture, MIDNIGHT + 20 * QUARTER + 500);
    fixture_run(&fixture, "DELETE FROM reading WHERE key >> 20 < 1795104000 + 9000");
    assert_int_equal(energy_reopen(fixture.store, no, MIDNIGHT), 0);
    assert_int_equal(fixture_close(&fixture, MIDNIGHT + 20 * QUARTER + 600), 0);
    fixture_expect(&fixture, no, 0, 100, QUALITY_MEASURED, 0);
    fixture_expect(&fixture, no, 15, 100, QUALITY_MEASURED, 0);
}

static void energy_stops_with_the_meter(void **state)
{
    struct meter meter = fixture_meter(&fixture, "M1", "E1", METER_ROLE_SUPPLY);

    (void)state;
    meter.until_ms = MIDNIGHT + 2 * QUARTER;
    fixture_put_meter(&fixture, &meter, 1);
    read_minutes(meter.meter_no, 0, 29, 1000, 1);
    (void)fixture_close(&fixture, MIDNIGHT + 5 * MS_PER_DAY);
    fixture_expect(&fixture, meter.meter_no, 0, 150, QUALITY_MEASURED, 0);
    fixture_expect(&fixture, meter.meter_no, 1, 140, QUALITY_ESTIMATED, 0);
    assert_false(fixture_has_interval(&fixture, meter.meter_no, 2));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(energy_closes_a_quarter_hour_when_its_last_register_is_there),
        TEST(energy_journals_each_quarter_hour_once_and_in_time),
        TEST(energy_of_a_gap_is_missing_first_and_estimated_once_it_closes),
        TEST(energy_gives_up_only_a_minute_after_the_last_chance),
        TEST(energy_interpolates_a_lost_boundary_at_once),
        TEST(energy_writes_missing_rows_for_a_meter_that_never_answered),
        TEST(energy_reopens_exactly_what_a_late_sample_touches),
        TEST(energy_ignores_a_sample_whose_quarter_hour_is_still_open),
        TEST(energy_makes_history_again_when_a_ratio_was_wrong),
        TEST(energy_tells_of_a_rollover_and_a_reset_once),
        TEST(energy_fills_in_a_register_that_comes_back),
        TEST(energy_closes_imported_readings_when_told),
        TEST(energy_goes_on_from_the_kept_register_when_readings_are_gone),
        TEST(energy_keeps_rows_whose_readings_are_gone),
        TEST(energy_stops_with_the_meter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
