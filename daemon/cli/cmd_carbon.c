#include <string.h>

#include "daemon/assess/carbon.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/store/registry.h"

static const char *const carbon_table[] = {
    "enterprise", "name",      "period", "purchased_kwh", "co2_graded_t", "value_added_cny",
    "intensity",  "benchmark", "ratio",  "level",         "grade",        "status",
    "reason",     NULL};

static int parse_periods(const struct cli *cli, struct period ret_periods[12], int *ret_n)
{
    const char *text = cli->options.value[OPTION_PERIOD];
    const char *by = cli->options.value[OPTION_BY];
    struct period period;

    if (text == NULL) {
        return cli_fail(EXIT_USAGE,
                        "carbon needs --period, such as 2026, 2026Q3 or 2026-09");
    }
    if (text_to_period(text, &period) != 0) {
        return cli_fail(EXIT_USAGE,
                        "--period: \"%s\" is not a period; allowed: 2026, 2026H1, 2026Q3, "
                        "2026-09, 2026-01..2026-02",
                        text);
    }
    if (by == NULL) {
        ret_periods[0] = period;
        *ret_n = 1;
        return 0;
    }
    if (strcmp(by, "month") != 0) {
        return cli_fail(EXIT_USAGE, "--by: \"%s\" is not month", by);
    }
    *ret_n = carbon_months(&period, ret_periods);
    return 0;
}

/* One period of one enterprise (0 = all), stored where this process may write. */
static int compute_period(struct cli *cli, const struct period *period,
                          uint32_t enterprise_no, struct rows *rows)
{
    const struct carbon_query query = {
        .period = *period,
        .method = methods_carbon(&cli->setup->methods, cli->setup->conf->assess.carbon),
        .enterprise_no = enterprise_no,
        .now_ms = cli->now_ms,
        .zone = &cli->setup->conf->site.tz};
    struct carbon_result result = {0};
    int err = carbon_compute(cli->store, &cli->setup->methods, &query, &result);

    if (err == 0) {
        err = carbon_rows(&result, rows);
    }
    if (err == 0 && cli->store_writable) {
        err = carbon_store(cli->store, &result, cli->now_ms);
        err = err > 0 ? 0 : err;
    }
    carbon_result_done(&result);
    return err == 0 ? 0
                    : cli_fail(EXIT_IO, "cannot compute carbon figures: %s",
                               store_error_text(cli->store));
}

int cmd_carbon(struct cli *cli)
{
    const char *enterprise = cli->options.value[OPTION_ENTERPRISE];
    struct period periods[12];
    uint32_t enterprise_no = 0;
    struct rows rows;
    int n = 0;
    int exit_code = parse_periods(cli, periods, &n);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    exit_code = exit_code != 0 ? exit_code : cli_assess_periods(cli, periods, n);
    exit_code = exit_code != 0 ? exit_code : cli_open_current_store(cli, DAY_MIN, DAY_MIN);
    if (exit_code == 0 && enterprise != NULL) {
        exit_code = cli_check_enterprise(cli, enterprise);
        if (exit_code == 0) {
            (void)registry_enterprise_no(cli->store, enterprise, &enterprise_no);
        }
    }
    if (exit_code != 0) {
        return exit_code;
    }
    carbon_rows_init(&rows);
    for (int i = 0; exit_code == 0 && i < n; i++) {
        exit_code = compute_period(cli, &periods[i], enterprise_no, &rows);
    }
    carbon_rows_sort(&rows);
    exit_code = exit_code != 0 ? exit_code : cli_commit(cli);
    exit_code = exit_code != 0 ? exit_code : cli_write(cli, &rows, carbon_table);
    rows_done(&rows);
    return exit_code;
}
