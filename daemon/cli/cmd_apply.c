#include <jansson.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/control/changes.h"
#include "daemon/core/text.h"
#include "daemon/sync/register_sync.h"

/* One line per change for people; one object for programs. */
static int print_changes(const json_t *reply, bool json, bool dry_run)
{
    const json_t *change = NULL;
    size_t i = 0;

    if (json) {
        (void)json_dumpf(reply, stdout, JSON_INDENT(1));
        (void)fputc('\n', stdout);
        return EXIT_DONE;
    }
    json_array_foreach(json_object_get(reply, "changes"), i, change)
    {
        (void)printf("%s %s %s\n", json_string_value(json_object_get(change, "change")),
                     json_string_value(json_object_get(change, "kind")),
                     json_string_value(json_object_get(change, "id")));
    }
    (void)fprintf(stderr, "%lld added, %lld changed, %lld closed%s\n",
                  (long long)json_integer_value(json_object_get(reply, "added")),
                  (long long)json_integer_value(json_object_get(reply, "changed")),
                  (long long)json_integer_value(json_object_get(reply, "closed")),
                  dry_run ? " (dry run: nothing was changed)" : "");
    return EXIT_DONE;
}

static int open_writer(struct cli *cli)
{
    const struct conf *conf = cli->setup->conf;
    const struct store_options options = {.path = conf->store.path,
                                          .mode = STORE_WRITE,
                                          .durable = conf->store.durable,
                                          .now_ms = cli->now_ms,
                                          .site_id = conf->site.id,
                                          .zone = &conf->site.tz};
    char why[512] = "";
    int err = store_open(&options, &cli->store, why, sizeof(why));

    return err == 0 ? 0 : cli_fail(err == ERR_IO ? EXIT_IO : EXIT_NO, "%s", why);
}

/* Without a daemon: the same code under the store's lock. */
static int apply_here(struct cli *cli, bool json, bool dry_run, int64_t allow_removals)
{
    struct register_report report = {0};
    const struct register_options options = {.dry_run = dry_run,
                                             .allow_removals = allow_removals,
                                             .now_ms = cli->now_ms,
                                             .who = "ecmon",
                                             .zone = &cli->setup->conf->site.tz};
    const struct energy_options energy = {.prefer_import =
                                              cli->setup->conf->assess.prefer_import};
    int exit_code = open_writer(cli);

    if (exit_code != 0) {
        return exit_code;
    }
    int err = store_begin(cli->store);

    err = err != 0 ? err
                   : register_apply(cli->store, &cli->setup->registry, &options, &report);
    if (err == 0 && !dry_run) { /* readers who may not write find nothing stale */
        err = energy_catch_up(cli->store, cli->now_ms, &energy);
    }
    if (err == 0 && !dry_run) {
        err = store_meta_set(cli->store, "methods_sha256", cli->setup->methods.sha256);
    }
    if (err == ERR_DATA) {
        exit_code =
            cli_fail(EXIT_DATA,
                     "%d of %d ids leave the register, more than %d; if that is meant: "
                     "--allow-removals %d",
                     report.n_removed, report.n_ids, report.limit, report.n_removed);
    } else if (err != 0) {
        exit_code =
            cli_fail(EXIT_IO, "the store refuses: %s", store_error_text(cli->store));
    } else if (!dry_run && store_commit(cli->store) != 0) {
        exit_code =
            cli_fail(EXIT_IO, "cannot write the store: %s", store_error_text(cli->store));
    } else {
        json_t *reply = changes_json(&report);

        exit_code = print_changes(reply, json, dry_run);
        json_decref(reply);
    }
    register_report_done(&report);
    return exit_code;
}

int cmd_apply(struct cli *cli)
{
    const char *allow = cli->options.value[OPTION_ALLOW_REMOVALS];
    bool dry_run = cli->options.value[OPTION_DRY_RUN] != NULL;
    int64_t allow_removals = 0;
    bool json = false;

    if (cli_wants_json(cli, &json) != 0) {
        return EXIT_USAGE;
    }

    if (allow != NULL && text_to_i64(allow, 0, 1000000000, &allow_removals) != 0) {
        return cli_fail(EXIT_USAGE, "--allow-removals: \"%s\" is not a whole number",
                        allow);
    }
    int exit_code = cli_open_files(cli);

    if (exit_code != 0) {
        return exit_code;
    }
    if (!cli->daemon) {
        return apply_here(cli, json, dry_run, allow_removals);
    }
    json_t *reply = NULL;

    exit_code = cli_ask(cli,
                        json_pack("{s:s, s:b, s:I}", "command", "apply", "dry_run", dry_run,
                                  "allow_removals", (json_int_t)allow_removals),
                        -1, &reply);
    if (exit_code == 0) {
        exit_code = print_changes(reply, json, dry_run);
    }
    json_decref(reply);
    return exit_code;
}

int cmd_reload(struct cli *cli)
{
    json_t *reply = NULL;
    int exit_code = cli_open_files(cli);

    if (exit_code == 0) {
        exit_code = cli_ask(cli, json_pack("{s:s}", "command", "reload"), -1, &reply);
    }
    if (exit_code == 0) {
        (void)printf("reloaded: %lld added, %lld changed, %lld closed\n",
                     (long long)json_integer_value(json_object_get(reply, "added")),
                     (long long)json_integer_value(json_object_get(reply, "changed")),
                     (long long)json_integer_value(json_object_get(reply, "closed")));
    }
    json_decref(reply);
    return exit_code;
}
