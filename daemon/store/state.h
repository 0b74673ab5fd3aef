/*
 * What the files of this room share about an open store. Not a door.
 */
#ifndef ECMON_STORE_STATE_H
#define ECMON_STORE_STATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/time.h>

#include "daemon/store/db.h"
#include "daemon/store/store.h"

#define STORE_APPLICATION_ID 0x45434d4e /* "ECMN" */
#define METER_NO_END         (UINT32_C(1) << 20)
#define TS_MS_END            (INT64_C(1) << 52) /* slot seconds << 20 stays inside 63 bits */
#define INTERVAL_S_MAX       86400
#define SEQ_END              (INT64_C(1) << 53)

struct journal_state;
struct sample;
struct samples_state;
struct schedule_state;

/* A prepared statement, found by the address of its text. */
struct statement {
    const char *sql;
    sqlite3_stmt *stmt;
};

struct store {
    sqlite3 *db;
    enum store_mode mode;
    bool durable;
    char *path;
    int lock_fd; /* -1 for a reader */
    int schema;
    int64_t epoch_ms;
    char site_id[ID_LEN];
    struct zone zone;
    bool open; /* between begin and commit or rollback, even if SQLite rolled back by itself
                */
    int err;   /* latch: first failure of the open transaction; nothing runs any more */
    bool in_savepoint;
    char error_text[256];
    struct statement *statement; /* open addressing, power of two */
    size_t n_statements;
    size_t cap_statements;
    struct journal_state *journal;
    struct samples_state *samples;
    struct schedule_state *schedule;
};

/* Made from sql/ by embed.cmake. */
extern const char *const store_migrations[];
extern const int store_n_migrations;
extern const char *const store_views;

/* db.c */
void db_finalize_all(struct store *store);
/* One integer of a query without parameters; not kept prepared. */
int db_value(struct store *store, const char *sql, int64_t *ret_value);
void db_latch_text(struct store *store, const char *text);

/* lock.c: takes `<path>.lock`; *ret_fd stays open while the lock is held. why gets a
 * sentence. */
int lock_take(const char *path, int *ret_fd, char *why, size_t why_size);
void lock_release(int fd);

/* migrate.c: is the file ours, and of a schema that we can use? Writes nothing. */
int migrate_check(struct store *store, char *why, size_t why_size);
/* Brings a store that passed to the schema and the views of this program. */
int migrate(struct store *store, const struct store_options *options, char *why,
            size_t why_size);

/* store.c: closes and opens the connection again: after a failed sync nothing that the page
 * cache says can be trusted. The lock stays held. */
int store_reopen(struct store *store);

/* wal.c: a commit whose sync failed, or never came to be because the program was killed, is
 * found whole in the WAL when the store is opened again, though it may not be on the disk:
 * a power cut would take it with all that was committed behind it, or leave half of it in
 * the store's file. So the same bytes are written again, and synced, before anyone reads
 * them. No connection may write meanwhile. Returns 0, ERR_IO or ERR_NOMEM. */
int wal_write_again(const char *store_path);

/* journal.c */
int journal_state_new(struct store *store);
void journal_state_free(struct store *store);
/* Writes the row in the making. */
int journal_flush(struct store *store);
void journal_mark(struct store *store);   /* a savepoint begins: undo comes back to here */
void journal_undo(struct store *store);   /* back to the mark */
void journal_reset(struct store *store);  /* rolled back: back to what is committed */
void journal_settle(struct store *store); /* committed */
/* Another connection: what is committed is read again. */
int journal_reload(struct store *store);

/* samples.c */
int samples_state_new(struct store *store);
void samples_state_free(struct store *store);
/* Forgets what was learned from rows that were rolled back. */
void samples_forget(struct store *store);
/* The meter's schedule changed. */
void samples_drop_span(struct store *store, uint32_t meter_no);
/* Writes meter_last, at most once a minute (now_ms INT64_MAX: at once). In a transaction.
 */
int samples_flush_last(struct store *store, int64_t now_ms);
/* true when the slot lies before one already taken for the meter; remembers it otherwise.
 */
bool samples_note_slot(struct store *store, uint32_t meter_no, int64_t slot_ts_ms);

/* samples_read.c: the newest row from from_ms on. */
int samples_newest_since(struct store *store, uint32_t meter_no, int64_t from_ms,
                         bool with_energy, struct sample *ret_sample);

/* schedule.c: tables meter_span and slot. */
struct span {
    int64_t from_ms;
    int64_t until_ms; /* exclusive */
    int32_t interval_s;
};

int schedule_state_new(struct store *store);
void schedule_state_free(struct store *store);
void schedule_forget(struct store *store);
/* Makes the slot's row and those left out before it; closes what is two slots old. */
int schedule_take_slot(struct store *store, int32_t interval_s, int64_t slot_ts_ms);
/* The span that covers the slot, made when there is none. */
int schedule_cover(struct store *store, uint32_t meter_no, int64_t slot_ts_ms,
                   int32_t interval_s, struct span *ret_span);

#endif
