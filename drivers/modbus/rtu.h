/*
 * Modbus RTU framing: unit, PDU, CRC-16, low byte first. Source: "MODBUS over Serial Line
 * Specification and Implementation Guide" V1.02, §2.5.1.
 *
 * RTU replies carry no id. The late reply to an earlier request for the same unit, function
 * and number of registers looks exactly like the reply to this one, whatever was its first
 * register: nothing here can tell. The engine keeps them apart in time: after a timeout it
 * does not ask that unit again before the line's late_window has passed, drains the input
 * and sees the line silent before each request.
 */
#ifndef ECMON_DRIVERS_MODBUS_RTU_H
#define ECMON_DRIVERS_MODBUS_RTU_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

#define RTU_REQUEST_LEN 8
#define RTU_FRAME_MAX   256 /* bytes of a frame */
#define RTU_UNIT_MAX    247

/* Polynomial 0xA001 (reflected), start 0xFFFF; sent low byte first. */
uint16_t modbus_crc16(const uint8_t *bytes, size_t n);

/* struct driver's encode: 8 bytes, or ERR_RANGE when they do not fit, the read is not valid
 * or the unit is outside 1..247. */
int modbus_rtu_encode(const struct request *request, uint8_t *ret_bytes, size_t cap);

/*
 * struct driver's feed; looks at DRIVER_FRAME_MAX bytes at most. Never fatal.
 *
 * - An echo of the request in front of the reply is skipped and consumed with it.
 * - A whole answer (unit, function, byte count and CRC fit) wins wherever it begins; bytes
 *   before it are consumed as FOREIGN first.
 * - A sound frame that is not the answer is consumed exactly: SLOT_BAD_UNIT when it is of
 *   another unit, else SLOT_BAD_FRAME.
 * - A frame whose CRC is wrong is SLOT_BAD_CRC, consumed exactly, or up to the place in it
 *   where our reply may begin (bytes were lost).
 * - Bytes that begin no frame are SLOT_BAD_FRAME, consumed up to the place where our reply
 *   may begin.
 */
void modbus_rtu_feed(const struct request *request, const uint8_t *bytes, size_t n,
                     struct feed_result *ret);

/* struct driver's reply_bytes. */
size_t modbus_rtu_reply_bytes(const struct request *request);

#endif
