#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/profile_parts.h"
#include "daemon/conf/schema_parts.h"

#define FACTOR_MAX INT64_C(1000000000) /* keeps every product of factors inside 64 bits */

/* One register group as written. */
struct raw_part {
    uint16_t address;
    int type; /* -1: inherited */
    int order;
    struct ratio factor;
    bool subtract;
};

/* One point as written. */
struct raw_point {
    struct raw_part own; /* used when there are no parts */
    struct raw_part part[PROFILE_PARTS_MAX];
    int n_parts;
    int quantity;
    int32_t function; /* 0: inherited */
    int unit;
    int pf;
    char min[32];
    char max[32];
    char source[160];
    int n_missing;
    uint64_t missing[PROFILE_MISSING_MAX];
};

const char *const register_type_words_list[] = {
    "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "bcd16", "bcd32", NULL};
const char *const word_order_list[] = {"big", "swapped", NULL};
static const char *const pf_rules[] = {"plain", "signed", "schneider", NULL};

const struct opt profile_part_rows[] = {
    {"address", OPT_NUMBER16, OPT_INTO(struct raw_part, address), .required = true,
     .help = "first register"},
    {"type", OPT_WORD, OPT_INTO(struct raw_part, type), .words = register_type_words_list,
     .help = "instead of the point's or the profile's"},
    {"order", OPT_WORD, OPT_INTO(struct raw_part, order), .words = word_order_list,
     .help = "instead of the point's or the profile's"},
    {"factor", OPT_RATIO, OPT_INTO(struct raw_part, factor),
     .help = "instead of the point's"},
    {"subtract", OPT_BOOL, OPT_INTO(struct raw_part, subtract), "false",
     .help = "take this part away instead of adding it"},
    {0}};

static void read_part(const struct schema *schema, const struct opt *opt,
                      const struct yaml_node *item)
{
    struct raw_point *point = schema->target;

    (void)opt;
    if (point->n_parts == PROFILE_PARTS_MAX) {
        problem_at_value(schema->problems, item,
                         "points.parts: a value has at most %d parts", PROFILE_PARTS_MAX);
        return;
    }
    struct raw_part *part = &point->part[point->n_parts++];

    *part = (struct raw_part){.type = -1, .order = -1, .factor = {0, 0}};
    (void)schema_read_once(profile_part_rows, part, item, schema->problems);
}

static void read_missing(const struct schema *schema, const struct opt *opt,
                         const struct yaml_node *item)
{
    struct raw_point *point = schema->target;

    (void)opt;
    if (point->n_missing == PROFILE_MISSING_MAX) {
        problem_at_value(schema->problems, item, "points.missing: at most %d codes",
                         PROFILE_MISSING_MAX);
        return;
    }
    if (item->kind != YAML_SCALAR ||
        !text_to_number(item->text, UINT64_MAX, &point->missing[point->n_missing])) {
        problem_at_value(schema->problems, item,
                         "points.missing: '%.64s' is not a raw code such as 0xFFFF",
                         item->text);
        return;
    }
    point->n_missing++;
}

const struct opt profile_point_rows[] = {
    {"quantity", OPT_WORD, OPT_INTO(struct raw_point, quantity),
     .words = profile_quantity_words, .required = true, .help = "what the value is"},
    {"function", OPT_INT, OPT_INTO(struct raw_point, function), .min = 3, .max = 4,
     .help = "instead of the profile's"},
    {"address", OPT_NUMBER16, OPT_INTO(struct raw_point, own.address),
     .help = "first register; or parts"},
    {"type", OPT_WORD, OPT_INTO(struct raw_point, own.type),
     .words = register_type_words_list, .help = "instead of the profile's"},
    {"order", OPT_WORD, OPT_INTO(struct raw_point, own.order), .words = word_order_list,
     .help = "instead of the profile's"},
    {"factor", OPT_RATIO, OPT_INTO(struct raw_point, own.factor), "1",
     .help = "one count is this many units: 0.1 or 1/1000, exact"},
    {"unit", OPT_WORD, OPT_INTO(struct raw_point, unit), .words = profile_unit_words,
     .required = true, .help = "unit on the wire, after the factor; 1 for power factors"},
    {"parts", OPT_EACH, .each = read_part,
     .help =
         "two register groups that add up (kWh + residue, T1 + T2), always in one read"},
    {"pf", OPT_WORD, OPT_INTO(struct raw_point, pf), "plain", .words = pf_rules,
     .help =
         "of pf_e3: signed = the sign is the direction; schneider = |x| > 1 means 2 - |x|"},
    {"missing", OPT_EACH, .each = read_missing,
     .help = "raw codes of the whole register group that mean no value, such as 0xFFFF"},
    {"min", OPT_TEXT, OPT_INTO(struct raw_point, min), "",
     .help = "least plausible value in units; below: no value"},
    {"max", OPT_TEXT, OPT_INTO(struct raw_point, max), "",
     .help = "largest plausible value in units; above: no value"},
    {"source", OPT_TEXT, OPT_INTO(struct raw_point, source), .min = 1, .required = true,
     .help = "document and place that the register comes from"},
    {0}};

static bool fill_part(const struct point_context *context, const struct raw_part *own,
                      const struct raw_part *raw, struct profile_part *ret_part)
{
    const struct profile_build *build = context->build;
    struct ratio factor = raw->factor.num != 0 ? raw->factor : own->factor;
    int type = raw->type >= 0 ? raw->type : own->type;
    int order = raw->order >= 0 ? raw->order : own->order;

    type = type >= 0 ? type : build->type;
    order = order >= 0 ? order : build->order;
    if (type < 0) {
        point_refuse(context, "points.type is missing, and the profile gives none for all");
        return false;
    }
    if (factor.num > FACTOR_MAX || factor.den > FACTOR_MAX) {
        point_refuse(context, "points.factor: its numbers must not be above %lld",
                     (long long)FACTOR_MAX);
        return false;
    }
    int32_t address = (int32_t)raw->address - build->numbering;

    if (address < 0 || address + register_type_words((enum register_type)type) > 65536) {
        point_refuse(context,
                     "points.address: %u lies outside the registers of the wire (0..65535)",
                     (unsigned)raw->address);
        return false;
    }
    *ret_part = (struct profile_part){.address = (uint16_t)address,
                                      .type = (enum register_type)type,
                                      .order = (enum word_order)order,
                                      .scale = ratio_mul(factor, point_worth(context)),
                                      .negate = raw->subtract};
    return true;
}

static bool fill_parts(const struct point_context *context, const struct raw_point *raw,
                       struct profile_point *point)
{
    bool has_address = yaml_member(context->item, "address") != NULL;
    bool is_fine = true;

    if (has_address == (raw->n_parts > 0)) {
        point_refuse(context, "points: give %s",
                     has_address ? "address or parts, not both" : "address, or parts");
        return false;
    }
    point->n_parts = raw->n_parts > 0 ? raw->n_parts : 1;
    for (int i = 0; i < point->n_parts && is_fine; i++) {
        is_fine = fill_part(context, &raw->own,
                            raw->n_parts > 0 ? &raw->part[i] : &raw->own, &point->part[i]);
    }
    return is_fine;
}

static void fill_missing(const struct point_context *context, const struct raw_point *raw,
                         struct profile_point *point)
{
    int bits = 16 * register_type_words(point->part[0].type);

    point->n_missing = raw->n_missing;
    memcpy(point->missing, raw->missing, sizeof(point->missing));
    for (int i = 0; i < point->n_missing; i++) {
        if (bits < 64 && point->missing[i] >> bits != 0) {
            point_refuse(context, "points.missing: 0x%llX does not fit into %d bits",
                         (unsigned long long)point->missing[i], bits);
        }
    }
}

/* Registers from the first to the last one of a value. */
static void extent_of(const struct profile_point *point, int32_t *ret_first,
                      int32_t *ret_last)
{
    *ret_first = INT32_MAX;
    *ret_last = -1;
    for (int i = 0; i < point->n_parts; i++) {
        int32_t first = point->part[i].address;
        int32_t last = first + register_type_words(point->part[i].type) - 1;

        *ret_first = first < *ret_first ? first : *ret_first;
        *ret_last = last > *ret_last ? last : *ret_last;
    }
}

/* A value comes from one read, so it must fit one and cross no border. */
static void check_extent(const struct point_context *context,
                         const struct profile_point *point)
{
    const struct profile *profile = &context->build->profile;
    int32_t first = 0;
    int32_t last = 0;

    extent_of(point, &first, &last);
    if (last - first + 1 > profile->max_registers) {
        point_refuse(
            context,
            "points: the value spans %d registers, one read may ask %u (max_registers)",
            (int)(last - first + 1), (unsigned)profile->max_registers);
    }
    for (int i = 0; i < profile->n_no_merge; i++) {
        const struct profile_span *span = &profile->no_merge[i];
        bool touches = first <= span->last && last >= span->first;

        if (touches && (first < span->first || last > span->last)) {
            point_refuse(
                context,
                "points: the value lies across the border of no_merge 0x%04X-0x%04X",
                (unsigned)span->first, (unsigned)span->last);
        }
    }
}

static void fill_point(const struct point_context *context, const struct raw_point *raw,
                       struct profile_point *point)
{
    *point = (struct profile_point){
        .quantity = (enum quantity)raw->quantity,
        .function =
            (uint8_t)(raw->function != 0 ? raw->function : context->build->function),
        .pf = (enum pf_rule)raw->pf};
    memcpy(point->source, raw->source, sizeof(point->source));
    point_check_unit(context);
    if (point->pf != PF_PLAIN && point->quantity != QUANTITY_PF_E3) {
        point_refuse(context, "points.pf is for pf_e3 only");
    }
    if (fill_parts(context, raw, point)) {
        fill_missing(context, raw, point);
        check_extent(context, point);
    }
    point_fill_range(context, raw->min, raw->max, point);
}

static void read_point(struct profile_build *build, const struct yaml_node *item,
                       long line_of[QUANTITY_COUNT])
{
    struct raw_point raw = {
        .own = {.type = -1, .order = -1}, .quantity = QUANTITY_COUNT, .unit = -1};

    if (schema_read_once(profile_point_rows, &raw, item, build->problems) != 0) {
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

static int by_address(const void *a, const void *b)
{
    const struct profile_point *left = a;
    const struct profile_point *right = b;

    if (left->function != right->function) {
        return left->function < right->function ? -1 : 1;
    }
    if (left->part[0].address != right->part[0].address) {
        return left->part[0].address < right->part[0].address ? -1 : 1;
    }
    return (int)left->quantity - (int)right->quantity;
}

void profile_read_points(struct profile_build *build, const struct yaml_node *points)
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
    qsort(profile->point, (size_t)profile->n_points, sizeof(*profile->point), by_address);
}
