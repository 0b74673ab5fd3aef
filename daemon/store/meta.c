/* The small tables: meta, event, audit, stale. */
#include <ecmon/err.h>

#include "daemon/store/state.h"

int store_meta_get(struct store *store, const char *key, char *ret_text, size_t size)
{
    sqlite3_stmt *stmt = db_prepare(store, "SELECT value FROM meta WHERE key = ?1");

    db_bind_text(stmt, 1, key);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    ret_text[0] = '\0';
    if (row == 1) {
        db_column_text(stmt, 0, ret_text, size);
        (void)sqlite3_reset(stmt);
    }
    return 0;
}

int store_meta_set(struct store *store, const char *key, const char *value)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "INSERT INTO meta (key, value) VALUES (?1, ?2) "
                          "ON CONFLICT (key) DO UPDATE SET value = excluded.value");

    db_bind_text(stmt, 1, key);
    (void)sqlite3_bind_text(stmt, 2, value, -1, SQLITE_TRANSIENT);
    return db_run(store, stmt);
}

int store_event(struct store *store, int64_t ts_ms, const char *code, const char *object,
                const char *detail)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO event (ts_ms, code, object, detail) VALUES (?1, ?2, ?3, ?4)");

    (void)sqlite3_bind_int64(stmt, 1, ts_ms);
    db_bind_text(stmt, 2, code);
    db_bind_text(stmt, 3, object);
    db_bind_text(stmt, 4, detail);
    return db_run(store, stmt);
}

int store_audit(struct store *store, int64_t ts_ms, const char *who, const char *action,
                const char *object, const char *detail)
{
    sqlite3_stmt *stmt = db_prepare(store, "INSERT INTO audit (ts_ms, who, action, object, "
                                           "detail) VALUES (?1, ?2, ?3, ?4, ?5)");

    (void)sqlite3_bind_int64(stmt, 1, ts_ms);
    db_bind_text(stmt, 2, who);
    db_bind_text(stmt, 3, action);
    db_bind_text(stmt, 4, object);
    db_bind_text(stmt, 5, detail);
    return db_run(store, stmt);
}

int store_stale_add(struct store *store, const char *kind, const char *key)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "INSERT OR IGNORE INTO stale (kind, key) VALUES (?1, ?2)");

    db_bind_text(stmt, 1, kind);
    (void)sqlite3_bind_text(stmt, 2, key, -1, SQLITE_TRANSIENT);
    return db_run(store, stmt);
}

int store_stale_remove(struct store *store, const char *kind, const char *key)
{
    sqlite3_stmt *stmt =
        db_prepare(store, "DELETE FROM stale WHERE kind = ?1 AND key = ?2");

    db_bind_text(stmt, 1, kind);
    (void)sqlite3_bind_text(stmt, 2, key, -1, SQLITE_TRANSIENT);
    return db_run(store, stmt);
}

int store_stale_each(struct store *store, const char *kind, int limit,
                     void (*fn)(void *ctx, const char *key), void *ctx)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT key FROM stale WHERE kind = ?1 ORDER BY key DESC LIMIT ?2");
    int row = 1;

    db_bind_text(stmt, 1, kind);
    (void)sqlite3_bind_int(stmt, 2, limit);
    while ((row = db_step(store, stmt)) == 1) {
        char key[160];

        db_column_text(stmt, 0, key, sizeof(key));
        fn(ctx, key);
    }
    return row;
}
