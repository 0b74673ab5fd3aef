/* Polling over real loopback sockets under the virtual clock: slots, turns, back-off. */

#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

#define HOUR_MS INT64_C(3600000)

static struct rig rig;
static struct fake_meter *fake;

/* What the fake does: units 1..255 may each be given one reply; counts per unit. */
static struct fake_reply behaviour[256];
static int asked[256];

static void reply(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    asked[request->unit]++;
    *ret = behaviour[request->unit];
}

static int setup(void **state)
{
    const struct fake_script script = {.reply = reply};

    (void)state;
    memset(behaviour, 0, sizeof(behaviour));
    memset(asked, 0, sizeof(asked));
    rig_init(&rig);
    return fake_meter_new(rig.meter_loop, &script, 0, &fake);
}

static int teardown(void **state)
{
    (void)state;
    fake_meter_free(fake);
    fake = NULL;
    rig_done(&rig);
    return 0;
}

static void every_slot_has_one_outcome_with_the_values_of_the_registers(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, HOUR_MS - 1);

    rig_assert_dense(&rig, meter_no, RIG_START_MS, 60000, 60);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), 60);
    const struct sample *sample = rig_sample(&rig, meter_no, 59);

    /* U32 of registers holding their own address: 0,1 -> 1; 10,11 -> 10 * 65536 + 11. */
    assert_int_equal(sample->value[QUANTITY_ENERGY_IMPORT_WH], 1);
    assert_int_equal(sample->value[QUANTITY_POWER_W], 655371);
    assert_int_equal(sample->value[QUANTITY_VOLTAGE_A_MV], 1310741);
    assert_true(sample->ts_ms > sample->slot_ts_ms);
    assert_true(sample->ts_ms <= sample->slot_ts_ms + 1000);
    assert_int_equal(sample->interval_s, 60);
    assert_int_equal(fake_meter_accepted(fake), 1);
    assert_int_equal(fake_meter_requests(fake), 60); /* one read each: gaps are read over */
    assert_int_equal(rig.n_schedule, 1);
    assert_int_equal(rig.schedule[0].from_ms, RIG_START_MS);
    assert_int_equal(rig.schedule[0].interval_s, 60);
}

static void a_run_begins_with_the_running_slot_only_when_it_is_young(void **state)
{
    (void)state;
    virtual_clock_advance(&rig.run.clock, 50000); /* 50 s into the quarter-hour */
    uint32_t young = rig_add_meter(&rig, fake_meter_port(fake), 1, 900);

    rig_start(&rig);
    rig_run(&rig, 1000);
    assert_int_equal(rig_sample(&rig, young, 0)->slot_ts_ms, RIG_START_MS);

    fake_meter_free(fake);
    rig_done(&rig);
    rig_init(&rig);
    assert_int_equal(fake_meter_new(rig.meter_loop, NULL, 0, &fake), 0);
    virtual_clock_advance(&rig.run.clock, 70000);
    uint32_t old = rig_add_meter(&rig, fake_meter_port(fake), 1, 900);

    rig_start(&rig);
    rig_run(&rig, 900000);
    assert_int_equal(rig_sample(&rig, old, 0)->slot_ts_ms, RIG_START_MS + 900000);
    assert_int_equal(rig.schedule[0].from_ms, RIG_START_MS + 900000);
}

static void powers_volts_and_amperes_are_brought_to_the_primary_side(void **state)
{
    (void)state;
    rig_add_point(&rig, QUANTITY_CURRENT_A_MA, 30);
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig.meter[0].pt = (struct ratio){100, 1};
    rig.meter[0].ct = (struct ratio){3, 2};
    rig_start(&rig);
    rig_run(&rig, 1000);

    const struct sample *sample = rig_sample(&rig, meter_no, 0);

    assert_int_equal(sample->value[QUANTITY_ENERGY_IMPORT_WH], 1); /* as the meter shows */
    assert_int_equal(sample->value[QUANTITY_POWER_W], 98305650);   /* 655371 * 150 */
    assert_int_equal(sample->value[QUANTITY_VOLTAGE_A_MV], 131074100);
    assert_int_equal(sample->value[QUANTITY_CURRENT_A_MA], 2949167); /* 1966111 * 1.5 */
}

/* 655371 and 1310741 counts of 0.1, as above: PT 100 and CT 20 find the tenths still there.
 * Two meters of one profile with different ratios do not share them. */
static void a_value_is_rounded_once_on_the_primary_side(void **state)
{
    (void)state;
    rig.point[1].part[0].scale = (struct ratio){1, 10};
    rig.point[2].part[0].scale = (struct ratio){1, 10};
    rig.point[2].has_range = true; /* of the meter's side */
    rig.point[2].max = 131075;
    uint32_t ratios = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    uint32_t direct = rig_add_meter(&rig, fake_meter_port(fake), 2, 60);

    rig.meter[0].pt = (struct ratio){100, 1};
    rig.meter[0].ct = (struct ratio){20, 1};
    rig_start(&rig);
    rig_run(&rig, 30000);

    const struct sample *sample = rig_sample(&rig, ratios, 0);

    assert_int_equal(sample->value[QUANTITY_ENERGY_IMPORT_WH],
                     1); /* as the meter shows it */
    assert_int_equal(sample->value[QUANTITY_POWER_W], 131074200);
    assert_int_equal(sample->value[QUANTITY_VOLTAGE_A_MV], 13107410);
    sample = rig_sample(&rig, direct, 0);
    assert_int_equal(sample->value[QUANTITY_POWER_W], 65537);
    assert_int_equal(sample->value[QUANTITY_VOLTAGE_A_MV], 131074);
}

static void first_sends_are_spread_by_at_most_a_second(void **state)
{
    int64_t least = INT64_MAX;
    int64_t most = 0;

    (void)state;
    for (int i = 0; i < 100; i++) { /* a line each: 127.0.0.1 counts as one endpoint */
        (void)rig_add_meter(&rig, fake_meter_port(fake), (uint8_t)(i + 1), 60);
    }
    rig_start(&rig);
    rig_run(&rig, 59999);

    assert_int_equal(rig.n_samples, 100);
    for (size_t i = 0; i < rig.n_samples; i++) {
        int64_t delay_ms = rig.sample[i].ts_ms - rig.sample[i].slot_ts_ms;

        least = delay_ms < least ? delay_ms : least;
        most = delay_ms > most ? delay_ms : most;
    }
    assert_in_range(least, 1, 100);
    assert_in_range(most, 900, 1000);
}

static void groups_are_asked_in_their_own_interval(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig.meter[0].interval_s[QUANTITY_GROUP_POWER] = 900;
    rig_start(&rig);
    rig_run(&rig, HOUR_MS - 1);

    rig_assert_dense(&rig, meter_no, RIG_START_MS, 60000, 60);
    for (int i = 0; i < 60; i++) {
        const struct sample *sample = rig_sample(&rig, meter_no, i);

        assert_int_equal(sample->status, SLOT_OK);
        assert_int_equal(sample_has(sample, QUANTITY_POWER_W), i % 15 == 0);
        assert_int_equal(sample_has(sample, QUANTITY_ENERGY_IMPORT_WH), 1);
        assert_int_equal(sample_has(sample, QUANTITY_VOLTAGE_A_MV), 1);
    }
}

static void a_dead_meter_behind_a_gateway_costs_the_others_no_slot(void **state)
{
    (void)state;
    behaviour[3].action = FAKE_MUTE;
    for (uint8_t i = 1; i <= 10; i++) {
        (void)rig_add_meter(&rig, fake_meter_port(fake), i, 60);
    }
    rig_start(&rig);
    rig_run(&rig, HOUR_MS - 1);

    for (uint32_t i = 1; i <= 10; i++) {
        rig_assert_dense(&rig, i, RIG_START_MS, 60000, 60);
        assert_int_equal(rig_count(&rig, i, SLOT_OK), i == 3 ? 0 : 60);
    }
    /* 2 tries in the first two slots, then single probes every 1, 2, 4, 5, 5 … min; the
     * slots between them keep the reason. */
    assert_in_range(asked[3], 12 + 2, 18 + 2);
    assert_int_equal(rig_count(&rig, 3, SLOT_TIMEOUT), 60);
    assert_string_equal(rig_sample(&rig, 3, 0)->detail, "1000 ms, 2 tries");
    assert_int_equal(rig_sample(&rig, 3, 0)->present, 0);
    assert_memory_equal(rig_sample(&rig, 3, 59)->detail, "back-off 2", 10); /* 270-300 s */
}

static void a_dead_meter_that_wakes_up_is_found_within_the_longest_back_off(void **state)
{
    (void)state;
    behaviour[1].action = FAKE_MUTE;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, HOUR_MS - 1);
    behaviour[1].action = FAKE_ANSWER;
    rig_run(&rig, 360000);

    const struct sample *last = &rig.sample[rig.n_samples - 1];

    assert_int_equal(last->status, SLOT_OK);
    assert_true(rig_count(&rig, meter_no, SLOT_OK) >= 1);
    struct collect_status status;

    assert_int_equal(collect_status(rig.collect, &status), 0);
    assert_int_equal(status.meter[0].state, COLLECT_UP);
    assert_int_equal(status.meter[0].backoff_ms, 0);
    collect_status_done(&status);
}

static void a_line_too_slow_for_its_meters_serves_them_in_turn(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 10; i++) { /* 10 × 900 ms do not fit into 5 s */
        behaviour[i].delay_ms = 900;
        (void)rig_add_meter(&rig, fake_meter_port(fake), i, 5);
    }
    rig_start(&rig);
    rig_run(&rig, 300000 - 1);

    for (uint32_t i = 1; i <= 10; i++) {
        int ok = rig_count(&rig, i, SLOT_OK);
        assert_in_range(ok, 30, 36); /* 300 s / 9 s */
        assert_in_range(rig_count(&rig, i, SLOT_STATUS_COUNT), 57, 60);
        rig_assert_dense(&rig, i, RIG_START_MS, 5000,
                         rig_count(&rig, i, SLOT_STATUS_COUNT));
        assert_int_equal(ok + rig_count(&rig, i, SLOT_MISSED),
                         rig_count(&rig, i, SLOT_STATUS_COUNT));
    }
}

static void lines_are_independent(void **state)
{
    struct fake_meter *other = NULL;

    (void)state;
    assert_int_equal(fake_meter_new(rig.meter_loop, NULL, 0, &other), 0);
    behaviour[1].byte_ms = 1000; /* dribbles one byte a second */
    uint32_t slow = rig_add_meter(&rig, fake_meter_port(fake), 1, 10);
    uint32_t fast = rig_add_meter(&rig, fake_meter_port(other), 1, 10);

    rig_start(&rig);
    rig_run(&rig, 600000 - 1);

    assert_int_equal(rig_count(&rig, fast, SLOT_OK), 60);
    assert_int_equal(rig_count(&rig, slow, SLOT_OK), 0);
    rig_assert_dense(&rig, slow, RIG_START_MS, 10000,
                     rig_count(&rig, slow, SLOT_STATUS_COUNT));
    for (int i = 0; i < 60; i++) {
        const struct sample *sample = rig_sample(&rig, fast, i);

        assert_true(sample->ts_ms <= sample->slot_ts_ms + 1000);
    }
    fake_meter_free(other);
}

static void a_slow_but_whole_reply_is_taken(void **state)
{
    (void)state;
    behaviour[1].delay_ms = 500;
    behaviour[1].byte_ms = 15; /* 53 bytes: whole after 1280 ms, the timeout is 1 s */
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 120000 - 1);

    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), 2);
}

static void silence_between_requests_is_kept(void **state)
{
    const struct conf_line line = {.gap_ms = 250, .timeout_ms = -1, .retries = -1};
    struct conf_line lines[1] = {line};

    (void)state;
    for (uint8_t i = 1; i <= 3; i++) {
        (void)rig_add_meter(&rig, fake_meter_port(fake), i, 60);
    }
    (void)snprintf(lines[0].endpoint, sizeof(lines[0].endpoint), "%s",
                   rig.meter[0].endpoint);
    rig.options.timing.line = lines;
    rig.options.timing.n_lines = 1;
    rig_start(&rig);
    rig_run(&rig, 59999);

    assert_int_equal(rig.n_samples, 3);
    assert_true(rig.sample[1].ts_ms - rig.sample[0].ts_ms >= 250);
    assert_true(rig.sample[2].ts_ms - rig.sample[1].ts_ms >= 250);
}

static void several_connections_to_one_endpoint_work_side_by_side(void **state)
{
    struct conf_line lines[1] = {
        {.gap_ms = -1, .timeout_ms = -1, .retries = -1, .connections = 2}};

    (void)state;
    behaviour[1].action = FAKE_MUTE;
    for (uint8_t i = 1; i <= 4; i++) {
        (void)rig_add_meter(&rig, fake_meter_port(fake), i, 2);
    }
    (void)snprintf(lines[0].endpoint, sizeof(lines[0].endpoint), "%s",
                   rig.meter[0].endpoint);
    rig.options.timing.line = lines;
    rig.options.timing.n_lines = 1;
    rig_start(&rig);
    rig_run(&rig, 60000 - 1);

    assert_int_equal(fake_meter_open(fake), 2);
    assert_int_equal(rig_count(&rig, 2, SLOT_OK), 30);
    assert_int_equal(rig_count(&rig, 4, SLOT_OK), 30);
    struct collect_status status;

    assert_int_equal(collect_status(rig.collect, &status), 0);
    assert_int_equal(status.n_lines, 1);
    assert_int_equal(status.line[0].meters, 4);
    assert_int_equal(status.line[0].meters_ok, 3);
    collect_status_done(&status);
}

static void the_status_tells_lines_and_meters(void **state)
{
    (void)state;
    behaviour[2].action = FAKE_MUTE;
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    (void)rig_add_meter(&rig, fake_meter_port(fake), 2, 60);
    (void)rig_add_meter(&rig, 1, 1, 60);
    (void)snprintf(rig.meter[2].endpoint, sizeof(rig.meter[2].endpoint),
                   "dlt645:///dev/null");
    rig_start(&rig);
    rig_run(&rig, HOUR_MS - 1);
    struct collect_status status;

    assert_int_equal(collect_status(rig.collect, &status), 0);

    assert_int_equal(status.n_lines, 1);
    assert_string_equal(status.line[0].endpoint, rig.meter[0].endpoint);
    assert_int_equal(status.line[0].state, COLLECT_UP);
    assert_int_equal(status.line[0].meters, 2);
    assert_int_equal(status.line[0].meters_ok, 1);
    assert_int_equal(status.line[0].ok, 60);
    assert_int_equal(status.line[0].last_error, SLOT_TIMEOUT);
    assert_string_equal(status.line[0].last_error_meter, "M002");
    assert_int_equal(status.n_meters, 3);
    assert_int_equal(status.meter[0].state, COLLECT_UP);
    assert_int_equal(status.meter[0].scheduled_24h, 60);
    assert_int_equal(status.meter[0].ok_24h, 60);
    assert_int_equal(status.meter[1].state, COLLECT_DOWN);
    assert_int_equal(status.meter[1].reason, SLOT_TIMEOUT);
    assert_int_equal(status.meter[1].scheduled_24h, 60);
    assert_int_equal(status.meter[1].ok_24h, 0);
    assert_in_range(status.meter[1].backoff_ms, 270000, 300000);
    assert_int_equal(status.meter[2].state, COLLECT_DISABLED);
    assert_int_equal(rig_count(&rig, 3, SLOT_STATUS_COUNT), 0);
    collect_status_done(&status);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_slot_has_one_outcome_with_the_values_of_the_registers),
        TEST(a_run_begins_with_the_running_slot_only_when_it_is_young),
        TEST(powers_volts_and_amperes_are_brought_to_the_primary_side),
        TEST(a_value_is_rounded_once_on_the_primary_side),
        TEST(first_sends_are_spread_by_at_most_a_second),
        TEST(groups_are_asked_in_their_own_interval),
        TEST(a_dead_meter_behind_a_gateway_costs_the_others_no_slot),
        TEST(a_dead_meter_that_wakes_up_is_found_within_the_longest_back_off),
        TEST(a_line_too_slow_for_its_meters_serves_them_in_turn),
        TEST(lines_are_independent),
        TEST(a_slow_but_whole_reply_is_taken),
        TEST(silence_between_requests_is_kept),
        TEST(several_connections_to_one_endpoint_work_side_by_side),
        TEST(the_status_tells_lines_and_meters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
