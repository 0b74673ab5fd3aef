#include "daemon/sinks/mqtt.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/queue.h"

#define KEEP_ALIVE_S      30
#define CONNECT_TIMEOUT_S 10
#define GOODBYE_MS        500 /* most that disconnect waits for the last bytes to leave */
#define GOODBYE_STEP_MS   5
#define EXTRA_FLIGHTS     8 /* messages beside the owner's window: status, watermark */
#define WHY_LEN           160
#define TEXTS_MAX         10

struct mqtt;

/* One message between MQTTAsync_sendMessage and its acknowledgement. Set before Paho has
 * it, read by Paho's threads, free again in the loop's thread. */
struct flight {
    struct mqtt *mqtt;
    uint64_t token;
    bool used;
};

enum letter_kind {
    LETTER_CONNECTED,
    LETTER_LOST,    /* why */
    LETTER_ACKED,   /* flight, reason */
    LETTER_NOT_SENT /* flight */
};

/* What Paho's threads have to tell. Each connection has at most one letter of CONNECTED and
 * of LOST and one per flight: the mailbox is made so large that it is never full. */
struct letter {
    enum letter_kind kind;
    int reason;
    struct flight *flight;
    char why[WHY_LEN];
};

/*
 * Paho calls back with its lock held, and MQTTAsync_destroy takes the same lock: after it,
 * no callback of that client runs, and what still lies in the mailbox is of a connection
 * that is over.
 */
struct mqtt {
    struct mqtt_options options; /* strings owned */
    struct sink_events events;
    char *text[TEXTS_MAX];
    int n_text;
    char server[300];
    MQTTAsync client; /* NULL when disconnected */
    struct flight *flight;
    int n_flights;
    struct queue *mailbox;
    int wake_fd;      /* readable: there is mail */
    atomic_bool lost; /* the loss of this connection has been told */
};

/* --- callbacks, in Paho's threads --- */

static void send_letter(struct mqtt *mqtt, const struct letter *letter)
{
    uint64_t one = 1;

    (void)queue_push(mqtt->mailbox, letter);
    ssize_t written = write(mqtt->wake_fd, &one, sizeof(one));

    (void)written; /* a full eventfd wakes just as well */
}

/* The first reason counts: a broker's goodbye is followed by the loss itself. */
static void tell_lost(struct mqtt *mqtt, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell_lost(struct mqtt *mqtt, const char *format, ...)
{
    struct letter letter = {.kind = LETTER_LOST};
    va_list args;

    if (atomic_exchange(&mqtt->lost, true)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(letter.why, sizeof(letter.why), format, args);
    va_end(args);
    send_letter(mqtt, &letter);
}

static void paho_connected5(void *ctx, MQTTAsync_successData5 *response)
{
    const struct letter letter = {.kind = LETTER_CONNECTED};

    (void)response;
    send_letter(ctx, &letter);
}

static void paho_connected(void *ctx, MQTTAsync_successData *response)
{
    const struct letter letter = {.kind = LETTER_CONNECTED};

    (void)response;
    send_letter(ctx, &letter);
}

/* Paho leaves the reason at 0 in 1.3.12 and puts the CONNACK's into code. */
static void paho_refused5(void *ctx, MQTTAsync_failureData5 *response)
{
    int code = response != NULL ? response->code : 0;
    const char *text = response != NULL ? response->message : NULL;

    if (code >= MQTTREASONCODE_UNSPECIFIED_ERROR) {
        text = MQTTReasonCode_toString((enum MQTTReasonCodes)code);
    }
    tell_lost(ctx, "cannot connect: %s (code %d)", text != NULL ? text : "no answer", code);
}

static void paho_refused(void *ctx, MQTTAsync_failureData *response)
{
    const char *text = response != NULL ? response->message : NULL;

    tell_lost(ctx, "cannot connect: %s (code %d)", text != NULL ? text : "no answer",
              response != NULL ? response->code : 0);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is Paho's */
static void paho_lost(void *ctx, char *cause)
{
    tell_lost(ctx, "connection lost%s%s", cause != NULL ? ": " : "",
              cause != NULL ? cause : "");
}

/* MQTT 5 brokers say goodbye before they close. */
static void paho_goodbye(void *ctx, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    const char *text = MQTTReasonCode_toString(reason);

    (void)properties;
    tell_lost(ctx, "the broker ended the connection: %s (reason %d)",
              text != NULL ? text : "unknown", (int)reason);
}

static int paho_arrived(void *ctx, char *topic, int topic_n, MQTTAsync_message *message)
{
    (void)ctx; /* nothing is subscribed: there is no command topic */
    (void)topic_n;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void tell_flown(struct flight *flight, enum letter_kind kind, int reason)
{
    const struct letter letter = {.kind = kind, .reason = reason, .flight = flight};

    send_letter(flight->mqtt, &letter);
}

static void paho_sent5(void *ctx, MQTTAsync_successData5 *response)
{
    (void)response;
    tell_flown(ctx, LETTER_ACKED, 0);
}

static void paho_sent(void *ctx, MQTTAsync_successData *response)
{
    (void)response;
    tell_flown(ctx, LETTER_ACKED, 0);
}

/* The reason is the receiver's only where code is 0: Paho does not always set it. */
static void paho_not_sent5(void *ctx, MQTTAsync_failureData5 *response)
{
    bool refused = response != NULL && response->code == 0 &&
                   response->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;

    tell_flown(ctx, refused ? LETTER_ACKED : LETTER_NOT_SENT,
               refused ? (int)response->reasonCode : 0);
}

static void paho_not_sent(void *ctx, MQTTAsync_failureData *response)
{
    (void)response;
    tell_flown(ctx, LETTER_NOT_SENT, 0);
}

/* --- in the loop's thread --- */

/* Ends the connection and forgets what it still had to tell. */
static void drop_client(struct mqtt *mqtt)
{
    struct letter letter;

    if (mqtt->client == NULL) {
        return;
    }
    MQTTAsync_destroy(&mqtt->client);
    mqtt->client = NULL;
    while (queue_pop(mqtt->mailbox, &letter, 1) == 1) {
    }
    for (int i = 0; i < mqtt->n_flights; i++) {
        mqtt->flight[i].used = false;
    }
}

static void read_letter(struct mqtt *mqtt, const struct letter *letter)
{
    switch (letter->kind) {
    case LETTER_CONNECTED:
        mqtt->events.on_connected(mqtt->events.ctx);
        break;
    case LETTER_LOST:
        drop_client(mqtt);
        mqtt->events.on_disconnected(mqtt->events.ctx, letter->why);
        break;
    case LETTER_ACKED:
        letter->flight->used = false;
        mqtt->events.on_acked(mqtt->events.ctx, letter->flight->token, letter->reason);
        break;
    case LETTER_NOT_SENT:
    default:
        letter->flight->used = false; /* the loss is told by a letter of its own */
        break;
    }
}

/* An owner that disconnects or connects anew inside an event empties the mailbox. */
static void on_mail(void *ctx, int fd, uint32_t events)
{
    struct mqtt *mqtt = ctx;
    struct letter letter;
    uint64_t count = 0;
    ssize_t got = read(fd, &count, sizeof(count));

    (void)got;
    (void)events;
    while (queue_pop(mqtt->mailbox, &letter, 1) == 1) {
        read_letter(mqtt, &letter);
    }
}

/* --- the sink --- */

static int create(struct mqtt *mqtt)
{
    MQTTAsync_createOptions create5 = MQTTAsync_createOptions_initializer5;
    MQTTAsync_createOptions create3 = MQTTAsync_createOptions_initializer;
    MQTTAsync_createOptions *options = mqtt->options.version == 5 ? &create5 : &create3;

    options->sendWhileDisconnected = 0;
    options->maxBufferedMessages = mqtt->n_flights;
    options->MQTTVersion = mqtt->options.version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    if (MQTTAsync_createWithOptions(&mqtt->client, mqtt->server, mqtt->options.client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    options) != MQTTASYNC_SUCCESS) {
        mqtt->client = NULL;
        return ERR_UNAVAILABLE;
    }
    atomic_store(&mqtt->lost, false);
    (void)MQTTAsync_setCallbacks(mqtt->client, mqtt, paho_lost, paho_arrived, NULL);
    (void)MQTTAsync_setDisconnected(mqtt->client, mqtt, paho_goodbye);
    return 0;
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static int start(struct mqtt *mqtt)
{
    const struct mqtt_options *options = &mqtt->options;
    MQTTAsync_connectOptions connect5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions connect3 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions *connect = options->version == 5 ? &connect5 : &connect3;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;

    connect->keepAliveInterval = KEEP_ALIVE_S;
    connect->connectTimeout = CONNECT_TIMEOUT_S;
    connect->automaticReconnect = 0;
    connect->maxInflight = mqtt->n_flights;
    connect->username = text_or_null(options->username);
    connect->password = text_or_null(options->password);
    connect->context = mqtt;
    if (options->version == 5) {
        connect->cleanstart = 1;
        connect->onSuccess5 = paho_connected5;
        connect->onFailure5 = paho_refused5;
    } else {
        connect->cleansession = 1;
        connect->onSuccess = paho_connected;
        connect->onFailure = paho_refused;
    }
    if (options->will_topic[0] != '\0') {
        will.topicName = options->will_topic;
        will.message = options->will_payload;
        will.retained = 1;
        will.qos = options->qos;
        connect->will = &will;
    }
    if (strncmp(options->url, "mqtts:", 6) == 0) {
        tls.struct_version = 5;
        tls.enableServerCertAuth = 1;
        tls.verify = 1; /* Paho's default does not compare the host name */
        tls.sslVersion = MQTT_SSL_VERSION_DEFAULT;
        tls.trustStore = text_or_null(options->ca);
        tls.keyStore = text_or_null(options->cert);
        tls.privateKey = text_or_null(options->key);
        connect->ssl = &tls;
    }
    return MQTTAsync_connect(mqtt->client, connect) == MQTTASYNC_SUCCESS ? 0
                                                                         : ERR_UNAVAILABLE;
}

static int sink_connect(void *self)
{
    struct mqtt *mqtt = self;

    drop_client(mqtt);
    int err = create(mqtt);

    err = err != 0 ? err : start(mqtt);
    if (err != 0) {
        drop_client(mqtt);
    }
    return err;
}

static struct flight *free_flight(struct mqtt *mqtt)
{
    for (int i = 0; i < mqtt->n_flights; i++) {
        if (!mqtt->flight[i].used) {
            return &mqtt->flight[i];
        }
    }
    return NULL;
}

static int sink_publish(void *self, const struct sink_message *message)
{
    struct mqtt *mqtt = self;
    struct flight *flight = mqtt->client != NULL ? free_flight(mqtt) : NULL;

    if (flight == NULL) {
        return mqtt->client != NULL ? ERR_FULL : ERR_UNAVAILABLE;
    }
    MQTTAsync_message out = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;

    /* Paho copies, but takes no const. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    out.payload = (void *)(uintptr_t)message->payload;
    out.payloadlen = (int)message->n;
    out.qos = mqtt->options.qos;
    out.retained = message->retain ? 1 : 0;
    response.context = flight;
    if (mqtt->options.version == 5) {
        response.onSuccess5 = paho_sent5;
        response.onFailure5 = paho_not_sent5;
    } else {
        response.onSuccess = paho_sent;
        response.onFailure = paho_not_sent;
    }
    flight->mqtt = mqtt;
    flight->token = message->token;
    flight->used = true;
    if (MQTTAsync_sendMessage(mqtt->client, message->topic, &out, &response) !=
        MQTTASYNC_SUCCESS) {
        flight->used = false;
        return ERR_UNAVAILABLE;
    }
    return 0;
}

/* What was handed over before leaves before the goodbye does: Paho's commands of one client
 * are done in order. */
static void sink_disconnect(void *self)
{
    struct mqtt *mqtt = self;
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    const struct timespec step = {0, GOODBYE_STEP_MS * 1000000L};

    if (mqtt->client != NULL && MQTTAsync_disconnect(mqtt->client, &options) == 0) {
        for (int waited_ms = 0;
             waited_ms < GOODBYE_MS && MQTTAsync_isConnected(mqtt->client);
             waited_ms += GOODBYE_STEP_MS) {
            (void)nanosleep(&step, NULL);
        }
    }
    drop_client(mqtt);
}

static void sink_free(void *self)
{
    struct mqtt *mqtt = self;

    if (mqtt == NULL) {
        return;
    }
    drop_client(mqtt);
    if (mqtt->wake_fd >= 0) {
        loop_fd_remove(mqtt->options.loop, mqtt->wake_fd);
        (void)close(mqtt->wake_fd);
    }
    queue_free(mqtt->mailbox);
    free(mqtt->flight);
    for (int i = 0; i < mqtt->n_text; i++) {
        free(mqtt->text[i]);
    }
    free(mqtt);
}

static const char *keep(struct mqtt *mqtt, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = malloc(n);

    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, text, n);
    mqtt->text[mqtt->n_text++] = copy;
    return copy;
}

static bool keep_all(struct mqtt *mqtt)
{
    struct mqtt_options *options = &mqtt->options;
    const char **field[] = {
        &options->url,      &options->client_id,  &options->username,
        &options->password, &options->ca,         &options->cert,
        &options->key,      &options->will_topic, &options->will_payload};

    for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
        *field[i] = keep(mqtt, *field[i]);
        if (*field[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* The mailbox and what wakes the loop for it. Returns 0, ERR_NOMEM or -errno. */
static int open_mailbox(struct mqtt *mqtt)
{
    mqtt->n_flights = mqtt->options.inflight + EXTRA_FLIGHTS;
    mqtt->flight = calloc((size_t)mqtt->n_flights, sizeof(*mqtt->flight));
    if (mqtt->flight == NULL) {
        return ERR_NOMEM;
    }
    int err = queue_new(sizeof(struct letter), (size_t)mqtt->n_flights + 2, &mqtt->mailbox);

    if (err != 0) {
        return err;
    }
    mqtt->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return mqtt->wake_fd < 0
               ? -errno
               : loop_fd_add(mqtt->options.loop, mqtt->wake_fd, LOOP_READ, on_mail, mqtt);
}

int mqtt_new(const struct mqtt_options *options, const struct sink_events *events,
             struct sink *ret_sink)
{
    struct mqtt *mqtt = calloc(1, sizeof(*mqtt));

    if (mqtt == NULL) {
        return ERR_NOMEM;
    }
    mqtt->options = *options;
    mqtt->events = *events;
    mqtt->wake_fd = -1;
    atomic_init(&mqtt->lost, false);
    int err = keep_all(mqtt) ? open_mailbox(mqtt) : ERR_NOMEM;

    if (err != 0) {
        sink_free(mqtt);
        return err;
    }
    bool tls = strncmp(options->url, "mqtts://", 8) == 0;
    const char *host = strstr(mqtt->options.url, "://");

    (void)snprintf(mqtt->server, sizeof(mqtt->server), "%s%s", tls ? "ssl" : "tcp",
                   host != NULL ? host : "");
    *ret_sink = (struct sink){sink_connect, sink_publish, sink_disconnect, sink_free, mqtt};
    return 0;
}
