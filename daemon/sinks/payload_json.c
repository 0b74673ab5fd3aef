#include "daemon/sinks/payload_json.h"

#include "daemon/core/row.h"

static void key_text(struct text_buffer *buffer, const char *key, const char *value)
{
    text_append(buffer, ",\"");
    text_append(buffer, key);
    text_append(buffer, "\":");
    text_append_json(buffer, value);
}

static void key_i64(struct text_buffer *buffer, const char *key, int64_t value)
{
    text_append(buffer, ",\"");
    text_append(buffer, key);
    text_append(buffer, "\":");
    text_append_i64(buffer, value);
}

static void key_optional(struct text_buffer *buffer, const char *key, bool has,
                         int64_t value)
{
    if (has) {
        key_i64(buffer, key, value);
        return;
    }
    text_append(buffer, ",\"");
    text_append(buffer, key);
    text_append(buffer, "\":null");
}

static void key_bool(struct text_buffer *buffer, const char *key, bool value)
{
    text_append(buffer, ",\"");
    text_append(buffer, key);
    text_append(buffer, value ? "\":true" : "\":false");
}

static void begin(struct text_buffer *buffer, const char *type,
                  const struct payload_head *head)
{
    text_append(buffer, "{\"type\":\"");
    text_append(buffer, type);
    text_append(buffer, "\"");
    key_text(buffer, "site", head->site);
    key_i64(buffer, "epoch", head->epoch_ms);
    key_i64(buffer, "seq", head->seq);
}

static void values(struct text_buffer *buffer, const struct sample *sample,
                   struct ratio register_wh)
{
    bool first = true;

    text_append(buffer, ",\"values\":{");
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (!sample_has(sample, (enum quantity)q)) {
            continue;
        }
        int64_t value = q < ENERGY_COUNT ? ratio_apply(sample->value[q], register_wh)
                                         : sample->value[q];

        text_append(buffer, first ? "\"" : ",\"");
        text_append(buffer, quantity_name((enum quantity)q));
        text_append(buffer, "\":");
        text_append_i64(buffer, value);
        first = false;
    }
    text_append(buffer, "}}");
}

static void reading_body(struct text_buffer *buffer, const struct payload_head *head,
                         const char *meter, const struct sample *sample,
                         struct ratio register_wh)
{
    key_text(buffer, "meter", meter);
    key_i64(buffer, "slot_ts_ms", sample->slot_ts_ms);
    key_optional(buffer, "ts_ms", sample->ts_ms != 0, sample->ts_ms);
    text_append(buffer, ",\"status\":\"");
    text_append(buffer, slot_status_name(sample->status));
    text_append(buffer, "\"");
    if (sample->detail[0] != '\0') {
        key_text(buffer, "detail", sample->detail);
    }
    key_bool(buffer, "late", head->late);
    values(buffer, sample, register_wh);
}

void payload_reading(struct text_buffer *buffer, const struct payload_head *head,
                     const char *meter, const struct sample *sample,
                     struct ratio register_wh)
{
    begin(buffer, "reading", head);
    reading_body(buffer, head, meter, sample, register_wh);
}

void payload_batch_begin(struct text_buffer *buffer, const struct payload_head *head)
{
    begin(buffer, "readings", head);
    text_append(buffer, ",\"readings\":[");
}

void payload_batch_member(struct text_buffer *buffer, bool first,
                          const struct payload_head *head, const char *meter,
                          const struct sample *sample, struct ratio register_wh)
{
    text_append(buffer, first ? "{\"seq\":" : ",{\"seq\":");
    text_append_i64(buffer, head->seq);
    reading_body(buffer, head, meter, sample, register_wh);
}

void payload_batch_end(struct text_buffer *buffer)
{
    text_append(buffer, "]}");
}

void payload_interval(struct text_buffer *buffer, const struct payload_head *head,
                      const char *meter, const char *enterprise,
                      const struct interval *interval, const struct zone *zone)
{
    char start[32];
    int64_t of_day_ms =
        interval->start_ts_ms - ts_of_day(day_of_ts(interval->start_ts_ms, zone), zone);

    text_from_ts_ms(interval->start_ts_ms, zone, start);
    begin(buffer, "interval", head);
    key_bool(buffer, "late", head->late);
    key_text(buffer, "meter", meter);
    key_text(buffer, "enterprise", enterprise);
    key_i64(buffer, "start_ts_ms", interval->start_ts_ms);
    key_text(buffer, "start_ts", start);
    key_i64(buffer, "point", of_day_ms / MS_PER_QUARTER_HOUR + 1);
    for (int e = 0; e < ENERGY_COUNT; e++) {
        key_optional(buffer, quantity_name((enum quantity)e),
                     (interval->present >> e & 1u) != 0, interval->energy[e]);
    }
    key_optional(buffer, "max_power_w", interval->has_max_power, interval->max_power_w);
    key_text(buffer, "quality", quality_name(interval->quality));
    key_i64(buffer, "revision", interval->revision);
    text_append(buffer, "}");
}

void payload_row(struct text_buffer *buffer, const char *type,
                 const struct payload_head *head, const struct rows *rows, size_t row,
                 const struct zone *zone)
{
    begin(buffer, type, head);
    key_bool(buffer, "late", head->late);
    text_append(buffer, ",");
    row_append_json(buffer, rows, row, zone);
    text_append(buffer, "}");
}

void payload_watermark(struct text_buffer *buffer, const struct payload_head *head)
{
    begin(buffer, "watermark", head);
    text_append(buffer, "}");
}

void payload_status(struct text_buffer *buffer, const struct payload_status_fields *fields,
                    const struct zone *zone)
{
    char since[32];

    text_from_ts_ms(fields->epoch_ms, zone, since);
    text_append(buffer, "{\"type\":\"status\"");
    key_text(buffer, "state", fields->state);
    key_text(buffer, "site", fields->site);
    key_text(buffer, "version", fields->version);
    key_i64(buffer, "epoch", fields->epoch_ms);
    key_text(buffer, "since", since);
    key_text(buffer, "zone", fields->zone);
    key_text(buffer, "config_sha256", fields->config_sha256);
    key_text(buffer, "register_sha256", fields->register_sha256);
    key_text(buffer, "methods_sha256", fields->methods_sha256);
    key_bool(buffer, "clock_synced", fields->clock_synced);
    text_append(buffer, "}");
}
