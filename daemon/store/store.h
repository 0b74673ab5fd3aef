/*
 * The store: one SQLite file per site. One connection writes and checkpoints (the writer),
 * every other one is read-only with its own snapshot. A struct store belongs to one thread.
 * SQL is spoken in this room only; the doors beside this one are samples.h, journal.h,
 * energy.h, registry.h, imports.h, results.h and view.h, one per subject, and writer.h for
 * the thread.
 */
#ifndef ECMON_STORE_STORE_H
#define ECMON_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/time.h>

struct store;

enum store_mode {
    STORE_READ, /* read-only, wal_autocheckpoint = 0 */
    STORE_WRITE /* takes the lock beside the file; creates and migrates */
};

struct store_options {
    const char *path;
    enum store_mode mode;
    bool durable;            /* true: synchronous=FULL (durability: full) */
    int64_t now_ms;          /* UTC; a new store's epoch */
    const char *site_id;     /* of a new store */
    const struct zone *zone; /* of a new store; must equal an existing store's offset */
};

/*
 * Opens the store. Returns 0; ERR_LOCKED (another process writes; why names its pid),
 * ERR_SCHEMA (newer than this program, or not a store of ecmon), ERR_CORRUPT, ERR_IO,
 * ERR_NOT_FOUND (STORE_READ and no file), ERR_NOMEM. why (may be NULL) gets a sentence.
 */
int store_open(const struct store_options *options, struct store **ret_store, char *why,
               size_t why_size);
/* Commits nothing; NULL is fine. */
void store_close(struct store *store);

/* Text of the last failure, "" when none. */
const char *store_error_text(const struct store *store);

/* Transactions of the writer; they do not nest. store_begin is free when one is open
 * already. */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);
/* A savepoint inside a transaction: one job fails, the others stand. */
int store_savepoint(struct store *store);
int store_release(struct store *store);
void store_undo(struct store *store);

/* A consistent snapshot for several reads (reader). */
int store_snapshot_begin(struct store *store);
void store_snapshot_end(struct store *store);

/* Identity. */
int64_t store_epoch_ms(const struct store *store);
const char *store_site_id(const struct store *store);
const struct zone *store_zone(const struct store *store);
int store_schema(const struct store *store);
const char *store_path(const struct store *store);

/* meta: "" when the key is not there. */
int store_meta_get(struct store *store, const char *key, char *ret_text, size_t size);
int store_meta_set(struct store *store, const char *key, const char *value);

/* Events and audit. */
int store_event(struct store *store, int64_t ts_ms, const char *code, const char *object,
                const char *detail);
int store_audit(struct store *store, int64_t ts_ms, const char *who, const char *action,
                const char *object, const char *detail);

/* What must be computed again (table stale). Keys of one kind, oldest or newest first. */
int store_stale_add(struct store *store, const char *kind, const char *key);
int store_stale_remove(struct store *store, const char *kind, const char *key);
/* Calls fn for up to limit keys, newest (greatest) first. fn may not touch stale. */
int store_stale_each(struct store *store, const char *kind, int limit,
                     void (*fn)(void *ctx, const char *key), void *ctx);

#endif
