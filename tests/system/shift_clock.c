/*
 * Preloaded into a program under test: its wall clock is ECMON_CLOCK_SHIFT_MS ahead;
 * monotonic clocks are as they are.
 */
/* syscall. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE

#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static int64_t shift_ns(void)
{
    const char *text = getenv("ECMON_CLOCK_SHIFT_MS"); /* NOLINT(concurrency-mt-unsafe) */

    return text != NULL ? strtoll(text, NULL, 10) * NS_PER_MS : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int err = (int)syscall(SYS_clock_gettime, clock, ret);

    if (err == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ns = (int64_t)ret->tv_sec * NS_PER_S + ret->tv_nsec + shift_ns();

        ret->tv_sec = (time_t)(ns / NS_PER_S);
        ret->tv_nsec = (long)(ns % NS_PER_S);
    }
    return err;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the header's is
 * reserved */
time_t time(time_t *ret)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}
