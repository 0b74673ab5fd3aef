#include <ecmon/err.h>

#include "daemon/app_state.h"
#include "daemon/core/log.h"
#include "daemon/store/purge.h"

#define PURGE_EVERY_MS   (60 * MS_PER_MIN)
#define PORTION_EVERY_MS 1000
#define ROWS_AT_ONCE     20000

/* In the store thread. */
static int run_purge(struct store *store, void *ctx)
{
    struct app *app = ctx;
    int64_t purged = purge_readings(store, &app->purge_options, &app->purge_more);

    return purged < 0 ? (int)purged : 0;
}

static void arm(struct app *app, int64_t after_ms)
{
    struct loop *loop = app->loop[APP_LOOP_MAIN];

    (void)loop_timer_arm(loop, &app->purge_timer, loop_mono_ms(loop) + after_ms);
}

static void on_purged(void *ctx, int result)
{
    struct app *app = ctx;

    if (result != 0) {
        log_error("cannot purge old readings: error %d", result);
    }
    arm(app, result == 0 && app->purge_more ? PORTION_EVERY_MS : PURGE_EVERY_MS);
}

static void on_purge_timer(void *ctx)
{
    struct app *app = ctx;
    const struct conf *conf = app->setup->conf;

    app->purge_options =
        (struct purge_options){.now_ms = loop_wall_ms(app->loop[APP_LOOP_MAIN]),
                               .keep_ms = conf->store.keep_readings_ms,
                               .max_size_bytes = conf->store.max_size_bytes,
                               .has_sink = conf->mqtt.url[0] != '\0',
                               .limit = ROWS_AT_ONCE};
    app->purge_job = (struct write_job){.run = run_purge,
                                        .done = on_purged,
                                        .ctx = app,
                                        .home = app->loop[APP_LOOP_MAIN],
                                        .lazy = true};
    if (writer_submit(app->writer, &app->purge_job) != 0) {
        arm(app, PURGE_EVERY_MS);
    }
}

void app_purge_init(struct app *app)
{
    loop_timer_init(&app->purge_timer, on_purge_timer, app);
    arm(app, PURGE_EVERY_MS);
}
