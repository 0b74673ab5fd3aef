/* NOLINTNEXTLINE(readability-identifier-naming): the C library's name; for flock */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/store/state.h"

/* A file of its own: closing any descriptor of the database would drop SQLite's POSIX
 * locks. */

static void read_small(const char *path, int open_fd, char *ret_text, size_t size)
{
    int fd = open_fd >= 0 ? open_fd : open(path, O_RDONLY | O_CLOEXEC);

    ret_text[0] = '\0';
    if (fd < 0) {
        return;
    }
    ssize_t n = pread(fd, ret_text, size - 1, 0);

    ret_text[n > 0 ? n : 0] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
    if (open_fd < 0) {
        (void)close(fd);
    }
}

/* "PID NAME" of the holder, as it wrote it. */
static void write_holder(int fd)
{
    char name[32];
    char text[64];

    read_small("/proc/self/comm", -1, name, sizeof(name));
    int n = snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), name);

    if (ftruncate(fd, 0) == 0 && n > 0) {
        (void)!pwrite(fd, text, (size_t)n, 0);
    }
}

static void name_holder(const char *path, int fd, char *why, size_t why_size)
{
    char holder[64];
    char *name = NULL;

    read_small(path, fd, holder, sizeof(holder));
    long pid = strtol(holder, &name, 10);

    while (*name == ' ') {
        name++;
    }
    (void)snprintf(why, why_size, "the store %s is held by process %ld (%s)", path, pid,
                   *name != '\0' ? name : "unknown");
}

static int refuse(const char *what, const char *path, char *why, size_t why_size)
{
    char reason[128] = "";

    (void)strerror_r(errno, reason, sizeof(reason));
    (void)snprintf(why, why_size, "%s %s: %s", what, path, reason);
    return ERR_IO;
}

int lock_take(const char *path, int *ret_fd, char *why, size_t why_size)
{
    char lock_path[4096];
    int n = snprintf(lock_path, sizeof(lock_path), "%s.lock", path);

    if (n < 0 || (size_t)n >= sizeof(lock_path)) {
        (void)snprintf(why, why_size, "the store's path is too long");
        return ERR_RANGE;
    }
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0) {
        return refuse("cannot open", lock_path, why, why_size);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int err = ERR_LOCKED;

        if (errno == EWOULDBLOCK) {
            name_holder(path, fd, why, why_size);
        } else {
            err = refuse("cannot lock", lock_path, why, why_size);
        }
        (void)close(fd);
        return err;
    }
    (void)fchmod(fd, 0640);
    write_holder(fd);
    *ret_fd = fd;
    return 0;
}

void lock_release(int fd)
{
    if (fd >= 0) {
        int cut = ftruncate(fd, 0); /* no pid without a holder; the lock is what counts */

        (void)cut;
        (void)close(fd);
    }
}
