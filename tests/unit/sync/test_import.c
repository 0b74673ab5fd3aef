/* Imports: all or nothing, every bad row with its place, corrections, periods. */
#include "daemon/store/registry.h"
#include "daemon/sync/import.h"
#include "tests/unit/store/fixture.h"

struct rig {
    struct fixture f;
    struct import_options options;
    struct problems problems;
    struct import_counts counts;
};

static void add_enterprise(struct store *store, const char *id, day_t since, day_t until)
{
    struct enterprise e = {.area_mu_e4 = -1,
                           .green_stars = -1,
                           .commissioning_until = DAY_MIN,
                           .since = since,
                           .until = until};

    (void)snprintf(e.id, sizeof(e.id), "%s", id);
    (void)snprintf(e.name, sizeof(e.name), "name of %s", id);
    assert_int_equal(registry_enterprise_ensure(store, id, &e.enterprise_no), 0);
    assert_int_equal(registry_enterprise_put(store, &e, 1), 0);
}

/* E001 (number 1) since ever, E002 (number 2) from 2026-01-01 to 2026-06-30; today is
 * 2026-11-21. */
static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    fixture_init(&rig->f);
    problems_init(&rig->problems);
    rig->options = (struct import_options){.now_ms = T0, .who = "tester"};
    assert_int_equal(store_begin(rig->f.store), 0);
    add_enterprise(rig->f.store, "E001", DAY_MIN, DAY_MAX);
    add_enterprise(rig->f.store, "E002", day_from_civil(2026, 1, 1),
                   day_from_civil(2026, 6, 30));
    assert_int_equal(store_commit(rig->f.store), 0);
}

static void rig_done(struct rig *rig)
{
    problems_done(&rig->problems);
    fixture_done(&rig->f);
}

static int import(struct rig *rig, const char *kind, const char *text)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    rewind(file);
    problems_done(&rig->problems);
    memset(&rig->counts, -1, sizeof(rig->counts));
    int err = import_run(rig->f.store, kind, file, "in.csv", &rig->options, &rig->problems,
                         &rig->counts);

    assert_int_equal(fclose(file), 0);
    return err;
}

static void print(const struct rig *rig)
{
    char text[512];

    for (size_t i = 0; i < rig->problems.n; i++) {
        problem_text(&rig->problems.problem[i], text, sizeof(text));
        print_error("  %s\n", text);
    }
}

static void expect_problem(const struct rig *rig, enum problem_kind kind, long line,
                           int column, const char *part)
{
    for (size_t i = 0; i < rig->problems.n; i++) {
        const struct problem *problem = &rig->problems.problem[i];

        if (problem->kind == kind && problem->line == line && problem->column == column &&
            strstr(problem->message, part) != NULL) {
            return;
        }
    }
    print_error("no problem at %ld:%d with \"%s\"; found were\n", line, column, part);
    print(rig);
    fail();
}

static void expect_counts(const struct rig *rig, const char *text)
{
    char got[IMPORT_COUNTS_LEN];

    import_counts_text(&rig->counts, got);
    if (strcmp(got, text) != 0) {
        print(rig);
    }
    assert_string_equal(got, text);
}

static void refuse(const char *kind, const char *text, long line, int column,
                   const char *part)
{
    struct rig rig;

    rig_init(&rig);
    assert_int_equal(import(&rig, kind, text), ERR_DATA);
    expect_problem(&rig, PROBLEM_DATA, line, column, part);
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM import_energy"), 0);
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM import_output"), 0);
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM import_energy_use"),
                     0);
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM stale"), 0);
    rig_done(&rig);
}

/* ---- energy ---- */

static void energy_is_imported_in_wh_and_marks_its_days(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "energy",
                            "enterprise,day,kwh,export_kwh,generation_kwh\n"
                            "E001,2026-03-01,9000.5,,\nE002,2026-03-01,0,1.25,2\n"
                            "E001,2026/3/2,\"1,234.5675\",,\n"),
                     0);
    expect_counts(&rig, "3 new, 0 changed, 0 same, 0 bad");
    assert_int_equal(fixture_value(rig.f.store, "SELECT import_wh FROM import_energy WHERE "
                                                "enterprise_no = 1 AND day = '2026-03-01'"),
                     9000500);
    assert_int_equal(fixture_value(rig.f.store, "SELECT import_wh FROM import_energy WHERE "
                                                "enterprise_no = 1 AND day = '2026-03-02'"),
                     1234568); /* rounded half away from zero */
    assert_int_equal(fixture_value(rig.f.store, "SELECT export_wh FROM import_energy WHERE "
                                                "enterprise_no = 2"),
                     1250);
    assert_int_equal(fixture_value(rig.f.store,
                                   "SELECT export_wh IS NULL FROM import_energy "
                                   "WHERE enterprise_no = 1"),
                     1);
    assert_int_equal(
        fixture_value(rig.f.store, "SELECT count(*) FROM stale WHERE kind = 'day'"), 2);
    rig_done(&rig);
}

static void chinese_headings_and_wan_kwh_are_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(
        import(&rig, "energy",
               "\xEF\xBB\xBF企业编号,日期,电量(万千瓦时)\r\nE001,20260301,1.2345678\r\n"),
        0);
    assert_int_equal(fixture_value(rig.f.store, "SELECT import_wh FROM import_energy"),
                     12345678);
    rig_done(&rig);
}

static void the_same_file_again_changes_nothing_a_correction_is_audited(void **state)
{
    static const char text[] =
        "enterprise,day,kwh\nE001,2026-03-01,10\nE001,2026-03-02,20\n";
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "energy", text), 0);
    fixture_exec(rig.f.store, "DELETE FROM stale");
    assert_int_equal(import(&rig, "energy", text), 0);
    expect_counts(&rig, "0 new, 0 changed, 2 same, 0 bad");
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM stale"), 0);

    assert_int_equal(import(&rig, "energy", "enterprise,day,kwh\nE001,2026-03-02,21\n"), 0);
    expect_counts(&rig, "0 new, 1 changed, 0 same, 0 bad");
    assert_int_equal(fixture_value(rig.f.store, "SELECT revision FROM import_energy WHERE "
                                                "day = '2026-03-02'"),
                     1);
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM audit WHERE "
                                                "action = 'correction' AND who = 'tester'"),
                     1);
    assert_int_equal(fixture_value(rig.f.store, "SELECT key = '2026-03-02' FROM stale"), 1);
    rig_done(&rig);
}

static void a_dry_run_counts_and_writes_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.options.dry_run = true;
    assert_int_equal(import(&rig, "energy", "enterprise,day,kwh\nE001,2026-03-01,10\n"), 0);
    expect_counts(&rig, "1 new, 0 changed, 0 same, 0 bad");
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM import_energy"), 0);
    rig_done(&rig);
}

static void every_bad_row_of_energy_is_told_with_line_and_column(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "energy",
                            "enterprise,day,kwh\n"
                            "E01,2026-03-01,1\n"
                            "E001,2026-02-30,1\n"
                            "E001,2026-11-22,1\n"
                            "E002,2026-07-01,1\n"
                            "E001,2026-03-01,-1\n"
                            "E001,2026-03-01,nan\n"
                            "E001,2026-03-01,\n"
                            "E001,,1\n"
                            ",2026-03-01,1\n"
                            "E001,2026-03-01\n"
                            "E001,2026-03-01,1e3\n"
                            "E001,2026-03-01,#N/A\n"
                            "3.30282E+12,2026-03-01,1\n"
                            "E001,2026-03-01,99999999999999\n"
                            "E001,2026-03-03,5\n"
                            "E001,2026-03-03,6\n"),
                     ERR_DATA);
    expect_counts(&rig, "0 new, 0 changed, 0 same, 15 bad");
    expect_problem(&rig, PROBLEM_DATA, 2, 1, "did you mean \"E001\"");
    expect_problem(&rig, PROBLEM_DATA, 3, 6, "does not exist");
    expect_problem(&rig, PROBLEM_DATA, 4, 6, "in the future");
    expect_problem(&rig, PROBLEM_DATA, 5, 1, "not in force");
    expect_problem(&rig, PROBLEM_DATA, 6, 17, "is negative");
    expect_problem(&rig, PROBLEM_DATA, 7, 17, "not a finite number");
    expect_problem(&rig, PROBLEM_DATA, 8, 17, "kwh is blank");
    expect_problem(&rig, PROBLEM_DATA, 9, 6, "day is blank");
    expect_problem(&rig, PROBLEM_DATA, 10, 1, "enterprise is blank");
    expect_problem(&rig, PROBLEM_DATA, 11, 1, "2 fields");
    expect_problem(&rig, PROBLEM_DATA, 12, 17, "exponent");
    expect_problem(&rig, PROBLEM_DATA, 13, 17, "error of the spreadsheet");
    expect_problem(&rig, PROBLEM_DATA, 14, 1, "format the cell as text");
    expect_problem(&rig, PROBLEM_DATA, 15, 17, "too large");
    expect_problem(&rig, PROBLEM_DATA, 17, 1, "in line 16");
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM import_energy"), 0);
    assert_int_equal(problems_exit_code(&rig.problems), 65);
    rig_done(&rig);
}

static void headers_of_energy_are_checked(void **state)
{
    (void)state;
    refuse("energy", "enterprise,day,kwh,wan_kwh\n", 1, 20, "give one");
    refuse("energy", "enterprise,day\n", 1, 1, "\"kwh\" or \"wan_kwh\"");
    refuse("energy", "account,day,kwh\n330200000001,2026-03-01,1\n", 1, 1,
           "by account is not in this version");
    refuse("energy", "enterprise,account,day,kwh\nE001,330200000001,2026-03-01,1\n", 2, 6,
           "by account is not in this version");
    refuse("energy", "enterprise,dya,kwh\n", 1, 12, "did you mean \"day\"");
    refuse("energy", "", 1, 1, "empty");
    refuse("energy", "enterprise,day,kwh,export_kwh\nE001,2026-03-01,1,2\n", 2, 19,
           "consumption would be negative");
}

static void a_row_given_twice_is_imported_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "energy",
                            "enterprise,day,kwh\nE001,2026-03-01,1\nE001,2026-03-01,1.0\n"),
                     0);
    expect_counts(&rig, "1 new, 0 changed, 0 same, 0 bad");
    expect_problem(&rig, PROBLEM_WARNING, 3, 1, "line 2");
    rig_done(&rig);
}

static void skip_bad_imports_the_rest_and_writes_rejects(void **state)
{
    struct rig rig;
    char *text = NULL;
    size_t n = 0;

    (void)state;
    rig_init(&rig);
    rig.options.skip_bad = true;
    rig.options.rejects = open_memstream(&text, &n);
    assert_non_null(rig.options.rejects);
    assert_int_equal(import(&rig, "energy",
                            "enterprise,day,kwh\nE001,2026-03-01,1\nE001,2026-03-02,x\n"),
                     0);
    expect_counts(&rig, "1 new, 0 changed, 0 same, 1 bad");
    assert_int_equal(fclose(rig.options.rejects), 0);
    assert_string_equal(text,
                        "line,reason,enterprise,day,kwh\n"
                        "3,\"kwh \"\"x\"\" is not a number (kWh)\",E001,2026-03-02,x\n");
    free(text);
    rig_done(&rig);
}

/* ---- output ---- */

static void output_is_imported_in_millionths_of_a_yuan(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "output",
                            "enterprise,period,value_added_wan,tax_kcny,rd_cny,employees\n"
                            "E001,2023,1500,12.5,0.5,120\n"
                            "E002,2026-01..2026-03,1,,,\n"),
                     0);
    expect_counts(&rig, "2 new, 0 changed, 0 same, 0 bad");
    assert_int_equal(fixture_value(rig.f.store, "SELECT value_e6 FROM import_output WHERE "
                                                "item = 'value_added' AND period = '2023'"),
                     INT64_C(15000000000000));
    assert_int_equal(
        fixture_value(rig.f.store, "SELECT value_e6 FROM import_output WHERE item = 'tax'"),
        INT64_C(12500000000));
    assert_int_equal(
        fixture_value(rig.f.store, "SELECT value_e6 FROM import_output WHERE item = 'rd'"),
        500000);
    assert_int_equal(fixture_value(rig.f.store, "SELECT value_e6 FROM import_output WHERE "
                                                "item = 'employees'"),
                     120000000);
    /* one name for one span of months */
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM import_output WHERE "
                                                "period = '2026Q1' AND enterprise_no = 2"),
                     1);
    assert_int_equal(fixture_value(rig.f.store, "SELECT count(*) FROM stale WHERE "
                                                "kind = 'carbon' AND key = 'all'"),
                     1);
    rig_done(&rig);
}

static void a_row_of_several_figures_counts_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "output", "enterprise,period,tax_cny\nE001,2023,1\n"), 0);
    assert_int_equal(
        import(&rig, "output", "enterprise,period,tax_cny,rd_cny\nE001,2023,1,5\n"), 0);
    expect_counts(&rig, "1 new, 0 changed, 0 same, 0 bad");
    assert_int_equal(
        import(&rig, "output", "enterprise,period,tax_cny,rd_cny\nE001,2023,2,5\n"), 0);
    expect_counts(&rig, "0 new, 1 changed, 0 same, 0 bad");
    assert_int_equal(
        import(&rig, "output", "enterprise,period,tax_cny,rd_cny\nE001,2023,2,5\n"), 0);
    expect_counts(&rig, "0 new, 0 changed, 1 same, 0 bad");
    rig_done(&rig);
}

static void bad_output_is_told(void **state)
{
    (void)state;
    refuse("output", "enterprise,period,tax_cny,tax_wan\n", 1, 27, "given twice");
    refuse("output", "enterprise,period\n", 1, 1, "no figure");
    refuse("output", "enterprise,period,value_added\n", 1, 19, "unknown column");
    refuse("output", "enterprise,period,tax_cny\nE001,2023,\n", 2, 1, "no figure");
    refuse("output", "enterprise,period,tax_cny\nE001,2023,-5\n", 2, 11, "is negative");
    refuse("output", "enterprise,period,tax_cny\nE001,2023Q5,5\n", 2, 6, "none of 2026");
    refuse("output", "enterprise,period,tax_cny\nE001,2026-12,5\n", 2, 6, "not begun");
    refuse("output", "enterprise,period,tax_cny\nE002,2025,5\n", 2, 1, "not in force");
    refuse("output", "enterprise,period,tax_cny\nE001,2023,5\nE001,2023,6\n", 3, 11,
           "in line 2");
}

static void crossing_periods_are_an_error(void **state)
{
    struct rig rig;

    (void)state;
    refuse(
        "output",
        "enterprise,period,tax_cny\nE001,2025-01..2025-04,5\nE001,2025Q2,5\nE001,2025,12\n",
        3, 12, "crosses 2025-01..2025-04 of line 2");
    rig_init(&rig);
    assert_int_equal(
        import(&rig, "output", "enterprise,period,tax_cny\nE001,2025-01..2025-04,5\n"), 0);
    assert_int_equal(import(&rig, "output", "enterprise,period,tax_cny\nE001,2025Q2,5\n"),
                     ERR_DATA);
    expect_counts(&rig, "0 new, 0 changed, 0 same, 1 bad");
    expect_problem(&rig, PROBLEM_DATA, 2, 12, "imported before");
    /* another item of the same firm is another thing */
    assert_int_equal(import(&rig, "output", "enterprise,period,rd_cny\nE001,2025Q2,5\n"),
                     0);
    rig_done(&rig);
}

static void nested_periods_may_differ_by_five_percent(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "output",
                            "enterprise,period,tax_cny\nE001,2025H1,50\nE001,2025H2,55\n"
                            "E001,2025,100\n"),
                     0);
    assert_int_equal(rig.problems.n, 0);
    assert_int_equal(import(&rig, "output", "enterprise,period,tax_cny\nE001,2025H2,56\n"),
                     0);
    assert_int_equal(rig.problems.n, 1);
    assert_int_equal(rig.problems.problem[0].kind, PROBLEM_WARNING);
    assert_non_null(strstr(rig.problems.problem[0].message, "more than 5 %"));
    rig_done(&rig);
}

/* ---- energy use ---- */

static void energy_use_is_imported_by_carrier(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(import(&rig, "energy-use",
                            "enterprise,period,carrier,quantity,unit,cert_id\n"
                            "E001,2023,natural_gas,150000,m3,\n"
                            "E001,2023,热力,4000,吉焦,\n"
                            "E001,2023,certificate,10,MWh,GEC-1\n"
                            "E001,2023,certificate,20,MWh,GEC-2\n"),
                     0);
    expect_counts(&rig, "4 new, 0 changed, 0 same, 0 bad");
    assert_int_equal(fixture_value(rig.f.store, "SELECT quantity_e6 FROM import_energy_use "
                                                "WHERE carrier = 'natural_gas'"),
                     INT64_C(150000000000));
    assert_int_equal(fixture_value(rig.f.store,
                                   "SELECT count(*) FROM import_energy_use WHERE "
                                   "carrier = 'heat' AND unit = 'GJ'"),
                     1);
    rig_done(&rig);
}

static void bad_energy_use_is_told(void **state)
{
    static const char head[] = "enterprise,period,carrier,quantity,unit\n";

    static const struct {
        const char *row;
        int column;
        const char *part;
    } bad[] = {
        {"E001,2023,natural_gaz,1,m3", 11, "did you mean \"natural_gas\""},
        {"E001,2023,natural_gas,1,t", 25, "counted in m3"},
        {"E001,2023,natural_gas,1,m33", 25, "did you mean \"m3\""},
        {"E001,2023,diesel,,t", 18, "quantity is blank"},
        {"E001,2023,diesel,inf,t", 18, "finite"},
        {"E001,2023,,1,t", 11, "carrier is blank"},
        {"E001,2023,diesel,1,", 20, "unit is blank"},
        {"E009,2023,diesel,1,t", 1, "not in the register"},
    };

    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        (void)snprintf(text, sizeof(text), "%s%s\n", head, bad[i].row);
        refuse("energy-use", text, 2, bad[i].column, bad[i].part);
    }
}

static void skipped_rows_found_late_are_rejected_with_their_text(void **state)
{
    struct rig rig;
    char *text = NULL;
    size_t n = 0;

    (void)state;
    rig_init(&rig);
    rig.options.skip_bad = true;
    rig.options.rejects = open_memstream(&text, &n);
    assert_non_null(rig.options.rejects);
    assert_int_equal(import(&rig, "output",
                            "enterprise,period,tax_cny\nE001,2025-01..2025-04,5\n"
                            "E001,2025Q2,7\n"),
                     0);
    expect_counts(&rig, "1 new, 0 changed, 0 same, 1 bad");
    assert_int_equal(fclose(rig.options.rejects), 0);
    assert_non_null(strstr(text, ",E001,2025Q2,7\n"));
    free(text);
    rig_done(&rig);
}

static void templates_read_back(void **state)
{
    static const char *const kinds[] = {"energy", "output", "energy-use"};
    struct rig rig;
    char text[1024];

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < 6; i++) {
        text[0] = '\0';
        for (const char *const *at = import_columns(kinds[i / 2], i % 2 == 1); *at != NULL;
             at++) {
            (void)strncat(text, text[0] == '\0' ? "" : ",",
                          sizeof(text) - strlen(text) - 1);
            (void)strncat(text, *at, sizeof(text) - strlen(text) - 1);
        }
        assert_int_equal(import(&rig, kinds[i / 2], text), 0);
        expect_counts(&rig, "0 new, 0 changed, 0 same, 0 bad");
    }
    assert_null(import_columns("readings", false));
    assert_int_equal(import(&rig, "readings", "x\n"), ERR_NOT_FOUND);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_is_imported_in_wh_and_marks_its_days),
        cmocka_unit_test(chinese_headings_and_wan_kwh_are_read),
        cmocka_unit_test(the_same_file_again_changes_nothing_a_correction_is_audited),
        cmocka_unit_test(a_dry_run_counts_and_writes_nothing),
        cmocka_unit_test(every_bad_row_of_energy_is_told_with_line_and_column),
        cmocka_unit_test(headers_of_energy_are_checked),
        cmocka_unit_test(a_row_given_twice_is_imported_once),
        cmocka_unit_test(skip_bad_imports_the_rest_and_writes_rejects),
        cmocka_unit_test(output_is_imported_in_millionths_of_a_yuan),
        cmocka_unit_test(a_row_of_several_figures_counts_once),
        cmocka_unit_test(bad_output_is_told),
        cmocka_unit_test(crossing_periods_are_an_error),
        cmocka_unit_test(nested_periods_may_differ_by_five_percent),
        cmocka_unit_test(energy_use_is_imported_by_carrier),
        cmocka_unit_test(bad_energy_use_is_told),
        cmocka_unit_test(skipped_rows_found_late_are_rejected_with_their_text),
        cmocka_unit_test(templates_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
