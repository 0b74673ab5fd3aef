/* Room-internal: what the files app_*.c share. Fields
 * belong to the main loop's thread unless a comment says otherwise. */
#ifndef ECMON_APP_STATE_H
#define ECMON_APP_STATE_H

#include <stdatomic.h>

#include "daemon/app.h"
#include "daemon/collect/collect.h"
#include "daemon/conf/setup.h"
#include "daemon/control/control.h"
#include "daemon/publish/publish.h"
#include "daemon/store/purge.h"
#include "daemon/store/writer.h"

/* Of more, the grades are computed by who asks, and not stored. */
#define ASKED_PERIODS_MAX 64

/* Due changes of the schedule, collected in the collect thread and written by one job. */
struct app_span {
    uint32_t meter_no;
    int32_t interval_s;
    int64_t from_ms;
};

/* What the publisher's callbacks need: the files it was opened with. */
struct opener {
    struct app *app;
    const struct setup *setup;
};

struct app {
    struct app_options options;
    struct setup *setup;
    struct loop *loop[APP_LOOP_COUNT];
    struct store *store;  /* the writer's: store thread once loops run */
    struct store *reader; /* main thread */
    struct writer *writer;
    struct collect *collect; /* collect thread */
    struct publish *publish; /* publish thread; NULL: no mqtt.url */
    struct opener opener;    /* publish thread */
    int64_t epoch_ms;
    struct control_server *control;
    int64_t started_ms;
    bool closing; /* nothing new begins */

    /* assess */
    struct loop_timer assess_timer;
    struct write_job assess_job;
    bool assess_busy;
    bool assess_again;          /* asked for while busy */
    bool assess_more;           /* written by the job */
    struct setup *assess_setup; /* what the running job reads */
    int64_t assess_now_ms;
    struct control_call *assess_waiting[16]; /* answered when nothing is stale any more */
    int n_assess_waiting;

    day_t assess_from; /* whose rates are asked for: computed, too; DAY_MAX = none */
    day_t assess_to;
    day_t assess_job_from; /* of the running job */
    day_t assess_job_to;
    struct period assess_period[ASKED_PERIODS_MAX]; /* whose grades are asked for */
    int n_assess_periods;
    struct period assess_job_period[ASKED_PERIODS_MAX];
    int n_assess_job_periods;

    /* purge */
    struct loop_timer purge_timer;
    struct write_job purge_job;
    struct purge_options purge_options; /* of the running job */
    bool purge_more;                    /* written by the job */

    /* reload */
    bool reload_busy;
    bool reload_again;     /* a signal came while busy */
    struct setup *retired; /* replaced, freed when no job reads them */

    /* collect thread */
    struct app_span *span;
    int n_spans;
    int cap_spans;

    atomic_llong last_seq; /* of the journal: store thread writes, publish thread reads */
};

/* app_register.c */
void app_log_problems(const struct problems *problems);
/* Meters in force now from the store, with their profiles, for collect. Both arrays are the
 * caller's. Returns 0 or enum err. */
int app_meters_in_force(struct store *store, const struct setup *setup, int64_t now_ms,
                        struct meter **ret_meters, const struct profile ***ret_profiles,
                        int *ret_n);

/* app_assess.c */
void app_assess_init(struct app *app);
/* Frees retired files when no job reads them. */
void app_retire(struct app *app);
/* Computes what is stale, soon. call (may be NULL) is answered when nothing is left. */
void app_assess_now(struct app *app, struct control_call *call);
/* The same, with the rates of the days and the grades of the periods that the call names.
 */
void app_assess_asked(struct app *app, struct control_call *call);

/* app_purge.c */
void app_purge_init(struct app *app);

/* app_control.c */
void app_on_control(void *ctx, struct control_call *call);

/* app_reload.c */
/* call NULL: asked by a signal. dry_run: say what would change. */
void app_reload_for(struct app *app, struct control_call *call, bool dry_run,
                    int64_t allow_removals);

/* app_import.c */
void app_import(struct app *app, struct control_call *call);

/* app_publish.c */
/* Whether what it needs beside the files can be read: 0 or enum err. */
int app_publish_check(const struct conf *conf);
/* In the publish thread, or before it runs: opens the publisher for these files. No
 * mqtt.url: nothing to do. Returns 0 or enum err. */
int app_publish_open(struct app *app, const struct setup *setup);

#endif
