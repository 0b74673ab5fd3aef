/*
 * What a client may say to the control socket, in two pieces: whatever comes, the server
 * answers with one line of JSON or closes, and keeps no descriptor.
 *
 * Input: length of the first piece (1 byte), the rest is what is sent.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/control/control.h"
#include "daemon/core/clock.h"

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct loop *loop;
static struct control_server *server;
static struct sockaddr_un address;

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void on_call(void *ctx, struct control_call *call)
{
    (void)ctx;
    demand(json_is_object(call->request));
    control_reply(call, json_pack("{s:O}", "echo", call->request));
}

static void finish(void)
{
    control_server_free(server);
    loop_free(loop);
}

static void start(void)
{
    char why[256];

    address.sun_family = AF_UNIX;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/ecmon-fuzz-%d.sock",
                   (int)getpid());
    demand(loop_new(clock_real(), 16, &loop) == 0);
    demand(control_server_new(loop, address.sun_path, on_call, NULL, &server, why,
                              sizeof(why)) == 0);
    demand(atexit(finish) == 0);
}

static void settle(void)
{
    while (loop_step(loop)) {
    }
}

static void say(int fd, const uint8_t *bytes, size_t n)
{
    (void)send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    settle();
}

static void check_reply(int fd)
{
    static char reply[1 << 20];
    ssize_t n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);

    if (n <= 0 || n == (ssize_t)sizeof(reply)) {
        return;
    }
    json_t *object = json_loadb(reply, (size_t)n, 0, NULL);

    demand(reply[n - 1] == '\n' && json_is_object(object));
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (loop == NULL) {
        start();
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    demand(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    settle();
    if (n > 0) {
        size_t first = bytes[0] < n - 1 ? bytes[0] : n - 1;

        say(fd, bytes + 1, first);
        say(fd, bytes + 1 + first, n - 1 - first);
        check_reply(fd);
    }
    (void)close(fd);
    settle();
    return 0;
}
