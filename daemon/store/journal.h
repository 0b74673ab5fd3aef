/*
 * The journal orders what is published: dense sequence numbers from 1 over every kind, in
 * commit order. A row once journaled never changes under its seq. members: LEB128 varints.
 * READING: zigzag difference of meter_no to the member before (0 at first). INTERVAL:
 * zigzag difference of meter_no, revision. RATE, CARBON: row_no.
 */
#ifndef ECMON_STORE_JOURNAL_H
#define ECMON_STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store.h"

enum journal_kind {
    JOURNAL_READING = 1,
    JOURNAL_INTERVAL = 2,
    JOURNAL_RATE = 3,
    JOURNAL_CARBON = 4,
    JOURNAL_ALARM = 5
};

#define JOURNAL_LATE 1 /* flags */

/* One member, decoded. */
struct journal_entry {
    int64_t seq;
    enum journal_kind kind;
    bool late;
    int64_t slot_ts_ms; /* READING slot, INTERVAL start */
    uint32_t meter_no;  /* READING, INTERVAL */
    int32_t revision;   /* INTERVAL */
    int64_t row_no;     /* RATE, CARBON, ALARM */
};

/* Writer: appends one member to the open transaction. Consecutive members of one kind, time
 * and lateness share a row, which is written when another begins or at store_commit.
 * *ret_seq (may be NULL) gets its seq. */
int journal_append(struct store *store, const struct journal_entry *entry,
                   int64_t *ret_seq);
/* The greatest seq committed or appended; 0 when none. */
int64_t journal_last_seq(struct store *store);

/* Reader: entries with seq > after, in order, at most cap. Returns their number or enum
 * err. */
int journal_read(struct store *store, int64_t after_seq, struct journal_entry *ret_entries,
                 int cap);

/* Sink cursors. A sink without one starts at 0. */
int journal_cursor_get(struct store *store, const char *sink, int64_t *ret_acked_seq);
int journal_cursor_set(struct store *store, const char *sink, int64_t acked_seq,
                       int64_t now_ms);

#endif
