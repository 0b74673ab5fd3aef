/*
 * Serial lines (串口): opened and configured by libmodbus, held by one program alone. Bytes
 * are read and written by the owner of the descriptor; nothing else of libmodbus is used.
 */
#ifndef ECMON_CORE_SERIAL_H
#define ECMON_CORE_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct serial_settings {
    int32_t baud;      /* 波特率, one of serial_bauds */
    char parity;       /* 校验 'N', 'E' or 'O' */
    uint8_t stop_bits; /* 1 or 2; there are always 8 data bits */
    bool rs485;        /* the kernel switches the direction of an RS-485 port (RTS) */
};

/* The baud rates that exist here, ascending, 0 at the end. (libmodbus takes an unknown one
 * for 9600 without a word.) */
extern const int32_t serial_bauds[];
bool serial_is_baud(int64_t baud);

/* Microseconds that one character takes: start bit, 8 data bits, parity, stop bits. */
int32_t serial_character_us(const struct serial_settings *settings);
/* The silence that ends a Modbus RTU frame and must be seen before a request: 3.5
 * characters, above 19200 Bd 1750 µs. "MODBUS over Serial Line" V1.02, §2.5.1.1. */
int32_t serial_silence_us(const struct serial_settings *settings);

/*
 * Opens a device, /dev/ttyUSB0 or a link such as /dev/serial/by-id/…, without waiting; the
 * descriptor is non-blocking, raw, and locked against other programs (TIOCEXCL and flock).
 * The settings are read back and compared; a pseudo-terminal takes no parity: that is a
 * line in the debug log, not an error. Bytes that had come before are thrown away.
 *
 * Returns 0 and *ret_fd, the caller's (serial_close); ERR_LOCKED when another program has
 * it, ERR_RANGE when the device does not take the settings, ERR_UNAVAILABLE when it has no
 * RS-485 mode, or -errno.
 */
int serial_open(const char *device, const struct serial_settings *settings, int *ret_fd);
/* Throws away what has not gone out, so that closing never waits. fd < 0: nothing. */
void serial_close(int fd);

/* serial_open's error in a few words for people; for errors of reading and writing, too.
 * ret_words is used for those without words of their own. */
const char *serial_error_words(int err, char *ret_words, size_t size);

#endif
