/* What a change of the register came to, as the daemon answers and the tool prints it. */
#ifndef ECMON_CONTROL_CHANGES_H
#define ECMON_CONTROL_CHANGES_H

#include <jansson.h>

#include "daemon/sync/register_sync.h"

/* {ok, added, changed, closed, changes: [{change, kind, id}]}; the caller's. */
json_t *changes_json(const struct register_report *report);

#endif
