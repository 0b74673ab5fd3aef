#include "daemon/store/purge.h"
#include "tests/unit/store/fixture.h"

#define SLOTS 48 /* one each hour: two days */

/* Two meters, hourly slots from T0 on. */
static void fill(struct fixture *fixture)
{
    fixture_init(fixture);
    assert_int_equal(store_begin(fixture->store), 0);
    fixture_meter(fixture->store, 1, "E001", 1, 1);
    fixture_meter(fixture->store, 2, "E001", 1, 1);
    for (int slot = 0; slot < SLOTS; slot++) {
        for (uint32_t meter_no = 1; meter_no <= 2; meter_no++) {
            struct sample sample = {.slot_ts_ms = T0 + slot * 60 * MS_PER_MIN,
                                    .ts_ms = T0 + slot * 60 * MS_PER_MIN + 100,
                                    .meter_no = meter_no,
                                    .interval_s = 3600,
                                    .status = SLOT_OK,
                                    .present = 1u << QUANTITY_ENERGY_IMPORT_WH};

            sample.value[QUANTITY_ENERGY_IMPORT_WH] = slot;
            assert_int_equal(samples_insert(fixture->store, &sample, false), 0);
        }
    }
    assert_int_equal(store_commit(fixture->store), 0);
}

/* Purges as of two days after T0, keeping one. */
static int64_t purge(struct fixture *fixture, bool has_sink, int64_t max_size_bytes,
                     int64_t keep_ms)
{
    const struct purge_options options = {.now_ms = T0 + 2 * MS_PER_DAY,
                                          .keep_ms = keep_ms,
                                          .max_size_bytes = max_size_bytes,
                                          .has_sink = has_sink,
                                          .limit = 10};
    int64_t all = 0;
    bool more = true;

    assert_int_equal(store_begin(fixture->store), 0);
    while (more) {
        int64_t purged = purge_readings(fixture->store, &options, &more);

        assert_true(purged >= 0);
        all += purged;
    }
    assert_int_equal(store_commit(fixture->store), 0);
    return all;
}

static void readings_older_than_kept_go_with_slots_and_journal(void **state)
{
    (void)state;
    struct fixture fixture;

    fill(&fixture);
    int64_t seq = journal_last_seq(fixture.store);

    assert_int_equal(purge(&fixture, false, INT64_MAX, MS_PER_DAY), 48);

    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM reading"), 48);
    assert_int_equal(fixture_value(fixture.store, "SELECT min(slot_ts_ms) FROM slot"),
                     T0 + MS_PER_DAY);
    assert_int_equal(fixture_value(fixture.store, "SELECT min(slot_ts_ms) FROM journal"),
                     T0 + MS_PER_DAY);
    assert_int_equal(
        fixture_value(fixture.store, "SELECT count(*) FROM event WHERE code = 'purged'"),
        1);
    assert_int_equal(journal_last_seq(fixture.store), seq);
    fixture_done(&fixture);
}

static void what_a_sink_has_not_delivered_stays(void **state)
{
    (void)state;
    struct fixture fixture;

    fill(&fixture);
    assert_int_equal(purge(&fixture, true, INT64_MAX, MS_PER_DAY),
                     0); /* no cursor yet: none */
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(journal_cursor_set(fixture.store, "mqtt", 11, T0),
                     0); /* slots 0 to 4 */
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(purge(&fixture, true, INT64_MAX, MS_PER_DAY), 10);

    assert_int_equal(fixture_value(fixture.store, "SELECT min(key) >> 20 FROM reading"),
                     T0 / 1000 + 5 * 3600);
    fixture_done(&fixture);
}

static void a_store_beyond_its_size_gives_up_its_oldest_day(void **state)
{
    (void)state;
    struct fixture fixture;

    fill(&fixture);

    assert_int_equal(purge(&fixture, false, 4096, 365 * MS_PER_DAY), 96);

    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_older_than_kept_go_with_slots_and_journal),
        cmocka_unit_test(what_a_sink_has_not_delivered_stays),
        cmocka_unit_test(a_store_beyond_its_size_gives_up_its_oldest_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
