#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/control/control.h"
#include "daemon/core/text.h"

#define REPLY_MAX    ((size_t)64 * 1024 * 1024)
#define IS_SERVED_MS 1000

/* timeout_ms bounds connecting and each sending: a daemon that hangs does not accept.
 * Returns a descriptor, ERR_UNAVAILABLE when nobody serves the socket, ERR_IO. */
static int dial(const char *path, int timeout_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000L};

    if (strlen(path) >= sizeof(address.sun_path)) {
        return ERR_UNAVAILABLE;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return ERR_UNAVAILABLE;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int err = errno == EAGAIN ? ERR_IO : ERR_UNAVAILABLE;

        (void)close(fd);
        return err;
    }
    return fd;
}

bool control_is_served(const char *path)
{
    int fd = dial(path, IS_SERVED_MS);

    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0 || fd == ERR_IO;
}

static int send_all(int fd, const char *text, size_t n, int passed_fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary;

    while (n > 0) {
        /* sendmsg takes no const. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        struct iovec from = {(void *)(uintptr_t)text, n};
        struct msghdr message = {.msg_iov = &from, .msg_iovlen = 1};

        if (passed_fd >= 0) {
            memset(&ancillary, 0, sizeof(ancillary));
            message.msg_control = ancillary.bytes;
            message.msg_controllen = sizeof(ancillary.bytes);
            struct cmsghdr *head = CMSG_FIRSTHDR(&message);

            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(head), &passed_fd, sizeof(int));
        }
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return ERR_IO;
        }
        passed_fd = -1;
        text += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* Reads until the daemon closes. */
static int receive_all(int fd, int timeout_ms, struct text_buffer *buffer)
{
    char block[16384];
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    for (;;) {
        int ready = poll(&wait, 1, timeout_ms);

        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return ERR_IO;
        }
        ssize_t n = recv(fd, block, sizeof(block), 0);

        if (n == 0) {
            return buffer->err;
        }
        if (n < 0 && errno != EINTR) {
            return ERR_IO;
        }
        if (n > 0) {
            text_append_n(buffer, block, (size_t)n);
        }
        if (buffer->err != 0 || buffer->n > REPLY_MAX) {
            return ERR_IO;
        }
    }
}

int control_ask(const char *path, json_t *request, int fd, int timeout_ms,
                json_t **ret_reply)
{
    struct text_buffer buffer = {0};
    char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    int socket_fd = dial(path, timeout_ms);
    int err = 0;

    json_decref(request);
    if (text == NULL) {
        err = ERR_NOMEM;
    } else if (socket_fd < 0) {
        err = socket_fd;
    }
    if (err == 0) {
        err = send_all(socket_fd, text, strlen(text), fd);
    }
    if (err == 0) {
        err = send_all(socket_fd, "\n", 1, -1);
    }
    if (err == 0) {
        err = receive_all(socket_fd, timeout_ms, &buffer);
    }
    if (err == 0) {
        json_t *reply = buffer.n > 0 ? json_loadb(buffer.text, buffer.n, 0, NULL) : NULL;

        if (reply != NULL) {
            *ret_reply = reply;
        } else {
            err = ERR_IO;
        }
    }
    text_buffer_done(&buffer);
    if (socket_fd >= 0) {
        (void)close(socket_fd);
    }
    free(text);
    return err;
}
