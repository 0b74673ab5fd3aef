/*
 * The one loop type: descriptors (epoll), timers (on an injected clock) and an inbox that
 * other threads may post to. In production a thread runs one loop for ever; in a virtual
 * run one thread steps all of them. Everything but loop_post and loop_stop belongs to the
 * loop's thread.
 */
#ifndef ECMON_CORE_LOOP_H
#define ECMON_CORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/clock.h>

struct loop;
struct loop_timer;

/* What a descriptor waits for and got. */
#define LOOP_READ  1u
#define LOOP_WRITE 2u
#define LOOP_ERROR 4u /* hang-up or error; never asked for, may come */

typedef void (*loop_fd_fn)(void *ctx, int fd, uint32_t events);
typedef void (*loop_timer_fn)(void *ctx);
typedef void (*loop_post_fn)(void *ctx);

/* clock is borrowed until loop_free. inbox_cap: most posted calls waiting at once.
 * Returns 0, ERR_NOMEM or -errno. */
int loop_new(const struct clock *clock, int inbox_cap, struct loop **ret_loop);
void loop_free(struct loop *loop);

/* Time of the last wake-up: read once, shared by all handlers of the round. */
int64_t loop_wall_ms(const struct loop *loop);
int64_t loop_mono_ms(const struct loop *loop);
/* Reads the clock anew (after work that took long). */
void loop_update_time(struct loop *loop);

/* Descriptors: one watcher per fd, level-triggered. Returns 0, ERR_NOMEM or -errno. */
int loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *ctx);
int loop_fd_modify(struct loop *loop, int fd, uint32_t events);
void loop_fd_remove(struct loop *loop, int fd);

/* Timers are embedded in their owner: loop_timer_init once, then arm and cancel at will.
 * A one-shot; the handler may arm it again. due_mono_ms is on the loop's monotonic clock.
 */
struct loop_timer {
    int64_t due_mono_ms;
    loop_timer_fn fn;
    void *ctx;
    int32_t heap_index; /* -1 when not armed; private */
};

void loop_timer_init(struct loop_timer *timer, loop_timer_fn fn, void *ctx);
/* Returns 0 or ERR_NOMEM. Re-arming moves it. */
int loop_timer_arm(struct loop *loop, struct loop_timer *timer, int64_t due_mono_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* From any thread: fn(ctx) runs in the loop's thread. Returns 0 or ERR_FULL, never waits.
 */
int loop_post(struct loop *loop, loop_post_fn fn, void *ctx);
/* From any thread or a signal handler: loop_run returns after the current round. */
void loop_stop(struct loop *loop);

/* Runs until loop_stop. Returns 0 or -errno of epoll. */
int loop_run(struct loop *loop);

/* Virtual run: does what is ready now without waiting; true when anything was done. */
bool loop_step(struct loop *loop);
/* The earliest armed timer, monotonic ms; INT64_MAX when none. */
int64_t loop_next_due_ms(const struct loop *loop);

/* Rounds so far: the watchdog's proof that the loop makes progress. Readable by any thread.
 */
uint64_t loop_rounds(const struct loop *loop);

#endif
