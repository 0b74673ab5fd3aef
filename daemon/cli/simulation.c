#include "daemon/cli/simulation.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/csv.h"
#include "daemon/core/text.h"

#define LOAD_DEFAULT_W INT64_C(50000)

enum field {
    FIELD_ID,
    FIELD_ENDPOINT,
    FIELD_ADDRESS,
    FIELD_PROFILE,
    FIELD_PT,
    FIELD_CT,
    FIELD_MULTIPLIER,
    FIELD_ENTERPRISE,
    FIELD_LOAD_KW,
    FIELD_SHAPE,
    FIELD_START_KWH,
    FIELD_SEED,
    FIELD_CHANGE_DAY,
    FIELD_CHANGE_PERCENT,
    FIELD_FAULT,
    FIELD_VALUE,
    FIELD_PERCENT,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "id",         "endpoint",       "address", "profile", "pt",        "ct",
    "multiplier", "enterprise",     "load_kw", "shape",   "start_kwh", "seed",
    "change_day", "change_percent", "fault",   "value",   "percent"};

struct reader {
    struct csv *csv;
    const char *path;
    const struct profiles *profiles;
    struct problems *problems;
    const struct csv_field *fields;
    int n_fields;
    int place[FIELD_COUNT]; /* index of the column, -1 = not there */
    int n_bad;
};

static const char *cell(const struct reader *reader, enum field field)
{
    int place = reader->place[field];

    return place >= 0 && place < reader->n_fields ? reader->fields[place].text : "";
}

static void bad(struct reader *reader, enum field field, const char *allowed)
{
    reader->n_bad++;
    problems_add(reader->problems, PROBLEM_DATA, reader->path, csv_line(reader->csv),
                 reader->place[field] >= 0 ? reader->fields[reader->place[field]].column
                                           : 1,
                 "%s: \"%s\" is not right; allowed: %s", field_names[field],
                 cell(reader, field), allowed);
}

static int grow(struct simulation *simulation)
{
    if (simulation->n < simulation->cap) {
        return 0;
    }
    int cap = simulation->cap * 2 + 16;
    struct simulated_meter *meter =
        realloc(simulation->meter, (size_t)cap * sizeof(*simulation->meter));

    if (meter == NULL) {
        return ERR_NOMEM;
    }
    simulation->meter = meter;
    char(*enterprise)[ID_LEN] =
        realloc(simulation->enterprise, (size_t)cap * sizeof(*simulation->enterprise));

    if (enterprise == NULL) {
        return ERR_NOMEM;
    }
    simulation->enterprise = enterprise;
    simulation->cap = cap;
    return 0;
}

static struct simulated_meter *find_or_add(struct simulation *simulation, const char *id)
{
    for (int i = 0; i < simulation->n; i++) {
        if (strcmp(simulation->meter[i].id, id) == 0) {
            return &simulation->meter[i];
        }
    }
    if (grow(simulation) != 0) {
        return NULL;
    }
    struct simulated_meter *meter = &simulation->meter[simulation->n];

    memset(meter, 0, sizeof(*meter));
    (void)text_copy(meter->id, sizeof(meter->id), id);
    meter->pt = (struct ratio){1, 1};
    meter->ct = (struct ratio){1, 1};
    meter->load = (struct load){.shape = LOAD_DAY,
                                .rated_w = LOAD_DEFAULT_W,
                                .seed = (uint32_t)simulation->n + 1,
                                .change_percent = 100};
    meter->fault.percent = 100;
    simulation->enterprise[simulation->n][0] = '\0';
    simulation->n++;
    return meter;
}

static void read_place(struct reader *reader, struct simulated_meter *meter)
{
    char endpoint[ENDPOINT_LEN];
    char why[256] = "";
    int64_t unit = 0;

    if (cell(reader, FIELD_ENDPOINT)[0] != '\0') {
        if (endpoint_canonical(cell(reader, FIELD_ENDPOINT), endpoint, why,
                               (int)sizeof(why)) != 0 ||
            endpoint_host_port(endpoint, meter->host, (int)sizeof(meter->host),
                               &meter->port) != 0) {
            bad(reader, FIELD_ENDPOINT, "modbus+tcp://ADDRESS:PORT");
        }
    }
    if (cell(reader, FIELD_ADDRESS)[0] != '\0') {
        if (text_to_i64(cell(reader, FIELD_ADDRESS), 0, 255, &unit) != 0) {
            bad(reader, FIELD_ADDRESS, "0 to 255");
        }
        meter->unit = (uint8_t)unit;
    }
    if (cell(reader, FIELD_PROFILE)[0] != '\0') {
        meter->profile = profiles_find(reader->profiles, cell(reader, FIELD_PROFILE));
        if (meter->profile == NULL) {
            bad(reader, FIELD_PROFILE, "a profile's id");
        }
    }
}

static void read_ratio(struct reader *reader, enum field field, struct ratio *ret_ratio)
{
    if (cell(reader, field)[0] != '\0' &&
        text_to_ratio(cell(reader, field), ret_ratio) != 0) {
        bad(reader, field, "a ratio such as 100 or 10000/100");
    }
}

static void read_load(struct reader *reader, struct simulated_meter *meter)
{
    int64_t value = 0;

    if (cell(reader, FIELD_LOAD_KW)[0] != '\0') {
        if (text_to_decimal(cell(reader, FIELD_LOAD_KW), 3, &meter->load.rated_w) != 0 ||
            meter->load.rated_w < 0) {
            bad(reader, FIELD_LOAD_KW, "kW, 0 or more");
        }
    }
    if (cell(reader, FIELD_SHAPE)[0] != '\0') {
        enum load_shape shape = load_shape_from_name(cell(reader, FIELD_SHAPE));

        if (shape == LOAD_SHAPE_COUNT) {
            bad(reader, FIELD_SHAPE, "continuous, two_shift, day, stopped");
        } else {
            meter->load.shape = shape;
        }
    }
    if (cell(reader, FIELD_START_KWH)[0] != '\0') {
        if (text_to_decimal(cell(reader, FIELD_START_KWH), 3, &value) != 0 || value < 0) {
            bad(reader, FIELD_START_KWH, "kWh, 0 or more");
        }
        meter->start_register = value; /* Wh until the profile is known for sure */
    }
    if (cell(reader, FIELD_SEED)[0] != '\0') {
        if (text_to_i64(cell(reader, FIELD_SEED), 0, INT32_MAX, &value) != 0) {
            bad(reader, FIELD_SEED, "a whole number");
        }
        meter->load.seed = (uint32_t)value;
    }
}

static void read_change(struct reader *reader, struct simulated_meter *meter)
{
    int64_t value = 0;

    if (cell(reader, FIELD_CHANGE_DAY)[0] != '\0') {
        if (text_to_day(cell(reader, FIELD_CHANGE_DAY), &meter->load.change_day) != 0) {
            bad(reader, FIELD_CHANGE_DAY, "a day, YYYY-MM-DD");
        }
        meter->load.changes = true;
    }
    if (cell(reader, FIELD_CHANGE_PERCENT)[0] != '\0') {
        if (text_to_i64(cell(reader, FIELD_CHANGE_PERCENT), 0, 1000, &value) != 0) {
            bad(reader, FIELD_CHANGE_PERCENT, "0 to 1000");
        }
        meter->load.change_percent = (int32_t)value;
    }
}

static void read_fault(struct reader *reader, struct simulated_meter *meter)
{
    int64_t value = 0;

    if (cell(reader, FIELD_FAULT)[0] != '\0') {
        meter->fault.kind = fault_from_name(cell(reader, FIELD_FAULT));
        if (meter->fault.kind == FAULT_COUNT) {
            bad(reader, FIELD_FAULT,
                "none, mute, exception, delay, close, wrong_unit, wrong_id, wrong_length, "
                "truncate, dribble, garbage, no_value, twice");
            meter->fault.kind = FAULT_NONE;
        }
    }
    if (cell(reader, FIELD_VALUE)[0] != '\0') {
        if (text_to_i64(cell(reader, FIELD_VALUE), 0, 3600000, &value) != 0) {
            bad(reader, FIELD_VALUE, "a code or milliseconds");
        }
        meter->fault.value = (int32_t)value;
    }
    if (cell(reader, FIELD_PERCENT)[0] != '\0') {
        if (text_to_i64(cell(reader, FIELD_PERCENT), 1, 100, &value) != 0) {
            bad(reader, FIELD_PERCENT, "1 to 100");
        }
        meter->fault.percent = (int32_t)value;
    }
}

static int read_row(struct reader *reader, struct simulation *simulation)
{
    const char *id = cell(reader, FIELD_ID);

    if (!text_is_id(id)) {
        bad(reader, FIELD_ID, "an id");
        return 0;
    }
    struct simulated_meter *meter = find_or_add(simulation, id);

    if (meter == NULL) {
        return ERR_NOMEM;
    }
    read_place(reader, meter);
    read_ratio(reader, FIELD_PT, &meter->pt);
    read_ratio(reader, FIELD_CT, &meter->ct);
    read_ratio(reader, FIELD_MULTIPLIER, &meter->ct);
    read_load(reader, meter);
    read_change(reader, meter);
    read_fault(reader, meter);
    if (cell(reader, FIELD_ENTERPRISE)[0] != '\0') {
        (void)text_copy(simulation->enterprise[meter - simulation->meter], ID_LEN,
                        cell(reader, FIELD_ENTERPRISE));
    }
    return 0;
}

static void read_header(struct reader *reader)
{
    for (int field = 0; field < FIELD_COUNT; field++) {
        reader->place[field] = -1;
        for (int i = 0; i < reader->n_fields; i++) {
            if (strcmp(reader->fields[i].text, field_names[field]) == 0) {
                reader->place[field] = i;
            }
        }
    }
}

static int read_rows(struct reader *reader, struct simulation *simulation)
{
    const char *why = NULL;
    int column = 0;
    int err = 0;
    bool header = true;

    for (;;) {
        reader->n_fields = csv_next(reader->csv, &reader->fields, &why, &column);
        if (reader->n_fields < 0) {
            problems_add(reader->problems, PROBLEM_DATA, reader->path,
                         csv_line(reader->csv), column, "%s",
                         why != NULL ? why : "cannot be read");
            return ERR_DATA;
        }
        if (reader->n_fields == 0) {
            break;
        }
        if (header) {
            read_header(reader);
            header = false;
        } else {
            err = read_row(reader, simulation);
        }
        if (err != 0) {
            return err;
        }
    }
    return reader->n_bad > 0 ? ERR_DATA : 0;
}

int simulation_read(struct simulation *simulation, const char *path,
                    const struct profiles *profiles, struct problems *problems)
{
    struct reader reader = {.path = path, .profiles = profiles, .problems = problems};
    const char *why = NULL;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        problems_add(problems, PROBLEM_IO, path, 0, 0, "cannot be read");
        return ERR_IO;
    }
    int err = csv_open(file, &reader.csv, &why);

    if (err != 0) {
        problems_add(problems, PROBLEM_DATA, path, 1, 1, "%s",
                     why != NULL ? why : "unreadable");
        err = ERR_DATA;
    } else {
        err = read_rows(&reader, simulation);
        csv_close(reader.csv);
    }
    (void)fclose(file);
    return err;
}

int simulation_make(struct simulation *simulation, int n, int first_port, int per_port,
                    const struct profile *profile)
{
    for (int i = 0; i < n; i++) {
        char id[ID_LEN];

        (void)snprintf(id, sizeof(id), "S%05d", i + 1);
        struct simulated_meter *meter = find_or_add(simulation, id);

        if (meter == NULL) {
            return ERR_NOMEM;
        }
        (void)text_copy(meter->host, sizeof(meter->host), "127.0.0.1");
        meter->port = (uint16_t)(first_port + i / per_port);
        meter->unit = (uint8_t)(i % per_port + 1);
        meter->profile = profile;
    }
    return 0;
}

void simulation_done(struct simulation *simulation)
{
    free(simulation->meter);
    free(simulation->enterprise);
}
