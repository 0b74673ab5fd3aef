/* What people ask about the store itself: for `ecmon status`. */
#ifndef ECMON_STORE_FACTS_H
#define ECMON_STORE_FACTS_H

#include <stdint.h>

#include "daemon/store/store.h"

struct store_facts {
    int64_t size_bytes;        /* of the file and its write-ahead log */
    int64_t oldest_reading_ms; /* slot; 0 = no readings */
    int64_t newest_reading_ms;
    int64_t last_commit_ms; /* the newest reading or audited change; 0 = none yet */
    int64_t last_seq;
    int n_meters; /* in force now */
    int n_enterprises;
};

/* Returns 0 or enum err. */
int store_facts(struct store *store, int64_t now_ms, struct store_facts *ret_facts);

#endif
