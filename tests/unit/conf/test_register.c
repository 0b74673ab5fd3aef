/* Enterprises, lists and groups; what all register files have in common. */
#include "tests/unit/conf/register_rig.h"

#define METERS "id,enterprise\n"

static void load_enterprises(struct rig *rig, const char *text)
{
    rig_write(rig, "enterprises.csv", text);
    rig_write(rig, "meters.csv", METERS);
    rig_load(rig);
}

/* One bad file: the problem, and nothing read. */
static void refuse_enterprises(const char *text, long line, int column, const char *part)
{
    struct rig rig;

    rig_init(&rig);
    load_enterprises(&rig, text);

    assert_int_equal(rig.result, ERR_DATA);
    rig_expect(&rig, PROBLEM_DATA, line, column, part);
    assert_int_equal(problems_exit_code(&rig.problems), 65);
    rig_done(&rig);
}

static void warn_enterprises(const char *text, long line, int column, const char *part)
{
    struct rig rig;

    rig_init(&rig);
    load_enterprises(&rig, text);

    assert_int_equal(rig.result, 0);
    rig_expect(&rig, PROBLEM_WARNING, line, column, part);
    rig_done(&rig);
}

static void every_column_of_an_enterprise_is_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(
        &rig,
        "id,name,short_name,uscc,size_class,industry,region,town,park,voltage_kv,area_mu,"
        "land_kind,env_class,green_stars,energy_class,price_class,commissioning_until,"
        "since,"
        "until\n"
        "E001,甲厂有限公司,甲厂,91330100799655058B,规上,C3110,330282,330282104,P1,10,12.5,"
        "owned,"
        "leading,3,key,allowed,2026-06-30,2024-01-01,2026-12-31\n");

    assert_int_equal(rig.result, 0);
    assert_int_equal(rig.problems.n, 0);
    assert_int_equal(rig.registry.n_enterprises, 1);
    const struct enterprise *e = &rig.registry.enterprise[0];

    assert_string_equal(e->id, "E001");
    assert_string_equal(e->name, "甲厂有限公司");
    assert_string_equal(e->short_name, "甲厂");
    assert_string_equal(e->uscc, "91330100799655058B");
    assert_int_equal(e->size_class, SIZE_CLASS_ABOVE);
    assert_string_equal(e->industry, "C3110");
    assert_string_equal(e->region, "330282");
    assert_string_equal(e->town, "330282104");
    assert_string_equal(e->park, "P1");
    assert_int_equal(e->voltage_v, 10000);
    assert_int_equal(e->area_mu_e4, 125000);
    assert_string_equal(e->land_kind, "owned");
    assert_string_equal(e->env_class, "leading");
    assert_int_equal(e->green_stars, 3);
    assert_string_equal(e->energy_class, "key");
    assert_string_equal(e->price_class, "allowed");
    assert_int_equal(e->commissioning_until, day_from_civil(2026, 6, 30));
    assert_int_equal(e->since, day_from_civil(2024, 1, 1));
    assert_int_equal(e->until, day_from_civil(2026, 12, 31));
    assert_int_equal(strlen(rig.registry.sha256), 64);
    rig_done(&rig);
}

static void chinese_headings_in_any_order_with_bom_and_crlf(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig,
                     "\xEF\xBB\xBF名称,编号,规模,起\r\n乙厂,E9,规下,2024年3月1日\r\n");

    assert_int_equal(rig.result, 0);
    assert_string_equal(rig.registry.enterprise[0].id, "E9");
    assert_int_equal(rig.registry.enterprise[0].size_class, SIZE_CLASS_BELOW);
    assert_int_equal(rig.registry.enterprise[0].since, day_from_civil(2024, 3, 1));
    assert_int_equal(rig.registry.enterprise[0].until, DAY_MAX);
    rig_done(&rig);
}

static void gb18030_is_read_utf16_and_nul_are_refused(void **state)
{
    /* "id,名称\nE1,甲\n" in GB18030: 名 C3 FB, 称 B3 C6, 甲 BC D7 */
    static const char gb[] = "id,\xC3\xFB\xB3\xC6\nE1,\xBC\xD7\n";
    static const char utf16[] = "\xFF\xFEi\0d\0,\0n\0a\0m\0e\0\n\0";
    static const char nul[] = "id,name\nE1,a\0b\n";
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig, gb);
    assert_int_equal(rig.result, 0);
    assert_string_equal(rig.registry.enterprise[0].name, "甲");

    rig_write_bytes(&rig, "enterprises.csv", utf16, sizeof(utf16) - 1);
    rig_load(&rig);
    assert_int_equal(rig.result, ERR_DATA);
    rig_expect(&rig, PROBLEM_DATA, 1, 1, "UTF-8");

    rig_write_bytes(&rig, "enterprises.csv", nul, sizeof(nul) - 1);
    rig_load(&rig);
    assert_int_equal(rig.result, ERR_DATA);
    rig_done(&rig);
}

/* The same two enterprises as spreadsheets and editors save them. */
static void the_encodings_of_spreadsheets_are_read(void **state)
{
    static const char *const right[] = {"utf8", "utf8-bom-crlf", "gb18030", "tabs",
                                        "excel"};
    static const char *const wrong[] = {"utf16le", "utf16be", "nul", "invalid", "empty"};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "meters.csv", METERS);
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        (void)snprintf(rig.conf.reg.enterprises, CONF_PATH_LEN,
                       "tests/data/register/%s.csv", right[i]);
        rig_load(&rig);
        assert_int_equal(rig.result, 0);
        assert_int_equal(rig.registry.n_enterprises, 2);
        assert_string_equal(rig.registry.enterprise[0].id, "E001");
        assert_string_equal(rig.registry.enterprise[0].name, "甲厂");
        assert_string_equal(rig.registry.enterprise[0].region, "330282");
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        (void)snprintf(rig.conf.reg.enterprises, CONF_PATH_LEN,
                       "tests/data/register/%s.csv", wrong[i]);
        rig_load(&rig);
        assert_int_equal(rig.result, ERR_DATA);
        assert_int_equal(problems_exit_code(&rig.problems), 65);
    }
    rig_done(&rig);
}

static void an_empty_file_and_a_missing_file_are_told(void **state)
{
    struct rig rig;

    (void)state;
    refuse_enterprises("", 1, 1, "empty");
    rig_init(&rig);
    rig_write(&rig, "enterprises.csv", RIG_ENTERPRISES);
    rig_load(&rig);
    assert_int_equal(rig.result, ERR_IO);
    assert_int_equal(problems_exit_code(&rig.problems), 74);
    rig_done(&rig);
}

static void headers_are_checked(void **state)
{
    (void)state;
    refuse_enterprises("id,name,regoin\n", 1, 9, "did you mean \"region\"");
    refuse_enterprises("id,name,name\n", 1, 9, "twice");
    refuse_enterprises("name,region\n", 1, 1, "\"id\" (编号) is missing");
}

static void cells_are_checked(void **state)
{
    (void)state;
    refuse_enterprises("id,name\nE1,a\n3.30282E+12,b\n", 3, 1, "format the cell as text");
    refuse_enterprises("id,name,region\nE1,a,3.30282E+5\n", 2, 6,
                       "format the cell as text");
    refuse_enterprises("id,name\nE1,\n", 2, 4, "name (名称) is blank");
    refuse_enterprises("id,name\nE 1,a\n", 2, 1, "is not an id");
    refuse_enterprises("id,name,size_class\nE1,a,abvoe\n", 2, 6, "did you mean \"above\"");
    refuse_enterprises("id,name,industry\nE1,a,3110\n", 2, 6, "such as C3110");
    refuse_enterprises("id,name,industry\nE1,a,U31\n", 2, 6, "A to T");
    refuse_enterprises("id,name,industry\nE1,a,A31\n", 2, 6, "did you mean \"C31\"");
    refuse_enterprises("id,name,industry\nE1,a,C99\n", 2, 6, "no division C99");
    refuse_enterprises("id,name,region\nE1,a,33028\n", 2, 6, "2, 4 or 6 digits");
    refuse_enterprises("id,name,green_stars\nE1,a,6\n", 2, 6, "outside 0 to 5");
    refuse_enterprises("id,name,area_mu\nE1,a,-1\n", 2, 6, "outside");
    refuse_enterprises("id,name,area_mu\nE1,a,1e5\n", 2, 6, "exponent");
    refuse_enterprises("id,name,since\nE1,a,2024-02-30\n", 2, 6, "does not exist");
    refuse_enterprises("id,name,since\nE1,a,2024-2-3\n", 2, 6, "is not a day");
    refuse_enterprises("id,name,since,until\nE1,a,2024-03-01,2024-02-01\n", 2, 17,
                       "is before since");
    refuse_enterprises("id,name\nE1\n", 2, 1, "1 fields where the header names 2");
    refuse_enterprises("id,name\nE1,a,b\n", 2, 1, "3 fields");
}

static void a_quoted_number_with_commas_is_a_number(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig, "id,name,area_mu\nE1,a,\"1,234.5\"\n");
    assert_int_equal(rig.result, 0);
    assert_int_equal(rig.registry.enterprise[0].area_mu_e4, 12345000);
    rig_done(&rig);
    refuse_enterprises("id,name,area_mu\nE1,a,\"12,34.5\"\n", 2, 6, "is not a number");
}

static void all_problems_are_told_not_the_first(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig, "id,name,region,size_class\nE1,a,1,x\nE2,,330282,above\n");
    assert_int_equal(rig.result, ERR_DATA);
    assert_int_equal(rig.problems.n, 3);
    rig_done(&rig);
}

static void versions_end_the_day_before_the_next(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig,
                     "id,name,size_class,since\nE1,a,above,2025-01-01\nE1,a,below,\n");

    assert_int_equal(rig.result, 0);
    assert_int_equal(rig.registry.n_enterprises, 2);
    assert_int_equal(rig.registry.enterprise[0].size_class, SIZE_CLASS_BELOW);
    assert_int_equal(rig.registry.enterprise[0].since, DAY_MIN);
    assert_int_equal(rig.registry.enterprise[0].until, day_from_civil(2024, 12, 31));
    assert_int_equal(rig.registry.enterprise[1].until, DAY_MAX);
    assert_int_equal(rig.registry.enterprise_place[0].line, 3);
    rig_done(&rig);
}

static void overlaps_and_keys_given_twice_are_errors(void **state)
{
    (void)state;
    refuse_enterprises(
        "id,name,since,until\nE1,a,2024-01-01,2024-06-30\nE1,a,2024-06-30,\n", 3, 6,
        "overlaps the one of line 2");
    refuse_enterprises("id,name\nE1,a\nE1,b\n", 3, 1, "see line 2");
    warn_enterprises("id,name\nE1,a\nE1,a\n", 3, 1, "the same row as line 2");
}

static void the_credit_code_only_warns(void **state)
{
    (void)state;
    warn_enterprises("id,name,uscc\nE1,a,91330100799655058X\n", 2, 6, "GB 32100");
    warn_enterprises("id,name,uscc\nE1,a,91330100799655058B\nE2,b,91330100799655058B\n", 3,
                     1, "also that of \"E1\" in line 2");
}

static void full_width_digits_are_narrowed_with_a_warning(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig, "id,name,region\nE1,a,３３０２８２\n");
    assert_int_equal(rig.result, 0);
    assert_string_equal(rig.registry.enterprise[0].region, "330282");
    rig_expect(&rig, PROBLEM_WARNING, 2, 6, "330282");
    rig_done(&rig);
}

static void lists_and_groups_are_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "enterprises.csv", RIG_ENTERPRISES);
    rig_write(&rig, "meters.csv", METERS);
    rig_write(&rig, "lists.csv",
              "list,enterprise,role,since\nL1,E001,链主,2025-01-01\n"
              "L1,E002,tier1,\n");
    rig_write(&rig, "groups.csv", "类别,编号,名称,英文名称\n名单,L1,骨干,Backbone\n");
    rig_load(&rig);

    assert_int_equal(rig.result, 0);
    assert_int_equal(rig.registry.n_members, 2);
    assert_string_equal(rig.registry.member[0].role, "lead");
    assert_int_equal(rig.registry.member[0].since, day_from_civil(2025, 1, 1));
    assert_int_equal(rig.registry.n_groups, 1);
    assert_string_equal(rig.registry.group[0].kind, "list");
    assert_string_equal(rig.registry.group[0].name_en, "Backbone");
    rig_done(&rig);
}

static void bad_lists_and_groups_are_told(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "enterprises.csv", RIG_ENTERPRISES);
    rig_write(&rig, "meters.csv", METERS);
    rig_write(&rig, "lists.csv", "list,enterprise,role\nL1,E01,lead\nL1,E002,boss\n");
    rig_write(&rig, "groups.csv", "kind,id,name\ntwon,T1,x\ntown,T2,y\ntown,T2,z\n");
    rig_load(&rig);

    assert_int_equal(rig.result, ERR_DATA);
    rig_expect(&rig, PROBLEM_DATA, 2, 4, "did you mean \"E001\"");
    rig_expect(&rig, PROBLEM_DATA, 3, 9, "none of lead, tier1, tier2");
    rig_expect(&rig, PROBLEM_DATA, 2, 1, "did you mean \"town\"");
    rig_expect(&rig, PROBLEM_DATA, 4, 6, "different values");
    rig_done(&rig);
}

static void files_of_later_versions_are_not_passed_over_in_silence(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "accounts.csv", "account\n");
    load_enterprises(&rig, RIG_ENTERPRISES);
    assert_int_equal(rig.result, 0);
    rig_expect(&rig, PROBLEM_WARNING, 0, 0, "not read in this version");
    rig_done(&rig);
}

static void the_hash_follows_the_bytes(void **state)
{
    struct rig rig;
    char first[65];

    (void)state;
    rig_init(&rig);
    load_enterprises(&rig, RIG_ENTERPRISES);
    memcpy(first, rig.registry.sha256, sizeof(first));
    rig_load(&rig);
    assert_string_equal(rig.registry.sha256, first);
    load_enterprises(&rig, RIG_ENTERPRISES "\n");
    assert_string_not_equal(rig.registry.sha256, first);
    rig_done(&rig);
}

static void templates_name_every_column(void **state)
{
    (void)state;
    assert_string_equal(registry_columns("enterprises", false)[0], "id");
    assert_string_equal(registry_columns("enterprises", true)[0], "编号");
    assert_string_equal(registry_columns("meters", false)[7], "endpoint");
    assert_string_equal(registry_columns("lists", true)[0], "名单");
    assert_string_equal(registry_columns("groups", false)[4], "parent");
    assert_null(registry_columns("groups", false)[5]);
    assert_null(registry_columns("shares", false));
}

static void a_template_with_chinese_headings_reads_back(void **state)
{
    struct rig rig;
    char text[1024] = "";

    (void)state;
    rig_init(&rig);
    for (const char *const *at = registry_columns("enterprises", true); *at != NULL; at++) {
        (void)strncat(text, text[0] == '\0' ? "" : ",", sizeof(text) - strlen(text) - 1);
        (void)strncat(text, *at, sizeof(text) - strlen(text) - 1);
    }
    (void)strncat(text, "\n", sizeof(text) - strlen(text) - 1);
    load_enterprises(&rig, text);
    assert_int_equal(rig.result, 0);
    assert_int_equal(rig.registry.n_enterprises, 0);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_of_an_enterprise_is_read),
        cmocka_unit_test(chinese_headings_in_any_order_with_bom_and_crlf),
        cmocka_unit_test(gb18030_is_read_utf16_and_nul_are_refused),
        cmocka_unit_test(the_encodings_of_spreadsheets_are_read),
        cmocka_unit_test(an_empty_file_and_a_missing_file_are_told),
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(cells_are_checked),
        cmocka_unit_test(a_quoted_number_with_commas_is_a_number),
        cmocka_unit_test(all_problems_are_told_not_the_first),
        cmocka_unit_test(versions_end_the_day_before_the_next),
        cmocka_unit_test(overlaps_and_keys_given_twice_are_errors),
        cmocka_unit_test(the_credit_code_only_warns),
        cmocka_unit_test(full_width_digits_are_narrowed_with_a_warning),
        cmocka_unit_test(lists_and_groups_are_read),
        cmocka_unit_test(bad_lists_and_groups_are_told),
        cmocka_unit_test(files_of_later_versions_are_not_passed_over_in_silence),
        cmocka_unit_test(the_hash_follows_the_bytes),
        cmocka_unit_test(templates_name_every_column),
        cmocka_unit_test(a_template_with_chinese_headings_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
