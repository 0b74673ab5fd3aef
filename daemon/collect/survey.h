/*
 * Many readings on one line, one after the other, over one connection: who answers, and as
 * what. For `ecmon scan` and `ecmon identify`. Waits.
 */
#ifndef ECMON_COLLECT_SURVEY_H
#define ECMON_COLLECT_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/profile.h>
#include <ecmon/sample.h>

#include "daemon/collect/collect.h"

/* One reading: everything the profile has, at an address of the line. */
struct survey_item {
    char address[ADDRESS_LEN]; /* unit id, or 12 digits of DL/T 645 */
    const struct profile *profile;
};

/* All borrowed until the call returns. Return false: enough, the rest is not read. */
typedef bool (*survey_fn)(void *ctx, int item, const struct sample *sample,
                          const struct collect_frame *frames, int n_frames);

struct survey_options {
    const char *endpoint; /* canonical */
    const struct survey_item *item;
    int n;
    int64_t timeout_ms; /* a reading that nobody answers ends after it */
    survey_fn done;     /* once per item, in order; SLOT_DISABLED: cannot be planned */
    void *ctx;
};

/*
 * Never tries twice. Returns 0 also when nobody answered, ERR_NOMEM, or -errno.
 */
int collect_survey(const struct survey_options *options);

/*
 * A reply of the meter itself among the frames: values, or an exception that is not a
 * gateway's (0A, 0B). The first one is given; NULL: nobody answered. *ret_exception: its
 * code, 0 = values.
 */
const struct collect_frame *survey_answer(const char *endpoint,
                                          const struct collect_frame *frames, int n_frames,
                                          uint8_t *ret_exception);

#endif
