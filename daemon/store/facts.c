#include "daemon/store/facts.h"

#include <stdio.h>
#include <sys/stat.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/journal.h"

static int64_t file_size(const char *path, const char *suffix)
{
    char name[1024];
    struct stat status;

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return stat(name, &status) == 0 ? (int64_t)status.st_size : 0;
}

/* One integer; `otherwise` when the answer is NULL. */
static int ask(struct store *store, const char *sql, bool has_now, int64_t now_ms,
               int64_t otherwise, int64_t *ret_value)
{
    sqlite3_stmt *stmt = db_prepare(store, sql);

    if (stmt == NULL) {
        return ERR_IO;
    }
    if (has_now) {
        (void)sqlite3_bind_int64(stmt, 1, now_ms);
    }
    int got = db_step(store, stmt);

    *ret_value = otherwise;
    if (got == 1) {
        (void)db_column_optional(stmt, 0, ret_value);
        (void)sqlite3_reset(stmt);
    }
    return got < 0 ? got : 0;
}

int store_facts(struct store *store, int64_t now_ms, struct store_facts *ret_facts)
{
    struct store_facts facts = {0};
    int64_t meters = 0;
    int64_t enterprises = 0;
    char day[DAY_TEXT_LEN];

    facts.size_bytes =
        file_size(store_path(store), "") + file_size(store_path(store), "-wal");
    facts.last_seq = journal_last_seq(store);
    int err = ask(store, "SELECT min(slot_ts_ms) FROM slot", false, 0, 0,
                  &facts.oldest_reading_ms);

    err = err != 0 ? err
                   : ask(store, "SELECT max(slot_ts_ms) FROM slot", false, 0, 0,
                         &facts.newest_reading_ms);
    err = err != 0 ? err
                   : ask(store, "SELECT ts_ms FROM audit ORDER BY audit_no DESC LIMIT 1",
                         false, 0, 0, &facts.last_commit_ms);
    if (facts.last_commit_ms < facts.newest_reading_ms) {
        facts.last_commit_ms = facts.newest_reading_ms;
    }
    err = err != 0 ? err
                   : ask(store,
                         "SELECT count(*) FROM meter_version"
                         " WHERE since_ms <= ?1 AND until_ms > ?1",
                         true, now_ms, 0, &meters);
    text_from_day(day_of_ts(now_ms, store_zone(store)), day);
    sqlite3_stmt *stmt =
        err != 0 ? NULL
                 : db_prepare(store, "SELECT count(*) FROM enterprise_version"
                                     " WHERE since_day <= ?1 AND until_day >= ?1");

    if (stmt != NULL) {
        db_bind_text(stmt, 1, day);
        if (db_step(store, stmt) == 1) {
            enterprises = sqlite3_column_int64(stmt, 0);
            (void)sqlite3_reset(stmt);
        }
    }
    if (err == 0) {
        facts.n_meters = (int)meters;
        facts.n_enterprises = (int)enterprises;
        *ret_facts = facts;
    }
    return err;
}
