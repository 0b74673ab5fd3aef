/* One reading without a daemon, against a server in a thread of its own: real time. */
#include <pthread.h>

#include "daemon/collect/oneshot.h"
#include "daemon/core/clock.h"
#include "daemon/core/log.h"
#include "tests/support/fake_meter.h"
#include "tests/support/test.h"

static struct loop *server_loop;
static struct fake_meter *fake;
static pthread_t server;
static struct fake_reply behaviour;
static struct profile_point point[1];
static struct profile profile;
static char endpoint[64];

static void reply(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    (void)request;
    *ret = behaviour;
}

static void *serve(void *ctx)
{
    (void)loop_run(ctx);
    return NULL;
}

static int setup(void **state)
{
    const struct fake_script script = {.reply = reply};

    (void)state;
    log_init(LOG_LEVEL_ERROR, 0);
    behaviour = (struct fake_reply){.action = FAKE_ANSWER};
    point[0] =
        (struct profile_point){.quantity = QUANTITY_POWER_W, .function = 4, .n_parts = 1};
    point[0].part[0] = (struct profile_part){
        .address = 3, .type = REGISTER_U32, .order = WORD_ORDER_BE, .scale = {1, 1}};
    profile = (struct profile){
        .id = "test", .n_points = 1, .point = point, .register_wh = {1, 1}};
    int err = loop_new(clock_real(), 4, &server_loop);

    if (err == 0) {
        err = fake_meter_new(server_loop, &script, 0, &fake);
    }
    if (err == 0) {
        (void)snprintf(endpoint, sizeof(endpoint), "modbus+tcp://127.0.0.1:%u",
                       (unsigned)fake_meter_port(fake));
        err = pthread_create(&server, NULL, serve, server_loop);
    }
    return err;
}

static int teardown(void **state)
{
    (void)state;
    loop_stop(server_loop);
    (void)pthread_join(server, NULL);
    fake_meter_free(fake);
    loop_free(server_loop);
    return 0;
}

static struct sample read_once(const char *where, struct collect_frame **ret_frames,
                               int *ret_n_frames)
{
    struct sample sample = {0};
    const struct oneshot_options options = {.endpoint = where,
                                            .profile = &profile,
                                            .unit = 9,
                                            .ct = {10, 1},
                                            .pt = {1, 1},
                                            .timeout_ms = 100,
                                            .retries = 1};

    assert_int_equal(collect_read_once(&options, &sample, ret_frames, ret_n_frames), 0);
    return sample;
}

static void values_and_bytes_come_back(void **state)
{
    static const uint8_t answered[] = {0x00, 0x00, 0x00, 0x07, 0x09, 0x04,
                                       0x04, 0x00, 0x03, 0x00, 0x04};
    struct collect_frame *frame = NULL;
    int n = 0;

    (void)state;
    struct sample sample = read_once(endpoint, &frame, &n);

    assert_int_equal(sample.status, SLOT_OK);
    assert_int_equal(sample.value[QUANTITY_POWER_W], (3 * 65536 + 4) * 10);
    assert_int_equal(n, 2);
    assert_true(frame[0].sent);
    assert_int_equal(frame[1].n, 13);
    assert_memory_equal(frame[1].bytes + 2, answered, sizeof(answered));
    free(frame);
}

static void a_silent_meter_is_a_timeout(void **state)
{
    struct collect_frame *frame = NULL;
    int n = 0;

    (void)state;
    behaviour.action = FAKE_MUTE;
    struct sample sample = read_once(endpoint, &frame, &n);

    assert_int_equal(sample.status, SLOT_TIMEOUT);
    assert_string_equal(sample.detail, "100 ms, 2 tries");
    assert_int_equal(n, 2); /* both sent */
    free(frame);
}

static void a_foreign_reply_is_shown_and_refused(void **state)
{
    struct collect_frame *frame = NULL;
    int n = 0;

    (void)state;
    behaviour.action = FAKE_WRONG_UNIT;
    struct sample sample = read_once(endpoint, &frame, &n);

    assert_int_equal(sample.status, SLOT_BAD_UNIT);
    assert_int_equal(n, 4);
    assert_true(frame[1].foreign);
    free(frame);
}

static void a_host_name_is_looked_up(void **state)
{
    char named[64];
    struct collect_frame *frame = NULL;
    int n = 0;

    (void)state;
    /* Capitals, so that it is not the name known without looking it up. */
    (void)snprintf(named, sizeof(named), "modbus+tcp://LocalHost:%u",
                   (unsigned)fake_meter_port(fake));
    struct sample sample = read_once(named, &frame, &n);

    /* Where the name means ::1 alone, nobody listens there. */
    assert_true(sample.status == SLOT_OK || sample.status == SLOT_REFUSED);
    free(frame);
}

static void an_unknown_host_is_a_connection_fault(void **state)
{
    struct collect_frame *frame = NULL;
    int n = 0;

    (void)state;
    struct sample sample = read_once("modbus+tcp://no-such-host.invalid:502", &frame, &n);

    assert_int_equal(sample.status, SLOT_CONNECTION);
    assert_int_equal(n, 0);
    free(frame);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(values_and_bytes_come_back),
        TEST(a_silent_meter_is_a_timeout),
        TEST(a_foreign_reply_is_shown_and_refused),
        TEST(a_host_name_is_looked_up),
        TEST(an_unknown_host_is_a_connection_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
