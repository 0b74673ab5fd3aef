/*
 * MQTT by Eclipse Paho as transport only: no persistence, no automatic reconnect, no
 * buffering while disconnected. Callbacks of Paho's threads are events in the owner's loop.
 * The calls of one sink belong to that loop's thread, and a process has one such sink:
 * Paho's threads end with its connection.
 */
#ifndef ECMON_SINKS_MQTT_H
#define ECMON_SINKS_MQTT_H

#include <ecmon/sink.h>

#include "daemon/core/loop.h"

struct mqtt_options {
    struct loop *loop;      /* the owner's: events are delivered there */
    const char *url;        /* mqtt://HOST:PORT or mqtts://HOST:PORT */
    const char *client_id;  /* "" = chosen by the broker (MQTT 5) */
    const char *username;   /* "" = none */
    const char *password;   /* "" = none */
    const char *ca;         /* file, "" = the system's */
    const char *cert;       /* file, "" = none */
    const char *key;        /* file, "" = none */
    int version;            /* 5, or 4 for MQTT 3.1.1 */
    int qos;                /* 0 or 1 */
    int inflight;           /* most messages without acknowledgement, 1..1000 */
    const char *will_topic; /* "" = no will */
    const char *will_payload;
};

/* Strings are copied. Returns 0, ERR_NOMEM or -errno. disconnect waits up to half a second
 * for what was handed over to leave. */
int mqtt_new(const struct mqtt_options *options, const struct sink_events *events,
             struct sink *ret_sink);

#endif
