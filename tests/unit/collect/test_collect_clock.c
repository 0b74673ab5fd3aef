/* The wall clock is set while meters are polled: no slot twice, none without an outcome. */
#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

#define HOUR_MS INT64_C(3600000)

static struct rig rig;
static struct fake_meter *fake;
static int64_t delay_ms;

static void reply(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    (void)request;
    ret->delay_ms = delay_ms;
}

static int setup(void **state)
{
    const struct fake_script script = {.reply = reply};

    (void)state;
    delay_ms = 0;
    rig_init(&rig);
    return fake_meter_new(rig.meter_loop, &script, 0, &fake);
}

static int teardown(void **state)
{
    (void)state;
    fake_meter_free(fake);
    rig_done(&rig);
    return 0;
}

static int compare_slot(const void *a, const void *b)
{
    int64_t left = ((const struct sample *)a)->slot_ts_ms;
    int64_t right = ((const struct sample *)b)->slot_ts_ms;

    return left < right ? -1 : left > right ? 1 : 0;
}

/* All outcomes, sorted: one meter only, no slot twice. Returns the number of gaps. */
static int assert_no_slot_twice(int64_t interval_ms)
{
    int gaps = 0;

    qsort(rig.sample, rig.n_samples, sizeof(*rig.sample), compare_slot);
    for (size_t i = 1; i < rig.n_samples; i++) {
        int64_t step_ms = rig.sample[i].slot_ts_ms - rig.sample[i - 1].slot_ts_ms;

        assert_true(step_ms > 0);
        assert_int_equal(step_ms % interval_ms, 0);
        gaps += step_ms > interval_ms ? 1 : 0;
    }
    return gaps;
}

static void slots_skipped_by_a_step_forward_are_accounted(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, HOUR_MS + 30000);
    assert_int_equal(rig.n_samples, 61);
    uint64_t before = fake_meter_requests(fake);

    virtual_clock_step_wall(&rig.run.clock, HOUR_MS);
    rig_run(&rig, HOUR_MS - 1);

    /* 09:01 to 10:00; the step is noticed half a minute later, at the next turn. */
    assert_int_equal(rig_count(&rig, meter_no, SLOT_CLOCK), 60);
    assert_true(fake_meter_requests(fake) - before <= 61); /* no burst */
    assert_int_equal(assert_no_slot_twice(60000), 0);
    assert_int_equal(rig.sample[0].slot_ts_ms, RIG_START_MS);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK) + 60, (int)rig.n_samples);
}

static void a_step_back_brings_no_slot_twice_and_polling_goes_on_after_it(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 2 * HOUR_MS + 30000);
    assert_int_equal(rig.n_samples, 121);
    virtual_clock_step_wall(&rig.run.clock, -HOUR_MS);
    rig_run(&rig, HOUR_MS - 60000);
    assert_int_equal(rig.n_samples, 121); /* all of these slots had their outcome */
    rig_run(&rig, HOUR_MS);

    assert_int_equal(assert_no_slot_twice(60000), 0);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), (int)rig.n_samples);
    assert_in_range(rig.n_samples, 179, 181);
}

static void a_step_back_before_the_start_polls_the_time_that_is_new(void **state)
{
    const int64_t year_ms = INT64_C(365) * 24 * HOUR_MS;

    (void)state;
    virtual_clock_step_wall(&rig.run.clock, year_ms); /* a box with a wrong clock … */
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    rig_start(&rig);
    rig_run(&rig, 600000);
    virtual_clock_step_wall(&rig.run.clock, -year_ms); /* … is set right */
    rig_run(&rig, 600000);

    assert_true(rig.n_samples >= 20);
    int recent = 0;

    for (size_t i = 0; i < rig.n_samples; i++) {
        recent += rig.sample[i].slot_ts_ms < RIG_START_MS + year_ms / 2 ? 1 : 0;
    }
    assert_in_range(recent, 9, 11);
    (void)assert_no_slot_twice(60000);
    assert_int_equal(rig.n_schedule, 2); /* the schedule now begins earlier */
    assert_true(rig.schedule[1].from_ms < rig.schedule[0].from_ms);
}

static void a_jump_of_years_is_a_gap_in_the_schedule_not_a_flood(void **state)
{
    const int64_t years_ms = INT64_C(20) * 365 * 24 * HOUR_MS;

    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 600000);
    virtual_clock_step_wall(&rig.run.clock, years_ms);
    rig_run(&rig, 600000);

    assert_in_range(rig.n_samples, 19, 22);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_CLOCK), 0);
    assert_int_equal(rig.n_schedule, 3);
    assert_int_equal(rig.schedule[1].interval_s, 0);
    assert_true(rig.schedule[2].from_ms > RIG_START_MS + years_ms - 60000);
}

static void small_steps_and_drift_lose_nothing(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 30000);
    for (int i = 0; i < 200; i++) {
        static const int64_t step_ms[] = {-3000, 2500, -30, 40, -900, 1200};

        virtual_clock_step_wall(&rig.run.clock, step_ms[i % 6]);
        rig_run(&rig, 61000);
    }

    assert_int_equal(assert_no_slot_twice(60000), 0);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), (int)rig.n_samples);
}

static void a_step_while_a_reply_is_awaited_makes_no_value_of_the_old_slot(void **state)
{
    (void)state;
    delay_ms = 800;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 10);

    rig_start(&rig);
    rig_run(&rig, 60000 - 1);
    for (int i = 0; i < 20; i++) { /* into the middle of a poll, there and back */
        rig_run(&rig, 10000);
        virtual_clock_step_wall(&rig.run.clock, i % 2 == 0 ? 300000 : -200000);
    }
    rig_run(&rig, 700000);

    for (size_t i = 0; i < rig.n_samples; i++) {
        const struct sample *sample = &rig.sample[i];

        if (sample->status == SLOT_OK) {
            assert_true(sample->ts_ms >= sample->slot_ts_ms - 5000);
            assert_true(sample->ts_ms <= sample->slot_ts_ms + 12000);
        }
    }
    assert_int_equal(assert_no_slot_twice(10000), 0);
    assert_true(rig_count(&rig, meter_no, SLOT_CLOCK) > 30);
}

static void a_stopped_process_accounts_what_it_missed_without_a_burst(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 10);

    rig_start(&rig);
    rig_run(&rig, 60000);
    uint64_t before = fake_meter_requests(fake);

    virtual_clock_advance(&rig.run.clock, 600000); /* both clocks: SIGSTOP */
    rig_run(&rig, 5000);
    assert_true(fake_meter_requests(fake) - before <= 2);
    rig_run(&rig, 55000);

    assert_int_equal(assert_no_slot_twice(10000), 0);
    assert_in_range(rig_count(&rig, meter_no, SLOT_MISSED), 59, 60);
}

static void random_steps_for_a_month_bring_no_slot_twice(void **state)
{
    uint32_t random = 7;

    (void)state;
    (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    rig_start(&rig);
    for (int i = 0; i < 15; i++) {
        random = random * 1664525U + 1013904223U;
        rig_run(&rig, HOUR_MS + random % HOUR_MS);
        random = random * 1664525U + 1013904223U;
        virtual_clock_step_wall(&rig.run.clock,
                                (int64_t)(random % (4 * HOUR_MS)) - 2 * HOUR_MS);
    }
    rig_run(&rig, 5 * HOUR_MS);

    (void)assert_no_slot_twice(60000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(slots_skipped_by_a_step_forward_are_accounted),
        TEST(a_step_back_brings_no_slot_twice_and_polling_goes_on_after_it),
        TEST(a_step_back_before_the_start_polls_the_time_that_is_new),
        TEST(a_jump_of_years_is_a_gap_in_the_schedule_not_a_flood),
        TEST(small_steps_and_drift_lose_nothing),
        TEST(a_step_while_a_reply_is_awaited_makes_no_value_of_the_old_slot),
        TEST(a_stopped_process_accounts_what_it_missed_without_a_burst),
        TEST(random_steps_for_a_month_bring_no_slot_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
