/* accept4, SO_PEERCRED. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/control/control.h"

#define REQUEST_MAX         ((size_t)64 * 1024)
#define CONNECTIONS_MAX     32
#define REQUEST_DEADLINE_MS 10000 /* to have asked, and to have taken the reply */
#define PASSED_FDS_MAX      8     /* the kernel closes those beyond */

struct control_connection {
    struct control_server *server;
    struct control_connection *next;
    struct control_call *call; /* the request that waits for its reply */
    struct loop_timer deadline;
    int fd;
    int passed_fd;
    char who[64];
    char *output; /* owned; the reply, then the connection ends */
    size_t n_output;
    size_t sent;
    size_t n_input;
    char input[REQUEST_MAX];
};

struct control_server {
    struct loop *loop;
    control_fn fn;
    void *ctx;
    int fd;
    int n_connections;
    struct control_connection *connection;
    char path[108];
};

static void connection_end(struct control_connection *connection)
{
    struct control_server *server = connection->server;
    struct control_connection **link = &server->connection;

    while (*link != connection) {
        link = &(*link)->next;
    }
    *link = connection->next;
    server->n_connections--;
    if (connection->call != NULL) {
        connection->call->connection = NULL;
    }
    loop_timer_cancel(server->loop, &connection->deadline);
    loop_fd_remove(server->loop, connection->fd);
    (void)close(connection->fd);
    if (connection->passed_fd >= 0) {
        (void)close(connection->passed_fd);
    }
    free(connection->output);
    free(connection);
}

static void on_deadline(void *ctx)
{
    connection_end(ctx);
}

static void arm_deadline(struct control_connection *connection)
{
    struct loop *loop = connection->server->loop;

    (void)loop_timer_arm(loop, &connection->deadline,
                         loop_mono_ms(loop) + REQUEST_DEADLINE_MS);
}

/* --- replies --- */

/* Returns false when the connection is over: all sent, or the peer is gone. */
static bool flush(struct control_connection *connection)
{
    while (connection->sent < connection->n_output) {
        ssize_t n = send(connection->fd, connection->output + connection->sent,
                         connection->n_output - connection->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN;
        }
        connection->sent += (size_t)n;
    }
    return false;
}

void control_reply(struct control_call *call, json_t *reply)
{
    struct control_connection *connection = call->connection;
    char *text =
        reply != NULL ? json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    if (call->fd >= 0) {
        (void)close(call->fd);
    }
    if (connection != NULL) {
        connection->call = NULL;
        if (text != NULL) {
            connection->n_output = strlen(text) + 1;
            text[connection->n_output - 1] = '\n'; /* in place of the NUL */
        }
        connection->output = text;
        text = NULL;
        if (flush(connection)) {
            (void)loop_fd_modify(call->server->loop, connection->fd, LOOP_WRITE);
            arm_deadline(connection);
        } else {
            connection_end(connection);
        }
    }
    free(text);
    json_decref(reply);
    json_decref(call->request);
    free(call);
}

void control_reply_error(struct control_call *call, int exit_code, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    control_reply(call,
                  json_pack("{s:b, s:i, s:s}", "ok", 0, "exit", exit_code, "error", text));
}

/* --- requests --- */

static void take_request(struct control_connection *connection, size_t n)
{
    json_error_t error;
    json_t *request = json_loadb(connection->input, n, JSON_REJECT_DUPLICATES, &error);
    struct control_call *call = calloc(1, sizeof(*call));

    if (call == NULL || request == NULL || !json_is_object(request)) {
        json_decref(request);
        free(call);
        connection_end(connection);
        return;
    }
    call->server = connection->server;
    call->connection = connection;
    call->request = request;
    call->fd = connection->passed_fd;
    memcpy(call->who, connection->who, sizeof(call->who));
    connection->passed_fd = -1;
    connection->call = call;
    loop_timer_cancel(connection->server->loop, &connection->deadline);
    connection->server->fn(connection->server->ctx, call);
}

/* Keeps the last descriptor that came and closes all others. */
static void keep_passed_fd(struct control_connection *connection, struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= head->cmsg_len;
             at += sizeof(int)) {
            if (connection->passed_fd >= 0) {
                (void)close(connection->passed_fd);
            }
            memcpy(&connection->passed_fd, (const char *)head + at, sizeof(int));
        }
    }
}

/* Returns false when the connection is over. */
static bool receive(struct control_connection *connection)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(PASSED_FDS_MAX * sizeof(int))];
    } ancillary;
    struct iovec into = {connection->input + connection->n_input,
                         REQUEST_MAX - connection->n_input};
    struct msghdr message = {.msg_iov = &into,
                             .msg_iovlen = 1,
                             .msg_control = ancillary.bytes,
                             .msg_controllen = sizeof(ancillary.bytes)};
    ssize_t n = recvmsg(connection->fd, &message, MSG_CMSG_CLOEXEC);

    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    keep_passed_fd(connection, &message);
    if (n == 0) {
        return false;
    }
    connection->n_input += (size_t)n;
    return true;
}

static void on_ready(void *ctx, int fd, uint32_t events)
{
    struct control_connection *connection = ctx;

    (void)fd;
    if (connection->output != NULL) {
        if ((events & LOOP_ERROR) != 0 || !flush(connection)) {
            connection_end(connection);
        }
        return;
    }
    if (connection->call != NULL) {
        /* asked already: only a hang-up is of interest */
        if (recv(connection->fd, connection->input, REQUEST_MAX, 0) == 0 ||
            (events & LOOP_ERROR) != 0) {
            connection_end(connection);
        }
        return;
    }
    if (!receive(connection)) {
        connection_end(connection);
        return;
    }
    const char *end = memchr(connection->input, '\n', connection->n_input);

    if (end != NULL) {
        take_request(connection, (size_t)(end - connection->input));
    } else if (connection->n_input == REQUEST_MAX) {
        connection_end(connection);
    }
}

static void name_asker(struct control_connection *connection)
{
    struct ucred asker = {0};
    socklen_t size = sizeof(asker);
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[1024];

    (void)getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &asker, &size);
    if (getpwuid_r(asker.uid, &entry, buffer, sizeof(buffer), &found) == 0 &&
        found != NULL) {
        (void)snprintf(connection->who, sizeof(connection->who), "%s", entry.pw_name);
    } else {
        (void)snprintf(connection->who, sizeof(connection->who), "uid %u",
                       (unsigned)asker.uid);
    }
}

static void on_accept(void *ctx, int fd, uint32_t events)
{
    struct control_server *server = ctx;
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (client < 0) {
        return;
    }
    struct control_connection *connection =
        server->n_connections < CONNECTIONS_MAX ? calloc(1, sizeof(*connection)) : NULL;

    if (connection == NULL ||
        loop_fd_add(server->loop, client, LOOP_READ, on_ready, connection) != 0) {
        free(connection);
        (void)close(client);
        return;
    }
    connection->server = server;
    connection->fd = client;
    connection->passed_fd = -1;
    connection->next = server->connection;
    server->connection = connection;
    server->n_connections++;
    loop_timer_init(&connection->deadline, on_deadline, connection);
    arm_deadline(connection);
    name_asker(connection);
}

/* --- the door --- */

static int listen_on(struct control_server *server, char *why, size_t why_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = server->path;
    struct stat found;

    if (lstat(path, &found) == 0 && !S_ISSOCK(found.st_mode)) {
        (void)snprintf(why, why_size, "%s is not a socket: not replaced", path);
        return -EEXIST;
    }
    if (control_is_served(path)) {
        (void)snprintf(why, why_size, "another daemon serves the control socket %s", path);
        return ERR_LOCKED;
    }
    (void)unlink(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0 ||
        bind(server->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0660) != 0 || listen(server->fd, CONNECTIONS_MAX) != 0) {
        int err = -errno;

        (void)snprintf(why, why_size, "cannot listen on the control socket %s: %s", path,
                       strerrordesc_np(-err));
        return err;
    }
    return loop_fd_add(server->loop, server->fd, LOOP_READ, on_accept, server);
}

/* NOLINTNEXTLINE(readability-function-size): what to call, and room for the reason */
int control_server_new(struct loop *loop, const char *path, control_fn fn, void *ctx,
                       struct control_server **ret_server, char *why, size_t why_size)
{
    struct control_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        return ERR_NOMEM;
    }
    server->loop = loop;
    server->fn = fn;
    server->ctx = ctx;
    server->fd = -1;
    if (strlen(path) >= sizeof(server->path)) {
        (void)snprintf(why, why_size,
                       "the control socket's path is longer than 107 bytes: %s", path);
        free(server);
        return ERR_RANGE;
    }
    memcpy(server->path, path, strlen(path) + 1);
    int err = listen_on(server, why, why_size);

    if (err != 0) {
        if (server->fd >= 0) {
            (void)close(server->fd);
        }
        free(server);
        return err;
    }
    *ret_server = server;
    return 0;
}

void control_server_free(struct control_server *server)
{
    if (server == NULL) {
        return;
    }
    for (struct control_connection *connection = server->connection, *next = NULL;
         connection != NULL; connection = next) {
        next = connection->next;
        connection_end(connection);
    }
    loop_fd_remove(server->loop, server->fd);
    (void)close(server->fd);
    (void)unlink(server->path);
    free(server);
}
