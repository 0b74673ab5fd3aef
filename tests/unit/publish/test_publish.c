#include "tests/unit/publish/rig.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static struct publish_status status_of(struct rig *rig)
{
    return publish_status(rig->publish);
}

/* Index of the k-th row message (status and watermark left out), -1 when there is none. */
static int row_index(const struct rig *rig, int k)
{
    for (int i = 0; i < rig->n_messages; i++) {
        if (rig_is_row(&rig->message[i]) && k-- == 0) {
            return i;
        }
    }
    return -1;
}

static int count_rows(const struct rig *rig)
{
    int n = 0;

    while (row_index(rig, n) >= 0) {
        n++;
    }
    return n;
}

static int64_t cursor_in_store(struct rig *rig)
{
    int64_t seq = -1;

    assert_int_equal(journal_cursor_get(rig->fixture.store, "mqtt", &seq), 0);
    return seq;
}

static void every_row_is_delivered_in_the_order_of_its_seq(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_readings(&rig, 9, T0); /* before it starts */
    rig_start(&rig);
    for (int slot = 1; slot <= 10; slot++) {
        rig_readings(&rig, 9, T0 + slot * MINUTE);
    }

    rig_expect_rows(&rig, 1, 99);
    assert_int_equal(status_of(&rig).acked_seq, 99);
    assert_int_equal(status_of(&rig).messages, 99);
    assert_string_equal(rig_find(&rig, "/reading", 0)->topic,
                        RIG_TOPIC "meter/M001/reading");
    rig_done(&rig);
}

static void first_word_is_online_last_word_is_offline_and_so_is_the_will(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    publish_stop(rig.publish);

    assert_int_equal(rig.n_messages, 2);
    assert_string_equal(rig.message[0].topic, RIG_TOPIC "status");
    assert_string_equal(rig.message[1].topic, RIG_TOPIC "status");
    assert_true(rig.message[0].retain && rig.message[1].retain);
    assert_non_null(strstr(rig.message[0].payload, "\"state\":\"online\""));
    assert_non_null(strstr(rig.message[1].payload, "\"state\":\"offline\""));
    assert_string_equal(rig.will_topic, RIG_TOPIC "status");
    assert_string_equal(rig.will_payload, rig.message[1].payload);
    assert_false(rig.connected);
    rig_done(&rig);
}

static void window_is_never_exceeded(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.inflight = 5;
    rig.acks = false;
    rig_start(&rig);
    for (int slot = 0; slot < 10; slot++) {
        rig_readings(&rig, 9, T0 + slot * MINUTE);
    }

    assert_int_equal(count_rows(&rig), 5);
    rig.acks = true;
    rig_settle(&rig);
    assert_int_equal(rig.open_max, 5);
    rig_expect_rows(&rig, 1, 90);
    rig_done(&rig);
}

static void acks_out_of_order_move_the_cursor_over_the_contiguous_part_only(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.inflight = 5;
    rig.acks = false;
    rig_start(&rig);
    rig_readings(&rig, 9, T0);

    rig_ack(&rig, row_index(&rig, 2), 0);
    rig_ack(&rig, row_index(&rig, 1), 0);
    assert_int_equal(status_of(&rig).acked_seq, 0);
    assert_int_equal(count_rows(&rig), 5); /* the window starts at row 1 still */
    rig_ack(&rig, row_index(&rig, 0), 0);
    assert_int_equal(status_of(&rig).acked_seq, 3);
    assert_int_equal(count_rows(&rig), 8);
    rig_ack(&rig, row_index(&rig, 4), 0);
    assert_int_equal(status_of(&rig).acked_seq, 3);
    rig_done(&rig);
}

static void second_and_foreign_acknowledgements_change_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.inflight = 3;
    rig.acks = false;
    rig_start(&rig);
    rig_readings(&rig, 9, T0);

    uint64_t token = rig.message[row_index(&rig, 0)].token;

    rig.events.on_acked(rig.events.ctx, token, 0);
    rig.events.on_acked(rig.events.ctx, token, 0);
    rig.events.on_acked(rig.events.ctx, token, 135);
    rig.events.on_acked(rig.events.ctx, token + 1000, 0);
    assert_int_equal(status_of(&rig).acked_seq, 1);
    assert_int_equal(status_of(&rig).messages, 1);
    assert_int_equal(status_of(&rig).state, PUBLISH_CONNECTED);

    /* rows 2 and 3 are on their way a second time: their old tokens are void */
    rig_cut(&rig);
    rig_advance(&rig, 5000);
    rig.events.on_acked(rig.events.ctx, token + 1, 0);
    assert_int_equal(status_of(&rig).acked_seq, 1);
    rig_done(&rig);
}

static void lost_acknowledgement_ends_in_a_new_connection_and_the_same_bytes(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.acks = false;
    rig_start(&rig);
    rig_readings(&rig, 3, T0);
    rig_ack(&rig, row_index(&rig, 0), 0);

    rig_advance(&rig, 29999);
    assert_int_equal(rig.connects, 1);
    rig.acks = true;
    rig.message[row_index(&rig, 1)].open = false; /* lost on the way */
    rig.message[row_index(&rig, 2)].open = false;
    rig_advance(&rig, 1);
    assert_string_equal(status_of(&rig).why, "no acknowledgement within 30 s");
    rig_advance(&rig, 2000);

    assert_int_equal(rig.connects, 2);
    assert_int_equal(count_rows(&rig), 5); /* 1 2 3, then 2 3 */
    assert_string_equal(rig.message[row_index(&rig, 1)].payload,
                        rig.message[row_index(&rig, 3)].payload);
    rig_expect_rows(&rig, 1, 3);
    assert_int_equal(status_of(&rig).acked_seq, 3);
    rig_done(&rig);
}

static void connection_without_rows_stays(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 3, T0);
    rig_advance(&rig, 10 * MINUTE);
    rig_readings(&rig, 3, T0 + 10 * MINUTE);
    rig_advance(&rig, 10 * MINUTE);

    assert_int_equal(rig.connects, 1);
    assert_int_equal(status_of(&rig).acked_seq, 6);
    rig_done(&rig);
}

static void outage_of_hours_drains_in_order_without_loss(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 9, T0);
    rig.up = false;
    rig_cut(&rig);
    for (int slot = 1; slot <= 6 * 60; slot++) {
        rig_readings(&rig, 9, T0 + slot * MINUTE);
        rig_advance(&rig, MINUTE);
    }
    assert_int_equal(count_rows(&rig), 9);
    assert_int_equal(status_of(&rig).state, PUBLISH_DISCONNECTED);
    assert_int_equal(status_of(&rig).last_seq, 3249);
    assert_int_equal(status_of(&rig).oldest_pending_ms, T0 + MINUTE);
    /* back-off up to 60 s ± 50 %: at least every 90 s, at most every 30 s */
    assert_in_range(rig.connects, 6 * 40, 6 * 120 + 10);

    rig.up = true;
    rig_advance(&rig, 2 * MINUTE);

    rig_expect_rows(&rig, 1, 3249);           /* 361 slots of 9 meters */
    assert_int_equal(count_rows(&rig), 3249); /* none twice */
    assert_int_equal(rig.open_max, 20);
    assert_int_equal(status_of(&rig).oldest_pending_ms, 0);
    assert_int_equal(cursor_in_store(&rig), 3249);
    rig_done(&rig);
}

static void broker_that_never_answers_is_given_up_after_15_seconds(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.silent = true;
    rig_start(&rig);

    rig_advance(&rig, 14999);
    assert_int_equal(status_of(&rig).state, PUBLISH_CONNECTING);
    rig_advance(&rig, 1);
    assert_int_equal(status_of(&rig).state, PUBLISH_DISCONNECTED);
    assert_string_equal(status_of(&rig).why, "the broker does not answer");
    rig.silent = false;
    rig_advance(&rig, 1500); /* 1 s + 50 % */
    assert_int_equal(status_of(&rig).state, PUBLISH_CONNECTED);
    rig_done(&rig);
}

static void connection_that_dies_before_any_acknowledgement_backs_off(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.acks = false;
    rig_readings(&rig, 1, T0);
    rig_start(&rig);

    for (int second = 0; second < 600; second++) {
        if (rig.connected) {
            rig_cut(&rig); /* as a broker does that takes offence at the message */
        }
        rig_advance(&rig, 1000);
    }
    assert_in_range(rig.connects, 10, 30); /* 1 2 4 8 16 32, then every 30 to 90 s */
    rig_done(&rig);
}

static void cursor_survives_a_restart(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 9, T0);
    rig_advance(&rig, 3000);
    assert_int_equal(cursor_in_store(&rig), 9);
    rig_crash(&rig);

    rig_readings(&rig, 9, T0 + MINUTE);
    rig_start(&rig);

    assert_int_equal(count_rows(&rig), 18);
    rig_expect_rows(&rig, 1, 18);
    rig_done(&rig);
}

static void crash_before_the_cursor_is_stored_repeats_rows_byte_for_byte(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 9, T0);
    rig_crash(&rig);
    rig_start(&rig);

    assert_int_equal(count_rows(&rig), 18);
    rig_expect_rows(&rig, 1, 9);
    rig_done(&rig);
}

static void stop_hands_the_cursor_to_the_writer_though_it_is_freed_at_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 9, T0);
    publish_stop(rig.publish);
    rig_crash(&rig); /* frees it while the write is on its way */

    assert_int_equal(cursor_in_store(&rig), 9);
    rig_done(&rig);
}

static void refused_row_waits_a_minute_doubling_and_all_stay_in_order(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.refused = "meter/M002/";
    rig_start(&rig);
    rig_readings(&rig, 3, T0);

    assert_int_equal(status_of(&rig).state, PUBLISH_REFUSED);
    assert_int_equal(status_of(&rig).refused_reason, 135);
    assert_int_equal(status_of(&rig).acked_seq, 1);
    assert_int_equal(count_rows(&rig), 3); /* row 3 was on its way already */
    rig_readings(&rig, 3, T0 + MINUTE);
    rig_advance(&rig, 59999);
    assert_int_equal(count_rows(&rig), 3);
    rig_advance(&rig, 1);
    assert_int_equal(rig_seq(&rig.message[row_index(&rig, 3)]), 2);
    int n = count_rows(&rig);

    rig_advance(&rig, 119999);
    assert_int_equal(count_rows(&rig), n);
    rig.refused = NULL;
    rig_advance(&rig, 1);

    rig_expect_rows(&rig, 1, 6);
    assert_int_equal(status_of(&rig).acked_seq, 6);
    assert_int_equal(status_of(&rig).refused_reason, 0);
    assert_int_equal(rig.connects, 1);
    rig_done(&rig);
}

static void probe_of_a_refused_row_comes_at_least_every_hour(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.refused = "meter/M001/";
    rig_start(&rig);
    rig_readings(&rig, 1, T0);
    rig_advance(&rig, 24 * HOUR);

    /* 0 1 3 7 15 31 63 minutes, then one an hour until 24:00 */
    assert_int_equal(count_rows(&rig), 7 + 22);
    rig_done(&rig);
}

static void row_that_finds_no_room_goes_out_when_the_status_is_acknowledged(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.inflight = 1;
    rig.slots = 1;
    rig.acks = false;
    rig_readings(&rig, 2, T0);
    rig_start(&rig);

    assert_int_equal(rig.n_messages, 1); /* the status took the place */
    rig_ack(&rig, 0, 0);
    assert_int_equal(count_rows(&rig), 1);
    rig_done(&rig);
}

static void row_that_finds_no_room_is_tried_again_every_second(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.slots = 0;
    rig_start(&rig);
    rig_readings(&rig, 1, T0);
    rig.slots = 10;
    rig_advance(&rig, 1000);

    assert_int_equal(status_of(&rig).acked_seq, 1);
    assert_int_equal(rig.connects, 1);
    rig_done(&rig);
}

static void watermark_follows_the_stored_cursor_every_ten_seconds(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_start(&rig);
    rig_readings(&rig, 9, T0);
    rig_advance(&rig, 5000);
    rig_readings(&rig, 9, T0 + MINUTE);
    rig_advance(&rig, 2500);

    assert_int_equal(rig_count(&rig, "/watermark"), 1);
    const struct rig_message *first = rig_find(&rig, "/watermark", 0);
    char text[256];

    (void)snprintf(text, sizeof(text),
                   "{\"type\":\"watermark\",\"site\":\"cixi-binhai\",\"epoch\":%lld,"
                   "\"seq\":9}",
                   (long long)T0);
    assert_string_equal(first->topic, RIG_TOPIC "watermark");
    assert_string_equal(first->payload, text);
    assert_false(first->retain);
    rig_advance(&rig, 10000);
    assert_int_equal(rig_count(&rig, "/watermark"), 2);
    assert_int_equal(rig_seq(rig_find(&rig, "/watermark", 1)), 18);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_delivered_in_the_order_of_its_seq),
        cmocka_unit_test(first_word_is_online_last_word_is_offline_and_so_is_the_will),
        cmocka_unit_test(window_is_never_exceeded),
        cmocka_unit_test(acks_out_of_order_move_the_cursor_over_the_contiguous_part_only),
        cmocka_unit_test(second_and_foreign_acknowledgements_change_nothing),
        cmocka_unit_test(lost_acknowledgement_ends_in_a_new_connection_and_the_same_bytes),
        cmocka_unit_test(connection_without_rows_stays),
        cmocka_unit_test(outage_of_hours_drains_in_order_without_loss),
        cmocka_unit_test(broker_that_never_answers_is_given_up_after_15_seconds),
        cmocka_unit_test(connection_that_dies_before_any_acknowledgement_backs_off),
        cmocka_unit_test(cursor_survives_a_restart),
        cmocka_unit_test(crash_before_the_cursor_is_stored_repeats_rows_byte_for_byte),
        cmocka_unit_test(stop_hands_the_cursor_to_the_writer_though_it_is_freed_at_once),
        cmocka_unit_test(refused_row_waits_a_minute_doubling_and_all_stay_in_order),
        cmocka_unit_test(probe_of_a_refused_row_comes_at_least_every_hour),
        cmocka_unit_test(row_that_finds_no_room_goes_out_when_the_status_is_acknowledged),
        cmocka_unit_test(row_that_finds_no_room_is_tried_again_every_second),
        cmocka_unit_test(watermark_follows_the_stored_cursor_every_ten_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
