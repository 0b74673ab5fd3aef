/*
 * A whole daemon under a virtual clock: the app with all its rooms, simulated meters over
 * real Modbus TCP on loopback, a real store in a folder of its own. One thread, no waiting.
 */
#ifndef ECMON_TESTS_VIRTUAL_SITE_H
#define ECMON_TESTS_VIRTUAL_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/app.h"
#include "daemon/conf/profile.h"
#include "daemon/core/virtual_run.h"
#include "drivers/simulator/simulator.h"

struct virtual_site {
    char folder[64];
    char conf_path[96];
    char store_path[96];
    struct zone zone;
    struct virtual_run run;
    struct loop *meter_loop;
    struct simulator *simulator;
    struct profiles profiles;
    struct app *app;
};

/* Makes the folder and the clock; files are written by the caller. */
void virtual_site_init(struct virtual_site *site, int64_t wall_ms);
/* Writes a file of the site. */
void virtual_site_write(const struct virtual_site *site, const char *name,
                        const char *text);
/* Reads the profiles in force: config/profiles and the site's own. */
void virtual_site_profiles(struct virtual_site *site);
/* The simulated meters: before they are added. value NULL: their loads. */
void virtual_site_simulator(struct virtual_site *site, simulator_value_fn value,
                            void *value_ctx);
/* Opens the daemon on the site's files as they are now, or closes it. */
void virtual_site_start(struct virtual_site *site);
void virtual_site_stop(struct virtual_site *site);
/* Runs until the wall clock shows ts_ms. */
void virtual_site_run(struct virtual_site *site, int64_t ts_ms);
/* Removes the folder. */
void virtual_site_done(struct virtual_site *site);

/* SHA-256 over all rows of an SQL question, in order, as text. */
void virtual_site_hash(const struct virtual_site *site, const char *sql, char ret_hex[65]);
/* The one integer that an SQL question answers. */
int64_t virtual_site_number(const struct virtual_site *site, const char *sql);
/* The n integers that an SQL question answers, in order; it must answer exactly n. */
void virtual_site_numbers(const struct virtual_site *site, const char *sql,
                          int64_t *ret_numbers, int n);

#endif
