/* The writer on a loop under a virtual clock. */
#include <pthread.h>

#include "daemon/core/clock.h"
#include "daemon/core/loop.h"
#include "daemon/store/writer.h"
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

struct bench {
    struct fixture fixture;
    struct virtual_clock clock;
    struct loop *loop;
    struct writer *writer;
    int64_t told_seq;
    int n_told;
};

static void on_commit(void *ctx, int64_t last_seq)
{
    struct bench *bench = ctx;

    bench->told_seq = last_seq;
    bench->n_told++;
}

static void set_up(struct bench *bench, size_t capacity)
{
    const struct writer_options options = {.queue_capacity = capacity,
                                           .commit_every_ms = 1000};

    memset(bench, 0, sizeof(*bench));
    fixture_init(&bench->fixture);
    virtual_clock_init(&bench->clock, T0);
    assert_int_equal(loop_new(&bench->clock.clock, 64, &bench->loop), 0);
    assert_int_equal(
        writer_new(bench->loop, bench->fixture.store, &options, &bench->writer), 0);
    assert_int_equal(writer_on_commit(bench->writer, on_commit, bench), 0);
}

static void tear_down(struct bench *bench)
{
    writer_free(bench->writer);
    loop_free(bench->loop);
    fixture_done(&bench->fixture);
}

static void settle(struct bench *bench)
{
    while (loop_step(bench->loop)) {
    }
}

static void pass(struct bench *bench, int64_t ms)
{
    settle(bench);
    virtual_clock_advance(&bench->clock, ms);
    settle(bench);
}

static int64_t n_readings(struct bench *bench)
{
    return fixture_value(bench->fixture.store, "SELECT count(*) FROM reading");
}

static void push(struct bench *bench, uint32_t meter_no, int64_t slot_ts_ms)
{
    struct sample sample = fixture_sample(meter_no, slot_ts_ms, 60, 1);

    assert_int_equal(writer_push(bench->writer, &sample), 0);
}

static void samples_are_committed_once_a_second(void **state)
{
    struct bench bench;

    (void)state;
    set_up(&bench, 100);
    push(&bench, 1, T0);
    push(&bench, 2, T0);
    pass(&bench, 999);
    assert_int_equal(n_readings(&bench), 0);

    pass(&bench, 1);

    assert_int_equal(n_readings(&bench), 2);
    assert_int_equal(writer_counts(bench.writer).commits, 1);
    assert_int_equal(writer_counts(bench.writer).samples, 2);
    assert_int_equal(writer_counts(bench.writer).last_commit_ms, T0 + 1000);
    assert_int_equal(bench.told_seq, 2);
    assert_int_equal(bench.n_told, 1);
    tear_down(&bench);
}

static void an_idle_writer_has_no_timer(void **state)
{
    struct bench bench;

    (void)state;
    set_up(&bench, 100);
    push(&bench, 1, T0);
    pass(&bench, 1000);
    settle(&bench);

    assert_int_equal(loop_next_due_ms(bench.loop), INT64_MAX);
    tear_down(&bench);
}

static void a_half_full_queue_is_written_at_once(void **state)
{
    struct bench bench;

    (void)state;
    set_up(&bench, 10);
    for (uint32_t i = 1; i <= 5; i++) {
        push(&bench, i, T0);
    }
    settle(&bench);

    assert_int_equal(n_readings(&bench), 5);
    tear_down(&bench);
}

static void a_full_queue_drops_and_counts(void **state)
{
    struct bench bench;
    struct sample sample = fixture_sample(9, T0, 60, 1);

    (void)state;
    set_up(&bench, 4);
    for (uint32_t i = 1; i <= 4; i++) {
        push(&bench, i, T0);
    }

    assert_int_equal(writer_push(bench.writer, &sample), ERR_FULL);
    assert_int_equal(writer_counts(bench.writer).dropped, 1);
    settle(&bench);
    assert_int_equal(n_readings(&bench), 4);
    tear_down(&bench);
}

static void a_slot_met_twice_is_counted(void **state)
{
    struct bench bench;

    (void)state;
    set_up(&bench, 100);
    push(&bench, 1, T0);
    push(&bench, 1, T0);
    pass(&bench, 1000);

    assert_int_equal(writer_counts(bench.writer).samples, 1);
    assert_int_equal(writer_counts(bench.writer).duplicates, 1);
    tear_down(&bench);
}

static void an_earlier_slot_of_a_meter_is_late(void **state)
{
    struct bench bench;
    struct journal_entry got[4];

    (void)state;
    set_up(&bench, 100);
    push(&bench, 1, T0);
    pass(&bench, 1000);
    push(&bench, 1, T0 - 60000);
    push(&bench, 2, T0 - 60000);
    push(&bench, 1, T0 + 60000);
    pass(&bench, 1000);

    assert_int_equal(journal_read(bench.fixture.store, 0, got, 4), 4);
    assert_int_equal(got[1].slot_ts_ms, T0 - 60000);
    assert_true(got[1].late);
    assert_int_equal(got[1].meter_no, 1);
    assert_false(got[2].late);
    assert_int_equal(got[2].meter_no, 2);
    assert_false(got[3].late);
    tear_down(&bench);
}

struct asked {
    struct write_job job;
    int err;
    int n_done;
    int result;
    const char *key;
};

static int run_asked(struct store *store, void *ctx)
{
    struct asked *asked = ctx;
    int err = store_meta_set(store, asked->key, "x");

    return err != 0 ? err : asked->err;
}

static void on_asked(void *ctx, int result)
{
    struct asked *asked = ctx;

    asked->n_done++;
    asked->result = result;
}

static void ask(struct bench *bench, struct asked *asked, const char *key, int err,
                struct loop *home)
{
    *asked = (struct asked){.err = err, .key = key, .result = 1};
    asked->job =
        (struct write_job){.run = run_asked, .done = on_asked, .ctx = asked, .home = home};
    assert_int_equal(writer_submit(bench->writer, &asked->job), 0);
}

static bool has_key(struct bench *bench, const char *key)
{
    char text[8];

    assert_int_equal(store_meta_get(bench->fixture.store, key, text, sizeof(text)), 0);
    return text[0] != '\0';
}

static void jobs_are_done_at_once_and_share_a_commit(void **state)
{
    struct bench bench;
    struct asked first;
    struct asked second;

    (void)state;
    set_up(&bench, 100);
    push(&bench, 1, T0);
    ask(&bench, &first, "first", 0, NULL);
    ask(&bench, &second, "second", 0, NULL);
    settle(&bench);

    assert_int_equal(first.n_done, 1);
    assert_int_equal(first.result, 0);
    assert_int_equal(second.n_done, 1);
    assert_int_equal(writer_counts(bench.writer).commits, 1);
    assert_int_equal(n_readings(&bench), 1);
    tear_down(&bench);
}

static void a_lazy_job_waits_for_the_group_commit(void **state)
{
    struct bench bench;
    struct asked lazy = {.key = "lazy", .result = 1};

    (void)state;
    set_up(&bench, 100);
    lazy.job =
        (struct write_job){.run = run_asked, .done = on_asked, .ctx = &lazy, .lazy = true};
    assert_int_equal(writer_submit(bench.writer, &lazy.job), 0);
    push(&bench, 1, T0);
    pass(&bench, 999);
    assert_int_equal(lazy.n_done, 0);
    pass(&bench, 1);

    assert_int_equal(lazy.n_done, 1);
    assert_int_equal(lazy.result, 0);
    assert_int_equal(writer_counts(bench.writer).commits, 1);
    assert_int_equal(n_readings(&bench), 1);
    tear_down(&bench);
}

static void a_failed_job_is_undone_alone(void **state)
{
    struct bench bench;
    struct asked first;
    struct asked second;

    (void)state;
    set_up(&bench, 100);
    ask(&bench, &first, "first", ERR_DATA, NULL);
    ask(&bench, &second, "second", 0, NULL);
    settle(&bench);

    assert_int_equal(first.result, ERR_DATA);
    assert_int_equal(second.result, 0);
    assert_false(has_key(&bench, "first"));
    assert_true(has_key(&bench, "second"));
    tear_down(&bench);
}

static void done_comes_home(void **state)
{
    struct bench bench;
    struct asked asked;
    struct loop *home = NULL;

    (void)state;
    set_up(&bench, 100);
    assert_int_equal(loop_new(&bench.clock.clock, 4, &home), 0);
    ask(&bench, &asked, "k", 0, home);
    settle(&bench);
    assert_int_equal(asked.n_done, 0);

    while (loop_step(home)) {
    }

    assert_int_equal(asked.n_done, 1);
    assert_int_equal(asked.result, 0);
    loop_free(home);
    tear_down(&bench);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void done_waits_for_room_at_home(void **state)
{
    struct bench bench;
    struct asked asked;
    struct loop *home = NULL;

    (void)state;
    set_up(&bench, 100);
    assert_int_equal(loop_new(&bench.clock.clock, 1, &home), 0);
    while (loop_post(home, nothing, NULL) == 0) {
    }
    ask(&bench, &asked, "k", 0, home);
    settle(&bench);
    while (loop_step(home)) {
    }
    assert_int_equal(asked.n_done, 0);

    pass(&bench, 10);
    while (loop_step(home)) {
    }

    assert_int_equal(asked.n_done, 1);
    loop_free(home);
    tear_down(&bench);
}

static void limit_pages(struct bench *bench, int64_t pages)
{
    char sql[64];

    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)pages);
    fixture_exec(bench->fixture.store, sql);
}

/* Enough rows to need new pages: more than the store may have. */
static void fill_queue(struct bench *bench, int64_t slot_ts_ms)
{
    for (uint32_t i = 1; i <= 2000; i++) {
        push(bench, i, slot_ts_ms);
    }
}

static void a_failed_commit_keeps_the_samples_and_tries_again(void **state)
{
    struct bench bench;
    struct asked asked;

    (void)state;
    set_up(&bench, 10000);
    limit_pages(&bench, fixture_value(bench.fixture.store, "PRAGMA page_count"));
    fill_queue(&bench, T0);
    ask(&bench, &asked, "k", 0, NULL);
    settle(&bench);
    assert_int_equal(asked.n_done, 1);
    assert_int_equal(asked.result, ERR_IO);
    assert_int_equal(writer_counts(bench.writer).last_error, ERR_IO);
    assert_int_equal(writer_counts(bench.writer).samples, 0);
    assert_int_equal(writer_counts(bench.writer).commits, 0);
    assert_int_equal(n_readings(&bench), 0);
    assert_int_equal(bench.n_told, 0);

    pass(&bench, 1000); /* a new connection: the limit is gone */

    assert_int_equal(n_readings(&bench), 2000);
    assert_int_equal(writer_counts(bench.writer).last_error, 0);
    assert_int_equal(writer_counts(bench.writer).samples, 2000);
    assert_int_equal(writer_counts(bench.writer).dropped, 0);
    assert_int_equal(fixture_value(bench.fixture.store, "SELECT max(flags) FROM journal"),
                     0);
    assert_int_equal(bench.told_seq, 2000);
    tear_down(&bench);
}

static void a_lock_held_by_a_shell_loses_nothing(void **state)
{
    struct bench bench;
    sqlite3 *shell = NULL;

    (void)state;
    set_up(&bench, 100);
    (void)sqlite3_busy_timeout(store_db(bench.fixture.store), 10);
    assert_int_equal(sqlite3_open(bench.fixture.path, &shell), SQLITE_OK);
    assert_int_equal(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    push(&bench, 1, T0);
    pass(&bench, 1000);
    assert_int_equal(writer_counts(bench.writer).last_error, ERR_BUSY);
    assert_int_equal(sqlite3_exec(shell, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);

    pass(&bench, 1000);

    assert_int_equal(n_readings(&bench), 1);
    (void)sqlite3_close(shell);
    tear_down(&bench);
}

static void freeing_writes_what_waits(void **state)
{
    struct bench bench;

    (void)state;
    set_up(&bench, 100);
    push(&bench, 1, T0);
    push(&bench, 2, T0);
    writer_free(bench.writer);
    bench.writer = NULL;

    assert_int_equal(n_readings(&bench), 2);
    tear_down(&bench);
}

#define PER_THREAD UINT64_C(20000)

struct producer {
    struct writer *writer;
    uint32_t meter_no;
    uint64_t pushed;
};

static void *produce(void *ctx)
{
    struct producer *producer = ctx;

    for (int64_t i = 0; i < (int64_t)PER_THREAD; i++) {
        struct sample sample = fixture_sample(producer->meter_no, T0 + i * MS_PER_S, 1, i);

        if (writer_push(producer->writer, &sample) == 0) {
            producer->pushed++;
        }
    }
    return NULL;
}

static void *run_loop(void *ctx)
{
    (void)loop_run(ctx);
    return NULL;
}

static void samples_of_many_threads_all_arrive(void **state)
{
    const struct writer_options options = {.queue_capacity = 1000, .commit_every_ms = 50};
    struct fixture fixture;
    struct producer producer[3];
    struct loop *loop = NULL;
    struct writer *writer = NULL;
    pthread_t thread[3];
    pthread_t home;
    uint64_t pushed = 0;

    (void)state;
    fixture_init(&fixture);
    assert_int_equal(loop_new(clock_real(), 64, &loop), 0);
    assert_int_equal(writer_new(loop, fixture.store, &options, &writer), 0);
    assert_int_equal(pthread_create(&home, NULL, run_loop, loop), 0);
    for (uint32_t i = 0; i < 3; i++) {
        producer[i] = (struct producer){writer, i + 1, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, produce, &producer[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        pushed += producer[i].pushed;
    }
    loop_stop(loop);
    assert_int_equal(pthread_join(home, NULL), 0);
    struct writer_counts counts = writer_counts(writer);

    writer_free(writer);

    assert_int_equal(counts.dropped, 3 * PER_THREAD - pushed);
    assert_int_equal(fixture_value(fixture.store, "SELECT count(*) FROM reading"), pushed);
    assert_int_equal(journal_last_seq(fixture.store), pushed);
    loop_free(loop);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_committed_once_a_second),
        cmocka_unit_test(an_idle_writer_has_no_timer),
        cmocka_unit_test(a_half_full_queue_is_written_at_once),
        cmocka_unit_test(a_full_queue_drops_and_counts),
        cmocka_unit_test(a_slot_met_twice_is_counted),
        cmocka_unit_test(an_earlier_slot_of_a_meter_is_late),
        cmocka_unit_test(jobs_are_done_at_once_and_share_a_commit),
        cmocka_unit_test(a_lazy_job_waits_for_the_group_commit),
        cmocka_unit_test(a_failed_job_is_undone_alone),
        cmocka_unit_test(done_comes_home),
        cmocka_unit_test(done_waits_for_room_at_home),
        cmocka_unit_test(a_failed_commit_keeps_the_samples_and_tries_again),
        cmocka_unit_test(a_lock_held_by_a_shell_loses_nothing),
        cmocka_unit_test(freeing_writes_what_waits),
        cmocka_unit_test(samples_of_many_threads_all_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
