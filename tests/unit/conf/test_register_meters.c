/* meters.csv: rows, versions, ratios, and what holds between meters. */
#include "tests/unit/conf/register_rig.h"

static void load_meters(struct rig *rig, const char *text)
{
    rig_write(rig, "enterprises.csv", RIG_ENTERPRISES);
    rig_write(rig, "meters.csv", text);
    rig_load(rig);
}

static void refuse(const char *text, long line, int column, const char *part)
{
    struct rig rig;

    rig_init(&rig);
    load_meters(&rig, text);

    assert_int_equal(rig.result, ERR_DATA);
    rig_expect(&rig, PROBLEM_DATA, line, column, part);
    rig_done(&rig);
}

/* Loads a file that must be right. */
static void accept(struct rig *rig, const char *text)
{
    rig_init(rig);
    load_meters(rig, text);
    if (rig->result != 0) {
        rig_print(rig);
    }
    assert_int_equal(rig->result, 0);
}

static void every_column_of_a_meter_is_read(void **state)
{
    struct rig rig;

    (void)state;
    accept(
        &rig,
        "id,enterprise,account,name,serial,initial,previous_final,endpoint,address,profile,"
        "pt,ct,role,parent,loss_pct,rated_kw,intervals,site,since,until\n"
        "M2,E001,3302000001,2号,SN7,100,99999,modbus+tcp://10.1.2.3,007,chint-dtsu666,"
        "10000/100,200/5,sub,M1,1.25,1000.5,energy=60s;power=15min,cixi-binhai,2026-01-01,"
        "2026-12-31\n"
        "M1,E001,,,,,,,,,,,supply,,,,,,,\n");
    const struct meter *m = &rig.registry.meter[1];

    assert_int_equal(rig.registry.n_meters, 2);
    assert_string_equal(rig.registry.meter[0].id, "M1");
    assert_string_equal(m->id, "M2");
    assert_string_equal(m->account, "3302000001");
    assert_string_equal(m->serial, "SN7");
    assert_int_equal(m->initial, 100);
    assert_int_equal(m->previous_final, 99999);
    assert_string_equal(m->endpoint, "modbus+tcp://10.1.2.3:502");
    assert_string_equal(m->address, "7");
    assert_int_equal(m->pt.num, 100);
    assert_int_equal(m->ct.num, 40);
    assert_int_equal(m->role, METER_ROLE_SUB);
    assert_string_equal(m->parent, "M1");
    assert_int_equal(m->loss_bp, 125);
    assert_int_equal(m->rated_w, 1000500);
    assert_int_equal(m->interval_s[QUANTITY_GROUP_ENERGY], 60);
    assert_int_equal(m->interval_s[QUANTITY_GROUP_POWER], 900);
    assert_int_equal(m->interval_s[QUANTITY_GROUP_VOLTAGE], 60);
    /* 2026-01-01T00:00+08:00 = 2025-12-31T16:00Z */
    assert_int_equal(m->since_ms, INT64_C(1767196800000));
    assert_int_equal(m->until_ms, INT64_C(1767196800000) + 365 * MS_PER_DAY);
    const struct profile *profile = profiles_find(&rig.profiles, "chint-dtsu666");

    assert_false(profile->primary_side);
    assert_int_equal(m->register_wh.num * profile->register_wh.den,
                     4000 * profile->register_wh.num * m->register_wh.den);
    assert_int_equal(m->register_range, profile->register_range);
    rig_done(&rig);
}

static void a_meter_without_a_line_takes_imported_readings_in_wh(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "表号,企业编号\nM1,E001\n");
    const struct meter *m = &rig.registry.meter[0];

    assert_string_equal(m->endpoint, "");
    assert_int_equal(m->register_wh.num, 1);
    assert_int_equal(m->register_wh.den, 1);
    assert_int_equal(m->register_range, 0);
    assert_int_equal(m->role, METER_ROLE_SUPPLY);
    assert_int_equal(m->since_ms, 0);
    assert_true(m->until_ms == TS_MS_OPEN);
    assert_int_equal(m->interval_s[QUANTITY_GROUP_ENERGY], 60);
    rig_done(&rig);
}

static void multiplier_stands_for_ct(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "id,enterprise,endpoint,address,profile,multiplier\n"
                 "M1,E001,modbus+tcp://h,1,chint-dtsu666,0.5\n");
    assert_int_equal(rig.registry.meter[0].ct.num, 1);
    assert_int_equal(rig.registry.meter[0].ct.den, 2);
    rig_done(&rig);
    refuse("id,enterprise,endpoint,address,profile,ct,multiplier\n"
           "M1,E001,modbus+tcp://h,1,chint-dtsu666,5,5\n",
           2, 42, "instead of pt and ct");
}

static void cells_of_meters_are_checked(void **state)
{
    (void)state;
    refuse("id,enterprise\nM1,E01\n", 2, 4, "did you mean \"E001\"");
    refuse("id,enterprise\nM1,\n", 2, 4, "is blank");
    refuse("id,enterprise,account\nM1,E001,12345\n", 2, 9, "6 to 20 digits");
    refuse("id,enterprise,account\nM1,E001,3.302E+11\n", 2, 9, "format the cell as text");
    refuse("id,enterprise,role\nM1,E001,suply\n", 2, 9, "did you mean \"supply\"");
    refuse("id,enterprise,loss_pct\nM1,E001,10.01\n", 2, 9, "outside 0 to 10");
    refuse("id,enterprise,loss_pct\nM1,E001,1.234\n", 2, 9, "more than 2 decimals");
    refuse("id,enterprise,interval\nM1,E001,7s\n", 2, 9, "divide 15 min");
    refuse("id,enterprise,interval\nM1,E001,500ms\n", 2, 9, "divide 15 min");
    refuse("id,enterprise,interval\nM1,E001,60\n", 2, 9, "60s");
    refuse("id,enterprise,intervals\nM1,E001,enrgy=60s\n", 2, 9, "did you mean \"energy\"");
    refuse("id,enterprise,intervals\nM1,E001,energy\n", 2, 9, "energy=60s;power=15min");
    refuse("id,enterprise,pt\nM1,E001,0\n", 2, 9, "not a ratio");
    refuse("id,enterprise,since\nM1,E001,2026-13-01\n", 2, 9, "does not exist");
    refuse("id,enterprise,since\nM1,E001,yesterday\n", 2, 9, "instant with offset");
    refuse("id,enterprise,since,until\nM1,E001,2026-02-01,2026-01-31\n", 2, 20,
           "before since");
}

static void endpoints_addresses_and_profiles_are_checked(void **state)
{
    static const char head[] = "id,enterprise,endpoint,address,profile,ct,side\n";

    static const struct {
        const char *row;
        int column;
        const char *part;
    } bad[] = {
        {"M1,E001,modbus+rtu:///dev/ttyUSB0?baud=9601,1,chint-dtsu666,,", 9, "9600"},
        {"M1,E001,modbus+rtu:///dev/ttyUSB0,0,chint-dtsu666,,", 35, "1 to 247"},
        {"M1,E001,modbus+rtu+tcp://h:1,248,chint-dtsu666,,", 30, "1 to 247"},
        {"M1,E001,dlt645+tcp://h:1,1,chint-dtsu666,,", 28, "take dlt645-2007"},
        {"M1,E001,modbus+tcp://h,1,dlt645-2007,,", 26, "as dlt645+tcp://"},
        {"M1,E001,dlt645+tcp://h:1,12345678901x,dlt645-2007,,", 26, "1 to 12 digits"},
        {"M1,E001,dlt645+tcp://h:1,A12345678901,dlt645-2007,,", 26, "1 to 12 digits"},
        {"M1,E001,dlt645+tcp://h:1,999999999999,dlt645-2007,,", 26, "everyone"},
        {"M1,E001,http://h,1,chint-dtsu666,,", 9, "modbus+tcp"},
        {"M1,E001,modbus+tcp://h,256,chint-dtsu666,,", 24, "0 to 255"},
        {"M1,E001,modbus+tcp://h,x,chint-dtsu666,,", 24, "0 to 255"},
        {"M1,E001,modbus+tcp://h,1,chint-dtsu66,,", 26, "did you mean \"chint-dtsu666\""},
        {"M1,E001,modbus+tcp://h,1,,,", 26, "profile is blank"},
        {"M1,E001,,1,chint-dtsu666,,", 9, "endpoint is blank"},
        {"M1,E001,modbus+tcp://h,1,chint-dtsu666,,primary", 41, "none of secondary"},
    };

    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        (void)snprintf(text, sizeof(text), "%s%s\n", head, bad[i].row);
        refuse(text, 2, bad[i].column, bad[i].part);
    }
}

static void a_meter_number_is_padded_with_a_warning(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "id,enterprise,endpoint,address,profile\n"
                 "M1,E001,dlt645:///dev/ttyUSB0,201000012,dlt645-2007\n");
    assert_string_equal(rig.registry.meter[0].address, "000201000012");
    assert_string_equal(rig.registry.meter[0].endpoint,
                        "dlt645:///dev/ttyUSB0?baud=2400&parity=E");
    rig_expect(&rig, PROBLEM_WARNING, 2, 31, "has 9 of 12 digits: taken as 000201000012");
    rig_done(&rig);
}

static void a_line_has_one_framing_and_one_set_of_settings(void **state)
{
    (void)state;
    refuse("id,enterprise,endpoint,address,profile\n"
           "M1,E001,modbus+rtu:///dev/ttyUSB0,1,chint-dtsu666\n"
           "M2,E001,dlt645:///dev/ttyUSB0,1,dlt645-2007\n",
           3, 9, "share one line");
    refuse("id,enterprise,endpoint,address,profile\n"
           "M1,E001,modbus+rtu:///dev/ttyUSB0?baud=4800,1,chint-dtsu666\n"
           "M2,E001,modbus+rtu:///dev/ttyUSB0,2,chint-dtsu666\n",
           3, 9, "one set of settings");
    refuse("id,enterprise,endpoint,address,profile\n"
           "M1,E001,modbus+tcp://h:4001,1,chint-dtsu666\n"
           "M2,E001,modbus+rtu+tcp://h:4001,2,chint-dtsu666\n",
           3, 9, "one framing");
}

static void settings_of_a_line_may_change_from_one_version_to_the_next(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "id,enterprise,endpoint,address,profile,since\n"
                 "M1,E001,modbus+rtu:///dev/ttyUSB0?baud=4800,1,chint-dtsu666,2025-01-01\n"
                 "M1,E001,modbus+rtu:///dev/ttyUSB0,1,chint-dtsu666,2026-01-01\n");
    rig_done(&rig);
}

static void a_wildcard_address_is_alone_on_its_line(void **state)
{
    struct rig rig;

    (void)state;
    refuse("id,enterprise,endpoint,address,profile\n"
           "M1,E001,dlt645:///dev/ttyUSB0,AAAAAAAAAAAA,dlt645-2007\n"
           "M2,E001,dlt645:///dev/ttyUSB0,000000000002,dlt645-2007\n",
           2, 31, "is a wildcard");
    accept(&rig, "id,enterprise,endpoint,address,profile\n"
                 "M1,E001,dlt645:///dev/ttyUSB0,AAAAAAAAAAAA,dlt645-2007\n");
    rig_done(&rig);
}

/* A shipped profile that reads primary-side values, made so for the test. */
static void a_primary_side_profile_wants_ratio_one_or_side(void **state)
{
    static const char with_ratio[] = "id,enterprise,endpoint,address,profile,ct\n"
                                     "M1,E001,modbus+tcp://h,1,chint-dtsu666,40\n";
    static const char with_side[] = "id,enterprise,endpoint,address,profile,ct,side\n"
                                    "M1,E001,modbus+tcp://h,1,chint-dtsu666,40,secondary\n";
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < rig.profiles.n; i++) {
        rig.profiles.profile[i].primary_side = true;
    }
    load_meters(&rig, with_ratio);
    assert_int_equal(rig.result, ERR_DATA);
    rig_expect(&rig, PROBLEM_DATA, 2, 40, "primary-side");

    load_meters(&rig, with_side);
    assert_int_equal(rig.result, 0);
    const struct ratio digit = profiles_find(&rig.profiles, "chint-dtsu666")->register_wh;
    const struct ratio wh = rig.registry.meter[0].register_wh;

    assert_int_equal(wh.num * digit.den, 40 * digit.num * wh.den);
    rig_done(&rig);
}

static void versions_may_begin_at_an_instant(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "id,enterprise,serial,since\nM1,E001,new,2026-03-01T10:30:00+08:00\n"
                 "M1,E001,old,2026-01-01\n");
    assert_int_equal(rig.registry.n_meters, 2);
    assert_string_equal(rig.registry.meter[0].serial, "old");
    /* 2026-03-01T02:30Z */
    assert_int_equal(rig.registry.meter[0].until_ms, INT64_C(1772332200000));
    assert_int_equal(rig.registry.meter[1].since_ms, INT64_C(1772332200000));
    rig_done(&rig);
}

static void overlapping_versions_of_a_meter_are_errors(void **state)
{
    (void)state;
    refuse(
        "id,enterprise,since,until\nM1,E001,2026-01-01,2026-03-01\nM1,E001,2026-03-01,\n",
        3, 9, "overlaps the one of line 2");
    refuse("id,enterprise,name\nM1,E001,a\nM1,E001,b\n", 3, 1, "see line 2");
}

static void two_meters_on_one_address_are_an_error_while_both_are_in_force(void **state)
{
    struct rig rig;

    (void)state;
    refuse("id,enterprise,endpoint,address,profile\n"
           "M1,E001,modbus+tcp://h,1,chint-dtsu666\n"
           "M2,E002,modbus+tcp://H:502,01,chint-dtsu666\n",
           3, 28, "\"M2\" and \"M1\" (line 2)");
    accept(&rig, "id,enterprise,endpoint,address,profile,since,until\n"
                 "M1,E001,modbus+tcp://h,1,chint-dtsu666,,2026-01-31\n"
                 "M2,E002,modbus+tcp://h,1,chint-dtsu666,2026-02-01,\n");
    rig_done(&rig);
}

static void parents_are_supply_meters_without_cycles(void **state)
{
    (void)state;
    refuse("id,enterprise,parent\nM1,E001,M22\nM2,E001,\n", 2, 9, "did you mean \"M2\"");
    refuse("id,enterprise,parent,role\nM1,E001,M2,\nM2,E001,,storage\n", 2, 9,
           "must be a supply meter");
    refuse("id,enterprise,parent\nM1,E001,M1\n", 2, 9, "its own upstream");
    refuse("id,enterprise,parent\nM1,E001,M2\nM2,E001,M3\nM3,E001,M1\n", 4, 9,
           "its own upstream");
}

static void a_cycle_counts_only_at_one_time(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "id,enterprise,parent,since,until\n"
                 "M1,E001,M2,,2025-12-31\n"
                 "M1,E001,,2026-01-01,\n"
                 "M2,E001,,,2025-12-31\n"
                 "M2,E001,M1,2026-01-01,\n");
    rig_done(&rig);
}

static void rows_of_other_sites_are_left_alone(void **state)
{
    struct rig rig;

    (void)state;
    accept(&rig, "id,enterprise,profile,site\nM1,E001,,\nM2,nobody,nothing,other-box\n"
                 "M3,E002,,cixi-binhai\n");
    assert_int_equal(rig.registry.n_meters, 2);
    assert_string_equal(rig.registry.meter[1].id, "M3");
    rig_done(&rig);
}

static void the_example_register_is_right(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    (void)snprintf(rig.conf.reg.enterprises, CONF_PATH_LEN,
                   "config/examples/enterprises.csv");
    (void)snprintf(rig.conf.reg.meters, CONF_PATH_LEN, "config/examples/meters.csv");
    (void)snprintf(rig.conf.reg.lists, CONF_PATH_LEN, "config/examples/lists.csv");
    (void)snprintf(rig.conf.reg.groups, CONF_PATH_LEN, "config/examples/groups.csv");
    rig_load(&rig);
    rig_print(&rig);
    assert_int_equal(rig.result, 0);
    assert_int_equal(rig.problems.n, 0);
    assert_int_equal(rig.registry.n_enterprises, 6);
    assert_int_equal(rig.registry.n_meters, 6);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_of_a_meter_is_read),
        cmocka_unit_test(a_meter_without_a_line_takes_imported_readings_in_wh),
        cmocka_unit_test(multiplier_stands_for_ct),
        cmocka_unit_test(cells_of_meters_are_checked),
        cmocka_unit_test(endpoints_addresses_and_profiles_are_checked),
        cmocka_unit_test(a_meter_number_is_padded_with_a_warning),
        cmocka_unit_test(a_line_has_one_framing_and_one_set_of_settings),
        cmocka_unit_test(settings_of_a_line_may_change_from_one_version_to_the_next),
        cmocka_unit_test(a_wildcard_address_is_alone_on_its_line),
        cmocka_unit_test(a_primary_side_profile_wants_ratio_one_or_side),
        cmocka_unit_test(versions_may_begin_at_an_instant),
        cmocka_unit_test(overlapping_versions_of_a_meter_are_errors),
        cmocka_unit_test(two_meters_on_one_address_are_an_error_while_both_are_in_force),
        cmocka_unit_test(parents_are_supply_meters_without_cycles),
        cmocka_unit_test(a_cycle_counts_only_at_one_time),
        cmocka_unit_test(rows_of_other_sites_are_left_alone),
        cmocka_unit_test(the_example_register_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
