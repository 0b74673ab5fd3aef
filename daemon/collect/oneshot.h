/* One reading without a daemon, for `ecmon read` and `ecmon check --live`. Waits. */
#ifndef ECMON_COLLECT_ONESHOT_H
#define ECMON_COLLECT_ONESHOT_H

#include <stdint.h>

#include <ecmon/driver.h>
#include <ecmon/profile.h>
#include <ecmon/ratio.h>
#include <ecmon/sample.h>

#include "daemon/collect/collect.h"

struct oneshot_options {
    const char *endpoint;        /* canonical, of any scheme */
    const struct driver *driver; /* NULL: that of the endpoint */
    const struct profile *profile;
    uint8_t unit;
    const char *address; /* as the register has it, "7" or 12 digits; NULL: unit */
    struct ratio pt;     /* 0/0 = 1 */
    struct ratio ct;
    int64_t timeout_ms;
    int32_t retries;
    int32_t max_registers;  /* 0: the profile's */
    int64_t late_window_ms; /* RTU framing: before a further try */
};

/*
 * Reads everything the profile has, with the engine itself. *ret_frames are the bytes on
 * the wire in order; the caller frees the array. Returns 0 also when the meter failed (the
 * sample's status and detail say why), ERR_UNAVAILABLE when the driver does not serve the
 * endpoint or the profile cannot be planned, ERR_NOMEM, or -errno.
 */
int collect_read_once(const struct oneshot_options *options, struct sample *ret_sample,
                      struct collect_frame **ret_frames, int *ret_n_frames);

#endif
