#include "drivers/simulator/wire.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_MAX 256
#define US_PER_MS   INT64_C(1000)
#define HALF_MS_US  INT64_C(500)
/* Most that is made up for: more than that was no matter of clocks. */
#define BEHIND_MAX_US INT64_C(5000)

struct waiting {
    struct waiting *next;
    struct piece piece;
    size_t sent;
    uint8_t bytes[];
};

void wire_init(struct wire *wire, wire_emit_fn emit, void *ctx)
{
    *wire = (struct wire){
        .emit = emit, .ctx = ctx, .end_us = INT64_MIN / 2, .sent_us = INT64_MIN};
}

void wire_done(struct wire *wire)
{
    free(wire->sending);
    while (wire->first != NULL) {
        struct waiting *waiting = wire->first;

        wire->first = waiting->next;
        free(waiting);
    }
    wire->sending = NULL;
}

void wire_put(struct wire *wire, const struct piece *piece)
{
    struct waiting **place = &wire->first;
    struct waiting *waiting =
        wire->n_waiting < WAITING_MAX ? malloc(sizeof(*waiting) + piece->n) : NULL;

    if (waiting == NULL) {
        return;
    }
    waiting->piece = *piece;
    waiting->sent = 0;
    if (piece->n > 0) {
        memcpy(waiting->bytes, piece->bytes, piece->n);
    }
    while (*place != NULL && (*place)->piece.start_us <= piece->start_us) {
        place = &(*place)->next;
    }
    waiting->next = *place;
    *place = waiting;
    wire->n_waiting++;
}

int64_t wire_heard_us(struct wire *wire, int64_t now_us, size_t n, int64_t byte_us)
{
    if (byte_us == 0) {
        return now_us;
    }
    int64_t begun_us = now_us;

    if (wire->sent_us != INT64_MIN) {
        begun_us = wire->end_us + now_us - wire->sent_us;
        begun_us = begun_us > now_us - BEHIND_MAX_US ? begun_us : now_us;
    } else if (wire->end_us > now_us) {
        begun_us = wire->end_us;
    }
    wire->sent_us = INT64_MIN;
    wire->end_us = begun_us + (int64_t)n * byte_us;
    return wire->end_us;
}

static bool is_due(int64_t at_us, int64_t now_us)
{
    return at_us <= now_us + HALF_MS_US;
}

static bool begin_next(struct wire *wire, int64_t now_us)
{
    struct waiting *waiting = wire->first;

    if (waiting == NULL || !is_due(waiting->piece.start_us, now_us)) {
        return false;
    }
    wire->first = waiting->next;
    wire->n_waiting--;
    wire->sending = waiting;
    wire->begun_us =
        waiting->piece.start_us > wire->end_us ? waiting->piece.start_us : wire->end_us;
    return true;
}

static size_t bytes_due(const struct wire *wire, int64_t now_us)
{
    const struct piece *piece = &wire->sending->piece;

    if (piece->byte_us == 0) {
        return is_due(wire->begun_us, now_us) ? piece->n : 0;
    }
    int64_t due = (now_us + HALF_MS_US - wire->begun_us) / piece->byte_us;

    return due < 0 ? 0 : due < (int64_t)piece->n ? (size_t)due : piece->n;
}

enum wire_end wire_run(struct wire *wire, int64_t now_us)
{
    while (wire->sending != NULL || begin_next(wire, now_us)) {
        struct waiting *sending = wire->sending;
        size_t due = bytes_due(wire, now_us);

        if (due > sending->sent &&
            !wire->emit(wire->ctx, sending->bytes + sending->sent, due - sending->sent)) {
            return WIRE_CLOSE;
        }
        sending->sent = due > sending->sent ? due : sending->sent;
        if (sending->sent < sending->piece.n) {
            return WIRE_GOES_ON;
        }
        enum wire_end end = sending->piece.end;
        int64_t end_us =
            wire->begun_us + (int64_t)sending->piece.n * sending->piece.byte_us;

        if (sending->piece.byte_us > 0 && end_us > wire->end_us) {
            wire->end_us = end_us;
            wire->sent_us = now_us;
        }
        wire->sending = NULL;
        free(sending);
        if (end != WIRE_GOES_ON) {
            return end;
        }
    }
    return WIRE_GOES_ON;
}

int64_t wire_next_ms(const struct wire *wire)
{
    int64_t next_us = 0;

    if (wire->sending != NULL) {
        int64_t bytes =
            wire->sending->piece.byte_us > 0 ? (int64_t)wire->sending->sent + 1 : 0;

        next_us = wire->begun_us + bytes * wire->sending->piece.byte_us;
    } else if (wire->first != NULL) {
        next_us = wire->first->piece.start_us;
    } else {
        return INT64_MAX;
    }
    return (next_us - HALF_MS_US + US_PER_MS - 1) / US_PER_MS;
}
