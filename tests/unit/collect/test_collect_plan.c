#include <ecmon/err.h>

#include "daemon/collect/plan.h"
#include "tests/support/test.h"

static struct profile_point point[3];
static struct profile profile;
static struct meter meter[3];
static const struct profile *profiles[3];
static struct collect_timing timing;

static void set_point(int i, enum quantity quantity, uint16_t address)
{
    point[i] = (struct profile_point){.quantity = quantity, .function = 3, .n_parts = 1};
    point[i].part[0] = (struct profile_part){
        .address = address, .type = REGISTER_F32, .order = WORD_ORDER_BE, .scale = {1, 1}};
}

static void set_meter(int i, const char *endpoint, int32_t energy_s, int32_t power_s)
{
    meter[i] = (struct meter){.meter_no = (uint32_t)i + 1, .address = "7"};
    (void)snprintf(meter[i].endpoint, sizeof(meter[i].endpoint), "%s", endpoint);
    for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
        meter[i].interval_s[g] = power_s;
    }
    meter[i].interval_s[QUANTITY_GROUP_ENERGY] = energy_s;
    profiles[i] = &profile;
}

static int setup(void **state)
{
    (void)state;
    /* Power and voltage in one read, energy too far away for it. */
    set_point(0, QUANTITY_POWER_W, 0);
    set_point(1, QUANTITY_VOLTAGE_A_MV, 18);
    set_point(2, QUANTITY_ENERGY_IMPORT_WH, 200);
    profile = (struct profile){.n_points = 3, .point = point, .register_wh = {1, 1}};
    timing = (struct collect_timing){.timeout_ms = 1000, .retries = 1};
    return 0;
}

static void a_meters_requests_are_listed_with_bytes_and_times(void **state)
{
    struct collect_plan_request request[4];

    (void)state;
    set_meter(0, "modbus+tcp://10.1.2.3:502", 60, 60);
    timing.gap_ms = 5;

    assert_int_equal(collect_plan_meter(&meter[0], &profile, &timing, request, 4), 2);

    assert_int_equal(request[0].request.address, 0);
    assert_int_equal(request[0].request.count, 20);
    assert_int_equal(request[0].request.unit, 7);
    assert_int_equal(request[0].bytes_sent, 12);
    assert_int_equal(request[0].bytes_received, 49); /* 9 + 40 */
    assert_int_equal(request[0].points, 2);
    assert_int_equal(request[0].ethernet_ms, 25);
    assert_int_equal(request[0].serial_ms, 68); /* 53 × 1.042 + 7.3 + 5 = 67.5 */
    assert_int_equal(request[1].request.address, 200);
    assert_int_equal(request[1].points, 1);
}

static void forty_registers_take_104_ms_at_9600_baud(void **state)
{
    struct collect_plan_request request[1];

    (void)state;
    set_point(0, QUANTITY_POWER_W, 0);
    set_point(1, QUANTITY_VOLTAGE_A_MV, 19);
    set_point(2, QUANTITY_ENERGY_IMPORT_WH, 38);
    set_meter(0, "modbus+tcp://10.1.2.3:502", 60, 60);

    assert_int_equal(collect_plan_meter(&meter[0], &profile, &timing, request, 1), 1);
    assert_int_equal(request[0].request.count, 40);
    assert_int_equal(request[0].serial_ms, 104);
}

static void too_little_room_and_unknown_schemes_are_refused(void **state)
{
    struct collect_plan_request request[1];

    (void)state;
    set_meter(0, "modbus+tcp://10.1.2.3:502", 60, 60);
    assert_int_equal(collect_plan_meter(&meter[0], &profile, &timing, request, 1),
                     ERR_RANGE);
    set_meter(0, "dlt645:///dev/ttyUSB0?baud=2400&parity=E", 60, 60);
    assert_int_equal(collect_plan_meter(&meter[0], &profile, &timing, request, 1),
                     ERR_RANGE); /* a profile of Modbus */
    set_meter(0, "m-bus:///dev/ttyUSB0", 60, 60);
    assert_int_equal(collect_plan_meter(&meter[0], &profile, &timing, request, 1),
                     ERR_UNAVAILABLE);
}

static void a_line_adds_up_its_meters_and_their_intervals(void **state)
{
    struct collect_plan_line *line = NULL;
    int n = 0;

    (void)state;
    set_meter(0, "modbus+tcp://10.1.2.4:502", 60, 60);
    set_meter(1, "modbus+tcp://10.1.2.3:502", 1, 900);
    set_meter(2, "modbus+tcp://10.1.2.4:502", 60, 60);

    assert_int_equal(collect_plan_lines(meter, 3, profiles, &timing, &line, &n), 0);

    assert_int_equal(n, 2);
    assert_string_equal(line[0].endpoint, "modbus+tcp://10.1.2.3:502");
    assert_int_equal(line[0].meters, 1);
    assert_int_equal(line[0].requests, 2);
    assert_int_equal(line[0].interval_ms, 1000);
    assert_int_equal(line[0].round_ethernet_ms, 40);
    /* 899 slots of one read and one of two, 20 ms each, in 900 s: 2.00 %. */
    assert_int_equal(line[0].ethernet_bp, 200);
    assert_int_equal(line[1].meters, 2);
    assert_int_equal(line[1].requests, 4);
    assert_int_equal(line[1].round_ethernet_ms, 80);
    assert_int_equal(line[1].ethernet_bp,
                     12); /* 80 ms in 60 s: 0.133 %, each rounded down */
    free(line);
}

/* 2400 Bd, 8N1: 4.167 ms a character, two silences of 3.5 characters 29.17 ms. */
static void a_serial_line_is_planned_at_its_own_baud_rate(void **state)
{
    static const char endpoint[] = "modbus+rtu:///dev/ttyUSB0?baud=2400&parity=N&stop=1";
    struct collect_plan_request request[4];
    struct collect_plan_line *line = NULL;
    char text[PLAN_TEXT_LEN] = "kept";
    int n = 0;

    (void)state;
    point[0].part[0].address = 0;
    point[1].part[0].address = 10;
    set_meter(0, endpoint, 1, 1);
    set_meter(1, endpoint, 1, 1);
    set_meter(2, "", 1, 1);
    assert_int_equal(collect_plan_meter(&meter[0], &profile, &timing, request, 4), 2);
    assert_int_equal(request[0].request.count, 12);
    assert_int_equal(request[0].bytes_received, 29);
    assert_int_equal(request[0].serial_ms, 183); /* 37 × 4.167 + 29.17 = 183.3 */
    assert_int_equal(request[1].serial_ms, 100); /* 17 × 4.167 + 29.17 = 100.0 */
    assert_int_equal(request[0].ethernet_ms, 0);
    assert_int_equal(collect_plan_lines(meter, 2, profiles, &timing, &line, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(line[0].baud, 2400);
    assert_int_equal(line[0].round_serial_ms, 566);
    assert_int_equal(line[0].serial_bp, 5660);
    assert_false(collect_plan_is_over(&line[0], text));
    assert_string_equal(text, "kept");
    free(line);
}

static void an_over_subscribed_line_is_told_with_the_arithmetic(void **state)
{
    const struct collect_plan_line line = {.meters = 32,
                                           .requests = 64,
                                           .round_serial_ms = 45200,
                                           .interval_ms = 30000,
                                           .serial_bp = 15066,
                                           .baud = 2400};
    char text[PLAN_TEXT_LEN];

    (void)state;
    assert_true(collect_plan_is_over(&line, text));
    assert_string_equal(
        text, "32 meters, 64 requests a round take 45.2 s at 2400 Bd without the "
              "meters' own time, the shortest interval is 30 s: the line is asked "
              "for 150 % of the time there is");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_meters_requests_are_listed_with_bytes_and_times, setup),
        cmocka_unit_test_setup(forty_registers_take_104_ms_at_9600_baud, setup),
        cmocka_unit_test_setup(too_little_room_and_unknown_schemes_are_refused, setup),
        cmocka_unit_test_setup(a_line_adds_up_its_meters_and_their_intervals, setup),
        cmocka_unit_test_setup(a_serial_line_is_planned_at_its_own_baud_rate, setup),
        cmocka_unit_test_setup(an_over_subscribed_line_is_told_with_the_arithmetic, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
