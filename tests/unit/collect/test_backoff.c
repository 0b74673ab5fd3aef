#include "daemon/collect/backoff.h"
#include "tests/support/test.h"

static struct chance chance;

static int setup(void **state)
{
    (void)state;
    chance_init(&chance, 42);
    return 0;
}

static void connects_wait_one_second_doubled_up_to_a_minute_half_more_or_less(void **state)
{
    static const int64_t middle_ms[] = {1000,  2000,  4000,  8000, 16000,
                                        32000, 60000, 60000, 60000};

    (void)state;
    for (unsigned failures = 1; failures <= 9; failures++) {
        int64_t least = INT64_MAX;
        int64_t most = 0;

        for (int i = 0; i < 1000; i++) {
            int64_t ms = backoff_connect_ms(failures, &chance);

            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        int64_t middle = middle_ms[failures - 1];

        assert_in_range(least, middle / 2, middle * 55 / 100);
        assert_in_range(most, middle * 145 / 100, middle * 3 / 2);
    }
}

static void a_meter_is_forgiven_once_then_left_alone_ever_longer(void **state)
{
    static const int64_t most_ms[] = {0, 0, 60000, 120000, 240000, 300000, 300000};

    (void)state;
    for (unsigned failures = 0; failures < 7; failures++) {
        int64_t ms = backoff_meter_ms(failures, 60000, 300000, &chance);

        assert_in_range(ms, most_ms[failures] * 9 / 10, most_ms[failures]);
    }
    assert_in_range(backoff_meter_ms(60000, 10, 300000, &chance), 270000, 300000);
    assert_in_range(backoff_meter_ms(2, 10, 300000, &chance), 900, 1000);
    assert_in_range(backoff_meter_ms(2, 900000, 300000, &chance), 270000, 300000);
}

static void the_gate_lets_eight_pass_a_second(void **state)
{
    struct gate gate = {0};
    int64_t last_ms = 0;

    (void)state;
    assert_int_equal(gate_reserve(&gate, 5000, 500), 0);
    for (int i = 1; i <= 80; i++) {
        last_ms = gate_reserve(&gate, 5000, 500);
        assert_int_equal(last_ms, 5000 + i * 125);
    }
    assert_int_equal(gate_reserve(&gate, 60000, 500), 0);
}

static void the_gate_is_wider_for_more_lines_than_fit_into_a_minute(void **state)
{
    struct gate gate = {0};
    int64_t last_ms = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        last_ms = gate_reserve(&gate, 1000, 2000);
    }
    assert_in_range(last_ms, 55000, 62000); /* 2000 ÷ 60 = 33 a second */
}

static void the_same_seed_brings_the_same_numbers(void **state)
{
    struct chance other;

    (void)state;
    chance_init(&other, 42);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(chance_next(&chance), chance_next(&other));
    }
    chance_init(&other, 43);
    assert_int_not_equal(chance_next(&chance), chance_next(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            connects_wait_one_second_doubled_up_to_a_minute_half_more_or_less, setup),
        cmocka_unit_test_setup(a_meter_is_forgiven_once_then_left_alone_ever_longer, setup),
        cmocka_unit_test(the_gate_lets_eight_pass_a_second),
        cmocka_unit_test(the_gate_is_wider_for_more_lines_than_fit_into_a_minute),
        cmocka_unit_test_setup(the_same_seed_brings_the_same_numbers, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
