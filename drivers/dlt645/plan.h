/* Planning: the wanted points of a profile in few data identifiers. */
#ifndef ECMON_DRIVERS_DLT645_PLAN_H
#define ECMON_DRIVERS_DLT645_PLAN_H

#include <ecmon/driver.h>

/*
 * struct driver's plan. One request for each identifier that holds a wanted point, in the
 * profile's order. Where the meter has refused it, the identifiers of the single values are
 * asked instead, where the profile names any; what is refused too is left out.
 *
 * Returns the number of requests (0 when nothing is wanted), or ERR_RANGE when cap is too
 * small or the profile is not of DL/T 645.
 */
int dlt645_plan(const struct profile *profile, const struct plan_options *options,
                struct request *ret_requests, int cap);

#endif
