/* Which factor and which benchmark: fallback and rank. */
#include "daemon/assess/carbon.h"
#include "tests/support/test.h"

static struct grid_factor factors[] = {
    {"33", 2022, FACTOR_AVERAGE, 515300, "MEE 2024-33", CONFIDENCE_HIGH},
    {"33", 2023, FACTOR_AVERAGE, 497400, "MEE 2025-47", CONFIDENCE_HIGH},
    {"southwest-china", 2023, FACTOR_AVERAGE, 247200, "MEE", CONFIDENCE_HIGH},
    {"CN", 2023, FACTOR_AVERAGE, 530600, "MEE 2025-47", CONFIDENCE_HIGH},
    {"CN", 2023, FACTOR_RESIDUAL, 609600, "MEE 2025-47", CONFIDENCE_HIGH},
};

static struct region_name regions[] = {
    {"33", "浙江省", "east-china"},
    {"54", "西藏自治区", "southwest-china"},
};

static void factor_falls_back_from_province_to_grid_to_country(void **state)
{
    (void)state;
    struct methods methods = {
        .grid = factors, .n_grid = 5, .region = regions, .n_region = 2};

    assert_int_equal(grid_factor_find(&methods, "330282", 2022, FACTOR_AVERAGE)->year,
                     2022);
    assert_int_equal(grid_factor_find(&methods, "330282", 2026, FACTOR_AVERAGE)->year,
                     2023);
    assert_string_equal(grid_factor_find(&methods, "540102", 2023, FACTOR_AVERAGE)->region,
                        "southwest-china");
    assert_string_equal(grid_factor_find(&methods, "110101", 2023, FACTOR_AVERAGE)->region,
                        "CN");
    assert_string_equal(grid_factor_find(&methods, "", 2023, FACTOR_AVERAGE)->region, "CN");
    assert_string_equal(grid_factor_find(&methods, "330282", 2023, FACTOR_RESIDUAL)->region,
                        "CN");
    assert_null(grid_factor_find(&methods, "330282", 2021, FACTOR_AVERAGE));
}

static const char *benchmark_of(const char *industry, const char *region, const char *text)
{
    static struct benchmark data[] = {
        {"C31", "", "2023", 1, "everywhere", ""},
        {"C311", "", "2020", 1, "longer industry, older", ""},
        {"C31", "33", "2022", 1, "province, before", ""},
        {"C32", "", "2023", 1, "year", ""},
        {"C32", "", "2023H1", 1, "half", ""},
        {"C32", "", "2023-05", 1, "month", ""},
        {"C32", "", "2022", 1, "before", ""},
        {"C32", "", "2021", 1, "long before", ""},
        {"C33", "", "2025", 1, "after", ""},
    };
    struct methods methods = {.benchmark = data, .n_benchmark = 9};
    struct period period;

    assert_int_equal(text_to_period(text, &period), 0);
    const struct benchmark *found = benchmark_find(&methods, industry, region, &period);
    return found == NULL ? "" : found->source;
}

static void benchmark_rank_is_industry_then_region_then_period(void **state)
{
    (void)state;

    assert_string_equal(benchmark_of("C3110", "330282", "2023"), "longer industry, older");
    assert_string_equal(benchmark_of("C3120", "330282", "2023"), "province, before");
    assert_string_equal(benchmark_of("C3120", "410102", "2023"), "everywhere");
    assert_string_equal(benchmark_of("C3210", "", "2023-05"), "month");
    assert_string_equal(benchmark_of("C3210", "", "2023-06"), "half");
    assert_string_equal(benchmark_of("C3210", "", "2023-08"), "year");
    assert_string_equal(benchmark_of("C3210", "", "2022-12"), "before");
    assert_string_equal(benchmark_of("C3210", "", "2026"), "year");
    assert_string_equal(benchmark_of("C3310", "", "2023"), "");
    assert_string_equal(benchmark_of("", "", "2023"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factor_falls_back_from_province_to_grid_to_country),
        cmocka_unit_test(benchmark_rank_is_industry_then_region_then_period),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
