#include "daemon/core/queue.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

struct queue {
    pthread_mutex_t mutex;
    size_t item_size;
    size_t capacity;
    size_t head; /* oldest item */
    size_t n;
    unsigned char *item;
};

int queue_new(size_t item_size, size_t capacity, struct queue **ret_queue)
{
    if (item_size == 0 || capacity == 0 || capacity > INT_MAX) {
        return ERR_RANGE;
    }
    struct queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL) {
        return ERR_NOMEM;
    }
    queue->item = calloc(capacity, item_size);
    if (queue->item == NULL || pthread_mutex_init(&queue->mutex, NULL) != 0) {
        free(queue->item);
        free(queue);
        return ERR_NOMEM;
    }
    queue->item_size = item_size;
    queue->capacity = capacity;
    *ret_queue = queue;
    return 0;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&queue->mutex);
    free(queue->item);
    free(queue);
}

int queue_push(struct queue *queue, const void *item)
{
    int waiting = ERR_FULL;

    (void)pthread_mutex_lock(&queue->mutex);
    if (queue->n < queue->capacity) {
        size_t tail = (queue->head + queue->n) % queue->capacity;

        memcpy(queue->item + tail * queue->item_size, item, queue->item_size);
        queue->n++;
        waiting = (int)queue->n;
    }
    (void)pthread_mutex_unlock(&queue->mutex);
    return waiting;
}

size_t queue_pop(struct queue *queue, void *ret_items, size_t max)
{
    unsigned char *out = ret_items;

    (void)pthread_mutex_lock(&queue->mutex);
    size_t n = queue->n < max ? queue->n : max;
    size_t until_wrap = queue->capacity - queue->head;
    size_t first = n < until_wrap ? n : until_wrap;

    memcpy(out, queue->item + queue->head * queue->item_size, first * queue->item_size);
    memcpy(out + first * queue->item_size, queue->item, (n - first) * queue->item_size);
    queue->n -= n;
    /* Empty: from the start again, so that only what was ever needed is touched. */
    queue->head = queue->n == 0 ? 0 : (queue->head + n) % queue->capacity;
    (void)pthread_mutex_unlock(&queue->mutex);
    return n;
}

size_t queue_length(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    size_t n = queue->n;

    (void)pthread_mutex_unlock(&queue->mutex);
    return n;
}
