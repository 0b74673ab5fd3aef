#include "daemon/publish/message.h"

#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/row.h"
#include "daemon/store/energy.h"
#include "daemon/store/registry.h"
#include "daemon/store/samples.h"

#define BATCH_BYTES_MAX ((size_t)60 * 1024) /* a batch stays below 64 kB */

void message_done(struct message *message)
{
    text_buffer_done(&message->topic);
    text_buffer_done(&message->payload);
}

static void begin(const struct message_maker *maker, struct message *message,
                  const struct journal_entry *entry)
{
    text_buffer_clear(&message->topic);
    text_buffer_clear(&message->payload);
    text_append(&message->topic, maker->options->topic_root);
    text_append_char(&message->topic, '/');
    text_append(&message->topic, store_site_id(maker->store));
    message->retain = false;
    message->empty = false;
    message->first_seq = entry->seq;
    message->last_seq = entry->seq;
}

static struct payload_head head_of(const struct message_maker *maker,
                                   const struct journal_entry *entry)
{
    return (struct payload_head){store_site_id(maker->store), store_epoch_ms(maker->store),
                                 entry->seq, entry->late};
}

/* The meter of an entry. A number that is not known yet is newer than the names. */
static const struct meter_name *meter_of(struct message_maker *maker,
                                         const struct journal_entry *entry)
{
    const struct meter_name *meter =
        meter_names_find(&maker->names, entry->meter_no, entry->slot_ts_ms);

    if (meter == NULL && meter_names_load(&maker->names, maker->store) == 0) {
        meter = meter_names_find(&maker->names, entry->meter_no, entry->slot_ts_ms);
    }
    return meter;
}

/* The sample of an entry and its meter. Returns 0, ERR_NOT_FOUND when it was purged. */
static int sample_of(struct message_maker *maker, const struct journal_entry *entry,
                     struct sample *ret_sample, const struct meter_name **ret_meter)
{
    int err = samples_get(maker->store, entry->meter_no, entry->slot_ts_ms, ret_sample);

    if (err != 0) {
        return err;
    }
    *ret_meter = meter_of(maker, entry);
    return *ret_meter != NULL ? 0 : ERR_NOT_FOUND;
}

static int make_reading(struct message_maker *maker, const struct journal_entry *entry,
                        struct message *message)
{
    struct payload_head head = head_of(maker, entry);
    struct sample sample;
    const struct meter_name *meter = NULL;
    int err = sample_of(maker, entry, &sample, &meter);

    if (err != 0) {
        return err;
    }
    text_append(&message->topic, "/meter/");
    text_append(&message->topic, meter->id);
    text_append(&message->topic, "/reading");
    payload_reading(&message->payload, &head, meter->id, &sample, meter->register_wh);
    return 0;
}

/* As many readings as the batch takes, up to the first entry of another kind. */
static int make_batch(struct message_maker *maker, const struct journal_entry *entries,
                      int n, struct message *message)
{
    bool first = true;
    int k = 0;

    text_append(&message->topic, "/readings");
    while (k < n && k < maker->options->batch && entries[k].kind == JOURNAL_READING &&
           message->payload.n < BATCH_BYTES_MAX) {
        struct payload_head head = head_of(maker, &entries[k]);
        struct sample sample;
        const struct meter_name *meter = NULL;
        int err = sample_of(maker, &entries[k], &sample, &meter);

        if (err == 0) {
            if (first) {
                payload_batch_begin(&message->payload, &head);
            }
            payload_batch_member(&message->payload, first, &head, meter->id, &sample,
                                 meter->register_wh);
            first = false;
        } else if (err == ERR_NOT_FOUND) {
            maker->purged++;
        } else {
            return err;
        }
        message->last_seq = entries[k].seq;
        k++;
    }
    if (!first) {
        payload_batch_end(&message->payload);
    }
    message->empty = first;
    return k;
}

static int make_interval(struct message_maker *maker, const struct journal_entry *entry,
                         struct message *message)
{
    struct payload_head head = head_of(maker, entry);
    struct interval interval;
    char enterprise[ID_LEN];
    int err = energy_interval_get(maker->store, entry->meter_no, entry->slot_ts_ms,
                                  entry->revision, &interval);

    if (err == 0) {
        err = registry_enterprise_id(maker->store, interval.enterprise_no, enterprise);
    }
    if (err != 0) {
        return err;
    }
    const struct meter_name *meter = meter_of(maker, entry);

    if (meter == NULL) {
        return ERR_NOT_FOUND;
    }
    text_append(&message->topic, "/meter/");
    text_append(&message->topic, meter->id);
    text_append(&message->topic, "/interval");
    payload_interval(&message->payload, &head, meter->id, enterprise, &interval,
                     store_zone(maker->store));
    return 0;
}

static int make_row(struct message_maker *maker, const struct journal_entry *entry,
                    struct message *message)
{
    const struct publish_options *options = maker->options;
    struct payload_head head = head_of(maker, entry);
    struct publish_place place = {0};
    struct rows rows = {0};
    int err = options->row_of(options->ctx, maker->store, entry->kind, entry->row_no, &rows,
                              &place);

    if (err == 0) {
        text_append_char(&message->topic, '/');
        text_append(&message->topic, place.topic);
        message->retain = place.retain;
        payload_row(&message->payload, entry->kind == JOURNAL_RATE ? "rate" : "carbon",
                    &head, &rows, 0, store_zone(maker->store));
    }
    rows_done(&rows);
    return err;
}

static int make_one(struct message_maker *maker, const struct journal_entry *entry,
                    struct message *message)
{
    switch (entry->kind) {
    case JOURNAL_READING:
        return make_reading(maker, entry, message);
    case JOURNAL_INTERVAL:
        return make_interval(maker, entry, message);
    case JOURNAL_RATE:
    case JOURNAL_CARBON:
        return make_row(maker, entry, message);
    case JOURNAL_ALARM:
    default:
        return ERR_NOT_FOUND;
    }
}

int message_make(struct message_maker *maker, const struct journal_entry *entries, int n,
                 struct message *message)
{
    int covered = 1;

    begin(maker, message, &entries[0]);
    if (entries[0].kind == JOURNAL_READING && maker->options->batch > 1) {
        covered = make_batch(maker, entries, n, message);
    } else {
        int err = make_one(maker, &entries[0], message);

        if (err == ERR_NOT_FOUND) {
            maker->purged++;
            message->empty = true;
        } else if (err != 0) {
            return err;
        }
    }
    if (message->topic.err != 0 || message->payload.err != 0) {
        return ERR_NOMEM;
    }
    return covered;
}
