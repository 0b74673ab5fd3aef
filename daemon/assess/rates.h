/*
 * 电力复工率 and 电量复产率: the day's states of all enterprises and the pooled figures of
 * groups, computed in memory from the inputs committed now, with the days before
 * (day-on-day change, seven-day mean), targets and light. Nothing here reads the clock: now
 * is in the query.
 */
#ifndef ECMON_ASSESS_RATES_H
#define ECMON_ASSESS_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/enterprise.h>
#include <ecmon/method.h>
#include <ecmon/row.h>

#include "daemon/compute/baseline.h"
#include "daemon/compute/resumption.h"
#include "daemon/store/results.h"
#include "daemon/store/store.h"

/* Kinds of groups, in the order in which crossed kinds are written ("industry~size_class").
 */
enum group_kind {
    GROUP_ALL,
    GROUP_INDUSTRY,
    GROUP_REGION,
    GROUP_TOWN,
    GROUP_PARK,
    GROUP_LIST,
    GROUP_SIZE_CLASS,
    GROUP_KIND_COUNT
};

/* "all" "industry" … */
const char *group_kind_name(enum group_kind kind);

/* Letters of a GB/T 4754 code (1 3 4 5) or digits of a GB/T 2260 code (2 4 6) that name a
 * group; 0 for other kinds. */
struct group_axis {
    enum group_kind kind;
    int digits;
};

/* One grouping: one kind, or two crossed. */
struct rates_by {
    struct group_axis axis[2];
    int n_axes;
};

/*
 * "industry", "industry,size_class" (either order) with a level ("section" "division"
 * "group" "class" for industry, "county" "city" "province" for region; NULL or "" =
 * division, county). kinds NULL or "" = "all". Returns 0, or ERR_SYNTAX and in why (may be
 * NULL) a sentence that names the nearest right word.
 */
int rates_by_parse(const char *kinds, const char *level, struct rates_by *ret_by, char *why,
                   size_t why_size);

struct rates_query {
    day_t day;
    const struct resumption_method *method;
    const struct rates_by *by; /* groupings wanted */
    int n_by;
    const char *group;        /* only this id; NULL or "" = every one */
    bool with_firm_revisions; /* look up what resumption rows stand in the store */
    int64_t now_ms;
    const struct zone *zone;
    bool english; /* group names of rates_rows; stored rows are Chinese */
};

/* One enterprise in force that day, in id order. */
struct rates_firm {
    const struct enterprise *enterprise; /* the version in force; the result's */
    bool selected;                       /* in the group asked for */
    struct energy_input energy;          /* all zero and QUALITY_MISSING without a row */
    struct baseline baseline;
    enum resumption_state state;
    bool valid; /* counts: resumed or not_resumed */
    bool produced;
    bool mixed_source;
    const char *reason; /* NULL = none */
    int32_t revision;
};

struct rates_group {
    struct rate_row row;
    struct rates_by by;
    struct resumption_sum sum;
    char name_en[GROUP_NAME_LEN];
    int *firm; /* owned; indexes of the result's firms in the group, ascending */
    int n_firms;
};

struct rates_baselines; /* windows that were computed, for rates_store */

struct rates_result {
    day_t day;
    bool is_over; /* the day had ended by now_ms */
    const struct resumption_method *method;
    bool english;
    struct rates_firm *firm;
    int n_firms;
    struct rates_group *group; /* sorted by kind and id */
    int n_groups;
    struct rates_by *by; /* as asked */
    int n_by;
    bool filtered;          /* one group only was asked for */
    int n_calendar_missing; /* days of the baseline window that no calendar covers, if asked
                             */
    struct baseline_window window; /* of the baseline */
    struct enterprise *enterprise; /* every version; firms point in here */
    struct rates_baselines *baselines;
};

/*
 * Computes one day. store may be a reader (inside a snapshot of the caller's, or not) or
 * the writer. Energy days must have been brought up to date before. revision of a row is
 * the stored newest's when equal, else one more, 0 when there is none. *ret_result is the
 * caller's. Returns 0 or enum err.
 */
int rates_compute(struct store *store, const struct methods *methods,
                  const struct rates_query *query, struct rates_result *ret_result);
void rates_result_done(struct rates_result *result);

/* NULL when there is none. */
const struct rates_group *rates_find(const struct rates_result *result,
                                     const char *group_kind, const char *group_id);

/* Writer, in the open transaction: stores what differs: baselines computed anew, firms,
 * groups (journalled). Revisions are decided here again. Returns rows changed, or enum err.
 */
int rates_store(struct store *writer, const struct rates_result *result, int64_t now_ms);

/* Columns and order of interfaces.md E1 and E2. rates_rows_init first, then rows of several
 * results may be added. Texts are owned by rows. */
void rates_rows_init(struct rows *rows);
int rates_rows(const struct rates_result *result, struct rows *rows);
void resumption_rows_init(struct rows *rows);
int resumption_rows(const struct rates_result *result, struct rows *rows);

/* One stored row for publishing, added to rows (rates_rows_init). suppress: a suppressed
 * row has NULL energies and rates. Returns 0, ERR_NOT_FOUND, enum err. */
int rates_row_from_store(struct store *store, int64_t row_no, bool suppress,
                         struct rows *rows);

#endif
