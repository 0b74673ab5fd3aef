/* Room-internal: one client of the simulator. */
#ifndef ECMON_SIMULATOR_CONNECTION_H
#define ECMON_SIMULATOR_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/simulator/simulator.h"

struct connection;

/* Answers one request of a connection (n >= 8): the server's side. reply holds 260 bytes,
 * MBAP in front. Returns the reply's length, 0 for none. */
typedef size_t (*connection_answer_fn)(void *ctx, const uint8_t *request, size_t n,
                                       uint8_t *ret_reply, struct fault *ret_fault);

struct connection_options {
    struct loop *loop;
    connection_answer_fn answer;
    void *ctx;
    uint32_t *random_state; /* shared by all connections: draws delays */
    void (*on_closed)(void *ctx, struct connection *connection);
};

/* Takes the descriptor, which is non-blocking. Returns NULL when out of memory (fd closed).
 */
struct connection *connection_new(const struct connection_options *options, int fd);
/* Closes without on_closed. NULL is fine. */
void connection_free(struct connection *connection);

/* xorshift32: a draw from 0 to bound - 1. */
uint32_t random_below(uint32_t *state, uint32_t bound);

#endif
