/* The register in the store: what is put comes back, as of its day. */
#include "daemon/store/registry.h"
#include "tests/unit/store/fixture.h"

static struct enterprise an_enterprise(uint32_t no, const char *id, day_t since,
                                       day_t until)
{
    struct enterprise e = {.enterprise_no = no,
                           .size_class = SIZE_CLASS_ABOVE,
                           .industry = "C3110",
                           .region = "330282",
                           .town = "330282104",
                           .voltage_v = 10000,
                           .area_mu_e4 = -1,
                           .green_stars = -1,
                           .commissioning_until = DAY_MIN,
                           .since = since,
                           .until = until};

    (void)snprintf(e.id, sizeof(e.id), "%s", id);
    (void)snprintf(e.name, sizeof(e.name), "甲厂");
    return e;
}

static struct meter a_meter(uint32_t no, uint32_t enterprise_no, int64_t since_ms,
                            int64_t until_ms)
{
    return (struct meter){.meter_no = no,
                          .enterprise_no = enterprise_no,
                          .endpoint = "modbus+tcp://h:502",
                          .address = "7",
                          .profile = "chint-dtsu666",
                          .pt = {100, 1},
                          .ct = {40, 3},
                          .register_wh = {40000, 3},
                          .register_range = 100000000,
                          .initial = 0,
                          .previous_final = -1,
                          .role = METER_ROLE_STORAGE,
                          .loss_bp = 125,
                          .rated_w = 1000500,
                          .interval_s = {60, 900, 60, 300},
                          .since_ms = since_ms,
                          .until_ms = until_ms};
}

static void numbers_are_made_once_and_found_again(void **state)
{
    struct fixture f;
    uint32_t first = 0;
    uint32_t second = 0;
    uint32_t again = 0;
    char id[ID_LEN] = "";

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(registry_meter_no(f.store, "M1", &first), ERR_NOT_FOUND);
    assert_int_equal(registry_meter_ensure(f.store, "M1", &first), 0);
    assert_int_equal(registry_meter_ensure(f.store, "M2", &second), 0);
    assert_int_equal(registry_meter_ensure(f.store, "M1", &again), 0);
    assert_int_equal(first, again);
    assert_int_not_equal(first, second);
    assert_int_equal(registry_meter_id(f.store, second, id), 0);
    assert_string_equal(id, "M2");
    assert_int_equal(registry_enterprise_ensure(f.store, "E1", &first), 0);
    assert_int_equal(registry_enterprise_id(f.store, first, id), 0);
    assert_string_equal(id, "E1");
    assert_int_equal(registry_enterprise_id(f.store, 99, id), ERR_NOT_FOUND);
    assert_int_equal(store_commit(f.store), 0);
    fixture_done(&f);
}

static void enterprise_versions_come_back_as_of_a_day(void **state)
{
    struct fixture f;
    struct enterprise *got = NULL;
    uint32_t no = 0;
    int n = 0;
    day_t change = day_from_civil(2026, 1, 1);

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(registry_enterprise_ensure(f.store, "E1", &no), 0);
    struct enterprise versions[] = {an_enterprise(no, "E1", DAY_MIN, change - 1),
                                    an_enterprise(no, "E1", change, DAY_MAX)};

    versions[1].size_class = SIZE_CLASS_BELOW;
    versions[1].green_stars = 0;
    versions[1].commissioning_until = change + 10;
    assert_int_equal(registry_enterprise_put(f.store, versions, 2), 0);
    assert_int_equal(registry_enterprise_put(f.store, versions, 2), 0); /* replaces */

    assert_int_equal(registry_enterprises(f.store, DAY_MIN, &got, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(got[0].since, DAY_MIN);
    assert_int_equal(got[0].until, change - 1);
    assert_int_equal(got[0].green_stars, -1);
    assert_int_equal(got[0].area_mu_e4, -1);
    assert_int_equal(got[0].commissioning_until, DAY_MIN);
    assert_int_equal(got[1].until, DAY_MAX);
    assert_int_equal(got[1].green_stars, 0);
    assert_int_equal(got[1].commissioning_until, change + 10);
    free(got);

    assert_int_equal(registry_enterprises(f.store, change - 1, &got, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(got[0].size_class, SIZE_CLASS_ABOVE);
    assert_string_equal(got[0].name, "甲厂");
    assert_string_equal(got[0].town, "330282104");
    assert_string_equal(got[0].park, "");
    free(got);
    assert_int_equal(registry_enterprises(f.store, change, &got, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(got[0].size_class, SIZE_CLASS_BELOW);
    free(got);
    fixture_done(&f);
}

static void meter_versions_come_back_as_of_an_instant(void **state)
{
    struct fixture f;
    struct meter *got = NULL;
    uint32_t enterprise_no = 0;
    uint32_t no = 0;
    int n = 0;

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(registry_enterprise_ensure(f.store, "E1", &enterprise_no), 0);
    assert_int_equal(registry_meter_ensure(f.store, "M1", &no), 0);
    struct meter versions[] = {a_meter(no, enterprise_no, 0, T0),
                               a_meter(no, enterprise_no, T0, TS_MS_OPEN)};

    assert_int_equal(registry_meter_ensure(f.store, "M0", &versions[1].parent_no), 0);
    assert_int_equal(registry_meter_put(f.store, versions, 2), 0);

    assert_int_equal(registry_meters(f.store, INT64_MIN, &got, &n), 0);
    assert_int_equal(n, 2);
    free(got);
    assert_int_equal(registry_meters(f.store, T0 - 1, &got, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(got[0].parent_no, 0);
    assert_string_equal(got[0].parent, "");
    free(got);
    assert_int_equal(registry_meters(f.store, T0, &got, &n), 0);
    assert_int_equal(n, 1);
    assert_string_equal(got[0].id, "M1");
    assert_string_equal(got[0].enterprise, "E1");
    assert_string_equal(got[0].parent, "M0");
    assert_string_equal(got[0].endpoint, "modbus+tcp://h:502");
    assert_int_equal(got[0].ct.num, 40);
    assert_int_equal(got[0].ct.den, 3);
    assert_int_equal(got[0].register_wh.num, 40000);
    assert_int_equal(got[0].register_range, 100000000);
    assert_int_equal(got[0].initial, 0);
    assert_int_equal(got[0].previous_final, -1);
    assert_int_equal(got[0].role, METER_ROLE_STORAGE);
    assert_int_equal(got[0].loss_bp, 125);
    assert_int_equal(got[0].rated_w, 1000500);
    assert_int_equal(got[0].interval_s[QUANTITY_GROUP_POWER], 900);
    assert_int_equal(got[0].interval_s[QUANTITY_GROUP_CURRENT], 300);
    assert_true(got[0].until_ms == TS_MS_OPEN);
    free(got);
    fixture_done(&f);
}

static void members_and_names_are_replaced_as_a_whole(void **state)
{
    struct fixture f;
    struct list_member *members = NULL;
    struct group_name *groups = NULL;
    uint32_t no = 0;
    int n = 0;
    struct list_member two[] = {
        {.list = "L2",
         .enterprise = "E1",
         .role = "lead",
         .since = DAY_MIN,
         .until = DAY_MAX},
        {.list = "L1", .enterprise = "E1", .since = 20000, .until = 20010}};
    struct group_name name = {.kind = "list", .id = "L1", .name = "骨干"};

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(registry_members_put(f.store, two, 2), ERR_NOT_FOUND);
    assert_int_equal(registry_enterprise_ensure(f.store, "E1", &no), 0);
    assert_int_equal(registry_members_put(f.store, two, 2), 0);
    assert_int_equal(registry_members(f.store, DAY_MIN, &members, &n), 0);
    assert_int_equal(n, 2);
    assert_string_equal(members[0].list, "L1");
    assert_int_equal(members[0].until, 20010);
    assert_string_equal(members[1].role, "lead");
    free(members);
    assert_int_equal(registry_members(f.store, 20011, &members, &n), 0);
    assert_int_equal(n, 1);
    free(members);
    assert_int_equal(registry_members_put(f.store, two, 1), 0);
    assert_int_equal(registry_members(f.store, DAY_MIN, &members, &n), 0);
    assert_int_equal(n, 1);
    free(members);
    assert_int_equal(registry_groups_put(f.store, &name, 1), 0);
    assert_int_equal(registry_groups(f.store, &groups, &n), 0);
    assert_int_equal(n, 1);
    assert_string_equal(groups[0].name, "骨干");
    free(groups);
    fixture_done(&f);
}

static void only_days_with_energy_or_rates_are_marked(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    fixture_exec(f.store,
                 "INSERT INTO energy_day (day, enterprise_no, coverage_num, coverage_den, "
                 "quality, valid, revision) VALUES ('2026-01-01', 1, 1, 1, 0, 1, 0), "
                 "('2026-01-01', 2, 1, 1, 0, 1, 0), ('2026-01-03', 1, 1, 1, 0, 1, 0), "
                 "('2026-02-01', 1, 1, 1, 0, 1, 0)");
    assert_int_equal(registry_mark_days(f.store, "day", day_from_civil(2026, 1, 1),
                                        day_from_civil(2026, 1, 31)),
                     0);
    assert_int_equal(
        fixture_value(f.store, "SELECT count(*) FROM stale WHERE kind = 'day'"), 2);
    assert_int_equal(
        fixture_value(f.store, "SELECT count(*) FROM stale WHERE key = '2026-02-01'"), 0);
    assert_int_equal(registry_mark_days(f.store, "rates", DAY_MIN, DAY_MAX), 0);
    assert_int_equal(
        fixture_value(f.store, "SELECT count(*) FROM stale WHERE kind = 'rates'"), 3);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_made_once_and_found_again),
        cmocka_unit_test(enterprise_versions_come_back_as_of_a_day),
        cmocka_unit_test(meter_versions_come_back_as_of_an_instant),
        cmocka_unit_test(members_and_names_are_replaced_as_a_whole),
        cmocka_unit_test(only_days_with_energy_or_rates_are_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
