/*
 * DL/T 645 frames: 68 A0..A5 68 C L DATA CS 16, every byte of DATA + 33H. Source: meters.md
 * §3.1 and its captured frames (§3.4).
 */
#ifndef ECMON_DRIVERS_DLT645_FRAME_H
#define ECMON_DRIVERS_DLT645_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

#define FRAME_HEAD_LEN        10  /* up to L */
#define FRAME_TAIL_LEN        2   /* CS and 16 */
#define FRAME_DATA_MAX        200 /* L of a reading frame */
#define FRAME_PREAMBLE        0xFE
#define FRAME_PREAMBLE_LEN    4 /* sent; any number is taken */
#define FRAME_OFFSET          0x33
#define FRAME_WILDCARD        0xAA

#define CONTROL_FROM_METER    0x80
#define CONTROL_ERROR         0x40
#define CONTROL_MORE          0x20

#define FUNCTION_READ         0x11
#define FUNCTION_READ_MORE    0x12
#define FUNCTION_READ_ADDRESS 0x13
#define FUNCTION_READ_1997    0x01

struct frame {
    uint8_t address[METER_ADDRESS_LEN];
    uint8_t control;
    uint8_t data_n;
    const uint8_t *data; /* as on the wire, +33H; borrowed */
};

enum frame_kind {
    FRAME_NOTHING, /* no frame begins here */
    FRAME_PART,    /* perhaps: it is not whole yet */
    FRAME_BAD,     /* it would be one, but CS or the end is wrong */
    FRAME_WHOLE
};

/* What begins at bytes[0], n >= 1. ret_frame and ret_n (its length) are set for FRAME_BAD
 * and FRAME_WHOLE. */
enum frame_kind frame_read(const uint8_t *bytes, size_t n, struct frame *ret_frame,
                           size_t *ret_n);

/* Without preamble. Returns the length, or ERR_RANGE when it does not fit. */
int frame_write(const struct frame *frame, uint8_t *ret_bytes, size_t cap);

/* Bytes of a data identifier: 4, of 1997 2. */
size_t frame_id_len(uint8_t edition);
/* The identifier of a frame's data, at least frame_id_len bytes. */
uint32_t frame_id(const uint8_t *data, uint8_t edition);

/* struct driver's encode: preamble and request. ERR_RANGE too for a function that the
 * edition does not have, a broadcast or an address that is not BCD (or AA). */
int dlt645_encode(const struct request *request, uint8_t *ret_bytes, size_t cap);

/* struct driver's reply_bytes; a preamble of 4 is counted. */
size_t dlt645_reply_bytes(const struct request *request);

/*
 * struct driver's feed; looks at DRIVER_FRAME_MAX bytes at most. Never fatal.
 *
 * - FE in front is skipped; so is one echo of the request. Both are consumed with the
 * reply.
 * - The answer: CS right, address, function and data identifier (of a follow-up frame its
 *   number, too) those of the request. AA in the request stands for any two digits. A whole
 *   answer wins wherever it begins; what stands before it is consumed as FOREIGN first.
 * - A sound frame that is not the answer is consumed exactly: SLOT_BAD_UNIT when it is of
 *   another meter, else SLOT_BAD_FRAME (a late reply, another identifier, another number of
 *   a follow-up frame, no data).
 * - A frame whose CS or end is wrong is SLOT_BAD_CRC, consumed exactly, or up to the place
 *   in it where a frame may begin. Bytes that begin no frame are SLOT_BAD_FRAME.
 *
 * An error reply (D1) names no data identifier: one that comes late cannot be told from
 * that to the present request. The engine asks again before it believes a refusal for good.
 */
void dlt645_feed(const struct request *request, const uint8_t *bytes, size_t n,
                 struct feed_result *ret);

/* struct driver's follow. ERR_RANGE for 1997, whose follow-up frames carry no number. */
int dlt645_follow(const struct request *request, struct request *ret_next);

#endif
