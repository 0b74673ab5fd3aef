#include "daemon/compute/interval_track.h"

#include <ecmon/time.h>

#define BP_ONE INT64_C(10000)

/* Wh of a register value; int128 because a foreign register may be any int64. */
static int128 wh_of(int64_t units, struct ratio ratio)
{
    int128 product = (int128)units * ratio.num;
    int128 half = ratio.den / 2;

    if (ratio.den <= 0) {
        return 0;
    }
    return product >= 0 ? (product + half) / ratio.den : -((-product + half) / ratio.den);
}

static struct ratio ratio_of(const struct track *track, int version)
{
    const struct register_version *in_force = &track->window->version[version];

    if (track->quantity != QUANTITY_ENERGY_IMPORT_WH || in_force->loss_bp == 0) {
        return in_force->register_wh;
    }
    int64_t raised = BP_ONE + in_force->loss_bp;
    int64_t common = gcd_i64(raised, BP_ONE);

    return ratio_mul(in_force->register_wh,
                     (struct ratio){raised / common, BP_ONE / common});
}

static struct counter_rule rule_of(const struct track *track, int version)
{
    const struct register_version *in_force = &track->window->version[version];

    return (struct counter_rule){in_force->register_range, in_force->register_wh,
                                 in_force->rated_w};
}

/* Energy of one span inside one version. */
static int128 span_wh(const struct track *track, int version, int64_t from_units,
                      int64_t to_units, bool rolled)
{
    struct ratio ratio = ratio_of(track, version);
    int128 wh = wh_of(to_units, ratio) - wh_of(from_units, ratio);

    return rolled ? wh + wh_of(track->window->version[version].register_range, ratio) : wh;
}

static void add_knot(struct track *track, struct knot knot)
{
    if (track->n == 0) {
        knot.span = KNOT_FIRST;
        knot.level_wh = 0;
    } else {
        const struct knot *before = &track->knot[track->n - 1];

        knot.level_wh = before->level_wh;
        if (knot.span == KNOT_PROVEN) {
            knot.level_wh +=
                span_wh(track, knot.version, before->units, knot.units, knot.rolled);
        }
    }
    track->knot[track->n] = knot;
    track->n++;
}

static void add_event(struct track *track, enum counter_step step,
                      const struct knot *before, const struct knot *after)
{
    struct interval_result *result = track->result;

    if (after->t_ms <= track->window->from_ms || after->t_ms > track->window->until_ms ||
        result->n_events == INTERVAL_EVENTS_MAX) {
        return;
    }
    result->event[result->n_events] = (struct interval_event){
        after->t_ms, track->quantity, step, before->shown, after->shown};
    result->n_events++;
}

/* Units that a proven span has passed at t_ms: spread evenly over its time. */
static int64_t passed_at(const struct knot *before, const struct knot *after, int64_t t_ms)
{
    int64_t span_ms = after->t_ms - before->t_ms;

    if (span_ms <= 0) {
        return 0;
    }
    return div_round_128((int128)after->span_units * (t_ms - before->t_ms), span_ms);
}

/* The register after passed units; *ret_rolled when it went through its range for that. */
static int64_t units_after(const struct track *track, const struct knot *before,
                           const struct knot *after, int64_t passed, bool *ret_rolled)
{
    int64_t left = track->window->version[before->version].register_range - before->units;

    *ret_rolled = after->rolled && passed >= left;
    return *ret_rolled ? passed - left : before->units + passed;
}

static enum quality near_quality(int64_t before_ms, int64_t t_ms, int64_t after_ms)
{
    return t_ms - before_ms <= INTERVAL_NEAR_MS && after_ms - t_ms <= INTERVAL_NEAR_MS
               ? QUALITY_INTERPOLATED
               : QUALITY_ESTIMATED;
}

static enum quality worse(enum quality a, enum quality b)
{
    return a > b ? a : b;
}

/* Decides how after follows before inside the rules of one version; sets its span. */
static enum counter_step judge(const struct track *track, const struct knot *before,
                               struct knot *after)
{
    struct counter_rule rule = rule_of(track, before->version);
    enum counter_step step = counter_difference(
        &rule, before->units, after->shown, after->t_ms - before->t_ms, &after->span_units);

    after->units = step == COUNTER_BACK ? before->units : after->shown;
    after->rolled = step == COUNTER_ROLLOVER;
    after->span = step == COUNTER_RESET ? KNOT_BROKEN : KNOT_PROVEN;
    return step;
}

/* The register stays the same one over the versions' boundaries between the last knot and
 * next, which is judged already: each boundary gets a knot on either side. */
static void add_over_versions(struct track *track, const struct knot *judged)
{
    struct knot before = track->knot[track->n - 1];
    struct knot next = *judged;

    for (int v = before.version + 1; v <= next.version && next.span == KNOT_PROVEN; v++) {
        int64_t since_ms = track->window->version[v].since_ms;
        struct knot edge = next;

        edge.version = v - 1;
        if (since_ms < next.t_ms) {
            edge.t_ms = since_ms;
            edge.ts_ms = since_ms;
            edge.span_units = passed_at(&before, &next, since_ms);
            edge.units = units_after(track, &before, &next, edge.span_units, &edge.rolled);
            edge.shown = edge.units;
            edge.quality = near_quality(before.t_ms, since_ms, next.t_ms);
        }
        add_knot(track, edge);
        next.span_units -= edge.span_units;
        next.rolled = next.rolled && !edge.rolled;
        edge.version = v;
        edge.span = KNOT_JOINED;
        edge.span_units = 0;
        edge.rolled = false;
        add_knot(track, edge);
        before = edge;
    }
    if (next.t_ms > before.t_ms) { /* else a boundary's knot is the reading itself */
        add_knot(track, next);
    }
}

static bool is_other_register(const struct interval_window *window, int v)
{
    return window->version[v].exchanged ||
           window->version[v - 1].until_ms != window->version[v].since_ms;
}

/* The register's last value, where it is known, closes the old meter at the first exchange.
 */
static void add_final(struct track *track, int v)
{
    const struct register_version *version = &track->window->version[v];
    struct knot edge = {.t_ms = version->since_ms,
                        .ts_ms = version->since_ms,
                        .shown = version->previous_final,
                        .version = v - 1,
                        .exchange = true,
                        .quality = QUALITY_ESTIMATED};

    if (version->previous_final >= 0 && version[-1].until_ms == version->since_ms) {
        (void)judge(track, &track->knot[track->n - 1], &edge);
        add_over_versions(track, &edge);
    }
}

/*
 * Between the last knot and next the meter was exchanged, first with version first, last
 * with version last. Returns true when next goes on from the new register's first value;
 * else next's span is set: it opens the new register itself.
 */
static bool cross_exchange(struct track *track, struct knot *next, int first, int last)
{
    bool is_import = track->quantity == QUANTITY_ENERGY_IMPORT_WH;
    int64_t since_ms = track->window->version[last].since_ms;
    int64_t initial = track->window->version[last].initial;

    if (is_import) {
        add_final(track, first);
    }
    bool joined = track->knot[track->n - 1].t_ms == since_ms;

    if (is_import && initial >= 0 && since_ms < next->t_ms) {
        struct knot edge = {.t_ms = since_ms,
                            .ts_ms = since_ms,
                            .units = initial,
                            .shown = initial,
                            .version = last,
                            .span = joined ? KNOT_JOINED : KNOT_BROKEN,
                            .exchange = true,
                            .quality = QUALITY_ESTIMATED};

        add_knot(track, edge);
        return true;
    }
    next->span = joined && next->t_ms == since_ms ? KNOT_JOINED : KNOT_BROKEN;
    next->exchange = true;
    return false;
}

/* First and last exchange between two versions. */
static bool find_exchanges(const struct interval_window *window, int from, int to,
                           int *ret_first, int *ret_last)
{
    bool found = false;

    for (int v = from + 1; v <= to; v++) {
        if (is_other_register(window, v)) {
            *ret_first = found ? *ret_first : v;
            *ret_last = v;
            found = true;
        }
    }
    return found;
}

static void add_reading(struct track *track, const struct register_reading *reading,
                        int version)
{
    int64_t shown = reading->reg[track->quantity];
    struct knot next = {.t_ms = reading->slot_ts_ms,
                        .ts_ms = reading->ts_ms != 0 ? reading->ts_ms : reading->slot_ts_ms,
                        .units = shown,
                        .shown = shown,
                        .version = version,
                        .quality = QUALITY_MEASURED};
    int first = 0;
    int last = 0;

    if (track->n == 0) {
        if (((track->window->held >> track->quantity) & 1u) != 0) {
            next.units += COUNTER_BACK_STEP;
        }
        add_knot(track, next);
        return;
    }
    if (find_exchanges(track->window, track->knot[track->n - 1].version, version, &first,
                       &last) &&
        !cross_exchange(track, &next, first, last)) {
        add_knot(track, next);
        return;
    }
    const struct knot *before = &track->knot[track->n - 1];
    enum counter_step step = judge(track, before, &next);

    if (step == COUNTER_ROLLOVER || step == COUNTER_RESET) {
        add_event(track, step, before, &next);
    }
    add_over_versions(track, &next);
}

void track_build(struct track *track)
{
    const struct interval_window *window = track->window;
    int version = 0;

    track->n = 0;
    track->at = 0;
    for (size_t i = 0; i < window->n_readings; i++) {
        const struct register_reading *reading = &window->reading[i];

        while (version < window->n_versions &&
               window->version[version].until_ms <= reading->slot_ts_ms) {
            version++;
        }
        if (version == window->n_versions) {
            return;
        }
        if (((reading->present >> track->quantity) & 1u) != 0 &&
            window->version[version].since_ms <= reading->slot_ts_ms) {
            add_reading(track, reading, version);
        }
    }
}

static void boundary_on_knot(const struct track *track, size_t i, struct boundary *ret)
{
    const struct knot *knot = &track->knot[i];

    ret->quality = knot->quality;
    ret->units = knot->units;
    ret->ts_ms = knot->ts_ms;
    ret->held = knot->units != knot->shown;
    ret->level_wh = knot->level_wh;
    ret->knot = i;
}

static void boundary_in_span(const struct track *track, int64_t t_ms, struct boundary *ret)
{
    const struct knot *before = &track->knot[ret->knot];
    const struct knot *after = before + 1;
    bool rolled = false;

    ret->level_wh = before->level_wh;
    if (after->span != KNOT_PROVEN) {
        return;
    }
    ret->quality = worse(near_quality(before->t_ms, t_ms, after->t_ms),
                         worse(before->quality, after->quality));
    ret->units = units_after(track, before, after, passed_at(before, after, t_ms), &rolled);
    ret->level_wh += span_wh(track, after->version, before->units, ret->units, rolled);
}

void track_boundary(struct track *track, int64_t t_ms, bool starts, struct boundary *ret)
{
    *ret = (struct boundary){.quality = QUALITY_MISSING, .ts_ms = t_ms, .knot = track->n};
    if (track->n == 0 || track->knot[0].t_ms > t_ms) {
        return;
    }
    while (track->at + 1 < track->n && track->knot[track->at + 1].t_ms <= t_ms) {
        track->at++;
    }
    size_t i = track->at;

    while (!starts && i > 0 && track->knot[i].t_ms == t_ms &&
           track->knot[i - 1].t_ms == t_ms) {
        i--;
    }
    ret->knot = i;
    if (track->knot[i].t_ms == t_ms) {
        if (!starts && track->knot[i].exchange && track->knot[i].span == KNOT_BROKEN) {
            ret->level_wh = track->knot[i].level_wh;
            return;
        }
        boundary_on_knot(track, i, ret);
        return;
    }
    if (i + 1 == track->n) {
        ret->level_wh = track->knot[i].level_wh;
        return;
    }
    boundary_in_span(track, t_ms, ret);
}
