/*
 * Carbon efficiency (碳效) of every enterprise in force in a period: electricity from
 * energy days or imports, carriers, factors by the fallback rules, benchmark by rank, L, K,
 * level, grade.
 */
#ifndef ECMON_ASSESS_CARBON_H
#define ECMON_ASSESS_CARBON_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/method.h>
#include <ecmon/row.h>

#include "daemon/compute/carbon.h"
#include "daemon/compute/period.h"
#include "daemon/core/text.h"
#include "daemon/store/results.h"
#include "daemon/store/store.h"

struct carbon_query {
    struct period period;
    const struct carbon_method *method;
    uint32_t enterprise_no; /* 0 = every one */
    int64_t now_ms;
    const struct zone *zone;
};

/* A quantity of a carrier in the period. */
struct carbon_carrier {
    const struct carrier *carrier; /* NULL: not in carriers.csv */
    char id[32];
    int64_t quantity_e6;
    enum period_figure figure;
};

/* Where the electricity comes from. */
enum carbon_electricity {
    ELECTRICITY_NONE,
    ELECTRICITY_DAYS,
    ELECTRICITY_IMPORT
};

/* One enterprise: the row, and what explain needs. */
struct carbon_firm {
    struct carbon_row row;
    struct carbon_figures figures;
    enum carbon_electricity electricity;
    int32_t n_days; /* of the period that have passed, in force */
    int32_t n_valid_days;
    struct carbon_carrier *carrier; /* owned; sorted by id */
    int n_carriers;
    const struct grid_factor *average; /* NULL = none */
    const struct grid_factor *residual;
    const struct benchmark *benchmark;
    uint32_t reasons; /* bit r: enum carbon_reason r applies */
};

struct carbon_result {
    struct period period;
    const struct carbon_method *method;
    struct carbon_firm *firm; /* by id */
    int n_firms;
};

/* As rates_compute. A period that has not begun has no rows. */
int carbon_compute(struct store *store, const struct methods *methods,
                   const struct carbon_query *query, struct carbon_result *ret_result);
void carbon_result_done(struct carbon_result *result);

/* Writer, in the open transaction. Returns rows changed, or enum err. */
int carbon_store(struct store *writer, const struct carbon_result *result, int64_t now_ms);

/* Columns and order of interfaces.md E3; rows of several periods may be added:
 * carbon_rows_init first. Texts are owned by rows. */
void carbon_rows_init(struct rows *rows);
int carbon_add_row(const struct carbon_row *row, struct rows *rows);
int carbon_rows(const struct carbon_result *result, struct rows *rows);
/* By enterprise, then period: for rows of several periods. */
void carbon_rows_sort(struct rows *rows);
int carbon_row_from_store(struct store *store, int64_t row_no, struct rows *rows);

/* The months of a period, for --by month. ret_months holds 12. Returns their number. */
int carbon_months(const struct period *period, struct period ret_months[12]);

/* Factor and benchmark by the rules of interfaces.md §5; NULL when there is none. region:
 * six digits or "". */
const struct grid_factor *grid_factor_find(const struct methods *methods,
                                           const char *region, int32_t year,
                                           enum factor_kind kind);
const struct benchmark *benchmark_find(const struct methods *methods, const char *industry,
                                       const char *region, const struct period *period);

#endif
