#include "daemon/compute/carbon.h"

#include <stddef.h>

#include <ecmon/err.h>
#include <ecmon/ratio.h>

/* Sums are held in pico-units (10^-12 kg): 10^-6 of a unit times 10^-6 kg per unit. */
static const int64_t pico_per_mg = 1000000;
static const int64_t pico_per_gram = INT64_C(1000000000);
/* 10^9 t of CO2 in 10^-12 kg: a country's, and K·10^9 still fits 128 bits. */
static const int128 pico_max = (int128)INT64_C(1000000000000) * INT64_C(1000000000000);

struct sums {
    int128 electricity;
    int128 market;
    int128 scope1;
    int128 heat;
    int128 coal;
    int128 coal_primary;
    bool has_co2; /* of every carrier used */
    bool has_coal;
    bool has_primary;
};

static int128 pico_of_wh(int64_t wh, int64_t kg_per_kwh_e6)
{
    return (int128)wh * 1000 * kg_per_kwh_e6;
}

static void sum_electricity(const struct carbon_input *input, int64_t green_wh,
                            struct sums *sums)
{
    const struct carrier *electricity = input->electricity;
    int64_t used_wh = input->purchased_wh + input->self_pv_wh;

    sums->electricity = pico_of_wh(input->purchased_wh, input->average_e6);
    sums->market = pico_of_wh(input->purchased_wh - green_wh, input->residual_e6);
    sums->has_coal = electricity != NULL && electricity->has_coal;
    sums->has_primary = electricity != NULL && electricity->has_coal_primary;
    if (sums->has_coal) {
        sums->coal = pico_of_wh(used_wh, electricity->kgce_per_unit_e6);
    }
    if (sums->has_primary) {
        sums->coal_primary = pico_of_wh(used_wh, electricity->kgce_primary_per_unit_e6);
    }
}

/* A fuel's 等价值 is its 当量值 unless the data say otherwise: only electricity and heat
 * differ. */
static void sum_term(const struct carbon_term *term, struct sums *sums)
{
    const struct carrier *carrier = term->carrier;
    int64_t primary_e6 = carrier->has_coal_primary ? carrier->kgce_primary_per_unit_e6
                                                   : carrier->kgce_per_unit_e6;
    int128 co2 = (int128)term->quantity_e6 * carrier->kg_co2_per_unit_e6;

    if (term->quantity_e6 == 0) {
        return;
    }
    sums->has_co2 = sums->has_co2 && carrier->has_co2;
    sums->has_coal = sums->has_coal && carrier->has_coal;
    sums->has_primary =
        sums->has_primary && (carrier->has_coal || carrier->has_coal_primary);
    if (carrier->is_fuel) {
        sums->scope1 += co2;
    } else {
        sums->heat += co2;
    }
    sums->coal += (int128)term->quantity_e6 * carrier->kgce_per_unit_e6;
    sums->coal_primary += (int128)term->quantity_e6 * primary_e6;
}

static struct carbon_value value_of(bool has, int128 amount, int64_t divisor)
{
    if (!has) {
        return (struct carbon_value){false, 0};
    }
    return (struct carbon_value){true, div_round_128(amount, divisor)};
}

static int128 gcd_128(int128 a, int128 b)
{
    while (b != 0) {
        int128 rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* In lowest terms; should that not fit 64 bits, to 18 digits. */
static void neutral_of(int128 num, int128 den, struct carbon_figures *figures)
{
    if (den <= 0 || num < 0) {
        return;
    }
    int128 divisor = gcd_128(num, den);
    num /= divisor;
    den /= divisor;
    while (den > INT64_MAX || num > INT64_MAX) {
        num /= 2;
        den /= 2;
    }
    figures->neutral_num = (int64_t)num;
    figures->neutral_den = (int64_t)den;
}

/* A quotient that no longer fits is beyond every threshold all the same. */
static int64_t quotient(int128 num, int128 den)
{
    if (num / den >= INT64_MAX) {
        return INT64_MAX;
    }
    return div_round_128(num, den);
}

/* L = (pico · 10^-15 t) ÷ (value_added_e6 · 10^-10 · 10^4 yuan), K = L ÷ benchmark; both ·
 * 10^9. */
static void intensity_of(const struct carbon_input *input, int128 co2,
                         struct carbon_figures *figures)
{
    if (!input->has_value_added || input->value_added_e6 <= 0) {
        return;
    }
    figures->intensity_e9.has = true;
    figures->intensity_e9.value = quotient(co2 * 10000, input->value_added_e6);
    if (input->has_benchmark && input->benchmark_e9 > 0) {
        figures->ratio_e9.has = true;
        figures->ratio_e9.value =
            quotient(co2 * INT64_C(10000000000000),
                     (int128)input->value_added_e6 * input->benchmark_e9);
    }
}

static bool fits(int128 value)
{
    return value >= -pico_max && value <= pico_max;
}

int carbon_figures_of(const struct carbon_input *input, struct carbon_figures *ret_figures)
{
    struct carbon_figures figures = {0};
    struct sums sums = {.has_co2 = true};
    bool electric = input->has_purchased;
    int128 location = 0;

    figures.green_wh = input->green_power_wh < input->purchased_wh ? input->green_power_wh
                                                                   : input->purchased_wh;
    sum_electricity(input, figures.green_wh, &sums);
    for (int i = 0; i < input->n_terms; i++) {
        sum_term(&input->term[i], &sums);
    }
    location = sums.electricity + sums.heat + sums.scope1;
    sums.market += sums.heat + sums.scope1;
    if (!fits(location) || !fits(sums.market) || !fits(sums.coal) ||
        !fits(sums.coal_primary)) {
        return ERR_OVERFLOW;
    }

    bool has_location = electric && input->has_average && sums.has_co2;
    figures.energy_gce = value_of(electric && sums.has_coal, sums.coal, pico_per_gram);
    figures.energy_primary_gce =
        value_of(electric && sums.has_primary, sums.coal_primary, pico_per_gram);
    figures.scope1_mg = value_of(sums.has_co2, sums.scope1, pico_per_mg);
    figures.heat_mg = value_of(sums.has_co2, sums.heat, pico_per_mg);
    figures.electricity_mg =
        value_of(electric && input->has_average, sums.electricity, pico_per_mg);
    figures.co2_location_mg = value_of(has_location, location, pico_per_mg);
    figures.co2_market_mg =
        value_of(electric && input->has_residual && sums.has_co2, sums.market, pico_per_mg);
    figures.co2_graded_mg = figures.co2_location_mg;
    if (has_location) {
        int128 own = pico_of_wh(input->self_pv_wh, input->average_e6);

        intensity_of(input, location, &figures);
        neutral_of(own + pico_of_wh(figures.green_wh, input->average_e6), location + own,
                   &figures);
    }
    *ret_figures = figures;
    return 0;
}

enum carbon_level carbon_level_of(int64_t intensity_e9, const struct carbon_method *method)
{
    if (intensity_e9 <= method->level_e9[0]) {
        return CARBON_LEVEL_LOW;
    }
    return intensity_e9 <= method->level_e9[1] ? CARBON_LEVEL_MID : CARBON_LEVEL_HIGH;
}

const char *carbon_level_name(enum carbon_level level)
{
    static const char *const names[] = {NULL, "low", "mid", "high"};

    return names[level];
}

int carbon_grade_of(int64_t ratio_e9, const struct carbon_method *method)
{
    int grade = 1;

    while (grade < 5 && ratio_e9 > method->grade_e9[grade - 1]) {
        grade++;
    }
    return grade;
}

const char *carbon_reason_name(enum carbon_reason reason)
{
    static const char *const names[CARBON_REASON_COUNT] = {
        NULL,
        "commissioning",
        "no_value_added",
        "value_added_not_positive",
        "no_factor",
        "carrier_only_coarser",
        "carrier_incomplete",
        "electricity_incomplete",
        "no_benchmark",
        "period_open",
    };

    return names[reason];
}

enum carbon_reason carbon_reason_of(uint32_t applies)
{
    int reason = CARBON_COMMISSIONING;

    while (reason < CARBON_REASON_COUNT && (applies >> reason & 1u) == 0) {
        reason++;
    }
    return reason < CARBON_REASON_COUNT ? (enum carbon_reason)reason : CARBON_REASON_NONE;
}

const char *carbon_status_of(enum carbon_reason reason)
{
    switch (reason) {
    case CARBON_REASON_NONE:
        return "final";
    case CARBON_PERIOD_OPEN:
        return "provisional";
    case CARBON_CARRIER_ONLY_COARSER:
    case CARBON_CARRIER_INCOMPLETE:
    case CARBON_ELECTRICITY_INCOMPLETE:
        return "incomplete";
    case CARBON_COMMISSIONING:
    case CARBON_NO_VALUE_ADDED:
    case CARBON_VALUE_ADDED_NOT_POSITIVE:
    case CARBON_NO_FACTOR:
    case CARBON_NO_BENCHMARK:
    case CARBON_REASON_COUNT:
    default:
        return "not_rated";
    }
}

bool carbon_has_level(enum carbon_reason reason)
{
    return carbon_has_grade(reason) || reason == CARBON_NO_BENCHMARK;
}

bool carbon_has_grade(enum carbon_reason reason)
{
    return reason == CARBON_REASON_NONE || reason == CARBON_PERIOD_OPEN;
}

int64_t carbon_intensity_e4(int64_t co2_mg, int64_t value_added_e6)
{
    return div_round_128((int128)co2_mg * 100000, value_added_e6);
}

int64_t carbon_ratio_e4(int64_t co2_mg, int64_t value_added_e6, int64_t benchmark_e9)
{
    return div_round_128((int128)co2_mg * INT64_C(100000000000000),
                         (int128)value_added_e6 * benchmark_e9);
}
