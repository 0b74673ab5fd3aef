/* Rows made of the views. */
#include "daemon/core/row.h"
#include "daemon/core/text.h"
#include "daemon/store/view.h"
#include "tests/support/test.h"
#include "tests/unit/store/fixture.h"

static void begin(struct store *store)
{
    assert_int_equal(store_begin(store), 0);
}

static void commit(struct store *store)
{
    assert_int_equal(store_commit(store), 0);
}

static void put_day(struct store *store, const char *values)
{
    char sql[512];

    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO energy_day (day, enterprise_no, energy_wh, import_wh, export_wh, "
        "generation_wh, coverage_num, coverage_den, quality, valid, source, revision) "
        "VALUES (%s)",
        values);
    fixture_exec(store, sql);
}

static void add_days(struct store *store)
{
    fixture_meter(store, 1, "E001", 10, 1);
    fixture_exec(store,
                 "INSERT INTO enterprise_version (enterprise_no, since_day, until_day, "
                 "name, size_class) VALUES (1, '2026-11-19', '9999-12-31', '甲厂', "
                 "'above')");
    put_day(store, "'2026-11-19', 1, 8640120, 8640120, 0, 0, 96, 96, 0, 1, 'meter', 0");
    put_day(store, "'2026-11-20', 1, 8712400, 8712400, 0, 0, 66, 96, 2, 1, 'meter', 0");
    put_day(store, "'2026-12-01', 1, NULL, NULL, 0, 0, 0, 96, 3, 0, NULL, 0");
}

static void rows_to_json(const struct rows *rows, char *ret_text, size_t size)
{
    struct text_buffer buffer = {0};

    for (size_t i = 0; i < rows->n_rows; i++) {
        text_append(&buffer, "{");
        row_append_json(&buffer, rows, i, &fixture_zone);
        text_append(&buffer, "}");
    }
    (void)snprintf(ret_text, size, "%s", buffer.text == NULL ? "" : buffer.text);
    text_buffer_done(&buffer);
}

static void energy_by_day_is_the_example_of_the_contract(void **state)
{
    struct fixture fixture;
    struct rows rows;
    char text[4096];
    struct view_range range = {
        .enterprise = "E001",
        .from_ms = T0 - 8 * INT64_C(3600000) - 3 * MS_PER_DAY, /* 18th 00:00 */
        .until_ms = T0 - 8 * INT64_C(3600000) + MS_PER_DAY};   /* 22nd 00:00 */

    (void)state;
    fixture_init(&fixture);
    add_days(fixture.store);

    assert_int_equal(view_energy(fixture.store, &range, VIEW_BY_DAY, &rows), 0);

    rows_to_json(&rows, text, sizeof(text));
    assert_string_equal(
        text,
        "{\"enterprise\":\"E001\",\"day\":\"2026-11-19\",\"energy_wh\":8640120,"
        "\"energy_kwh\":8640.12,\"import_wh\":8640120,\"export_wh\":0,\"generation_wh\":0,"
        "\"coverage\":1.0,\"coverage_pct\":100.0,\"quality\":\"measured\",\"valid\":1,"
        "\"source\":\"meter\",\"revision\":0}"
        "{\"enterprise\":\"E001\",\"day\":\"2026-11-20\",\"energy_wh\":8712400,"
        "\"energy_kwh\":8712.4,\"import_wh\":8712400,\"export_wh\":0,\"generation_wh\":0,"
        "\"coverage\":0.6875,\"coverage_pct\":68.75,\"quality\":\"estimated\",\"valid\":1,"
        "\"source\":\"meter\",\"revision\":0}"
        "{\"enterprise\":\"E001\",\"day\":\"2026-11-21\",\"energy_wh\":null,"
        "\"energy_kwh\":null,\"import_wh\":null,\"export_wh\":null,\"generation_wh\":null,"
        "\"coverage\":0.0,\"coverage_pct\":0.0,\"quality\":\"missing\",\"valid\":0,"
        "\"source\":null,\"revision\":0}");
    rows_done(&rows);
    fixture_done(&fixture);
}

static void energy_by_month_adds_the_days_and_misses_those_without_a_row(void **state)
{
    struct fixture fixture;
    struct rows rows;
    char text[4096];
    struct view_range range = {
        .from_ms = T0 - 8 * INT64_C(3600000) - 20 * MS_PER_DAY,   /* 11-01 00:00 */
        .until_ms = T0 - 8 * INT64_C(3600000) + 11 * MS_PER_DAY}; /* 12-02 00:00 */

    (void)state;
    fixture_init(&fixture);
    add_days(fixture.store);

    assert_int_equal(view_energy(fixture.store, &range, VIEW_BY_MONTH, &rows), 0);

    /* in force on the 19th to 30th: (1 + 0.6875) / 12 */
    rows_to_json(&rows, text, sizeof(text));
    assert_string_equal(
        text, "{\"enterprise\":\"E001\",\"period\":\"2026-11\",\"energy_wh\":17352520,"
              "\"energy_kwh\":17352.52,\"import_wh\":17352520,\"export_wh\":0,"
              "\"generation_wh\":0,\"coverage\":0.140625,\"coverage_pct\":14.06,"
              "\"quality\":\"missing\",\"valid\":0,\"source\":\"meter\",\"revision\":0,"
              "\"n_days\":12,\"n_valid_days\":2}"
              "{\"enterprise\":\"E001\",\"period\":\"2026-12\",\"energy_wh\":null,"
              "\"energy_kwh\":null,\"import_wh\":null,\"export_wh\":0,\"generation_wh\":0,"
              "\"coverage\":0.0,\"coverage_pct\":0.0,\"quality\":\"missing\",\"valid\":0,"
              "\"source\":null,\"revision\":0,\"n_days\":1,\"n_valid_days\":0}");
    rows_done(&rows);
    fixture_done(&fixture);
}

static void energy_by_interval_names_instant_and_point(void **state)
{
    struct fixture fixture;
    struct rows rows;
    char text[2048];
    struct view_range range = {
        .enterprise = "E001", .from_ms = T0, .until_ms = T0 + 900000};

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    fixture_interval(fixture.store, 1, T0, "87050", "50", 0);
    fixture_interval(fixture.store, 1, T0 + 900000, "1", "0", 0);

    assert_int_equal(view_energy(fixture.store, &range, VIEW_BY_INTERVAL, &rows), 0);
    rows_to_json(&rows, text, sizeof(text));
    assert_string_equal(
        text,
        "{\"enterprise\":\"E001\",\"start_ts_ms\":1795219200000,"
        "\"start_ts\":\"2026-11-21T08:00:00+08:00\",\"point\":33,\"energy_wh\":87000,"
        "\"energy_kwh\":87.0,\"import_wh\":87050,\"export_wh\":50,\"generation_wh\":0,"
        "\"coverage\":1.0,\"coverage_pct\":100.0,\"quality\":\"measured\",\"valid\":1,"
        "\"source\":\"meter\",\"revision\":0}");
    rows_done(&rows);

    range.meter = "M001";
    assert_int_equal(view_energy(fixture.store, &range, VIEW_BY_INTERVAL, &rows), 0);
    assert_int_equal(rows.n_rows, 1);
    assert_string_equal(rows.column[0].name, "meter");
    assert_int_equal(rows.cell[3].i, 87050);
    rows_done(&rows);
    fixture_done(&fixture);
}

static void energy_of_a_meter_by_day_and_month(void **state)
{
    struct fixture fixture;
    struct rows rows;
    char text[2048];
    struct view_range range = {
        .meter = "M001", .from_ms = T0, .until_ms = T0 + MS_PER_DAY - 8 * INT64_C(3600000)};

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    fixture_exec(
        fixture.store,
        "INSERT INTO meter_day (day, meter_no, energy_import_wh, energy_export_wh, "
        "known_quarters, midnights, quality, revision) VALUES ('2026-11-21', 1, 5000, 10, "
        "90, 1, 2, 3)");

    assert_int_equal(view_energy(fixture.store, &range, VIEW_BY_DAY, &rows), 0);
    rows_to_json(&rows, text, sizeof(text));
    assert_string_equal(
        text,
        "{\"meter\":\"M001\",\"day\":\"2026-11-21\",\"energy_wh\":5000,"
        "\"energy_kwh\":5.0,\"import_wh\":5000,\"export_wh\":10,\"generation_wh\":null,"
        "\"coverage\":0.9375,\"coverage_pct\":93.75,\"quality\":\"estimated\","
        "\"valid\":1,\"source\":\"meter\",\"revision\":3}");
    rows_done(&rows);
    assert_int_equal(view_energy(fixture.store, &range, VIEW_BY_MONTH, &rows), 0);
    assert_int_equal(rows.n_rows, 1);
    assert_string_equal(rows.cell[1].text, "2026-11");
    assert_int_equal(rows.cell[2].i, 5000);
    rows_done(&rows);
    fixture_done(&fixture);
}

struct pages {
    int n_pages;
    size_t n_rows;
    int64_t last;
    bool in_order;
};

static int on_page(void *ctx, const struct rows *rows)
{
    struct pages *pages = ctx;

    pages->n_pages++;
    pages->n_rows += rows->n_rows;
    for (size_t i = 0; i < rows->n_rows; i++) {
        const struct cell *cell = &rows->cell[i * (size_t)rows->n_columns];
        int64_t order =
            strtol(cell[0].text + 1, NULL, 10) * INT64_C(10000000000000) + cell[1].i;

        pages->in_order = pages->in_order && order > pages->last;
        pages->last = order;
    }
    return 0;
}

static void exports_come_in_pages_and_in_order(void **state)
{
    struct fixture fixture;
    struct pages pages = {.in_order = true};
    struct view_range range = {.from_ms = T0, .until_ms = T0 + MS_PER_DAY};

    (void)state;
    fixture_init(&fixture);
    fixture_meter(fixture.store, 2, "E001", 10, 1);
    fixture_meter(fixture.store, 1, "E001", 10, 1);
    begin(fixture.store);
    for (int i = 0; i < 1250; i++) {
        fixture_insert(fixture.store, 1, T0 + i * MS_PER_MIN, 60, i);
        fixture_insert(fixture.store, 2, T0 + i * MS_PER_MIN, 60, i);
    }
    commit(fixture.store);

    assert_int_equal(view_export(fixture.store, VIEW_READINGS, &range, on_page, &pages), 0);
    assert_int_equal(pages.n_pages, 3);
    assert_int_equal(pages.n_rows, 2500);
    assert_true(pages.in_order);

    pages = (struct pages){.in_order = true};
    range.meter = "M002";
    assert_int_equal(view_readings(fixture.store, &range, on_page, &pages), 0);
    assert_int_equal(pages.n_rows, 1250);
    pages = (struct pages){.in_order = true};
    range.meter = "M999";
    assert_int_equal(view_readings(fixture.store, &range, on_page, &pages), 0);
    assert_int_equal(pages.n_pages, 1);
    assert_int_equal(pages.n_rows, 0);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_by_day_is_the_example_of_the_contract),
        cmocka_unit_test(energy_by_month_adds_the_days_and_misses_those_without_a_row),
        cmocka_unit_test(energy_by_interval_names_instant_and_point),
        cmocka_unit_test(energy_of_a_meter_by_day_and_month),
        cmocka_unit_test(exports_come_in_pages_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
