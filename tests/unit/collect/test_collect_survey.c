/* Readings of many addresses on one line, against a server in a thread of its own. */
#include <pthread.h>

#include "daemon/collect/survey.h"
#include "daemon/core/clock.h"
#include "daemon/core/log.h"
#include "tests/support/fake_meter.h"
#include "tests/support/test.h"

static struct loop *server_loop;
static struct fake_meter *fake;
static pthread_t server;
static struct profile_point point[1];
static struct profile profile;
static char endpoint[64];
static int n_done;
static int answered[10]; /* by item: 1 values, 0x100 + exception, 0 nobody */

/* Unit 3 answers, 5 refuses, of 6 the gateway says that nobody is there; else silence. */
static void reply(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    ret->action = request->unit == 3                         ? FAKE_ANSWER
                  : request->unit == 5 || request->unit == 6 ? FAKE_EXCEPTION
                                                             : FAKE_MUTE;
    ret->exception = request->unit == 5 ? 2 : 0x0B;
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
    point[0] =
        (struct profile_point){.quantity = QUANTITY_POWER_W, .function = 3, .n_parts = 1};
    point[0].part[0] = (struct profile_part){.type = REGISTER_U16, .scale = {1, 1}};
    profile = (struct profile){
        .id = "probe", .n_points = 1, .point = point, .register_wh = {1, 1}};
    int err = loop_new(clock_real(), 4, &server_loop);

    if (err == 0) {
        err = fake_meter_new(server_loop, &script, 0, &fake);
    }
    if (err == 0) {
        (void)snprintf(endpoint, sizeof(endpoint), "modbus+tcp://127.0.0.1:%u",
                       (unsigned)fake_meter_port(fake));
        err = pthread_create(&server, NULL, serve, server_loop);
    }
    n_done = 0;
    memset(answered, 0, sizeof(answered));
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

static bool on_done(void *ctx, int item, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    const int *stop_after = ctx;
    uint8_t exception = 0;

    (void)sample;
    assert_int_equal(item, n_done++);
    if (survey_answer(endpoint, frames, n_frames, &exception) != NULL) {
        answered[item] = exception != 0 ? 0x100 + exception : 1;
    }
    return n_done != *stop_after;
}

static void survey(int n, int stop_after)
{
    struct survey_item item[10];
    struct survey_options options = {.endpoint = endpoint,
                                     .item = item,
                                     .n = n,
                                     .timeout_ms = 50,
                                     .done = on_done,
                                     .ctx = &stop_after};

    for (int i = 0; i < n; i++) {
        (void)snprintf(item[i].address, sizeof(item[i].address), "%d", i);
        item[i].profile = &profile;
    }
    assert_int_equal(collect_survey(&options), 0);
}

static void who_answers_or_refuses_is_there_and_a_gateway_is_nobody(void **state)
{
    (void)state;

    survey(8, 0);

    assert_int_equal(n_done, 8);
    assert_int_equal(answered[3], 1);
    assert_int_equal(answered[5], 0x102);
    for (int i = 0; i < 8; i++) {
        assert_true(i == 3 || i == 5 || answered[i] == 0);
    }
}

static void a_survey_ends_when_it_is_told_so(void **state)
{
    (void)state;

    survey(8, 4);

    assert_int_equal(n_done, 4);
}

static void dlt645_replies_and_errors_are_told_apart(void **state)
{
    struct collect_frame frames[2] = {
        {.sent = true},
        {.n = 18,
         .bytes = {0xFE, 0xFE, 0x68, 0x90, 0x78, 0x56, 0x34, 0x12, 0x00, 0x68, 0x91, 0x04,
                   0x33, 0x33, 0x34, 0x33, 0xC5, 0x16}}};
    uint8_t exception = 9;

    (void)state;
    assert_ptr_equal(survey_answer("dlt645+tcp://h:1", frames, 2, &exception), &frames[1]);
    assert_int_equal(exception, 0);
    frames[1].bytes[10] = 0xD1; /* refused */
    frames[1].bytes[11] = 0x01;
    frames[1].bytes[12] = 0x35; /* 02H: no such data */

    assert_ptr_equal(survey_answer("dlt645+tcp://h:1", frames, 2, &exception), &frames[1]);
    assert_int_equal(exception, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_answers_or_refuses_is_there_and_a_gateway_is_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_survey_ends_when_it_is_told_so, setup, teardown),
        cmocka_unit_test(dlt645_replies_and_errors_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
