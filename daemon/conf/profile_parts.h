/* Inside the reading of a profile: what is written there before it is turned into points.
 */
#ifndef ECMON_CONF_PROFILE_PARTS_H
#define ECMON_CONF_PROFILE_PARTS_H

#include "daemon/conf/profile.h"
#include "daemon/conf/schema.h"

#define PROFILE_POINTS_MAX                                                                 \
    64 /* the quantities are fewer, so duplicates are found first                          \
        */

/* The file's own keys; what points inherit. */
struct profile_build {
    struct profile profile;
    struct problems *problems;
    int32_t numbering; /* 0: addresses as on the wire; 1: one more */
    int32_t function;
    int type; /* enum register_type, -1: each point says it */
    int order;
    char digit[32];
    char range[32];
    bool rows_only; /* the keys above the points are wrong: only the points' keys are
                       checked */
    int err;        /* ERR_CONFIG or ERR_NOMEM, once anything was refused */
};

/* The rows below `points`, for the reference. */
extern const struct opt profile_point_rows[];
extern const struct opt profile_part_rows[];
extern const struct opt profile_dlt645_point_rows[];

extern const char *const register_type_words_list[];
extern const char *const word_order_list[];
extern const char *const profile_quantity_words[];

/* Reads every child of `points` into the profile, sorted. Problems are added, err is set.
 */
void profile_read_points(struct profile_build *build, const struct yaml_node *points);
/* The same where the profile is of DL/T 645. */
void profile_read_dlt645_points(struct profile_build *build,
                                const struct yaml_node *points);

/* A unit on the wire: what one of it is worth in canonical units, and of which quantities.
 */
struct profile_unit {
    const char *name;
    const char *suffix; /* of the quantities' names: "_wh" */
    struct ratio worth;
};

extern const char *const profile_unit_words[];
const struct profile_unit *profile_unit_at(int index);
bool profile_unit_fits(const struct profile_unit *unit, enum quantity quantity);

/* What one point's checks need, whatever the protocol. */
struct point_context {
    struct profile_build *build;
    const struct yaml_node *item;
    enum quantity quantity;
    const struct profile_unit *unit;
};

/* A problem at the point; err is set. */
void point_refuse(const struct point_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Refuses a quantity that was given before; line_of: where each one was, 0 = nowhere. */
bool point_is_first(const struct point_context *context, long line_of[QUANTITY_COUNT]);
void point_check_unit(const struct point_context *context);
/* Canonical units, or register units of energies, that one unit on the wire is worth. */
struct ratio point_worth(const struct point_context *context);
/* min, max: as written, "" = none. */
void point_fill_range(const struct point_context *context, const char *min, const char *max,
                      struct profile_point *point);

/* "0.001 kWh" -> Wh. Returns 0, or ERR_SYNTAX. */
int energy_text_to_wh(const char *text, struct ratio *ret_wh);

#endif
