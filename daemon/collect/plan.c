#include "daemon/collect/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/time.h>

#include "daemon/collect/engine.h"
#include "daemon/core/text.h"
#include "drivers/dlt645/dlt645.h"

/* A serial line behind a gateway, of which we do not know the settings. */
static const struct serial_settings behind_gateway = {
    .baud = 9600, .parity = 'N', .stop_bits = 1};

#define RTU_ASKED    8
#define RTU_ANSWERED 5
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

/* A meter's line, and who asks there. */
struct asked {
    const struct driver *driver;
    struct line_kind kind;
    int64_t gap_ms; /* without the silence */
};

static int find_line(const struct meter *meter, const struct collect_timing *timing,
                     struct asked *ret_asked)
{
    const struct driver *drivers[LINE_DRIVERS];
    int n = line_drivers(drivers);
    struct asked asked = {.driver = line_driver_of(drivers, n, meter->endpoint),
                          .gap_ms = gap_of(timing, conf_of(timing, meter->endpoint))};

    if (asked.driver == NULL || line_kind_of(meter->endpoint, &asked.kind) != 0) {
        return ERR_UNAVAILABLE;
    }
    *ret_asked = asked;
    return 0;
}

/* Characters on a serial line: those of RTU frames also where the line is TCP. */
static int64_t serial_us(const struct asked *asked, int sent, int received)
{
    if (asked->kind.is_serial) {
        return (int64_t)(sent + received) * asked->kind.character_us +
               2 * (int64_t)asked->kind.silence_us;
    }
    return (int64_t)(sent + received) * serial_character_us(&behind_gateway) +
           2 * (int64_t)serial_silence_us(&behind_gateway);
}

static void describe(const struct asked *asked, const struct profile *profile,
                     const struct request *request, struct collect_plan_request *ret)
{
    uint8_t bytes[BYTES_MAX];
    int n = asked->driver->encode(request, bytes, sizeof(bytes));
    int sent = n > 0 ? n : 0;
    int received = (int)asked->driver->reply_bytes(request);
    int64_t wire_us = asked->kind.has_id
                          ? serial_us(asked, RTU_ASKED, RTU_ANSWERED + 2 * request->count)
                          : serial_us(asked, sent, received);

    *ret = (struct collect_plan_request){
        .request = *request,
        .bytes_sent = sent,
        .bytes_received = received,
        .ethernet_ms = asked->kind.is_serial ? 0 : PLAN_ROUND_TRIP_MS + asked->gap_ms,
        .serial_ms = (wire_us + US_PER_MS / 2) / US_PER_MS + asked->gap_ms,
    };
    for (int i = 0; i < profile->n_points; i++) {
        ret->points += asked->driver->holds(&profile->point[i], request) ? 1 : 0;
    }
}

static int plan_groups(const struct asked *asked, const struct meter *meter,
                       const struct profile *profile, const struct collect_timing *timing,
                       uint32_t groups, struct request *ret_requests)
{
    const struct conf_line *conf = conf_of(timing, meter->endpoint);
    int64_t address = 0;
    struct plan_options options = {
        .max_registers =
            conf != NULL && conf->max_registers > 0 ? (uint16_t)conf->max_registers : 0,
        .groups = groups,
        .gap_registers = asked->kind.gap_registers,
    };

    if (text_to_i64(meter->address, 0, UINT8_MAX, &address) == 0) {
        options.unit = (uint8_t)address;
    }
    (void)dlt645_address_of_text(meter->address, options.meter_address);
    return asked->driver->plan(profile, &options, ret_requests, PLAN_REQUESTS_MAX);
}

int collect_plan_meter(const struct meter *meter, const struct profile *profile,
                       const struct collect_timing *timing,
                       struct collect_plan_request *ret_requests, int cap)
{
    struct request request[PLAN_REQUESTS_MAX];
    struct asked asked;
    int n = find_line(meter, timing, &asked);

    if (n == 0) {
        n = plan_groups(&asked, meter, profile, timing, GROUPS_ALL, request);
    }
    if (n > cap) {
        return ERR_RANGE;
    }
    for (int i = 0; i < n; i++) {
        describe(&asked, profile, &request[i], &ret_requests[i]);
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
    struct asked asked;
    int n = find_line(meter, timing, &asked);

    if (n == 0) {
        n = plan_groups(&asked, meter, profile, timing, groups, request);
    }
    struct cost cost = {.requests = n > 0 ? n : 0};

    for (int i = 0; i < n; i++) {
        struct collect_plan_request one;

        describe(&asked, profile, &request[i], &one);
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

static void set_baud(struct collect_plan_line *line)
{
    struct line_kind kind;

    if (line_kind_of(line->endpoint, &kind) == 0) {
        line->baud = kind.baud;
    }
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
            set_baud(&line[n_lines]);
            n_lines++;
        }
        add_meter(&line[n_lines - 1], meter, profile_of_meter[meter - meters], timing);
    }
    free((void *)sorted);
    *ret_lines = line;
    *ret_n_lines = n_lines;
    return 0;
}

/* --- over-subscription --- */

bool collect_plan_is_over(const struct collect_plan_line *line,
                          char ret_text[PLAN_TEXT_LEN])
{
    bool is_serial = line->baud > 0;
    int64_t busy_bp = is_serial ? line->serial_bp : line->ethernet_bp;
    int64_t round_ms = is_serial ? line->round_serial_ms : line->round_ethernet_ms;
    char how[64];

    if (busy_bp <= BP) {
        return false;
    }
    if (is_serial) {
        (void)snprintf(how, sizeof(how), "at %d Bd", (int)line->baud);
    } else {
        (void)snprintf(how, sizeof(how), "at %d ms each", PLAN_ROUND_TRIP_MS);
    }
    (void)snprintf(ret_text, PLAN_TEXT_LEN,
                   "%d meter%s, %d requests a round take %lld.%lld s %s without the "
                   "meters' own time, the shortest interval is %lld s: the line is asked "
                   "for %lld %% of the time there is",
                   line->meters, line->meters == 1 ? "" : "s", line->requests,
                   (long long)(round_ms / MS_PER_S),
                   (long long)(round_ms % MS_PER_S / (MS_PER_S / 10)), how,
                   (long long)(line->interval_ms / MS_PER_S),
                   (long long)(busy_bp / (BP / 100)));
    return true;
}

static int in_force(const struct setup *setup, int64_t now_ms, struct meter *ret_meters,
                    const struct profile **ret_profiles)
{
    const struct registry *registry = &setup->registry;
    int n = 0;

    for (int i = 0; i < registry->n_meters; i++) {
        const struct meter *meter = &registry->meter[i];

        if (meter->endpoint[0] != '\0' && meter->since_ms <= now_ms &&
            now_ms < meter->until_ms) {
            ret_meters[n] = *meter;
            ret_profiles[n++] = profiles_find(&setup->profiles, meter->profile);
        }
    }
    return n;
}

void collect_plan_check(const struct setup *setup, int64_t now_ms,
                        struct problems *problems)
{
    size_t cap = (size_t)setup->registry.n_meters + 1;
    struct meter *meter = calloc(cap, sizeof(*meter));
    const struct profile **profile =
        (const struct profile **)calloc(cap, sizeof(const struct profile *));
    const struct collect_timing timing = collect_timing_of(setup->conf);
    struct collect_plan_line *line = NULL;
    char text[PLAN_TEXT_LEN];
    int n_lines = 0;

    if (meter != NULL && profile != NULL) {
        int n = in_force(setup, now_ms, meter, profile);

        (void)collect_plan_lines(meter, n, profile, &timing, &line, &n_lines);
    }
    for (int i = 0; i < n_lines; i++) {
        if (collect_plan_is_over(&line[i], text)) {
            problems_add(
                problems, PROBLEM_WARNING, setup->conf->reg.meters, 0, 0,
                "line %s: %s; make intervals longer, or spread the meters over more "
                "lines",
                line[i].endpoint, text);
        }
    }
    free(line);
    free((void *)profile);
    free(meter);
}
