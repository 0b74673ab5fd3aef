#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/version.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/live.h"
#include "daemon/cli/progress.h"
#include "daemon/cli/sheet.h"
#include "daemon/core/clock.h"
#include "daemon/core/csv.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"

struct verification {
    struct commission *row; /* owned; by line of the register */
    int n;
};

/* --- which meters --- */

static int select_meters(const struct cli *cli, struct verification *ret)
{
    const struct registry *registry = &cli->setup->registry;
    const char *only = cli->options.value[OPTION_METER];
    struct verification all = {calloc((size_t)registry->n_meters + 1, sizeof(*all.row)), 0};

    if (all.row == NULL) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    for (int i = 0; i < registry->n_meters; i++) {
        const struct meter *meter = &registry->meter[i];

        if (meter->endpoint[0] != '\0' && meter->since_ms <= cli->now_ms &&
            cli->now_ms < meter->until_ms &&
            (only == NULL || strcmp(only, meter->id) == 0)) {
            all.row[all.n].meter = meter;
            all.row[all.n++].profile = profiles_find(&cli->setup->profiles, meter->profile);
        }
    }
    *ret = all;
    if (only == NULL || all.n > 0) {
        return 0;
    }
    return live_find_meter(cli, only) != NULL
               ? cli_fail(EXIT_USAGE,
                          "meter %s has no endpoint: it takes imported readings only", only)
               : cli_unknown_meter(only, registry->meter, registry->n_meters);
}

/* --- faces: meter,register_kwh --- */

struct faces {
    const char *path;
    struct csv *csv;
    const struct csv_field *field;
    int meter_column;
    int kwh_column;
};

static int bad_face(const struct faces *faces, int column, const char *found,
                    const char *why)
{
    return cli_fail(EXIT_DATA, "%s:%ld:%d: \"%.64s\" %s", faces->path, csv_line(faces->csv),
                    column, found, why);
}

static int read_heading(struct faces *faces, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(faces->field[i].text, "meter") == 0) {
            faces->meter_column = i;
        } else if (strcmp(faces->field[i].text, "register_kwh") == 0) {
            faces->kwh_column = i;
        } else {
            return bad_face(faces, faces->field[i].column, faces->field[i].text,
                            "is no column of faces; allowed: meter, register_kwh");
        }
    }
    return faces->meter_column >= 0 && faces->kwh_column >= 0
               ? 0
               : cli_fail(EXIT_DATA, "%s: the columns meter and register_kwh are needed",
                          faces->path);
}

static int take_face(const struct cli *cli, const struct faces *faces,
                     struct verification *all)
{
    const struct csv_field *meter = &faces->field[faces->meter_column];
    const struct csv_field *kwh = &faces->field[faces->kwh_column];
    char digits[CSV_NUMBER_LEN];
    int64_t face_wh = 0;

    if (live_find_meter(cli, meter->text) == NULL) {
        return bad_face(faces, meter->column, meter->text,
                        "is no meter of the register in force today");
    }
    if (text_to_decimal(csv_number_text(kwh, digits), 3, &face_wh) != 0 || face_wh < 0) {
        return bad_face(faces, kwh->column, kwh->text,
                        "is no register: kWh with up to three decimals");
    }
    for (int i = 0; i < all->n; i++) {
        struct commission *row = &all->row[i];

        if (strcmp(row->meter->id, meter->text) == 0) {
            if (row->has_face) {
                return bad_face(faces, meter->column, meter->text, "stands there twice");
            }
            row->has_face = true;
            row->face_wh = face_wh;
        }
    }
    return 0;
}

static int read_faces_from(const struct cli *cli, struct faces *faces,
                           struct verification *all)
{
    const char *why = NULL;
    int column = 0;
    int n = csv_next(faces->csv, &faces->field, &why, &column);
    int exit_code = n > 0 ? read_heading(faces, n) : 0;
    int n_columns = n;

    while (exit_code == 0 && n > 0) {
        n = csv_next(faces->csv, &faces->field, &why, &column);
        if (n > 0 && n != n_columns) {
            return bad_face(faces, 1, faces->field[0].text,
                            "begins a row with too few or too many fields");
        }
        if (n > 0) {
            exit_code = take_face(cli, faces, all);
        }
    }
    return exit_code == 0 && n < 0 ? cli_fail(EXIT_DATA, "%s:%ld:%d: %s", faces->path,
                                              csv_line(faces->csv), column, why)
                                   : exit_code;
}

static int read_faces(const struct cli *cli, struct verification *all)
{
    struct faces faces = {
        .path = cli->options.value[OPTION_FACES], .meter_column = -1, .kwh_column = -1};
    const char *why = "";

    if (faces.path == NULL) {
        return 0;
    }
    FILE *file = fopen(faces.path, "re");

    if (file == NULL) {
        return cli_fail(EXIT_IO, "cannot read %s", faces.path);
    }
    int exit_code = csv_open(file, &faces.csv, &why) != 0
                        ? cli_fail(EXIT_DATA, "%s: %s", faces.path, why)
                        : read_faces_from(cli, &faces, all);

    csv_close(faces.csv);
    (void)fclose(file);
    return exit_code;
}

/* --- reading and writing --- */

static void read_all(struct cli *cli, struct verification *all)
{
    for (int i = 0; i < all->n; i++) {
        struct commission *row = &all->row[i];
        struct reading reading = {0};
        int64_t begin_ms = clock_mono_ms(clock_real());

        progress_show("%s: %d of %d", row->meter->id, i + 1, all->n);
        row->was_read = live_read_meter(cli, row->meter, &reading) == 0;
        row->latency_ms = clock_mono_ms(clock_real()) - begin_ms;
        row->sample = reading.sample;
        json_decref(reading.frames);
        commission_judge(row);
    }
    progress_end();
}

static int write_csv(struct cli *cli, const struct sheet *sheet)
{
    struct rows rows;

    if (sheet_rows(sheet, &rows) != 0) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    cli->options.value[OPTION_OUTPUT] = "csv";
    int exit_code = cli_write(cli, &rows, NULL);

    rows_done(&rows);
    return exit_code;
}

static int write_sheet(struct cli *cli, const struct verification *all, bool html)
{
    const struct conf *conf = cli->setup->conf;
    const struct sheet sheet = {.row = all->row,
                                .n = all->n,
                                .site_id = conf->site.id,
                                .site_name = conf->site.name,
                                .version = ECMON_VERSION,
                                .zone = &conf->site.tz,
                                .now_ms = cli->now_ms,
                                .english = cli->english};

    if (!html) {
        return write_csv(cli, &sheet);
    }
    FILE *out = cli_output(cli);

    if (out == NULL) {
        return EXIT_IO;
    }
    sheet_html(&sheet, out);
    return cli_output_done(cli, out);
}

static int count_failed(const struct verification *all)
{
    int n = 0;

    for (int i = 0; i < all->n; i++) {
        const struct commission *row = &all->row[i];

        if (row->result == COMMISSION_FAIL) {
            (void)cli_fail(0, "%s fails: %s%s%s", row->meter->id, row->reason,
                           row->sample.detail[0] != '\0' ? ", " : "", row->sample.detail);
            n++;
        }
    }
    return n;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t k = strlen(end);

    return n > k && strcmp(text + n - k, end) == 0;
}

int cmd_verify(struct cli *cli)
{
    const char *path = cli->options.value[OPTION_FILE];
    struct verification all = {0};
    bool html = path != NULL && (ends_with(path, ".html") || ends_with(path, ".htm"));

    if (path == NULL || (!html && !ends_with(path, ".csv"))) {
        return cli_fail(EXIT_USAGE, "verify needs -o FILE that ends in .html or .csv");
    }
    int exit_code = cli_open_files(cli);

    exit_code = exit_code != 0 ? exit_code : select_meters(cli, &all);
    exit_code = exit_code != 0 ? exit_code : read_faces(cli, &all);
    if (exit_code == 0) {
        read_all(cli, &all);
        exit_code = write_sheet(cli, &all, html);
    }
    if (exit_code == 0 && count_failed(&all) > 0) {
        exit_code = EXIT_NO;
    }
    free(all.row);
    return exit_code;
}
