/*
 * A block that a meter refuses (exception 02, 03, 04) is halved until it is known which
 * registers are at fault. A value that cannot be read alone is a hole. When every value can
 * be, the fault was in registers between them, or in the length of the read.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/collect/engine.h"

#define PARTS_MAX   64
#define LEARNT_MS   MS_PER_DAY
#define HOPELESS_MS (60 * MS_PER_MIN)

/* Registers that belong to one value, or to values that overlap. */
struct extent {
    uint32_t first;
    uint32_t end;
};

struct bisect {
    struct unit *unit;
    uint32_t groups;
    int n_parts;
    int n_read; /* parts that came */
    int n_holes;
    int n_gaps;
    uint16_t longest;               /* read that came */
    bool is_tight;                  /* a split between neighbours without a gap */
    struct request part[PARTS_MAX]; /* still to ask, last first */
    struct profile_span hole[HOLES_MAX];
    struct profile_span gap[HOLES_MAX];
};

static struct extent extent_of(const struct profile_point *point)
{
    struct extent extent = {UINT32_MAX, 0};

    for (int i = 0; i < point->n_parts; i++) {
        const struct profile_part *part = &point->part[i];
        uint32_t end = part->address + (uint32_t)register_type_words(part->type);

        extent.first = part->address < extent.first ? part->address : extent.first;
        extent.end = end > extent.end ? end : extent.end;
    }
    return extent;
}

static void insert_sorted(struct extent *extents, int n, struct extent extent)
{
    int i = n;

    for (; i > 0 && extents[i - 1].first > extent.first; i--) {
        extents[i] = extents[i - 1];
    }
    extents[i] = extent;
}

static int merge_overlaps(struct extent *extents, int n)
{
    int last = 0;

    for (int i = 1; i < n; i++) {
        if (extents[i].first < extents[last].end) {
            extents[last].end =
                extents[i].end > extents[last].end ? extents[i].end : extents[last].end;
        } else {
            extents[++last] = extents[i];
        }
    }
    return n == 0 ? 0 : last + 1;
}

/* What cannot be split, inside a request, in order. */
static int extents_in(const struct profile *profile, uint32_t groups,
                      const struct request *request, struct extent *ret_extents)
{
    int n = 0;

    for (int i = 0; i < profile->n_points && n < PARTS_MAX; i++) {
        const struct profile_point *point = &profile->point[i];
        struct extent extent = extent_of(point);

        if (point->function == request->function &&
            ((groups >> quantity_group(point->quantity)) & 1U) != 0 &&
            extent.first >= request->address &&
            extent.end <= (uint32_t)request->address + request->count) {
            insert_sorted(ret_extents, n++, extent);
        }
    }
    return merge_overlaps(ret_extents, n);
}

/* Where to cut: at the widest gap, else in the middle. Parts [0, cut) and [cut, n). */
static int cut_of(const struct extent *extents, int n)
{
    uint32_t widest = 0;
    int cut = n / 2;

    for (int i = 1; i < n; i++) {
        if (extents[i].first - extents[i - 1].end > widest) {
            widest = extents[i].first - extents[i - 1].end;
            cut = i;
        }
    }
    return cut;
}

static void push(struct bisect *bisect, const struct request *whole, uint32_t first,
                 uint32_t end)
{
    struct request part = *whole;

    part.address = (uint16_t)first;
    part.count = (uint16_t)(end - first);
    bisect->part[bisect->n_parts++] = part;
}

static bool split(struct bisect *bisect, const struct request *request)
{
    struct extent extents[PARTS_MAX];
    int n = extents_in(&bisect->unit->use->profile, bisect->groups, request, extents);

    if (n < 2 || bisect->n_parts + 2 > PARTS_MAX) {
        return false;
    }
    int cut = cut_of(extents, n);
    uint32_t gap_first = extents[cut - 1].end;
    uint32_t gap_end = extents[cut].first;

    if (gap_first == gap_end) {
        bisect->is_tight = true;
    } else if (bisect->n_gaps < HOLES_MAX) {
        bisect->gap[bisect->n_gaps++] =
            (struct profile_span){(uint16_t)gap_first, (uint16_t)(gap_end - 1)};
    }
    push(bisect, request, gap_end, extents[n - 1].end);
    push(bisect, request, extents[0].first, gap_first);
    return true;
}

bool bisect_begin(struct poll *poll, int64_t mono_ms)
{
    struct unit *unit = poll->unit;

    if (mono_ms < unit->bisect_mono_ms) {
        return false;
    }
    struct bisect *bisect = calloc(1, sizeof(*bisect));

    if (bisect == NULL) {
        return false;
    }
    bisect->unit = unit;
    bisect->groups = poll->groups;
    if (!split(bisect, &poll->request)) {
        free(bisect);
        return false;
    }
    poll->bisect = bisect;
    return true;
}

void bisect_failed(struct poll *poll)
{
    struct bisect *bisect = poll->bisect;
    const struct request *request = &poll->request;

    if (!split(bisect, request) && bisect->n_holes < HOLES_MAX) {
        bisect->hole[bisect->n_holes++] = (struct profile_span){
            request->address, (uint16_t)(request->address + request->count - 1)};
    }
}

void bisect_succeeded(struct poll *poll)
{
    struct bisect *bisect = poll->bisect;

    bisect->n_read++;
    if (poll->request.count > bisect->longest) {
        bisect->longest = poll->request.count;
    }
}

static void learn_holes(struct learnt *learnt, const struct profile_span *hole, int n)
{
    for (int i = 0; i < n && learnt->n_holes < HOLES_MAX; i++) {
        learnt->hole[learnt->n_holes++] = hole[i];
    }
}

struct learnt *poll_lesson(struct poll *poll, int64_t mono_ms)
{
    const struct learnt *known = poll->unit->learnt;

    if (poll->lesson == NULL) {
        poll->lesson = calloc(1, sizeof(*poll->lesson));
        if (poll->lesson != NULL && known != NULL) {
            *poll->lesson = *known;
            poll->lesson->plans = NULL;
        } else if (poll->lesson != NULL) {
            poll->lesson->until_mono_ms = mono_ms + LEARNT_MS;
        }
    }
    return poll->lesson;
}

static void learn(struct poll *poll, int64_t mono_ms)
{
    const struct bisect *bisect = poll->bisect;

    if (bisect->n_read == 0) { /* the whole meter refuses: nothing to learn for a while */
        poll->unit->bisect_mono_ms = mono_ms + HOPELESS_MS;
        return;
    }
    struct learnt *lesson = poll_lesson(poll, mono_ms);

    if (lesson == NULL) {
        return;
    }
    lesson->exception = poll->exception;
    if (bisect->n_holes > 0) {
        learn_holes(lesson, bisect->hole, bisect->n_holes);
    } else {
        learn_holes(lesson, bisect->gap, bisect->n_gaps);
        lesson->max_registers = bisect->is_tight ? bisect->longest : lesson->max_registers;
    }
}

bool bisect_next(struct poll *poll, int64_t mono_ms)
{
    struct bisect *bisect = poll->bisect;

    if (bisect->n_parts > 0) {
        poll->request = bisect->part[--bisect->n_parts];
        return true;
    }
    learn(poll, mono_ms);
    bisect_free(bisect);
    poll->bisect = NULL;
    return false;
}

void bisect_free(struct bisect *bisect)
{
    free(bisect);
}
