#include <string.h>

#include <ecmon/err.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/store/view.h"

/* CSV is written page by page, however long the range is. */
struct export
{
    struct report_options report;
    int pages;
};

static int write_page(void *ctx, const struct rows *rows)
{
    struct export *export = ctx;

    export->report.no_header = export->pages > 0;
    export->pages++;
    return report_write(rows, &export->report);
}

/* A day, or an instant. last: a day counts to its end. */
static int parse_bound(struct cli *cli, enum option_id id, const char *name, bool last,
                       int64_t *ret_ts_ms)
{
    const struct zone *zone = &cli->setup->conf->site.tz;
    const char *text = cli->options.value[id];
    day_t day = 0;

    if (text == NULL) {
        return cli_fail(EXIT_USAGE, "export needs --from and --to");
    }
    if (text_to_day(text, &day) == 0) {
        *ret_ts_ms = ts_of_day(last ? day + 1 : day, zone);
        return 0;
    }
    if (text_to_ts_ms(text, zone, ret_ts_ms) == 0) {
        return 0;
    }
    return cli_fail(EXIT_USAGE,
                    "--%s: \"%s\" is neither a day (YYYY-MM-DD) nor an instant (ISO 8601)",
                    name, text);
}

static int parse_kind(const struct cli *cli, enum view_kind *ret_kind)
{
    static const char *const words[] = {"readings", "intervals", "days", NULL};
    const char *kind = cli->options.n_arguments == 1 ? cli->options.argument[0] : "";

    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(kind, words[i]) == 0) {
            *ret_kind = (enum view_kind)i;
            return 0;
        }
    }
    const char *nearest = text_nearest(kind, words);

    return cli_fail(EXIT_USAGE, "export takes one of readings, intervals, days%s%s%s",
                    nearest != NULL ? "; did you mean " : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

/* Formats that need all rows at once. */
static int collect_page(void *ctx, const struct rows *rows)
{
    struct rows *all = ctx;

    if (all->column == NULL) {
        rows_init(all, rows->column, rows->n_columns);
    }
    for (size_t r = 0; r < rows->n_rows; r++) {
        struct cell *row = rows_add(all);

        if (row == NULL) {
            return ERR_NOMEM;
        }
        for (int c = 0; c < rows->n_columns; c++) {
            row[c] = rows->cell[r * (size_t)rows->n_columns + (size_t)c];
            if (row[c].text != NULL) {
                row[c].text = rows_keep(all, row[c].text);
            }
        }
    }
    return 0;
}

static int export_all(struct cli *cli, enum view_kind kind, const struct view_range *range)
{
    struct rows all = {0};
    int exit_code = 0;

    if (view_export(cli->store, kind, range, collect_page, &all) != 0) {
        exit_code =
            cli_fail(EXIT_IO, "cannot read the rows: %s", store_error_text(cli->store));
    } else {
        exit_code = cli_write(cli, &all, NULL);
    }
    rows_done(&all);
    return exit_code;
}

static int export_csv(struct cli *cli, enum view_kind kind, const struct view_range *range,
                      enum report_format format)
{
    const char *labels = cli->options.value[OPTION_LABELS];
    struct export export = {
        .report = {.format = format,
                   .zone = &cli->setup->conf->site.tz,
                   .labels_zh = labels != NULL && strcmp(labels, "zh") == 0,
                   .out = cli_output(cli)}};

    if (export.report.out == NULL) {
        return EXIT_IO;
    }
    int err = view_export(cli->store, kind, range, write_page, &export);
    int exit_code = cli_output_done(cli, export.report.out);

    return err != 0 ? cli_fail(EXIT_IO, "cannot export: %s", store_error_text(cli->store))
                    : exit_code;
}

int cmd_export(struct cli *cli)
{
    enum view_kind kind = VIEW_READINGS;
    enum report_format format = REPORT_CSV;
    struct view_range range = {.enterprise = cli->options.value[OPTION_ENTERPRISE],
                               .meter = cli->options.value[OPTION_METER]};
    int exit_code = parse_kind(cli, &kind);

    exit_code = exit_code != 0 ? exit_code : cli_format(cli, &format);
    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    exit_code = exit_code != 0
                    ? exit_code
                    : parse_bound(cli, OPTION_FROM, "from", false, &range.from_ms);
    exit_code = exit_code != 0 ? exit_code
                               : parse_bound(cli, OPTION_TO, "to", true, &range.until_ms);
    exit_code = exit_code != 0 ? exit_code : cli_open_current_store(cli, DAY_MIN, DAY_MIN);
    exit_code = exit_code != 0 ? exit_code : cli_commit(cli);
    if (exit_code == 0 && range.enterprise != NULL) {
        exit_code = cli_check_enterprise(cli, range.enterprise);
    }
    if (exit_code == 0 && range.meter != NULL) {
        exit_code = cli_check_meter(cli, range.meter);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    if (format == REPORT_CSV || format == REPORT_CSV_EXCEL) {
        return export_csv(cli, kind, &range, format);
    }
    return export_all(cli, kind, &range);
}
