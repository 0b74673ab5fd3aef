/* Readings: one row per meter and slot, the first stays. */
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static void begin(struct store *store)
{
    assert_int_equal(store_begin(store), 0);
}

static void commit(struct store *store)
{
    assert_int_equal(store_commit(store), 0);
}

static void a_sample_comes_back_as_it_was(void **state)
{
    struct fixture fixture;
    struct sample sample = fixture_sample(7, T0, 60, 123456789);
    struct sample got;

    (void)state;
    fixture_init(&fixture);
    sample.status = SLOT_PARTIAL;
    sample.present |= 1u << QUANTITY_DEMAND_W | 1u << QUANTITY_REACTIVE_VAR;
    sample.value[QUANTITY_DEMAND_W] = INT64_MAX;
    sample.value[QUANTITY_REACTIVE_VAR] = -42;
    (void)snprintf(sample.detail, sizeof(sample.detail), "3 of 20 missing");
    begin(fixture.store);
    assert_int_equal(samples_insert(fixture.store, &sample, false), 0);
    commit(fixture.store);

    assert_int_equal(samples_get(fixture.store, 7, T0, &got), 0);
    assert_int_equal(got.meter_no, 7);
    assert_int_equal(got.slot_ts_ms, T0);
    assert_int_equal(got.ts_ms, T0 + 182);
    assert_int_equal(got.interval_s, 60);
    assert_int_equal(got.status, SLOT_PARTIAL);
    assert_int_equal(got.present, sample.present);
    assert_int_equal(got.value[QUANTITY_ENERGY_IMPORT_WH], 123456789);
    assert_int_equal(got.value[QUANTITY_DEMAND_W], INT64_MAX);
    assert_int_equal(got.value[QUANTITY_REACTIVE_VAR], -42);
    assert_string_equal(got.detail, "3 of 20 missing");
    fixture_done(&fixture);
}

static void the_key_is_slot_seconds_and_meter(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    commit(fixture.store);

    /* 1795219200 * 1048576 + 7 */
    assert_int_equal(fixture_value(fixture.store, "SELECT key FROM reading"),
                     INT64_C(1882423767859207));
    fixture_done(&fixture);
}

static void a_slot_met_twice_keeps_the_first_row(void **state)
{
    struct fixture fixture;
    struct sample second = fixture_sample(7, T0, 60, 999);

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 111);

    assert_int_equal(samples_insert(fixture.store, &second, false), ERR_EXISTS);
    commit(fixture.store);
    assert_int_equal(fixture_value(fixture.store, "SELECT energy_import FROM reading"),
                     111);
    assert_int_equal(journal_last_seq(fixture.store), 1);
    fixture_done(&fixture);
}

static void a_sample_that_fits_no_key_is_refused(void **state)
{
    struct fixture fixture;
    struct sample sample = fixture_sample(1u << 20, T0, 60, 1);

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    assert_int_equal(samples_insert(fixture.store, &sample, false), ERR_RANGE);
    sample = fixture_sample(1, T0 + 1, 60, 1);
    assert_int_equal(samples_insert(fixture.store, &sample, false), ERR_RANGE);
    sample = fixture_sample(1, T0, 0, 1);
    assert_int_equal(samples_insert(fixture.store, &sample, false), ERR_RANGE);
    commit(fixture.store);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM reading"), 0);
    fixture_done(&fixture);
}

static void each_sample_gets_a_journal_member_with_its_lateness(void **state)
{
    struct fixture fixture;
    struct journal_entry entry[4];
    struct sample late = fixture_sample(7, T0 - 60000, 60, 5);

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 6);
    assert_int_equal(samples_insert(fixture.store, &late, true), 0);
    commit(fixture.store);

    assert_int_equal(journal_read(fixture.store, 0, entry, 4), 2);
    assert_int_equal(entry[0].kind, JOURNAL_READING);
    assert_int_equal(entry[0].meter_no, 7);
    assert_int_equal(entry[0].slot_ts_ms, T0);
    assert_false(entry[0].late);
    assert_int_equal(entry[1].slot_ts_ms, T0 - 60000);
    assert_true(entry[1].late);
    fixture_done(&fixture);
}

struct seen {
    int n;
    int stop_at;
    int64_t slot[16];
};

static int on_sample(void *ctx, const struct sample *sample)
{
    struct seen *seen = ctx;

    seen->slot[seen->n++] = sample->slot_ts_ms;
    return seen->n == seen->stop_at;
}

static void samples_of_a_range_come_in_slot_order(void **state)
{
    struct fixture fixture;
    struct seen seen = {0};

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    fixture_insert(fixture.store, 8, T0, 60, 1);
    fixture_insert(fixture.store, 7, T0 + 120000, 60, 3);
    fixture_insert(fixture.store, 7, T0 + 60000, 60, 2);
    fixture_insert(fixture.store, 7, T0 + 180000, 60, 4);
    commit(fixture.store);

    assert_int_equal(samples_each(fixture.store, 7, T0, T0 + 180000, on_sample, &seen), 0);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.slot[0], T0);
    assert_int_equal(seen.slot[1], T0 + 60000);
    assert_int_equal(seen.slot[2], T0 + 120000);
    seen = (struct seen){.stop_at = 1};
    assert_int_equal(samples_each(fixture.store, 7, T0, T0 + 180000, on_sample, &seen), 0);
    assert_int_equal(seen.n, 1);
    fixture_done(&fixture);
}

static void a_schedule_that_changed_is_walked_in_time_order(void **state)
{
    struct fixture fixture;
    struct seen seen = {0};

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    assert_int_equal(samples_schedule(fixture.store, 7, T0, 60), 0);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    assert_int_equal(samples_schedule(fixture.store, 7, T0 + 60000, 30), 0);
    fixture_insert(fixture.store, 7, T0 + 60000, 30, 2);
    fixture_insert(fixture.store, 7, T0 + 90000, 30, 3);
    fixture_insert(fixture.store, 7, T0 + 120000, 30, 4);
    commit(fixture.store);

    assert_int_equal(samples_each(fixture.store, 7, 0, T0 + 200000, on_sample, &seen), 0);
    assert_int_equal(seen.n, 4);
    assert_int_equal(seen.slot[1], T0 + 60000);
    assert_int_equal(seen.slot[3], T0 + 120000);
    fixture_done(&fixture);
}

static void insert_timeout(struct store *store, uint32_t meter_no, int64_t slot_ts_ms)
{
    struct sample sample = {.slot_ts_ms = slot_ts_ms,
                            .meter_no = meter_no,
                            .interval_s = 60,
                            .status = SLOT_TIMEOUT};

    assert_int_equal(samples_insert(store, &sample, false), 0);
}

static void the_newest_row_is_found_with_and_without_energy(void **state)
{
    struct fixture fixture;
    struct sample got;

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    fixture_insert(fixture.store, 7, T0 + 60000, 60, 2);
    insert_timeout(fixture.store, 7, T0 + 120000);
    insert_timeout(fixture.store, 7, T0 + 180000);
    commit(fixture.store);

    assert_int_equal(samples_newest(fixture.store, 7, T0 + 500000, false, &got), 0);
    assert_int_equal(got.slot_ts_ms, T0 + 180000);
    assert_int_equal(got.ts_ms, 0);
    assert_int_equal(samples_newest(fixture.store, 7, T0 + 500000, true, &got), 0);
    assert_int_equal(got.slot_ts_ms, T0 + 60000);
    assert_int_equal(samples_newest(fixture.store, 7, T0 + 59999, true, &got), 0);
    assert_int_equal(got.slot_ts_ms, T0);
    assert_int_equal(samples_newest(fixture.store, 7, T0 - 1, false, &got), ERR_NOT_FOUND);
    assert_int_equal(samples_newest(fixture.store, 9, T0, false, &got), ERR_NOT_FOUND);
    fixture_done(&fixture);
}

static void the_newest_energy_is_found_from_meter_last(void **state)
{
    struct fixture fixture;
    struct sample got;

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    for (int i = 1; i < 100; i++) {
        insert_timeout(fixture.store, 7, T0 + i * MS_PER_MIN);
    }
    commit(fixture.store);
    store_close(fixture.store);
    fixture.store = fixture_open(&fixture, STORE_WRITE);

    assert_int_equal(fixture_value(fixture.store, "SELECT slot_ts_ms FROM meter_last"),
                     T0 + 99 * MS_PER_MIN);
    assert_int_equal(fixture_value(fixture.store, "SELECT last_ok_ms FROM meter_last"),
                     T0 + 182);
    assert_int_equal(samples_newest(fixture.store, 7, T0 + 6000000, true, &got), 0);
    assert_int_equal(got.slot_ts_ms, T0);
    fixture_done(&fixture);
}

static void a_crash_loses_nothing_of_meter_last(void **state)
{
    struct fixture fixture;
    char copy[128];
    char command[300];

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    commit(fixture.store);
    fixture_exec(fixture.store, "PRAGMA wal_checkpoint(TRUNCATE)");
    (void)snprintf(copy, sizeof(copy), "%s/copy", fixture.folder);
    (void)snprintf(command, sizeof(command), "cp %s %s", fixture.path, copy);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
    store_close(fixture.store);
    assert_int_equal(rename(copy, fixture.path), 0);

    fixture.store = fixture_open(&fixture, STORE_WRITE);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM meter_last"), 0);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0 - 60000, 60, 0);
    commit(fixture.store);
    store_close(fixture.store);

    fixture.store = fixture_open(&fixture, STORE_READ);
    assert_int_equal(fixture_value(fixture.store, "SELECT slot_ts_ms FROM meter_last"), T0);
    fixture_done(&fixture);
}

static void counting_tells_scheduled_and_ok_slots(void **state)
{
    struct fixture fixture;
    int64_t scheduled = -1;
    int64_t ok = -1;

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 7, "E001", 10, 1);
    fixture_meter(fixture.store, 8, "E001", 10, 1);
    begin(fixture.store);
    for (int i = 0; i < 10; i++) {
        fixture_insert(fixture.store, 7, T0 + i * MS_PER_MIN, 60, i);
        if (i % 2 == 0) {
            insert_timeout(fixture.store, 8, T0 + i * MS_PER_MIN);
        }
    }
    commit(fixture.store);

    /* Slots 0..7 are closed: meter 8 missed 1, 3, 5, 7; slot 9 is still open for it. */
    assert_int_equal(samples_count(fixture.store, 7, T0, T0 + 600000, &scheduled, &ok), 0);
    assert_int_equal(scheduled, 10);
    assert_int_equal(ok, 10);
    assert_int_equal(samples_count(fixture.store, 8, T0, T0 + 600000, &scheduled, &ok), 0);
    assert_int_equal(scheduled, 9);
    assert_int_equal(ok, 0);
    assert_int_equal(samples_count(fixture.store, 0, T0, T0 + 600000, &scheduled, &ok), 0);
    assert_int_equal(scheduled, 19);
    assert_int_equal(ok, 10);
    fixture_done(&fixture);
}

static void nothing_is_learned_from_rows_that_were_rolled_back(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    begin(fixture.store);
    fixture_insert(fixture.store, 7, T0, 60, 1);
    store_rollback(fixture.store);
    begin(fixture.store);
    fixture_insert(fixture.store, 8, T0 - 60000, 60, 1);
    commit(fixture.store);
    store_close(fixture.store);
    fixture.store = fixture_open(&fixture, STORE_WRITE);

    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM meter_last"), 1);
    assert_int_equal(fixture_value(fixture.store, "SELECT meter_no FROM meter_last"), 8);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM slot"), 1);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM meter_span"), 1);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_comes_back_as_it_was),
        cmocka_unit_test(the_key_is_slot_seconds_and_meter),
        cmocka_unit_test(a_slot_met_twice_keeps_the_first_row),
        cmocka_unit_test(a_sample_that_fits_no_key_is_refused),
        cmocka_unit_test(each_sample_gets_a_journal_member_with_its_lateness),
        cmocka_unit_test(samples_of_a_range_come_in_slot_order),
        cmocka_unit_test(a_schedule_that_changed_is_walked_in_time_order),
        cmocka_unit_test(the_newest_row_is_found_with_and_without_energy),
        cmocka_unit_test(the_newest_energy_is_found_from_meter_last),
        cmocka_unit_test(a_crash_loses_nothing_of_meter_last),
        cmocka_unit_test(counting_tells_scheduled_and_ok_slots),
        cmocka_unit_test(nothing_is_learned_from_rows_that_were_rolled_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
