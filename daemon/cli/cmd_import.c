#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/text.h"
#include "daemon/sync/import.h"

/* What an import came to, wherever it ran. */
struct outcome {
    struct import_counts counts;
    json_t *errors; /* texts, owned */
    int err;
};

static json_t *problem_texts(const struct problems *problems)
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

static int import_here(struct cli *cli, const char *kind, const char *path, FILE *file,
                       FILE *rejects, struct outcome *ret_outcome)
{
    const struct conf *conf = cli->setup->conf;
    bool dry_run = cli->options.value[OPTION_DRY_RUN] != NULL;
    const struct store_options store_options = {.path = conf->store.path,
                                                .mode = STORE_WRITE,
                                                .durable = conf->store.durable,
                                                .now_ms = cli->now_ms,
                                                .site_id = conf->site.id,
                                                .zone = &conf->site.tz};
    const struct import_options options = {.now_ms = cli->now_ms,
                                           .dry_run = dry_run,
                                           .skip_bad =
                                               cli->options.value[OPTION_SKIP_BAD] != NULL,
                                           .rejects = rejects,
                                           .who = "ecmon"};
    const struct energy_options energy = {.prefer_import = conf->assess.prefer_import};
    struct problems problems;
    char why[512] = "";
    int err = store_open(&store_options, &cli->store, why, sizeof(why));

    if (err != 0) {
        return cli_fail(err == ERR_IO ? EXIT_IO : EXIT_NO, "%s", why);
    }
    problems_init(&problems);
    err = store_begin(cli->store);
    err = err != 0 ? err
                   : import_run(cli->store, kind, file, path, &options, &problems,
                                &ret_outcome->counts);
    if (err == 0 && !dry_run) {
        err = energy_catch_up(cli->store, cli->now_ms, &energy);
    }
    if (err == 0 && !dry_run) {
        err = store_commit(cli->store);
    }
    ret_outcome->err = err;
    ret_outcome->errors = problem_texts(&problems);
    problems_done(&problems);
    if (err != 0 && err != ERR_DATA) {
        return cli_fail(EXIT_IO, "cannot import: %s", store_error_text(cli->store));
    }
    return 0;
}

static int import_by_daemon(struct cli *cli, const char *kind, const char *path, FILE *file,
                            FILE *rejects, struct outcome *ret_outcome)
{
    json_t *reply = NULL;
    json_t *request =
        json_pack("{s:s, s:s, s:s, s:b, s:b}", "command", "import", "kind", kind, "name",
                  path, "dry_run", cli->options.value[OPTION_DRY_RUN] != NULL, "skip_bad",
                  cli->options.value[OPTION_SKIP_BAD] != NULL);
    int exit_code = cli_ask(cli, request, fileno(file), &reply);

    if (exit_code != 0) {
        return exit_code;
    }
    ret_outcome->counts =
        (struct import_counts){json_integer_value(json_object_get(reply, "new")),
                               json_integer_value(json_object_get(reply, "changed")),
                               json_integer_value(json_object_get(reply, "same")),
                               json_integer_value(json_object_get(reply, "bad"))};
    ret_outcome->err = (int)json_integer_value(json_object_get(reply, "result"));
    ret_outcome->errors = json_incref(json_object_get(reply, "problems"));
    if (rejects != NULL) {
        (void)fputs(json_string_value(json_object_get(reply, "rejects")), rejects);
    }
    json_decref(reply);
    return 0;
}

static int print_outcome(bool json, const struct outcome *outcome)
{
    const struct import_counts *counts = &outcome->counts;
    char text[IMPORT_COUNTS_LEN];
    const json_t *error = NULL;
    size_t i = 0;

    json_array_foreach(outcome->errors, i, error)
    {
        (void)fprintf(stderr, "%s\n", json_string_value(error));
    }
    if (json) {
        json_t *object = json_pack(
            "{s:I, s:I, s:I, s:I, s:O}", "new", (json_int_t)counts->n_new, "changed",
            (json_int_t)counts->n_changed, "same", (json_int_t)counts->n_same, "bad",
            (json_int_t)counts->n_bad, "errors", outcome->errors);

        (void)json_dumpf(object, stdout, JSON_INDENT(1));
        (void)fputc('\n', stdout);
        json_decref(object);
    }
    import_counts_text(counts, text);
    (void)fprintf(stderr, "%s\n", text);
    return outcome->err == 0 ? EXIT_DONE : EXIT_DATA;
}

static int import_file(struct cli *cli, const char *kind, const char *path, FILE *rejects)
{
    bool json = false;
    struct outcome outcome = {0};
    if (cli_wants_json(cli, &json) != 0) {
        return EXIT_USAGE;
    }
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return cli_fail(EXIT_IO, "cannot read %s", path);
    }
    int exit_code = cli->daemon ? import_by_daemon(cli, kind, path, file, rejects, &outcome)
                                : import_here(cli, kind, path, file, rejects, &outcome);

    if (exit_code == 0) {
        exit_code = print_outcome(json, &outcome);
    }
    json_decref(outcome.errors);
    (void)fclose(file);
    return exit_code;
}

int cmd_import(struct cli *cli)
{
    static const char *const kinds[] = {"energy", "output", "energy-use", NULL};
    const char *rejects_path = cli->options.value[OPTION_REJECTS];
    FILE *rejects = NULL;

    if (cli->options.n_arguments != 2) {
        return cli_fail(EXIT_USAGE,
                        "import needs a kind (energy, output, energy-use) and a file");
    }
    const char *kind = cli->options.argument[0];

    if (import_columns(kind, false) == NULL) {
        const char *nearest = text_nearest(kind, kinds);

        return cli_fail(
            EXIT_USAGE,
            "there is no import \"%s\"; allowed: energy, output, energy-use%s%s%s", kind,
            nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
            nearest != NULL ? "?" : "");
    }
    if (rejects_path != NULL && cli->options.value[OPTION_SKIP_BAD] == NULL) {
        return cli_fail(EXIT_USAGE, "--rejects goes with --skip-bad");
    }
    int exit_code = cli_open_files(cli);

    if (exit_code != 0) {
        return exit_code;
    }
    if (rejects_path != NULL) {
        rejects = fopen(rejects_path, "we");
        if (rejects == NULL) {
            return cli_fail(EXIT_IO, "cannot write %s", rejects_path);
        }
    }
    exit_code = import_file(cli, kind, cli->options.argument[1], rejects);
    if (rejects != NULL && fclose(rejects) != 0) {
        return cli_fail(EXIT_IO, "cannot write %s", rejects_path);
    }
    return exit_code;
}
