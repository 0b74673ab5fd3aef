#include "daemon/cli/commands.h"

#include <stddef.h>

#include "daemon/cli/cli.h"

#define ACCEPTS(...)                                                                       \
    (const enum option_id[])                                                               \
    {                                                                                      \
        __VA_ARGS__, OPTION_END                                                            \
    }
#define ROWS OPTION_OUTPUT, OPTION_FILE, OPTION_LANG, OPTION_LABELS, OPTION_EXCEL

const struct command commands[] = {
    {"check", "[-c FILE] [--strict]",
     "check configuration, register, profiles, method data: every problem",
     ACCEPTS(OPTION_CONFIG, OPTION_STRICT, OPTION_LANG), cmd_check, 0},
    {"apply", "[-c FILE] [--dry-run] [--allow-removals N]",
     "bring the store in line with register and method data",
     ACCEPTS(OPTION_CONFIG, OPTION_DRY_RUN, OPTION_ALLOW_REMOVALS, OPTION_OUTPUT,
             OPTION_LANG),
     cmd_apply, 0},
    {"template", "KIND [--labels zh]", "print an empty register or import file",
     ACCEPTS(OPTION_CONFIG, OPTION_LABELS, OPTION_LANG, OPTION_EXCEL), cmd_template, 1},
    {"plan", "[-c FILE] [--meter ID]",
     "requests per meter, time per line, over-subscription",
     ACCEPTS(OPTION_CONFIG, OPTION_METER, OPTION_OUTPUT, OPTION_LANG), cmd_plan, 0},
    {"read", "METER | ENDPOINT ADDRESS --profile ID", "one live reading, raw and decoded",
     ACCEPTS(OPTION_CONFIG, OPTION_PROFILE, OPTION_TIMEOUT, OPTION_OUTPUT, OPTION_LANG),
     cmd_read, 2},
    {"simulate", "--register FILE | --count N | --scenario FILE", "meters without hardware",
     ACCEPTS(OPTION_CONFIG, OPTION_REGISTER, OPTION_SCENARIO, OPTION_METERS, OPTION_PORT,
             OPTION_PER_PORT, OPTION_PROFILE, OPTION_PTY_FOLDER, OPTION_ANY_ADDRESS,
             OPTION_SEED, OPTION_SECONDS, OPTION_HISTORY_FROM, OPTION_LANG),
     cmd_simulate, 0},
    {"status", "[-c FILE] [--all]",
     "daemon, lines, meters, store, sinks, problems; exit 1 if not well",
     ACCEPTS(OPTION_CONFIG, OPTION_ALL, OPTION_OUTPUT, OPTION_LANG), cmd_status, 0},
    {"import", "energy|output|energy-use FILE [--dry-run] [--skip-bad --rejects FILE]",
     "daily energy, output figures, energy use by carrier",
     ACCEPTS(OPTION_CONFIG, OPTION_DRY_RUN, OPTION_SKIP_BAD, OPTION_REJECTS, OPTION_OUTPUT,
             OPTION_LANG),
     cmd_import, 2},
    {"energy",
     "[--enterprise ID | --meter ID] [--day D | --from D --to D] [--by interval|day|month]",
     "energy of enterprises or meters",
     ACCEPTS(OPTION_CONFIG, OPTION_ENTERPRISE, OPTION_METER, OPTION_DAY, OPTION_FROM,
             OPTION_TO, OPTION_BY, ROWS),
     cmd_energy, 0},
    {"rates",
     "[--day D | --from D --to D] [--by KIND[,KIND]] [--level L] [--group ID] [--method "
     "ID|FILE]",
     "电力复工率, 电量复产率 and index by group",
     ACCEPTS(OPTION_CONFIG, OPTION_DAY, OPTION_FROM, OPTION_TO, OPTION_BY, OPTION_LEVEL,
             OPTION_GROUP, OPTION_METHOD, ROWS),
     cmd_rates, 0},
    {"resumption", "[--day D] [--by KIND --group ID] [--method ID|FILE]",
     "one row per enterprise: did it resume, and why",
     ACCEPTS(OPTION_CONFIG, OPTION_DAY, OPTION_BY, OPTION_LEVEL, OPTION_GROUP,
             OPTION_METHOD, ROWS),
     cmd_resumption, 0},
    {"carbon", "--period P [--by month] [--enterprise ID]",
     "carbon efficiency (碳效): emissions, intensity, level, grade",
     ACCEPTS(OPTION_CONFIG, OPTION_PERIOD, OPTION_BY, OPTION_ENTERPRISE, ROWS), cmd_carbon,
     0},
    {"explain", "rate DAY [--by K --group G] | carbon ENTERPRISE PERIOD",
     "why a figure is what it is, down to its inputs",
     ACCEPTS(OPTION_CONFIG, OPTION_BY, OPTION_LEVEL, OPTION_GROUP, OPTION_METHOD,
             OPTION_OUTPUT, OPTION_FILE, OPTION_LANG),
     cmd_explain, 3},
    {"export", "readings|intervals|days --from T --to T [--meter ID] [--enterprise ID]",
     "stored rows of a range",
     ACCEPTS(OPTION_CONFIG, OPTION_FROM, OPTION_TO, OPTION_METER, OPTION_ENTERPRISE, ROWS),
     cmd_export, 1},
    {"reload", "[-c FILE]", "the daemon reads every file again",
     ACCEPTS(OPTION_CONFIG, OPTION_LANG), cmd_reload, 0},
    {NULL, NULL, NULL, NULL, NULL, 0},
};
