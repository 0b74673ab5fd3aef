#include "daemon/collect/collect.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/engine.h"

static int copy_timing(const struct collect_timing *timing, struct collect *collect)
{
    size_t n = (size_t)timing->n_lines;
    struct conf_line *line = calloc(n + 1, sizeof(*line));

    if (line == NULL) {
        return ERR_NOMEM;
    }
    if (n > 0) {
        memcpy(line, timing->line, n * sizeof(*line));
    }
    free(collect->conf_line);
    collect->conf_line = line;
    collect->options.timing = *timing;
    collect->options.timing.line = line;
    return 0;
}

struct collect_timing collect_timing_of(const struct conf *conf)
{
    return (struct collect_timing){.timeout_ms = conf->collect.timeout_ms,
                                   .timeout_dlt645_ms = conf->collect.timeout_dlt645_ms,
                                   .late_window_ms = conf->collect.late_window_ms,
                                   .retries = conf->collect.retries,
                                   .backoff_max_ms = conf->collect.backoff_max_ms,
                                   .line = conf->line,
                                   .n_lines = conf->n_lines};
}

int collect_new(const struct collect_options *options, struct collect **ret_collect)
{
    struct collect *collect = calloc(1, sizeof(*collect));

    if (collect == NULL) {
        return ERR_NOMEM;
    }
    collect->loop = options->loop;
    collect->options = *options;
    if (options->n_drivers == 0) {
        collect->options.n_drivers = line_drivers(collect->default_driver);
        collect->options.drivers = collect->default_driver;
    }
    if (copy_timing(&options->timing, collect) != 0) {
        free(collect);
        return ERR_NOMEM;
    }
    chance_init(&collect->chance, options->seed);
    schedule_begin(collect);
    *ret_collect = collect;
    return 0;
}

void collect_free(struct collect *collect)
{
    if (collect == NULL) {
        return;
    }
    schedule_end(collect);
    for (int i = 0; i < collect->n_lines; i++) {
        live_end(collect->line[i], NULL);
        line_free(collect->line[i]);
    }
    for (int i = 0; i < collect->n_units; i++) {
        unit_free(collect, collect->unit[i]);
    }
    resolver_free(collect->resolver);
    free((void *)collect->line);
    free((void *)collect->unit);
    free(collect->conf_line);
    free(collect);
}

int collect_set_timing(struct collect *collect, const struct collect_timing *timing)
{
    int err = copy_timing(timing, collect);

    for (int i = 0; err == 0 && i < collect->n_lines; i++) {
        line_apply_timing(collect->line[i]);
    }
    return err;
}

/* --- live readings --- */

void live_done(struct live_read *live, struct sample *sample)
{
    sample->slot_ts_ms = 0;
    sample->meter_no = live->unit->meter_no;
    sample->interval_s = live->unit->interval_s;
    live->done(live->ctx, sample, live->frame, live->n_frames);
    poll_held_free(live->held);
    free(live->frame);
    free(live);
}

static void end_one(struct live_read *live)
{
    struct sample sample = {.status = SLOT_DISABLED};

    live_done(live, &sample);
}

void live_end(struct line *line, const struct unit *unit)
{
    struct live_read **link = &line->live;
    struct live_read *live = line->poll.live;

    if (live != NULL && (unit == NULL || live->unit == unit)) {
        poll_drop(line);
        end_one(live);
    }
    while (*link != NULL) {
        live = *link;
        if (unit == NULL || live->unit == unit) {
            *link = live->next;
            end_one(live);
        } else {
            link = &live->next;
        }
    }
}

int collect_read(struct collect *collect, uint32_t meter_no, collect_read_fn done,
                 void *ctx)
{
    struct unit *unit = unit_find(collect, meter_no);

    if (unit == NULL || unit->line == NULL) {
        return unit == NULL ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    }
    struct live_read *live = calloc(1, sizeof(*live));
    struct live_read **link = &unit->line->live;

    if (live == NULL) {
        return ERR_NOMEM;
    }
    live->unit = unit;
    live->done = done;
    live->ctx = ctx;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = live;
    /* done is called later, never from here. */
    struct line *line = unit->line;

    if (line->armed_mono_ms > collect_mono_ms(collect)) {
        line->armed_mono_ms = collect_mono_ms(collect);
        (void)loop_timer_arm(collect->loop, &line->timer, line->armed_mono_ms);
    }
    return 0;
}
