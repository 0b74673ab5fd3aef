/*
 * Meters without hardware: a Modbus TCP server on a core loop that answers for any number
 * of meters, with faults on request. It frames for itself and knows no driver: an
 * independent second opinion. Used by `ecmon simulate`, the quickstart, virtual runs and
 * tests.
 */
#ifndef ECMON_SIMULATOR_H
#define ECMON_SIMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/profile.h>
#include <ecmon/time.h>

#include "daemon/core/loop.h"
#include "drivers/simulator/load.h"

/* What a meter does instead of answering rightly. X(ID, name). */
#define FAULT_LIST(X)                                                                      \
    X(NONE, "none")                                                                        \
    X(MUTE, "mute")           /* takes the request, never answers */                       \
    X(EXCEPTION, "exception") /* value: code */                                            \
    X(DELAY, "delay")         /* value: ms at most, uniform from 0 */                      \
    X(CLOSE, "close")         /* closes the connection instead of answering */             \
    X(WRONG_UNIT, "wrong_unit")                                                            \
    X(WRONG_ID, "wrong_id") /* another transaction id */                                   \
    X(WRONG_LENGTH, "wrong_length")                                                        \
    X(TRUNCATE, "truncate") /* half the reply, then silence */                             \
    X(DRIBBLE, "dribble")   /* value: ms between two bytes */                              \
    X(GARBAGE, "garbage")                                                                  \
    X(NO_VALUE, "no_value") /* NaN and missing codes */                                    \
    X(TWICE, "twice")       /* the reply, and once more */

enum fault_kind {
#define FAULT_ENUM(id, name) FAULT_##id,
    FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
    FAULT_COUNT
};

struct fault {
    enum fault_kind kind;
    int32_t value;
    int32_t percent; /* of requests that are hit: 1..100 */
};

/* Returns FAULT_COUNT when no fault has that name. */
enum fault_kind fault_from_name(const char *name);

struct simulated_meter {
    char id[ID_LEN];
    char host[64];
    uint16_t port; /* 0: chosen by the system, see simulator_port */
    uint8_t unit;
    const struct profile *profile; /* borrowed until simulator_free */
    struct ratio pt;               /* of a secondary-side profile */
    struct ratio ct;
    struct load load;       /* primary side */
    int64_t start_register; /* register units at base_ts_ms */
    int64_t base_ts_ms;
    struct fault fault;
};

/* Another source of values than the load: canonical units, energies in register units, on
 * the meter's side. false: the meter shows nothing. */
typedef bool (*simulator_value_fn)(void *ctx, const struct simulated_meter *meter,
                                   enum quantity quantity, int64_t wall_ms,
                                   int64_t *ret_value);

struct simulator_options {
    struct loop *loop;
    struct zone zone;
    uint32_t seed;            /* of faults that are drawn */
    simulator_value_fn value; /* NULL: the load */
    void *value_ctx;
};

struct simulator_counts {
    uint64_t requests;
    uint64_t replies; /* right ones, no fault in them */
    uint64_t faults;  /* requests a fault hit */
    uint64_t refused; /* exceptions: unknown unit or registers, or as a fault */
    uint64_t writes;  /* requests with another function than 3 and 4: must stay 0 */
    uint64_t connections;
};

struct simulator;

int simulator_new(const struct simulator_options *options,
                  struct simulator **ret_simulator);
void simulator_free(struct simulator *simulator);

/* Before simulator_start. Returns the meter's index, or enum err (ERR_EXISTS: the unit is
 * taken). */
int simulator_add(struct simulator *simulator, const struct simulated_meter *meter);
/* Listens. On failure why is a sentence with host and port. Returns 0 or -errno. */
int simulator_start(struct simulator *simulator, char *why, size_t why_size);
/* The port a meter listens on, after simulator_start. */
uint16_t simulator_port(const struct simulator *simulator, int index);

/* While it runs: another fault. */
void simulator_set_fault(struct simulator *simulator, int index, struct fault fault);
struct simulator_counts simulator_counts(const struct simulator *simulator);

#endif
