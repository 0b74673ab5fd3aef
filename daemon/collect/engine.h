/*
 * What the files of this room share; nobody else includes it.
 *
 * A line is one TCP connection or one serial port; a unit is one meter on it. Units of a
 * line wait in a queue ordered by their turn; line_run takes the first whose turn has come
 * and polls it. Handlers (bytes, deadline, connection lost) only change the state, then
 * call line_run.
 */
#ifndef ECMON_COLLECT_ENGINE_H
#define ECMON_COLLECT_ENGINE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <ecmon/driver.h>
#include <ecmon/meter.h>
#include <ecmon/sample.h>

#include "daemon/collect/backoff.h"
#include "daemon/collect/collect.h"
#include "daemon/conf/endpoint.h"
#include "daemon/core/log.h"
#include "daemon/core/loop.h"

#define NEVER_MS          INT64_MAX
#define GROUPS_ALL        ((1U << QUANTITY_GROUP_COUNT) - 1U)
#define PLAN_REQUESTS_MAX 64
#define HOLES_MAX         32
#define REFUSED_MAX       32
#define QUIET_PLACES      256
#define LINE_DRIVERS      5
#define GAP_REGISTERS                                                                      \
    20 /* behind a 9600 Bd gateway a further request costs about as much */
#define HISTORY_HOURS 24
#define SEGMENTS_MAX  16

/* --- profiles and plans, shared by units --- */

/* The requests for some quantity groups; `unit` is filled in when asked. */
struct plan {
    struct plan *next;
    uint32_t groups;
    uint16_t max_registers;
    uint32_t gap_registers;
    int n_points;    /* values wanted */
    uint32_t wanted; /* their quantities, one bit each */
    int n;
    struct request request[];
};

/* A copy of a profile for meters of one PT and CT, counted: its scales and ranges are of
 * the primary side, but for energies, which stay as the meter shows them. */
struct profile_use {
    struct profile_use *next;
    int uses;
    struct ratio pt;
    struct ratio ct;
    struct profile profile;
    struct plan *plans; /* without holes */
};

/* What a meter taught us about its registers; forgotten after a day. */
struct learnt {
    int64_t until_mono_ms;
    uint16_t max_registers; /* 0 = nothing learnt */
    uint8_t exception;      /* that taught us */
    int n_holes;
    struct profile_span hole[HOLES_MAX];
    int n_refused;
    uint32_t refused[REFUSED_MAX]; /* DL/T 645: data identifiers */
    struct plan *plans;
};

/* --- a meter on a line --- */

/* Finished slots per hour of monotonic time. */
struct history {
    int64_t hour; /* of the newest bucket */
    uint16_t scheduled[HISTORY_HOURS];
    uint16_t ok[HISTORY_HOURS];
};

struct unit {
    struct unit *before; /* in the line's queue */
    struct unit *after;
    struct line *line; /* NULL: disabled */
    struct profile_use *use;
    struct learnt *learnt;  /* NULL = nothing */
    struct poll *held;      /* of this slot, put aside while a late reply may come; owned */
    int64_t slot_ts_ms;     /* the next slot that has no outcome yet */
    int64_t from_ms;        /* what schedule was told */
    int64_t turn_mono_ms;   /* place in the queue */
    int64_t polled_mono_ms; /* when the schedule polled it last */
    int64_t probe_mono_ms;  /* back-off until then; 0 = none */
    int64_t joined_mono_ms;
    int64_t bisect_mono_ms; /* no bisection before */
    int64_t owed_from_ms;   /* slots passed over, still to be told; from == until: none */
    int64_t owed_until_ms;
    int64_t backoff_ms;
    int64_t last_ok_ms;
    int32_t interval_ms;
    int32_t interval_s;
    int32_t group_ms[QUANTITY_GROUP_COUNT];
    uint32_t meter_no;
    uint16_t spread_ms;
    uint16_t failures; /* slots in a row without any answer */
    uint8_t unit_id;
    uint8_t meter_address[METER_ADDRESS_LEN]; /* DL/T 645 */
    uint8_t defers;                           /* busy answers in this slot */
    bool hurry; /* its last turn never came: no spread in this slot */
    bool in_queue;
    uint8_t owed_status; /* SLOT_CLOCK, SLOT_MISSED, or why the line was down */
    uint8_t pending;     /* enum slot_status: why this slot waits */
    uint8_t pending_exception;
    uint8_t state;  /* enum collect_state */
    uint8_t reason; /* enum slot_status */
    struct log_limit log_limit;
    struct history history;
    char id[ID_LEN];
};

/* --- a poll: the unit being read --- */

struct live_read {
    struct live_read *next;
    struct unit *unit;
    struct poll *held; /* put aside while a late reply may come; owned */
    collect_read_fn done;
    void *ctx;
    struct collect_frame *frame; /* owned */
    int n_frames;
    int cap_frames;
};

struct bisect;

struct poll {
    struct unit *unit;      /* NULL: none */
    struct live_read *live; /* NULL: the schedule's */
    const struct plan *plan;
    struct bisect *bisect; /* NULL: asking by plan */
    struct learnt *lesson; /* owned; becomes the unit's when the poll ends */
    int64_t slot_end_mono_ms;
    int64_t sent_mono_ms;
    int64_t deadline_mono_ms;
    struct request request;
    struct request first; /* of frames that follow one another */
    uint8_t *data;        /* their payloads so far; PROFILE_DATA_MAX bytes, owned */
    uint16_t n_data;
    uint16_t n_noise; /* foreign bytes of this try */
    uint32_t groups;
    int16_t index;   /* of the request in the plan; -1 before the first */
    uint8_t tries;   /* failed ones of this request */
    bool sent;       /* waiting for the reply */
    bool has_bytes;  /* the reply has begun */
    bool is_refused; /* DL/T 645: this request was refused once */
    bool repeated;   /* asked again after an idle connection turned out closed */
    bool has_range;  /* a reply held values that are none */
    uint8_t foreign; /* enum slot_status: foreign bytes of this try */
    uint8_t fault;   /* enum slot_status: first failure */
    uint8_t fault_tries;
    uint8_t exception;
    struct sample sample;
};

/* --- a line --- */

/* What the kind of a line asks of it. */
struct line_kind {
    bool is_serial;
    bool is_dlt645;
    bool has_id;            /* replies carry an id: no silence, no late_window */
    int32_t baud;           /* 0: not known */
    int32_t character_us;   /* 0: not known */
    int32_t silence_us;     /* before each request */
    int64_t silence_ms;     /* the same, rounded up */
    uint32_t gap_registers; /* read over rather than ask twice */
};

enum conn_state {
    CONN_DOWN,
    CONN_CONNECTING,
    CONN_UP
};

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct line {
    struct collect *collect;
    const struct driver *driver;
    struct line_kind kind;
    int64_t *quiet_mono_ms; /* by quiet_place: a late reply may come until then;
                               QUIET_PLACES, owned; NULL: has_id */
    struct loop_timer timer;
    int64_t armed_mono_ms;
    int fd; /* -1: none */
    enum conn_state conn;
    bool running;
    bool want_write;  /* the loop watches for room to write */
    uint32_t watched; /* events of the descriptor; lines without ids */
    bool is_noisy;    /* bytes that nobody asked for, without end */
    bool heard;       /* this connection has brought bytes */
    bool is_resolved;
    bool is_resolving;
    bool has_turn;           /* holds a reserved turn of the gate */
    uint8_t silent;          /* timeouts in a row without a byte */
    uint8_t connect_fault;   /* enum slot_status of the last failed connect */
    uint16_t connection_no;  /* of several to one endpoint */
    uint16_t failures;       /* connects in a row */
    uint16_t transaction_id; /* last used */
    uint16_t late_expected;  /* requests given up on this connection */
    uint16_t out_sent;       /* bytes of the request that are written */
    uint16_t max_registers;
    uint16_t n_kept;
    uint8_t *kept;           /* an unfinished frame; allocated when first needed */
    int64_t connect_mono_ms; /* no connect before */
    int64_t conn_deadline_mono_ms;
    int64_t free_mono_ms; /* silence until then */
    int64_t down_mono_ms;
    int64_t doubt_mono_ms; /* replies to requests given up may come until then */
    int64_t noise_mono_ms; /* the present noise began; 0: silence */
    int64_t timeout_ms;
    int64_t late_window_ms;
    int64_t gap_ms;            /* with the silence of the kind */
    int64_t busy_from_mono_ms; /* of the running minute */
    int32_t busy_ms;
    int32_t busy_bp;
    int32_t retries;
    int n_units;
    struct unit *head; /* queue by turn */
    struct unit *tail;
    struct live_read *live; /* waiting, oldest first */
    struct poll poll;
    uint64_t requests;
    uint64_t ok;
    uint64_t exceptions;
    uint32_t late;
    uint32_t bad_frame;
    uint32_t bad_unit;
    uint32_t bad_crc;
    uint32_t connects;
    uint8_t last_error; /* enum slot_status */
    uint32_t last_error_meter_no;
    struct log_limit log_limit;
    union address address;
    char connect_words[SAMPLE_DETAIL_LEN];
    char endpoint[ENDPOINT_LEN];
};

/* --- the engine --- */

/* A stretch of wall time that this run has lived through, or accounted as SLOT_CLOCK. */
struct segment {
    int64_t from_ms;
    int64_t until_ms; /* exclusive; NEVER_MS: the present one */
    int64_t mono_ms;  /* at from_ms; of a jump: when it happened, for all of it */
    bool is_jump;
};

struct resolver;

struct collect {
    struct loop *loop;
    struct collect_options options;
    const struct driver *default_driver[LINE_DRIVERS];
    int64_t serial_quiet_mono_ms; /* no request on a port opened anew before */
    struct conf_line *conf_line;  /* owned */
    struct chance chance;
    struct gate gate;
    int64_t offset_ms;       /* wall - monotonic */
    int64_t checked_mono_ms; /* when the two clocks were last compared */
    struct segment segment[SEGMENTS_MAX];
    int n_segments;
    struct loop_timer clock_timer;
    struct loop_timer owed_timer;
    int n_owing;
    bool has_begun;
    struct unit **unit; /* owned, by meter_no */
    int n_units;
    struct line **line; /* owned, by endpoint and connection */
    int n_lines;
    struct profile_use *uses;
    struct resolver *resolver; /* NULL until a host name is met */
    uint8_t scratch[DRIVER_FRAME_MAX];
};

static inline int64_t collect_mono_ms(const struct collect *collect)
{
    return loop_mono_ms(collect->loop);
}

static inline int64_t collect_wall_ms(const struct collect *collect)
{
    return collect_mono_ms(collect) + collect->offset_ms;
}

/* --- schedule.c: slots, the queue of a line, the clock --- */

/* Every slot of the unit's interval is aligned to the wall clock. */
int64_t slot_floor(int64_t wall_ms, int32_t interval_ms);
/* 1 ms to min(10 % of the interval, 1 s), by the meter's id. */
uint16_t slot_spread_ms(const char *id, int32_t interval_ms);
/* Groups due in a slot: all whose own boundary lies in (slot - interval, slot]. */
uint32_t slot_groups(const struct unit *unit, int64_t slot_ts_ms);
/* Sets the unit's slot to the first at or after wall_ms that has no outcome; the running
 * one when it is at most a minute old and `now` is allowed. */
void unit_join(struct unit *unit, int64_t wall_ms, bool is_now_allowed);
/* After the outcome of slot_ts_ms: the next slot, and the unit's turn in it. */
void unit_advance(struct unit *unit);
void queue_insert(struct unit *unit);
void queue_remove(struct unit *unit);
/* Slots passed over, told little by little. until_ms exclusive. */
void unit_owe(struct unit *unit, int64_t from_ms, int64_t until_ms,
              enum slot_status status);
void unit_pay(struct unit *unit);
/* Follows the wall clock; a step realigns every unit. */
void schedule_follow_clock(struct collect *collect);
void schedule_begin(struct collect *collect);
void schedule_end(struct collect *collect);

/* --- outcome.c: samples, states, log lines --- */

/* Delivers an outcome for the unit's slot and advances it to the next one. */
void outcome_give(struct unit *unit, struct sample *sample);
/* An outcome without values. */
void outcome_fail(struct unit *unit, enum slot_status status, const char *detail);
/* The same for any slot, without advancing and without touching the unit's state. */
void outcome_account(struct unit *unit, int64_t slot_ts_ms, enum slot_status status,
                     const char *detail);
void outcome_line_down(struct line *line);
void outcome_line_up(struct line *line);
/* line->is_noisy has changed. */
void outcome_line_noise(struct line *line);
void history_add(struct history *history, int64_t mono_ms, bool is_ok);
void history_sum(const struct history *history, int64_t mono_ms, uint32_t *ret_scheduled,
                 uint32_t *ret_ok);

/* --- poll.c, bisect.c, quiet.c --- */

void poll_begin(struct line *line, struct unit *unit, struct live_read *live);
/* Gives the poll up without an outcome. */
void poll_drop(struct line *line);
/* The reply, or the meter's exception, to the request that was sent. */
void poll_reply(struct line *line, const struct feed_result *result);
void poll_exception(struct line *line, uint8_t code);
/* The try is over without a usable answer. */
void poll_try_failed(struct line *line, enum slot_status status);
/* The poll is over, without a further try. */
void poll_give_up(struct line *line, enum slot_status status);
/* There is no connection, and none to be had now: line->connect_fault says why. */
void poll_no_connection(struct line *line);
/* Time spent waiting for the try that was sent counts as busy. */
void poll_account_busy(struct line *line);
/* For display: bytes of a live reading. */
void poll_note_frame(struct line *line, bool sent, bool foreign, const uint8_t *bytes,
                     size_t n);

/* The request that is out is given up: its reply may still come. */
void quiet_begin(struct line *line);
/* When the unit may be asked; 0 = now, as far as late replies go. */
int64_t quiet_until(const struct line *line, const struct unit *unit);
/* Puts the line's poll aside until its unit may be asked again. False: the slot ends
 * before.
 */
bool poll_put_aside(struct line *line);
/* Takes up what was put aside. */
void poll_take_up(struct line *line, struct poll *held);
void poll_held_free(struct poll *held);
/* What was put aside for the unit begins anew: its plan goes. */
void poll_forget_held(struct line *line, struct unit *unit);
/* What was learnt in this poll, begun with what was known; NULL when out of memory. */
struct learnt *poll_lesson(struct poll *poll, int64_t mono_ms);

/* follow.c, of DL/T 645: a reply with more to come, a refusal. */
void follow_reply(struct line *line, const struct feed_result *result);
void follow_refused(struct line *line, uint8_t error);
/* After a failed try the frames begin with the first again. */
void follow_restart(struct poll *poll);
/* Every point of the request has its value. */
bool follow_is_known(const struct line *line, const struct request *request);
/* What follow.c asks of poll.c: decodes, and goes on with the next request. */
void poll_values(struct line *line, const struct request *request, const uint8_t *payload,
                 size_t n);
void poll_fault(struct poll *poll, enum slot_status status);
void poll_next_request(struct line *line);

/* Splits the poll's request. False when it holds one value only, or may not be split now.
 */
bool bisect_begin(struct poll *poll, int64_t mono_ms);
/* The current part failed with the meter's exception: splits it, or notes a hole. */
void bisect_failed(struct poll *poll);
void bisect_succeeded(struct poll *poll);
/* Puts the next part into poll->request. False when there is none: it has been ended and
 * what was learnt is kept. */
bool bisect_next(struct poll *poll, int64_t mono_ms);
void bisect_free(struct bisect *bisect);

/* --- line.c --- */

/* Takes the queue as far as it goes without waiting, and arms the timer. */
void line_run(struct line *line);
void line_init(struct line *line);

/* --- kind.c --- */

/* Every driver; their number. */
int line_drivers(const struct driver **ret_drivers);
/* NULL: none serves the endpoint. */
const struct driver *line_driver_of(const struct driver *const *drivers, int n,
                                    const char *endpoint);
/* Returns 0, or ERR_SYNTAX. */
int line_kind_of(const char *endpoint, struct line_kind *ret_kind);

/* --- connect.c --- */

/* Begins to connect, or fails by connect_failed. */
void connect_start(struct line *line);
/* Closes the connection, whatever its state; the poll is not told. */
void connect_close(struct line *line);
/* Closes, counts the failure, backs off; the poll is told. */
void connect_failed(struct line *line, enum slot_status status, const char *words);
/* An established connection ended: no fault when idle, but of a serial line. */
void connect_lost(struct line *line, const char *words);
/* Whether a connect may be tried now; else line->connect_mono_ms says when. */
bool connect_is_due(struct line *line);
/* Descriptor of a line. */
void connect_on_fd(void *ctx, int fd, uint32_t events);
const char *connect_errno_words(int error, char *ret_words, size_t size);

/* --- wire.c: bytes --- */

/* Time that n characters take on the wire, rounded up; 0 when not known. */
int64_t wire_ms(const struct line *line, size_t n);
/* Sends the poll's request; what does not fit waits for wire_continue. */
void wire_send(struct line *line);
/* Reads and throws away what stands in the input; the line is silent when there was
 * nothing. False: something was there, or the connection is gone. */
bool wire_drain(struct line *line);
/* Lines without ids listen while a request is out, and not to babble. */
void wire_watch(struct line *line);
void wire_continue(struct line *line);
/* hung_up: the descriptor reports an error. */
void wire_receive(struct line *line, bool hung_up);

/* --- resolve.c --- */

/* Looks the line's host up: numeric addresses at once, names by a thread of its own.
 * Returns 0 when line->address is set, 1 when the answer has to be waited for
 * (resolve_take_answers), or enum err. */
int resolve_line(struct line *line);
/* Gives answers that have come to their lines. */
void resolve_take_answers(struct collect *collect);
void resolver_free(struct resolver *resolver);

/* --- profiles.c --- */

/* A shared copy. NULL when out of memory. */
struct profile_use *profile_use_get(struct collect *collect, const struct profile *profile,
                                    struct ratio pt, struct ratio ct);
void profile_use_put(struct collect *collect, struct profile_use *use);
/* The plan for the unit's due groups; NULL when it cannot be made (ERR in *ret_err). */
const struct plan *plan_get(struct unit *unit, uint32_t groups, int *ret_err);
void learnt_free(struct learnt *learnt);

/* --- meters.c --- */

struct unit *unit_find(const struct collect *collect, uint32_t meter_no);
void unit_free(struct collect *collect, struct unit *unit);
void line_free(struct line *line);
void line_apply_timing(struct line *line);
/* Ends live readings of a unit (NULL: all of the line) with SLOT_DISABLED. */
void live_end(struct line *line, const struct unit *unit);
void live_done(struct live_read *live, struct sample *sample);

#endif
