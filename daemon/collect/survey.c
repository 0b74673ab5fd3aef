#include "daemon/collect/survey.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/clock.h"
#include "daemon/core/text.h"

#define INBOX_CAP           4
#define EXCEPTION_NO_PATH   0x0A /* of a gateway, Modbus V1.1b3 §7 */
#define EXCEPTION_NO_TARGET 0x0B
#define MBAP_BYTES          6
#define DLT645_REFUSED      0x40 /* in the control byte, DL/T 645-2007 §5.2.3 */

struct survey {
    const struct survey_options *options;
    struct loop *loop;
    struct collect *collect;
    struct loop_timer next; /* collect does not take a reading from inside its own calls */
    int item;
    int err;
};

static void on_sample(void *ctx, const struct sample *sample)
{
    (void)ctx;
    (void)sample;
}

static void go_on(struct survey *survey, bool wanted)
{
    survey->item++;
    if (!wanted || survey->item >= survey->options->n) {
        loop_stop(survey->loop);
        return;
    }
    survey->err = loop_timer_arm(survey->loop, &survey->next, loop_mono_ms(survey->loop));
    if (survey->err != 0) {
        loop_stop(survey->loop);
    }
}

static void on_done(void *ctx, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    struct survey *survey = ctx;
    const struct survey_options *options = survey->options;

    /* the engine ends what it still has when it goes */
    if (survey->item < options->n) {
        go_on(survey, options->done(options->ctx, survey->item, sample, frames, n_frames));
    }
}

static void read_next(void *ctx)
{
    struct survey *survey = ctx;
    const struct sample disabled = {.status = SLOT_DISABLED};
    int err = collect_read(survey->collect, (uint32_t)survey->item + 1, on_done, survey);

    if (err == ERR_UNAVAILABLE) {
        on_done(survey, &disabled, NULL, 0);
    } else if (err != 0) {
        survey->err = err;
        loop_stop(survey->loop);
    }
}

static int set_meters(struct survey *survey)
{
    const struct survey_options *options = survey->options;
    size_t n = (size_t)options->n;
    struct meter *meters = calloc(n + 1, sizeof(*meters));
    const struct profile **profiles = calloc(n + 1, sizeof(const struct profile *));
    int err = meters == NULL || profiles == NULL ? ERR_NOMEM : 0;

    for (size_t i = 0; err == 0 && i < n; i++) {
        meters[i].meter_no = (uint32_t)i + 1;
        (void)text_copy(meters[i].id, sizeof(meters[i].id), options->item[i].address);
        (void)text_copy(meters[i].endpoint, sizeof(meters[i].endpoint), options->endpoint);
        (void)text_copy(meters[i].address, sizeof(meters[i].address),
                        options->item[i].address);
        profiles[i] = options->item[i].profile;
    }
    if (err == 0) {
        err = collect_set_meters(survey->collect, meters, options->n, profiles);
    }
    free(meters);
    free((void *)profiles);
    return err;
}

int collect_survey(const struct survey_options *options)
{
    struct survey survey = {.options = options};
    struct conf_line line = {.timeout_ms = -1,
                             .gap_ms = -1,
                             .late_window_ms = -1,
                             .retries = -1,
                             .max_registers = 0,
                             .connections = 1};

    if (options->n <= 0) {
        return 0;
    }
    int err = loop_new(clock_real(), INBOX_CAP, &survey.loop);

    if (err != 0) {
        return err;
    }
    (void)text_copy(line.endpoint, sizeof(line.endpoint), options->endpoint);
    const struct collect_options collect_options = {
        .loop = survey.loop,
        .timing = {.timeout_ms = options->timeout_ms,
                   .late_window_ms = options->timeout_ms,
                   .backoff_max_ms = options->timeout_ms,
                   .line = &line,
                   .n_lines = 1},
        .seed = (uint64_t)loop_wall_ms(survey.loop),
        .live_only = true,
        .deliver = on_sample,
    };

    loop_timer_init(&survey.next, read_next, &survey);
    err = collect_new(&collect_options, &survey.collect);
    err = err != 0 ? err : set_meters(&survey);
    err = err != 0 ? err
                   : loop_timer_arm(survey.loop, &survey.next, loop_mono_ms(survey.loop));
    err = err != 0 ? err : loop_run(survey.loop);
    survey.item = options->n;
    collect_free(survey.collect);
    loop_timer_cancel(survey.loop, &survey.next);
    loop_free(survey.loop);
    return err != 0 ? err : survey.err;
}

/* Control byte and error of a DL/T 645 frame, FE in front of it left out. */
static bool dlt645_code(const struct collect_frame *frame, uint8_t *ret_exception)
{
    int start = 0;

    while (start < frame->n && frame->bytes[start] == 0xFE) {
        start++;
    }
    if (start + 10 >= frame->n) {
        return false;
    }
    *ret_exception = (frame->bytes[start + 8] & DLT645_REFUSED) != 0
                         ? (uint8_t)(frame->bytes[start + 10] - 0x33)
                         : 0;
    return true;
}

static bool modbus_code(const struct collect_frame *frame, int start,
                        uint8_t *ret_exception)
{
    if (start + 2 >= frame->n) {
        return false;
    }
    *ret_exception = (frame->bytes[start + 1] & 0x80) != 0 ? frame->bytes[start + 2] : 0;
    return *ret_exception != EXCEPTION_NO_PATH && *ret_exception != EXCEPTION_NO_TARGET;
}

const struct collect_frame *survey_answer(const char *endpoint,
                                          const struct collect_frame *frames, int n_frames,
                                          uint8_t *ret_exception)
{
    bool is_dlt645 = strncmp(endpoint, "dlt645", 6) == 0;
    int start = strncmp(endpoint, "modbus+tcp", 10) == 0 ? MBAP_BYTES : 0;

    for (int i = 0; i < n_frames; i++) {
        uint8_t exception = 0;

        if (!frames[i].sent && !frames[i].foreign &&
            (is_dlt645 ? dlt645_code(&frames[i], &exception)
                       : modbus_code(&frames[i], start, &exception))) {
            *ret_exception = exception;
            return &frames[i];
        }
    }
    return NULL;
}
