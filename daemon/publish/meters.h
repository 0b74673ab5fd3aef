/* Room-internal: names and ratios of meters by number and time, read once per register. */
#ifndef ECMON_PUBLISH_METERS_H
#define ECMON_PUBLISH_METERS_H

#include <ecmon/meter.h>

#include "daemon/store/store.h"

struct meter_names {
    struct meter *meter; /* versions by meter_no and since */
    int n;
};

/* Replaces what was there. Returns 0 or enum err. */
int meter_names_load(struct meter_names *names, struct store *store);
void meter_names_done(struct meter_names *names);
/* The version in force at an instant, else the nearest one; NULL when the number is
 * unknown. */
const struct meter *meter_names_find(const struct meter_names *names, uint32_t meter_no,
                                     int64_t at_ms);

#endif
