/* DL/T 645 profiles made by hand, for the captured frames of real meters. */
#ifndef ECMON_TESTS_SIMULATOR_PROFILE_DLT645_H
#define ECMON_TESTS_SIMULATOR_PROFILE_DLT645_H

#include "drivers/simulator/simulator.h"

#define DATA(what, at_id, alone, at, n, sign, num)                                         \
    {                                                                                      \
        .quantity = QUANTITY_##what, .n_parts = 1, .part = {{.scale = {num, 1}}},          \
        .data = {                                                                          \
            at_id,                                                                         \
            alone,                                                                         \
            at,                                                                            \
            n,                                                                             \
            sign                                                                           \
        }                                                                                  \
    }

static struct profile_point dlt645_points[] = {
    DATA(ENERGY_IMPORT_WH, 0x00010000, 0, 0, 4, false, 1),
    DATA(ENERGY_EXPORT_WH, 0x00020000, 0, 0, 4, false, 1),
    DATA(REACTIVE_IMPORT_VARH, 0x00030000, 0, 0, 4, true, 1),
    DATA(VOLTAGE_A_MV, 0x0201FF00, 0x02010100, 0, 2, false, 100),
    DATA(VOLTAGE_B_MV, 0x0201FF00, 0x02010200, 2, 2, false, 100),
    DATA(VOLTAGE_C_MV, 0x0201FF00, 0x02010300, 4, 2, false, 100),
    DATA(CURRENT_A_MA, 0x0202FF00, 0x02020100, 0, 3, true, 1),
    DATA(CURRENT_B_MA, 0x0202FF00, 0x02020200, 3, 3, true, 1),
    DATA(CURRENT_C_MA, 0x0202FF00, 0x02020300, 6, 3, true, 1),
    DATA(PF_E3, 0x02060000, 0, 0, 2, true, 1),
};

static const struct profile dlt645_profile = {.protocol = PROFILE_DLT645_2007,
                                              .id = "test-dlt645",
                                              .register_wh = {10, 1},
                                              .register_range = 100000000,
                                              .n_points = sizeof(dlt645_points) /
                                                          sizeof(dlt645_points[0]),
                                              .point = dlt645_points};

/* Total and four tariffs in one block; the quantities stand for the tariffs. */
static struct profile_point tariff_points[] = {
    DATA(ENERGY_IMPORT_WH, 0x0001FF00, 0, 0, 4, false, 1),
    DATA(ENERGY_EXPORT_WH, 0x0001FF00, 0, 4, 4, false, 1),
    DATA(REACTIVE_IMPORT_VARH, 0x0001FF00, 0, 8, 4, false, 1),
    DATA(REACTIVE_EXPORT_VARH, 0x0001FF00, 0, 12, 4, false, 1),
    DATA(POWER_W, 0x0001FF00, 0, 16, 4, false, 1),
};

static const struct profile tariff_profile = {.protocol = PROFILE_DLT645_2007,
                                              .id = "test-tariffs",
                                              .register_wh = {10, 1},
                                              .n_points = 5,
                                              .point = tariff_points};

static struct profile_point old_points[] = {
    DATA(ENERGY_IMPORT_WH, 0x9010, 0, 0, 4, false, 1),
};

static const struct profile old_profile = {.protocol = PROFILE_DLT645_1997,
                                           .id = "test-dlt645-1997",
                                           .register_wh = {10, 1},
                                           .n_points = 1,
                                           .point = old_points};

/* What a meter shows, by quantity; without has nothing. ctx of known_value. */
struct known {
    int64_t value[QUANTITY_COUNT];
    bool has[QUANTITY_COUNT];
};

static bool known_value(void *ctx, const struct simulated_meter *meter,
                        enum quantity quantity, int64_t wall_ms, int64_t *ret_value)
{
    const struct known *known = ctx;

    (void)meter;
    (void)wall_ms;
    *ret_value = known->value[quantity];
    return known->has[quantity];
}

static void know(struct known *known, enum quantity quantity, int64_t value)
{
    known->value[quantity] = value;
    known->has[quantity] = true;
}

#endif
