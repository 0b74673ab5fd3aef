/*
 * Room-internal: what goes out of one connection, and when. Pieces go one after another,
 * never into each other, in the order of their times; a piece that has not begun keeps none
 * back. Times are µs on the loop's monotonic clock, met to half a millisecond; what is
 * lost or won by that is made up for by the next piece.
 */
#ifndef ECMON_SIMULATOR_WIRE_H
#define ECMON_SIMULATOR_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_end {
    WIRE_GOES_ON,
    WIRE_CLOSE, /* the connection ends here */
    WIRE_RESET  /* by RST */
};

struct piece {
    const uint8_t *bytes; /* copied by wire_put */
    size_t n;             /* may be 0 */
    int64_t start_us;     /* not before */
    int64_t byte_us;      /* each byte takes that long; 0: all at once */
    enum wire_end end;    /* after the last byte */
};

/* Takes bytes that are due. Returns false when the peer is gone. */
typedef bool (*wire_emit_fn)(void *ctx, const uint8_t *bytes, size_t n);

struct waiting;

struct wire {
    wire_emit_fn emit;
    void *ctx;
    struct waiting *first; /* by start_us */
    struct waiting *sending;
    int n_waiting;
    int64_t begun_us; /* of sending */
    int64_t end_us;   /* of the last byte, sent or heard, by its time on the wire */
    int64_t sent_us;  /* when the last byte went indeed; INT64_MIN: one was heard since */
};

void wire_init(struct wire *wire, wire_emit_fn emit, void *ctx);
void wire_done(struct wire *wire);
/* Too many that wait, or no memory: the piece is lost. */
void wire_put(struct wire *wire, const struct piece *piece);
/* Bytes came in at now: returns when, at wire speed, the last of them was there. The pause
 * since the last byte sent counts from when that one went indeed. */
int64_t wire_heard_us(struct wire *wire, int64_t now_us, size_t n, int64_t byte_us);
/* Sends what is due. */
enum wire_end wire_run(struct wire *wire, int64_t now_us);
/* When to run it again, ms; INT64_MAX: when something was put. */
int64_t wire_next_ms(const struct wire *wire);

#endif
