#include "daemon/store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/state.h"

sqlite3 *store_db(const struct store *store)
{
    return store->db;
}

void db_latch_text(struct store *store, const char *text)
{
    (void)text_copy(store->error_text, sizeof(store->error_text), text);
}

static int err_of_code(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_SCHEMA:
        return ERR_SCHEMA;
    case SQLITE_TOOBIG:
        return ERR_RANGE;
    default:
        return ERR_IO;
    }
}

static int err_of_constraint(int code)
{
    return code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID ||
                   code == SQLITE_CONSTRAINT_UNIQUE
               ? ERR_EXISTS
               : ERR_RANGE;
}

int db_error(struct store *store, int sqlite_code)
{
    int extended = sqlite3_extended_errcode(store->db);
    int code = (extended & 0xff) == (sqlite_code & 0xff) ? extended : sqlite_code;

    (void)snprintf(store->error_text, sizeof(store->error_text), "%s (%d)",
                   sqlite3_errmsg(store->db), code);
    /* A refused row leaves the transaction as it was: the caller decides. */
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        return err_of_constraint(code);
    }
    int err = err_of_code(code);

    if (store->open && store->err == 0) {
        store->err = err;
    }
    return err;
}

static struct statement *find(struct statement *table, size_t cap, const char *sql)
{
    size_t i = ((uintptr_t)sql >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    for (;; i++) {
        struct statement *entry = &table[i & (cap - 1)];

        if (entry->sql == sql || entry->sql == NULL) {
            return entry;
        }
    }
}

static int grow(struct store *store)
{
    size_t cap = store->cap_statements == 0 ? 64 : 2 * store->cap_statements;
    struct statement *table = calloc(cap, sizeof(*table));

    if (table == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < store->cap_statements; i++) {
        if (store->statement[i].sql != NULL) {
            *find(table, cap, store->statement[i].sql) = store->statement[i];
        }
    }
    free(store->statement);
    store->statement = table;
    store->cap_statements = cap;
    return 0;
}

sqlite3_stmt *db_prepare(struct store *store, const char *sql)
{
    if (2 * store->n_statements >= store->cap_statements && grow(store) != 0) {
        (void)db_error(store, SQLITE_NOMEM);
        return NULL;
    }
    struct statement *entry = find(store->statement, store->cap_statements, sql);

    if (entry->stmt != NULL) {
        (void)sqlite3_reset(entry->stmt);
        (void)sqlite3_clear_bindings(entry->stmt);
        return entry->stmt;
    }
    sqlite3_stmt *stmt = NULL;
    int code =
        sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);

    if (code != SQLITE_OK) {
        (void)db_error(store, code);
        return NULL;
    }
    entry->sql = sql;
    entry->stmt = stmt;
    store->n_statements++;
    return stmt;
}

void db_finalize_all(struct store *store)
{
    for (size_t i = 0; i < store->cap_statements; i++) {
        (void)sqlite3_finalize(store->statement[i].stmt);
    }
    free(store->statement);
    store->statement = NULL;
    store->n_statements = 0;
    store->cap_statements = 0;
}

int db_step(struct store *store, sqlite3_stmt *stmt)
{
    if (stmt == NULL || store->err != 0) {
        return store->err != 0 ? store->err : ERR_IO;
    }
    int code = sqlite3_step(stmt);

    if (code == SQLITE_ROW) {
        return 1;
    }
    int err = code == SQLITE_DONE ? 0 : db_error(store, code);

    (void)sqlite3_reset(stmt);
    return err;
}

int db_run(struct store *store, sqlite3_stmt *stmt)
{
    int step = 1;

    while (step == 1) {
        step = db_step(store, stmt);
    }
    return step;
}

int db_exec(struct store *store, const char *sql)
{
    if (store->err != 0) {
        return store->err;
    }
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : db_error(store, code);
}

int db_value(struct store *store, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
    }
    int err = ERR_NOT_FOUND;

    if (code == SQLITE_ROW) {
        *ret_value = sqlite3_column_int64(stmt, 0);
        err = 0;
    } else if (code != SQLITE_DONE) {
        err = db_error(store, code);
    }
    (void)sqlite3_finalize(stmt);
    return err;
}

void db_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        (void)sqlite3_bind_null(stmt, index);
    } else {
        (void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
    }
}

void db_bind_optional(sqlite3_stmt *stmt, int index, bool has, int64_t value)
{
    if (has) {
        (void)sqlite3_bind_int64(stmt, index, value);
    } else {
        (void)sqlite3_bind_null(stmt, index);
    }
}

void db_column_text(sqlite3_stmt *stmt, int index, char *ret_text, size_t size)
{
    const unsigned char *text = sqlite3_column_text(stmt, index);

    (void)text_copy(ret_text, size, text == NULL ? "" : (const char *)text);
}

bool db_column_optional(sqlite3_stmt *stmt, int index, int64_t *ret_value)
{
    if (sqlite3_column_type(stmt, index) == SQLITE_NULL) {
        return false;
    }
    *ret_value = sqlite3_column_int64(stmt, index);
    return true;
}
