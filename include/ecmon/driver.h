/*
 * The driver seam. A driver is sans-I/O and stateless: it turns a profile into few
 * requests, a request into bytes, bytes into a verdict, and an accepted reply into values.
 * It owns no descriptor, no clock, no schedule; the engine (daemon/collect) has all of
 * these.
 */
#ifndef ECMON_DRIVER_H
#define ECMON_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/profile.h>
#include <ecmon/sample.h>

#define DRIVER_FRAME_MAX  512 /* most bytes a driver ever wants to see at once */

#define METER_ADDRESS_LEN 6 /* bytes of a DL/T 645 address */

/* One read of one meter. */
struct request {
    uint8_t unit;     /* Modbus unit id */
    uint8_t function; /* Modbus: 3 or 4. DL/T 645: 0x11, 0x12, 0x13; of 1997: 0x01 */
    uint16_t address; /* Modbus: first register, 0-based */
    uint16_t count; /* Modbus: registers. DL/T 645: bytes of data that the points need; the
                       reply's own length rules */
    uint16_t transaction_id; /* Modbus TCP; set by the engine before encode */

    /* DL/T 645 only */
    uint8_t
        meter_address[METER_ADDRESS_LEN]; /* A0..A5 as sent; AA stands for any two digits */
    uint8_t sequence; /* follow-up frame, 1.. (帧序号); set by driver->follow */
    uint8_t edition;  /* enum profile_protocol */
    uint32_t data_id; /* DI3 DI2 DI1 DI0; of 1997 DI1 DI0 (数据标识) */
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

    /* DL/T 645 only */
    uint8_t meter_address[METER_ADDRESS_LEN];
    uint32_t refused_n; /* data identifiers that this meter has refused */
    const uint32_t *refused;
};

enum feed_verdict {
    FEED_NEED_MORE, /* nothing wrong yet, the frame is not whole */
    FEED_REPLY,     /* consumed bytes are the reply to this request */
    FEED_EXCEPTION, /* consumed bytes are the meter's exception; code in ret->exception
                       (DL/T 645: the error byte) */
    FEED_FOREIGN /* consumed bytes are not ours: discard, count `reason`, go on listening */
};

struct feed_result {
    enum feed_verdict verdict;
    size_t consumed;        /* bytes to drop from the front of the buffer */
    const uint8_t *payload; /* REPLY: register bytes (DL/T 645: data bytes as on the wire,
                               +33H), inside the caller's buffer */
    size_t payload_n;
    bool more; /* REPLY of DL/T 645: follow-up frames hold the rest, driver->follow */
    uint8_t
        meter_address[METER_ADDRESS_LEN]; /* REPLY and EXCEPTION of DL/T 645: who spoke */
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

    /* The point's value lies whole inside what the request asks for. */
    bool (*holds)(const struct profile_point *point, const struct request *request);

    /* Bytes on the wire of the reply that the request expects. */
    size_t (*reply_bytes)(const struct request *request);

    /*
     * The request for the frame that follows a reply with `more`. The payloads of all
     * frames in their order, at most PROFILE_DATA_MAX bytes, are decoded as one, with the
     * first request; without the last frame there is no value. Returns 0, or ERR_RANGE when
     * there can be no further frame. NULL: the protocol has none.
     */
    int (*follow)(const struct request *request, struct request *ret_next);
};

#endif
