#include "daemon/store/writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/queue.h"
#include "daemon/store/journal.h"
#include "daemon/store/samples.h"
#include "daemon/store/state.h"

#define LISTENERS_MAX 4
#define FIRST_BATCH   256
#define RETRY_DONE_MS 10

struct batched {
    struct sample sample;
    uint32_t order; /* of arrival: of two with one key the first counts */
    bool late;
};

struct job_list {
    struct write_job *first;
    struct write_job *last;
};

struct listener {
    void (*fn)(void *ctx, int64_t last_seq);
    void *ctx;
};

struct tally {
    uint64_t samples;
    uint64_t duplicates;
    uint64_t refused;
};

struct writer {
    struct loop *loop;
    struct store *store;
    struct writer_options options;
    struct queue *queue;
    atomic_bool woken;     /* a wake-up is on its way or the timer is armed */
    atomic_bool urgent;    /* half full was said */
    struct batched *batch; /* out of the queue, not on disk yet; kept when a commit fails */
    size_t n_batch;
    size_t cap_batch;
    struct job_list waiting;
    struct job_list finished; /* whose home's inbox was full */
    struct loop_timer drain_timer;
    struct loop_timer job_timer;
    struct loop_timer done_timer;
    struct listener listener[LISTENERS_MAX];
    int n_listeners;
    int64_t told_seq;
    bool broken; /* the connection must be opened anew */
    atomic_uint_fast64_t samples;
    atomic_uint_fast64_t duplicates;
    atomic_uint_fast64_t dropped;
    atomic_uint_fast64_t commits;
    atomic_int_fast64_t last_commit_ms;
    atomic_int last_error;
};

static void append(struct job_list *list, struct write_job *job)
{
    job->next = NULL;
    if (list->first == NULL) {
        list->first = job;
    } else {
        list->last->next = job;
    }
    list->last = job;
}

static struct write_job *take(struct job_list *list)
{
    struct write_job *job = list->first;

    if (job != NULL) {
        list->first = job->next;
    }
    return job;
}

static bool grow_batch(struct writer *writer)
{
    size_t cap = writer->cap_batch == 0 ? FIRST_BATCH : 2 * writer->cap_batch;

    if (cap > writer->options.queue_capacity) {
        cap = writer->options.queue_capacity;
    }
    if (cap <= writer->cap_batch) {
        return false;
    }
    struct batched *batch = realloc(writer->batch, cap * sizeof(*batch));

    if (batch == NULL) {
        return false;
    }
    writer->batch = batch;
    writer->cap_batch = cap;
    return true;
}

/* Keys in order fill the pages of the table from left to right. */
static int by_key(const void *a, const void *b)
{
    const struct batched *left = a;
    const struct batched *right = b;

    if (left->sample.slot_ts_ms != right->sample.slot_ts_ms) {
        return left->sample.slot_ts_ms < right->sample.slot_ts_ms ? -1 : 1;
    }
    if (left->sample.meter_no != right->sample.meter_no) {
        return left->sample.meter_no < right->sample.meter_no ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

static void fill_batch(struct writer *writer)
{
    struct sample sample;
    size_t n = writer->n_batch;

    while ((writer->n_batch < writer->cap_batch || grow_batch(writer)) &&
           queue_pop(writer->queue, &sample, 1) == 1) {
        struct batched *batched = &writer->batch[writer->n_batch];

        batched->sample = sample;
        batched->order = (uint32_t)writer->n_batch++;
        batched->late =
            samples_note_slot(writer->store, sample.meter_no, sample.slot_ts_ms);
    }
    if (writer->n_batch > n) {
        qsort(writer->batch, writer->n_batch, sizeof(*writer->batch), by_key);
    }
}

static int insert_batch(struct writer *writer, struct tally *tally)
{
    for (size_t i = 0; i < writer->n_batch; i++) {
        const struct batched *batched = &writer->batch[i];
        int err = samples_insert(writer->store, &batched->sample, batched->late);

        if (err == 0) {
            tally->samples++;
        } else if (err == ERR_EXISTS) {
            tally->duplicates++;
        } else if (err == ERR_RANGE) {
            tally->refused++;
        } else {
            return err;
        }
    }
    return 0;
}

static int run_job(struct store *store, struct write_job *job)
{
    int err = store_savepoint(store);

    if (err != 0) {
        return err;
    }
    job->result = job->run(store, job->ctx);
    if (job->result == 0) {
        job->result = store_release(store);
    }
    if (job->result != 0) {
        store_undo(store);
    }
    return store->err;
}

static int run_jobs(struct writer *writer)
{
    int err = 0;

    for (struct write_job *job = writer->waiting.first; err == 0 && job != NULL;
         job = job->next) {
        err = run_job(writer->store, job);
    }
    return err;
}

/* Everything that waits, in one transaction. */
static int write_all(struct writer *writer, struct tally *tally)
{
    struct store *store = writer->store;
    int err = 0;

    if (writer->broken) {
        err = store_reopen(store);
        writer->broken = err != 0;
    }
    if (err == 0) {
        err = store_begin(store);
    }
    if (err == 0) {
        err = insert_batch(writer, tally);
    }
    if (err == 0) {
        err = run_jobs(writer);
    }
    if (err == 0) {
        err = samples_flush_last(store, loop_wall_ms(writer->loop));
    }
    if (err == 0) {
        err = store_commit(store);
    }
    store_rollback(store);
    return err;
}

static void on_done(void *ctx)
{
    struct write_job *job = ctx;

    job->done(job->ctx, job->result);
}

static void deliver(struct writer *writer)
{
    while (writer->finished.first != NULL) {
        struct write_job *job = writer->finished.first;

        if (job->home == NULL) {
            (void)take(&writer->finished);
            job->done(job->ctx, job->result);
        } else {
            struct write_job *next = job->next; /* its home may free it at once */

            if (loop_post(job->home, on_done, job) != 0) {
                (void)loop_timer_arm(writer->loop, &writer->done_timer,
                                     loop_mono_ms(writer->loop) + RETRY_DONE_MS);
                return;
            }
            writer->finished.first = next;
        }
    }
}

static void on_done_timer(void *ctx)
{
    deliver(ctx);
}

static void finish_jobs(struct writer *writer, int err)
{
    struct write_job *job = NULL;

    while ((job = take(&writer->waiting)) != NULL) {
        if (err != 0) {
            job->result = err;
        }
        append(&writer->finished, job);
    }
    deliver(writer);
}

static void tell(struct writer *writer)
{
    int64_t last_seq = journal_last_seq(writer->store);

    if (last_seq == writer->told_seq) {
        return;
    }
    writer->told_seq = last_seq;
    for (int i = 0; i < writer->n_listeners; i++) {
        writer->listener[i].fn(writer->listener[i].ctx, last_seq);
    }
}

static void count(struct writer *writer, const struct tally *tally)
{
    (void)atomic_fetch_add(&writer->samples, tally->samples);
    (void)atomic_fetch_add(&writer->duplicates, tally->duplicates);
    (void)atomic_fetch_add(&writer->dropped, tally->refused);
    (void)atomic_fetch_add(&writer->commits, 1);
    atomic_store(&writer->last_commit_ms, loop_wall_ms(writer->loop));
}

static void arm_drain(struct writer *writer)
{
    if (writer->drain_timer.heap_index < 0) {
        (void)loop_timer_arm(writer->loop, &writer->drain_timer,
                             loop_mono_ms(writer->loop) + writer->options.commit_every_ms);
    }
}

static void drain(struct writer *writer)
{
    struct tally tally = {0, 0, 0};

    loop_timer_cancel(writer->loop, &writer->drain_timer);
    atomic_store(&writer->woken, false);
    atomic_store(&writer->urgent, false);
    fill_batch(writer);
    if (writer->n_batch == 0 && writer->waiting.first == NULL) {
        if (queue_length(writer->queue) > 0) { /* no memory to take them */
            atomic_store(&writer->last_error, ERR_NOMEM);
            arm_drain(writer);
        }
        return;
    }
    int err = write_all(writer, &tally);

    atomic_store(&writer->last_error, err);
    if (err == 0) {
        count(writer, &tally);
        writer->n_batch = 0;
    } else {
        /* After a failed sync the cache cannot be trusted: never go on with this
         * connection. */
        writer->broken = writer->broken || err == ERR_IO || err == ERR_CORRUPT;
    }
    finish_jobs(writer, err);
    if (err == 0) {
        tell(writer);
    }
    if (writer->n_batch > 0 || queue_length(writer->queue) > 0) {
        arm_drain(writer);
    }
}

static void on_timer(void *ctx)
{
    drain(ctx);
}

static bool is_half_full(const struct writer *writer, size_t n)
{
    return 2 * n >= writer->options.queue_capacity;
}

static void on_wake(void *ctx)
{
    struct writer *writer = ctx;

    if (is_half_full(writer, queue_length(writer->queue)) && writer->n_batch == 0) {
        drain(writer);
    } else {
        arm_drain(writer);
    }
}

/* A lazy job waits for the group commit. For the others a timer that is due at once: jobs
 * that arrive in one round share a commit. */
static void on_job(void *ctx)
{
    struct write_job *job = ctx;
    struct writer *writer = job->writer;

    append(&writer->waiting, job);
    if (job->lazy) {
        arm_drain(writer);
    } else {
        (void)loop_timer_arm(writer->loop, &writer->job_timer, loop_mono_ms(writer->loop));
    }
}

int writer_new(struct loop *loop, struct store *store, const struct writer_options *options,
               struct writer **ret_writer)
{
    struct writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL) {
        return ERR_NOMEM;
    }
    writer->loop = loop;
    writer->store = store;
    writer->options = *options;
    writer->told_seq = journal_last_seq(store);
    loop_timer_init(&writer->drain_timer, on_timer, writer);
    loop_timer_init(&writer->job_timer, on_timer, writer);
    loop_timer_init(&writer->done_timer, on_done_timer, writer);
    int err = queue_new(sizeof(struct sample), options->queue_capacity, &writer->queue);

    if (err != 0) {
        free(writer);
        return err;
    }
    *ret_writer = writer;
    return 0;
}

void writer_free(struct writer *writer)
{
    if (writer == NULL) {
        return;
    }
    do {
        drain(writer);
    } while (atomic_load(&writer->last_error) == 0 && queue_length(writer->queue) > 0);
    loop_timer_cancel(writer->loop, &writer->drain_timer);
    loop_timer_cancel(writer->loop, &writer->job_timer);
    loop_timer_cancel(writer->loop, &writer->done_timer);
    queue_free(writer->queue);
    free(writer->batch);
    free(writer);
}

static void wake(struct writer *writer, atomic_bool *flag)
{
    if (!atomic_load(flag) && !atomic_exchange(flag, true) &&
        loop_post(writer->loop, on_wake, writer) != 0) {
        atomic_store(flag, false); /* the next sample tries again */
    }
}

int writer_push(struct writer *writer, const struct sample *sample)
{
    int n = queue_push(writer->queue, sample);

    if (n < 0) {
        (void)atomic_fetch_add(&writer->dropped, 1);
        return n;
    }
    wake(writer, &writer->woken);
    if (is_half_full(writer, (size_t)n)) {
        wake(writer, &writer->urgent);
    }
    return 0;
}

int writer_submit(struct writer *writer, struct write_job *job)
{
    job->writer = writer;
    return loop_post(writer->loop, on_job, job);
}

int writer_on_commit(struct writer *writer, void (*fn)(void *ctx, int64_t last_seq),
                     void *ctx)
{
    if (writer->n_listeners == LISTENERS_MAX) {
        return ERR_FULL;
    }
    writer->listener[writer->n_listeners++] = (struct listener){fn, ctx};
    return 0;
}

struct writer_counts writer_counts(struct writer *writer)
{
    return (struct writer_counts){.samples = atomic_load(&writer->samples),
                                  .duplicates = atomic_load(&writer->duplicates),
                                  .dropped = atomic_load(&writer->dropped),
                                  .commits = atomic_load(&writer->commits),
                                  .last_commit_ms = atomic_load(&writer->last_commit_ms),
                                  .last_error = atomic_load(&writer->last_error)};
}
