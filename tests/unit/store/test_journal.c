/* The journal: dense seq in commit order, over every kind, never used twice. */
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static struct journal_entry reading(uint32_t meter_no, int64_t slot_ts_ms)
{
    return (struct journal_entry){
        .kind = JOURNAL_READING, .slot_ts_ms = slot_ts_ms, .meter_no = meter_no};
}

static void append(struct store *store, struct journal_entry entry, int64_t expected_seq)
{
    int64_t seq = 0;

    assert_int_equal(journal_append(store, &entry, &seq), 0);
    assert_int_equal(seq, expected_seq);
}

static void members_of_one_slot_share_a_row(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(5, T0), 1);
    append(fixture.store, reading(6, T0), 2);
    append(fixture.store, reading(2, T0), 3);
    append(fixture.store, reading(2, T0 + 1000), 4);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM journal"), 2);
    /* zigzag(5) = 10, zigzag(1) = 2, zigzag(-4) = 7 */
    assert_int_equal(fixture_value(fixture.store, "SELECT members = x'0a0207' FROM journal "
                                                  "WHERE first_seq = 1 AND n = 3"),
                     1);
    fixture_done(&fixture);
}

static void members_are_packed_as_the_header_says(void **state)
{
    struct fixture fixture;
    struct journal_entry interval = {.kind = JOURNAL_INTERVAL,
                                     .slot_ts_ms = T0,
                                     .meter_no = 300,
                                     .revision = 200,
                                     .late = true};
    struct journal_entry rate = {.kind = JOURNAL_RATE, .row_no = 129};

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, interval, 1);
    append(fixture.store, rate, 2);
    assert_int_equal(store_commit(fixture.store), 0);

    /* 600 = d8 04, 200 = c8 01, 129 = 81 01 */
    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT members = x'd804c801' AND kind = 2 "
                                   "AND flags = 1 FROM journal "
                                   "WHERE first_seq = 1"),
                     1);
    assert_int_equal(fixture_value(fixture.store,
                                   "SELECT members = x'8101' AND kind = 3 AND "
                                   "slot_ts_ms IS NULL FROM journal "
                                   "WHERE first_seq = 2"),
                     1);
    fixture_done(&fixture);
}

static void a_rolled_back_seq_is_given_again(void **state)
{
    struct fixture fixture;
    struct journal_entry got[4];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(5, T0), 1);
    assert_int_equal(store_commit(fixture.store), 0);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(6, T0), 2);
    append(fixture.store, reading(7, T0 + 1000), 3);
    store_rollback(fixture.store);
    assert_int_equal(journal_last_seq(fixture.store), 1);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(8, T0), 2);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(journal_read(fixture.store, 0, got, 4), 2);
    assert_int_equal(got[1].meter_no, 8);
    fixture_done(&fixture);
}

static void an_undone_job_leaves_no_hole(void **state)
{
    struct fixture fixture;
    struct journal_entry got[4];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(5, T0), 1);
    assert_int_equal(store_savepoint(fixture.store), 0);
    append(fixture.store, reading(6, T0), 2);
    append(fixture.store, reading(6, T0 + 1000), 3);
    store_undo(fixture.store);
    append(fixture.store, reading(7, T0), 2);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(journal_read(fixture.store, 0, got, 4), 2);
    assert_int_equal(got[0].meter_no, 5);
    assert_int_equal(got[1].seq, 2);
    assert_int_equal(got[1].meter_no, 7);
    fixture_done(&fixture);
}

static void seq_goes_on_after_the_store_was_closed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(5, T0), 1);
    append(fixture.store, reading(6, T0), 2);
    assert_int_equal(store_commit(fixture.store), 0);
    store_close(fixture.store);

    fixture.store = fixture_open(&fixture, STORE_WRITE);

    assert_int_equal(journal_last_seq(fixture.store), 2);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(7, T0), 3);
    store_rollback(fixture.store);
    fixture_done(&fixture);
}

static void nothing_is_journaled_outside_a_transaction(void **state)
{
    struct fixture fixture;
    struct journal_entry entry = reading(5, T0);

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(journal_append(fixture.store, &entry, NULL), ERR_IO);
    fixture_done(&fixture);
}

static void reading_starts_anywhere_and_after_a_purge(void **state)
{
    struct fixture fixture;
    struct journal_entry got[8];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    for (uint32_t i = 1; i <= 6; i++) {
        append(fixture.store, reading(10 * i, T0 + (i > 3 ? 1000 : 0)), i);
    }
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(journal_read(fixture.store, 1, got, 3), 3);
    assert_int_equal(got[0].seq, 2);
    assert_int_equal(got[0].meter_no, 20);
    assert_int_equal(got[2].seq, 4);
    assert_int_equal(got[2].meter_no, 40);
    assert_int_equal(journal_read(fixture.store, 6, got, 8), 0);
    assert_int_equal(journal_read(fixture.store, 1000, got, 8), 0);
    fixture_exec(fixture.store, "DELETE FROM journal WHERE first_seq = 1");
    assert_int_equal(journal_read(fixture.store, 0, got, 8), 3);
    assert_int_equal(got[0].seq, 4);
    fixture_done(&fixture);
}

static void a_damaged_row_is_an_error_not_a_guess(void **state)
{
    static const char *const damage[] = {
        "UPDATE journal SET members = x'0a02'",
        "UPDATE journal SET members = x''",
        "UPDATE journal SET members = x'ffffffffffffffffffffff'",
        "UPDATE journal SET members = x'0901020203'", /* meter -5 */
        "UPDATE journal SET kind = 9, members = x'0a0207'",
        "UPDATE journal SET kind = 1, n = 0",
    };
    struct fixture fixture;
    struct journal_entry got[4];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    append(fixture.store, reading(5, T0), 1);
    append(fixture.store, reading(6, T0), 2);
    append(fixture.store, reading(2, T0), 3);
    assert_int_equal(store_commit(fixture.store), 0);
    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        fixture_exec(fixture.store, damage[i]);
        assert_int_equal(journal_read(fixture.store, 0, got, 4), ERR_CORRUPT);
    }
    fixture_done(&fixture);
}

static void cursors_start_at_zero_and_move(void **state)
{
    struct fixture fixture;
    int64_t seq = -1;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(journal_cursor_get(fixture.store, "mqtt", &seq), 0);
    assert_int_equal(seq, 0);
    assert_int_equal(journal_cursor_set(fixture.store, "mqtt", 41, T0), 0);
    assert_int_equal(journal_cursor_set(fixture.store, "mqtt", 42, T0 + 1), 0);
    assert_int_equal(journal_cursor_get(fixture.store, "mqtt", &seq), 0);
    assert_int_equal(seq, 42);
    fixture_done(&fixture);
}

/* A model of what must come out, kept beside the store. */
struct model {
    struct journal_entry entry[20000];
    int n; /* appended */
    int n_committed;
    uint64_t random;
};

static uint64_t draw(struct model *model, uint64_t n)
{
    model->random =
        model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (model->random >> 33) % n;
}

static struct journal_entry any_entry(struct model *model)
{
    struct journal_entry entry = {.kind = (enum journal_kind)(1 + draw(model, 5)),
                                  .late = draw(model, 10) == 0};

    if (draw(model, 3) != 0) {
        entry.kind = JOURNAL_READING;
    }
    switch (entry.kind) {
    case JOURNAL_READING:
    case JOURNAL_INTERVAL:
        entry.slot_ts_ms = T0 + (int64_t)draw(model, 3) * 900000;
        entry.meter_no = (uint32_t)draw(model, 1u << 20);
        entry.revision =
            entry.kind == JOURNAL_INTERVAL ? (int32_t)draw(model, 1u << 31) : 0;
        break;
    case JOURNAL_RATE:
    case JOURNAL_CARBON:
    case JOURNAL_ALARM:
        entry.row_no = (int64_t)(draw(model, 1u << 31) << draw(model, 32));
        break;
    }
    return entry;
}

static void append_any(struct store *store, struct model *model, int n)
{
    for (int i = 0; i < n; i++) {
        struct journal_entry entry = any_entry(model);

        entry.seq = model->n + 1;
        append(store, entry, entry.seq);
        model->entry[model->n++] = entry;
    }
}

static void transact(struct store *store, struct model *model)
{
    assert_int_equal(store_begin(store), 0);
    append_any(store, model, (int)draw(model, 40));
    if (draw(model, 2) == 0) {
        int n = model->n;

        assert_int_equal(store_savepoint(store), 0);
        append_any(store, model, (int)draw(model, 20));
        if (draw(model, 2) == 0) {
            store_undo(store);
            model->n = n;
        } else {
            assert_int_equal(store_release(store), 0);
        }
        append_any(store, model, (int)draw(model, 5));
    }
    if (draw(model, 4) == 0) {
        store_rollback(store);
        model->n = model->n_committed;
    } else {
        assert_int_equal(store_commit(store), 0);
        model->n_committed = model->n;
    }
}

static void check_all(struct store *store, struct model *model)
{
    int64_t after = 0;

    while (after < model->n) {
        struct journal_entry got[97];
        int n = journal_read(store, after, got, 1 + (int)draw(model, 97));

        assert_true(n > 0);
        for (int i = 0; i < n; i++) {
            const struct journal_entry *expected = &model->entry[after + i];

            assert_int_equal(got[i].seq, after + i + 1);
            assert_int_equal(got[i].kind, expected->kind);
            assert_int_equal(got[i].late, expected->late);
            assert_int_equal(got[i].slot_ts_ms, expected->slot_ts_ms);
            assert_int_equal(got[i].meter_no, expected->meter_no);
            assert_int_equal(got[i].revision, expected->revision);
            assert_int_equal(got[i].row_no, expected->row_no);
        }
        after += n;
    }
    assert_int_equal(journal_last_seq(store), model->n);
}

static void seq_stays_dense_under_any_order_of_commits_and_rollbacks(void **state)
{
    struct fixture fixture;
    struct model *model = calloc(1, sizeof(*model));

    (void)state;
    assert_non_null(model);
    model->random = 42;
    fixture_init(&fixture);
    for (int i = 0; i < 400 && model->n < 19000; i++) {
        transact(fixture.store, model);
        if (i % 100 == 99) {
            store_close(fixture.store);
            fixture.store = fixture_open(&fixture, STORE_WRITE);
            check_all(fixture.store, model);
        }
    }
    assert_true(model->n > 5000);
    free(model);
    fixture_done(&fixture);
}

static void a_long_row_is_cut(void **state)
{
    struct fixture fixture;
    struct journal_entry got[3000];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    for (uint32_t i = 0; i < 2500; i++) {
        append(fixture.store, reading(i, T0), i + 1);
    }
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(fixture_value(fixture.store, "SELECT max(n) FROM journal"), 1024);
    assert_int_equal(journal_read(fixture.store, 0, got, 3000), 2500);
    assert_int_equal(got[2499].meter_no, 2499);
    assert_int_equal(got[1024].meter_no, 1024);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_one_slot_share_a_row),
        cmocka_unit_test(members_are_packed_as_the_header_says),
        cmocka_unit_test(a_rolled_back_seq_is_given_again),
        cmocka_unit_test(an_undone_job_leaves_no_hole),
        cmocka_unit_test(seq_goes_on_after_the_store_was_closed),
        cmocka_unit_test(nothing_is_journaled_outside_a_transaction),
        cmocka_unit_test(reading_starts_anywhere_and_after_a_purge),
        cmocka_unit_test(a_damaged_row_is_an_error_not_a_guess),
        cmocka_unit_test(cursors_start_at_zero_and_move),
        cmocka_unit_test(seq_stays_dense_under_any_order_of_commits_and_rollbacks),
        cmocka_unit_test(a_long_row_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
