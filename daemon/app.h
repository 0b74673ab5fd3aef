/*
 * The daemon as an object: every room opened and wired, no thread started. main.c runs its
 * loops in threads; a virtual run steps them in one.
 */
#ifndef ECMON_APP_H
#define ECMON_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/clock.h>

#include "daemon/core/loop.h"
#include "daemon/store/store.h"

struct app;

struct app_options {
    const char *conf_path;
    const struct clock *clock; /* borrowed until app_close */
    uint32_t seed;             /* of jitter and transaction ids */
};

/* The threads of the daemon, in the order in which a virtual run steps them. */
enum app_loop {
    APP_LOOP_COLLECT,
    APP_LOOP_STORE,
    APP_LOOP_MAIN,
    APP_LOOP_PUBLISH,
    APP_LOOP_COUNT
};

/*
 * Reads and checks every file, opens the store (takes its lock), applies the register,
 * opens lines, sink and control socket. Says on the log what is wrong. Returns 0 or the
 * process's exit code (1, 65, 69, 74, 78).
 */
int app_open(const struct app_options *options, struct app **ret_app);
struct loop *app_loop(const struct app *app, enum app_loop which);

/* In the main loop's thread: reads every file again; an invalid one changes nothing. */
void app_reload(struct app *app);

/*
 * The same way down: stops polling, commits what was read, says goodbye to the broker,
 * closes. Call when no thread runs a loop any more. NULL is fine.
 */
void app_close(struct app *app);

#endif
