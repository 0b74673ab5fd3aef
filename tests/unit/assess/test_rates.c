/* Rates over a real store: the worked examples to the digit, groups, revisions, baselines.
 */
#include "daemon/assess/rates.h"
#include "tests/unit/assess/rates_fixture.h"

/* One row as JSON, without the hash at its end. */
static void row_json(const struct rows *rows, size_t row, const char *end, char *ret,
                     size_t size)
{
    struct text_buffer buffer = {0};

    row_append_json(&buffer, rows, row, &fixture_zone);
    assert_int_equal(buffer.err, 0);
    char *cut = end == NULL ? NULL : strstr(buffer.text, end);
    if (cut != NULL) {
        *cut = '\0';
    }
    assert_true(text_copy(ret, size, buffer.text));
    text_buffer_done(&buffer);
}

static void example_row_of_all_is_exact(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rows rows;
    char json[4096];
    fixture_example(fixture, no);
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);

    struct rates_result result = fixture_rates(fixture, &query);
    rates_rows_init(&rows);
    assert_int_equal(rates_rows(&result, &rows), 0);

    assert_int_equal(rows.n_rows, 1);
    row_json(&rows, 0, ",\"inputs_sha256\"", json, sizeof(json));
    assert_string_equal(
        json,
        "\"day\":\"2020-02-20\",\"method\":\"sgcc-2020\",\"group_kind\":\"all\","
        "\"group_id\":\"all\",\"group_name\":\"全部\",\"n_scope\":6,\"n_valid\":5,"
        "\"n_resumed\":3,\"n_not_resumed\":2,\"n_produced\":2,\"n_zero\":1,\"n_missing\":1,"
        "\"n_no_baseline\":0,\"n_mixed_source\":0,\"energy_wh\":15599000,"
        "\"energy_kwh\":15599.0,\"baseline_wh\":31000000,\"baseline_kwh\":31000.0,"
        "\"resumption_rate\":0.6,\"resumption_rate_pct\":60.0,"
        "\"production_rate\":0.5031935483870967,\"production_rate_pct\":50.32,"
        "\"production_rate_resumed\":0.6146341463414634,"
        "\"production_rate_resumed_pct\":61.46,\"produced_rate\":0.4,"
        "\"produced_rate_pct\":40.0,\"resumption_index\":55.16,\"resumption_low\":0.5,"
        "\"resumption_low_pct\":50.0,\"resumption_high\":0.6666666666666666,"
        "\"resumption_high_pct\":66.67,\"coverage_firms\":0.8333333333333334,"
        "\"coverage_firms_pct\":83.33,\"coverage_kwh\":0.9393939393939394,"
        "\"coverage_kwh_pct\":93.94,\"d1_resumption_pp\":null,\"d1_production_pp\":null,"
        "\"ma7_resumption\":null,\"ma7_production\":null,\"target_resumption\":null,"
        "\"target_production\":null,\"light\":\"red\",\"status\":\"provisional\","
        "\"stage\":\"closed\",\"suppressed\":0,\"revision\":0");
    assert_int_equal(strlen(result.group[0].row.inputs_sha256), 64);
    rows_done(&rows);
    rates_result_done(&result);
}

static void example_rows_of_enterprises_are_exact(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rows rows;
    char json[2048];
    fixture_example(fixture, no);
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);

    struct rates_result result = fixture_rates(fixture, &query);
    resumption_rows_init(&rows);
    assert_int_equal(resumption_rows(&result, &rows), 0);

    assert_int_equal(rows.n_rows, 6);
    row_json(&rows, 1, NULL, json, sizeof(json));
    assert_string_equal(
        json,
        "\"enterprise\":\"B\",\"name\":\"乙厂\",\"day\":\"2020-02-20\",\"method\":\"sgcc-"
        "2020\","
        "\"size_class\":\"above\",\"industry\":\"C3110\",\"region\":\"330282\","
        "\"town\":\"none\",\"park\":\"none\",\"energy_wh\":2999000,\"energy_kwh\":2999.0,"
        "\"baseline_wh\":10000000,\"baseline_kwh\":10000.0,\"baseline_valid_days\":31,"
        "\"ratio\":0.2999,\"ratio_pct\":29.99,\"state\":\"not_resumed\",\"produced\":0,"
        "\"valid\":1,\"coverage\":1.0,\"coverage_pct\":100.0,\"quality\":\"imported\","
        "\"energy_source\":\"import\",\"baseline_source\":\"import\",\"mixed_source\":0,"
        "\"reason\":null,\"revision\":0");
    row_json(&rows, 2, NULL, json, sizeof(json));
    assert_non_null(strstr(json, "\"ratio\":0.3,\"ratio_pct\":30.0,\"state\":\"resumed\","
                                 "\"produced\":0,\"valid\":1"));
    row_json(&rows, 5, NULL, json, sizeof(json));
    assert_string_equal(
        json, "\"enterprise\":\"F\",\"name\":\"己厂\",\"day\":\"2020-02-20\",\"method\":"
              "\"sgcc-2020\","
              "\"size_class\":\"below\",\"industry\":\"C1713\",\"region\":\"330282\","
              "\"town\":\"none\",\"park\":\"none\",\"energy_wh\":null,\"energy_kwh\":null,"
              "\"baseline_wh\":2000000,\"baseline_kwh\":2000.0,\"baseline_valid_days\":31,"
              "\"ratio\":null,\"ratio_pct\":null,\"state\":\"missing\",\"produced\":null,"
              "\"valid\":0,\"coverage\":0.0,\"coverage_pct\":0.0,\"quality\":\"missing\","
              "\"energy_source\":null,\"baseline_source\":\"import\",\"mixed_source\":0,"
              "\"reason\":\"no_data\",\"revision\":0");
    rows_done(&rows);
    rates_result_done(&result);
}

/* Four firms of C31, a fourth without baseline; the six days before chosen for d1 and ma7.
 */
static void put_c31(struct fixture *fixture)
{
    static const int64_t baseline_kwh[] = {9000, 1200, 20000};
    static const int64_t energy_wh[] = {8640000, 0, 21300000};
    uint32_t no[4];

    for (int i = 0; i < 4; i++) {
        char id[8];

        (void)snprintf(id, sizeof(id), "S%d", i);
        no[i] =
            fixture_put(fixture, fixture_enterprise(id, "钢厂", SIZE_CLASS_ABOVE, "C3110"));
        if (i < 3) {
            fixture_december(fixture, no[i], 2025, baseline_kwh[i] * 1000);
        }
    }
    for (int i = 0; i < 3; i++) {
        for (day_t day = DAY_C31 - 6; day < DAY_C31; day++) {
            fixture_import(fixture, no[i], day, energy_wh[i]);
        }
        fixture_import(fixture, no[i], DAY_C31, energy_wh[i]);
    }
    /* 2026-11-19: 8,640 + 0 + 21,424.1 = 30,064.1 of 30,200 kWh = 99.55 % */
    fixture_import(fixture, no[2], DAY_C31 - 1, 21424100);
    fixture_import(fixture, no[3], DAY_C31, 100000);
}

static void industry_row_has_change_mean_target_and_light(void **state)
{
    struct fixture *fixture = *state;
    struct rates_by by = fixture_by("industry", NULL);
    struct rates_query query = fixture_query(DAY_C31, &by, 1);
    put_c31(fixture);

    struct rates_result result = fixture_rates(fixture, &query);
    const struct rates_group *group = rates_find(&result, "industry", "C31");

    assert_non_null(group);
    const struct rate_row *row = &group->row;
    assert_string_equal(row->group_name, "黑色金属冶炼和压延加工业");
    assert_int_equal(row->n_scope, 4);
    assert_int_equal(row->n_no_baseline, 1);
    assert_int_equal(row->energy_wh, 29940000);
    assert_int_equal(row->baseline_wh, 30200000);
    assert_int_equal(row->index_e2.value, 8290);
    assert_true(row->d1_resumption_bp.has);
    assert_int_equal(row->d1_resumption_bp.value, 0);
    assert_int_equal(row->d1_production_bp.value, -41); /* 99.14 - 99.55 */
    assert_int_equal(row->ma7_resumption_e12.value, INT64_C(666666666667));
    /* (6 × 29,940,000 + 30,064,100) / (7 × 30,200,000) = 0.99197776726… */
    assert_int_equal(row->ma7_production_e12.value / 1000, INT64_C(991977767));
    assert_int_equal(row->target_resumption_e6.value, 950000);
    assert_int_equal(row->target_production_e6.value, 850000);
    assert_string_equal(row->light, "yellow");
    assert_string_equal(row->status, "final");
    assert_string_equal(row->stage, "preliminary");
    assert_string_equal(row->method_confidence, "proposal");
    assert_false(row->suppressed);
    rates_result_done(&result);
}

static void mean_needs_four_days(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no =
        fixture_put(fixture, fixture_enterprise("A", "甲", SIZE_CLASS_ABOVE, "C3110"));
    struct rates_query query = fixture_query(DAY_C31, &by_all, 1);
    fixture_december(fixture, no, 2025, 1000000);
    for (day_t day = DAY_C31 - 2; day <= DAY_C31; day++) {
        fixture_import(fixture, no, day, 500000);
    }

    struct rates_result three = fixture_rates(fixture, &query);
    fixture_import(fixture, no, DAY_C31 - 5, 700000);
    struct rates_result four = fixture_rates(fixture, &query);

    assert_false(three.group[0].row.ma7_production_e12.has);
    assert_true(four.group[0].row.ma7_production_e12.has);
    assert_int_equal(four.group[0].row.ma7_production_e12.value, INT64_C(550000000000));
    rates_result_done(&three);
    rates_result_done(&four);
}

/* One valid of four: no rates, bounds, and nothing but counts is published. */
static void put_town(struct fixture *fixture)
{
    static const int64_t baseline_kwh[] = {1000, 3000, 3000, 1000};

    for (int i = 0; i < 4; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "T%d", i);
        struct enterprise enterprise = fixture_enterprise(
            id, "厂", i == 0 ? SIZE_CLASS_ABOVE : SIZE_CLASS_BELOW, "C1713");
        (void)text_copy(enterprise.town, sizeof(enterprise.town), "330282104");
        uint32_t no = fixture_put(fixture, enterprise);

        fixture_december(fixture, no, 2025, baseline_kwh[i] * 1000);
        if (i == 0) {
            fixture_import(fixture, no, DAY_C31, 500000);
        }
    }
    const struct group_name town = {"town", "330282104", "周巷镇", "Zhouxiang", ""};
    assert_int_equal(registry_groups_put(fixture->store, &town, 1), 0);
}

static void town_row_is_insufficient_and_suppressed(void **state)
{
    struct fixture *fixture = *state;
    struct rates_by by = fixture_by("town", NULL);
    struct rates_query query = fixture_query(DAY_C31, &by, 1);
    struct rows rows;
    char json[4096];
    put_town(fixture);

    struct rates_result result = fixture_rates(fixture, &query);
    assert_true(rates_store(fixture->store, &result, query.now_ms) > 0);
    rates_rows_init(&rows);
    assert_int_equal(rates_rows(&result, &rows), 0);
    int64_t row_no = fixture_number(fixture, "SELECT row_no FROM rate_day");
    assert_int_equal(rates_row_from_store(fixture->store, row_no, true, &rows), 0);
    assert_int_equal(rates_row_from_store(fixture->store, row_no, false, &rows), 0);

    assert_int_equal(rows.n_rows, 3);
    row_json(&rows, 0, ",\"inputs_sha256\"", json, sizeof(json));
    assert_non_null(strstr(
        json,
        "\"group_id\":\"330282104\",\"group_name\":\"周巷镇\",\"n_scope\":4,\"n_valid\":1,"
        "\"n_resumed\":1,\"n_not_resumed\":0,\"n_produced\":0,\"n_zero\":0,\"n_missing\":3,"
        "\"n_no_baseline\":0,\"n_mixed_source\":0,\"energy_wh\":500000,"
        "\"energy_kwh\":500.0,\"baseline_wh\":1000000,\"baseline_kwh\":1000.0,"
        "\"resumption_rate\":null,\"resumption_rate_pct\":null,\"production_rate\":null,"
        "\"production_rate_pct\":null,\"production_rate_resumed\":null,"
        "\"production_rate_resumed_pct\":null,\"produced_rate\":null,"
        "\"produced_rate_pct\":null,\"resumption_index\":null,\"resumption_low\":0.25,"
        "\"resumption_low_pct\":25.0,\"resumption_high\":1.0,\"resumption_high_pct\":100.0,"
        "\"coverage_firms\":0.25,\"coverage_firms_pct\":25.0,\"coverage_kwh\":0.125,"
        "\"coverage_kwh_pct\":12.5,\"d1_resumption_pp\":null,\"d1_production_pp\":null,"
        "\"ma7_resumption\":null,\"ma7_production\":null,\"target_resumption\":null,"
        "\"target_production\":null,\"light\":null,\"status\":\"insufficient\","
        "\"stage\":\"preliminary\",\"suppressed\":1,\"revision\":0"));
    row_json(&rows, 1, NULL, json, sizeof(json));
    assert_non_null(strstr(json,
                           "\"energy_wh\":null,\"energy_kwh\":null,\"baseline_wh\":null,"
                           "\"baseline_kwh\":null"));
    assert_non_null(strstr(json, "\"resumption_low\":null,\"resumption_low_pct\":null,"
                                 "\"resumption_high\":null,\"resumption_high_pct\":null,"
                                 "\"coverage_firms\":0.25"));
    char stored[4096];
    row_json(&rows, 0, NULL, json, sizeof(json));
    row_json(&rows, 2, NULL, stored, sizeof(stored));
    assert_string_equal(json, stored);
    rows_done(&rows);
    rates_result_done(&result);
}

static void size_classes_have_their_own_rows_and_lights(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rates_by by = fixture_by("size_class", NULL);
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by, 1);
    fixture_example(fixture, no);

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(result.n_groups, 2);
    const struct rate_row *above = &result.group[0].row;
    const struct rate_row *below = &result.group[1].row;
    assert_string_equal(above->group_id, "above");
    assert_string_equal(above->group_name, "规上");
    assert_string_equal(above->light, "red");
    assert_int_equal(above->target_resumption_e6.value, 950000);
    assert_string_equal(below->group_id, "below");
    assert_string_equal(below->status, "insufficient"); /* 2 of 3 = 66.67 % */
    assert_string_equal(below->light, "");
    rates_result_done(&result);
}

static void crossing_means_the_same_in_either_order(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rates_by by = fixture_by("size_class,industry", NULL);
    struct rates_by other = fixture_by("industry,size_class", "division");
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by, 1);
    fixture_example(fixture, no);

    struct rates_result result = fixture_rates(fixture, &query);

    assert_memory_equal(&by, &other, sizeof(by));
    assert_int_equal(result.n_groups, 2);
    assert_string_equal(result.group[0].row.group_kind, "industry~size_class");
    assert_string_equal(result.group[0].row.group_id, "C17~below");
    assert_string_equal(result.group[1].row.group_id, "C31~above");
    assert_string_equal(result.group[1].row.group_name, "黑色金属冶炼和压延加工业·规上");
    rates_result_done(&result);
}

static void groupings_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct rates_by by = {.n_axes = 9};
    char why[128] = "";

    assert_true(rates_by_parse("industri", NULL, &by, why, sizeof(why)) < 0);
    assert_non_null(strstr(why, "industry"));
    assert_true(rates_by_parse("town,town", NULL, &by, NULL, 0) < 0);
    assert_true(rates_by_parse("all,town", NULL, &by, NULL, 0) < 0);
    assert_true(rates_by_parse("town,park,list", NULL, &by, NULL, 0) < 0);
    assert_true(rates_by_parse("town", "county", &by, NULL, 0) < 0);
    assert_true(rates_by_parse("industry", "divison", &by, why, sizeof(why)) < 0);
    assert_non_null(strstr(why, "division"));
    assert_true(rates_by_parse("", "x", &by, NULL, 0) < 0);
    assert_int_equal(by.n_axes, 9);
}

static void levels_cut_the_codes(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    const struct rates_by by[] = {
        fixture_by("industry", "section"), fixture_by("industry", "class"),
        fixture_by("region", NULL), fixture_by("region", "province")};
    struct rates_query query = fixture_query(EXAMPLE_DAY, by, 4);
    fixture_example(fixture, no);
    fixture_put(fixture, fixture_enterprise("G", "庚厂", SIZE_CLASS_UNKNOWN, "C31"));

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(rates_find(&result, "industry", "C")->row.n_scope, 7);
    assert_int_equal(rates_find(&result, "industry", "C3110")->row.n_scope, 3);
    assert_int_equal(rates_find(&result, "industry", "none")->row.n_scope, 1);
    assert_int_equal(rates_find(&result, "region", "330282")->row.n_scope, 7);
    assert_int_equal(rates_find(&result, "region", "330000")->row.n_scope, 7);
    rates_result_done(&result);
}

static void lists_count_a_firm_in_each_and_the_rest_in_none(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    const struct rates_by by[] = {fixture_by("list", NULL),
                                  fixture_by("list,size_class", NULL)};
    struct rates_query query = fixture_query(EXAMPLE_DAY, by, 2);
    const struct list_member members[] = {
        {"key", "A", "", "", DAY_MIN, DAY_MAX},
        {"key", "B", "", "", EXAMPLE_DAY + 1, DAY_MAX}, /* not yet */
        {"key", "D", "", "", DAY_MIN, EXAMPLE_DAY},
        {"chain", "A", "lead", "", DAY_MIN, DAY_MAX},
    };
    fixture_example(fixture, no);
    assert_int_equal(registry_members_put(fixture->store, members, 4), 0);

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(rates_find(&result, "list", "key")->row.n_scope, 2);
    assert_int_equal(rates_find(&result, "list", "chain")->row.n_scope, 1);
    assert_int_equal(rates_find(&result, "list", "none")->row.n_scope, 4);
    assert_int_equal(rates_find(&result, "list~size_class", "key~below")->row.n_scope, 1);
    rates_result_done(&result);
}

static void asking_for_one_group_selects_its_enterprises(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct rows rows;
    struct rates_by by = fixture_by("size_class", NULL);
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by, 1);
    query.group = "below";
    fixture_example(fixture, no);

    struct rates_result result = fixture_rates(fixture, &query);
    resumption_rows_init(&rows);
    assert_int_equal(resumption_rows(&result, &rows), 0);

    assert_int_equal(result.n_groups, 1);
    assert_int_equal(rows.n_rows, 3);
    assert_string_equal(rows.cell[0].text, "D");
    rows_done(&rows);
    rates_result_done(&result);
}

static void enterprise_not_in_force_has_no_row(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no[6];
    struct enterprise late = fixture_enterprise("G", "庚厂", SIZE_CLASS_ABOVE, "C3110");
    struct rates_query query = fixture_query(EXAMPLE_DAY, &by_all, 1);
    late.since = EXAMPLE_DAY + 1;
    fixture_example(fixture, no);
    fixture_put(fixture, late);

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(result.n_firms, 6);
    assert_int_equal(result.group[0].row.n_scope, 6);
    rates_result_done(&result);
}

static void mixed_sources_are_counted(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no =
        fixture_put(fixture, fixture_enterprise("A", "甲", SIZE_CLASS_ABOVE, "C3110"));
    struct rates_query query = fixture_query(DAY_C31, &by_all, 1);
    fixture_december(fixture, no, 2025, 1000000);
    fixture_energy(fixture, (struct energy_row){no, DAY_C31, 900000, 1, "meter"});

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(result.group[0].row.n_mixed_source, 1);
    assert_true(result.firm[0].mixed_source);
    rates_result_done(&result);
}

static void an_invalid_day_is_missing_not_its_partial_energy(void **state)
{
    struct fixture *fixture = *state;
    uint32_t no =
        fixture_put(fixture, fixture_enterprise("A", "甲", SIZE_CLASS_ABOVE, "C3110"));
    struct rates_query query = fixture_query(DAY_C31, &by_all, 1);
    fixture_december(fixture, no, 2025, 1000000);
    fixture_energy(fixture, (struct energy_row){no, DAY_C31, 900000, 0, "meter"});

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(result.firm[0].state, STATE_MISSING);
    assert_string_equal(result.firm[0].reason, "day_not_valid");
    assert_int_equal(result.group[0].row.energy_wh, 0);
    rates_result_done(&result);
}

static void empty_register_has_no_rows(void **state)
{
    struct fixture *fixture = *state;
    struct rates_query query = fixture_query(DAY_C31, &by_all, 1);

    struct rates_result result = fixture_rates(fixture, &query);

    assert_int_equal(result.n_groups, 0);
    assert_int_equal(rates_store(fixture->store, &result, query.now_ms), 0);
    rates_result_done(&result);
}

#define RATES_TEST(name)                                                                   \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RATES_TEST(example_row_of_all_is_exact),
        RATES_TEST(example_rows_of_enterprises_are_exact),
        RATES_TEST(industry_row_has_change_mean_target_and_light),
        RATES_TEST(mean_needs_four_days),
        RATES_TEST(town_row_is_insufficient_and_suppressed),
        RATES_TEST(size_classes_have_their_own_rows_and_lights),
        RATES_TEST(crossing_means_the_same_in_either_order),
        cmocka_unit_test(groupings_that_make_no_sense_are_refused),
        RATES_TEST(levels_cut_the_codes),
        RATES_TEST(lists_count_a_firm_in_each_and_the_rest_in_none),
        RATES_TEST(asking_for_one_group_selects_its_enterprises),
        RATES_TEST(enterprise_not_in_force_has_no_row),
        RATES_TEST(mixed_sources_are_counted),
        RATES_TEST(an_invalid_day_is_missing_not_its_partial_energy),
        RATES_TEST(empty_register_has_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
