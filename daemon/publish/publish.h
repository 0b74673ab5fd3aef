/*
 * The publisher: a cursor over the store's journal. It reads committed rows in order, hands
 * them to a sink inside a window of its own, and moves the cursor over what was
 * acknowledged. The backlog of an outage is the journal: nothing is kept in memory, nothing
 * is lost.
 */
#ifndef ECMON_PUBLISH_H
#define ECMON_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/row.h>
#include <ecmon/sink.h>
#include <ecmon/time.h>

#include "daemon/core/loop.h"
#include "daemon/sinks/payload_json.h"
#include "daemon/store/journal.h"
#include "daemon/store/store.h"
#include "daemon/store/writer.h"

/* Where a result row goes. */
struct publish_place {
    char topic[192]; /* below <root>/<site>/, "rate/industry/C31" */
    bool retain;     /* not older than what was retained before it */
};

struct publish_options {
    struct loop *loop;      /* the publisher's thread */
    const char *store_path; /* opened read-only in the publisher's thread */
    struct writer *writer;  /* takes the cursor */
    const char *sink_name;  /* of the cursor, "mqtt" */
    const char *topic_root; /* "ecmon/v1" */
    int batch;              /* 1: a message per reading; N: up to N readings in one */
    int inflight;           /* messages without acknowledgement */
    uint32_t seed;          /* of the jitter */
    struct payload_status_fields
        status; /* strings borrowed until publish_free; state is set here */

    /* Makes the sink. topic and payload of the will are borrowed for the call. */
    int (*open_sink)(void *ctx, const char *will_topic, const char *will_payload,
                     const struct sink_events *events, struct sink *ret_sink);
    /* A result row of the journal as columns, and where it goes. Returns 0, ERR_NOT_FOUND.
     */
    int (*row_of)(void *ctx, struct store *store, enum journal_kind kind, int64_t row_no,
                  struct rows *ret_rows, struct publish_place *ret_place);
    void *ctx;
};

enum publish_state {
    PUBLISH_CONNECTING,
    PUBLISH_CONNECTED,
    PUBLISH_DISCONNECTED, /* waits for its back-off */
    PUBLISH_REFUSED /* connected, but the broker refused a message: waits, rows stay in
                       order behind it */
};

struct publish_status {
    enum publish_state state;
    int64_t acked_seq;
    int64_t last_seq;          /* of the journal, as far as told */
    int64_t last_ack_ms;       /* UTC, 0 = none */
    int64_t oldest_pending_ms; /* slot of the first row that waits; 0 = nothing waits */
    uint64_t messages;         /* acknowledged */
    uint64_t purged;           /* journal rows whose data were gone */
    int refused_reason;        /* MQTT 5 reason code of the last refusal; 0 = none stands */
    char why[160];             /* of the last disconnect */
};

struct publish;

/* In the publisher's thread (or before it runs). Returns 0 or enum err. */
int publish_new(const struct publish_options *options, struct publish **ret_publish);
/* A cursor on its way to the writer goes on by itself and is freed in the loop. */
void publish_free(struct publish *publish);

/* In the publisher's thread: the journal reaches to last_seq now. */
void publish_notify(struct publish *publish, int64_t last_seq);
/* In the publisher's thread: the register changed, names and ratios are read again. */
void publish_register_changed(struct publish *publish);
/* In the publisher's thread, while the writer lives: says goodbye (status offline),
 * disconnects, hands the cursor to the writer. Nothing is published any more. */
void publish_stop(struct publish *publish);
/* In the publisher's thread. */
struct publish_status publish_status(struct publish *publish);

const char *publish_state_name(enum publish_state state);

#endif
