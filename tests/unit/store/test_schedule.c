/* Spans and slots: what was due, and what was missed. */
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static int64_t n_slots(struct store *store, int closed)
{
    return closed ? fixture_value(store, "SELECT count(*) FROM slot WHERE closed = 1")
                  : fixture_value(store, "SELECT count(*) FROM slot WHERE closed = 0");
}

static void a_slot_closes_when_the_second_one_after_it_begins(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    fixture_insert(fixture.store, 7, T0 + 60000, 60, 2);
    assert_int_equal(n_slots(fixture.store, 1), 0);

    fixture_insert(fixture.store, 7, T0 + 120000, 60, 3);

    assert_int_equal(n_slots(fixture.store, 1), 1);
    assert_int_equal(n_slots(fixture.store, 0), 2);
    assert_int_equal(
        fixture_value(fixture.store, "SELECT slot_ts_ms FROM slot WHERE closed = 1"), T0);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void slots_left_out_while_running_are_made_up_closed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);

    fixture_insert(fixture.store, 7, T0 + 5 * MS_PER_MIN, 60, 2);

    assert_int_equal(n_slots(fixture.store, 1), 5);
    assert_int_equal(n_slots(fixture.store, 0), 1);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void an_outage_is_counted_by_the_running_spans(void **state)
{
    struct fixture fixture;
    int64_t scheduled = 0;
    int64_t ok = 0;

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 7, "E001", 10, 1);
    fixture_meter(fixture.store, 8, "E001", 10, 1);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0, 60), 0);
    assert_int_equal(samples_schedule(fixture.store, 8, T0, 60), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    fixture_insert(fixture.store, 8, T0, 60, 1);
    assert_int_equal(samples_schedule(fixture.store, 8, T0 + 60000, 0), 0); /* taken away */
    assert_int_equal(store_commit(fixture.store), 0);
    store_close(fixture.store);
    fixture.store = fixture_open(&fixture, STORE_WRITE);
    assert_int_equal(store_begin(fixture.store), 0);

    /* 08:01, 08:02, 08:03 were due before 08:03:30; 08:04 is not. */
    assert_int_equal(samples_account_outage(fixture.store, T0 + 210000), 3);
    assert_int_equal(samples_account_outage(fixture.store, T0 + 210000), 0);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(n_slots(fixture.store, 0), 0);
    assert_int_equal(samples_count(fixture.store, 7, T0, T0 + 600000, &scheduled, &ok), 0);
    assert_int_equal(scheduled, 4);
    assert_int_equal(ok, 1);
    assert_int_equal(samples_count(fixture.store, 8, T0, T0 + 600000, &scheduled, &ok), 0);
    assert_int_equal(scheduled, 1);
    fixture_done(&fixture);
}

static void an_outage_ends_before_the_slot_that_begins_now(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);

    assert_int_equal(samples_account_outage(fixture.store, T0 + 60000), 0);
    fixture_insert(fixture.store, 7, T0 + 60000, 60, 2);

    assert_int_equal(n_slots(fixture.store, 1), 1);
    assert_int_equal(n_slots(fixture.store, 0), 1);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void a_year_of_silence_is_bounded(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_insert(fixture.store, 7, T0, 1, 1);

    assert_int_equal(samples_account_outage(fixture.store, T0 + 365 * MS_PER_DAY), 1000000);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void the_same_schedule_again_changes_nothing(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0, 60), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0 + 3600000, 60), 0);

    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM meter_span"), 1);
    assert_int_equal(fixture_value(fixture.store, "SELECT from_ms FROM meter_span"), T0);
    assert_int_equal(fixture_value(fixture.store, "SELECT until_ms FROM meter_span"),
                     INT64_MAX);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void another_interval_ends_the_span_and_begins_one(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0, 60), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0 + 3600000, 900), 0);

    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT until_ms FROM meter_span WHERE interval_s = 60"),
                     T0 + 3600000);
    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT from_ms FROM meter_span WHERE interval_s = 900"),
                     T0 + 3600000);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void a_span_that_ended_is_taken_up_again(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0, 60), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0 + 60000, 0), 0);
    assert_int_equal(fixture_value(fixture.store, "SELECT until_ms FROM meter_span"),
                     T0 + 60000);
    assert_int_equal(samples_schedule(fixture.store, 7, T0 + 120000, 60), 0);

    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM meter_span"), 2);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void a_sample_beside_the_schedule_counts_alone(void **state)
{
    struct fixture fixture;
    int64_t scheduled = 0;
    int64_t ok = 0;

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 7, "E001", 10, 1);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(samples_schedule(fixture.store, 7, T0, 60), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    assert_int_equal(samples_schedule(fixture.store, 7, T0 + 60000, 0), 0);
    fixture_insert(fixture.store, 7, T0 + 60000, 60, 2); /* was on its way */
    fixture_insert(fixture.store, 7, T0 - 120000, 60, 0);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(samples_count(fixture.store, 7, 0, T0 + 600000, &scheduled, &ok), 0);
    assert_int_equal(scheduled, 3);
    assert_int_equal(ok, 3);
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT max(until_ms) FROM meter_span WHERE meter_no = 7"),
        T0 + 120000);
    fixture_done(&fixture);
}

static void a_damaged_schedule_is_an_error(void **state)
{
    static const char *const damage[] = {
        "UPDATE meter_span SET interval_s = -12",
        "UPDATE meter_span SET interval_s = 0",
        "UPDATE meter_span SET interval_s = 60, from_ms = -9223372036854775807",
    };
    struct fixture fixture;
    struct sample sample = fixture_sample(7, T0 + 60000, 60, 2);

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    assert_int_equal(store_commit(fixture.store), 0);
    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        fixture_exec(fixture.store, damage[i]);
        store_close(fixture.store);
        fixture.store = fixture_open(&fixture, STORE_WRITE);
        assert_int_equal(store_begin(fixture.store), 0);
        assert_int_equal(samples_insert(fixture.store, &sample, false), ERR_CORRUPT);
        store_rollback(fixture.store);
    }
    fixture_done(&fixture);
}

static void every_slot_has_its_quarter_hour_with_day_and_point(void **state)
{
    struct fixture fixture;
    char text[256];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_insert(fixture.store, 7, T0 + 60000, 60, 1);
    /* 16 h later: 2026-11-22T00:00 local, 16:00 UTC the day before. */
    fixture_insert(fixture.store, 7, T0 + 57600000, 60, 1);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_string_equal(fixture_text(fixture.store,
                                     "SELECT day || ' ' || point || ' ' || start_ts_ms "
                                     "FROM quarter ORDER BY start_ts_ms",
                                     text),
                        "2026-11-21 33 1795219200000");
    assert_string_equal(fixture_text(fixture.store,
                                     "SELECT day || ' ' || point FROM quarter "
                                     "ORDER BY start_ts_ms DESC",
                                     text),
                        "2026-11-22 1");
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM quarter"), 65);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_closes_when_the_second_one_after_it_begins),
        cmocka_unit_test(slots_left_out_while_running_are_made_up_closed),
        cmocka_unit_test(an_outage_is_counted_by_the_running_spans),
        cmocka_unit_test(an_outage_ends_before_the_slot_that_begins_now),
        cmocka_unit_test(a_year_of_silence_is_bounded),
        cmocka_unit_test(the_same_schedule_again_changes_nothing),
        cmocka_unit_test(another_interval_ends_the_span_and_begins_one),
        cmocka_unit_test(a_span_that_ended_is_taken_up_again),
        cmocka_unit_test(a_sample_beside_the_schedule_counts_alone),
        cmocka_unit_test(a_damaged_schedule_is_an_error),
        cmocka_unit_test(every_slot_has_its_quarter_hour_with_day_and_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
