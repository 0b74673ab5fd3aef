/* ABB and Janitza: what their registers give. */
#include "tests/unit/conf/profile_rig.h"

static struct vector vectors[] = {
    {.profile = "abb-b23",
     .n_reads = 2,
     .registers = {{0x5000, "0000 0000 00BC 614E"},                     /* 12345678 */
                   {0x5004, "0000 0000 0000 047E"},                     /* 1150 */
                   {0x500C, "0000 0000 000F 1206 0000 0000 0000 0021"}, /* 987654 33 */
                   {0x5B00, "0000 08FE 0000 090B 0000 08F9"},           /* 2302 2315 2297 */
                   {0x5B06, "0000 0FA1 0000 0FAC 0000 0F9B"},           /* 4001 4012 3995 */
                   {0x5B0C, "0000 04C9 0000 0546 0000 0497"},           /* 1225 1350 1175 */
                   {0x5B12, "0000 0019"},                               /* 25 */
                   {0x5B14, "0008 8BB2 0004 597A"},                     /* 560050 285050 */
                   {0x5B18, "FFFF 9E3F 0004 93E0"},                     /* -25025 300000 */
                   {0x5B1C, "FFFF CEFA"},                               /* -12550 */
                   {0x5B24, "0009 8968"},                               /* 625000 */
                   {0x5B2C, "1389"},                                    /* 5001 */
                   {0x5B3A, "FC80"},                                    /* -896 */
                   {0, NULL}},
     .values = "energy_import_wh 12345678 energy_export_wh 1150 "
               "reactive_import_varh 987654 reactive_export_varh 33 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229700 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "current_n_ma 250 power_w 5601 power_a_w 2851 power_b_w -250 "
               "power_c_w 3000 reactive_var -126 apparent_va 6250 "
               "frequency_mhz 50010 pf_e3 -896"},
    {.profile = "abb-a43",
     .n_reads = 2,
     .registers = {{0x5000, "0000 0000 00BC 614E"},                     /* 12345678 */
                   {0x5004, "0000 0000 0000 047E"},                     /* 1150 */
                   {0x500C, "0000 0000 000F 1206 0000 0000 0000 0021"}, /* 987654 33 */
                   {0x5B00, "0000 08FE 0000 090B 0000 08F9"},           /* 2302 2315 2297 */
                   {0x5B06, "0000 0FA1 0000 0FAC 0000 0F9B"},           /* 4001 4012 3995 */
                   {0x5B0C, "0000 04C9 0000 0546 0000 0497"},           /* 1225 1350 1175 */
                   {0x5B12, "0000 0019"},                               /* 25 */
                   {0x5B14, "0008 8BB2 0004 597A"},                     /* 560050 285050 */
                   {0x5B18, "FFFF 9E3F 0004 93E0"},                     /* -25025 300000 */
                   {0x5B1C, "FFFF CEFA"},                               /* -12550 */
                   {0x5B24, "0009 8968"},                               /* 625000 */
                   {0x5B2C, "1389"},                                    /* 5001 */
                   {0x5B3A, "FC80"},                                    /* -896 */
                   {0, NULL}},
     .values = "energy_import_wh 12345678 energy_export_wh 1150 "
               "reactive_import_varh 987654 reactive_export_varh 33 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229700 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "current_n_ma 250 power_w 5601 power_a_w 2851 power_b_w -250 "
               "power_c_w 3000 reactive_var -126 apparent_va 6250 "
               "frequency_mhz 50010 pf_e3 -896"},
    {.name = "abb-b23: what the type or the wiring lacks is no value",
     .profile = "abb-b23",
     .n_reads = 2,
     .n_missing = 17,
     .registers = {{0x5000,
                    "0000 0000 00BC 614E FFFF FFFF FFFF FFFF"}, /* 12345678 no export */
                   {0x500C, "FFFF FFFF FFFF FFFF FFFF FFFF FFFF FFFF"},
                   {0x5B00, "0000 08FE FFFF FFFF FFFF FFFF"}, /* 2302 one phase */
                   {0x5B06, "FFFF FFFF FFFF FFFF FFFF FFFF"},
                   {0x5B0C, "0000 04C9 FFFF FFFF FFFF FFFF FFFF FFFF"}, /* 1225 */
                   {0x5B14, "0004 597A 0004 597A"},                     /* 285050 285050 */
                   {0x5B18, "7FFF FFFF 7FFF FFFF"},
                   {0x5B1C, "7FFF FFFF"}, /* 7FFFFFFF */
                   {0x5B24, "7FFF FFFF"}, /* 7FFFFFFF */
                   {0x5B2C, "FFFF"},      /* FFFF */
                   {0x5B3A, "7FFF"},      /* 7FFF */
                   {0, NULL}},
     .values = "energy_import_wh 12345678 voltage_a_mv 230200 current_a_ma 12250 "
               "power_w 2851 power_a_w 2851"},
    {.profile = "janitza-umg96rm",
     .n_reads = 2,
     .registers = {{19000, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {19006, "43C8 0CCD 43C8 999A 43C7 C000"}, /* 400.1 401.2 399.5 */
                   {19012, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {19020, "4532 2800 C37A 4000 453B 8000"}, /* 2850.5 -250.25 3000 */
                   {19026, "45AF 0400"},                     /* 5600.5 */
                   {19034, "45C3 5000"},                     /* 6250 */
                   {19042, "C2FA 0000"},                     /* -125 */
                   {19050, "4248 0A3D"},                     /* 50.01 */
                   {19068, "4996 B438"},                     /* 1234567 */
                   {19076, "448F C000"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5601 "
               "apparent_va 6250 reactive_var -125 frequency_mhz 50010 "
               "energy_import_wh 1234567 energy_export_wh 1150"},
    {.profile = "janitza-umg604",
     .n_reads = 4,
     .registers = {{1317, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {1325, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {1333, "4532 2800 C37A 4000 453B 8000"}, /* 2850.5 -250.25 3000 */
                   {1369, "45AF 0400 C2FA 0000"},           /* 5600.5 -125 */
                   {1439, "4247 EB85"},                     /* 49.98 */
                   {9851, "4996 B438"},                     /* 1234567 */
                   {9863, "448F C000"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5601 "
               "reactive_var -125 frequency_mhz 49980 energy_import_wh 1234567 "
               "energy_export_wh 1150"},
    {.profile = "janitza-b23",
     .n_reads = 2,
     .registers = {{0x4A38, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {0x4A44, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {0x4A4C, "4532 2800 C37A 4000 453B 8000"}, /* 2850.5 -250.25 3000 */
                   {0x4A52, "45AF 0400"},                     /* 5600.5 */
                   {0x4A6A, "4248 0A3D"},                     /* 50.01 */
                   {0x4A7C, "4996 B438"},                     /* 1234567 */
                   {0x4A84, "448F C000"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5601 "
               "frequency_mhz 50010 energy_import_wh 1234567 energy_export_wh 1150"},
};

int main(void)
{
    return rig_run(vectors, sizeof(vectors) / sizeof(vectors[0]));
}
