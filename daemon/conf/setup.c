#include "daemon/conf/setup.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"

#define METHODS_NAMED_MAX 63 /* of which the nearest is looked for */

void setup_free(struct setup *setup)
{
    if (setup == NULL) {
        return;
    }
    registry_done(&setup->registry);
    methods_done(&setup->methods);
    profiles_done(&setup->profiles);
    conf_free(setup->conf);
    free(setup);
}

/* ids ends with NULL. */
static int no_such_method(struct problems *problems, const struct conf_place *place,
                          const char *kind, const char *id, const char *const *ids)
{
    const char *nearest = text_nearest(id, ids);

    problems_add(problems, PROBLEM_CONFIG, place->file, place->line, place->column,
                 "assess.%s: there is no %s method \"%s\"%s%s%s", kind, kind, id,
                 nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
                 nearest != NULL ? "\"?" : "");
    return ERR_CONFIG;
}

static int check_methods_named(const struct setup *setup, struct problems *problems)
{
    const struct conf *conf = setup->conf;
    const struct methods *methods = &setup->methods;
    const char *ids[METHODS_NAMED_MAX + 1] = {NULL};
    int err = 0;

    if (methods_resumption(methods, conf->assess.resumption) == NULL) {
        for (int i = 0; i < methods->n_resumption && i < METHODS_NAMED_MAX; i++) {
            ids[i] = methods->resumption[i].id;
        }
        err = no_such_method(problems, &conf->assess.resumption_place, "resumption",
                             conf->assess.resumption, ids);
    }
    if (methods_carbon(methods, conf->assess.carbon) == NULL) {
        memset(ids, 0, sizeof(ids));
        for (int i = 0; i < methods->n_carbon && i < METHODS_NAMED_MAX; i++) {
            ids[i] = methods->carbon[i].id;
        }
        err = no_such_method(problems, &conf->assess.carbon_place, "carbon",
                             conf->assess.carbon, ids);
    }
    return err;
}

int setup_load(const char *conf_path, struct problems *problems, struct setup **ret_setup)
{
    struct setup *setup = calloc(1, sizeof(*setup));
    int err = setup == NULL ? ERR_NOMEM : conf_load_all(conf_path, problems, &setup->conf);

    if (err == 0 || (err == ERR_CONFIG && setup->conf != NULL)) {
        int conf_err = err;
        int profiles_err = profiles_load(setup->conf, problems, &setup->profiles);
        int methods_err = methods_load(setup->conf, problems, &setup->methods);
        int registry_err =
            registry_load(setup->conf, &setup->profiles, problems, &setup->registry);

        err = profiles_err != 0  ? profiles_err
              : methods_err != 0 ? methods_err
                                 : registry_err;
        err = conf_err != 0 ? conf_err : err;
        if (methods_err == 0) {
            int named_err = check_methods_named(setup, problems);

            err = err != 0 ? err : named_err;
        }
    }
    if (err != 0) {
        setup_free(setup);
        return err;
    }
    *ret_setup = setup;
    return 0;
}

/* What is well-formed and yet will not do for long. */
static void warn_of_size(const struct setup *setup, struct problems *problems)
{
    const struct conf *conf = setup->conf;
    int64_t left_days = conf_days_left(conf, setup->registry.n_meters);
    int64_t kept_days = conf->store.keep_readings_ms / MS_PER_DAY;

    if (setup->registry.n_meters > 0 && left_days < kept_days) {
        problems_add(
            problems, PROBLEM_WARNING, conf->file, 0, 0,
            "store.max_size lasts for %lld days of readings of %d meters, less than "
            "keep_readings (%lld days)",
            (long long)left_days, setup->registry.n_meters, (long long)kept_days);
    }
}

int setup_check(const char *conf_path, bool strict, int64_t now_ms, setup_check_fn more,
                FILE *out, FILE *errors)
{
    struct problems problems;
    struct setup *setup = NULL;
    char text[1024];

    problems_init(&problems);
    int err = setup_load(conf_path, &problems, &setup);

    if (err == 0) {
        warn_of_size(setup, &problems);
        if (more != NULL) {
            more(setup, now_ms, &problems);
        }
    }
    for (size_t i = 0; i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        (void)fprintf(errors, "%s\n", text);
    }
    if (problems.dropped > 0) {
        (void)fprintf(errors, "… and %zu more\n", problems.dropped);
    }
    int exit_code = problems_exit_code(&problems);

    if (exit_code == 0 && err != 0) {
        exit_code = 74;
    }
    if (exit_code == 0 && strict && problems.n > 0) {
        exit_code = 1;
    }
    if (exit_code == 0) {
        (void)fprintf(
            out,
            "%s: ok: %d enterprise rows, %d meter rows, %d profiles, %d resumption and "
            "%d carbon methods\n",
            conf_path, setup->registry.n_enterprises, setup->registry.n_meters,
            setup->profiles.n, setup->methods.n_resumption, setup->methods.n_carbon);
    }
    setup_free(setup);
    problems_done(&problems);
    return exit_code;
}
