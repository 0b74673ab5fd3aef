#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/conf/conf_parts.h"

/*
 * What may leave each zone. Source: 电力监控系统安全防护规定 (security protection of power
 * monitoring systems): production and access networks never carry clear text to another
 * machine.
 */
static void check_zone(struct conf_build *build, const struct mqtt_url *url)
{
    const struct conf *conf = &build->conf;
    bool is_near = host_is_loopback(url->host);
    bool has_certificate = conf->mqtt.cert[0] != '\0' && conf->mqtt.key[0] != '\0';
    bool is_strict = conf->site.zone == ZONE_PRODUCTION || conf->site.zone == ZONE_ACCESS;
    const char *zone = conf->site.zone == ZONE_PRODUCTION ? "production" : "access";

    if (conf->site.zone == ZONE_PRODUCTION && !host_is_literal(url->host)) {
        conf_problem(
            build, "mqtt.url",
            "'%s' is a host name: zone production allows brokers by literal address "
            "in the same zone only",
            url->host);
    }
    if (is_near) {
        return;
    }
    if (!url->tls && is_strict) {
        conf_problem(
            build, "mqtt.url",
            "clear text to another machine is never allowed in zone %s: use mqtts://, "
            "or a proxy on loopback",
            zone);
    } else if (!url->tls && !conf->mqtt.insecure) {
        conf_problem(
            build, "mqtt.url",
            "clear text to another machine: use mqtts://, or say mqtt.insecure: true");
    } else if (conf->site.zone == ZONE_ACCESS && !has_certificate) {
        conf_problem(build, "mqtt.url",
                     "zone access demands TLS with a client certificate (mqtt.cert and "
                     "mqtt.key), or a proxy on loopback");
    }
}

static void check_pem(struct conf_build *build, const char *option, const char *path)
{
    if (!build->bytes_only && path[0] != '\0' && access(path, R_OK) != 0) {
        conf_problem(build, option, "'%s' cannot be read: no such file, or no permission",
                     path);
    }
}

static void check_secret(struct conf_build *build, const char *option, const char *path)
{
    struct stat status;

    if (build->bytes_only || path[0] == '\0' || stat(path, &status) != 0) {
        return;
    }
    if ((status.st_mode & S_IRWXO) != 0) {
        conf_problem(
            build, option,
            "'%s' is open to everybody (mode %04o): chmod 0640 and give it to group "
            "ecmon",
            path, (unsigned)(status.st_mode & 07777));
    }
}

static void check_tls_files(struct conf_build *build, bool tls)
{
    const struct conf *conf = &build->conf;
    bool has_cert = conf->mqtt.cert[0] != '\0';
    bool has_key = conf->mqtt.key[0] != '\0';

    if (has_cert != has_key) {
        conf_problem(build, has_cert ? "mqtt.cert" : "mqtt.key",
                     "mqtt.cert and mqtt.key belong together: %s is missing",
                     has_cert ? "mqtt.key" : "mqtt.cert");
    }
    if (!tls && (has_cert || has_key || conf->mqtt.ca[0] != '\0')) {
        conf_problem(build, "mqtt.url", "mqtt.ca, mqtt.cert and mqtt.key need mqtts://");
    }
    check_pem(build, "mqtt.ca", conf->mqtt.ca);
    check_pem(build, "mqtt.cert", conf->mqtt.cert);
    check_pem(build, "mqtt.key", conf->mqtt.key);
    check_secret(build, "mqtt.key", conf->mqtt.key);
}

static void check_topic_root(struct conf_build *build)
{
    const char *root = build->conf.mqtt.topic_root;
    size_t n = strlen(root);

    if (strpbrk(root, "+#") != NULL || root[0] == '$' || root[0] == '/' ||
        (n > 0 && root[n - 1] == '/') || strstr(root, "//") != NULL) {
        conf_problem(
            build, "mqtt.topic_root",
            "'%s' is no topic: + # are wildcards, $ and / may not come first, / not "
            "last or twice",
            root);
    }
}

void conf_check_mqtt(struct conf_build *build)
{
    struct mqtt_url url;
    char why[256];

    check_topic_root(build);
    if (build->conf.mqtt.url[0] == '\0') {
        return;
    }
    if (mqtt_url_parse(build->conf.mqtt.url, &url, why, sizeof(why)) != 0) {
        conf_problem(build, "mqtt.url", "%s", why);
        return;
    }
    check_zone(build, &url);
    check_tls_files(build, url.tls);
}

static void refuse_unless(struct conf_build *build, bool is_fine, const char *option,
                          const char *allowed)
{
    if (!is_fine) {
        conf_problem(build, option, "is not in this version: %s", allowed);
    }
}

void conf_check_later(struct conf_build *build)
{
    const struct conf_later *later = &build->later;
    bool has_formats = build->n_formats > 0 || !conf_is_given(build, "mqtt.formats");

    refuse_unless(build, build->conf.store.keep_results_ms == 0, "store.keep_results",
                  "results are kept forever; write forever or leave it out");
    refuse_unless(build, !build->conf.time.require_sync, "time.require_sync",
                  "the clock's state is only told by status; write false or leave it out");
    refuse_unless(build, has_formats, "mqtt.formats", "write [json] or leave it out");
    refuse_unless(build, !later->home_assistant, "mqtt.home_assistant",
                  "write false or leave it out");
    refuse_unless(build, later->sparkplug_group[0] == '\0', "mqtt.sparkplug.group",
                  "write \"\" or leave it out");
    refuse_unless(build, later->drop_path[0] == '\0', "drop.path",
                  "there is no file drop yet; write \"\" or leave it out");
    refuse_unless(build, strcmp(later->drop_sign, "none") == 0, "drop.sign",
                  "write none or leave it out");
    refuse_unless(build, !later->http_enabled, "http.enabled",
                  "there is no dashboard yet; write false or leave it out");
    refuse_unless(build, !conf_is_given(build, "http.listen"), "http.listen",
                  "there is no dashboard yet; leave it out");
    refuse_unless(build, strcmp(later->yield, "none") == 0, "assess.yield",
                  "write none or leave it out");
    refuse_unless(build, strcmp(later->tariff, "none") == 0, "assess.tariff",
                  "write none or leave it out");
}
