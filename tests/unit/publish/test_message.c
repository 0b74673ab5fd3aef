#include <jansson.h>

#include "daemon/core/row.h"
#include "daemon/store/energy.h"
#include "tests/unit/publish/rig.h"

#define MINUTE INT64_C(60000)

/* --- batches --- */

static int members_of(const struct rig_message *message)
{
    json_t *object = json_loadb(message->payload, message->n, 0, NULL);

    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "type")), "readings");
    const json_t *members = json_object_get(object, "readings");
    int n = (int)json_array_size(members);

    assert_true(n > 0);
    assert_int_equal(
        json_integer_value(json_object_get(object, "seq")),
        json_integer_value(json_object_get(json_array_get(members, 0), "seq")));
    for (int i = 0; i < n; i++) {
        const json_t *member = json_array_get(members, (size_t)i);

        assert_int_equal(json_integer_value(json_object_get(member, "seq")),
                         rig_seq(message) + i);
        assert_null(json_object_get(member, "type"));
        assert_non_null(json_object_get(member, "meter"));
    }
    json_decref(object);
    return n;
}

static void put_interval(struct rig *rig, int64_t start_ts_ms)
{
    const struct interval interval = {.meter_no = 3,
                                      .enterprise_no = 1,
                                      .start_ts_ms = start_ts_ms,
                                      .present = 1,
                                      .energy = {250, 0, 0, 0},
                                      .quality = QUALITY_MEASURED};

    assert_int_equal(store_begin(rig->fixture.store), 0);
    assert_int_equal(
        energy_interval_put(rig->fixture.store, &interval, start_ts_ms + 16 * MINUTE),
        ENERGY_NEW);
    assert_int_equal(store_commit(rig->fixture.store), 0);
}

static void batch_takes_n_readings_and_ends_before_another_kind(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.batch = 4;
    rig_readings(&rig, 9, T0); /* 1..9: 4 4 1 */
    put_interval(&rig, T0);    /* 10 */
    rig_readings(&rig, 3, T0 + MINUTE);
    rig_start(&rig);

    assert_int_equal(rig.n_messages, 6); /* the status first */
    static const int members[] = {4, 4, 1, 0, 3};
    static const int64_t seqs[] = {1, 5, 9, 10, 11};

    for (int i = 0; i < 5; i++) {
        const struct rig_message *message = &rig.message[i + 1];

        assert_int_equal(rig_seq(message), seqs[i]);
        if (members[i] > 0) {
            assert_string_equal(message->topic, RIG_TOPIC "readings");
            assert_int_equal(members_of(message), members[i]);
        }
    }
    assert_string_equal(rig.message[4].topic, RIG_TOPIC "meter/M003/interval");
    assert_string_equal(
        rig.message[4].payload,
        "{\"type\":\"interval\",\"site\":\"cixi-binhai\",\"epoch\":1795219200000,\"seq\":"
        "10,"
        "\"late\":false,\"meter\":\"M003\",\"enterprise\":\"E001\","
        "\"start_ts_ms\":1795219200000,\"start_ts\":\"2026-11-21T08:00:00+08:00\","
        "\"point\":33,\"energy_import_wh\":250,\"energy_export_wh\":null,"
        "\"reactive_import_varh\":null,\"reactive_export_varh\":null,"
        "\"max_power_w\":null,\"quality\":\"measured\",\"revision\":0}");
    assert_int_equal(publish_status(rig.publish).acked_seq, 13);
    rig_done(&rig);
}

static void batch_stays_below_64_kb(void **state)
{
    struct rig rig;
    int n = 0;

    (void)state;
    rig_init(&rig);
    rig.options.batch = 1000;
    assert_int_equal(store_begin(rig.fixture.store), 0);
    for (int slot = 0; slot < 100; slot++) {
        for (uint32_t meter_no = 1; meter_no <= 9; meter_no++) {
            struct sample sample =
                fixture_sample(meter_no, T0 + slot * MINUTE, 60, INT64_C(99999999999999));

            sample.present = (1u << QUANTITY_COUNT) - 1;
            for (int q = 1; q < QUANTITY_COUNT; q++) {
                sample.value[q] = INT64_C(-1000000000000000) - q;
            }
            assert_int_equal(samples_insert(rig.fixture.store, &sample, false), 0);
        }
    }
    assert_int_equal(store_commit(rig.fixture.store), 0);
    rig_start(&rig);

    for (int i = 1; i < rig.n_messages; i++) {
        assert_true(rig.message[i].n <= 65536);
        n += members_of(&rig.message[i]);
    }
    assert_int_equal(n, 900);
    assert_true(rig.message[1].n > 50000);
    assert_int_equal(publish_status(rig.publish).acked_seq, 900);
    rig_done(&rig);
}

/* --- result rows --- */

static const struct column rate_columns[] = {
    {"group_id", COLUMN_PLAIN, ""},      {"n_valid", COLUMN_PLAIN, ""},
    {"energy_wh", COLUMN_WH, ""},        {"baseline_wh", COLUMN_WH, ""},
    {"resumption_rate", COLUMN_PCT, ""}, {"resumption_low", COLUMN_PCT, ""},
    {"coverage_firms", COLUMN_PCT, ""},  {"suppressed", COLUMN_PLAIN, ""}};

/* Rows 1 and 2 of the fake result table; 2 is suppressed. */
static int row_of(void *ctx, struct store *store, enum journal_kind kind, int64_t row_no,
                  struct rows *ret_rows, struct publish_place *ret_place)
{
    (void)ctx;
    (void)store;
    rows_init(ret_rows, rate_columns, 8);
    struct cell *cell = row_no <= 2 ? rows_add(ret_rows) : NULL;

    if (cell == NULL) {
        return ERR_NOT_FOUND;
    }
    cell[0] = cell_text(rows_keep(ret_rows, "C31"));
    cell[1] = cell_int(3);
    cell[2] = cell_int(29940000);
    cell[3] = cell_int(30200000);
    cell[4] = cell_fraction(1, 2);
    cell[5] = cell_fraction(1, 4);
    cell[6] = cell_fraction(1, 1);
    cell[7] = cell_int(row_no == 2);
    (void)snprintf(ret_place->topic, sizeof(ret_place->topic), "%s/%lld",
                   kind == JOURNAL_RATE ? "rate/industry" : "carbon/E001",
                   (long long)row_no);
    ret_place->retain = row_no == 1;
    return 0;
}

static void rig_with_results(struct rig *rig)
{
    const struct journal_entry rate = {.kind = JOURNAL_RATE, .row_no = 1};
    const struct journal_entry hidden = {.kind = JOURNAL_RATE, .row_no = 2, .late = true};
    const struct journal_entry gone = {.kind = JOURNAL_RATE, .row_no = 3};
    const struct journal_entry carbon = {.kind = JOURNAL_CARBON, .row_no = 1};

    rig_init(rig);
    rig->options.row_of = row_of;
    rig_append(rig, &rate);
    rig_append(rig, &hidden);
    rig_append(rig, &gone);
    rig_append(rig, &carbon);
}

static void result_rows_are_retained_as_their_place_says(void **state)
{
    struct rig rig;

    (void)state;
    rig_with_results(&rig);
    rig_start(&rig);

    const struct rig_message *rate = rig_find(&rig, "rate/industry/1", 0);
    const struct rig_message *carbon = rig_find(&rig, "carbon/E001/1", 0);

    assert_non_null(rate);
    assert_non_null(carbon);
    assert_true(rate->retain);
    assert_true(carbon->retain);
    assert_false(rig_find(&rig, "rate/industry/2", 0)->retain);
    assert_string_equal(
        rate->payload,
        "{\"type\":\"rate\",\"site\":\"cixi-binhai\",\"epoch\":1795219200000,\"seq\":1,"
        "\"late\":false,\"group_id\":\"C31\",\"n_valid\":3,\"energy_wh\":29940000,"
        "\"energy_kwh\":29940.0,\"baseline_wh\":30200000,\"baseline_kwh\":30200.0,"
        "\"resumption_rate\":0.5,\"resumption_rate_pct\":50.0,\"resumption_low\":0.25,"
        "\"resumption_low_pct\":25.0,\"coverage_firms\":1.0,\"coverage_firms_pct\":100.0,"
        "\"suppressed\":0}");
    assert_int_equal(strncmp(carbon->payload, "{\"type\":\"carbon\",", 17), 0);
    assert_int_equal(rig_seq(carbon), 4);
    assert_int_equal(publish_status(rig.publish).acked_seq, 4); /* 3 is a hole */
    assert_int_equal(publish_status(rig.publish).purged, 1);
    rig_done(&rig);
}

/* --- holes and the register --- */

static void purged_readings_only_move_the_cursor(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.inflight = 2;
    for (int slot = 0; slot < 20; slot++) {
        rig_readings(&rig, 9, T0 + slot * MINUTE);
    }
    fixture_exec(rig.fixture.store, "DELETE FROM reading");
    rig_start(&rig);

    assert_int_equal(rig_count(&rig, "/reading"), 0);
    assert_int_equal(publish_status(rig.publish).acked_seq, 180);
    assert_int_equal(publish_status(rig.publish).purged, 180);
    rig_readings(&rig, 1, T0 + 20 * MINUTE);
    rig_expect_rows(&rig, 181, 181);
    rig_done(&rig);
}

static void batch_leaves_purged_members_out(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.batch = 100;
    rig_readings(&rig, 3, T0);
    rig_readings(&rig, 3, T0 + MINUTE);
    fixture_exec(rig.fixture.store, "DELETE FROM reading WHERE key < (SELECT max(key) FROM "
                                    "reading) - 1");
    rig_start(&rig);

    assert_int_equal(rig.n_messages, 2);
    assert_int_equal(rig_seq(&rig.message[1]), 5);
    assert_int_equal(members_of(&rig.message[1]), 2);
    assert_int_equal(publish_status(rig.publish).acked_seq, 6);
    rig_done(&rig);
}

static void reading_of_a_meter_younger_than_the_publisher_is_not_lost(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    fixture_meter(rig.fixture.store, 12, "E001", 1, 1);
    assert_int_equal(store_begin(rig.fixture.store), 0);
    fixture_insert(rig.fixture.store, 12, T0, 60, 4711);
    assert_int_equal(store_commit(rig.fixture.store), 0);
    rig_notify(&rig);

    assert_non_null(rig_find(&rig, "meter/M012/reading", 0));
    assert_int_equal(publish_status(rig.publish).purged, 0);
    rig_done(&rig);
}

static void changed_register_gives_the_ratio_of_what_comes_after(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 1, T0); /* register 1001 × 10 Wh */
    fixture_exec(rig.fixture.store,
                 "UPDATE meter_version SET register_wh_num = 100 WHERE meter_no = 1");
    publish_register_changed(rig.publish);
    rig_readings(&rig, 1, T0 + MINUTE);

    assert_non_null(
        strstr(rig_find(&rig, "M001/reading", 0)->payload, "\"energy_import_wh\":10010,"));
    assert_non_null(
        strstr(rig_find(&rig, "M001/reading", 1)->payload, "\"energy_import_wh\":100100,"));
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_takes_n_readings_and_ends_before_another_kind),
        cmocka_unit_test(batch_stays_below_64_kb),
        cmocka_unit_test(result_rows_are_retained_as_their_place_says),
        cmocka_unit_test(purged_readings_only_move_the_cursor),
        cmocka_unit_test(batch_leaves_purged_members_out),
        cmocka_unit_test(reading_of_a_meter_younger_than_the_publisher_is_not_lost),
        cmocka_unit_test(changed_register_gives_the_ratio_of_what_comes_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
