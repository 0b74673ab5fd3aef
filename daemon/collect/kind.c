/* What a line's scheme and settings ask of it. */
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/engine.h"
#include "drivers/dlt645/dlt645.h"
#include "drivers/modbus/modbus.h"

#define US_PER_MS 1000
#define SILENCE_RTU_MS                                                                     \
    4 /* of a serial line whose baud rate we do not know: 3.5 characters at 9600 Bd */
#define SILENCE_DLT645_MS 16    /* at 2400 Bd, 8E1 */
#define REQUEST_CHARS     13    /* asked 8, answered 5 beside the registers */
#define TURNAROUND_US     10000 /* that a meter takes to answer [P] */
#define REGISTERS_MAX     125

int line_drivers(const struct driver **ret_drivers)
{
    ret_drivers[0] = modbus_tcp_driver();
    ret_drivers[1] = modbus_rtu_driver();
    ret_drivers[2] = modbus_rtu_tcp_driver();
    ret_drivers[3] = dlt645_driver();
    ret_drivers[4] = dlt645_tcp_driver();
    return LINE_DRIVERS;
}

const struct driver *line_driver_of(const struct driver *const *drivers, int n,
                                    const char *endpoint)
{
    for (int i = 0; i < n; i++) {
        size_t scheme_n = strlen(drivers[i]->scheme);

        if (strncmp(endpoint, drivers[i]->scheme, scheme_n) == 0 &&
            strncmp(endpoint + scheme_n, "://", 3) == 0) {
            return drivers[i];
        }
    }
    return NULL;
}

/* A further request costs its characters, two silences and the meter's turn; a register
 * read over costs two characters. */
static uint32_t gap_registers(const struct serial_settings *serial)
{
    int32_t character_us = serial_character_us(serial);
    int32_t request_us =
        REQUEST_CHARS * character_us + 2 * serial_silence_us(serial) + TURNAROUND_US;
    int32_t registers = request_us / (2 * character_us);

    return (uint32_t)(registers < REGISTERS_MAX ? registers : REGISTERS_MAX);
}

int line_kind_of(const char *endpoint, struct line_kind *ret_kind)
{
    struct endpoint parsed;
    char why[320];

    if (endpoint_parse(endpoint, &parsed, why, (int)sizeof(why)) != 0) {
        return ERR_SYNTAX;
    }
    struct line_kind kind = {.is_serial = parsed.is_serial,
                             .is_dlt645 = parsed.is_dlt645,
                             .has_id = parsed.has_id,
                             .gap_registers = GAP_REGISTERS};

    if (parsed.is_serial) {
        kind.character_us = serial_character_us(&parsed.serial);
        kind.silence_us = serial_silence_us(&parsed.serial);
        kind.gap_registers = gap_registers(&parsed.serial);
        kind.baud = parsed.serial.baud;
    } else if (!parsed.has_id) {
        kind.silence_us =
            (parsed.is_dlt645 ? SILENCE_DLT645_MS : SILENCE_RTU_MS) * US_PER_MS;
    }
    kind.silence_ms = (kind.silence_us + US_PER_MS - 1) / US_PER_MS;
    *ret_kind = kind;
    return 0;
}
