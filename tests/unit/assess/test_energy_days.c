/* Days of enterprises: sums, coverage, validity, sources; by hand. 1 unit = 10 Wh. */
#include "tests/unit/assess/energy_fixture.h"

#define NOON (MIDNIGHT + 48 * QUARTER)

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

/* A reading at each boundary k = from … until of the day that starts at MIDNIGHT + day. */
static void read_quarters(uint32_t no, int from, int until, int64_t per)
{
    for (int64_t k = from; k <= until; k++) {
        fixture_read(&fixture, no, MIDNIGHT + k * QUARTER, 1000 + k * per, NONE);
    }
}

static uint32_t plain_meter(const char *id, const char *enterprise, enum meter_role role,
                            uint32_t parent_no)
{
    struct meter meter = fixture_meter(&fixture, id, enterprise, role);

    meter.parent_no = parent_no;
    fixture_put_meter(&fixture, &meter, 1);
    return meter.meter_no;
}

static struct energy_day day_of(const char *enterprise, int offset)
{
    struct energy_day energy_day = {0};

    assert_int_equal(energy_day_get(fixture.store, fixture_enterprise(&fixture, enterprise),
                                    fixture.day + offset, &energy_day),
                     0);
    return energy_day;
}

static bool has_day(const char *enterprise, int offset)
{
    struct energy_day energy_day;

    return energy_day_get(fixture.store, fixture_enterprise(&fixture, enterprise),
                          fixture.day + offset, &energy_day) == 0;
}

static void import_day(const char *enterprise, int offset, int64_t import_wh,
                       const char *export_wh, const char *generation_wh)
{
    char sql[256];
    char day[DAY_TEXT_LEN];

    text_from_day(fixture.day + offset, day);
    (void)snprintf(
        sql, sizeof(sql),
        "INSERT OR REPLACE INTO import_energy VALUES ('%s', %u, '', %lld, %s, %s, 0)", day,
        fixture_enterprise(&fixture, enterprise), (long long)import_wh, export_wh,
        generation_wh);
    fixture_run(&fixture, sql);
    assert_int_equal(store_stale_add(fixture.store, "day", day), 0);
}

static void energy_day_is_the_sum_of_its_quarter_hours(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_quarters(no, 0, 96, 9);
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 500, false);

    struct energy_day day = day_of("E1", 0);

    assert_true(day.has_energy && day.valid && day.complete);
    assert_int_equal(day.energy_wh, INT64_C(8640));
    assert_int_equal(day.import_wh, INT64_C(8640));
    assert_int_equal(day.export_wh, 0);
    assert_int_equal(day.generation_wh, 0);
    assert_int_equal(day.coverage_num, 96);
    assert_int_equal(day.coverage_den, 96);
    assert_int_equal(day.quality, QUALITY_MEASURED);
    assert_int_equal(day.source, ENERGY_SOURCE_METER);
    assert_int_equal(day.revision, 0);
    struct meter_day meter_day;

    assert_int_equal(energy_meter_day_get(fixture.store, no, fixture.day, &meter_day), 0);
    assert_int_equal(meter_day.import_wh, INT64_C(8640));
    assert_false(meter_day.has_export);
    assert_int_equal(meter_day.quarters, 96);
    assert_int_equal(meter_day.known_quarters, 96);
    assert_int_equal(meter_day.midnights, MIDNIGHT_START | MIDNIGHT_END);
    assert_int_equal(meter_day.revision, 0);
}

/* interfaces.md E4, second row: 30 quarter-hours lost inside a day with both midnights. */
static void energy_day_with_a_gap_between_midnights_is_exact_and_valid(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_quarters(no, 0, 40, 9);
    read_quarters(no, 70, 96, 9);
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 500, false);

    struct energy_day day = day_of("E1", 0);

    assert_true(day.has_energy && day.valid);
    assert_int_equal(day.energy_wh, INT64_C(8640));
    assert_int_equal(day.coverage_num * 10000 / day.coverage_den, 6875);
    assert_int_equal(day.quality, QUALITY_ESTIMATED);
}

static void energy_day_without_a_midnight_needs_87_known_quarter_hours(void **state)
{
    uint32_t exact = fixture_supply(&fixture, "M1", "E1");
    uint32_t short_of = fixture_supply(&fixture, "M2", "E2");

    (void)state;
    /* The gap over the end of the day: 87 quarter-hours known in one, 86 in the other. */
    read_quarters(exact, 0, 87, 9);
    read_quarters(exact, 100, 101, 9);
    read_quarters(short_of, 0, 86, 9);
    read_quarters(short_of, 100, 101, 9);
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 6 * QUARTER, false);

    struct energy_day day = day_of("E1", 0);

    assert_true(day.has_energy && day.valid);
    assert_int_equal(day.energy_wh, INT64_C(8640));
    assert_int_equal(day.coverage_num, 87);
    day = day_of("E2", 0);
    assert_true(day.has_energy);
    assert_false(day.valid);
    assert_int_equal(day.energy_wh, INT64_C(8640));
    assert_int_equal(day.quality, QUALITY_ESTIMATED);
    assert_int_equal(day.source, ENERGY_SOURCE_METER);
}

static void energy_day_of_a_dead_meter_is_unknown_not_zero(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");
    uint32_t dead = fixture_supply(&fixture, "M2", "E1");

    (void)state;
    read_quarters(no, 0, 96, 9);
    for (int64_t k = 0; k <= 96; k++) {
        fixture_read(&fixture, dead, MIDNIGHT + k * QUARTER, NONE, NONE);
    }
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 2 * QUARTER, false);

    struct energy_day day = day_of("E1", 0);

    assert_false(day.has_energy || day.valid);
    assert_int_equal(day.coverage_num * 2, day.coverage_den); /* never scaled up */
    assert_int_equal(day.quality, QUALITY_MISSING);
    assert_int_equal(day.source, ENERGY_SOURCE_METER);
}

static void energy_day_of_an_enterprise_all_dark_has_no_source(void **state)
{
    uint32_t dead = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    for (int64_t k = 0; k <= 96; k++) {
        fixture_read(&fixture, dead, MIDNIGHT + k * QUARTER, NONE, NONE);
    }
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 2 * QUARTER, false);

    struct energy_day day = day_of("E1", 0);

    assert_false(day.has_energy || day.valid);
    assert_int_equal(day.coverage_num, 0);
    assert_int_equal(day.source, ENERGY_SOURCE_NONE);
    assert_false(has_day("E1", 2)); /* a day without a row reads as missing */
}

static void energy_day_goes_on_without_revisions_until_it_is_complete(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_quarters(no, 0, 48, 9);
    fixture_catch_up(&fixture, NOON + 500, false);
    struct energy_day day = day_of("E1", 0);

    assert_true(day.has_energy);
    assert_false(day.valid || day.complete);
    assert_int_equal(day.energy_wh, INT64_C(48) * 90);
    assert_int_equal(day.coverage_num, 48);

    read_quarters(no, 49, 92, 9);
    fixture_catch_up(&fixture, MIDNIGHT + 92 * QUARTER + 500, false);
    day = day_of("E1", 0);
    assert_false(day.valid); /* 92 known ones: but the day is not over */

    read_quarters(no, 93, 97, 9);
    fixture_catch_up(&fixture, MIDNIGHT + 97 * QUARTER + 500, false);
    day = day_of("E1", 0);
    assert_true(day.valid && day.complete);
    assert_int_equal(day.energy_wh, INT64_C(8640));
    assert_int_equal(day.revision, 0);
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM energy_day_history"), 0);
}

static void energy_day_gets_a_revision_when_late_data_changes_it(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_quarters(no, 0, 80, 9);
    fixture_catch_up(&fixture, MIDNIGHT + 98 * QUARTER, false); /* 00:30: given up */
    struct energy_day day = day_of("E1", 0);

    assert_false(day.has_energy || day.valid);
    assert_int_equal(day.revision, 0);
    fixture_run(&fixture, "DELETE FROM stale");

    read_quarters(no, 100, 100, 9);
    fixture_catch_up(&fixture, MIDNIGHT + 100 * QUARTER + 500, false);
    day = day_of("E1", 0);
    assert_true(day.has_energy);
    assert_false(day.valid); /* 80 of 96, and the midnight is not known */
    assert_int_equal(day.energy_wh, INT64_C(8640));
    assert_int_equal(day.revision, 1);
    assert_int_equal(
        fixture_value(&fixture,
                      "SELECT count(*) FROM energy_day_history WHERE energy_wh IS "
                      "NULL AND revision = 0 AND day = '2026-11-20'"),
        1);
    assert_int_equal(fixture_value(&fixture,
                                   "SELECT count(*) FROM stale WHERE kind = 'rates' "
                                   "AND key = '2026-11-20'"),
                     1);
    /* Nothing new: nothing stale, nothing revised. */
    fixture_run(&fixture, "DELETE FROM stale");
    assert_int_equal(store_stale_add(fixture.store, "day", "2026-11-20"), 0);
    fixture_catch_up(&fixture, MIDNIGHT + 100 * QUARTER + 600, false);
    assert_int_equal(day_of("E1", 0).revision, 1);
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM stale"), 0);
}

static void energy_consumption_follows_the_roles(void **state)
{
    uint32_t supply = plain_meter("S", "E1", METER_ROLE_SUPPLY, 0);
    uint32_t pv = plain_meter("G", "E1", METER_ROLE_GENERATION, 0);
    uint32_t storage = plain_meter("B", "E1", METER_ROLE_STORAGE, 0);
    uint32_t tenant = plain_meter("T", "E2", METER_ROLE_SUPPLY, supply);
    uint32_t own_sub = plain_meter("U", "E1", METER_ROLE_SUB, supply);
    uint32_t feed_in = plain_meter("F", "E1", METER_ROLE_FEED_IN, 0);

    (void)state;
    for (int64_t k = 0; k <= 96; k++) {
        int64_t at = MIDNIGHT + k * QUARTER;

        fixture_read(&fixture, supply, at, 100 * k, 10 * k);
        fixture_read(&fixture, pv, at, 30 * k, NONE);
        fixture_read(&fixture, storage, at, 8 * k, 5 * k);
        fixture_read(&fixture, tenant, at, 20 * k, 2 * k);
        fixture_read(&fixture, own_sub, at, 7 * k, NONE);
        fixture_read(&fixture, feed_in, at, 1 * k, 50 * k);
    }
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 500, false);

    struct energy_day day = day_of("E1", 0);

    /* per quarter-hour, in units: import 100 - 20, export 10 - 2, generation 30, storage 5
     * - 8 */
    assert_int_equal(day.import_wh, INT64_C(960) * 80);
    assert_int_equal(day.export_wh, INT64_C(960) * 8);
    assert_int_equal(day.generation_wh, INT64_C(960) * 30);
    assert_int_equal(day.energy_wh, INT64_C(960) * (80 - 8 + 30 - 3));
    assert_int_equal(day.coverage_den, 4 * 96);
    assert_true(day.valid);
    day = day_of("E2", 0);
    assert_int_equal(day.energy_wh, INT64_C(960) * (20 - 2));
}

static void energy_of_an_enterprise_is_unknown_while_its_tenant_is(void **state)
{
    uint32_t supply = plain_meter("S", "E1", METER_ROLE_SUPPLY, 0);
    uint32_t tenant = plain_meter("T", "E2", METER_ROLE_SUPPLY, supply);

    (void)state;
    read_quarters(supply, 0, 97, 9);
    read_quarters(tenant, 0, 50, 3);
    fixture_catch_up(&fixture, MIDNIGHT + 98 * QUARTER, false);

    assert_false(day_of("E1", 0).has_energy);
    assert_int_equal(day_of("E1", 0).coverage_num, 96 + 50);
    assert_int_equal(day_of("E1", 0).coverage_den, 192);
}

static void energy_loss_raises_import_of_quarter_hours_and_days(void **state)
{
    struct meter meter = fixture_meter(&fixture, "M1", "E1", METER_ROLE_SUPPLY);

    (void)state;
    meter.loss_bp = 150; /* 1.50 % */
    fixture_put_meter(&fixture, &meter, 1);
    for (int64_t k = 0; k <= 96; k++) {
        fixture_read(&fixture, meter.meter_no, MIDNIGHT + k * QUARTER, 100 * k, 100 * k);
    }
    fixture_catch_up(&fixture, MIDNIGHT + MS_PER_DAY + 500, false);
    fixture_expect(&fixture, meter.meter_no, 5, 1015, QUALITY_MEASURED, 0);
    assert_int_equal(day_of("E1", 0).import_wh, INT64_C(96) * 1015);
    assert_int_equal(day_of("E1", 0).export_wh, INT64_C(96) * 1000);
}

static void energy_imported_day_is_consumption_less_export_plus_generation(void **state)
{
    (void)state;
    import_day("E1", -3, 1000, "100", "30");
    import_day("E2", -3, 500, "NULL", "NULL");
    fixture_catch_up(&fixture, NOON, false);

    struct energy_day day = day_of("E1", -3);

    assert_int_equal(day.energy_wh, 930);
    assert_int_equal(day.import_wh, 1000);
    assert_int_equal(day.quality, QUALITY_IMPORTED);
    assert_true(day.valid);
    assert_int_equal(day.coverage_num, day.coverage_den);
    assert_int_equal(day.source, ENERGY_SOURCE_IMPORT);
    assert_int_equal(day_of("E2", -3).energy_wh, 500);
}

static void energy_metered_day_beats_imported_only_when_valid(void **state)
{
    uint32_t good = fixture_supply(&fixture, "M1", "E1");
    uint32_t bad = fixture_supply(&fixture, "M2", "E2");

    (void)state;
    read_quarters(good, 0, 97, 9);
    read_quarters(bad, 0, 50, 9);
    import_day("E1", 0, 8000, "NULL", "NULL");
    import_day("E2", 0, 8000, "NULL", "NULL");
    fixture_catch_up(&fixture, MIDNIGHT + 98 * QUARTER, false);

    assert_int_equal(day_of("E1", 0).source, ENERGY_SOURCE_METER);
    assert_int_equal(day_of("E1", 0).energy_wh, 8640);
    assert_int_equal(day_of("E2", 0).source, ENERGY_SOURCE_IMPORT);
    assert_int_equal(day_of("E2", 0).energy_wh, 8000);
    /* Both are kept side by side. */
    assert_int_equal(fixture_value(&fixture,
                                   "SELECT count(*) FROM energy_day_source WHERE day = "
                                   "'2026-11-20'"),
                     4);

    assert_int_equal(store_stale_add(fixture.store, "day", "2026-11-20"), 0);
    fixture_catch_up(&fixture, MIDNIGHT + 98 * QUARTER, true); /* energy_source: import */
    assert_int_equal(day_of("E1", 0).source, ENERGY_SOURCE_IMPORT);
    assert_int_equal(day_of("E1", 0).revision, 1);
}

static void energy_days_are_made_newest_first_in_portions(void **state)
{
    struct energy_options options = {0};
    bool more = false;

    (void)state;
    import_day("E1", -3, 1000, "NULL", "NULL");
    import_day("E1", -2, 2000, "NULL", "NULL");
    import_day("E1", -1, 3000, "NULL", "NULL");
    assert_int_equal(energy_days(fixture.store, NOON, &options, 2, &more), 2);
    assert_true(more);
    assert_true(has_day("E1", -1) && has_day("E1", -2));
    assert_false(has_day("E1", -3));
    assert_int_equal(energy_days(fixture.store, NOON, &options, 2, &more), 1);
    assert_false(more);
    assert_true(has_day("E1", -3));
}

static void energy_first_day_of_a_meter_lacks_its_morning(void **state)
{
    uint32_t no = fixture_supply(&fixture, "M1", "E1");

    (void)state;
    read_quarters(no, 40, 97, 9);
    fixture_catch_up(&fixture, MIDNIGHT + 97 * QUARTER + 500, false);
    assert_false(day_of("E1", 0).has_energy);
    assert_int_equal(day_of("E1", 0).coverage_num, 56);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(energy_day_is_the_sum_of_its_quarter_hours),
        TEST(energy_day_with_a_gap_between_midnights_is_exact_and_valid),
        TEST(energy_day_without_a_midnight_needs_87_known_quarter_hours),
        TEST(energy_day_of_a_dead_meter_is_unknown_not_zero),
        TEST(energy_day_of_an_enterprise_all_dark_has_no_source),
        TEST(energy_day_goes_on_without_revisions_until_it_is_complete),
        TEST(energy_day_gets_a_revision_when_late_data_changes_it),
        TEST(energy_consumption_follows_the_roles),
        TEST(energy_of_an_enterprise_is_unknown_while_its_tenant_is),
        TEST(energy_loss_raises_import_of_quarter_hours_and_days),
        TEST(energy_imported_day_is_consumption_less_export_plus_generation),
        TEST(energy_metered_day_beats_imported_only_when_valid),
        TEST(energy_days_are_made_newest_first_in_portions),
        TEST(energy_first_day_of_a_meter_lacks_its_morning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
