#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ecmon/err.h>

#include "daemon/conf/conf.h"
#include "daemon/core/text.h"

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

/* HOST[:PORT] and nothing after it. */
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
    *ret_port = (uint16_t)port;
    return 0;
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int refuse_scheme(const char *endpoint, const struct why *why)
{
    static const char *const later[] = {"modbus+rtu://", "modbus+rtu+tcp://", "dlt645://",
                                        "dlt645+tcp://", NULL};

    for (int i = 0; later[i] != NULL; i++) {
        if (has_prefix(endpoint, later[i])) {
            return refuse(why, later[i],
                          "lines are not in this version: only modbus+tcp://HOST[:502]");
        }
    }
    return refuse(why, endpoint, "is no endpoint: write modbus+tcp://HOST[:502]");
}

static const char scheme_tcp[] = "modbus+tcp://";

/* why is written through struct why. NOLINTNEXTLINE(readability-non-const-parameter) */
int endpoint_canonical(const char *endpoint, char ret_endpoint[ENDPOINT_LEN], char *why,
                       int why_size)
{
    struct why sentence = {why, (size_t)why_size};
    char host[HOST_LEN];
    uint16_t port = 0;

    if (!has_prefix(endpoint, scheme_tcp)) {
        return refuse_scheme(endpoint, &sentence);
    }
    int err = parse_host_port(endpoint + strlen(scheme_tcp), 502, host, &port, &sentence);

    if (err != 0) {
        return err;
    }
    bool is_v6 = strchr(host, ':') != NULL;

    if (strlen(scheme_tcp) + strlen(host) + sizeof("[]:65535") > ENDPOINT_LEN) {
        return refuse(&sentence, endpoint, "is longer than 127 bytes");
    }
    (void)snprintf(ret_endpoint, ENDPOINT_LEN, "%s%s%.*s%s:%u", scheme_tcp,
                   is_v6 ? "[" : "", ENDPOINT_LEN - 24, host, is_v6 ? "]" : "",
                   (unsigned)port);
    return 0;
}

int endpoint_host_port(const char *endpoint, char *ret_host, int host_size,
                       uint16_t *ret_port)
{
    char sentence[160];
    struct why why = {sentence, sizeof(sentence)};
    char host[HOST_LEN];
    uint16_t port = 0;

    if (!has_prefix(endpoint, scheme_tcp) ||
        parse_host_port(endpoint + strlen(scheme_tcp), 502, host, &port, &why) != 0) {
        return ERR_SYNTAX;
    }
    if (strlen(host) >= (size_t)host_size) {
        return ERR_RANGE;
    }
    memcpy(ret_host, host, strlen(host) + 1);
    *ret_port = port;
    return 0;
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
