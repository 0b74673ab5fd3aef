/*
 * The quantities of a meter, as interfaces name them: unit in the name, signed 64-bit
 * integers, import positive. Energy registers are stored as the meter shows them (register
 * units); all other values are primary side. X(ID, name, kind, group): kind says which
 * transformer ratio applies, group which poll interval.
 */
#ifndef ECMON_QUANTITY_H
#define ECMON_QUANTITY_H

#include <stdint.h>

#define QUANTITY_LIST(X)                                                                   \
    X(ENERGY_IMPORT_WH, "energy_import_wh", ENERGY, ENERGY)                                \
    X(ENERGY_EXPORT_WH, "energy_export_wh", ENERGY, ENERGY)                                \
    X(REACTIVE_IMPORT_VARH, "reactive_import_varh", ENERGY, ENERGY)                        \
    X(REACTIVE_EXPORT_VARH, "reactive_export_varh", ENERGY, ENERGY)                        \
    X(POWER_W, "power_w", POWER, POWER)                                                    \
    X(POWER_A_W, "power_a_w", POWER, POWER)                                                \
    X(POWER_B_W, "power_b_w", POWER, POWER)                                                \
    X(POWER_C_W, "power_c_w", POWER, POWER)                                                \
    X(REACTIVE_VAR, "reactive_var", POWER, POWER)                                          \
    X(APPARENT_VA, "apparent_va", POWER, POWER)                                            \
    X(PF_E3, "pf_e3", PLAIN, POWER)                                                        \
    X(VOLTAGE_A_MV, "voltage_a_mv", VOLTAGE, VOLTAGE)                                      \
    X(VOLTAGE_B_MV, "voltage_b_mv", VOLTAGE, VOLTAGE)                                      \
    X(VOLTAGE_C_MV, "voltage_c_mv", VOLTAGE, VOLTAGE)                                      \
    X(VOLTAGE_AB_MV, "voltage_ab_mv", VOLTAGE, VOLTAGE)                                    \
    X(VOLTAGE_BC_MV, "voltage_bc_mv", VOLTAGE, VOLTAGE)                                    \
    X(VOLTAGE_CA_MV, "voltage_ca_mv", VOLTAGE, VOLTAGE)                                    \
    X(CURRENT_A_MA, "current_a_ma", CURRENT, CURRENT)                                      \
    X(CURRENT_B_MA, "current_b_ma", CURRENT, CURRENT)                                      \
    X(CURRENT_C_MA, "current_c_ma", CURRENT, CURRENT)                                      \
    X(CURRENT_N_MA, "current_n_ma", CURRENT, CURRENT)                                      \
    X(FREQUENCY_MHZ, "frequency_mhz", PLAIN, VOLTAGE)                                      \
    X(DEMAND_W, "demand_w", POWER, POWER)

enum quantity {
#define QUANTITY_ENUM(id, name, kind, group) QUANTITY_##id,
    QUANTITY_LIST(QUANTITY_ENUM)
#undef QUANTITY_ENUM
    QUANTITY_COUNT
};

/* The four energy registers come first. */
#define ENERGY_COUNT 4

/* Which ratio turns the secondary value into the primary one. */
enum quantity_kind {
    QUANTITY_KIND_ENERGY,  /* PT × CT, applied by compute and views, not when stored */
    QUANTITY_KIND_POWER,   /* PT × CT */
    QUANTITY_KIND_VOLTAGE, /* PT */
    QUANTITY_KIND_CURRENT, /* CT */
    QUANTITY_KIND_PLAIN    /* none */
};

/* Which poll interval a quantity belongs to (`intervals: energy=60s;power=15min`). */
enum quantity_group {
    QUANTITY_GROUP_ENERGY,
    QUANTITY_GROUP_POWER,
    QUANTITY_GROUP_VOLTAGE,
    QUANTITY_GROUP_CURRENT,
    QUANTITY_GROUP_COUNT
};

/* Defined in daemon/core/words.c. */
const char *quantity_name(enum quantity quantity);
enum quantity_kind quantity_kind(enum quantity quantity);
enum quantity_group quantity_group(enum quantity quantity);
/* Returns QUANTITY_COUNT when no quantity has that name. */
enum quantity quantity_from_name(const char *name);

#endif
