#include "daemon/cli/simulation.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/csv.h"
#include "daemon/core/text.h"

#define LOAD_DEFAULT_W   INT64_C(50000)
#define PREAMBLE_DEFAULT 4
#define ANSWER_DLT645_MS 20 /* Td is 20 to 500 ms */
#define ENDPOINTS                                                                          \
    "modbus+tcp://ADDRESS:PORT, modbus+rtu:///PATH?baud=9600, dlt645:///PATH, "            \
    "modbus+rtu+tcp and dlt645+tcp"

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
    FIELD_SERIAL,
    FIELD_BAUD,
    FIELD_CONNECTIONS,
    FIELD_ANSWER_MS,
    FIELD_PREAMBLE,
    FIELD_FRAME_BYTES,
    FIELD_FAULT,
    FIELD_VALUE,
    FIELD_PERCENT,
    FIELD_FROM,
    FIELD_UNTIL,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "id",        "endpoint",    "address",    "profile",        "pt",
    "ct",        "multiplier",  "enterprise", "load_kw",        "shape",
    "start_kwh", "seed",        "change_day", "change_percent", "serial",
    "baud",      "connections", "answer_ms",  "preamble",       "frame_bytes",
    "fault",     "value",       "percent",    "from",           "until"};

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
    char(*endpoint)[ENDPOINT_LEN] =
        realloc(simulation->endpoint, (size_t)cap * sizeof(*simulation->endpoint));

    if (endpoint == NULL) {
        return ERR_NOMEM;
    }
    simulation->endpoint = endpoint;
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
    meter->preamble = PREAMBLE_DEFAULT;
    simulation->enterprise[simulation->n][0] = '\0';
    simulation->endpoint[simulation->n][0] = '\0';
    simulation->n++;
    return meter;
}

/* A whole number; nothing is done when the cell is empty. */
static void read_number(struct reader *reader, enum field field, int64_t max,
                        const char *allowed, int32_t *ret_number)
{
    int64_t number = 0;

    if (cell(reader, field)[0] == '\0') {
        return;
    }
    if (text_to_i64(cell(reader, field), 0, max, &number) != 0) {
        bad(reader, field, allowed);
        return;
    }
    *ret_number = (int32_t)number;
}

static bool speaks_dlt645(const struct simulated_meter *meter)
{
    return meter->scheme == SIMULATOR_DLT645 || meter->scheme == SIMULATOR_DLT645_TCP;
}

static void read_address(struct reader *reader, struct simulated_meter *meter)
{
    int32_t unit = meter->unit;

    if (speaks_dlt645(meter)) {
        if (cell(reader, FIELD_ADDRESS)[0] != '\0' &&
            simulator_read_address(cell(reader, FIELD_ADDRESS), meter->address) != 0) {
            bad(reader, FIELD_ADDRESS, "1 to 12 digits");
        }
        return;
    }
    read_number(reader, FIELD_ADDRESS, 255, "0 to 255", &unit);
    meter->unit = (uint8_t)unit;
}

static void read_place(struct reader *reader, struct simulated_meter *meter,
                       char endpoint[ENDPOINT_LEN])
{
    if (cell(reader, FIELD_ENDPOINT)[0] != '\0') {
        if (simulator_read_endpoint(cell(reader, FIELD_ENDPOINT), meter) != 0) {
            bad(reader, FIELD_ENDPOINT, ENDPOINTS);
        }
        (void)text_copy(endpoint, ENDPOINT_LEN, cell(reader, FIELD_ENDPOINT));
        meter->answer_after_ms = speaks_dlt645(meter) ? ANSWER_DLT645_MS : 0;
    }
    read_address(reader, meter);
    if (cell(reader, FIELD_PROFILE)[0] != '\0') {
        meter->profile = profiles_find(reader->profiles, cell(reader, FIELD_PROFILE));
        if (meter->profile == NULL) {
            bad(reader, FIELD_PROFILE, "a profile's id");
        }
    }
    if (cell(reader, FIELD_SERIAL)[0] != '\0') {
        (void)text_copy(meter->serial, sizeof(meter->serial), cell(reader, FIELD_SERIAL));
    }
}

static void read_line(struct reader *reader, struct simulated_meter *meter)
{
    int32_t preamble = meter->preamble;
    int32_t frame_bytes = meter->frame_bytes;

    read_number(reader, FIELD_BAUD, 4000000, "a baud rate, 0: not at wire speed",
                &meter->baud);
    read_number(reader, FIELD_CONNECTIONS, 1000000, "a whole number", &meter->connections);
    read_number(reader, FIELD_ANSWER_MS, 60000, "0 to 60000", &meter->answer_after_ms);
    read_number(reader, FIELD_PREAMBLE, 4, "0 to 4", &preamble);
    read_number(reader, FIELD_FRAME_BYTES, 200, "6 to 200", &frame_bytes);
    if (frame_bytes > 0 && frame_bytes < 6) {
        bad(reader, FIELD_FRAME_BYTES, "6 to 200");
    }
    meter->preamble = (uint8_t)preamble;
    meter->frame_bytes = (uint8_t)frame_bytes;
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

/* "1500", "-3", "0x0201FF00". */
static int read_value(const char *text, int32_t *ret_value)
{
    int64_t value = 0;
    char *end = NULL;

    if (strncmp(text, "0x", 2) == 0) {
        value = (int64_t)strtoul(text, &end, 16);
        if (*end != '\0' || end == text + 2 || value > INT32_MAX) {
            return ERR_SYNTAX;
        }
    } else if (text_to_i64(text, INT32_MIN, INT32_MAX, &value) != 0) {
        return ERR_SYNTAX;
    }
    *ret_value = (int32_t)value;
    return 0;
}

static void read_instant(struct reader *reader, enum field field, int64_t *ret_ms)
{
    if (cell(reader, field)[0] != '\0' &&
        text_to_duration_ms(cell(reader, field), ret_ms) != 0) {
        bad(reader, field, "a time after the start such as 90s or 15min");
    }
}

static void forget_faults(struct simulation *simulation, int meter)
{
    int n = 0;

    for (int i = 0; i < simulation->n_faults; i++) {
        if (simulation->fault[i].meter != meter) {
            simulation->fault[n++] = simulation->fault[i];
        }
    }
    simulation->n_faults = n;
}

static int keep_fault(struct simulation *simulation, const struct simulated_fault *fault)
{
    if (simulation->n_faults == simulation->cap_faults) {
        int cap = simulation->cap_faults * 2 + 16;
        struct simulated_fault *grown =
            realloc(simulation->fault, (size_t)cap * sizeof(*simulation->fault));

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        simulation->fault = grown;
        simulation->cap_faults = cap;
    }
    simulation->fault[simulation->n_faults++] = *fault;
    return 0;
}

/* All names, for a sentence. */
static const char fault_names[] =
#define FAULT_TEXT(id, name, class) " " name
    FAULT_LIST(FAULT_TEXT)
#undef FAULT_TEXT
    ;

static int read_fault(struct reader *reader, struct simulation *simulation,
                      struct simulated_fault *fault)
{
    struct planned_fault *planned = &fault->planned;

    if (cell(reader, FIELD_FAULT)[0] == '\0') {
        return 0;
    }
    planned->fault.kind = fault_from_name(cell(reader, FIELD_FAULT));
    planned->fault.percent = 100;
    if (planned->fault.kind == FAULT_COUNT) {
        bad(reader, FIELD_FAULT, fault_names + 1);
        return 0;
    }
    if (planned->fault.kind == FAULT_NONE) {
        forget_faults(simulation, fault->meter);
        return 0;
    }
    if (cell(reader, FIELD_VALUE)[0] != '\0' &&
        read_value(cell(reader, FIELD_VALUE), &planned->fault.value) != 0) {
        bad(reader, FIELD_VALUE, "a whole number, or 0x…");
    }
    read_number(reader, FIELD_PERCENT, 100, "1 to 100", &planned->fault.percent);
    if (planned->fault.percent < 1) {
        bad(reader, FIELD_PERCENT, "1 to 100");
    }
    read_instant(reader, FIELD_FROM, &planned->from_ms);
    read_instant(reader, FIELD_UNTIL, &planned->until_ms);
    return keep_fault(simulation, fault);
}

static int read_line_row(struct reader *reader, struct simulation *simulation)
{
    struct simulated_fault fault = {.meter = -1};

    if (simulator_read_endpoint(cell(reader, FIELD_ENDPOINT), &fault.place) != 0) {
        bad(reader, FIELD_ENDPOINT, ENDPOINTS);
        return 0;
    }
    return read_fault(reader, simulation, &fault);
}

static int read_row(struct reader *reader, struct simulation *simulation)
{
    const char *id = cell(reader, FIELD_ID);

    if (id[0] == '\0' && cell(reader, FIELD_ENDPOINT)[0] != '\0') {
        return read_line_row(reader, simulation);
    }
    if (!text_is_id(id)) {
        bad(reader, FIELD_ID, "an id");
        return 0;
    }
    struct simulated_meter *meter = find_or_add(simulation, id);

    if (meter == NULL) {
        return ERR_NOMEM;
    }
    int index = (int)(meter - simulation->meter);
    struct simulated_fault fault = {.meter = index};

    read_place(reader, meter, simulation->endpoint[index]);
    read_ratio(reader, FIELD_PT, &meter->pt);
    read_ratio(reader, FIELD_CT, &meter->ct);
    read_ratio(reader, FIELD_MULTIPLIER, &meter->ct);
    read_load(reader, meter);
    read_change(reader, meter);
    read_line(reader, meter);
    if (cell(reader, FIELD_ENTERPRISE)[0] != '\0') {
        (void)text_copy(simulation->enterprise[index], ID_LEN,
                        cell(reader, FIELD_ENTERPRISE));
    }
    return read_fault(reader, simulation, &fault);
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
    free(simulation->endpoint);
    free(simulation->fault);
}
