#include <unistd.h>

#include "daemon/core/log.h"
#include "tests/support/test.h"

static void a_burst_passes_then_lines_are_counted_and_told_later(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    uint32_t suppressed = 99;

    assert_int_equal(log_limit_pass(&limit, 0, 2, 1000, &suppressed), 1);
    assert_int_equal(suppressed, 0);
    assert_int_equal(log_limit_pass(&limit, 10, 2, 1000, &suppressed), 1);
    assert_int_equal(log_limit_pass(&limit, 20, 2, 1000, &suppressed), 0);
    assert_int_equal(log_limit_pass(&limit, 999, 2, 1000, &suppressed), 0);
    assert_int_equal(log_limit_pass(&limit, 1000, 2, 1000, &suppressed), 1);
    assert_int_equal(suppressed, 2);
}

static void foreign_text_cannot_forge_a_line(void **state)
{
    (void)state;
    int pipe_fd[2];
    int saved = dup(STDERR_FILENO);
    char got[256] = {0};

    assert_int_equal(pipe(pipe_fd), 0);
    assert_true(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
    log_init(LOG_LEVEL_INFO, 1);
    log_warn("meter %s", "M1\n<3>forged");
    log_debug("not written");
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(pipe_fd[1]);
    ssize_t n = read(pipe_fd[0], got, sizeof(got) - 1);

    assert_true(n > 0);
    assert_string_equal(got, "<4>meter M1 <3>forged\n");
    (void)close(pipe_fd[0]);
    (void)close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_then_lines_are_counted_and_told_later),
        cmocka_unit_test(foreign_text_cannot_forge_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
