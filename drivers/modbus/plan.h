/* Planning: the wanted points of a profile in few reads. */
#ifndef ECMON_DRIVERS_MODBUS_PLAN_H
#define ECMON_DRIVERS_MODBUS_PLAN_H

#include <ecmon/driver.h>

#define PLAN_POINTS_MAX 64 /* most wanted points of one profile */

/*
 * struct driver's plan. Reads come sorted by function and address; every wanted point lies
 * whole in one of them, both parts of a two-part value in the same. Neighbours are joined
 * while the gap is at most gap_registers, the sum within the smaller of the line's and the
 * profile's maximum, no hole between them, and no no_merge span crossed. A point that
 * cannot be read without touching a hole is left out.
 *
 * Returns the number of reads (0 when nothing is wanted), or ERR_RANGE when cap is too
 * small, the profile is not of Modbus, a value is wider than a read may be, a register lies
 * beyond 65535, or more than PLAN_POINTS_MAX points are wanted.
 */
int modbus_plan(const struct profile *profile, const struct plan_options *options,
                struct request *ret_requests, int cap);

#endif
