#include "daemon/collect/plan.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/time.h>

#include "daemon/collect/engine.h"
#include "daemon/core/text.h"
#include "drivers/modbus/modbus.h"

/* Microseconds of a 9600 Bd line. */
#define CHARACTER_US 1042
#define SILENCE_US   7292 /* 2 × 3.5 characters */
#define RTU_ASKED    8
#define RTU_ANSWERED 5
#define TCP_ANSWERED 9 /* MBAP, function, byte count */
#define BYTES_MAX    64
#define US_PER_MS    1000
#define BP           10000

static const struct conf_line *conf_of(const struct collect_timing *timing,
                                       const char *endpoint)
{
    for (int i = 0; i < timing->n_lines; i++) {
        if (strcmp(timing->line[i].endpoint, endpoint) == 0) {
            return &timing->line[i];
        }
    }
    return NULL;
}

static int64_t gap_of(const struct collect_timing *timing, const struct conf_line *conf)
{
    return conf != NULL && conf->gap_ms >= 0 ? conf->gap_ms : timing->gap_ms;
}

static bool is_inside(const struct profile_point *point, const struct request *request)
{
    for (int i = 0; i < point->n_parts; i++) {
        const struct profile_part *part = &point->part[i];

        if (part->address < request->address ||
            part->address + register_type_words(part->type) >
                (int)request->address + request->count) {
            return false;
        }
    }
    return point->function == request->function;
}

static void describe(const struct profile *profile, const struct request *request,
                     int64_t gap_ms, struct collect_plan_request *ret)
{
    uint8_t bytes[BYTES_MAX];
    int registers = request->count;
    int n = modbus_tcp_driver()->encode(request, bytes, sizeof(bytes));
    int64_t wire_us =
        (int64_t)(RTU_ASKED + RTU_ANSWERED + 2 * registers) * CHARACTER_US + SILENCE_US;

    *ret = (struct collect_plan_request){
        .request = *request,
        .bytes_sent = n > 0 ? n : 0,
        .bytes_received = TCP_ANSWERED + 2 * registers,
        .ethernet_ms = PLAN_ROUND_TRIP_MS + gap_ms,
        .serial_ms = (wire_us + US_PER_MS / 2) / US_PER_MS + gap_ms,
    };
    for (int i = 0; i < profile->n_points; i++) {
        ret->points += is_inside(&profile->point[i], request) ? 1 : 0;
    }
}

static int plan_groups(const struct meter *meter, const struct profile *profile,
                       const struct collect_timing *timing, uint32_t groups,
                       struct request *ret_requests)
{
    const struct driver *driver = modbus_tcp_driver();
    const struct conf_line *conf = conf_of(timing, meter->endpoint);
    size_t n = strlen(driver->scheme);
    int64_t address = 0;

    if (strncmp(meter->endpoint, driver->scheme, n) != 0 || meter->endpoint[n] != ':') {
        return ERR_UNAVAILABLE;
    }
    (void)text_to_i64(meter->address, 0, UINT8_MAX, &address);
    const struct plan_options options = {
        .unit = (uint8_t)address,
        .max_registers =
            conf != NULL && conf->max_registers > 0 ? (uint16_t)conf->max_registers : 0,
        .groups = groups,
        .gap_registers = GAP_REGISTERS,
    };

    return driver->plan(profile, &options, ret_requests, PLAN_REQUESTS_MAX);
}

int collect_plan_meter(const struct meter *meter, const struct profile *profile,
                       const struct collect_timing *timing,
                       struct collect_plan_request *ret_requests, int cap)
{
    struct request request[PLAN_REQUESTS_MAX];
    int64_t gap_ms = gap_of(timing, conf_of(timing, meter->endpoint));
    int n = plan_groups(meter, profile, timing, GROUPS_ALL, request);

    if (n > cap) {
        return ERR_RANGE;
    }
    for (int i = 0; i < n; i++) {
        describe(profile, &request[i], gap_ms, &ret_requests[i]);
    }
    return n;
}

/* --- lines --- */

struct cost {
    int requests; /* -1: not worked out yet */
    int64_t ethernet_ms;
    int64_t serial_ms;
};

static struct cost cost_of(const struct meter *meter, const struct profile *profile,
                           const struct collect_timing *timing, uint32_t groups)
{
    struct request request[PLAN_REQUESTS_MAX];
    int64_t gap_ms = gap_of(timing, conf_of(timing, meter->endpoint));
    int n = plan_groups(meter, profile, timing, groups, request);
    struct cost cost = {.requests = n > 0 ? n : 0};

    for (int i = 0; i < n; i++) {
        struct collect_plan_request one;

        describe(profile, &request[i], gap_ms, &one);
        cost.ethernet_ms += one.ethernet_ms;
        cost.serial_ms += one.serial_ms;
    }
    return cost;
}

static int32_t interval_ms_of(const struct meter *meter, int group)
{
    int32_t interval_s = meter->interval_s[group] > 0
                             ? meter->interval_s[group]
                             : meter->interval_s[QUANTITY_GROUP_ENERGY];

    return interval_s > 0 ? interval_s * (int32_t)MS_PER_S : (int32_t)MS_PER_MIN;
}

/* Adds one meter: its slots of a quarter-hour, each with the groups due in it. */
static void add_meter(struct collect_plan_line *line, const struct meter *meter,
                      const struct profile *profile, const struct collect_timing *timing)
{
    struct cost cost[GROUPS_ALL + 1];
    struct unit unit = {.interval_ms = interval_ms_of(meter, QUANTITY_GROUP_ENERGY)};
    int64_t ethernet_ms = 0;
    int64_t serial_ms = 0;

    for (uint32_t i = 0; i <= GROUPS_ALL; i++) {
        cost[i].requests = -1;
    }
    for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
        unit.group_ms[g] = interval_ms_of(meter, g);
    }
    for (int64_t slot_ms = 0; slot_ms < MS_PER_QUARTER_HOUR; slot_ms += unit.interval_ms) {
        uint32_t groups = slot_groups(&unit, slot_ms);

        if (cost[groups].requests < 0) {
            cost[groups] = cost_of(meter, profile, timing, groups);
        }
        ethernet_ms += cost[groups].ethernet_ms;
        serial_ms += cost[groups].serial_ms;
    }
    const struct cost round = cost_of(meter, profile, timing, GROUPS_ALL);

    line->meters++;
    line->requests += round.requests;
    line->round_ethernet_ms += round.ethernet_ms;
    line->round_serial_ms += round.serial_ms;
    line->ethernet_bp += ethernet_ms * BP / MS_PER_QUARTER_HOUR;
    line->serial_bp += serial_ms * BP / MS_PER_QUARTER_HOUR;
    if (line->interval_ms == 0 || unit.interval_ms < line->interval_ms) {
        line->interval_ms = unit.interval_ms;
    }
}

static int compare_endpoint(const void *a, const void *b)
{
    const struct meter *left = *(const struct meter *const *)a;
    const struct meter *right = *(const struct meter *const *)b;
    int order = strcmp(left->endpoint, right->endpoint);

    return order != 0 ? order : left < right ? -1 : left > right ? 1 : 0;
}

int collect_plan_lines(const struct meter *meters, int n,
                       const struct profile *const *profile_of_meter,
                       const struct collect_timing *timing,
                       struct collect_plan_line **ret_lines, int *ret_n_lines)
{
    size_t cap = (size_t)n + 1;
    struct collect_plan_line *line = calloc(cap, sizeof(*line));
    const struct meter **sorted =
        (const struct meter **)calloc(cap, sizeof(struct meter *));
    int n_sorted = 0;
    int n_lines = 0;

    if (line == NULL || sorted == NULL) {
        free(line);
        free((void *)sorted);
        return ERR_NOMEM;
    }
    for (int i = 0; i < n; i++) {
        if (meters[i].endpoint[0] != '\0' && profile_of_meter[i] != NULL) {
            sorted[n_sorted++] = &meters[i];
        }
    }
    qsort((void *)sorted, (size_t)n_sorted, sizeof(struct meter *), compare_endpoint);
    for (int i = 0; i < n_sorted; i++) {
        const struct meter *meter = sorted[i];

        if (n_lines == 0 || strcmp(line[n_lines - 1].endpoint, meter->endpoint) != 0) {
            (void)text_copy(line[n_lines].endpoint, sizeof(line[n_lines].endpoint),
                            meter->endpoint);
            n_lines++;
        }
        add_meter(&line[n_lines - 1], meter, profile_of_meter[meter - meters], timing);
    }
    free((void *)sorted);
    *ret_lines = line;
    *ret_n_lines = n_lines;
    return 0;
}
