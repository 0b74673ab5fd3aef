/*
 * Carbon efficiency (碳效): emissions, standard coal, L, K, level and grade of one
 * enterprise and period. Pure; exact sums in 128-bit integers, rounded once. Source:
 * interfaces.md §5 "Carbon zj-2021", 《规上工业企业碳效等级评价方法》 as in methods.md
 * §2.1.
 */
#ifndef ECMON_COMPUTE_CARBON_H
#define ECMON_COMPUTE_CARBON_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/method.h>

/* A carrier that is not electricity, with its coefficients. */
struct carbon_term {
    const struct carrier *carrier;
    int64_t quantity_e6; /* millionths of the carrier's unit */
};

struct carbon_input {
    bool has_purchased; /* false: the electricity is not known at all */
    int64_t purchased_wh;
    int64_t self_pv_wh;
    int64_t green_power_wh; /* bought green power and certificates: 绿电, 绿证 */
    bool has_average;       /* grid factor, location based */
    int64_t average_e6;     /* kg CO2 per kWh */
    bool has_residual;      /* market based */
    int64_t residual_e6;
    const struct carrier *electricity; /* coal coefficients of a kWh; NULL = none */
    const struct carbon_term *term;
    int n_terms;
    bool has_value_added;
    int64_t value_added_e6; /* millionths of a yuan */
    bool has_benchmark;
    int64_t benchmark_e9; /* t CO2 per 10^4 yuan */
};

/* A figure that may not exist. */
struct carbon_value {
    bool has;
    int64_t value;
};

struct carbon_figures {
    int64_t green_wh;
    struct carbon_value energy_gce;         /* 当量值 */
    struct carbon_value energy_primary_gce; /* 等价值 */
    struct carbon_value scope1_mg;
    struct carbon_value heat_mg;
    struct carbon_value electricity_mg; /* location based */
    struct carbon_value co2_location_mg;
    struct carbon_value co2_market_mg;
    struct carbon_value co2_graded_mg;
    struct carbon_value intensity_e9; /* L: t per 10^4 yuan */
    struct carbon_value ratio_e9;     /* K */
    int64_t neutral_num;              /* 碳中和率 = num / den; den 0: none */
    int64_t neutral_den;
};

/* Returns 0, or ERR_OVERFLOW (output untouched) when a figure does not fit 64 bits. */
int carbon_figures_of(const struct carbon_input *input, struct carbon_figures *ret_figures);

/* Upper bounds inclusive. */
enum carbon_level {
    CARBON_LEVEL_NONE,
    CARBON_LEVEL_LOW,
    CARBON_LEVEL_MID,
    CARBON_LEVEL_HIGH
};

enum carbon_level carbon_level_of(int64_t intensity_e9, const struct carbon_method *method);
/* "low" "mid" "high"; NULL for NONE. */
const char *carbon_level_name(enum carbon_level level);
/* 1..5 */
int carbon_grade_of(int64_t ratio_e9, const struct carbon_method *method);

/* Why there is no plain final grade; in the contract's order, the first that applies. */
enum carbon_reason {
    CARBON_REASON_NONE,
    CARBON_COMMISSIONING,
    CARBON_NO_VALUE_ADDED,
    CARBON_VALUE_ADDED_NOT_POSITIVE,
    CARBON_NO_FACTOR,
    CARBON_CARRIER_ONLY_COARSER,
    CARBON_CARRIER_INCOMPLETE, /* finer rows of a carrier leave a gap in the period */
    CARBON_ELECTRICITY_INCOMPLETE,
    CARBON_NO_BENCHMARK,
    CARBON_PERIOD_OPEN,
    CARBON_REASON_COUNT
};

/* NULL for NONE. */
const char *carbon_reason_name(enum carbon_reason reason);
/* applies: bit r set when reason r applies. */
enum carbon_reason carbon_reason_of(uint32_t applies);
/* "final" "provisional" "incomplete" "not_rated" */
const char *carbon_status_of(enum carbon_reason reason);
/* Is a level (and an intensity worth showing) given under this reason? */
bool carbon_has_level(enum carbon_reason reason);
bool carbon_has_grade(enum carbon_reason reason);

/* Shown with 4 decimals, from the exact quotient: L and K in 10^-4. value_added_e6,
 * benchmark_e9 > 0. */
int64_t carbon_intensity_e4(int64_t co2_mg, int64_t value_added_e6);
int64_t carbon_ratio_e4(int64_t co2_mg, int64_t value_added_e6, int64_t benchmark_e9);

#endif
