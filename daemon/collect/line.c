/* What a line does next. */
#include <stdio.h>
#include <string.h>

#include "daemon/collect/engine.h"

#define RESOLVE_LOOK_MS 20
#define SILENT_MAX      2 /* timeouts without a byte on a connection that used to speak */

/* --- slots that end without their turn --- */

/* Why the unit waited; "line busy" when its turn simply never came. */
static const char *wait_words(const struct line *line, const struct unit *unit,
                              char *ret_words, size_t size)
{
    if (unit->pending == SLOT_TIMEOUT) {
        (void)snprintf(ret_words, size, "late_window");
    } else if (unit->pending == SLOT_EXCEPTION) {
        (void)snprintf(ret_words, size, "exception %02X", unit->pending_exception);
    } else if (unit->pending != SLOT_OK) {
        (void)snprintf(ret_words, size, "%s", line->connect_words);
    } else {
        (void)snprintf(ret_words, size, "line busy");
    }
    return ret_words;
}

static void slot_passed(struct line *line, struct unit *unit)
{
    struct collect *collect = line->collect;
    int64_t running_ms = slot_floor(collect_wall_ms(collect), unit->interval_ms);
    char words[SAMPLE_DETAIL_LEN];

    if (unit->pending == SLOT_OK && line->failures > 0) {
        unit->pending = line->connect_fault;
    }
    enum slot_status status =
        unit->pending == SLOT_OK ? SLOT_MISSED : (enum slot_status)unit->pending;

    outcome_fail(unit, status, wait_words(line, unit, words, sizeof(words)));
    if (unit->slot_ts_ms < running_ms) { /* we stood still: no burst when we go on */
        unit_owe(unit, unit->slot_ts_ms, running_ms,
                 line->failures > 0 ? (enum slot_status)line->connect_fault : SLOT_MISSED);
        unit->slot_ts_ms = running_ms;
        unit->turn_mono_ms = collect_mono_ms(collect) + unit->spread_ms;
    } else if (unit->slot_ts_ms == running_ms && status == SLOT_MISSED) {
        unit->turn_mono_ms = collect_mono_ms(collect); /* at once, whatever its spread */
        unit->hurry = true;
    }
    queue_insert(unit);
}

static void rest_in_backoff(struct unit *unit, int64_t slot_end_mono_ms)
{
    if (unit->probe_mono_ms >= slot_end_mono_ms) {
        char words[SAMPLE_DETAIL_LEN];

        (void)snprintf(words, sizeof(words), "back-off %lld s",
                       (long long)((unit->backoff_ms + MS_PER_S - 1) / MS_PER_S));
        outcome_fail(unit, (enum slot_status)unit->reason, words); /* as far as we know */
    } else {
        unit->turn_mono_ms = unit->probe_mono_ms;
    }
    queue_insert(unit);
}

static void wait_for_connect(struct line *line, struct unit *unit, int64_t slot_end_mono_ms)
{
    if (line->connect_mono_ms >= slot_end_mono_ms) {
        outcome_fail(unit, (enum slot_status)line->connect_fault, line->connect_words);
    } else {
        unit->pending = line->connect_fault;
        unit->turn_mono_ms = line->connect_mono_ms;
    }
    queue_insert(unit);
}

/* A late reply to an earlier request may still come. */
static void wait_for_late(struct line *line, struct unit *unit, int64_t slot_end_mono_ms)
{
    int64_t until_mono_ms = quiet_until(line, unit);

    if (until_mono_ms >= slot_end_mono_ms) {
        outcome_fail(unit, SLOT_TIMEOUT, "late_window");
    } else {
        unit->pending = SLOT_TIMEOUT;
        unit->turn_mono_ms = until_mono_ms;
    }
    queue_insert(unit);
}

/* --- the next thing to do --- */

static void take_up(struct line *line, struct unit *unit, struct poll **held)
{
    poll_take_up(line, *held);
    *held = NULL;
    unit->polled_mono_ms = collect_mono_ms(line->collect);
}

static bool next_live(struct line *line)
{
    int64_t mono_ms = collect_mono_ms(line->collect);
    struct live_read **link = &line->live;

    while (*link != NULL && quiet_until(line, (*link)->unit) > mono_ms) {
        link = &(*link)->next;
    }
    struct live_read *live = *link;

    if (live == NULL) {
        return false;
    }
    *link = live->next;
    live->next = NULL;
    if (live->held != NULL) {
        take_up(line, live->unit, &live->held);
    } else {
        poll_begin(line, live->unit, live);
    }
    return true;
}

/* Of the units whose turn has come, the one that has waited longest since its last poll: a
 * line that is too slow serves all its meters alike. NULL: none is due. */
static struct unit *due_unit(const struct line *line, int64_t mono_ms)
{
    struct unit *best = NULL;

    for (struct unit *unit = line->head; unit != NULL && unit->turn_mono_ms <= mono_ms;
         unit = unit->after) {
        if (best == NULL || unit->polled_mono_ms < best->polled_mono_ms) {
            best = unit;
        }
    }
    return best;
}

/* Does something for the next unit that is due. False: none, or it has to wait. */
static bool next_unit(struct line *line)
{
    struct collect *collect = line->collect;
    int64_t mono_ms = collect_mono_ms(collect);

    if (line->conn == CONN_UP && line->free_mono_ms > mono_ms) {
        return false;
    }
    struct unit *unit = due_unit(line, mono_ms);

    if (unit == NULL) {
        return false;
    }
    int64_t start_mono_ms = unit->slot_ts_ms - collect->offset_ms;
    int64_t slot_end_mono_ms = start_mono_ms + unit->interval_ms;

    queue_remove(unit);
    if (!unit->hurry) {
        start_mono_ms += unit->spread_ms;
    }
    if (mono_ms >= slot_end_mono_ms) {
        slot_passed(line, unit);
    } else if (mono_ms < start_mono_ms) { /* the clock drifted */
        unit->turn_mono_ms = start_mono_ms;
        queue_insert(unit);
    } else if (unit->probe_mono_ms > mono_ms) {
        rest_in_backoff(unit, slot_end_mono_ms);
    } else if (line->conn == CONN_DOWN && !connect_is_due(line)) {
        wait_for_connect(line, unit, slot_end_mono_ms);
    } else if (quiet_until(line, unit) > mono_ms) {
        wait_for_late(line, unit, slot_end_mono_ms);
    } else if (unit->held != NULL) {
        take_up(line, unit, &unit->held);
    } else {
        poll_begin(line, unit, NULL);
    }
    return true;
}

/* Without ids in the replies, only a unit that owes none is asked, and in silence. False:
 * it was not asked; the poll waits, is put aside or over. */
static bool may_ask(struct line *line)
{
    if (line->kind.has_id) {
        return true;
    }
    if (quiet_until(line, line->poll.unit) > collect_mono_ms(line->collect)) {
        if (!poll_put_aside(line)) {
            poll_give_up(line, SLOT_TIMEOUT);
        }
        return false;
    }
    return wire_drain(line);
}

/* The poll has a request to send. */
static bool go_on(struct line *line)
{
    if (line->conn == CONN_UP) {
        if (line->free_mono_ms > collect_mono_ms(line->collect)) {
            return false;
        }
        if (may_ask(line)) {
            wire_send(line);
        }
        return true;
    }
    if (line->conn == CONN_CONNECTING) {
        return false;
    }
    if (line->poll.live != NULL || connect_is_due(line)) {
        connect_start(line);
    } else {
        poll_no_connection(line);
    }
    return true;
}

static bool step(struct line *line)
{
    if (line->poll.unit == NULL) {
        return next_live(line) || next_unit(line);
    }
    return !line->poll.sent && go_on(line);
}

/* --- the timer --- */

/* While a request is out, the deadline; but no later than the next turn, if that is still
 * to come: then the usual case, an answer in time, needs no further change of the timer. */
static int64_t wake_in_poll(const struct line *line)
{
    const struct poll *poll = &line->poll;
    int64_t mono_ms = collect_mono_ms(line->collect);
    int64_t next_mono_ms = line->head != NULL ? line->head->turn_mono_ms : NEVER_MS;

    if (poll->live == NULL &&
        poll->slot_end_mono_ms + poll->unit->spread_ms < next_mono_ms) {
        next_mono_ms = poll->slot_end_mono_ms + poll->unit->spread_ms;
    }
    return next_mono_ms > mono_ms && next_mono_ms < poll->deadline_mono_ms
               ? next_mono_ms
               : poll->deadline_mono_ms;
}

static int64_t wake_mono_ms(const struct line *line)
{
    const struct poll *poll = &line->poll;

    if (poll->unit != NULL && poll->sent) {
        return wake_in_poll(line);
    }
    if (line->conn == CONN_CONNECTING) {
        int64_t look_mono_ms = collect_mono_ms(line->collect) + RESOLVE_LOOK_MS;

        return line->is_resolving && look_mono_ms < line->conn_deadline_mono_ms
                   ? look_mono_ms
                   : line->conn_deadline_mono_ms;
    }
    int64_t next_mono_ms = line->head != NULL ? line->head->turn_mono_ms : NEVER_MS;

    if (poll->unit != NULL) {
        next_mono_ms = 0;
    }
    for (const struct live_read *live = line->live; live != NULL; live = live->next) {
        int64_t until_mono_ms = quiet_until(line, live->unit);

        next_mono_ms = until_mono_ms < next_mono_ms ? until_mono_ms : next_mono_ms;
    }
    if (line->conn == CONN_UP && next_mono_ms < line->free_mono_ms) {
        next_mono_ms = line->free_mono_ms;
    }
    return next_mono_ms;
}

static void arm(struct line *line)
{
    int64_t wake = wake_mono_ms(line);

    if (wake < line->armed_mono_ms) { /* later: the timer fires early and is set anew */
        int err = loop_timer_arm(line->collect->loop, &line->timer, wake);

        line->armed_mono_ms = err == 0 ? wake : NEVER_MS;
    }
}

void line_run(struct line *line)
{
    if (line->running) {
        return;
    }
    line->running = true;
    while (step(line)) {
    }
    line->running = false;
    wire_watch(line);
    arm(line);
}

static void deadline_passed(struct line *line)
{
    struct poll *poll = &line->poll;

    if (line->want_write) {
        quiet_begin(line);
        poll_account_busy(line);
        connect_failed(line, SLOT_CONNECTION, "write blocked");
        return;
    }
    quiet_begin(line);
    line->n_kept = line->kind.has_id ? line->n_kept : 0;
    if (poll->foreign == SLOT_OK) {
        line->late_expected++;
        line->silent = (uint8_t)(line->silent + (poll->has_bytes ? 0 : 1));
    }
    if (!line->kind.is_serial && line->heard && line->silent >= SILENT_MAX) {
        connect_close(line); /* half open, as it seems: a new one tells */
    }
    poll_try_failed(line, SLOT_TIMEOUT);
}

static void on_timer(void *ctx)
{
    struct line *line = ctx;

    line->armed_mono_ms = NEVER_MS;
    schedule_follow_clock(line->collect);
    int64_t mono_ms = collect_mono_ms(line->collect);

    if (line->is_resolving) {
        resolve_take_answers(line->collect);
        if (line->is_resolved && line->conn == CONN_CONNECTING && line->fd < 0) {
            connect_start(line);
        }
    }
    if (line->conn == CONN_CONNECTING && mono_ms >= line->conn_deadline_mono_ms) {
        connect_failed(line, SLOT_CONNECTION, "connect timed out");
    } else if (line->poll.unit != NULL && line->poll.sent &&
               mono_ms >= line->poll.deadline_mono_ms) {
        deadline_passed(line);
    }
    line_run(line);
}

void line_init(struct line *line)
{
    loop_timer_init(&line->timer, on_timer, line);
    line->armed_mono_ms = NEVER_MS;
    line->fd = -1;
}
