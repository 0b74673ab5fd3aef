/* What the files of rates share while one day is computed. Not a door. */
#ifndef ECMON_ASSESS_RATES_INTERNAL_H
#define ECMON_ASSESS_RATES_INTERNAL_H

#include "daemon/assess/rates.h"
#include "daemon/core/sha256.h"

#define RATES_DAYS 7 /* the day and the six before it: change and mean */

/* Baselines of one window, by enterprise_no. */
struct baseline_table {
    struct baseline_window window;
    struct baseline *baseline; /* owned */
    int n_uncovered;           /* days of the window that no calendar covers */
    bool computed;             /* not from the store */
    char fingerprint[65];      /* of what they depend on beside the days */
};

struct rates_baselines {
    struct baseline_table table[2];
    int n_tables;
    uint32_t n_numbers;
};

struct window_day {
    day_t day;
    const struct enterprise **version; /* owned; by enterprise_no, NULL = not in force */
    struct energy_input *energy;       /* owned; by enterprise_no */
    const struct baseline_table *baselines;
};

struct rates_run {
    struct store *store;
    const struct methods *methods;
    const struct rates_query *query;
    struct enterprise *enterprise; /* every version */
    int n_enterprises;
    uint32_t n_numbers; /* greatest enterprise_no + 1 */
    uint32_t *by_id;    /* owned; numbers in the order of ids */
    int n_by_id;
    struct list_member *member; /* owned; every one */
    int n_members;
    int *member_of;                /* owned; indexes of members, by enterprise_no */
    int *member_first;             /* owned; n_numbers + 1 offsets into member_of */
    struct group_name *group_name; /* owned */
    int n_group_names;
    struct window_day day[RATES_DAYS]; /* ascending; the last one is the query's */
    struct rates_baselines *baselines;
};

/* rates_inputs.c */
int rates_inputs_load(struct rates_run *run);
void rates_inputs_done(struct rates_run *run);
/* The judged day of an enterprise in force. */
struct resumption_day rates_day_of(const struct window_day *day, uint32_t enterprise_no);
enum figure_source rates_source_of(const struct energy_input *energy);
/* Writer: keeps the tables that were computed. */
int rates_baselines_store(struct store *writer, const struct resumption_method *method,
                          const struct rates_baselines *baselines);
void rates_baselines_free(struct rates_baselines *baselines);

/* rates_groups.c: one group while it is summed. */
struct group_build {
    char id[GROUP_ID_LEN];
    int by;        /* index of the query's groupings */
    unsigned seen; /* bit k: the enterprise at hand was in it on day k */
    struct resumption_sum sum[RATES_DAYS];
    struct resumption_sum part[3]; /* of the day, by size class */
    struct sha256 *sha;            /* owned */
    int *firm;                     /* owned */
    int n_firms;
    int cap_firms;
};

struct group_table {
    struct group_build *group; /* owned */
    int n;
    int cap;
    int *slot; /* owned; open addressing, -1 = free */
    int n_slots;
    int *cached; /* owned; [version × n_by + by], -1 = not yet */
};

int group_table_init(struct group_table *table, const struct rates_run *run);
void group_table_done(struct group_table *table);

/* A version on a day, under one grouping. fn returns enum err. */
struct group_visit {
    int by; /* index of the query's groupings */
    day_t day;
    const struct enterprise *version;
    int (*fn)(void *ctx, int group);
    void *ctx;
};

/* Calls fn for every group that the version is in. */
int group_table_each(struct group_table *table, const struct rates_run *run,
                     const struct group_visit *visit);
/* "industry~size_class" */
void rates_by_name(const struct rates_by *by, char ret_name[GROUP_KIND_LEN]);
/* The name of a group in Chinese or English. */
void rates_group_name(const struct rates_run *run, const struct rates_by *by,
                      const char *id, bool english, char ret_name[GROUP_NAME_LEN]);

/* rates_store.c */
int rates_group_revisions(struct store *store, struct rates_result *result);
int rates_firm_revisions(struct store *store, struct rates_result *result);
const char *confidence_name(enum confidence confidence);
void rates_fill_resumption_row(const struct rates_result *result,
                               const struct rates_firm *firm,
                               struct resumption_row *ret_row);

/* rates_rows.c: one more row. */
int rates_add_group(const struct rates_result *result, const struct rates_group *group,
                    struct rows *rows);
int rates_add_firm(const struct rates_result *result, const struct rates_firm *firm,
                   struct rows *rows);

/* rates_figures.c: a row from its sums; ends the group's hash. */
void rates_fill_group(const struct rates_run *run, struct group_build *build,
                      struct rates_group *ret_group);

#endif
