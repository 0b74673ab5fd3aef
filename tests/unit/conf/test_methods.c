/* Method data: what is shipped, and what is refused. */
#include <sys/stat.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/conf/methods.h"
#include "tests/support/test.h"

static void print(const struct problems *problems)
{
    char text[512];

    for (size_t i = 0; i < problems->n; i++) {
        problem_text(&problems->problem[i], text, sizeof(text));
        print_error("  %s\n", text);
    }
}

static struct methods shipped(void)
{
    struct conf conf = {.folder = ""};
    struct problems problems;
    struct methods methods = {0};

    assert_non_null(getcwd(conf.folder, sizeof(conf.folder) - sizeof("/config")));
    memcpy(conf.folder + strlen(conf.folder), "/config", sizeof("/config"));
    problems_init(&problems);
    int err = methods_load(&conf, &problems, &methods);

    print(&problems);
    assert_int_equal(err, 0);
    assert_int_equal(problems.n, 0);
    problems_done(&problems);
    return methods;
}

static void the_shipped_methods_are_those_of_the_contract(void **state)
{
    struct methods methods = shipped();
    const struct resumption_method *all = methods_resumption(&methods, "sgcc-2020");
    const struct resumption_method *work =
        methods_resumption(&methods, "sgcc-2020-workday");
    const struct carbon_method *carbon = methods_carbon(&methods, "zj-2021");

    (void)state;
    assert_non_null(all);
    assert_int_equal(all->threshold_e6, 300000);
    assert_true(all->threshold_inclusive);
    assert_int_equal(all->produced_e6, 800000);
    assert_int_equal(all->weight_e6, 500000);
    assert_int_equal(all->day_filter, DAY_FILTER_ALL);
    assert_int_equal(all->min_valid_days, 10);
    assert_int_equal(all->min_baseline_wh, 10000);
    assert_int_equal(all->final_coverage_e6, 900000);
    assert_int_equal(all->insufficient_coverage_e6, 700000);
    assert_int_equal(all->light_margin_bp, 500);
    assert_int_equal(all->confidence, CONFIDENCE_PROPOSAL);
    assert_int_equal(strlen(all->sha256), 64);
    assert_non_null(work);
    assert_int_equal(work->day_filter, DAY_FILTER_WORKDAYS);
    assert_non_null(carbon);
    assert_true(carbon->level_e9[0] == 600000000 && carbon->level_e9[1] == 2000000000);
    assert_true(carbon->grade_e9[0] == 600000000 && carbon->grade_e9[1] == 800000000);
    assert_true(carbon->grade_e9[2] == 1200000000 && carbon->grade_e9[3] == 2000000000);
    assert_null(methods_resumption(&methods, "zj-2021"));
    methods_done(&methods);
}

static int64_t factor(const struct methods *methods, const char *region, int year,
                      enum factor_kind kind)
{
    for (int i = 0; i < methods->n_grid; i++) {
        const struct grid_factor *at = &methods->grid[i];

        if (strcmp(at->region, region) == 0 && at->year == year && at->kind == kind) {
            return at->kg_per_kwh_e6;
        }
    }
    return -1;
}

static const struct carrier *carrier(const struct methods *methods, const char *id)
{
    for (int i = 0; i < methods->n_carrier; i++) {
        if (strcmp(methods->carrier[i].id, id) == 0) {
            return &methods->carrier[i];
        }
    }
    fail();
    return NULL;
}

static void the_shipped_factors_are_those_of_the_documents(void **state)
{
    struct methods methods = shipped();

    (void)state;
    assert_int_equal(factor(&methods, "33", 2023, FACTOR_AVERAGE), 497400);
    assert_int_equal(factor(&methods, "33", 2022, FACTOR_AVERAGE), 515300);
    assert_int_equal(factor(&methods, "CN", 2023, FACTOR_RESIDUAL), 609600);
    assert_int_equal(factor(&methods, "CN", 2023, FACTOR_AVERAGE), 530600);
    assert_int_equal(factor(&methods, "east-china", 2023, FACTOR_AVERAGE), 550000);
    assert_int_equal(factor(&methods, "southwest-china", 2022, FACTOR_AVERAGE), 226800);
    assert_int_equal(factor(&methods, "54", 2023, FACTOR_AVERAGE), -1); /* Tibet: none */
    /* 0.038931 × 15.30e-3 × 0.99 × 44/12 = 2.1621889… kg/m³ */
    assert_int_equal(carrier(&methods, "natural_gas")->kg_co2_per_unit_e6, 2162189);
    assert_int_equal(carrier(&methods, "natural_gas")->kgce_per_unit_e6, 1330000);
    assert_int_equal(carrier(&methods, "electricity")->kgce_per_unit_e6, 122900);
    assert_int_equal(carrier(&methods, "heat")->kg_co2_per_unit_e6, 110000000);
    assert_int_equal(carrier(&methods, "heat")->kgce_per_unit_e6, 34120000);
    assert_true(carrier(&methods, "natural_gas")->is_fuel);
    assert_false(carrier(&methods, "heat")->is_fuel);
    assert_false(carrier(&methods, "washed_coal")->has_co2);
    assert_false(carrier(&methods, "electricity")->has_coal_primary);
    methods_done(&methods);
}

static void names_calendar_and_targets_are_shipped(void **state)
{
    struct methods methods = shipped();
    int n_divisions = 0;
    int n_provinces = 0;

    (void)state;
    for (int i = 0; i < methods.n_industry; i++) {
        n_divisions += strlen(methods.industry[i].code) == 3;
        if (strcmp(methods.industry[i].code, "C31") == 0) {
            assert_string_equal(methods.industry[i].name, "黑色金属冶炼和压延加工业");
        }
    }
    assert_int_equal(n_divisions, 97);
    for (int i = 0; i < methods.n_region; i++) {
        n_provinces += strlen(methods.region[i].code) == 2;
        if (strcmp(methods.region[i].code, "33") == 0) {
            assert_string_equal(methods.region[i].grid, "east-china");
        }
    }
    assert_int_equal(n_provinces, 34);
    assert_int_equal(methods.n_target, 4);
    assert_int_equal(methods.target[0].since, day_from_civil(2020, 2, 1));
    assert_int_equal(methods.n_calendar, 730);
    for (int i = 0; i < methods.n_calendar; i++) {
        if (methods.calendar[i].day == day_from_civil(2026, 2, 14)) {
            assert_int_equal(methods.calendar[i].kind, DAY_KIND_SWAP_WORK);
        }
        if (methods.calendar[i].day == day_from_civil(2026, 2, 17)) {
            assert_int_equal(methods.calendar[i].kind, DAY_KIND_HOLIDAY);
        }
    }
    assert_int_equal(methods.n_benchmark, 2);
    assert_string_equal(methods.benchmark[0].file, "benchmarks/demo.csv");
    assert_true(methods.benchmark[0].t_per_1e4cny_e9 == 2400000000);
    assert_string_equal(methods.benchmark[0].region, "");
    methods_done(&methods);
}

/* ---- files of the user's ---- */

struct rig {
    char folder[64];
    struct conf conf;
    struct problems problems;
    int result;
};

static void rig_load(struct rig *rig, const char *kind, const char *name, const char *text)
{
    char path[128];

    memset(rig, 0, sizeof(*rig));
    problems_init(&rig->problems);
    (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/ecmon-methods-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    (void)snprintf(rig->conf.folder, sizeof(rig->conf.folder), "%s", rig->folder);
    (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, kind);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/%s/%s", rig->folder, kind, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    struct methods methods = {0};

    rig->result = methods_load(&rig->conf, &rig->problems, &methods);
    methods_done(&methods);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/%s", rig->folder, kind);
    (void)rmdir(path);
    (void)rmdir(rig->folder);
}

static void refuse(const char *kind, const char *name, const char *text, long line,
                   int column, const char *part)
{
    struct rig rig;
    bool found = false;

    rig_load(&rig, kind, name, text);
    assert_int_equal(rig.result, ERR_CONFIG);
    for (size_t i = 0; i < rig.problems.n; i++) {
        const struct problem *problem = &rig.problems.problem[i];

        found =
            found || (problem->kind == PROBLEM_CONFIG && problem->line == line &&
                      problem->column == column && strstr(problem->message, part) != NULL);
    }
    if (!found) {
        print(&rig.problems);
    }
    assert_true(found);
    assert_int_equal(problems_exit_code(&rig.problems), 78);
    problems_done(&rig.problems);
}

#define GRID "region,year,kind,kg_per_kwh,document,confidence\n"

static void bad_factors_are_told(void **state)
{
    (void)state;
    refuse("factors", "grid.csv", GRID "east-chin,2023,average,0.5,x,high\n", 2, 1,
           "did you mean \"east-china\"");
    refuse("factors", "grid.csv", GRID "33,2023,avrage,0.5,x,high\n", 2, 9,
           "did you mean \"average\"");
    refuse("factors", "grid.csv", GRID "33,2023,average,-0.5,x,high\n", 2, 17,
           "outside 0 to 3");
    refuse("factors", "grid.csv", GRID "33,2023,average,0.5,x,sure\n", 2, 23,
           "none of high");
    refuse("factors", "grid.csv",
           GRID "33,2023,average,0.5,x,high\n33,2023,average,0.6,y,med\n", 3, 1, "twice");
    refuse("factors", "gas.csv", "carrier\n", 0, 0, "grid*.csv or carriers*.csv");
    refuse("factors", "carriers.csv",
           "carrier,unit,fuel,document,confidence\ndiesel,kg,yes,x,high\n", 2, 8,
           "none of kWh");
}

static void two_benchmarks_of_equal_rank_are_an_error(void **state)
{
    static const char head[] = "industry,region,period,t_per_1e4cny,source\n";
    char text[256];

    (void)state;
    (void)snprintf(text, sizeof(text), "%sC31,330000,2023,2.4,x\nC31,33,2023,2.5,y\n",
                   head);
    refuse("benchmarks", "own.csv", text, 3, 1, "equal rank (C31, 33, 2023)");
    (void)snprintf(text, sizeof(text), "%sC31,CN,2023-13,2.4,x\n", head);
    refuse("benchmarks", "own.csv", text, 2, 8, "2023Q1");
    (void)snprintf(text, sizeof(text), "%s31,CN,2023,2.4,x\n", head);
    refuse("benchmarks", "own.csv", text, 2, 1, "GB/T 4754");
}

static void bad_calendars_and_targets_are_told(void **state)
{
    (void)state;
    refuse("calendars", "cn.csv", "date,kind\n2026-01-01,holyday\n", 2, 12,
           "did you mean \"holiday\"");
    refuse("calendars", "cn.csv", "date,kind\n2026-01-01,work\n2026-01-01,rest\n", 3, 1,
           "twice");
    refuse("targets", "t.csv",
           "group_kind,group_id,size_class,metric,value,document\n,,above,resumption_rat,0."
           "9,x\n",
           2, 9, "did you mean \"resumption_rate\"");
    refuse("targets", "t.csv",
           "group_kind,group_id,size_class,metric,value,document\n"
           ",,above,resumption_rate,0.9,x\n,,above,resumption_rate,0.8,y\n",
           3, 9, "equal rank");
}

static void bad_methods_are_told(void **state)
{
    (void)state;
    refuse("methods", "m.yaml", "kind: resumptoin\n", 1, 7, "did you mean 'resumption'");
    refuse("methods", "m.yaml", "id: m\n", 1, 1, "kind is missing");
    refuse("methods", "m.yaml", "kind: carbon\nlevle: { low: 1 }\n", 2, 1,
           "did you mean 'level'");
    refuse("methods", "m.yaml",
           "kind: carbon\nid: m\nname: n\nversion: \"1\"\ndocument: d\nconfidence: low\n"
           "level: { low: 2, mid: 1 }\ngrade: { 1: 1, 2: 2, 3: 3, 4: 4 }\n",
           1, 1, "must rise");
    refuse("methods", "other.yaml",
           "kind: carbon\nid: m\nname: n\nversion: \"1\"\ndocument: d\nconfidence: low\n"
           "level: { low: 1, mid: 2 }\ngrade: { 1: 1, 2: 2, 3: 3, 4: 4 }\n",
           0, 0, "must be called m.yaml");
}

static void a_method_of_the_users_is_read_from_its_file(void **state)
{
    struct problems problems;
    struct resumption_method method;

    (void)state;
    problems_init(&problems);
    assert_int_equal(
        resumption_method_load("config/methods/sgcc-2020.yaml", &problems, &method), 0);
    assert_string_equal(method.id, "sgcc-2020");
    assert_int_equal(
        resumption_method_load("config/methods/zj-2021.yaml", &problems, &method),
        ERR_CONFIG);
    assert_int_equal(resumption_method_load("config/methods/none.yaml", &problems, &method),
                     ERR_IO);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_methods_are_those_of_the_contract),
        cmocka_unit_test(the_shipped_factors_are_those_of_the_documents),
        cmocka_unit_test(names_calendar_and_targets_are_shipped),
        cmocka_unit_test(bad_factors_are_told),
        cmocka_unit_test(two_benchmarks_of_equal_rank_are_an_error),
        cmocka_unit_test(bad_calendars_and_targets_are_told),
        cmocka_unit_test(bad_methods_are_told),
        cmocka_unit_test(a_method_of_the_users_is_read_from_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
