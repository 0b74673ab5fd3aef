/*
 * The meters of `ecmon simulate` from files: meters.csv of a register and a scenario.
 * Columns that say nothing about simulating are passed over, so that the register itself
 * will do.
 *
 * - as in meters.csv: id, endpoint, address, profile, pt, ct, multiplier, enterprise,
 *   serial
 * - load: load_kw (default 50), shape (continuous two_shift day stopped), start_kwh, seed,
 *   change_day, change_percent
 * - line: baud (0: not at wire speed; default: the endpoint's), connections (TCP: most at
 *   the same time), answer_ms (Td, from request to reply; DL/T 645 20, else 0), preamble
 *   (DL/T 645: FE in front of replies, 0 to 4, default 4), frame_bytes (DL/T 645: most
 * bytes of data in a frame, 200)
 * - faults: fault (a name of drivers/simulator/fault.h), value (what it means stands there;
 *   decimal or 0x…), percent (of requests, default 100), from and until (after the start,
 *   such as 90s; default: always). Each row with a fault adds one, `none` takes all of a
 *   meter away; a row without id and with an endpoint is for the whole line.
 */
#ifndef ECMON_CLI_SIMULATION_H
#define ECMON_CLI_SIMULATION_H

#include "daemon/conf/profile.h"
#include "drivers/simulator/simulator.h"

struct simulated_fault {
    int meter;                    /* index; -1: of a line */
    struct simulated_meter place; /* of a line: only what names it */
    struct planned_fault planned;
};

struct simulation {
    struct simulated_meter *meter;  /* owned */
    char (*enterprise)[ID_LEN];     /* of each meter; owned */
    char (*endpoint)[ENDPOINT_LEN]; /* of each meter, as given; owned */
    int n;
    int cap;
    struct simulated_fault *fault; /* owned */
    int n_faults;
    int cap_faults;
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

/*
 * Where a place of the register is served. An address that is not of this machine's
 * loopback net becomes one: 10.1.2.3:502 is 127.1.2.3:10502; host names are 127.0.0.1. A
 * serial line is made at its own path, or in pty_folder ("" = no folder) under the last
 * part of it. Returns 0, or ERR_RANGE when the path is too long.
 */
int simulation_move(struct simulated_meter *meter, bool any_address,
                    const char *pty_folder);

#endif
