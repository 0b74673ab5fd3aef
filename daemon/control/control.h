/*
 * The control socket: a local program asks the running daemon for its state, or to write.
 * One JSON object per line each way; a file may come with the request as a descriptor.
 * Nothing that arrives from elsewhere changes anything.
 */
#ifndef ECMON_CONTROL_H
#define ECMON_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/loop.h"

/* --- the daemon's side --- */

struct control_server;

/* One request that waits for its reply. */
struct control_call {
    struct control_server *server;
    struct control_connection *connection; /* NULL when the asker is gone */
    json_t *request;                       /* owned */
    int fd;                                /* the file that came along; -1 = none; owned */
    char who[64];                          /* user name of the asker */
};

typedef void (*control_fn)(void *ctx, struct control_call *call);

/* Listens on path (mode 0660), replacing a socket that nobody serves. On failure why is a
 * sentence. Returns 0, ERR_LOCKED (another daemon serves it), ERR_RANGE (path too long),
 * -errno. */
int control_server_new(struct loop *loop, const char *path, control_fn fn, void *ctx,
                       struct control_server **ret_server, char *why, size_t why_size);
void control_server_free(struct control_server *server);

/* Sends the reply (stolen) and ends the call. In the server's thread. */
void control_reply(struct control_call *call, json_t *reply);
/* {"ok":false,"exit":N,"error":"…"} */
void control_reply_error(struct control_call *call, int exit_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- the asker's side --- */

/* request is stolen; fd -1 = none. Returns 0 and *ret_reply (the caller's), ERR_UNAVAILABLE
 * when no daemon serves the socket, ERR_IO when it went away or did not answer in time. */
int control_ask(const char *path, json_t *request, int fd, int timeout_ms,
                json_t **ret_reply);
/* Does a daemon serve the socket? */
bool control_is_served(const char *path);

#endif
