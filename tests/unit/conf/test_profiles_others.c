/* Wago, Inepro, Phoenix Contact, TQ: what their registers give. */
#include "tests/unit/conf/profile_rig.h"

static struct vector vectors[] = {
    {.profile = "wago-879-3000",
     .n_reads = 2,
     .registers = {{0x5002, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {0x5008, "4248 0A3D"},                     /* 50.01 */
                   {0x500C, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {0x5012, "4119 999A 4036 6E98 BE80 0000"}, /* 9.6 2.8505 -0.25 */
                   {0x5018, "40E0 0000"},                     /* 7.0 */
                   {0x501A, "BE00 0000"},                     /* -0.125 */
                   {0x5022, "4124 0000"},                     /* 10.25 */
                   {0x502A, "3F6F DF3B"},                     /* 0.937 */
                   {0x600C, "449A 5000"},                     /* 1234.5 */
                   {0x6018, "4134 0000"},                     /* 11.25 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50010 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 power_w 9600 power_a_w 2851 power_b_w -250 "
               "power_c_w 7000 reactive_var -125 apparent_va 10250 pf_e3 937 "
               "energy_import_wh 1234500 energy_export_wh 11250"},
    {.profile = "inepro-pro380",
     .n_reads = 2,
     .registers = {{0x5002, "4366 3333 4367 8000 4365 C000"}, /* 230.2 231.5 229.75 */
                   {0x5008, "4248 0A3D"},                     /* 50.01 */
                   {0x500C, "4144 0000 4158 0000 413C 0000"}, /* 12.25 13.5 11.75 */
                   {0x5012, "4119 999A 4036 6E98 BE80 0000"}, /* 9.6 2.8505 -0.25 */
                   {0x5018, "40E0 0000"},                     /* 7.0 */
                   {0x501A, "BE00 0000"},                     /* -0.125 */
                   {0x5022, "4124 0000"},                     /* 10.25 */
                   {0x502A, "3F6F DF3B"},                     /* 0.937 */
                   {0x600C, "449A 5000"},                     /* 1234.5 */
                   {0x6018, "4134 0000"},                     /* 11.25 */
                   {0x6030, "4476 E000"},                     /* 987.5 */
                   {0x603C, "3E80 0000"},                     /* 0.25 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50010 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 power_w 9600 power_a_w 2851 power_b_w -250 "
               "power_c_w 7000 reactive_var -125 apparent_va 10250 pf_e3 937 "
               "energy_import_wh 1234500 energy_export_wh 11250 "
               "reactive_import_varh 987500 reactive_export_varh 250"},
    {.profile = "phoenix-contact-eem",
     .n_reads = 2,
     .registers = {{0x8006, "3333 4366 8000 4367 C000 4365"}, /* 230.2 231.5 229.75 */
                   {0x800C, "0A3D 4248 0000 4144 0000 4158"}, /* 50.01 12.25 13.5 */
                   {0x8012, "0000 413C"},                     /* 11.75 */
                   {0x8016, "0200 4616"},                     /* 9600.5 */
                   {0x801E, "2800 4532 4000 C37A C000 45DA"}, /* 2850.5 -250.25 7000 */
                   {0x8100, "B438 4996"},                     /* 1234567 */
                   {0x8106, "C000 448F"},                     /* 1150 */
                   {0, NULL}},
     .values = "voltage_a_mv 230200 voltage_b_mv 231500 voltage_c_mv 229750 "
               "frequency_mhz 50010 current_a_ma 12250 current_b_ma 13500 "
               "current_c_ma 11750 power_w 9601 power_a_w 2851 power_b_w -250 "
               "power_c_w 7000 energy_import_wh 1234567 energy_export_wh 1150"},
    {.profile = "tq-em300",
     .n_reads = 4,
     .registers = {{0, "0000 0000 0000 61AD 0000 04E7"}, /* 0 25005 1255 */
                   {6, "0000 0000"},                     /* 0 P+ P- Q+ Q- */
                   {26, "0000 C35C"},                    /* 50012 */
                   {40, "0000 6F59 0000 0000"},          /* 28505 0 */
                   {60, "0000 2FDA 0003 8338"},          /* 12250 230200 */
                   {80, "0000 0000 0000 09C6"},          /* 0 2502 */
                   {100, "0000 34BC 0003 884C"},         /* 13500 231500 */
                   {120, "0000 0000 0000 C73C"},         /* 0 51004 */
                   {140, "0000 2DE6 0003 8176"},         /* 11750 229750 */
                   {512, "0000 001C BE99 1A14"},         /* 123456789012 */
                   {516, "0000 0000 0000 047E"},         /* 1150 */
                   {0, NULL}},
     .values = "power_w -2501 reactive_var 126 frequency_mhz 50012 power_a_w 2851 "
               "power_b_w -250 power_c_w -5100 current_a_ma 12250 "
               "current_b_ma 13500 current_c_ma 11750 voltage_a_mv 230200 "
               "voltage_b_mv 231500 voltage_c_mv 229750 "
               "energy_import_wh 123456789012 energy_export_wh 1150"},
};

int main(void)
{
    return rig_run(vectors, sizeof(vectors) / sizeof(vectors[0]));
}
