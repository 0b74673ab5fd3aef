/*
 * The meters of `ecmon simulate` from files: meters.csv of a register and a scenario.
 * Columns that say nothing about simulating are passed over, so that the register itself
 * will do: id, endpoint, address, profile, pt, ct, multiplier, enterprise    as in
 * meters.csv load_kw (default 50), shape (continuous two_shift day stopped), start_kwh,
 * seed fault (none mute exception delay close wrong_unit …), value, percent
 */
#ifndef ECMON_CLI_SIMULATION_H
#define ECMON_CLI_SIMULATION_H

#include "daemon/conf/profile.h"
#include "drivers/simulator/simulator.h"

struct simulation {
    struct simulated_meter *meter; /* owned */
    char (*enterprise)[ID_LEN];    /* of each meter; owned */
    int n;
    int cap;
};

/* Adds the meters of a file, or changes those it names again. Problems are added. Returns
 * 0, ERR_DATA, ERR_IO, ERR_NOMEM. */
int simulation_read(struct simulation *simulation, const char *path,
                    const struct profiles *profiles, struct problems *problems);
/* Adds n equal meters, per_port behind each port from first_port on. Returns 0, ERR_NOMEM.
 */
int simulation_make(struct simulation *simulation, int n, int first_port, int per_port,
                    const struct profile *profile);
void simulation_done(struct simulation *simulation);

#endif
