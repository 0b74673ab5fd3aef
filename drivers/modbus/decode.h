/* Register bytes to values, by the profile's types, orders, scales, codes and ranges. */
#ifndef ECMON_DRIVERS_MODBUS_DECODE_H
#define ECMON_DRIVERS_MODBUS_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

/*
 * struct driver's decode. profile->point is sorted by function and address of the first
 * part.
 *
 * A value is register × scale, exact in integers (a float register is taken as the binary
 * fraction it is), two parts added or subtracted exactly, then rounded once, half away from
 * zero. No value: a missing code in any part (compared after word order is undone), NaN,
 * infinity, denormal, a BCD nibble above 9, an energy below 0, a four-quadrant power factor
 * beyond ±2, outside min..max (in the units of the value: register units where it is an
 * energy), beyond int64.
 */
int modbus_decode(const struct profile *profile, const struct request *request,
                  const uint8_t *payload, size_t n, uint32_t groups, struct sample *sample);

/* struct driver's holds. */
bool modbus_holds(const struct profile_point *point, const struct request *request);

#endif
