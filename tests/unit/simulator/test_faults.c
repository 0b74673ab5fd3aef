/* Each fault as its comment in fault.h says, on the framings it is for. */
#include "tests/support/test.h"
#include "tests/unit/simulator/profile.h"
#include "tests/unit/simulator/profile_dlt645.h"
#include "tests/unit/simulator/rig.h"

#define TCP_ASK   "12 34 00 00 00 06 01 03 00 66 00 01"
#define TCP_RIGHT "12 34 00 00 00 05 01 03 02 13 89"
#define RTU_ASK   "01 03 00 66 00 01 64 15"
#define RTU_RIGHT "01 03 02 13 89 74 D2"
#define DLT_ASK   "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16"
#define DLT_RIGHT "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16"

static struct known known;

static const enum simulator_scheme schemes[] = {
    SIMULATOR_MODBUS_TCP, SIMULATOR_MODBUS_RTU_TCP, SIMULATOR_DLT645_TCP};

static const char *const asks[] = {TCP_ASK, RTU_ASK, DLT_ASK};
static const char *const rights[] = {TCP_RIGHT, RTU_RIGHT, DLT_RIGHT};

#define TCP 0
#define RTU 1
#define DLT 2

static void start(struct rig *rig, int which, enum fault_kind kind, int32_t value)
{
    memset(&known, 0, sizeof(known));
    know(&known, QUANTITY_FREQUENCY_MHZ, 50010);
    know(&known, QUANTITY_ENERGY_IMPORT_WH, 26);
    rig_init(rig, known_value, &known);
    struct simulated_meter meter =
        rig_meter(rig, schemes[which], which == DLT ? &dlt645_profile : &sample_profile);

    assert_int_equal(simulator_read_address("161", meter.address), 0);
    meter.fault = (struct fault){kind, value, 100};
    assert_int_equal(rig_add(rig, &meter), 0);
    rig_start(rig);
    rig_dial(rig);
}

static void expect(int which, enum fault_kind kind, int32_t value, const char *answer)
{
    struct rig rig;

    start(&rig, which, kind, value);
    rig_ask_hex(&rig, asks[which]);
    rig_expect_hex(&rig, answer);
    assert_int_equal(simulator_counts(rig.simulator).faults, 1);
    assert_int_equal(simulator_counts(rig.simulator).replies, 0);
    rig_done(&rig);
}

static void every_fault_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < FAULT_COUNT; i++) {
        assert_int_equal(fault_from_name(fault_name((enum fault_kind)i)), i);
    }
    assert_int_equal(fault_class(FAULT_DELAY), FAULT_CLASS_REPLY);
    assert_int_equal(fault_class(FAULT_ROLLOVER), FAULT_CLASS_VALUE);
    assert_int_equal(fault_class(FAULT_UNPLUG), FAULT_CLASS_LINE);
}

static void refusals_carry_their_code(void **state)
{
    (void)state;
    expect(TCP, FAULT_EXCEPTION, 6, "12 34 00 00 00 03 01 83 06");
    expect(RTU, FAULT_EXCEPTION, 6, "01 83 06 C1 32");
    expect(DLT, FAULT_EXCEPTION, 2, "68 61 01 00 00 00 00 68 D1 01 35 39 16");
    expect(RTU, FAULT_GAP, 102, "01 83 02 C0 F1");
    expect(RTU, FAULT_GAP, 101, RTU_RIGHT);
    expect(DLT, FAULT_GAP, 0x00010000, "68 61 01 00 00 00 00 68 D1 01 35 39 16");
}

static void lies_are_sound_frames(void **state)
{
    (void)state;
    expect(RTU, FAULT_WRONG_UNIT, 0, "41 03 02 13 89 75 1D");
    expect(RTU, FAULT_WRONG_ID, 0, "01 04 02 13 89 75 A6");
    expect(RTU, FAULT_WRONG_FUNCTION, 0, "01 04 02 13 89 75 A6");
    expect(RTU, FAULT_WRONG_LENGTH, 0, "01 03 04 13 89 94 D3");
    expect(RTU, FAULT_SHORT, 0, "01 03 00 20 F0");
    expect(DLT, FAULT_WRONG_UNIT, 0,
           "68 60 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 89 16");
    expect(DLT, FAULT_WRONG_ID, 0,
           "68 61 01 00 00 00 00 68 91 08 33 32 34 33 59 33 33 33 89 16");
    expect(DLT, FAULT_WRONG_FUNCTION, 0,
           "68 61 01 00 00 00 00 68 92 08 33 33 34 33 59 33 33 33 8B 16");
    expect(DLT, FAULT_WRONG_LENGTH, 0,
           "68 61 01 00 00 00 00 68 91 0A 33 33 34 33 59 33 33 33 8C 16");
    expect(DLT, FAULT_WRONG_LENGTH, 201,
           "68 61 01 00 00 00 00 68 91 C9 33 33 34 33 59 33 33 33 4B 16");
    expect(DLT, FAULT_SHORT, 0, "68 61 01 00 00 00 00 68 91 06 33 33 34 33 59 33 22 16");
    expect(DLT, FAULT_NO_OFFSET, 0,
           "68 61 01 00 00 00 00 68 91 08 00 00 01 00 26 00 00 00 F2 16");
    expect(TCP, FAULT_WRONG_PROTOCOL, 0, "12 34 00 01 00 05 01 03 02 13 89");
    expect(TCP, FAULT_WRONG_LENGTH, 65535, "12 34 00 00 FF FF 01 03 02 13 89");
    expect(TCP, FAULT_SHORT, 0, "12 34 00 00 00 03 01 03 00");
}

static void broken_bytes_are_where_they_are_said_to_be(void **state)
{
    (void)state;
    for (int which = TCP; which <= DLT; which++) {
        uint8_t right[64];
        size_t n = rig_bytes(rights[which], right);
        struct rig rig;

        expect(which, FAULT_MUTE, 0, "");
        start(&rig, which, FAULT_TRUNCATE, 0);
        rig_ask_hex(&rig, asks[which]);
        rig_expect(&rig, right, n / 2);
        rig_done(&rig);

        start(&rig, which, FAULT_GARBAGE, 0);
        rig_ask_hex(&rig, asks[which]);
        assert_int_equal(rig.n, n);
        assert_memory_not_equal(rig.heard, right, n);
        rig_done(&rig);

        start(&rig, which, FAULT_GARBAGE_BEFORE, 7);
        rig_ask_hex(&rig, asks[which]);
        assert_int_equal(rig.n, n + 7);
        assert_memory_equal(rig.heard + 7, right, n);
        rig_done(&rig);

        start(&rig, which, FAULT_GARBAGE_INSIDE, 0);
        rig_ask_hex(&rig, asks[which]);
        assert_int_equal(rig.n, n + 5);
        assert_memory_equal(rig.heard, right, n / 2);
        assert_memory_equal(rig.heard + n / 2 + 5, right + n / 2, n - n / 2);
        rig_done(&rig);

        start(&rig, which, FAULT_GARBAGE_AFTER, 3);
        rig_ask_hex(&rig, asks[which]);
        assert_int_equal(rig.n, n + 3);
        assert_memory_equal(rig.heard, right, n);
        rig_done(&rig);
    }
}

static void every_bit_can_be_flipped(void **state)
{
    struct rig rig;
    uint8_t right[64];
    size_t n = rig_bytes(DLT_RIGHT, right);

    (void)state;
    start(&rig, DLT, FAULT_NONE, 0);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        simulator_set_fault(rig.simulator, 0,
                            (struct fault){FAULT_FLIP, (int32_t)bit + 1, 100});
        rig_ask_hex(&rig, DLT_ASK);
        right[bit / 8] ^= (uint8_t)(1U << bit % 8);
        rig_expect(&rig, right, n);
        right[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    simulator_set_fault(rig.simulator, 0, (struct fault){FAULT_FLIP, 0, 100});
    rig_ask_hex(&rig, DLT_ASK);
    assert_memory_not_equal(rig.heard, right, n);
    rig_done(&rig);
}

static void collision_has_no_bit_that_one_of_both_has_not(void **state)
{
    struct rig rig;
    uint8_t right[64];
    size_t n = rig_bytes(RTU_RIGHT, right);

    (void)state;
    start(&rig, RTU, FAULT_COLLISION, 0);
    rig_ask_hex(&rig, RTU_ASK);
    assert_int_equal(rig.n, n);
    assert_memory_equal(rig.heard, right, 3); /* unit, function, count: the same */
    assert_memory_not_equal(rig.heard, right, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(rig.heard[i] & ~right[i], 0);
    }
    rig_done(&rig);
}

static void late_reply_comes_within_its_bound(void **state)
{
    struct rig rig;
    int64_t most_ms = 0;
    int64_t least_ms = 1000;

    (void)state;
    start(&rig, RTU, FAULT_DELAY, 100);
    for (int i = 0; i < 200; i++) {
        uint8_t ask[16];
        size_t n = rig_bytes(RTU_ASK, ask);
        int64_t from_ms = rig.clock.mono_ms;

        rig_ask(&rig, ask, n, 101);
        rig_expect_hex(&rig, RTU_RIGHT);
        most_ms = rig.heard_ms[0] - from_ms > most_ms ? rig.heard_ms[0] - from_ms : most_ms;
        least_ms =
            rig.heard_ms[0] - from_ms < least_ms ? rig.heard_ms[0] - from_ms : least_ms;
    }
    assert_in_range(least_ms, 0, 8); /* 200 draws of 101: the ends are near */
    assert_in_range(most_ms, 92, 100);
    rig_done(&rig);
}

static void slow_reply_keeps_its_pace(void **state)
{
    struct rig rig;
    uint8_t ask[16];
    size_t n = rig_bytes(RTU_ASK, ask);

    (void)state;
    start(&rig, RTU, FAULT_DRIBBLE, 20);
    rig_ask(&rig, ask, n, 139);
    assert_int_equal(rig.n, 6);
    rig_pass(&rig, 1);
    rig_expect_hex(&rig, RTU_RIGHT);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(rig.heard_ms[i], 20 * (i + 1));
    }
    rig_done(&rig);
}

static void doubled_and_joined_replies(void **state)
{
    struct rig rig;

    (void)state;
    expect(RTU, FAULT_TWICE, 0, RTU_RIGHT RTU_RIGHT);
    expect(DLT, FAULT_TWICE, 0, DLT_RIGHT DLT_RIGHT);
    start(&rig, DLT, FAULT_COALESCED, 0);
    rig_ask_hex(&rig, DLT_ASK);
    rig_expect_hex(&rig, "");
    rig_ask_hex(&rig, DLT_ASK);
    rig_expect_hex(&rig, DLT_RIGHT DLT_RIGHT);
    rig_done(&rig);
}

static void split_moves_on_through_every_byte(void **state)
{
    struct rig rig;
    uint8_t ask[16];
    size_t n = rig_bytes(RTU_ASK, ask);

    (void)state;
    start(&rig, RTU, FAULT_SPLIT, 10);
    for (size_t i = 0; i < 14; i++) {
        rig_ask(&rig, ask, n, 12);
        rig_expect_hex(&rig, RTU_RIGHT);
        size_t first = 0;

        while (first < 7 && rig.heard_ms[first] == rig.heard_ms[0]) {
            first++;
        }
        assert_int_equal(first, i % 6 + 1);
        assert_int_equal(rig.heard_ms[first] - rig.heard_ms[0], 10);
    }
    rig_done(&rig);
}

static void connection_ends_where_it_is_told_to(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, RTU, FAULT_CLOSE, 0);
    rig_ask_hex(&rig, RTU_ASK);
    rig_expect_hex(&rig, "");
    assert_true(rig.is_closed);
    rig_done(&rig);
    start(&rig, TCP, FAULT_RESET_HALF, 0);
    rig_ask_hex(&rig, TCP_ASK);
    assert_true(rig.is_closed); /* and a RST takes what was not read yet along */
    assert_in_range(rig.n, 0, 5);
    rig_hang_up(&rig);
    simulator_set_fault(rig.simulator, 0, (struct fault){FAULT_NONE, 0, 100});
    rig_dial(&rig);
    rig_ask_hex(&rig, TCP_ASK);
    rig_expect_hex(&rig, TCP_RIGHT);
    rig_done(&rig);
}

static void follow_up_frames_lie_about_their_number_or_stay_away(void **state)
{
    struct rig rig;
    struct simulated_meter meter;

    (void)state;
    memset(&known, 0, sizeof(known));
    rig_init(&rig, known_value, &known);
    meter = rig_meter(&rig, SIMULATOR_DLT645_TCP, &tariff_profile);
    assert_int_equal(simulator_read_address("201000000012", meter.address), 0);
    meter.frame_bytes = 14; /* 10 bytes, 9, 1 */
    meter.fault = (struct fault){FAULT_WRONG_SEQUENCE, 0, 100};
    assert_int_equal(rig_add(&rig, &meter), 0);
    rig_start(&rig);
    rig_dial(&rig);
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 33 32 34 33 F3 16");
    assert_int_equal(rig.n, 26);
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 12 05 33 32 34 33 34 29 16");
    assert_int_equal(rig.n, 26);
    assert_int_equal(rig.heard[23], 0x35); /* 1 was asked for: 2 */
    simulator_set_fault(rig.simulator, 0, (struct fault){FAULT_MUTE_FOLLOW, 0, 100});
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 11 04 33 32 34 33 F3 16");
    assert_int_equal(rig.n, 26);
    rig_ask_hex(&rig, "68 12 00 00 00 10 20 68 12 05 33 32 34 33 34 29 16");
    assert_int_equal(rig.n, 0);
    rig_done(&rig);
}

static void same_seed_gives_the_same_run(void **state)
{
    uint8_t first[512];
    size_t n = 0;

    (void)state;
    for (int run = 0; run < 2; run++) {
        struct rig rig;

        start(&rig, RTU, FAULT_NONE, 0);
        simulator_set_fault(rig.simulator, 0, (struct fault){FAULT_GARBAGE, 0, 40});
        rig_forget(&rig);
        for (int i = 0; i < 50; i++) {
            uint8_t ask[16];

            rig_say(&rig, ask, rig_bytes(RTU_ASK, ask));
            rig_pass(&rig, 1);
        }
        assert_in_range(simulator_counts(rig.simulator).faults, 10, 30);
        if (run == 0) {
            n = rig.n;
            memcpy(first, rig.heard, n);
        } else {
            rig_expect(&rig, first, n);
        }
        rig_done(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_a_name),
        cmocka_unit_test(refusals_carry_their_code),
        cmocka_unit_test(lies_are_sound_frames),
        cmocka_unit_test(broken_bytes_are_where_they_are_said_to_be),
        cmocka_unit_test(every_bit_can_be_flipped),
        cmocka_unit_test(collision_has_no_bit_that_one_of_both_has_not),
        cmocka_unit_test(late_reply_comes_within_its_bound),
        cmocka_unit_test(slow_reply_keeps_its_pace),
        cmocka_unit_test(doubled_and_joined_replies),
        cmocka_unit_test(split_moves_on_through_every_byte),
        cmocka_unit_test(connection_ends_where_it_is_told_to),
        cmocka_unit_test(follow_up_frames_lie_about_their_number_or_stay_away),
        cmocka_unit_test(same_seed_gives_the_same_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
