/*
 * Room-internal: one line, the meters behind it, and what has been planned to go wrong with
 * them. A TCP listener with its connections, or a pty.
 */
#ifndef ECMON_SIMULATOR_BUS_H
#define ECMON_SIMULATOR_BUS_H

#include "drivers/simulator/connection.h"
#include "drivers/simulator/image.h"
#include "drivers/simulator/pty.h"

struct entry;
struct bus;

struct simulator {
    struct simulator_options options;
    struct entry **entry;
    int n_entries;
    int cap_entries;
    struct bus *bus;
    int n_buses;
    bool is_running;
    int64_t started_mono_ms;
    struct simulator_counts counts;
};

/* Register contents when a fault began, to count from there. */
struct mark {
    bool is_set;
    int64_t at[ENERGY_COUNT];
};

#define MARK_ROLLOVER 0
#define MARK_RESET    1
#define MARK_EXCHANGE 2
#define MARK_COUNT    3

/* A block that did not fit its first frame (后续帧). */
struct block {
    uint32_t id;
    size_t n;
    size_t sent;
    uint8_t bytes[PROFILE_DATA_MAX];
};

struct entry {
    struct simulated_meter meter;
    struct bus *bus;
    struct load_integral integral;
    struct mark mark[MARK_COUNT];
    struct image_value *frozen; /* QUANTITY_COUNT values; NULL: not frozen */
    struct block *block;        /* NULL: none yet */
    struct reply *held;         /* of FAULT_COALESCED; NULL: none */
    size_t split;
};

/* Who a planned fault hits. */
struct plan {
    struct planned_fault planned;
    const struct entry *entry; /* NULL: the whole line */
    bool is_own;               /* simulated_meter.fault */
};

struct bus {
    struct simulator *simulator;
    struct bus *next;
    int no; /* in the order of adding */
    enum simulator_scheme scheme;
    enum framing framing;
    char host[64];
    uint16_t port;
    char path[SIMULATOR_PATH_LEN];
    int64_t byte_us;
    int32_t baud;
    int32_t most_connections;
    uint32_t random_state;

    struct entry **entry;
    int n_entries;
    int cap_entries;
    struct plan *plan;
    int n_plans;
    int cap_plans;

    int fd; /* that listens; -1: none */
    struct pty pty;
    struct connection **connection;
    int n_connections;
    int cap_connections;
    struct loop_timer timer; /* the next thing that happens to the line */
    bool is_plugged;
    bool is_accepting;
};

/* What hits one request. */
#define HITS_MAX 8

struct hits {
    struct fault reply; /* of class REPLY */
    struct fault value[HITS_MAX];
    int n_values;
};

/* bus.c */
struct bus *bus_new(struct simulator *simulator, const struct simulated_meter *meter);
void bus_free(struct bus *bus);
bool bus_is_of(const struct bus *bus, const struct simulated_meter *meter);
/* Returns 0 or -errno. */
int bus_open(struct bus *bus);
void bus_close(struct bus *bus);
/* The faults of the line have changed: does what they say now. */
void bus_refresh(struct bus *bus);
bool bus_has_fault(const struct bus *bus, enum fault_kind kind, int32_t *ret_value);
/* Returns 0 or ERR_NOMEM. */
int bus_plan(struct bus *bus, const struct plan *plan);

/* answer.c: a request of a line. */
void bus_on_request(void *ctx, struct connection *connection, const uint8_t *request,
                    size_t n, int64_t heard_us);

/* hits.c */
struct hits hits_draw(struct bus *bus, const struct entry *entry);
/* The value of a fault of class VALUE; NULL: it does not hit. */
const struct fault *hits_value(const struct hits *hits, enum fault_kind kind);
bool plan_is_active(const struct plan *plan, int64_t now_ms);
int64_t bus_now_ms(const struct bus *bus); /* since simulator_start */

/* values.c */
void entry_values(struct entry *entry, const struct hits *hits,
                  struct image_value ret_values[QUANTITY_COUNT]);

/* answer_dlt645.c. Returns false when there is nothing to say. */
bool answer_dlt645(struct entry *entry, const uint8_t *request, const struct hits *hits,
                   struct reply *reply);
bool dlt645_is_for(const struct entry *entry, const uint8_t *request);
/* A function that reads, of either edition. */
bool dlt645_reads(uint8_t control);

/* distort.c: lies and damage. random_state is the line's. */
void distort(struct reply *reply, const struct fault *fault, uint32_t *random_state);
/* Both on the wire at once: dominant zeros. */
void distort_collide(struct reply *reply, const struct reply *other);

#endif
