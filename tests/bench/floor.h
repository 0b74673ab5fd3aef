/* The parts of bench_floor: the least store and the least publisher for the job. */
#ifndef ECMON_TESTS_BENCH_FLOOR_H
#define ECMON_TESTS_BENCH_FLOOR_H

#include <stdint.h>

#include "tests/bench/bench.h"

/* What the 20 floats are stored and published as. */
struct floor_row {
    int64_t slot;
    int meter; /* < 2^20 */
    int64_t value[BENCH_VALUES];
};

struct floor_store;

/* One wide table keyed slot << 20 | meter, WAL, synchronous FULL. Returns NULL on failure.
 */
struct floor_store *floor_store_open(const char *path);
/* Begins a transaction where none is open. Returns 0 or -1. */
int floor_store_insert(struct floor_store *store, const struct floor_row *row);
/* Ends the open transaction, if any. */
int floor_store_commit(struct floor_store *store);
void floor_store_close(struct floor_store *store);

struct floor_publisher;

/* MQTT 5 on loopback, QoS 1, no persistence. Returns NULL when the broker cannot be
 * reached. */
struct floor_publisher *floor_publisher_open(int port);
/* Adds the row to the batch under way; sends it when it is full. Waits where too many
 * batches are in flight. Returns 0 or -1. */
int floor_publisher_add(struct floor_publisher *publisher, const struct floor_row *row);
/* Sends what the batch holds. */
int floor_publisher_flush(struct floor_publisher *publisher);
/* Waits for the acknowledgements (5 s at most). */
void floor_publisher_drain(struct floor_publisher *publisher);
int64_t floor_publisher_sent(const struct floor_publisher *publisher);
int64_t floor_publisher_acknowledged(struct floor_publisher *publisher);
void floor_publisher_close(struct floor_publisher *publisher);

#endif
