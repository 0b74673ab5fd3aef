/*
 * Replies of RTU carry no id. After a request was given up, its unit is not asked again
 * before the reply can no longer come; the poll is put aside, and others have the line.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/collect/engine.h"

static size_t place_of(const struct line *line, uint8_t unit_id,
                       const uint8_t meter_address[METER_ADDRESS_LEN])
{
    size_t place = unit_id;

    if (line->kind.is_dlt645) { /* two meters of one place wait for one another */
        place = 0;
        for (int i = 0; i < METER_ADDRESS_LEN; i++) {
            place = (place * 31 + meter_address[i]) % QUIET_PLACES;
        }
    }
    return place;
}

static void put_off(int64_t *mono_ms, int64_t until_mono_ms)
{
    *mono_ms = until_mono_ms > *mono_ms ? until_mono_ms : *mono_ms;
}

void quiet_begin(struct line *line)
{
    const struct poll *poll = &line->poll;

    if (line->quiet_mono_ms == NULL || poll->unit == NULL) {
        return;
    }
    int64_t until_mono_ms = collect_mono_ms(line->collect);

    put_off(&until_mono_ms, poll->deadline_mono_ms);
    until_mono_ms += line->late_window_ms + 1;
    put_off(&line->doubt_mono_ms, until_mono_ms);
    if (line->kind.is_dlt645 && poll->request.sequence == 0) {
        return; /* address and identifier tell */
    }
    put_off(&line->quiet_mono_ms[place_of(line, poll->unit->unit_id,
                                          poll->unit->meter_address)],
            until_mono_ms);
    if (line->kind.is_serial) {
        put_off(&line->collect->serial_quiet_mono_ms, until_mono_ms);
    }
}

int64_t quiet_until(const struct line *line, const struct unit *unit)
{
    return line->quiet_mono_ms == NULL
               ? 0
               : line->quiet_mono_ms[place_of(line, unit->unit_id, unit->meter_address)];
}

static void forget(struct poll *poll)
{
    poll->unit = NULL;
    poll->live = NULL;
    poll->plan = NULL;
    poll->bisect = NULL;
    poll->lesson = NULL;
    poll->data = NULL;
    poll->n_data = 0;
    poll->sent = false;
}

bool poll_put_aside(struct line *line)
{
    struct poll *poll = &line->poll;
    struct unit *unit = poll->unit;
    struct live_read *live = poll->live;
    int64_t until_mono_ms = quiet_until(line, unit);

    if (live == NULL && until_mono_ms >= poll->slot_end_mono_ms) {
        return false;
    }
    struct poll *held = malloc(sizeof(*held));

    if (held == NULL) {
        return false;
    }
    *held = *poll;
    forget(poll);
    if (live != NULL) {
        live->held = held;
        live->next = line->live;
        line->live = live;
    } else {
        unit->held = held;
        unit->pending = SLOT_TIMEOUT;
        unit->turn_mono_ms = until_mono_ms;
        queue_insert(unit);
    }
    return true;
}

void poll_take_up(struct line *line, struct poll *held)
{
    line->poll = *held;
    free(held);
    follow_restart(&line->poll);
}

void poll_held_free(struct poll *held)
{
    if (held != NULL) {
        bisect_free(held->bisect);
        learnt_free(held->lesson);
        free(held->data);
        free(held);
    }
}

void poll_forget_held(struct line *line, struct unit *unit)
{
    poll_held_free(unit->held);
    unit->held = NULL;
    for (struct live_read *live = line->live; live != NULL; live = live->next) {
        if (live->unit == unit) {
            poll_held_free(live->held);
            live->held = NULL;
        }
    }
}
