/*
 * What a power cut may leave of a store: images rebuilt from the recorded writes.
 * test_power_cut [IMAGES]: more of them, in each of the runs.
 */
#include <string.h>

#include "tests/unit/store/workload.h"

#define ROUNDS       80
#define REOPEN_EVERY 27

static int n_images = 100;

struct cut {
    char folder[64];
    char path[96];
};

static void cut_init(struct cut *cut)
{
    (void)snprintf(cut->folder, sizeof(cut->folder), "/tmp/ecmon-cut-XXXXXX");
    assert_non_null(mkdtemp(cut->folder));
    (void)snprintf(cut->path, sizeof(cut->path), "%s/ecmon.db", cut->folder);
}

static void cut_done(const struct cut *cut)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".lock"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", cut->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(cut->folder);
}

/* Rounds that were acknowledged before the power went. */
static int acked_before(const struct workload *workload, size_t n_operations)
{
    int n = 0;

    while (n < workload->n_acked && workload->ack[n].n_operations <= n_operations) {
        n++;
    }
    return n;
}

static void check_image(const struct workload *workload, size_t n_operations, uint32_t seed)
{
    struct cut cut = {"", ""};
    char what[96];
    int n = acked_before(workload, n_operations);

    (void)snprintf(what, sizeof(what), "seed %u, cut after %zu operations, %d rounds",
                   (unsigned)seed, n_operations, n);
    cut_init(&cut);
    disk_image(workload->disk, n_operations, seed, cut.path);
    workload_check(workload, cut.path, n, what);
    cut_done(&cut);
}

static void check_images(struct workload *workload, uint32_t first_seed)
{
    size_t n_operations = disk_n_operations(workload->disk);
    uint32_t state = first_seed;

    disk_stop(workload->disk);
    for (int i = 0; i < n_images; i++) {
        state = state * 1664525u + 1013904223u;
        size_t at = (size_t)((uint64_t)state * (n_operations + 1) >> 32);

        check_image(workload, at, first_seed + (uint32_t)i);
    }
}

enum syncs {
    SYNCS_GOOD,
    SYNCS_FAIL_ONCE,
    SYNCS_FAIL_A_WHILE
};

/* With each fifth round; in between the store recovers. */
static void fail_syncs(struct workload *workload, enum syncs syncs, int round)
{
    if (syncs != SYNCS_GOOD && round % 5 == 0) {
        disk_fail(workload->disk, DISK_SYNC, 1 + round % 3,
                  syncs == SYNCS_FAIL_A_WHILE ? 2 + round / 5 % 4 : 1);
    }
}

static void run_rounds(struct workload *workload, enum syncs syncs)
{
    for (int i = 0; i < ROUNDS; i++) {
        fail_syncs(workload, syncs, i);
        workload_round(workload);
        if (i % REOPEN_EVERY == REOPEN_EVERY - 1) {
            disk_fail(workload->disk, 0, 0, 0);
            workload_close(workload);
            assert_int_equal(workload_open(workload), 0);
        }
    }
    disk_fail(workload->disk, 0, 0, 0);
    workload_catch_up(workload);
    assert_int_equal(workload->n_acked, ROUNDS);
}

/* After a failed sync the kernel may forget what it did not write, and the next sync
 * succeeds all the same. */
static void cut_power(enum syncs syncs, uint32_t first_seed)
{
    struct workload workload;

    workload_init(&workload);
    assert_int_equal(workload_open(&workload), 0);
    run_rounds(&workload, syncs);

    check_images(&workload, first_seed);

    print_message("%d images of %zu operations\n", n_images,
                  disk_n_operations(workload.disk));
    workload_done(&workload);
}

static void every_committed_row_survives_a_power_cut(void **state)
{
    (void)state;
    cut_power(SYNCS_GOOD, 1);
}

static void every_committed_row_survives_a_failed_sync_and_a_power_cut(void **state)
{
    (void)state;
    cut_power(SYNCS_FAIL_ONCE, 100001);
}

static void every_committed_row_survives_failing_syncs_and_a_power_cut(void **state)
{
    (void)state;
    cut_power(SYNCS_FAIL_A_WHILE, 200001);
}

/* All syncs fail from the nth on in one more round, the program ends and starts again.
 * Returns the rounds that are seen then; all of them must survive. */
static int64_t seen_after_a_start(int n_before, int64_t nth)
{
    struct workload workload;
    struct cut cut = {"", ""};

    workload_init(&workload);
    assert_int_equal(workload_open(&workload), 0);
    for (int i = 0; i < n_before; i++) {
        workload_round(&workload);
    }
    disk_fail(workload.disk, DISK_SYNC, nth, DISK_ALWAYS);
    workload_round(&workload);
    workload_close(&workload);
    disk_fail(workload.disk, 0, 0, 0);
    assert_int_equal(workload_open(&workload), 0);
    int64_t seen = fixture_value(workload.fixture.store, "SELECT count(*) FROM reading") /
                   WORKLOAD_METERS;
    size_t n_operations = disk_n_operations(workload.disk);

    disk_stop(workload.disk);
    for (uint32_t seed = 1; seed <= 20; seed++) {
        cut_init(&cut);
        disk_image(workload.disk, n_operations, seed, cut.path);
        workload_check(&workload, cut.path, (int)seen, "after a start");
        cut_done(&cut);
    }
    int64_t unacknowledged = seen - workload.n_acked;

    workload_done(&workload);
    return unacknowledged;
}

/* A commit that the program did not see the end of, because its sync failed or it was
 * killed, may be published after the next start. */
static void what_is_seen_after_a_start_survives_a_power_cut(void **state)
{
    int64_t unacknowledged = 0;

    (void)state;
    for (int n_before = 1; n_before <= 6; n_before++) {
        unacknowledged += seen_after_a_start(n_before, 1);
        unacknowledged += seen_after_a_start(n_before, 2);
    }

    assert_true(unacknowledged > 0);
}

static void a_store_whose_making_was_interrupted_is_made_again(void **state)
{
    struct workload workload;

    (void)state;
    workload_init(&workload);
    assert_int_equal(workload_open(&workload), 0);
    size_t n_operations = disk_n_operations(workload.disk);

    disk_stop(workload.disk);
    for (size_t at = 0; at <= n_operations; at++) {
        check_image(&workload, at, (uint32_t)(300001 + at));
    }

    print_message("%zu images of a store in the making\n", n_operations + 1);
    workload_done(&workload);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_committed_row_survives_a_power_cut),
        cmocka_unit_test(every_committed_row_survives_a_failed_sync_and_a_power_cut),
        cmocka_unit_test(every_committed_row_survives_failing_syncs_and_a_power_cut),
        cmocka_unit_test(what_is_seen_after_a_start_survives_a_power_cut),
        cmocka_unit_test(a_store_whose_making_was_interrupted_is_made_again),
    };

    if (argc > 1) {
        n_images = (int)strtol(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
