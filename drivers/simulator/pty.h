/* Room-internal: a pseudo-terminal whose other end is linked at a path of the file system.
 */
#ifndef ECMON_SIMULATOR_PTY_H
#define ECMON_SIMULATOR_PTY_H

#include <stdint.h>

#include "drivers/simulator/simulator.h"

struct pty {
    int slave; /* kept open, so that the master does not hang up; -1: closed */
    char device[64];
};

/* Raw, no echo. ret_master is non-blocking and the caller's. Returns 0 or -errno: -EEXIST
 * when the path is there and is no dangling link. */
int pty_open(const char *path, struct pty *ret_pty, int *ret_master);
/* Removes the link when it is ours. The master is the caller's to close. */
void pty_close(struct pty *pty, const char *path);
/* Baud rate that the client has set; 0 when unknown. */
int32_t pty_baud(const struct pty *pty);

#endif
