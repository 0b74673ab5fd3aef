/* Eastron: what the registers of its meters give; the SDM630 is in test_profiles.c. */
#include "tests/unit/conf/profile_rig.h"

static struct vector vectors[] = {
    {.profile = "eastron-sdm120",
     .n_reads = 2,
     .registers = {{0x0000, "4366 3333"},                     /* 230.2 */
                   {0x0006, "4144 0000"},                     /* 12.25 */
                   {0x000C, "4532 2800"},                     /* 2850.5 */
                   {0x0012, "453A E400"},                     /* 2990.25 */
                   {0x0018, "C2F1 0000"},                     /* -120.5 */
                   {0x001E, "BF73 F7CF"},                     /* -0.953 */
                   {0x0046, "4247 EB85 4640 E6B6"},           /* 49.98 12345.678 */
                   {0x004A, "4138 0000 4476 E9DB 3FA0 0000"}, /* 11.5 987.654 1.25 */
                   {0x0054, "4528 C000"},                     /* 2700 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 current_a_ma 12250 power_w 2851 "
               "apparent_va 2990 reactive_var -121 pf_e3 -953 frequency_mhz 49980 "
               "energy_import_wh 12345678 energy_export_wh 11500 "
               "reactive_import_varh 987654 reactive_export_varh 1250 "
               "demand_w 2700"},
    {.name = "eastron-sdm120: the manual's frame is 230.2 V, swapped words fail the probe",
     .profile = "eastron-sdm120",
     .n_reads = 2,
     .n_missing = 1,
     .registers = {{0x0000, "4366 3334"}, /* 43663334 the frame of the manual: 230.2 V */
                   {0x0046, "0A3D 4248"}, /* 0A3D4248 words swapped */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 current_a_ma 0 power_w 0 apparent_va 0 "
               "reactive_var 0 pf_e3 0 energy_import_wh 0 energy_export_wh 0 "
               "reactive_import_varh 0 reactive_export_varh 0 demand_w 0"},
    {.profile = "eastron-sdm220",
     .n_reads = 2,
     .registers = {{0x0000, "4366 3333"},                     /* 230.2 */
                   {0x0006, "4144 0000"},                     /* 12.25 */
                   {0x000C, "4532 2800"},                     /* 2850.5 */
                   {0x0012, "453A E400"},                     /* 2990.25 */
                   {0x0018, "C2F1 0000"},                     /* -120.5 */
                   {0x001E, "BF73 F7CF"},                     /* -0.953 */
                   {0x0046, "4247 EB85 4640 E6B6"},           /* 49.98 12345.678 */
                   {0x004A, "4138 0000 4476 E9DB 3FA0 0000"}, /* 11.5 987.654 1.25 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 current_a_ma 12250 power_w 2851 "
               "apparent_va 2990 reactive_var -121 pf_e3 -953 frequency_mhz 49980 "
               "energy_import_wh 12345678 energy_export_wh 11500 "
               "reactive_import_varh 987654 reactive_export_varh 1250"},
    {.profile = "eastron-sdm230",
     .n_reads = 2,
     .registers = {{0x0000, "4366 3333"},                     /* 230.2 */
                   {0x0006, "4144 0000"},                     /* 12.25 */
                   {0x000C, "4532 2800"},                     /* 2850.5 */
                   {0x0012, "453A E400"},                     /* 2990.25 */
                   {0x0018, "C2F1 0000"},                     /* -120.5 */
                   {0x001E, "BF73 F7CF"},                     /* -0.953 */
                   {0x0046, "4247 EB85 4640 E6B6"},           /* 49.98 12345.678 */
                   {0x004A, "4138 0000 4476 E9DB 3FA0 0000"}, /* 11.5 987.654 1.25 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 current_a_ma 12250 power_w 2851 "
               "apparent_va 2990 reactive_var -121 pf_e3 -953 frequency_mhz 49980 "
               "energy_import_wh 12345678 energy_export_wh 11500 "
               "reactive_import_varh 987654 reactive_export_varh 1250"},
    {.profile = "eastron-sdm72",
     .n_reads = 1,
     .registers = {{0x0034, "46C3 5100"},           /* 25000.5 */
                   {0x0048, "4640 E6B6 4138 0000"}, /* 12345.678 11.5 */
                   {0, NULL}},
     .values = "power_w 25001 energy_import_wh 12345678 energy_export_wh 11500"},
    {.profile = "eastron-sdm72v2",
     .n_reads = 2,
     .registers = {{0x0000, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {0x0006, "4144 0000 3E80 0000 0000 0000"}, /* 12.25 0.25 0 */
                   {0x000C, "452F 0800 C060 0000 40E8 0000"}, /* 2800.5 -3.5 7.25 */
                   {0x0034, "452F 4400"},                     /* 2804.25 */
                   {0x0038, "4535 4000"},                     /* 2900 */
                   {0x003C, "C2F0 0000"},                     /* -120 */
                   {0x003E, "3F77 8D50"},                     /* 0.967 */
                   {0x0046, "4248 0A3D 4640 E6B6"},           /* 50.01 12345.678 */
                   {0x004A, "4138 0000"},                     /* 11.5 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "current_a_ma 12250 current_b_ma 250 current_c_ma 0 power_a_w 2801 "
               "power_b_w -4 power_c_w 7 power_w 2804 apparent_va 2900 "
               "reactive_var -120 pf_e3 967 frequency_mhz 50010 "
               "energy_import_wh 12345678 energy_export_wh 11500"},
};

int main(void)
{
    return rig_run(vectors, sizeof(vectors) / sizeof(vectors[0]));
}
