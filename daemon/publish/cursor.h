/* Room-internal: how far a sink has come, kept in the store. */
#ifndef ECMON_PUBLISH_CURSOR_H
#define ECMON_PUBLISH_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/publish/publish.h"

struct cursor_write;

struct cursor {
    const struct publish_options *options; /* borrowed */
    int64_t stored_seq;                    /* is in the store */
    struct cursor_write *write;            /* on its way; NULL: none */
};

/* Reads where the sink stood. Returns 0 or enum err. */
int cursor_open(struct cursor *cursor, const struct publish_options *options,
                struct store *store);
/* A write on its way goes on by itself and is freed in the loop. */
void cursor_done(struct cursor *cursor);

/* Hands acked_seq to the writer unless it is stored or a write is on its way. */
void cursor_store(struct cursor *cursor, int64_t acked_seq);

#endif
