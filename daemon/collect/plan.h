/* What polling will cost, for `ecmon plan`: nothing is sent. */
#ifndef ECMON_COLLECT_PLAN_H
#define ECMON_COLLECT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/driver.h>
#include <ecmon/meter.h>
#include <ecmon/profile.h>

#include "daemon/collect/collect.h"
#include "daemon/conf/setup.h"

/*
 * Times are estimates. Ethernet: PLAN_ROUND_TRIP_MS per request [P]. A serial line: its own
 * characters by its baud rate, parity and stop bits, and the silence before each frame; the
 * meter's turn comes on top. Behind a TCP endpoint a serial line at 9600 Bd, 8N1, is
 * assumed: 1.04 ms per character of an RTU frame (8 asked, 5 + 2 per register answered) and
 * 3.5 characters of silence before each frame; 40 registers: 104 ms. All plus the line's
 * gap.
 */
#define PLAN_ROUND_TRIP_MS 20

struct collect_plan_request {
    struct request request;
    int bytes_sent; /* on the wire, whole frames */
    int bytes_received;
    int points;          /* values that this read brings */
    int64_t ethernet_ms; /* 0 on a serial line */
    int64_t serial_ms;   /* at the line's own baud rate, else as above */
};

/*
 * The requests of one meter when everything is due. Returns their number, ERR_RANGE (cap is
 * too small, or the profile does not fit the line), ERR_UNAVAILABLE (no driver).
 */
int collect_plan_meter(const struct meter *meter, const struct profile *profile,
                       const struct collect_timing *timing,
                       struct collect_plan_request *ret_requests, int cap);

/* One endpoint. A round is every meter once with everything due. */
struct collect_plan_line {
    char endpoint[ENDPOINT_LEN];
    int32_t baud; /* 0: TCP */
    int meters;
    int requests; /* per round */
    int64_t round_ethernet_ms;
    int64_t round_serial_ms;
    int64_t interval_ms; /* shortest of its meters */
    int64_t ethernet_bp; /* time asked for ÷ time there is; above 10000: over-subscribed */
    int64_t serial_bp;
};

/* All lines of a set of meters, by endpoint; *ret_lines is the caller's to free. Meters
 * that cannot be planned count as 0 requests. Returns 0 or ERR_NOMEM. */
int collect_plan_lines(const struct meter *meters, int n,
                       const struct profile *const *profile_of_meter,
                       const struct collect_timing *timing,
                       struct collect_plan_line **ret_lines, int *ret_n_lines);

/* Has the line more to ask than there is time for? *ret_text: the arithmetic, "32 meters,
 * 64 requests a round take 45.2 s at 2400 Bd …, and are due within 30 s: 151 %". */
#define PLAN_TEXT_LEN 320
bool collect_plan_is_over(const struct collect_plan_line *line,
                          char ret_text[PLAN_TEXT_LEN]);
/* For setup_check: a warning for every line that is over-subscribed. */
void collect_plan_check(const struct setup *setup, int64_t now_ms,
                        struct problems *problems);

#endif
