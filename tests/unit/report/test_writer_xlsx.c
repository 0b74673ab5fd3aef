/* The workbook is opened again with unzip, not with the library that wrote it. */
#include <unistd.h>

#include "tests/unit/report/sample_rows.h"

/* The sheet's XML, to free; NULL where unzip is not installed. */
static char *sheet_of(const struct rows *rows, bool labels_zh)
{
    char path[] = "/tmp/ecmon-test-XXXXXX";
    char command[128];
    size_t cap = (size_t)64 * 1024;
    char *xml = calloc(1, cap);
    int fd = mkstemp(path);
    struct report_options options = {
        .format = REPORT_XLSX, .zone = &sample_zone, .labels_zh = labels_zh};

    assert_non_null(xml);
    assert_true(fd >= 0);
    options.out = fdopen(fd, "wb");
    assert_non_null(options.out);
    assert_int_equal(report_write(rows, &options), 0);
    assert_int_equal(fclose(options.out), 0);
    (void)snprintf(command, sizeof(command), "unzip -p %s xl/worksheets/sheet1.xml", path);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): a fixed command */

    assert_non_null(pipe);
    size_t n = fread(xml, 1, cap - 1, pipe);
    int status = pclose(pipe);

    (void)unlink(path);
    if (status != 0 || n == 0) {
        free(xml);
        return NULL;
    }
    return xml;
}

static bool has_unzip(void)
{
    /* NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): a fixed command, one thread */
    return system("unzip -v >/dev/null 2>&1") == 0;
}

static void assert_holds(const char *xml, const char *part)
{
    if (strstr(xml, part) == NULL) {
        print_error("%s\nis not in\n%s\n", part, xml);
        fail();
    }
}

static void numbers_are_numbers_and_the_header_stays(void **state)
{
    struct rows rows;

    (void)state;
    if (!has_unzip()) {
        print_message("SKIPPED: unzip is not installed; the XLSX was not opened\n");
        skip();
    }
    sample_rows_init(&rows);
    char *xml = sheet_of(&rows, false);

    assert_non_null(xml);
    assert_holds(xml, "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" "
                      "state=\"frozen\"/>");
    assert_holds(xml, "<t>energy_kwh</t>");
    assert_holds(xml, "<c r=\"A2\" t=\"inlineStr\"><is><t>示例钢厂</t></is></c>");
    assert_holds(xml, "<v>1795219200000</v>");
    assert_holds(xml, "<t>2026-11-21T08:00:00+08:00</t>");
    assert_holds(xml, "<c r=\"E2\"><v>15599</v></c>");
    assert_holds(xml, "<c r=\"E3\"><v>2.999</v></c>");
    assert_holds(xml, "<c r=\"F3\"><v>0.2999</v></c>");
    assert_holds(xml, "<t>red</t>");
    assert_null(strstr(xml, "r=\"B4\""));
    free(xml);
    rows_done(&rows);
}

static void labels_are_chinese_where_asked(void **state)
{
    struct rows rows;

    (void)state;
    if (!has_unzip()) {
        print_message("SKIPPED: unzip is not installed; the XLSX was not opened\n");
        skip();
    }
    sample_rows_init(&rows);
    char *xml = sheet_of(&rows, true);

    assert_non_null(xml);
    assert_holds(xml, "<t>电量(kWh)</t>");
    assert_holds(xml, "<t>碳效2级</t>");
    assert_holds(xml, "<t>已关账</t>");
    free(xml);
    rows_done(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_numbers_and_the_header_stays),
        cmocka_unit_test(labels_are_chinese_where_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
