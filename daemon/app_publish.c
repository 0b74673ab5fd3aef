#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>
#include <ecmon/version.h>

#include "daemon/app_state.h"
#include "daemon/assess/carbon.h"
#include "daemon/assess/rates.h"
#include "daemon/control/status.h"
#include "daemon/core/log.h"
#include "daemon/core/row.h"
#include "daemon/sinks/mqtt.h"

#define PASSWORD_LEN 256

/* The password of a user name, from the service manager's credentials folder or a file. */
static int read_password(const struct conf *conf, char *ret_password, size_t size)
{
    const char *name = conf->mqtt.password_credential;
    char path[1024];
    const char *folder =
        getenv("CREDENTIALS_DIRECTORY"); /* NOLINT(concurrency-mt-unsafe) */

    ret_password[0] = '\0';
    if (conf->mqtt.username[0] == '\0' || name[0] == '\0') {
        return 0;
    }
    if (name[0] == '/') {
        (void)snprintf(path, sizeof(path), "%s", name);
    } else if (folder != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    } else {
        log_error(
            "mqtt.password_credential: %s is not an absolute path, and no credentials "
            "folder is given by the service manager",
            name);
        return ERR_NOT_FOUND;
    }
    FILE *file = fopen(path, "re");

    if (file == NULL || fgets(ret_password, (int)size, file) == NULL) {
        log_error("mqtt.password_credential: cannot read %s", path);
        if (file != NULL) {
            (void)fclose(file);
        }
        return ERR_IO;
    }
    (void)fclose(file);
    ret_password[strcspn(ret_password, "\r\n")] = '\0';
    return 0;
}

static int open_sink(void *ctx, const char *will_topic, const char *will_payload,
                     const struct sink_events *events, struct sink *ret_sink)
{
    const struct opener *opener = ctx;
    const struct conf *conf = opener->setup->conf;
    char password[PASSWORD_LEN];
    char client_id[128];
    int err = read_password(conf, password, sizeof(password));

    if (err != 0) {
        return err;
    }
    (void)snprintf(client_id, sizeof(client_id), "%s%s",
                   conf->mqtt.client_id[0] != '\0' ? "" : "ecmon-",
                   conf->mqtt.client_id[0] != '\0' ? conf->mqtt.client_id : conf->site.id);
    struct mqtt_options options = {.loop = opener->app->loop[APP_LOOP_PUBLISH],
                                   .url = conf->mqtt.url,
                                   .client_id = client_id,
                                   .username = conf->mqtt.username,
                                   .password = password,
                                   .ca = conf->mqtt.ca,
                                   .cert = conf->mqtt.cert,
                                   .key = conf->mqtt.key,
                                   .version = conf->mqtt.version,
                                   .qos = conf->mqtt.qos,
                                   .inflight = conf->mqtt.inflight,
                                   .will_topic = will_topic,
                                   .will_payload = will_payload};

    err = mqtt_new(&options, events, ret_sink);
    memset(password, 0, sizeof(password));
    return err;
}

/* The text of a column of the one row. */
static const char *column_text(const struct rows *rows, const char *name)
{
    for (int c = 0; c < rows->n_columns; c++) {
        if (strcmp(rows->column[c].name, name) == 0) {
            return rows->cell[c].text != NULL ? rows->cell[c].text : "";
        }
    }
    return "";
}

static int row_of(void *ctx, struct store *store, enum journal_kind kind, int64_t row_no,
                  struct rows *ret_rows, struct publish_place *ret_place)
{
    const struct opener *opener = ctx;

    if (kind == JOURNAL_RATE) {
        rates_rows_init(ret_rows);
        int err = rates_row_from_store(
            store, row_no, opener->setup->conf->publish.suppress_small_cells, ret_rows);

        if (err == 0) {
            (void)snprintf(ret_place->topic, sizeof(ret_place->topic), "rate/%s/%s",
                           column_text(ret_rows, "group_kind"),
                           column_text(ret_rows, "group_id"));
            ret_place->retain = results_rate_is_latest(store, row_no) == 1;
        }
        return err;
    }
    carbon_rows_init(ret_rows);
    int err = carbon_row_from_store(store, row_no, ret_rows);

    if (err == 0) {
        (void)snprintf(ret_place->topic, sizeof(ret_place->topic), "carbon/%s/%s",
                       column_text(ret_rows, "enterprise"),
                       column_text(ret_rows, "period_kind"));
        ret_place->retain = results_carbon_is_latest(store, row_no) == 1;
    }
    return err;
}

int app_publish_check(const struct conf *conf)
{
    char password[PASSWORD_LEN];
    int err =
        conf->mqtt.url[0] != '\0' ? read_password(conf, password, sizeof(password)) : 0;

    memset(password, 0, sizeof(password));
    return err;
}

int app_publish_open(struct app *app, const struct setup *setup)
{
    static const char *const zone_names[] = {"internet", "office", "access", "production"};
    const struct conf *conf = setup->conf;
    int64_t offset_ms = 0;

    if (conf->mqtt.url[0] == '\0') {
        return 0;
    }
    app->opener = (struct opener){app, setup};
    struct publish_options options = {.loop = app->loop[APP_LOOP_PUBLISH],
                                      .store_path = conf->store.path,
                                      .writer = app->writer,
                                      .sink_name = "mqtt",
                                      .topic_root = conf->mqtt.topic_root,
                                      .batch = conf->mqtt.batch,
                                      .inflight = conf->mqtt.inflight,
                                      .seed = app->options.seed,
                                      .status = {.site = conf->site.id,
                                                 .version = ECMON_VERSION,
                                                 .epoch_ms = app->epoch_ms,
                                                 .zone = zone_names[conf->site.zone],
                                                 .config_sha256 = conf->sha256,
                                                 .register_sha256 = setup->registry.sha256,
                                                 .methods_sha256 = setup->methods.sha256,
                                                 .clock_synced = status_clock_synced(
                                                     conf->time.max_offset_ms, &offset_ms)},
                                      .open_sink = open_sink,
                                      .row_of = row_of,
                                      .ctx = &app->opener};
    int err = publish_new(&options, &app->publish);

    if (err != 0) {
        log_error("mqtt: cannot start: error %d", err);
    }
    return err;
}
