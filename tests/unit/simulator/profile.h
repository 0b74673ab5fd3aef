/* A profile with a register of each kind, made by hand: function 4 floats, function 3 the
 * rest. */
#ifndef ECMON_TESTS_SIMULATOR_PROFILE_H
#define ECMON_TESTS_SIMULATOR_PROFILE_H

#include <ecmon/profile.h>

#define PART(at, kind, words, num)                                                         \
    {                                                                                      \
        at, REGISTER_##kind, WORD_ORDER_##words, {num, 1}, false                           \
    }

static struct profile_point sample_points[] = {
    /* function 3, registers 100 to 117 */
    {.quantity = QUANTITY_POWER_A_W,
     .function = 3,
     .n_parts = 1,
     .part = {PART(100, S32, BE, 1)}},
    {.quantity = QUANTITY_FREQUENCY_MHZ,
     .function = 3,
     .n_parts = 1,
     .part = {PART(102, U16, BE, 10)},
     .n_missing = 1,
     .missing = {0xffff}},
    {.quantity = QUANTITY_ENERGY_IMPORT_WH,
     .function = 3,
     .n_parts = 1,
     .part = {PART(103, S64, BE, 1)}},
    {.quantity = QUANTITY_CURRENT_A_MA,
     .function = 3,
     .n_parts = 1,
     .part = {PART(107, U32, SW, 1)}},
    {.quantity = QUANTITY_POWER_B_W, /* P+ and P- */
     .function = 3,
     .n_parts = 2,
     .part = {PART(109, U16, BE, 1), {110, REGISTER_U16, WORD_ORDER_BE, {1, 1}, true}}},
    {.quantity = QUANTITY_PF_E3,
     .function = 3,
     .n_parts = 1,
     .part = {PART(111, S16, BE, 1)}},
    {.quantity = QUANTITY_REACTIVE_IMPORT_VARH, /* kvarh and the rest in varh */
     .function = 3,
     .n_parts = 2,
     .part = {PART(112, U32, BE, 1000), PART(114, U16, BE, 1)}},
    {.quantity = QUANTITY_ENERGY_EXPORT_WH,
     .function = 3,
     .n_parts = 1,
     .part = {PART(116, BCD32, BE, 1)}},
    /* function 4, registers 0 to 3 */
    {.quantity = QUANTITY_VOLTAGE_A_MV,
     .function = 4,
     .n_parts = 1,
     .part = {PART(0, F32, BE, 1000)}},
    {.quantity = QUANTITY_POWER_W,
     .function = 4,
     .n_parts = 1,
     .part = {PART(2, F32, SW, 1)}},
};

static const struct profile sample_profile = {.id = "test-meter",
                                              .primary_side = true,
                                              .max_registers = 20,
                                              .register_wh = {10, 1},
                                              .register_range = 1000000,
                                              .n_points = sizeof(sample_points) /
                                                          sizeof(sample_points[0]),
                                              .point = sample_points};

#endif
