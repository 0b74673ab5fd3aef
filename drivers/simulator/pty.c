/* cfmakeraw, ptsname_r. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE

#include "drivers/simulator/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    speed_t speed;
    int32_t baud;
} speeds[] = {{B300, 300},      {B600, 600},       {B1200, 1200},     {B2400, 2400},
              {B4800, 4800},    {B9600, 9600},     {B19200, 19200},   {B38400, 38400},
              {B57600, 57600},  {B115200, 115200}, {B230400, 230400}, {B460800, 460800},
              {B921600, 921600}};

static int make_raw(int fd)
{
    struct termios settings;

    if (tcgetattr(fd, &settings) != 0) {
        return -errno;
    }
    cfmakeraw(&settings);
    return tcsetattr(fd, TCSANOW, &settings) != 0 ? -errno : 0;
}

/* A link that leads nowhere was left by a simulator that was killed. */
static int link_at(const char *device, const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && stat(path, &status) != 0 &&
        errno == ENOENT) {
        (void)unlink(path);
    }
    return symlink(device, path) != 0 ? -errno : 0;
}

int pty_open(const char *path, struct pty *ret_pty, int *ret_master)
{
    struct pty pty = {.slave = -1};
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int err = 0;

    if (master < 0) {
        return -errno;
    }
    if (grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, pty.device, sizeof(pty.device)) != 0) {
        err = -errno;
    }
    if (err == 0) {
        pty.slave = open(pty.device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        err = pty.slave < 0 ? -errno : make_raw(pty.slave);
    }
    err = err == 0 ? link_at(pty.device, path) : err;
    if (err != 0) {
        if (pty.slave >= 0) {
            (void)close(pty.slave);
        }
        (void)close(master);
        return err;
    }
    *ret_pty = pty;
    *ret_master = master;
    return 0;
}

void pty_close(struct pty *pty, const char *path)
{
    char target[sizeof(pty->device)];

    if (pty->slave < 0) {
        return;
    }
    ssize_t n = readlink(path, target, sizeof(target));

    if (n > 0 && (size_t)n == strlen(pty->device) &&
        memcmp(target, pty->device, (size_t)n) == 0) {
        (void)unlink(path);
    }
    (void)close(pty->slave);
    pty->slave = -1;
}

int32_t pty_baud(const struct pty *pty)
{
    struct termios settings;

    if (pty->slave < 0 || tcgetattr(pty->slave, &settings) != 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
        if (speeds[i].speed == cfgetospeed(&settings)) {
            return speeds[i].baud;
        }
    }
    return 0;
}
