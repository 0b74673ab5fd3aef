/*
 * Room-internal: the three framings, written for themselves. Modbus TCP: MBAP and PDU;
 * Modbus RTU: unit, PDU, CRC; DL/T 645: FE…, 68 A0..A5 68 C L DATA CS 16, DATA + 33H.
 * Sources: Modbus application protocol V1.1b3, Modbus over serial line V1.02, meters.md
 * §3.1.
 */
#ifndef ECMON_SIMULATOR_FRAME_H
#define ECMON_SIMULATOR_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/simulator/simulator.h"

#define REQUEST_MAX       260
#define REPLY_MAX         768 /* twice the longest frame, and garbage */

#define DLT645_HEAD_LEN   10  /* up to L */
#define DLT645_DATA_MAX   200 /* L of a reply */
#define DLT645_OFFSET     0x33
#define DLT645_ERROR      0x40
#define DLT645_MORE       0x20
#define DLT645_FROM_METER 0x80

enum framing {
    FRAMING_TCP,
    FRAMING_RTU,
    FRAMING_DLT645
};

enum framing framing_of(enum simulator_scheme scheme);
bool scheme_is_serial(enum simulator_scheme scheme);

#define FRAME_PART   0    /* not whole yet */
#define FRAME_BROKEN (-1) /* TCP: the stream is not Modbus */
#define FRAME_NOISE  (-2) /* drop one byte */

/* What stands in front, n >= 1: the length of a whole request, or one of the above. */
int frame_measure(enum framing framing, const uint8_t *bytes, size_t n);

/* A reply that is not sealed yet, so that faults can lie in its fields. */
struct reply {
    enum framing framing;
    size_t preamble; /* DL/T 645: FE in front */
    size_t n;
    uint8_t bytes[REPLY_MAX];
};

/* The fields of a Modbus frame without its envelope: unit, function, body. */
const uint8_t *frame_pdu(enum framing framing, const uint8_t *frame);
/* Where the PDU of a request ends: the CRC does not count. */
size_t frame_pdu_len(enum framing framing, size_t n);

/* Both seal it. */
void reply_modbus(struct reply *reply, const uint8_t *request, uint8_t function,
                  const uint8_t *body, size_t n);
void reply_dlt645(struct reply *reply, const uint8_t address[SIMULATOR_ADDRESS_LEN],
                  uint8_t control, const uint8_t *data, size_t n);
/* Writes the check sum (CRC, CS) over the bytes as they are. */
void reply_seal(struct reply *reply);

uint16_t frame_crc(const uint8_t *bytes, size_t n);

#endif
