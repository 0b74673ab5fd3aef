#include <stdio.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/app_state.h"
#include "daemon/assess/energy.h"
#include "daemon/assess/rates_stale.h"
#include "daemon/core/log.h"
#include "daemon/core/text.h"

/* A quarter-hour is closed a little after its end, when its last meters have answered. */
#define AFTER_QUARTER_MS 15000
#define PORTION_MS       200 /* the writer has samples to store in between */
#define METERS_AT_ONCE   256
#define DAYS_AT_ONCE     8
#define ASKED_DAYS_MAX                                                                     \
    62 /* of more, the rates are computed by who asks, and not stored                      \
        */

static bool out_of_time(const struct app *app, int64_t started_mono_ms)
{
    return clock_mono_ms(app->options.clock) - started_mono_ms >= PORTION_MS;
}

/* Works off one kind of stale things until nothing is left or the time is over. */
static int work_off(struct app *app, struct store *store,
                    int (*portion)(struct app *app, struct store *store, bool *ret_more),
                    int64_t started_mono_ms, bool *ret_more)
{
    int err = 0;

    *ret_more = true;
    while (err == 0 && *ret_more && !out_of_time(app, started_mono_ms)) {
        err = portion(app, store, ret_more);
    }
    return err;
}

static int close_intervals(struct app *app, struct store *store, bool *ret_more)
{
    int err = energy_close(store, app->assess_now_ms, METERS_AT_ONCE, ret_more);

    return err < 0 ? err : 0;
}

static int close_days(struct app *app, struct store *store, bool *ret_more)
{
    const struct energy_options options = {
        .prefer_import = app->assess_setup->conf->assess.prefer_import};
    int err = energy_days(store, app->assess_now_ms, &options, DAYS_AT_ONCE, ret_more);

    return err < 0 ? err : 0;
}

static int close_results(struct app *app, struct store *store, bool *ret_more)
{
    const struct conf *conf = app->assess_setup->conf;
    const struct assess_options options = {
        methods_resumption(&app->assess_setup->methods, conf->assess.resumption),
        methods_carbon(&app->assess_setup->methods, conf->assess.carbon), &conf->site.tz,
        app->assess_now_ms};
    int err =
        assess_stale(store, &app->assess_setup->methods, &options, DAYS_AT_ONCE, ret_more);

    return err < 0 ? err : 0;
}

/* Days and periods that somebody asks for are stored, also when nothing made them stale. */
static int mark_asked(struct app *app, struct store *store)
{
    int err = 0;

    for (int i = 0; err == 0 && i < app->n_assess_job_periods; i++) {
        err = store_stale_add(store, "carbon", app->assess_job_period[i].text);
    }
    app->n_assess_job_periods = 0;
    for (day_t day = app->assess_job_from; err == 0 && day <= app->assess_job_to; day++) {
        char text[DAY_TEXT_LEN];

        text_from_day(day, text);
        err = store_stale_add(store, "rates", text);
    }
    app->assess_job_from = DAY_MAX;
    app->assess_job_to = DAY_MIN;
    return err;
}

/* In the store thread. */
static int run_assess(struct store *store, void *ctx)
{
    struct app *app = ctx;
    int64_t started_mono_ms = clock_mono_ms(app->options.clock);
    bool more = false;
    int err = mark_asked(app, store);

    err = err != 0 ? err : work_off(app, store, close_intervals, started_mono_ms, &more);

    if (err == 0 && !more) {
        err = work_off(app, store, close_days, started_mono_ms, &more);
    }
    if (err == 0 && !more) {
        err = work_off(app, store, close_results, started_mono_ms, &more);
    }
    app->assess_more = more;
    return err;
}

static void submit(struct app *app);

void app_retire(struct app *app)
{
    if (!app->assess_busy) {
        setup_free(app->retired);
        app->retired = NULL;
    }
}

static void answer_waiting(struct app *app, int err)
{
    int n = app->n_assess_waiting;

    app->n_assess_waiting = 0;
    for (int i = 0; i < n; i++) {
        struct control_call *call = app->assess_waiting[i];

        if (err != 0) {
            control_reply_error(call, 1, "cannot compute what is stale: error %d", err);
        } else {
            control_reply(call, json_pack("{s:b}", "ok", 1));
        }
    }
}

static void on_assessed(void *ctx, int result)
{
    struct app *app = ctx;

    app->assess_busy = false;
    app_retire(app);
    if (result != 0) {
        log_error("cannot compute energy and results: error %d, trying again at the next "
                  "quarter-hour",
                  result);
        answer_waiting(app, result);
        return;
    }
    if (app->assess_more || app->assess_again) {
        submit(app);
        return;
    }
    answer_waiting(app, 0);
}

static void submit(struct app *app)
{
    if (app->closing) {
        answer_waiting(app, ERR_UNAVAILABLE);
        return;
    }
    app->assess_again = false;
    app->assess_now_ms = loop_wall_ms(app->loop[APP_LOOP_MAIN]);
    app->assess_job = (struct write_job){.run = run_assess,
                                         .done = on_assessed,
                                         .ctx = app,
                                         .home = app->loop[APP_LOOP_MAIN],
                                         .lazy = app->n_assess_waiting == 0};
    app->assess_setup = app->setup;
    app->assess_job_from = app->assess_from;
    app->assess_job_to = app->assess_to;
    app->assess_from = DAY_MAX;
    app->assess_to = DAY_MIN;
    app->n_assess_job_periods = app->n_assess_periods;
    memcpy(app->assess_job_period, app->assess_period, sizeof(app->assess_period));
    app->n_assess_periods = 0;
    app->assess_busy = writer_submit(app->writer, &app->assess_job) == 0;
}

void app_assess_now(struct app *app, struct control_call *call)
{
    if (call != NULL) {
        if (app->n_assess_waiting ==
            (int)(sizeof(app->assess_waiting) / sizeof(app->assess_waiting[0]))) {
            control_reply_error(call, 69, "too many are asking at once, try again");
            return;
        }
        app->assess_waiting[app->n_assess_waiting++] = call;
    }
    if (app->assess_busy) {
        app->assess_again = true;
    } else {
        submit(app);
    }
}

static void note_period(struct app *app, const char *text)
{
    struct period period;

    if (text != NULL && app->n_assess_periods < ASKED_PERIODS_MAX &&
        text_to_period(text, &period) == 0) {
        app->assess_period[app->n_assess_periods++] = period;
    }
}

void app_assess_asked(struct app *app, struct control_call *call)
{
    size_t i = 0;
    json_t *period = NULL;

    const char *from_text = json_string_value(json_object_get(call->request, "from"));
    const char *to_text = json_string_value(json_object_get(call->request, "to"));
    day_t from = 0;
    day_t to = 0;

    if (from_text != NULL && to_text != NULL && text_to_day(from_text, &from) == 0 &&
        text_to_day(to_text, &to) == 0 && to - from < ASKED_DAYS_MAX) {
        app->assess_from = from < app->assess_from ? from : app->assess_from;
        app->assess_to = to > app->assess_to ? to : app->assess_to;
    }
    json_array_foreach(json_object_get(call->request, "periods"), i, period)
    {
        note_period(app, json_string_value(period));
    }
    app_assess_now(app, call);
}

static void arm(struct app *app)
{
    int64_t wall_ms = loop_wall_ms(app->loop[APP_LOOP_MAIN]);
    int64_t next_ms = (floor_div(wall_ms - AFTER_QUARTER_MS, MS_PER_QUARTER_HOUR) + 1) *
                          MS_PER_QUARTER_HOUR +
                      AFTER_QUARTER_MS;

    (void)loop_timer_arm(app->loop[APP_LOOP_MAIN], &app->assess_timer,
                         loop_mono_ms(app->loop[APP_LOOP_MAIN]) + next_ms - wall_ms);
}

static void on_assess_timer(void *ctx)
{
    struct app *app = ctx;

    app_assess_now(app, NULL);
    arm(app);
}

void app_assess_init(struct app *app)
{
    app->assess_from = DAY_MAX;
    app->assess_to = DAY_MIN;
    loop_timer_init(&app->assess_timer, on_assess_timer, app);
    arm(app);
    app_assess_now(app, NULL);
}
