/* The shipped DL/T 645 profiles on captured and made frames; what the format refuses. */
#include "daemon/conf/profile.h"
#include "drivers/dlt645/dlt645.h"
#include "tests/support/test.h"
#include "tests/unit/dlt645/captured.h"

#define EVERYTHING ((1U << QUANTITY_GROUP_COUNT) - 1)
#define METER      "123456789012"

/* What a meter answers: identifier (as sent, low byte first) and data. */
struct answer {
    uint32_t data_id;
    const char *data;
};

struct expected {
    enum quantity quantity;
    int64_t value;
};

static struct profile load(const char *path)
{
    struct problems problems;
    struct profile profile;
    char text[512];

    problems_init(&problems);
    int err = profile_load(path, &problems, &profile);

    for (size_t i = 0; i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        print_error("%s\n", text);
    }
    assert_int_equal(err, 0);
    problems_done(&problems);
    return profile;
}

/* One request through encode, frame, feed, decode. Returns the values that are missing. */
static int ask(const struct profile *profile, const struct request *request,
               const struct answer *answers, struct sample *sample)
{
    const struct answer *answer = answers;
    bool is_old = profile->protocol == PROFILE_DLT645_1997;
    char data[256];
    uint8_t bytes[256];

    while (answer->data != NULL && answer->data_id != request->data_id) {
        answer++;
    }
    if (answer->data == NULL) {
        print_error("%08X is not answered\n", (unsigned)request->data_id);
        fail();
        return 0;
    }
    assert_true(dlt645_driver()->encode(request, bytes, sizeof(bytes)) > 0);
    unsigned id = (unsigned)request->data_id;
    int n = is_old ? snprintf(data, sizeof(data), "%02X %02X %s", id & 0xff, id >> 8,
                              answer->data)
                   : snprintf(data, sizeof(data), "%02X %02X %02X %02X %s", id & 0xff,
                              id >> 8 & 0xff, id >> 16 & 0xff, id >> 24, answer->data);

    assert_true(n > 0 && (size_t)n < sizeof(data));
    size_t frame_n = make_frame(METER, is_old ? 0x81 : 0x91, data, bytes);
    struct feed_result result = feed(request, bytes, frame_n);

    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(result.consumed + 4, dlt645_driver()->reply_bytes(request));
    return dlt645_driver()->decode(profile, request, result.payload, result.payload_n,
                                   EVERYTHING, sample);
}

static int ask_all(const struct profile *profile, const struct answer *answers,
                   const struct plan_options *options, struct sample *sample)
{
    struct request requests[32];
    int n = dlt645_driver()->plan(profile, options, requests, 32);

    memset(sample, 0, sizeof(*sample));
    for (int i = 0; i < n; i++) {
        assert_int_equal(ask(profile, &requests[i], answers, sample), 0);
    }
    return n;
}

static void compare(const struct profile *profile, const struct sample *sample,
                    const struct expected *expected, int n)
{
    int present = 0;

    for (int q = 0; q < QUANTITY_COUNT; q++) {
        present += sample_has(sample, (enum quantity)q);
    }
    assert_int_equal(present, n);
    assert_int_equal(profile->n_points, n);
    for (int i = 0; i < n; i++) {
        if (!sample_has(sample, expected[i].quantity) ||
            sample->value[expected[i].quantity] != expected[i].value) {
            print_error("%s: %lld, expected %lld\n", quantity_name(expected[i].quantity),
                        (long long)sample->value[expected[i].quantity],
                        (long long)expected[i].value);
            fail();
        }
    }
}

static struct plan_options options_of_meter(void)
{
    struct plan_options options = {.groups = EVERYTHING};

    assert_int_equal(dlt645_address_of_text(METER, options.meter_address), 0);
    return options;
}

static const struct expected three_phases[] = {
    {QUANTITY_ENERGY_IMPORT_WH, 123456}, /* × 0.01 kWh */
    {QUANTITY_ENERGY_EXPORT_WH, 25},
    {QUANTITY_REACTIVE_IMPORT_VARH, 10026},
    {QUANTITY_REACTIVE_EXPORT_VARH, 0},
    {QUANTITY_VOLTAGE_A_MV, 230300},
    {QUANTITY_VOLTAGE_B_MV, 225600},
    {QUANTITY_VOLTAGE_C_MV, 100100},
    {QUANTITY_CURRENT_A_MA, 188},
    {QUANTITY_CURRENT_B_MA, -112345},
    {QUANTITY_CURRENT_C_MA, 799999},
    {QUANTITY_POWER_W, 79999},  /* 79.9985 kW: half away from zero */
    {QUANTITY_POWER_A_W, -123}, /* 0.1234 kW reversed */
    {QUANTITY_POWER_B_W, 0},
    {QUANTITY_POWER_C_W, 40000},
    {QUANTITY_REACTIVE_VAR, -1500},
    {QUANTITY_APPARENT_VA, 79999},
    {QUANTITY_PF_E3, -962},
    {QUANTITY_FREQUENCY_MHZ, 50010}};

static void three_phases_come_in_blocks(void **state)
{
    static const struct answer meter[] = {
        {0x00010000, "56 34 12 00"},
        {0x00020000, "25 00 00 00"},
        {0x00030000, "26 00 01 00"},
        {0x00040000, "00 00 00 00"},
        {0x0201FF00, "03 23 56 22 01 10"},
        {0x0202FF00, "88 01 00 45 23 91 99 99 79"},
        {0x0203FF00, "85 99 79 34 12 80 00 00 00 00 00 40"},
        {0x02040000, "00 50 81"},
        {0x02050000, "90 99 79"},
        {0x02060000, "62 89"},
        {0x02800002, "01 50"},
        {0, NULL}};
    struct profile profile = load("config/profiles/dlt645-2007.yaml");
    struct plan_options options = options_of_meter();
    struct sample sample;

    (void)state;
    assert_int_equal(profile.protocol, PROFILE_DLT645_2007);
    assert_false(profile.primary_side);
    assert_int_equal(profile.register_wh.num, 10); /* 0.01 kWh */
    assert_int_equal(profile.register_wh.den, 1);
    assert_int_equal(profile.register_range, 100000000); /* 10^6 kWh in 0.01 kWh */
    assert_int_equal(ask_all(&profile, meter, &options, &sample), 11);
    compare(&profile, &sample, three_phases, 18);
    profile_done(&profile);
}

static void three_phases_come_one_by_one_where_blocks_are_refused(void **state)
{
    static const uint32_t refused[] = {0x0201FF00, 0x0202FF00, 0x0203FF00};
    static const struct answer meter[] = {{0x00010000, "56 34 12 00"},
                                          {0x00020000, "25 00 00 00"},
                                          {0x00030000, "26 00 01 00"},
                                          {0x00040000, "00 00 00 00"},
                                          {0x02010100, "03 23"},
                                          {0x02010200, "56 22"},
                                          {0x02010300, "01 10"},
                                          {0x02020100, "88 01 00"},
                                          {0x02020200, "45 23 91"},
                                          {0x02020300, "99 99 79"},
                                          {0x02030000, "85 99 79"},
                                          {0x02030100, "34 12 80"},
                                          {0x02030200, "00 00 00"},
                                          {0x02030300, "00 00 40"},
                                          {0x02040000, "00 50 81"},
                                          {0x02050000, "90 99 79"},
                                          {0x02060000, "62 89"},
                                          {0x02800002, "01 50"},
                                          {0, NULL}};
    struct profile profile = load("config/profiles/dlt645-2007.yaml");
    struct plan_options options = options_of_meter();
    struct sample sample;

    (void)state;
    options.refused = refused;
    options.refused_n = 3;
    assert_int_equal(ask_all(&profile, meter, &options, &sample), 18);
    compare(&profile, &sample, three_phases, 18);
    profile_done(&profile);
}

static void a_single_phase_is_read_value_by_value(void **state)
{
    static const struct answer meter[] = {
        {0x00010000, "86 01 00 00"}, {0x00020000, "00 00 00 00"},
        {0x02010100, "03 23"},       {0x02020100, "88 01 00"},
        {0x02030000, "30 04 00"},    {0x02060000, "00 10"},
        {0x02800002, "98 49"},       {0, NULL}};
    static const struct expected expected[] = {
        {QUANTITY_ENERGY_IMPORT_WH, 186}, {QUANTITY_ENERGY_EXPORT_WH, 0},
        {QUANTITY_VOLTAGE_A_MV, 230300},  {QUANTITY_CURRENT_A_MA, 188},
        {QUANTITY_POWER_W, 43},           {QUANTITY_PF_E3, 1000},
        {QUANTITY_FREQUENCY_MHZ, 49980}};
    struct profile profile = load("config/profiles/dlt645-2007-1p.yaml");
    struct plan_options options = options_of_meter();
    struct sample sample;

    (void)state;
    assert_int_equal(ask_all(&profile, meter, &options, &sample), 7);
    compare(&profile, &sample, expected, 7);
    profile_done(&profile);
}

static void the_old_edition_has_its_own_decimals(void **state)
{
    static const struct answer meter[] = {{0x9010, "01 00 00 00"},
                                          {0x9020, "00 00 00 00"},
                                          {0x9110, "26 00 01 00"},
                                          {0x9120, "00 00 00 00"},
                                          {0xB61F, "20 02 21 02 00 00"},
                                          {0xB62F, "50 12 00 00 99 99"},
                                          {0xB630, "56 34 12"},
                                          {0xB640, "50 01"},
                                          {0, NULL}};
    static const struct expected expected[] = {{QUANTITY_ENERGY_IMPORT_WH, 1},
                                               {QUANTITY_ENERGY_EXPORT_WH, 0},
                                               {QUANTITY_REACTIVE_IMPORT_VARH, 10026},
                                               {QUANTITY_REACTIVE_EXPORT_VARH, 0},
                                               {QUANTITY_VOLTAGE_A_MV, 220000},
                                               {QUANTITY_VOLTAGE_B_MV, 221000},
                                               {QUANTITY_VOLTAGE_C_MV, 0},
                                               {QUANTITY_CURRENT_A_MA, 12500},
                                               {QUANTITY_CURRENT_B_MA, 0},
                                               {QUANTITY_CURRENT_C_MA, 99990},
                                               {QUANTITY_POWER_W, 12346},
                                               {QUANTITY_REACTIVE_VAR, 1500}};
    struct profile profile = load("config/profiles/dlt645-1997.yaml");
    struct plan_options options = options_of_meter();
    struct sample sample;

    (void)state;
    assert_int_equal(profile.protocol, PROFILE_DLT645_1997);
    assert_int_equal(ask_all(&profile, meter, &options, &sample), 8);
    compare(&profile, &sample, expected, 12);
    profile_done(&profile);
}

/* Frames C2 and H: single-phase meters fill the block with FFFF or with 0. */
static void captured_blocks_of_single_phase_meters_are_understood(void **state)
{
    struct profile profile = load("config/profiles/dlt645-2007.yaml");

    (void)state;
    for (size_t i = 0; i < captured_n; i++) {
        struct request request = request_of(&captured[i]);
        struct sample sample = {0};
        uint8_t bytes[128];
        size_t n = bytes_of_hex(captured[i].reply, bytes);
        struct feed_result result = feed(&request, bytes, n);

        if (captured[i].data_id != 0x0201FF00) {
            continue;
        }
        int without = dlt645_driver()->decode(&profile, &request, result.payload,
                                              result.payload_n, EVERYTHING, &sample);

        if (strcmp(captured[i].name, "C2") == 0) {
            assert_int_equal(without, 2);
            assert_int_equal(sample.value[QUANTITY_VOLTAGE_A_MV], 225600);
        } else if (strcmp(captured[i].name, "H") == 0) {
            assert_int_equal(without, 0);
            assert_int_equal(sample.value[QUANTITY_VOLTAGE_A_MV], 231400);
            assert_int_equal(sample.value[QUANTITY_VOLTAGE_C_MV], 0);
        } else {
            assert_int_equal(sample.value[QUANTITY_VOLTAGE_A_MV], 230300);
        }
    }
    profile_done(&profile);
}

#define HEAD                                                                               \
    "profile: p\nname: n\nversion: \"1\"\nsource: s\nprotocol: dlt645-2007\n"              \
    "side: secondary\nenergy: { digit: 0.01 kWh }\n"
#define HEAD_1997                                                                          \
    "profile: p\nname: n\nversion: \"1\"\nsource: s\nprotocol: dlt645-1997\n"              \
    "side: secondary\nenergy: { digit: 0.01 kWh }\n"
#define POINT(rest) "points:\n  - { quantity: power_w, source: s, unit: kW, " rest " }\n"

static void mistakes_are_reported_with_their_place(void **state)
{
    static const struct {
        const char *text;
        const char *problem;
    } bad[] = {
        {HEAD "function: 3\n" POINT("id: 1, format: XX"), "p.yaml:8:1: "},
        {HEAD POINT("format: XX"), "id"},
        {HEAD POINT("id: 1"), "format"},
        {HEAD POINT("id: 0x1FFFFFFFF, format: XX"),
         "p.yaml:9:51: points.id: '0x1FFFFFFFF' is not an identifier such as 0x00010000"},
        {HEAD_1997 POINT("id: 0x00010000, format: XX"), "p.yaml:9:51: points.id: "},
        {HEAD_1997 POINT("id: 0x10000, format: XX"), "an identifier of two bytes"},
        {HEAD POINT("id: x, format: XX"), "points.id: 'x' is not an identifier"},
        {HEAD POINT("id: 1, format: XXX"), "points.format: 'XXX' is not a format"},
        {HEAD POINT("id: 1, format: XXXX."), "points.format: "},
        {HEAD POINT("id: 1, format: .XXXX"), "points.format: "},
        {HEAD POINT("id: 1, format: X.X.XX"), "points.format: "},
        {HEAD POINT("id: 1, format: YYMM"), "points.format: "},
        {HEAD POINT("id: 1, format: XXXXXXXXXXXXXXXXXX"), "points.format: "},
        {HEAD POINT("id: 1, format: XX, single: 1"), "points.single: '1' is not another"},
        {HEAD POINT("id: 1, format: XX, single: 0"), "points.single: '0' is not another"},
        {HEAD POINT("id: 1, format: XX, offset: 512"), "out of range"},
        {HEAD POINT("id: 1, format: XXXX, offset: 511"), "behind byte 512"},
        {HEAD POINT("id: 1, format: XX, address: 3"), "address"},
        {HEAD POINT("id: 1, format: XX, min: 3, max: 2"), "min 3 is above max 2"},
        {HEAD POINT(
             "id: 1, format: XX") "  - { quantity: power_w, source: s, unit: kW, id: 2, "
                                  "format: XX }\n",
         "power_w is given twice: on line 9 and on line 10"},
        {HEAD "points:\n  - { quantity: power_w, source: s, unit: V, id: 1, format: XX }\n",
         "points.unit: 'V' is no unit of power_w"},
        {HEAD "points: []\n", "a profile without a value reads nothing"},
        {"profile: p\nname: n\nversion: \"1\"\nsource: s\nprotocol: dlt645-2017\n"
         "side: secondary\nenergy: { digit: 0.01 kWh }\nfunction: 3\nmax_registers: 9\n"
         "points: []\n",
         "dlt645-2007"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct problems problems;
        struct profile profile;
        char text[512];
        bool is_found = false;

        problems_init(&problems);
        assert_int_not_equal(profile_parse_bytes("p.yaml", bad[i].text, strlen(bad[i].text),
                                                 &problems, &profile),
                             0);
        for (size_t k = 0; k < problems.n; k++) {
            problem_text(&problems.problem[k], text, sizeof(text));
            is_found = is_found || strstr(text, bad[i].problem) != NULL;
        }
        if (!is_found) {
            print_error("%s\nsays: %s\nnot: %s\n", bad[i].text, text, bad[i].problem);
            fail();
        }
        problems_done(&problems);
    }
}

static void points_are_sorted_by_place_and_scaled_to_canonical_units(void **state)
{
    static const char text[] = HEAD
        "points:\n"
        "  - { quantity: voltage_b_mv, id: 0x0201FF00, offset: 2, format: XXX.X, unit: V, "
        "source: s }\n"
        "  - { quantity: voltage_a_mv, id: 0x0201FF00, format: XXX.X, unit: V, source: s "
        "}\n"
        "  - { quantity: energy_import_wh, id: 0x00010000, format: XXXXXX.XX, unit: kWh, "
        "source: s }\n"
        "  - { quantity: pf_e3, id: 0x02060000, format: X.XXX, signed: true, unit: \"1\", "
        "source: s }\n";
    struct problems problems;
    struct profile profile;

    (void)state;
    problems_init(&problems);
    assert_int_equal(profile_parse_bytes("p.yaml", text, strlen(text), &problems, &profile),
                     0);
    assert_int_equal(profile.n_points, 4);
    assert_int_equal(profile.point[0].quantity, QUANTITY_ENERGY_IMPORT_WH);
    assert_int_equal(profile.point[0].part[0].scale.num, 1);
    assert_int_equal(profile.point[0].part[0].scale.den, 1);
    assert_int_equal(profile.point[0].data.bytes, 4);
    assert_int_equal(profile.point[1].quantity, QUANTITY_VOLTAGE_A_MV);
    assert_int_equal(profile.point[1].part[0].scale.num, 100);
    assert_int_equal(profile.point[2].data.offset, 2);
    assert_int_equal(profile.point[3].pf, PF_SIGNED);
    assert_true(profile.point[3].data.is_signed);
    profile_done(&profile);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_phases_come_in_blocks),
        cmocka_unit_test(three_phases_come_one_by_one_where_blocks_are_refused),
        cmocka_unit_test(a_single_phase_is_read_value_by_value),
        cmocka_unit_test(the_old_edition_has_its_own_decimals),
        cmocka_unit_test(captured_blocks_of_single_phase_meters_are_understood),
        cmocka_unit_test(mistakes_are_reported_with_their_place),
        cmocka_unit_test(points_are_sorted_by_place_and_scaled_to_canonical_units),
    };

    return cmocka_run_group_tests_name("dlt645 profiles", tests, NULL, NULL);
}
