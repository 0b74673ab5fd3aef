#include "daemon/conf/conf.h"
#include "daemon/conf/profile.h"
#include "tests/support/test.h"
#include "tests/unit/conf/corpus.h"

static int read_conf(const char *path, struct problems *problems)
{
    struct conf *conf = NULL;
    int err = conf_load(path, problems, &conf);

    assert_true((err == 0) == (conf != NULL));
    conf_free(conf);
    return err;
}

static int read_profile(const char *path, struct problems *problems)
{
    struct profile profile = {0};
    int err = profile_load(path, problems, &profile);

    profile_done(&profile);
    return err;
}

static void every_bad_configuration_is_told_at_its_line_and_column(void **state)
{
    (void)state;
    assert_true(corpus_each("tests/data/conf/bad", read_conf) >= 60);
}

static void every_bad_profile_is_told_at_its_line_and_column(void **state)
{
    (void)state;
    assert_true(corpus_each("tests/data/conf/bad_profiles", read_profile) >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_configuration_is_told_at_its_line_and_column),
        cmocka_unit_test(every_bad_profile_is_told_at_its_line_and_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
