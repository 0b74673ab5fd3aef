/* Quarter-hours of one meter into the store: rows, events, the meter's days, what is stale.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/assess/energy_parts.h"
#include "daemon/core/text.h"
#include "daemon/store/registry.h"

void closing_init(struct closing *closing, struct store *store, int64_t now_ms)
{
    memset(closing, 0, sizeof(*closing));
    closing->store = store;
    closing->now_ms = now_ms;
    closing->zone = *store_zone(store);
    closing->stale_day = DAY_MIN;
    closing->result.interval = closing->interval;
    closing->result.cap = CLOSING_DAY_QUARTERS;
}

void closing_done(struct closing *closing)
{
    free(closing->readings.reading);
    free(closing->version);
}

void closing_meter_at(const struct energy_meter *rows, int n, int i,
                      struct closing_meter *ret_meter)
{
    int end = i + 1;

    while (end < n && rows[end].meter_no == rows[i].meter_no) {
        end++;
    }
    *ret_meter = (struct closing_meter){.meter_no = rows[i].meter_no,
                                        .live = rows[end - 1].live,
                                        .has_next = rows[i].has_next,
                                        .next_start_ms = rows[i].next_start_ms,
                                        .version = &rows[i],
                                        .n_versions = end - i};
}

int64_t closing_cut(const struct closing_meter *meter, int64_t slot_ms)
{
    int64_t start_ms = interval_floor(slot_ms);

    for (int v = 0; v < meter->n_versions; v++) {
        int64_t since_ms = meter->version[v].version.since_ms;

        if (since_ms > start_ms && since_ms < start_ms + MS_PER_QUARTER_HOUR) {
            return since_ms;
        }
    }
    return INT64_MIN;
}

int64_t closing_limit(const struct closing *closing, const struct closing_meter *meter,
                      const struct closing_readings *readings, int64_t from_ms)
{
    int64_t limit_ms = from_ms;
    int64_t ended_ms = meter->version[meter->n_versions - 1].version.until_ms;

    for (size_t i = readings->n; i-- > 0;) {
        if ((readings->reading[i].present & 1u) != 0) {
            limit_ms = interval_floor(readings->reading[i].slot_ts_ms);
            break;
        }
    }
    if (readings->at_end && meter->live) {
        int64_t given_up_ms = interval_floor(closing->now_ms - ENERGY_MISSING_AFTER_MS);

        limit_ms = given_up_ms > limit_ms ? given_up_ms : limit_ms;
    }
    if (ended_ms < limit_ms) {
        limit_ms = interval_ceil(ended_ms);
    }
    return limit_ms > from_ms ? limit_ms : from_ms;
}

static int mark_day(struct closing *closing, day_t day)
{
    char text[DAY_TEXT_LEN];

    if (day == closing->stale_day) {
        return 0;
    }
    closing->stale_day = day;
    text_from_day(day, text);
    return store_stale_add(closing->store, "day", text);
}

/* A day's quality: the first that applies of missing, suspect, estimated, measured. */
static enum quality worse_of_day(enum quality day, enum quality interval)
{
    static const int rank[QUALITY_COUNT] = {
        [QUALITY_MEASURED] = 0,  [QUALITY_INTERPOLATED] = 0, [QUALITY_IMPORTED] = 0,
        [QUALITY_ESTIMATED] = 1, [QUALITY_SUSPECT] = 2,      [QUALITY_MISSING] = 3};
    enum quality quality = interval == QUALITY_INTERPOLATED ? QUALITY_MEASURED : interval;

    return rank[quality] > rank[day] ? quality : day;
}

static void add_export(struct meter_day *meter_day, const struct interval *interval)
{
    bool comes = ((interval->present >> QUANTITY_ENERGY_EXPORT_WH) & 1u) != 0;

    if (meter_day->quarters == 0) {
        meter_day->has_export = comes;
    } else if (comes != meter_day->has_export) {
        /* Known in one part of the day only: so is what was consumed. */
        meter_day->has_export = false;
        meter_day->export_wh = 0;
        meter_day->quality = QUALITY_MISSING;
    }
    if (meter_day->has_export) {
        meter_day->export_wh += interval->energy[QUANTITY_ENERGY_EXPORT_WH];
    }
}

static void add_quarter(struct meter_day *meter_day, const struct interval *interval,
                        const struct zone *zone)
{
    int64_t midnight_ms = ts_of_day(meter_day->day, zone);
    bool comes = (interval->present & 1u) != 0;

    meter_day->quality = worse_of_day(meter_day->quality, interval->quality);
    add_export(meter_day, interval);
    meter_day->has_import = comes && (meter_day->has_import || meter_day->quarters == 0);
    meter_day->import_wh =
        meter_day->has_import ? meter_day->import_wh + interval->energy[0] : 0;
    meter_day->quarters++;
    if (interval->quality <= QUALITY_INTERPOLATED) {
        meter_day->known_quarters++;
    }
    if (interval->start_ts_ms == midnight_ms && interval->has_start) {
        meter_day->midnights |= MIDNIGHT_START;
    }
    if (interval->start_ts_ms + MS_PER_QUARTER_HOUR == midnight_ms + MS_PER_DAY &&
        interval->has_end) {
        meter_day->midnights |= MIDNIGHT_END;
    }
}

struct day_sum {
    struct meter_day meter_day;
    const struct zone *zone;
};

static int sum_quarter(void *ctx, const struct interval *interval)
{
    struct day_sum *sum = ctx;

    add_quarter(&sum->meter_day, interval, sum->zone);
    return 0;
}

/* rows: those of one day. appended: they are new and the last ones of the day's. */
static int put_day(struct closing *closing, const struct interval *rows, int n,
                   bool appended)
{
    struct day_sum sum = {.zone = &closing->zone};
    day_t day = day_of_ts(rows[0].start_ts_ms, &closing->zone);
    int err = ERR_NOT_FOUND;

    if (appended) {
        err = energy_meter_day_get(closing->store, rows[0].meter_no, day, &sum.meter_day);
    }
    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    sum.meter_day.meter_no = rows[0].meter_no;
    sum.meter_day.day = day;
    if (appended) {
        err = 0;
        for (int i = 0; i < n; i++) {
            add_quarter(&sum.meter_day, &rows[i], &closing->zone);
        }
    } else {
        int64_t from_ms = ts_of_day(day, &closing->zone);

        err = energy_intervals_each(closing->store, rows[0].meter_no, from_ms,
                                    from_ms + MS_PER_DAY, sum_quarter, &sum);
    }
    if (err == 0) {
        err = energy_meter_day_put(closing->store, &sum.meter_day);
    }
    return err <= 0 ? err : mark_day(closing, day); /* ENERGY_SAME is 0 */
}

/* The rows of the result, day by day. */
static int put_rows(struct closing *closing, const struct closing_meter *meter)
{
    const struct interval_result *result = &closing->result;
    int first = 0;

    while (first < result->n) {
        day_t day = day_of_ts(result->interval[first].start_ts_ms, &closing->zone);
        bool appended = meter->has_next;
        int n_changed = 0;
        int end = first;

        for (; end < result->n &&
               day_of_ts(result->interval[end].start_ts_ms, &closing->zone) == day;
             end++) {
            int change = energy_interval_put(closing->store, &result->interval[end],
                                             closing->now_ms);

            if (change < 0) {
                return change;
            }
            n_changed += change != ENERGY_SAME;
            appended = appended && change == ENERGY_NEW &&
                       result->interval[end].start_ts_ms >= meter->next_start_ms;
        }
        closing->n_written += n_changed;
        int err = n_changed == 0
                      ? 0
                      : put_day(closing, &result->interval[first], end - first, appended);

        if (err != 0) {
            return err;
        }
        first = end;
    }
    return 0;
}

static int put_events(struct closing *closing, const struct closing_meter *meter)
{
    int err = 0;

    for (int i = 0; err == 0 && i < closing->result.n_events; i++) {
        const struct interval_event *event = &closing->result.event[i];
        char id[ID_LEN];
        char detail[128];

        err = registry_meter_id(closing->store, meter->meter_no, id);
        if (err == 0) {
            (void)snprintf(detail, sizeof(detail), "%s register %" PRId64 " -> %" PRId64,
                           quantity_name(event->quantity), event->old_units,
                           event->new_units);
            err = energy_event(closing->store, event->ts_ms, counter_step_name(event->step),
                               id, detail);
        }
    }
    return err;
}

static int copy_versions(struct closing *closing, const struct closing_meter *meter)
{
    if (meter->n_versions > closing->cap_versions) {
        struct register_version *more =
            realloc(closing->version, (size_t)meter->n_versions * sizeof(*more));

        if (more == NULL) {
            return ERR_NOMEM;
        }
        closing->version = more;
        closing->cap_versions = meter->n_versions;
    }
    for (int v = 0; v < meter->n_versions; v++) {
        closing->version[v] = meter->version[v].version;
    }
    return 0;
}

int closing_write(struct closing *closing, const struct closing_meter *meter,
                  const struct closing_readings *readings, int64_t from_ms,
                  int64_t until_ms)
{
    int err = copy_versions(closing, meter);

    for (int64_t at_ms = from_ms; err == 0 && at_ms < until_ms; at_ms += MS_PER_DAY) {
        struct interval_window window = {
            .meter_no = meter->meter_no,
            .version = closing->version,
            .n_versions = meter->n_versions,
            .reading = readings->reading,
            .n_readings = readings->n,
            .held = readings->held,
            .from_ms = at_ms,
            .until_ms = at_ms + MS_PER_DAY < until_ms ? at_ms + MS_PER_DAY : until_ms};

        err = interval_make(&window, &closing->result);
        if (err == 0) {
            err = put_rows(closing, meter);
        }
        if (err == 0) {
            err = put_events(closing, meter);
        }
    }
    if (err == 0 && (!meter->has_next || until_ms > meter->next_start_ms)) {
        err = energy_progress_set(closing->store, meter->meter_no, until_ms);
    }
    return err;
}
