/* The store follows the register, with history. */
#include "daemon/store/registry.h"
#include "daemon/sync/register_sync.h"
#include "tests/unit/store/fixture.h"

/* now: 2026-11-21T08:00+08:00 */
#define TODAY day_from_civil(2026, 11, 21)

struct rig {
    struct fixture f;
    struct registry registry;
    struct enterprise enterprise[128];
    struct row_place enterprise_place[128];
    struct meter meter[128];
    struct row_place meter_place[128];
    struct list_member member[8];
    struct group_name group[8];
    struct register_options options;
    struct register_report report;
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    fixture_init(&rig->f);
    rig->registry.enterprise = rig->enterprise;
    rig->registry.enterprise_place = rig->enterprise_place;
    rig->registry.meter = rig->meter;
    rig->registry.meter_place = rig->meter_place;
    rig->registry.member = rig->member;
    rig->registry.group = rig->group;
    (void)snprintf(rig->registry.sha256, sizeof(rig->registry.sha256), "%064d", 1);
    rig->options =
        (struct register_options){.now_ms = T0, .who = "tester", .zone = &fixture_zone};
}

static void rig_done(struct rig *rig)
{
    register_report_done(&rig->report);
    fixture_done(&rig->f);
}

static struct enterprise *add_enterprise(struct rig *rig, const char *id)
{
    struct enterprise *e = &rig->enterprise[rig->registry.n_enterprises++];

    *e = (struct enterprise){.size_class = SIZE_CLASS_ABOVE,
                             .industry = "C3110",
                             .area_mu_e4 = -1,
                             .green_stars = -1,
                             .commissioning_until = DAY_MIN,
                             .since = DAY_MIN,
                             .until = DAY_MAX};
    (void)snprintf(e->id, sizeof(e->id), "%s", id);
    (void)snprintf(e->name, sizeof(e->name), "name of %s", id);
    return e;
}

static struct meter *add_meter(struct rig *rig, const char *id, const char *enterprise)
{
    struct meter *m = &rig->meter[rig->registry.n_meters++];

    *m = (struct meter){.pt = {1, 1},
                        .ct = {1, 1},
                        .register_wh = {10, 1},
                        .initial = -1,
                        .previous_final = -1,
                        .interval_s = {60, 60, 60, 60},
                        .until_ms = TS_MS_OPEN};
    (void)snprintf(m->id, sizeof(m->id), "%s", id);
    (void)snprintf(m->enterprise, sizeof(m->enterprise), "%s", enterprise);
    return m;
}

static int apply(struct rig *rig)
{
    register_report_done(&rig->report);
    return register_apply(rig->f.store, &rig->registry, &rig->options, &rig->report);
}

static void expect(const struct rig *rig, int added, int changed, int closed)
{
    assert_int_equal(rig->report.n_added, added);
    assert_int_equal(rig->report.n_changed, changed);
    assert_int_equal(rig->report.n_closed, closed);
    assert_int_equal(rig->report.n, added + changed + closed);
}

static int64_t value(const struct rig *rig, const char *sql)
{
    return fixture_value(rig->f.store, sql);
}

static void add_days(struct rig *rig)
{
    assert_int_equal(store_begin(rig->f.store), 0);
    fixture_exec(rig->f.store,
                 "DELETE FROM stale;"
                 "INSERT INTO energy_day (day, enterprise_no, coverage_num, coverage_den, "
                 "quality, valid, revision) VALUES ('2026-01-01', 1, 1, 1, 0, 1, 0), "
                 "('2026-06-01', 1, 1, 1, 0, 1, 0), ('2026-11-20', 1, 1, 1, 0, 1, 0)");
    assert_int_equal(store_commit(rig->f.store), 0);
}

static void a_register_is_applied_once(void **state)
{
    struct rig rig;
    char sha256[65];

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    add_enterprise(&rig, "E2");
    struct meter *m = add_meter(&rig, "M1", "E1");

    (void)snprintf(m->parent, sizeof(m->parent), "M2");
    add_meter(&rig, "M2", "E2");
    rig.registry.n_members = 1;
    rig.member[0] = (struct list_member){
        .list = "L1", .enterprise = "E1", .since = DAY_MIN, .until = DAY_MAX};
    rig.registry.n_groups = 1;
    rig.group[0] = (struct group_name){.kind = "list", .id = "L1", .name = "骨干"};

    assert_int_equal(apply(&rig), 0);
    expect(&rig, 6, 0, 0);
    assert_int_equal(value(&rig, "SELECT count(*) FROM enterprise_version"), 2);
    assert_int_equal(value(&rig, "SELECT count(*) FROM meter_version"), 2);
    assert_int_equal(value(&rig,
                           "SELECT v.parent_no = (SELECT meter_no FROM meter WHERE id = "
                           "'M2') FROM meter_version v JOIN meter USING (meter_no) "
                           "WHERE id = 'M1'"),
                     1);
    assert_int_equal(store_meta_get(rig.f.store, "register_sha256", sha256, sizeof(sha256)),
                     0);
    assert_string_equal(sha256, rig.registry.sha256);
    assert_int_equal(value(&rig, "SELECT count(*) FROM audit WHERE who = 'tester'"), 7);

    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 0, 0);
    assert_int_equal(value(&rig, "SELECT count(*) FROM audit WHERE who = 'tester'"), 7);
    assert_int_equal(rig.report.n_ids, 4);
    rig_done(&rig);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    rig.options.dry_run = true;
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 1, 0, 0);
    assert_string_equal(rig.report.change[0].kind, "enterprise");
    assert_string_equal(rig.report.change[0].id, "E1");
    assert_int_equal(value(&rig, "SELECT count(*) FROM enterprise"), 0);
    rig_done(&rig);
}

static void an_id_that_leaves_is_closed_the_day_before(void **state)
{
    struct rig rig;
    char text[256];

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    add_enterprise(&rig, "E2");
    add_meter(&rig, "M1", "E1");
    add_meter(&rig, "M2", "E2");
    assert_int_equal(apply(&rig), 0);
    rig.registry.n_enterprises = 1;
    rig.registry.n_meters = 1;
    assert_int_equal(apply(&rig), 0);

    expect(&rig, 0, 0, 2);
    assert_int_equal(rig.report.n_removed, 2);
    assert_string_equal(
        fixture_text(rig.f.store,
                     "SELECT until_day FROM enterprise_version v JOIN enterprise "
                     "USING (enterprise_no) WHERE id = 'E2'",
                     text),
        "2026-11-20");
    /* 2026-11-21T00:00+08:00 */
    assert_int_equal(value(&rig, "SELECT until_ms FROM meter_version v JOIN meter "
                                 "USING (meter_no) WHERE id = 'M2'"),
                     INT64_C(1795190400000));
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 0, 0);

    rig.registry.n_enterprises = 2; /* back again: the same number */
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 1, 0);
    assert_int_equal(value(&rig, "SELECT count(*) FROM enterprise"), 2);
    rig_done(&rig);
}

static void what_was_to_begin_later_never_comes_into_force(void **state)
{
    struct rig rig;
    struct enterprise *got = NULL;
    int n = 0;

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    add_enterprise(&rig, "E2")->since = TODAY + 10;
    assert_int_equal(apply(&rig), 0);
    rig.registry.n_enterprises = 1;
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 0, 1);
    assert_int_equal(registry_enterprises(rig.f.store, TODAY + 10, &got, &n), 0);
    assert_int_equal(n, 1);
    free(got);
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 0, 0);
    rig_done(&rig);
}

static void too_many_removals_are_refused(void **state)
{
    struct rig rig;
    char id[16];

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(id, sizeof(id), "E%02d", i);
        add_enterprise(&rig, id);
    }
    assert_int_equal(apply(&rig), 0);

    rig.registry.n_enterprises = 9;
    assert_int_equal(apply(&rig), ERR_DATA);
    assert_int_equal(rig.report.n_removed, 11);
    assert_int_equal(rig.report.limit, 10);
    assert_int_equal(value(&rig, "SELECT count(*) FROM enterprise_version "
                                 "WHERE until_day = '9999-12-31'"),
                     20);
    rig.options.allow_removals = 10;
    assert_int_equal(apply(&rig), ERR_DATA);
    rig.options.allow_removals = 11;
    assert_int_equal(apply(&rig), 0);
    assert_int_equal(value(&rig, "SELECT count(*) FROM enterprise_version "
                                 "WHERE until_day = '9999-12-31'"),
                     9);
    rig_done(&rig);
}

static void ten_removals_pass(void **state)
{
    struct rig rig;
    char id[16];

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(id, sizeof(id), "E%02d", i);
        add_enterprise(&rig, id);
    }
    assert_int_equal(apply(&rig), 0);
    rig.registry.n_enterprises = 10;
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 0, 10);
    rig_done(&rig);
}

static void a_ratio_corrected_for_the_past_marks_meter_days_and_carbon(void **state)
{
    struct rig rig;
    char text[256];

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    struct meter *m = add_meter(&rig, "M1", "E1");

    m->since_ms = ts_of_day(day_from_civil(2026, 3, 1), &fixture_zone);
    assert_int_equal(apply(&rig), 0);
    add_days(&rig);
    m->register_wh.num = 20;
    assert_int_equal(apply(&rig), 0);

    expect(&rig, 0, 1, 0);
    /* 2026-03-01T00:00+08:00 */
    assert_string_equal(
        fixture_text(rig.f.store, "SELECT key FROM stale WHERE kind = 'meter'", text),
        "1:1772294400000");
    assert_int_equal(value(&rig, "SELECT count(*) FROM stale WHERE kind = 'day'"), 2);
    assert_int_equal(value(&rig, "SELECT count(*) FROM stale WHERE kind = 'day' AND "
                                 "key = '2026-01-01'"),
                     0);
    assert_int_equal(
        value(&rig, "SELECT count(*) FROM stale WHERE kind = 'carbon' AND key = 'all'"), 1);
    rig_done(&rig);
}

static void a_name_or_a_future_version_of_a_meter_marks_no_energy(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    struct meter *m = add_meter(&rig, "M1", "E1");

    assert_int_equal(apply(&rig), 0);
    add_days(&rig);
    (void)snprintf(m->name, sizeof(m->name), "new name");
    m->until_ms = T0 + MS_PER_DAY;
    struct meter *next = add_meter(&rig, "M1", "E1");

    next->since_ms = T0 + MS_PER_DAY;
    next->register_wh.num = 20;
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 1, 0);
    assert_int_equal(value(&rig, "SELECT count(*) FROM meter_version"), 2);
    assert_int_equal(
        value(&rig, "SELECT count(*) FROM stale WHERE kind IN ('meter', 'day')"), 0);
    rig_done(&rig);
}

static void a_new_size_class_marks_its_days_only(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    assert_int_equal(apply(&rig), 0);
    add_days(&rig);
    rig.enterprise[0].until = day_from_civil(2026, 5, 31);
    struct enterprise *next = add_enterprise(&rig, "E1");

    next->since = day_from_civil(2026, 6, 1);
    next->size_class = SIZE_CLASS_BELOW;
    assert_int_equal(apply(&rig), 0);
    assert_int_equal(value(&rig, "SELECT count(*) FROM stale WHERE kind = 'rates'"), 2);
    assert_int_equal(value(&rig, "SELECT count(*) FROM stale WHERE key = '2026-01-01'"), 0);
    rig_done(&rig);
}

static void an_enterprise_that_leaves_a_list_keeps_its_past_there(void **state)
{
    struct rig rig;
    struct list_member *got = NULL;
    int n = 0;

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    add_enterprise(&rig, "E2");
    rig.registry.n_members = 2;
    rig.member[0] = (struct list_member){
        .list = "L1", .enterprise = "E1", .since = DAY_MIN, .until = DAY_MAX};
    rig.member[1] = rig.member[0];
    (void)snprintf(rig.member[1].enterprise, ID_LEN, "E2");
    assert_int_equal(apply(&rig), 0);
    rig.registry.n_members = 1;
    assert_int_equal(apply(&rig), 0);

    expect(&rig, 0, 0, 1);
    assert_string_equal(rig.report.change[0].id, "L1/E2");
    assert_int_equal(registry_members(rig.f.store, TODAY, &got, &n), 0);
    assert_int_equal(n, 1);
    free(got);
    assert_int_equal(registry_members(rig.f.store, TODAY - 1, &got, &n), 0);
    assert_int_equal(n, 2);
    free(got);
    assert_int_equal(apply(&rig), 0);
    expect(&rig, 0, 0, 0);
    rig_done(&rig);
}

static void a_transaction_of_the_callers_stays_open(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    add_enterprise(&rig, "E1");
    assert_int_equal(store_begin(rig.f.store), 0);
    assert_int_equal(apply(&rig), 0);
    assert_true(store_in_transaction(rig.f.store));
    store_rollback(rig.f.store);
    assert_int_equal(value(&rig, "SELECT count(*) FROM enterprise"), 0);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_register_is_applied_once),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(an_id_that_leaves_is_closed_the_day_before),
        cmocka_unit_test(what_was_to_begin_later_never_comes_into_force),
        cmocka_unit_test(too_many_removals_are_refused),
        cmocka_unit_test(ten_removals_pass),
        cmocka_unit_test(a_ratio_corrected_for_the_past_marks_meter_days_and_carbon),
        cmocka_unit_test(a_name_or_a_future_version_of_a_meter_marks_no_energy),
        cmocka_unit_test(a_new_size_class_marks_its_days_only),
        cmocka_unit_test(an_enterprise_that_leaves_a_list_keeps_its_past_there),
        cmocka_unit_test(a_transaction_of_the_callers_stays_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
