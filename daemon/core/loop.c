#include "daemon/core/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/queue.h"

#define EVENTS_PER_ROUND 256
#define POSTS_PER_ROUND  64

struct watcher {
    loop_fd_fn fn; /* NULL: nobody watches this descriptor */
    void *ctx;
    uint32_t
        generation; /* tells a descriptor's watcher from one that had its number before */
};

struct post {
    loop_post_fn fn;
    void *ctx;
};

struct loop {
    const struct clock *clock;
    int64_t wall_ms;
    int64_t mono_ms;
    int epoll_fd;
    int wake_fd;
    struct watcher *watcher; /* indexed by descriptor */
    int n_watchers;
    struct loop_timer **heap; /* min-heap by due_mono_ms */
    int n_heap;
    int cap_heap;
    struct queue *inbox;
    atomic_bool stop;
    atomic_ullong rounds;
};

/* --- time --- */

void loop_update_time(struct loop *loop)
{
    loop->wall_ms = clock_wall_ms(loop->clock);
    loop->mono_ms = clock_mono_ms(loop->clock);
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->wall_ms;
}

int64_t loop_mono_ms(const struct loop *loop)
{
    return loop->mono_ms;
}

uint64_t loop_rounds(const struct loop *loop)
{
    return atomic_load_explicit(&loop->rounds, memory_order_relaxed);
}

/* --- timers: a binary heap --- */

static void heap_set(struct loop *loop, int index, struct loop_timer *timer)
{
    loop->heap[index] = timer;
    timer->heap_index = index;
}

static void heap_up(struct loop *loop, int index)
{
    struct loop_timer *timer = loop->heap[index];

    while (index > 0) {
        int parent = (index - 1) / 2;

        if (loop->heap[parent]->due_mono_ms <= timer->due_mono_ms) {
            break;
        }
        heap_set(loop, index, loop->heap[parent]);
        index = parent;
    }
    heap_set(loop, index, timer);
}

static void heap_down(struct loop *loop, int index)
{
    struct loop_timer *timer = loop->heap[index];

    for (;;) {
        int child = 2 * index + 1;

        if (child >= loop->n_heap) {
            break;
        }
        if (child + 1 < loop->n_heap &&
            loop->heap[child + 1]->due_mono_ms < loop->heap[child]->due_mono_ms) {
            child++;
        }
        if (timer->due_mono_ms <= loop->heap[child]->due_mono_ms) {
            break;
        }
        heap_set(loop, index, loop->heap[child]);
        index = child;
    }
    heap_set(loop, index, timer);
}

void loop_timer_init(struct loop_timer *timer, loop_timer_fn fn, void *ctx)
{
    timer->due_mono_ms = 0;
    timer->fn = fn;
    timer->ctx = ctx;
    timer->heap_index = -1;
}

int loop_timer_arm(struct loop *loop, struct loop_timer *timer, int64_t due_mono_ms)
{
    int64_t before_mono_ms = timer->due_mono_ms;

    timer->due_mono_ms = due_mono_ms;
    if (timer->heap_index >= 0) {
        if (due_mono_ms < before_mono_ms) {
            heap_up(loop, timer->heap_index);
        } else {
            heap_down(loop, timer->heap_index);
        }
        return 0;
    }
    if (loop->n_heap == loop->cap_heap) {
        int cap = loop->cap_heap * 2 + 16;
        struct loop_timer **heap =
            realloc(loop->heap, (size_t)cap * sizeof(struct loop_timer *));

        if (heap == NULL) {
            return ERR_NOMEM;
        }
        loop->heap = heap;
        loop->cap_heap = cap;
    }
    heap_set(loop, loop->n_heap, timer);
    loop->n_heap++;
    heap_up(loop, timer->heap_index);
    return 0;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    int index = timer->heap_index;

    if (index < 0) {
        return;
    }
    timer->heap_index = -1;
    loop->n_heap--;
    struct loop_timer *last = loop->heap[loop->n_heap];

    if (last == timer) {
        return;
    }
    heap_set(loop, index, last);
    heap_up(loop, index);
    heap_down(loop, last->heap_index);
}

int64_t loop_next_due_ms(const struct loop *loop)
{
    return loop->n_heap > 0 ? loop->heap[0]->due_mono_ms : INT64_MAX;
}

/* A timer armed for now by a handler waits for the next round: descriptors get their turn.
 */
static bool run_timers(struct loop *loop)
{
    int64_t now_mono_ms = loop->mono_ms;
    int most = loop->n_heap;
    bool any = false;

    while (most > 0 && loop->n_heap > 0 && loop->heap[0]->due_mono_ms <= now_mono_ms) {
        struct loop_timer *timer = loop->heap[0];

        loop_timer_cancel(loop, timer);
        timer->fn(timer->ctx);
        any = true;
        most--;
    }
    return any;
}

/* --- descriptors --- */

static uint32_t to_epoll(uint32_t events)
{
    return ((events & LOOP_READ) != 0 ? EPOLLIN | EPOLLRDHUP : 0u) |
           ((events & LOOP_WRITE) != 0 ? EPOLLOUT : 0u);
}

static uint32_t from_epoll(uint32_t events)
{
    return ((events & (EPOLLIN | EPOLLRDHUP)) != 0 ? LOOP_READ : 0u) |
           ((events & EPOLLOUT) != 0 ? LOOP_WRITE : 0u) |
           ((events & (EPOLLERR | EPOLLHUP)) != 0 ? LOOP_ERROR : 0u);
}

static int grow_watchers(struct loop *loop, int fd)
{
    if (fd < loop->n_watchers) {
        return 0;
    }
    int n = fd + 64;
    struct watcher *watcher = realloc(loop->watcher, (size_t)n * sizeof(*watcher));

    if (watcher == NULL) {
        return ERR_NOMEM;
    }
    memset(watcher + loop->n_watchers, 0,
           (size_t)(n - loop->n_watchers) * sizeof(*watcher));
    loop->watcher = watcher;
    loop->n_watchers = n;
    return 0;
}

static int control(const struct loop *loop, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = to_epoll(events)};

    event.data.u64 = ((uint64_t)loop->watcher[fd].generation << 32) | (uint32_t)fd;
    return epoll_ctl(loop->epoll_fd, operation, fd, &event) == 0 ? 0 : -errno;
}

int loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *ctx)
{
    int err = fd < 0 ? -EBADF : grow_watchers(loop, fd);

    if (err != 0) {
        return err;
    }
    struct watcher *watcher = &loop->watcher[fd];

    watcher->generation++;
    err = control(loop, EPOLL_CTL_ADD, fd, events);
    if (err != 0) {
        return err;
    }
    watcher->fn = fn;
    watcher->ctx = ctx;
    return 0;
}

int loop_fd_modify(struct loop *loop, int fd, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, fd, events);
}

void loop_fd_remove(struct loop *loop, int fd)
{
    if (fd < 0 || fd >= loop->n_watchers || loop->watcher[fd].fn == NULL) {
        return;
    }
    loop->watcher[fd].fn = NULL;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static bool run_events(struct loop *loop, const struct epoll_event *event, int n)
{
    bool any = false;

    for (int i = 0; i < n; i++) {
        int fd = (int)(event[i].data.u64 & UINT32_MAX);
        uint32_t generation = (uint32_t)(event[i].data.u64 >> 32);
        const struct watcher *watcher = &loop->watcher[fd];

        /* A handler before this one may have removed it, and its number may be in use
         * again. */
        if (watcher->fn != NULL && watcher->generation == generation) {
            watcher->fn(watcher->ctx, fd, from_epoll(event[i].events));
            any = true;
        }
    }
    return any;
}

/* --- inbox --- */

static void wake(const struct loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof(one));

    (void)written; /* a full eventfd wakes just as well */
}

static void on_wake(void *ctx, int fd, uint32_t events)
{
    uint64_t count = 0;
    ssize_t got = read(fd, &count, sizeof(count));

    (void)got;
    (void)ctx;
    (void)events;
}

int loop_post(struct loop *loop, loop_post_fn fn, void *ctx)
{
    struct post post = {fn, ctx};
    int waiting = queue_push(loop->inbox, &post);

    if (waiting < 0) {
        return waiting;
    }
    if (waiting == 1) {
        wake(loop);
    }
    return 0;
}

static bool run_posts(struct loop *loop)
{
    struct post post[POSTS_PER_ROUND];
    size_t n = queue_pop(loop->inbox, post, POSTS_PER_ROUND);

    for (size_t i = 0; i < n; i++) {
        post[i].fn(post[i].ctx);
    }
    if (n == POSTS_PER_ROUND) {
        wake(loop); /* more may wait, and its first push is long past */
    }
    return n > 0;
}

/* --- the loop --- */

int loop_new(const struct clock *clock, int inbox_cap, struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return ERR_NOMEM;
    }
    loop->clock = clock;
    loop->wake_fd = -1;
    atomic_init(&loop->stop, false);
    atomic_init(&loop->rounds, 0);
    loop_update_time(loop);
    int err = queue_new(sizeof(struct post), (size_t)inbox_cap, &loop->inbox);

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (err == 0 && loop->epoll_fd < 0) {
        err = -errno;
    }
    if (err == 0) {
        loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        err = loop->wake_fd < 0 ? -errno : 0;
    }
    if (err == 0) {
        err = loop_fd_add(loop, loop->wake_fd, LOOP_READ, on_wake, loop);
    }
    if (err != 0) {
        loop_free(loop);
        return err;
    }
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    if (loop->wake_fd >= 0) {
        (void)close(loop->wake_fd);
    }
    if (loop->epoll_fd >= 0) {
        (void)close(loop->epoll_fd);
    }
    queue_free(loop->inbox);
    free(loop->watcher);
    free((void *)loop->heap);
    free(loop);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stop, true);
    wake(loop);
}

/* One round; waits at most timeout_ms (-1: for ever). Returns work done, or -errno. */
static int round_once(struct loop *loop, int timeout_ms)
{
    struct epoll_event event[EVENTS_PER_ROUND];
    int n = epoll_wait(loop->epoll_fd, event, EVENTS_PER_ROUND, timeout_ms);

    if (n < 0 && errno != EINTR) {
        return -errno;
    }
    loop_update_time(loop);
    bool any = run_events(loop, event, n);

    any = run_posts(loop) || any;
    any = run_timers(loop) || any;
    atomic_fetch_add_explicit(&loop->rounds, 1, memory_order_relaxed);
    return any ? 1 : 0;
}

static int wait_ms(const struct loop *loop)
{
    int64_t due_mono_ms = loop_next_due_ms(loop);

    if (due_mono_ms == INT64_MAX) {
        return -1;
    }
    int64_t left_ms = due_mono_ms - clock_mono_ms(loop->clock);

    if (left_ms <= 0) {
        return 0;
    }
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

int loop_run(struct loop *loop)
{
    int result = 0;

    while (result >= 0 && !atomic_load(&loop->stop)) {
        result = round_once(loop, wait_ms(loop));
    }
    atomic_store(&loop->stop, false);
    return result < 0 ? result : 0;
}

bool loop_step(struct loop *loop)
{
    return round_once(loop, 0) > 0;
}
