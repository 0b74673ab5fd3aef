/*
 * The collection engine (采集): reads every meter in every slot and hands out exactly one
 * outcome per meter and slot. One loop, no thread per line, nothing waits. A struct collect
 * belongs to its loop's thread; every function here is called there (before the loop runs,
 * or from its handlers and posts), never from deliver, schedule or done.
 */
#ifndef ECMON_COLLECT_COLLECT_H
#define ECMON_COLLECT_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/driver.h>
#include <ecmon/meter.h>
#include <ecmon/profile.h>
#include <ecmon/sample.h>

#include "daemon/conf/conf.h"
#include "daemon/core/loop.h"

struct collect;

/* How lines are driven: the defaults, and what differs for single endpoints. */
struct collect_timing {
    int64_t timeout_ms;     /* last byte asked to first byte answered; the whole frame has
                               as much again */
    int32_t retries;        /* further tries after a timeout, inside the slot */
    int64_t backoff_max_ms; /* longest pause between two probes of a dead meter */
    int64_t timeout_dlt645_ms; /* the same for DL/T 645; 0 = timeout_ms */
    int64_t late_window_ms; /* how long after its deadline a late reply may come: the unit
                               is not asked before (RTU framing) */
    int64_t gap_ms;         /* silence between two requests on one line; 0 = none */
    const struct conf_line *line; /* copied; -1 in a field = the default */
    int n_lines;
};

struct collect_options {
    struct loop *loop;                   /* borrowed until collect_free */
    const struct driver *const *drivers; /* borrowed until collect_free */
    int n_drivers;                       /* 0: all there are */
    struct collect_timing timing;
    uint64_t seed;       /* of jitter and first transaction ids; same seed, same run */
    bool live_only;      /* no schedule: meters are read by collect_read alone */
    int32_t interval_ms; /* 0; tests and benchmarks: every meter's interval instead of the
                            register's, may be below a second, divides 15 min */
    /* One outcome. The sample is borrowed until the call returns. */
    void (*deliver)(void *ctx, const struct sample *sample);
    /* From from_ms (UTC, inclusive) on, meter_no is due in every slot of interval_s; 0 = no
     * more. Told before the first sample of such a slot. May be NULL. */
    void (*schedule)(void *ctx, uint32_t meter_no, int64_t from_ms, int32_t interval_s);
    void *ctx; /* of both */
};

/* What the configuration says; its lines are borrowed. */
struct collect_timing collect_timing_of(const struct conf *conf);

/* Returns 0, ERR_NOMEM. Nothing is polled until collect_set_meters. */
int collect_new(const struct collect_options *options, struct collect **ret_collect);
/* Closes every line. Slots that have begun and are not finished get no outcome. */
void collect_free(struct collect *collect);

/*
 * The meters to poll from now on: versions in force, one per meter_no, those without an
 * endpoint (imported readings) are left out. profile_of_meter[i] belongs to meters[i];
 * everything is copied. What did not change goes on undisturbed; a changed meter goes on
 * with its next slot. A meter whose endpoint no driver serves, or whose profile cannot be
 * planned, is `disabled` in the status and not scheduled.
 *
 * At the first call meters begin with the running slot when it is at most a minute old,
 * later with the next one.
 *
 * Returns 0, or ERR_NOMEM: then the meters before stay.
 */
int collect_set_meters(struct collect *collect, const struct meter *meters, int n,
                       const struct profile *const *profile_of_meter);

/* New times for all lines, in force from their next request on. Returns 0 or ERR_NOMEM. */
int collect_set_timing(struct collect *collect, const struct collect_timing *timing);

/* Bytes on the wire of a live reading. */
struct collect_frame {
    bool sent; /* by us; else received and accepted, or rejected as foreign */
    bool foreign;
    uint16_t n;
    uint8_t bytes[DRIVER_FRAME_MAX];
};

/* The sample has slot_ts_ms 0; ts_ms is its arrival. All borrowed until the call returns.
 */
typedef void (*collect_read_fn)(void *ctx, const struct sample *sample,
                                const struct collect_frame *frames, int n_frames);

/*
 * One live reading of everything the profile has, fitted between polls, whatever the
 * meter's back-off. done is called exactly once, later, also when the meter or the engine
 * goes (status disabled). Returns 0, ERR_NOT_FOUND, ERR_UNAVAILABLE (a disabled meter),
 * ERR_NOMEM.
 */
int collect_read(struct collect *collect, uint32_t meter_no, collect_read_fn done,
                 void *ctx);

enum collect_state {
    COLLECT_UNKNOWN, /* meter: no slot finished yet */
    COLLECT_UP,      /* meter: the last reading came; line: usable */
    COLLECT_DOWN,
    COLLECT_CONNECTING, /* line only */
    COLLECT_DISABLED    /* meter only */
};

struct collect_line_status {
    char endpoint[ENDPOINT_LEN];
    enum collect_state state;
    int meters;
    int meters_ok;       /* up */
    int32_t busy_bp;     /* of the last full minute, waiting for a meter; 830 = 8.30 % */
    uint64_t requests;   /* since the line exists */
    uint64_t ok;         /* answered by values */
    uint64_t exceptions; /* answered by an exception */
    uint64_t late;       /* replies to requests given up before */
    uint64_t bad_frame;  /* foreign bytes, by reason */
    uint64_t bad_unit;
    uint64_t bad_crc;
    uint64_t connects;
    bool is_noisy;               /* bytes that nobody asked for, without end */
    enum slot_status last_error; /* SLOT_OK = none yet */
    char last_error_meter[ID_LEN];
};

struct collect_meter_status {
    uint32_t meter_no;
    char id[ID_LEN];
    char endpoint[ENDPOINT_LEN];
    enum collect_state state;
    enum slot_status reason; /* of the last failed slot when down; SLOT_OK when up */
    int64_t last_ok_ms;      /* UTC; 0 = never in this run */
    int64_t backoff_ms;      /* pause before the next probe; 0 = polled every slot */
    uint32_t scheduled_24h;  /* slots finished in the last 23-24 h */
    uint32_t ok_24h;         /* of these ok or partial */
    int n_holes;             /* register ranges or identifiers found unreadable */
};

struct collect_status {
    struct collect_line_status *line; /* by endpoint */
    int n_lines;
    struct collect_meter_status *meter; /* by meter_no */
    int n_meters;
};

/* Copies. Returns 0 or ERR_NOMEM; the caller ends it with collect_status_done. */
int collect_status(struct collect *collect, struct collect_status *ret_status);
void collect_status_done(struct collect_status *status);

/* "unknown" "up" "down" "connecting" "disabled" */
const char *collect_state_name(enum collect_state state);

#endif
