/* Carbon over a real store: E3 to the digit, electricity's three sources, statuses,
 * fallbacks. */
#include "daemon/assess/carbon.h"
#include "tests/unit/assess/rates_fixture.h"

static const struct carbon_method zj_2021 = {
    .id = "zj-2021",
    .name = "浙江 2021",
    .version = "1",
    .sha256 = "3333333333333333333333333333333333333333333333333333333333333333",
    .document = "规上工业企业碳效等级评价方法",
    .confidence = CONFIDENCE_MED,
    .level_e9 = {600000000, 2000000000},
    .grade_e9 = {600000000, 800000000, 1200000000, 2000000000},
};

static struct grid_factor factors[] = {
    {"33", 2022, FACTOR_AVERAGE, 515300, "MEE 2024-33", CONFIDENCE_HIGH},
    {"33", 2023, FACTOR_AVERAGE, 497400, "MEE 2025-47", CONFIDENCE_HIGH},
    {"southwest-china", 2023, FACTOR_AVERAGE, 247200, "MEE", CONFIDENCE_HIGH},
    {"CN", 2023, FACTOR_AVERAGE, 530600, "MEE 2025-47", CONFIDENCE_HIGH},
    {"CN", 2023, FACTOR_RESIDUAL, 609600, "MEE 2025-47", CONFIDENCE_HIGH},
};

static struct carrier carriers[] = {
    {.id = "electricity", .unit = "kWh", .has_coal = true, .kgce_per_unit_e6 = 122900},
    {.id = "natural_gas",
     .unit = "m3",
     .is_fuel = true,
     .has_co2 = true,
     .kg_co2_per_unit_e6 = 2162189,
     .has_coal = true,
     .kgce_per_unit_e6 = 1330000},
    {.id = "heat",
     .unit = "GJ",
     .has_co2 = true,
     .kg_co2_per_unit_e6 = 110000000,
     .has_coal = true,
     .kgce_per_unit_e6 = 34120000},
    {.id = "biomass", .unit = "t", .is_fuel = true},
};

static struct benchmark benchmarks[] = {
    {"C31", "", "2023", 2400000000, "demo", "benchmarks/demo.csv"},
    {"C17", "", "2023", 1100000000, "demo", "benchmarks/demo.csv"},
};

static struct region_name regions[] = {
    {"33", "浙江省", "east-china"},
    {"54", "西藏自治区", "southwest-china"},
};

static struct methods carbon_methods(void)
{
    return (struct methods){.grid = factors,
                            .n_grid = 5,
                            .carrier = carriers,
                            .n_carrier = 4,
                            .benchmark = benchmarks,
                            .n_benchmark = 2,
                            .region = regions,
                            .n_region = 2};
}

static struct carbon_query query_for(const char *period)
{
    struct carbon_query query = {.method = &zj_2021,
                                 .now_ms = fixture_ms(day_from_civil(2026, 11, 21), 9),
                                 .zone = &fixture_zone};

    assert_int_equal(text_to_period(period, &query.period), 0);
    return query;
}

static struct carbon_result computed(struct fixture *fixture,
                                     const struct carbon_query *query)
{
    struct methods methods = carbon_methods();
    struct carbon_result result;

    assert_int_equal(carbon_compute(fixture->store, &methods, query, &result), 0);
    return result;
}

static void put_output(struct fixture *fixture, uint32_t no, const char *period,
                       int64_t cny)
{
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT OR REPLACE INTO import_output VALUES (%u, '%s', 'value_added', "
                   "%lld000000, 0)",
                   no, period, (long long)cny);
    fixture_exec(fixture->store, sql);
}

/* cert_id makes rows of one carrier and period different. */
static void put_use(struct fixture *fixture, uint32_t no, const char *period,
                    const char *carrier, int64_t quantity)
{
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT OR REPLACE INTO import_energy_use VALUES (%u, '%s', '%s', '', "
                   "%lld000000, '', 0)",
                   no, period, carrier, (long long)quantity);
    fixture_exec(fixture->store, sql);
}

static uint32_t put_steel(struct fixture *fixture)
{
    uint32_t no = fixture_put(
        fixture, fixture_enterprise("E001", "示例钢厂", SIZE_CLASS_ABOVE, "C3110"));

    put_use(fixture, no, "2023", "electricity", 3200000);
    put_use(fixture, no, "2023", "natural_gas", 150000);
    put_use(fixture, no, "2023", "heat", 4000);
    put_output(fixture, no, "2023", 15000000);
    return no;
}

static void row_json(const struct rows *rows, size_t row, char *ret, size_t size)
{
    struct text_buffer buffer = {0};

    row_append_json(&buffer, rows, row, &fixture_zone);
    char *cut = strstr(buffer.text, ",\"inputs_sha256\"");
    assert_non_null(cut);
    *cut = '\0';
    assert_true(text_copy(ret, size, buffer.text));
    text_buffer_done(&buffer);
}

static void example_rows_are_exact(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2023");
    struct rows rows;
    char json[4096];
    put_steel(fixture);
    uint32_t textile = fixture_put(
        fixture, fixture_enterprise("E002", "示例纺织", SIZE_CLASS_ABOVE, "C1713"));
    put_use(fixture, textile, "2023", "electricity", 410000);

    struct carbon_result result = computed(fixture, &query);
    carbon_rows_init(&rows);
    assert_int_equal(carbon_rows(&result, &rows), 0);

    assert_int_equal(rows.n_rows, 2);
    row_json(&rows, 0, json, sizeof(json));
    assert_string_equal(
        json,
        "\"enterprise\":\"E001\",\"name\":\"示例钢厂\",\"period\":\"2023\","
        "\"period_kind\":\"year\",\"method\":\"zj-2021\",\"purchased_kwh\":3200000.0,"
        "\"self_pv_kwh\":0.0,\"green_kwh\":0.0,\"energy_tce\":729.26,"
        "\"energy_tce_primary\":null,\"scope1_t\":324.33,\"heat_t\":440.0,"
        "\"co2_location_t\":2356.01,\"co2_market_t\":2715.05,\"co2_graded_t\":2356.01,"
        "\"value_added_cny\":15000000,\"value_added_wan\":1500.0,\"intensity\":1.5707,"
        "\"benchmark\":2.4,\"benchmark_period\":\"2023\","
        "\"benchmark_source\":\"benchmarks/demo.csv\",\"ratio\":0.6544,\"level\":\"mid\","
        "\"grade\":2,\"neutral_rate\":0.0,\"neutral_rate_pct\":0.0,"
        "\"factor_kg_per_kwh\":0.4974,\"factor_region\":\"33\",\"factor_year\":2023,"
        "\"coverage\":1.0,\"coverage_pct\":100.0,\"status\":\"final\",\"reason\":null,"
        "\"revision\":0");
    row_json(&rows, 1, json, sizeof(json));
    assert_string_equal(
        json, "\"enterprise\":\"E002\",\"name\":\"示例纺织\",\"period\":\"2023\","
              "\"period_kind\":\"year\",\"method\":\"zj-2021\",\"purchased_kwh\":410000.0,"
              "\"self_pv_kwh\":0.0,\"green_kwh\":0.0,\"energy_tce\":50.39,"
              "\"energy_tce_primary\":null,\"scope1_t\":0.0,\"heat_t\":0.0,"
              "\"co2_location_t\":203.93,\"co2_market_t\":249.94,\"co2_graded_t\":203.93,"
              "\"value_added_cny\":null,\"value_added_wan\":null,\"intensity\":null,"
              "\"benchmark\":1.1,\"benchmark_period\":\"2023\","
              "\"benchmark_source\":\"benchmarks/demo.csv\",\"ratio\":null,\"level\":null,"
              "\"grade\":null,\"neutral_rate\":0.0,\"neutral_rate_pct\":0.0,"
              "\"factor_kg_per_kwh\":0.4974,\"factor_region\":\"33\",\"factor_year\":2023,"
              "\"coverage\":1.0,\"coverage_pct\":100.0,\"status\":\"not_rated\","
              "\"reason\":\"no_value_added\",\"revision\":0");
    rows_done(&rows);
    carbon_result_done(&result);
}

static void own_pv_makes_grade_one(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2023");
    uint32_t no = put_steel(fixture);
    put_use(fixture, no, "2023", "electricity", 2700000);
    put_use(fixture, no, "2023", "self_pv", 500000);

    struct carbon_result result = computed(fixture, &query);
    const struct carbon_row *row = &result.firm[0].row;

    assert_int_equal(row->self_pv_wh.value, 500000000);
    assert_int_equal(row->co2_location_mg.value / 10000000, 210730); /* 2107.30835 t */
    assert_int_equal(row->grade.value, 1);
    assert_string_equal(row->level, "mid");
    carbon_result_done(&result);
}

/* ---- electricity ---- */

/* The days of June 2026, first n of them valid at 100 kWh purchase. */
static uint32_t put_june(struct fixture *fixture, int n)
{
    uint32_t no =
        fixture_put(fixture, fixture_enterprise("A", "甲厂", SIZE_CLASS_ABOVE, "C3110"));

    for (int dom = 1; dom <= 30; dom++) {
        if (dom <= n) {
            fixture_import(fixture, no, day_from_civil(2026, 6, dom), 100000);
        }
    }
    put_output(fixture, no, "2026-06", 100000);
    return no;
}

static void all_valid_days_are_summed_whatever_was_imported(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2026-06");
    uint32_t no = put_june(fixture, 30);
    put_use(fixture, no, "2026-06", "electricity", 99);

    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.firm[0].electricity, ELECTRICITY_DAYS);
    assert_int_equal(result.firm[0].row.purchased_wh.value, 3000000);
    assert_string_equal(result.firm[0].row.status, "final");
    carbon_result_done(&result);
}

static void imported_electricity_of_the_period_beats_incomplete_days(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2026-06");
    uint32_t no = put_june(fixture, 29);
    put_use(fixture, no, "2026-06", "electricity", 3100);

    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.firm[0].row.purchased_wh.value, 3100000);
    assert_int_equal(result.firm[0].row.coverage_num, result.firm[0].row.coverage_den);
    carbon_result_done(&result);
}

static void ninety_percent_of_the_days_are_enough_and_less_are_not(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2026-06");
    put_june(fixture, 27);

    struct carbon_result enough = computed(fixture, &query);
    fixture_exec(fixture->store, "DELETE FROM energy_day WHERE day = '2026-06-27'");
    struct carbon_result less = computed(fixture, &query);

    assert_string_equal(enough.firm[0].row.status, "final");
    assert_int_equal(enough.firm[0].row.purchased_wh.value, 2700000);
    assert_int_equal(enough.firm[0].row.coverage_num, 27);
    assert_string_equal(less.firm[0].row.status, "incomplete");
    assert_string_equal(less.firm[0].row.reason, "electricity_incomplete");
    assert_true(less.firm[0].row.co2_location_mg.has);
    assert_false(less.firm[0].row.grade.has);
    assert_false(less.firm[0].row.intensity_e9.has);
    carbon_result_done(&enough);
    carbon_result_done(&less);
}

static void metered_generation_less_export_is_self_used(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2026-06");
    put_june(fixture, 30);
    fixture_exec(fixture->store,
                 "UPDATE energy_day SET generation_wh = 50000, export_wh = 20000");

    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.firm[0].row.self_pv_wh.value, 30 * 30000);
    carbon_result_done(&result);
}

static void monthly_rows_tile_a_year(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2023");
    uint32_t no =
        fixture_put(fixture, fixture_enterprise("A", "甲厂", SIZE_CLASS_ABOVE, "C3110"));
    put_output(fixture, no, "2023-01..2023-02", 2000000);
    for (int month = 1; month <= 12; month++) {
        char period[16];
        (void)snprintf(period, sizeof(period), "2023-%02d", month);
        put_use(fixture, no, period, "electricity", 1000);
        if (month > 2) {
            put_output(fixture, no, period, 1000000);
        }
    }

    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.firm[0].row.purchased_wh.value, 12000000);
    assert_int_equal(result.firm[0].row.value_added_e6.value, INT64_C(12000000000000));
    assert_string_equal(result.firm[0].row.status, "final");
    carbon_result_done(&result);
}

/* ---- statuses ---- */

static void check_reason(struct fixture *fixture, const char *period, const char *status,
                         const char *reason)
{
    struct carbon_query query = query_for(period);
    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.n_firms, 1);
    assert_string_equal(result.firm[0].row.status, status);
    assert_string_equal(result.firm[0].row.reason, reason);
    assert_false(result.firm[0].row.grade.has);
    carbon_result_done(&result);
}

static void check_no_total(struct fixture *fixture, const char *period)
{
    struct carbon_query query = query_for(period);
    struct carbon_result result = computed(fixture, &query);

    assert_true(result.firm[0].row.purchased_wh.has);
    assert_false(result.firm[0].row.scope1_mg.has);
    assert_false(result.firm[0].row.co2_location_mg.has);
    assert_false(result.firm[0].row.energy_gce.has);
    carbon_result_done(&result);
}

static void value_added_not_positive_is_never_grade_five(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no = put_steel(fixture);

    put_output(fixture, no, "2023", 0);
    check_reason(fixture, "2023", "not_rated", "value_added_not_positive");
    put_output(fixture, no, "2023", -5000000);
    check_reason(fixture, "2023", "not_rated", "value_added_not_positive");
}

static void reasons_come_in_the_order_of_the_contract(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no = put_steel(fixture);
    struct enterprise enterprise =
        fixture_enterprise("E001", "示例钢厂", SIZE_CLASS_ABOVE, "J6600");

    fixture_put(fixture, enterprise);
    check_reason(fixture, "2023", "not_rated", "no_benchmark");
    put_use(fixture, no, "2023", "biomass", 5);
    check_reason(fixture, "2023", "not_rated", "no_factor");
    fixture_exec(fixture->store, "DELETE FROM import_output");
    check_reason(fixture, "2023", "not_rated", "no_value_added");
    enterprise.commissioning_until = day_from_civil(2024, 6, 30);
    fixture_put(fixture, enterprise);
    check_reason(fixture, "2023", "not_rated", "commissioning");
}

static void carrier_known_for_the_year_only_leaves_the_month_incomplete(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no = put_steel(fixture);

    put_use(fixture, no, "2023-05", "electricity", 250000);
    put_output(fixture, no, "2023-05", 1000000);

    check_reason(fixture, "2023-05", "incomplete", "carrier_only_coarser");
    check_no_total(fixture, "2023-05");
}

static void carrier_with_a_gap_is_not_taken_as_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no = put_steel(fixture);

    fixture_exec(fixture->store,
                 "DELETE FROM import_energy_use WHERE carrier = 'natural_gas'");
    put_use(fixture, no, "2023-01", "natural_gas", 10000);

    check_reason(fixture, "2023", "incomplete", "carrier_incomplete");
    check_no_total(fixture, "2023");
}

static void open_period_is_provisional_with_a_grade(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2026-06");
    put_june(fixture, 20);
    query.now_ms = fixture_ms(day_from_civil(2026, 6, 21), 9);

    struct carbon_result result = computed(fixture, &query);

    assert_string_equal(result.firm[0].row.status, "provisional");
    assert_string_equal(result.firm[0].row.reason, "period_open");
    assert_int_equal(result.firm[0].row.coverage_den, 20);
    assert_true(result.firm[0].row.grade.has);
    carbon_result_done(&result);
}

static void period_that_has_not_begun_has_no_rows(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2027");
    put_steel(fixture);

    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.n_firms, 0);
    carbon_result_done(&result);
}

static void enterprise_outside_the_period_has_no_row(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2023");
    struct enterprise enterprise =
        fixture_enterprise("N", "新厂", SIZE_CLASS_BELOW, "C3110");
    enterprise.since = day_from_civil(2024, 1, 1);
    fixture_put(fixture, enterprise);

    struct carbon_result result = computed(fixture, &query);

    assert_int_equal(result.n_firms, 0);
    carbon_result_done(&result);
}

/* ---- storing ---- */

static void storing_keeps_equal_rows_and_revises_changed_ones(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2023");
    struct rows rows;
    char first[4096];
    char second[4096];
    uint32_t no = put_steel(fixture);

    struct carbon_result result = computed(fixture, &query);
    assert_int_equal(carbon_store(fixture->store, &result, query.now_ms), 1);
    assert_int_equal(carbon_store(fixture->store, &result, query.now_ms), 0);
    carbon_rows_init(&rows);
    assert_int_equal(carbon_rows(&result, &rows), 0);
    assert_int_equal(carbon_row_from_store(fixture->store, 1, &rows), 0);
    row_json(&rows, 0, first, sizeof(first));
    row_json(&rows, 1, second, sizeof(second));
    assert_string_equal(first, second);
    carbon_result_done(&result);

    put_output(fixture, no, "2023", 16000000);
    struct carbon_result changed = computed(fixture, &query);
    assert_int_equal(changed.firm[0].row.revision, 1);
    assert_int_equal(carbon_store(fixture->store, &changed, query.now_ms), 1);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM carbon WHERE newest = 1"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM carbon"), 2);
    rows_done(&rows);
    carbon_result_done(&changed);
}

static void hash_changes_with_what_the_figure_is_made_from(void **state)
{
    struct fixture *fixture = *state;
    struct carbon_query query = query_for("2023");
    char before[65];
    uint32_t no = put_steel(fixture);
    struct carbon_result result = computed(fixture, &query);
    memcpy(before, result.firm[0].row.inputs_sha256, sizeof(before));
    carbon_result_done(&result);

    result = computed(fixture, &query);
    assert_string_equal(result.firm[0].row.inputs_sha256, before);
    carbon_result_done(&result);

    factors[1].kg_per_kwh_e6 = 497500;
    result = computed(fixture, &query);
    factors[1].kg_per_kwh_e6 = 497400;
    assert_string_not_equal(result.firm[0].row.inputs_sha256, before);
    carbon_result_done(&result);

    put_use(fixture, no, "2023", "heat", 4001);
    result = computed(fixture, &query);
    assert_string_not_equal(result.firm[0].row.inputs_sha256, before);
    carbon_result_done(&result);
}

static void months_of_a_period(void **state)
{
    (void)state;
    struct period months[12];
    struct period quarter;
    assert_int_equal(text_to_period("2026Q4", &quarter), 0);

    assert_int_equal(carbon_months(&quarter, months), 3);

    assert_string_equal(months[0].text, "2026-10");
    assert_string_equal(months[2].text, "2026-12");
}

static void rows_of_several_periods_sort_by_enterprise(void **state)
{
    struct fixture *fixture = *state;
    struct rows rows;
    static const char *const periods[] = {"2023-02", "2023-01"};
    put_steel(fixture);
    fixture_put(fixture, fixture_enterprise("D", "丁厂", SIZE_CLASS_BELOW, "C3110"));
    carbon_rows_init(&rows);

    for (int i = 0; i < 2; i++) {
        struct carbon_query query = query_for(periods[i]);
        struct carbon_result result = computed(fixture, &query);

        assert_int_equal(carbon_rows(&result, &rows), 0);
        carbon_result_done(&result);
    }
    carbon_rows_sort(&rows);

    assert_int_equal(rows.n_rows, 4);
    assert_string_equal(rows.cell[0].text, "D");
    assert_string_equal(rows.cell[2].text, "2023-01");
    const struct cell *last = rows.cell + (rows.n_rows - 1) * (size_t)rows.n_columns;
    assert_string_equal(last[0].text, "E001");
    assert_string_equal(last[2].text, "2023-02");
    rows_done(&rows);
}

#define CARBON_TEST(name)                                                                  \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CARBON_TEST(example_rows_are_exact),
        CARBON_TEST(own_pv_makes_grade_one),
        CARBON_TEST(all_valid_days_are_summed_whatever_was_imported),
        CARBON_TEST(imported_electricity_of_the_period_beats_incomplete_days),
        CARBON_TEST(ninety_percent_of_the_days_are_enough_and_less_are_not),
        CARBON_TEST(metered_generation_less_export_is_self_used),
        CARBON_TEST(monthly_rows_tile_a_year),
        CARBON_TEST(value_added_not_positive_is_never_grade_five),
        CARBON_TEST(reasons_come_in_the_order_of_the_contract),
        CARBON_TEST(carrier_known_for_the_year_only_leaves_the_month_incomplete),
        CARBON_TEST(carrier_with_a_gap_is_not_taken_as_nothing),
        CARBON_TEST(open_period_is_provisional_with_a_grade),
        CARBON_TEST(period_that_has_not_begun_has_no_rows),
        CARBON_TEST(enterprise_outside_the_period_has_no_row),
        CARBON_TEST(storing_keeps_equal_rows_and_revises_changed_ones),
        CARBON_TEST(hash_changes_with_what_the_figure_is_made_from),
        cmocka_unit_test(months_of_a_period),
        CARBON_TEST(rows_of_several_periods_sort_by_enterprise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
