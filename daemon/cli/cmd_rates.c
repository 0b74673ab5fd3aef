#include <string.h>

#include "daemon/assess/rates.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"

/* What a person looks at first; csv, json and xlsx have every column. */
static const char *const rates_table[] = {"day",
                                          "group_id",
                                          "group_name",
                                          "n_scope",
                                          "n_valid",
                                          "n_resumed",
                                          "n_missing",
                                          "resumption_rate",
                                          "production_rate",
                                          "resumption_index",
                                          "coverage_firms",
                                          "light",
                                          "status",
                                          "stage",
                                          NULL};
static const char *const resumption_table[] = {
    "enterprise", "name",  "size_class", "industry", "energy_wh", "baseline_wh",
    "ratio",      "state", "quality",    "reason",   NULL};

static int parse_by(const struct cli *cli, struct rates_by *ret_by)
{
    char why[256] = "";

    if (rates_by_parse(cli->options.value[OPTION_BY], cli->options.value[OPTION_LEVEL],
                       ret_by, why, sizeof(why)) != 0) {
        return cli_fail(EXIT_USAGE, "--by: %s", why);
    }
    return 0;
}

static int find_group(const struct rates_result *result, const char *group)
{
    const char *names[512] = {NULL};
    int n = 0;

    for (int i = 0; i < result->n_groups && n < 511; i++) {
        if (strcmp(result->group[i].row.group_id, group) == 0) {
            return 0;
        }
        names[n++] = result->group[i].row.group_id;
    }
    const char *nearest = text_nearest(group, names);

    return cli_fail(EXIT_USAGE, "there is no group \"%s\"%s%s%s", group,
                    nearest != NULL ? "; did you mean " : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

int cli_check_group(struct cli *cli, const struct rates_query *query)
{
    struct rates_query without = *query;
    struct rates_result all = {0};

    without.group = NULL;
    if (rates_compute(cli->store, &cli->setup->methods, &without, &all) != 0) {
        return cli_fail(EXIT_IO, "cannot compute the rates: %s",
                        store_error_text(cli->store));
    }
    int exit_code = find_group(&all, query->group);

    rates_result_done(&all);
    return exit_code;
}

/* Computes one day and stores it where this process may write (the daemon stores its own).
 */
static int compute_day(struct cli *cli, struct rates_query *query, const char *group,
                       bool is_file_method, struct rates_result *ret_result)
{
    query->group = group;
    int err = rates_compute(cli->store, &cli->setup->methods, query, ret_result);

    if (err != 0) {
        return cli_fail(EXIT_IO, "cannot compute the rates: %s",
                        store_error_text(cli->store));
    }
    if (group != NULL && ret_result->n_groups == 0) {
        int exit_code = cli_check_group(cli, query);

        if (exit_code != 0) {
            rates_result_done(ret_result);
            return exit_code;
        }
    }
    if (cli->store_writable && !is_file_method) {
        err = rates_store(cli->store, ret_result, cli->now_ms);
        if (err < 0) {
            rates_result_done(ret_result);
            return cli_fail(EXIT_IO, "cannot store the rates: %s",
                            store_error_text(cli->store));
        }
    }
    return 0;
}

struct asked {
    struct rates_by by;
    day_t from;
    day_t to;
    struct resumption_method file_method;
    const struct resumption_method *method;
};

static int open_asked(struct cli *cli, struct asked *asked)
{
    int exit_code = parse_by(cli, &asked->by);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    exit_code = exit_code != 0 ? exit_code : cli_days(cli, &asked->from, &asked->to);
    exit_code = exit_code != 0
                    ? exit_code
                    : cli_resumption_method(cli, &asked->file_method, &asked->method);
    return exit_code != 0 ? exit_code : cli_open_current_store(cli, asked->from, asked->to);
}

static struct rates_query query_of(const struct cli *cli, const struct asked *asked,
                                   day_t day)
{
    return (struct rates_query){.day = day,
                                .method = asked->method,
                                .by = &asked->by,
                                .n_by = 1,
                                .with_firm_revisions = true,
                                .now_ms = cli->now_ms,
                                .zone = &cli->setup->conf->site.tz,
                                .english = cli->english};
}

int cmd_rates(struct cli *cli)
{
    struct asked asked = {0};
    struct rows rows;
    int exit_code = open_asked(cli, &asked);

    if (exit_code != 0) {
        return exit_code;
    }
    rates_rows_init(&rows);
    for (day_t day = asked.from; exit_code == 0 && day <= asked.to; day++) {
        struct rates_query query = query_of(cli, &asked, day);
        struct rates_result result = {0};

        exit_code = compute_day(cli, &query, cli->options.value[OPTION_GROUP],
                                asked.method == &asked.file_method, &result);
        if (exit_code == 0) {
            exit_code = rates_rows(&result, &rows) == 0 ? 0 : EXIT_NO;
            rates_result_done(&result);
        }
    }
    exit_code = exit_code != 0 ? exit_code : cli_commit(cli);
    exit_code = exit_code != 0 ? exit_code : cli_write(cli, &rows, rates_table);
    rows_done(&rows);
    return exit_code;
}

int cmd_resumption(struct cli *cli)
{
    struct asked asked = {0};
    struct rates_result result = {0};
    struct rows rows;
    int exit_code = open_asked(cli, &asked);

    if (exit_code != 0) {
        return exit_code;
    }
    struct rates_query query = query_of(cli, &asked, asked.from);

    exit_code = compute_day(cli, &query, cli->options.value[OPTION_GROUP],
                            asked.method == &asked.file_method, &result);
    if (exit_code != 0) {
        return exit_code;
    }
    resumption_rows_init(&rows);
    exit_code = resumption_rows(&result, &rows) == 0 ? 0 : EXIT_NO;
    rates_result_done(&result);
    exit_code = exit_code != 0 ? exit_code : cli_commit(cli);
    exit_code = exit_code != 0 ? exit_code : cli_write(cli, &rows, resumption_table);
    rows_done(&rows);
    return exit_code;
}
