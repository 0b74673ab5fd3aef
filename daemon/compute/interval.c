#include "daemon/compute/interval.h"

#include <stdlib.h>

#include <ecmon/err.h>
#include <ecmon/time.h>

#include "daemon/compute/interval_track.h"

int64_t interval_floor(int64_t ts_ms)
{
    return floor_div(ts_ms, MS_PER_QUARTER_HOUR) * MS_PER_QUARTER_HOUR;
}

int64_t interval_ceil(int64_t ts_ms)
{
    return -floor_div(-ts_ms, MS_PER_QUARTER_HOUR) * MS_PER_QUARTER_HOUR;
}

static void take_power(struct register_reading *reading,
                       const struct register_reading *other)
{
    if (other->has_power && (!reading->has_power || other->power_w > reading->power_w)) {
        reading->has_power = true;
        reading->power_w = other->power_w;
    }
}

static bool proves_nothing(const struct register_reading *before,
                           const struct register_reading *reading,
                           const struct register_reading *after)
{
    if (before->present != reading->present || after->present != reading->present) {
        return false;
    }
    for (int e = 0; e < ENERGY_COUNT; e++) {
        if (((reading->present >> e) & 1u) != 0 &&
            (before->reg[e] > reading->reg[e] || reading->reg[e] > after->reg[e])) {
            return false;
        }
    }
    return true;
}

size_t interval_readings_add(struct register_reading *readings, size_t n,
                             const struct register_reading *next, int64_t cut_ms)
{
    int64_t start_ms = interval_floor(next->slot_ts_ms);

    if (next->present == 0 && n > 0 && readings[n - 1].slot_ts_ms >= start_ms) {
        take_power(&readings[n - 1], next);
        return n;
    }
    readings[n] = *next;
    if (n < 2 || readings[n - 2].slot_ts_ms < start_ms ||
        (cut_ms > start_ms && cut_ms < start_ms + MS_PER_QUARTER_HOUR) ||
        !proves_nothing(&readings[n - 2], &readings[n - 1], next)) {
        return n + 1;
    }
    take_power(&readings[n], &readings[n - 1]);
    readings[n - 1] = readings[n];
    return n;
}

/* What the spans of a track say about the time between two boundaries. */
struct span_facts {
    bool proven;          /* some time of it */
    bool broken;          /* some time of it */
    enum quality quality; /* of what happened in between */
};

static void take_span(const struct knot *before, const struct knot *after, int64_t from_ms,
                      int64_t until_ms, struct span_facts *facts)
{
    int64_t begin_ms = before->t_ms > from_ms ? before->t_ms : from_ms;
    int64_t end_ms = after->t_ms < until_ms ? after->t_ms : until_ms;

    if (after->span == KNOT_PROVEN && end_ms > begin_ms) {
        facts->proven = true;
    }
    if (after->span == KNOT_BROKEN && end_ms > begin_ms) {
        facts->broken = true;
        facts->proven =
            facts->proven || (before->t_ms >= from_ms && after->t_ms <= until_ms);
    }
    if (after->t_ms > from_ms && after->t_ms < until_ms &&
        after->quality > facts->quality) {
        facts->quality = after->quality;
    }
    if (after->exchange && after->t_ms > from_ms && after->t_ms <= until_ms) {
        facts->quality = QUALITY_ESTIMATED;
    }
}

static struct span_facts facts_between(const struct track *track, size_t first,
                                       int64_t from_ms, int64_t until_ms)
{
    struct span_facts facts = {.quality = QUALITY_MEASURED};

    for (size_t i = first == track->n ? 1 : first + 1;
         i < track->n && track->knot[i - 1].t_ms < until_ms; i++) {
        take_span(&track->knot[i - 1], &track->knot[i], from_ms, until_ms, &facts);
    }
    return facts;
}

/* After the last reading nothing is known until the next one, unless none will come. */
static bool is_open(const struct track *track, int64_t until_ms)
{
    const struct interval_window *window = track->window;

    return track->knot[track->n - 1].t_ms < until_ms &&
           window->version[window->n_versions - 1].until_ms > until_ms;
}

static enum quality quality_between(const struct track *track, const struct boundary *start,
                                    const struct boundary *end, int64_t from_ms)
{
    int64_t until_ms = from_ms + MS_PER_QUARTER_HOUR;

    if (track->n == 0 || is_open(track, until_ms)) {
        return QUALITY_MISSING;
    }
    struct span_facts facts = facts_between(track, start->knot, from_ms, until_ms);

    if (facts.broken || start->quality == QUALITY_MISSING ||
        end->quality == QUALITY_MISSING) {
        return facts.proven ? QUALITY_ESTIMATED : QUALITY_MISSING;
    }
    enum quality quality = start->quality > end->quality ? start->quality : end->quality;

    return facts.quality > quality ? facts.quality : quality;
}

static void set_registers(struct interval *interval, const struct boundary *start,
                          const struct boundary *end)
{
    interval->has_start = start->quality <= QUALITY_INTERPOLATED;
    interval->has_end = end->quality <= QUALITY_INTERPOLATED;
    if (interval->has_start) {
        interval->start_register = start->units;
        interval->start_register_ts_ms = start->ts_ms;
    }
    if (interval->has_end) {
        interval->end_register = end->units;
        interval->end_register_ts_ms = end->ts_ms;
    }
}

/* One register over the quarter-hours that stand in the result. */
static void fill_energy(struct track *track, struct interval_result *result)
{
    int e = (int)track->quantity;

    for (int i = 0; i < result->n; i++) {
        struct interval *interval = &result->interval[i];
        struct boundary start;
        struct boundary end;

        track_boundary(track, interval->start_ts_ms, true, &start);
        track_boundary(track, interval->start_ts_ms + MS_PER_QUARTER_HOUR, false, &end);
        enum quality quality = quality_between(track, &start, &end, interval->start_ts_ms);
        int128 wh = end.level_wh - start.level_wh;

        if (wh > INT64_MAX) {
            quality = QUALITY_MISSING;
        }
        if (quality != QUALITY_MISSING) {
            interval->present |= 1u << e;
            interval->energy[e] = (int64_t)wh;
        }
        if (end.held) {
            interval->held |= 1u << e;
        }
        if (track->quantity == QUANTITY_ENERGY_IMPORT_WH) {
            interval->quality = quality;
            set_registers(interval, &start, &end);
        }
    }
}

static int fill_starts(const struct interval_window *window, struct interval_result *result)
{
    int version = 0;

    result->n = 0;
    result->n_events = 0;
    for (int64_t at_ms = window->from_ms; at_ms < window->until_ms;
         at_ms += MS_PER_QUARTER_HOUR) {
        while (version < window->n_versions && window->version[version].until_ms <= at_ms) {
            version++;
        }
        if (version == window->n_versions) {
            break;
        }
        if (window->version[version].since_ms >= at_ms + MS_PER_QUARTER_HOUR) {
            continue;
        }
        if (result->n == result->cap) {
            return ERR_FULL;
        }
        result->interval[result->n] =
            (struct interval){.meter_no = window->meter_no,
                              .enterprise_no = window->version[version].enterprise_no,
                              .start_ts_ms = at_ms,
                              .quality = QUALITY_MISSING};
        result->n++;
    }
    return 0;
}

static void fill_power(const struct interval_window *window, struct interval_result *result)
{
    size_t at = 0;

    for (int i = 0; i < result->n; i++) {
        struct interval *interval = &result->interval[i];
        int64_t until_ms = interval->start_ts_ms + MS_PER_QUARTER_HOUR;

        while (at < window->n_readings &&
               window->reading[at].slot_ts_ms < interval->start_ts_ms) {
            at++;
        }
        for (; at < window->n_readings && window->reading[at].slot_ts_ms < until_ms; at++) {
            const struct register_reading *reading = &window->reading[at];

            if (reading->has_power &&
                (!interval->has_max_power || reading->power_w > interval->max_power_w)) {
                interval->has_max_power = true;
                interval->max_power_w = reading->power_w;
            }
        }
    }
}

int interval_make(const struct interval_window *window, struct interval_result *result)
{
    int err = fill_starts(window, result);

    if (err != 0 || result->n == 0) {
        return err;
    }
    fill_power(window, result);
    struct track track = {.window = window, .result = result};

    track.knot = malloc((window->n_readings + 2 * (size_t)window->n_versions + 2) *
                        sizeof(*track.knot));
    if (track.knot == NULL) {
        return ERR_NOMEM;
    }
    for (int e = 0; e < ENERGY_COUNT; e++) {
        track.quantity = (enum quantity)e;
        track_build(&track);
        fill_energy(&track, result);
    }
    free(track.knot);
    return 0;
}
