/*
 * Options of the tool as rows: name, argument, help; each command lists those it takes.
 * Parsing, `help` and the nearest right word all read the same rows.
 */
#ifndef ECMON_CLI_OPTIONS_H
#define ECMON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

/* X(ID, name, short letter or 0, argument or NULL, help) */
#define OPTION_LIST(X)                                                                     \
    X(CONFIG, "config", 'c', "FILE", "configuration (default /etc/ecmon/ecmond.yaml)")     \
    X(OUTPUT, "output", 0, "FORMAT",                                                       \
      "table, csv, json or xlsx (a table on a terminal, else csv)")                        \
    X(FILE, "file", 'o', "FILE", "write there instead of standard output")                 \
    X(LANG, "lang", 0, "LANG", "zh or en (default: from LANG, else zh)")                   \
    X(LABELS, "labels", 0, "LANG", "zh: Chinese headings and words in csv and xlsx")       \
    X(EXCEL, "excel", 0, NULL, "csv as Excel wants it")                                    \
    X(DAY, "day", 0, "DAY", "one day, YYYY-MM-DD (default: the last complete one)")        \
    X(FROM, "from", 0, "DAY", "first day (readings: or instant)")                          \
    X(TO, "to", 0, "DAY", "last day (readings: or instant, exclusive)")                    \
    X(BY, "by", 0, "KIND", "grouping: see the command")                                    \
    X(LEVEL, "level", 0, "LEVEL",                                                          \
      "of industry: section division group class; of region: county city province")        \
    X(GROUP, "group", 0, "ID", "one group only")                                           \
    X(METHOD, "method", 0, "ID|FILE", "another method than the configured one")            \
    X(PERIOD, "period", 0, "PERIOD", "2026, 2026H1, 2026Q3, 2026-09 or 2026-01..2026-02")  \
    X(ENTERPRISE, "enterprise", 0, "ID", "one enterprise")                                 \
    X(METER, "meter", 0, "ID", "one meter")                                                \
    X(PROFILE, "profile", 0, "ID", "meter profile")                                        \
    X(STRICT, "strict", 0, NULL, "warnings count as errors")                               \
    X(DRY_RUN, "dry-run", 0, NULL, "say what would be done, change nothing")               \
    X(ALLOW_REMOVALS, "allow-removals", 0, "N", "let up to N ids leave the register")      \
    X(SKIP_BAD, "skip-bad", 0, NULL, "import the good rows")                               \
    X(REJECTS, "rejects", 0, "FILE", "refused rows and reasons go there")                  \
    X(ALL, "all", 0, NULL, "meters that are well, too")                                    \
    X(REGISTER, "register", 0, "FILE", "meters.csv whose meters are simulated")            \
    X(SCENARIO, "scenario", 0, "FILE", "loads and faults of simulated meters")             \
    X(METERS, "count", 0, "N", "N simulated meters of one kind")                           \
    X(PORT, "port", 0, "PORT", "first port of --count (default 1502)")                     \
    X(PER_PORT, "per-port", 0, "N", "meters behind one port of --count (default 1)")       \
    X(PTY_FOLDER, "pty-folder", 0, "FOLDER", "simulated serial lines are made there")      \
    X(ANY_ADDRESS, "any-address", 0, NULL,                                                 \
      "simulated meters listen on the register's addresses, not on loopback only")         \
    X(SEED, "seed", 0, "N", "of the faults that are drawn (default 1)")                    \
    X(SECONDS, "seconds", 0, "N", "end by itself")                                         \
    X(HISTORY_FROM, "history-from", 0, "DAY",                                              \
      "print the simulated days up to yesterday as an energy import, and end")             \
    X(TIMEOUT, "timeout", 0, "DURATION",                                                   \
      "of a live reading (default 1s; scan, identify: 300ms)")                             \
    X(TRY_ORDERS, "try-orders", 0, NULL, "32-bit values in all four byte orders")          \
    X(UNITS, "units", 0, "A-B", "unit ids to ask (default 1-247)")                         \
    X(EMIT, "emit", 0, NULL, "print rows of meters.csv instead")                           \
    X(FACES, "faces", 0, "FILE", "what the meters show: meter,register_kwh")

enum option_id {
#define OPTION_ENUM(id, name, letter, argument, help) OPTION_##id,
    OPTION_LIST(OPTION_ENUM)
#undef OPTION_ENUM
    OPTION_COUNT
};

#define OPTION_END OPTION_COUNT /* ends a command's list */

/* What was given: the argument, "" for an option without one, NULL when it was not given.
 */
struct options {
    const char *value[OPTION_COUNT];
    char **argument; /* the rest of the command line */
    int n_arguments;
};

/* Parses argv[1…] of a command that takes `accepted` (ends with OPTION_END). On failure
 * writes a sentence to standard error. Returns 0 or 64. */
int options_parse(int argc, char **argv, const enum option_id *accepted,
                  struct options *ret_options);
/* One line per accepted option. */
void options_help(FILE *out, const enum option_id *accepted);

#endif
