/* The site's time zone from the system's tz data, as a fixed offset. */
#ifndef ECMON_CORE_ZONE_H
#define ECMON_CORE_ZONE_H

#include <ecmon/time.h>

/* Call before threads start (it sets TZ for the look-up and restores it). Returns 0,
 * ERR_NOT_FOUND (no such zone), or ERR_RANGE (its offset changes between 2010 and 2040). */
int zone_load(const char *name, struct zone *ret_zone);

#endif
