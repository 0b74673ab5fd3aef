/* Stored rates: revisions, what is kept, hashes, baselines. */
#include "daemon/assess/rates.h"
#include "daemon/store/journal.h"
#include "tests/unit/assess/rates_fixture.h"

static int store_now(struct fixture *fixture, const struct rates_query *query)
{
    struct rates_result result = fixture_rates(fixture, query);
    int n_changed = rates_store(fixture->store, &result, query->now_ms);

    rates_result_done(&result);
    return n_changed;
}

static void storing_twice_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    const struct rates_by by[] = {fixture_by("", NULL), fixture_by("size_class", NULL)};
    struct rates_query query = fixture_query(EXAMPLE_DAY, by, 2);
    fixture_example(fixture, no);

    assert_int_equal(store_now(fixture, &query), 6 + 3);
    int64_t seq = journal_last_seq(fixture->store);
    assert_int_equal(store_now(fixture, &query), 0);

    assert_int_equal(seq, 3);
    assert_int_equal(journal_last_seq(fixture->store), 3);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM rate_day"), 3);
}

static void late_data_make_a_revision_and_keep_the_old_row(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);
    struct journal_entry entries[4];
    fixture_example(fixture, no);
    assert_int_equal(store_now(fixture, &query), 7);

    fixture_import(fixture, no[5], EXAMPLE_DAY, 2000000);
    struct rates_result result = fixture_rates(fixture, &query);
    assert_int_equal(result.group[0].row.revision, 1);
    assert_int_equal(result.firm[5].revision, 1);
    assert_int_equal(result.firm[0].revision, 0);
    assert_int_equal(rates_store(fixture->store, &result, query.now_ms), 2);
    rates_result_done(&result);
    assert_int_equal(store_commit(fixture->store), 0);

    assert_int_equal(journal_read(fixture->store, 0, entries, 4), 2);
    assert_int_equal(entries[0].kind, JOURNAL_RATE);
    assert_false(entries[0].late);
    assert_true(entries[1].late);
    assert_true(entries[1].row_no > entries[0].row_no);
    assert_int_equal(
        fixture_number(fixture, "SELECT n_missing FROM rate_day WHERE newest = 0"), 1);
    assert_int_equal(
        fixture_number(fixture, "SELECT n_missing FROM rate_day WHERE newest = 1"), 0);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT revision FROM resumption WHERE newest = 1 AND "
                                    "enterprise_no = 6"),
                     1);
    assert_int_equal(store_begin(fixture->store), 0);
}

static void a_day_that_goes_on_is_not_stored(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);
    query.now_ms = fixture_ms(EXAMPLE_DAY, 12);
    fixture_example(fixture, no);

    assert_int_equal(store_now(fixture, &query), 0);

    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM rate_day"), 0);
}

static void group_emptied_by_a_correction_is_no_longer_newest(void **state)
{
    struct fixture *fixture = *state;
    struct rates_by by = fixture_by("industry", NULL);
    struct rates_query query = fixture_query(DAY_C31, &by, 1);
    fixture_put(fixture, fixture_enterprise("A", "甲", SIZE_CLASS_ABOVE, "C3110"));
    assert_int_equal(store_now(fixture, &query), 2);

    fixture_put(fixture, fixture_enterprise("A", "甲", SIZE_CLASS_ABOVE, "C1713"));
    assert_int_equal(store_now(fixture, &query), 2);

    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM rate_day WHERE newest = 1"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM rate_day"), 2);
}

/* ---- hashes ---- */

static void hash_does_not_depend_on_what_else_was_asked(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    const struct rates_by by[] = {fixture_by("industry", NULL), fixture_by("", NULL)};
    struct rates_query both = fixture_query(EXAMPLE_DAY, by, 2);
    struct rates_query one = fixture_query(EXAMPLE_DAY, &by_all, 1);
    fixture_example(fixture, no);

    struct rates_result a = fixture_rates(fixture, &both);
    struct rates_result b = fixture_rates(fixture, &one);

    assert_string_equal(rates_find(&a, "all", "all")->row.inputs_sha256,
                        rates_find(&b, "all", "all")->row.inputs_sha256);
    rates_result_done(&a);
    rates_result_done(&b);
}

static void hash_changes_with_method_inputs_and_scope_of_its_own_group(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rates_by by = fixture_by("industry", NULL);
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by, 1);
    struct resumption_method edited = sgcc_2020;
    char c31[65];
    char c17[65];
    fixture_example(fixture, no);
    struct rates_result first = fixture_rates(fixture, &query);
    memcpy(c31, rates_find(&first, "industry", "C31")->row.inputs_sha256, sizeof(c31));
    memcpy(c17, rates_find(&first, "industry", "C17")->row.inputs_sha256, sizeof(c17));
    rates_result_done(&first);

    /* Six days before still enters the seven-day mean; eight days before does not. */
    fixture_import(fixture, no[0], EXAMPLE_DAY - 8, 1);
    struct rates_result unaffected = fixture_rates(fixture, &query);
    assert_string_equal(rates_find(&unaffected, "industry", "C31")->row.inputs_sha256, c31);
    rates_result_done(&unaffected);
    fixture_import(fixture, no[0], EXAMPLE_DAY - 6, 1);
    struct rates_result affected = fixture_rates(fixture, &query);
    assert_string_not_equal(rates_find(&affected, "industry", "C31")->row.inputs_sha256,
                            c31);
    assert_string_equal(rates_find(&affected, "industry", "C17")->row.inputs_sha256, c17);
    rates_result_done(&affected);

    edited.sha256[0] = '2';
    query.method = &edited;
    struct rates_result other = fixture_rates(fixture, &query);
    assert_string_not_equal(rates_find(&other, "industry", "C17")->row.inputs_sha256, c17);
    rates_result_done(&other);
}

/* ---- baselines ---- */

static void baselines_are_kept_and_made_again_when_their_days_changed(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);
    fixture_example(fixture, no);
    assert_int_equal(store_now(fixture, &query), 7);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM baseline"), 6);

    /* What is stored is used … */
    fixture_exec(fixture->store,
                 "UPDATE baseline SET baseline_wh = 9000000 WHERE enterprise_no = 1");
    struct rates_result kept = fixture_rates(fixture, &query);
    assert_int_equal(kept.firm[0].baseline.baseline_wh, 9000000);
    rates_result_done(&kept);

    /* … until a day of December is marked. */
    assert_int_equal(store_stale_add(fixture->store, "rates", "2019-12-05"), 0);
    struct rates_result made = fixture_rates(fixture, &query);
    assert_int_equal(made.firm[0].baseline.baseline_wh, 10000000);
    rates_result_done(&made);
}

static void baselines_of_an_edited_method_are_made_again(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct resumption_method edited = sgcc_2020;
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);
    fixture_example(fixture, no);
    assert_int_equal(store_now(fixture, &query), 7);

    edited.sha256[0] = '2';
    edited.min_valid_days = 32;
    query.method = &edited;
    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(result.group[0].row.n_no_baseline, 6);
    assert_string_equal(result.firm[0].reason, "baseline_too_few_days");
    rates_result_done(&result);
}

static void first_days_of_january_use_two_decembers(void **state)
{
    struct fixture *fixture = *state;
    day_t day = day_from_civil(2026, 1, 2);
    uint32_t no =
        fixture_put(fixture, fixture_enterprise("A", "甲", SIZE_CLASS_ABOVE, "C3110"));
    struct rates_query query = fixture_query(day, &by_all, 1);
    fixture_december(fixture, no, 2024, 1000000);
    fixture_december(fixture, no, 2025, 2000000);
    fixture_import(fixture, no, day - 1, 1000000);
    fixture_import(fixture, no, day, 1000000);

    struct rates_result result = fixture_rates(fixture, &query);

    /* Five days of 2025 at 200 %, two of 2026 at 50 %. */
    assert_int_equal(result.group[0].row.ma7_production_e12.value, INT64_C(1571428571429));
    assert_int_equal(result.firm[0].baseline.baseline_wh, 2000000);
    rates_result_done(&result);
}

#define RATES_TEST(name)                                                                   \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RATES_TEST(storing_twice_changes_nothing),
        RATES_TEST(late_data_make_a_revision_and_keep_the_old_row),
        RATES_TEST(a_day_that_goes_on_is_not_stored),
        RATES_TEST(group_emptied_by_a_correction_is_no_longer_newest),
        RATES_TEST(hash_does_not_depend_on_what_else_was_asked),
        RATES_TEST(hash_changes_with_method_inputs_and_scope_of_its_own_group),
        RATES_TEST(baselines_are_kept_and_made_again_when_their_days_changed),
        RATES_TEST(baselines_of_an_edited_method_are_made_again),
        RATES_TEST(first_days_of_january_use_two_decembers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
