#include "daemon/cli/commission.h"

#include <stdio.h>

#define PHASES            3
#define POWER_FLOOR_W     50 /* of a phase on the secondary side; below, signs mean nothing */
#define POWER_FLOOR_ALL_W 150
#define FACE_SLACK_WH     1000

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

static enum quantity phase_of(enum quantity first, int phase)
{
    return (enum quantity)((int)first + phase);
}

static bool has_phases(const struct sample *sample, enum quantity first)
{
    return sample_has(sample, first) && sample_has(sample, phase_of(first, 1)) &&
           sample_has(sample, phase_of(first, 2));
}

static void add_hint(struct commission *commission, enum commission_hint hint,
                     uint32_t phases)
{
    commission->hints |= 1u << hint;
    commission->phases |= phases;
}

static void judge_signs(struct commission *commission)
{
    const struct sample *sample = &commission->sample;
    uint32_t negative = 0;
    uint32_t positive = 0;

    if (!has_phases(sample, QUANTITY_POWER_A_W)) {
        return;
    }
    for (int i = 0; i < PHASES; i++) {
        int64_t power_w = sample->value[phase_of(QUANTITY_POWER_A_W, i)];
        int128 secondary =
            (int128)magnitude(power_w) * commission->ratio.den / commission->ratio.num;

        if (secondary >= POWER_FLOOR_W) {
            *(power_w < 0 ? &negative : &positive) |= 1u << i;
        }
    }
    if (negative != 0 && positive != 0) {
        add_hint(commission, COMMISSION_REVERSED_CT, negative);
    } else if (negative != 0 && commission->meter->role == METER_ROLE_SUPPLY) {
        add_hint(commission, COMMISSION_DIRECTION, negative);
    }
}

/* Currents and voltages that belong together give more than 0.3 of their product; turned
 * by one phase cos(φ ± 120°) is below that for every load with a power factor above 0.75.
 */
static void judge_order(struct commission *commission)
{
    const struct sample *sample = &commission->sample;
    int128 product = 0;

    if (!has_phases(sample, QUANTITY_VOLTAGE_A_MV) ||
        !has_phases(sample, QUANTITY_CURRENT_A_MA) ||
        !sample_has(sample, QUANTITY_POWER_W)) {
        return;
    }
    for (int i = 0; i < PHASES; i++) {
        product += (int128)sample->value[phase_of(QUANTITY_VOLTAGE_A_MV, i)] *
                   magnitude(sample->value[phase_of(QUANTITY_CURRENT_A_MA, i)]);
    }
    product /= 1000000;
    if (product * commission->ratio.den / commission->ratio.num >= POWER_FLOOR_ALL_W &&
        (int128)magnitude(sample->value[QUANTITY_POWER_W]) * 10 < product * 3) {
        add_hint(commission, COMMISSION_PHASE_ORDER, 0);
    }
}

static void judge_voltages(struct commission *commission)
{
    const struct sample *sample = &commission->sample;
    int64_t highest = 0;
    uint32_t low = 0;

    if (!has_phases(sample, QUANTITY_VOLTAGE_A_MV)) {
        return;
    }
    for (int i = 0; i < PHASES; i++) {
        int64_t value = sample->value[phase_of(QUANTITY_VOLTAGE_A_MV, i)];

        highest = value > highest ? value : highest;
    }
    for (int i = 0; i < PHASES; i++) {
        if (2 * sample->value[phase_of(QUANTITY_VOLTAGE_A_MV, i)] < highest) {
            low |= 1u << i;
        }
    }
    if (low != 0) {
        add_hint(commission, COMMISSION_VOLTAGE_MISSING, low);
    }
}

static void fail(struct commission *commission, const char *reason)
{
    commission->result = COMMISSION_FAIL;
    (void)snprintf(commission->reason, sizeof(commission->reason), "%s", reason);
}

static void judge_face(struct commission *commission)
{
    const struct sample *sample = &commission->sample;
    int64_t digit_wh = ratio_apply(1, commission->profile->register_wh);
    int64_t slack_wh = digit_wh > FACE_SLACK_WH ? digit_wh : FACE_SLACK_WH;

    if (!commission->has_face) {
        return;
    }
    if (sample_has(sample, QUANTITY_POWER_W)) {
        int64_t hour_wh = div_round_128((int128)magnitude(sample->value[QUANTITY_POWER_W]) *
                                            commission->ratio.den,
                                        commission->ratio.num);

        slack_wh = hour_wh > slack_wh ? hour_wh : slack_wh;
    }
    commission->difference_wh = commission->register_wh - commission->face_wh;
    if (magnitude(commission->difference_wh) > slack_wh) {
        fail(commission, "face_differs");
    }
}

static struct ratio or_one(struct ratio ratio)
{
    return ratio.num > 0 && ratio.den > 0 ? ratio : (struct ratio){1, 1};
}

void commission_judge(struct commission *commission)
{
    const struct meter *meter = commission->meter;
    const struct sample *sample = &commission->sample;

    commission->hints = 0;
    commission->phases = 0;
    commission->result = COMMISSION_OK;
    commission->reason[0] = '\0';
    commission->ratio = ratio_mul(or_one(meter->pt), or_one(meter->ct));
    commission->has_energy =
        commission->was_read && sample_has(sample, QUANTITY_ENERGY_IMPORT_WH);
    if (!commission->was_read) {
        fail(commission, "not_read");
        return;
    }
    if (sample->status != SLOT_OK && sample->status != SLOT_PARTIAL) {
        fail(commission, slot_status_name(sample->status));
        return;
    }
    judge_signs(commission);
    judge_order(commission);
    judge_voltages(commission);
    commission->result = commission->hints != 0 ? COMMISSION_CHECK : COMMISSION_OK;
    if (!commission->has_energy) {
        fail(commission, "no_energy");
        return;
    }
    commission->register_wh = ratio_apply(sample->value[QUANTITY_ENERGY_IMPORT_WH],
                                          commission->profile->register_wh);
    commission->primary_wh =
        ratio_apply(sample->value[QUANTITY_ENERGY_IMPORT_WH], meter->register_wh);
    judge_face(commission);
}

const char *commission_hint_name(enum commission_hint hint)
{
    static const char *const name[] = {
#define COMMISSION_NAME(id, word) word,
        COMMISSION_HINT_LIST(COMMISSION_NAME)
#undef COMMISSION_NAME
    };

    return (unsigned)hint < COMMISSION_HINT_COUNT ? name[hint] : "";
}

const char *commission_result_name(enum commission_result result)
{
    return result == COMMISSION_OK ? "ok" : result == COMMISSION_CHECK ? "check" : "fail";
}
