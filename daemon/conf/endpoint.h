/*
 * Endpoints (端点): where the line of a meter is. modbus+tcp://HOST[:502],
 * modbus+rtu:///dev/…?baud=9600&parity=N&stop=1[&rs485=1], modbus+rtu+tcp://HOST:PORT,
 * dlt645:///dev/…?baud=2400&parity=E, dlt645+tcp://HOST:PORT.
 */
#ifndef ECMON_CONF_ENDPOINT_H
#define ECMON_CONF_ENDPOINT_H

#include <stdbool.h>

#include "daemon/conf/conf.h"
#include "daemon/core/serial.h"

struct endpoint {
    const char *scheme; /* "modbus+rtu"; static */
    bool is_serial;     /* device and serial count, else host and port */
    bool is_dlt645;     /* DL/T 645, else Modbus */
    bool has_id;        /* replies carry a transaction id: Modbus TCP */
    char host[HOST_LEN];
    uint16_t port;
    char device[ENDPOINT_LEN];
    struct serial_settings serial;
};

#define ENDPOINT_UNIT_MIN 1 /* of Modbus RTU, where 0 is the broadcast */
#define ENDPOINT_UNIT_MAX 247

/* Returns 0, or ERR_SYNTAX with a sentence in why; *ret_endpoint is untouched then. */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint, char *why,
                   int why_size);
/*
 * A meter's address on a canonical endpoint: a unit id, 0 to 255, with RTU framing 1 to
 * 247; of DL/T 645 1 to 12 digits, AA for any two, padded with 0 in front. Returns 0, 1
 * when it was padded, or ERR_SYNTAX with a sentence.
 */
int endpoint_address(const char *canonical, const char *text, char ret_address[ADDRESS_LEN],
                     char *why, int why_size);
/* What two lines cannot share: the device, or host and port, without scheme and settings.
 * Of a canonical endpoint. */
void endpoint_place(const char *canonical, char ret_place[ENDPOINT_LEN]);
/* The same, and whether all of two canonical endpoints is: two framings or two settings on
 * one device or port. */
bool endpoint_is_clash(const char *canonical, const char *other);

#endif
