/* Imports in the store: new, same, changed; revisions. */
#include "daemon/store/imports.h"
#include "tests/unit/store/fixture.h"

static void energy_is_new_then_same_then_a_correction(void **state)
{
    struct fixture f;
    struct imported_energy row = {.day = day_from_civil(2026, 1, 5),
                                  .enterprise_no = 3,
                                  .import_wh = 1000,
                                  .export_wh = -1,
                                  .generation_wh = 0};
    struct imported_energy old = {0};
    enum import_result result = IMPORT_SAME;

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(imports_energy_compare(f.store, &row, &result, &old), 0);
    assert_int_equal(result, IMPORT_NEW);
    assert_int_equal(imports_energy_put(f.store, &row, &result, &old), 0);
    assert_int_equal(result, IMPORT_NEW);
    assert_int_equal(imports_energy_put(f.store, &row, &result, &old), 0);
    assert_int_equal(result, IMPORT_SAME);
    row.export_wh = 0; /* "not given" is another value than 0 */
    assert_int_equal(imports_energy_compare(f.store, &row, &result, &old), 0);
    assert_int_equal(result, IMPORT_CHANGED);
    assert_int_equal(old.export_wh, -1);
    assert_int_equal(imports_energy_put(f.store, &row, &result, &old), 0);
    assert_int_equal(result, IMPORT_CHANGED);
    assert_int_equal(fixture_value(f.store, "SELECT revision FROM import_energy"), 1);
    assert_int_equal(fixture_value(f.store, "SELECT export_wh FROM import_energy"), 0);
    assert_int_equal(fixture_value(f.store, "SELECT count(*) FROM import_energy"), 1);
    fixture_done(&f);
}

static void figures_have_revisions_too(void **state)
{
    struct fixture f;
    struct imported_figure row = {
        .enterprise_no = 3, .period = "2026-01", .name = "value_added", .value_e6 = 5};
    enum import_result result = IMPORT_SAME;
    int64_t old_e6 = 0;

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(imports_output_put(f.store, &row, &result, &old_e6), 0);
    assert_int_equal(result, IMPORT_NEW);
    row.value_e6 = 6;
    assert_int_equal(imports_output_put(f.store, &row, &result, &old_e6), 0);
    assert_int_equal(result, IMPORT_CHANGED);
    assert_int_equal(old_e6, 5);
    assert_int_equal(fixture_value(f.store, "SELECT revision FROM import_output"), 1);
    fixture_done(&f);
}

static void count_row(void *ctx, const struct imported_figure *row)
{
    *(int64_t *)ctx += row->value_e6;
}

static void certificates_of_one_period_stand_side_by_side(void **state)
{
    struct fixture f;
    struct imported_figure row = {.enterprise_no = 3,
                                  .period = "2026",
                                  .name = "certificate",
                                  .cert_id = "GEC-1",
                                  .unit = "MWh",
                                  .value_e6 = 10};
    enum import_result result = IMPORT_SAME;
    int64_t old_e6 = 0;
    int64_t sum = 0;

    (void)state;
    fixture_init(&f);
    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(imports_energy_use_put(f.store, &row, &result, &old_e6), 0);
    (void)snprintf(row.cert_id, sizeof(row.cert_id), "GEC-2");
    row.value_e6 = 32;
    assert_int_equal(imports_energy_use_put(f.store, &row, &result, &old_e6), 0);
    assert_int_equal(result, IMPORT_NEW);
    row.cert_id[0] = '\0';
    row.value_e6 = 100;
    assert_int_equal(imports_energy_use_put(f.store, &row, &result, &old_e6), 0);
    assert_int_equal(result, IMPORT_NEW);
    assert_int_equal(imports_energy_use_put(f.store, &row, &result, &old_e6), 0);
    assert_int_equal(result, IMPORT_SAME);
    assert_int_equal(imports_energy_use_periods(f.store, 3, "certificate", count_row, &sum),
                     0);
    assert_int_equal(sum, 142);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_is_new_then_same_then_a_correction),
        cmocka_unit_test(figures_have_revisions_too),
        cmocka_unit_test(certificates_of_one_period_stand_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
