/* The points of a DL/T 645 profile: data identifiers and formats as the standard writes
 * them. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/profile_parts.h"
#include "daemon/conf/schema_parts.h"

#define FORMAT_DIGITS_MAX 16

/* One point as written. */
struct raw_data {
    int quantity;
    char id[16];
    char single[16];
    int32_t offset;
    char format[24];
    bool is_signed;
    int unit;
    char min[32];
    char max[32];
    char source[160];
};

#define INTO(field) OPT_INTO(struct raw_data, field)

const struct opt profile_dlt645_point_rows[] = {
    {"quantity", OPT_WORD, INTO(quantity), .words = profile_quantity_words,
     .required = true, .help = "what the value is"},
    {"id", OPT_TEXT, INTO(id), .min = 1, .required = true,
     .help = "data identifier that is read, such as 0x00010000 or, of a block, 0x0201FF00; "
             "of 1997 0x9010"},
    {"offset", OPT_INT, INTO(offset), "0", .min = 0, .max = PROFILE_DATA_MAX - 1,
     .help = "bytes of the block in front of the value"},
    {"single", OPT_TEXT, INTO(single), "",
     .help = "identifier of the value alone, asked when a meter refuses the block"},
    {"format", OPT_TEXT, INTO(format), .min = 1, .required = true,
     .help = "as in the standard, XXXXXX.XX: two digits a byte, 2 to 16 digits"},
    {"signed", OPT_BOOL, INTO(is_signed), "false", .help = "the highest bit is the sign"},
    {"unit", OPT_WORD, INTO(unit), .words = profile_unit_words, .required = true,
     .help = "unit of the formatted value; 1 for power factors"},
    {"min", OPT_TEXT, INTO(min), "",
     .help = "least plausible value in units; below: no value"},
    {"max", OPT_TEXT, INTO(max), "",
     .help = "largest plausible value in units; above: no value"},
    {"source", OPT_TEXT, INTO(source), .min = 1, .required = true,
     .help = "document and place that the identifier comes from"},
    {0}};

static void refuse_at(const struct point_context *context, const char *key,
                      const char *text, const char *expected)
{
    problem_at_value(context->build->problems, yaml_member(context->item, key),
                     "points.%s: '%s' is not %s", key, text, expected);
    context->build->err = ERR_CONFIG;
}

static uint32_t id_of(const struct point_context *context, const char *key,
                      const char *text)
{
    bool is_old = context->build->profile.protocol == PROFILE_DLT645_1997;
    uint64_t id = 0;

    if (!text_to_number(text, is_old ? UINT16_MAX : UINT32_MAX, &id)) {
        refuse_at(context, key, text,
                  is_old ? "an identifier of two bytes such as 0x9010"
                         : "an identifier such as 0x00010000");
    }
    return (uint32_t)id;
}

static void fill_ids(const struct point_context *context, const struct raw_data *raw,
                     struct profile_data *data)
{
    data->id = id_of(context, "id", raw->id);
    if (raw->single[0] == '\0') {
        return;
    }
    data->single_id = id_of(context, "single", raw->single);
    if (data->single_id == 0 || data->single_id == data->id) {
        refuse_at(context, "single", raw->single, "another identifier than id, and not 0");
    }
}

/* "XXXX.XX": digits and decimals. Returns false when it is none. */
static bool read_format(const char *format, int *ret_digits, struct ratio *ret_factor)
{
    int digits = 0;
    int64_t den = 1;
    bool has_point = false;

    for (const char *c = format; *c != '\0'; c++) {
        if (*c == '.' && !has_point && digits > 0) {
            has_point = true;
        } else if (*c == 'X' && digits < FORMAT_DIGITS_MAX) {
            digits++;
            den *= has_point ? 10 : 1;
        } else {
            return false;
        }
    }
    if (digits == 0 || digits % 2 != 0 || (has_point && den == 1)) {
        return false;
    }
    *ret_digits = digits;
    *ret_factor = (struct ratio){1, den};
    return true;
}

static void fill_format(const struct point_context *context, const struct raw_data *raw,
                        struct profile_point *point)
{
    int digits = 0;
    struct ratio factor = {1, 1};

    if (!read_format(raw->format, &digits, &factor)) {
        refuse_at(context, "format", raw->format,
                  "a format of 2 to 16 digits, two a byte, such as XXXXXX.XX");
        return;
    }
    point->data.bytes = (uint8_t)(digits / 2);
    point->part[0].scale = ratio_mul(factor, point_worth(context));
    if (raw->offset + digits / 2 > PROFILE_DATA_MAX) {
        point_refuse(context, "points: the value ends behind byte %d of its block",
                     PROFILE_DATA_MAX);
    }
}

static void fill_point(const struct point_context *context, const struct raw_data *raw,
                       struct profile_point *point)
{
    *point = (struct profile_point){
        .quantity = context->quantity,
        .n_parts = 1,
        .part = {{.scale = {1, 1}}},
        .data = {.offset = (uint16_t)raw->offset, .is_signed = raw->is_signed},
        .pf = context->quantity == QUANTITY_PF_E3 && raw->is_signed ? PF_SIGNED : PF_PLAIN};
    memcpy(point->source, raw->source, sizeof(point->source));
    point_check_unit(context);
    fill_ids(context, raw, &point->data);
    fill_format(context, raw, point);
    point_fill_range(context, raw->min, raw->max, point);
}

static void read_point(struct profile_build *build, const struct yaml_node *item,
                       long line_of[QUANTITY_COUNT])
{
    struct raw_data raw = {.quantity = QUANTITY_COUNT, .unit = -1};

    if (schema_read_once(profile_dlt645_point_rows, &raw, item, build->problems) != 0) {
        build->err = ERR_CONFIG;
        return;
    }
    if (build->rows_only) {
        return;
    }
    struct point_context context = {build, item, (enum quantity)raw.quantity,
                                    profile_unit_at(raw.unit)};

    if (point_is_first(&context, line_of)) {
        fill_point(&context, &raw, &build->profile.point[build->profile.n_points]);
        build->profile.n_points++;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct profile_point *left = a;
    const struct profile_point *right = b;

    if (left->data.id != right->data.id) {
        return left->data.id < right->data.id ? -1 : 1;
    }
    if (left->data.offset != right->data.offset) {
        return left->data.offset < right->data.offset ? -1 : 1;
    }
    return (int)left->quantity - (int)right->quantity;
}

void profile_read_dlt645_points(struct profile_build *build, const struct yaml_node *points)
{
    long line_of[QUANTITY_COUNT] = {0};
    struct profile *profile = &build->profile;

    profile->point = calloc(QUANTITY_COUNT, sizeof(*profile->point));
    if (profile->point == NULL) {
        build->err = ERR_NOMEM;
        return;
    }
    for (const struct yaml_node *item = points->child; item != NULL; item = item->next) {
        read_point(build, item, line_of);
    }
    qsort(profile->point, (size_t)profile->n_points, sizeof(*profile->point), by_place);
}
