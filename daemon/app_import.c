#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/app_state.h"
#include "daemon/core/log.h"
#include "daemon/sync/import.h"

/* One import on its way through the store thread. */
struct import_job {
    struct write_job job;
    struct app *app;
    struct control_call *call;
    FILE *file;
    FILE *rejects; /* memory, handed back to the asker */
    char *rejects_text;
    size_t rejects_n;
    const char *kind; /* of the request, which the call keeps */
    const char *name;
    struct import_options options;
    struct problems problems;
    struct import_counts counts;
};

static void import_job_free(struct import_job *import)
{
    if (import->file != NULL) {
        (void)fclose(import->file);
    }
    if (import->rejects != NULL) {
        (void)fclose(import->rejects);
    }
    free(import->rejects_text);
    problems_done(&import->problems);
    free(import);
}

/* In the store thread. */
static int run_import(struct store *store, void *ctx)
{
    struct import_job *import = ctx;

    return import_run(store, import->kind, import->file, import->name, &import->options,
                      &import->problems, &import->counts);
}

static json_t *problems_json(const struct problems *problems)
{
    json_t *array = json_array();
    char text[1024];

    for (size_t i = 0; i < problems->n; i++) {
        problem_text(&problems->problem[i], text, sizeof(text));
        (void)json_array_append_new(array, json_string(text));
    }
    if (problems->dropped > 0) {
        (void)snprintf(text, sizeof(text), "… and %zu more", problems->dropped);
        (void)json_array_append_new(array, json_string(text));
    }
    return array;
}

static void on_imported(void *ctx, int result)
{
    struct import_job *import = ctx;
    struct app *app = import->app;

    if (import->rejects != NULL) {
        (void)fflush(import->rejects);
    }
    if (result == 0 && !import->options.dry_run) {
        app_assess_now(app, NULL);
        log_info("import %s %s by %s: %lld new, %lld changed, %lld same, %lld bad",
                 import->kind, import->name, import->call->who,
                 (long long)import->counts.n_new, (long long)import->counts.n_changed,
                 (long long)import->counts.n_same, (long long)import->counts.n_bad);
    }
    json_t *reply = json_pack("{s:b, s:i, s:I, s:I, s:I, s:I, s:o, s:s}", "ok", result == 0,
                              "result", result, "new", (json_int_t)import->counts.n_new,
                              "changed", (json_int_t)import->counts.n_changed, "same",
                              (json_int_t)import->counts.n_same, "bad",
                              (json_int_t)import->counts.n_bad, "problems",
                              problems_json(&import->problems), "rejects",
                              import->rejects_text != NULL ? import->rejects_text : "");

    control_reply(import->call, reply);
    import_job_free(import);
}

void app_import(struct app *app, struct control_call *call)
{
    const char *kind = json_string_value(json_object_get(call->request, "kind"));
    const char *name = json_string_value(json_object_get(call->request, "name"));
    struct import_job *import =
        kind != NULL && name != NULL && call->fd >= 0 ? calloc(1, sizeof(*import)) : NULL;

    if (import == NULL) {
        control_reply_error(call, 64, "import needs a kind, a name and a file");
        return;
    }
    import->app = app;
    import->call = call;
    import->kind = kind;
    import->name = name;
    problems_init(&import->problems);
    import->file = fdopen(call->fd, "r");
    if (import->file != NULL) {
        call->fd = -1; /* closed with the file */
    }
    if (json_is_true(json_object_get(call->request, "skip_bad"))) {
        import->rejects = open_memstream(&import->rejects_text, &import->rejects_n);
    }
    import->options = (struct import_options){
        .now_ms = loop_wall_ms(app->loop[APP_LOOP_MAIN]),
        .dry_run = json_is_true(json_object_get(call->request, "dry_run")),
        .skip_bad = json_is_true(json_object_get(call->request, "skip_bad")),
        .rejects = import->rejects,
        .who = call->who};
    import->job = (struct write_job){.run = run_import,
                                     .done = on_imported,
                                     .ctx = import,
                                     .home = app->loop[APP_LOOP_MAIN]};
    if (import->file == NULL || writer_submit(app->writer, &import->job) != 0) {
        control_reply_error(call, 69, "the daemon is too busy, try again");
        import_job_free(import);
    }
}
