/*
 * Room-internal: one end of a line: a client over TCP, or a pty's master. Cuts what comes
 * into requests and sends pieces at their time.
 */
#ifndef ECMON_SIMULATOR_CONNECTION_H
#define ECMON_SIMULATOR_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/simulator/frame.h"
#include "drivers/simulator/wire.h"

struct connection;

struct connection_options {
    struct loop *loop;
    enum framing framing;
    bool is_serial;
    int64_t byte_us; /* 0: not paced */
    void *ctx;
    /* One whole request; the last byte of it was there at heard_us. */
    void (*on_request)(void *ctx, struct connection *connection, const uint8_t *request,
                       size_t n, int64_t heard_us);
    /* Whatever came, before it is cut into requests. */
    void (*on_bytes)(void *ctx, struct connection *connection, const uint8_t *bytes,
                     size_t n);
    void (*on_noise)(void *ctx, size_t n);
    void (*on_closed)(void *ctx, struct connection *connection);
};

/* Takes the descriptor, which is non-blocking. Returns NULL when out of memory (fd closed).
 */
struct connection *connection_new(const struct connection_options *options, int fd);
/* Closes without on_closed. NULL is fine. */
void connection_free(struct connection *connection);

/* Sends a piece; inside on_request and on_bytes it goes out when they have returned. Else
 * the caller flushes, which may end the connection. */
void connection_put(struct connection *connection, const struct piece *piece);
void connection_flush(struct connection *connection);
/* Whether it reads what comes. */
void connection_listen(struct connection *connection, bool listens);

/* xorshift32: a draw from 0 to bound - 1. */
uint32_t random_below(uint32_t *state, uint32_t bound);

#endif
