#include "daemon/collect/oneshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/clock.h"
#include "daemon/core/text.h"

#define METER_NO  1
#define INBOX_CAP 4

struct result {
    struct loop *loop;
    struct sample sample;
    struct collect_frame *frame; /* owned */
    int n_frames;
    int err;
};

static void on_done(void *ctx, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    struct result *result = ctx;
    size_t n = (size_t)n_frames;

    result->sample = *sample;
    result->frame = calloc(n + 1, sizeof(*frames));
    result->n_frames = n_frames;
    if (result->frame == NULL) {
        result->err = ERR_NOMEM;
    } else if (n > 0) {
        memcpy(result->frame, frames, n * sizeof(*frames));
    }
    loop_stop(result->loop);
}

static void on_sample(void *ctx, const struct sample *sample)
{
    (void)ctx;
    (void)sample;
}

static int read_with(struct collect *collect, const struct oneshot_options *options,
                     struct result *result)
{
    struct meter meter = {.meter_no = METER_NO, .pt = options->pt, .ct = options->ct};

    (void)text_copy(meter.id, sizeof(meter.id), "meter");
    (void)text_copy(meter.endpoint, sizeof(meter.endpoint), options->endpoint);
    if (options->address != NULL) {
        (void)text_copy(meter.address, sizeof(meter.address), options->address);
    } else {
        (void)snprintf(meter.address, sizeof(meter.address), "%d", options->unit);
    }
    int err = collect_set_meters(collect, &meter, 1, &options->profile);

    if (err == 0) {
        err = collect_read(collect, METER_NO, on_done, result);
    }
    return err != 0 ? err : loop_run(result->loop);
}

int collect_read_once(const struct oneshot_options *options, struct sample *ret_sample,
                      struct collect_frame **ret_frames, int *ret_n_frames)
{
    struct result result = {0};
    struct collect *collect = NULL;
    const struct driver *driver = options->driver;
    struct conf_line line = {.gap_ms = -1,
                             .late_window_ms = -1,
                             .retries = -1,
                             .max_registers = options->max_registers,
                             .connections = 1};
    int err = loop_new(clock_real(), INBOX_CAP, &result.loop);

    if (err != 0) {
        return err;
    }
    (void)text_copy(line.endpoint, sizeof(line.endpoint), options->endpoint);
    const struct collect_options collect_options = {
        .loop = result.loop,
        .drivers = &driver,
        .n_drivers = driver != NULL ? 1 : 0,
        .timing = {.timeout_ms = options->timeout_ms,
                   .retries = options->retries,
                   .late_window_ms = options->late_window_ms,
                   .backoff_max_ms = options->timeout_ms,
                   .line = &line,
                   .n_lines = 1},
        .seed = (uint64_t)loop_wall_ms(result.loop),
        .live_only = true,
        .deliver = on_sample,
    };

    err = collect_new(&collect_options, &collect);
    if (err == 0) {
        err = read_with(collect, options, &result);
    }
    collect_free(collect);
    loop_free(result.loop);
    err = err != 0 ? err : result.err;
    if (err != 0) {
        free(result.frame);
        return err;
    }
    *ret_sample = result.sample;
    *ret_frames = result.frame;
    *ret_n_frames = result.n_frames;
    return 0;
}
