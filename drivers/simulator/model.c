#include "drivers/simulator/model.h"

#include <string.h>

#define VOLTAGE_MV      INT64_C(230000)  /* phase to neutral, secondary */
#define LINE_E6         INT64_C(1732051) /* sqrt(3) in millionths */
#define PF_E3           INT64_C(950)
#define REACTIVE_PER_E3 INT64_C(329) /* tan(acos(0.95)) */

static void put(struct image_value *values, enum quantity quantity, int64_t value)
{
    values[quantity] = (struct image_value){value, true};
}

static int64_t register_of(const struct simulated_meter *meter, int64_t energy_w_ms)
{
    /* primary energy ÷ (PT × CT × Wh per unit) */
    struct ratio primary = meter->profile->primary_side ? (struct ratio){1, 1}
                                                        : ratio_mul(meter->pt, meter->ct);
    struct ratio unit = ratio_mul(primary, meter->profile->register_wh);
    int128 units = (int128)energy_w_ms * unit.den / ((int128)W_MS_PER_WH * unit.num);
    int64_t shown = meter->start_register + (int64_t)units;

    return meter->profile->register_range > 0 ? shown % meter->profile->register_range
                                              : shown;
}

static void put_power(const struct simulated_meter *meter, int64_t power_w,
                      struct image_value *values)
{
    struct ratio primary = meter->profile->primary_side ? (struct ratio){1, 1}
                                                        : ratio_mul(meter->pt, meter->ct);
    int64_t shown_w = div_round_128((int128)power_w * primary.den, primary.num);
    int64_t current_ma = shown_w * 1000000 / (3 * VOLTAGE_MV / 1000 * PF_E3);

    put(values, QUANTITY_POWER_W, shown_w);
    put(values, QUANTITY_POWER_A_W, shown_w / 3);
    put(values, QUANTITY_POWER_B_W, shown_w / 3);
    put(values, QUANTITY_POWER_C_W, shown_w - 2 * (shown_w / 3));
    put(values, QUANTITY_REACTIVE_VAR, shown_w * REACTIVE_PER_E3 / 1000);
    put(values, QUANTITY_APPARENT_VA, shown_w * 1000 / PF_E3);
    put(values, QUANTITY_DEMAND_W, shown_w);
    put(values, QUANTITY_CURRENT_A_MA, current_ma);
    put(values, QUANTITY_CURRENT_B_MA, current_ma);
    put(values, QUANTITY_CURRENT_C_MA, current_ma);
    put(values, QUANTITY_CURRENT_N_MA, current_ma / 50);
}

void model_values(const struct simulated_meter *meter, struct load_integral *integral,
                  int64_t wall_ms, const struct zone *zone,
                  struct image_value ret_values[QUANTITY_COUNT])
{
    int64_t energy_w_ms = load_integral_w_ms(integral, &meter->load, wall_ms, zone);
    int64_t line_mv = VOLTAGE_MV * LINE_E6 / 1000000;

    memset(ret_values, 0, sizeof(*ret_values) * QUANTITY_COUNT);
    put(ret_values, QUANTITY_ENERGY_IMPORT_WH, register_of(meter, energy_w_ms));
    put(ret_values, QUANTITY_ENERGY_EXPORT_WH, 0);
    put(ret_values, QUANTITY_REACTIVE_IMPORT_VARH,
        register_of(meter, energy_w_ms / 1000 * REACTIVE_PER_E3));
    put(ret_values, QUANTITY_REACTIVE_EXPORT_VARH, 0);
    put_power(meter, load_power_w(&meter->load, wall_ms, zone), ret_values);
    put(ret_values, QUANTITY_PF_E3, PF_E3);
    put(ret_values, QUANTITY_VOLTAGE_A_MV, VOLTAGE_MV);
    put(ret_values, QUANTITY_VOLTAGE_B_MV, VOLTAGE_MV - 400);
    put(ret_values, QUANTITY_VOLTAGE_C_MV, VOLTAGE_MV + 300);
    put(ret_values, QUANTITY_VOLTAGE_AB_MV, line_mv);
    put(ret_values, QUANTITY_VOLTAGE_BC_MV, line_mv);
    put(ret_values, QUANTITY_VOLTAGE_CA_MV, line_mv);
    put(ret_values, QUANTITY_FREQUENCY_MHZ, 50010);
}
