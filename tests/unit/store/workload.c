#include "tests/unit/store/workload.h"

#include "daemon/store/energy.h"
#include "daemon/store/results.h"

#define SLOT_MS INT64_C(60000)

struct workload_job {
    struct write_job job;
    struct workload *workload;
    int round;
    int64_t cursor_seq;
    bool waits; /* with the writer */
    bool done;
};

static int64_t energy_of(int round, uint32_t meter_no)
{
    return (int64_t)meter_no * 1000000 + round;
}

/* --- the results of a round --- */

static int put_interval(struct store *store, int round)
{
    struct interval interval = {.meter_no = 1 + (uint32_t)round % WORKLOAD_METERS,
                                .enterprise_no = 1,
                                .start_ts_ms = T0 + round * MS_PER_QUARTER_HOUR,
                                .present = 1,
                                .energy = {500 + round},
                                .quality = QUALITY_MEASURED};
    int change = energy_interval_put(store, &interval, T0);

    return change < 0 ? change : 0;
}

static int put_rate(struct store *store, int round)
{
    struct rate_row *row = calloc(1, sizeof(*row));

    if (row == NULL) {
        return ERR_NOMEM;
    }
    row->day = 20000 + round;
    row->energy_wh = 7000 + round;
    (void)snprintf(row->method, sizeof(row->method), "proof");
    (void)snprintf(row->group_kind, sizeof(row->group_kind), "region");
    (void)snprintf(row->group_id, sizeof(row->group_id), "330282");
    (void)snprintf(row->status, sizeof(row->status), "ok");
    (void)snprintf(row->stage, sizeof(row->stage), "final");
    (void)snprintf(row->method_confidence, sizeof(row->method_confidence), "high");
    int stored = results_rate_put(store, row, T0);

    free(row);
    return stored < 0 ? stored : 0;
}

static int run_job(struct store *store, void *ctx)
{
    const struct workload_job *job = ctx;
    int err = put_interval(store, job->round);

    if (err == 0) {
        err = put_rate(store, job->round);
    }
    return err != 0 ? err : journal_cursor_set(store, "mqtt", job->cursor_seq, T0);
}

static void on_job_done(void *ctx, int result)
{
    struct workload_job *job = ctx;

    job->waits = false;
    job->done = result == 0;
}

/* Results that are not stored are asked for again, as those who compute them do. */
static void submit_jobs(struct workload *workload)
{
    for (int i = workload->n_acked; i < workload->n_rounds; i++) {
        struct workload_job *job = &workload->job[i];

        if (!job->waits && !job->done) {
            job->cursor_seq = workload->told_seq;
            job->job = (struct write_job){
                .run = run_job, .done = on_job_done, .ctx = job, .lazy = true};
            job->waits = true;
            assert_int_equal(writer_submit(workload->writer, &job->job), 0);
        }
    }
}

/* --- time --- */

static void on_commit(void *ctx, int64_t last_seq)
{
    struct workload *workload = ctx;

    workload->told_seq = last_seq;
}

static void acknowledge(struct workload *workload)
{
    struct writer_counts counts = writer_counts(workload->writer);

    assert_int_equal(counts.dropped, 0);
    if (counts.samples + counts.duplicates != workload->n_pushed) {
        return;
    }
    while (workload->n_acked < workload->n_rounds &&
           workload->job[workload->n_acked].done) {
        workload->ack[workload->n_acked] =
            (struct workload_ack){disk_n_operations(workload->disk), workload->told_seq,
                                  workload->job[workload->n_acked].cursor_seq};
        workload->n_acked++;
    }
}

static void settle(struct workload *workload)
{
    while (loop_step(workload->loop)) {
    }
}

static void pass(struct workload *workload)
{
    submit_jobs(workload);
    settle(workload);
    virtual_clock_advance(&workload->clock, MS_PER_S);
    settle(workload);
    acknowledge(workload);
}

static void push_round(struct workload *workload, int round)
{
    for (uint32_t meter_no = 1; meter_no <= WORKLOAD_METERS; meter_no++) {
        struct sample sample =
            fixture_sample(meter_no, T0 + round * SLOT_MS, 60, energy_of(round, meter_no));

        assert_int_equal(writer_push(workload->writer, &sample), 0);
        workload->n_pushed++;
    }
}

void workload_round(struct workload *workload)
{
    int round = workload->n_rounds++;

    assert_true(round < WORKLOAD_ROUNDS_MAX);
    workload->job[round] = (struct workload_job){.workload = workload, .round = round};
    push_round(workload, round);
    if (writer_counts(workload->writer).last_error == 0) {
        /* checkpoints come often; a connection that was opened again has forgotten it */
        (void)sqlite3_exec(store_db(workload->fixture.store),
                           "PRAGMA wal_autocheckpoint=40", NULL, NULL, NULL);
    }
    pass(workload);
}

void workload_catch_up(struct workload *workload)
{
    for (int i = 0; i < 10 && workload->n_acked < workload->n_rounds; i++) {
        pass(workload);
    }
    if (workload->n_acked < workload->n_rounds) {
        fail_msg("%d of %d rounds are stored, error %d: %s", workload->n_acked,
                 workload->n_rounds, writer_counts(workload->writer).last_error,
                 store_error_text(workload->fixture.store));
    }
}

/* --- life --- */

void workload_init(struct workload *workload)
{
    memset(workload, 0, sizeof(*workload));
    workload->disk = disk_new();
    workload->job = calloc(WORKLOAD_ROUNDS_MAX, sizeof(*workload->job));
    assert_non_null(workload->job);
    fixture_folder(&workload->fixture);
    virtual_clock_init(&workload->clock, T0);
}

static int open_store(const char *path, struct store **ret_store, char *why,
                      size_t why_size)
{
    const struct store_options options = {.path = path,
                                          .mode = STORE_WRITE,
                                          .durable = true,
                                          .now_ms = T0,
                                          .site_id = "cixi-binhai",
                                          .zone = &fixture_zone};

    return store_open(&options, ret_store, why, why_size);
}

int workload_open(struct workload *workload)
{
    const struct writer_options options = {.queue_capacity = (size_t)WORKLOAD_METERS *
                                                             WORKLOAD_ROUNDS_MAX,
                                           .commit_every_ms = 1000};
    int err = open_store(workload->fixture.path, &workload->fixture.store, NULL, 0);

    if (err != 0) {
        return err;
    }
    assert_int_equal(loop_new(&workload->clock.clock, 4096, &workload->loop), 0);
    assert_int_equal(
        writer_new(workload->loop, workload->fixture.store, &options, &workload->writer),
        0);
    assert_int_equal(writer_on_commit(workload->writer, on_commit, workload), 0);
    workload->n_pushed = 0;
    for (int i = workload->n_acked; i < workload->n_rounds; i++) {
        workload->job[i].done = false;
        push_round(workload, i);
    }
    return 0;
}

void workload_close(struct workload *workload)
{
    if (workload->writer != NULL) {
        writer_free(workload->writer);
        loop_free(workload->loop);
        workload->writer = NULL;
        workload->loop = NULL;
    }
    store_close(workload->fixture.store);
    workload->fixture.store = NULL;
}

void workload_done(struct workload *workload)
{
    workload_close(workload);
    fixture_done(&workload->fixture);
    disk_free(workload->disk);
    free(workload->job);
}

/* --- what must be there --- */

/* One integer, its query made with up to two numbers. */
static int64_t value_of(struct store *store, const char *format, int64_t a, int64_t b)
{
    char *sql = sqlite3_mprintf(format, a, b);
    int64_t value = fixture_value(store, sql);

    sqlite3_free(sql);
    return value;
}

#define EXPECT(what, got, expected) expect(what, #got, got, expected)

static void expect(const char *what, const char *expression, int64_t got, int64_t expected)
{
    if (got != expected) {
        fail_msg("%s: %s is %lld, not %lld", what, expression, (long long)got,
                 (long long)expected);
    }
}

static void check_rows(struct store *store, int n, const char *what)
{
    int64_t end_key = (T0 / MS_PER_S + n * SLOT_MS / MS_PER_S) << 20;
    int64_t end_interval = (T0 / MS_PER_S + n * MS_PER_QUARTER_HOUR / MS_PER_S) << 20;
    int64_t energy = 0;
    int64_t interval_wh = 0;

    for (int round = 0; round < n; round++) {
        interval_wh += 500 + round;
        for (uint32_t meter_no = 1; meter_no <= WORKLOAD_METERS; meter_no++) {
            energy += energy_of(round, meter_no);
        }
    }
    EXPECT(what,
           value_of(store, "SELECT count(*) FROM reading WHERE key < %lld", end_key, 0),
           (int64_t)n * WORKLOAD_METERS);
    EXPECT(what,
           value_of(store,
                    "SELECT ifnull(sum(energy_import), 0) FROM reading WHERE key < %lld",
                    end_key, 0),
           energy);
    EXPECT(what,
           value_of(store,
                    "SELECT ifnull(sum(energy_import_wh), 0) FROM interval WHERE key < "
                    "%lld",
                    end_interval, 0),
           interval_wh);
    EXPECT(what, fixture_value(store, "SELECT count(*) FROM reading") % WORKLOAD_METERS, 0);
    EXPECT(what,
           value_of(store,
                    "SELECT count(*) FROM (SELECT energy_wh FROM rate_day WHERE newest = 1 "
                    "AND energy_wh < %lld)",
                    7000 + n, 0),
           n);
}

/* Each seq once, from 1, and a row under each. */
static void check_journal(struct store *store, const char *what)
{
    struct journal_entry entry[64];
    int64_t count[JOURNAL_ALARM + 1] = {0};
    int64_t seq = 0;
    int n = 0;

    while ((n = journal_read(store, seq, entry, 64)) > 0) {
        for (int i = 0; i < n; i++) {
            EXPECT(what, entry[i].seq, ++seq);
            count[entry[i].kind]++;
        }
    }
    EXPECT(what, n, 0);
    EXPECT(what, seq, journal_last_seq(store));
    EXPECT(what, fixture_value(store, "SELECT count(*) FROM reading"),
           count[JOURNAL_READING]);
    EXPECT(what, fixture_value(store, "SELECT count(*) FROM interval"),
           count[JOURNAL_INTERVAL]);
    EXPECT(what, fixture_value(store, "SELECT count(*) FROM rate_day"),
           count[JOURNAL_RATE]);
    EXPECT(what, fixture_value(store, "SELECT count(*) FROM interval_history"), 0);
}

void workload_check(const struct workload *workload, const char *path, int n,
                    const char *what)
{
    struct store *store = NULL;
    char why[256] = "";
    char text[256];
    int64_t cursor_seq = 0;

    if (open_store(path, &store, why, sizeof(why)) != 0) {
        fail_msg("%s: %s", what, why);
    }
    if (strcmp(fixture_text(store, "PRAGMA integrity_check", text), "ok") != 0) {
        fail_msg("%s: %s", what, text);
    }
    check_rows(store, n, what);
    check_journal(store, what);
    assert_int_equal(journal_cursor_get(store, "mqtt", &cursor_seq), 0);
    if (n > 0 && (journal_last_seq(store) < workload->ack[n - 1].last_seq ||
                  cursor_seq < workload->ack[n - 1].cursor_seq)) {
        fail_msg("%s: seq %lld, cursor %lld", what, (long long)journal_last_seq(store),
                 (long long)cursor_seq);
    }
    if (cursor_seq > journal_last_seq(store)) {
        fail_msg("%s: the cursor %lld is beyond the journal", what, (long long)cursor_seq);
    }
    store_close(store);
}
