/*
 * Method data as read from config/: every number dated, with its document and confidence.
 * Loaded by daemon/conf, used by compute and assess; a result names method, version, hash.
 */
#ifndef ECMON_METHOD_H
#define ECMON_METHOD_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/ratio.h>
#include <ecmon/time.h>

enum confidence {
    CONFIDENCE_HIGH,
    CONFIDENCE_MED,
    CONFIDENCE_LOW,
    CONFIDENCE_PROPOSAL /* [P]: our choice without outside authority */
};

enum day_filter {
    DAY_FILTER_ALL,
    DAY_FILTER_WORKDAYS /* work and swap_work of the calendar; Mon-Fri where it has no entry
                         */
};

/* A resumption method (config/methods/<id>.yaml). Ratios are exact millionths. */
struct resumption_method {
    char id[ID_LEN];
    char name[NAME_LEN];
    char version[32];
    char sha256[65]; /* of the file's bytes */
    char document[256];
    enum confidence confidence;
    int32_t threshold_e6;     /* θ: 300000 = 0.30 */
    bool threshold_inclusive; /* >= (ge) or > (gt) */
    int32_t produced_e6;      /* φ: 800000 = 0.80 */
    int32_t weight_e6;        /* w of the index: 500000 = 0.5 */
    enum day_filter day_filter;
    int32_t min_valid_days;           /* of the baseline: 10 */
    int64_t min_baseline_wh;          /* 10000 */
    int32_t final_coverage_e6;        /* 900000 */
    int32_t insufficient_coverage_e6; /* 700000 */
    int32_t light_margin_bp; /* yellow within this of both targets: 500 = 5.00 points */
};

/* Carbon thresholds (config/methods/zj-2021.yaml): upper bounds inclusive, in 10^-9. */
struct carbon_method {
    char id[ID_LEN];
    char name[NAME_LEN];
    char version[32];
    char sha256[65];
    char document[256];
    enum confidence confidence;
    int64_t level_e9[2]; /* low <= [0] < mid <= [1] < high */
    int64_t grade_e9[4]; /* grade 1 <= [0] … grade 4 <= [3] < grade 5 */
};

enum factor_kind {
    FACTOR_AVERAGE, /* location based */
    FACTOR_RESIDUAL /* market based: excluding market-traded non-fossil power */
};

/* factors/grid.csv: kg CO2 per kWh. */
struct grid_factor {
    char region[16]; /* "CN", a grid ("east-china"), or two digits of a province */
    int32_t year;
    enum factor_kind kind;
    int64_t kg_per_kwh_e6;
    char document[128];
    enum confidence confidence;
};

/* factors/carriers.csv: what a unit of a carrier is worth. */
struct carrier {
    char id[32];  /* natural_gas … */
    char unit[8]; /* kWh m3 t GJ MWh */
    bool is_fuel; /* burnt on site: scope 1 */
    bool has_co2;
    int64_t kg_co2_per_unit_e6; /* NCV × CC × OF × 44/12, or the heat factor */
    bool has_coal;
    int64_t kgce_per_unit_e6; /* 当量值 */
    bool has_coal_primary;
    int64_t kgce_primary_per_unit_e6; /* 等价值 */
    char document[160];
    enum confidence confidence;
};

/* benchmarks/<file>.csv: mean t CO2 per 10^4 yuan value added. */
struct benchmark {
    char industry[8];
    char region[8]; /* "" = everywhere; trailing 00 pairs dropped */
    char period[20];
    int64_t t_per_1e4cny_e9;
    char source[128];
    char file[64]; /* "benchmarks/demo.csv" */
};

enum day_kind {
    DAY_KIND_WORK,
    DAY_KIND_REST,
    DAY_KIND_HOLIDAY,
    DAY_KIND_SWAP_WORK
};

struct calendar_day {
    day_t day;
    enum day_kind kind;
};

/* targets/<file>.csv. Most specific wins. */
struct target {
    char group_kind[24]; /* "" = any */
    char group_id[ID_LEN];
    char size_class[8]; /* "" = any */
    char metric[24];    /* resumption_rate production_rate produced_rate */
    int64_t value_e6;
    day_t since;
    day_t until;
    char document[128];
};

/* industries.csv: GB/T 4754-2017 names; regions.csv: GB/T 2260 names and their grid. */
struct industry_name {
    char code[8];
    char name[96];
    char name_en[128];
};

struct region_name {
    char code[8]; /* 2, 4 or 6 digits */
    char name[64];
    char grid[16]; /* provinces only: the regional grid's id in grid.csv */
};

/* All method data in force. Arrays are owned by whoever loaded them (conf). */
struct methods {
    struct resumption_method *resumption;
    int n_resumption;
    struct carbon_method *carbon;
    int n_carbon;
    struct grid_factor *grid;
    int n_grid;
    struct carrier *carrier;
    int n_carrier;
    struct benchmark *benchmark;
    int n_benchmark;
    struct calendar_day *calendar; /* sorted by day */
    int n_calendar;
    struct target *target;
    int n_target;
    struct industry_name *industry; /* sorted by code */
    int n_industry;
    struct region_name *region; /* sorted by code */
    int n_region;
    char sha256[65];         /* of everything together */
    char factors_sha256[65]; /* of factors, benchmarks */
};

#endif
