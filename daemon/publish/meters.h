/* Room-internal: names and ratios of meters by number and time, read once per register. */
#ifndef ECMON_PUBLISH_METERS_H
#define ECMON_PUBLISH_METERS_H

#include <ecmon/meter.h>

#include "daemon/store/store.h"

/* What a payload says of a meter. */
struct meter_name {
    int64_t since_ms;
    struct ratio register_wh;
    uint32_t meter_no;
    char id[ID_LEN];
};

struct meter_names {
    struct meter_name *meter; /* versions by meter_no and since */
    int n;
};

/* Replaces what was there. Returns 0 or enum err. */
int meter_names_load(struct meter_names *names, struct store *store);
void meter_names_done(struct meter_names *names);
/* The version in force at an instant, else the nearest one; NULL when the number is
 * unknown. */
const struct meter_name *meter_names_find(const struct meter_names *names,
                                          uint32_t meter_no, int64_t at_ms);

#endif
