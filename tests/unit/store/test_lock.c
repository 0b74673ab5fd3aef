/* One process writes; the next one is told who. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

/* Opens the store for writing in a process of its own; its exit code is 0 (opened), 1
 * (locked, and the sentence names pid) or 2. */
static int open_elsewhere(const struct fixture *fixture, pid_t pid)
{
    pid_t child = fork();

    if (child == 0) {
        struct store_options options = fixture_options(fixture, STORE_WRITE);
        struct store *store = NULL;
        char why[256] = "";
        char expected[64];
        int err = store_open(&options, &store, why, sizeof(why));

        (void)snprintf(expected, sizeof(expected), "is held by process %ld (test_lock)",
                       (long)pid);
        if (err == 0) {
            store_close(store);
            _exit(0);
        }
        _exit(err == ERR_LOCKED && strstr(why, expected) != NULL ? 1 : 2);
    }
    int status = 0;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_second_process_is_told_who_holds_the_store(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(open_elsewhere(&fixture, getpid()), 1);
    store_close(fixture.store);
    fixture.store = NULL;
    assert_int_equal(open_elsewhere(&fixture, getpid()), 0);
    fixture_done(&fixture);
}

static void a_second_writer_in_one_process_is_refused_too(void **state)
{
    struct fixture fixture;
    struct store *second = NULL;
    char why[256];

    (void)state;
    fixture_init(&fixture);
    struct store_options options = fixture_options(&fixture, STORE_WRITE);

    assert_int_equal(store_open(&options, &second, why, sizeof(why)), ERR_LOCKED);
    assert_null(second);
    assert_non_null(strstr(why, fixture.path));
    fixture_done(&fixture);
}

static void readers_need_no_lock(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    struct store *first = fixture_open(&fixture, STORE_READ);
    struct store *second = fixture_open(&fixture, STORE_READ);

    assert_int_equal(open_elsewhere(&fixture, getpid()), 1);
    store_close(first);
    store_close(second);
    fixture_done(&fixture);
}

/* The child commits rows until it is killed; nothing that it saw committed may be lost. */
static void write_until_killed(const struct fixture *fixture, int pipe_fd)
{
    struct store *store = fixture_open(fixture, STORE_WRITE);

    for (int64_t i = 0; i < 1000000; i++) {
        struct sample sample = fixture_sample(1, T0 + i * 1000, 1, i);

        if (store_begin(store) != 0 || samples_insert(store, &sample, false) != 0 ||
            store_commit(store) != 0 || write(pipe_fd, &i, sizeof(i)) != sizeof(i)) {
            _exit(2);
        }
    }
    _exit(3);
}

static void a_killed_writer_loses_nothing_it_committed(void **state)
{
    struct fixture fixture;
    int64_t last = -1;
    int fds[2];

    (void)state;
    fixture_folder(&fixture);
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();

    if (child == 0) {
        write_until_killed(&fixture, fds[1]);
    }
    (void)close(fds[1]);
    while (last < 500 && read(fds[0], &last, sizeof(last)) == sizeof(last)) {
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(fds[0], &last, sizeof(last)) == sizeof(last)) {
    }
    (void)close(fds[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);

    fixture.store = fixture_open(&fixture, STORE_WRITE);
    int64_t rows = fixture_value(fixture.store, "SELECT count(*) FROM reading");

    assert_true(last >= 500 && (rows == last + 1 || rows == last + 2));
    assert_int_equal(journal_last_seq(fixture.store), rows);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM pragma_quick_check "
                                                  "WHERE quick_check <> 'ok'"),
                     0);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_process_is_told_who_holds_the_store),
        cmocka_unit_test(a_second_writer_in_one_process_is_refused_too),
        cmocka_unit_test(readers_need_no_lock),
        cmocka_unit_test(a_killed_writer_loses_nothing_it_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
