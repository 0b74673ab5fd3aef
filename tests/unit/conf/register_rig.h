/* Register files in a folder of their own, read with the shipped profiles and names. */
#ifndef ECMON_TESTS_CONF_REGISTER_RIG_H
#define ECMON_TESTS_CONF_REGISTER_RIG_H

#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/conf/register.h"
#include "tests/support/test.h"

struct rig {
    char folder[64];
    struct conf conf;
    struct profiles profiles;
    struct problems problems;
    struct registry registry;
    int result;
};

/* Enterprises that tests of other files need. */
#define RIG_ENTERPRISES                                                                    \
    "id,name,size_class,industry,region\n"                                                 \
    "E001,甲厂,规上,C3110,330282\n"                                                    \
    "E002,乙厂,below,C1713,330282\n"

static inline void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/ecmon-register-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    struct conf *conf = &rig->conf;

    assert_non_null(getcwd(conf->folder, sizeof(conf->folder) - sizeof("/config")));
    memcpy(conf->folder + strlen(conf->folder), "/config", sizeof("/config"));
    (void)snprintf(conf->site.id, sizeof(conf->site.id), "cixi-binhai");
    conf->site.tz = (struct zone){8 * 3600 * 1000, "Asia/Shanghai"};
    conf->collect.interval_ms = 60000;
    (void)snprintf(conf->reg.enterprises, CONF_PATH_LEN, "%s/enterprises.csv", rig->folder);
    (void)snprintf(conf->reg.meters, CONF_PATH_LEN, "%s/meters.csv", rig->folder);
    (void)snprintf(conf->reg.lists, CONF_PATH_LEN, "%s/lists.csv", rig->folder);
    (void)snprintf(conf->reg.groups, CONF_PATH_LEN, "%s/groups.csv", rig->folder);
    problems_init(&rig->problems);
    assert_int_equal(profiles_load(conf, &rig->problems, &rig->profiles), 0);
    rig->result = 1;
}

static inline void rig_write_bytes(struct rig *rig, const char *name, const void *bytes,
                                   size_t n)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static inline void rig_write(struct rig *rig, const char *name, const char *text)
{
    rig_write_bytes(rig, name, text, strlen(text));
}

static inline void rig_load(struct rig *rig)
{
    if (rig->result == 0) {
        registry_done(&rig->registry);
    }
    problems_done(&rig->problems);
    rig->result = registry_load(&rig->conf, &rig->profiles, &rig->problems, &rig->registry);
}

static inline void rig_done(struct rig *rig)
{
    static const char *const names[] = {"enterprises.csv", "meters.csv", "lists.csv",
                                        "groups.csv", "accounts.csv"};

    if (rig->result == 0) {
        registry_done(&rig->registry);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
    profiles_done(&rig->profiles);
    problems_done(&rig->problems);
}

static inline void rig_print(const struct rig *rig)
{
    char text[512];

    for (size_t i = 0; i < rig->problems.n; i++) {
        problem_text(&rig->problems.problem[i], text, sizeof(text));
        print_error("  %s\n", text);
    }
}

/* Fails unless a problem of that kind stands at line:column and its text holds part. */
static inline void rig_expect(const struct rig *rig, enum problem_kind kind, long line,
                              int column, const char *part)
{
    for (size_t i = 0; i < rig->problems.n; i++) {
        const struct problem *problem = &rig->problems.problem[i];

        if (problem->kind == kind && problem->line == line && problem->column == column &&
            strstr(problem->message, part) != NULL) {
            return;
        }
    }
    print_error("no problem at %ld:%d with \"%s\"; found were\n", line, column, part);
    rig_print(rig);
    fail();
}

#endif
