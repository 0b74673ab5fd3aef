#include "daemon/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/state.h"

/* Made before SQLite ever sees it, so that no lock of ours is on it when this closes it;
 * the -wal and -shm files take its mode. */
static int create_file(const char *path, char *why, size_t why_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (fd < 0) {
        if (errno == EEXIST) {
            return 0;
        }
        char reason[128] = "";

        (void)strerror_r(errno, reason, sizeof(reason));
        (void)snprintf(why, why_size, "cannot create the store %s: %s", path, reason);
        return ERR_IO;
    }
    (void)fchmod(fd, 0640);
    (void)close(fd);
    return 0;
}

static int set_up_writer(struct store *store)
{
    int on = 1;
    int err = db_exec(store, "PRAGMA page_size=4096;"
                             "PRAGMA journal_mode=WAL;"
                             "PRAGMA journal_size_limit=67108864;"
                             "PRAGMA wal_autocheckpoint=1000;"
                             "PRAGMA foreign_keys=OFF;"
                             "PRAGMA temp_store=MEMORY;");

    if (err == 0) {
        err = db_exec(store, store->durable ? "PRAGMA synchronous=FULL"
                                            : "PRAGMA synchronous=NORMAL");
    }
    (void)sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    return err;
}

/* SQLite before 3.51.3 can lose commits when two connections commit or checkpoint at the
 * same instant: only the holder of the lock ever does either. */
static int set_up_reader(struct store *store)
{
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    return db_exec(store, "PRAGMA wal_autocheckpoint=0;"
                          "PRAGMA query_only=ON;"
                          "PRAGMA temp_store=MEMORY;");
}

static int connect_db(struct store *store)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                (store->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int code = sqlite3_open_v2(store->path, &store->db, flags, NULL);

    if (store->db == NULL) {
        return ERR_NOMEM;
    }
    if (code != SQLITE_OK) {
        return db_error(store, code);
    }
    (void)sqlite3_extended_result_codes(store->db, 1);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    (void)sqlite3_busy_timeout(store->db, 5000);
    return db_exec(store, "PRAGMA cell_size_check=ON");
}

static int set_up(struct store *store)
{
    return store->mode == STORE_WRITE ? set_up_writer(store) : set_up_reader(store);
}

static void disconnect(struct store *store)
{
    db_finalize_all(store);
    (void)sqlite3_close(store->db);
    store->db = NULL;
    store->open = false;
    store->err = 0;
    store->in_savepoint = false;
}

static int read_identity(struct store *store)
{
    char epoch[32];
    char offset[32];
    int64_t offset_ms = 0;
    int err = store_meta_get(store, "epoch_ms", epoch, sizeof(epoch));

    if (err == 0) {
        err = store_meta_get(store, "zone_offset_ms", offset, sizeof(offset));
    }
    if (err == 0) {
        err = store_meta_get(store, "site_id", store->site_id, sizeof(store->site_id));
    }
    if (err == 0) {
        err = store_meta_get(store, "zone", store->zone.name, sizeof(store->zone.name));
    }
    if (err != 0) {
        return err;
    }
    if (text_to_i64(epoch, 0, INT64_MAX, &store->epoch_ms) != 0 ||
        text_to_i64(offset, -MS_PER_DAY, MS_PER_DAY, &offset_ms) != 0) {
        db_latch_text(store, "its identity (table meta) cannot be read");
        return ERR_CORRUPT;
    }
    store->zone.offset_ms = (int32_t)offset_ms;
    return 0;
}

static int check_zone(const struct store *store, const struct zone *zone, char *why,
                      size_t why_size)
{
    if (zone == NULL || zone->offset_ms == store->zone.offset_ms) {
        return 0;
    }
    (void)snprintf(why, why_size,
                   "the store %s keeps days of the zone %s, the configuration says %s: "
                   "a store's zone cannot change",
                   store->path, store->zone.name, zone->name);
    return ERR_CONFIG;
}

static int open_files(struct store *store, char *why, size_t why_size)
{
    if (store->mode == STORE_READ) {
        if (access(store->path, F_OK) != 0) {
            (void)snprintf(why, why_size, "there is no store %s: start ecmond first",
                           store->path);
            return ERR_NOT_FOUND;
        }
        return 0;
    }
    int err = lock_take(store->path, &store->lock_fd, why, why_size);

    if (err == 0) {
        err = create_file(store->path, why, why_size);
    }
    if (err == 0) {
        err = wal_write_again(store->path);
        if (err != 0) {
            (void)snprintf(why, why_size, "cannot write %s-wal", store->path);
        }
    }
    return err;
}

static int open_database(struct store *store, const struct store_options *options,
                         char *why, size_t why_size)
{
    int err = connect_db(store);

    /* Nothing is written before it is known to be ours. */
    if (err == 0) {
        err = migrate_check(store, why, why_size);
        if (err != 0) {
            return err;
        }
        err = set_up(store);
    }
    if (err != 0) {
        (void)snprintf(why, why_size, "cannot open the store %s: %s", store->path,
                       store->error_text);
        return err;
    }
    if (store->mode == STORE_WRITE) {
        err = migrate(store, options, why, why_size);
    }
    if (err != 0) {
        return err;
    }
    err = read_identity(store);
    if (err == 0) {
        err = journal_state_new(store);
    }
    if (err == 0) {
        err = samples_state_new(store);
    }
    if (err == 0) {
        err = schedule_state_new(store);
    }
    if (err != 0) {
        (void)snprintf(why, why_size, "cannot read the store %s: %s", store->path,
                       store->error_text);
        return err;
    }
    return check_zone(store, options->zone, why, why_size);
}

int store_open(const struct store_options *options, struct store **ret_store, char *why,
               size_t why_size)
{
    char ignored[8];

    if (why == NULL || why_size == 0) {
        why = ignored;
        why_size = sizeof(ignored);
    }
    (void)snprintf(why, why_size, "out of memory");
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        return ERR_NOMEM;
    }
    store->mode = options->mode;
    store->durable = options->durable;
    store->lock_fd = -1;
    store->path = strdup(options->path);
    int err = store->path == NULL ? ERR_NOMEM : open_files(store, why, why_size);

    if (err == 0) {
        err = open_database(store, options, why, why_size);
    }
    if (err != 0) {
        store_close(store);
        return err;
    }
    why[0] = '\0';
    *ret_store = store;
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    store_rollback(store);
    if (store->samples != NULL && store->mode == STORE_WRITE && store_begin(store) == 0) {
        (void)samples_flush_last(store, INT64_MAX);
        (void)store_commit(store);
    }
    journal_state_free(store);
    samples_state_free(store);
    schedule_state_free(store);
    disconnect(store);
    lock_release(store->lock_fd);
    free(store->path);
    free(store);
}

int store_reopen(struct store *store)
{
    disconnect(store);
    int err = wal_write_again(store->path);

    if (err != 0) {
        db_latch_text(store, "the WAL cannot be written");
        return err;
    }
    err = connect_db(store);
    if (err == 0) {
        err = set_up(store);
    }
    if (err == 0) {
        err = journal_reload(store);
    }
    if (err == 0) {
        samples_forget(store);
        schedule_forget(store);
    }
    return err;
}

const char *store_error_text(const struct store *store)
{
    return store->error_text;
}

int store_begin(struct store *store)
{
    if (store->mode != STORE_WRITE) {
        db_latch_text(store, "this connection only reads");
        return ERR_IO;
    }
    if (store->db == NULL) {
        return ERR_IO;
    }
    if (store_in_transaction(store)) {
        return 0;
    }
    int err = db_run(store, db_prepare(store, "BEGIN IMMEDIATE"));

    store->open = err == 0;
    return err;
}

int store_commit(struct store *store)
{
    if (!store->open) {
        return 0;
    }
    int err = store->err;

    if (err == 0) {
        err = journal_flush(store);
    }
    if (err == 0) {
        err = db_run(store, db_prepare(store, "COMMIT"));
    }
    if (err != 0) {
        store_rollback(store);
        return err;
    }
    store->open = false;
    store->in_savepoint = false;
    journal_settle(store);
    return 0;
}

void store_rollback(struct store *store)
{
    if (!store->open) {
        return;
    }
    /* SQLite may have rolled back by itself, on a full disk or an I/O error. */
    if (sqlite3_get_autocommit(store->db) == 0) {
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    store->open = false;
    store->in_savepoint = false;
    store->err = 0;
    journal_reset(store);
    samples_forget(store);
    schedule_forget(store);
}

bool store_in_transaction(const struct store *store)
{
    return store->open;
}

int store_savepoint(struct store *store)
{
    if (store->err != 0 || !store->open) {
        return store->open ? store->err : ERR_IO;
    }
    int err = journal_flush(store);

    if (err == 0) {
        err = db_run(store, db_prepare(store, "SAVEPOINT job"));
    }
    if (err == 0) {
        journal_mark(store);
        store->in_savepoint = true;
    }
    return err;
}

int store_release(struct store *store)
{
    if (store->err != 0 || !store->in_savepoint) {
        return store->err;
    }
    int err = journal_flush(store);

    if (err == 0) {
        err = db_run(store, db_prepare(store, "RELEASE job"));
    }
    if (err == 0) {
        store->in_savepoint = false;
    }
    return err;
}

void store_undo(struct store *store)
{
    if (!store->in_savepoint || sqlite3_get_autocommit(store->db) != 0) {
        return; /* SQLite rolled everything back: the latch stays, the commit will say so */
    }
    store->in_savepoint = false;
    store->err = 0;
    if (db_exec(store, "ROLLBACK TO job; RELEASE job") == 0) {
        journal_undo(store);
        samples_forget(store);
        schedule_forget(store);
    }
}

void store_snapshot_end(struct store *store)
{
    if (sqlite3_get_autocommit(store->db) == 0) {
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

int store_snapshot_begin(struct store *store)
{
    store_snapshot_end(store); /* one that failed to end: without memory it cannot */
    int err = db_run(store, db_prepare(store, "BEGIN"));

    /* A deferred transaction has its snapshot from the first read on. */
    if (err == 0) {
        err = db_run(store, db_prepare(store, "SELECT 1 FROM meta LIMIT 1"));
    }
    if (err != 0) {
        store_snapshot_end(store);
    }
    return err;
}

int64_t store_epoch_ms(const struct store *store)
{
    return store->epoch_ms;
}

const char *store_site_id(const struct store *store)
{
    return store->site_id;
}

const struct zone *store_zone(const struct store *store)
{
    return &store->zone;
}

int store_schema(const struct store *store)
{
    return store->schema;
}

const char *store_path(const struct store *store)
{
    return store->path;
}
