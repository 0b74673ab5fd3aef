/*
 * The publisher while the disk or the memory of SQLite fails, once or for a while: nothing
 * crashes, and when it is over every row is delivered, in order, the same bytes each time.
 */
#include "tests/support/disk.h"
#include "tests/support/scarce.h"
#include "tests/unit/publish/rig.h"

#define MINUTE INT64_C(60000)
#define SLOTS  12
#define ROWS   INT64_C(108) /* of 9 meters */

struct fault {
    uint32_t operations; /* of the disk; 0: the memory fails */
    int64_t nth;
    bool sticky;
};

static void begin_fault(struct disk *disk, const struct fault *fault)
{
    if (fault->operations != 0) {
        disk_fail(disk, fault->operations, fault->nth, fault->sticky ? DISK_ALWAYS : 1);
    } else {
        scarce_fail(fault->nth, fault->sticky);
    }
}

static int64_t end_fault(struct disk *disk)
{
    int64_t failures = disk_failures(disk) + scarce_failures();

    disk_fail(disk, 0, 0, 0);
    scarce_fail(0, false);
    return failures;
}

/* A backlog that drains while the fault comes. */
static int64_t drain_with(const struct fault *fault)
{
    struct disk *disk = disk_new();
    struct rig rig;
    int64_t cursor_seq = 0;

    disk_stop(disk);
    rig_init(&rig);
    for (int slot = 0; slot < SLOTS; slot++) {
        rig_readings(&rig, 9, T0 + slot * MINUTE);
    }
    rig.up = false;
    rig_start(&rig);
    begin_fault(disk, fault);
    rig.up = true;
    rig_advance(&rig, 5 * MINUTE);
    int64_t failures = end_fault(disk);

    rig_advance(&rig, 3 * MINUTE);
    struct publish_status status = publish_status(rig.publish);

    if (status.acked_seq != ROWS || status.purged != 0) {
        fail_msg("operations %u, number %lld%s: %s, seq %lld of %lld, %llu left out, %s",
                 (unsigned)fault->operations, (long long)fault->nth,
                 fault->sticky ? " and on" : "", publish_state_name(status.state),
                 (long long)status.acked_seq, (long long)status.last_seq,
                 (unsigned long long)status.purged, status.why);
    }
    rig_expect_rows(&rig, 1, ROWS);
    assert_int_equal(journal_cursor_get(rig.fixture.store, "mqtt", &cursor_seq), 0);
    assert_int_equal(cursor_seq, ROWS);
    rig_done(&rig);
    disk_free(disk);
    return failures;
}

static void at_each(uint32_t operations)
{
    int64_t n = 0;

    for (int sticky = 0; sticky <= 1; sticky++) {
        struct fault fault = {operations, 1, sticky != 0};

        while (drain_with(&fault) > 0) {
            n++;
            fault.nth += 1 + fault.nth / 8;
        }
    }
    print_message("failed in %lld runs\n", (long long)n);
    assert_true(n > 0);
}

static void a_failing_disk_loses_no_row(void **state)
{
    (void)state;
    at_each(DISK_ANY);
}

static void scarce_memory_loses_no_row(void **state)
{
    (void)state;
    at_each(0);
}

/* A publisher that cannot begin says so and leaves nothing behind. */
static void scarce_memory_at_the_start_is_an_error(void **state)
{
    struct rig rig;
    int64_t nth = 0;
    int err = 0;

    (void)state;
    rig_init(&rig);
    rig_readings(&rig, 9, T0);
    rig_start(&rig);
    publish_free(rig.publish);
    do {
        scarce_fail(++nth, false);
        err = publish_new(&rig.options, &rig.publish);
        if (err == 0 && scarce_failures() > 0) {
            publish_free(rig.publish); /* it could do without */
        }
    } while (scarce_failures() > 0);
    scarce_fail(0, false);

    assert_int_equal(err, 0);
    assert_true(nth > 10);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_disk_loses_no_row),
        cmocka_unit_test(scarce_memory_loses_no_row),
        cmocka_unit_test(scarce_memory_at_the_start_is_an_error),
    };

    scarce_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
