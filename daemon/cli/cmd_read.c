#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/live.h"
#include "daemon/cli/orders.h"
#include "daemon/conf/endpoint.h"
#include "daemon/core/text.h"

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

    if (reading->orders != NULL) {
        (void)json_object_set(object, "orders", reading->orders);
    }
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
    if (reading->orders != NULL) {
        orders_print(reading->orders);
    }
    (void)printf("%s: %s%s%s\n", reading->meter, slot_status_name(sample->status),
                 sample->detail[0] != '\0' ? ", " : "", sample->detail);
    return sample->status == SLOT_OK || sample->status == SLOT_PARTIAL ? EXIT_DONE
                                                                       : EXIT_NO;
}

/* With --try-orders. */
static void add_orders(const struct cli *cli, const struct profile *profile,
                       const char *endpoint, struct reading *reading)
{
    if (cli->options.value[OPTION_TRY_ORDERS] != NULL) {
        reading->orders = orders_json(profile, endpoint, reading->frames);
    }
}

static int refuse_orders(const struct cli *cli, const char *endpoint)
{
    return cli->options.value[OPTION_TRY_ORDERS] != NULL &&
                   strncmp(endpoint, "modbus", 6) != 0
               ? cli_fail(EXIT_USAGE, "--try-orders is for Modbus: DL/T 645 has one order")
               : 0;
}

static int read_registered(struct cli *cli, struct reading *reading)
{
    const struct meter *meter = live_find_meter(cli, cli->options.argument[0]);

    if (meter == NULL) {
        return cli_unknown_meter(cli->options.argument[0], cli->setup->registry.meter,
                                 cli->setup->registry.n_meters);
    }
    if (meter->endpoint[0] == '\0') {
        return cli_fail(EXIT_USAGE,
                        "meter %s has no endpoint: it takes imported readings only",
                        meter->id);
    }
    if (refuse_orders(cli, meter->endpoint) != 0) {
        return EXIT_USAGE;
    }
    int exit_code = live_read_meter(cli, meter, reading);

    if (exit_code == 0) {
        add_orders(cli, profiles_find(&cli->setup->profiles, meter->profile),
                   meter->endpoint, reading);
    }
    return exit_code;
}

static int read_endpoint(struct cli *cli, struct reading *reading)
{
    const char *id = cli->options.value[OPTION_PROFILE];
    char endpoint[ENDPOINT_LEN];
    char address[ADDRESS_LEN];
    char why[320] = "";

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
    if (endpoint_address(endpoint, cli->options.argument[1], address, why,
                         (int)sizeof(why)) < 0) {
        return cli_fail(EXIT_USAGE, "%s", why);
    }
    if (refuse_orders(cli, endpoint) != 0) {
        return EXIT_USAGE;
    }
    struct oneshot_options options = {
        .endpoint = endpoint, .profile = profile, .address = address};

    reading->meter = cli->options.argument[0];
    reading->register_wh = profile->register_wh;
    int exit_code = live_read_endpoint(cli, &options, reading);

    if (exit_code == 0) {
        add_orders(cli, profile, endpoint, reading);
    }
    return exit_code;
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
    json_decref(reading.orders);
    return exit_code;
}
