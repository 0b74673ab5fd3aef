/*
 * Meters without hardware, on a core loop: Modbus TCP, Modbus RTU and DL/T 645 over TCP and
 * over pseudo-terminals, any number of meters behind each line, at wire speed where a baud
 * rate is given, with faults on request. It frames for itself and knows no driver: an
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
#include "drivers/simulator/fault.h"
#include "drivers/simulator/load.h"

#define SIMULATOR_PATH_LEN    108
#define SIMULATOR_ADDRESS_LEN 6

/* How a line is reached and framed. X(ID, scheme). */
#define SIMULATOR_SCHEME_LIST(X)                                                           \
    X(MODBUS_TCP, "modbus+tcp")                                                            \
    X(MODBUS_RTU_TCP, "modbus+rtu+tcp")                                                    \
    X(MODBUS_RTU, "modbus+rtu")                                                            \
    X(DLT645_TCP, "dlt645+tcp")                                                            \
    X(DLT645, "dlt645")

enum simulator_scheme {
#define SIMULATOR_SCHEME_ENUM(id, name) SIMULATOR_##id,
    SIMULATOR_SCHEME_LIST(SIMULATOR_SCHEME_ENUM)
#undef SIMULATOR_SCHEME_ENUM
    SIMULATOR_SCHEME_COUNT
};

struct simulated_meter {
    char id[ID_LEN];

    /* The line. Meters of the same host and port, or of the same path, share it; baud,
     * character_bits and connections are those of its first meter. */
    enum simulator_scheme scheme;
    char host[64];                 /* of TCP: a literal address */
    uint16_t port;                 /* 0: chosen by the system, see simulator_port */
    char path[SIMULATOR_PATH_LEN]; /* serial: the link to the pty, made at the start */
    int32_t baud;                  /* bytes come and go at this speed; 0: at once */
    int32_t character_bits;        /* on the wire, 10 or 11; 0: 10, of DL/T 645 11 */
    int32_t connections; /* TCP: at the same time, further ones are closed; 0: any */

    uint8_t unit;                           /* Modbus */
    uint8_t address[SIMULATOR_ADDRESS_LEN]; /* DL/T 645: A0..A5 as sent, low digits first */
    char serial[ID_LEN]; /* 表号, up to 12 digits; DL/T 645 shows it; "" = the address */
    const struct profile *profile; /* borrowed until simulator_free */
    int32_t answer_after_ms;       /* Td: from the end of the request to the reply */
    uint8_t preamble;              /* DL/T 645: FE in front of replies, 0..4 */
    uint8_t frame_bytes; /* DL/T 645: most bytes of data in a frame; the rest comes in
                            follow-up frames. 0: 200 */

    struct ratio pt; /* of a secondary-side profile */
    struct ratio ct;
    struct load load;       /* primary side */
    int64_t start_register; /* register units at base_ts_ms */
    int64_t base_ts_ms;
    struct fault fault; /* for good, besides those planned */
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
    uint64_t writes;  /* requests that do not read: Modbus functions but 3 and 4, DL/T 645
                         but 11, 12, 13, of 1997 but 01, 02. Must stay 0 */
    uint64_t connections;
    uint64_t unheard; /* requests to a unit that nobody has on a bus: silence */
    uint64_t noise;   /* bytes that were no frame */
};

struct simulator;

int simulator_new(const struct simulator_options *options,
                  struct simulator **ret_simulator);
void simulator_free(struct simulator *simulator);

/*
 * "modbus+rtu:///run/x/ttyS0?baud=9600&parity=N&stop=1", "dlt645+tcp://127.0.0.1:8899" and
 * the like into scheme, host, port, path, baud and character_bits of a meter. A host name
 * is kept as it is. Defaults: port 502 of modbus+tcp; 9600 8N1, of DL/T 645 2400 8E1.
 * Returns 0 or ERR_SYNTAX; the meter is untouched then.
 */
int simulator_read_endpoint(const char *endpoint, struct simulated_meter *meter);
/* "201000000012" -> 12 00 00 00 10 20: 1 to 12 digits. Returns 0 or ERR_SYNTAX. */
int simulator_read_address(const char *text, uint8_t ret_address[SIMULATOR_ADDRESS_LEN]);
/* The meter's endpoint as text, without serial settings; the rest of the path may be cut.
 */
void simulator_endpoint(const struct simulated_meter *meter, char *ret_text, size_t size);

/* Before simulator_start. Returns the meter's index, or enum err: ERR_EXISTS when the unit
 * is taken, ERR_CONFIG when the line has another scheme or the profile another protocol. */
int simulator_add(struct simulator *simulator, const struct simulated_meter *meter);
/* A further fault of a meter, or of every meter on its line. Returns 0 or ERR_NOMEM. */
int simulator_plan_fault(struct simulator *simulator, int index, bool whole_line,
                         const struct planned_fault *planned);
/* Listens, makes ptys. A path that is there already is refused, but for a dangling link. On
 * failure why is a sentence that names the line. Returns 0 or -errno. */
int simulator_start(struct simulator *simulator, char *why, size_t why_size);
/* The port a meter listens on, after simulator_start. */
uint16_t simulator_port(const struct simulator *simulator, int index);
/* The number of a meter's line, from 0 on: meters of equal number share a line. */
int simulator_line(const struct simulator *simulator, int index);

/* While it runs: another fault instead of the meter's own. */
void simulator_set_fault(struct simulator *simulator, int index, struct fault fault);
struct simulator_counts simulator_counts(const struct simulator *simulator);

#endif
