/* Which meters are polled, on which lines. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/engine.h"
#include "daemon/core/text.h"
#include "drivers/dlt645/dlt645.h"

#define ADDRESS_MAX     255
#define MS_MAX_INTERVAL (15 * MS_PER_MIN)

/* --- units --- */

static int compare_unit(const void *key, const void *item)
{
    uint32_t meter_no = *(const uint32_t *)key;
    const struct unit *unit = *(struct unit *const *)item;

    return meter_no < unit->meter_no ? -1 : meter_no > unit->meter_no ? 1 : 0;
}

struct unit *unit_find(const struct collect *collect, uint32_t meter_no)
{
    struct unit **found =
        collect->n_units == 0
            ? NULL
            : (struct unit **)bsearch(&meter_no, (const void *)collect->unit,
                                      (size_t)collect->n_units, sizeof(struct unit *),
                                      compare_unit);

    return found != NULL ? *found : NULL;
}

static int sort_unit(const void *a, const void *b)
{
    return compare_unit(&(*(struct unit *const *)a)->meter_no, b);
}

static int32_t interval_of(const struct collect *collect, int32_t interval_s)
{
    if (collect->options.interval_ms > 0) {
        return collect->options.interval_ms;
    }
    int64_t ms = interval_s > 0 ? interval_s * MS_PER_S : MS_PER_MIN;

    return (int32_t)(ms < MS_MAX_INTERVAL ? ms : MS_MAX_INTERVAL);
}

static struct ratio ratio_or_one(struct ratio ratio)
{
    return ratio.num > 0 && ratio.den > 0 ? ratio : (struct ratio){1, 1};
}

/* What the register says; the running state is the caller's. */
static void unit_describe(const struct collect *collect, const struct meter *meter,
                          struct unit *unit)
{
    int64_t address = 0;

    unit->meter_no = meter->meter_no;
    (void)text_copy(unit->id, sizeof(unit->id), meter->id);
    if (text_to_i64(meter->address, 0, ADDRESS_MAX, &address) == 0) {
        unit->unit_id = (uint8_t)address;
    }
    (void)dlt645_address_of_text(meter->address, unit->meter_address);
    unit->interval_ms = interval_of(collect, meter->interval_s[QUANTITY_GROUP_ENERGY]);
    unit->interval_s = (int32_t)((unit->interval_ms + MS_PER_S - 1) / MS_PER_S);
    for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
        unit->group_ms[g] = meter->interval_s[g] > 0
                                ? interval_of(collect, meter->interval_s[g])
                                : unit->interval_ms;
    }
    unit->spread_ms = slot_spread_ms(meter->id, unit->interval_ms);
}

void unit_free(struct collect *collect, struct unit *unit)
{
    if (unit == NULL) {
        return;
    }
    poll_held_free(unit->held);
    profile_use_put(collect, unit->use);
    learnt_free(unit->learnt);
    free(unit);
}

/* Whether a unit may go on as it is. Both are complete but for the running state. */
static bool is_same_unit(const struct unit *a, const struct unit *b)
{
    return a->line == b->line && a->use == b->use && a->unit_id == b->unit_id &&
           memcmp(a->meter_address, b->meter_address, METER_ADDRESS_LEN) == 0 &&
           a->interval_ms == b->interval_ms && strcmp(a->id, b->id) == 0 &&
           memcmp(a->group_ms, b->group_ms, sizeof(a->group_ms)) == 0;
}

/* --- lines --- */

static const struct conf_line *conf_of(const struct collect *collect, const char *endpoint)
{
    for (int i = 0; i < collect->options.timing.n_lines; i++) {
        if (strcmp(collect->conf_line[i].endpoint, endpoint) == 0) {
            return &collect->conf_line[i];
        }
    }
    return NULL;
}

void line_apply_timing(struct line *line)
{
    const struct collect_timing *timing = &line->collect->options.timing;
    const struct conf_line *conf = conf_of(line->collect, line->endpoint);

    line->timeout_ms = conf != NULL && conf->timeout_ms > 0 ? conf->timeout_ms
                       : line->kind.is_dlt645 && timing->timeout_dlt645_ms > 0
                           ? timing->timeout_dlt645_ms
                           : timing->timeout_ms;
    line->late_window_ms = conf != NULL && conf->late_window_ms >= 0
                               ? conf->late_window_ms
                               : timing->late_window_ms;
    line->gap_ms = line->kind.silence_ms +
                   (conf != NULL && conf->gap_ms >= 0 ? conf->gap_ms : timing->gap_ms);
    line->retries = conf != NULL && conf->retries >= 0 ? conf->retries : timing->retries;
    line->max_registers =
        conf != NULL && conf->max_registers > 0 ? (uint16_t)conf->max_registers : 0;
}

static struct line *line_new(struct collect *collect, const char *endpoint,
                             uint16_t connection_no, const struct driver *driver)
{
    struct line *line = calloc(1, sizeof(*line));

    if (line == NULL) {
        return NULL;
    }
    if (line_kind_of(endpoint, &line->kind) != 0) { /* a scheme of a test's own */
        line->kind = (struct line_kind){.has_id = true, .gap_registers = GAP_REGISTERS};
    }
    if (!line->kind.has_id) {
        line->quiet_mono_ms = calloc(QUIET_PLACES, sizeof(*line->quiet_mono_ms));
        if (line->quiet_mono_ms == NULL) {
            free(line);
            return NULL;
        }
    }
    line->collect = collect;
    line->driver = driver;
    line->connection_no = connection_no;
    line->transaction_id = (uint16_t)chance_next(&collect->chance);
    line->busy_from_mono_ms = collect_mono_ms(collect);
    (void)text_copy(line->endpoint, sizeof(line->endpoint), endpoint);
    line_init(line);
    line_apply_timing(line);
    return line;
}

void line_free(struct line *line)
{
    if (line == NULL) {
        return;
    }
    poll_drop(line);
    connect_close(line);
    loop_timer_cancel(line->collect->loop, &line->timer);
    free(line->quiet_mono_ms);
    free(line->kept);
    free(line);
}

static int compare_line(const struct line *line, const char *endpoint,
                        uint16_t connection_no)
{
    int order = strcmp(line->endpoint, endpoint);

    return order != 0 ? order : (int)line->connection_no - (int)connection_no;
}

/* --- a new set of meters --- */

/* Grows beside the present set, which stays whole until the new one is. */
struct change {
    struct collect *collect;
    struct unit **unit; /* new descriptions, by meter_no */
    int n_units;
    struct line **line; /* sorted; those of the present set that go on, and new ones */
    int n_lines;
    int cap_lines;
};

/* NULL: none; it would stand at *ret_place. */
static struct line *find_line(struct line *const *lines, int n, const char *endpoint,
                              uint16_t connection_no, int *ret_place)
{
    int low = 0;
    int high = n;

    while (low < high) {
        int middle = (low + high) / 2;
        int order = compare_line(lines[middle], endpoint, connection_no);

        if (order == 0) {
            return lines[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_place = low;
    return NULL;
}

static int insert_line(struct change *change, int place, struct line *line)
{
    if (change->n_lines == change->cap_lines) {
        int cap = change->cap_lines * 2 + 16;
        struct line **grown = (struct line **)realloc((void *)change->line,
                                                      (size_t)cap * sizeof(struct line *));

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        change->line = grown;
        change->cap_lines = cap;
    }
    memmove((void *)(change->line + place + 1), (const void *)(change->line + place),
            (size_t)(change->n_lines - place) * sizeof(struct line *));
    change->line[place] = line;
    change->n_lines++;
    return 0;
}

/* The line for a meter: met already, of the present set, or new. */
static int line_for(struct change *change, const struct meter *meter,
                    struct line **ret_line)
{
    struct collect *collect = change->collect;
    const struct driver *driver = line_driver_of(
        collect->options.drivers, collect->options.n_drivers, meter->endpoint);
    const struct conf_line *conf = conf_of(collect, meter->endpoint);
    int place = 0;
    int present_place = 0;

    *ret_line = NULL;
    if (driver == NULL) {
        return 0;
    }
    uint32_t connections =
        conf != NULL && conf->connections > 1 ? (uint32_t)conf->connections : 1;
    uint16_t connection_no = (uint16_t)(meter->meter_no % connections);

    *ret_line =
        find_line(change->line, change->n_lines, meter->endpoint, connection_no, &place);
    if (*ret_line != NULL) {
        return 0;
    }
    struct line *line = find_line(collect->line, collect->n_lines, meter->endpoint,
                                  connection_no, &present_place);
    bool is_new = line == NULL;

    if (is_new) {
        line = line_new(collect, meter->endpoint, connection_no, driver);
    }
    if (line == NULL || insert_line(change, place, line) != 0) {
        if (is_new) {
            line_free(line);
        }
        return ERR_NOMEM;
    }
    *ret_line = line;
    return 0;
}

static int add_unit(struct change *change, const struct meter *meter,
                    const struct profile *profile)
{
    struct collect *collect = change->collect;
    struct unit *unit = calloc(1, sizeof(*unit));
    int err = 0;

    if (unit == NULL) {
        return ERR_NOMEM;
    }
    change->unit[change->n_units++] = unit;
    unit->from_ms = NEVER_MS;
    unit_describe(collect, meter, unit);
    unit->use =
        profile_use_get(collect, profile, ratio_or_one(meter->pt), ratio_or_one(meter->ct));
    if (unit->use == NULL || line_for(change, meter, &unit->line) != 0) {
        return ERR_NOMEM;
    }
    if (unit->line != NULL && plan_get(unit, GROUPS_ALL, &err) == NULL) {
        if (err == ERR_NOMEM) {
            return err;
        }
        log_warn("meter %s: profile %s does not fit into reads of its line; not polled",
                 unit->id, profile->id);
        unit->line = NULL;
    }
    return 0;
}

static bool is_line_of(struct line *const *lines, int n, const struct line *line)
{
    for (int i = 0; i < n; i++) {
        if (lines[i] == line) {
            return true;
        }
    }
    return false;
}

static void change_undo(struct change *change)
{
    const struct collect *collect = change->collect;

    for (int i = 0; i < change->n_units; i++) {
        unit_free(change->collect, change->unit[i]);
    }
    for (int i = 0; i < change->n_lines; i++) {
        if (!is_line_of(collect->line, collect->n_lines, change->line[i])) {
            line_free(change->line[i]);
        }
    }
    free((void *)change->unit);
    free((void *)change->line);
}

/* Takes a unit off its line; its live readings end. */
static void unit_stop(struct unit *unit)
{
    struct line *line = unit->line;

    if (line == NULL) {
        return;
    }
    unit_pay(unit);
    live_end(line, unit);
    if (line->poll.unit == unit) {
        poll_drop(line);
    }
    queue_remove(unit);
    line->n_units--;
}

/* What a changed unit takes over from itself before. */
static void carry_over(struct unit *unit, const struct unit *old)
{
    unit->joined_mono_ms = old->joined_mono_ms;
    unit->last_ok_ms = old->last_ok_ms;
    unit->history = old->history;
    unit->log_limit = old->log_limit;
}

static void unit_start(struct collect *collect, struct unit *unit, const struct unit *old)
{
    int64_t wall_ms = collect_wall_ms(collect);

    unit->joined_mono_ms = collect_mono_ms(collect);
    if (old != NULL) {
        carry_over(unit, old);
    }
    if (unit->line == NULL) {
        unit->state = COLLECT_DISABLED;
        unit->reason = SLOT_DISABLED;
        return;
    }
    unit->line->n_units++;
    if (collect->options.live_only) {
        return;
    }
    if (old != NULL && old->line != NULL && old->interval_ms == unit->interval_ms) {
        unit->slot_ts_ms = old->slot_ts_ms; /* the slot that has no outcome yet */
        unit->from_ms = old->from_ms;
        unit->turn_mono_ms = collect_mono_ms(collect);
    } else if (old != NULL && old->line != NULL) {
        unit_join(unit, old->slot_ts_ms > wall_ms ? old->slot_ts_ms : wall_ms, false);
    } else {
        unit_join(unit, wall_ms, !collect->has_begun);
    }
    queue_insert(unit);
}

static void tell_end(const struct collect *collect, const struct unit *unit)
{
    if (unit->line != NULL && collect->options.schedule != NULL) {
        collect->options.schedule(collect->options.ctx, unit->meter_no, unit->slot_ts_ms,
                                  0);
    }
}

/* The new description of a meter that is polled already. Returns the unit that goes on. */
static struct unit *replace_unit(struct collect *collect, struct unit *unit,
                                 struct unit *old)
{
    if (is_same_unit(unit, old)) {
        unit_free(collect, unit);
        return old;
    }
    unit_stop(old);
    if (old->line != NULL &&
        (unit->line == NULL || unit->interval_ms != old->interval_ms)) {
        if (old->slot_ts_ms <= collect_wall_ms(collect)) { /* begun: it ends here */
            outcome_account(old, old->slot_ts_ms, SLOT_MISSED, "interval changed");
            old->slot_ts_ms += old->interval_ms;
        }
        tell_end(collect, old);
    }
    unit_start(collect, unit, old);
    unit_free(collect, old);
    return unit;
}

static void remove_unit(struct collect *collect, struct unit *unit)
{
    unit_stop(unit);
    tell_end(collect, unit);
    unit_free(collect, unit);
}

/* Both sets are sorted by meter_no. */
static void merge_units(struct change *change)
{
    struct collect *collect = change->collect;
    int old = 0;

    for (int i = 0; i < change->n_units; i++) {
        struct unit *unit = change->unit[i];

        while (old < collect->n_units && collect->unit[old]->meter_no < unit->meter_no) {
            remove_unit(collect, collect->unit[old++]);
        }
        if (old < collect->n_units && collect->unit[old]->meter_no == unit->meter_no) {
            change->unit[i] = replace_unit(collect, unit, collect->unit[old++]);
        } else {
            unit_start(collect, unit, NULL);
        }
    }
    while (old < collect->n_units) {
        remove_unit(collect, collect->unit[old++]);
    }
}

/* A line may have been made for a meter that turned out not to fit it. */
static void drop_empty_lines(struct change *change)
{
    const struct collect *collect = change->collect;
    int n = 0;

    for (int i = 0; i < change->n_lines; i++) {
        struct line *line = change->line[i];

        if (line->n_units > 0) {
            change->line[n++] = line;
        } else if (!is_line_of(collect->line, collect->n_lines, line)) {
            line_free(line);
        }
    }
    change->n_lines = n;
}

static void commit(struct change *change)
{
    struct collect *collect = change->collect;
    struct line **old_line = collect->line;
    int n_old_lines = collect->n_lines;
    int next = 0;

    merge_units(change);
    drop_empty_lines(change);
    free((void *)collect->unit);
    collect->unit = change->unit;
    collect->n_units = change->n_units;
    collect->line = change->line;
    collect->n_lines = change->n_lines;
    for (int i = 0; i < n_old_lines; i++) { /* both are sorted */
        while (next < collect->n_lines &&
               compare_line(collect->line[next], old_line[i]->endpoint,
                            old_line[i]->connection_no) < 0) {
            next++;
        }
        if (next == collect->n_lines || collect->line[next] != old_line[i]) {
            line_free(old_line[i]);
        }
    }
    free((void *)old_line);
    collect->has_begun = collect->has_begun || collect->n_units > 0;
    for (int i = 0; i < collect->n_lines; i++) {
        line_run(collect->line[i]);
    }
}

int collect_set_meters(struct collect *collect, const struct meter *meters, int n,
                       const struct profile *const *profile_of_meter)
{
    struct change change = {.collect = collect};
    int err = 0;

    loop_update_time(collect->loop);
    schedule_follow_clock(collect);
    change.unit = (struct unit **)calloc((size_t)n + 1, sizeof(struct unit *));
    if (change.unit == NULL) {
        return ERR_NOMEM;
    }
    for (int i = 0; i < n && err == 0; i++) {
        if (meters[i].endpoint[0] != '\0' && profile_of_meter[i] != NULL) {
            err = add_unit(&change, &meters[i], profile_of_meter[i]);
        }
    }
    if (err != 0) {
        change_undo(&change);
        return err;
    }
    qsort((void *)change.unit, (size_t)change.n_units, sizeof(struct unit *), sort_unit);
    commit(&change);
    return 0;
}
