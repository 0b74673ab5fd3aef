/* store_open, transactions, migrations and the small tables. */
#include <sys/stat.h>

#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static int open_at(const char *path, enum store_mode mode, char *why, size_t size)
{
    struct store_options options = {.path = path, .mode = mode, .now_ms = T0};
    struct store *store = NULL;
    int err = store_open(&options, &store, why, size);

    store_close(store);
    return err;
}

static void foreign(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_new_store_knows_its_site_epoch_and_zone(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);

    assert_int_equal(store_epoch_ms(fixture.store), T0);
    assert_string_equal(store_site_id(fixture.store), "cixi-binhai");
    assert_int_equal(store_zone(fixture.store)->offset_ms, 28800000);
    assert_string_equal(store_zone(fixture.store)->name, "Asia/Shanghai");
    assert_int_equal(store_schema(fixture.store),
                     fixture_value(fixture.store, "PRAGMA user_version"));
    fixture_done(&fixture);
}

static void a_store_keeps_its_identity_when_it_is_opened_again(void **state)
{
    struct fixture fixture;
    struct store_options options;

    (void)state;
    fixture_init(&fixture);
    store_close(fixture.store);
    options = fixture_options(&fixture, STORE_WRITE);
    options.now_ms = T0 + 5000;
    options.site_id = "other";

    assert_int_equal(store_open(&options, &fixture.store, NULL, 0), 0);
    assert_int_equal(store_epoch_ms(fixture.store), T0);
    assert_string_equal(store_site_id(fixture.store), "cixi-binhai");
    fixture_done(&fixture);
}

static void another_zone_is_refused_with_a_sentence(void **state)
{
    struct fixture fixture;
    struct zone zone = {0, "UTC"};
    struct store *second = NULL;
    char why[256];

    (void)state;
    fixture_init(&fixture);
    struct store_options options = fixture_options(&fixture, STORE_READ);

    options.zone = &zone;

    assert_int_equal(store_open(&options, &second, why, sizeof(why)), ERR_CONFIG);
    assert_non_null(strstr(why, "Asia/Shanghai"));
    assert_null(second);
    fixture_done(&fixture);
}

static void the_group_may_read_every_file(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    struct fixture fixture;
    mode_t before = umask(077);

    (void)state;
    fixture_init(&fixture);
    for (size_t i = 0; i < 4; i++) {
        struct stat status;
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", fixture.path, ends[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0640);
    }
    (void)umask(before);
    fixture_done(&fixture);
}

static void wal_files_stay_for_readers_after_close(void **state)
{
    struct fixture fixture;
    char path[128];

    (void)state;
    fixture_init(&fixture);
    store_close(fixture.store);
    (void)snprintf(path, sizeof(path), "%s-wal", fixture.path);

    assert_int_equal(access(path, F_OK), 0);
    fixture.store = fixture_open(&fixture, STORE_READ);
    assert_string_equal(store_site_id(fixture.store), "cixi-binhai");
    fixture_done(&fixture);
}

static void a_reader_of_no_file_is_told_so(void **state)
{
    char why[256];

    (void)state;
    assert_int_equal(open_at("/tmp/ecmon-no-such-store.db", STORE_READ, why, sizeof(why)),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(why, "no store"));
}

static void a_foreign_database_is_refused_and_left_alone(void **state)
{
    struct fixture fixture;
    char why[256];

    (void)state;
    fixture_folder(&fixture);
    foreign(fixture.path, "CREATE TABLE t (x); PRAGMA user_version = 1;");

    assert_int_equal(open_at(fixture.path, STORE_WRITE, why, sizeof(why)), ERR_SCHEMA);
    assert_non_null(strstr(why, "not a store of ecmon"));
    assert_int_equal(open_at(fixture.path, STORE_READ, why, sizeof(why)), ERR_SCHEMA);
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "delete");
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    fixture_done(&fixture);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture fixture;
    char why[256];

    (void)state;
    fixture_folder(&fixture);
    FILE *file = fopen(fixture.path, "w");

    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        (void)fputs("meter,enterprise\n", file);
    }
    (void)fclose(file);

    assert_int_equal(open_at(fixture.path, STORE_WRITE, why, sizeof(why)), ERR_CORRUPT);
    assert_non_null(strstr(why, "not a database"));
    fixture_done(&fixture);
}

static void a_newer_schema_is_refused_with_a_sentence(void **state)
{
    struct fixture fixture;
    char why[256];

    (void)state;
    fixture_init(&fixture);
    fixture_exec(fixture.store, "PRAGMA user_version = 999");
    store_close(fixture.store);
    fixture.store = NULL;

    assert_int_equal(open_at(fixture.path, STORE_WRITE, why, sizeof(why)), ERR_SCHEMA);
    assert_non_null(strstr(why, "a newer ecmon wrote it"));
    assert_int_equal(open_at(fixture.path, STORE_READ, why, sizeof(why)), ERR_SCHEMA);
    fixture_done(&fixture);
}

static void views_are_made_again_when_their_text_changed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_exec(fixture.store, "DROP VIEW v_group; CREATE VIEW v_group AS SELECT 1; "
                                "CREATE VIEW v_old AS SELECT 2; "
                                "UPDATE meta SET value = 'old' WHERE key = 'views_sha256'");
    store_close(fixture.store);

    fixture.store = fixture_open(&fixture, STORE_WRITE);

    assert_int_equal(
        fixture_value(fixture.store, "SELECT count(*) FROM pragma_table_info('v_group')"),
        5);
    assert_int_equal(
        fixture_value(fixture.store,
                      "SELECT count(*) FROM sqlite_master WHERE name = 'v_old'"),
        0);
    fixture_done(&fixture);
}

static void a_rolled_back_transaction_leaves_nothing(void **state)
{
    struct fixture fixture;
    char text[16];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(store_meta_set(fixture.store, "k", "v"), 0);
    assert_true(store_in_transaction(fixture.store));
    store_rollback(fixture.store);

    assert_false(store_in_transaction(fixture.store));
    assert_int_equal(store_meta_get(fixture.store, "k", text, sizeof(text)), 0);
    assert_string_equal(text, "");
    fixture_done(&fixture);
}

static void an_undone_savepoint_leaves_the_rest_of_the_transaction(void **state)
{
    struct fixture fixture;
    char text[16];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(store_begin(fixture.store), 0); /* free when one is open */
    assert_int_equal(store_meta_set(fixture.store, "first", "1"), 0);
    assert_int_equal(store_savepoint(fixture.store), 0);
    assert_int_equal(store_meta_set(fixture.store, "second", "2"), 0);
    store_undo(fixture.store);
    assert_int_equal(store_savepoint(fixture.store), 0);
    assert_int_equal(store_meta_set(fixture.store, "third", "3"), 0);
    assert_int_equal(store_release(fixture.store), 0);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(store_meta_get(fixture.store, "first", text, sizeof(text)), 0);
    assert_string_equal(text, "1");
    assert_int_equal(store_meta_get(fixture.store, "second", text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(store_meta_get(fixture.store, "third", text, sizeof(text)), 0);
    assert_string_equal(text, "3");
    fixture_done(&fixture);
}

static void a_failed_statement_fails_the_commit(void **state)
{
    struct fixture fixture;
    char text[16];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(store_meta_set(fixture.store, "k", "v"), 0);
    assert_int_equal(db_exec(fixture.store, "INSERT INTO nowhere VALUES (1)"), ERR_IO);

    assert_int_equal(store_meta_set(fixture.store, "k2", "v"), ERR_IO);
    assert_int_equal(store_commit(fixture.store), ERR_IO);
    assert_non_null(strstr(store_error_text(fixture.store), "nowhere"));
    assert_int_equal(store_meta_get(fixture.store, "k", text, sizeof(text)), 0);
    assert_string_equal(text, "");
    fixture_done(&fixture);
}

static void a_refused_row_leaves_the_transaction_alone(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_begin(fixture.store), 0);
    fixture_exec(fixture.store, "INSERT INTO meter (meter_no, id) VALUES (1, 'M001')");

    assert_int_equal(db_exec(fixture.store, "INSERT INTO meter (id) VALUES ('M001')"),
                     ERR_EXISTS);
    assert_int_equal(store_commit(fixture.store), 0);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM meter"), 1);
    fixture_done(&fixture);
}

static void a_full_disk_fails_the_transaction_as_a_whole(void **state)
{
    struct fixture fixture;
    int err = 0;

    (void)state;
    fixture_init(&fixture);
    fixture_exec(fixture.store, "PRAGMA cache_size = 10; PRAGMA max_page_count = 200");
    assert_int_equal(store_begin(fixture.store), 0);
    for (int i = 0; i < 100000 && err == 0; i++) {
        err = store_audit(fixture.store, T0, "nobody", "fills the disk",
                          "with rows like this", "that are of a good length");
    }

    assert_int_equal(err, ERR_IO);
    /* SQLite rolled back by itself: nothing may be written outside a transaction now. */
    assert_int_equal(store_audit(fixture.store, T0, "a", "b", "c", "d"), ERR_IO);
    assert_int_equal(store_commit(fixture.store), ERR_IO);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM audit"), 0);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(store_audit(fixture.store, T0, "a", "b", "c", "d"), 0);
    assert_int_equal(store_commit(fixture.store), 0);
    fixture_done(&fixture);
}

static void a_reader_keeps_its_snapshot_while_the_writer_commits(void **state)
{
    struct fixture fixture;
    char text[16];

    (void)state;
    fixture_init(&fixture);
    struct store *reader = fixture_open(&fixture, STORE_READ);

    assert_int_equal(store_snapshot_begin(reader), 0);
    assert_int_equal(store_begin(fixture.store), 0);
    assert_int_equal(store_meta_set(fixture.store, "k", "new"), 0);
    assert_int_equal(store_commit(fixture.store), 0);

    assert_int_equal(store_meta_get(reader, "k", text, sizeof(text)), 0);
    assert_string_equal(text, "");
    store_snapshot_end(reader);
    assert_int_equal(store_meta_get(reader, "k", text, sizeof(text)), 0);
    assert_string_equal(text, "new");
    store_close(reader);
    fixture_done(&fixture);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    struct store *reader = fixture_open(&fixture, STORE_READ);

    assert_int_equal(store_begin(reader), ERR_IO);
    assert_true(store_meta_set(reader, "k", "v") < 0);
    assert_int_equal(fixture_value(reader, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(fixture_value(reader, "PRAGMA query_only"), 1);
    store_close(reader);
    fixture_done(&fixture);
}

static void on_key(void *ctx, const char *key)
{
    char *text = ctx;

    (void)strncat(text, key, 15);
    (void)strncat(text, " ", 2);
}

static void stale_keys_come_newest_first(void **state)
{
    struct fixture fixture;
    char text[128] = "";

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_stale_add(fixture.store, "day", "2026-11-19"), 0);
    assert_int_equal(store_stale_add(fixture.store, "day", "2026-11-21"), 0);
    assert_int_equal(store_stale_add(fixture.store, "day", "2026-11-20"), 0);
    assert_int_equal(store_stale_add(fixture.store, "day", "2026-11-20"), 0);
    assert_int_equal(store_stale_add(fixture.store, "rates", "2026-11-30"), 0);
    assert_int_equal(store_stale_remove(fixture.store, "day", "2026-11-19"), 0);

    assert_int_equal(store_stale_each(fixture.store, "day", 10, on_key, text), 0);
    assert_string_equal(text, "2026-11-21 2026-11-20 ");
    text[0] = '\0';
    assert_int_equal(store_stale_each(fixture.store, "day", 1, on_key, text), 0);
    assert_string_equal(text, "2026-11-21 ");
    fixture_done(&fixture);
}

static void events_and_audit_are_kept(void **state)
{
    struct fixture fixture;
    char text[256];

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(store_event(fixture.store, T0, "reset", "M001", "123 -> 4"), 0);
    assert_int_equal(store_audit(fixture.store, T0, "anna", "apply", NULL, "3 new"), 0);

    assert_string_equal(
        fixture_text(fixture.store, "SELECT code || object || detail FROM event", text),
        "resetM001123 -> 4");
    assert_string_equal(
        fixture_text(fixture.store,
                     "SELECT who || action || ifnull(object, '?') || detail FROM v_audit",
                     text),
        "annaapply?3 new");
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_knows_its_site_epoch_and_zone),
        cmocka_unit_test(a_store_keeps_its_identity_when_it_is_opened_again),
        cmocka_unit_test(another_zone_is_refused_with_a_sentence),
        cmocka_unit_test(the_group_may_read_every_file),
        cmocka_unit_test(wal_files_stay_for_readers_after_close),
        cmocka_unit_test(a_reader_of_no_file_is_told_so),
        cmocka_unit_test(a_foreign_database_is_refused_and_left_alone),
        cmocka_unit_test(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(a_newer_schema_is_refused_with_a_sentence),
        cmocka_unit_test(views_are_made_again_when_their_text_changed),
        cmocka_unit_test(a_rolled_back_transaction_leaves_nothing),
        cmocka_unit_test(an_undone_savepoint_leaves_the_rest_of_the_transaction),
        cmocka_unit_test(a_failed_statement_fails_the_commit),
        cmocka_unit_test(a_refused_row_leaves_the_transaction_alone),
        cmocka_unit_test(a_full_disk_fails_the_transaction_as_a_whole),
        cmocka_unit_test(a_reader_keeps_its_snapshot_while_the_writer_commits),
        cmocka_unit_test(a_reader_cannot_write),
        cmocka_unit_test(stale_keys_come_newest_first),
        cmocka_unit_test(events_and_audit_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
