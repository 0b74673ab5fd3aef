#include <string.h>

#include "daemon/cli/candidates.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/live.h"
#include "daemon/conf/endpoint.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"

#define TIMEOUT_MS 300
#define NEAREST    5 /* shown when none fits */

static const struct column columns[] = {
    {"rank", COLUMN_PLAIN, "名次"},
    {"profile", COLUMN_PLAIN, "型号"},
    {"name", COLUMN_PLAIN, "名称"},
    {"fits", COLUMN_PLAIN, "符合"},
    {"points", COLUMN_PLAIN, "得分"},
    {"values", COLUMN_PLAIN, "读到"},
    {"values_expected", COLUMN_PLAIN, "应有"},
    {"voltage_v", COLUMN_PLAIN, "A相电压 V"},
    {"frequency_hz", COLUMN_PLAIN, "频率 Hz"},
    {"power_w", COLUMN_PLAIN, "功率 W"},
    {"energy_import_wh", COLUMN_WH, "正向有功"},
    {"why", COLUMN_PLAIN, "依据"},
};
#define N_COLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

/* "frequency +30, sum of phases -25" */
static const char *why(struct rows *rows, const struct identify_fit *fit)
{
    struct text_buffer text = {0};

    for (int i = 0; i < IDENTIFY_CHECK_COUNT; i++) {
        if (fit->points[i] != 0) {
            text_printf(&text, "%s%s %+d", text.n > 0 ? ", " : "",
                        identify_check_name((enum identify_check)i), fit->points[i]);
        }
    }
    const char *kept = rows_keep(rows, text.text);

    text_buffer_done(&text);
    return kept;
}

static int print(struct cli *cli, const struct candidates *candidates, int n)
{
    struct rows rows;

    rows_init(&rows, columns, N_COLUMNS);
    for (int i = 0; i < n; i++) {
        const struct candidate *candidate = &candidates->candidate[i];
        struct cell *cell = rows_add(&rows);

        if (cell == NULL) {
            rows_done(&rows);
            return cli_fail(EXIT_NO, "out of memory");
        }
        *cell++ = cell_int(i + 1);
        *cell++ = cell_text(candidate->profile->id);
        *cell++ = cell_text(candidate->profile->name);
        *cell++ = cell_int(candidate->fit.fits);
        *cell++ = cell_int(candidate->fit.total);
        *cell++ = cell_int(candidate->fit.present);
        *cell++ = cell_int(candidate->fit.expected);
        candidate_figures(candidate, cell);
        cell[CANDIDATE_FIGURES] = cell_text(why(&rows, &candidate->fit));
    }
    int exit_code = cli_write(cli, &rows, NULL);

    rows_done(&rows);
    return exit_code;
}

static int judge(struct cli *cli, const struct candidates *candidates, const char *endpoint,
                 const char *address)
{
    int n_fit = 0;
    bool answered = false;

    for (int i = 0; i < candidates->n; i++) {
        n_fit += candidates->candidate[i].fit.fits;
        answered = answered || candidates->candidate[i].answered;
    }
    if (candidates->unreachable[0] != '\0') {
        return cli_fail(EXIT_UNAVAILABLE, "%s: %s", endpoint, candidates->unreachable);
    }
    if (!answered) {
        return cli_fail(EXIT_NO, "nobody answers at %s address %s", endpoint, address);
    }
    int nearest = candidates->n < NEAREST ? candidates->n : NEAREST;
    int exit_code = print(cli, candidates, n_fit > 0 ? n_fit : nearest);

    if (exit_code == 0 && n_fit == 0) {
        return cli_fail(EXIT_NO, "no profile fits; the nearest ones are above");
    }
    return exit_code;
}

int cmd_identify(struct cli *cli)
{
    struct candidates candidates = {0};
    char endpoint[ENDPOINT_LEN];
    char address[ADDRESS_LEN];
    char why_not[320] = "";
    int64_t timeout_ms = 0;

    if (cli->options.n_arguments != 2) {
        return cli_fail(EXIT_USAGE, "identify needs an endpoint and an address");
    }
    if (endpoint_canonical(cli->options.argument[0], endpoint, why_not,
                           (int)sizeof(why_not)) != 0 ||
        endpoint_address(endpoint, cli->options.argument[1], address, why_not,
                         (int)sizeof(why_not)) < 0) {
        return cli_fail(EXIT_USAGE, "%s", why_not);
    }
    int exit_code = live_timeout(cli, TIMEOUT_MS, &timeout_ms);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    exit_code = exit_code != 0
                    ? exit_code
                    : candidates_read(cli, endpoint, address, timeout_ms, &candidates);
    if (exit_code == 0) {
        exit_code = judge(cli, &candidates, endpoint, address);
    }
    candidates_done(&candidates);
    return exit_code;
}
