#include <errno.h>
#include <modbus.h>
#include <pthread.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "tests/support/test.h"
#include "tests/unit/simulator/profile.h"
#include "tests/unit/simulator/rig.h"

/* Register 102 of unit 1, and the reply: 5001. */
#define ASK   "01 03 00 66 00 01 64 15"
#define RIGHT "01 03 02 13 89 74 D2"

static bool shown_value(void *ctx, const struct simulated_meter *meter,
                        enum quantity quantity, int64_t wall_ms, int64_t *ret_value)
{
    (void)ctx;
    (void)wall_ms;
    if (quantity == QUANTITY_FREQUENCY_MHZ) {
        *ret_value = meter->unit == 2 ? 49990 : 50010;
        return true;
    }
    if (quantity == QUANTITY_VOLTAGE_A_MV) {
        *ret_value = 230150;
        return true;
    }
    return false;
}

static void start(struct rig *rig, enum simulator_scheme scheme)
{
    rig_init(rig, shown_value, NULL);
    struct simulated_meter meter = rig_meter(rig, scheme, &sample_profile);

    assert_int_equal(rig_add(rig, &meter), 0);
    rig_start(rig);
    rig_dial(rig);
}

static void *run_loop(void *ctx)
{
    (void)loop_run(ctx);
    return NULL;
}

static void independent_client_reads_two_units_over_a_pty(void **state)
{
    struct rig rig;
    struct simulated_meter meter;
    pthread_t thread;
    uint16_t reg[4] = {0};
    char path[96];

    (void)state;
    rig_init(&rig, shown_value, NULL);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU, &sample_profile);
    assert_int_equal(rig_add(&rig, &meter), 0);
    meter.unit = 2;
    assert_int_equal(rig_add(&rig, &meter), 1);
    rig_start(&rig);
    assert_int_equal(pthread_create(&thread, NULL, run_loop, rig.loop), 0);
    (void)snprintf(path, sizeof(path), "%s/ttyS0", rig.folder);
    modbus_t *client = modbus_new_rtu(path, 9600, 'N', 8, 1);

    assert_int_equal(modbus_connect(client), 0);
    assert_int_equal(modbus_set_response_timeout(client, 5, 0), 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(modbus_set_slave(client, 1), 0);
        assert_int_equal(modbus_read_registers(client, 102, 1, reg), 1);
        assert_int_equal(reg[0], 5001);
        assert_int_equal(modbus_set_slave(client, 2), 0);
        assert_int_equal(modbus_read_registers(client, 102, 1, reg), 1);
        assert_int_equal(reg[0], 4999);
        assert_int_equal(modbus_read_input_registers(client, 0, 4, reg), 4);
        assert_near((double)modbus_get_float_abcd(reg), 230.15, 1e-5);
    }
    modbus_close(client);
    modbus_free(client);
    loop_stop(rig.loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(simulator_counts(rig.simulator).replies, 150);
    assert_int_equal(simulator_counts(rig.simulator).noise, 0);
    rig_done(&rig);
}

static void both_ways_carry_the_same_frames(void **state)
{
    static const enum simulator_scheme schemes[] = {SIMULATOR_MODBUS_RTU,
                                                    SIMULATOR_MODBUS_RTU_TCP};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;

        start(&rig, schemes[i]);
        rig_ask_hex(&rig, ASK);
        rig_expect_hex(&rig, RIGHT);
        rig_ask_hex(&rig, "01 03 00 63 00 02 34 15"); /* outside the map */
        rig_expect_hex(&rig, "01 83 02 C0 F1");
        rig_done(&rig);
    }
}

static void bus_is_silent_for_a_unit_that_nobody_has(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP);
    rig_ask_hex(&rig, "09 03 00 66 00 01 65 5D");
    rig_expect_hex(&rig, "");
    assert_int_equal(simulator_counts(rig.simulator).unheard, 1);
    rig_ask_hex(&rig, ASK);
    rig_expect_hex(&rig, RIGHT);
    rig_done(&rig);
}

static void writing_functions_are_refused_and_counted(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP);
    rig_ask_hex(&rig, "01 06 00 66 00 01 A8 15");
    rig_expect_hex(&rig, "01 86 01 83 A0");
    rig_ask_hex(&rig, "01 10 00 66 00 01 02 00 01 6E 56");
    rig_expect_hex(&rig, "01 90 01 8D C0");
    assert_int_equal(simulator_counts(rig.simulator).writes, 2);
    rig_done(&rig);
}

static void noise_in_front_and_a_bad_crc_are_passed_over(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP);
    rig_ask_hex(&rig, "FF 00 55 " ASK);
    rig_expect_hex(&rig, RIGHT);
    rig_ask_hex(&rig, "01 03 00 66 00 01 64 16 " ASK);
    rig_expect_hex(&rig, RIGHT);
    assert_int_equal(simulator_counts(rig.simulator).noise, 11);
    assert_int_equal(simulator_counts(rig.simulator).requests, 2);
    rig_done(&rig);
}

static void request_in_pieces_is_answered_and_one_that_stops_is_forgotten(void **state)
{
    struct rig rig;
    uint8_t bytes[16];
    size_t n = rig_bytes(ASK, bytes);

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP);
    rig_forget(&rig);
    for (size_t i = 0; i < n; i++) {
        rig_say(&rig, bytes + i, 1);
        rig_pass(&rig, 10);
    }
    rig_expect_hex(&rig, RIGHT);
    rig_say(&rig, bytes, 5);
    rig_pass(&rig, 1000);
    rig_ask_hex(&rig, ASK);
    rig_expect_hex(&rig, RIGHT);
    rig_done(&rig);
}

static void reply_comes_after_the_response_delay(void **state)
{
    struct rig rig;
    struct simulated_meter meter;

    (void)state;
    rig_init(&rig, shown_value, NULL);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU_TCP, &sample_profile);
    meter.answer_after_ms = 30;
    assert_int_equal(rig_add(&rig, &meter), 0);
    rig_start(&rig);
    rig_dial(&rig);
    rig_ask_hex(&rig, ASK);
    rig_pass(&rig, 40);
    rig_expect_hex(&rig, RIGHT);
    assert_int_equal(rig.heard_ms[0], 30);
    rig_done(&rig);
}

static void line_has_one_framing_and_a_profile_its_protocol(void **state)
{
    struct rig rig;
    struct simulated_meter meter;
    struct profile dlt645 = sample_profile;

    (void)state;
    dlt645.protocol = PROFILE_DLT645_2007;
    rig_init(&rig, shown_value, NULL);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU, &sample_profile);
    assert_int_equal(rig_add(&rig, &meter), 0);
    assert_int_equal(rig_add(&rig, &meter), ERR_EXISTS);
    meter.profile = &dlt645;
    assert_int_equal(rig_add(&rig, &meter), ERR_CONFIG);
    meter.scheme = SIMULATOR_DLT645;
    assert_int_equal(rig_add(&rig, &meter), ERR_CONFIG);
    rig_done(&rig);
}

static void path_that_is_taken_is_named_and_a_dangling_link_is_replaced(void **state)
{
    struct rig rig;
    struct simulated_meter meter;
    char why[200] = "";

    (void)state;
    rig_init(&rig, shown_value, NULL);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU, &sample_profile);
    assert_int_equal(rig_add(&rig, &meter), 0);
    assert_int_equal(symlink("/dev/null", meter.path), 0);
    assert_int_equal(simulator_start(rig.simulator, why, sizeof(why)), -EEXIST);
    assert_non_null(strstr(why, meter.path));
    assert_int_equal(unlink(meter.path), 0);
    assert_int_equal(symlink("/dev/there-is-none", meter.path), 0);
    rig_start(&rig);
    rig_dial(&rig);
    rig_ask_hex(&rig, ASK);
    rig_expect_hex(&rig, RIGHT);
    rig_done(&rig);
}

static void endpoints_are_read(void **state)
{
    struct simulated_meter meter = {.id = "M"};
    uint8_t address[SIMULATOR_ADDRESS_LEN];
    char text[128];

    (void)state;
    assert_int_equal(simulator_read_endpoint(
                         "modbus+rtu:///dev/ttyS0?baud=19200&parity=E&stop=2", &meter),
                     0);
    assert_int_equal(meter.scheme, SIMULATOR_MODBUS_RTU);
    assert_string_equal(meter.path, "/dev/ttyS0");
    assert_int_equal(meter.baud, 19200);
    assert_int_equal(meter.character_bits, 12);
    assert_int_equal(simulator_read_endpoint("dlt645:///dev/ttyS1", &meter), 0);
    assert_int_equal(meter.baud, 2400);
    assert_int_equal(meter.character_bits, 11);
    assert_int_equal(simulator_read_endpoint("dlt645+tcp://[::1]:8899", &meter), 0);
    assert_string_equal(meter.host, "::1");
    assert_int_equal(meter.port, 8899);
    simulator_endpoint(&meter, text, sizeof(text));
    assert_string_equal(text, "dlt645+tcp://[::1]:8899");
    assert_int_equal(simulator_read_endpoint("modbus+tcp://10.1.2.3", &meter), 0);
    assert_int_equal(meter.port, 502);
    static const char *const wrong[] = {"modbus+rtu+tcp://10.1.2.3", "modbus+rtu://ttyS0",
                                        "modbus+tcp://:502", "modbus://10.1.2.3",
                                        "dlt645:///dev/ttyS1?baud=fast"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(simulator_read_endpoint(wrong[i], &meter), ERR_SYNTAX);
    }
    assert_int_equal(simulator_read_address("201000000012", address), 0);
    assert_memory_equal(address, "\x12\x00\x00\x00\x10\x20", 6);
    assert_int_equal(simulator_read_address("161", address), 0);
    assert_memory_equal(address, "\x61\x01\x00\x00\x00\x00", 6);
    assert_int_equal(simulator_read_address("2010000000123", address), ERR_SYNTAX);
    assert_int_equal(simulator_read_address("", address), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_client_reads_two_units_over_a_pty),
        cmocka_unit_test(both_ways_carry_the_same_frames),
        cmocka_unit_test(bus_is_silent_for_a_unit_that_nobody_has),
        cmocka_unit_test(writing_functions_are_refused_and_counted),
        cmocka_unit_test(noise_in_front_and_a_bad_crc_are_passed_over),
        cmocka_unit_test(request_in_pieces_is_answered_and_one_that_stops_is_forgotten),
        cmocka_unit_test(reply_comes_after_the_response_delay),
        cmocka_unit_test(line_has_one_framing_and_a_profile_its_protocol),
        cmocka_unit_test(path_that_is_taken_is_named_and_a_dangling_link_is_replaced),
        cmocka_unit_test(endpoints_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
