/* Serial and framed lines in virtual time: what happens in a cabinet. */
#include <errno.h>

#include <ecmon/err.h>

#include "daemon/core/serial.h"
#include "tests/support/fake_bus.h"
#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

#define CHARACTER_US 1042 /* 9600 Bd, 8N1 */

static struct rig rig;
static struct fake_bus *bus;
static struct fake_bus_options options;
static char endpoint[ENDPOINT_LEN];

/* What the meters do. */
static struct {
    uint8_t mute_unit; /* 0: none */
    int mute_until;    /* requests that are not answered */
    bool is_broken;
    uint32_t refused_id;
    int64_t asked_mono_ms[64]; /* of mute_unit */
    int n_asked;
} script;

static void reply(void *ctx, const struct fake_bus_request *request,
                  struct fake_bus_reply *ret)
{
    (void)ctx;
    ret->delay_ms = 20;
    ret->is_broken = script.is_broken;
    if ((int)request->number <= script.mute_until) {
        ret->is_mute = true;
    }
    if (!options.is_dlt645 && request->unit == script.mute_unit) {
        ret->is_mute = true;
        if (script.n_asked < 64) {
            script.asked_mono_ms[script.n_asked++] = request->mono_ms;
        }
    }
    if (!options.is_dlt645) {
        return;
    }
    ret->error = request->data_id == script.refused_id ? 2 : 0;
    if (request->data_id == 0x0001ff00) { /* the value lies across two frames */
        ret->more = request->sequence == 0 && ret->error == 0;
        ret->n_data = ret->more ? 6 : 2;
        fake_bus_bcd(ret->data, ret->n_data, ret->more ? 785600000000U : 1234);
    } else {
        ret->n_data = 4;
        fake_bus_bcd(ret->data, 4, request->data_id == 0x00010000 ? 4321 : 250);
    }
}

static int setup(void **state)
{
    (void)state;
    rig_init(&rig);
    memset(&script, 0, sizeof(script));
    options = (struct fake_bus_options){.character_us = CHARACTER_US, .reply = reply};
    rig.options.timing.late_window_ms = 2000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    collect_free(rig.collect);
    rig.collect = NULL;
    fake_bus_free(bus);
    bus = NULL;
    rig_done(&rig);
    return 0;
}

static void open_bus(void)
{
    assert_int_equal(fake_bus_new(rig.meter_loop, &options, &bus), 0);
    if (options.is_tcp) {
        (void)snprintf(endpoint, sizeof(endpoint), "%s+tcp://127.0.0.1:%u",
                       options.is_dlt645 ? "dlt645" : "modbus+rtu",
                       (unsigned)fake_bus_port(bus));
    } else {
        (void)snprintf(endpoint, sizeof(endpoint),
                       options.is_dlt645 ? "dlt645://%s?baud=9600&parity=E"
                                         : "modbus+rtu://%s?baud=9600&parity=N&stop=1",
                       fake_bus_path(bus));
    }
}

static void add_meters(int n, int32_t interval_s)
{
    for (int i = 0; i < n; i++) {
        uint32_t no = rig_add_meter(&rig, 1, (uint8_t)(rig.n_meters + 1), interval_s);

        (void)snprintf(rig.meter[no - 1].endpoint, ENDPOINT_LEN, "%s", endpoint);
    }
}

static void start(int n, int32_t interval_s)
{
    open_bus();
    add_meters(n, interval_s);
    rig_start(&rig);
}

static void be_dlt645(uint32_t energy_id, uint32_t single_id)
{
    options.is_dlt645 = true;
    rig.profile.protocol = PROFILE_DLT645_2007;
    rig.profile.n_points = 2;
    rig.point[0].data = (struct profile_data){.id = energy_id,
                                              .single_id = single_id,
                                              .offset = single_id != 0 ? 4 : 0,
                                              .bytes = 4};
    rig.point[1].data = (struct profile_data){.id = 0x02030000, .bytes = 3};
}

static struct collect_line_status line_status(void)
{
    struct collect_status status;

    assert_int_equal(collect_status(rig.collect, &status), 0);
    assert_true(status.n_lines > 0);
    struct collect_line_status line = status.line[0];

    collect_status_done(&status);
    return line;
}

static void rtu_is_read_from_a_serial_line(void **state)
{
    (void)state;
    start(2, 10);
    rig_run(&rig, 20000);
    assert_int_equal(rig_count(&rig, 2, SLOT_OK), 2);
    assert_int_equal(rig_sample(&rig, 2, 0)->value[QUANTITY_ENERGY_IMPORT_WH], 2 << 24 | 1);
    assert_int_equal(fake_bus_collisions(bus), 0);
}

static void rtu_is_read_through_a_serial_server(void **state)
{
    (void)state;
    options.is_tcp = true;
    start(2, 10);
    rig_run(&rig, 20000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 2);
    assert_int_equal(rig_count(&rig, 2, SLOT_OK), 2);
}

static void dlt645_is_read_from_a_serial_line_and_through_a_server(void **state)
{
    (void)state;
    for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
        options.is_tcp = is_tcp == 1;
        be_dlt645(0x00010000, 0);
        start(1, 10);
        rig_run(&rig, 10000);
        assert_int_equal(rig_count(&rig, 1, SLOT_OK), 1);
        assert_int_equal(rig_sample(&rig, 1, 0)->value[QUANTITY_ENERGY_IMPORT_WH], 4321);
        assert_int_equal(rig_sample(&rig, 1, 0)->value[QUANTITY_POWER_W], 250);
        if (is_tcp == 0) {
            (void)teardown(NULL);
            (void)setup(NULL);
        }
    }
}

/* Energy at bytes 4 to 7 of a block: 56 78 in the first frame, 34 12 in the second. */
static void values_across_follow_up_frames_are_put_together(void **state)
{
    (void)state;
    be_dlt645(0x0001ff00, 0);
    rig.point[0].data.offset = 4;
    start(1, 10);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 1);
    assert_int_equal(rig_sample(&rig, 1, 0)->value[QUANTITY_ENERGY_IMPORT_WH], 12347856);
}

static void a_refused_block_is_asked_twice_then_by_single_values(void **state)
{
    (void)state;
    be_dlt645(0x0001ff00, 0x00010000);
    script.refused_id = 0x0001ff00;
    start(1, 10);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 1);
    assert_int_equal(rig_sample(&rig, 1, 0)->value[QUANTITY_ENERGY_IMPORT_WH], 4321);
    assert_int_equal(fake_bus_requests(bus), 4); /* twice the block, one value, power */
    rig_run(&rig, 10000);
    assert_int_equal(fake_bus_requests(bus), 6); /* remembered */
}

static void what_is_refused_and_has_no_other_way_is_missing(void **state)
{
    (void)state;
    be_dlt645(0x00010000, 0);
    script.refused_id = 0x00010000;
    start(1, 10);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, 1, SLOT_EXCEPTION), 1);
    assert_string_equal(rig_sample(&rig, 1, 0)->detail, "refused: no such data");
}

static void a_unit_is_not_asked_again_before_the_window_has_passed(void **state)
{
    (void)state;
    script.mute_unit = 1;
    start(2, 60);
    rig_run(&rig, 60000);
    assert_int_equal(rig_count(&rig, 1, SLOT_TIMEOUT), 1);
    assert_int_equal(script.n_asked, 2);
    /* 8 characters and 1 s of waiting, 2 s of window. */
    assert_true(script.asked_mono_ms[1] - script.asked_mono_ms[0] > 3000);
    assert_true(script.asked_mono_ms[1] - script.asked_mono_ms[0] < 3100);
    assert_int_equal(rig_count(&rig, 2, SLOT_OK), 1);
    assert_true(rig.told_ms[0] - RIG_START_MS < 3000); /* did not wait for the first */
}

static void a_dead_meter_costs_the_other_31_no_slot(void **state)
{
    const int64_t hour_ms = 3600000;

    (void)state;
    script.mute_unit = 7;
    start(32, 10); /* 32 polls of about 0.1 s: a third of the time */
    rig_run(&rig, hour_ms);
    for (uint32_t no = 1; no <= 32; no++) {
        if (no != 7) {
            assert_int_equal(rig_count(&rig, no, SLOT_OK), 360);
        }
    }
    assert_int_equal(rig_count(&rig, 7, SLOT_TIMEOUT), 360);
    assert_int_equal(fake_bus_collisions(bus), 0);
    /* Two tries in each of the first two slots, then one probe after 10, 20, 40 … 300 s,
     * each pause up to a tenth shorter: at most 18 in an hour. */
    assert_true(script.n_asked <= 4 + 18);
    for (int i = 10; i < script.n_asked; i++) {
        assert_true(script.asked_mono_ms[i] - script.asked_mono_ms[i - 1] >= 270000);
    }
}

static void an_unplugged_line_is_used_again_within_ten_seconds(void **state)
{
    (void)state;
    start(2, 1);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 10);
    fake_bus_unplug(bus);
    rig_run(&rig, 120000);
    assert_int_equal(line_status().state, COLLECT_DOWN);
    int ok = rig_count(&rig, 1, SLOT_OK);

    assert_int_equal(fake_bus_plug(bus), 0);
    rig_run(&rig, 12000);
    assert_int_equal(line_status().state, COLLECT_UP);
    assert_true(rig_count(&rig, 1, SLOT_OK) > ok);
    assert_true(rig_count(&rig, 1, SLOT_CONNECTION) > 100);
    rig_assert_dense(&rig, 1, RIG_START_MS, 1000, rig_count(&rig, 1, SLOT_STATUS_COUNT));
}

static void an_echo_is_not_an_answer(void **state)
{
    (void)state;
    options.has_echo = true;
    script.mute_unit = 2;
    start(2, 20);
    rig_run(&rig, 20000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 1);
    assert_int_equal(rig_count(&rig, 2, SLOT_OK), 0);
    assert_int_equal(rig_count(&rig, 2, SLOT_STATUS_COUNT), 1);
}

static void wrong_checksums_are_bad_crc(void **state)
{
    (void)state;
    script.is_broken = true;
    start(1, 10);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, 1, SLOT_BAD_CRC), 1);
    assert_int_equal(line_status().bad_crc, 2);
    script.is_broken = false;
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 1);
}

/* The bytes of a meter at another baud rate: no frame, whatever they are. */
static void garbage_is_bad_frame_and_ends_with_the_garbage(void **state)
{
    uint8_t garbage[40];

    (void)state;
    for (size_t i = 0; i < sizeof(garbage); i++) {
        garbage[i] = (uint8_t)(0xf8 - i);
    }
    script.mute_unit = 1;
    start(1, 10);
    for (int i = 0; i < 100; i++) {
        rig_run(&rig, 100);
        (void)fake_bus_babble(bus, garbage, sizeof(garbage));
    }
    assert_int_equal(rig_count(&rig, 1, SLOT_BAD_FRAME), 1);
    script.mute_unit = 0;
    rig_run(&rig, 20000);
    assert_true(rig_count(&rig, 1, SLOT_OK) >= 1);
}

static void a_babbling_line_is_noisy_and_its_slots_are_accounted(void **state)
{
    static uint8_t babble[4096];

    (void)state;
    memset(babble, 'y', sizeof(babble));
    start(2, 10);
    rig_run(&rig, 10000);
    size_t taken = 0;

    script.mute_until = INT32_MAX;
    for (int i = 0; i < 3000; i++) {
        taken += fake_bus_babble(bus, babble, i % 2 == 0 ? 512 : 4096);
        rig_run(&rig, 10);
    }
    assert_true(line_status().is_noisy);
    assert_true(taken < (size_t)1024 * 1024); /* of 7 MiB: the rest was not even read */
    assert_true(rig_count(&rig, 1, SLOT_BAD_FRAME) >= 2);
    script.mute_until = 0;
    rig_run(&rig, 40000);
    assert_false(line_status().is_noisy);
    rig_assert_dense(&rig, 1, RIG_START_MS, 10000, rig_count(&rig, 1, SLOT_STATUS_COUNT));
    assert_true(rig_count(&rig, 1, SLOT_OK) >= 3);
}

static void a_write_that_blocks_has_a_deadline(void **state)
{
    (void)state;
    start(1, 10);
    rig_run(&rig, 10000);
    fake_bus_block(bus, true);
    rig_run(&rig, 20000);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 1);
    assert_int_equal(rig_count(&rig, 1, SLOT_CONNECTION), 2);
    assert_string_equal(rig_sample(&rig, 1, 1)->detail, "write blocked");
    fake_bus_block(bus, false);
    rig_run(&rig, 20000);
    assert_true(rig_count(&rig, 1, SLOT_OK) >= 2);
}

static void a_second_opener_is_told(void **state)
{
    const struct serial_settings settings = {9600, 'N', 1, false};
    char words[64];
    int fd = -1;
    int second = -1;

    (void)state;
    open_bus();
    assert_int_equal(serial_open(fake_bus_path(bus), &settings, &fd), 0);
    assert_int_equal(serial_open(fake_bus_path(bus), &settings, &second), ERR_LOCKED);
    assert_string_equal(serial_error_words(ERR_LOCKED, words, sizeof(words)),
                        "in use by another program");
    assert_int_equal(second, -1);
    serial_close(fd);
    assert_int_equal(serial_open(fake_bus_path(bus), &settings, &fd), 0);
    serial_close(fd);
}

static void a_terminal_that_takes_no_parity_is_opened_again_and_again(void **state)
{
    const struct serial_settings settings = {2400, 'E', 1, false};

    (void)state;
    open_bus();
    for (int i = 0; i < 3; i++) {
        int fd = -1;

        assert_int_equal(serial_open(fake_bus_path(bus), &settings, &fd), 0);
        serial_close(fd);
    }
}

static void what_is_no_serial_line_is_not_opened(void **state)
{
    const struct serial_settings settings = {9600, 'N', 1, false};
    const struct serial_settings odd = {9601, 'N', 1, false};
    const struct serial_settings rs485 = {9600, 'E', 1, true};
    int fd = -1;

    (void)state;
    open_bus();
    assert_int_equal(serial_open("/dev/null", &settings, &fd), -ENOTTY);
    assert_int_equal(serial_open("/dev/no-such-line", &settings, &fd), -ENOENT);
    assert_int_equal(serial_open(fake_bus_path(bus), &odd, &fd), ERR_RANGE);
    assert_int_equal(serial_open(fake_bus_path(bus), &rs485, &fd), ERR_UNAVAILABLE);
    assert_int_equal(fd, -1);
}

static void a_reload_keeps_lines_that_it_does_not_touch(void **state)
{
    (void)state;
    start(2, 10);
    rig_run(&rig, 20000);
    for (int i = 0; i < 20; i++) { /* the second meter goes and comes */
        rig.n_meters = i % 2 == 0 ? 1 : 2;
        rig_start(&rig);
        rig_run(&rig, 500);
    }
    rig_run(&rig, 20000);
    assert_int_equal(line_status().connects, 1);
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), rig_count(&rig, 1, SLOT_STATUS_COUNT));
}

static void on_done(void *ctx, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    (void)ctx;
    (void)sample;
    (void)frames;
    (void)n_frames;
}

static void a_line_made_anew_waits_for_late_replies(void **state)
{
    (void)state;
    script.mute_unit = 1;
    start(1, 60);
    rig_run(&rig, 1500); /* asked, not answered */
    assert_int_equal(script.n_asked, 1);
    rig.n_meters = 0;
    rig_start(&rig);
    rig.n_meters = 1;
    rig_start(&rig);
    assert_int_equal(collect_read(rig.collect, 1, on_done, NULL), 0);
    rig_run(&rig, 800);
    assert_int_equal(script.n_asked, 1);
    rig_run(&rig, 2200);
    assert_int_equal(script.n_asked, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(rtu_is_read_from_a_serial_line),
        TEST(rtu_is_read_through_a_serial_server),
        TEST(dlt645_is_read_from_a_serial_line_and_through_a_server),
        TEST(values_across_follow_up_frames_are_put_together),
        TEST(a_refused_block_is_asked_twice_then_by_single_values),
        TEST(what_is_refused_and_has_no_other_way_is_missing),
        TEST(a_unit_is_not_asked_again_before_the_window_has_passed),
        TEST(a_dead_meter_costs_the_other_31_no_slot),
        TEST(an_unplugged_line_is_used_again_within_ten_seconds),
        TEST(an_echo_is_not_an_answer),
        TEST(wrong_checksums_are_bad_crc),
        TEST(garbage_is_bad_frame_and_ends_with_the_garbage),
        TEST(a_babbling_line_is_noisy_and_its_slots_are_accounted),
        TEST(a_write_that_blocks_has_a_deadline),
        TEST(a_second_opener_is_told),
        TEST(a_terminal_that_takes_no_parity_is_opened_again_and_again),
        TEST(what_is_no_serial_line_is_not_opened),
        TEST(a_reload_keeps_lines_that_it_does_not_touch),
        TEST(a_line_made_anew_waits_for_late_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
