/* A quarter-hour of a meter, exact: what its registers prove. */
#ifndef ECMON_INTERVAL_H
#define ECMON_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/quantity.h>
#include <ecmon/ratio.h>

/* Quality of an interval, and (with IMPORTED) of a day. X(ID, name). The numbers are
 * stored. */
#define QUALITY_LIST(X)                                                                    \
    X(MEASURED, "measured") /* 实测: both boundary registers were read */                \
    X(INTERPOLATED,                                                                        \
      "interpolated") /* 插值: a boundary lies within ±15 min of two readings */        \
    X(ESTIMATED, "estimated") /* 估算: known energy of a gap, spread */                  \
    X(MISSING, "missing")     /* 缺失: no register proves anything */                    \
    X(SUSPECT, "suspect")     /* 存疑: read but not plausible; enters no sum */          \
    X(IMPORTED, "imported")   /* 导入 */

enum quality {
#define QUALITY_ENUM(id, name) QUALITY_##id,
    QUALITY_LIST(QUALITY_ENUM)
#undef QUALITY_ENUM
    QUALITY_COUNT
};

/*
 * A quarter-hour. Boundary registers are those of energy_import_wh, in register units,
 * known when read in the boundary's own slot (ts_ms: its arrival) or interpolated within 15
 * minutes (ts_ms: the boundary). Where no step goes back, energy = k·end - k·start, each
 * rounded to Wh.
 */
struct interval {
    uint32_t meter_no;
    uint32_t enterprise_no;
    int64_t start_ts_ms;          /* aligned to 15 min */
    uint32_t present;             /* bit e (0..ENERGY_COUNT-1) set: energy[e] is known */
    int64_t energy[ENERGY_COUNT]; /* primary side, Wh and varh, order of enum quantity */
    bool has_max_power;
    int64_t max_power_w; /* greatest power_w read in the interval */
    bool has_start;
    int64_t start_register;
    int64_t start_register_ts_ms;
    bool has_end;
    int64_t end_register;
    int64_t end_register_ts_ms;
    uint32_t
        held; /* bit e: register e was read at the end one digit below what was counted */
    enum quality quality;
    int32_t revision; /* 0 first */
};

/* What the store knows of a meter's counters at one slot. */
struct register_reading {
    int64_t slot_ts_ms;
    int64_t ts_ms;             /* arrival */
    uint32_t present;          /* bit e (0..ENERGY_COUNT-1) set: reg[e] came */
    int64_t reg[ENERGY_COUNT]; /* register units, as the meter shows them */
    bool has_power;
    int64_t power_w; /* primary side */
};

/* What turns a meter's registers into energy while one version of the meter is in force. */
struct register_version {
    int64_t since_ms;
    int64_t until_ms; /* exclusive; TS_MS_OPEN = open */
    uint32_t enterprise_no;
    struct ratio
        register_wh; /* primary-side Wh (varh) per register unit: digit × PT × CT */
    int64_t register_range; /* register units at which it rolls over; 0 = unknown */
    int64_t rated_w;        /* 0 = unknown */
    int32_t loss_bp;        /* raises import energy */
    bool exchanged;         /* other registers than those of the version before (换表) */
    int64_t initial;        /* energy_import_wh at since_ms; -1 = unknown */
    int64_t previous_final; /* of the version before at since_ms; -1 = unknown */
};

/* Defined in daemon/core/words.c. */
const char *quality_name(enum quality quality);

#endif
