#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/conf_parts.h"

#define INTO(field) OPT_INTO(struct conf_build, field)
#define KIB         (INT64_C(1) << 10)
#define MIB         (INT64_C(1) << 20)
#define GIB         (INT64_C(1) << 30)
#define YEARS_100   (INT64_C(36500) * MS_PER_DAY)

static const char *const zones[] = {"internet", "office", "access", "production", NULL};
static const char *const durabilities[] = {"normal", "full", NULL};
static const char *const sources[] = {"meter", "import", NULL};
static const char *const forever[] = {"forever", NULL};
static const char *const drop_formats[] = {"jsonl", NULL};

static const struct opt line_rows[] = {
    {"endpoint", OPT_TEXT, OPT_INTO(struct conf_line, endpoint), .min = 1, .required = true,
     .help =
         "modbus+tcp://HOST[:502], modbus+rtu:///dev/ttyUSB0?baud=9600&parity=N&stop=1, "
         "modbus+rtu+tcp://HOST:PORT, dlt645:///dev/ttyUSB0?baud=2400&parity=E, "
         "dlt645+tcp://HOST:PORT"},
    {"timeout", OPT_DURATION, OPT_INTO(struct conf_line, timeout_ms), .min = 10,
     .max = 60 * MS_PER_S, .help = "instead of collect.timeout"},
    {"gap", OPT_DURATION, OPT_INTO(struct conf_line, gap_ms), .min = 0,
     .max = 10 * MS_PER_S, .help = "silence between two requests"},
    {"late_window", OPT_DURATION, OPT_INTO(struct conf_line, late_window_ms), .min = 0,
     .max = 60 * MS_PER_S, .help = "instead of collect.late_window"},
    {"retries", OPT_INT, OPT_INTO(struct conf_line, retries), .min = 0, .max = 10,
     .help = "instead of collect.retries"},
    {"max_registers", OPT_INT, OPT_INTO(struct conf_line, max_registers), .min = 1,
     .max = 125, .help = "most registers in one read on this line"},
    {"connections", OPT_INT, OPT_INTO(struct conf_line, connections), .min = 1, .max = 1,
     .help = "connections to this endpoint; more than one is not in this version"},
    {0}};

static struct conf_line *line_new(struct conf_build *build, const struct yaml_node *item)
{
    if (build->conf.n_lines == build->lines_cap) {
        int cap = build->lines_cap == 0 ? 16 : build->lines_cap * 2;
        struct conf_line *lines = realloc(build->conf.line, (size_t)cap * sizeof(*lines));

        build->conf.line = lines == NULL ? build->conf.line : lines;
        struct place *places = realloc(build->line_place, (size_t)cap * sizeof(*places));

        build->line_place = places == NULL ? build->line_place : places;
        if (lines == NULL || places == NULL) {
            build->err = ERR_NOMEM;
            return NULL;
        }
        build->lines_cap = cap;
    }
    build->line_place[build->conf.n_lines] =
        (struct place){item->file, item->line, item->column};
    return &build->conf.line[build->conf.n_lines++];
}

static void read_line(const struct schema *schema, const struct opt *opt,
                      const struct yaml_node *item)
{
    struct conf_build *build = schema->target;
    struct conf_line line = {.timeout_ms = -1,
                             .gap_ms = -1,
                             .late_window_ms = -1,
                             .retries = -1,
                             .max_registers = -1,
                             .connections = -1};
    char canonical[ENDPOINT_LEN];
    char why[320];

    (void)opt;
    if (schema_read_once(line_rows, &line, item, schema->problems) != 0) {
        return;
    }
    const struct yaml_node *endpoint = yaml_member(item, "endpoint");

    if (endpoint_canonical(line.endpoint, canonical, why, sizeof(why)) != 0) {
        problem_at_value(schema->problems, endpoint, "lines.endpoint: %s", why);
        return;
    }
    memcpy(line.endpoint, canonical, sizeof(canonical));
    struct conf_line *slot = line_new(build, endpoint);

    if (slot != NULL) {
        *slot = line;
    }
}

static void read_format(const struct schema *schema, const struct opt *opt,
                        const struct yaml_node *item)
{
    static const char *const known[] = {"json", "sparkplug", "home_assistant", NULL};
    struct conf_build *build = schema->target;

    (void)opt;
    if (item->kind != YAML_SCALAR) {
        problem_at_value(schema->problems, item,
                         "mqtt.formats: %s where a word was expected",
                         yaml_kind_name(item));
        return;
    }
    const char *nearest = text_nearest(item->text, known);

    build->n_formats++;
    if (strcmp(item->text, "json") == 0) {
        return;
    }
    if (nearest != NULL && strcmp(nearest, item->text) == 0) {
        problem_at_value(schema->problems, item,
                         "mqtt.formats: '%s' is not in this version: allowed is json",
                         item->text);
        return;
    }
    problem_at_value(schema->problems, item,
                     "mqtt.formats: '%.64s' is no format: allowed is json", item->text);
}

static void read_notify(const struct schema *schema, const struct opt *opt,
                        const struct yaml_node *item)
{
    problem_at_value(schema->problems, item,
                     "%s is not in this version: leave the list empty", opt->path);
}

/* The order is the order of the reference and of the example file. */
const struct opt conf_rows[] = {
    {"site.id", OPT_TEXT, INTO(conf.site.id), .min = 1, .required = true,
     .help = "name of this site in topics and files: an id, or auto = the first line of "
             "/etc/ecmon/site-id"},
    {"site.name", OPT_TEXT, INTO(conf.site.name), "", .help = "name shown to people"},
    {"site.timezone", OPT_TEXT, INTO(conf.site.timezone), "Asia/Shanghai", .min = 1,
     .help = "IANA time zone without daylight saving; decides what a day is"},
    {"site.region", OPT_TEXT, INTO(conf.site.region), "",
     .help = "GB/T 2260 code of the site, 2, 4 or 6 digits"},
    {"site.zone", OPT_WORD, INTO(conf.site.zone), "internet", .words = zones,
     .help = "network security zone: says what may leave the site, and how"},

    {"store.path", OPT_TEXT, INTO(conf.store.path), "/var/lib/ecmon/ecmon.db", .min = 1,
     .help = "the store"},
    {"store.keep_readings", OPT_DURATION, INTO(conf.store.keep_readings_ms), "35d",
     .min = MS_PER_DAY, .max = YEARS_100, .help = "how long readings are kept"},
    {"store.keep_results", OPT_DURATION, INTO(conf.store.keep_results_ms), "forever",
     .min = MS_PER_DAY, .max = YEARS_100, .words = forever,
     .help = "how long results are kept; this version keeps them forever"},
    {"store.max_size", OPT_SIZE, INTO(conf.store.max_size_bytes), "20GiB", .min = 16 * MIB,
     .max = 65536 * GIB, .help = "largest size of the store"},
    {"store.durability", OPT_WORD, INTO(conf.store.durable), "full", .words = durabilities,
     .help = "full: a commit survives a power cut; normal: the last seconds may be lost"},

    {"collect.interval", OPT_DURATION, INTO(conf.collect.interval_ms), "60s",
     .min = MS_PER_S, .max = MS_PER_QUARTER_HOUR,
     .help = "time between two readings of a meter: whole seconds that divide 15 min"},
    {"collect.timeout", OPT_DURATION, INTO(conf.collect.timeout_ms), "1s", .min = 10,
     .max = 60 * MS_PER_S,
     .help =
         "from the last byte asked to the first byte answered; DL/T 645 has 1500ms when "
         "this is not given"},
    {"collect.retries", OPT_INT, INTO(conf.collect.retries), "1", .min = 0, .max = 10,
     .help = "how often a request is asked again"},
    {"collect.backoff_max", OPT_DURATION, INTO(conf.collect.backoff_max_ms), "5min",
     .min = MS_PER_S, .max = MS_PER_DAY,
     .help = "longest pause before a dead meter is tried"},
    {"collect.late_window", OPT_DURATION, INTO(conf.collect.late_window_ms), "2s", .min = 0,
     .max = 60 * MS_PER_S,
     .help =
         "how long after its deadline a unit's late reply may still come: lines with RTU "
         "framing do not ask it again before"},

    {"lines", OPT_EACH, .each = read_line,
     .help = "what differs by endpoint: endpoint, timeout, gap, late_window, retries, "
             "max_registers, connections"},

    {"register.enterprises", OPT_TEXT, INTO(conf.reg.enterprises), "enterprises.csv",
     .min = 1, .help = "the enterprises"},
    {"register.meters", OPT_TEXT, INTO(conf.reg.meters), "meters.csv", .min = 1,
     .help = "the meters"},
    {"register.lists", OPT_TEXT, INTO(conf.reg.lists), "lists.csv",
     .help = "lists of enterprises; read if the file exists"},
    {"register.groups", OPT_TEXT, INTO(conf.reg.groups), "groups.csv",
     .help = "names of towns, parks and lists; read if the file exists"},

    {"time.require_sync", OPT_BOOL, INTO(conf.time.require_sync), "false",
     .help = "poll only while the clock is synchronised; not in this version"},
    {"time.max_offset", OPT_DURATION, INTO(conf.time.max_offset_ms), "2s", .min = 10,
     .max = MS_PER_QUARTER_HOUR,
     .help = "largest offset of a clock that counts as synchronised"},

    {"control.socket", OPT_TEXT, INTO(conf.control.socket), "/run/ecmon/ecmond.sock",
     .min = 1, .help = "control socket, shorter than 108 bytes"},

    {"mqtt.url", OPT_TEXT, INTO(conf.mqtt.url), "",
     .help = "mqtts://HOST[:8883] or mqtt://HOST[:1883]; empty: nothing is published"},
    {"mqtt.client_id", OPT_TEXT, INTO(conf.mqtt.client_id), "",
     .help = "MQTT client id; empty: made from the site's id"},
    {"mqtt.username", OPT_TEXT, INTO(conf.mqtt.username), "", .help = "MQTT user name"},
    {"mqtt.password_credential", OPT_TEXT, INTO(conf.mqtt.password_credential),
     "mqtt-password", .help = "name of the systemd credential that holds the password"},
    {"mqtt.ca", OPT_TEXT, INTO(conf.mqtt.ca), "",
     .help = "PEM file of the authorities to trust; empty: the system's"},
    {"mqtt.cert", OPT_TEXT, INTO(conf.mqtt.cert), "",
     .help = "PEM file of our certificate"},
    {"mqtt.key", OPT_TEXT, INTO(conf.mqtt.key), "",
     .help = "PEM file of its key, not readable by others"},
    {"mqtt.insecure", OPT_BOOL, INTO(conf.mqtt.insecure), "false",
     .help = "allow clear text to another machine (zones office and internet only)"},
    {"mqtt.version", OPT_INT, INTO(conf.mqtt.version), "5", .min = 4, .max = 5,
     .help = "5 = MQTT 5, 4 = MQTT 3.1.1"},
    {"mqtt.qos", OPT_INT, INTO(conf.mqtt.qos), "1", .min = 1, .max = 2,
     .help = "quality of service; 0 would lose rows"},
    {"mqtt.topic_root", OPT_TEXT, INTO(conf.mqtt.topic_root), "ecmon/v1", .min = 1,
     .help = "topics begin with this"},
    {"mqtt.formats", OPT_EACH, .each = read_format,
     .help = "payloads; this version: [json]"},
    {"mqtt.batch", OPT_INT, INTO(conf.mqtt.batch), "1", .min = 1, .max = 1000,
     .help = "readings in one message"},
    {"mqtt.inflight", OPT_INT, INTO(conf.mqtt.inflight), "20", .min = 1, .max = 1000,
     .help = "messages on their way at the same time"},
    {"mqtt.home_assistant", OPT_BOOL, INTO(later.home_assistant), "false",
     .help = "Home Assistant discovery; not in this version"},
    {"mqtt.sparkplug.group", OPT_TEXT, INTO(later.sparkplug_group), "",
     .help = "Sparkplug B group; not in this version"},

    {"drop.path", OPT_TEXT, INTO(later.drop_path), "",
     .help = "folder of the file drop; not in this version"},
    {"drop.every", OPT_DURATION, INTO(later.drop_every_ms), "5min", .min = MS_PER_S,
     .max = MS_PER_DAY, .help = "a file at least this often"},
    {"drop.max", OPT_SIZE, INTO(later.drop_max_bytes), "8MiB", .min = 64 * KIB, .max = GIB,
     .help = "largest file"},
    {"drop.format", OPT_WORD, INTO(later.drop_format), "jsonl", .words = drop_formats,
     .help = "one payload per line"},
    {"drop.sign", OPT_TEXT, INTO(later.drop_sign), "none", .min = 1,
     .help = "signature of files; this version: none"},

    {"http.enabled", OPT_BOOL, INTO(later.http_enabled), "false",
     .help = "dashboard and API; not in this version"},
    {"http.listen", OPT_TEXT, INTO(later.http_listen), "127.0.0.1:8086", .min = 1,
     .help = "address of the dashboard; not in this version"},

    {"assess.resumption", OPT_ID, INTO(conf.assess.resumption), "sgcc-2020",
     .help = "default method of resumption and production rates"},
    {"assess.carbon", OPT_ID, INTO(conf.assess.carbon), "zj-2021",
     .help = "default method of carbon grades"},
    {"assess.yield", OPT_ID, INTO(later.yield), "none", .help = "this version: none"},
    {"assess.tariff", OPT_ID, INTO(later.tariff), "none", .help = "this version: none"},
    {"assess.energy_source", OPT_WORD, INTO(conf.assess.prefer_import), "meter",
     .words = sources, .help = "which energy of a day counts where both exist"},

    {"publish.suppress_small_cells", OPT_BOOL, INTO(conf.publish.suppress_small_cells),
     "true", .help = "publish no figures of groups that would show one enterprise"},

    {"notify", OPT_EACH, .each = read_notify, .help = "notifications; not in this version"},
    {0}};
