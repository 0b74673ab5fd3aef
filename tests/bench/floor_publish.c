#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/floor.h"

#define BATCH       100 /* meters in one message */
#define ROW_MAX     1024
#define PAYLOAD_MAX (BATCH * ROW_MAX)
#define IN_FLIGHT   20
#define WAIT_S      5
#define TOPIC       "ecmon/v1/floor/readings"

struct floor_publisher {
    MQTTAsync client;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_connected; /* 1 = yes, -1 = refused */
    int64_t acknowledged;
    int64_t sent;
    int n_rows;
    size_t payload_n;
    char payload[PAYLOAD_MAX];
};

static const char *const names[BENCH_VALUES] = {
    "voltage_a_mv",   "voltage_b_mv",   "voltage_c_mv",     "current_a_ma",
    "current_b_ma",   "current_c_ma",   "power_a_w",        "power_b_w",
    "power_c_w",      "apparent_a_va",  "apparent_b_va",    "apparent_c_va",
    "reactive_a_var", "reactive_b_var", "reactive_c_var",   "pf_a_e3",
    "pf_b_e3",        "pf_c_e3",        "energy_import_wh", "energy_export_wh"};

static void set_connected(struct floor_publisher *publisher, int is_connected)
{
    (void)pthread_mutex_lock(&publisher->lock);
    publisher->is_connected = is_connected;
    (void)pthread_cond_broadcast(&publisher->changed);
    (void)pthread_mutex_unlock(&publisher->lock);
}

static void on_connected(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    set_connected(context, 1);
}

static void on_refused(void *context, MQTTAsync_failureData5 *response)
{
    (void)response;
    set_connected(context, -1);
}

static void on_acknowledged(void *context, MQTTAsync_successData5 *response)
{
    struct floor_publisher *publisher = context;

    (void)response;
    (void)pthread_mutex_lock(&publisher->lock);
    publisher->acknowledged++;
    (void)pthread_cond_broadcast(&publisher->changed);
    (void)pthread_mutex_unlock(&publisher->lock);
}

/* Waits until at most `most` batches are out. */
static void wait_in_flight(struct floor_publisher *publisher, int64_t most)
{
    struct timespec until;
    int err = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&publisher->lock);
    while (publisher->sent - publisher->acknowledged > most && err == 0) {
        err = pthread_cond_timedwait(&publisher->changed, &publisher->lock, &until);
    }
    (void)pthread_mutex_unlock(&publisher->lock);
}

static int wait_connected(struct floor_publisher *publisher)
{
    struct timespec until;
    int err = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&publisher->lock);
    while (publisher->is_connected == 0 && err == 0) {
        err = pthread_cond_timedwait(&publisher->changed, &publisher->lock, &until);
    }
    int is_connected = publisher->is_connected;

    (void)pthread_mutex_unlock(&publisher->lock);
    return is_connected == 1 ? 0 : -1;
}

struct floor_publisher *floor_publisher_open(int port)
{
    struct floor_publisher *publisher = calloc(1, sizeof(*publisher));
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    char uri[64];

    if (publisher == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&publisher->lock, NULL);
    (void)pthread_cond_init(&publisher->changed, NULL);
    (void)snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%d", port);
    connect.cleanstart = 1;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_refused;
    connect.context = publisher;
    if (MQTTAsync_createWithOptions(&publisher->client, uri, "ecmon-bench-floor",
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    &create) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(publisher->client, &connect) != MQTTASYNC_SUCCESS ||
        wait_connected(publisher) != 0) {
        (void)fprintf(stderr, "bench_floor: no broker at %s\n", uri);
        floor_publisher_close(publisher);
        return NULL;
    }
    return publisher;
}

static char *put_text(char *at, const char *text)
{
    while (*text != '\0') {
        *at++ = *text++;
    }
    return at;
}

static char *put_number(char *at, int64_t value)
{
    char digits[24];
    int n = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    if (value < 0) {
        *at++ = '-';
    }
    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    while (n > 0) {
        *at++ = digits[--n];
    }
    return at;
}

int floor_publisher_add(struct floor_publisher *publisher, const struct floor_row *row)
{
    char *at = publisher->payload + publisher->payload_n;

    at = put_text(at, publisher->n_rows == 0 ? "[{\"meter\":" : ",{\"meter\":");
    at = put_number(at, row->meter);
    at = put_text(at, ",\"slot\":");
    at = put_number(at, row->slot);
    for (int i = 0; i < BENCH_VALUES; i++) {
        at = put_text(at, ",\"");
        at = put_text(at, names[i]);
        at = put_text(at, "\":");
        at = put_number(at, row->value[i]);
    }
    *at++ = '}';
    publisher->payload_n = (size_t)(at - publisher->payload);
    publisher->n_rows++;
    return publisher->n_rows == BATCH ? floor_publisher_flush(publisher) : 0;
}

int floor_publisher_flush(struct floor_publisher *publisher)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    MQTTAsync_message message = MQTTAsync_message_initializer;

    if (publisher->n_rows == 0) {
        return 0;
    }
    publisher->payload[publisher->payload_n++] = ']';
    wait_in_flight(publisher, IN_FLIGHT - 1);
    response.onSuccess5 = on_acknowledged;
    response.context = publisher;
    message.qos = 1;
    message.payload = publisher->payload; /* copied by paho */
    message.payloadlen = (int)publisher->payload_n;
    publisher->sent++;
    publisher->n_rows = 0;
    publisher->payload_n = 0;
    return MQTTAsync_sendMessage(publisher->client, TOPIC, &message, &response) ==
                   MQTTASYNC_SUCCESS
               ? 0
               : -1;
}

void floor_publisher_drain(struct floor_publisher *publisher)
{
    wait_in_flight(publisher, 0);
}

int64_t floor_publisher_sent(const struct floor_publisher *publisher)
{
    return publisher->sent;
}

int64_t floor_publisher_acknowledged(struct floor_publisher *publisher)
{
    (void)pthread_mutex_lock(&publisher->lock);
    int64_t acknowledged = publisher->acknowledged;

    (void)pthread_mutex_unlock(&publisher->lock);
    return acknowledged;
}

void floor_publisher_close(struct floor_publisher *publisher)
{
    MQTTAsync_destroy(&publisher->client);
    (void)pthread_cond_destroy(&publisher->changed);
    (void)pthread_mutex_destroy(&publisher->lock);
    free(publisher);
}
