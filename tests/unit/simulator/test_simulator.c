#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/clock.h"
#include "drivers/simulator/simulator.h"
#include "tests/support/test.h"
#include "tests/unit/simulator/profile.h"

#define T0       INT64_C(1795219200000) /* 2026-11-21T08:00:00+08:00 */
#define QUIET_MS 300

/* A simulator in a thread of its own, asked by libmodbus and by a bare socket. */
struct rig {
    struct virtual_clock clock;
    struct loop *loop;
    struct simulator *simulator;
    pthread_t thread;
    uint16_t port;
};

static const struct {
    enum quantity quantity;
    int64_t value;
} shown[] = {{QUANTITY_POWER_A_W, -5},
             {QUANTITY_FREQUENCY_MHZ, 50010},
             {QUANTITY_ENERGY_IMPORT_WH, INT64_C(1234567890123)},
             {QUANTITY_CURRENT_A_MA, 502300},
             {QUANTITY_POWER_B_W, -700},
             {QUANTITY_PF_E3, -962},
             {QUANTITY_VOLTAGE_A_MV, 230150},
             {QUANTITY_POWER_W, 333630}};

static bool shown_value(void *ctx, const struct simulated_meter *meter,
                        enum quantity quantity, int64_t wall_ms, int64_t *ret_value)
{
    (void)ctx;
    assert_int_equal(wall_ms, T0);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        if (shown[i].quantity == quantity) {
            *ret_value = meter->unit == 2 ? 1 : shown[i].value;
            return true;
        }
    }
    return false;
}

static void *run_loop(void *ctx)
{
    (void)loop_run(ctx);
    return NULL;
}

static struct simulated_meter meter_of(uint8_t unit, struct fault fault)
{
    return (struct simulated_meter){
        .id = "M001",
        .host = "127.0.0.1",
        .unit = unit,
        .profile = &sample_profile,
        .pt = {1, 1},
        .ct = {1, 1},
        .load = {.shape = LOAD_CONTINUOUS, .rated_w = 1000000, .seed = 5},
        .base_ts_ms = T0,
        .fault = fault};
}

static void rig_open(struct rig *rig, const struct clock *clock, simulator_value_fn value)
{
    assert_int_equal(loop_new(clock, 16, &rig->loop), 0);
    const struct simulator_options options = {.loop = rig->loop,
                                              .zone = {8 * 3600 * 1000, "Asia/Shanghai"},
                                              .seed = 1,
                                              .value = value};

    assert_int_equal(simulator_new(&options, &rig->simulator), 0);
}

static void rig_run(struct rig *rig)
{
    char why[200] = "";

    assert_int_equal(simulator_start(rig->simulator, why, sizeof(why)), 0);
    rig->port = simulator_port(rig->simulator, 0);
    assert_true(rig->port > 0);
    assert_int_equal(pthread_create(&rig->thread, NULL, run_loop, rig->loop), 0);
}

/* One meter, unit 1, that shows the values above; time stands still. */
static void rig_start(struct rig *rig, struct fault fault)
{
    const struct simulated_meter meter = meter_of(1, fault);

    virtual_clock_init(&rig->clock, T0);
    rig_open(rig, &rig->clock.clock, shown_value);
    assert_int_equal(simulator_add(rig->simulator, &meter), 0);
    rig_run(rig);
}

static struct simulator_counts rig_done(struct rig *rig)
{
    loop_stop(rig->loop);
    assert_int_equal(pthread_join(rig->thread, NULL), 0);
    struct simulator_counts counts = simulator_counts(rig->simulator);

    simulator_free(rig->simulator);
    loop_free(rig->loop);
    return counts;
}

static modbus_t *client_of(const struct rig *rig, int unit)
{
    modbus_t *client = modbus_new_tcp("127.0.0.1", rig->port);

    assert_non_null(client);
    assert_int_equal(modbus_set_slave(client, unit), 0);
    assert_int_equal(modbus_set_response_timeout(client, 5, 0), 0);
    assert_int_equal(modbus_connect(client), 0);
    return client;
}

static void client_done(modbus_t *client)
{
    modbus_close(client);
    modbus_free(client);
}

/* --- right answers --- */

static void independent_client_reads_every_register(void **state)
{
    struct rig rig;
    uint16_t reg[20] = {0};

    (void)state;
    rig_start(&rig, (struct fault){0});
    modbus_t *client = client_of(&rig, 1);

    assert_int_equal(modbus_read_input_registers(client, 0, 4, reg), 4);
    assert_near((double)modbus_get_float_abcd(reg), 230.15, 1e-5);
    assert_near((double)modbus_get_float_cdab(reg + 2), 333630.0, 0.0);
    assert_int_equal(modbus_read_registers(client, 100, 18, reg), 18);
    assert_int_equal(MODBUS_GET_INT32_FROM_INT16(reg, 0), -5);
    assert_int_equal(reg[2], 5001);
    assert_int_equal(MODBUS_GET_INT64_FROM_INT16(reg, 3), INT64_C(1234567890123));
    assert_int_equal((uint32_t)reg[8] << 16 | reg[7], 502300);
    assert_int_equal(reg[9], 0);
    assert_int_equal(reg[10], 700);
    assert_int_equal((int16_t)reg[11], -962);
    client_done(client);

    struct simulator_counts counts = rig_done(&rig);

    assert_int_equal(counts.requests, 2);
    assert_int_equal(counts.replies, 2);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.refused + counts.faults + counts.writes, 0);
}

static void load_shows_in_power_and_energy(void **state)
{
    struct rig rig;
    const struct simulated_meter meter = meter_of(1, (struct fault){0});
    uint16_t reg[4] = {0};

    (void)state;
    virtual_clock_init(&rig.clock, T0 + 900000);
    rig_open(&rig, &rig.clock.clock, NULL);
    assert_int_equal(simulator_add(rig.simulator, &meter), 0);
    rig_run(&rig);
    modbus_t *client = client_of(&rig, 1);
    const struct zone zone = {8 * 3600 * 1000, "Asia/Shanghai"};

    assert_int_equal(modbus_read_input_registers(client, 2, 2, reg), 2);
    assert_near((double)modbus_get_float_cdab(reg),
                (double)load_power_w(&meter.load, T0 + 900000, &zone), 0.0);
    assert_int_equal(modbus_read_registers(client, 103, 4, reg), 4);
    /* a quarter-hour at constant power: W / 4 = Wh, in counts of 10 Wh */
    assert_int_equal(MODBUS_GET_INT64_FROM_INT16(reg, 0),
                     load_power_w(&meter.load, T0, &zone) / 4 / 10);
    client_done(client);
    (void)rig_done(&rig);
}

static void wrong_requests_get_the_exception_that_says_why(void **state)
{
    struct rig rig;
    uint16_t reg[40] = {0};

    (void)state;
    rig_start(&rig, (struct fault){0});
    modbus_t *client = client_of(&rig, 1);
    modbus_t *stranger = client_of(&rig, 9);

    assert_int_equal(modbus_read_registers(stranger, 100, 1, reg), -1);
    assert_int_equal(errno, EMBXGTAR); /* 0B */
    assert_int_equal(modbus_read_registers(client, 99, 2, reg), -1);
    assert_int_equal(errno, EMBXILADD); /* 02 */
    assert_int_equal(modbus_read_registers(client, 100, 21, reg), -1);
    assert_int_equal(errno, EMBXILVAL); /* 03: the profile's most is 20 */
    assert_int_equal(modbus_write_register(client, 100, 1), -1);
    assert_int_equal(errno, EMBXILFUN);                              /* 01 */
    assert_int_equal(modbus_read_registers(client, 102, 1, reg), 1); /* and goes on */
    client_done(client);
    client_done(stranger);

    struct simulator_counts counts = rig_done(&rig);

    assert_int_equal(counts.writes, 1);
    assert_int_equal(counts.refused, 4);
    assert_int_equal(counts.replies, 1);
}

static void two_clients_and_two_meters_share_a_port(void **state)
{
    struct rig rig;
    struct simulated_meter meter = meter_of(1, (struct fault){0});
    uint16_t reg[2] = {0};

    (void)state;
    virtual_clock_init(&rig.clock, T0);
    rig_open(&rig, &rig.clock.clock, shown_value);
    struct rig port_chooser;

    rig_start(&port_chooser, (struct fault){0});
    meter.port = port_chooser.port;
    (void)rig_done(&port_chooser);
    assert_int_equal(simulator_add(rig.simulator, &meter), 0);
    assert_int_equal(simulator_add(rig.simulator, &meter), ERR_EXISTS);
    meter.unit = 2;
    assert_int_equal(simulator_add(rig.simulator, &meter), 1);
    rig_run(&rig);
    assert_int_equal(simulator_port(rig.simulator, 1), rig.port);
    modbus_t *first = client_of(&rig, 1);
    modbus_t *second = client_of(&rig, 2);

    for (int i = 0; i < 20; i++) {
        assert_int_equal(modbus_read_registers(first, 107, 2, reg), 2);
        assert_int_equal((uint32_t)reg[1] << 16 | reg[0], 502300);
        assert_int_equal(modbus_read_registers(second, 107, 2, reg), 2);
        assert_int_equal((uint32_t)reg[1] << 16 | reg[0], 1);
    }
    client_done(first);
    client_done(second);
    assert_int_equal(rig_done(&rig).replies, 40);
}

static void port_that_is_taken_is_named(void **state)
{
    struct rig rig;
    struct rig second;
    struct simulated_meter meter = meter_of(1, (struct fault){0});
    char why[200] = "";
    char expected[64];

    (void)state;
    rig_start(&rig, (struct fault){0});
    rig_open(&second, clock_real(), NULL);
    meter.port = rig.port;
    assert_int_equal(simulator_add(second.simulator, &meter), 0);
    assert_int_equal(simulator_start(second.simulator, why, sizeof(why)), -EADDRINUSE);
    (void)snprintf(expected, sizeof(expected), "127.0.0.1 port %u", (unsigned)rig.port);
    assert_non_null(strstr(why, expected));
    simulator_free(second.simulator);
    loop_free(second.loop);
    (void)rig_done(&rig);
}

/* --- faults, seen by a bare socket --- */

/* Register 102 of unit 1, and the right reply: 5001. */
static const uint8_t request[12] = {0x12, 0x34, 0, 0, 0, 6, 1, 3, 0, 102, 0, 1};
static const uint8_t right[11] = {0x12, 0x34, 0, 0, 0, 5, 1, 3, 2, 0x13, 0x89};

static int dial(const struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(rig->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Until n bytes came, the server closed (*ret_closed), or nothing came for QUIET_MS. */
static size_t hear(int fd, uint8_t *ret_bytes, size_t n, bool *ret_closed)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t at = 0;

    *ret_closed = false;
    while (at < n && poll(&wait, 1, QUIET_MS) == 1) {
        ssize_t got = recv(fd, ret_bytes + at, n - at, 0);

        if (got <= 0) {
            *ret_closed = true;
            break;
        }
        at += (size_t)got;
    }
    return at;
}

static void say(int fd, const uint8_t *bytes, size_t n)
{
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

struct answer {
    uint8_t bytes[64];
    size_t n;
    bool closed;
    int64_t ms;
};

/* What a meter with this fault does with the request. */
static struct answer answer_with(enum fault_kind kind, int32_t value)
{
    struct rig rig;
    struct answer answer = {.n = 0};
    const struct simulated_meter meter = meter_of(1, (struct fault){kind, value, 100});
    struct timespec before;
    struct timespec after;

    virtual_clock_init(&rig.clock, T0);
    /* delays need a clock that runs */
    struct clock clock = {rig.clock.clock.wall_ms, clock_real()->mono_ms,
                          rig.clock.clock.self};

    rig_open(&rig, &clock, shown_value);
    assert_int_equal(simulator_add(rig.simulator, &meter), 0);
    rig_run(&rig);
    int fd = dial(&rig);

    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    say(fd, request, sizeof(request));
    bool whole = kind == FAULT_DELAY || kind == FAULT_DRIBBLE;

    answer.n = hear(fd, answer.bytes, whole ? sizeof(right) : sizeof(answer.bytes),
                    &answer.closed);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    answer.ms =
        (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    (void)close(fd);
    struct simulator_counts counts = rig_done(&rig);

    assert_int_equal(counts.requests, 1);
    assert_int_equal(counts.faults, kind == FAULT_NONE ? 0 : 1);
    assert_int_equal(counts.replies, kind == FAULT_NONE ? 1 : 0);
    return answer;
}

static void expect_bytes(const struct answer *answer, const uint8_t *bytes, size_t n)
{
    assert_int_equal(answer->n, n);
    assert_memory_equal(answer->bytes, bytes, n);
    assert_false(answer->closed);
}

/* The right reply but for bytes first..last, of which at least one differs. */
static void expect_changed(const struct answer *answer, size_t first, size_t last)
{
    assert_int_equal(answer->n, sizeof(right));
    assert_memory_equal(answer->bytes, right, first);
    assert_memory_not_equal(answer->bytes + first, right + first, last - first + 1);
    assert_memory_equal(answer->bytes + last + 1, right + last + 1, 10 - last);
}

static void no_fault_answers_rightly(void **state)
{
    struct answer answer = answer_with(FAULT_NONE, 0);

    (void)state;
    expect_bytes(&answer, right, sizeof(right));
}

static void silent_faults_say_nothing_or_less_than_all(void **state)
{
    struct answer mute = answer_with(FAULT_MUTE, 0);
    struct answer close = answer_with(FAULT_CLOSE, 0);
    struct answer truncate = answer_with(FAULT_TRUNCATE, 0);

    (void)state;
    expect_bytes(&mute, right, 0);
    assert_int_equal(close.n, 0);
    assert_true(close.closed);
    expect_bytes(&truncate, right, 5);
}

static void lying_faults_change_one_field(void **state)
{
    struct answer unit = answer_with(FAULT_WRONG_UNIT, 0);
    struct answer id = answer_with(FAULT_WRONG_ID, 0);
    struct answer length = answer_with(FAULT_WRONG_LENGTH, 0);
    struct answer garbage = answer_with(FAULT_GARBAGE, 0);

    (void)state;
    expect_changed(&unit, 6, 6);
    expect_changed(&id, 0, 1);
    expect_changed(&length, 4, 5);
    expect_changed(&garbage, 0, 10);
}

static void slow_faults_bring_the_right_reply_late(void **state)
{
    struct answer delay = answer_with(FAULT_DELAY, 100);
    struct answer dribble = answer_with(FAULT_DRIBBLE, 5);

    (void)state;
    expect_bytes(&delay, right, sizeof(right));
    expect_bytes(&dribble, right, sizeof(right));
    assert_true(dribble.ms >= 50); /* ten gaps between eleven bytes */
}

static void other_faults_do_as_they_are_called(void **state)
{
    static const uint8_t exception[] = {0x12, 0x34, 0, 0, 0, 3, 1, 0x83, 6};
    static const uint8_t missing[] = {0x12, 0x34, 0, 0, 0, 5, 1, 3, 2, 0xff, 0xff};
    struct answer busy = answer_with(FAULT_EXCEPTION, 6);
    struct answer none = answer_with(FAULT_NO_VALUE, 0);
    struct answer twice = answer_with(FAULT_TWICE, 0);
    uint8_t both[22];

    (void)state;
    expect_bytes(&busy, exception, sizeof(exception));
    expect_bytes(&none, missing, sizeof(missing));
    memcpy(both, right, 11);
    memcpy(both + 11, right, 11);
    expect_bytes(&twice, both, 22);
}

static void faults_have_names(void **state)
{
    (void)state;
    assert_int_equal(fault_from_name("none"), FAULT_NONE);
    assert_int_equal(fault_from_name("wrong_length"), FAULT_WRONG_LENGTH);
    assert_int_equal(fault_from_name("twice"), FAULT_TWICE);
    assert_int_equal(fault_from_name("fire"), FAULT_COUNT);
}

static void fault_of_30_percent_hits_about_a_third(void **state)
{
    struct rig rig;
    uint16_t reg = 0;
    int n_failed = 0;

    (void)state;
    rig_start(&rig, (struct fault){FAULT_EXCEPTION, 4, 30});
    modbus_t *client = client_of(&rig, 1);

    for (int i = 0; i < 300; i++) {
        n_failed += modbus_read_registers(client, 102, 1, &reg) != 1;
    }
    client_done(client);
    assert_in_range(n_failed, 60, 120); /* 90 ± 3.8 standard deviations */
    assert_int_equal(rig_done(&rig).faults, n_failed);
}

/* --- clients that do not keep to frames --- */

static void request_in_pieces_and_two_in_one_piece_are_answered(void **state)
{
    struct rig rig;
    struct answer answer = {.n = 0};
    uint8_t both[24];

    (void)state;
    rig_start(&rig, (struct fault){0});
    int fd = dial(&rig);

    for (size_t i = 0; i < sizeof(request); i++) {
        const struct timespec pause = {0, 2000000};

        say(fd, request + i, 1);
        (void)nanosleep(&pause, NULL);
    }
    answer.n = hear(fd, answer.bytes, sizeof(right), &answer.closed);
    expect_bytes(&answer, right, sizeof(right));
    memcpy(both, request, 12);
    memcpy(both + 12, request, 12);
    say(fd, both, sizeof(both));
    answer.n = hear(fd, answer.bytes, 22, &answer.closed);
    assert_int_equal(answer.n, 22);
    (void)close(fd);
    assert_int_equal(rig_done(&rig).replies, 3);
}

static void stream_that_is_not_modbus_is_closed(void **state)
{
    static const uint8_t wrong[][12] = {{0, 1, 0, 7, 0, 6, 1, 3, 0, 0, 0, 1}, /* protocol */
                                        {0, 1, 0, 0, 0, 1, 1, 3, 0, 0, 0, 1}, /* length 1 */
                                        {0, 1, 0, 0, 2, 0, 1, 3, 0, 0, 0, 1}, /* 512 */
                                        "GET / HTTP/"};
    struct rig rig;

    (void)state;
    rig_start(&rig, (struct fault){0});
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct answer answer = {.n = 0};
        int fd = dial(&rig);

        say(fd, wrong[i], sizeof(wrong[i]));
        answer.n = hear(fd, answer.bytes, sizeof(answer.bytes), &answer.closed);
        assert_int_equal(answer.n, 0);
        assert_true(answer.closed);
        (void)close(fd);
    }
    assert_int_equal(rig_done(&rig).requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_client_reads_every_register),
        cmocka_unit_test(load_shows_in_power_and_energy),
        cmocka_unit_test(wrong_requests_get_the_exception_that_says_why),
        cmocka_unit_test(two_clients_and_two_meters_share_a_port),
        cmocka_unit_test(port_that_is_taken_is_named),
        cmocka_unit_test(no_fault_answers_rightly),
        cmocka_unit_test(silent_faults_say_nothing_or_less_than_all),
        cmocka_unit_test(lying_faults_change_one_field),
        cmocka_unit_test(slow_faults_bring_the_right_reply_late),
        cmocka_unit_test(other_faults_do_as_they_are_called),
        cmocka_unit_test(faults_have_names),
        cmocka_unit_test(fault_of_30_percent_hits_about_a_third),
        cmocka_unit_test(request_in_pieces_and_two_in_one_piece_are_answered),
        cmocka_unit_test(stream_that_is_not_modbus_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
