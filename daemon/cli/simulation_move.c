#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/cli/simulation.h"

#define LOOPBACK_NET    UINT32_C(127)
#define PORT_PRIVILEGED 1024
#define PORT_ABOVE      10000

static void move_host(struct simulated_meter *meter)
{
    struct in_addr v4;

    if (strcmp(meter->host, "::1") == 0) {
        return;
    }
    if (inet_pton(AF_INET, meter->host, &v4) != 1) {
        v4.s_addr = htonl(INADDR_LOOPBACK);
        if (strcmp(meter->host, "localhost") == 0) {
            (void)inet_ntop(AF_INET, &v4, meter->host, sizeof(meter->host));
            return;
        }
    } else if (ntohl(v4.s_addr) >> 24 == LOOPBACK_NET) {
        return;
    }
    v4.s_addr = htonl((ntohl(v4.s_addr) & UINT32_C(0x00FFFFFF)) | LOOPBACK_NET << 24);
    (void)inet_ntop(AF_INET, &v4, meter->host, sizeof(meter->host));
    if (meter->port < PORT_PRIVILEGED) {
        meter->port = (uint16_t)(meter->port + PORT_ABOVE);
    }
}

int simulation_move(struct simulated_meter *meter, bool any_address, const char *pty_folder)
{
    char path[SIMULATOR_PATH_LEN];
    const char *last = strrchr(meter->path, '/');

    if (meter->host[0] != '\0' && !any_address) {
        move_host(meter);
    }
    if (last == NULL || pty_folder[0] == '\0') {
        return 0;
    }
    int n = snprintf(path, sizeof(path), "%s%s", pty_folder, last);

    if (n < 0 || (size_t)n >= sizeof(path)) {
        return ERR_RANGE;
    }
    memcpy(meter->path, path, sizeof(path));
    return 0;
}
