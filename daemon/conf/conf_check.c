#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/conf/conf_parts.h"
#include "daemon/conf/endpoint.h"
#include "daemon/conf/files.h"
#include "daemon/core/text.h"
#include "daemon/core/zone.h"

#define TIMEOUT_DLT645_MS 1500
#define SOCKET_PATH_MAX   107 /* sun_path of Linux holds 108 bytes with the NUL */

bool conf_is_given(const struct conf_build *build, const char *path)
{
    return schema_place(&build->schema, path)->line > 0;
}

void conf_problem(struct conf_build *build, const char *path, const char *format, ...)
{
    const struct place *place = schema_place(&build->schema, path);
    char message[640];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    problems_add(build->schema.problems, PROBLEM_CONFIG,
                 place->file == NULL ? build->conf.file : place->file, place->line,
                 place->column, "%s: %s", path, message);
}

/* site.id: auto. */
static void read_site_id(struct conf_build *build)
{
    static const char path[] = CONF_ETC_DIR "/site-id";
    uint8_t *bytes = NULL;
    size_t n = 0;

    if (file_read(path, 4096, build->schema.problems, &bytes, &n) != 0) {
        conf_problem(build, "site.id", "auto needs the file %s: write the id into it",
                     path);
        return;
    }
    char *text = (char *)bytes;

    text[strcspn(text, "\r\n \t")] = '\0';
    if (!text_is_id(text)) {
        problems_add(
            build->schema.problems, PROBLEM_CONFIG, path, 1, 1,
            "'%.64s' is not an id: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit "
            "first",
            text);
    } else {
        (void)text_copy(build->conf.site.id, sizeof(build->conf.site.id), text);
    }
    free(bytes);
}

static void check_site_id(struct conf_build *build)
{
    if (build->conf.site.id[0] == '\0') {
        return; /* missing or unreadable: told already */
    }
    if (strcmp(build->conf.site.id, "auto") == 0) {
        if (!build->bytes_only) {
            read_site_id(build);
        }
        return;
    }
    if (!text_is_id(build->conf.site.id)) {
        conf_problem(
            build, "site.id",
            "'%s' is not an id: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first "
            "(the name for people is site.name)",
            build->conf.site.id);
    }
}

static void check_timezone(struct conf_build *build)
{
    const char *name = build->conf.site.timezone;
    int err = build->bytes_only ? 0 : zone_load(name, &build->conf.site.tz);

    if (err == ERR_RANGE) {
        conf_problem(
            build, "site.timezone",
            "'%s' changes its offset (daylight saving): a day would not always have 96 "
            "quarter-hours; choose a zone with a fixed offset such as Asia/Shanghai",
            name);
    } else if (err != 0) {
        conf_problem(build, "site.timezone",
                     "'%s' is not a time zone of this system; write an IANA name such as "
                     "Asia/Shanghai",
                     name);
    }
}

static void check_site(struct conf_build *build)
{
    const char *region = build->conf.site.region;
    size_t n = strlen(region);

    check_site_id(build);
    check_timezone(build);
    if (n > 0 && (region[strspn(region, "0123456789")] != '\0' || n > 6 || n % 2 != 0)) {
        conf_problem(build, "site.region",
                     "'%s' is not a GB/T 2260 code: 2, 4 or 6 digits such as 330282",
                     region);
    }
    if (build->conf.site.name[0] == '\0') {
        (void)text_copy(build->conf.site.name, sizeof(build->conf.site.name),
                        build->conf.site.id);
    }
}

static void check_interval(struct conf_build *build)
{
    int64_t interval_ms = build->conf.collect.interval_ms;

    if (interval_ms % MS_PER_S != 0 || MS_PER_QUARTER_HOUR % interval_ms != 0) {
        conf_problem(
            build, "collect.interval",
            "must be whole seconds that divide 15 min, such as 1s, 5s, 10s, 15s, 30s, "
            "60s, 5min, 15min");
    }
}

/* Makes a path absolute in place; "" stays. */
static void settle_path(struct conf_build *build, const char *option, char *path,
                        size_t size)
{
    char absolute[CONF_PATH_LEN];

    if (path[0] == '\0') {
        return;
    }
    if (path_absolute(build->conf.folder, path, absolute, sizeof(absolute)) != 0 ||
        strlen(absolute) >= size) {
        conf_problem(build, option, "the path is longer than %zu bytes", size - 1);
        return;
    }
    memcpy(path, absolute, strlen(absolute) + 1);
}

static void check_paths(struct conf_build *build)
{
    struct conf *conf = &build->conf;

    settle_path(build, "store.path", conf->store.path, sizeof(conf->store.path));
    settle_path(build, "control.socket", conf->control.socket,
                sizeof(conf->control.socket));
    settle_path(build, "mqtt.ca", conf->mqtt.ca, sizeof(conf->mqtt.ca));
    settle_path(build, "mqtt.cert", conf->mqtt.cert, sizeof(conf->mqtt.cert));
    settle_path(build, "mqtt.key", conf->mqtt.key, sizeof(conf->mqtt.key));
    if (strlen(conf->control.socket) > SOCKET_PATH_MAX) {
        conf_problem(build, "control.socket",
                     "'%s' has %zu bytes: a socket's path must be shorter than 108",
                     conf->control.socket, strlen(conf->control.socket));
    }
}

/* A register file: named by the user it must exist, as a default it may be missing. */
static void check_register_file(struct conf_build *build, const char *option, char *path,
                                bool is_optional)
{
    settle_path(build, option, path, CONF_PATH_LEN);
    if (build->bytes_only || path[0] == '\0' || access(path, F_OK) == 0) {
        return;
    }
    if (conf_is_given(build, option)) {
        conf_problem(build, option, "there is no file '%s'", path);
    } else if (is_optional) {
        path[0] = '\0';
    }
}

static void check_register(struct conf_build *build)
{
    struct conf *conf = &build->conf;

    check_register_file(build, "register.enterprises", conf->reg.enterprises, false);
    check_register_file(build, "register.meters", conf->reg.meters, false);
    check_register_file(build, "register.lists", conf->reg.lists, true);
    check_register_file(build, "register.groups", conf->reg.groups, true);
}

struct line_index {
    const struct conf_line *line;
    const struct place *place;
    int index;
};

static int by_endpoint(const void *a, const void *b)
{
    const struct line_index *left = a;
    const struct line_index *right = b;
    char left_place[ENDPOINT_LEN];
    char right_place[ENDPOINT_LEN];

    endpoint_place(left->line->endpoint, left_place);
    endpoint_place(right->line->endpoint, right_place);
    int order = strcmp(left_place, right_place);

    if (order == 0) {
        order = strcmp(left->line->endpoint, right->line->endpoint);
    }

    return order != 0 ? order : left->index - right->index;
}

/* Two framings or two settings on one device or port. */
static void check_clash(struct conf_build *build, const struct line_index *first,
                        const struct line_index *second)
{
    const struct place *here = second->place;

    if (endpoint_is_clash(first->line->endpoint, second->line->endpoint)) {
        problems_add(build->schema.problems, PROBLEM_CONFIG, here->file, here->line,
                     here->column,
                     "lines: '%s' and '%s' are one line: it has one framing and one set of "
                     "settings",
                     first->line->endpoint, second->line->endpoint);
    }
}

static void check_duplicate_lines(struct conf_build *build)
{
    int n = build->conf.n_lines;
    struct line_index *sorted = n < 2 ? NULL : calloc((size_t)n, sizeof(*sorted));

    if (sorted == NULL) {
        build->err = n < 2 ? build->err : ERR_NOMEM;
        return;
    }
    for (int i = 0; i < n; i++) {
        sorted[i] = (struct line_index){&build->conf.line[i], &build->line_place[i], i};
    }
    qsort(sorted, (size_t)n, sizeof(*sorted), by_endpoint);
    for (int i = 1; i < n; i++) {
        check_clash(build, &sorted[i - 1], &sorted[i]);
        const struct place *here = sorted[i].place;
        const struct place *first = sorted[i - 1].place;

        if (strcmp(sorted[i].line->endpoint, sorted[i - 1].line->endpoint) == 0) {
            problems_add(
                build->schema.problems, PROBLEM_CONFIG, here->file, here->line,
                here->column,
                "lines: '%s' is given twice: in %s on line %ld and in %s on line %ld",
                sorted[i].line->endpoint, first->file, first->line, here->file, here->line);
        }
    }
    free(sorted);
}

/* In the production zone nothing may depend on a name service. */
static void check_line_hosts(struct conf_build *build)
{
    char host[HOST_LEN];
    uint16_t port = 0;

    for (int i = 0; build->conf.site.zone == ZONE_PRODUCTION && i < build->conf.n_lines;
         i++) {
        const struct conf_line *line = &build->conf.line[i];
        const struct place *place = &build->line_place[i];

        if (endpoint_host_port(line->endpoint, host, sizeof(host), &port) == 0 &&
            !host_is_literal(host)) {
            problems_add(
                build->schema.problems, PROBLEM_CONFIG, place->file, place->line,
                place->column,
                "lines.endpoint: '%s' is a host name: zone production allows literal "
                "addresses only",
                host);
        }
    }
}

static void keep_place(const struct conf_build *build, const char *path,
                       struct conf_place *ret_place)
{
    const struct place *place = schema_place(&build->schema, path);

    (void)text_copy(ret_place->file, sizeof(ret_place->file),
                    place->file == NULL ? build->conf.file : place->file);
    ret_place->line = place->line;
    ret_place->column = place->column;
}

void conf_check(struct conf_build *build)
{
    build->conf.collect.timeout_dlt645_ms = conf_is_given(build, "collect.timeout")
                                                ? build->conf.collect.timeout_ms
                                                : TIMEOUT_DLT645_MS;
    keep_place(build, "assess.resumption", &build->conf.assess.resumption_place);
    keep_place(build, "assess.carbon", &build->conf.assess.carbon_place);
    check_site(build);
    check_interval(build);
    check_paths(build);
    check_register(build);
    check_duplicate_lines(build);
    check_line_hosts(build);
    conf_check_mqtt(build);
    conf_check_later(build);
}
