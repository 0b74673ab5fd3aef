#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/collect/engine.h"
#include "drivers/dlt645/dlt645.h"

#define DEFER_MIN_MS      1000
#define DEFER_MAX_DOUBLES 5
#define PROBE_FAILURES    2 /* from here on a meter gets one try */

/* Modbus exception codes, V1.1b3 §7. */
enum {
    EXCEPTION_ADDRESS = 2,
    EXCEPTION_VALUE = 3,
    EXCEPTION_FAILURE = 4,
    EXCEPTION_ACKNOWLEDGE = 5,
    EXCEPTION_BUSY = 6,
    EXCEPTION_NO_PATH = 10,
    EXCEPTION_NO_TARGET = 11
};

/* --- the end of a poll --- */

static int count_bits(uint32_t bits)
{
    int n = 0;

    for (; bits != 0; bits &= bits - 1) {
        n++;
    }
    return n;
}

static void fault_detail(const struct line *line, struct sample *sample)
{
    const struct poll *poll = &line->poll;
    const char *plural = poll->fault_tries == 1 ? "try" : "tries";
    char *detail = sample->detail;
    char words[DLT645_ERROR_TEXT_LEN];

    switch ((int)sample->status) {
    case SLOT_TIMEOUT:
        (void)snprintf(detail, SAMPLE_DETAIL_LEN, "%lld ms, %d %s",
                       (long long)line->timeout_ms, poll->fault_tries, plural);
        break;
    case SLOT_EXCEPTION:
        if (line->kind.is_dlt645) {
            dlt645_error_text(poll->exception, words);
            (void)snprintf(detail, SAMPLE_DETAIL_LEN, "refused: %.30s", words);
        } else {
            (void)snprintf(detail, SAMPLE_DETAIL_LEN, "exception %02X", poll->exception);
        }
        break;
    case SLOT_REFUSED:
    case SLOT_CONNECTION:
        (void)snprintf(detail, SAMPLE_DETAIL_LEN, "%s", line->connect_words);
        break;
    case SLOT_RANGE:
        (void)snprintf(detail, SAMPLE_DETAIL_LEN, "no plausible value");
        break;
    case SLOT_MISSED:
        (void)snprintf(detail, SAMPLE_DETAIL_LEN, "slot over");
        break;
    default:
        (void)snprintf(detail, SAMPLE_DETAIL_LEN, "foreign reply, %d %s", poll->fault_tries,
                       plural);
        break;
    }
}

static void judge(struct line *line)
{
    struct poll *poll = &line->poll;
    struct sample *sample = &poll->sample;
    uint32_t wanted = poll->plan->wanted;

    uint32_t got = sample->present & wanted;
    bool has_energy = (wanted & (1U << QUANTITY_ENERGY_IMPORT_WH)) != 0
                          ? sample_has(sample, QUANTITY_ENERGY_IMPORT_WH) != 0
                          : got != 0;

    if (sample->ts_ms == 0 && got != 0) {
        sample->ts_ms = loop_wall_ms(line->collect->loop);
    }
    if (got == wanted) {
        sample->status = SLOT_OK;
        return;
    }
    if (has_energy) {
        sample->status = SLOT_PARTIAL;
        (void)snprintf(sample->detail, SAMPLE_DETAIL_LEN, "%d of %d missing",
                       count_bits(wanted & ~got), poll->plan->n_points);
        return;
    }
    memset(sample, 0, sizeof(*sample));
    sample->status = (enum slot_status)poll->fault;
    if (poll->fault == SLOT_OK && !poll->has_range && poll->unit->learnt != NULL) {
        sample->status = SLOT_EXCEPTION; /* known from before, not asked again today */
        poll->exception = poll->unit->learnt->exception;
    } else if (poll->fault == SLOT_OK) {
        sample->status = SLOT_RANGE;
    }
    fault_detail(line, sample);
}

/* Whoever did not answer at all is asked less often. */
static void back_off(struct line *line, struct unit *unit, enum slot_status status)
{
    struct collect *collect = line->collect;
    uint8_t exception = line->poll.exception;

    if (status == SLOT_REFUSED || status == SLOT_CONNECTION || status == SLOT_MISSED) {
        return;
    }
    if (status == SLOT_RANGE ||
        (status == SLOT_EXCEPTION &&
         (line->kind.is_dlt645 ||
          (exception != EXCEPTION_NO_PATH && exception != EXCEPTION_NO_TARGET)))) {
        unit->failures = 0;
    } else if (unit->failures < UINT16_MAX) {
        unit->failures++;
    }
    unit->backoff_ms =
        backoff_meter_ms(unit->failures, unit->interval_ms,
                         collect->options.timing.backoff_max_ms, &collect->chance);
    unit->probe_mono_ms =
        unit->backoff_ms > 0 ? collect_mono_ms(collect) + unit->backoff_ms : 0;
}

static void clear(struct line *line)
{
    struct poll *poll = &line->poll;

    bisect_free(poll->bisect);
    learnt_free(poll->lesson);
    free(poll->data);
    poll->data = NULL;
    poll->bisect = NULL;
    poll->lesson = NULL;
    poll->unit = NULL;
    poll->live = NULL;
    poll->plan = NULL;
    poll->sent = false;
}

static void finish(struct line *line)
{
    struct poll *poll = &line->poll;
    struct unit *unit = poll->unit;
    struct live_read *live = poll->live;

    judge(line);
    enum slot_status status = poll->sample.status;
    bool is_ok = status == SLOT_OK || status == SLOT_PARTIAL;

    if (poll->lesson != NULL) {
        poll_forget_held(line, unit);
        learnt_free(unit->learnt);
        unit->learnt = poll->lesson;
        poll->lesson = NULL;
    }
    clear(line);
    if (live != NULL) {
        if (is_ok) {
            unit->probe_mono_ms = 0;
            unit->backoff_ms = 0;
        }
        live_done(live, &poll->sample);
        return;
    }
    if (!is_ok) {
        back_off(line, unit, status);
    }
    outcome_give(unit, &poll->sample);
    queue_insert(unit);
}

void poll_fault(struct poll *poll, enum slot_status status)
{
    if (poll->fault == SLOT_OK) {
        poll->fault = (uint8_t)status;
        poll->fault_tries = poll->tries;
    }
}

/* --- request after request --- */

static bool is_slot_over(const struct line *line)
{
    return line->poll.live == NULL &&
           collect_mono_ms(line->collect) >= line->poll.slot_end_mono_ms;
}

static bool is_answered(const struct line *line)
{
    const struct poll *poll = &line->poll;

    return line->kind.is_dlt645 && poll->index < poll->plan->n &&
           follow_is_known(line, &poll->plan->request[poll->index]);
}

void poll_next_request(struct line *line)
{
    struct poll *poll = &line->poll;

    poll->tries = 0;
    poll->sent = false;
    if (poll->bisect != NULL && bisect_next(poll, collect_mono_ms(line->collect))) {
        return;
    }
    poll->is_refused = false;
    do {
        poll->index++;
    } while (is_answered(line));
    if (poll->index >= poll->plan->n) {
        finish(line);
        return;
    }
    if (poll->index > 0 && is_slot_over(line)) {
        poll_fault(poll, SLOT_MISSED);
        finish(line);
        return;
    }
    poll->request = poll->plan->request[poll->index];
    poll->request.unit = poll->unit->unit_id;
    memcpy(poll->request.meter_address, poll->unit->meter_address, METER_ADDRESS_LEN);
}

static void forget_old_lessons(struct line *line, struct unit *unit)
{
    if (unit->learnt != NULL &&
        collect_mono_ms(line->collect) >= unit->learnt->until_mono_ms) {
        poll_forget_held(line, unit);
        learnt_free(unit->learnt);
        unit->learnt = NULL;
    }
}

void poll_begin(struct line *line, struct unit *unit, struct live_read *live)
{
    struct poll *poll = &line->poll;
    int err = 0;

    forget_old_lessons(line, unit);
    memset(&poll->sample, 0, sizeof(poll->sample));
    poll->unit = unit;
    poll->live = live;
    poll->slot_end_mono_ms =
        live != NULL ? NEVER_MS
                     : unit->slot_ts_ms + unit->interval_ms - line->collect->offset_ms;
    poll->groups = live != NULL ? GROUPS_ALL : slot_groups(unit, unit->slot_ts_ms);
    poll->index = -1;
    poll->repeated = false;
    poll->has_range = false;
    poll->fault = SLOT_OK;
    poll->exception = 0;
    unit->hurry = false;
    if (live == NULL) {
        unit->polled_mono_ms = collect_mono_ms(line->collect);
    }
    poll->plan = plan_get(unit, poll->groups, &err);
    if (poll->plan == NULL) { /* planned when the meter was set: out of memory */
        clear(line);
        if (live != NULL) {
            poll->sample.status = SLOT_MISSED;
            live_done(live, &poll->sample);
        } else {
            outcome_fail(unit, SLOT_MISSED, "out of memory");
            queue_insert(unit);
        }
        return;
    }
    poll_next_request(line);
}

void poll_drop(struct line *line)
{
    if (line->poll.sent) {
        poll_account_busy(line);
        line->late_expected++;
        quiet_begin(line);
    }
    clear(line);
}

void poll_account_busy(struct line *line)
{
    int64_t mono_ms = collect_mono_ms(line->collect);
    int64_t window_ms = mono_ms - line->busy_from_mono_ms;

    line->busy_ms += (int32_t)(mono_ms - line->poll.sent_mono_ms);
    line->free_mono_ms = mono_ms + line->gap_ms;
    if (window_ms >= MS_PER_MIN) {
        line->busy_bp = (int32_t)((int64_t)line->busy_ms * 10000 / window_ms);
        line->busy_ms = 0;
        line->busy_from_mono_ms = mono_ms;
    }
}

void poll_reply(struct line *line, const struct feed_result *result)
{
    poll_account_busy(line);
    line->ok++;
    if (line->kind.is_dlt645) {
        follow_reply(line, result);
    } else {
        poll_values(line, &line->poll.request, result->payload, result->payload_n);
    }
}

void poll_values(struct line *line, const struct request *request, const uint8_t *payload,
                 size_t n)
{
    struct poll *poll = &line->poll;
    const struct profile *profile = &poll->unit->use->profile;

    if (line->driver->decode(profile, request, payload, n, poll->groups, &poll->sample) >
        0) {
        poll->has_range = true;
    }
    if (poll->sample.ts_ms == 0 && sample_has(&poll->sample, QUANTITY_ENERGY_IMPORT_WH)) {
        poll->sample.ts_ms = loop_wall_ms(line->collect->loop);
    }
    if (poll->bisect != NULL) {
        bisect_succeeded(poll);
    }
    poll_next_request(line);
}

/* --- what goes wrong --- */

/* Back into the queue, for later in this slot. */
static bool wait_in_slot(struct line *line, int64_t until_mono_ms, enum slot_status why)
{
    struct poll *poll = &line->poll;
    struct unit *unit = poll->unit;

    if (poll->live != NULL || poll->sample.present != 0 ||
        until_mono_ms >= poll->slot_end_mono_ms) {
        return false;
    }
    unit->pending = (uint8_t)why;
    unit->pending_exception = poll->exception;
    unit->turn_mono_ms = until_mono_ms;
    clear(line);
    queue_insert(unit);
    return true;
}

static bool wait_while_busy(struct line *line)
{
    struct unit *unit = line->poll.unit;
    int64_t wait_ms = (int64_t)DEFER_MIN_MS
                      << (unit->defers < DEFER_MAX_DOUBLES ? unit->defers
                                                           : DEFER_MAX_DOUBLES);

    if (wait_ms > unit->interval_ms / 4) {
        wait_ms = unit->interval_ms / 4;
    }
    unit->defers = (uint8_t)(unit->defers < UINT8_MAX ? unit->defers + 1 : UINT8_MAX);
    return wait_in_slot(line, collect_mono_ms(line->collect) + wait_ms + 1, SLOT_EXCEPTION);
}

static bool divide(struct line *line)
{
    struct poll *poll = &line->poll;

    if (poll->bisect != NULL) {
        bisect_failed(poll);
        return true;
    }
    return bisect_begin(poll, collect_mono_ms(line->collect));
}

void poll_exception(struct line *line, uint8_t code)
{
    struct poll *poll = &line->poll;

    poll_account_busy(line);
    line->exceptions++;
    poll->sent = false;
    poll->exception = code;
    if (line->kind.is_dlt645) {
        follow_refused(line, code);
        return;
    }
    switch (code) {
    case EXCEPTION_ADDRESS:
    case EXCEPTION_VALUE:
    case EXCEPTION_FAILURE:
        (void)divide(line);
        break;
    case EXCEPTION_ACKNOWLEDGE:
    case EXCEPTION_BUSY:
        if (wait_while_busy(line)) {
            return;
        }
        poll_fault(poll, SLOT_EXCEPTION);
        finish(line);
        return;
    case EXCEPTION_NO_PATH:
    case EXCEPTION_NO_TARGET:
        poll_fault(poll, SLOT_EXCEPTION);
        finish(line);
        return;
    default:
        break;
    }
    poll_fault(poll, SLOT_EXCEPTION);
    poll_next_request(line);
}

void poll_try_failed(struct line *line, enum slot_status status)
{
    struct poll *poll = &line->poll;
    int most = poll->live == NULL && poll->unit->failures >= PROBE_FAILURES
                   ? 1
                   : (int)line->retries + 1;

    poll_account_busy(line);
    poll->sent = false;
    poll->tries++;
    if (poll->tries < most && !is_slot_over(line)) {
        follow_restart(poll);
        return; /* line_run asks again */
    }
    poll_fault(poll, poll->foreign != SLOT_OK ? (enum slot_status)poll->foreign : status);
    finish(line);
}

void poll_give_up(struct line *line, enum slot_status status)
{
    poll_fault(&line->poll, status);
    finish(line);
}

void poll_no_connection(struct line *line)
{
    struct poll *poll = &line->poll;

    follow_restart(poll);
    poll->sent = false;
    if (wait_in_slot(line, line->connect_mono_ms, line->connect_fault)) {
        return;
    }
    poll_fault(poll, line->connect_fault);
    finish(line);
}

/* --- for display --- */

void poll_note_frame(struct line *line, bool sent, bool foreign, const uint8_t *bytes,
                     size_t n)
{
    struct live_read *live = line->poll.live;

    if (live == NULL) {
        return;
    }
    if (live->n_frames == live->cap_frames) {
        int cap = live->cap_frames * 2 + 4;
        struct collect_frame *frame = realloc(live->frame, (size_t)cap * sizeof(*frame));

        if (frame == NULL) {
            return;
        }
        live->frame = frame;
        live->cap_frames = cap;
    }
    struct collect_frame *frame = &live->frame[live->n_frames++];

    frame->sent = sent;
    frame->foreign = foreign;
    frame->n = (uint16_t)(n < sizeof(frame->bytes) ? n : sizeof(frame->bytes));
    memcpy(frame->bytes, bytes, frame->n);
}
