/*
 * The writer over a store with everything that it writes: readings, quarter-hours, rates, a
 * sink's cursor. What each round must have left behind is known.
 */
#ifndef ECMON_TESTS_STORE_WORKLOAD_H
#define ECMON_TESTS_STORE_WORKLOAD_H

#include "daemon/core/clock.h"
#include "daemon/core/loop.h"
#include "daemon/store/writer.h"
#include "tests/support/disk.h"
#include "tests/unit/store/fixture.h"

#define WORKLOAD_METERS     24
#define WORKLOAD_ROUNDS_MAX 256

/* What the writer said when a round was committed. */
struct workload_ack {
    size_t n_operations; /* of the disk */
    int64_t last_seq;
    int64_t cursor_seq;
};

struct workload_job;

struct workload {
    struct disk *disk;
    struct fixture fixture;
    struct virtual_clock clock;
    struct loop *loop;
    struct writer *writer; /* NULL: could not be opened */
    int n_rounds;          /* begun */
    int n_acked;           /* rounds of which readings and results are committed */
    int64_t told_seq;
    uint64_t n_pushed; /* into this writer */
    struct workload_job *job;
    struct workload_ack ack[WORKLOAD_ROUNDS_MAX];
};

/* A folder on a disk that is recorded; nothing is opened. */
void workload_init(struct workload *workload);
void workload_done(struct workload *workload);

/* Returns 0 or enum err. */
int workload_open(struct workload *workload);
/* Writes what waits and ends. A round that was not acknowledged is begun again by the next
 * writer. */
void workload_close(struct workload *workload);

/* Readings of every meter and the results of one round, and a second passes. */
void workload_round(struct workload *workload);
/* Seconds pass until all rounds are acknowledged; fails the test after 10. */
void workload_catch_up(struct workload *workload);

/* Fails the test unless the store at path opens, is whole, holds the first n rounds, and of
 * the others all or nothing. what is printed then. */
void workload_check(const struct workload *workload, const char *path, int n,
                    const char *what);

#endif
