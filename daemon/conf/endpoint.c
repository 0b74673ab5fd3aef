#include "daemon/conf/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"

#define METER_DIGITS 12

/* A sentence for people. */
struct why {
    char *text;
    size_t size;
};

static int refuse(const struct why *why, const char *what, const char *sentence)
{
    (void)snprintf(why->text, why->size, "'%.100s' %s", what, sentence);
    return ERR_SYNTAX;
}

bool host_is_literal(const char *host)
{
    struct in6_addr address;

    return inet_pton(AF_INET, host, &address) == 1 ||
           inet_pton(AF_INET6, host, &address) == 1;
}

bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
    }
    return strcasecmp(host, "localhost") == 0;
}

/* Letters, digits, dots and inner hyphens; digits and dots alone must be an address. */
static bool is_host_name(const char *host)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return host[0] != '\0' && host[strspn(host, allowed)] == '\0' && host[0] != '-' &&
           host[0] != '.' && strstr(host, "..") == NULL &&
           host[strspn(host, "0123456789.")] != '\0';
}

static void lower_case(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text + ('a' - 'A'));
        }
    }
}

/* "[::1]" or "host" in front of an optional port; *ret_rest stands at ":port" or the end.
 */
static int split_host(const char *text, char ret_host[HOST_LEN], const char **ret_rest,
                      const struct why *why)
{
    bool bracketed = text[0] == '[';
    const char *start = bracketed ? text + 1 : text;
    size_t n = strcspn(start, bracketed ? "]" : ":");
    char host[HOST_LEN];

    if (n == 0) {
        return refuse(why, text, "names no host");
    }
    if (n >= sizeof(host) || (bracketed && start[n] != ']')) {
        return refuse(why, text, "is no host and port: write HOST:PORT or [IPv6]:PORT");
    }
    memcpy(host, start, n);
    host[n] = '\0';
    struct in6_addr v6;
    bool is_v6 = inet_pton(AF_INET6, host, &v6) == 1;

    if (bracketed != is_v6 || (!is_v6 && !host_is_literal(host) && !is_host_name(host))) {
        return refuse(why, host, "is neither an address nor a host name");
    }
    if (is_v6) {
        (void)inet_ntop(AF_INET6, &v6, host, sizeof(host));
    }
    lower_case(host);
    memcpy(ret_host, host, sizeof(host));
    *ret_rest = start + n + (bracketed ? 1 : 0);
    return 0;
}

/* HOST[:PORT] and nothing after it. default_port 0: a port is needed. */
static int parse_host_port(const char *text, uint16_t default_port, char ret_host[HOST_LEN],
                           uint16_t *ret_port, const struct why *why)
{
    const char *rest = NULL;
    int64_t port = default_port;

    if (strpbrk(text, "/?#") != NULL) {
        return refuse(why, text, "has something after the port: write HOST:PORT only");
    }
    if (strchr(text, '@') != NULL) {
        return refuse(why, text, "holds a user name: that has no place in an address");
    }
    int err = split_host(text, ret_host, &rest, why);

    if (err != 0) {
        return err;
    }
    if (rest[0] != '\0' && (rest[0] != ':' || rest[1] == '+' ||
                            text_to_i64(rest + 1, 1, UINT16_MAX, &port) != 0)) {
        return refuse(why, rest, "is no port: allowed is :1 to :65535");
    }
    if (port == 0) {
        return refuse(why, text, "names no port: write HOST:PORT");
    }
    *ret_port = (uint16_t)port;
    return 0;
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* --- schemes --- */

struct scheme {
    const char *name;
    const char *form; /* as people write it */
    bool is_serial;
    bool is_dlt645;
    bool has_id;
    uint16_t port; /* 0 = has to be given */
    struct serial_settings serial;
};

static const struct scheme schemes[] = {
    {"modbus+tcp", "modbus+tcp://HOST[:502]", false, false, true, 502, {0}},
    {"modbus+rtu",
     "modbus+rtu:///dev/ttyUSB0?baud=9600&parity=N&stop=1",
     true,
     false,
     false,
     0,
     {9600, 'N', 1, false}},
    {"modbus+rtu+tcp", "modbus+rtu+tcp://HOST:PORT", false, false, false, 0, {0}},
    {"dlt645",
     "dlt645:///dev/ttyUSB0?baud=2400&parity=E",
     true,
     true,
     false,
     0,
     {2400, 'E', 1, false}},
    {"dlt645+tcp", "dlt645+tcp://HOST:PORT", false, true, false, 0, {0}},
};

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static const struct scheme *find_scheme(const char *text, const char **ret_rest)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        size_t n = strlen(schemes[i].name);

        if (has_prefix(text, schemes[i].name) && strncmp(text + n, "://", 3) == 0) {
            *ret_rest = text + n + 3;
            return &schemes[i];
        }
    }
    return NULL;
}

static int refuse_scheme(const char *endpoint, const struct why *why)
{
    const char *known[SCHEMES + 1] = {NULL};
    char word[24];
    size_t n = strcspn(endpoint, ":");
    const char *nearest = NULL;

    for (size_t i = 0; i < SCHEMES; i++) {
        known[i] = schemes[i].name;
    }
    if (n < sizeof(word) && strncmp(endpoint + n, "://", 3) == 0) {
        memcpy(word, endpoint, n);
        word[n] = '\0';
        nearest = text_nearest(word, known);
    }
    for (size_t i = 0; i < SCHEMES; i++) {
        if (nearest == schemes[i].name) {
            (void)snprintf(why->text, why->size,
                           "'%.100s' is no endpoint; did you mean %s?", endpoint,
                           schemes[i].form);
            return ERR_SYNTAX;
        }
    }
    return refuse(why, endpoint,
                  "is no endpoint: write modbus+tcp://HOST[:502], modbus+rtu:///dev/…, "
                  "modbus+rtu+tcp://HOST:PORT, dlt645:///dev/… or dlt645+tcp://HOST:PORT");
}

/* --- serial lines --- */

static int refuse_baud(const char *text, const struct why *why)
{
    char list[128] = "";
    size_t n = 0;

    for (size_t i = 0; serial_bauds[i] != 0 && n < sizeof(list); i++) {
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%d", i == 0 ? "" : ", ",
                              (int)serial_bauds[i]);
    }
    (void)snprintf(why->text, why->size, "'%.20s' is no baud rate: allowed are %s", text,
                   list);
    return ERR_SYNTAX;
}

/* One key=value. */
static int take_setting(const char *setting, struct serial_settings *serial,
                        const struct why *why)
{
    const char *value = strchr(setting, '=');
    int64_t number = 0;
    size_t key_n = value == NULL ? 0 : (size_t)(value - setting);

    value = value == NULL ? "" : value + 1;
    if (key_n == 4 && strncmp(setting, "baud", key_n) == 0) {
        if (text_to_i64(value, 1, INT32_MAX, &number) != 0 || !serial_is_baud(number)) {
            return refuse_baud(value, why);
        }
        serial->baud = (int32_t)number;
    } else if (key_n == 6 && strncmp(setting, "parity", key_n) == 0) {
        char parity = (char)(value[0] & ~0x20);

        if (value[0] == '\0' || value[1] != '\0' || strchr("NEO", parity) == NULL) {
            return refuse(why, setting, "is no parity: allowed are N, E and O");
        }
        serial->parity = parity;
    } else if (key_n == 4 && strncmp(setting, "stop", key_n) == 0) {
        if (text_to_i64(value, 1, 2, &number) != 0) {
            return refuse(why, setting, "is no number of stop bits: allowed are 1 and 2");
        }
        serial->stop_bits = (uint8_t)number;
    } else if (key_n == 5 && strncmp(setting, "rs485", key_n) == 0) {
        if (text_to_i64(value, 0, 1, &number) != 0) {
            return refuse(why, setting, "is neither rs485=0 nor rs485=1");
        }
        serial->rs485 = number == 1;
    } else {
        return refuse(why, setting,
                      "is no setting of a serial line: allowed are baud, parity, stop and "
                      "rs485");
    }
    return 0;
}

static int take_settings(const char *text, struct serial_settings *serial,
                         const struct why *why)
{
    char one[32];

    while (*text != '\0') {
        size_t n = strcspn(text, "&");

        if (n >= sizeof(one)) {
            return refuse(why, text, "is no setting of a serial line");
        }
        memcpy(one, text, n);
        one[n] = '\0';
        int err = take_setting(one, serial, why);

        if (err != 0) {
            return err;
        }
        text += n + (text[n] == '&' ? 1 : 0);
    }
    return 0;
}

static bool is_device(const char *text, size_t n)
{
    if (n < 2 || text[0] != '/' || text[n - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] == 0x7f ||
            strchr("#&%\"'\\", text[i]) != NULL || (text[i] == '/' && text[i + 1] == '/')) {
            return false;
        }
    }
    return true;
}

static int parse_serial(const char *text, struct endpoint *endpoint, const struct why *why)
{
    size_t n = strcspn(text, "?");

    if (!is_device(text, n)) {
        return refuse(why, text,
                      "is no device: write its whole path, /dev/ttyUSB0 or a link under "
                      "/dev/serial/by-id");
    }
    if (n >= sizeof(endpoint->device)) {
        return refuse(why, text, "is longer than 127 bytes");
    }
    memcpy(endpoint->device, text, n);
    endpoint->device[n] = '\0';
    return text[n] == '?' ? take_settings(text + n + 1, &endpoint->serial, why) : 0;
}

/* --- doors --- */

/* why is written through struct why. NOLINTNEXTLINE(readability-non-const-parameter) */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint, char *why, int why_size)
{
    struct why sentence = {why, (size_t)why_size};
    const char *rest = NULL;
    const struct scheme *scheme = find_scheme(text, &rest);

    if (scheme == NULL) {
        return refuse_scheme(text, &sentence);
    }
    struct endpoint endpoint = {.scheme = scheme->name,
                                .is_serial = scheme->is_serial,
                                .is_dlt645 = scheme->is_dlt645,
                                .has_id = scheme->has_id,
                                .serial = scheme->serial};
    int err = scheme->is_serial ? parse_serial(rest, &endpoint, &sentence)
                                : parse_host_port(rest, scheme->port, endpoint.host,
                                                  &endpoint.port, &sentence);

    if (err == 0) {
        *ret_endpoint = endpoint;
    }
    return err;
}

static int write_serial(const struct endpoint *endpoint, char *ret_text, size_t size)
{
    const struct serial_settings *serial = &endpoint->serial;
    char stop[16] = "";

    if (!endpoint->is_dlt645 || serial->stop_bits != 1) {
        (void)snprintf(stop, sizeof(stop), "&stop=%u", (unsigned)serial->stop_bits);
    }
    return snprintf(ret_text, size, "%s://%s?baud=%d&parity=%c%s%s", endpoint->scheme,
                    endpoint->device, (int)serial->baud, serial->parity, stop,
                    serial->rs485 ? "&rs485=1" : "");
}

/* why is written through struct why. NOLINTNEXTLINE(readability-non-const-parameter) */
int endpoint_canonical(const char *endpoint, char ret_endpoint[ENDPOINT_LEN], char *why,
                       int why_size)
{
    struct why sentence = {why, (size_t)why_size};
    struct endpoint parsed = {0};
    char text[HOST_LEN + ENDPOINT_LEN];
    int err = endpoint_parse(endpoint, &parsed, why, why_size);

    if (err != 0) {
        return err;
    }
    bool is_v6 = strchr(parsed.host, ':') != NULL;
    int n = parsed.is_serial ? write_serial(&parsed, text, sizeof(text))
                             : snprintf(text, sizeof(text), "%s://%s%s%s:%u", parsed.scheme,
                                        is_v6 ? "[" : "", parsed.host, is_v6 ? "]" : "",
                                        (unsigned)parsed.port);

    if (n < 0 || n >= ENDPOINT_LEN) {
        return refuse(&sentence, endpoint, "is longer than 127 bytes");
    }
    memcpy(ret_endpoint, text, (size_t)n + 1);
    return 0;
}

int endpoint_host_port(const char *endpoint, char *ret_host, int host_size,
                       uint16_t *ret_port)
{
    char sentence[160];
    struct endpoint parsed = {0};

    if (endpoint_parse(endpoint, &parsed, sentence, (int)sizeof(sentence)) != 0 ||
        parsed.is_serial) {
        return ERR_SYNTAX;
    }
    if (strlen(parsed.host) >= (size_t)host_size) {
        return ERR_RANGE;
    }
    memcpy(ret_host, parsed.host, strlen(parsed.host) + 1);
    *ret_port = parsed.port;
    return 0;
}

/* --- addresses --- */

static int unit_address(const char *text, bool has_id, char ret_address[ADDRESS_LEN],
                        const struct why *why)
{
    int min = has_id ? 0 : ENDPOINT_UNIT_MIN;
    int max = has_id ? UINT8_MAX : ENDPOINT_UNIT_MAX;
    int64_t unit = 0;

    if (text_to_i64(text, min, max, &unit) != 0) {
        (void)snprintf(why->text, why->size,
                       "address \"%.64s\" is not a unit id, %d to %d%s", text, min, max,
                       has_id ? "" : " with RTU framing");
        return ERR_SYNTAX;
    }
    (void)snprintf(ret_address, ADDRESS_LEN, "%d", (int)unit);
    return 0;
}

/* Digits, or pairs AA that stand for any two of them, counted from the end. */
static bool is_meter_number(const char *text, size_t n)
{
    for (size_t i = n; i > 0; i -= i > 1 ? 2 : 1) {
        char last = text[i - 1];
        char before = '0';

        if (i > 1) {
            before = text[i - 2];
        }
        bool is_any = (last == 'A' || last == 'a') && (before == 'A' || before == 'a');
        bool is_number = last >= '0' && last <= '9' && before >= '0' && before <= '9';

        if (!is_any && !is_number) {
            return false;
        }
    }
    return n >= 1 && n <= METER_DIGITS;
}

static int meter_number(const char *text, char ret_address[ADDRESS_LEN],
                        const struct why *why)
{
    size_t n = strlen(text);
    char number[METER_DIGITS + 1];

    if (!is_meter_number(text, n)) {
        (void)snprintf(why->text, why->size,
                       "address \"%.64s\" is not a DL/T 645 number: 1 to 12 digits, AA for "
                       "any two",
                       text);
        return ERR_SYNTAX;
    }
    memset(number, '0', METER_DIGITS - n);
    for (size_t i = 0; i < n; i++) {
        number[METER_DIGITS - n + i] = text[i];
        if (text[i] == 'a') {
            number[METER_DIGITS - n + i] = 'A';
        }
    }
    number[METER_DIGITS] = '\0';
    if (strcmp(number, "999999999999") == 0) {
        (void)snprintf(why->text, why->size,
                       "address 999999999999 is everyone: no meter answers it");
        return ERR_SYNTAX;
    }
    memcpy(ret_address, number, sizeof(number));
    return n < METER_DIGITS ? 1 : 0;
}

/* why is written through struct why. NOLINTBEGIN(readability-non-const-parameter) */
int endpoint_address(const char *canonical, const char *text, char ret_address[ADDRESS_LEN],
                     char *why, int why_size)
{
    struct why sentence = {why, (size_t)why_size};
    const char *rest = NULL;
    const struct scheme *scheme = find_scheme(canonical, &rest);

    return scheme != NULL && scheme->is_dlt645
               ? meter_number(text, ret_address, &sentence)
               : unit_address(text, scheme == NULL || scheme->has_id, ret_address,
                              &sentence);
}

/* NOLINTEND(readability-non-const-parameter) */

void endpoint_place(const char *canonical, char ret_place[ENDPOINT_LEN])
{
    const char *rest = strstr(canonical, "://");
    size_t n = rest == NULL ? 0 : strcspn(rest + 3, "?");

    n = n < ENDPOINT_LEN ? n : ENDPOINT_LEN - 1;
    if (n > 0) {
        memcpy(ret_place, rest + 3, n);
    }
    ret_place[n] = '\0';
}

bool endpoint_is_clash(const char *canonical, const char *other)
{
    char place[ENDPOINT_LEN];
    char other_place[ENDPOINT_LEN];

    endpoint_place(canonical, place);
    endpoint_place(other, other_place);
    return strcmp(place, other_place) == 0 && strcmp(canonical, other) != 0;
}

/* why is written through struct why. NOLINTNEXTLINE(readability-non-const-parameter) */
int mqtt_url_parse(const char *url, struct mqtt_url *ret_url, char *why, int why_size)
{
    struct why sentence = {why, (size_t)why_size};
    struct mqtt_url parsed = {.tls = has_prefix(url, "mqtts://")};

    if (!parsed.tls && !has_prefix(url, "mqtt://")) {
        return refuse(&sentence, url,
                      "is no broker: write mqtts://HOST[:8883] or mqtt://HOST[:1883]");
    }
    if (strchr(url, '@') != NULL) {
        return refuse(&sentence, url,
                      "holds a user name: use mqtt.username and mqtt.password_credential");
    }
    int err = parse_host_port(strchr(url, '/') + 2, parsed.tls ? 8883 : 1883, parsed.host,
                              &parsed.port, &sentence);

    if (err == 0) {
        *ret_url = parsed;
    }
    return err;
}
