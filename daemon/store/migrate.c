#include <stdio.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/sha256.h"
#include "daemon/store/state.h"

static int put_meta(struct store *store, const char *key, const char *value)
{
    return store_meta_set(store, key, value);
}

static int put_meta_i64(struct store *store, const char *key, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    return put_meta(store, key, text);
}

/* What a new store says about itself, in the transaction that makes its tables. */
static int birth(struct store *store, const struct store_options *options)
{
    const struct zone *zone = options->zone;
    int err = put_meta_i64(store, "epoch_ms", options->now_ms);

    if (err == 0) {
        err = put_meta_i64(store, "created_ms", options->now_ms);
    }
    if (err == 0) {
        err = put_meta(store, "site_id",
                       options->site_id != NULL ? options->site_id : "site");
    }
    if (err == 0) {
        err = put_meta(store, "zone", zone != NULL ? zone->name : "UTC");
    }
    if (err == 0) {
        err = put_meta_i64(store, "zone_offset_ms", zone != NULL ? zone->offset_ms : 0);
    }
    return err;
}

/* One step, one transaction: the old schema or the new one, nothing between. */
static int step(struct store *store, int version, const struct store_options *options)
{
    char sql[96];
    int err = store_begin(store);

    if (err == 0) {
        err = db_exec(store, store_migrations[version]);
    }
    if (err == 0 && version == 0) {
        err = birth(store, options);
    }
    if (err == 0) {
        (void)snprintf(sql, sizeof(sql), "PRAGMA application_id=%d;PRAGMA user_version=%d;",
                       STORE_APPLICATION_ID, version + 1);
        err = db_exec(store, sql);
    }
    if (err == 0) {
        err = store_commit(store);
    }
    store_rollback(store);
    return err;
}

static int drop_views(struct store *store)
{
    for (;;) {
        char sql[160];
        char name[128];
        sqlite3_stmt *stmt =
            db_prepare(store, "SELECT name FROM sqlite_master WHERE type = 'view' LIMIT 1");
        int row = db_step(store, stmt);

        if (row <= 0) {
            return row;
        }
        db_column_text(stmt, 0, name, sizeof(name));
        (void)sqlite3_reset(stmt);
        (void)sqlite3_snprintf(sizeof(sql), sql, "DROP VIEW \"%w\"", name);
        int err = db_exec(store, sql);

        if (err != 0) {
            return err;
        }
    }
}

static int renew_views(struct store *store, const char *hash)
{
    int err = store_begin(store);

    if (err == 0) {
        err = drop_views(store);
    }
    if (err == 0) {
        err = db_exec(store, store_views);
    }
    if (err == 0) {
        err = store_meta_set(store, "views_sha256", hash);
    }
    if (err == 0) {
        err = store_commit(store);
    }
    store_rollback(store);
    return err;
}

static int check_views(struct store *store)
{
    char hash[65];
    char stored[65];
    struct sha256 *sha = sha256_new();

    sha256_update(sha, store_views, strlen(store_views));
    sha256_final(sha, hash);
    int err = store_meta_get(store, "views_sha256", stored, sizeof(stored));

    return err != 0 || strcmp(hash, stored) == 0 ? err : renew_views(store, hash);
}

struct header {
    int64_t application_id;
    int64_t version;
    int64_t n_objects;
};

static int read_header(struct store *store, struct header *ret)
{
    int err = db_value(store, "PRAGMA application_id", &ret->application_id);

    if (err == 0) {
        err = db_value(store, "PRAGMA user_version", &ret->version);
    }
    if (err == 0) {
        err = db_value(store, "SELECT count(*) FROM sqlite_master", &ret->n_objects);
    }
    return err;
}

/* Returns 0 when the file is a store, or empty (version 0). */
static int judge(const struct store *store, const struct header *header, char *why,
                 size_t why_size)
{
    bool empty =
        header->application_id == 0 && header->version == 0 && header->n_objects == 0;

    if (!empty && header->application_id != STORE_APPLICATION_ID) {
        (void)snprintf(why, why_size, "%s is an SQLite database, but not a store of ecmon",
                       store->path);
        return ERR_SCHEMA;
    }
    if (header->version > store_n_migrations) {
        (void)snprintf(why, why_size,
                       "the store %s has schema %lld, this program knows %d: "
                       "a newer ecmon wrote it; install that version or a later one",
                       store->path, (long long)header->version, store_n_migrations);
        return ERR_SCHEMA;
    }
    if (header->version < 0 || (!empty && header->version == 0)) {
        (void)snprintf(why, why_size, "the store %s is damaged: schema %lld", store->path,
                       (long long)header->version);
        return ERR_CORRUPT;
    }
    if (store->mode == STORE_READ && empty) {
        (void)snprintf(why, why_size, "the store %s is empty: nothing was written yet",
                       store->path);
        return ERR_NOT_FOUND;
    }
    if (store->mode == STORE_READ && header->version < store_n_migrations) {
        (void)snprintf(why, why_size,
                       "the store %s has schema %lld, this program needs %d: "
                       "start ecmond of this version once",
                       store->path, (long long)header->version, store_n_migrations);
        return ERR_SCHEMA;
    }
    return 0;
}

static int failed(const struct store *store, int err, char *why, size_t why_size)
{
    (void)snprintf(why, why_size, "cannot read the store %s: %s", store->path,
                   store->error_text);
    return err;
}

int migrate_check(struct store *store, char *why, size_t why_size)
{
    struct header header = {0, 0, 0};
    int err = read_header(store, &header);

    if (err != 0) {
        return failed(store, err, why, why_size);
    }
    store->schema = (int)header.version;
    return judge(store, &header, why, why_size);
}

int migrate(struct store *store, const struct store_options *options, char *why,
            size_t why_size)
{
    int err = 0;

    while (err == 0 && store->schema < store_n_migrations) {
        err = step(store, store->schema, options);
        store->schema += err == 0;
    }
    if (err == 0) {
        err = check_views(store);
    }
    return err == 0 ? 0 : failed(store, err, why, why_size);
}
