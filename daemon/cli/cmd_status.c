#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/version.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/control/status.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "—";
}

static int64_t number_of(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static void print_head(const json_t *status)
{
    const json_t *store = json_object_get(status, "store");
    const json_t *counts = json_object_get(status, "counts");
    const json_t *process = json_object_get(status, "daemon");

    (void)printf("site      %s (%s), ecmon %s\n", text_of(status, "site"),
                 text_of(status, "zone"), text_of(status, "version"));
    if (json_is_true(json_object_get(process, "running"))) {
        (void)printf("daemon    pid %" PRId64 ", up %" PRId64 " s, %.1f MiB\n",
                     number_of(process, "pid"), number_of(process, "uptime_s"),
                     (double)number_of(process, "rss_bytes") / 1048576.0);
    } else {
        (void)printf("daemon    not running\n");
    }
    (void)printf("store     %s, %.1f MiB, last commit %s\n", text_of(store, "path"),
                 (double)number_of(store, "size_bytes") / 1048576.0,
                 text_of(store, "last_commit"));
    (void)printf("meters    %" PRId64 " of %" PRId64 " up, %" PRId64 " enterprises\n",
                 number_of(counts, "meters_ok"), number_of(counts, "meters"),
                 number_of(counts, "enterprises"));
}

static void print_lists(const json_t *status)
{
    const json_t *item = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(status, "sinks"), i, item)
    {
        (void)printf("sink      %s %s, %" PRId64 " rows waiting, last acknowledgement %s\n",
                     text_of(item, "sink"), text_of(item, "state"),
                     number_of(item, "pending_rows"), text_of(item, "last_ack"));
    }
    json_array_foreach(json_object_get(status, "lines"), i, item)
    {
        (void)printf(
            "line      %s %s, %" PRId64 " of %" PRId64 " meters up, busy %.2f %%, %" PRId64
            " of %" PRId64 " requests answered\n",
            text_of(item, "line"), text_of(item, "state"), number_of(item, "meters_ok"),
            number_of(item, "meters"), json_number_value(json_object_get(item, "busy_pct")),
            number_of(item, "ok"), number_of(item, "requests"));
    }
    json_array_foreach(json_object_get(status, "meters"), i, item)
    {
        (void)printf("meter     %s (%s) %s %s, last value %s\n", text_of(item, "meter"),
                     text_of(item, "enterprise"), text_of(item, "state"),
                     text_of(item, "reason"), text_of(item, "last_ok"));
    }
    json_array_foreach(json_object_get(status, "problems"), i, item)
    {
        (void)printf("%-9s %s\n", text_of(item, "severity"), text_of(item, "message"));
    }
}

static int print(bool json, const json_t *status)
{
    if (json) {
        (void)json_dumpf(status, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
        (void)fputc('\n', stdout);
    } else {
        print_head(status);
        print_lists(status);
    }
    return json_is_true(json_object_get(status, "ok")) ? EXIT_DONE : EXIT_NO;
}

/* Without a daemon: what the files and the store say. */
static json_t *status_here(struct cli *cli)
{
    const struct conf *conf = cli->setup->conf;
    const struct store_options options = {.path = conf->store.path, .mode = STORE_READ};
    struct status_parts parts = {.conf = conf,
                                 .version = ECMON_VERSION,
                                 .register_sha256 = cli->setup->registry.sha256,
                                 .methods_sha256 = cli->setup->methods.sha256,
                                 .now_ms = cli->now_ms,
                                 .all = cli->options.value[OPTION_ALL] != NULL,
                                 .english = cli->english};

    (void)store_open(&options, &cli->store, NULL, 0);
    parts.store = cli->store;
    return status_json(&parts);
}

int cmd_status(struct cli *cli)
{
    json_t *status = NULL;
    bool json = false;
    int exit_code = cli_wants_json(cli, &json);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);

    if (exit_code != 0) {
        return exit_code;
    }
    if (cli->daemon) {
        exit_code = cli_ask(cli,
                            json_pack("{s:s, s:b, s:s}", "command", "status", "all",
                                      cli->options.value[OPTION_ALL] != NULL, "lang",
                                      cli->english ? "en" : "zh"),
                            -1, &status);
    } else {
        status = status_here(cli);
        exit_code = status == NULL ? cli_fail(EXIT_NO, "out of memory") : 0;
    }
    if (exit_code == 0) {
        exit_code = print(json, status);
    }
    json_decref(status);
    return exit_code;
}
