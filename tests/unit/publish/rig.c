#include "tests/unit/publish/rig.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/log.h"

#define SEQ_MAX 20000

/* --- the broker --- */

static int broker_connect(void *self)
{
    struct rig *rig = self;

    rig->connects++;
    rig->connecting = true;
    return 0;
}

static void lose_open(struct rig *rig)
{
    for (int i = 0; i < rig->n_messages; i++) {
        rig->message[i].open = false;
    }
}

static int count_open(const struct rig *rig, bool rows_only)
{
    int n = 0;

    for (int i = 0; i < rig->n_messages; i++) {
        n += rig->message[i].open && (!rows_only || rig_is_row(&rig->message[i]));
    }
    return n;
}

static int broker_publish(void *self, const struct sink_message *message)
{
    struct rig *rig = self;

    if (!rig->connected) {
        return ERR_UNAVAILABLE;
    }
    if (count_open(rig, false) >= rig->slots) {
        return ERR_FULL;
    }
    rig->message =
        realloc(rig->message, (size_t)(rig->n_messages + 1) * sizeof(*rig->message));
    assert_non_null(rig->message);
    struct rig_message *kept = &rig->message[rig->n_messages++];

    *kept = (struct rig_message){.topic = strdup(message->topic),
                                 .payload = calloc(1, message->n + 1),
                                 .n = message->n,
                                 .retain = message->retain,
                                 .token = message->token,
                                 .open = true,
                                 .at_mono_ms = loop_mono_ms(rig->loop)};
    memcpy(kept->payload, message->payload, message->n);
    int open = count_open(rig, true);

    rig->open_max = open > rig->open_max ? open : rig->open_max;
    return 0;
}

static void broker_disconnect(void *self)
{
    struct rig *rig = self;

    rig->connecting = false;
    rig->connected = false;
    lose_open(rig);
}

static void broker_free(void *self)
{
    struct rig *rig = self;

    broker_disconnect(rig);
    rig->sinks--;
}

static int open_sink(void *ctx, const char *will_topic, const char *will_payload,
                     const struct sink_events *events, struct sink *ret_sink)
{
    struct rig *rig = ctx;

    rig->events = *events;
    rig->sinks++;
    (void)snprintf(rig->will_topic, sizeof(rig->will_topic), "%s", will_topic);
    (void)snprintf(rig->will_payload, sizeof(rig->will_payload), "%s", will_payload);
    *ret_sink =
        (struct sink){broker_connect, broker_publish, broker_disconnect, broker_free, rig};
    return 0;
}

void rig_ack(struct rig *rig, int index, int reason)
{
    uint64_t token = rig->message[index].token;

    rig->message[index].open = false;
    rig->events.on_acked(rig->events.ctx, token, reason);
}

void rig_cut(struct rig *rig)
{
    broker_disconnect(rig);
    rig->events.on_disconnected(rig->events.ctx, "connection lost");
}

/* What the broker does by itself. True when it did anything. */
static bool broker_step(struct rig *rig)
{
    if (rig->connecting && !rig->silent) {
        rig->connecting = false;
        rig->connected = rig->up;
        if (rig->up) {
            rig->events.on_connected(rig->events.ctx);
        } else {
            rig->events.on_disconnected(rig->events.ctx, "connection refused");
        }
        return true;
    }
    for (int i = 0; rig->acks && i < rig->n_messages; i++) {
        if (rig->message[i].open) {
            bool refused =
                rig->refused != NULL && strstr(rig->message[i].topic, rig->refused) != NULL;

            rig_ack(rig, i, refused ? 135 : 0);
            return true;
        }
    }
    return false;
}

/* --- time --- */

void rig_settle(struct rig *rig)
{
    bool any = true;

    while (any) {
        any = loop_step(rig->loop);
        any = loop_step(rig->writer_loop) || any;
        any = broker_step(rig) || any;
    }
}

void rig_advance(struct rig *rig, int64_t ms)
{
    int64_t end_mono_ms = rig->clock.mono_ms + ms;

    rig_settle(rig);
    for (;;) {
        int64_t due_ms = loop_next_due_ms(rig->loop);
        int64_t other_ms = loop_next_due_ms(rig->writer_loop);

        due_ms = other_ms < due_ms ? other_ms : due_ms;
        if (due_ms > end_mono_ms) {
            break;
        }
        virtual_clock_advance(
            &rig->clock, due_ms > rig->clock.mono_ms ? due_ms - rig->clock.mono_ms : 0);
        rig_settle(rig);
    }
    virtual_clock_advance(&rig->clock, end_mono_ms - rig->clock.mono_ms);
    rig_settle(rig);
}

/* --- life --- */

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    log_init(LOG_LEVEL_ERROR, 0);
    fixture_init(&rig->fixture);
    virtual_clock_init(&rig->clock, T0);
    rig->up = true;
    rig->acks = true;
    rig->slots = 1000;
    rig->options = (struct publish_options){.store_path = rig->fixture.path,
                                            .sink_name = "mqtt",
                                            .topic_root = "ecmon/v1",
                                            .batch = 1,
                                            .inflight = 20,
                                            .seed = 7,
                                            .status = {.site = "cixi-binhai",
                                                       .version = "0.1.0",
                                                       .epoch_ms = T0,
                                                       .zone = "internet",
                                                       .config_sha256 = "",
                                                       .register_sha256 = "",
                                                       .methods_sha256 = ""},
                                            .open_sink = open_sink,
                                            .ctx = rig};
    for (uint32_t meter_no = 1; meter_no <= 9; meter_no++) {
        fixture_meter(rig->fixture.store, meter_no, "E001", 10, 1);
    }
}

void rig_start(struct rig *rig)
{
    const struct writer_options writer = {.queue_capacity = 16, .commit_every_ms = 1000};

    assert_int_equal(loop_new(&rig->clock.clock, 64, &rig->loop), 0);
    assert_int_equal(loop_new(&rig->clock.clock, 64, &rig->writer_loop), 0);
    assert_int_equal(
        writer_new(rig->writer_loop, rig->fixture.store, &writer, &rig->writer), 0);
    rig->options.loop = rig->loop;
    rig->options.writer = rig->writer;
    assert_int_equal(publish_new(&rig->options, &rig->publish), 0);
    rig_settle(rig);
}

void rig_crash(struct rig *rig)
{
    if (rig->publish == NULL) {
        return;
    }
    publish_free(rig->publish);
    rig->publish = NULL;
    while (loop_step(rig->writer_loop)) {
    }
    writer_free(rig->writer);
    while (loop_step(rig->loop)) {
    }
    loop_free(rig->loop);
    loop_free(rig->writer_loop);
    assert_int_equal(rig->sinks, 0);
}

void rig_done(struct rig *rig)
{
    rig_crash(rig);
    for (int i = 0; i < rig->n_messages; i++) {
        free(rig->message[i].topic);
        free(rig->message[i].payload);
    }
    free(rig->message);
    fixture_done(&rig->fixture);
}

/* --- the journal --- */

void rig_notify(struct rig *rig)
{
    publish_notify(rig->publish, journal_last_seq(rig->fixture.store));
    rig_settle(rig);
}

void rig_readings(struct rig *rig, int n_meters, int64_t slot_ts_ms)
{
    struct store *store = rig->fixture.store;

    assert_int_equal(store_begin(store), 0);
    for (int i = 1; i <= n_meters; i++) {
        fixture_insert(store, (uint32_t)i, slot_ts_ms, 60, 1000 + i);
    }
    assert_int_equal(store_commit(store), 0);
    if (rig->publish != NULL) {
        rig_notify(rig);
    }
}

void rig_append(struct rig *rig, const struct journal_entry *entry)
{
    assert_int_equal(store_begin(rig->fixture.store), 0);
    assert_int_equal(journal_append(rig->fixture.store, entry, NULL), 0);
    assert_int_equal(store_commit(rig->fixture.store), 0);
}

/* --- what came --- */

const struct rig_message *rig_find(const struct rig *rig, const char *topic_end, int k)
{
    for (int i = 0; i < rig->n_messages; i++) {
        const char *topic = rig->message[i].topic;
        size_t n = strlen(topic);
        size_t end = strlen(topic_end);

        if (n >= end && strcmp(topic + n - end, topic_end) == 0 && k-- == 0) {
            return &rig->message[i];
        }
    }
    return NULL;
}

int rig_count(const struct rig *rig, const char *topic_end)
{
    int n = 0;

    while (rig_find(rig, topic_end, n) != NULL) {
        n++;
    }
    return n;
}

int64_t rig_seq(const struct rig_message *message)
{
    const char *at = strstr(message->payload, "\"seq\":");

    return at != NULL ? strtoll(at + 6, NULL, 10) : 0;
}

bool rig_is_row(const struct rig_message *message)
{
    return message->token != UINT64_MAX;
}

void rig_expect_rows(const struct rig *rig, int64_t from_seq, int64_t until_seq)
{
    const char **first = calloc(SEQ_MAX, sizeof(*first));
    int64_t next_seq = from_seq;

    assert_non_null(first);
    for (int i = 0; i < rig->n_messages; i++) {
        const struct rig_message *message = &rig->message[i];
        int64_t seq = rig_seq(message);

        if (!rig_is_row(message)) {
            continue;
        }
        assert_in_range(seq, 1, SEQ_MAX - 1);
        if (first[seq] != NULL) {
            assert_string_equal(message->payload, first[seq]);
        } else {
            assert_int_equal(seq, next_seq);
            first[seq] = message->payload;
            next_seq++;
        }
    }
    assert_int_equal(next_seq, until_seq + 1);
    free((void *)first);
}
