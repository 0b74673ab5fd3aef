#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/conf/schema.h"
#include "daemon/conf/schema_parts.h"

struct unit {
    const char *name;
    int64_t worth;
};

/* The largest unit that leaves a whole number. */
static void print_in_units(const struct unit *units, int64_t value, char *ret_text,
                           size_t size)
{
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (value % unit->worth == 0 && value / unit->worth != 0) {
            (void)snprintf(ret_text, size, "%" PRId64 "%s", value / unit->worth,
                           unit->name);
            return;
        }
    }
    (void)snprintf(ret_text, size, "%" PRId64, value);
}

static void print_decimal(int64_t value, int digits, char *ret_text, size_t size)
{
    int width = digits > 18 ? 18 : digits;
    int64_t magnitude = value < 0 ? -value : value;
    int64_t one = 1;

    for (int i = 0; i < width; i++) {
        one *= 10;
    }
    (void)snprintf(ret_text, size, "%s%" PRId64 ".%0*" PRId64, value < 0 ? "-" : "",
                   magnitude / one, width, magnitude % one);
}

static void print_value(const struct opt *opt, int64_t value, char *ret_text, size_t size)
{
    static const struct unit durations[] = {{"d", MS_PER_DAY},   {"h", 60 * MS_PER_MIN},
                                            {"min", MS_PER_MIN}, {"s", MS_PER_S},
                                            {"ms", 1},           {NULL, 0}};
    static const struct unit sizes[] = {{"GiB", INT64_C(1) << 30},
                                        {"MiB", INT64_C(1) << 20},
                                        {"KiB", INT64_C(1) << 10},
                                        {NULL, 0}};
    if (opt->type == OPT_DURATION) {
        print_in_units(durations, value, ret_text, size);
    } else if (opt->type == OPT_SIZE) {
        print_in_units(sizes, value, ret_text, size);
    } else if (opt->type == OPT_DECIMAL && opt->digits > 0) {
        print_decimal(value, opt->digits, ret_text, size);
    } else {
        (void)snprintf(ret_text, size, "%" PRId64, value);
    }
}

static void print_words(const struct opt *opt, char *ret_text, size_t size)
{
    size_t n = 0;

    ret_text[0] = '\0';
    for (int i = 0; opt->words[i] != NULL && n < size; i++) {
        int got =
            snprintf(ret_text + n, size - n, "%s%s", i == 0 ? "" : ", ", opt->words[i]);

        n += got > 0 ? (size_t)got : 0;
    }
}

void opt_limits_text(const struct opt *opt, char *ret_text, size_t size)
{
    char min[32];
    char max[32];

    ret_text[0] = '\0';
    if (opt->type == OPT_WORD) {
        print_words(opt, ret_text, size);
    } else if (opt->type == OPT_BOOL) {
        (void)snprintf(ret_text, size, "true, false");
    } else if (opt->type != OPT_TEXT && opt->type != OPT_ID &&
               (opt->min != 0 || opt->max != 0)) {
        print_value(opt, opt->min, min, sizeof(min));
        print_value(opt, opt->max, max, sizeof(max));
        (void)snprintf(ret_text, size, "%s..%s", min, max);
        if (opt->type == OPT_DURATION && opt->words != NULL) {
            (void)snprintf(ret_text, size, "%s, %s..%s", opt->words[0], min, max);
        }
    } else if (opt->type == OPT_INT || opt->type == OPT_DECIMAL) {
        (void)snprintf(ret_text, size,
                       opt->size == sizeof(int32_t) ? "32 bits" : "64 bits");
    }
}

static const char *type_name(const struct opt *opt)
{
    static const char *const name[] = {
        [OPT_TEXT] = "text",       [OPT_ID] = "id",
        [OPT_BOOL] = "switch",     [OPT_INT] = "number",
        [OPT_NUMBER16] = "number", [OPT_DECIMAL] = "decimal",
        [OPT_RATIO] = "factor",    [OPT_DURATION] = "duration",
        [OPT_SIZE] = "size",       [OPT_DAY] = "day",
        [OPT_WORD] = "word",       [OPT_EACH] = "list"};

    return opt->map ? "map" : name[opt->type];
}

void schema_document(const struct opt *opts, struct text_buffer *out)
{
    char limits[1024]; /* the quantities are a long list */

    for (const struct opt *opt = opts; opt->path != NULL; opt++) {
        opt_limits_text(opt, limits, sizeof(limits));
        text_printf(out, "%s\n    %s%s%s", opt->path, type_name(opt),
                    limits[0] == '\0' ? "" : ": ", limits);
        if (opt->required) {
            text_append(out, "; must be given");
        } else if (opt->fallback != NULL) {
            text_printf(out, "; default %s",
                        opt->fallback[0] == '\0' ? "\"\"" : opt->fallback);
        }
        text_printf(out, "\n    %s\n", opt->help);
    }
}
