#include "daemon/store/journal.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/store/state.h"

#define MEMBERS_MAX  1024 /* a reader decodes a row from its start */
#define MEMBER_BYTES 16   /* two varints of 32 bits, or one of 64 */

/* The row in the making; seq of member k is first_seq + k. */
struct journal_state {
    int64_t committed_seq;
    int64_t mark_seq;
    int64_t first_seq;
    int64_t slot_ts_ms;
    enum journal_kind kind;
    bool late;
    int n;
    uint32_t meter_no; /* of the member before */
    size_t len;
    uint8_t bytes[MEMBERS_MAX * MEMBER_BYTES];
};

struct cursor {
    const uint8_t *byte;
    size_t len;
};

static size_t put_varint(uint8_t *bytes, uint64_t value)
{
    size_t n = 0;

    while (value >= 0x80) {
        bytes[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (uint8_t)value;
    return n;
}

static bool get_varint(struct cursor *cursor, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && cursor->len > 0; shift += 7) {
        uint8_t byte = *cursor->byte++;

        cursor->len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static uint64_t zigzag(int64_t value)
{
    return value < 0 ? ((uint64_t)(-(value + 1)) << 1) | 1 : (uint64_t)value << 1;
}

static int64_t unzigzag(uint64_t value)
{
    int64_t half = (int64_t)(value >> 1);

    return (value & 1) != 0 ? -half - 1 : half;
}

static bool has_time(enum journal_kind kind)
{
    return kind == JOURNAL_READING || kind == JOURNAL_INTERVAL;
}

static void start_after(struct journal_state *journal, int64_t seq)
{
    journal->first_seq = seq + 1;
    journal->n = 0;
    journal->len = 0;
    journal->meter_no = 0;
}

static int64_t last_appended(const struct journal_state *journal)
{
    return journal->first_seq + journal->n - 1;
}

static int read_last(struct store *store, int64_t *ret_seq)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT first_seq + n - 1 FROM journal ORDER BY first_seq DESC LIMIT 1");
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    *ret_seq = row == 1 ? sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_reset(stmt);
    return 0;
}

int journal_state_new(struct store *store)
{
    if (store->mode == STORE_READ) {
        return 0;
    }
    int64_t seq = 0;
    int err = read_last(store, &seq);

    if (err != 0) {
        return err;
    }
    if (seq < 0 || seq >= SEQ_END) {
        db_latch_text(store, "the journal's sequence is damaged");
        return ERR_CORRUPT;
    }
    store->journal = calloc(1, sizeof(*store->journal));
    if (store->journal == NULL) {
        return ERR_NOMEM;
    }
    store->journal->committed_seq = seq;
    start_after(store->journal, seq);
    return 0;
}

void journal_state_free(struct store *store)
{
    free(store->journal);
    store->journal = NULL;
}

int journal_flush(struct store *store)
{
    struct journal_state *journal = store->journal;

    if (journal == NULL || journal->n == 0) {
        return 0;
    }
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO journal (first_seq, n, kind, slot_ts_ms, flags, members) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    (void)sqlite3_bind_int64(stmt, 1, journal->first_seq);
    (void)sqlite3_bind_int(stmt, 2, journal->n);
    (void)sqlite3_bind_int(stmt, 3, (int)journal->kind);
    db_bind_optional(stmt, 4, has_time(journal->kind), journal->slot_ts_ms);
    (void)sqlite3_bind_int(stmt, 5, journal->late ? JOURNAL_LATE : 0);
    (void)sqlite3_bind_blob(stmt, 6, journal->bytes, (int)journal->len, SQLITE_STATIC);
    int err = db_run(store, stmt);

    if (err == 0) {
        start_after(journal, last_appended(journal));
    }
    return err;
}

int journal_reload(struct store *store)
{
    int64_t seq = 0;
    int err = read_last(store, &seq);

    if (err == 0) {
        store->journal->committed_seq = seq;
        start_after(store->journal, seq);
    }
    return err;
}

void journal_mark(struct store *store)
{
    store->journal->mark_seq = last_appended(store->journal);
}

void journal_undo(struct store *store)
{
    start_after(store->journal, store->journal->mark_seq);
}

void journal_reset(struct store *store)
{
    if (store->journal != NULL) {
        start_after(store->journal, store->journal->committed_seq);
    }
}

void journal_settle(struct store *store)
{
    if (store->journal != NULL) {
        store->journal->committed_seq = last_appended(store->journal);
    }
}

static bool joins(const struct journal_state *journal, const struct journal_entry *entry)
{
    return journal->kind == entry->kind && journal->late == entry->late &&
           journal->n < MEMBERS_MAX &&
           (!has_time(entry->kind) || journal->slot_ts_ms == entry->slot_ts_ms);
}

static void put_member(struct journal_state *journal, const struct journal_entry *entry)
{
    uint8_t *bytes = journal->bytes + journal->len;
    size_t n = 0;

    if (has_time(entry->kind)) {
        n = put_varint(bytes,
                       zigzag((int64_t)entry->meter_no - (int64_t)journal->meter_no));
        journal->meter_no = entry->meter_no;
        if (entry->kind == JOURNAL_INTERVAL) {
            n += put_varint(bytes + n, (uint32_t)entry->revision);
        }
    } else {
        n = put_varint(bytes, (uint64_t)entry->row_no);
    }
    journal->len += n;
    journal->n++;
}

int journal_append(struct store *store, const struct journal_entry *entry, int64_t *ret_seq)
{
    struct journal_state *journal = store->journal;

    if (!store->open || journal == NULL) {
        db_latch_text(store, "the journal is written in a transaction only");
        return ERR_IO;
    }
    if (journal->n > 0 && !joins(journal, entry)) {
        int err = journal_flush(store);

        if (err != 0) {
            return err;
        }
    }
    if (journal->n == 0) {
        journal->kind = entry->kind;
        journal->late = entry->late;
        journal->slot_ts_ms = entry->slot_ts_ms;
    }
    put_member(journal, entry);
    if (ret_seq != NULL) {
        *ret_seq = last_appended(journal);
    }
    return 0;
}

int64_t journal_last_seq(struct store *store)
{
    int64_t seq = 0;

    if (store->journal != NULL) {
        return last_appended(store->journal);
    }
    return read_last(store, &seq) == 0 ? seq : 0;
}

static bool get_meter(struct cursor *cursor, struct journal_entry *entry)
{
    uint64_t value = 0;

    if (!get_varint(cursor, &value)) {
        return false;
    }
    int64_t difference = unzigzag(value);

    if (difference < -(INT64_C(1) << 32) || difference > INT64_C(1) << 32) {
        return false;
    }
    int64_t meter_no = (int64_t)entry->meter_no + difference;

    if (meter_no < 0 || meter_no > UINT32_MAX) {
        return false;
    }
    entry->meter_no = (uint32_t)meter_no;
    return true;
}

/* entry carries the meter of the member before. */
static bool get_member(struct cursor *cursor, struct journal_entry *entry)
{
    uint64_t value = 0;

    if (has_time(entry->kind)) {
        if (!get_meter(cursor, entry)) {
            return false;
        }
        if (entry->kind == JOURNAL_READING) {
            return true;
        }
        if (!get_varint(cursor, &value) || value > INT32_MAX) {
            return false;
        }
        entry->revision = (int32_t)value;
        return true;
    }
    if (!get_varint(cursor, &value) || value > INT64_MAX) {
        return false;
    }
    entry->row_no = (int64_t)value;
    return true;
}

/* Entries of the statement's row beyond after_seq; returns how many, or ERR_CORRUPT. */
static int decode_row(sqlite3_stmt *stmt, int64_t after_seq,
                      struct journal_entry *ret_entries, int cap)
{
    struct journal_entry entry = {.seq = sqlite3_column_int64(stmt, 0)};
    int64_t n = sqlite3_column_int64(stmt, 1);
    int kind = sqlite3_column_int(stmt, 2);
    const void *blob = sqlite3_column_blob(stmt, 5);
    struct cursor cursor = {blob, (size_t)sqlite3_column_bytes(stmt, 5)};
    int count = 0;

    if (kind < JOURNAL_READING || kind > JOURNAL_ALARM || n < 1 || n > INT32_MAX ||
        entry.seq < 1 || entry.seq >= SEQ_END) {
        return ERR_CORRUPT;
    }
    entry.kind = (enum journal_kind)kind;
    entry.slot_ts_ms = sqlite3_column_int64(stmt, 3);
    entry.late = (sqlite3_column_int(stmt, 4) & JOURNAL_LATE) != 0;
    for (int64_t k = 0; k < n && count < cap; k++, entry.seq++) {
        if (!get_member(&cursor, &entry)) {
            return ERR_CORRUPT;
        }
        if (entry.seq > after_seq) {
            ret_entries[count++] = entry;
        }
    }
    return count;
}

int journal_read(struct store *store, int64_t after_seq, struct journal_entry *ret_entries,
                 int cap)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT first_seq, n, kind, slot_ts_ms, flags, members FROM journal "
               "WHERE first_seq >= ifnull((SELECT first_seq FROM journal "
               "WHERE first_seq <= ?1 ORDER BY first_seq DESC LIMIT 1), 0) "
               "ORDER BY first_seq");
    int count = 0;
    int row = 1;

    (void)sqlite3_bind_int64(stmt, 1, after_seq + 1);
    while (count < cap && (row = db_step(store, stmt)) == 1) {
        int n = decode_row(stmt, after_seq, ret_entries + count, cap - count);

        if (n < 0) {
            db_latch_text(store, "a row of the journal is damaged");
            row = n;
            break;
        }
        count += n;
    }
    (void)sqlite3_reset(stmt);
    return row < 0 ? row : count;
}

int journal_cursor_get(struct store *store, const char *sink, int64_t *ret_acked_seq)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "SELECT acked_seq FROM sink_cursor WHERE sink = ?1");

    db_bind_text(stmt, 1, sink);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    *ret_acked_seq = row == 1 ? sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_reset(stmt);
    return 0;
}

int journal_cursor_set(struct store *store, const char *sink, int64_t acked_seq,
                       int64_t now_ms)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO sink_cursor (sink, acked_seq, updated_ms) VALUES (?1, ?2, ?3) "
               "ON CONFLICT (sink) DO UPDATE SET acked_seq = excluded.acked_seq, "
               "updated_ms = excluded.updated_ms");

    db_bind_text(stmt, 1, sink);
    (void)sqlite3_bind_int64(stmt, 2, acked_seq);
    (void)sqlite3_bind_int64(stmt, 3, now_ms);
    return db_run(store, stmt);
}
