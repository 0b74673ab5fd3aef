#include <string.h>

#include <ecmon/err.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/store/view.h"

static int parse_by(const struct cli *cli, enum view_by *ret_by)
{
    static const char *const words[] = {"interval", "day", "month", NULL};
    const char *by = cli->options.value[OPTION_BY];

    *ret_by = VIEW_BY_DAY;
    for (int i = 0; by != NULL && words[i] != NULL; i++) {
        if (strcmp(by, words[i]) == 0) {
            *ret_by = (enum view_by)i;
            return 0;
        }
    }
    if (by == NULL) {
        return 0;
    }
    const char *nearest = text_nearest(by, words);

    return cli_fail(EXIT_USAGE, "--by: \"%s\" is none of interval, day, month%s%s%s", by,
                    nearest != NULL ? "; did you mean " : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

/* Whole months, as far as their days are over. */
static void widen_to_months(const struct cli *cli, day_t *ret_from, day_t *ret_to)
{
    day_t yesterday = day_of_ts(cli->now_ms, &cli->setup->conf->site.tz) - 1;
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(*ret_from, &year, &month, &dom);
    *ret_from = day_from_civil(year, month, 1);
    civil_from_day(*ret_to, &year, &month, &dom);
    *ret_to =
        day_from_civil(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - 1;
    if (*ret_to > yesterday) {
        *ret_to = yesterday;
    }
}

/* --from and --to may be months when months are asked for. */
static int parse_range(struct cli *cli, enum view_by by, day_t *ret_from, day_t *ret_to)
{
    const char *from = cli->options.value[OPTION_FROM];
    const char *to = cli->options.value[OPTION_TO];
    struct period first;
    struct period last;

    if (by == VIEW_BY_MONTH && from != NULL && text_to_period(from, &first) == 0) {
        if (text_to_period(to != NULL ? to : from, &last) != 0) {
            return cli_fail(EXIT_USAGE, "--to: \"%s\" is not a month like --from", to);
        }
        *ret_from = first.first;
        *ret_to = last.last;
        return *ret_from <= *ret_to ? 0 : cli_fail(EXIT_USAGE, "--from lies after --to");
    }
    return cli_days(cli, ret_from, ret_to);
}

int cmd_energy(struct cli *cli)
{
    const char *enterprise = cli->options.value[OPTION_ENTERPRISE];
    const char *meter = cli->options.value[OPTION_METER];
    enum view_by by = VIEW_BY_DAY;
    day_t from = 0;
    day_t to = 0;
    struct rows rows;

    if (enterprise != NULL && meter != NULL) {
        return cli_fail(EXIT_USAGE, "--enterprise and --meter exclude each other");
    }
    int exit_code = parse_by(cli, &by);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    exit_code = exit_code != 0 ? exit_code : parse_range(cli, by, &from, &to);
    exit_code = exit_code != 0 ? exit_code : cli_open_current_store(cli, DAY_MIN, DAY_MIN);
    exit_code = exit_code != 0 ? exit_code : cli_commit(cli);
    if (exit_code == 0 && enterprise != NULL) {
        exit_code = cli_check_enterprise(cli, enterprise);
    }
    if (exit_code == 0 && meter != NULL) {
        exit_code = cli_check_meter(cli, meter);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    if (by == VIEW_BY_MONTH) {
        widen_to_months(cli, &from, &to);
    }
    const struct zone *zone = &cli->setup->conf->site.tz;
    const struct view_range range = {enterprise, meter, ts_of_day(from, zone),
                                     ts_of_day(to + 1, zone)};

    if (view_energy(cli->store, &range, by, &rows) != 0) {
        return cli_fail(EXIT_IO, "cannot read energy: %s", store_error_text(cli->store));
    }
    exit_code = cli_write(cli, &rows, NULL);
    rows_done(&rows);
    return exit_code;
}
