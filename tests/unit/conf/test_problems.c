#include "daemon/conf/problems.h"
#include "tests/support/test.h"

static void problems_print_file_line_and_column(void **state)
{
    struct problems problems;
    char text[128];

    (void)state;
    problems_init(&problems);
    problems_add(&problems, PROBLEM_CONFIG, "a.yaml", 3, 5, "%d wrong", 2);
    problems_add(&problems, PROBLEM_WARNING, "a.yaml", 4, 0, "odd");
    problems_add(&problems, PROBLEM_IO, "b.csv", 0, 0, "no such file");
    problems_add(&problems, PROBLEM_DATA, NULL, 0, 0, "no file at fault");

    problem_text(&problems.problem[0], text, sizeof(text));
    assert_string_equal(text, "a.yaml:3:5: 2 wrong");
    problem_text(&problems.problem[1], text, sizeof(text));
    assert_string_equal(text, "a.yaml:4: warning: odd");
    problem_text(&problems.problem[2], text, sizeof(text));
    assert_string_equal(text, "b.csv: no such file");
    problem_text(&problems.problem[3], text, sizeof(text));
    assert_string_equal(text, "no file at fault");
    problems_done(&problems);
}

static void configuration_wins_over_data_over_io_over_warnings(void **state)
{
    struct problems problems;

    (void)state;
    problems_init(&problems);
    assert_int_equal(problems_exit_code(&problems), 0);
    problems_add(&problems, PROBLEM_WARNING, "f", 1, 1, "w");
    assert_int_equal(problems_exit_code(&problems), 0);
    assert_false(problems_has_errors(&problems));
    problems_add(&problems, PROBLEM_IO, "f", 1, 1, "i");
    assert_int_equal(problems_exit_code(&problems), 74);
    problems_add(&problems, PROBLEM_DATA, "f", 1, 1, "d");
    assert_int_equal(problems_exit_code(&problems), 65);
    problems_add(&problems, PROBLEM_CONFIG, "f", 1, 1, "c");
    assert_int_equal(problems_exit_code(&problems), 78);
    assert_true(problems_has_errors(&problems));
    problems_done(&problems);
}

static void a_full_list_still_knows_the_worst_kind(void **state)
{
    struct problems problems;

    (void)state;
    problems_init(&problems);
    for (int i = 0; i < PROBLEMS_MAX + 10; i++) {
        problems_add(&problems, PROBLEM_WARNING, "f", i, 1, "w");
    }
    assert_int_equal(problems.n, PROBLEMS_MAX);
    assert_int_equal(problems.dropped, 10);
    problems_add(&problems, PROBLEM_DATA, "f", 1, 1, "d");
    assert_int_equal(problems_exit_code(&problems), 65);
    problems_add(&problems, PROBLEM_CONFIG, "f", 1, 1, "c");
    assert_int_equal(problems_exit_code(&problems), 78);
    assert_int_equal(problems.n, PROBLEMS_MAX);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_print_file_line_and_column),
        cmocka_unit_test(configuration_wins_over_data_over_io_over_warnings),
        cmocka_unit_test(a_full_list_still_knows_the_worst_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
