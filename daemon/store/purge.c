#include "daemon/store/purge.h"

#include <inttypes.h>
#include <stdio.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/journal.h"
#include "daemon/store/state.h"

static int64_t key_of(int64_t slot_ts_ms)
{
    int64_t within_ms = slot_ts_ms < 0           ? 0
                        : slot_ts_ms < TS_MS_END ? slot_ts_ms
                                                 : TS_MS_END;

    return (within_ms / MS_PER_S) << 20;
}

/* One integer of a question with one parameter; `otherwise` for NULL or no row. */
static int ask(struct store *store, const char *sql, int64_t parameter, int64_t otherwise,
               int64_t *ret_value)
{
    sqlite3_stmt *stmt = db_prepare(store, sql);

    if (stmt == NULL) {
        return ERR_IO;
    }
    if (sqlite3_bind_parameter_count(stmt) > 0) {
        (void)sqlite3_bind_int64(stmt, 1, parameter);
    }
    int got = db_step(store, stmt);

    if (got < 0) {
        return got;
    }
    *ret_value = otherwise;
    if (got == 1) {
        (void)db_column_optional(stmt, 0, ret_value);
        (void)sqlite3_reset(stmt);
    }
    return 0;
}

/* Runs a statement with up to two parameters; *ret_changed may be NULL. */
static int run(struct store *store, const char *sql, int64_t first, int64_t second,
               int64_t *ret_changed)
{
    sqlite3_stmt *stmt = db_prepare(store, sql);

    if (stmt == NULL) {
        return ERR_IO;
    }
    (void)sqlite3_bind_int64(stmt, 1, first);
    if (sqlite3_bind_parameter_count(stmt) > 1) {
        (void)sqlite3_bind_int64(stmt, 2, second);
    }
    int err = db_run(store, stmt);

    if (err == 0 && ret_changed != NULL) {
        *ret_changed = sqlite3_changes64(store_db(store));
    }
    return err;
}

/* Slots before this instant may go: by age, by size, and not past an undelivered row. */
static int find_bound(struct store *store, const struct purge_options *options,
                      int64_t *ret_bound_ms, int64_t *ret_acked_seq, bool *ret_too_large)
{
    int64_t oldest_ms = 0;
    int64_t pages = 0;
    int64_t free_pages = 0;
    int64_t page_size = 0;
    int64_t undelivered_ms = INT64_MAX;
    int64_t bound_ms = options->now_ms - options->keep_ms;
    int err = ask(store, "SELECT min(slot_ts_ms) FROM slot", 0, INT64_MAX, &oldest_ms);

    err = err != 0 ? err : db_value(store, "PRAGMA page_count", &pages);
    err = err != 0 ? err : db_value(store, "PRAGMA freelist_count", &free_pages);
    err = err != 0 ? err : db_value(store, "PRAGMA page_size", &page_size);
    if (err == 0 && oldest_ms != INT64_MAX &&
        (pages - free_pages) * page_size > options->max_size_bytes) {
        int64_t next_day_ms = oldest_ms + MS_PER_DAY;

        *ret_too_large = true;
        bound_ms = next_day_ms > bound_ms ? next_day_ms : bound_ms;
    }
    *ret_acked_seq = INT64_MAX;
    if (err == 0 && options->has_sink) {
        err = ask(store, "SELECT min(acked_seq) FROM sink_cursor", 0, 0, ret_acked_seq);
        err = err != 0 ? err
                       : ask(store,
                             "SELECT min(slot_ts_ms) FROM journal"
                             " WHERE kind = 1 AND first_seq + n - 1 > ?1",
                             *ret_acked_seq, INT64_MAX, &undelivered_ms);
    }
    *ret_bound_ms = bound_ms < undelivered_ms ? bound_ms : undelivered_ms;
    return err;
}

/* The readings are gone: so are their slots, and the journal rows that named them. The
 * journal's newest row stays: it says how far seq has come. */
static int purge_names(struct store *store, int64_t bound_ms, int64_t acked_seq,
                       int64_t *ret_slots)
{
    int err = run(store, "DELETE FROM slot WHERE slot_ts_ms < ?1", bound_ms, 0, ret_slots);

    return err != 0 ? err
                    : run(store,
                          "DELETE FROM journal WHERE kind = 1 AND slot_ts_ms < ?1"
                          " AND first_seq + n - 1 <= ?2"
                          " AND first_seq < (SELECT max(first_seq) FROM journal)",
                          bound_ms, acked_seq, NULL);
}

static int log_purge(struct store *store, int64_t now_ms, int64_t bound_ms, int64_t slots)
{
    char detail[128];
    char until[32];

    text_from_ts_ms(bound_ms, store_zone(store), until);
    (void)snprintf(detail, sizeof(detail), "readings before %s, %" PRId64 " slots", until,
                   slots);
    return store_event(store, now_ms, "purged", "reading", detail);
}

int64_t purge_readings(struct store *store, const struct purge_options *options,
                       bool *ret_more)
{
    int64_t bound_ms = 0;
    int64_t acked_seq = 0;
    int64_t purged = 0;
    int64_t slots = 0;
    bool too_large = false;
    int err = find_bound(store, options, &bound_ms, &acked_seq, &too_large);

    if (err == 0) {
        err = run(store,
                  "DELETE FROM reading WHERE key IN"
                  " (SELECT key FROM reading WHERE key < ?1 LIMIT ?2)",
                  key_of(bound_ms), options->limit, &purged);
    }
    if (err == 0 && purged < options->limit) {
        err = purge_names(store, bound_ms, acked_seq, &slots);
    }
    if (err == 0 && slots > 0) {
        err = log_purge(store, options->now_ms, bound_ms, slots);
    }
    if (err != 0) {
        return err;
    }
    *ret_more = purged == options->limit || (too_large && slots > 0);
    return purged;
}
