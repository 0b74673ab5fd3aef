/*
 * Commissioning (安装验收) of meters: what one reading of each says about its wiring, ratio
 * and register. Pure; the sheet is written by sheet.h.
 */
#ifndef ECMON_CLI_COMMISSION_H
#define ECMON_CLI_COMMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/profile.h>
#include <ecmon/sample.h>

/* X(ID, word). What the values look like; none is a proof. */
#define COMMISSION_HINT_LIST(X)                                                            \
    /* a phase takes power while others give it: current transformer turned (反接) */    \
    X(REVERSED_CT, "reversed_ct")                                                          \
    /* all phases negative at a meter of supply: direction turned, or power is exported */ \
    X(DIRECTION, "direction")                                                              \
    /* far less power than voltage times current: voltages and currents of different       \
     * phases (相序) */                                                                  \
    X(PHASE_ORDER, "phase_order")                                                          \
    /* a phase below half of the highest voltage */                                        \
    X(VOLTAGE_MISSING, "voltage_missing")

enum commission_hint {
#define COMMISSION_ENUM(id, word) COMMISSION_##id,
    COMMISSION_HINT_LIST(COMMISSION_ENUM)
#undef COMMISSION_ENUM
    COMMISSION_HINT_COUNT
};

enum commission_result {
    COMMISSION_OK,
    COMMISSION_CHECK, /* read, and somebody should look at a hint */
    COMMISSION_FAIL
};

struct commission {
    const struct meter *meter;
    const struct profile *profile;
    bool was_read;        /* false: nobody could even ask */
    struct sample sample; /* register units and primary values, as collect delivers */
    int64_t latency_ms;   /* of the whole reading */
    bool has_face;
    int64_t face_wh; /* what the meter shows, secondary side */

    /* by commission_judge */
    bool has_energy;
    int64_t register_wh; /* secondary side, as the meter shows it */
    int64_t primary_wh;
    int64_t difference_wh; /* register - face */
    struct ratio ratio;    /* PT × CT */
    uint32_t hints;        /* bit commission_hint */
    uint32_t phases;       /* bit 0 = A: those that a hint is about */
    enum commission_result result;
    char reason[32]; /* of a failure: a slot status, no_energy, face_differs, not_read */
};

/*
 * Fails a meter without energy, and one whose register is further from its face than 1 kWh,
 * one count of the register, or an hour of its present power, whichever is most [P].
 */
void commission_judge(struct commission *commission);

const char *commission_hint_name(enum commission_hint hint);
/* "ok" "check" "fail" */
const char *commission_result_name(enum commission_result result);

#endif
