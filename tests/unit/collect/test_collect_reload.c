/* New sets of meters while the engine runs, and live readings between polls. */
#include <ecmon/err.h>

#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

static struct rig rig;
static struct fake_meter *fake;
static struct fake_meter *other;

static int setup(void **state)
{
    (void)state;
    rig_init(&rig);
    int err = fake_meter_new(rig.meter_loop, NULL, 0, &fake);

    return err != 0 ? err : fake_meter_new(rig.meter_loop, NULL, 0, &other);
}

static int teardown(void **state)
{
    (void)state;
    fake_meter_free(fake);
    fake_meter_free(other);
    rig_done(&rig);
    return 0;
}

static void the_same_meters_again_change_nothing(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    for (int i = 0; i < 20; i++) {
        rig_run(&rig, 30000);
        rig_start(&rig);
    }

    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), 10);
    assert_int_equal(fake_meter_accepted(fake), 1);
    assert_int_equal(fake_meter_requests(fake), 10);
    assert_int_equal(rig.n_schedule, 1);
}

static void a_removed_meter_stops_and_others_go_on(void **state)
{
    (void)state;
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    (void)rig_add_meter(&rig, fake_meter_port(other), 1, 60);
    rig_start(&rig);
    rig_run(&rig, 90000);
    rig.n_meters = 1;
    rig_start(&rig);
    rig_run(&rig, 600000);

    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 12);
    assert_int_equal(rig_count(&rig, 2, SLOT_OK), 2);
    assert_int_equal(fake_meter_open(fake), 1);
    assert_int_equal(fake_meter_open(other), 0);
    assert_int_equal(fake_meter_accepted(fake), 1);
    assert_int_equal(rig.schedule[rig.n_schedule - 1].meter_no, 2);
    assert_int_equal(rig.schedule[rig.n_schedule - 1].from_ms, RIG_START_MS + 120000);
    assert_int_equal(rig.schedule[rig.n_schedule - 1].interval_s, 0);
}

static void a_meter_that_moves_to_another_line_misses_no_slot(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 90000);
    (void)snprintf(rig.meter[0].endpoint, sizeof(rig.meter[0].endpoint),
                   "modbus+tcp://127.0.0.1:%u", (unsigned)fake_meter_port(other));
    rig_start(&rig);
    rig_run(&rig, 510000 - 1);

    rig_assert_dense(&rig, meter_no, RIG_START_MS, 60000, 10);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), 10);
    assert_int_equal(fake_meter_open(fake), 0);
    assert_int_equal(rig.n_schedule, 1);
}

static void a_new_interval_takes_over_without_a_slot_twice(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 450000); /* 07:30 into the quarter-hour */
    for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
        rig.meter[0].interval_s[g] = 300;
    }
    rig_start(&rig);
    rig_run(&rig, 600000);

    assert_int_equal(rig_count(&rig, meter_no, SLOT_STATUS_COUNT), 8 + 2);
    assert_int_equal(rig_sample(&rig, meter_no, 8)->slot_ts_ms, RIG_START_MS + 600000);
    assert_int_equal(rig_sample(&rig, meter_no, 8)->interval_s, 300);
    assert_int_equal(rig.n_schedule, 3);
    assert_int_equal(rig.schedule[1].from_ms, RIG_START_MS + 480000);
    assert_int_equal(rig.schedule[1].interval_s, 0);
    assert_int_equal(rig.schedule[2].from_ms, RIG_START_MS + 600000);
    assert_int_equal(rig.schedule[2].interval_s, 300);
}

static void a_new_ratio_is_used_from_the_next_slot_on(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 30000);
    rig.meter[0].ct = (struct ratio){40, 1};
    rig_start(&rig);
    rig_run(&rig, 60000);

    assert_int_equal(rig_count(&rig, meter_no, SLOT_STATUS_COUNT), 2);
    assert_int_equal(rig_sample(&rig, meter_no, 0)->value[QUANTITY_POWER_W], 655371);
    assert_int_equal(rig_sample(&rig, meter_no, 1)->value[QUANTITY_POWER_W], 26214840);
}

static void a_meter_added_later_begins_with_the_next_slot(void **state)
{
    (void)state;
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    rig_start(&rig);
    rig_run(&rig, 30000);
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 2, 60);

    rig_start(&rig);
    rig_run(&rig, 60000);

    assert_int_equal(rig_sample(&rig, meter_no, 0)->slot_ts_ms, RIG_START_MS + 60000);
}

static void meters_without_an_endpoint_are_left_out(void **state)
{
    (void)state;
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    rig.meter[0].endpoint[0] = '\0';
    rig_start(&rig);
    rig_run(&rig, 120000);
    struct collect_status status;

    assert_int_equal(rig.n_samples, 0);
    assert_int_equal(rig.n_schedule, 0);
    assert_int_equal(collect_status(rig.collect, &status), 0);
    assert_int_equal(status.n_meters, 0);
    collect_status_done(&status);
}

static void a_profile_that_does_not_fit_disables_the_meter(void **state)
{
    (void)state;
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    rig.profile.max_registers = 1; /* its values take two */
    rig_start(&rig);
    rig_run(&rig, 120000);
    struct collect_status status;

    assert_int_equal(rig.n_samples, 0);
    assert_int_equal(collect_status(rig.collect, &status), 0);
    assert_int_equal(status.meter[0].state, COLLECT_DISABLED);
    collect_status_done(&status);
}

/* --- live readings --- */

static struct sample live;
static int n_live;
static int n_frames_live;
static struct collect_frame frames_live[8];

static void on_live(void *ctx, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    (void)ctx;
    live = *sample;
    n_live++;
    n_frames_live = n_frames;
    for (int i = 0; i < n_frames && i < 8; i++) {
        frames_live[i] = frames[i];
    }
}

static void a_live_reading_comes_between_polls_with_its_bytes(void **state)
{
    static const uint8_t request[] = {0x03, 0x00, 0x00, 0x00, 0x16}; /* 22 from 0 */

    (void)state;
    n_live = 0;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 30000);
    assert_int_equal(collect_read(rig.collect, meter_no, on_live, NULL), 0);
    assert_int_equal(n_live, 0);
    rig_run(&rig, 1000);

    assert_int_equal(n_live, 1);
    assert_int_equal(live.status, SLOT_OK);
    assert_int_equal(live.slot_ts_ms, 0);
    assert_in_range(live.ts_ms, RIG_START_MS + 30000, RIG_START_MS + 31000);
    assert_int_equal(live.value[QUANTITY_POWER_W], 655371);
    assert_int_equal(n_frames_live, 2);
    assert_true(frames_live[0].sent);
    assert_int_equal(frames_live[0].n, 12);
    assert_memory_equal(frames_live[0].bytes + 7, request, sizeof(request));
    assert_false(frames_live[1].sent);
    assert_int_equal(frames_live[1].n, 9 + 44);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_STATUS_COUNT), 1);
    rig_run(&rig, 30000);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), 2);
}

static void a_live_reading_of_a_dead_line_fails_at_once(void **state)
{
    (void)state;
    n_live = 0;
    uint32_t meter_no = rig_add_meter(&rig, rig_closed_port(), 1, 900);

    rig_start(&rig);
    rig_run(&rig, 300000);
    assert_int_equal(collect_read(rig.collect, meter_no, on_live, NULL), 0);
    rig_run(&rig, 10);

    assert_int_equal(n_live, 1);
    assert_int_equal(live.status, SLOT_REFUSED);
    assert_int_equal(collect_read(rig.collect, 77, on_live, NULL), ERR_NOT_FOUND);
}

static void a_live_reading_ends_when_its_meter_goes(void **state)
{
    (void)state;
    n_live = 0;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    assert_int_equal(collect_read(rig.collect, meter_no, on_live, NULL), 0);
    rig.n_meters = 0;
    rig_start(&rig);

    assert_int_equal(n_live, 1);
    assert_int_equal(live.status, SLOT_DISABLED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_same_meters_again_change_nothing),
        TEST(a_removed_meter_stops_and_others_go_on),
        TEST(a_meter_that_moves_to_another_line_misses_no_slot),
        TEST(a_new_interval_takes_over_without_a_slot_twice),
        TEST(a_new_ratio_is_used_from_the_next_slot_on),
        TEST(a_meter_added_later_begins_with_the_next_slot),
        TEST(meters_without_an_endpoint_are_left_out),
        TEST(a_profile_that_does_not_fit_disables_the_meter),
        TEST(a_live_reading_comes_between_polls_with_its_bytes),
        TEST(a_live_reading_of_a_dead_line_fails_at_once),
        TEST(a_live_reading_ends_when_its_meter_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
