/*
 * The configuration: ecmond.yaml and conf.d/, read by libyaml's events against option rows
 * (path, type, unit, min, max, default, help). The same rows parse, check and document.
 */
#ifndef ECMON_CONF_CONF_H
#define ECMON_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/time.h>

#include "daemon/conf/problems.h"
#include "daemon/core/text.h"

#define CONF_PATH_LEN 512

enum conf_zone {
    ZONE_INTERNET,
    ZONE_OFFICE,
    ZONE_ACCESS,
    ZONE_PRODUCTION
};

/* What differs from `collect` for one endpoint. -1 = not given. */
/* Where a value was given; line 0 = nowhere, file is the configuration itself. */
struct conf_place {
    char file[CONF_PATH_LEN];
    long line;
    int column;
};

struct conf_line {
    char endpoint[ENDPOINT_LEN]; /* canonical, with the port */
    int64_t timeout_ms;
    int64_t gap_ms;
    int64_t late_window_ms;
    int32_t retries;
    int32_t max_registers;
    int32_t connections;
};

struct conf {
    char file[CONF_PATH_LEN];   /* as named by the user */
    char folder[CONF_PATH_LEN]; /* of the file: relative paths start here */
    char sha256[65];            /* of all configuration files read */

    struct {
        char id[ID_LEN];
        char name[NAME_LEN];
        char timezone[64];
        char region[8];
        enum conf_zone zone;
        struct zone tz; /* of timezone */
    } site;

    struct {
        char path[CONF_PATH_LEN]; /* absolute */
        int64_t keep_readings_ms;
        int64_t keep_results_ms; /* 0 = forever */
        int64_t max_size_bytes;
        bool durable; /* durability: full */
    } store;

    struct {
        int64_t interval_ms; /* divides 15 min, whole seconds */
        int64_t timeout_ms;
        int64_t timeout_dlt645_ms; /* 1.5 s unless timeout is given */
        int32_t retries;
        int64_t backoff_max_ms;
        int64_t late_window_ms;
    } collect;
    struct conf_line *line;
    int n_lines;

    struct {
        char enterprises[CONF_PATH_LEN]; /* absolute; "" = none */
        char meters[CONF_PATH_LEN];
        char lists[CONF_PATH_LEN];
        char groups[CONF_PATH_LEN];
    } reg; /* register: */

    struct {
        bool require_sync;
        int64_t max_offset_ms;
    } time;

    struct {
        char socket[CONF_PATH_LEN];
    } control;

    struct {
        char url[256]; /* "" = nothing is published there */
        char client_id[64];
        char username[128];
        char password_credential[128];
        char ca[CONF_PATH_LEN];
        char cert[CONF_PATH_LEN];
        char key[CONF_PATH_LEN];
        bool insecure;
        int32_t version; /* 5 or 4 (3.1.1) */
        int32_t qos;
        char topic_root[128];
        int32_t batch;
        int32_t inflight;
    } mqtt;

    struct {
        char resumption[ID_LEN]; /* method id */
        char carbon[ID_LEN];
        struct conf_place resumption_place; /* the methods are checked when they are read */
        struct conf_place carbon_place;
        bool prefer_import; /* energy_source: import */
    } assess;

    struct {
        bool suppress_small_cells;
    } publish;
};

/*
 * Reads and checks one configuration. Every problem is added. Returns 0 and *ret_conf
 * (owned, also when only warnings were found), ERR_CONFIG, ERR_IO or ERR_NOMEM.
 */
int conf_load(const char *path, struct problems *problems, struct conf **ret_conf);
/* The same, but with ERR_CONFIG *ret_conf is set as well when only values are wrong: enough
 * to find the other files and to tell their problems, too. */
int conf_load_all(const char *path, struct problems *problems, struct conf **ret_conf);
void conf_free(struct conf *conf);

/* The same for bytes alone, touching no other file: no conf.d, no zone data, no checks that
 * a named file exists; relative paths stay as they are. name: in messages. */
int conf_parse_bytes(const char *name, const void *bytes, size_t n,
                     struct problems *problems, struct conf **ret_conf);

/* For how many days store.max_size lasts when n_meters are polled every collect.interval;
 * INT64_MAX without meters. `check` warns when it is less than keep_readings. */
int64_t conf_days_left(const struct conf *conf, int64_t n_meters);

/* The reference of every option with its limits, default and help (manual page, --help). */
void conf_document(struct text_buffer *out);

/* Folders searched for method data of one kind ("profiles", "methods" …): beside the
 * configuration file, then /etc/ecmon, then the shared folder (ECMON_SHARE_DIR at build
 * time, the environment's ECMON_SHARE_DIR wins). Calls fn once per file name, the first
 * folder that has it wins, names sorted. Returns 0 or enum err. */
int conf_each_file(const struct conf *conf, const char *kind, const char *suffix,
                   int (*fn)(void *ctx, const char *path, const char *name), void *ctx);

/* "modbus+tcp://h" -> "modbus+tcp://h:502"; of a serial line with all its settings. Returns
 * 0, or ERR_SYNTAX with a sentence. See endpoint.h. */
int endpoint_canonical(const char *endpoint, char ret_endpoint[ENDPOINT_LEN], char *why,
                       int why_size);
/* Host and port of a canonical endpoint; ERR_SYNTAX for a serial one. */
int endpoint_host_port(const char *endpoint, char *ret_host, int host_size,
                       uint16_t *ret_port);

/* Is the host an IPv4 or IPv6 address (no brackets), so that no name has to be resolved? */
bool host_is_literal(const char *host);
/* 127.0.0.0/8, ::1, or "localhost". */
bool host_is_loopback(const char *host);

#define HOST_LEN 256

/* mqtt://HOST[:1883] or mqtts://HOST[:8883]. */
struct mqtt_url {
    char host[HOST_LEN]; /* without brackets */
    uint16_t port;
    bool tls;
};

/* Returns 0, or ERR_SYNTAX with a sentence in why. */
int mqtt_url_parse(const char *url, struct mqtt_url *ret_url, char *why, int why_size);

#endif
