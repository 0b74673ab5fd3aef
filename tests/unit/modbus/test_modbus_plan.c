#include <stdbool.h>

#include <ecmon/err.h>

#include "drivers/modbus/modbus.h"
#include "tests/support/test.h"

#define ALL_GROUPS 0xfU
#define CAP        64

static struct profile_point float_at(enum quantity quantity, uint16_t address)
{
    return (struct profile_point){
        .quantity = quantity,
        .function = 4,
        .n_parts = 1,
        .part = {{.address = address, .type = REGISTER_F32, .scale = {1, 1}}},
    };
}

static int plan(const struct profile *profile, const struct plan_options *options,
                struct request *ret_requests)
{
    return modbus_tcp_driver()->plan(profile, options, ret_requests, CAP);
}

static void assert_read(const struct request *request, unsigned function, unsigned address,
                        unsigned count)
{
    assert_int_equal(request->function, function);
    assert_int_equal(request->address, address);
    assert_int_equal(request->count, count);
}

/* Voltages 00-05, power 34, energy 48-4B, neutral current E0 of an SDM630. */
static struct profile sdm_profile(struct profile_point *points)
{
    points[0] = float_at(QUANTITY_VOLTAGE_A_MV, 0x00);
    points[1] = float_at(QUANTITY_VOLTAGE_B_MV, 0x02);
    points[2] = float_at(QUANTITY_VOLTAGE_C_MV, 0x04);
    points[3] = float_at(QUANTITY_POWER_W, 0x34);
    points[4] = float_at(QUANTITY_ENERGY_IMPORT_WH, 0x48);
    points[5] = float_at(QUANTITY_ENERGY_EXPORT_WH, 0x4a);
    points[6] = float_at(QUANTITY_CURRENT_N_MA, 0xe0);
    return (struct profile){.max_registers = 50, .n_points = 7, .point = points};
}

static void neighbours_become_one_read(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.unit = 9, .groups = ALL_GROUPS};
    struct request reads[CAP];

    assert_int_equal(plan(&profile, &options, reads), 4);
    assert_read(&reads[0], 4, 0x00, 6);
    assert_read(&reads[1], 4, 0x34, 2);
    assert_read(&reads[2], 4, 0x48, 4);
    assert_read(&reads[3], 4, 0xe0, 2);
    assert_int_equal(reads[3].unit, 9);
    assert_int_equal(reads[3].transaction_id, 0);
}

static void a_cheap_gap_is_read_over(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.groups = ALL_GROUPS, .gap_registers = 18};
    struct request reads[CAP];

    /* 34-35 to 48 leaves 18 registers between */
    assert_int_equal(plan(&profile, &options, reads), 3);
    assert_read(&reads[1], 4, 0x34, 0x18);
    options.gap_registers = 17;
    assert_int_equal(plan(&profile, &options, reads), 4);
}

static void the_smaller_maximum_bounds_every_read(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.groups = ALL_GROUPS, .gap_registers = 200};
    struct request reads[CAP];

    assert_int_equal(plan(&profile, &options, reads), 3); /* 00-05, 34-4B, E0 */
    assert_read(&reads[0], 4, 0, 6);
    options.max_registers = 4;
    assert_int_equal(plan(&profile, &options, reads), 5);
    assert_read(&reads[0], 4, 0, 4);
    assert_read(&reads[1], 4, 4, 2);
    options.max_registers = 125; /* the line allows more, the meter does not */
    assert_int_equal(plan(&profile, &options, reads), 3);
    profile.max_registers = 125;
    assert_int_equal(plan(&profile, &options, reads), 2);
    assert_read(&reads[0], 4, 0, 0x4c);
}

static void only_wanted_groups_are_read(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.groups = 1U << QUANTITY_GROUP_ENERGY,
                                   .gap_registers = 9};
    struct request reads[CAP];

    assert_int_equal(plan(&profile, &options, reads), 1);
    assert_read(&reads[0], 4, 0x48, 4);
    options.groups = 0;
    assert_int_equal(plan(&profile, &options, reads), 0);
}

static void functions_are_never_mixed(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.groups = ALL_GROUPS};
    struct request reads[CAP];

    points[1].function = 3; /* also out of order: plan sorts by itself */
    assert_int_equal(plan(&profile, &options, reads), 6);
    assert_read(&reads[0], 3, 2, 2);
    assert_read(&reads[1], 4, 0, 2);
    assert_read(&reads[2], 4, 4, 2);
}

static void a_hole_is_neither_read_nor_read_over(void **state)
{
    (void)state;
    static const struct profile_span holes[] = {{0x40, 0x41}, {0x4b, 0x4b}};
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {
        .groups = ALL_GROUPS, .gap_registers = 18, .holes_n = 2, .holes = holes};
    struct request reads[CAP];

    assert_int_equal(plan(&profile, &options, reads), 4);
    assert_read(&reads[1], 4, 0x34, 2);
    assert_read(&reads[2], 4, 0x48, 2); /* 4A-4B touches the second hole */
}

static void a_no_merge_span_is_read_alone(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.groups = ALL_GROUPS, .gap_registers = 18};
    struct request reads[CAP];

    profile.n_no_merge = 2;
    profile.no_merge[0] = (struct profile_span){0x02, 0x03};
    profile.no_merge[1] = (struct profile_span){0x38, 0x3a}; /* in a gap: not read over */
    assert_int_equal(plan(&profile, &options, reads), 6);
    assert_read(&reads[0], 4, 0, 2);
    assert_read(&reads[1], 4, 2, 2);
    assert_read(&reads[2], 4, 4, 2);
    assert_read(&reads[3], 4, 0x34, 2);
    profile.no_merge[0] = (struct profile_span){0x02, 0x05};
    profile.n_no_merge = 1;
    assert_int_equal(plan(&profile, &options, reads), 4);
    assert_read(&reads[1], 4, 2, 4); /* inside one span they may be joined */
}

static void both_parts_of_a_value_are_in_one_read(void **state)
{
    (void)state;
    struct profile_point points[2] = {
        float_at(QUANTITY_POWER_W, 10),
        float_at(QUANTITY_ENERGY_IMPORT_WH, 40),
    };
    struct profile profile = {.max_registers = 40, .n_points = 2, .point = points};
    struct plan_options options = {.groups = ALL_GROUPS};
    struct request reads[CAP];

    points[1].n_parts = 2;
    points[1].part[1] = (struct profile_part){.address = 8, .type = REGISTER_U16};
    assert_int_equal(plan(&profile, &options, reads), 1);
    assert_read(&reads[0], 4, 8, 34);
    profile.max_registers = 33;
    assert_int_equal(plan(&profile, &options, reads), ERR_RANGE);
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct profile_point points[7];
    struct profile profile = sdm_profile(points);
    struct plan_options options = {.groups = ALL_GROUPS};
    struct request reads[CAP];

    assert_int_equal(modbus_tcp_driver()->plan(&profile, &options, reads, 3), ERR_RANGE);
    assert_int_equal(modbus_tcp_driver()->plan(&profile, &options, reads, 4), 4);
    options.max_registers = 1;
    assert_int_equal(plan(&profile, &options, reads), ERR_RANGE);
    options.max_registers = 0;
    points[6].part[0].address = 65535;
    assert_int_equal(plan(&profile, &options, reads), ERR_RANGE);
    points[6].part[0].address = 65534;
    assert_int_equal(plan(&profile, &options, reads), 4);
}

/* Random profiles: xorshift, so that a failure repeats. */
static uint32_t random_state = 2463534242U;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

struct random_case {
    struct profile profile;
    struct profile_point points[30];
    struct profile_span holes[6];
    struct plan_options options;
};

static void end_of_point(const struct profile_point *point, uint32_t *ret_first,
                         uint32_t *ret_end)
{
    const struct profile_part *last = &point->part[point->n_parts - 1];

    *ret_first = point->part[0].address;
    *ret_end = last->address + (uint32_t)register_type_words(last->type);
}

static struct profile_span random_span(void)
{
    uint16_t first = (uint16_t)random_below(300);

    return (struct profile_span){first, (uint16_t)(first + random_below(6))};
}

static void make_case(struct random_case *one)
{
    uint32_t address = random_below(20);
    uint8_t function = 3;

    memset(one, 0, sizeof(*one));
    one->profile.n_points = 1 + (int)random_below(30);
    for (int i = 0; i < one->profile.n_points; i++) {
        struct profile_point *point = &one->points[i];

        if (random_below(12) == 0 && function == 3) {
            function = 4;
            address = random_below(20);
        }
        point->function = function;
        point->quantity = (enum quantity)random_below(QUANTITY_COUNT);
        point->n_parts = 1 + (random_below(5) == 0);
        for (int p = 0; p < point->n_parts; p++) {
            point->part[p].address = (uint16_t)address;
            point->part[p].type = (enum register_type)random_below(REGISTER_BCD32 + 1);
            address += (uint32_t)register_type_words(point->part[p].type) + random_below(2);
        }
        address += random_below(3) == 0 ? random_below(30) : 0;
    }
    one->profile.point = one->points;
    one->profile.max_registers = (uint16_t)(10 + random_below(116));
    one->profile.n_no_merge = (int)random_below(4);
    for (int i = 0; i < one->profile.n_no_merge; i++) {
        one->profile.no_merge[i] = random_span();
    }
    one->options.unit = 1;
    one->options.groups = random_below(16);
    one->options.gap_registers = random_below(20);
    one->options.max_registers =
        random_below(2) == 0 ? 0 : (uint16_t)(10 + random_below(40));
    one->options.holes_n = random_below(6);
    for (uint32_t i = 0; i < one->options.holes_n; i++) {
        one->holes[i] = random_span();
    }
    one->options.holes = one->holes;
}

static bool is_wanted(const struct random_case *one, const struct profile_point *point)
{
    return (one->options.groups >> quantity_group(point->quantity) & 1U) != 0;
}

static bool meets(const struct profile_span *span, uint32_t first, uint32_t end)
{
    return span->first < end && span->last >= first;
}

static bool is_on_hole(const struct random_case *one, uint32_t first, uint32_t end)
{
    for (uint32_t i = 0; i < one->options.holes_n; i++) {
        if (meets(&one->holes[i], first, end)) {
            return true;
        }
    }
    return false;
}

static void check_points(const struct random_case *one, const struct request *reads, int n)
{
    for (int i = 0; i < one->profile.n_points; i++) {
        const struct profile_point *point = &one->points[i];
        uint32_t first = 0;
        uint32_t end = 0;
        int inside = 0;
        int torn = 0;

        end_of_point(point, &first, &end);
        for (int r = 0; r < n; r++) {
            uint32_t read_end = (uint32_t)reads[r].address + reads[r].count;
            bool meets_read = reads[r].function == point->function && first < read_end &&
                              end > reads[r].address;
            bool is_inside = meets_read && first >= reads[r].address && end <= read_end;

            inside += is_inside;
            torn += meets_read && !is_inside;
        }
        if (is_wanted(one, point)) {
            assert_int_equal(inside, is_on_hole(one, first, end) ? 0 : 1);
            assert_true(torn == 0 || is_on_hole(one, first, end));
        }
    }
}

/* The registers of a read that no wanted point asks for come in runs of gap_registers at
 * most, and never at its ends. */
static void check_gaps(const struct random_case *one, const struct request *read)
{
    uint8_t is_used[125] = {0};
    uint32_t run = 0;

    for (int i = 0; i < one->profile.n_points; i++) {
        const struct profile_point *point = &one->points[i];
        uint32_t first = 0;
        uint32_t end = 0;

        end_of_point(point, &first, &end);
        if (!is_wanted(one, point) || point->function != read->function ||
            first < read->address || end > (uint32_t)read->address + read->count) {
            continue;
        }
        memset(is_used + (first - read->address), 1, end - first);
    }
    assert_int_equal(is_used[0], 1);
    assert_int_equal(is_used[read->count - 1], 1);
    for (uint32_t i = 0; i < read->count; i++) {
        run = is_used[i] != 0 ? 0 : run + 1;
        assert_true(run <= one->options.gap_registers);
    }
}

static void check_read(const struct random_case *one, const struct request *read)
{
    uint32_t end = (uint32_t)read->address + read->count;
    bool is_one_point = false;

    assert_true(read->count >= 1 && read->count <= one->profile.max_registers);
    assert_true(one->options.max_registers == 0 ||
                read->count <= one->options.max_registers);
    assert_false(is_on_hole(one, read->address, end));
    for (int i = 0; i < one->profile.n_points; i++) {
        uint32_t point_first = 0;
        uint32_t point_end = 0;

        end_of_point(&one->points[i], &point_first, &point_end);
        is_one_point = is_one_point || (one->points[i].function == read->function &&
                                        point_first == read->address && point_end == end);
    }
    for (int i = 0; i < one->profile.n_no_merge; i++) {
        const struct profile_span *span = &one->profile.no_merge[i];
        bool is_within = read->address >= span->first && end <= span->last + 1U;

        assert_true(is_one_point || is_within || !meets(span, read->address, end));
    }
    check_gaps(one, read);
}

static void random_profiles_keep_every_promise(void **state)
{
    (void)state;
    static struct random_case one;

    for (int round = 0; round < 20000; round++) {
        struct request reads[CAP];

        make_case(&one);
        int n = plan(&one.profile, &one.options, reads);

        assert_true(n >= 0);
        check_points(&one, reads, n);
        for (int i = 0; i < n; i++) {
            check_read(&one, &reads[i]);
            assert_true(i == 0 || reads[i - 1].function < reads[i].function ||
                        reads[i - 1].address + reads[i - 1].count <= reads[i].address);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_become_one_read),
        cmocka_unit_test(a_cheap_gap_is_read_over),
        cmocka_unit_test(the_smaller_maximum_bounds_every_read),
        cmocka_unit_test(only_wanted_groups_are_read),
        cmocka_unit_test(functions_are_never_mixed),
        cmocka_unit_test(a_hole_is_neither_read_nor_read_over),
        cmocka_unit_test(a_no_merge_span_is_read_alone),
        cmocka_unit_test(both_parts_of_a_value_are_in_one_read),
        cmocka_unit_test(what_does_not_fit_is_an_error),
        cmocka_unit_test(random_profiles_keep_every_promise),
    };

    return cmocka_run_group_tests_name("modbus plan", tests, NULL, NULL);
}
