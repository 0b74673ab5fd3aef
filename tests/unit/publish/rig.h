/* A publisher on a virtual clock over a real store, with a broker that does what the test
 * says. */
#ifndef ECMON_TESTS_PUBLISH_RIG_H
#define ECMON_TESTS_PUBLISH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/clock.h"
#include "daemon/publish/publish.h"
#include "daemon/store/writer.h"
#include "tests/unit/store/fixture.h"

#define RIG_TOPIC "ecmon/v1/cixi-binhai/"

/* A message as the broker got it. */
struct rig_message {
    char *topic;
    char *payload;
    size_t n;
    bool retain;
    uint64_t token;
    bool open; /* neither answered nor lost */
    int64_t at_mono_ms;
};

struct rig {
    struct fixture fixture;
    struct virtual_clock clock;
    struct loop *loop;
    struct loop *writer_loop;
    struct writer *writer;
    struct publish *publish;
    struct publish_options options;

    /* the broker */
    bool up;             /* takes connections */
    bool silent;         /* accepts a connection and never says so */
    bool acks;           /* acknowledges what it gets */
    const char *refused; /* topics that contain this are refused (135); NULL = none */
    int slots;           /* messages it holds unanswered; then ERR_FULL */
    struct sink_events events;
    bool connecting;
    bool connected;
    int connects;
    int sinks;    /* not freed yet */
    int open_max; /* most rows unanswered at once */
    struct rig_message *message;
    int n_messages;
    char will_topic[128];
    char will_payload[1024];
};

/* A new store and broker; the publisher starts with rig_start. */
void rig_init(struct rig *rig);
void rig_done(struct rig *rig);
void rig_start(struct rig *rig);
/* Ends publisher and writer at once, as a crash does. */
void rig_crash(struct rig *rig);

/* Does all that is due now. */
void rig_settle(struct rig *rig);
/* Lets time pass, timer by timer. */
void rig_advance(struct rig *rig, int64_t ms);

/* Readings of meters 1..n_meters at one slot, committed and told. */
void rig_readings(struct rig *rig, int n_meters, int64_t slot_ts_ms);
void rig_notify(struct rig *rig);
/* A journal member of its own transaction. */
void rig_append(struct rig *rig, const struct journal_entry *entry);

void rig_ack(struct rig *rig, int index, int reason);
/* Ends the connection from the broker's side. */
void rig_cut(struct rig *rig);

/* The k-th message whose topic ends with a word, NULL when there are fewer. */
const struct rig_message *rig_find(const struct rig *rig, const char *topic_end, int k);
int rig_count(const struct rig *rig, const char *topic_end);
/* The payload's own seq, 0 when it has none. */
int64_t rig_seq(const struct rig_message *message);
bool rig_is_row(const struct rig_message *message);
/* Fails unless the first deliveries of rows are from..until in order, all of them there,
 * repeated ones byte-identical. */
void rig_expect_rows(const struct rig *rig, int64_t from_seq, int64_t until_seq);

#endif
