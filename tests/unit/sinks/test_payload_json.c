#include "daemon/core/row.h"
#include "daemon/sinks/payload_json.h"
#include "tests/support/test.h"

/* Expected texts are those of interfaces.md, appendix E6, written by hand. */

#define EPOCH INT64_C(1795104000000)
#define SLOT  INT64_C(1795220100000)

static const struct zone shanghai = {8 * 3600 * 1000, "Asia/Shanghai"};
static const struct ratio wh = {1, 1};

static struct payload_head head(int64_t seq, bool late)
{
    return (struct payload_head){"cixi-binhai", EPOCH, seq, late};
}

static void put(struct sample *sample, enum quantity quantity, int64_t value)
{
    sample->present |= 1u << quantity;
    sample->value[quantity] = value;
}

static struct sample sample_m001(void)
{
    struct sample sample = {.slot_ts_ms = SLOT, .ts_ms = SLOT + 182, .status = SLOT_OK};

    put(&sample, QUANTITY_ENERGY_IMPORT_WH, 123456780);
    put(&sample, QUANTITY_ENERGY_EXPORT_WH, 0);
    put(&sample, QUANTITY_POWER_W, 333630);
    put(&sample, QUANTITY_PF_E3, 962);
    put(&sample, QUANTITY_VOLTAGE_A_MV, 230150);
    put(&sample, QUANTITY_CURRENT_A_MA, 502300);
    put(&sample, QUANTITY_FREQUENCY_MHZ, 50010);
    return sample;
}

static struct sample sample_m017(void)
{
    struct sample sample = {.slot_ts_ms = SLOT, .status = SLOT_TIMEOUT};

    (void)strcpy(sample.detail, "1000 ms, 2 tries");
    return sample;
}

static void expect(struct text_buffer *buffer, const char *text)
{
    assert_int_equal(buffer->err, 0);
    assert_string_equal(buffer->text, text);
    assert_int_equal(buffer->n, strlen(text));
    text_buffer_done(buffer);
}

static void reading_names_its_values_in_canonical_units(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(184467, false);
    struct sample sample = sample_m001();

    (void)state;
    payload_reading(&buffer, &of, "M001", &sample, wh);
    expect(&buffer,
           "{\"type\":\"reading\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":184467,\"meter\":\"M001\",\"slot_ts_ms\":1795220100000,"
           "\"ts_ms\":1795220100182,\"status\":\"ok\",\"late\":false,"
           "\"values\":{\"energy_import_wh\":123456780,\"energy_export_wh\":0,"
           "\"power_w\":333630,\"pf_e3\":962,\"voltage_a_mv\":230150,"
           "\"current_a_ma\":502300,\"frequency_mhz\":50010}}");
}

static void energy_registers_become_primary_wh_and_others_stay(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(7, true);
    struct sample sample = {.slot_ts_ms = SLOT, .ts_ms = SLOT + 1, .status = SLOT_OK};

    (void)state;
    put(&sample, QUANTITY_ENERGY_IMPORT_WH, 3); /* 3 × 25/2 = 37.5, away from zero */
    put(&sample, QUANTITY_ENERGY_EXPORT_WH, -3);
    put(&sample, QUANTITY_POWER_W, -3);
    payload_reading(&buffer, &of, "M1", &sample, (struct ratio){25, 2});
    expect(&buffer,
           "{\"type\":\"reading\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":7,\"meter\":\"M1\",\"slot_ts_ms\":1795220100000,"
           "\"ts_ms\":1795220100001,\"status\":\"ok\",\"late\":true,"
           "\"values\":{\"energy_import_wh\":38,\"energy_export_wh\":-38,\"power_w\":-3}}");
}

static void failed_slot_has_its_detail_no_time_and_no_values(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(184468, false);
    struct sample sample = sample_m017();

    (void)state;
    payload_reading(&buffer, &of, "M017", &sample, wh);
    expect(&buffer,
           "{\"type\":\"reading\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":184468,\"meter\":\"M017\",\"slot_ts_ms\":1795220100000,\"ts_ms\":null,"
           "\"status\":\"timeout\",\"detail\":\"1000 ms, 2 tries\",\"late\":false,"
           "\"values\":{}}");
}

static void partial_slot_has_detail_and_values_and_is_escaped(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(1, false);
    struct sample sample = {.slot_ts_ms = SLOT, .ts_ms = SLOT + 5, .status = SLOT_PARTIAL};

    (void)state;
    put(&sample, QUANTITY_ENERGY_IMPORT_WH, 5);
    (void)strcpy(sample.detail, "3 of 20 \"missing\"");
    payload_reading(&buffer, &of, "M1", &sample, wh);
    expect(&buffer,
           "{\"type\":\"reading\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":1,\"meter\":\"M1\",\"slot_ts_ms\":1795220100000,"
           "\"ts_ms\":1795220100005,\"status\":\"partial\","
           "\"detail\":\"3 of 20 \\\"missing\\\"\",\"late\":false,"
           "\"values\":{\"energy_import_wh\":5}}");
}

static void
batch_has_the_first_members_seq_and_members_without_type_site_epoch(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head first = head(184467, false);
    struct payload_head second = head(184468, false);
    struct sample ok = {.slot_ts_ms = SLOT, .ts_ms = SLOT + 182, .status = SLOT_OK};
    struct sample failed = sample_m017();

    (void)state;
    put(&ok, QUANTITY_ENERGY_IMPORT_WH, 123456780);
    payload_batch_begin(&buffer, &first);
    payload_batch_member(&buffer, true, &first, "M001", &ok, wh);
    payload_batch_member(&buffer, false, &second, "M017", &failed, wh);
    payload_batch_end(&buffer);
    expect(&buffer,
           "{\"type\":\"readings\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":184467,\"readings\":["
           "{\"seq\":184467,\"meter\":\"M001\",\"slot_ts_ms\":1795220100000,"
           "\"ts_ms\":1795220100182,\"status\":\"ok\",\"late\":false,"
           "\"values\":{\"energy_import_wh\":123456780}},"
           "{\"seq\":184468,\"meter\":\"M017\",\"slot_ts_ms\":1795220100000,\"ts_ms\":null,"
           "\"status\":\"timeout\",\"detail\":\"1000 ms, 2 tries\",\"late\":false,"
           "\"values\":{}}]}");
}

static struct interval interval_at_eight(void)
{
    struct interval interval = {.start_ts_ms = INT64_C(1795219200000),
                                .present = 0xf,
                                .energy = {87050, 0, 24100, 0},
                                .has_max_power = true,
                                .max_power_w = 361000,
                                .quality = QUALITY_MEASURED};

    return interval;
}

static void interval_of_eight_o_clock_is_point_33(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(184470, false);
    struct interval interval = interval_at_eight();

    (void)state;
    payload_interval(&buffer, &of, "M001", "E001", &interval, &shanghai);
    expect(&buffer,
           "{\"type\":\"interval\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":184470,\"late\":false,\"meter\":\"M001\",\"enterprise\":\"E001\","
           "\"start_ts_ms\":1795219200000,\"start_ts\":\"2026-11-21T08:00:00+08:00\","
           "\"point\":33,\"energy_import_wh\":87050,\"energy_export_wh\":0,"
           "\"reactive_import_varh\":24100,\"reactive_export_varh\":0,"
           "\"max_power_w\":361000,\"quality\":\"measured\",\"revision\":0}");
}

static void unknown_energies_of_an_interval_are_null_at_the_last_point(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(9, true);
    struct interval interval = interval_at_eight();

    (void)state;
    interval.start_ts_ms += INT64_C(63) * 900000; /* 23:45 */
    interval.present = 0x2;
    interval.has_max_power = false;
    interval.quality = QUALITY_MISSING;
    interval.revision = 3;
    payload_interval(&buffer, &of, "M001", "E001", &interval, &shanghai);
    expect(&buffer,
           "{\"type\":\"interval\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":9,\"late\":true,\"meter\":\"M001\",\"enterprise\":\"E001\","
           "\"start_ts_ms\":1795275900000,\"start_ts\":\"2026-11-21T23:45:00+08:00\","
           "\"point\":96,\"energy_import_wh\":null,\"energy_export_wh\":0,"
           "\"reactive_import_varh\":null,\"reactive_export_varh\":null,"
           "\"max_power_w\":null,\"quality\":\"missing\",\"revision\":3}");
}

static void result_row_stands_behind_type_site_epoch_seq_and_late(void **state)
{
    static const struct column columns[] = {
        {"day", COLUMN_PLAIN, ""},    {"group_name", COLUMN_PLAIN, ""},
        {"energy_wh", COLUMN_WH, ""}, {"resumption_rate", COLUMN_PCT, ""},
        {"light", COLUMN_PLAIN, ""},  {"revision", COLUMN_PLAIN, ""}};
    struct text_buffer buffer = {0};
    struct payload_head of = head(184512, false);
    struct rows rows;

    (void)state;
    rows_init(&rows, columns, 6);
    struct cell *cell = rows_add(&rows);

    assert_non_null(cell);
    cell[0] = cell_text("2026-11-20");
    cell[1] = cell_text("黑色金属冶炼和压延加工业");
    cell[2] = cell_int(29940000);
    cell[3] = cell_fraction(1, 2);
    cell[5] = cell_int(1);
    payload_row(&buffer, "rate", &of, &rows, 0, &shanghai);
    expect(&buffer,
           "{\"type\":\"rate\",\"site\":\"cixi-binhai\",\"epoch\":1795104000000,"
           "\"seq\":184512,\"late\":false,\"day\":\"2026-11-20\","
           "\"group_name\":\"黑色金属冶炼和压延加工业\",\"energy_wh\":29940000,"
           "\"energy_kwh\":29940.0,\"resumption_rate\":0.5,\"resumption_rate_pct\":50.0,"
           "\"light\":null,\"revision\":1}");
    rows_done(&rows);
}

static void watermark_is_a_head_alone(void **state)
{
    struct text_buffer buffer = {0};
    struct payload_head of = head(184512, false);

    (void)state;
    payload_watermark(&buffer, &of);
    expect(&buffer, "{\"type\":\"watermark\",\"site\":\"cixi-binhai\","
                    "\"epoch\":1795104000000,\"seq\":184512}");
}

static void status_says_who_publishes_since_when(void **state)
{
    struct text_buffer buffer = {0};
    const struct payload_status_fields fields = {.state = "online",
                                                 .site = "cixi-binhai",
                                                 .version = "0.1.0",
                                                 .epoch_ms = EPOCH,
                                                 .zone = "internet",
                                                 .config_sha256 = "c0",
                                                 .register_sha256 = "d1",
                                                 .methods_sha256 = "e2",
                                                 .clock_synced = true};

    (void)state;
    payload_status(&buffer, &fields, &shanghai);
    expect(&buffer,
           "{\"type\":\"status\",\"state\":\"online\",\"site\":\"cixi-binhai\","
           "\"version\":\"0.1.0\",\"epoch\":1795104000000,"
           "\"since\":\"2026-11-20T00:00:00+08:00\",\"zone\":\"internet\","
           "\"config_sha256\":\"c0\",\"register_sha256\":\"d1\",\"methods_sha256\":\"e2\","
           "\"clock_synced\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_names_its_values_in_canonical_units),
        cmocka_unit_test(energy_registers_become_primary_wh_and_others_stay),
        cmocka_unit_test(failed_slot_has_its_detail_no_time_and_no_values),
        cmocka_unit_test(partial_slot_has_detail_and_values_and_is_escaped),
        cmocka_unit_test(
            batch_has_the_first_members_seq_and_members_without_type_site_epoch),
        cmocka_unit_test(interval_of_eight_o_clock_is_point_33),
        cmocka_unit_test(unknown_energies_of_an_interval_are_null_at_the_last_point),
        cmocka_unit_test(result_row_stands_behind_type_site_epoch_seq_and_late),
        cmocka_unit_test(watermark_is_a_head_alone),
        cmocka_unit_test(status_says_who_publishes_since_when),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
