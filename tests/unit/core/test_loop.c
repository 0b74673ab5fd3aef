#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/clock.h"
#include "daemon/core/loop.h"
#include "daemon/core/queue.h"
#include "daemon/core/virtual_run.h"
#include "tests/support/test.h"

#define START_MS INT64_C(1795104000000)

struct recorder {
    struct loop *loop;
    struct loop_timer timer;
    int64_t fired_mono_ms[8];
    int n;
    int64_t again_ms;
};

static void on_timer(void *ctx)
{
    struct recorder *recorder = ctx;

    recorder->fired_mono_ms[recorder->n++] = loop_mono_ms(recorder->loop);
    if (recorder->again_ms > 0 && recorder->n < 3) {
        assert_int_equal(loop_timer_arm(recorder->loop, &recorder->timer,
                                        loop_mono_ms(recorder->loop) + recorder->again_ms),
                         0);
    }
}

static void virtual_time_moves_to_each_timer_exactly(void **state)
{
    (void)state;
    struct virtual_run run;
    struct loop *loop = NULL;
    struct recorder recorder = {.again_ms = 250};

    virtual_run_init(&run, START_MS);
    assert_int_equal(loop_new(&run.clock.clock, 8, &loop), 0);
    assert_int_equal(virtual_run_add(&run, loop), 0);
    recorder.loop = loop;
    loop_timer_init(&recorder.timer, on_timer, &recorder);
    assert_int_equal(loop_timer_arm(loop, &recorder.timer, 100), 0);

    virtual_run_until(&run, START_MS + 10000);

    assert_int_equal(recorder.n, 3);
    assert_int_equal(recorder.fired_mono_ms[0], 100);
    assert_int_equal(recorder.fired_mono_ms[1], 350);
    assert_int_equal(recorder.fired_mono_ms[2], 600);
    assert_int_equal(run.clock.wall_ms, START_MS + 10000);
    loop_free(loop);
}

static void timers_fire_in_order_of_their_due_time_and_cancelled_ones_do_not(void **state)
{
    (void)state;
    struct virtual_run run;
    struct loop *loop = NULL;
    struct recorder recorder[50];

    virtual_run_init(&run, START_MS);
    assert_int_equal(loop_new(&run.clock.clock, 8, &loop), 0);
    assert_int_equal(virtual_run_add(&run, loop), 0);
    memset(recorder, 0, sizeof(recorder));
    for (int i = 0; i < 50; i++) {
        recorder[i].loop = loop;
        loop_timer_init(&recorder[i].timer, on_timer, &recorder[i]);
        assert_int_equal(loop_timer_arm(loop, &recorder[i].timer, (i * 37) % 50 + 1), 0);
    }
    for (int i = 0; i < 50; i += 3) {
        loop_timer_cancel(loop, &recorder[i].timer);
    }
    assert_int_equal(loop_timer_arm(loop, &recorder[1].timer, 500), 0); /* moved */

    virtual_run_until(&run, START_MS + 100);

    for (int i = 0; i < 50; i++) {
        bool expected = i % 3 != 0 && i != 1;

        assert_int_equal(recorder[i].n, expected ? 1 : 0);
        if (expected) {
            assert_int_equal(recorder[i].fired_mono_ms[0], (i * 37) % 50 + 1);
        }
    }
    loop_free(loop);
}

static void on_pipe(void *ctx, int fd, uint32_t events)
{
    int *reads = ctx;
    char byte = 0;

    assert_true((events & LOOP_READ) != 0);
    assert_int_equal(read(fd, &byte, 1), 1);
    (*reads)++;
}

static void a_removed_descriptor_is_not_called_again(void **state)
{
    (void)state;
    struct loop *loop = NULL;
    int fd[2];
    int reads = 0;

    assert_int_equal(loop_new(clock_real(), 8, &loop), 0);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(loop_fd_add(loop, fd[0], LOOP_READ, on_pipe, &reads), 0);
    assert_int_equal(write(fd[1], "ab", 2), 2);

    assert_true(loop_step(loop));
    loop_fd_remove(loop, fd[0]);
    (void)loop_step(loop);

    assert_int_equal(reads, 1);
    (void)close(fd[0]);
    (void)close(fd[1]);
    loop_free(loop);
}

struct posted {
    struct loop *loop;
    int n;
};

static void on_post(void *ctx)
{
    struct posted *posted = ctx;

    posted->n++;
    if (posted->n == 1000) {
        loop_stop(posted->loop);
    }
}

static void *post_thousand(void *ctx)
{
    struct posted *posted = ctx;

    for (int i = 0; i < 1000; i++) {
        while (loop_post(posted->loop, on_post, posted) == ERR_FULL) {
            const struct timespec pause = {.tv_nsec = 100000};

            (void)nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

static void posts_of_another_thread_all_run_in_the_loop(void **state)
{
    (void)state;
    struct posted posted = {0};
    pthread_t thread;

    assert_int_equal(loop_new(clock_real(), 16, &posted.loop), 0);
    assert_int_equal(pthread_create(&thread, NULL, post_thousand, &posted), 0);

    assert_int_equal(loop_run(posted.loop), 0);

    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(posted.n, 1000);
    loop_free(posted.loop);
}

static void a_full_queue_is_a_return_value_and_order_is_kept(void **state)
{
    (void)state;
    struct queue *queue = NULL;
    int out[8];

    assert_int_equal(queue_new(sizeof(int), 3, &queue), 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(queue_push(queue, &i), i);
    }
    assert_int_equal(queue_push(queue, &out[0]), ERR_FULL);
    assert_int_equal(queue_pop(queue, out, 2), 2);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 2);
    for (int i = 4; i <= 5; i++) {
        assert_true(queue_push(queue, &i) > 0);
    }
    assert_int_equal(queue_pop(queue, out, 8), 3);
    assert_int_equal(out[0], 3);
    assert_int_equal(out[2], 5);
    assert_int_equal(queue_pop(queue, out, 8), 0);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(virtual_time_moves_to_each_timer_exactly),
        cmocka_unit_test(timers_fire_in_order_of_their_due_time_and_cancelled_ones_do_not),
        cmocka_unit_test(a_removed_descriptor_is_not_called_again),
        cmocka_unit_test(posts_of_another_thread_all_run_in_the_loop),
        cmocka_unit_test(a_full_queue_is_a_return_value_and_order_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
