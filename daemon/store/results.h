/*
 * Results in the store: what rates and carbon are computed from (energy days, imports), and
 * the rows computed: baselines, resumption, rate_day, carbon. A row equal to the newest of
 * its key changes nothing; another one becomes the newest with revision + 1, the old one
 * stays.
 */
#ifndef ECMON_STORE_RESULTS_H
#define ECMON_STORE_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/interval.h>
#include <ecmon/meter.h>
#include <ecmon/time.h>

#include "daemon/store/store.h"

/* A figure that may not exist. */
struct result_value {
    bool has;
    int64_t value;
};

/* ---- inputs ---- */

enum input_source {
    INPUT_SOURCE_NONE,
    INPUT_SOURCE_METER,
    INPUT_SOURCE_IMPORT
};

/* The day of an enterprise that counts (energy_day). */
struct energy_input {
    uint32_t enterprise_no;
    day_t day;
    bool has_energy;
    int64_t energy_wh; /* 0 when not known, like the three below */
    int64_t import_wh; /* grid purchase */
    int64_t export_wh;
    int64_t generation_wh;
    int64_t coverage_num;
    int64_t coverage_den;
    enum quality quality;
    bool valid;
    enum input_source source;
};

/* fn returns non-zero to stop, which is then returned. Order: day, enterprise_no. */
typedef int (*energy_input_fn)(void *ctx, const struct energy_input *input);
int results_energy_each(struct store *store, day_t first, day_t last, energy_input_fn fn,
                        void *ctx);
/* One enterprise; order: day. */
int results_energy_of(struct store *store, uint32_t enterprise_no, day_t first, day_t last,
                      energy_input_fn fn, void *ctx);

/* One imported figure: an item of import_output or a carrier of import_energy_use. */
struct import_input {
    uint32_t enterprise_no;
    const char *name;   /* item or carrier; valid during the call */
    const char *period; /* as imported, canonical */
    int64_t value_e6;
};

typedef int (*import_input_fn)(void *ctx, const struct import_input *input);
/* Rows of periods in a year; enterprise_no 0 = all. Order: enterprise_no, name, period. */
int results_output_each(struct store *store, int32_t year, const char *item,
                        uint32_t enterprise_no, import_input_fn fn, void *ctx);
/* Certificates of one period are added up over their ids by the caller. */
int results_energy_use_each(struct store *store, int32_t year, uint32_t enterprise_no,
                            import_input_fn fn, void *ctx);
/* Distinct periods of value added, and of stored carbon rows (newest), in text order. */
int results_output_periods(struct store *store, void (*fn)(void *ctx, const char *period),
                           void *ctx);
int results_carbon_periods(struct store *store, const char *method, const char *reason,
                           void (*fn)(void *ctx, const char *period), void *ctx);

/* Is a key of kind between first and last (both inclusive) in the table stale? 1, 0, enum
 * err. */
int results_stale_between(struct store *store, const char *kind, const char *first,
                          const char *last);

/* ---- baselines ---- */

struct baseline_row {
    uint32_t enterprise_no;
    struct result_value baseline_wh;
    int32_t valid_days;
    const char *source; /* "meter" "import" "mixed"; NULL = none */
    const char *reason; /* NULL = there is one */
};

int results_baseline_each(struct store *store, const char *method, day_t from,
                          int (*fn)(void *ctx, const struct baseline_row *row), void *ctx);
/* Writer: one row of the window from..to. */
int results_baseline_put(struct store *store, const char *method, day_t from, day_t to,
                         const struct baseline_row *row);
/* Writer: forgets the baselines of a method's window. */
int results_baseline_forget(struct store *store, const char *method, day_t from);

/* ---- resumption (one enterprise, one day) ---- */

/* Texts are borrowed. */
struct resumption_row {
    int64_t row_no;
    day_t day;
    const char *method;
    uint32_t enterprise_no;
    const char *size_class;
    const char *industry;
    const char *region;
    const char *town;
    const char *park;
    const char *name;
    struct result_value energy_wh;
    struct result_value baseline_wh;
    int32_t baseline_valid_days;
    const char *state;
    struct result_value produced;
    bool valid;
    int64_t coverage_num;
    int64_t coverage_den;
    const char *quality;
    const char *energy_source;   /* NULL = none */
    const char *baseline_source; /* NULL = none */
    bool mixed_source;
    const char *reason; /* NULL = none */
    int32_t revision;
};

/* Newest rows of a day; texts valid during the call. fn returns non-zero to stop. */
int results_resumption_each(struct store *store, day_t day, const char *method,
                            int (*fn)(void *ctx, const struct resumption_row *row),
                            void *ctx);
/* Everything but row_no and revision. */
bool resumption_row_equal(const struct resumption_row *a, const struct resumption_row *b);
/* Writer: the row is no longer the newest (the enterprise was not in force after all). */
int results_resumption_retire(struct store *store, int64_t row_no);
/* Writer: inserts row as the newest with its revision, and lowers the one before it. */
int results_resumption_insert(struct store *store, const struct resumption_row *row);

/* ---- rates (one group, one day) ---- */

#define GROUP_KIND_LEN 48
#define GROUP_ID_LEN   130 /* two ids */
#define GROUP_NAME_LEN 258 /* two names */

struct rate_row {
    int64_t row_no;
    int64_t created_ms;
    day_t day;
    char method[ID_LEN];
    char group_kind[GROUP_KIND_LEN];
    char group_id[GROUP_ID_LEN];
    char group_name[GROUP_NAME_LEN]; /* Chinese, as stored */
    int64_t n_scope;
    int64_t n_valid;
    int64_t n_resumed;
    int64_t n_not_resumed;
    int64_t n_produced;
    int64_t n_zero;
    int64_t n_missing;
    int64_t n_no_baseline;
    int64_t n_mixed_source;
    int64_t energy_wh;
    int64_t baseline_wh;
    int64_t resumed_energy_wh;
    int64_t resumed_baseline_wh;
    int64_t missing_baseline_wh;
    struct result_value index_e2;
    struct result_value d1_resumption_bp;
    struct result_value d1_production_bp;
    struct result_value ma7_resumption_e12; /* stored as REAL */
    struct result_value ma7_production_e12;
    struct result_value target_resumption_e6;
    struct result_value target_production_e6;
    char light[8]; /* "" = none */
    char status[16];
    char stage[16];
    bool suppressed;
    char method_confidence[12];
    int32_t revision;
    char inputs_sha256[65];
};

/* Reader. Return 0, ERR_NOT_FOUND or another enum err. */
int results_rate_newest(struct store *store, const struct rate_row *key,
                        struct rate_row *ret_row);
int results_rate_get(struct store *store, int64_t row_no, struct rate_row *ret_row);
/* Everything but row_no, created_ms and revision. */
bool rate_row_equal(const struct rate_row *a, const struct rate_row *b);
/* Writer: 1 = stored (row_no, revision, created_ms set, journalled), 0 = equal to the
 * newest (row_no, revision, created_ms set to its), negative enum err. */
int results_rate_put(struct store *store, struct rate_row *row, int64_t now_ms);
/* Newest rows of a day, method and kind: their numbers and ids. */
int results_rate_ids(struct store *store, const struct rate_row *key,
                     void (*fn)(void *ctx, int64_t row_no, const char *group_id),
                     void *ctx);
/* Writer: the row is no longer the newest of anything (its group is not there any more). */
int results_rate_retire(struct store *store, int64_t row_no);
/* Days after first (exclusive) up to last that have newest rate rows of the method,
 * ascending. */
int results_rate_days(struct store *store, const char *method, day_t first, day_t last,
                      void (*fn)(void *ctx, day_t day), void *ctx);

/* ---- carbon (one enterprise, one period) ---- */

struct carbon_row {
    int64_t row_no;
    int64_t created_ms;
    uint32_t enterprise_no;
    char enterprise[ID_LEN]; /* id; filled on reading too, not compared */
    char name[NAME_LEN];
    char period[20];
    char period_kind[12];
    char method[ID_LEN];
    struct result_value purchased_wh;
    struct result_value self_pv_wh;
    struct result_value green_wh;
    struct result_value energy_gce;
    struct result_value energy_primary_gce;
    struct result_value scope1_mg;
    struct result_value heat_mg;
    struct result_value co2_location_mg;
    struct result_value co2_market_mg;
    struct result_value co2_graded_mg;
    struct result_value value_added_e6;
    struct result_value intensity_e9;
    struct result_value benchmark_e9;
    char benchmark_period[20]; /* "" = none */
    char benchmark_source[64];
    struct result_value ratio_e9;
    char level[8];
    struct result_value grade;
    struct result_value neutral_num;
    struct result_value neutral_den;
    struct result_value factor_e6;
    char factor_region[16];
    struct result_value factor_year;
    int64_t coverage_num;
    int64_t coverage_den;
    char status[16];
    char reason[32]; /* "" = none */
    int32_t revision;
    char inputs_sha256[65];
};

int results_carbon_newest(struct store *store, const struct carbon_row *key,
                          struct carbon_row *ret_row);
int results_carbon_get(struct store *store, int64_t row_no, struct carbon_row *ret_row);
bool carbon_row_equal(const struct carbon_row *a, const struct carbon_row *b);
/* Writer: as results_rate_put. */
int results_carbon_put(struct store *store, struct carbon_row *row, int64_t now_ms);

/* ---- what is retained ---- */

/* Is no row of the same group (enterprise and kind of period) with a later day (period)
 * older in the journal? Then a retained message of it may replace the one before. 1, 0, or
 * enum err. */
int results_rate_is_latest(struct store *store, int64_t row_no);
int results_carbon_is_latest(struct store *store, int64_t row_no);

#endif
