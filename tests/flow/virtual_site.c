#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/flow/virtual_site.h"

#include <ftw.h>
#include <sqlite3.h>
#include <unistd.h>

#include "daemon/core/log.h"
#include "daemon/core/sha256.h"
#include "tests/support/test.h"

void virtual_site_init(struct virtual_site *site, int64_t wall_ms)
{
    memset(site, 0, sizeof(*site));
    (void)snprintf(site->folder, sizeof(site->folder), "/tmp/ecmon-flow-XXXXXX");
    assert_non_null(mkdtemp(site->folder));
    (void)snprintf(site->conf_path, sizeof(site->conf_path), "%s/ecmond.yaml",
                   site->folder);
    (void)snprintf(site->store_path, sizeof(site->store_path), "%s/ecmon.db", site->folder);
    site->zone = (struct zone){8 * 3600 * 1000, "Asia/Shanghai"};
    virtual_run_init(&site->run, wall_ms);
    log_init(LOG_LEVEL_ERROR, 0);
}

void virtual_site_write(const struct virtual_site *site, const char *name, const char *text)
{
    char path[192];

    (void)snprintf(path, sizeof(path), "%s/%s", site->folder, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void virtual_site_profiles(struct virtual_site *site)
{
    struct problems problems;
    struct conf conf = {0};

    (void)snprintf(conf.folder, sizeof(conf.folder), "%s", site->folder);
    problems_init(&problems);
    assert_int_equal(profiles_load(&conf, &problems, &site->profiles), 0);
    problems_done(&problems);
}

void virtual_site_simulator(struct virtual_site *site, simulator_value_fn value,
                            void *value_ctx)
{
    assert_int_equal(loop_new(&site->run.clock.clock, 64, &site->meter_loop), 0);
    const struct simulator_options options = {.loop = site->meter_loop,
                                              .zone = site->zone,
                                              .seed = 7,
                                              .value = value,
                                              .value_ctx = value_ctx};

    assert_int_equal(simulator_new(&options, &site->simulator), 0);
}

void virtual_site_start(struct virtual_site *site)
{
    const struct app_options options = {site->conf_path, &site->run.clock.clock, 1};

    assert_int_equal(app_open(&options, &site->app), 0);
    site->run.n_loops = 0;
    for (int i = 0; i < APP_LOOP_COUNT; i++) {
        assert_int_equal(virtual_run_add(&site->run, app_loop(site->app, (enum app_loop)i)),
                         0);
    }
    assert_int_equal(virtual_run_add(&site->run, site->meter_loop), 0);
}

void virtual_site_stop(struct virtual_site *site)
{
    app_close(site->app);
    site->app = NULL;
    site->run.n_loops = 0;
}

void virtual_site_run(struct virtual_site *site, int64_t ts_ms)
{
    virtual_run_until(&site->run, ts_ms);
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void virtual_site_done(struct virtual_site *site)
{
    virtual_site_stop(site);
    simulator_free(site->simulator);
    loop_free(site->meter_loop);
    profiles_done(&site->profiles);
    (void)nftw(site->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static sqlite3 *open_reader(const struct virtual_site *site)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open_v2(site->store_path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    return db;
}

void virtual_site_hash(const struct virtual_site *site, const char *sql, char ret_hex[65])
{
    sqlite3 *db = open_reader(site);
    sqlite3_stmt *stmt = NULL;
    struct sha256 *sha = sha256_new();

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(stmt); c++) {
            const void *bytes = sqlite3_column_blob(stmt, c);
            int n = sqlite3_column_bytes(stmt, c);

            sha256_i64(sha, sqlite3_column_type(stmt, c));
            sha256_i64(sha, n);
            sha256_update(sha, bytes, (size_t)n);
        }
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    sha256_final(sha, ret_hex);
}

void virtual_site_numbers(const struct virtual_site *site, const char *sql,
                          int64_t *ret_numbers, int n)
{
    sqlite3 *db = open_reader(site);
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    for (int i = 0; i < n; i++) {
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        ret_numbers[i] = sqlite3_column_int64(stmt, 0);
    }
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
}

int64_t virtual_site_number(const struct virtual_site *site, const char *sql)
{
    int64_t number = 0;

    virtual_site_numbers(site, sql, &number, 1);
    return number;
}
