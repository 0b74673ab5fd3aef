/*
 * Random histories of a meter: polled every 1 … 15 minutes or now and then, with gaps,
 * rollovers, resets and steps back. Whatever happens, the quarter-hours add up to what the
 * readings prove, and neither thinning nor stopping and going on changes one of them.
 */
#include "tests/unit/compute/interval_fixture.h"

#define HISTORIES 2000

static struct plant plant;
static struct plant other;

static uint64_t seed;

/* xorshift64: the same histories everywhere */
static int64_t pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)n);
}

/* Rounds half up; units >= 0 here. */
static int64_t wh(int64_t units, struct ratio ratio)
{
    return (2 * units * ratio.num + ratio.den) / (2 * ratio.den);
}

/* Readings over two days. */
static void write_history(void)
{
    static const struct ratio ratios[] = {{10, 1}, {1, 1}, {1, 3}, {40, 7}, {100000, 3}};
    int64_t range = pick(3) == 0 ? 100000 : 0;
    int64_t units = pick(range == 0 ? 1000000 : range);
    int64_t every = 1 + pick(15);

    plant.version[0].register_range = range;
    plant.version[0].register_wh = ratios[pick(5)];
    for (int64_t minute = pick(40); minute < 2880; minute += every) {
        plant_read(&plant, minute, units);
        units += pick(4) == 0 ? 0 : pick(range == 0 ? 30 : 900);
        if (range > 0 && units >= range) {
            units -= range;
        }
        if (pick(60) == 0) {
            units = pick(3); /* reset */
        }
        if (pick(12) == 0) {
            minute += pick(600);
        } else if (pick(3) == 0) {
            minute += pick(7);
        }
    }
}

/* What the readings prove, told apart by looking at them alone, one after the other. */
static int64_t proven(void)
{
    struct ratio ratio = plant.version[0].register_wh;
    int64_t range = plant.version[0].register_range;
    int64_t total = 0;
    int64_t counted = plant.reading[0].reg[0];

    for (size_t i = 1; i < plant.n; i++) {
        int64_t now = plant.reading[i].reg[0];

        if (now >= counted) {
            total += wh(now, ratio) - wh(counted, ratio);
        } else if (counted - now == 1) {
            continue;
        } else if (range > 0 && counted >= range - range / 10 && now < range / 10) {
            total += wh(now, ratio) + wh(range, ratio) - wh(counted, ratio);
        }
        counted = now;
    }
    return total;
}

static void begin(uint64_t number)
{
    seed = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    plant_init(&plant);
    write_history();
    if (pick(2) == 0) { /* a flickering digit */
        for (size_t i = 1; i < plant.n; i++) {
            if (plant.reading[i].reg[0] > 0 && pick(4) == 0) {
                plant.reading[i].reg[0]--;
            }
        }
    }
    /* The last one on a boundary closes everything. */
    plant_read(&plant, 3600, plant.reading[plant.n - 1].reg[0] + 5);
}

static int64_t sum_of(const struct plant *of)
{
    int64_t sum = 0;

    for (int i = 0; i < of->result.n; i++) {
        assert_true(of->interval[i].energy[0] >= 0);
        assert_int_equal(of->interval[i].present,
                         of->interval[i].quality == QUALITY_MISSING ? 0 : 1);
        sum += of->interval[i].energy[0];
    }
    return sum;
}

static void assert_same(const struct interval *a, const struct interval *b, int n)
{
    for (int i = 0; i < n; i++) {
        assert_int_equal(a[i].start_ts_ms, b[i].start_ts_ms);
        assert_int_equal(a[i].present, b[i].present);
        assert_int_equal(a[i].energy[0], b[i].energy[0]);
        assert_int_equal(a[i].quality, b[i].quality);
        assert_int_equal(a[i].held, b[i].held);
        assert_int_equal(a[i].max_power_w, b[i].max_power_w);
        assert_int_equal(a[i].has_start, b[i].has_start);
        assert_int_equal(a[i].start_register, b[i].start_register);
        assert_int_equal(a[i].has_end, b[i].has_end);
        assert_int_equal(a[i].end_register, b[i].end_register);
        assert_int_equal(a[i].end_register_ts_ms, b[i].end_register_ts_ms);
    }
}

static void interval_sums_are_what_the_readings_prove(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= HISTORIES; number++) {
        begin(number);
        assert_int_equal(plant_make(&plant, 0, 3600), 0);
        if (sum_of(&plant) != proven()) {
            print_error("history %llu\n", (unsigned long long)number);
            fail();
        }
    }
}

static void interval_thinning_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= HISTORIES; number++) {
        begin(number);
        other = plant;
        other.n = 0;
        for (size_t i = 0; i < plant.n; i++) {
            plant.reading[i].has_power = true;
            plant.reading[i].power_w = pick(1000) - 200;
            other.n =
                interval_readings_add(other.reading, other.n, &plant.reading[i], INT64_MIN);
        }
        other.result.interval = other.interval;
        assert_true(other.n <= plant.n);
        assert_int_equal(plant_make(&plant, 0, 3600), 0);
        assert_int_equal(plant_make(&other, 0, 3600), 0);
        assert_int_equal(plant.result.n, other.result.n);
        assert_same(plant.interval, other.interval, plant.result.n);
    }
}

/* The first reading from i on that stands on a boundary after it; n when there is none. */
static size_t find_boundary(size_t i)
{
    while (i < plant.n &&
           interval_floor(plant.reading[i].slot_ts_ms) != plant.reading[i].slot_ts_ms) {
        i++;
    }
    return i;
}

static void interval_going_on_from_a_read_boundary_makes_the_same_rows(void **state)
{
    int n_tried = 0;

    (void)state;
    for (uint64_t number = 1; number <= HISTORIES; number++) {
        begin(number);
        assert_int_equal(plant_make(&plant, 0, 3600), 0);
        size_t i = find_boundary(1 + (size_t)pick((int64_t)plant.n / 2));
        int64_t minute = (plant.reading[i].slot_ts_ms - T0) / MIN;
        int at = (int)(minute / 15);

        if (i + 1 >= plant.n) {
            continue;
        }
        other = plant;
        other.result.interval = other.interval;
        other.n = plant.n - i;
        memmove(other.reading, other.reading + i, other.n * sizeof(other.reading[0]));
        other.held = plant.interval[at - 1].held;
        assert_int_equal(plant_make(&other, minute, 3600), 0);
        assert_int_equal(other.result.n, plant.result.n - at);
        assert_same(other.interval, &plant.interval[at], other.result.n);
        n_tried++;
    }
    assert_true(n_tried > HISTORIES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interval_sums_are_what_the_readings_prove),
        cmocka_unit_test(interval_thinning_changes_nothing),
        cmocka_unit_test(interval_going_on_from_a_read_boundary_makes_the_same_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
