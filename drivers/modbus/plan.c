#include "drivers/modbus/plan.h"

#include <stdbool.h>

#include <ecmon/err.h>

#include "drivers/modbus/pdu.h"

/* Registers first..end-1 of one function. */
struct extent {
    uint8_t function;
    uint32_t first;
    uint32_t end;
};

static struct extent extent_of_point(const struct profile_point *point)
{
    struct extent extent = {.function = point->function, .first = UINT32_MAX, .end = 0};

    for (int i = 0; i < point->n_parts; i++) {
        const struct profile_part *part = &point->part[i];
        uint32_t end = (uint32_t)part->address + (uint32_t)register_type_words(part->type);

        extent.first = part->address < extent.first ? part->address : extent.first;
        extent.end = end > extent.end ? end : extent.end;
    }
    return extent;
}

static bool touches(const struct profile_span *span, uint32_t first, uint32_t end)
{
    return span->first < end && span->last >= first;
}

static bool touches_hole(const struct plan_options *options, uint32_t first, uint32_t end)
{
    for (uint32_t i = 0; i < options->holes_n; i++) {
        if (touches(&options->holes[i], first, end)) {
            return true;
        }
    }
    return false;
}

/* A read may lie inside a no_merge span or outside of it, not both. */
static bool crosses_no_merge(const struct profile *profile, uint32_t first, uint32_t end)
{
    for (int i = 0; i < profile->n_no_merge; i++) {
        const struct profile_span *span = &profile->no_merge[i];

        if (touches(span, first, end) && (first < span->first || end > span->last + 1U)) {
            return true;
        }
    }
    return false;
}

static uint32_t max_registers(const struct profile *profile,
                              const struct plan_options *options)
{
    uint32_t max = PDU_REGISTERS_MAX;

    if (profile->max_registers != 0 && profile->max_registers < max) {
        max = profile->max_registers;
    }
    if (options->max_registers != 0 && options->max_registers < max) {
        max = options->max_registers;
    }
    return max;
}

static bool comes_before(const struct extent *a, const struct extent *b)
{
    if (a->function != b->function) {
        return a->function < b->function;
    }
    return a->first != b->first ? a->first < b->first : a->end < b->end;
}

static void insert_sorted(struct extent *extents, int n, struct extent extent)
{
    int i = n;

    for (; i > 0 && comes_before(&extent, &extents[i - 1]); i--) {
        extents[i] = extents[i - 1];
    }
    extents[i] = extent;
}

/* The wanted, readable points, sorted. Returns their number, or ERR_RANGE. */
static int collect(const struct profile *profile, const struct plan_options *options,
                   struct extent *ret_extents)
{
    uint32_t max = max_registers(profile, options);
    int n = 0;

    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];

        if (((options->groups >> quantity_group(point->quantity)) & 1U) == 0) {
            continue;
        }
        struct extent extent = extent_of_point(point);

        if (n == PLAN_POINTS_MAX || extent.first >= extent.end ||
            extent.end - extent.first > max || extent.end > UINT16_MAX + UINT32_C(1)) {
            return ERR_RANGE;
        }
        if (!touches_hole(options, extent.first, extent.end)) {
            insert_sorted(ret_extents, n, extent);
            n++;
        }
    }
    return n;
}

static bool can_join(const struct profile *profile, const struct plan_options *options,
                     const struct extent *read, const struct extent *next)
{
    uint32_t end = next->end > read->end ? next->end : read->end;

    if (next->function != read->function ||
        end - read->first > max_registers(profile, options) ||
        crosses_no_merge(profile, read->first, end)) {
        return false;
    }
    if (next->first <= read->end) {
        return true;
    }
    return next->first - read->end <= options->gap_registers &&
           !touches_hole(options, read->end, next->first);
}

/* Joins neighbours in place. Returns the number of reads left. */
static int join(const struct profile *profile, const struct plan_options *options,
                struct extent *extents, int n)
{
    int last = 0;

    for (int i = 1; i < n; i++) {
        if (can_join(profile, options, &extents[last], &extents[i])) {
            if (extents[i].end > extents[last].end) {
                extents[last].end = extents[i].end;
            }
        } else {
            extents[++last] = extents[i];
        }
    }
    return n == 0 ? 0 : last + 1;
}

int modbus_plan(const struct profile *profile, const struct plan_options *options,
                struct request *ret_requests, int cap)
{
    struct extent extents[PLAN_POINTS_MAX];
    int n = profile->protocol == PROFILE_MODBUS ? collect(profile, options, extents)
                                                : ERR_RANGE;

    if (n < 0) {
        return n;
    }
    n = join(profile, options, extents, n);
    if (n > cap) {
        return ERR_RANGE;
    }
    for (int i = 0; i < n; i++) {
        ret_requests[i] = (struct request){
            .unit = options->unit,
            .function = extents[i].function,
            .address = (uint16_t)extents[i].first,
            .count = (uint16_t)(extents[i].end - extents[i].first),
        };
    }
    return n;
}
