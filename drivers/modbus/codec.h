/* Modbus TCP framing: the MBAP header (transaction id, protocol id, length, unit) and a
 * PDU. */
#ifndef ECMON_DRIVERS_MODBUS_CODEC_H
#define ECMON_DRIVERS_MODBUS_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

/* struct driver's encode: 12 bytes, or ERR_RANGE when they do not fit or the read is not
 * valid. */
int modbus_tcp_encode(const struct request *request, uint8_t *ret_bytes, size_t cap);

/*
 * struct driver's feed; looks at 260 bytes at most.
 *
 * A frame whose header is sound but that is not the answer (late: another transaction id;
 * another unit, function or size) is FOREIGN and consumed exactly, so that the next frame
 * is found. A header that cannot be true (protocol id not 0, length outside 3..254 or
 * against the byte count) is FOREIGN, fatal, everything consumed: where the next frame
 * begins is unknown.
 */
void modbus_tcp_feed(const struct request *request, const uint8_t *bytes, size_t n,
                     struct feed_result *ret);

/* struct driver's reply_bytes. */
size_t modbus_tcp_reply_bytes(const struct request *request);

#endif
