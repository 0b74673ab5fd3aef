#include "tests/unit/conf/corpus.h"

#include "daemon/conf/files.h"
#include "tests/support/test.h"

static bool has_problem(const struct problems *problems, const char *path,
                        const char *expected)
{
    char text[1024];
    char wanted[1024];

    (void)snprintf(wanted, sizeof(wanted), "%s:%s", path, expected);
    for (size_t i = 0; i < problems->n; i++) {
        problem_text(&problems->problem[i], text, sizeof(text));
        if (strncmp(text, wanted, strlen(wanted)) == 0) {
            return true;
        }
    }
    return false;
}

static void show(const struct problems *problems)
{
    char text[1024];

    for (size_t i = 0; i < problems->n; i++) {
        problem_text(&problems->problem[i], text, sizeof(text));
        print_error("  found %s\n", text);
    }
}

static void compare(const struct problems *problems, const char *path, const char *sidecar)
{
    char line[512];
    size_t n = 0;
    FILE *file = fopen(sidecar, "r");

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        n++;
        if (!has_problem(problems, path, line)) {
            print_error("%s: expected %s\n", path, line);
            show(problems);
            fail();
        }
    }
    (void)fclose(file);
    if (n != problems->n) {
        print_error("%s: %zu problems, %zu expected\n", path, problems->n, n);
        show(problems);
        fail();
    }
}

int corpus_each(const char *folder,
                int (*read)(const char *path, struct problems *problems))
{
    struct names names;
    char path[512];
    char sidecar[512];

    assert_int_equal(names_of_folder(folder, ".yaml", &names), 0);
    for (size_t i = 0; i < names.n; i++) {
        struct problems problems;
        int stem = (int)strlen(names.name[i]) - 5;

        problems_init(&problems);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names.name[i]);
        (void)snprintf(sidecar, sizeof(sidecar), "%s/%.*s.expect", folder, stem,
                       names.name[i]);
        assert_int_not_equal(read(path, &problems), 0);
        compare(&problems, path, sidecar);
        assert_int_equal(problems_exit_code(&problems), 78);
        problems_done(&problems);
    }
    int n = (int)names.n;

    names_free(&names);
    return n;
}
