/*
 * A bounded queue of fixed-size items between threads: many producers, one consumer. The
 * only place with a mutex. A full queue is a return value, never a wait.
 */
#ifndef ECMON_CORE_QUEUE_H
#define ECMON_CORE_QUEUE_H

#include <stddef.h>

struct queue;

/* Returns 0 or ERR_NOMEM. */
int queue_new(size_t item_size, size_t capacity, struct queue **ret_queue);
void queue_free(struct queue *queue);
/* Copies one item in. Returns the number of items now waiting (>= 1), or ERR_FULL. */
int queue_push(struct queue *queue, const void *item);
/* Copies up to max items out, oldest first; returns how many (0 when empty). */
size_t queue_pop(struct queue *queue, void *ret_items, size_t max);
size_t queue_length(struct queue *queue);

#endif
