/* 2,000 connections at once, all of their descriptors above 1,024. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

#define LINES       2000
#define DESCRIPTORS 6000 /* both ends live here, and what fills the low numbers */
#define LOW         1024

static struct rig rig;

static void two_thousand_connections_lose_no_slot(void **state)
{
    struct rlimit limit;
    struct fake_meter *fake = NULL;
    struct conf_line lines[1] = {
        {.gap_ms = -1, .timeout_ms = -1, .retries = -1, .connections = LINES}};
    static int low[LOW];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < DESCRIPTORS) {
        print_message("SKIPPED: %d descriptors needed, the hard limit is %ld\n",
                      DESCRIPTORS, (long)limit.rlim_max);
        skip();
    }
    limit.rlim_cur = DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < LOW; i++) {
        low[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(low[i] >= 0);
    }
    rig_init(&rig);
    assert_int_equal(fake_meter_new(rig.meter_loop, NULL, 0, &fake), 0);
    for (int i = 0; i < LINES; i++) {
        (void)rig_add_meter(&rig, fake_meter_port(fake), 1, 60);
    }
    (void)snprintf(lines[0].endpoint, sizeof(lines[0].endpoint), "%s",
                   rig.meter[0].endpoint);
    rig.options.timing.line = lines;
    rig.options.timing.n_lines = 1;

    rig_start(&rig);
    rig_run(&rig, 600000 - 1);

    assert_int_equal(fake_meter_open(fake), LINES);
    assert_int_equal(fake_meter_accepted(fake), LINES);
    assert_int_equal(rig.n_samples, LINES * 10);
    for (size_t i = 0; i < rig.n_samples; i++) {
        assert_int_equal(rig.sample[i].status, SLOT_OK);
    }
    fake_meter_free(fake);
    rig_done(&rig);
    for (int i = 0; i < LOW; i++) {
        (void)close(low[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_thousand_connections_lose_no_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
