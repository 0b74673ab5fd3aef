/*
 * The protocol data unit of a Modbus read, without framing: shared by every framing (TCP
 * header, RTU address and CRC). Source: "MODBUS Application Protocol Specification" V1.1b3,
 * §6.3, 6.4, 7.
 */
#ifndef ECMON_DRIVERS_MODBUS_PDU_H
#define ECMON_DRIVERS_MODBUS_PDU_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

#define PDU_READ_LEN      5   /* function, address, count */
#define PDU_REPLY_HEAD    2   /* function, byte count */
#define PDU_EXCEPTION_LEN 2   /* function | 0x80, code */
#define PDU_MAX           253 /* bytes */
#define PDU_REGISTERS_MAX 125

static inline uint16_t be16(const uint8_t *bytes)
{
    return (uint16_t)((unsigned)bytes[0] << 8 | bytes[1]);
}

static inline void put_be16(uint8_t *ret_bytes, uint16_t value)
{
    ret_bytes[0] = (uint8_t)(value >> 8);
    ret_bytes[1] = (uint8_t)(value & 0xff);
}

/* Writes the PDU_READ_LEN bytes of a read. Returns 0, or ERR_RANGE for a function other
 * than 3 and 4, a count outside 1..125, registers beyond 65535. */
int pdu_encode_read(const struct request *request, uint8_t *ret_bytes);

/* The length that the first n bytes of a reply PDU claim for the whole of it; 0 = they do
 * not say (yet, or a function whose replies we do not know). */
size_t pdu_length(const uint8_t *pdu, size_t n);

/* Judges a whole reply PDU of n >= 2 bytes, whose pdu_length is 0 or n: sets verdict
 * (REPLY, EXCEPTION, or FOREIGN with SLOT_BAD_FRAME), payload and exception; consumed is
 * the framing's. */
void pdu_judge(const struct request *request, const uint8_t *pdu, size_t n,
               struct feed_result *ret);

#endif
