/* Chance against the engine: late replies, and every fault at once. A value tells the
 * register and the slot that it was read in, so that a wrong one shows. */
#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

#define TIMEOUT_MS 1000

static struct rig rig;
static uint32_t random_state;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525U + 1013904223U;
    return random_state >> 8;
}

static int setup(void **state)
{
    (void)state;
    random_state = 1;
    rig_init(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_done(&rig);
    return 0;
}

/* High half: the register; low half: the slot in which the request came in. */
static uint16_t stamped(void *ctx, const struct fake_request *request, uint16_t address)
{
    (void)ctx;
    (void)request;
    return (uint16_t)(address % 2 == 0
                          ? address
                          : (rig.run.clock.wall_ms - RIG_START_MS) / 10000 % 65536);
}

static void delayed(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    (void)request;
    ret->delay_ms = next_random() % (3 * TIMEOUT_MS + 1);
}

static void late_replies_never_become_values(void **state)
{
    const struct fake_script script = {.reply = delayed, .value = stamped};
    struct fake_meter *late = NULL;
    int checked = 0;

    (void)state;
    rig.profile.max_registers = 2; /* three requests a slot, to different registers */
    assert_int_equal(fake_meter_new(rig.meter_loop, &script, 0, &late), 0);
    for (uint8_t unit = 1; unit <= 2; unit++) {
        (void)rig_add_meter(&rig, fake_meter_port(late), unit, 10);
    }
    rig.options.timing.backoff_max_ms = 10000;
    rig_start(&rig);
    while (fake_meter_requests(late) < 10000) {
        rig_run(&rig, 600000);
    }

    for (size_t i = 0; i < rig.n_samples; i++) {
        static const int64_t address[] = {0, 10, 20};

        static const enum quantity quantity[] = {QUANTITY_ENERGY_IMPORT_WH,
                                                 QUANTITY_POWER_W, QUANTITY_VOLTAGE_A_MV};
        const struct sample *sample = &rig.sample[i];
        int64_t slot = (sample->slot_ts_ms - RIG_START_MS) / 10000 % 65536;

        for (int q = 0; q < 3; q++) {
            if (sample_has(sample, quantity[q])) {
                assert_int_equal(sample->value[quantity[q]], address[q] * 65536 + slot);
                checked++;
            }
        }
    }
    assert_true(checked > 2000);
    struct collect_status status;

    assert_int_equal(collect_status(rig.collect, &status), 0);
    assert_true(status.line[0].late > 2000);
    collect_status_done(&status);
    assert_true(rig_count(&rig, 1, SLOT_TIMEOUT) > 100);
    fake_meter_free(late);
}

static void chaos(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    (void)request;
    if (next_random() % 3 != 0) {
        return;
    }
    ret->action = (enum fake_action)(next_random() % (FAKE_RESET + 1));
    ret->delay_ms = next_random() % 4 == 0 ? next_random() % 3000 : 0;
    ret->byte_ms = next_random() % 8 == 0 ? next_random() % 100 : 0;
    ret->exception = (uint8_t)(1 + next_random() % 12);
    ret->then_close = next_random() % 8 == 0;
}

static void whatever_happens_every_slot_has_one_outcome_and_no_value_is_wrong(void **state)
{
    const struct fake_script script = {.reply = chaos, .value = stamped};
    struct fake_meter *gateway[4];
    int checked = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fake_meter_new(rig.meter_loop, &script, 0, &gateway[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        (void)rig_add_meter(&rig, fake_meter_port(gateway[i % 4]), (uint8_t)(1 + i), 10);
    }
    rig_start(&rig);
    rig_run(&rig, 6 * INT64_C(3600000));
    rig_run(&rig, 9999); /* polls of the last slot come to their end */

    for (uint32_t meter_no = 1; meter_no <= 20; meter_no++) {
        int n = rig_count(&rig, meter_no, SLOT_STATUS_COUNT);

        assert_in_range(n, 2160, 2161);
        rig_assert_dense(&rig, meter_no, RIG_START_MS, 10000, n);
        assert_true(rig_count(&rig, meter_no, SLOT_OK) > 1200);
    }
    for (size_t i = 0; i < rig.n_samples; i++) {
        const struct sample *sample = &rig.sample[i];
        int64_t slot = (sample->slot_ts_ms - RIG_START_MS) / 10000 % 65536;

        if (sample_has(sample, QUANTITY_ENERGY_IMPORT_WH)) {
            assert_int_equal(sample->value[QUANTITY_ENERGY_IMPORT_WH], slot);
            checked++;
        }
        if (sample_has(sample, QUANTITY_POWER_W)) { /* not in a partial one */
            assert_int_equal(sample->value[QUANTITY_POWER_W], 655360 + slot);
        }
    }
    assert_true(checked > 30000);
    for (int i = 0; i < 4; i++) {
        fake_meter_free(gateway[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(late_replies_never_become_values, setup, teardown),
        cmocka_unit_test_setup_teardown(
            whatever_happens_every_slot_has_one_outcome_and_no_value_is_wrong, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
