#include "daemon/publish/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/log.h"
#include "daemon/publish/cursor.h"
#include "daemon/publish/message.h"

#define ENTRIES_AT_ONCE     512
#define ACK_DEADLINE_MS     30000
#define CONNECT_DEADLINE_MS 15000
#define BACKOFF_FIRST_MS    1000
#define BACKOFF_MAX_MS      60000
#define REFUSED_FIRST_MS    60000
#define REFUSED_MAX_MS      3600000
#define CURSOR_EVERY_MS     1000
#define WATERMARK_EVERY_MS  10000
#define STALL_RETRY_MS                                                                     \
    1000 /* until what could not be read or handed over is tried again                     \
          */
#define TOKEN_NONE UINT64_MAX /* messages without a place in the journal */

/* One message between the sink and its acknowledgement. */
struct flight {
    int64_t last_seq;
    int64_t deadline_mono_ms;
    bool acked;
};

struct publish {
    struct publish_options options;
    struct message_maker maker;
    struct message message;
    struct sink sink;
    bool has_sink;
    struct store *store;

    enum publish_state state;
    struct loop_timer timer; /* back-off, connect and acknowledgement deadlines */
    struct loop_timer cursor_timer;
    int64_t backoff_ms;
    int64_t connected_mono_ms;
    int64_t refused_ms;
    uint32_t random_state;

    struct flight *flight; /* ring of options.inflight */
    uint64_t n_slots;
    int n_flight;
    uint64_t first_token; /* of the oldest flight; flight of a token: token % n_slots */

    struct journal_entry *entry; /* read ahead */
    int n_entries;
    int next_entry;

    int64_t told_seq; /* the journal reaches to here */
    int64_t sent_seq; /* handed to the sink */
    int64_t acked_seq;
    struct cursor cursor;
    int64_t watermark_seq;
    int64_t watermark_mono_ms;
    int64_t last_ack_ms;
    uint64_t messages;
    char topic_status[256];
    int refused_reason;
    char why[160];
};

const char *publish_state_name(enum publish_state state)
{
    static const char *const names[] = {"connecting", "connected", "disconnected",
                                        "refused"};

    return names[state];
}

/* --- the cursor --- */

static void publish_watermark(struct publish *publish)
{
    struct text_buffer topic = {0};
    struct text_buffer payload = {0};
    struct payload_head head = {publish->options.status.site,
                                publish->options.status.epoch_ms,
                                publish->cursor.stored_seq, false};

    text_append(&topic, publish->options.topic_root);
    text_append_char(&topic, '/');
    text_append(&topic, head.site);
    text_append(&topic, "/watermark");
    payload_watermark(&payload, &head);
    if (topic.err == 0 && payload.err == 0) {
        struct sink_message message = {topic.text, payload.text, payload.n, false,
                                       TOKEN_NONE};

        if (publish->sink.publish(publish->sink.self, &message) == 0) {
            publish->watermark_seq = publish->cursor.stored_seq;
            publish->watermark_mono_ms = loop_mono_ms(publish->options.loop);
        }
    }
    text_buffer_done(&topic);
    text_buffer_done(&payload);
}

static void on_cursor_timer(void *ctx)
{
    struct publish *publish = ctx;
    int64_t now_mono_ms = loop_mono_ms(publish->options.loop);

    cursor_store(&publish->cursor, publish->acked_seq);
    if (publish->state == PUBLISH_CONNECTED &&
        publish->cursor.stored_seq > publish->watermark_seq &&
        now_mono_ms - publish->watermark_mono_ms >= WATERMARK_EVERY_MS) {
        publish_watermark(publish);
    }
    if (publish->acked_seq > publish->cursor.stored_seq ||
        publish->cursor.stored_seq > publish->watermark_seq) {
        (void)loop_timer_arm(publish->options.loop, &publish->cursor_timer,
                             now_mono_ms + CURSOR_EVERY_MS);
    }
}

static void cursor_soon(struct publish *publish)
{
    if (publish->cursor_timer.heap_index < 0) {
        (void)loop_timer_arm(publish->options.loop, &publish->cursor_timer,
                             loop_mono_ms(publish->options.loop) + CURSOR_EVERY_MS);
    }
}

/* --- the window --- */

/* The timer of a connection: the oldest message's deadline; with none on its way but rows
 * left, the next try. */
static void arm_deadline(struct publish *publish)
{
    int64_t due_mono_ms = loop_mono_ms(publish->options.loop) + STALL_RETRY_MS;

    if (publish->n_flight > 0) {
        due_mono_ms =
            publish->flight[publish->first_token % publish->n_slots].deadline_mono_ms;
    } else if (publish->sent_seq >= publish->told_seq) {
        loop_timer_cancel(publish->options.loop, &publish->timer);
        return;
    }
    (void)loop_timer_arm(publish->options.loop, &publish->timer, due_mono_ms);
}

/* Moves acked_seq over every acknowledged message at the front. */
static void advance(struct publish *publish)
{
    while (publish->n_flight > 0) {
        const struct flight *flight =
            &publish->flight[publish->first_token % publish->n_slots];

        if (!flight->acked) {
            break;
        }
        publish->acked_seq = flight->last_seq;
        publish->first_token++;
        publish->n_flight--;
    }
    if (publish->acked_seq > publish->cursor.stored_seq) {
        cursor_soon(publish);
    }
}

/* Sends the message just made. Returns 0, or the sink's error. */
static int launch(struct publish *publish)
{
    const struct message *made = &publish->message;
    uint64_t token = publish->first_token + (uint64_t)publish->n_flight;
    struct sink_message message = {made->topic.text, made->payload.text, made->payload.n,
                                   made->retain, token};
    int err = made->empty ? 0 : publish->sink.publish(publish->sink.self, &message);

    if (err != 0) {
        return err;
    }
    publish->flight[token % publish->n_slots] = (struct flight){
        made->last_seq, loop_mono_ms(publish->options.loop) + ACK_DEADLINE_MS, made->empty};
    publish->n_flight++;
    publish->sent_seq = made->last_seq;
    if (made->empty) {
        advance(publish); /* no acknowledgement will */
    }
    return 0;
}

/* Entries for the next message. Returns their number, 0 when the journal is at its end. */
static int read_ahead(struct publish *publish)
{
    int left = publish->n_entries - publish->next_entry;
    int wanted = publish->options.batch > 1 ? publish->options.batch : 1;

    if (left >= wanted ||
        (left > 0 && publish->entry[publish->next_entry].kind != JOURNAL_READING)) {
        return left;
    }
    if (publish->sent_seq + left >= publish->told_seq) {
        return left;
    }
    int n =
        journal_read(publish->store, publish->sent_seq, publish->entry, ENTRIES_AT_ONCE);

    if (n < 0) {
        log_warn("publish: cannot read the journal: %s", store_error_text(publish->store));
        return 0;
    }
    publish->n_entries = n;
    publish->next_entry = 0;
    if (n > 0 && publish->entry[n - 1].seq > publish->told_seq) {
        publish->told_seq =
            publish->entry[n - 1].seq; /* committed, its notice comes later */
    }
    return n;
}

static void fill_window(struct publish *publish)
{
    while (publish->n_flight < publish->options.inflight) {
        int n = read_ahead(publish);

        if (n <= 0) {
            break;
        }
        int covered = message_make(&publish->maker, publish->entry + publish->next_entry, n,
                                   &publish->message);

        if (covered < 0) {
            log_warn("publish: cannot read rows of seq %lld: %s",
                     (long long)publish->entry[publish->next_entry].seq,
                     store_error_text(publish->store));
            break;
        }
        if (launch(publish) != 0) {
            break;
        }
        publish->next_entry += covered;
    }
}

static void fill(struct publish *publish)
{
    if (publish->state != PUBLISH_CONNECTED) {
        return;
    }
    if (publish->n_flight < publish->options.inflight &&
        publish->sent_seq < publish->told_seq &&
        store_snapshot_begin(publish->store) == 0) {
        fill_window(publish);
        store_snapshot_end(publish->store);
    }
    arm_deadline(publish);
}

/* --- the connection --- */

static int64_t jittered(struct publish *publish, int64_t ms)
{
    publish->random_state = publish->random_state * 1664525u + 1013904223u;
    return ms / 2 + (int64_t)(publish->random_state >> 8) % (ms + 1); /* ± 50 % */
}

static void forget_flights(struct publish *publish)
{
    publish->first_token += (uint64_t)publish->n_flight;
    publish->n_flight = 0;
    publish->n_entries = 0;
    publish->next_entry = 0;
    publish->sent_seq = publish->acked_seq;
}

static void wait_for_retry(struct publish *publish, enum publish_state state,
                           int64_t wait_ms)
{
    publish->state = state;
    forget_flights(publish);
    (void)loop_timer_arm(publish->options.loop, &publish->timer,
                         loop_mono_ms(publish->options.loop) + wait_ms);
}

static void connection_failed(struct publish *publish, const char *why)
{
    bool was_connected =
        publish->state == PUBLISH_CONNECTED || publish->state == PUBLISH_REFUSED;

    if (was_connected && loop_mono_ms(publish->options.loop) - publish->connected_mono_ms >=
                             BACKOFF_MAX_MS) {
        publish->backoff_ms = BACKOFF_FIRST_MS;
    }
    if (was_connected || strcmp(publish->why, why) != 0) {
        log_warn("mqtt: %s; readings are kept in the store", why);
    }
    (void)text_copy(publish->why, sizeof(publish->why), why);
    wait_for_retry(publish, PUBLISH_DISCONNECTED, jittered(publish, publish->backoff_ms));
    publish->backoff_ms *= 2;
    if (publish->backoff_ms > BACKOFF_MAX_MS) {
        publish->backoff_ms = BACKOFF_MAX_MS;
    }
}

static void start_connect(struct publish *publish)
{
    int err = publish->sink.connect(publish->sink.self);

    if (err != 0) {
        connection_failed(publish, "cannot start to connect");
        return;
    }
    publish->state = PUBLISH_CONNECTING;
    (void)loop_timer_arm(publish->options.loop, &publish->timer,
                         loop_mono_ms(publish->options.loop) + CONNECT_DEADLINE_MS);
}

static void on_timer(void *ctx)
{
    struct publish *publish = ctx;

    switch (publish->state) {
    case PUBLISH_CONNECTING:
        publish->sink.disconnect(publish->sink.self);
        connection_failed(publish, "the broker does not answer");
        break;
    case PUBLISH_CONNECTED:
        if (publish->n_flight == 0) {
            fill(publish);
            break;
        }
        publish->sink.disconnect(publish->sink.self);
        connection_failed(publish, "no acknowledgement within 30 s");
        break;
    case PUBLISH_REFUSED:
        publish->state = PUBLISH_CONNECTED;
        fill(publish);
        break;
    case PUBLISH_DISCONNECTED:
    default:
        start_connect(publish);
        break;
    }
}

static void publish_state_message(struct publish *publish, const char *state)
{
    struct text_buffer payload = {0};
    struct payload_status_fields fields = publish->options.status;

    fields.state = state;
    payload_status(&payload, &fields, store_zone(publish->store));
    if (payload.err == 0) {
        struct sink_message message = {publish->topic_status, payload.text, payload.n, true,
                                       TOKEN_NONE};

        (void)publish->sink.publish(publish->sink.self, &message);
    }
    text_buffer_done(&payload);
}

static void on_connected(void *ctx)
{
    struct publish *publish = ctx;

    loop_timer_cancel(publish->options.loop, &publish->timer);
    publish->state = PUBLISH_CONNECTED;
    publish->connected_mono_ms = loop_mono_ms(publish->options.loop);
    log_info("mqtt: connected, %lld rows to deliver",
             (long long)(publish->told_seq - publish->acked_seq));
    publish_state_message(publish, "online");
    fill(publish);
}

static void on_disconnected(void *ctx, const char *why)
{
    connection_failed(ctx, why);
}

static void on_refused(struct publish *publish, uint64_t token, int reason)
{
    const struct flight *flight = &publish->flight[token % publish->n_slots];

    publish->refused_reason = reason;
    log_warn("mqtt: the broker refused the message with seq %lld (reason %d); rows wait in "
             "order, next try in %lld s",
             (long long)flight->last_seq, reason, (long long)(publish->refused_ms / 1000));
    wait_for_retry(publish, PUBLISH_REFUSED, publish->refused_ms);
    publish->refused_ms *= 2;
    if (publish->refused_ms > REFUSED_MAX_MS) {
        publish->refused_ms = REFUSED_MAX_MS;
    }
}

static void on_acked(void *ctx, uint64_t token, int reason)
{
    struct publish *publish = ctx;
    int64_t before_seq = publish->acked_seq;

    if (token < publish->first_token ||
        token >= publish->first_token + (uint64_t)publish->n_flight ||
        publish->flight[token % publish->n_slots].acked) {
        fill(publish); /* not of the window now: the sink has room again */
        return;
    }
    if (reason != 0) {
        on_refused(publish, token, reason);
        return;
    }
    publish->flight[token % publish->n_slots].acked = true;
    publish->messages++;
    publish->backoff_ms = BACKOFF_FIRST_MS;
    publish->last_ack_ms = loop_wall_ms(publish->options.loop);
    advance(publish);
    if (publish->acked_seq >
        before_seq) { /* the refused row, if there was one, is through */
        publish->refused_ms = REFUSED_FIRST_MS;
        publish->refused_reason = 0;
    }
    fill(publish);
}

/* --- the door --- */

static int open_sink(struct publish *publish)
{
    struct sink_events events = {on_connected, on_disconnected, on_acked, publish};
    struct text_buffer will = {0};
    struct payload_status_fields fields = publish->options.status;

    fields.state = "offline";
    (void)snprintf(publish->topic_status, sizeof(publish->topic_status), "%s/%s/status",
                   publish->options.topic_root, fields.site);
    payload_status(&will, &fields, store_zone(publish->store));
    int err = will.err != 0
                  ? ERR_NOMEM
                  : publish->options.open_sink(publish->options.ctx, publish->topic_status,
                                               will.text, &events, &publish->sink);

    text_buffer_done(&will);
    publish->has_sink = err == 0;
    return err;
}

static int open_store(struct publish *publish)
{
    struct store_options options = {.path = publish->options.store_path,
                                    .mode = STORE_READ};
    int err = store_open(&options, &publish->store, NULL, 0);

    if (err == 0) {
        publish->maker.store = publish->store;
        err = meter_names_load(&publish->maker.names, publish->store);
    }
    if (err == 0) {
        err = cursor_open(&publish->cursor, &publish->options, publish->store);
    }
    if (err == 0) {
        publish->acked_seq = publish->cursor.stored_seq;
        publish->sent_seq = publish->acked_seq;
        publish->watermark_seq = publish->acked_seq;
        publish->told_seq = journal_last_seq(publish->store);
    }
    return err;
}

int publish_new(const struct publish_options *options, struct publish **ret_publish)
{
    struct publish *publish = calloc(1, sizeof(*publish));

    if (publish == NULL) {
        return ERR_NOMEM;
    }
    publish->options = *options;
    publish->maker.options = &publish->options;
    publish->watermark_mono_ms = loop_mono_ms(options->loop) - WATERMARK_EVERY_MS;
    publish->random_state = options->seed;
    publish->backoff_ms = BACKOFF_FIRST_MS;
    publish->refused_ms = REFUSED_FIRST_MS;
    publish->n_slots = (uint64_t)options->inflight;
    publish->flight = calloc((size_t)options->inflight, sizeof(*publish->flight));
    publish->entry = calloc(ENTRIES_AT_ONCE, sizeof(*publish->entry));
    loop_timer_init(&publish->timer, on_timer, publish);
    loop_timer_init(&publish->cursor_timer, on_cursor_timer, publish);
    int err = publish->flight == NULL || publish->entry == NULL ? ERR_NOMEM : 0;

    err = err != 0 ? err : open_store(publish);
    err = err != 0 ? err : open_sink(publish);
    if (err != 0) {
        publish_free(publish);
        return err;
    }
    start_connect(publish);
    *ret_publish = publish;
    return 0;
}

void publish_free(struct publish *publish)
{
    if (publish == NULL) {
        return;
    }
    loop_timer_cancel(publish->options.loop, &publish->timer);
    loop_timer_cancel(publish->options.loop, &publish->cursor_timer);
    if (publish->has_sink) {
        publish->sink.free(publish->sink.self);
    }
    cursor_done(&publish->cursor);
    meter_names_done(&publish->maker.names);
    message_done(&publish->message);
    store_close(publish->store);
    free(publish->flight);
    free(publish->entry);
    free(publish);
}

void publish_notify(struct publish *publish, int64_t last_seq)
{
    if (last_seq > publish->told_seq) {
        publish->told_seq = last_seq;
    }
    fill(publish);
}

void publish_register_changed(struct publish *publish)
{
    int err = meter_names_load(&publish->maker.names, publish->store);

    if (err != 0) {
        log_warn("publish: cannot read the register: %s", store_error_text(publish->store));
    }
}

void publish_stop(struct publish *publish)
{
    if (publish->state == PUBLISH_CONNECTED || publish->state == PUBLISH_REFUSED) {
        publish_state_message(publish, "offline");
    }
    publish->sink.disconnect(publish->sink.self);
    publish->state = PUBLISH_DISCONNECTED;
    forget_flights(publish);
    loop_timer_cancel(publish->options.loop, &publish->timer);
    loop_timer_cancel(publish->options.loop, &publish->cursor_timer);
    cursor_store(&publish->cursor, publish->acked_seq);
}

/* When the oldest row that waits came into being; the present for kinds without a time. */
static int64_t oldest_pending_ms(struct publish *publish)
{
    struct journal_entry entry = {0};

    if (publish->acked_seq >= publish->told_seq ||
        journal_read(publish->store, publish->acked_seq, &entry, 1) != 1) {
        return 0;
    }
    return entry.slot_ts_ms > 0 ? entry.slot_ts_ms : loop_wall_ms(publish->options.loop);
}

struct publish_status publish_status(struct publish *publish)
{
    struct publish_status status = {.state = publish->state,
                                    .acked_seq = publish->acked_seq,
                                    .last_seq = publish->told_seq,
                                    .last_ack_ms = publish->last_ack_ms,
                                    .oldest_pending_ms = oldest_pending_ms(publish),
                                    .messages = publish->messages,
                                    .purged = publish->maker.purged,
                                    .refused_reason = publish->refused_reason};

    (void)text_copy(status.why, sizeof(status.why), publish->why);
    return status;
}
