/* Faults of lines and of values over time, wire speed, and many meters. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/simulator/profile.h"
#include "tests/unit/simulator/profile_dlt645.h"
#include "tests/unit/simulator/rig.h"

#define RTU_ASK   "01 03 00 66 00 01 64 15"
#define RTU_RIGHT "01 03 02 13 89 74 D2"
#define DLT_ASK   "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16"

static struct known known;

static void start(struct rig *rig, enum simulator_scheme scheme,
                  const struct planned_fault *planned, int n)
{
    memset(&known, 0, sizeof(known));
    know(&known, QUANTITY_FREQUENCY_MHZ, 50010);
    rig_init(rig, known_value, &known);
    bool is_dlt645 = scheme == SIMULATOR_DLT645 || scheme == SIMULATOR_DLT645_TCP;
    struct simulated_meter meter =
        rig_meter(rig, scheme, is_dlt645 ? &dlt645_profile : &sample_profile);

    assert_int_equal(simulator_read_address("161", meter.address), 0);
    assert_int_equal(rig_add(rig, &meter), 0);
    for (int i = 0; i < n; i++) {
        assert_int_equal(simulator_plan_fault(rig->simulator, 0, true, &planned[i]), 0);
    }
    rig_start(rig);
}

static void unplugged_pty_is_gone_and_comes_back_at_the_same_path(void **state)
{
    const struct planned_fault unplug = {{FAULT_UNPLUG, 0, 100}, 100, 300};
    struct rig rig;
    struct stat status;
    char path[96];

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU, &unplug, 1);
    (void)snprintf(path, sizeof(path), "%s/ttyS0", rig.folder);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_pass(&rig, 150);
    assert_true(rig.is_closed); /* EIO */
    assert_int_equal(lstat(path, &status), -1);
    rig_hang_up(&rig);
    rig_pass(&rig, 200);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

static void unplugged_port_refuses_and_listens_again(void **state)
{
    const struct planned_fault unplug = {{FAULT_UNPLUG, 0, 100}, 100, 300};
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP, &unplug, 1);
    uint16_t port = simulator_port(rig.simulator, 0);

    rig_dial(&rig);
    rig_pass(&rig, 150);
    assert_true(rig.is_closed);
    rig_hang_up(&rig);
    rig_pass(&rig, 200);
    assert_int_equal(simulator_port(rig.simulator, 0), port);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

static void echo_comes_in_front_of_the_reply(void **state)
{
    const struct planned_fault echo = {{FAULT_ECHO, 0, 100}, 0, 0};
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU, &echo, 1);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_ASK " " RTU_RIGHT);
    rig_done(&rig);
}

static void babble_fills_the_line_for_its_time(void **state)
{
    const struct planned_fault babble = {{FAULT_BABBLE, 500, 100}, 100, 1100};
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP, &babble, 1);
    rig_dial(&rig);
    rig_pass(&rig, 99);
    assert_int_equal(rig.n, 0);
    rig_pass(&rig, 2000);
    assert_in_range(rig.n, 490, 510);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

static void deaf_line_reads_nothing_until_it_hears_again(void **state)
{
    const struct planned_fault deaf = {{FAULT_DEAF, 0, 100}, 0, 500};
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP, &deaf, 1);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_pass(&rig, 400);
    rig_expect_hex(&rig, "");
    assert_int_equal(simulator_counts(rig.simulator).requests, 0);
    rig_pass(&rig, 200);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

static void connection_that_is_not_accepted_hangs_until_it_is(void **state)
{
    const struct planned_fault no_accept = {{FAULT_NO_ACCEPT, 0, 100}, 0, 500};
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU_TCP, &no_accept, 1);
    rig_dial(&rig); /* the one that the system takes all the same */
    rig_ask_hex(&rig, RTU_ASK);
    assert_int_equal(simulator_counts(rig.simulator).connections, 0);
    rig_pass(&rig, 500);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

static void port_of_another_speed_hears_mangled_bytes(void **state)
{
    const struct planned_fault speed = {{FAULT_WRONG_SPEED, 9600, 100}, 0, 0};
    struct rig rig;
    struct termios settings;

    (void)state;
    start(&rig, SIMULATOR_MODBUS_RTU, &speed, 1);
    rig_dial(&rig);
    assert_int_equal(tcgetattr(rig.fd, &settings), 0);
    assert_int_equal(cfsetospeed(&settings, B2400), 0);
    assert_int_equal(tcsetattr(rig.fd, TCSANOW, &settings), 0);
    rig_ask_hex(&rig, RTU_ASK);
    assert_int_equal(rig.n, 7);
    assert_memory_not_equal(rig.heard, "\x01\x03\x02\x13\x89\x74\xD2", 7);
    assert_int_equal(cfsetospeed(&settings, B9600), 0);
    assert_int_equal(tcsetattr(rig.fd, TCSANOW, &settings), 0);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

static void gateway_closes_what_is_above_its_connections(void **state)
{
    struct rig rig;
    struct simulated_meter meter;

    (void)state;
    memset(&known, 0, sizeof(known));
    know(&known, QUANTITY_FREQUENCY_MHZ, 50010);
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU_TCP, &sample_profile);
    meter.connections = 1;
    assert_int_equal(rig_add(&rig, &meter), 0);
    rig_start(&rig);
    rig_dial(&rig);
    int first = rig.fd;

    rig_dial(&rig);
    rig_pass(&rig, 1);
    assert_true(rig.is_closed);
    assert_int_equal(close(rig.fd), 0);
    rig.fd = first;
    rig.is_closed = false;
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

/* --- values over time --- */

/* The energy register that a DL/T 645 meter shows: 8 digits. */
static int64_t shown(struct rig *rig)
{
    int64_t value = 0;

    rig_ask_hex(rig, DLT_ASK);
    assert_int_equal(rig->n, 20);
    for (int i = 17; i >= 14; i--) {
        unsigned byte = (uint8_t)(rig->heard[i] - 0x33);

        value = value * 100 + 10 * (int64_t)(byte >> 4) + (int64_t)(byte & 0xF);
    }
    return value;
}

static void registers_do_what_the_fault_says_from_its_time_on(void **state)
{
    static const struct {
        struct planned_fault planned;
        int64_t at_first;
        int64_t later; /* 7 units on */
    } rows[] = {
        {{{FAULT_ROLLOVER, 5, 100}, 100, 0}, 99999995, 2},
        {{{FAULT_RESET, 0, 100}, 100, 0}, 0, 7},
        {{{FAULT_EXCHANGE, 300, 100}, 100, 0}, 300, 307},
        {{{FAULT_STEP, 1000, 100}, 100, 0}, 6000, 6007},
        {{{FAULT_ZERO, 0, 100}, 100, 0}, 0, 0},
        {{{FAULT_FROZEN, 0, 100}, 100, 0}, 5000, 5000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig rig;

        start(&rig, SIMULATOR_DLT645_TCP, &rows[i].planned, 1);
        know(&known, QUANTITY_ENERGY_IMPORT_WH, 4990);
        rig_dial(&rig);
        assert_int_equal(shown(&rig), 4990);
        rig_pass(&rig, 100);
        know(&known, QUANTITY_ENERGY_IMPORT_WH, 5000);
        assert_int_equal(shown(&rig), rows[i].at_first);
        know(&known, QUANTITY_ENERGY_IMPORT_WH, 5007);
        assert_int_equal(shown(&rig), rows[i].later);
        rig_done(&rig);
    }
}

static void exchanged_meter_has_another_number_and_a_clock_can_be_wrong(void **state)
{
    const struct planned_fault planned[] = {{{FAULT_EXCHANGE, 0, 100}, 100, 0},
                                            {{FAULT_CLOCK, 61, 100}, 100, 0}};
    struct rig rig;

    (void)state;
    start(&rig, SIMULATOR_DLT645_TCP, planned, 2);
    rig_dial(&rig);
    rig_ask_hex(&rig, "68 61 01 00 00 00 00 68 11 04 35 37 33 37 1D 16"); /* 04000402 */
    assert_int_equal(rig.heard[14], 0x61 + 0x33);
    rig_pass(&rig, 100);
    rig_ask_hex(&rig, "68 61 01 00 00 00 00 68 11 04 35 37 33 37 1D 16");
    assert_int_equal(rig.heard[14], 0x62 + 0x33);
    rig_ask_hex(&rig, "68 61 01 00 00 00 00 68 11 04 35 34 33 37 1A 16"); /* time */
    assert_int_equal(rig.heard[14], 0x01 + 0x33);
    assert_int_equal(rig.heard[15], 0x01 + 0x33); /* 08:01:01 */
    rig_done(&rig);
}

static void value_that_is_missing_is_nan_infinite_or_denormal(void **state)
{
    static const struct {
        enum fault_kind kind;
        const char *answer;
    } rows[] = {{FAULT_NO_VALUE, "7F C0 00 00"},
                {FAULT_INFINITE, "7F 80 00 00"},
                {FAULT_DENORMAL, "00 00 00 0B"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct planned_fault planned = {{rows[i].kind, 0, 100}, 0, 0};
        struct rig rig;
        uint8_t expected[4];

        start(&rig, SIMULATOR_MODBUS_TCP, &planned, 1);
        rig_dial(&rig);
        rig_ask_hex(&rig, "00 01 00 00 00 06 01 04 00 00 00 02");
        assert_int_equal(rig.n, 13);
        assert_int_equal(rig_bytes(rows[i].answer, expected), 4);
        assert_memory_equal(rig.heard + 9, expected, 4);
        rig_done(&rig);
    }
}

/* --- wire speed --- */

static void frame_comes_byte_by_byte_at_its_baud_rate(void **state)
{
    struct rig rig;
    struct simulated_meter meter;

    (void)state;
    memset(&known, 0, sizeof(known));
    know(&known, QUANTITY_FREQUENCY_MHZ, 50010);
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU_TCP, &sample_profile);
    meter.baud = 1000; /* 10 bits: 10 ms a byte */
    meter.answer_after_ms = 25;
    assert_int_equal(rig_add(&rig, &meter), 0);
    rig_start(&rig);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_pass(&rig, 300);
    rig_expect_hex(&rig, RTU_RIGHT);
    for (size_t i = 0; i < 7; i++) { /* 8 bytes there, Td, and back */
        assert_int_equal(rig.heard_ms[i], 80 + 25 + 10 * (i + 1));
    }
    rig_done(&rig);
}

/* 18 registers each: 8 + 41 bytes of 11 bits at 9600 baud, one poll after the other. */
static void thirty_two_meters_take_the_time_that_the_wire_takes(void **state)
{
    struct rig rig;
    struct simulated_meter meter;

    (void)state;
    memset(&known, 0, sizeof(known));
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU, &sample_profile);
    meter.baud = 9600;
    meter.character_bits = 11;
    for (int i = 0; i < 32; i++) {
        meter.unit = (uint8_t)(i + 1);
        assert_int_equal(rig_add(&rig, &meter), i);
    }
    rig_start(&rig);
    rig_dial(&rig);
    rig.pty_wait_ms = 0;
    for (int i = 0; i < 640; i++) {
        uint8_t ask[8] = {(uint8_t)(i % 32 + 1), 3, 0, 100, 0, 18};
        unsigned crc = 0xFFFF;

        for (int k = 0; k < 6; k++) {
            crc ^= ask[k];
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
            }
        }
        ask[6] = (uint8_t)crc;
        ask[7] = (uint8_t)(crc >> 8);
        rig_forget(&rig);
        rig_say(&rig, ask, 8);
        for (int ms = 0; ms < 100 && rig.n < 41; ms++) {
            rig_pass(&rig, 1);
        }
        assert_int_equal(rig.n, 41);
        assert_int_equal(rig.heard[0], ask[0]);
    }
    /* 640 × (8 + 41) × 11 / 9600 s = 35.933 s */
    assert_in_range(rig.clock.mono_ms, 35930, 36290); /* 1 % for a pty that is late */
    rig_done(&rig);
}

/* --- many --- */

static void thousands_of_meters_answer_for_themselves(void **state)
{
    struct rig rig;
    struct simulated_meter meter;
    char text[16];

    (void)state;
    memset(&known, 0, sizeof(known));
    know(&known, QUANTITY_ENERGY_IMPORT_WH, 26);
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_DLT645, &dlt645_profile);
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(text, sizeof(text), "%012d", 100000 + i);
        assert_int_equal(simulator_read_address(text, meter.address), 0);
        assert_int_equal(rig_add(&rig, &meter), i);
    }
    rig_start(&rig);
    rig_dial(&rig);
    for (int i = 0; i < 3000; i += 50) {
        uint8_t ask[16] = {0x68, [7] = 0x68, 0x11, 0x04, 0x33, 0x33, 0x34, 0x33, 0, 0x16};

        (void)snprintf(text, sizeof(text), "%012d", 100000 + i);
        assert_int_equal(simulator_read_address(text, ask + 1), 0);
        for (int k = 0; k < 14; k++) {
            ask[14] = (uint8_t)(ask[14] + ask[k]);
        }
        rig_ask(&rig, ask, sizeof(ask), 1);
        assert_int_equal(rig.n, 20);
        assert_memory_equal(rig.heard + 1, ask + 1, 6);
    }
    assert_int_equal(simulator_counts(rig.simulator).replies, 60);
    assert_int_equal(simulator_counts(rig.simulator).writes, 0);
    rig_done(&rig);
}

static void thousands_of_ports_are_opened(void **state)
{
    struct rig rig;
    struct simulated_meter meter;

    (void)state;
    memset(&known, 0, sizeof(known));
    know(&known, QUANTITY_FREQUENCY_MHZ, 50010);
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_MODBUS_RTU_TCP, &sample_profile);
    int n = sysconf(_SC_OPEN_MAX) > 2100 ? 2000 : 400;

    for (int i = 0; i < n; i++) {
        assert_int_equal(rig_add(&rig, &meter), i); /* port 0: one each */
        assert_int_equal(simulator_line(rig.simulator, i), i);
    }
    rig_start(&rig);
    rig_dial(&rig);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, RTU_RIGHT);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unplugged_pty_is_gone_and_comes_back_at_the_same_path),
        cmocka_unit_test(unplugged_port_refuses_and_listens_again),
        cmocka_unit_test(echo_comes_in_front_of_the_reply),
        cmocka_unit_test(babble_fills_the_line_for_its_time),
        cmocka_unit_test(deaf_line_reads_nothing_until_it_hears_again),
        cmocka_unit_test(connection_that_is_not_accepted_hangs_until_it_is),
        cmocka_unit_test(port_of_another_speed_hears_mangled_bytes),
        cmocka_unit_test(gateway_closes_what_is_above_its_connections),
        cmocka_unit_test(registers_do_what_the_fault_says_from_its_time_on),
        cmocka_unit_test(exchanged_meter_has_another_number_and_a_clock_can_be_wrong),
        cmocka_unit_test(value_that_is_missing_is_nan_infinite_or_denormal),
        cmocka_unit_test(frame_comes_byte_by_byte_at_its_baud_rate),
        cmocka_unit_test(thirty_two_meters_take_the_time_that_the_wire_takes),
        cmocka_unit_test(thousands_of_meters_answer_for_themselves),
        cmocka_unit_test(thousands_of_ports_are_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
