/* `ecmon status` as one JSON object (interfaces.md E5), from copies of what each thread
 * knows. */
#ifndef ECMON_CONTROL_STATUS_H
#define ECMON_CONTROL_STATUS_H

#include <jansson.h>

#include "daemon/collect/collect.h"
#include "daemon/conf/conf.h"
#include "daemon/publish/publish.h"
#include "daemon/store/facts.h"
#include "daemon/store/store.h"
#include "daemon/store/writer.h"

struct status_parts {
    const struct conf *conf;
    const char *version;
    const char *register_sha256;
    const char *methods_sha256;
    struct store *store;                  /* a reader; NULL: no store yet */
    const struct collect_status *collect; /* NULL: no daemon */
    const struct publish_status *publish; /* NULL: nothing is published, or no daemon */
    const struct writer_counts *writer;   /* NULL: no daemon */
    int64_t started_ms;                   /* of the daemon, UTC; 0 = none runs */
    int64_t now_ms;
    bool all;     /* meters that are well, too */
    bool english; /* of the problems' messages */
};

/* Returns the object (the caller's), or NULL when out of memory. */
json_t *status_json(const struct status_parts *parts);

/* Is the kernel's clock disciplined, and at most max_offset_ms off as far as it knows? */
bool status_clock_synced(int64_t max_offset_ms, int64_t *ret_offset_ms);

#endif
