#include "daemon/cli/cli.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/control/control.h"
#include "daemon/core/text.h"
#include "daemon/store/registry.h"

#define ASK_TIMEOUT_MS (30 * 60 * 1000) /* a large import takes its time */

int cli_fail(int exit_code, const char *format, ...)
{
    char message[2048];
    char safe[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    text_escape(safe, sizeof(safe), message, "\n");
    (void)fprintf(stderr, "ecmon: %s\n", safe);
    return exit_code;
}

/* --- files and store --- */

int cli_open_files(struct cli *cli)
{
    struct problems problems;
    char text[1024];

    problems_init(&problems);
    int err = setup_load(cli->conf_path, &problems, &cli->setup);

    for (size_t i = 0; i < problems.n; i++) {
        if (err != 0 || problems.problem[i].kind != PROBLEM_WARNING) {
            problem_text(&problems.problem[i], text, sizeof(text));
            (void)fprintf(stderr, "%s\n", text);
        }
    }
    int exit_code = problems_exit_code(&problems);

    problems_done(&problems);
    if (err != 0) {
        return exit_code != 0 ? exit_code : EXIT_IO;
    }
    cli->daemon = control_is_served(cli->setup->conf->control.socket);
    return 0;
}

static int open_store(struct cli *cli, enum store_mode mode, char *why, size_t why_size)
{
    const struct conf *conf = cli->setup->conf;
    const struct store_options options = {.path = conf->store.path,
                                          .mode = mode,
                                          .durable = conf->store.durable,
                                          .now_ms = cli->now_ms,
                                          .site_id = conf->site.id,
                                          .zone = &conf->site.tz};

    return store_open(&options, &cli->store, why, why_size);
}

int cli_open_store(struct cli *cli)
{
    char why[512] = "";
    int err = open_store(cli, STORE_READ, why, sizeof(why));

    if (err == ERR_NOT_FOUND) {
        return cli_fail(EXIT_UNAVAILABLE,
                        "there is no store at %s yet; start ecmond, or run: ecmon apply",
                        cli->setup->conf->store.path);
    }
    if (err != 0) {
        return cli_fail(err == ERR_IO ? EXIT_IO : EXIT_NO, "%s", why);
    }
    return 0;
}

static int ask_daemon_to_assess(struct cli *cli, day_t from, day_t to)
{
    json_t *request = json_pack("{s:s}", "command", "assess");
    json_t *reply = NULL;

    if (from != DAY_MIN) {
        char text[DAY_TEXT_LEN];

        text_from_day(from, text);
        (void)json_object_set_new(request, "from", json_string(text));
        text_from_day(to, text);
        (void)json_object_set_new(request, "to", json_string(text));
    }
    int exit_code = cli_ask(cli, request, -1, &reply);

    json_decref(reply);
    return exit_code;
}

int cli_assess_periods(struct cli *cli, const struct period *period, int n)
{
    json_t *periods = json_array();
    json_t *reply = NULL;

    for (int i = 0; i < n; i++) {
        (void)json_array_append_new(periods, json_string(period[i].text));
    }
    json_t *request = json_pack("{s:s, s:o}", "command", "assess", "periods", periods);
    int exit_code = 0;

    if (cli->daemon) {
        exit_code = cli_ask(cli, request, -1, &reply);
    } else {
        json_decref(request);
    }
    json_decref(reply);
    return exit_code;
}

int cli_open_current_store(struct cli *cli, day_t from, day_t to)
{
    char why[512] = "";

    if (cli->daemon) {
        int exit_code = ask_daemon_to_assess(cli, from, to);

        return exit_code != 0 ? exit_code : cli_open_store(cli);
    }
    if (access(cli->setup->conf->store.path, W_OK) != 0 ||
        open_store(cli, STORE_WRITE, why, sizeof(why)) != 0) {
        return cli_open_store(cli); /* not ours to write: answer from what is there */
    }
    const struct energy_options options = {.prefer_import =
                                               cli->setup->conf->assess.prefer_import};
    int err = store_begin(cli->store);

    err = err != 0 ? err : energy_catch_up(cli->store, cli->now_ms, &options);
    if (err != 0) {
        return cli_fail(EXIT_IO, "cannot bring energy up to date: %s",
                        store_error_text(cli->store));
    }
    cli->store_writable = true;
    return 0;
}

int cli_commit(struct cli *cli)
{
    if (!cli->store_writable) {
        return 0;
    }
    cli->store_writable = false;
    if (store_commit(cli->store) != 0) {
        return cli_fail(EXIT_IO, "cannot write the store: %s",
                        store_error_text(cli->store));
    }
    return 0;
}

void cli_close(struct cli *cli)
{
    if (cli->store != NULL && store_in_transaction(cli->store)) {
        store_rollback(cli->store);
    }
    store_close(cli->store);
    cli->store = NULL;
    setup_free(cli->setup);
    cli->setup = NULL;
}

/* --- the daemon --- */

int cli_ask(struct cli *cli, json_t *request, int fd, json_t **ret_reply)
{
    const char *path = cli->setup->conf->control.socket;
    json_t *reply = NULL;
    int err = control_ask(path, request, fd, ASK_TIMEOUT_MS, &reply);

    if (err == ERR_UNAVAILABLE) {
        return cli_fail(EXIT_UNAVAILABLE, "no ecmond serves %s", path);
    }
    if (err != 0) {
        return cli_fail(EXIT_UNAVAILABLE, "ecmond went away while it was asked");
    }
    if (json_is_false(json_object_get(reply, "ok")) &&
        json_object_get(reply, "error") != NULL) {
        const json_t *problem = NULL;
        size_t i = 0;
        int exit_code = (int)json_integer_value(json_object_get(reply, "exit"));

        json_array_foreach(json_object_get(reply, "problems"), i, problem)
        {
            (void)fprintf(stderr, "%s\n", json_string_value(problem));
        }
        (void)cli_fail(exit_code, "%s", json_string_value(json_object_get(reply, "error")));
        json_decref(reply);
        return exit_code != 0 ? exit_code : EXIT_NO;
    }
    *ret_reply = reply;
    return 0;
}

/* --- output --- */

int cli_format(const struct cli *cli, enum report_format *ret_format)
{
    static const char *const words[] = {"table", "csv", "json", "xlsx", NULL};
    const char *name = cli->options.value[OPTION_OUTPUT];
    bool to_terminal =
        isatty(STDOUT_FILENO) == 1 && cli->options.value[OPTION_FILE] == NULL;
    enum report_format format = to_terminal ? REPORT_TABLE : REPORT_CSV;

    if (name != NULL && report_format_from_name(name, &format) != 0) {
        const char *nearest = text_nearest(name, words);

        return cli_fail(EXIT_USAGE,
                        "--output: \"%s\" is none of table, csv, json, xlsx%s%s%s", name,
                        nearest != NULL ? "; did you mean " : "",
                        nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    }
    if (format == REPORT_CSV && cli->options.value[OPTION_EXCEL] != NULL) {
        format = REPORT_CSV_EXCEL;
    }
    *ret_format = format;
    return 0;
}

int cli_wants_json(const struct cli *cli, bool *ret_json)
{
    const char *name = cli->options.value[OPTION_OUTPUT];

    if (name != NULL && strcmp(name, "json") != 0 && strcmp(name, "table") != 0) {
        return cli_fail(EXIT_USAGE,
                        "--output: \"%s\" does not fit an answer that is no list of rows; "
                        "allowed: json, table",
                        name);
    }
    *ret_json = name != NULL && strcmp(name, "json") == 0;
    return 0;
}

FILE *cli_output(const struct cli *cli)
{
    const char *path = cli->options.value[OPTION_FILE];
    FILE *out = path == NULL ? stdout : fopen(path, "we");

    if (out == NULL) {
        (void)cli_fail(EXIT_IO, "cannot write %s", path);
    }
    return out;
}

int cli_output_done(const struct cli *cli, FILE *out)
{
    int failed = fflush(out) != 0 || ferror(out) != 0;

    if (out != stdout) {
        failed = fclose(out) != 0 || failed;
    }
    return failed ? cli_fail(EXIT_IO, "cannot write %s",
                             out == stdout ? "to standard output"
                                           : cli->options.value[OPTION_FILE])
                  : 0;
}

int cli_write(struct cli *cli, const struct rows *rows, const char *const *table_columns)
{
    struct report_options options = {.zone = &cli->setup->conf->site.tz,
                                     .table_columns = table_columns};
    int exit_code = cli_format(cli, &options.format);

    if (exit_code != 0) {
        return exit_code;
    }
    if (options.format == REPORT_XLSX && cli->options.value[OPTION_FILE] == NULL &&
        isatty(STDOUT_FILENO) == 1) {
        return cli_fail(EXIT_USAGE,
                        "an xlsx file does not belong on a terminal: add -o FILE");
    }
    const char *labels = cli->options.value[OPTION_LABELS];

    options.labels_zh = labels != NULL ? strcmp(labels, "zh") == 0
                                       : options.format == REPORT_TABLE && !cli->english;
    options.out = cli_output(cli);
    if (options.out == NULL) {
        return EXIT_IO;
    }
    options.colour = options.format == REPORT_TABLE && isatty(fileno(options.out)) == 1 &&
                     getenv("NO_COLOR") == NULL; /* NOLINT(concurrency-mt-unsafe) */
    options.width = report_terminal_width(options.out);
    int err = report_write(rows, &options);

    exit_code = cli_output_done(cli, options.out);
    if (err == ERR_RANGE) {
        return cli_fail(EXIT_NO, "more rows than an xlsx sheet holds; take csv");
    }
    return err != 0 ? cli_fail(EXIT_IO, "cannot write the rows") : exit_code;
}

/* --- arguments --- */

static int parse_day(const struct cli *cli, enum option_id id, const char *name,
                     day_t *ret_day)
{
    const char *text = cli->options.value[id];

    if (text != NULL && text_to_day(text, ret_day) != 0) {
        return cli_fail(EXIT_USAGE, "--%s: \"%s\" is not a day; allowed: YYYY-MM-DD", name,
                        text);
    }
    return 0;
}

int cli_days(const struct cli *cli, day_t *ret_from, day_t *ret_to)
{
    day_t yesterday = day_of_ts(cli->now_ms, &cli->setup->conf->site.tz) - 1;
    bool has_day = cli->options.value[OPTION_DAY] != NULL;
    bool has_from = cli->options.value[OPTION_FROM] != NULL;
    bool has_to = cli->options.value[OPTION_TO] != NULL;
    day_t from = yesterday;
    day_t to = yesterday;

    if (has_day && (has_from || has_to)) {
        return cli_fail(EXIT_USAGE, "--day and --from/--to exclude each other");
    }
    if (parse_day(cli, has_day ? OPTION_DAY : OPTION_FROM, has_day ? "day" : "from",
                  &from) != 0) {
        return EXIT_USAGE;
    }
    to = has_day ? from : to;
    if (parse_day(cli, has_day ? OPTION_DAY : OPTION_TO, has_day ? "day" : "to", &to) !=
        0) {
        return EXIT_USAGE;
    }
    if (has_to && !has_from) {
        from = to;
    }
    if (from > to) {
        return cli_fail(EXIT_USAGE, "--from lies after --to");
    }
    *ret_from = from;
    *ret_to = to;
    return 0;
}

int cli_unknown(const char *what, const char *id, const char *const *names)
{
    const char *nearest = text_nearest(id, names);

    return cli_fail(EXIT_USAGE, "there is no %s \"%s\"%s%s%s", what, id,
                    nearest != NULL ? "; did you mean " : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

int cli_check_enterprise(struct cli *cli, const char *id)
{
    uint32_t number = 0;
    struct enterprise *all = NULL;
    int n = 0;

    if (registry_enterprise_no(cli->store, id, &number) == 0) {
        return 0;
    }
    if (registry_enterprises(cli->store, DAY_MIN, &all, &n) != 0) {
        return cli_fail(EXIT_IO, "cannot read the register: %s",
                        store_error_text(cli->store));
    }
    const char **names = calloc((size_t)n + 1, sizeof(const char *));

    for (int i = 0; names != NULL && i < n; i++) {
        names[i] = all[i].id;
    }
    int exit_code = names == NULL ? cli_fail(EXIT_NO, "out of memory")
                                  : cli_unknown("enterprise", id, names);

    free((void *)names);
    free(all);
    return exit_code;
}

int cli_unknown_meter(const char *id, const struct meter *meters, int n)
{
    const char **names = calloc((size_t)n + 1, sizeof(const char *));

    for (int i = 0; names != NULL && i < n; i++) {
        names[i] = meters[i].id;
    }
    int exit_code = names == NULL ? cli_fail(EXIT_NO, "out of memory")
                                  : cli_unknown("meter", id, names);

    free((void *)names);
    return exit_code;
}

int cli_check_meter(struct cli *cli, const char *id)
{
    uint32_t number = 0;
    struct meter *all = NULL;
    int n = 0;

    if (registry_meter_no(cli->store, id, &number) == 0) {
        return 0;
    }
    if (registry_meters(cli->store, INT64_MIN, &all, &n) != 0) {
        return cli_fail(EXIT_IO, "cannot read the register: %s",
                        store_error_text(cli->store));
    }
    int exit_code = cli_unknown_meter(id, all, n);

    free(all);
    return exit_code;
}

int cli_resumption_method(struct cli *cli, struct resumption_method *file_method,
                          const struct resumption_method **ret_method)
{
    const struct methods *methods = &cli->setup->methods;
    const char *name = cli->options.value[OPTION_METHOD];
    const struct resumption_method *method = methods_resumption(
        methods, name != NULL ? name : cli->setup->conf->assess.resumption);

    if (method != NULL) {
        *ret_method = method;
        return 0;
    }
    if (name == NULL) { /* setup_load has refused this already */
        return cli_fail(EXIT_CONFIG, "assess.resumption names no method");
    }
    if (strchr(name, '/') == NULL && strstr(name, ".yaml") == NULL) {
        const char **names =
            calloc((size_t)methods->n_resumption + 1, sizeof(const char *));

        for (int i = 0; names != NULL && i < methods->n_resumption; i++) {
            names[i] = methods->resumption[i].id;
        }
        int exit_code = names == NULL ? EXIT_NO : cli_unknown("method", name, names);

        free((void *)names);
        return exit_code;
    }
    struct problems problems;
    char text[1024];

    problems_init(&problems);
    int err = resumption_method_load(name, &problems, file_method);

    for (size_t i = 0; err != 0 && i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        (void)fprintf(stderr, "%s\n", text);
    }
    problems_done(&problems);
    *ret_method = file_method;
    return err == 0 ? 0 : err == ERR_IO ? EXIT_IO : EXIT_CONFIG;
}
