/* Acrel and Chint: what their registers give. */
#include "tests/unit/conf/profile_rig.h"

static struct vector vectors[] = {
    {.profile = "acrel-adl3000",
     .n_reads = 3,
     .registers = {{0x000A, "0001 E240"},                     /* 123456 */
                   {0x0014, "0000 0019"},                     /* 25 */
                   {0x0028, "FFFF FFFF"},                     /* 4294967295 unsigned */
                   {0x0032, "0000 0001"},                     /* 1 */
                   {0x0061, "08FE 08FF 0900 01F5 0000"},      /* 2302 2303 2304 501 0 */
                   {0x0066, "03E8"},                          /* 1000 */
                   {0x0077, "1387"},                          /* 4999 */
                   {0x0164, "0000 0D05 FFFF FF88 0000 0001"}, /* 3333 -120 1 */
                   {0x016A, "0000 0C8E"},                     /* 3214 */
                   {0x0172, "FFFF FFFF"},                     /* -1 */
                   {0x017A, "0000 0D48"},                     /* 3400 */
                   {0x017F, "FC3E"},                          /* -962 */
                   {0, NULL}},
     .values = "energy_import_wh 123456 energy_export_wh 25 "
               "reactive_import_varh 4294967295 reactive_export_varh 1 "
               "voltage_a_mv 230200 voltage_b_mv 230300 voltage_c_mv 230400 "
               "current_a_ma 5010 current_b_ma 0 current_c_ma 10000 "
               "frequency_mhz 49990 power_a_w 3333 power_b_w -120 power_c_w 1 "
               "power_w 3214 reactive_var -1 apparent_va 3400 pf_e3 -962"},
    {.profile = "acrel-adw300",
     .n_reads = 1,
     .registers = {{20, "0901 08FA 0906"},                /* 2305 2298 2310 */
                   {26, "04D2 0000 FFFF"},                /* 1234 0 65535 unsigned */
                   {30, "0000 0B22 FFFF FFD8 0000 0BC2"}, /* 2850 -40 3010 */
                   {36, "0000 16BC"},                     /* 5820 */
                   {62, "0083 D678 0000 0021"},           /* 8640120 33 */
                   {0, NULL}},
     .values = "voltage_a_mv 230500 voltage_b_mv 229800 voltage_c_mv 231000 "
               "current_a_ma 12340 current_b_ma 0 current_c_ma 655350 "
               "power_a_w 2850 power_b_w -40 power_c_w 3010 power_w 5820 "
               "energy_import_wh 8640120 energy_export_wh 33"},
    {.name = "acrel-adw300: an energy below 0 is no value",
     .profile = "acrel-adw300",
     .n_reads = 1,
     .n_missing = 1,
     .registers = {{20, "0901 08FA 0906"},                /* 2305 2298 2310 */
                   {26, "04D2 0000 0001"},                /* 1234 0 1 */
                   {30, "0000 0B22 FFFF FFD8 0000 0BC2"}, /* 2850 -40 3010 */
                   {36, "0000 16BC"},                     /* 5820 */
                   {62, "FFFF FFFF 0000 0021"},           /* -1 33 a counter below 0 */
                   {0, NULL}},
     .values = "voltage_a_mv 230500 voltage_b_mv 229800 voltage_c_mv 231000 "
               "current_a_ma 12340 current_b_ma 0 current_c_ma 10 power_a_w 2850 "
               "power_b_w -40 power_c_w 3010 power_w 5820 energy_export_wh 33"},
    {.profile = "chint-ddsu666",
     .n_reads = 2,
     .registers = {{0x2000, "4366 3333 4144 0000"}, /* 230.2 12.25 V A */
                   {0x2004, "4036 6E98 BE80 0000"}, /* 2.8505 -0.25 kW kvar */
                   {0x200A, "BF76 45A2"},           /* -0.962 */
                   {0x200E, "4248 0A3D"},           /* 50.01 */
                   {0x4000, "449A 51EC"},           /* 1234.56 */
                   {0x400A, "3E80 0000"},           /* 0.25 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 current_a_ma 12250 power_w 2851 "
               "reactive_var -250 pf_e3 -962 frequency_mhz 50010 "
               "energy_import_wh 123456 energy_export_wh 25"},
    {.profile = "chint-dtsu666-old",
     .n_reads = 4,
     .registers = {{0x401E, "449A 5000"},                     /* 1234.5 */
                   {0x4028, "3E80 0000"},                     /* 0.25 */
                   {0x4032, "42C8 8000"},                     /* 100.25 Q1 */
                   {0x403C, "40F0 0000"},                     /* 7.5 Q2 */
                   {0x4046, "4050 0000"},                     /* 3.25 Q3 */
                   {0x4050, "3F00 0000"},                     /* 0.5 Q4 */
                   {0x2000, "457A 1000 457A C000 4579 B000"}, /* 4001 4012 3995 */
                   {0x2006, "450F E000 4510 B000 450F 9800"}, /* 2302 2315 2297.5 */
                   {0x200C, "459C F800 0000 0000 457A 1000"}, /* 5023 0 4001 */
                   {0x2012, "4550 8800 C2F0 0000 4496 A000"}, /* 3336.5 -120 1205 */
                   {0x2018, "450C B800"},                     /* 2251.5 */
                   {0x201A, "C2FA 0000"},                     /* -125 */
                   {0x202A, "4470 8000"},                     /* 962 */
                   {0x2044, "459C 4800"},                     /* 5001 */
                   {0, NULL}},
     .values = "energy_import_wh 123450 energy_export_wh 25 "
               "reactive_import_varh 10775 reactive_export_varh 375 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "current_a_ma 5023 current_b_ma 0 current_c_ma 4001 power_w 334 "
               "power_a_w -12 power_b_w 121 power_c_w 225 reactive_var -13 "
               "pf_e3 962 frequency_mhz 50010"},
    {.name = "chint-dtsu666-old: half a sum is no value, real units fail the probe",
     .profile = "chint-dtsu666-old",
     .n_reads = 4,
     .n_missing = 2,
     .registers = {{0x401E, "449A 5000"},                     /* 1234.5 */
                   {0x4028, "3E80 0000"},                     /* 0.25 */
                   {0x4032, "42C8 8000"},                     /* 100.25 */
                   {0x403C, "7FC0 0000"},                     /* 7FC00000 Q2 is NaN */
                   {0x4046, "4050 0000"},                     /* 3.25 */
                   {0x4050, "3F00 0000"},                     /* 0.5 */
                   {0x2000, "457A 1000 457A C000 4579 B000"}, /* 4001 4012 3995 */
                   {0x2006, "450F E000 4510 B000 450F 9800"}, /* 2302 2315 2297.5 */
                   {0x200C, "459C F800 0000 0000 457A 1000"}, /* 5023 0 4001 */
                   {0x2012, "4550 8800 C2F0 0000 4496 A000"}, /* 3336.5 -120 1205 */
                   {0x2018, "450C B800"},                     /* 2251.5 */
                   {0x201A, "C2FA 0000"},                     /* -125 */
                   {0x202A, "4470 8000"},                     /* 962 */
                   {0x2044, "4248 0A3D"},                     /* 50.01 not in 0.01 Hz */
                   {0, NULL}},
     .values = "energy_import_wh 123450 energy_export_wh 25 "
               "reactive_export_varh 375 voltage_ab_mv 400100 voltage_bc_mv 401200 "
               "voltage_ca_mv 399500 voltage_a_mv 230200 voltage_b_mv 231500 "
               "voltage_c_mv 229750 current_a_ma 5023 current_b_ma 0 "
               "current_c_ma 4001 power_w 334 power_a_w -12 power_b_w 121 "
               "power_c_w 225 reactive_var -13 pf_e3 962"},
};

int main(void)
{
    return rig_run(vectors, sizeof(vectors) / sizeof(vectors[0]));
}
