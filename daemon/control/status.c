/* adjtimex. NOLINTNEXTLINE(readability-identifier-naming) */
#define _DEFAULT_SOURCE

#include "daemon/control/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "daemon/core/text.h"
#include "daemon/store/registry.h"

static const char *const zone_names[] = {"internet", "office", "access", "production"};

static json_t *instant(int64_t ts_ms, const struct zone *zone)
{
    char text[32];

    if (ts_ms == 0) {
        return json_null();
    }
    text_from_ts_ms(ts_ms, zone, text);
    return json_string(text);
}

/* Hundredths as a JSON number with two decimals. */
static json_t *hundredths(int64_t value)
{
    return json_real((double)value / 100.0);
}

static void add_problem(json_t *problems, const char *severity, const char *code,
                        const char *object, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void add_problem(json_t *problems, const char *severity, const char *code,
                        const char *object, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    (void)json_array_append_new(problems, json_pack("{s:s, s:s, s:s, s:s}", "severity",
                                                    severity, "code", code, "object",
                                                    object, "message", message));
}

bool status_clock_synced(int64_t max_offset_ms, int64_t *ret_offset_ms)
{
    struct timex kernel = {0};
    int state = adjtimex(&kernel);

    if (state < 0) {
        /* a hardened service may not ask the kernel; systemd-timesyncd leaves a mark */
        *ret_offset_ms = 0;
        return access("/run/systemd/timesync/synchronized", F_OK) == 0;
    }
    *ret_offset_ms =
        (kernel.status & STA_NANO) != 0 ? kernel.offset / 1000000 : kernel.offset / 1000;
    return state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0 &&
           *ret_offset_ms <= max_offset_ms && -*ret_offset_ms <= max_offset_ms;
}

static json_t *clock_part(const struct conf *conf)
{
    int64_t offset_ms = 0;
    bool synced = status_clock_synced(conf->time.max_offset_ms, &offset_ms);

    return json_pack("{s:b, s:I, s:s}", "synced", synced, "offset_ms",
                     (json_int_t)offset_ms, "source", "kernel");
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    char line[128] = "";

    if (file == NULL) {
        return 0;
    }
    if (fgets(line, sizeof(line), file) != NULL) {
        const char *second = strchr(line, ' ');
        int64_t value = 0;

        if (second != NULL) {
            char word[32] = "";

            (void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(second + 1, " "),
                           second + 1);
            pages = text_to_i64(word, 0, INT32_MAX, &value) == 0 ? (long)value : 0;
        }
    }
    (void)fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static json_t *daemon_part(const struct status_parts *parts)
{
    if (parts->started_ms == 0) {
        return json_pack("{s:b, s:n, s:n, s:n}", "running", 0, "pid", "uptime_s",
                         "rss_bytes");
    }
    return json_pack("{s:b, s:i, s:I, s:I}", "running", 1, "pid", (int)getpid(), "uptime_s",
                     (json_int_t)((parts->now_ms - parts->started_ms) / MS_PER_S),
                     "rss_bytes", (json_int_t)resident_bytes());
}

/* Days until max_size is reached at the pace so far; null while that cannot be told. */
static json_t *days_left(const struct status_parts *parts, const struct store_facts *facts)
{
    int64_t span_ms = parts->now_ms - facts->oldest_reading_ms;

    if (facts->oldest_reading_ms == 0 || span_ms < MS_PER_DAY / 24 ||
        facts->size_bytes <= 0) {
        return json_null();
    }
    double per_day = (double)facts->size_bytes * (double)MS_PER_DAY / (double)span_ms;
    double left = (double)(parts->conf->store.max_size_bytes - facts->size_bytes) / per_day;

    return json_integer(left > 0 ? (json_int_t)left : 0);
}

static json_t *store_part(const struct status_parts *parts, const struct store_facts *facts)
{
    const struct zone *zone = &parts->conf->site.tz;
    int64_t last_commit_ms = parts->writer != NULL && parts->writer->last_commit_ms > 0
                                 ? parts->writer->last_commit_ms
                                 : facts->last_commit_ms;

    return json_pack("{s:s, s:I, s:i, s:o, s:o, s:o}", "path", parts->conf->store.path,
                     "size_bytes", (json_int_t)facts->size_bytes, "schema",
                     parts->store != NULL ? store_schema(parts->store) : 0, "last_commit",
                     instant(last_commit_ms, zone), "oldest_reading",
                     instant(facts->oldest_reading_ms, zone), "days_left",
                     days_left(parts, facts));
}

static json_t *sinks_part(const struct status_parts *parts, json_t *problems)
{
    const struct publish_status *publish = parts->publish;
    json_t *sinks = json_array();

    if (publish == NULL) {
        return sinks;
    }
    int64_t pending = publish->last_seq - publish->acked_seq;
    int64_t oldest_s = publish->oldest_pending_ms > 0
                           ? (parts->now_ms - publish->oldest_pending_ms) / MS_PER_S
                           : 0;

    (void)json_array_append_new(
        sinks, json_pack("{s:s, s:s, s:I, s:I, s:o, s:i}", "sink", "mqtt", "state",
                         publish_state_name(publish->state), "pending_rows",
                         (json_int_t)pending, "oldest_pending_s", (json_int_t)oldest_s,
                         "last_ack", instant(publish->last_ack_ms, &parts->conf->site.tz),
                         "parked", publish->state == PUBLISH_REFUSED ? 1 : 0));
    if (publish->state == PUBLISH_DISCONNECTED) {
        add_problem(problems, "warning", "sink_down", "mqtt",
                    parts->english ? "mqtt: %s; %" PRId64 " rows wait in the store"
                                   : "mqtt：%s；%" PRId64 " 行在本地库中等待",
                    publish->why, pending);
    }
    if (publish->state == PUBLISH_REFUSED) {
        add_problem(problems, "error", "sink_refused", "mqtt",
                    parts->english ? "the broker refuses a message (reason %d)"
                                   : "消息被代理拒绝（原因码 %d）",
                    publish->refused_reason);
    }
    return sinks;
}

/* Replies that were no values, since the line exists. */
static json_t *line_failures(const struct collect_line_status *line)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "exceptions",
                     (json_int_t)line->exceptions, "late", (json_int_t)line->late,
                     "bad_frame", (json_int_t)line->bad_frame, "bad_unit",
                     (json_int_t)line->bad_unit, "bad_crc", (json_int_t)line->bad_crc,
                     "connects", (json_int_t)line->connects);
}

static json_t *lines_part(const struct status_parts *parts, json_t *problems)
{
    const struct collect_status *collect = parts->collect;
    json_t *lines = json_array();

    for (int i = 0; collect != NULL && i < collect->n_lines; i++) {
        const struct collect_line_status *line = &collect->line[i];
        bool failed = line->last_error != SLOT_OK;
        json_t *object = json_pack(
            "{s:s, s:s, s:i, s:i, s:o, s:I, s:I, s:o, s:o}", "line", line->endpoint,
            "state", collect_state_name(line->state), "meters", line->meters, "meters_ok",
            line->meters_ok, "busy_pct", hundredths(line->busy_bp), "requests",
            (json_int_t)line->requests, "ok", (json_int_t)line->ok, "last_error",
            failed ? json_string(slot_status_name(line->last_error)) : json_null(),
            "last_error_meter", failed ? json_string(line->last_error_meter) : json_null());

        (void)json_object_update_new(object, line_failures(line));
        (void)json_array_append_new(lines, object);
        if (line->state == COLLECT_DOWN) {
            add_problem(problems, "warning", "line_down", line->endpoint,
                        parts->english ? "line %s is down" : "通信线路 %s 中断",
                        line->endpoint);
        }
    }
    return lines;
}

static void meter_problem(const struct status_parts *parts,
                          const struct collect_meter_status *meter, json_t *problems)
{
    const char *reason = slot_status_name(meter->reason);

    if (meter->last_ok_ms == 0) {
        add_problem(problems, "warning", "meter_down", meter->id,
                    parts->english ? "%s has not answered yet (%s)" : "%s 尚无应答 (%s)",
                    meter->id, reason);
        return;
    }
    int64_t minutes = (parts->now_ms - meter->last_ok_ms) / MS_PER_MIN;

    add_problem(problems, "warning", "meter_down", meter->id,
                parts->english ? "%s has not answered for %" PRId64 " h %" PRId64
                                 " min (%s)"
                               : "%s 无应答 %" PRId64 " h %" PRId64 " min (%s)",
                meter->id, minutes / 60, minutes % 60, reason);
}

static json_t *success_pct(const struct collect_meter_status *meter)
{
    if (meter->scheduled_24h == 0) {
        return json_null();
    }
    return hundredths(((int64_t)meter->ok_24h * 20000 + meter->scheduled_24h) /
                      (2 * (int64_t)meter->scheduled_24h));
}

static const char *enterprise_of(const struct meter *meters, int n, uint32_t meter_no)
{
    for (int i = 0; i < n; i++) {
        if (meters[i].meter_no == meter_no) {
            return meters[i].enterprise;
        }
    }
    return "";
}

static json_t *meters_part(const struct status_parts *parts, json_t *problems, int *ret_ok)
{
    const struct collect_status *collect = parts->collect;
    const struct zone *zone = &parts->conf->site.tz;
    json_t *meters = json_array();
    struct meter *stored = NULL;
    int n_stored = 0;

    if (parts->store != NULL) {
        (void)registry_meters(parts->store, parts->now_ms, &stored, &n_stored);
    }

    for (int i = 0; collect != NULL && i < collect->n_meters; i++) {
        const struct collect_meter_status *meter = &collect->meter[i];
        bool down = meter->state == COLLECT_DOWN;

        *ret_ok += meter->state == COLLECT_UP;
        if (down) {
            meter_problem(parts, meter, problems);
        }
        if (meter->state == COLLECT_UP && !parts->all) {
            continue;
        }
        (void)json_array_append_new(
            meters,
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:i}", "meter", meter->id,
                      "enterprise", enterprise_of(stored, n_stored, meter->meter_no),
                      "line", meter->endpoint, "state", collect_state_name(meter->state),
                      "reason",
                      down ? json_string(slot_status_name(meter->reason)) : json_null(),
                      "last_ok", instant(meter->last_ok_ms, zone), "success_24h_pct",
                      success_pct(meter), "backoff_s",
                      (json_int_t)(meter->backoff_ms / MS_PER_S), "holes", meter->n_holes));
    }
    free(stored);
    return meters;
}

static void daemon_problems(const struct status_parts *parts, json_t *problems)
{
    if (parts->started_ms == 0) {
        add_problem(problems, "error", "not_running", parts->conf->site.id,
                    parts->english ? "ecmond does not run" : "ecmond 未运行");
    }
    if (parts->writer != NULL && parts->writer->last_error != 0) {
        add_problem(problems, "error", "store_failed", parts->conf->store.path,
                    parts->english ? "the store cannot be written" : "本地库无法写入");
    }
    if (parts->writer != NULL && parts->writer->dropped > 0) {
        add_problem(problems, "error", "samples_dropped", parts->conf->store.path,
                    parts->english ? "%" PRIu64
                                     " readings were dropped: the store is too slow"
                                   : "已丢弃 %" PRIu64 " 条读数：本地库写入过慢",
                    parts->writer->dropped);
    }
}

json_t *status_json(const struct status_parts *parts)
{
    const struct conf *conf = parts->conf;
    struct store_facts facts = {0};
    json_t *problems = json_array();
    int meters_ok = 0;
    int64_t epoch_ms = parts->store != NULL ? store_epoch_ms(parts->store) : 0;

    if (parts->store != NULL) {
        (void)store_facts(parts->store, parts->now_ms, &facts);
    }
    daemon_problems(parts, problems);
    json_t *sinks = sinks_part(parts, problems);
    json_t *lines = lines_part(parts, problems);
    json_t *meters = meters_part(parts, problems, &meters_ok);
    json_t *counts =
        json_pack("{s:i, s:i, s:i, s:i}", "meters", facts.n_meters, "meters_ok", meters_ok,
                  "enterprises", facts.n_enterprises, "alarms_open", 0);
    bool ok = json_array_size(problems) == 0;

    return json_pack(
        "{s:b, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o, "
        "s:o, s:o, s:o, s:o}",
        "ok", ok, "site", conf->site.id, "version", parts->version, "epoch",
        epoch_ms != 0 ? json_integer((json_int_t)epoch_ms) : json_null(), "since",
        instant(epoch_ms, &conf->site.tz), "now", instant(parts->now_ms, &conf->site.tz),
        "zone", zone_names[conf->site.zone], "daemon", daemon_part(parts), "clock",
        clock_part(conf), "config_sha256", conf->sha256, "register_sha256",
        parts->register_sha256, "methods_sha256", parts->methods_sha256, "store",
        store_part(parts, &facts), "sinks", sinks, "lines", lines, "meters", meters,
        "counts", counts, "problems", problems);
}
