/*
 * What the commands of the tool share: files, store, daemon, output, errors for people.
 * Commands return the process's exit code (interfaces.md §1).
 */
#ifndef ECMON_CLI_H
#define ECMON_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <ecmon/row.h>
#include <ecmon/time.h>

#include "daemon/cli/options.h"
#include "daemon/conf/setup.h"
#include "daemon/report/report.h"
#include "daemon/store/store.h"

struct rates_query;

enum exit_code {
    EXIT_DONE = 0,
    EXIT_NO = 1,
    EXIT_USAGE = 64,
    EXIT_DATA = 65,
    EXIT_UNAVAILABLE = 69,
    EXIT_IO = 74,
    EXIT_CONFIG = 78
};

struct cli {
    struct options options;
    const char *conf_path;
    bool english;
    struct setup *setup; /* after cli_open_files */
    struct store *store; /* after cli_open_store */
    bool store_writable;
    bool daemon;    /* one runs */
    int64_t now_ms; /* of this invocation */
};

struct command {
    const char *name;
    const char *synopsis; /* behind the name */
    const char *summary;
    const enum option_id *accepted;
    int (*run)(struct cli *cli);
    int max_arguments; /* words that are no options */
};

/* Every command, sorted as `ecmon help` shows them; ends with a NULL name. */
extern const struct command commands[];

/* "ecmon: …" on standard error. Returns exit_code. */
int cli_fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads and checks every file of the configuration; problems are printed. 0 or the exit
 * code. */
int cli_open_files(struct cli *cli);
/* After cli_open_files: a reader. 0 or the exit code. */
int cli_open_store(struct cli *cli);
/*
 * After cli_open_files: makes energy days current, by the daemon when one runs (which also
 * computes the rates of these days, DAY_MIN = none), else here when the store can be
 * written. Leaves cli->store open: writable when this process holds the lock, in a
 * transaction.
 */
int cli_open_current_store(struct cli *cli, day_t from, day_t to);
/* The daemon, when one runs, computes and stores the grades of these periods. 0 or the exit
 * code. */
int cli_assess_periods(struct cli *cli, const struct period *period, int n);
/* Commits what a command computed, where the store is writable. */
int cli_commit(struct cli *cli);
void cli_close(struct cli *cli);

/* Asks the daemon; request is stolen. 0 and *ret_reply (json_t, the caller's), or an exit
 * code after printing why. */

int cli_ask(struct cli *cli, json_t *request, int fd, json_t **ret_reply);

/* Writes rows as asked by --output, --file, --labels, --excel. table_columns: what a table
 * shows (NULL: all). 0 or an exit code. */
int cli_write(struct cli *cli, const struct rows *rows, const char *const *table_columns);
/* For commands whose answer is one text or one object: --output json or table (text). 0
 * or 64. */
int cli_wants_json(const struct cli *cli, bool *ret_json);
/* The format asked for. 0 or 64. */
int cli_format(const struct cli *cli, enum report_format *ret_format);
/* Where --file or standard output goes; close with cli_output_done. */
FILE *cli_output(const struct cli *cli);
int cli_output_done(const struct cli *cli, FILE *out);

/* --day or --from/--to as days, inclusive; default the last complete day. 0 or 64. */
int cli_days(const struct cli *cli, day_t *ret_from, day_t *ret_to);
/* Complains of an id that is none of names (ends with NULL), with the nearest one.
 * Returns 64. */
int cli_unknown(const char *what, const char *id, const char *const *names);
int cli_unknown_meter(const char *id, const struct meter *meters, int n);
/* Is there an enterprise (meter) of that id? 0, or 64 with the nearest one. */
int cli_check_enterprise(struct cli *cli, const char *id);
int cli_check_meter(struct cli *cli, const char *id);
/* Has the day a group of query->group, which no row came for? The same. */
int cli_check_group(struct cli *cli, const struct rates_query *query);
/* The resumption method of --method (id or file), else the configured one. Owned by cli's
 * setup or, for a file, by *file_method. 0 or an exit code. */
int cli_resumption_method(struct cli *cli, struct resumption_method *file_method,
                          const struct resumption_method **ret_method);

#endif
