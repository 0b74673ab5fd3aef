/* DL/T 645: values in frames that follow one another, and identifiers that a meter refuses.
 */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/collect/engine.h"

void follow_restart(struct poll *poll)
{
    if (poll->request.sequence > 0) {
        poll->request = poll->first;
    }
    poll->n_data = 0;
}

static bool append(struct poll *poll, const struct feed_result *result)
{
    if (poll->data == NULL) {
        poll->data = malloc(PROFILE_DATA_MAX);
    }
    if (poll->data == NULL || poll->n_data + result->payload_n > PROFILE_DATA_MAX) {
        return false;
    }
    memcpy(poll->data + poll->n_data, result->payload, result->payload_n);
    poll->n_data = (uint16_t)(poll->n_data + result->payload_n);
    return true;
}

void follow_reply(struct line *line, const struct feed_result *result)
{
    struct poll *poll = &line->poll;
    const struct driver *driver = line->driver;
    struct request next;

    if (poll->request.sequence == 0) {
        poll->first = poll->request;
        poll->n_data = 0;
        if (!result->more) {
            poll_values(line, &poll->request, result->payload, result->payload_n);
            return;
        }
    }
    if (!append(poll, result) ||
        (result->more &&
         (driver->follow == NULL || driver->follow(&poll->request, &next) != 0))) {
        poll_fault(poll, SLOT_BAD_FRAME); /* without its end there is no value */
        poll_next_request(line);
    } else if (result->more) {
        poll->request = next;
    } else {
        poll_values(line, &poll->first, poll->data, poll->n_data);
    }
}

bool follow_is_known(const struct line *line, const struct request *request)
{
    const struct poll *poll = &line->poll;
    const struct profile *profile = &poll->unit->use->profile;
    int n = 0;

    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];

        if ((poll->groups >> quantity_group(point->quantity) & 1U) != 0 &&
            line->driver->holds(point, request)) {
            n++;
            if (sample_has(&poll->sample, point->quantity) == 0) {
                return false;
            }
        }
    }
    return n > 0;
}

/* What the identifier held is asked for by identifiers of their own, in this poll already,
 * if the profile has any. */
static void remember(struct line *line, uint8_t error)
{
    struct poll *poll = &line->poll;
    struct unit *unit = poll->unit;
    struct learnt *known = unit->learnt;
    struct learnt *lesson = poll_lesson(poll, collect_mono_ms(line->collect));
    int err = 0;

    if (lesson == NULL || lesson->n_refused == REFUSED_MAX) {
        return;
    }
    lesson->refused[lesson->n_refused++] = poll->request.data_id;
    lesson->exception = error;
    unit->learnt = lesson;
    poll->lesson = NULL;
    const struct plan *plan = plan_get(unit, poll->groups, &err);

    if (plan == NULL) {
        unit->learnt = known;
        learnt_free(lesson);
        return;
    }
    poll_forget_held(line, unit); /* planned with what was known */
    learnt_free(known);
    poll->plan = plan;
    poll->index = -1;
}

void follow_refused(struct line *line, uint8_t error)
{
    struct poll *poll = &line->poll;

    if (!poll->is_refused) { /* a refusal names no identifier: it is asked for twice */
        poll->is_refused = true;
        follow_restart(poll);
        return;
    }
    poll_fault(poll, SLOT_EXCEPTION);
    if (line->doubt_mono_ms <= collect_mono_ms(line->collect)) {
        remember(line, error);
    }
    poll_next_request(line);
}
