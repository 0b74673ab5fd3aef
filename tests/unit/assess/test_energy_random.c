/*
 * Many meters at once, polled at their own pace, with gaps, rollovers, resets, lost
 * registers: however closing is cut into portions, restarted or left until the end, the
 * rows are those that the pure function makes of all readings together.
 */
#include "daemon/compute/interval.h"
#include "tests/unit/assess/energy_fixture.h"

#define METERS   24
#define MINUTES  1800 /* 30 hours */
#define QUARTERS (MINUTES / 15)

static struct fixture fixture;
static uint64_t seed;

static int64_t pick(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)n);
}

struct reading {
    int64_t minute;
    int64_t import_units;
    int64_t export_units;
};

struct history {
    struct reading reading[MINUTES + 1];
    int n;
};

static struct history history[METERS];
static uint32_t meter_no[METERS];

static void write_history(struct history *of)
{
    static const int64_t paces[] = {1, 1, 5, 15};
    int64_t pace = paces[pick(4)];
    int64_t units = pick(2) == 0 ? 99999000 : pick(90000000);
    int64_t export_units = pick(1000);
    int64_t dark_until = 0;

    of->n = 0;
    for (int64_t minute = pace * pick(20); minute <= MINUTES; minute += pace) {
        units = (units + pick(3 * pace)) % 100000000;
        export_units += pick(2);
        if (pick(400) == 0) {
            units = pick(50);
        }
        if (pick(1500 / pace) == 0) {
            dark_until = minute + pick(400);
        }
        bool is_dark = minute < MINUTES && (minute < dark_until || pick(50) == 0);

        of->reading[of->n] =
            (struct reading){minute, is_dark ? NONE : units - (pick(9) == 0),
                             is_dark || pick(60) == 0 ? NONE : export_units};
        of->n++;
    }
    of->reading[of->n - 1].import_units = units;
    of->reading[of->n - 1].export_units = export_units;
}

static void begin(uint64_t number)
{
    seed = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    fixture_init(&fixture);
    for (int m = 0; m < METERS; m++) {
        char id[8];

        (void)snprintf(id, sizeof(id), "M%02d", m);
        meter_no[m] = fixture_supply(&fixture, id, "E1");
        write_history(&history[m]);
    }
}

/* What has come up to a minute goes into the store; at[] keeps the place. */
static void feed(int *at, int64_t minute)
{
    for (int m = 0; m < METERS; m++) {
        while (at[m] < history[m].n && history[m].reading[at[m]].minute <= minute) {
            const struct reading *reading = &history[m].reading[at[m]];

            fixture_read(&fixture, meter_no[m], MIDNIGHT + reading->minute * MS_PER_MIN,
                         reading->import_units, reading->export_units);
            at[m]++;
        }
    }
}

static struct interval expected[QUARTERS + 1];
static struct register_reading readings[MINUTES + 1];

static int make_expected(int m)
{
    struct register_version version = {.until_ms = TS_MS_OPEN,
                                       .enterprise_no = 1,
                                       .register_wh = {10, 1},
                                       .register_range = 100000000,
                                       .initial = -1,
                                       .previous_final = -1};
    struct interval_result result = {.interval = expected, .cap = QUARTERS + 1};
    size_t n = 0;

    for (int i = 0; i < history[m].n; i++) {
        const struct reading *from = &history[m].reading[i];
        struct register_reading *reading = &readings[n];
        int64_t slot_ms = MIDNIGHT + from->minute * MS_PER_MIN;

        *reading = (struct register_reading){.slot_ts_ms = slot_ms, .ts_ms = slot_ms + 200};
        if (from->import_units != NONE) {
            reading->present |= 1;
            reading->reg[0] = from->import_units;
        }
        if (from->export_units != NONE) {
            reading->present |= 2;
            reading->reg[1] = from->export_units;
        }
        n += reading->present != 0;
    }
    struct interval_window window = {
        .meter_no = meter_no[m],
        .version = &version,
        .n_versions = 1,
        .reading = readings,
        .n_readings = n,
        .from_ms = interval_floor(MIDNIGHT + history[m].reading[0].minute * MS_PER_MIN),
        .until_ms = MIDNIGHT + QUARTERS * QUARTER};

    assert_int_equal(interval_make(&window, &result), 0);
    return result.n;
}

static void expect_same(const struct interval *row, const struct interval *wanted,
                        uint64_t number)
{
    bool same = row->present == wanted->present && row->quality == wanted->quality &&
                row->held == wanted->held && row->energy[0] == wanted->energy[0] &&
                row->energy[1] == wanted->energy[1] &&
                row->has_start == wanted->has_start && row->has_end == wanted->has_end &&
                row->start_register == wanted->start_register &&
                row->end_register == wanted->end_register &&
                row->end_register_ts_ms == wanted->end_register_ts_ms;

    if (!same) {
        print_error("store %d, meter %d, quarter %d: %lld Wh %s, wanted %lld Wh %s\n",
                    (int)number, (int)row->meter_no,
                    (int)((row->start_ts_ms - MIDNIGHT) / QUARTER),
                    (long long)row->energy[0], quality_name(row->quality),
                    (long long)wanted->energy[0], quality_name(wanted->quality));
        fail();
    }
}

static void check(uint64_t number)
{
    int64_t n_rows = 0;

    for (int m = 0; m < METERS; m++) {
        int n = make_expected(m);

        for (int i = 0; i < n; i++) {
            struct interval row =
                fixture_interval(&fixture, meter_no[m], expected[i].start_ts_ms);

            expect_same(&row, &expected[i], number);
        }
        n_rows += n;
    }
    assert_int_equal(fixture_value(&fixture, "SELECT count(*) FROM interval"), n_rows);
    /* Days are the sums of their quarter-hours, whichever way they were added up. */
    assert_int_equal(
        fixture_value(
            &fixture,
            "SELECT count(*) FROM meter_day d WHERE quarters <> (SELECT count(*) FROM "
            "interval i WHERE i.key & 1048575 = d.meter_no AND date((i.key >> 20) + "
            "28800, 'unixepoch') = d.day) OR ifnull(energy_import_wh, -1) <> (SELECT "
            "CASE WHEN count(*) = count(energy_import_wh) THEN sum(energy_import_wh) "
            "ELSE -1 END FROM interval i WHERE i.key & 1048575 = d.meter_no AND "
            "date((i.key >> 20) + 28800, 'unixepoch') = d.day)"),
        0);
}

static void energy_closed_in_portions_with_restarts_makes_the_same_rows(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 6; number++) {
        int at[METERS] = {0};

        begin(number);
        for (int64_t minute = 0; minute <= MINUTES; minute += 1 + pick(11)) {
            bool more = false;

            feed(at, minute);
            int written = energy_close(fixture.store, MIDNIGHT + minute * MS_PER_MIN + 500,
                                       1 + (int)pick(5), &more);

            assert_true(written >= 0);
            if (pick(20) == 0) {
                fixture_restart(&fixture);
            }
        }
        feed(at, MINUTES);
        (void)fixture_close(&fixture, MIDNIGHT + MINUTES * MS_PER_MIN + 500);
        check(number);
        fixture_done(&fixture);
    }
}

static void energy_closed_at_the_end_makes_the_same_rows(void **state)
{
    (void)state;
    for (uint64_t number = 7; number <= 9; number++) {
        int at[METERS] = {0};

        begin(number);
        feed(at, MINUTES);
        (void)fixture_close(&fixture, MIDNIGHT + MINUTES * MS_PER_MIN + 500);
        check(number);
        fixture_done(&fixture);
    }
}

static void energy_closed_quarter_by_quarter_makes_the_same_rows(void **state)
{
    (void)state;
    for (uint64_t number = 10; number <= 12; number++) {
        int at[METERS] = {0};

        begin(number);
        for (int64_t minute = 0; minute <= MINUTES; minute++) {
            feed(at, minute);
            if (minute % 15 <= 1) {
                (void)fixture_close(&fixture, MIDNIGHT + minute * MS_PER_MIN + 500);
            }
        }
        check(number);
        fixture_done(&fixture);
    }
}

static void put(int m, int i)
{
    const struct reading *reading = &history[m].reading[i];

    fixture_read(&fixture, meter_no[m], MIDNIGHT + reading->minute * MS_PER_MIN,
                 reading->import_units, reading->export_units);
}

/* All of a meter's readings but the first and the last come late, the newest first. */
static void backfill(int m, int64_t now_ms)
{
    for (int i = history[m].n - 2; i > 0; i--) {
        int64_t slot_ms = MIDNIGHT + history[m].reading[i].minute * MS_PER_MIN;

        put(m, i);
        assert_int_equal(energy_reopen_slot(fixture.store, meter_no[m], slot_ms), 0);
        if (pick(50) == 0) {
            (void)fixture_close(&fixture, now_ms);
        }
    }
}

static void energy_of_late_samples_in_reverse_makes_the_same_rows(void **state)
{
    int64_t now_ms = MIDNIGHT + MINUTES * MS_PER_MIN + 500;

    (void)state;
    for (uint64_t number = 13; number <= 15; number++) {
        begin(number);
        for (int m = 0; m < METERS; m++) {
            put(m, 0);
            put(m, history[m].n - 1);
        }
        (void)fixture_close(&fixture, now_ms);
        for (int m = 0; m < METERS; m++) {
            backfill(m, now_ms);
        }
        (void)fixture_close(&fixture, now_ms);
        check(number);
        fixture_done(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_closed_in_portions_with_restarts_makes_the_same_rows),
        cmocka_unit_test(energy_closed_at_the_end_makes_the_same_rows),
        cmocka_unit_test(energy_closed_quarter_by_quarter_makes_the_same_rows),
        cmocka_unit_test(energy_of_late_samples_in_reverse_makes_the_same_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
