/* What the points of every protocol share: quantity, unit, limits. */
#include <stdarg.h>
#include <stdio.h>

#include <ecmon/err.h>

#include "daemon/conf/profile_parts.h"

const char *const profile_quantity_words[] = {
#define QUANTITY_WORD(id, name, kind, group) name,
    QUANTITY_LIST(QUANTITY_WORD)
#undef QUANTITY_WORD
        NULL};

void point_refuse(const struct point_context *context, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    problem_at_value(context->build->problems, context->item, "%s", message);
    context->build->err = ERR_CONFIG;
}

bool point_is_first(const struct point_context *context, long line_of[QUANTITY_COUNT])
{
    long *line = &line_of[context->quantity];

    if (*line != 0) {
        point_refuse(context, "points: %s is given twice: on line %ld and on line %ld",
                     profile_quantity_words[context->quantity], *line, context->item->line);
        return false;
    }
    *line = context->item->line;
    return true;
}

void point_check_unit(const struct point_context *context)
{
    if (!profile_unit_fits(context->unit, context->quantity)) {
        point_refuse(context, "points.unit: '%s' is no unit of %s", context->unit->name,
                     quantity_name(context->quantity));
    }
}

struct ratio point_worth(const struct point_context *context)
{
    struct ratio register_wh = context->build->profile.register_wh;
    struct ratio worth = context->unit->worth;

    if (quantity_kind(context->quantity) == QUANTITY_KIND_ENERGY) {
        worth = ratio_mul(worth, (struct ratio){register_wh.den, register_wh.num});
    }
    return worth;
}

/* A limit as written, in canonical units (Wh of energies); fallback when none is. */
static int64_t limit_of(const struct point_context *context, const char *text,
                        int64_t fallback)
{
    struct ratio worth = context->unit->worth;
    int64_t micro = 0;

    if (text[0] == '\0') {
        return fallback;
    }
    if (text_to_decimal(text, 6, &micro) != 0) {
        point_refuse(context, "points: the limit '%s' is not a decimal number", text);
        return fallback;
    }
    int128 exact = (int128)micro * worth.num / ((int128)worth.den * 1000000);

    if (exact > INT64_MAX || exact < INT64_MIN) {
        point_refuse(context, "points: the limit '%s' is too large", text);
        return fallback;
    }
    return div_round_128((int128)micro * worth.num, (int128)worth.den * 1000000);
}

void point_fill_range(const struct point_context *context, const char *min, const char *max,
                      struct profile_point *point)
{
    point->min = limit_of(context, min, INT64_MIN);
    point->max = limit_of(context, max, INT64_MAX);
    point->has_range = min[0] != '\0' || max[0] != '\0';
    if (point->min > point->max) {
        point_refuse(context, "points: min %s is above max %s", min, max);
    }
}
