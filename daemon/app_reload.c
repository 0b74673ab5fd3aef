#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/app_state.h"
#include "daemon/control/changes.h"
#include "daemon/core/log.h"
#include "daemon/sync/register_sync.h"

/*
 * A reload goes round the threads once: main reads the files, store brings the register in
 * line, collect and publish take over what changed, main replaces the old files. Until the
 * first two have succeeded nothing is changed.
 */
struct reload {
    struct write_job job;
    struct app *app;
    struct setup *setup;       /* the new ones */
    struct control_call *call; /* NULL: asked by a signal */
    bool dry_run;
    struct register_options options;
    struct register_report report;
    struct meter *meters; /* in force now, for collect */
    const struct profile **profiles;
    int n_meters;
    int publish_err;
};

static void reload_once_more(void *ctx)
{
    app_reload(ctx);
}

static void reload_free(struct reload *reload)
{
    struct app *app = reload->app;

    register_report_done(&reload->report);
    free(reload->meters);
    free((void *)reload->profiles);
    app->reload_busy = false;
    free(reload);
    if (app->reload_again) {
        app->reload_again = false;
        (void)loop_post(app->loop[APP_LOOP_MAIN], reload_once_more, app);
    }
}

/* Main thread, last: the new files are in force. */
static void on_taken_over(void *ctx)
{
    struct reload *reload = ctx;
    struct app *app = reload->app;

    if (app->retired != NULL) {
        setup_free(app->setup); /* a job still reads the files before these */
    } else {
        app->retired = app->setup;
    }
    app->setup = reload->setup;
    app_retire(app);
    log_info("reloaded: %d added, %d changed, %d closed", reload->report.n_added,
             reload->report.n_changed, reload->report.n_closed);
    if (reload->call != NULL) {
        control_reply(reload->call, changes_json(&reload->report));
    }
    reload_free(reload);
    app_assess_now(app, NULL);
}

/* Publish thread. */
static void on_publish_turn(void *ctx)
{
    struct reload *reload = ctx;
    struct app *app = reload->app;

    if (app->publish != NULL) {
        publish_stop(app->publish);
        publish_free(app->publish);
        app->publish = NULL;
    }
    reload->publish_err = app_publish_open(app, reload->setup);
    (void)loop_post(app->loop[APP_LOOP_MAIN], on_taken_over, reload);
}

/* Collect thread. */
static void on_collect_turn(void *ctx)
{
    struct reload *reload = ctx;
    struct app *app = reload->app;
    const struct collect_timing timing = collect_timing_of(reload->setup->conf);

    if (collect_set_timing(app->collect, &timing) != 0 ||
        collect_set_meters(app->collect, reload->meters, reload->n_meters,
                           reload->profiles) != 0) {
        log_error("reload: out of memory, the meters before go on");
    }
    (void)loop_post(app->loop[APP_LOOP_PUBLISH], on_publish_turn, reload);
}

static void fail(struct reload *reload, int exit_code, const char *text)
{
    log_error("reload: %s; nothing is changed", text);
    if (reload->call != NULL) {
        control_reply_error(reload->call, exit_code, "%s", text);
    }
    setup_free(reload->setup);
    reload_free(reload);
}

/* Store thread. */
static int run_apply(struct store *store, void *ctx)
{
    struct reload *reload = ctx;

    return register_apply(store, &reload->setup->registry, &reload->options,
                          &reload->report);
}

/* Main thread. */
static void on_applied(void *ctx, int result)
{
    struct reload *reload = ctx;
    struct app *app = reload->app;
    char text[160];

    if (result == ERR_DATA) {
        (void)snprintf(
            text, sizeof(text),
            "%d of %d ids leave the register, more than %d; if that is meant, apply "
            "with --allow-removals %d",
            reload->report.n_removed, reload->report.n_ids, reload->report.limit,
            reload->report.n_removed);
        fail(reload, 65, text);
        return;
    }
    if (result != 0) {
        fail(reload, 74, "the store refuses the register");
        return;
    }
    if (reload->dry_run) {
        control_reply(reload->call, changes_json(&reload->report));
        setup_free(reload->setup);
        reload_free(reload);
        return;
    }
    if (app_meters_in_force(app->reader, reload->setup, reload->options.now_ms,
                            &reload->meters, &reload->profiles, &reload->n_meters) != 0) {
        fail(reload, 74, "cannot read the register from the store");
        return;
    }
    registry_drop_rows(&reload->setup->registry); /* the store has them */
    (void)loop_post(app->loop[APP_LOOP_COLLECT], on_collect_turn, reload);
}

/* What only a restart changes. Returns the option's name, or NULL. */
static const char *needs_restart(const struct conf *before, const struct conf *after)
{
    if (strcmp(before->site.id, after->site.id) != 0) {
        return "site.id";
    }
    if (before->site.tz.offset_ms != after->site.tz.offset_ms) {
        return "site.timezone";
    }
    if (strcmp(before->store.path, after->store.path) != 0) {
        return "store.path";
    }
    if (strcmp(before->control.socket, after->control.socket) != 0) {
        return "control.socket";
    }
    if (before->store.durable != after->store.durable) {
        return "store.durability";
    }
    return NULL;
}

/* Valid files that cannot come into force now. */
static bool is_refused(const struct app *app, const struct conf *conf, char *ret_why,
                       size_t size)
{
    const char *option = needs_restart(app->setup->conf, conf);

    if (option != NULL) {
        (void)snprintf(ret_why, size, "%s changes only with a restart", option);
    } else if (app_publish_check(conf) != 0) {
        (void)snprintf(ret_why, size, "the password of mqtt.username cannot be read");
    } else {
        return false;
    }
    return true;
}

static struct setup *read_files(struct app *app, struct control_call *call)
{
    struct problems problems;
    struct setup *setup = NULL;

    problems_init(&problems);
    int err = setup_load(app->options.conf_path, &problems, &setup);

    app_log_problems(&problems);
    if (err != 0) {
        log_error("reload: the files are not valid; nothing is changed");
        if (call != NULL) {
            json_t *list = json_array();
            char text[1024];

            for (size_t i = 0; i < problems.n; i++) {
                problem_text(&problems.problem[i], text, sizeof(text));
                (void)json_array_append_new(list, json_string(text));
            }
            control_reply(call,
                          json_pack("{s:b, s:i, s:s, s:o}", "ok", 0, "exit",
                                    problems_exit_code(&problems) != 0
                                        ? problems_exit_code(&problems)
                                        : 78,
                                    "error", "the files are not valid, nothing is changed",
                                    "problems", list));
        }
    }
    problems_done(&problems);
    return setup;
}

void app_reload_for(struct app *app, struct control_call *call, bool dry_run,
                    int64_t allow_removals)
{
    if (app->reload_busy) {
        if (call != NULL) {
            control_reply_error(call, 69, "another reload is under way, try again");
        } else {
            app->reload_again = true; /* the files may have changed since they were read */
        }
        return;
    }
    struct setup *setup = read_files(app, call);

    if (setup == NULL) {
        return;
    }
    struct reload *reload = calloc(1, sizeof(*reload));
    char why[160] = "out of memory";

    if (reload == NULL || is_refused(app, setup->conf, why, sizeof(why))) {
        log_error("reload: %s; nothing is changed", why);
        if (call != NULL) {
            control_reply_error(call, 78, "%s; nothing is changed", why);
        }
        setup_free(setup);
        free(reload);
        return;
    }
    app->reload_busy = true;
    reload->app = app;
    reload->setup = setup;
    reload->call = call;
    reload->dry_run = dry_run && call != NULL;
    reload->options =
        (struct register_options){.dry_run = reload->dry_run,
                                  .allow_removals = allow_removals,
                                  .now_ms = loop_wall_ms(app->loop[APP_LOOP_MAIN]),
                                  .who = call != NULL ? call->who : "signal",
                                  .zone = &setup->conf->site.tz};
    reload->job = (struct write_job){.run = run_apply,
                                     .done = on_applied,
                                     .ctx = reload,
                                     .home = app->loop[APP_LOOP_MAIN]};
    if (writer_submit(app->writer, &reload->job) != 0) {
        fail(reload, 69, "the daemon is too busy, try again");
    }
}

void app_reload(struct app *app)
{
    app_reload_for(app, NULL, false, 0);
}
