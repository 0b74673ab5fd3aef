/*
 * The writer thread of the store: takes samples from a bounded queue and jobs from
 * anywhere, commits at most once a second (at once when a job waits for it), and tells
 * listeners how far the journal reaches. All of it runs on one loop.
 */
#ifndef ECMON_STORE_WRITER_H
#define ECMON_STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/sample.h>

#include "daemon/core/loop.h"
#include "daemon/store/store.h"

struct writer;

struct writer_options {
    size_t queue_capacity;   /* samples waiting for the disk */
    int64_t commit_every_ms; /* 1000 */
};

/* A write that others ask for. run happens in the writer's thread inside a savepoint;
 * non-zero undoes it. After the commit, done happens on home's thread (or the writer's when
 * home is NULL) with run's result, or the commit's error. The job is the caller's until
 * done is called. */
struct write_job {
    int (*run)(struct store *store, void *ctx);
    void (*done)(void *ctx, int result);
    void *ctx;
    struct loop *home;
    bool lazy; /* may wait for the next group commit instead of committing at once */
    /* private */
    int result;
    struct writer *writer;
    struct write_job *next;
};

struct writer_counts {
    uint64_t samples;    /* stored */
    uint64_t duplicates; /* slot met twice, first row kept */
    uint64_t dropped;    /* queue full or store failed: never stored */
    uint64_t commits;
    int64_t last_commit_ms; /* UTC, 0 = none */
    int last_error; /* enum err of the last failed commit, 0 when the last one stood */
};

/* store stays the caller's; loop is the writer's thread. */
int writer_new(struct loop *loop, struct store *store, const struct writer_options *options,
               struct writer **ret_writer);
/* In the loop's thread, at the end: drains, commits, frees. */
void writer_free(struct writer *writer);

/* Any thread. Returns 0, or ERR_FULL (counted as dropped). */
int writer_push(struct writer *writer, const struct sample *sample);
/* Any thread. Returns 0, or ERR_FULL: then done will not be called. */
int writer_submit(struct writer *writer, struct write_job *job);

/* Before the loops run: fn(ctx, last_seq) is called in the writer's thread after each
 * commit that appended to the journal; it should do no more than loop_post or set an
 * atomic. Up to 4. */
int writer_on_commit(struct writer *writer, void (*fn)(void *ctx, int64_t last_seq),
                     void *ctx);

/* Any thread: a copy. */
struct writer_counts writer_counts(struct writer *writer);

#endif
