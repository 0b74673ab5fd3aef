/*
 * A simulator and one client in one thread under a virtual clock: what is said is answered
 * at once, and time passes only when the test says so.
 */
#ifndef ECMON_TESTS_SIMULATOR_RIG_H
#define ECMON_TESTS_SIMULATOR_RIG_H

#include "daemon/core/clock.h"
#include "drivers/simulator/simulator.h"

#define RIG_T0    INT64_C(1795219200000) /* 2026-11-21T08:00:00+08:00, a Saturday */
#define RIG_HEARD 4096

struct rig {
    struct virtual_clock clock;
    struct loop *loop;
    struct simulator *simulator;
    char folder[64];
    int pty_wait_ms; /* of the real clock: the kernel carries a pty's bytes when it likes */
    int fd;          /* the client's; -1: none */
    bool is_closed;
    size_t n; /* heard since rig_forget */
    uint8_t heard[RIG_HEARD];
    int64_t heard_ms[RIG_HEARD]; /* when each byte came, from the start on */
};

void rig_init(struct rig *rig, simulator_value_fn value, void *value_ctx);
/* A meter on a line of this scheme that answers at once; to be changed before it is added.
 */
struct simulated_meter rig_meter(const struct rig *rig, enum simulator_scheme scheme,
                                 const struct profile *profile);
int rig_add(struct rig *rig, const struct simulated_meter *meter);
void rig_start(struct rig *rig);
void rig_done(struct rig *rig);

/* A client of the first meter's line. */
void rig_dial(struct rig *rig);
void rig_hang_up(struct rig *rig);
void rig_say(struct rig *rig, const uint8_t *bytes, size_t n);
/* Lets time pass, ms by ms, and hears. */
void rig_pass(struct rig *rig, int64_t ms);
void rig_forget(struct rig *rig);
/* Forgets, asks, lets ms pass. */
void rig_ask(struct rig *rig, const uint8_t *bytes, size_t n, int64_t ms);
void rig_expect(const struct rig *rig, const uint8_t *bytes, size_t n);

/* "68 12 00" -> bytes. Returns their number. */
size_t rig_bytes(const char *hex, uint8_t *ret_bytes);
void rig_ask_hex(struct rig *rig, const char *hex);
void rig_expect_hex(const struct rig *rig, const char *hex);

#endif
