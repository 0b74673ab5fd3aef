#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/collect/oneshot.h"
#include "daemon/core/text.h"

/* One live reading, from the daemon or from the wire, ready to print. */
struct reading {
    struct sample sample;
    json_t *frames; /* {direction, foreign, bytes}, owned */
    struct ratio register_wh;
    const char *meter;
};

static json_t *frames_json(const struct collect_frame *frames, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        struct text_buffer bytes = {0};

        for (uint16_t b = 0; b < frames[i].n; b++) {
            text_printf(&bytes, "%s%02X", b > 0 ? " " : "", frames[i].bytes[b]);
        }
        (void)json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "direction",
                                                    frames[i].sent ? "sent" : "received",
                                                    "foreign", frames[i].foreign, "bytes",
                                                    bytes.text != NULL ? bytes.text : ""));
        text_buffer_done(&bytes);
    }
    return list;
}

static int64_t primary(const struct reading *reading, enum quantity quantity)
{
    int64_t value = reading->sample.value[quantity];

    return quantity < ENERGY_COUNT ? ratio_apply(value, reading->register_wh) : value;
}

static int print_json(const struct cli *cli, const struct reading *reading)
{
    const struct sample *sample = &reading->sample;
    json_t *values = json_object();
    json_t *registers = json_object();
    char ts[32] = "";

    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (!sample_has(sample, (enum quantity)q)) {
            continue;
        }
        (void)json_object_set_new(
            values, quantity_name((enum quantity)q),
            json_integer((json_int_t)primary(reading, (enum quantity)q)));
        if (q < ENERGY_COUNT) {
            (void)json_object_set_new(registers, quantity_name((enum quantity)q),
                                      json_integer((json_int_t)sample->value[q]));
        }
    }
    if (sample->ts_ms != 0) {
        text_from_ts_ms(sample->ts_ms, &cli->setup->conf->site.tz, ts);
    }
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:O}", "meter", reading->meter, "ts_ms",
        sample->ts_ms != 0 ? json_integer((json_int_t)sample->ts_ms) : json_null(), "ts",
        sample->ts_ms != 0 ? json_string(ts) : json_null(), "status",
        slot_status_name(sample->status), "detail", sample->detail, "values", values,
        "registers", registers, "frames", reading->frames);

    (void)json_dumpf(object, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(object);
    return sample->status == SLOT_OK || sample->status == SLOT_PARTIAL ? EXIT_DONE
                                                                       : EXIT_NO;
}

static int print_text(const struct reading *reading)
{
    const struct sample *sample = &reading->sample;
    const json_t *frame = NULL;
    size_t i = 0;

    json_array_foreach(reading->frames, i, frame)
    {
        (void)printf(
            "%s %s%s\n",
            strcmp(json_string_value(json_object_get(frame, "direction")), "sent") == 0
                ? "→"
                : "←",
            json_string_value(json_object_get(frame, "bytes")),
            json_is_true(json_object_get(frame, "foreign")) ? "  (not ours)" : "");
    }
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (!sample_has(sample, (enum quantity)q)) {
            continue;
        }
        (void)printf("%-22s %12" PRId64, quantity_name((enum quantity)q),
                     primary(reading, (enum quantity)q));
        if (q < ENERGY_COUNT) {
            (void)printf("   register %" PRId64, sample->value[q]);
        }
        (void)fputc('\n', stdout);
    }
    (void)printf("%s: %s%s%s\n", reading->meter, slot_status_name(sample->status),
                 sample->detail[0] != '\0' ? ", " : "", sample->detail);
    return sample->status == SLOT_OK || sample->status == SLOT_PARTIAL ? EXIT_DONE
                                                                       : EXIT_NO;
}

/* --- from the daemon --- */

static void sample_from_json(const json_t *reply, struct sample *ret_sample)
{
    const char *status = json_string_value(json_object_get(reply, "status"));
    const char *detail = json_string_value(json_object_get(reply, "detail"));
    const json_t *registers = json_object_get(reply, "registers");

    memset(ret_sample, 0, sizeof(*ret_sample));
    ret_sample->ts_ms = (int64_t)json_integer_value(json_object_get(reply, "ts_ms"));
    (void)text_copy(ret_sample->detail, sizeof(ret_sample->detail),
                    detail != NULL ? detail : "");
    for (int s = 0; status != NULL && s < SLOT_STATUS_COUNT; s++) {
        if (strcmp(slot_status_name((enum slot_status)s), status) == 0) {
            ret_sample->status = (enum slot_status)s;
        }
    }
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        const json_t *value = json_object_get(registers, quantity_name((enum quantity)q));

        if (value != NULL) {
            ret_sample->present |= 1u << q;
            ret_sample->value[q] = (int64_t)json_integer_value(value);
        }
    }
}

static int read_by_daemon(struct cli *cli, const struct meter *meter,
                          struct reading *reading)
{
    json_t *reply = NULL;
    int exit_code = cli_ask(
        cli, json_pack("{s:s, s:s}", "command", "read", "meter", meter->id), -1, &reply);

    if (exit_code == 0) {
        sample_from_json(reply, &reading->sample);
        reading->frames = json_incref(json_object_get(reply, "frames"));
    }
    json_decref(reply);
    return exit_code;
}

/* --- from the wire --- */

static int read_from_wire(const struct cli *cli, struct oneshot_options *options,
                          struct reading *reading)
{
    const char *timeout = cli->options.value[OPTION_TIMEOUT];
    struct collect_frame *frames = NULL;
    int n = 0;

    options->timeout_ms = 1000;
    options->retries = 1;
    if (timeout != NULL && text_to_duration_ms(timeout, &options->timeout_ms) != 0) {
        return cli_fail(EXIT_USAGE,
                        "--timeout: \"%s\" is not a duration such as 500ms or 2s", timeout);
    }
    int err = collect_read_once(options, &reading->sample, &frames, &n);

    if (err != 0) {
        return cli_fail(EXIT_UNAVAILABLE, "cannot read %s with profile %s",
                        options->endpoint, options->profile->id);
    }
    reading->frames = frames_json(frames, n);
    free(frames);
    return 0;
}

static const struct meter *find_meter(const struct cli *cli, const char *id)
{
    const struct registry *registry = &cli->setup->registry;

    for (int i = 0; i < registry->n_meters; i++) {
        if (strcmp(registry->meter[i].id, id) == 0 &&
            registry->meter[i].since_ms <= cli->now_ms &&
            cli->now_ms < registry->meter[i].until_ms) {
            return &registry->meter[i];
        }
    }
    return NULL;
}

static int read_registered(struct cli *cli, struct reading *reading)
{
    const struct meter *meter = find_meter(cli, cli->options.argument[0]);
    int64_t unit = 0;

    if (meter == NULL) {
        return cli_unknown_meter(cli->options.argument[0], cli->setup->registry.meter,
                                 cli->setup->registry.n_meters);
    }
    if (meter->endpoint[0] == '\0') {
        return cli_fail(EXIT_USAGE,
                        "meter %s has no endpoint: it takes imported readings only",
                        meter->id);
    }
    reading->meter = meter->id;
    reading->register_wh = meter->register_wh;
    if (cli->daemon) {
        return read_by_daemon(cli, meter, reading);
    }
    (void)text_to_i64(meter->address, 0, 255, &unit);
    struct oneshot_options options = {
        .endpoint = meter->endpoint,
        .profile = profiles_find(&cli->setup->profiles, meter->profile),
        .unit = (uint8_t)unit,
        .pt = meter->pt,
        .ct = meter->ct};

    return read_from_wire(cli, &options, reading);
}

static int read_endpoint(struct cli *cli, struct reading *reading)
{
    const char *id = cli->options.value[OPTION_PROFILE];
    char endpoint[ENDPOINT_LEN];
    char why[256] = "";
    int64_t unit = 0;

    if (id == NULL) {
        return cli_fail(EXIT_USAGE, "an endpoint needs --profile");
    }
    const struct profile *profile = profiles_find(&cli->setup->profiles, id);

    if (profile == NULL) {
        return cli_fail(EXIT_USAGE, "there is no profile \"%s\"", id);
    }
    if (endpoint_canonical(cli->options.argument[0], endpoint, why, (int)sizeof(why)) !=
        0) {
        return cli_fail(EXIT_USAGE, "%s", why);
    }
    if (text_to_i64(cli->options.argument[1], 0, 255, &unit) != 0) {
        return cli_fail(EXIT_USAGE, "\"%s\" is not a unit id; allowed: 0 to 255",
                        cli->options.argument[1]);
    }
    struct oneshot_options options = {
        .endpoint = endpoint, .profile = profile, .unit = (uint8_t)unit};

    reading->meter = cli->options.argument[0];
    reading->register_wh = profile->register_wh;
    return read_from_wire(cli, &options, reading);
}

int cmd_read(struct cli *cli)
{
    struct reading reading = {0};
    bool json = false;

    if (cli->options.n_arguments != 1 && cli->options.n_arguments != 2) {
        return cli_fail(EXIT_USAGE, "read needs a meter, or an endpoint and an address");
    }
    int exit_code = cli_wants_json(cli, &json);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);
    if (exit_code == 0) {
        exit_code = cli->options.n_arguments == 1 ? read_registered(cli, &reading)
                                                  : read_endpoint(cli, &reading);
    }
    if (exit_code == 0) {
        exit_code = json ? print_json(cli, &reading) : print_text(&reading);
    }
    json_decref(reading.frames);
    return exit_code;
}
