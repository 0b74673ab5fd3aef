#include <stdlib.h>
#include <string.h>

#include "daemon/cli/candidates.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/live.h"
#include "daemon/cli/progress.h"
#include "daemon/collect/survey.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"

#define TIMEOUT_MS  300
#define UNIT_MAX    247
#define PROBES_MAX  256
#define ANYBODY     "AAAAAAAAAAAA" /* DL/T 645: the one meter of the line */
#define METER_START 0x68

static const struct column columns[] = {
    {"line", COLUMN_PLAIN, "线路"},
    {"address", COLUMN_PLAIN, "地址"},
    {"answer", COLUMN_PLAIN, "应答"},
    {"exception", COLUMN_PLAIN, "异常码"},
    {"profile", COLUMN_PLAIN, "型号"},
    {"name", COLUMN_PLAIN, "名称"},
    {"points", COLUMN_PLAIN, "得分"},
    {"voltage_v", COLUMN_PLAIN, "A相电压 V"},
    {"frequency_hz", COLUMN_PLAIN, "频率 Hz"},
    {"power_w", COLUMN_PLAIN, "功率 W"},
    {"energy_import_wh", COLUMN_WH, "正向有功"},
};
#define N_COLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

/* As `ecmon template meters` names them; enterprise and ratios are for people to fill in.
 */
static const struct column register_columns[] = {
    {"id", COLUMN_PLAIN, "表号"},      {"enterprise", COLUMN_PLAIN, "企业编号"},
    {"name", COLUMN_PLAIN, "名称"},    {"endpoint", COLUMN_PLAIN, "端点"},
    {"address", COLUMN_PLAIN, "地址"}, {"profile", COLUMN_PLAIN, "型号"},
    {"pt", COLUMN_PLAIN, "电压变比"},  {"ct", COLUMN_PLAIN, "电流变比"},
};
#define N_REGISTER_COLUMNS ((int)(sizeof(register_columns) / sizeof(register_columns[0])))

struct found {
    char address[ADDRESS_LEN];
    uint8_t exception; /* 0 = values */
};

struct scan {
    struct cli *cli;
    const char *endpoint; /* canonical; the line being scanned */
    int64_t timeout_ms;
    int64_t unit_first;
    int64_t unit_last;
    bool emit;
    struct rows rows;
    int n_emitted; /* the number in the last id */
    struct survey_item item[PROBES_MAX];
    int n_items;
    struct found found[PROBES_MAX];
    int n_found;
    char unreachable[SAMPLE_DETAIL_LEN + 16];
};

/* --- who is there --- */

/* The number in a DL/T 645 frame, lowest two digits first. */
static void address_of(const struct collect_frame *frame, char ret_address[ADDRESS_LEN])
{
    int start = 0;

    while (start < frame->n && frame->bytes[start] != METER_START) {
        start++;
    }
    for (int i = 0; i < METER_ADDRESS_LEN; i++) {
        int at = start + METER_ADDRESS_LEN - i;

        (void)snprintf(ret_address + (ptrdiff_t)2 * i, 3, "%02X",
                       at < frame->n ? frame->bytes[at] : 0U);
    }
}

static bool on_probe(void *ctx, int item, const struct sample *sample,
                     const struct collect_frame *frames, int n_frames)
{
    struct scan *scan = ctx;
    bool is_dlt645 = strncmp(scan->endpoint, "dlt645", 6) == 0;
    uint8_t exception = 0;
    const struct collect_frame *answer =
        survey_answer(scan->endpoint, frames, n_frames, &exception);

    if (answer != NULL) {
        struct found *found = &scan->found[scan->n_found++];

        found->exception = exception;
        (void)text_copy(found->address, ADDRESS_LEN, scan->item[item].address);
        if (is_dlt645) {
            address_of(answer, found->address);
        }
    }
    progress_show("%s: %d of %d asked, %d answer", scan->endpoint, item + 1, scan->n_items,
                  scan->n_found);
    if (sample->status == SLOT_REFUSED ||
        (sample->status == SLOT_CONNECTION && n_frames == 0 && scan->n_found == 0)) {
        (void)snprintf(scan->unreachable, sizeof(scan->unreachable), "%s, %s",
                       slot_status_name(sample->status), sample->detail);
        return false;
    }
    return !(is_dlt645 && answer != NULL);
}

/* One register is asked of every unit; of DL/T 645 every profile is tried on whoever is
 * there. */
static void list_probes(struct scan *scan, const struct profile *probe)
{
    const struct profiles *profiles = &scan->cli->setup->profiles;

    scan->n_items = 0;
    scan->n_found = 0;
    scan->unreachable[0] = '\0';
    if (strncmp(scan->endpoint, "dlt645", 6) != 0) {
        for (int64_t unit = scan->unit_first; unit <= scan->unit_last; unit++) {
            struct survey_item *item = &scan->item[scan->n_items++];

            (void)snprintf(item->address, ADDRESS_LEN, "%d", (int)unit);
            item->profile = probe;
        }
        return;
    }
    for (int i = 0; i < profiles->n && scan->n_items < PROBES_MAX; i++) {
        if (candidate_suits(&profiles->profile[i], scan->endpoint)) {
            struct survey_item *item = &scan->item[scan->n_items++];

            (void)text_copy(item->address, ADDRESS_LEN, ANYBODY);
            item->profile = &profiles->profile[i];
        }
    }
}

static int probe_line(struct scan *scan)
{
    struct profile_point point = {.quantity = QUANTITY_POWER_W,
                                  .function = 3,
                                  .n_parts = 1,
                                  .part = {{.type = REGISTER_U16, .scale = {1, 1}}}};
    const struct profile probe = {.id = "probe",
                                  .max_registers = 1,
                                  .register_wh = {1, 1},
                                  .n_points = 1,
                                  .point = &point};

    list_probes(scan, &probe);
    const struct survey_options options = {.endpoint = scan->endpoint,
                                           .item = scan->item,
                                           .n = scan->n_items,
                                           .timeout_ms = scan->timeout_ms,
                                           .done = on_probe,
                                           .ctx = scan};
    int err = collect_survey(&options);

    progress_end();
    if (err != 0) {
        return cli_fail(EXIT_UNAVAILABLE, "cannot use %s", scan->endpoint);
    }
    return scan->unreachable[0] != '\0'
               ? cli_fail(EXIT_UNAVAILABLE, "%s: %s", scan->endpoint, scan->unreachable)
               : 0;
}

/* --- as what --- */

static bool is_taken(const struct cli *cli, const char *id)
{
    const struct registry *registry = &cli->setup->registry;

    for (int i = 0; i < registry->n_meters; i++) {
        if (strcmp(registry->meter[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static int add_register_row(struct scan *scan, const struct found *found,
                            const struct candidate *best)
{
    char id[ID_LEN];

    do {
        (void)snprintf(id, sizeof(id), "M%03d", ++scan->n_emitted);
    } while (is_taken(scan->cli, id));
    struct cell *cell = rows_add(&scan->rows);

    if (cell == NULL) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    cell[0] = cell_text(rows_keep(&scan->rows, id));
    cell[2] = cell_text(best != NULL ? best->profile->name : NULL);
    cell[3] = cell_text(rows_keep(&scan->rows, scan->endpoint));
    cell[4] = cell_text(rows_keep(&scan->rows, found->address));
    cell[5] = cell_text(best != NULL ? best->profile->id : NULL);
    return 0;
}

static int add_row(struct scan *scan, const struct found *found,
                   const struct candidate *best)
{
    struct cell *cell = rows_add(&scan->rows);

    if (cell == NULL) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    *cell++ = cell_text(rows_keep(&scan->rows, scan->endpoint));
    *cell++ = cell_text(rows_keep(&scan->rows, found->address));
    *cell++ = cell_text(found->exception != 0 ? "exception" : "values");
    *cell++ = found->exception != 0 ? cell_int(found->exception) : cell_null();
    if (best != NULL) {
        *cell++ = cell_text(best->profile->id);
        *cell++ = cell_text(best->profile->name);
        *cell++ = cell_int(best->fit.total);
        candidate_figures(best, cell);
    }
    return 0;
}

static int name_found(struct scan *scan, const struct found *found)
{
    struct candidates candidates = {0};
    int exit_code = candidates_read(scan->cli, scan->endpoint, found->address,
                                    scan->timeout_ms, &candidates);

    if (exit_code == 0) {
        const struct candidate *best = candidates.n > 0 && candidates.candidate[0].fit.fits
                                           ? candidates.candidate
                                           : NULL;

        exit_code =
            scan->emit ? add_register_row(scan, found, best) : add_row(scan, found, best);
    }
    candidates_done(&candidates);
    return exit_code;
}

static int scan_line(struct scan *scan, const char *argument)
{
    char endpoint[ENDPOINT_LEN];
    char why[320] = "";

    if (endpoint_canonical(argument, endpoint, why, (int)sizeof(why)) != 0) {
        return cli_fail(EXIT_USAGE, "%s", why);
    }
    scan->endpoint = endpoint;
    int exit_code = probe_line(scan);

    for (int i = 0; exit_code == 0 && i < scan->n_found; i++) {
        exit_code = name_found(scan, &scan->found[i]);
    }
    return exit_code;
}

/* --- arguments --- */

/* "5" or "1-32" */
static int parse_units(struct scan *scan)
{
    const char *text = scan->cli->options.value[OPTION_UNITS];
    const char *dash = text != NULL ? strchr(text, '-') : NULL;
    char first[8] = "";

    scan->unit_first = 1;
    scan->unit_last = UNIT_MAX;
    if (text == NULL) {
        return 0;
    }
    (void)snprintf(first, sizeof(first), "%.*s",
                   (int)(dash != NULL ? dash - text : (ptrdiff_t)strlen(text)), text);
    if (text_to_i64(first, 1, UNIT_MAX, &scan->unit_first) != 0 ||
        text_to_i64(dash != NULL ? dash + 1 : first, scan->unit_first, UNIT_MAX,
                    &scan->unit_last) != 0) {
        return cli_fail(EXIT_USAGE,
                        "--units: \"%s\" is no unit id or range such as 1-32; allowed: 1 "
                        "to 247",
                        text);
    }
    return 0;
}

static int scan_all(struct scan *scan)
{
    struct cli *cli = scan->cli;
    int worst = 0;

    for (int i = 0; i < cli->options.n_arguments; i++) {
        int exit_code = scan_line(scan, cli->options.argument[i]);

        worst = exit_code != 0 ? exit_code : worst;
    }
    if (scan->emit && cli->options.value[OPTION_OUTPUT] == NULL) {
        cli->options.value[OPTION_OUTPUT] = "csv";
    }
    int exit_code = cli_write(cli, &scan->rows, NULL);

    return worst != 0 ? worst : exit_code;
}

int cmd_scan(struct cli *cli)
{
    if (cli->options.n_arguments < 1) {
        return cli_fail(EXIT_USAGE, "scan needs an endpoint such as "
                                    "modbus+tcp://192.168.1.30:502");
    }
    struct scan *scan = calloc(1, sizeof(*scan));

    if (scan == NULL) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    scan->cli = cli;
    scan->emit = cli->options.value[OPTION_EMIT] != NULL;
    int exit_code = parse_units(scan);

    exit_code =
        exit_code != 0 ? exit_code : live_timeout(cli, TIMEOUT_MS, &scan->timeout_ms);
    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    if (exit_code == 0) {
        rows_init(&scan->rows, scan->emit ? register_columns : columns,
                  scan->emit ? N_REGISTER_COLUMNS : N_COLUMNS);
        exit_code = scan_all(scan);
        rows_done(&scan->rows);
    }
    free(scan);
    return exit_code;
}
