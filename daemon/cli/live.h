/* One live reading (实时读数), from the daemon when one runs, else from the wire. */
#ifndef ECMON_CLI_LIVE_H
#define ECMON_CLI_LIVE_H

#include <jansson.h>

#include "daemon/cli/cli.h"
#include "daemon/collect/oneshot.h"

struct reading {
    struct sample sample;
    json_t *frames;           /* {direction, foreign, bytes}, owned: json_decref */
    json_t *orders;           /* of `read --try-orders`, owned; else NULL */
    struct ratio register_wh; /* primary-side Wh per register unit */
    const char *meter;        /* borrowed */
};

/* The version of a meter that is in force now, or NULL. */
const struct meter *live_find_meter(const struct cli *cli, const char *id);
/* A meter of the register that has an endpoint. A meter that fails is no failure: the
 * sample says so. 0 or the exit code. */
int live_read_meter(struct cli *cli, const struct meter *meter, struct reading *reading);
/* From the wire; times are set from --timeout and the configuration. 0 or the exit code. */
int live_read_endpoint(const struct cli *cli, struct oneshot_options *options,
                       struct reading *reading);
/* --timeout, or what was given as default. 0 or 64. */
int live_timeout(const struct cli *cli, int64_t default_ms, int64_t *ret_timeout_ms);

#endif
