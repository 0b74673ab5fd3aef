/*
 * The Modbus driver: from a profile to reads, from reads to bytes, from bytes to values.
 * Sans-I/O and stateless, without libmodbus: that one accepts late and foreign replies.
 * Knows the reading functions 03 and 04 only.
 */
#ifndef ECMON_DRIVERS_MODBUS_MODBUS_H
#define ECMON_DRIVERS_MODBUS_MODBUS_H

#include <ecmon/driver.h>

/* Modbus over TCP (scheme "modbus+tcp"), by "MODBUS Messaging on TCP/IP Implementation
 * Guide" V1.0b: a header of 7 bytes before the PDU. Borrowed, valid for ever. */
const struct driver *modbus_tcp_driver(void);

/*
 * Modbus RTU on a serial line (scheme "modbus+rtu") and through a transparent serial server
 * (scheme "modbus+rtu+tcp"), by "MODBUS over Serial Line" V1.02: unit, PDU, CRC-16. The two
 * differ in the scheme only. See rtu.h for what RTU cannot tell apart. Borrowed, valid for
 * ever.
 */
const struct driver *modbus_rtu_driver(void);
const struct driver *modbus_rtu_tcp_driver(void);

#endif
