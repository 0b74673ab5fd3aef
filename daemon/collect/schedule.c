#include <stddef.h>
#include <stdlib.h>

#include "daemon/collect/engine.h"

#define SPREAD_MAX_MS  1000
#define JOIN_LATE_MS   MS_PER_MIN /* a younger slot is still worth joining */
#define STEP_MS        500        /* less is drift, followed silently */
#define STEP_BACK_MS   5000 /* a slot that has begun may be read this much too early */
#define CLOCK_CHECK_MS MS_PER_MIN
#define OWED_PER_TICK  50 /* 2,500 a second: the store keeps up */
#define OWED_TICK_MS   20
#define OWED_MAX       3000 /* slots of one meter; a longer jump is a gap in the schedule */

int64_t slot_floor(int64_t wall_ms, int32_t interval_ms)
{
    return floor_div(wall_ms, interval_ms) * interval_ms;
}

uint16_t slot_spread_ms(const char *id, int32_t interval_ms)
{
    uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
    uint32_t most = (uint32_t)interval_ms / 10 < SPREAD_MAX_MS ? (uint32_t)interval_ms / 10
                                                               : SPREAD_MAX_MS;

    for (const char *c = id; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * UINT32_C(16777619);
    }
    hash ^= hash >> 15; /* the low bits of FNV alone are poor on short, similar ids */
    return (uint16_t)(most == 0 ? 0 : 1 + hash % most);
}

uint32_t slot_groups(const struct unit *unit, int64_t slot_ts_ms)
{
    uint32_t groups = 0;

    for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
        int32_t group_ms = unit->group_ms[g];

        if (group_ms <= unit->interval_ms ||
            floor_div(slot_ts_ms, group_ms) !=
                floor_div(slot_ts_ms - unit->interval_ms, group_ms)) {
            groups |= 1U << g;
        }
    }
    return groups;
}

/* --- the queue of a line --- */

void queue_insert(struct unit *unit)
{
    struct line *line = unit->line;
    struct unit *before = line->tail;

    while (before != NULL && before->turn_mono_ms > unit->turn_mono_ms) {
        before = before->before;
    }
    unit->before = before;
    unit->after = before != NULL ? before->after : line->head;
    if (unit->after != NULL) {
        unit->after->before = unit;
    } else {
        line->tail = unit;
    }
    if (before != NULL) {
        before->after = unit;
    } else {
        line->head = unit;
    }
    unit->in_queue = true;
}

void queue_remove(struct unit *unit)
{
    struct line *line = unit->line;

    if (!unit->in_queue) {
        return;
    }
    if (unit->before != NULL) {
        unit->before->after = unit->after;
    } else {
        line->head = unit->after;
    }
    if (unit->after != NULL) {
        unit->after->before = unit->before;
    } else {
        line->tail = unit->before;
    }
    unit->before = NULL;
    unit->after = NULL;
    unit->in_queue = false;
}

/* --- slots that have an outcome already --- */

/* Whether a slot of this run was met before by the unit: closed segments only. */
static bool is_segment_met(const struct unit *unit, const struct segment *segment,
                           int64_t slot_ts_ms)
{
    int64_t end_ms = slot_ts_ms + unit->interval_ms;

    if (slot_ts_ms >= segment->until_ms || end_ms <= segment->from_ms) {
        return false;
    }
    if (segment->is_jump) {
        return end_ms <= segment->until_ms && segment->mono_ms > unit->joined_mono_ms;
    }
    return segment->mono_ms + end_ms - segment->from_ms > unit->joined_mono_ms;
}

/* The first slot at or after slot_ts_ms that the unit has not met in this run. */
static int64_t first_unmet(const struct unit *unit, int64_t slot_ts_ms)
{
    const struct collect *collect = unit->line->collect;
    bool moved = true;

    while (moved) {
        moved = false;
        for (int i = 0; i < collect->n_segments - 1; i++) {
            const struct segment *segment = &collect->segment[i];

            if (is_segment_met(unit, segment, slot_ts_ms)) {
                slot_ts_ms = slot_floor(segment->until_ms - 1, unit->interval_ms) +
                             unit->interval_ms;
                moved = true;
            }
        }
    }
    return slot_ts_ms;
}

static void set_turn(struct unit *unit)
{
    const struct collect *collect = unit->line->collect;
    int64_t start_mono_ms = unit->slot_ts_ms - collect->offset_ms;
    int64_t now_mono_ms = collect_mono_ms(collect);

    /* A slot joined late keeps its spread, so that a start is no burst either. */
    unit->turn_mono_ms =
        unit->spread_ms + (start_mono_ms > now_mono_ms                     ? start_mono_ms
                           : start_mono_ms + unit->spread_ms > now_mono_ms ? start_mono_ms
                                                                           : now_mono_ms);
}

static void tell_schedule(struct unit *unit, int64_t from_ms, int32_t interval_s)
{
    const struct collect_options *options = &unit->line->collect->options;

    if (options->schedule != NULL) {
        options->schedule(options->ctx, unit->meter_no, from_ms, interval_s);
    }
}

void unit_join(struct unit *unit, int64_t wall_ms, bool is_now_allowed)
{
    int64_t slot_ts_ms = slot_floor(wall_ms, unit->interval_ms);

    if (slot_ts_ms < wall_ms && (!is_now_allowed || wall_ms - slot_ts_ms > JOIN_LATE_MS)) {
        slot_ts_ms += unit->interval_ms;
    }
    unit->slot_ts_ms = first_unmet(unit, slot_ts_ms);
    set_turn(unit);
    if (unit->from_ms == NEVER_MS || unit->slot_ts_ms < unit->from_ms) {
        unit->from_ms = unit->slot_ts_ms;
        tell_schedule(unit, unit->from_ms, unit->interval_s);
    }
}

void unit_advance(struct unit *unit)
{
    unit->slot_ts_ms = unit->line->collect->n_segments > 1
                           ? first_unmet(unit, unit->slot_ts_ms + unit->interval_ms)
                           : unit->slot_ts_ms + unit->interval_ms;
    unit->turn_mono_ms =
        unit->slot_ts_ms + unit->spread_ms - unit->line->collect->offset_ms;
    unit->pending = SLOT_OK;
    unit->defers = 0;
    poll_held_free(unit->held);
    unit->held = NULL;
}

/* --- slots passed over --- */

static int64_t owed_slots(const struct unit *unit)
{
    return (unit->owed_until_ms - unit->owed_from_ms) / unit->interval_ms;
}

static void pay_one(struct unit *unit)
{
    int64_t slot_ts_ms = unit->owed_from_ms;

    unit->owed_from_ms += unit->interval_ms;
    if (unit->owed_from_ms >= unit->owed_until_ms) {
        unit->owed_from_ms = 0;
        unit->owed_until_ms = 0;
        unit->line->collect->n_owing--;
    }
    enum slot_status status = (enum slot_status)unit->owed_status;

    outcome_account(unit, slot_ts_ms, status,
                    status == SLOT_CLOCK    ? "wall clock set forward"
                    : status == SLOT_MISSED ? "not polled in time"
                                            : unit->line->connect_words);
}

void unit_pay(struct unit *unit)
{
    while (unit->owed_from_ms < unit->owed_until_ms) {
        pay_one(unit);
    }
}

static void on_owed(void *ctx)
{
    struct collect *collect = ctx;
    int left = OWED_PER_TICK;

    for (int i = 0; i < collect->n_units && left > 0 && collect->n_owing > 0; i++) {
        struct unit *unit = collect->unit[i];

        while (left > 0 && unit->owed_from_ms < unit->owed_until_ms) {
            pay_one(unit);
            left--;
        }
    }
    if (collect->n_owing > 0) {
        (void)loop_timer_arm(collect->loop, &collect->owed_timer,
                             collect_mono_ms(collect) + OWED_TICK_MS);
    }
}

void unit_owe(struct unit *unit, int64_t from_ms, int64_t until_ms, enum slot_status status)
{
    struct collect *collect = unit->line->collect;

    if (from_ms >= until_ms) {
        return;
    }
    unit_pay(unit);
    unit->owed_from_ms = from_ms;
    unit->owed_until_ms = until_ms;
    unit->owed_status = (uint8_t)status;
    if (owed_slots(unit) > OWED_MAX) {
        unit->owed_from_ms = 0;
        unit->owed_until_ms = 0;
        tell_schedule(unit, from_ms, 0);
        tell_schedule(unit, until_ms, unit->interval_s);
        return;
    }
    collect->n_owing++;
    (void)loop_timer_arm(collect->loop, &collect->owed_timer,
                         collect_mono_ms(collect) + OWED_TICK_MS);
}

/* --- the wall clock --- */

static void push_segment(struct collect *collect, struct segment segment)
{
    if (collect->n_segments == SEGMENTS_MAX) { /* the oldest is forgotten */
        for (int i = 1; i < SEGMENTS_MAX; i++) {
            collect->segment[i - 1] = collect->segment[i];
        }
        collect->n_segments--;
    }
    collect->segment[collect->n_segments++] = segment;
}

/* Forward: slots from the unit's own up to the running one were never lived. */
static void realign_forward(struct unit *unit, int64_t wall_ms)
{
    int64_t from_ms = unit->slot_ts_ms;

    unit_join(unit, wall_ms, true);
    unit_owe(unit, from_ms, unit->slot_ts_ms, SLOT_CLOCK);
}

static void realign_back(struct unit *unit, int64_t old_wall_ms, int64_t wall_ms)
{
    if (unit->slot_ts_ms <= old_wall_ms) { /* begun, and not to come again */
        outcome_account(unit, unit->slot_ts_ms, SLOT_CLOCK, "wall clock set back");
    }
    unit_join(unit, wall_ms, true);
}

static void realign(struct unit *unit, int64_t old_wall_ms, int64_t wall_ms)
{
    struct line *line = unit->line;
    int64_t early_ms = unit->slot_ts_ms > old_wall_ms || unit->interval_ms < STEP_BACK_MS
                           ? unit->interval_ms
                           : STEP_BACK_MS;

    if (wall_ms < unit->slot_ts_ms + unit->interval_ms &&
        wall_ms >= unit->slot_ts_ms - early_ms) { /* the slot gets longer or shorter */
        if (unit->in_queue && unit->pending == SLOT_OK) {
            queue_remove(unit);
            set_turn(unit);
            queue_insert(unit);
        }
        return;
    }
    if (line->poll.unit == unit && line->poll.live == NULL) {
        poll_drop(line);
    }
    queue_remove(unit);
    unit->pending = SLOT_OK;
    unit->defers = 0;
    poll_held_free(unit->held);
    unit->held = NULL;
    if (wall_ms >= unit->slot_ts_ms) {
        realign_forward(unit, wall_ms);
    } else {
        realign_back(unit, old_wall_ms, wall_ms);
    }
    queue_insert(unit);
}

/* old_wall_ms: when the clock was last seen right; nothing was polled since. */
static void clock_stepped(struct collect *collect, int64_t old_wall_ms, int64_t wall_ms,
                          int64_t step_ms)
{
    int64_t mono_ms = collect_mono_ms(collect);

    log_warn("wall clock stepped by %+lld s; slots are realigned",
             (long long)(step_ms / MS_PER_S));
    collect->segment[collect->n_segments - 1].until_ms = old_wall_ms + 1;
    if (wall_ms > old_wall_ms) {
        push_segment(collect, (struct segment){old_wall_ms + 1, wall_ms, mono_ms, true});
    }
    push_segment(collect, (struct segment){wall_ms, NEVER_MS, mono_ms, false});
    for (int i = 0; i < collect->n_units; i++) {
        struct unit *unit = collect->unit[i];

        if (unit->line != NULL && !collect->options.live_only) {
            realign(unit, old_wall_ms, wall_ms);
        }
    }
    for (int i = 0; i < collect->n_lines; i++) {
        line_run(collect->line[i]);
    }
}

void schedule_follow_clock(struct collect *collect)
{
    int64_t mono_ms = loop_mono_ms(collect->loop);
    int64_t wall_ms = loop_wall_ms(collect->loop);
    int64_t step_ms = wall_ms - mono_ms - collect->offset_ms;
    int64_t checked_wall_ms = collect->checked_mono_ms + collect->offset_ms;

    collect->checked_mono_ms = mono_ms;
    if (step_ms >= -1 && step_ms <= 1) { /* two clocks, each cut to milliseconds */
        return;
    }
    collect->offset_ms += step_ms;
    if (step_ms > STEP_MS || step_ms < -STEP_MS) {
        clock_stepped(collect, checked_wall_ms, wall_ms, step_ms);
    }
}

static void on_clock(void *ctx)
{
    struct collect *collect = ctx;

    schedule_follow_clock(collect);
    for (int i = 0; i < collect->n_lines; i++) {
        if (collect->line[i]->armed_mono_ms == NEVER_MS) { /* there was no memory to wait */
            line_run(collect->line[i]);
        }
    }
    (void)loop_timer_arm(collect->loop, &collect->clock_timer,
                         collect_mono_ms(collect) + CLOCK_CHECK_MS);
}

void schedule_begin(struct collect *collect)
{
    loop_timer_init(&collect->clock_timer, on_clock, collect);
    loop_timer_init(&collect->owed_timer, on_owed, collect);
    loop_update_time(collect->loop);
    collect->checked_mono_ms = loop_mono_ms(collect->loop);
    collect->offset_ms = loop_wall_ms(collect->loop) - loop_mono_ms(collect->loop);
    push_segment(collect, (struct segment){collect_wall_ms(collect), NEVER_MS,
                                           collect_mono_ms(collect), false});
    (void)loop_timer_arm(collect->loop, &collect->clock_timer,
                         collect_mono_ms(collect) + CLOCK_CHECK_MS);
}

void schedule_end(struct collect *collect)
{
    loop_timer_cancel(collect->loop, &collect->clock_timer);
    loop_timer_cancel(collect->loop, &collect->owed_timer);
}
