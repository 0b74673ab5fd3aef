/* Schneider and Siemens: what their registers give. */
#include "tests/unit/conf/profile_rig.h"

static struct vector vectors[] = {
    {.profile = "schneider-iem3155",
     .n_reads = 2,
     .registers = {{2999, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {3019, "43C8 0CCD 43C8 999A 43C7 C000"}, /* 400.1 401.2 399.5 */
                   {3027, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {3053, "4036 6E98 BE80 0000 4040 0000"}, /* 2.8505 -0.25 3.0 */
                   {3059, "40B3 3333"},                     /* 5.6 */
                   {3067, "BE00 0000"},                     /* -0.125 */
                   {3075, "40C8 0000"},                     /* 6.25 */
                   {3083, "3F85 1EB8"},                     /* 1.04 leading 0.96 */
                   {3109, "4248 0A3D"},                     /* 50.01 */
                   {3203, "0000 001C BE99 1A14"},           /* 123456789012 */
                   {3207, "0000 0000 0000 000B"},           /* 11 */
                   {3219, "0000 0000 3ADE 68B1"},           /* 987654321 */
                   {3223, "0000 0000 0000 000C"},           /* 12 */
                   {0, NULL}},
     .values = "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5600 "
               "reactive_var -125 apparent_va 6250 pf_e3 960 frequency_mhz 50010 "
               "energy_import_wh 123456789012 energy_export_wh 11 "
               "reactive_import_varh 987654321 reactive_export_varh 12"},
    {.profile = "schneider-iem3150",
     .n_reads = 2,
     .registers = {{2999, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {3019, "43C8 0CCD 43C8 999A 43C7 C000"}, /* 400.1 401.2 399.5 */
                   {3027, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {3053, "4036 6E98 BE80 0000 4040 0000"}, /* 2.8505 -0.25 3.0 */
                   {3059, "40B3 3333"},                     /* 5.6 */
                   {3067, "BE00 0000"},                     /* -0.125 */
                   {3075, "40C8 0000"},                     /* 6.25 */
                   {3083, "3F75 C28F"},                     /* 0.96 */
                   {3109, "4248 0A3D"},                     /* 50.01 */
                   {3203, "0000 001C BE99 1A14"},           /* 123456789012 */
                   {0, NULL}},
     .values = "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5600 "
               "reactive_var -125 apparent_va 6250 pf_e3 960 frequency_mhz 50010 "
               "energy_import_wh 123456789012"},
    {.profile = "schneider-pm5100",
     .n_reads = 2,
     .registers = {{2999, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {3005, "3F00 0000"},                     /* 0.5 */
                   {3019, "43C8 0CCD 43C8 999A 43C7 C000"}, /* 400.1 401.2 399.5 */
                   {3027, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {3053, "4036 6E98 BE80 0000 4040 0000"}, /* 2.8505 -0.25 3.0 */
                   {3059, "40B3 3333"},                     /* 5.6 */
                   {3067, "BE00 0000"},                     /* -0.125 */
                   {3075, "40C8 0000"},                     /* 6.25 */
                   {3083, "BFD9 999A"},                     /* -1.7 leading, exporting */
                   {3109, "4248 0A3D"},                     /* 50.01 */
                   {3203, "0000 001C BE99 1A14"},           /* 123456789012 */
                   {3207, "0000 0000 0000 000B"},           /* 11 */
                   {3219, "0000 0000 3ADE 68B1"},           /* 987654321 */
                   {3223, "0000 0000 0000 000C"},           /* 12 */
                   {0, NULL}},
     .values = "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5600 "
               "reactive_var -125 apparent_va 6250 current_n_ma 500 pf_e3 -300 "
               "frequency_mhz 50010 energy_import_wh 123456789012 "
               "energy_export_wh 11 reactive_import_varh 987654321 "
               "reactive_export_varh 12"},
    {.name = "schneider-pm5100: NaN, 8000… and a power factor of 2.5 are no values",
     .profile = "schneider-pm5100",
     .n_reads = 2,
     .n_missing = 4,
     .registers = {{2999, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {3005, "FFC0 0000"},                     /* FFC00000 */
                   {3019, "43C8 0CCD 43C8 999A 43C7 C000"}, /* 400.1 401.2 399.5 */
                   {3027, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {3053, "4036 6E98 BE80 0000 4040 0000"}, /* 2.8505 -0.25 3.0 */
                   {3059, "40B3 3333"},                     /* 5.6 */
                   {3067, "BE00 0000"},                     /* -0.125 */
                   {3075, "40C8 0000"},                     /* 6.25 */
                   {3083, "4020 0000"},                     /* 2.5 no such code */
                   {3109, "4248 0A3D"},                     /* 50.01 */
                   {3203, "0000 001C BE99 1A14"},           /* 123456789012 */
                   {3207, "8000 0000 0000 0000"},
                   {3219, "8000 0000 0000 0000 0000 0000 0000 000C"}, /* 12 */
                   {0, NULL}},
     .values = "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5600 "
               "reactive_var -125 apparent_va 6250 frequency_mhz 50010 "
               "energy_import_wh 123456789012 reactive_export_varh 12"},
    {.profile = "schneider-pm2230",
     .n_reads = 2,
     .registers = {{2999, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {3005, "3F00 0000"},                     /* 0.5 */
                   {3019, "43C8 0CCD 43C8 999A 43C7 C000"}, /* 400.1 401.2 399.5 */
                   {3027, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {3053, "4036 6E98 BE80 0000 4040 0000"}, /* 2.8505 -0.25 3.0 */
                   {3059, "40B3 3333"},                     /* 5.6 */
                   {3067, "BE00 0000"},                     /* -0.125 */
                   {3075, "40C8 0000"},                     /* 6.25 */
                   {3083, "3E80 0000"},                     /* 0.25 */
                   {3109, "4248 0A3D"},                     /* 50.01 */
                   {3203, "0000 001C BE99 1A14"},           /* 123456789012 */
                   {3207, "0000 0000 0000 000B"},           /* 11 */
                   {3219, "0000 0000 3ADE 68B1"},           /* 987654321 */
                   {3223, "0000 0000 0000 000C"},           /* 12 */
                   {0, NULL}},
     .values = "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 power_w 5600 "
               "reactive_var -125 apparent_va 6250 current_n_ma 500 pf_e3 250 "
               "frequency_mhz 50010 energy_import_wh 123456789012 "
               "energy_export_wh 11 reactive_import_varh 987654321 "
               "reactive_export_varh 12"},
    {.profile = "siemens-pac3200",
     .n_reads = 3,
     .registers = {{1, "4366 3333 4367 8000 4365 C000"},   /* 230.2 231.5 229.75 */
                   {7, "43C8 0CCD 43C8 999A 43C7 C000"},   /* 400.1 401.2 399.5 */
                   {13, "4144 0000 4158 0000 413C 0000"},  /* 12.25 13.5 11.75 */
                   {25, "4532 2800 C37A 4000 453B 8000"},  /* 2850.5 -250.25 3000 W */
                   {63, "45C3 5000 45AF 0400 C2FA 0000"},  /* 6250 5600.5 -125 */
                   {69, "3F65 6042"},                      /* 0.896 */
                   {55, "4248 0A3D"},                      /* 50.01 */
                   {501, "459C 4200 0000 0000 437A C000"}, /* 5000.25 0 250.75 */
                   {507, "0000 0000"},                     /* 0 import and export mean */
                   {801, "423C BE99 1A08 4000"},           /* 123456789000.25 */
                   {805, "4028 8000 0000 0000"},           /* 12.25 T1 T2 */
                   {809, "408F 4000 0000 0000 3FE0 0000 0000 0000"}, /* 1000 0.5 */
                   {817, "40D3 8800 0000 0000 403E 0000 0000 0000"}, /* 20000 30 */
                   {825, "401C 0000 0000 0000 0000 0000 0000 0000"}, /* 7 0 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 apparent_va 6250 "
               "power_w 5601 reactive_var -125 pf_e3 896 frequency_mhz 50010 "
               "demand_w 4750 energy_import_wh 123456789013 energy_export_wh 1001 "
               "reactive_import_varh 20030 reactive_export_varh 7"},
    {.profile = "siemens-pac4200",
     .n_reads = 3,
     .registers = {{1, "4366 3333 4367 8000 4365 C000"},   /* 230.2 231.5 229.75 */
                   {7, "43C8 0CCD 43C8 999A 43C7 C000"},   /* 400.1 401.2 399.5 */
                   {13, "4144 0000 4158 0000 413C 0000"},  /* 12.25 13.5 11.75 */
                   {25, "4532 2800 C37A 4000 453B 8000"},  /* 2850.5 -250.25 3000 W */
                   {63, "45C3 5000 45AF 0400 C2FA 0000"},  /* 6250 5600.5 -125 */
                   {69, "3F65 6042"},                      /* 0.896 */
                   {55, "4247 EB85"},                      /* 49.98 */
                   {501, "459C 4200 0000 0000 437A C000"}, /* 5000.25 0 250.75 */
                   {507, "0000 0000"},                     /* 0 import and export mean */
                   {801, "423C BE99 1A08 4000"},           /* 123456789000.25 */
                   {805, "4028 8000 0000 0000"},           /* 12.25 T1 T2 */
                   {809, "408F 4000 0000 0000 3FE0 0000 0000 0000"}, /* 1000 0.5 */
                   {817, "40D3 8800 0000 0000 403E 0000 0000 0000"}, /* 20000 30 */
                   {825, "401C 0000 0000 0000 0000 0000 0000 0000"}, /* 7 0 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 apparent_va 6250 "
               "power_w 5601 reactive_var -125 pf_e3 896 frequency_mhz 49980 "
               "demand_w 4750 energy_import_wh 123456789013 energy_export_wh 1001 "
               "reactive_import_varh 20030 reactive_export_varh 7"},
    {.name = "siemens-pac3200: a tariff without a value leaves no import",
     .profile = "siemens-pac3200",
     .n_reads = 3,
     .n_missing = 1,
     .registers = {{1, "4366 3333 4367 8000 4365 C000"},   /* 230.2 231.5 229.75 */
                   {7, "43C8 0CCD 43C8 999A 43C7 C000"},   /* 400.1 401.2 399.5 */
                   {13, "4144 0000 4158 0000 413C 0000"},  /* 12.25 13.5 11.75 */
                   {25, "4532 2800 C37A 4000 453B 8000"},  /* 2850.5 -250.25 3000 W */
                   {63, "45C3 5000 45AF 0400 C2FA 0000"},  /* 6250 5600.5 -125 */
                   {69, "3F65 6042"},                      /* 0.896 */
                   {55, "4248 0A3D"},                      /* 50.01 */
                   {501, "459C 4200 0000 0000 437A C000"}, /* 5000.25 0 250.75 */
                   {507, "0000 0000"},                     /* 0 import and export mean */
                   {801, "408F 4000 0000 0000 7FF8 0000 0000 0000"}, /* 1000 T2 is NaN */
                   {809, "408F 4000 0000 0000 3FE0 0000 0000 0000"}, /* 1000 0.5 */
                   {817, "40D3 8800 0000 0000 403E 0000 0000 0000"}, /* 20000 30 */
                   {825, "401C 0000 0000 0000 0000 0000 0000 0000"}, /* 7 0 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 apparent_va 6250 "
               "power_w 5601 reactive_var -125 pf_e3 896 frequency_mhz 50010 "
               "demand_w 4750 energy_export_wh 1001 reactive_import_varh 20030 "
               "reactive_export_varh 7"},
    {.profile = "siemens-pac3100",
     .n_reads = 3,
     .registers = {{1, "4366 3333 4367 8000 4365 C000"},  /* 230.2 231.5 229.75 */
                   {7, "43C8 0CCD 43C8 999A 43C7 C000"},  /* 400.1 401.2 399.5 */
                   {13, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {25, "4532 2800 C37A 4000 453B 8000"}, /* 2850.5 -250.25 3000 W */
                   {63, "45C3 5000 45AF 0400 C2FA 0000"}, /* 6250 5600.5 -125 */
                   {69, "3F65 6042"},                     /* 0.896 */
                   {801, "423C BE99 1A08 C000"},          /* 123456789000.75 */
                   {805, "40D3 8810 0000 0000"},          /* 20000.25 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 apparent_va 6250 "
               "power_w 5601 reactive_var -125 pf_e3 896 "
               "energy_import_wh 123456789001 reactive_import_varh 20000"},
    {.profile = "siemens-pac2200",
     .n_reads = 3,
     .registers = {{1, "4366 3333 4367 8000 4365 C000"},  /* 230.2 231.5 229.75 */
                   {7, "43C8 0CCD 43C8 999A 43C7 C000"},  /* 400.1 401.2 399.5 */
                   {13, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {25, "4532 2800 C37A 4000 453B 8000"}, /* 2850.5 -250.25 3000 W */
                   {63, "45C3 5000 45AF 0400 C2FA 0000"}, /* 6250 5600.5 -125 */
                   {69, "3F65 6042"},                     /* 0.896 */
                   {801, "423C BE99 1A08 4000"},          /* 123456789000.25 */
                   {805, "4028 8000 0000 0000"},          /* 12.25 T1 T2 */
                   {809, "408F 4000 0000 0000 3FE0 0000 0000 0000"}, /* 1000 0.5 */
                   {817, "40D3 8800 0000 0000 403E 0000 0000 0000"}, /* 20000 30 */
                   {825, "401C 0000 0000 0000 0000 0000 0000 0000"}, /* 7 0 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11750 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 apparent_va 6250 "
               "power_w 5601 reactive_var -125 pf_e3 896 "
               "energy_import_wh 123456789013 energy_export_wh 1001 "
               "reactive_import_varh 20030 reactive_export_varh 7"},
    {.profile = "siemens-pac1600",
     .n_reads = 3,
     .registers = {{1, "0000 59EC 0000 5A6E 0000 59BF"},  /* 23020 23150 22975 */
                   {7, "0001 DE84 0002 0F58"},            /* 122500 135000 */
                   {11, "0001 CB01"},                     /* 117505 */
                   {13, "0000 9C4A 0000 9CB8 0000 9C0E"}, /* 40010 40120 39950 */
                   {19, "0004 597A FFFF 9E3F"},           /* 285050 -25025 */
                   {23, "0004 93E0"},                     /* 300000 */
                   {49, "0000 1389"},                     /* 5001 */
                   {57, "0008 8BB2 FFFF CEFA"},           /* 560050 -12550 */
                   {6687, "FFFF FFFF 0000 03E8"},         /* 4294967295 1000 */
                   {6691, "0000 4E20 0000 0007"},         /* 20000 7 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "current_a_ma 12250 current_b_ma 13500 current_c_ma 11751 "
               "voltage_ab_mv 400100 voltage_bc_mv 401200 voltage_ca_mv 399500 "
               "power_a_w 2851 power_b_w -250 power_c_w 3000 frequency_mhz 50010 "
               "power_w 5601 reactive_var -126 energy_import_wh 4294967295 "
               "energy_export_wh 1000 reactive_import_varh 20000 "
               "reactive_export_varh 7"},
};

int main(void)
{
    return rig_run(vectors, sizeof(vectors) / sizeof(vectors[0]));
}
