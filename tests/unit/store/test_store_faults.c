/*
 * The store while the disk or the memory fails, once or for a while: nothing crashes, and
 * when it is over every row that was handed over is there.
 * test_store_faults all: at every single operation, not only at some.
 */
#include <string.h>

#include "tests/support/scarce.h"
#include "tests/unit/store/workload.h"

#define ROUNDS 6

static bool at_every_operation;

/* The next operation to fail: all of the first ones, then fewer and fewer. */
static int64_t after(int64_t nth)
{
    return at_every_operation ? nth + 1 : nth + 1 + nth / 8;
}

struct fault {
    uint32_t operations; /* of the disk; 0: the memory fails */
    int64_t nth;
    bool sticky;
};

static void begin_fault(const struct workload *workload, const struct fault *fault)
{
    if (fault->operations != 0) {
        disk_fail(workload->disk, fault->operations, fault->nth,
                  fault->sticky ? DISK_ALWAYS : 1);
    } else {
        scarce_fail(fault->nth, fault->sticky);
    }
}

static int64_t end_fault(const struct workload *workload)
{
    int64_t failures = disk_failures(workload->disk) + scarce_failures();

    disk_fail(workload->disk, 0, 0, 0);
    scarce_fail(0, false);
    return failures;
}

/* What is there at the end: as the writer said, and after another start. */
static void check(struct workload *workload, const struct fault *fault)
{
    char what[96];

    (void)snprintf(what, sizeof(what), "operations %u, number %lld%s",
                   (unsigned)fault->operations, (long long)fault->nth,
                   fault->sticky ? " and on" : "");
    workload_catch_up(workload);
    workload_close(workload);
    disk_stop(workload->disk);
    workload_check(workload, workload->fixture.path, workload->n_acked, what);
}

static int64_t fail_while_writing(const struct fault *fault)
{
    struct workload workload;

    workload_init(&workload);
    assert_int_equal(workload_open(&workload), 0);
    workload_round(&workload);
    begin_fault(&workload, fault);
    for (int i = 1; i < ROUNDS; i++) {
        workload_round(&workload);
    }
    int64_t failures = end_fault(&workload);

    check(&workload, fault);
    workload_done(&workload);
    return failures;
}

/* A store with rows; the fault comes while the program ends and starts. */
static int64_t fail_while_opening(const struct fault *fault)
{
    struct workload workload;

    workload_init(&workload);
    assert_int_equal(workload_open(&workload), 0);
    for (int i = 0; i < ROUNDS; i++) {
        workload_round(&workload);
    }
    begin_fault(&workload, fault);
    workload_close(&workload);
    int err = workload_open(&workload);
    int64_t failures = end_fault(&workload);

    if (err != 0) {
        assert_int_equal(workload_open(&workload), 0);
    }
    workload_round(&workload);
    check(&workload, fault);
    workload_done(&workload);
    return failures;
}

static int64_t fail_while_making(const struct fault *fault)
{
    struct workload workload;

    workload_init(&workload);
    begin_fault(&workload, fault);
    int err = workload_open(&workload);
    int64_t failures = end_fault(&workload);

    if (err != 0) {
        assert_int_equal(workload_open(&workload), 0);
    }
    workload_round(&workload);
    check(&workload, fault);
    workload_done(&workload);
    return failures;
}

/* The fault a bit later each time, until it comes too late to be met. */
static void at_each(uint32_t operations, int64_t (*run)(const struct fault *fault))
{
    int64_t n = 0;
    int64_t last = 0;

    for (int sticky = 0; sticky <= 1; sticky++) {
        struct fault fault = {operations, 1, sticky != 0};

        while (run(&fault) > 0) {
            n++;
            last = fault.nth;
            fault.nth = after(fault.nth);
        }
    }
    print_message("failed in %lld runs, at up to the operation %lld\n", (long long)n,
                  (long long)last);
    assert_true(n > 0);
}

static void a_failing_disk_loses_no_reading(void **state)
{
    (void)state;
    at_each(DISK_ANY, fail_while_writing);
}

static void failing_writes_and_syncs_lose_no_reading(void **state)
{
    (void)state;
    at_each(DISK_WRITE, fail_while_writing);
    at_each(DISK_SYNC, fail_while_writing);
}

static void a_failing_disk_at_a_restart_loses_no_reading(void **state)
{
    (void)state;
    at_each(DISK_ANY, fail_while_opening);
}

static void a_failing_disk_at_the_first_start_is_no_end(void **state)
{
    (void)state;
    at_each(DISK_ANY, fail_while_making);
}

static void scarce_memory_loses_no_reading(void **state)
{
    (void)state;
    at_each(0, fail_while_writing);
}

static void scarce_memory_at_a_restart_loses_no_reading(void **state)
{
    (void)state;
    at_each(0, fail_while_opening);
}

static void scarce_memory_at_the_first_start_is_no_end(void **state)
{
    (void)state;
    at_each(0, fail_while_making);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_disk_loses_no_reading),
        cmocka_unit_test(failing_writes_and_syncs_lose_no_reading),
        cmocka_unit_test(a_failing_disk_at_a_restart_loses_no_reading),
        cmocka_unit_test(a_failing_disk_at_the_first_start_is_no_end),
        cmocka_unit_test(scarce_memory_loses_no_reading),
        cmocka_unit_test(scarce_memory_at_a_restart_loses_no_reading),
        cmocka_unit_test(scarce_memory_at_the_first_start_is_no_end),
    };

    scarce_install();
    at_every_operation = argc > 1 && strcmp(argv[1], "all") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
