#include "daemon/collect/identify.h"

#include <stddef.h>
#include <string.h>

#define PHASES          3
#define ENERGY_MAX_WH   INT64_C(100000000000)
#define POWER_FLOOR_W   100 /* below, rounding hides what is right */
#define POWER_SLACK_W   30
#define POINTS_OF_PROOF 10 /* least evidence of a fit */

struct band {
    int64_t min;
    int64_t max;
};

/* Phase voltage in mV: secondary 57.7 V, low voltage up to 400/690 V, primary 6 to 66 kV.
 */
static const struct band phase_bands[] = {{45000, 75000},       {80000, 300000},
                                          {300001, 480000},     {2900000, 7000000},
                                          {10000000, 44000000}, {0, 0}};
static const struct band line_bands[] = {{80000, 130000},      {140000, 520000},
                                         {520001, 830000},     {5000000, 12100000},
                                         {17500000, 76000000}, {0, 0}};

static bool within(int64_t value, const struct band *bands)
{
    for (; bands->max != 0; bands++) {
        if (value >= bands->min && value <= bands->max) {
            return true;
        }
    }
    return false;
}

static bool wants(const struct profile *profile, enum quantity quantity)
{
    for (int i = 0; i < profile->n_points; i++) {
        if (profile->point[i].quantity == quantity) {
            return true;
        }
    }
    return false;
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

static enum quantity phase_of(enum quantity first, int phase)
{
    return (enum quantity)((int)first + phase);
}

/* A phase without voltage says nothing as long as another one has some. */
static int judge_voltage(const struct sample *sample)
{
    int points = 0;
    int n_zero = 0;
    int n = 0;
    bool has_phase = false;

    for (int i = 0; i < 2 * PHASES; i++) {
        enum quantity quantity = phase_of(QUANTITY_VOLTAGE_A_MV, i);
        bool is_phase = i < PHASES;
        int64_t value = sample->value[quantity];

        if (!sample_has(sample, quantity)) {
            continue;
        }
        n++;
        if (value == 0) {
            n_zero++;
        } else if (within(value, is_phase ? phase_bands : line_bands)) {
            points += is_phase || !has_phase ? 10 : 5;
            has_phase = has_phase || is_phase;
        } else {
            points -= 40;
        }
    }
    return n > 0 && n_zero == n ? -25 : points;
}

/* Uab of two phases that are both there is √3 times Ua; at most 15 % off. */
static int judge_line_voltage(const struct sample *sample)
{
    int64_t a = sample->value[QUANTITY_VOLTAGE_A_MV];
    int64_t b = sample->value[QUANTITY_VOLTAGE_B_MV];
    int64_t ab = sample->value[QUANTITY_VOLTAGE_AB_MV];

    if (!sample_has(sample, QUANTITY_VOLTAGE_A_MV) ||
        !sample_has(sample, QUANTITY_VOLTAGE_B_MV) ||
        !sample_has(sample, QUANTITY_VOLTAGE_AB_MV) || !within(a, phase_bands) ||
        !within(b, phase_bands) || !within(ab, line_bands)) {
        return 0;
    }
    return ab * 1000 >= a * 1470 && ab * 1000 <= a * 1990 ? 5 : -20;
}

/* Profiles drop frequencies out of range themselves: missing is as bad as wrong. */
static int judge_frequency(const struct profile *profile, const struct sample *sample)
{
    int64_t value = sample->value[QUANTITY_FREQUENCY_MHZ];

    if (!wants(profile, QUANTITY_FREQUENCY_MHZ)) {
        return 0;
    }
    return sample_has(sample, QUANTITY_FREQUENCY_MHZ) && value >= 45000 && value <= 65000
               ? 30
               : -30;
}

static int judge_power_factor(const struct sample *sample)
{
    if (!sample_has(sample, QUANTITY_PF_E3) || sample->value[QUANTITY_PF_E3] == 0) {
        return 0;
    }
    return magnitude(sample->value[QUANTITY_PF_E3]) <= 1000 ? 5 : -20;
}

static int judge_power_sum(const struct sample *sample)
{
    int128 sum = 0;
    int128 size = 0;

    if (!sample_has(sample, QUANTITY_POWER_W)) {
        return 0;
    }
    for (int i = 0; i < PHASES; i++) {
        enum quantity quantity = phase_of(QUANTITY_POWER_A_W, i);

        if (!sample_has(sample, quantity)) {
            return 0;
        }
        sum += sample->value[quantity];
        size += magnitude(sample->value[quantity]);
    }
    int128 total = sample->value[QUANTITY_POWER_W];
    int128 off = total > sum ? total - sum : sum - total;

    size += total < 0 ? -total : total;
    if (size < POWER_FLOOR_W) {
        return 0;
    }
    return off <= size / 40 + POWER_SLACK_W ? 15 : -25;
}

/* Volt-amperes of the phases whose voltage and current came; 0: none. */
static int128 volt_amperes(const struct sample *sample)
{
    int128 sum = 0;

    for (int i = 0; i < PHASES; i++) {
        enum quantity voltage = phase_of(QUANTITY_VOLTAGE_A_MV, i);
        enum quantity current = phase_of(QUANTITY_CURRENT_A_MA, i);

        if (sample_has(sample, current) && sample_has(sample, voltage)) {
            int128 product = (int128)sample->value[voltage] * sample->value[current];

            sum += product < 0 ? -product : product;
        }
    }
    return sum / 1000000;
}

static int judge_volt_ampere(const struct sample *sample)
{
    int128 power = magnitude(sample->value[QUANTITY_POWER_W]);
    int128 product = volt_amperes(sample);
    int64_t pf_e3 = magnitude(sample->value[QUANTITY_PF_E3]);

    if (!sample_has(sample, QUANTITY_POWER_W) || product < POWER_FLOOR_W) {
        return 0;
    }
    if (power > product * 11 / 10 + POWER_SLACK_W) {
        return -25;
    }
    if (!sample_has(sample, QUANTITY_PF_E3) || pf_e3 == 0 || pf_e3 > 1000) {
        return power * 20 > product ? 10 : 0;
    }
    int128 expected = product * pf_e3 / 1000;
    int128 off = power > expected ? power - expected : expected - power;

    return off <= expected / 4 + POWER_SLACK_W ? 20 : -25;
}

static int judge_register(const struct profile *profile, const struct sample *sample,
                          enum quantity quantity)
{
    int64_t value = sample->value[quantity];

    if (!sample_has(sample, quantity) || value == 0) {
        return 0;
    }
    int128 energy_wh = (int128)value * profile->register_wh.num / profile->register_wh.den;

    return value > 0 && energy_wh <= ENERGY_MAX_WH ? 10 : -40;
}

static int judge_energy(const struct profile *profile, const struct sample *sample)
{
    int points = 0;

    for (int q = 0; q < ENERGY_COUNT; q++) {
        points += judge_register(profile, sample, (enum quantity)q);
    }
    return points;
}

void identify_judge(const struct profile *profile, const struct sample *sample,
                    struct identify_fit *ret_fit)
{
    struct identify_fit fit = {.fits = true, .expected = profile->n_points};

    for (int q = 0; q < QUANTITY_COUNT; q++) {
        fit.present += sample_has(sample, (enum quantity)q);
    }
    int missing = fit.expected - fit.present;

    fit.points[IDENTIFY_VOLTAGE] = judge_voltage(sample) + judge_line_voltage(sample);
    fit.points[IDENTIFY_FREQUENCY] = judge_frequency(profile, sample);
    fit.points[IDENTIFY_POWER_FACTOR] = judge_power_factor(sample);
    fit.points[IDENTIFY_POWER_SUM] = judge_power_sum(sample);
    fit.points[IDENTIFY_VOLT_AMPERE] = judge_volt_ampere(sample);
    fit.points[IDENTIFY_ENERGY] = judge_energy(profile, sample);
    fit.points[IDENTIFY_VALUES] = fit.present - 6 * missing;
    for (int i = 0; i < IDENTIFY_CHECK_COUNT; i++) {
        fit.total += fit.points[i];
        fit.fits = fit.fits && (i == IDENTIFY_VALUES || fit.points[i] >= 0);
    }
    fit.fits = fit.fits && sample_has(sample, QUANTITY_ENERGY_IMPORT_WH) &&
               3 * missing <= fit.expected && fit.total >= POINTS_OF_PROOF;
    *ret_fit = fit;
}

int identify_compare(const struct identify_fit *a, const struct identify_fit *b)
{
    if (a->fits != b->fits) {
        return a->fits ? -1 : 1;
    }
    return (a->total < b->total) - (a->total > b->total);
}

const char *identify_check_name(enum identify_check check)
{
    static const char *const name[] = {
#define IDENTIFY_NAME(id, word) word,
        IDENTIFY_CHECK_LIST(IDENTIFY_NAME)
#undef IDENTIFY_NAME
    };

    return (unsigned)check < IDENTIFY_CHECK_COUNT ? name[check] : "";
}
