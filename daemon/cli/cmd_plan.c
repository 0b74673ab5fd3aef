#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/collect/plan.h"
#include "daemon/core/text.h"

#define REQUESTS_MAX 64

/* The register's meters in force now that are polled, with their profiles. */
struct polled {
    struct meter *meter;
    const struct profile **profile;
    int n;
};

static int select_polled(const struct cli *cli, struct polled *ret_polled)
{
    const struct registry *registry = &cli->setup->registry;
    size_t n = (size_t)registry->n_meters + 1;
    struct polled polled = {calloc(n, sizeof(struct meter)),
                            calloc(n, sizeof(const struct profile *)), 0};

    *ret_polled = polled;
    if (polled.meter == NULL || polled.profile == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < registry->n_meters; i++) {
        const struct meter *meter = &registry->meter[i];

        if (meter->endpoint[0] != '\0' && meter->since_ms <= cli->now_ms &&
            cli->now_ms < meter->until_ms) {
            polled.meter[polled.n] = *meter;
            polled.profile[polled.n] = profiles_find(&cli->setup->profiles, meter->profile);
            polled.n++;
        }
    }
    *ret_polled = polled;
    return 0;
}

static json_t *request_json(const struct collect_plan_request *request)
{
    return json_pack(
        "{s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I}", "function", request->request.function,
        "address", request->request.address, "count", request->request.count, "points",
        request->points, "bytes_sent", request->bytes_sent, "bytes_received",
        request->bytes_received, "ethernet_ms", (json_int_t)request->ethernet_ms,
        "serial_9600_ms", (json_int_t)request->serial_ms);
}

static json_t *meter_json(const struct meter *meter, const struct profile *profile,
                          const struct collect_timing *timing)
{
    struct collect_plan_request requests[REQUESTS_MAX];
    int n = collect_plan_meter(meter, profile, timing, requests, REQUESTS_MAX);
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        (void)json_array_append_new(list, request_json(&requests[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "meter", meter->id, "line",
                     meter->endpoint, "address", meter->address, "profile", meter->profile,
                     "interval_s", (int)meter->interval_s[QUANTITY_GROUP_ENERGY],
                     "requests", list);
}

static json_t *lines_json(const struct polled *polled, const struct collect_timing *timing)
{
    struct collect_plan_line *lines = NULL;
    json_t *list = json_array();
    int n = 0;

    if (collect_plan_lines(polled->meter, polled->n, polled->profile, timing, &lines, &n) !=
        0) {
        return list;
    }
    for (int i = 0; i < n; i++) {
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:f, s:f}", "line", lines[i].endpoint,
                      "meters", lines[i].meters, "requests", lines[i].requests,
                      "interval_ms", (json_int_t)lines[i].interval_ms, "round_ethernet_ms",
                      (json_int_t)lines[i].round_ethernet_ms, "round_serial_9600_ms",
                      (json_int_t)lines[i].round_serial_ms, "busy_ethernet_pct",
                      (double)lines[i].ethernet_bp / 100.0, "busy_serial_9600_pct",
                      (double)lines[i].serial_bp / 100.0));
    }
    free(lines);
    return list;
}

static void print_text(const json_t *plan)
{
    const json_t *item = NULL;
    const json_t *request = NULL;
    size_t i = 0;
    size_t k = 0;

    json_array_foreach(json_object_get(plan, "meters"), i, item)
    {
        (void)printf("%s  %s  unit %s  %s  every %" PRId64 " s\n",
                     json_string_value(json_object_get(item, "meter")),
                     json_string_value(json_object_get(item, "line")),
                     json_string_value(json_object_get(item, "address")),
                     json_string_value(json_object_get(item, "profile")),
                     (int64_t)json_integer_value(json_object_get(item, "interval_s")));
        json_array_foreach(json_object_get(item, "requests"), k, request)
        {
            (void)printf("    function %" PRId64 "  registers %" PRId64 " to %" PRId64
                         "  %" PRId64 " values\n",
                         (int64_t)json_integer_value(json_object_get(request, "function")),
                         (int64_t)json_integer_value(json_object_get(request, "address")),
                         (int64_t)(json_integer_value(json_object_get(request, "address")) +
                                   json_integer_value(json_object_get(request, "count")) -
                                   1),
                         (int64_t)json_integer_value(json_object_get(request, "points")));
        }
    }
    json_array_foreach(json_object_get(plan, "lines"), i, item)
    {
        double ethernet = json_number_value(json_object_get(item, "busy_ethernet_pct"));
        double serial = json_number_value(json_object_get(item, "busy_serial_9600_pct"));

        (void)printf("line %s: %" PRId64 " meters, %" PRId64
                     " requests a round; busy %.1f %% on "
                     "Ethernet, %.1f %% behind a gateway at 9600 Bd%s\n",
                     json_string_value(json_object_get(item, "line")),
                     (int64_t)json_integer_value(json_object_get(item, "meters")),
                     (int64_t)json_integer_value(json_object_get(item, "requests")),
                     ethernet, serial,
                     ethernet > 100.0 ? ": OVER-SUBSCRIBED"
                     : serial > 100.0 ? ": over-subscribed if it is such a gateway"
                                      : "");
    }
}

static json_t *plan_json(const struct polled *polled, const char *only,
                         const struct collect_timing *timing)
{
    json_t *meters = json_array();

    for (int i = 0; i < polled->n; i++) {
        if (only == NULL || strcmp(only, polled->meter[i].id) == 0) {
            (void)json_array_append_new(
                meters, meter_json(&polled->meter[i], polled->profile[i], timing));
        }
    }
    return json_pack("{s:o, s:o}", "meters", meters, "lines", lines_json(polled, timing));
}

int cmd_plan(struct cli *cli)
{
    const char *only = cli->options.value[OPTION_METER];
    struct polled polled = {0};
    bool json = false;
    int exit_code = cli_wants_json(cli, &json);

    exit_code = exit_code != 0 ? exit_code : cli_open_files(cli);

    if (exit_code != 0) {
        return exit_code;
    }
    const struct conf *conf = cli->setup->conf;
    const struct collect_timing timing = {.timeout_ms = conf->collect.timeout_ms,
                                          .retries = conf->collect.retries,
                                          .backoff_max_ms = conf->collect.backoff_max_ms,
                                          .line = conf->line,
                                          .n_lines = conf->n_lines};

    if (select_polled(cli, &polled) != 0) {
        exit_code = cli_fail(EXIT_NO, "out of memory");
    } else {
        json_t *plan = plan_json(&polled, only, &timing);

        if (only != NULL && json_array_size(json_object_get(plan, "meters")) == 0) {
            exit_code = cli_unknown_meter(only, polled.meter, polled.n);
        } else if (json) {
            (void)json_dumpf(plan, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
            (void)fputc('\n', stdout);
        } else {
            print_text(plan);
        }
        json_decref(plan);
    }
    free(polled.meter);
    free((void *)polled.profile);
    return exit_code;
}
