/*
 * Meters answered by libmodbus: an independent peer for the system tests.
 *   meter_libmodbus PORT FILE
 * FILE has lines "UNIT FUNCTION ADDRESS WORD WORD ...", function 3 or 4, numbers in C
 * notation. What no line sets reads as zero; a unit without a line does not answer. Prints
 * "ready".
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNITS     256
#define REGISTERS 0x2100
#define PEERS_MAX 64

struct meters {
    modbus_t *modbus;
    modbus_mapping_t *unit[UNITS];
    struct pollfd peer[PEERS_MAX]; /* the first one listens */
    nfds_t n_peers;
};

/* One line of the file. Returns 0, or -1. */
static int read_line(struct meters *meters, char *line)
{
    char *at = line;
    unsigned long unit = strtoul(at, &at, 0);
    unsigned long function = strtoul(at, &at, 0);
    unsigned long address = strtoul(at, &at, 0);

    if (unit >= UNITS || (function != 3 && function != 4)) {
        return -1;
    }
    if (meters->unit[unit] == NULL) {
        meters->unit[unit] = modbus_mapping_new(0, 0, REGISTERS, REGISTERS);
    }
    if (meters->unit[unit] == NULL) {
        return -1;
    }
    uint16_t *registers = function == 3 ? meters->unit[unit]->tab_registers
                                        : meters->unit[unit]->tab_input_registers;

    for (char *from = at;; from = at) {
        unsigned long word = strtoul(from, &at, 0);

        if (at == from) {
            return 0;
        }
        if (address >= REGISTERS || word > UINT16_MAX) {
            return -1;
        }
        registers[address++] = (uint16_t)word;
    }
}

static int read_file(struct meters *meters, const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    int err = file == NULL ? -1 : 0;

    while (err == 0 && fgets(line, sizeof(line), file) != NULL) {
        err = read_line(meters, line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return err;
}

static void drop_peer(struct meters *meters, nfds_t i)
{
    (void)close(meters->peer[i].fd);
    meters->peer[i] = meters->peer[--meters->n_peers];
}

static void answer(struct meters *meters, nfds_t i)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];

    (void)modbus_set_socket(meters->modbus, meters->peer[i].fd);
    int n = modbus_receive(meters->modbus, query);

    if (n < 0) {
        drop_peer(meters, i);
        return;
    }
    const modbus_mapping_t *unit = n > 6 ? meters->unit[query[6]] : NULL;

    if (unit != NULL &&
        modbus_reply(meters->modbus, query, n, meters->unit[query[6]]) < 0) {
        drop_peer(meters, i);
    }
}

static int serve(struct meters *meters)
{
    while (poll(meters->peer, meters->n_peers, -1) >= 0 || errno == EINTR) {
        for (nfds_t i = meters->n_peers; i-- > 1;) {
            if (meters->peer[i].revents != 0) {
                answer(meters, i);
            }
        }
        if ((meters->peer[0].revents & POLLIN) != 0 && meters->n_peers < PEERS_MAX) {
            int listener = meters->peer[0].fd;
            int fd = modbus_tcp_accept(meters->modbus, &listener);

            if (fd >= 0) {
                meters->peer[meters->n_peers++] = (struct pollfd){fd, POLLIN, 0};
            }
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    static struct meters meters;
    long port = argc == 3 ? strtol(argv[1], NULL, 10) : 0;

    if (port <= 0 || port > UINT16_MAX || read_file(&meters, argv[2]) != 0) {
        (void)fputs("usage: meter_libmodbus PORT FILE\n", stderr);
        return 64;
    }
    meters.modbus = modbus_new_tcp("127.0.0.1", (int)port);
    int listener = meters.modbus != NULL ? modbus_tcp_listen(meters.modbus, PEERS_MAX) : -1;

    if (listener < 0) {
        (void)fprintf(stderr, "cannot listen on port %ld\n", port);
        return 69;
    }
    meters.peer[0] = (struct pollfd){listener, POLLIN, 0};
    meters.n_peers = 1;
    (void)puts("ready");
    (void)fflush(stdout);
    return serve(&meters);
}
