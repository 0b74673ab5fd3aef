#include <stdio.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "drivers/simulator/frame.h"

#define PORT_MODBUS    502
#define BAUD_MODBUS    9600
#define BAUD_DLT645    2400
#define BAUD_MAX       4000000
#define CHARACTER_BITS 9 /* start and data; parity and stop come on top */
#define HOST_LEN       64
#define DIGITS_MAX     ((size_t)2 * SIMULATOR_ADDRESS_LEN)

static const char *const scheme_names[] = {
#define SCHEME_NAME(id, name) name,
    SIMULATOR_SCHEME_LIST(SCHEME_NAME)
#undef SCHEME_NAME
};

static enum simulator_scheme read_scheme(const char *endpoint, const char **ret_rest)
{
    for (int i = 0; i < SIMULATOR_SCHEME_COUNT; i++) {
        size_t n = strlen(scheme_names[i]);

        if (strncmp(endpoint, scheme_names[i], n) == 0 &&
            strncmp(endpoint + n, "://", 3) == 0) {
            *ret_rest = endpoint + n + 3;
            return (enum simulator_scheme)i;
        }
    }
    return SIMULATOR_SCHEME_COUNT;
}

/* HOST, HOST:PORT, [IPv6]:PORT. */
static int read_host(const char *text, struct simulated_meter *meter)
{
    bool is_bracketed = text[0] == '[';
    const char *start = is_bracketed ? text + 1 : text;
    size_t n = strcspn(start, is_bracketed ? "]" : ":");
    const char *rest = start + n + (is_bracketed && start[n] == ']' ? 1 : 0);
    int64_t port = meter->scheme == SIMULATOR_MODBUS_TCP ? PORT_MODBUS : 0;

    if (n == 0 || n >= HOST_LEN || (is_bracketed && start[n] != ']')) {
        return ERR_SYNTAX;
    }
    if (rest[0] != '\0' &&
        (rest[0] != ':' || text_to_i64(rest + 1, 1, UINT16_MAX, &port) != 0)) {
        return ERR_SYNTAX;
    }
    if (port == 0) {
        return ERR_SYNTAX;
    }
    memcpy(meter->host, start, n);
    meter->host[n] = '\0';
    meter->port = (uint16_t)port;
    return 0;
}

struct serial {
    int64_t baud;
    int64_t stop;
    char parity;
};

/* One "key=value". Keys that say nothing about the wire are passed over. */
static int read_setting(const char *setting, size_t n, struct serial *serial)
{
    char text[64];

    if (n >= sizeof(text)) {
        return 0;
    }
    memcpy(text, setting, n);
    text[n] = '\0';
    if (strncmp(text, "baud=", 5) == 0) {
        return text_to_i64(text + 5, 1, BAUD_MAX, &serial->baud);
    }
    if (strncmp(text, "stop=", 5) == 0) {
        return text_to_i64(text + 5, 1, 2, &serial->stop);
    }
    if (strncmp(text, "parity=", 7) == 0) {
        serial->parity = text[7];
        return strchr("NEOneo", text[7]) != NULL && n == 8 ? 0 : ERR_SYNTAX;
    }
    return 0;
}

static int read_path(const char *text, struct simulated_meter *meter)
{
    size_t n = strcspn(text, "?");
    bool is_modbus = meter->scheme == SIMULATOR_MODBUS_RTU;
    struct serial serial = {is_modbus ? BAUD_MODBUS : BAUD_DLT645, 1,
                            is_modbus ? 'N' : 'E'};
    const char *setting = text + n;

    if (text[0] != '/' || n < 2 || n >= SIMULATOR_PATH_LEN) {
        return ERR_SYNTAX;
    }
    while (*setting != '\0') {
        setting++;
        size_t length = strcspn(setting, "&");

        if (read_setting(setting, length, &serial) != 0) {
            return ERR_SYNTAX;
        }
        setting += length;
    }
    memcpy(meter->path, text, n);
    meter->path[n] = '\0';
    meter->baud = (int32_t)serial.baud;
    meter->character_bits = (int32_t)(CHARACTER_BITS + serial.stop +
                                      (serial.parity != 'N' && serial.parity != 'n'));
    return 0;
}

int simulator_read_endpoint(const char *endpoint, struct simulated_meter *meter)
{
    struct simulated_meter read = *meter;
    const char *rest = NULL;

    read.scheme = read_scheme(endpoint, &rest);
    if (read.scheme == SIMULATOR_SCHEME_COUNT) {
        return ERR_SYNTAX;
    }
    read.host[0] = '\0';
    read.port = 0;
    read.path[0] = '\0';
    read.baud = 0;
    read.character_bits = 0;
    int err =
        scheme_is_serial(read.scheme) ? read_path(rest, &read) : read_host(rest, &read);

    if (err != 0) {
        return ERR_SYNTAX;
    }
    *meter = read;
    return 0;
}

int simulator_read_address(const char *text, uint8_t ret_address[SIMULATOR_ADDRESS_LEN])
{
    size_t n = strlen(text);

    if (n == 0 || n > DIGITS_MAX || text[strspn(text, "0123456789")] != '\0') {
        return ERR_SYNTAX;
    }
    memset(ret_address, 0, SIMULATOR_ADDRESS_LEN);
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(text[n - 1 - i] - '0');

        ret_address[i / 2] |= (uint8_t)(i % 2 == 0 ? digit : digit << 4);
    }
    return 0;
}

void simulator_endpoint(const struct simulated_meter *meter, char *ret_text, size_t size)
{
    bool is_v6 = strchr(meter->host, ':') != NULL;

    if (scheme_is_serial(meter->scheme)) {
        (void)snprintf(ret_text, size, "%s://%s", scheme_names[meter->scheme], meter->path);
    } else {
        (void)snprintf(ret_text, size, "%s://%s%s%s:%u", scheme_names[meter->scheme],
                       is_v6 ? "[" : "", meter->host, is_v6 ? "]" : "",
                       (unsigned)meter->port);
    }
}
