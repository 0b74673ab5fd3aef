/* TIOCEXCL, major(). NOLINTNEXTLINE(readability-identifier-naming): the C library's name */
#define _DEFAULT_SOURCE

#include "daemon/core/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/log.h"

#define US_PER_S        1000000
#define DATA_BITS       8
#define FAST_BAUD       19200
#define FAST_SILENCE_US 1750
#define PTY_MAJOR_FIRST 136 /* Linux: UNIX98_PTY_SLAVE_MAJOR */
#define PTY_MAJOR_LAST  143
#define SILENCE_HALVES  7 /* half characters */

/* Baud rates with their termios names. X(baud) */
#define BAUD_LIST(X)                                                                       \
    X(110)                                                                                 \
    X(300)                                                                                 \
    X(600)                                                                                 \
    X(1200)                                                                                \
    X(2400)                                                                                \
    X(4800)                                                                                \
    X(9600)                                                                                \
    X(19200)                                                                               \
    X(38400)                                                                               \
    X(57600)                                                                               \
    X(115200)                                                                              \
    X(230400)                                                                              \
    X(460800)                                                                              \
    X(921600)

#define BAUD_NUMBER(baud) baud,
const int32_t serial_bauds[] = {BAUD_LIST(BAUD_NUMBER) 0};

/* The same order. */
#define BAUD_SPEED(baud) B##baud,
static const speed_t speeds[] = {BAUD_LIST(BAUD_SPEED)};

bool serial_is_baud(int64_t baud)
{
    for (size_t i = 0; serial_bauds[i] != 0; i++) {
        if (serial_bauds[i] == baud) {
            return true;
        }
    }
    return false;
}

static int bits_of(const struct serial_settings *settings)
{
    return 1 + DATA_BITS + (settings->parity == 'N' ? 0 : 1) + settings->stop_bits;
}

int32_t serial_character_us(const struct serial_settings *settings)
{
    return (bits_of(settings) * US_PER_S + settings->baud - 1) / settings->baud;
}

int32_t serial_silence_us(const struct serial_settings *settings)
{
    if (settings->baud > FAST_BAUD) {
        return FAST_SILENCE_US;
    }
    return (serial_character_us(settings) * SILENCE_HALVES + 1) / 2;
}

/* --- opening --- */

/* Whoever holds the lock is not to be disturbed by our settings, so it is tried first. */
static int try_lock(const char *device)
{
    int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return errno == EBUSY ? ERR_LOCKED : -errno;
    }
    int err = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : ERR_LOCKED;

    if (err == 0 && isatty(fd) == 0) {
        err = -ENOTTY;
    }
    (void)close(fd);
    return err;
}

static bool is_pty(const char *device)
{
    struct stat status;

    return stat(device, &status) == 0 && major(status.st_rdev) >= PTY_MAJOR_FIRST &&
           major(status.st_rdev) <= PTY_MAJOR_LAST;
}

static int open_by_libmodbus(const char *device, const struct serial_settings *settings,
                             int *ret_fd)
{
    modbus_t *modbus = modbus_new_rtu(device, settings->baud, settings->parity, DATA_BITS,
                                      settings->stop_bits);

    if (modbus == NULL) {
        return errno == ENOMEM ? ERR_NOMEM : ERR_RANGE;
    }
    int err = modbus_connect(modbus) == 0 ? 0 : errno == EBUSY ? ERR_LOCKED : -errno;

    if (err == 0 && settings->rs485 &&
        modbus_rtu_set_serial_mode(modbus, MODBUS_RTU_RS485) != 0) {
        err = ERR_UNAVAILABLE;
        modbus_close(modbus);
    }
    if (err == 0) {
        *ret_fd = modbus_get_socket(modbus);
    }
    modbus_free(modbus); /* does not close */
    return err;
}

static int lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? ERR_LOCKED : -errno;
    }
    return ioctl(fd, TIOCEXCL) == 0 ? 0 : -errno;
}

static speed_t speed_of(int32_t baud)
{
    size_t i = 0;

    while (serial_bauds[i] != baud) {
        i++;
    }
    return speeds[i];
}

static bool has_parity(const struct termios *taken, char parity)
{
    bool is_on = (taken->c_cflag & PARENB) != 0;
    bool is_odd = (taken->c_cflag & PARODD) != 0;

    return parity == 'N' ? !is_on : is_on && is_odd == (parity == 'O');
}

static int compare(const char *device, int fd, const struct serial_settings *settings)
{
    struct termios taken;

    if (tcgetattr(fd, &taken) != 0) {
        return -errno;
    }
    speed_t speed = speed_of(settings->baud);
    bool has_two_stops = (taken.c_cflag & CSTOPB) != 0;

    if (cfgetospeed(&taken) != speed || cfgetispeed(&taken) != speed ||
        (taken.c_cflag & CSIZE) != CS8 || has_two_stops != (settings->stop_bits == 2)) {
        return ERR_RANGE;
    }
    if (!has_parity(&taken, settings->parity)) {
        if (!is_pty(device)) {
            return ERR_RANGE;
        }
        log_debug("%s: a pseudo-terminal, it takes no parity %c", device, settings->parity);
    }
    return 0;
}

int serial_open(const char *device, const struct serial_settings *settings, int *ret_fd)
{
    int fd = -1;

    if (!serial_is_baud(settings->baud)) {
        return ERR_RANGE;
    }
    int err = try_lock(device);

    if (err == 0) {
        err = open_by_libmodbus(device, settings, &fd);
    }
    if (err == -EINVAL && settings->parity != 'N' && is_pty(device)) {
        struct serial_settings plain = *settings;

        plain.parity = 'N'; /* when all else is set already, the kernel refuses parity */
        err = open_by_libmodbus(device, &plain, &fd);
    }
    if (err == 0) {
        err = lock(fd);
    }
    if (err == 0) {
        err = compare(device, fd, settings);
    }
    if (err != 0) {
        if (fd >= 0) {
            (void)close(fd); /* and throws nothing away: it may be another's */
        }
        return err;
    }
    (void)tcflush(fd, TCIOFLUSH);
    *ret_fd = fd;
    return 0;
}

void serial_close(int fd)
{
    if (fd >= 0) {
        (void)tcflush(fd, TCOFLUSH);
        (void)close(fd);
    }
}

const char *serial_error_words(int err, char *ret_words, size_t size)
{
    static const struct {
        int err;
        const char *words;
    } known[] = {
        {ERR_LOCKED, "in use by another program"},
        {ERR_RANGE, "does not take these settings"},
        {ERR_UNAVAILABLE, "no RS-485 mode: leave rs485=1 out"},
        {-ENOENT, "no such device"},
        {-ENODEV, "no such device"},
        {-ENXIO, "device unplugged"},
        {-EIO, "device unplugged"},
        {-EACCES, "no permission: group dialout?"},
        {-EPERM, "no permission"},
        {-ENOTTY, "not a serial line"},
        {-EISDIR, "not a serial line"},
        {-ELOOP, "links in a circle"},
        {-EMFILE, "too many open files"},
        {-ENFILE, "too many open files"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].err == err) {
            return known[i].words;
        }
    }
    (void)snprintf(ret_words, size, "system error %d", -err);
    return ret_words;
}
