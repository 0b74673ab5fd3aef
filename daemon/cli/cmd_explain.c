#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/explain.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/text.h"
#include "daemon/store/registry.h"

/* cmd_explain has checked --output. */
static bool wants_json(const struct cli *cli)
{
    bool json = false;

    (void)cli_wants_json(cli, &json);
    return json;
}

static int print(struct cli *cli, struct text_buffer *buffer)
{
    FILE *out = buffer->err != 0 ? NULL : cli_output(cli);
    size_t size = 4 * buffer->n + 1;
    char *safe = out == NULL ? NULL : malloc(size);

    if (out == NULL) {
        return EXIT_IO;
    }
    if (safe != NULL) { /* names are foreign text */
        text_escape(safe, size, buffer->text, "\n");
        (void)fputs(safe, out);
        free(safe);
    }
    int exit_code = cli_output_done(cli, out);

    return safe == NULL ? cli_fail(EXIT_NO, "out of memory") : exit_code;
}

static int explain_group(struct cli *cli, const struct rates_result *result)
{
    const char *id = cli->options.value[OPTION_GROUP];
    struct rate_explanation explanation = {0};
    struct text_buffer buffer = {0};

    if (result->n_groups == 0) {
        return cli_fail(EXIT_USAGE, "there is no group \"%s\" on that day",
                        id != NULL ? id : "all");
    }
    if (result->n_groups > 1) {
        return cli_fail(EXIT_USAGE, "say which group with --group, such as %s",
                        result->group[0].row.group_id);
    }
    int err = explain_rate(cli->store, &cli->setup->methods, &cli->setup->conf->site.tz,
                           result, &result->group[0], &explanation);

    if (err != 0) {
        return cli_fail(EXIT_IO, "cannot explain: %s", store_error_text(cli->store));
    }
    if (wants_json(cli)) {
        explain_rate_json(&explanation, &buffer);
    } else {
        explain_rate_text(&explanation, cli->english, &buffer);
    }
    int exit_code = print(cli, &buffer);

    text_buffer_done(&buffer);
    rate_explanation_done(&explanation);
    return exit_code;
}

static int explain_rate_of(struct cli *cli)
{
    struct resumption_method file_method;
    struct rates_by by;
    char why[256] = "";
    day_t day = 0;

    if (cli->options.n_arguments != 2 || text_to_day(cli->options.argument[1], &day) != 0) {
        return cli_fail(EXIT_USAGE, "explain rate needs a day, YYYY-MM-DD");
    }
    if (rates_by_parse(cli->options.value[OPTION_BY], cli->options.value[OPTION_LEVEL], &by,
                       why, sizeof(why)) != 0) {
        return cli_fail(EXIT_USAGE, "--by: %s", why);
    }
    int exit_code = cli_open_files(cli);
    struct rates_query query = {.day = day,
                                .by = &by,
                                .n_by = 1,
                                .group = cli->options.value[OPTION_GROUP],
                                .with_firm_revisions = true,
                                .now_ms = cli->now_ms,
                                .english = cli->english};

    exit_code = exit_code != 0 ? exit_code
                               : cli_resumption_method(cli, &file_method, &query.method);
    exit_code = exit_code != 0 ? exit_code : cli_open_current_store(cli, day, day);
    if (exit_code != 0) {
        return exit_code;
    }
    struct rates_result result = {0};

    query.zone = &cli->setup->conf->site.tz;
    if (rates_compute(cli->store, &cli->setup->methods, &query, &result) != 0) {
        return cli_fail(EXIT_IO, "cannot compute the rates: %s",
                        store_error_text(cli->store));
    }
    exit_code =
        query.group != NULL && result.n_groups == 0 ? cli_check_group(cli, &query) : 0;
    exit_code = exit_code != 0 ? exit_code : explain_group(cli, &result);
    rates_result_done(&result);
    return exit_code != 0 ? exit_code : cli_commit(cli);
}

static int explain_firm(struct cli *cli, const struct carbon_result *result)
{
    struct text_buffer buffer = {0};

    if (result->n_firms == 0) {
        return cli_fail(EXIT_USAGE, "%s is not in force in %s", cli->options.argument[1],
                        cli->options.argument[2]);
    }
    if (wants_json(cli)) {
        explain_carbon_json(result, &result->firm[0], &buffer);
    } else {
        explain_carbon_text(result, &result->firm[0], cli->english, &buffer);
    }
    int exit_code = print(cli, &buffer);

    text_buffer_done(&buffer);
    return exit_code;
}

static int explain_carbon_of(struct cli *cli)
{
    struct carbon_query query = {.now_ms = cli->now_ms};
    struct carbon_result result = {0};

    if (cli->options.n_arguments != 3 ||
        text_to_period(cli->options.argument[2], &query.period) != 0) {
        return cli_fail(EXIT_USAGE, "explain carbon needs an enterprise and a period");
    }
    int exit_code = cli_open_files(cli);

    exit_code = exit_code != 0 ? exit_code : cli_open_current_store(cli, DAY_MIN, DAY_MIN);
    exit_code =
        exit_code != 0 ? exit_code : cli_check_enterprise(cli, cli->options.argument[1]);
    if (exit_code != 0) {
        return exit_code;
    }
    query.method = methods_carbon(&cli->setup->methods, cli->setup->conf->assess.carbon);
    query.zone = &cli->setup->conf->site.tz;
    (void)registry_enterprise_no(cli->store, cli->options.argument[1],
                                 &query.enterprise_no);
    if (carbon_compute(cli->store, &cli->setup->methods, &query, &result) != 0) {
        return cli_fail(EXIT_IO, "cannot compute carbon figures: %s",
                        store_error_text(cli->store));
    }
    exit_code = explain_firm(cli, &result);
    carbon_result_done(&result);
    return exit_code != 0 ? exit_code : cli_commit(cli);
}

int cmd_explain(struct cli *cli)
{
    const char *what = cli->options.n_arguments > 0 ? cli->options.argument[0] : "";
    bool json = false;

    if (cli_wants_json(cli, &json) != 0) {
        return EXIT_USAGE;
    }
    if (strcmp(what, "rate") == 0) {
        return explain_rate_of(cli);
    }
    if (strcmp(what, "carbon") == 0) {
        return explain_carbon_of(cli);
    }
    return cli_fail(EXIT_USAGE, "explain takes: rate DAY, or carbon ENTERPRISE PERIOD");
}
