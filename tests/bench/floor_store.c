#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/floor.h"

struct floor_store {
    sqlite3 *db;
    sqlite3_stmt *insert;
    int is_open; /* a transaction */
};

static const char *const schema_sql =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE reading (key INTEGER PRIMARY KEY, v0, v1, v2, v3, v4, v5, v6, v7, v8, v9,"
    " v10, v11, v12, v13, v14, v15, v16, v17, v18, v19)";

static const char *const insert_sql =
    "INSERT INTO reading VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

struct floor_store *floor_store_open(const char *path)
{
    struct floor_store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        return NULL;
    }
    if (sqlite3_open(path, &store->db) != SQLITE_OK ||
        sqlite3_exec(store->db, schema_sql, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(store->db, insert_sql, -1, &store->insert, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "bench_floor: %s: %s\n", path, sqlite3_errmsg(store->db));
        floor_store_close(store);
        return NULL;
    }
    return store;
}

int floor_store_insert(struct floor_store *store, const struct floor_row *row)
{
    if (store->is_open == 0) {
        if (sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) {
            return -1;
        }
        store->is_open = 1;
    }
    (void)sqlite3_bind_int64(store->insert, 1, row->slot << 20 | row->meter);
    for (int i = 0; i < BENCH_VALUES; i++) {
        (void)sqlite3_bind_int64(store->insert, i + 2, row->value[i]);
    }
    int code = sqlite3_step(store->insert);

    (void)sqlite3_reset(store->insert);
    return code == SQLITE_DONE ? 0 : -1;
}

int floor_store_commit(struct floor_store *store)
{
    if (store->is_open == 0) {
        return 0;
    }
    store->is_open = 0;
    return sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

void floor_store_close(struct floor_store *store)
{
    (void)sqlite3_finalize(store->insert);
    (void)sqlite3_close(store->db);
    free(store);
}
