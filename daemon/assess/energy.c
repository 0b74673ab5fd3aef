#include "daemon/assess/energy.h"

#include <limits.h>

int energy_catch_up(struct store *store, int64_t now_ms,
                    const struct energy_options *options)
{
    bool more = true;
    int result = 0;

    while (more && result >= 0) {
        result = energy_close(store, now_ms, INT_MAX, &more);
    }
    more = true;
    while (more && result >= 0) {
        result = energy_days(store, now_ms, options, INT_MAX, &more);
    }
    return result < 0 ? result : 0;
}
