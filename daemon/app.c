#include "daemon/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/app_state.h"
#include "daemon/core/log.h"
#include "daemon/store/registry.h"
#include "daemon/store/samples.h"
#include "daemon/sync/register_sync.h"

#define INBOX_CAP       4096
#define FINISH_ROUNDS   100
#define SAMPLES_CAP_MIN 4096

/* --- what the collect thread hands on --- */

static void deliver(void *ctx, const struct sample *sample)
{
    struct app *app = ctx;

    (void)writer_push(app->writer, sample); /* a full queue is counted there */
}

/* A change of the schedule as it goes to the store. */
struct span_job {
    struct write_job job;
    int n;
    struct app_span span[]; /* n */
};

/* Store thread. */
static int run_spans(struct store *store, void *ctx)
{
    const struct span_job *spans = ctx;
    int err = 0;

    for (int i = 0; err == 0 && i < spans->n; i++) {
        err = samples_schedule(store, spans->span[i].meter_no, spans->span[i].from_ms,
                               spans->span[i].interval_s);
    }
    return err;
}

static void on_spans_stored(void *ctx, int result)
{
    if (result != 0) {
        log_error("cannot store the schedule: error %d", result);
    }
    free(ctx);
}

/* Collect thread: all changes of one round in one job. */
static void hand_over_spans(void *ctx)
{
    struct app *app = ctx;
    size_t size = (size_t)app->n_spans * sizeof(struct app_span);
    struct span_job *spans = calloc(1, sizeof(*spans) + size);

    if (spans == NULL) {
        log_error("cannot store the schedule: out of memory");
        return;
    }
    spans->n = app->n_spans;
    memcpy(spans->span, app->span, size);
    spans->job = (struct write_job){
        .run = run_spans, .done = on_spans_stored, .ctx = spans, .lazy = true};
    app->n_spans = 0;
    if (writer_submit(app->writer, &spans->job) != 0) {
        on_spans_stored(spans, ERR_FULL);
    }
}

static void schedule(void *ctx, uint32_t meter_no, int64_t from_ms, int32_t interval_s)
{
    struct app *app = ctx;

    if (app->n_spans == app->cap_spans) {
        int cap = app->cap_spans * 2 + 64;
        struct app_span *grown = realloc(app->span, (size_t)cap * sizeof(*grown));

        if (grown == NULL) {
            log_error("cannot store the schedule: out of memory");
            return;
        }
        app->span = grown;
        app->cap_spans = cap;
    }
    app->span[app->n_spans++] = (struct app_span){meter_no, interval_s, from_ms};
    if (app->n_spans == 1) {
        (void)loop_post(app->loop[APP_LOOP_COLLECT], hand_over_spans, app);
    }
}

/* --- what the store thread tells the publisher --- */

/* Publish thread. */
static void on_journal(void *ctx)
{
    struct app *app = ctx;

    if (app->publish != NULL) {
        publish_notify(app->publish, (int64_t)atomic_load(&app->last_seq));
    }
}

/* Store thread. */
static void on_commit(void *ctx, int64_t last_seq)
{
    struct app *app = ctx;

    atomic_store(&app->last_seq, last_seq);
    (void)loop_post(app->loop[APP_LOOP_PUBLISH], on_journal, app);
}

/* --- the way up --- */

static int open_files(struct app *app)
{
    struct problems problems;
    int exit_code = 0;

    problems_init(&problems);
    if (setup_load(app->options.conf_path, &problems, &app->setup) != 0) {
        exit_code = problems_exit_code(&problems);
        exit_code = exit_code != 0 ? exit_code : 1;
    }
    app_log_problems(&problems);
    problems_done(&problems);
    return exit_code;
}

/* A register that lost too many ids: go on with the one in the store, and say so. */
static int shrunk(struct app *app, const struct register_report *report, int64_t now_ms)
{
    char detail[128];

    (void)snprintf(detail, sizeof(detail), "%d of %d ids are no longer in the files",
                   report->n_removed, report->n_ids);
    log_error(
        "register_shrunk: %s; running on the register in the store. If that is meant: "
        "ecmon apply --allow-removals %d",
        detail, report->n_removed);
    return store_event(app->store, now_ms, "register_shrunk",
                       app->setup->conf->reg.enterprises, detail);
}

static int apply_register(struct app *app, int64_t now_ms)
{
    struct register_report report = {0};
    const struct register_options options = {
        .now_ms = now_ms, .who = "ecmond", .zone = &app->setup->conf->site.tz};
    int err = store_begin(app->store);

    if (err == 0) {
        err = register_apply(app->store, &app->setup->registry, &options, &report);
    }
    if (err == ERR_DATA) {
        err = shrunk(app, &report, now_ms);
    }
    if (err == 0) {
        err = store_meta_set(app->store, "config_sha256", app->setup->conf->sha256);
    }
    if (err == 0) {
        err = store_meta_set(app->store, "methods_sha256", app->setup->methods.sha256);
    }
    if (err == 0) {
        err = samples_account_outage(app->store, now_ms);
        err = err > 0 ? 0 : err;
    }
    if (err == 0) {
        err = store_commit(app->store);
    } else {
        store_rollback(app->store);
    }
    register_report_done(&report);
    return err;
}

static int open_store(struct app *app)
{
    const struct conf *conf = app->setup->conf;
    int64_t now_ms = clock_wall_ms(app->options.clock);
    char why[512] = "";
    struct store_options options = {.path = conf->store.path,
                                    .mode = STORE_WRITE,
                                    .durable = conf->store.durable,
                                    .now_ms = now_ms,
                                    .site_id = conf->site.id,
                                    .zone = &conf->site.tz};
    int err = store_open(&options, &app->store, why, sizeof(why));

    if (err != 0) {
        log_error("%s", why);
        return err == ERR_IO ? 74 : 1;
    }
    if (apply_register(app, now_ms) != 0) {
        log_error("cannot bring the store in line with the register: %s",
                  store_error_text(app->store));
        return 74;
    }
    options.mode = STORE_READ;
    err = store_open(&options, &app->reader, why, sizeof(why));
    if (err != 0) {
        log_error("%s", why);
        return 74;
    }
    app->epoch_ms = store_epoch_ms(app->store);
    app->started_ms = now_ms;
    return 0;
}

static int open_writer(struct app *app)
{
    const struct writer_options options = {
        .queue_capacity = (size_t)app->setup->registry.n_meters * 4 + SAMPLES_CAP_MIN,
        .commit_every_ms = 1000};
    int err = writer_new(app->loop[APP_LOOP_STORE], app->store, &options, &app->writer);

    return err != 0 ? err : writer_on_commit(app->writer, on_commit, app);
}

static int open_collect(struct app *app)
{
    const struct conf *conf = app->setup->conf;
    const struct collect_options options = {.loop = app->loop[APP_LOOP_COLLECT],
                                            .timing = collect_timing_of(conf),
                                            .seed = app->options.seed,
                                            .deliver = deliver,
                                            .schedule = schedule,
                                            .ctx = app};
    struct meter *meters = NULL;
    const struct profile **profiles = NULL;
    int n = 0;
    int err = collect_new(&options, &app->collect);

    if (err == 0) {
        err = app_meters_in_force(app->reader, app->setup, app->started_ms, &meters,
                                  &profiles, &n);
    }
    if (err == 0) {
        err = collect_set_meters(app->collect, meters, n, profiles);
    }
    free(meters);
    free((void *)profiles);
    return err;
}

static int open_loops(struct app *app)
{
    int err = 0;

    for (int i = 0; err == 0 && i < APP_LOOP_COUNT; i++) {
        err = loop_new(app->options.clock, INBOX_CAP, &app->loop[i]);
    }
    return err;
}

static int open_control(struct app *app)
{
    char why[512] = "";
    const char *path = app->setup->conf->control.socket;
    int err = control_server_new(app->loop[APP_LOOP_MAIN], path, app_on_control, app,
                                 &app->control, why, sizeof(why));

    if (err != 0) {
        log_error("%s", why);
        return err == ERR_LOCKED ? 1 : 74;
    }
    return 0;
}

static int open_rooms(struct app *app)
{
    int exit_code = open_files(app);

    exit_code = exit_code != 0 ? exit_code : open_store(app);
    exit_code = exit_code != 0 ? exit_code : open_control(app);
    if (exit_code != 0) {
        return exit_code;
    }
    int err = open_writer(app);

    err = err != 0 ? err : open_collect(app);
    err = err != 0 ? err : app_publish_open(app, app->setup);
    if (err != 0) {
        log_error("cannot start: error %d", err);
        return 1;
    }
    app_assess_init(app);
    app_purge_init(app);
    return 0;
}

int app_open(const struct app_options *options, struct app **ret_app)
{
    struct app *app = calloc(1, sizeof(*app));

    if (app == NULL) {
        return 1;
    }
    app->options = *options;
    atomic_init(&app->last_seq, 0);
    int exit_code = open_loops(app) != 0 ? 1 : open_rooms(app);

    if (exit_code != 0) {
        app_close(app);
        return exit_code;
    }
    const struct conf *conf = app->setup->conf;

    log_info("site %s: %d meter rows, %d enterprise rows, store %s", conf->site.id,
             app->setup->registry.n_meters, app->setup->registry.n_enterprises,
             conf->store.path);
    registry_drop_rows(&app->setup->registry); /* the store has them */
    *ret_app = app;
    return 0;
}

struct loop *app_loop(const struct app *app, enum app_loop which)
{
    return app->loop[which];
}

/* --- the way down --- */

/* No thread runs the loop any more: does what was posted to it. */
static void settle(const struct app *app, enum app_loop which)
{
    while (app->loop[which] != NULL && loop_step(app->loop[which])) {
    }
}

/* A reload or an answer that goes round the threads comes to its end. */
static void finish_what_is_on_its_way(struct app *app)
{
    bool any = app->publish != NULL || app->writer != NULL;

    for (int round = 0; any && round < FINISH_ROUNDS; round++) {
        any = false;
        for (int i = 0; i < APP_LOOP_COUNT; i++) {
            any = loop_step(app->loop[i]) || any;
        }
    }
}

void app_close(struct app *app)
{
    if (app == NULL) {
        return;
    }
    app->closing = true;
    finish_what_is_on_its_way(app);
    collect_free(app->collect);
    if (app->publish != NULL) {
        publish_stop(app->publish);
        publish_free(app->publish);
        app->publish = NULL;
    }
    settle(app, APP_LOOP_STORE); /* the cursor reaches the writer … */
    writer_free(app->writer);
    settle(app, APP_LOOP_PUBLISH); /* … and its answer the publisher's loop */
    settle(app, APP_LOOP_MAIN);
    control_server_free(app->control);
    store_close(app->reader);
    store_close(app->store);
    for (int i = 0; i < APP_LOOP_COUNT; i++) {
        loop_free(app->loop[i]);
    }
    setup_free(app->retired);
    setup_free(app->setup);
    free(app->span);
    free(app);
}
