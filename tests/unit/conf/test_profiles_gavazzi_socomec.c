/* Carlo Gavazzi and Socomec: what their registers give. */
#include "tests/unit/conf/profile_rig.h"

static struct vector vectors[] = {
    {.profile = "carlo-gavazzi-em340",
     .n_reads = 2,
     .registers = {{0x0000, "08FE 0000 090B 0000 08F9 0000"}, /* 2302 2315 2297 */
                   {0x0006, "0FA1 0000 0FAC 0000 0F9B 0000"}, /* 4001 4012 3995 */
                   {0x000C, "2FDA 0000 CB44 FFFF 2DE6 0000"}, /* 12250 -13500 11750 */
                   {0x0012, "6F59 0000 F63A FFFF 1170 0001"}, /* 28505 -2502 70000 */
                   {0x0028, "7703 0001 86A0 0001 FB19 FFFF"}, /* 96003 100000 -1255 */
                   {0x0031, "FC40"},                          /* -960 */
                   {0x0033, "01F5"},                          /* 501 */
                   {0x0034, "D687 0012 81CD 0001 D2F0 0000"}, /* 1234567 98765 54000 */
                   {0x004E, "0073 0000 0021 0000"},           /* 115 33 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229700 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma -13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 7000 power_w 9600 "
               "apparent_va 10000 reactive_var -126 pf_e3 -960 frequency_mhz 50100 "
               "energy_import_wh 1234567 reactive_import_varh 98765 demand_w 5400 "
               "energy_export_wh 115 reactive_export_varh 33"},
    {.name = "carlo-gavazzi-em340: the overflow mark is no value",
     .profile = "carlo-gavazzi-em340",
     .n_reads = 2,
     .n_missing = 3,
     .registers = {{0x0000, "08FE 0000 090B 0000 08F9 0000"}, /* 2302 2315 2297 */
                   {0x0006, "0FA1 0000 0FAC 0000 0F9B 0000"}, /* 4001 4012 3995 */
                   {0x000C, "2FDA 0000 CB44 FFFF 2DE6 0000"}, /* 12250 -13500 11750 */
                   {0x0012, "6F59 0000 F63A FFFF 1170 0001"}, /* 28505 -2502 70000 */
                   {0x0028, "7703 0001 86A0 0001 FB19 FFFF"}, /* 96003 100000 -1255 */
                   {0x0031, "FC40"},                          /* -960 */
                   {0x0033, "01F5"},                          /* 501 */
                   {0x0034, "FFFF 7FFF 81CD 0001"},           /* FFFF7FFF 98765 */
                   {0x0038, "D2F0 0000"},                     /* 54000 overflow */
                   {0x004E, "FFFF 7FFF FFFF 7FFF"},           /* FFFF7FFF FFFF7FFF */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229700 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma -13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 7000 power_w 9600 "
               "apparent_va 10000 reactive_var -126 pf_e3 -960 frequency_mhz 50100 "
               "reactive_import_varh 98765 demand_w 5400"},
    {.profile = "carlo-gavazzi-em24-e1",
     .n_reads = 4,
     .registers = {{0x0000, "08FE 0000 090B 0000 08F9 0000"}, /* 2302 2315 2297 */
                   {0x0006, "0FA1 0000 0FAC 0000 0F9B 0000"}, /* 4001 4012 3995 */
                   {0x000C, "2FDA 0000 CB44 FFFF 2DE6 0000"}, /* 12250 -13500 11750 */
                   {0x0012, "6F59 0000 F63A FFFF 1170 0001"}, /* 28505 -2502 70000 */
                   {0x0028, "7703 0001 86A0 0001 FB19 FFFF"}, /* 96003 100000 -1255 */
                   {0x0031, "FC40"},                          /* -960 */
                   {0x0033, "01F5"},                          /* 501 */
                   {0x0034, "D687 0012 81CD 0001 D2F0 0000"}, /* 1234567 98765 54000 */
                   {0x004E, "0073 0000 0021 0000"},           /* 115 33 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229700 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma -13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 7000 power_w 9600 "
               "apparent_va 10000 reactive_var -126 pf_e3 -960 frequency_mhz 50100 "
               "energy_import_wh 1234567 reactive_import_varh 98765 demand_w 5400 "
               "energy_export_wh 115 reactive_export_varh 33"},
    {.profile = "carlo-gavazzi-em24",
     .n_reads = 5,
     .registers = {{0x0000, "08FE 0000 090B 0000 08F9 0000"}, /* 2302 2315 2297 */
                   {0x000C, "2FDA 0000 CB44 FFFF 2DE6 0000"}, /* 12250 -13500 11750 */
                   {0x0012, "6F59 0000 F63A FFFF 1170 0001"}, /* 28505 -2502 70000 */
                   {0x0028, "7703 0001"},                     /* 96003 */
                   {0x0035, "FC40"},                          /* -960 */
                   {0x0037, "01F5"},                          /* 501 */
                   {0x003E, "D687 0012 81CD 0001"},           /* 1234567 98765 */
                   {0x0042, "004D 0000"},                     /* 77 partial: not read */
                   {0x005C, "0073 0000 0021 0000"},           /* 115 33 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229700 "
               "current_a_ma 12250 current_b_ma -13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 7000 power_w 9600 "
               "pf_e3 -960 frequency_mhz 50100 energy_import_wh 1234567 "
               "reactive_import_varh 98765 energy_export_wh 115 "
               "reactive_export_varh 33"},
    {.profile = "socomec-countis-e14",
     .n_reads = 2,
     .registers = {{0xC558, "0000 59EC"},                     /* 23020 */
                   {0xC55E, "0000 C35C"},                     /* 50012 */
                   {0xC560, "0000 2FDA"},                     /* 12250 */
                   {0xC568, "0000 011D FFFF FFF3 0000 0122"}, /* 285 -13 290 */
                   {0xC56E, "FFFF FC40"},                     /* -960 */
                   {0xC702, "00BC 614E 000F 1206"},           /* 12345678 987654 */
                   {0xC708, "0000 047E"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 frequency_mhz 50012 current_a_ma 12250 "
               "power_w 2850 reactive_var -130 apparent_va 2900 pf_e3 -960 "
               "energy_import_wh 12345678 reactive_import_varh 987654 "
               "energy_export_wh 1150"},
    {.profile = "socomec-countis-e24",
     .n_reads = 2,
     .registers = {{0xC552, "0000 9C4A 0000 9CB8 0000 9C0E"}, /* 40010 40120 39950 */
                   {0xC558, "0000 59EC 0000 5A6E 0000 59BF"}, /* 23020 23150 22975 */
                   {0xC55E, "0000 C35C"},                     /* 50012 */
                   {0xC560, "0000 2FDA 0000 34BC 0000 2DE6"}, /* 12250 13500 11750 */
                   {0xC566, "0000 00FA"},                     /* 250 */
                   {0xC568, "0000 03C0 FFFF FFF3 0000 03E8"}, /* 960 -13 1000 */
                   {0xC56E, "FFFF FC40"},                     /* -960 */
                   {0xC570, "0000 011D FFFF FFE7 0000 02BC"}, /* 285 -25 700 */
                   {0xC702, "00BC 614E 000F 1206"},           /* 12345678 987654 */
                   {0xC708, "0000 047E"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50012 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 current_n_ma 250 power_w 9600 reactive_var -130 "
               "apparent_va 10000 pf_e3 -960 power_a_w 2850 power_b_w -250 "
               "power_c_w 7000 energy_import_wh 12345678 "
               "reactive_import_varh 987654 energy_export_wh 1150"},
    {.name = "socomec-countis-e24: the frequency of an E34 fails the probe",
     .profile = "socomec-countis-e24",
     .n_reads = 2,
     .n_missing = 1,
     .registers = {{0xC552, "0000 9C4A 0000 9CB8 0000 9C0E"}, /* 40010 40120 39950 */
                   {0xC558, "0000 59EC 0000 5A6E 0000 59BF"}, /* 23020 23150 22975 */
                   {0xC55E, "0000 1389"},                     /* 5001 */
                   {0xC560, "0000 2FDA 0000 34BC 0000 2DE6"}, /* 12250 13500 11750 */
                   {0xC566, "0000 00FA"},                     /* 250 */
                   {0xC568, "0000 03C0 FFFF FFF3 0000 03E8"}, /* 960 -13 1000 */
                   {0xC56E, "FFFF FC40"},                     /* -960 */
                   {0xC570, "0000 011D FFFF FFE7 0000 02BC"}, /* 285 -25 700 */
                   {0xC702, "00BC 614E 000F 1206"},           /* 12345678 987654 */
                   {0xC708, "0000 047E"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "current_n_ma 250 power_w 9600 reactive_var -130 apparent_va 10000 "
               "pf_e3 -960 power_a_w 2850 power_b_w -250 power_c_w 7000 "
               "energy_import_wh 12345678 reactive_import_varh 987654 "
               "energy_export_wh 1150"},
    {.profile = "socomec-countis-e34",
     .n_reads = 2,
     .registers = {{0xC552, "0000 9C4A 0000 9CB8 0000 9C0E"}, /* 40010 40120 39950 */
                   {0xC558, "0000 59EC 0000 5A6E 0000 59BF"}, /* 23020 23150 22975 */
                   {0xC55E, "0000 1389"},                     /* 5001 */
                   {0xC560, "0000 2FDA 0000 34BC 0000 2DE6"}, /* 12250 13500 11750 */
                   {0xC566, "0000 00FA"},                     /* 250 */
                   {0xC568, "0000 03C0 FFFF FFF3 0000 03E8"}, /* 960 -13 1000 */
                   {0xC56E, "FFFF FC40"},                     /* -960 */
                   {0xC570, "0000 011D FFFF FFE7 0000 02BC"}, /* 285 -25 700 */
                   {0xC702, "00BC 614E 000F 1206"},           /* 12345678 987654 */
                   {0xC708, "0000 047E"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50010 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 current_n_ma 250 power_w 9600 reactive_var -130 "
               "apparent_va 10000 pf_e3 -960 power_a_w 2850 power_b_w -250 "
               "power_c_w 7000 energy_import_wh 12345678 "
               "reactive_import_varh 987654 energy_export_wh 1150"},
    {.profile = "socomec-diris-a14",
     .n_reads = 2,
     .registers = {{0xC552, "0000 9C4A 0000 9CB8 0000 9C0E"}, /* 40010 40120 39950 */
                   {0xC558, "0000 59EC 0000 5A6E 0000 59BF"}, /* 23020 23150 22975 */
                   {0xC55E, "0000 1389"},                     /* 5001 */
                   {0xC560, "0000 2FDA 0000 34BC 0000 2DE6"}, /* 12250 13500 11750 */
                   {0xC566, "0000 00FA"},                     /* 250 */
                   {0xC568, "0000 03C0 FFFF FFF3 0000 03E8"}, /* 960 -13 1000 */
                   {0xC56E, "FFFF FC40"},                     /* -960 */
                   {0xC570, "0000 011D FFFF FFE7 0000 02BC"}, /* 285 -25 700 */
                   {0xC702, "00BC 614E 000F 1206"},           /* 12345678 987654 */
                   {0xC708, "0000 047E"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50010 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 current_n_ma 250 power_w 9600 reactive_var -130 "
               "apparent_va 10000 pf_e3 -960 power_a_w 2850 power_b_w -250 "
               "power_c_w 7000 energy_import_wh 12345678 "
               "reactive_import_varh 987654 energy_export_wh 1150"},
    {.profile = "socomec-diris-a10",
     .n_reads = 2,
     .registers = {{0xC552, "0000 9C4A 0000 9CB8 0000 9C0E"}, /* 40010 40120 39950 */
                   {0xC558, "0000 59EC 0000 5A6E 0000 59BF"}, /* 23020 23150 22975 */
                   {0xC55E, "0000 1389"},                     /* 5001 */
                   {0xC560, "0000 2FDA 0000 34BC 0000 2DE6"}, /* 12250 13500 11750 */
                   {0xC566, "0000 00FA"},                     /* 250 */
                   {0xC568, "0000 03C0 FFFF FFF3 0000 03E8"}, /* 960 -13 1000 */
                   {0xC56E, "FFFF FC40"},                     /* -960 */
                   {0xC570, "0000 011D FFFF FFE7 0000 02BC"}, /* 285 -25 700 */
                   {0xC65C, "0001 E240"},                     /* 123456 */
                   {0xC662, "0000 0007"},                     /* 7 */
                   {0xC652, "0000 03E7"},                     /* 999 reserved: not read */
                   {0, NULL}},
     .values = "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50010 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 current_n_ma 250 power_w 9600 reactive_var -130 "
               "apparent_va 10000 pf_e3 -960 power_a_w 2850 power_b_w -250 "
               "power_c_w 7000 energy_import_wh 123456 energy_export_wh 7"},
    {.profile = "socomec-diris-b30",
     .n_reads = 2,
     .registers = {{0x480A, "0000 C35C 0000 59EC 0000 5A6E"}, /* 50012 23020 23150 */
                   {0x4810, "0000 59BF"},                     /* 22975 */
                   {0x481A, "0000 2FDA 0000 34BC 0000 2DE6"}, /* 12250 13500 11750 */
                   {0x482C, "0000 2583 FFFF FF82"},           /* 9603 -126 */
                   {0x4838, "0000 0B23 FFFF FF06 0000 1B5A"}, /* 2851 -250 7002 */
                   {0x4D83, "0000 3039 1A85"}, /* 12345 6789 12345.6789 kWh */
                   {0x4D86, "0000 0000 270F"}, /* 0 9999 */
                   {0x4D89, "0000 0007 0001"}, /* 7 1 */
                   {0, NULL}},
     .values = "frequency_mhz 50012 voltage_a_mv 230200 voltage_b_mv 231500 "
               "voltage_c_mv 229750 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 power_w 9603 reactive_var -126 power_a_w 2851 "
               "power_b_w -250 power_c_w 7002 energy_import_wh 123456789 "
               "energy_export_wh 9999 reactive_import_varh 70001"},
};

int main(void)
{
    return rig_run(vectors, sizeof(vectors) / sizeof(vectors[0]));
}
