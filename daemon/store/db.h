/*
 * Room-internal ground of the store: prepared statements kept by the connection, a
 * transaction latch, small helpers. Not a door: only files of daemon/store include this.
 */
#ifndef ECMON_STORE_DB_H
#define ECMON_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* The connection of a store. */
sqlite3 *store_db(const struct store *store);

/*
 * A statement of the store, prepared at first use and kept. sql must be a string literal:
 * its address is the key. Returned reset and without bindings; NULL on failure (the error
 * is latched in the store, see store_error). One statement is never used re-entrantly.
 */
sqlite3_stmt *db_prepare(struct store *store, const char *sql);

/* Steps to SQLITE_DONE and resets. Returns 0 or a negative enum err (latched). */
int db_run(struct store *store, sqlite3_stmt *stmt);
/* One step: 1 for a row, 0 at the end (then reset), negative enum err (latched, reset). */
int db_step(struct store *store, sqlite3_stmt *stmt);
/* Runs SQL without results. */
int db_exec(struct store *store, const char *sql);

/* Turns an SQLite code into an enum err and latches text for store_error_text. */
int db_error(struct store *store, int sqlite_code);

/* Binds text, NULL for NULL or "". */
void db_bind_text(sqlite3_stmt *stmt, int index, const char *text);
/* Binds NULL when !has. */
void db_bind_optional(sqlite3_stmt *stmt, int index, bool has, int64_t value);
/* Copies a text column, "" for NULL. */
void db_column_text(sqlite3_stmt *stmt, int index, char *ret_text, size_t size);
/* false when NULL; *ret_value is untouched then. */
bool db_column_optional(sqlite3_stmt *stmt, int index, int64_t *ret_value);

#endif
