#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/cli/simulation.h"
#include "tests/support/test.h"

static struct profile profiles_of_test[] = {
    {.id = "dlt645", .protocol = PROFILE_DLT645_2007, .register_wh = {10, 1}},
    {.id = "modbus", .register_wh = {10, 1}}};
static const struct profiles profiles = {profiles_of_test, 2};

static int read_text(struct simulation *simulation, const char *text,
                     struct problems *problems)
{
    char path[] = "/tmp/ecmon-simulation-XXXXXX";
    int fd = mkstemp(path);
    size_t n = strlen(text);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    assert_int_equal(close(fd), 0);
    int err = simulation_read(simulation, path, &profiles, problems);

    assert_int_equal(unlink(path), 0);
    return err;
}

static void register_names_lines_addresses_and_profiles(void **state)
{
    struct simulation simulation = {0};
    struct problems problems;

    (void)state;
    problems_init(&problems);
    assert_int_equal(
        read_text(&simulation,
                  "id,enterprise,endpoint,address,profile,ct,serial,since\n"
                  "A,E,modbus+rtu:///dev/ttyUSB0?baud=19200,7,modbus,20,,2026-01-01\n"
                  "B,E,dlt645:///dev/ttyUSB1,201000000012,dlt645,,55,\n"
                  "C,E,dlt645+tcp://10.2.3.4:8899,161,dlt645,,,\n"
                  "D,E,,,,,,\n",
                  &problems),
        0);
    assert_int_equal(simulation.n, 4);
    assert_int_equal(simulation.meter[0].scheme, SIMULATOR_MODBUS_RTU);
    assert_int_equal(simulation.meter[0].baud, 19200);
    assert_int_equal(simulation.meter[0].unit, 7);
    assert_int_equal(simulation.meter[0].answer_after_ms, 0);
    assert_memory_equal(simulation.meter[1].address, "\x12\x00\x00\x00\x10\x20", 6);
    assert_int_equal(simulation.meter[1].answer_after_ms, 20);
    assert_int_equal(simulation.meter[1].preamble, 4);
    assert_string_equal(simulation.meter[1].serial, "55");
    assert_int_equal(simulation.meter[2].port, 8899);
    assert_string_equal(simulation.endpoint[2], "dlt645+tcp://10.2.3.4:8899");
    assert_null(simulation.meter[3].profile);
    simulation_done(&simulation);
    problems_done(&problems);
}

static void scenario_adds_faults_with_their_times(void **state)
{
    struct simulation simulation = {0};
    struct problems problems;

    (void)state;
    problems_init(&problems);
    assert_int_equal(read_text(&simulation,
                               "id,endpoint,address,profile\n"
                               "A,modbus+tcp://127.0.0.1:1502,1,modbus\n",
                               &problems),
                     0);
    assert_int_equal(read_text(&simulation,
                               "id,endpoint,fault,value,percent,from,until,baud,answer_ms\n"
                               "A,,delay,1500,30,90s,15min,9600,40\n"
                               "A,,step,-5,,,,,\n"
                               ",modbus+tcp://127.0.0.1:1502,gap,0x0201FF00,,,,,\n",
                               &problems),
                     0);
    assert_int_equal(simulation.n, 1);
    assert_int_equal(simulation.meter[0].baud, 9600);
    assert_int_equal(simulation.meter[0].answer_after_ms, 40);
    assert_int_equal(simulation.n_faults, 3);
    const struct simulated_fault *fault = simulation.fault;

    assert_int_equal(fault[0].meter, 0);
    assert_int_equal(fault[0].planned.fault.kind, FAULT_DELAY);
    assert_int_equal(fault[0].planned.fault.value, 1500);
    assert_int_equal(fault[0].planned.fault.percent, 30);
    assert_int_equal(fault[0].planned.from_ms, 90000);
    assert_int_equal(fault[0].planned.until_ms, 900000);
    assert_int_equal(fault[1].planned.fault.value, -5);
    assert_int_equal(fault[1].planned.fault.percent, 100);
    assert_int_equal(fault[2].meter, -1);
    assert_int_equal(fault[2].place.port, 1502);
    assert_int_equal(fault[2].planned.fault.value, 0x0201FF00);
    assert_int_equal(read_text(&simulation, "id,fault\nA,none\n", &problems), 0);
    assert_int_equal(simulation.n_faults, 1); /* the line's stays */
    simulation_done(&simulation);
    problems_done(&problems);
}

static void what_is_wrong_is_a_problem_each(void **state)
{
    struct simulation simulation = {0};
    struct problems problems;

    (void)state;
    problems_init(&problems);
    assert_int_equal(read_text(&simulation,
                               "id,endpoint,address,profile,fault,value,from,frame_bytes\n"
                               "A,modbus://x,1,modbus,,,,\n"
                               "B,dlt645:///dev/ttyS0,12x,dlt645,,,,\n"
                               "C,modbus+tcp://127.0.0.1:1502,256,modbus,,,,\n"
                               "D,modbus+tcp://127.0.0.1:1502,1,none,,,,\n"
                               "E,modbus+tcp://127.0.0.1:1502,2,modbus,fire,,,\n"
                               "F,modbus+tcp://127.0.0.1:1502,3,modbus,delay,0xZZ,,\n"
                               "G,modbus+tcp://127.0.0.1:1502,4,modbus,delay,1,soon,\n"
                               "H,modbus+tcp://127.0.0.1:1502,5,modbus,,,,5\n",
                               &problems),
                     ERR_DATA);
    assert_int_equal(problems.n, 8);
    simulation_done(&simulation);
    problems_done(&problems);
}

static void places_move_to_loopback_and_into_the_folder(void **state)
{
    static const struct {
        const char *endpoint;
        const char *served;
    } rows[] = {{"modbus+tcp://10.1.2.3", "modbus+tcp://127.1.2.3:10502"},
                {"modbus+tcp://10.1.2.3:1502", "modbus+tcp://127.1.2.3:1502"},
                {"modbus+tcp://127.0.0.2:502", "modbus+tcp://127.0.0.2:502"},
                {"modbus+tcp://localhost:1502", "modbus+tcp://127.0.0.1:1502"},
                {"dlt645+tcp://[::1]:8899", "dlt645+tcp://[::1]:8899"},
                {"dlt645:///dev/serial/by-id/usb-A", "dlt645:///tmp/x/usb-A"}};
    struct simulated_meter meter = {.id = "M"};
    char served[ENDPOINT_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(simulator_read_endpoint(rows[i].endpoint, &meter), 0);
        assert_int_equal(simulation_move(&meter, false, "/tmp/x"), 0);
        simulator_endpoint(&meter, served, sizeof(served));
        assert_string_equal(served, rows[i].served);
    }
    assert_int_equal(simulator_read_endpoint("modbus+tcp://10.1.2.3", &meter), 0);
    assert_int_equal(simulation_move(&meter, true, ""), 0);
    assert_string_equal(meter.host, "10.1.2.3");
    assert_int_equal(meter.port, 502);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_names_lines_addresses_and_profiles),
        cmocka_unit_test(scenario_adds_faults_with_their_times),
        cmocka_unit_test(what_is_wrong_is_a_problem_each),
        cmocka_unit_test(places_move_to_loopback_and_into_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
