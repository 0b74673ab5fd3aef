#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/version.h>

#include "daemon/app_state.h"
#include "daemon/control/status.h"
#include "daemon/core/log.h"
#include "daemon/store/registry.h"

/* --- status: one copy from each thread, then the answer --- */

struct status_request {
    struct app *app;
    struct control_call *call;
    struct collect_status collect;
    struct publish_status publish;
    bool has_publish;
};

/* Main thread. */
static void on_status_complete(void *ctx)
{
    struct status_request *request = ctx;
    struct app *app = request->app;
    struct writer_counts counts = writer_counts(app->writer);
    const json_t *wanted = request->call->request;
    const char *lang = json_string_value(json_object_get(wanted, "lang"));
    struct status_parts parts = {.conf = app->setup->conf,
                                 .version = ECMON_VERSION,
                                 .register_sha256 = app->setup->registry.sha256,
                                 .methods_sha256 = app->setup->methods.sha256,
                                 .store = app->reader,
                                 .collect = &request->collect,
                                 .publish = request->has_publish ? &request->publish : NULL,
                                 .writer = &counts,
                                 .started_ms = app->started_ms,
                                 .now_ms = loop_wall_ms(app->loop[APP_LOOP_MAIN]),
                                 .all = json_is_true(json_object_get(wanted, "all")),
                                 .english = lang != NULL && strcmp(lang, "en") == 0};

    control_reply(request->call, status_json(&parts));
    collect_status_done(&request->collect);
    free(request);
}

/* Publish thread. */
static void on_status_publish(void *ctx)
{
    struct status_request *request = ctx;
    struct publish *publish = request->app->publish;

    if (publish != NULL) {
        request->publish = publish_status(publish);
        request->has_publish = true;
    }
    (void)loop_post(request->app->loop[APP_LOOP_MAIN], on_status_complete, request);
}

/* Collect thread. */
static void on_status_collect(void *ctx)
{
    struct status_request *request = ctx;

    (void)collect_status(request->app->collect, &request->collect);
    (void)loop_post(request->app->loop[APP_LOOP_PUBLISH], on_status_publish, request);
}

static void ask_status(struct app *app, struct control_call *call)
{
    struct status_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        control_reply_error(call, 69, "out of memory");
        return;
    }
    request->app = app;
    request->call = call;
    if (loop_post(app->loop[APP_LOOP_COLLECT], on_status_collect, request) != 0) {
        free(request);
        control_reply_error(call, 69, "the daemon is too busy, try again");
    }
}

/* --- read: a live reading between polls --- */

struct read_request {
    struct app *app;
    struct control_call *call;
    uint32_t meter_no;
    json_t *reply; /* made in the collect thread, sent by main */
};

static void on_read_complete(void *ctx)
{
    struct read_request *request = ctx;

    if (request->reply == NULL) {
        control_reply_error(request->call, 1, "the meter cannot be read");
    } else {
        control_reply(request->call, request->reply);
    }
    free(request);
}

static json_t *hex_json(const struct collect_frame *frame)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[3 * DRIVER_FRAME_MAX + 1];
    size_t n = 0;

    for (uint16_t i = 0; i < frame->n; i++) {
        text[n++] = digits[frame->bytes[i] >> 4];
        text[n++] = digits[frame->bytes[i] & 15];
        text[n++] = ' ';
    }
    text[n > 0 ? n - 1 : 0] = '\0';
    return json_pack("{s:s, s:b, s:s}", "direction", frame->sent ? "sent" : "received",
                     "foreign", frame->foreign, "bytes", text);
}

/* Collect thread. */
static void on_read(void *ctx, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    struct read_request *request = ctx;
    json_t *values = json_object();
    json_t *list = json_array();

    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (sample_has(sample, (enum quantity)q)) {
            (void)json_object_set_new(values, quantity_name((enum quantity)q),
                                      json_integer((json_int_t)sample->value[q]));
        }
    }
    for (int i = 0; i < n_frames; i++) {
        (void)json_array_append_new(list, hex_json(&frames[i]));
    }
    request->reply =
        json_pack("{s:b, s:I, s:s, s:s, s:o, s:o}", "ok", 1, "ts_ms",
                  (json_int_t)sample->ts_ms, "status", slot_status_name(sample->status),
                  "detail", sample->detail, "registers", values, "frames", list);
    (void)loop_post(request->app->loop[APP_LOOP_MAIN], on_read_complete, request);
}

/* Collect thread. */
static void on_read_turn(void *ctx)
{
    struct read_request *request = ctx;

    if (collect_read(request->app->collect, request->meter_no, on_read, request) != 0) {
        (void)loop_post(request->app->loop[APP_LOOP_MAIN], on_read_complete, request);
    }
}

static void ask_read(struct app *app, struct control_call *call)
{
    const char *meter = json_string_value(json_object_get(call->request, "meter"));
    uint32_t meter_no = 0;

    if (meter == NULL || registry_meter_no(app->reader, meter, &meter_no) != 0) {
        control_reply_error(call, 64, "there is no meter %s", meter != NULL ? meter : "?");
        return;
    }
    struct read_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        control_reply_error(call, 69, "out of memory");
        return;
    }
    request->app = app;
    request->call = call;
    request->meter_no = meter_no;
    if (loop_post(app->loop[APP_LOOP_COLLECT], on_read_turn, request) != 0) {
        free(request);
        control_reply_error(call, 69, "the daemon is too busy, try again");
    }
}

/* --- the commands --- */

static void ask_reload(struct app *app, struct control_call *call)
{
    bool dry_run = json_is_true(json_object_get(call->request, "dry_run"));
    int64_t allow = json_integer_value(json_object_get(call->request, "allow_removals"));

    app_reload_for(app, call, dry_run, allow);
}

void app_on_control(void *ctx, struct control_call *call)
{
    static const struct {
        const char *name;
        void (*run)(struct app *app, struct control_call *call);
    } commands[] = {{"status", ask_status}, {"read", ask_read},
                    {"reload", ask_reload}, {"apply", ask_reload},
                    {"import", app_import}, {"assess", app_assess_asked}};

    const char *name = json_string_value(json_object_get(call->request, "command"));

    for (size_t i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            commands[i].run(ctx, call);
            return;
        }
    }
    control_reply_error(call, 64, "there is no such command");
}
