/* What changed or ended is computed again, and no more than that. */
#include "daemon/assess/rates_stale.h"
#include "tests/unit/assess/rates_fixture.h"

static struct assess_options options_at(day_t day, int hours)
{
    return (struct assess_options){
        .resumption = &sgcc_2020, .zone = &fixture_zone, .now_ms = fixture_ms(day, hours)};
}

static int assess(struct fixture *fixture, const struct assess_options *options, int limit,
                  bool *ret_more)
{
    struct methods methods = fixture_methods();

    return assess_stale(fixture->store, &methods, options, limit, ret_more);
}

static int64_t stale_keys(struct fixture *fixture)
{
    return fixture_number(fixture, "SELECT count(*) FROM stale");
}

static void stale_day_gets_every_kind_of_group(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    bool more = true;
    struct assess_options options = options_at(day_from_civil(2020, 2, 22), 9);
    fixture_example(fixture, no);
    assert_int_equal(store_meta_set(fixture->store, "assessed_day", "2020-02-22"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-20"), 0);

    assert_int_equal(assess(fixture, &options, 100, &more), 1);

    assert_false(more);
    assert_int_equal(stale_keys(fixture), 0);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(DISTINCT group_kind) FROM rate_day"), 7);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM resumption"), 6);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM baseline"), 6);
}

static void changed_day_touches_the_six_days_after_it(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    bool more = true;
    struct assess_options options = options_at(day_from_civil(2020, 3, 10), 9);
    fixture_example(fixture, no);
    for (day_t day = EXAMPLE_DAY; day < EXAMPLE_DAY + 10; day++) {
        char key[DAY_TEXT_LEN];

        text_from_day(day, key);
        assert_int_equal(store_stale_add(fixture->store, "rates", key), 0);
    }
    assert_true(assess(fixture, &options, 100, &more) >= 10);
    assert_int_equal(fixture_number(fixture, "SELECT max(revision) FROM rate_day"), 0);

    fixture_import(fixture, no[5], EXAMPLE_DAY, 1000000);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-20"), 0);
    assert_int_equal(assess(fixture, &options, 100, &more), 7);

    assert_int_equal(
        fixture_number(fixture,
                       "SELECT count(DISTINCT day) FROM rate_day WHERE revision = 1"),
        7);
}

static void changed_december_day_touches_the_year_after_it(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    bool more = true;
    struct assess_options options = options_at(day_from_civil(2020, 12, 31), 9);
    fixture_example(fixture, no);
    assert_int_equal(store_meta_set(fixture->store, "assessed_day", "2020-12-31"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-20"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-11-30"), 0);
    assert_int_equal(assess(fixture, &options, 100, &more), 2);

    fixture_import(fixture, no[0], day_from_civil(2019, 12, 5), 41000000);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2019-12-05"), 0);
    assert_int_equal(assess(fixture, &options, 100, &more), 3);

    /* 31 × 10,000 kWh with one day of 41,000: 341,000 / 31 = 11,000 */
    assert_int_equal(fixture_number(fixture,
                                    "SELECT baseline_wh FROM resumption WHERE newest = 1 "
                                    "AND day = '2020-02-20' AND enterprise_no = 1"),
                     11000000);
    assert_int_equal(stale_keys(fixture), 0);
}

static void day_that_goes_on_waits(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    bool more = true;
    struct assess_options during = options_at(EXAMPLE_DAY, 23);
    struct assess_options after = options_at(EXAMPLE_DAY + 1, 1);
    fixture_example(fixture, no);
    assert_int_equal(store_meta_set(fixture->store, "assessed_day", "2020-02-20"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-20"), 0);

    assert_int_equal(assess(fixture, &during, 100, &more), 0);
    assert_int_equal(stale_keys(fixture), 1);
    assert_int_equal(assess(fixture, &after, 100, &more), 1);

    assert_int_equal(stale_keys(fixture), 0);
}

static void ended_day_is_computed_even_when_nothing_came(void **state)
{
    struct fixture *fixture = *state;
    bool more = true;
    struct assess_options options = options_at(EXAMPLE_DAY + 1, 1);
    fixture_put(fixture, fixture_enterprise("A", "甲厂", SIZE_CLASS_ABOVE, "C3110"));

    assert_int_equal(assess(fixture, &options, 100, &more), 1);

    assert_int_equal(fixture_number(fixture, "SELECT n_no_baseline FROM rate_day WHERE "
                                             "group_kind = 'all' AND day = '2020-02-20'"),
                     1);
    assert_int_equal(assess(fixture, &options, 100, &more), 0);
}

static void stage_closes_with_a_new_revision(void **state)
{
    struct fixture *fixture = *state;
    bool more = true;
    fixture_put(fixture, fixture_enterprise("A", "甲厂", SIZE_CLASS_ABOVE, "C3110"));
    for (int days = 1; days <= 3; days++) {
        struct assess_options options = options_at(EXAMPLE_DAY + days, 1);

        assert_true(assess(fixture, &options, 100, &more) >= 1);
    }

    assert_int_equal(fixture_number(fixture,
                                    "SELECT revision FROM rate_day WHERE newest = 1 AND "
                                    "group_kind = 'all' AND day = '2020-02-20' AND "
                                    "stage = 'closed'"),
                     1);
}

static void work_is_portioned_newest_day_first(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    bool more = false;
    struct assess_options options = options_at(day_from_civil(2020, 3, 10), 9);
    fixture_example(fixture, no);
    assert_int_equal(store_meta_set(fixture->store, "assessed_day", "2020-03-10"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-20"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-25"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "2020-02-22"), 0);

    assert_int_equal(assess(fixture, &options, 1, &more), 1);

    assert_true(more);
    assert_int_equal(fixture_number(fixture, "SELECT count(DISTINCT day) FROM rate_day"),
                     1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM rate_day WHERE "
                                             "day = '2020-02-25' AND group_kind = 'all'"),
                     1);
    assert_int_equal(assess(fixture, &options, 10, &more), 2);
    assert_false(more);
}

static void key_that_is_no_day_goes_away(void **state)
{
    struct fixture *fixture = *state;
    bool more = true;
    struct assess_options options = options_at(EXAMPLE_DAY, 9);
    assert_int_equal(store_meta_set(fixture->store, "assessed_day", "2020-02-20"), 0);
    assert_int_equal(store_stale_add(fixture->store, "rates", "rubbish"), 0);

    assert_int_equal(assess(fixture, &options, 10, &more), 0);

    assert_int_equal(stale_keys(fixture), 0);
}

/* ---- carbon ---- */

static const struct carbon_method zj_2021 = {
    .id = "zj-2021",
    .level_e9 = {600000000, 2000000000},
    .grade_e9 = {600000000, 800000000, 1200000000, 2000000000},
};

static void put_output(struct fixture *fixture, const char *period)
{
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO import_output VALUES (1, '%s', 'value_added', 1000000, 0)",
                   period);
    fixture_exec(fixture->store, sql);
}

static void all_carbon_is_last_year_and_closed_months_with_output(void **state)
{
    struct fixture *fixture = *state;
    bool more = true;
    struct assess_options options = options_at(day_from_civil(2026, 3, 10), 9);
    options.carbon = &zj_2021;
    fixture_put(fixture, fixture_enterprise("A", "甲厂", SIZE_CLASS_ABOVE, "C3110"));
    put_output(fixture, "2024");
    put_output(fixture, "2025Q1");
    put_output(fixture, "2026-02");
    put_output(fixture, "2026-03");
    assert_int_equal(store_meta_set(fixture->store, "assessed_day", "2026-03-10"), 0);
    assert_int_equal(store_stale_add(fixture->store, "carbon", "all"), 0);

    assert_int_equal(assess(fixture, &options, 10, &more), 2);

    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM carbon"), 2);
    assert_int_equal(
        fixture_number(fixture,
                       "SELECT count(*) FROM carbon WHERE period IN ('2025', '2026-02')"),
        2);
    assert_int_equal(stale_keys(fixture), 0);
}

#define STALE_TEST(name)                                                                   \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STALE_TEST(stale_day_gets_every_kind_of_group),
        STALE_TEST(changed_day_touches_the_six_days_after_it),
        STALE_TEST(changed_december_day_touches_the_year_after_it),
        STALE_TEST(day_that_goes_on_waits),
        STALE_TEST(ended_day_is_computed_even_when_nothing_came),
        STALE_TEST(stage_closes_with_a_new_revision),
        STALE_TEST(work_is_portioned_newest_day_first),
        STALE_TEST(key_that_is_no_day_goes_away),
        STALE_TEST(all_carbon_is_last_year_and_closed_months_with_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
