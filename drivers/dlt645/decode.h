/* Data bytes to values: BCD, low byte first, sign in the top bit. */
#ifndef ECMON_DRIVERS_DLT645_DECODE_H
#define ECMON_DRIVERS_DLT645_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

/*
 * struct driver's decode; payload as on the wire (+33H), that of follow-up frames appended.
 *
 * No value: a nibble above 9 (FF is what meters send for "none"), an energy below 0,
 * outside min..max, beyond int64, or beyond the end of the reply (blocks are as long as the
 * meter has values). A value is digits × scale, rounded once, half away from zero.
 */
int dlt645_decode(const struct profile *profile, const struct request *request,
                  const uint8_t *payload, size_t n, uint32_t groups, struct sample *sample);

/* struct driver's holds. */
bool dlt645_holds(const struct profile_point *point, const struct request *request);

#endif
