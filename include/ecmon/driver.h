/*
 * The driver seam. A driver is sans-I/O and stateless: it turns a profile into few
 * requests, a request into bytes, bytes into a verdict, and an accepted reply into values.
 * It owns no descriptor, no clock, no schedule; the engine (daemon/collect) has all of
 * these.
 */
#ifndef ECMON_DRIVER_H
#define ECMON_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/profile.h>
#include <ecmon/sample.h>

#define DRIVER_FRAME_MAX 512 /* most bytes a driver ever wants to see at once */

/* One read of one meter. */
struct request {
    uint8_t unit;            /* Modbus unit id */
    uint8_t function;        /* 3 or 4 */
    uint16_t address;        /* first register, 0-based */
    uint16_t count;          /* registers */
    uint16_t transaction_id; /* Modbus TCP; set by the engine before encode */
};

/* What the engine learns about line and meter before planning. */
struct plan_options {
    uint8_t unit;
    uint16_t max_registers; /* the line's limit; 0 = the profile's */
    uint32_t groups;        /* bit g set: quantities of enum quantity_group g are wanted */
    uint32_t holes_n;       /* registers found unreadable by bisection */
    const struct profile_span *holes;
    uint32_t gap_registers; /* read over gaps up to this many registers instead of asking
                               twice */
};

enum feed_verdict {
    FEED_NEED_MORE, /* nothing wrong yet, the frame is not whole */
    FEED_REPLY,     /* consumed bytes are the reply to this request */
    FEED_EXCEPTION, /* consumed bytes are the meter's exception; code in ret->exception */
    FEED_FOREIGN /* consumed bytes are not ours: discard, count `reason`, go on listening */
};

struct feed_result {
    enum feed_verdict verdict;
    size_t consumed;        /* bytes to drop from the front of the buffer */
    const uint8_t *payload; /* REPLY: register bytes, inside the caller's buffer */
    size_t payload_n;
    uint8_t exception;
    enum slot_status reason; /* FOREIGN: SLOT_BAD_FRAME, SLOT_BAD_UNIT, SLOT_BAD_CRC */
    int fatal; /* FOREIGN and the stream cannot be trusted any more: reconnect */
};

struct driver {
    const char *scheme; /* of the endpoint, "modbus+tcp" */

    /* Few requests that cover the wanted points. Writes at most `cap`; returns their
     * number, or ERR_RANGE when more are needed or one value does not fit a read. */
    int (*plan)(const struct profile *profile, const struct plan_options *options,
                struct request *ret_requests, int cap);

    /* Bytes of one request. Returns their number (<= cap), or ERR_RANGE. */
    int (*encode)(const struct request *request, uint8_t *ret_bytes, size_t cap);

    /* Judges the bytes received so far for one outstanding request. Never reads beyond n.
     */
    void (*feed)(const struct request *request, const uint8_t *bytes, size_t n,
                 struct feed_result *ret);

    /*
     * Puts the values that lie whole inside an accepted reply into the sample: sets present
     * bits and values; energies in register units, others in canonical units on the meter's
     * side (the engine applies PT and CT). Returns the number of points of `groups` inside
     * the reply that had no value (missing code, NaN, out of range).
     */
    int (*decode)(const struct profile *profile, const struct request *request,
                  const uint8_t *payload, size_t n, uint32_t groups, struct sample *sample);
};

#endif
