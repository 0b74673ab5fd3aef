/* Why a figure is what it is, as text and as one JSON object. */
#include "daemon/assess/explain.h"
#include "tests/unit/assess/rates_fixture.h"

struct explained {
    struct rates_result result;
    struct rate_explanation explanation;
};

static void explain_example(struct fixture *fixture, struct explained *explained)
{
    struct methods methods = fixture_methods();
    struct rates_query query = {.day = EXAMPLE_DAY,
                                .method = &sgcc_2020,
                                .by = &by_all,
                                .n_by = 1,
                                .now_ms = fixture_ms(day_from_civil(2026, 11, 21), 9),
                                .zone = &fixture_zone};

    assert_int_equal(rates_compute(fixture->store, &methods, &query, &explained->result),
                     0);
    assert_int_equal(explain_rate(fixture->store, &methods, &fixture_zone,
                                  &explained->result, &explained->result.group[0],
                                  &explained->explanation),
                     0);
}

static void explained_done(struct explained *explained)
{
    rate_explanation_done(&explained->explanation);
    rates_result_done(&explained->result);
}

static void assert_json(struct fixture *fixture, const char *json)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(store_db(fixture->store), "SELECT json_valid(?1)",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    db_bind_text(stmt, 1, json);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int valid = sqlite3_column_int(stmt, 0);
    (void)sqlite3_finalize(stmt);
    if (valid != 1) {
        print_error("%s\n", json);
    }
    assert_int_equal(valid, 1);
}

static void text_puts_the_numbers_into_the_formula(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct text_buffer text = {0};
    fixture_example(fixture, no);
    struct explained explained;
    explain_example(fixture, &explained);

    explain_rate_text(&explained.explanation, false, &text);

    assert_int_equal(text.err, 0);
    assert_non_null(
        strstr(text.text, "电力复工率 60.00 % = 3 / 5（当日电量 ≥ 30 % 基准电量）"));
    assert_non_null(
        strstr(text.text, "电量复产率 50.32 % = 15599.000 kWh / 31000.000 kWh"));
    assert_non_null(strstr(text.text, "企业复工电力指数 55.16 = 100 × (0.5 × 3 / 5 + 0.5 × "
                                      "15599000 / 31000000)"));
    assert_non_null(strstr(text.text, "State Grid Wuhan"));
    assert_non_null(strstr(text.text,
                           "F 己厂 [规下]: E – (数据缺失, – 0.00 %), B 2000.000 kWh "
                           "(31 天, 导入) → 数据缺失 (无数据)"));
    text_buffer_done(&text);
    explained_done(&explained);
}

static void english_text_has_no_chinese_but_names(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct text_buffer text = {0};
    fixture_example(fixture, no);
    struct explained explained;
    explain_example(fixture, &explained);

    explain_rate_text(&explained.explanation, true, &text);

    assert_non_null(strstr(text.text, "2020-02-20 All (all/all) sgcc-2020"));
    assert_non_null(strstr(text.text, "Resumption rate 60.00 % = 3 / 5"));
    assert_null(strstr(text.text, "复工"));
    text_buffer_done(&text);
    explained_done(&explained);
}

static void json_holds_rows_formula_method_and_days(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct text_buffer json = {0};
    fixture_example(fixture, no);
    fixture_exec(fixture->store, "DELETE FROM energy_day WHERE day = '2019-12-05' AND "
                                 "enterprise_no = 1");
    struct explained explained;
    explain_example(fixture, &explained);

    explain_rate_json(&explained.explanation, &json);

    assert_int_equal(json.err, 0);
    assert_json(fixture, json.text);
    assert_non_null(strstr(json.text, "\"resumption_rate_pct\":60.0"));
    assert_non_null(strstr(json.text, "\"production_rate\":\"15599000 / 31000000\""));
    assert_non_null(strstr(json.text, "\"baseline_from\":\"2019-12-01\""));
    assert_non_null(strstr(json.text, "\"baseline_days_dropped\":[{\"day\":\"2019-12-05\","
                                      "\"reason\":\"no_data\"}]"));
    assert_non_null(strstr(json.text, "\"enterprise\":\"F\""));
    text_buffer_done(&json);
    explained_done(&explained);
}

static void put_meter(struct fixture *fixture, const char *id, uint32_t enterprise_no,
                      enum meter_role role)
{
    struct meter meter = {.enterprise_no = enterprise_no,
                          .pt = {1, 1},
                          .ct = {1, 1},
                          .register_wh = {1, 1},
                          .initial = -1,
                          .previous_final = -1,
                          .role = role,
                          .since_ms = 0,
                          .until_ms = TS_MS_OPEN};

    (void)text_copy(meter.id, sizeof(meter.id), id);
    assert_int_equal(registry_meter_ensure(fixture->store, id, &meter.meter_no), 0);
    assert_int_equal(registry_meter_put(fixture->store, &meter, 1), 0);
}

static void meters_that_enter_the_energy_are_named(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct text_buffer json = {0};
    fixture_example(fixture, no);
    put_meter(fixture, "M2", no[1], METER_ROLE_SUPPLY);
    put_meter(fixture, "M1", no[1], METER_ROLE_GENERATION);
    put_meter(fixture, "M3", no[1], METER_ROLE_SUB);
    struct explained explained;
    explain_example(fixture, &explained);

    explain_rate_json(&explained.explanation, &json);

    assert_json(fixture, json.text);
    assert_non_null(strstr(json.text,
                           "\"meters\":[{\"meter\":\"M1\",\"role\":\"generation\"},"
                           "{\"meter\":\"M2\",\"role\":\"supply\"}]"));
    assert_null(strstr(json.text, "M3"));
    text_buffer_done(&json);
    explained_done(&explained);
}

/* ---- carbon ---- */

static const struct carbon_method zj_2021 = {
    .id = "zj-2021",
    .name = "浙江 2021",
    .document = "规上工业企业碳效等级评价方法",
    .level_e9 = {600000000, 2000000000},
    .grade_e9 = {600000000, 800000000, 1200000000, 2000000000},
};

static void carbon_names_each_term_and_its_document(void **state)
{
    struct fixture *fixture = *state;
    struct grid_factor factor = {
        "33", 2023, FACTOR_AVERAGE, 497400, "公告2025年第47号", CONFIDENCE_HIGH};
    struct carrier carrier = {.id = "natural_gas",
                              .unit = "m3",
                              .is_fuel = true,
                              .has_co2 = true,
                              .kg_co2_per_unit_e6 = 2162189,
                              .document = "24 行业指南"};
    struct benchmark benchmark = {"C31",      "",     "2023",
                                  2400000000, "demo", "benchmarks/demo.csv"};
    struct methods methods = {.grid = &factor,
                              .n_grid = 1,
                              .carrier = &carrier,
                              .n_carrier = 1,
                              .benchmark = &benchmark,
                              .n_benchmark = 1};
    struct carbon_query query = {.method = &zj_2021,
                                 .now_ms = fixture_ms(day_from_civil(2026, 11, 21), 9),
                                 .zone = &fixture_zone};
    struct carbon_result result;
    struct text_buffer text = {0};
    struct text_buffer json = {0};
    fixture_put(fixture,
                fixture_enterprise("E001", "示例\"钢厂", SIZE_CLASS_ABOVE, "C3110"));
    fixture_exec(fixture->store, "INSERT INTO import_energy_use VALUES "
                                 "(1, '2023', 'electricity', '', 3200000000000, 'kWh', 0), "
                                 "(1, '2023', 'natural_gas', '', 150000000000, 'm3', 0), "
                                 "(1, '2023', 'coke', '', 0, 't', 0)");
    fixture_exec(fixture->store,
                 "INSERT INTO import_output VALUES (1, '2023', 'value_added', "
                 "15000000000000, 0)");
    assert_int_equal(text_to_period("2023", &query.period), 0);
    assert_int_equal(carbon_compute(fixture->store, &methods, &query, &result), 0);

    explain_carbon_text(&result, &result.firm[0], false, &text);
    explain_carbon_json(&result, &result.firm[0], &json);

    assert_non_null(strstr(text.text,
                           "外购电 1591.68 t = 3200000.000 kWh × 0.4974 kg/kWh [33 2023, "
                           "公告2025年第47号, high]"));
    assert_non_null(strstr(text.text, "natural_gas 150000 m3 × 2.162189 kg CO2/m3"));
    assert_non_null(strstr(text.text, "1916.01 t / 1500 万元 → 中碳 (≤ 0.6 / 2)"));
    assert_non_null(strstr(text.text, "(≤ 0.6 / 0.8 / 1.2 / 2)"));
    assert_json(fixture, json.text);
    assert_non_null(strstr(json.text, "\"electricity_from\":\"import\""));
    assert_non_null(strstr(json.text, "\"grade_bounds\":[0.6,0.8,1.2,2]"));
    assert_non_null(strstr(json.text, "\"factor_residual\":null"));
    text_buffer_done(&text);
    text_buffer_done(&json);
    carbon_result_done(&result);
}

#define EXPLAIN_TEST(name)                                                                 \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXPLAIN_TEST(text_puts_the_numbers_into_the_formula),
        EXPLAIN_TEST(english_text_has_no_chinese_but_names),
        EXPLAIN_TEST(json_holds_rows_formula_method_and_days),
        EXPLAIN_TEST(meters_that_enter_the_energy_are_named),
        EXPLAIN_TEST(carbon_names_each_term_and_its_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
