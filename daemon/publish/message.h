/* Room-internal: from journal entries to one message. */
#ifndef ECMON_PUBLISH_MESSAGE_H
#define ECMON_PUBLISH_MESSAGE_H

#include "daemon/core/text.h"
#include "daemon/publish/meters.h"
#include "daemon/publish/publish.h"

struct message {
    struct text_buffer topic;
    struct text_buffer payload;
    bool retain;
    int64_t first_seq;
    int64_t last_seq;
    bool empty; /* every row was purged: only the cursor moves */
};

struct message_maker {
    const struct publish_options *options;
    struct store *store; /* reader, inside a snapshot */
    struct meter_names names;
    uint64_t purged;
};

void message_done(struct message *message);

/*
 * Builds the next message from the front of entries (n > 0): one entry, or a batch of
 * readings. Returns the number of entries it covers, or enum err.
 */
int message_make(struct message_maker *maker, const struct journal_entry *entries, int n,
                 struct message *message);

#endif
