/*
 * The sink seam: where published messages go. A sink delivers at least once, says which
 * message has arrived, and keeps nothing for later: the backlog is the store's journal.
 */
#ifndef ECMON_SINK_H
#define ECMON_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a sink tells its owner, in the owner's thread. */
struct sink_events {
    void (*on_connected)(void *ctx);
    /* The connection ended or could not be made; every message in flight counts as not
     * delivered. why is a sentence, borrowed. */
    void (*on_disconnected)(void *ctx, const char *why);
    /* reason 0: delivered. Else the receiver refused it (MQTT 5 reason code, 135 = not
     * authorised, 149 = too large). */
    void (*on_acked)(void *ctx, uint64_t token, int reason);
    void *ctx;
};

struct sink_message {
    const char *topic;
    const char *payload;
    size_t n;
    bool retain;
    uint64_t token; /* given back by on_acked */
};

struct sink {
    /* Starts to connect; the answer is an event. Returns 0 or enum err. */
    int (*connect)(void *self);
    /* Hands one message over; payload and topic are copied. Returns 0, ERR_FULL (too many
     * in flight) or ERR_UNAVAILABLE (not connected). */
    int (*publish)(void *self, const struct sink_message *message);
    /* Ends the connection now, without waiting for acknowledgements. */
    void (*disconnect)(void *self);
    void (*free)(void *self);
    void *self;
};

#endif
