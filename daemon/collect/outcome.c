#include <stdio.h>
#include <string.h>

#include "daemon/collect/engine.h"
#include "daemon/core/text.h"

#define MS_PER_HOUR    (60 * MS_PER_MIN)
#define HISTORY_MAX    UINT16_MAX
#define LOG_BURST      4
#define LOG_PERIOD_MS  (10 * MS_PER_MIN)
#define SUPPRESSED_LEN 48

/* --- what became of the last 24 hours --- */

static void history_move(struct history *history, int64_t hour)
{
    if (hour - history->hour >= HISTORY_HOURS) {
        memset(history, 0, sizeof(*history));
        history->hour = hour;
        return;
    }
    while (history->hour < hour) {
        history->hour++;
        history->scheduled[history->hour % HISTORY_HOURS] = 0;
        history->ok[history->hour % HISTORY_HOURS] = 0;
    }
}

void history_add(struct history *history, int64_t mono_ms, bool is_ok)
{
    int64_t hour = mono_ms / MS_PER_HOUR;

    if (hour != history->hour) {
        history_move(history, hour);
    }
    int bucket = (int)(hour % HISTORY_HOURS);

    if (history->scheduled[bucket] < HISTORY_MAX) { /* full: the ratio so far stands */
        history->scheduled[bucket]++;
        history->ok[bucket] = (uint16_t)(history->ok[bucket] + (is_ok ? 1 : 0));
    }
}

void history_sum(const struct history *history, int64_t mono_ms, uint32_t *ret_scheduled,
                 uint32_t *ret_ok)
{
    struct history moved = *history;
    uint32_t scheduled = 0;
    uint32_t ok = 0;

    history_move(&moved, mono_ms / MS_PER_HOUR);
    for (int i = 0; i < HISTORY_HOURS; i++) {
        scheduled += moved.scheduled[i];
        ok += moved.ok[i];
    }
    *ret_scheduled = scheduled;
    *ret_ok = ok;
}

/* --- words for people --- */

/* False: hold the line back. ret_note: " (n held back)" or "". */
static bool may_log(struct log_limit *limit, int64_t mono_ms, char *ret_note, size_t size)
{
    uint32_t suppressed = 0;

    if (log_limit_pass(limit, mono_ms, LOG_BURST, LOG_PERIOD_MS, &suppressed) == 0) {
        return false;
    }
    ret_note[0] = '\0';
    if (suppressed > 0) {
        (void)snprintf(ret_note, size, " (%u such lines held back)", suppressed);
    }
    return true;
}

static void log_unit(struct unit *unit, bool is_up, const struct sample *sample)
{
    char note[SUPPRESSED_LEN];

    if (!may_log(&unit->log_limit, collect_mono_ms(unit->line->collect), note,
                 sizeof(note))) {
        return;
    }
    if (is_up) {
        log_info("meter %s: readings again on %s%s", unit->id, unit->line->endpoint, note);
    } else {
        log_warn("meter %s: %s%s%s on %s%s", unit->id, slot_status_name(sample->status),
                 sample->detail[0] != '\0' ? ", " : "", sample->detail,
                 unit->line->endpoint, note);
    }
}

void outcome_line_down(struct line *line)
{
    char note[SUPPRESSED_LEN];
    int64_t mono_ms = collect_mono_ms(line->collect);

    line->down_mono_ms = mono_ms;
    if (may_log(&line->log_limit, mono_ms, note, sizeof(note))) {
        log_warn("line %s: %s, trying again, %d meters wait%s", line->endpoint,
                 line->connect_words, line->n_units, note);
    }
}

void outcome_line_up(struct line *line)
{
    char note[SUPPRESSED_LEN];
    int64_t mono_ms = collect_mono_ms(line->collect);

    if (may_log(&line->log_limit, mono_ms, note, sizeof(note))) {
        log_info("line %s: up again after %lld s%s", line->endpoint,
                 (long long)((mono_ms - line->down_mono_ms) / MS_PER_S), note);
    }
}

void outcome_line_noise(struct line *line)
{
    char note[SUPPRESSED_LEN];

    if (!may_log(&line->log_limit, collect_mono_ms(line->collect), note, sizeof(note))) {
        return;
    }
    if (line->is_noisy) {
        log_warn(
            "line %s: noise: bytes without end that nobody asked for; wrong baud rate or "
            "parity, a second master, or a broken device%s",
            line->endpoint, note);
    } else {
        log_info("line %s: silent again%s", line->endpoint, note);
    }
}

/* --- states --- */

static void turned_up(struct unit *unit, const struct sample *sample)
{
    bool was_down = unit->state == COLLECT_DOWN;

    unit->state = COLLECT_UP;
    unit->reason = SLOT_OK;
    unit->failures = 0;
    unit->backoff_ms = 0;
    unit->probe_mono_ms = 0;
    unit->last_ok_ms = sample->ts_ms;
    if (was_down) {
        log_unit(unit, true, sample);
    }
}

/* A line that is down speaks for its meters. */
static bool is_line_fault(enum slot_status status)
{
    return status == SLOT_REFUSED || status == SLOT_CONNECTION;
}

static void turned_down(struct unit *unit, const struct sample *sample)
{
    bool is_news = unit->state != COLLECT_DOWN || unit->reason != sample->status;

    unit->line->last_error = (uint8_t)sample->status;
    unit->line->last_error_meter_no = unit->meter_no;
    unit->state = COLLECT_DOWN;
    unit->reason = (uint8_t)sample->status;
    if (is_news && !is_line_fault(sample->status)) {
        log_unit(unit, false, sample);
    }
}

/* A missed slot says nothing about the meter: its state stays. */
static void missed(const struct unit *unit, const struct sample *sample)
{
    struct line *line = unit->line;
    char note[SUPPRESSED_LEN];

    if (unit->state != COLLECT_DOWN &&
        may_log(&line->log_limit, collect_mono_ms(line->collect), note, sizeof(note))) {
        log_warn("line %s: too slow for its meters, %s missed a slot (%s)%s",
                 line->endpoint, unit->id, sample->detail, note);
    }
}

/* --- samples --- */

void outcome_give(struct unit *unit, struct sample *sample)
{
    struct collect *collect = unit->line->collect;
    bool is_ok = sample->status == SLOT_OK || sample->status == SLOT_PARTIAL;

    sample->slot_ts_ms = unit->slot_ts_ms;
    sample->meter_no = unit->meter_no;
    sample->interval_s = unit->interval_s;
    history_add(&unit->history, collect_mono_ms(collect), is_ok);
    if (is_ok) {
        turned_up(unit, sample);
    } else if (sample->status == SLOT_MISSED) {
        missed(unit, sample);
    } else {
        turned_down(unit, sample);
    }
    unit_advance(unit);
    collect->options.deliver(collect->options.ctx, sample);
}

static void blank(struct sample *sample, enum slot_status status, const char *detail)
{
    memset(sample, 0, sizeof(*sample));
    sample->status = status;
    (void)text_copy(sample->detail, sizeof(sample->detail), detail);
}

void outcome_fail(struct unit *unit, enum slot_status status, const char *detail)
{
    struct sample sample;

    blank(&sample, status, detail);
    outcome_give(unit, &sample);
}

void outcome_account(struct unit *unit, int64_t slot_ts_ms, enum slot_status status,
                     const char *detail)
{
    struct collect *collect = unit->line->collect;
    struct sample sample;

    blank(&sample, status, detail);
    sample.slot_ts_ms = slot_ts_ms;
    sample.meter_no = unit->meter_no;
    sample.interval_s = unit->interval_s;
    history_add(&unit->history, collect_mono_ms(collect), false);
    collect->options.deliver(collect->options.ctx, &sample);
}
