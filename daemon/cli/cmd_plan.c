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

static json_t *request_json(const struct collect_plan_request *request, bool is_serial)
{
    const struct request *asked = &request->request;
    bool is_dlt645 = asked->edition != PROFILE_MODBUS;
    json_t *object = json_pack(
        "{s:i, s:i, s:i, s:i, s:i, s:i}", "function", asked->function, "address",
        asked->address, "count", asked->count, "points", request->points, "bytes_sent",
        request->bytes_sent, "bytes_received", request->bytes_received);

    if (is_dlt645) {
        char id[12];

        (void)snprintf(id, sizeof(id), "%0*" PRIX32,
                       asked->edition == PROFILE_DLT645_1997 ? 4 : 8, asked->data_id);
        (void)json_object_del(object, "address");
        (void)json_object_set_new(object, "data_id", json_string(id));
    }
    if (is_serial) {
        (void)json_object_set_new(object, "bus_ms", json_integer(request->serial_ms));
    } else {
        (void)json_object_set_new(object, "ethernet_ms",
                                  json_integer(request->ethernet_ms));
        (void)json_object_set_new(object, "serial_9600_ms",
                                  json_integer(request->serial_ms));
    }
    return object;
}

static json_t *meter_json(const struct meter *meter, const struct profile *profile,
                          const struct collect_timing *timing)
{
    struct collect_plan_request requests[REQUESTS_MAX];
    int n = collect_plan_meter(meter, profile, timing, requests, REQUESTS_MAX);
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        (void)json_array_append_new(
            list, request_json(&requests[i], requests[i].ethernet_ms == 0));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "meter", meter->id, "line",
                     meter->endpoint, "address", meter->address, "profile", meter->profile,
                     "interval_s", (int)meter->interval_s[QUANTITY_GROUP_ENERGY],
                     "requests", list);
}

static json_t *line_json(const struct collect_plan_line *line)
{
    json_t *object =
        json_pack("{s:s, s:i, s:i, s:I}", "line", line->endpoint, "meters", line->meters,
                  "requests", line->requests, "interval_ms", (json_int_t)line->interval_ms);
    char text[PLAN_TEXT_LEN];

    if (line->baud > 0) {
        (void)json_object_set_new(object, "baud", json_integer(line->baud));
        (void)json_object_set_new(object, "round_bus_ms",
                                  json_integer(line->round_serial_ms));
        (void)json_object_set_new(object, "busy_bus_pct",
                                  json_real((double)line->serial_bp / 100.0));
    } else {
        (void)json_object_set_new(object, "round_ethernet_ms",
                                  json_integer(line->round_ethernet_ms));
        (void)json_object_set_new(object, "round_serial_9600_ms",
                                  json_integer(line->round_serial_ms));
        (void)json_object_set_new(object, "busy_ethernet_pct",
                                  json_real((double)line->ethernet_bp / 100.0));
        (void)json_object_set_new(object, "busy_serial_9600_pct",
                                  json_real((double)line->serial_bp / 100.0));
    }
    if (collect_plan_is_over(line, text)) {
        (void)json_object_set_new(object, "over_subscribed", json_string(text));
    }
    return object;
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
        (void)json_array_append_new(list, line_json(&lines[i]));
    }
    free(lines);
    return list;
}

static int64_t number(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static const char *word(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void print_request(const json_t *request)
{
    int64_t address = number(request, "address");
    int64_t count = number(request, "count");

    if (word(request, "data_id")[0] != '\0') {
        (void)printf("    identifier %s  %" PRId64 " bytes", word(request, "data_id"),
                     count);
    } else {
        (void)printf("    function %" PRId64 "  registers %" PRId64 " to %" PRId64,
                     number(request, "function"), address, address + count - 1);
    }
    (void)printf("  %" PRId64 " values", number(request, "points"));
    if (json_object_get(request, "bus_ms") != NULL) {
        (void)printf("  %" PRId64 " ms", number(request, "bus_ms"));
    }
    (void)fputc('\n', stdout);
}

static void print_line(const json_t *line)
{
    double ethernet = json_number_value(json_object_get(line, "busy_ethernet_pct"));
    double serial = json_number_value(json_object_get(line, "busy_serial_9600_pct"));
    double bus = json_number_value(json_object_get(line, "busy_bus_pct"));
    bool is_over = word(line, "over_subscribed")[0] != '\0';

    (void)printf("line %s: %" PRId64 " meters, %" PRId64 " requests a round; busy ",
                 word(line, "line"), number(line, "meters"), number(line, "requests"));
    if (json_object_get(line, "baud") != NULL) {
        (void)printf("%.1f %% at %" PRId64 " Bd", bus, number(line, "baud"));
    } else {
        (void)printf("%.1f %% on Ethernet, %.1f %% behind a gateway at 9600 Bd", ethernet,
                     serial);
    }
    (void)printf("%s\n", is_over          ? ": OVER-SUBSCRIBED"
                         : serial > 100.0 ? ": over-subscribed if it is such a gateway"
                                          : "");
    if (is_over) {
        (void)printf("    %s\n", word(line, "over_subscribed"));
    }
}

static void print_text(const json_t *plan)
{
    const json_t *item = NULL;
    const json_t *request = NULL;
    size_t i = 0;
    size_t k = 0;

    json_array_foreach(json_object_get(plan, "meters"), i, item)
    {
        (void)printf(
            "%s  %s  %s %s  %s  every %" PRId64 " s\n", word(item, "meter"),
            word(item, "line"), strlen(word(item, "address")) > 3 ? "number" : "unit",
            word(item, "address"), word(item, "profile"), number(item, "interval_s"));
        json_array_foreach(json_object_get(item, "requests"), k, request)
        {
            print_request(request);
        }
    }
    json_array_foreach(json_object_get(plan, "lines"), i, item)
    {
        print_line(item);
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
    const struct collect_timing timing = collect_timing_of(cli->setup->conf);

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
