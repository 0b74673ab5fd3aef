#include "daemon/cli/live.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/text.h"

#define TIMEOUT_MS 1000

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

int live_timeout(const struct cli *cli, int64_t default_ms, int64_t *ret_timeout_ms)
{
    const char *timeout = cli->options.value[OPTION_TIMEOUT];
    int64_t timeout_ms = default_ms;

    if (timeout != NULL &&
        (text_to_duration_ms(timeout, &timeout_ms) != 0 || timeout_ms <= 0)) {
        return cli_fail(EXIT_USAGE,
                        "--timeout: \"%s\" is not a duration such as 500ms or 2s", timeout);
    }
    *ret_timeout_ms = timeout_ms;
    return 0;
}

int live_read_endpoint(const struct cli *cli, struct oneshot_options *options,
                       struct reading *reading)
{
    struct collect_frame *frames = NULL;
    int n = 0;

    int64_t default_ms = strncmp(options->endpoint, "dlt645", 6) == 0
                             ? cli->setup->conf->collect.timeout_dlt645_ms
                             : TIMEOUT_MS;

    if (live_timeout(cli, default_ms, &options->timeout_ms) != 0) {
        return EXIT_USAGE;
    }
    options->retries = 1;
    options->late_window_ms = cli->setup->conf->collect.late_window_ms;
    int err = collect_read_once(options, &reading->sample, &frames, &n);

    if (err != 0) {
        return cli_fail(EXIT_UNAVAILABLE, "cannot read %s with profile %s",
                        options->endpoint, options->profile->id);
    }
    reading->frames = frames_json(frames, n);
    free(frames);
    return 0;
}

const struct meter *live_find_meter(const struct cli *cli, const char *id)
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

int live_read_meter(struct cli *cli, const struct meter *meter, struct reading *reading)
{
    reading->meter = meter->id;
    reading->register_wh = meter->register_wh;
    if (cli->daemon) {
        return read_by_daemon(cli, meter, reading);
    }
    struct oneshot_options options = {
        .endpoint = meter->endpoint,
        .profile = profiles_find(&cli->setup->profiles, meter->profile),
        .address = meter->address,
        .pt = meter->pt,
        .ct = meter->ct};

    return live_read_endpoint(cli, &options, reading);
}
