/* What meters and networks do wrong: a reason for the slot, never a value, others unharmed.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

static struct rig rig;
static struct fake_meter *fake;
static struct fake_reply behaviour;  /* for every request … */
static uint64_t good_every;          /* … but each n-th, which is answered; 0 = never */
static uint16_t bad_first, bad_last; /* registers that bring exception 02; 1, 0 = none */
static uint16_t longest;             /* most registers of a read, else exception 03 */

static void reply(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    *ret = behaviour;
    if (good_every != 0 && request->number % good_every == 0) {
        *ret = (struct fake_reply){.action = FAKE_ANSWER};
    }
    if (bad_first <= bad_last && request->address <= bad_last &&
        request->address + request->count > bad_first) {
        *ret = (struct fake_reply){.action = FAKE_EXCEPTION, .exception = 2};
    }
    if (longest != 0 && request->count > longest) {
        *ret = (struct fake_reply){.action = FAKE_EXCEPTION, .exception = 3};
    }
}

static int setup(void **state)
{
    const struct fake_script script = {.reply = reply};

    (void)state;
    behaviour = (struct fake_reply){.action = FAKE_ANSWER};
    good_every = 0;
    bad_first = 1;
    bad_last = 0;
    longest = 0;
    rig_init(&rig);
    return fake_meter_new(rig.meter_loop, &script, 0, &fake);
}

static int teardown(void **state)
{
    (void)state;
    fake_meter_free(fake);
    fake = NULL;
    rig_done(&rig);
    return 0;
}

/* One meter, one behaviour: the first slot's outcome. */
static const struct sample *first_outcome(enum fake_action action, int64_t interval_s)
{
    behaviour.action = action;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, (int32_t)interval_s);

    rig_start(&rig);
    rig_run(&rig, interval_s * 1000);
    return rig_sample(&rig, meter_no, 0);
}

static struct collect_line_status line_status(void)
{
    struct collect_status status;

    assert_int_equal(collect_status(rig.collect, &status), 0);
    struct collect_line_status line = status.line[0];

    collect_status_done(&status);
    return line;
}

static void no_reply_is_a_timeout(void **state)
{
    (void)state;
    const struct sample *sample = first_outcome(FAKE_MUTE, 60);

    assert_int_equal(sample->status, SLOT_TIMEOUT);
    assert_string_equal(sample->detail, "1000 ms, 2 tries");
    assert_int_equal(sample->present, 0);
    assert_int_equal(sample->ts_ms, 0);
}

static void a_retry_in_the_slot_saves_it(void **state)
{
    (void)state;
    good_every = 2;
    const struct sample *sample = first_outcome(FAKE_MUTE, 60);

    assert_int_equal(sample->status, SLOT_OK);
    assert_true(sample->ts_ms >= RIG_START_MS + 1000);
}

static void wrong_replies_have_their_reasons(void **state)
{
    static const struct {
        enum fake_action action;
        enum slot_status status;
    } row[] = {
        {FAKE_WRONG_UNIT, SLOT_BAD_UNIT},   {FAKE_WRONG_TRANSACTION, SLOT_BAD_FRAME},
        {FAKE_WRONG_COUNT, SLOT_BAD_FRAME}, {FAKE_WRONG_PROTOCOL, SLOT_BAD_FRAME},
        {FAKE_GARBAGE, SLOT_BAD_FRAME},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (i > 0) {
            (void)teardown(state);
            (void)setup(state);
        }
        const struct sample *sample = first_outcome(row[i].action, 60);

        assert_int_equal(sample->status, row[i].status);
        assert_string_equal(sample->detail, "foreign reply, 2 tries");
        assert_int_equal(sample->present, 0);
        behaviour.action = FAKE_ANSWER;
        rig_run(&rig, 60000);
        assert_int_equal(rig_sample(&rig, 1, 1)->status, SLOT_OK);
    }
}

static void a_duplicate_reply_does_no_harm(void **state)
{
    (void)state;
    (void)first_outcome(FAKE_TWICE, 60);
    rig_run(&rig, 600000);

    assert_int_equal(rig_count(&rig, 1, SLOT_OK), rig_count(&rig, 1, SLOT_STATUS_COUNT));
    assert_int_equal(fake_meter_accepted(fake), 1);
    assert_int_equal(line_status().late, rig_count(&rig, 1, SLOT_OK));
}

/* --- exceptions --- */

static void an_exception_is_the_slots_reason(void **state)
{
    (void)state;
    behaviour.exception = 1;
    const struct sample *sample = first_outcome(FAKE_EXCEPTION, 60);

    assert_int_equal(sample->status, SLOT_EXCEPTION);
    assert_string_equal(sample->detail, "exception 01");
    assert_int_equal(fake_meter_requests(fake), 1); /* asking again would not help */
}

static void a_busy_meter_is_asked_again_later_in_the_slot(void **state)
{
    (void)state;
    good_every = 3;
    behaviour.exception = 6;
    const struct sample *sample = first_outcome(FAKE_EXCEPTION, 60);

    assert_int_equal(sample->status, SLOT_OK);
    assert_in_range(sample->ts_ms - sample->slot_ts_ms, 3000, 5000); /* 1 s, then 2 s */
}

static void a_meter_that_stays_busy_fails_its_slot(void **state)
{
    (void)state;
    behaviour.exception = 6;
    const struct sample *sample = first_outcome(FAKE_EXCEPTION, 60);

    assert_int_equal(sample->status, SLOT_EXCEPTION);
    assert_string_equal(sample->detail, "exception 06");
    assert_in_range(fake_meter_requests(fake), 5, 12);
}

static void a_gateway_that_finds_no_target_fails_that_meter_only(void **state)
{
    (void)state;
    behaviour.exception = 11;
    const struct sample *sample = first_outcome(FAKE_EXCEPTION, 60);

    assert_int_equal(sample->status, SLOT_EXCEPTION);
    assert_string_equal(sample->detail, "exception 0B");
    rig_run(&rig, 3600000);
    assert_int_equal(fake_meter_accepted(fake), 1);
    assert_true(fake_meter_requests(fake) < 20); /* backed off */
}

static void an_unreadable_value_is_found_remembered_and_counted(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < 8; i++) {
        rig_add_point(&rig, (enum quantity)(QUANTITY_CURRENT_A_MA + i % 4),
                      (uint16_t)(30 + 2 * i));
    }
    rig.profile.n_points = 7; /* energy, power, voltage, four currents */
    bad_first = 32;
    bad_last = 33; /* current b */
    const struct sample *sample = first_outcome(FAKE_ANSWER, 60);

    assert_int_equal(sample->status, SLOT_PARTIAL);
    assert_string_equal(sample->detail, "1 of 7 missing");
    assert_int_equal(sample_has(sample, QUANTITY_CURRENT_B_MA), 0);
    assert_int_equal(sample_has(sample, QUANTITY_CURRENT_A_MA), 1);
    assert_int_equal(sample_has(sample, QUANTITY_CURRENT_C_MA), 1);
    uint64_t searching = fake_meter_requests(fake);

    rig_run(&rig, 600000);
    sample = &rig.sample[rig.n_samples - 1];
    assert_int_equal(sample->status, SLOT_PARTIAL);
    assert_true(fake_meter_requests(fake) - searching <= 22); /* around the hole */
    bad_first = 1;
    bad_last = 0;
    rig_run(&rig, 25 * 3600000LL); /* tried again within a day */
    assert_int_equal(rig.sample[rig.n_samples - 1].status, SLOT_OK);
}

static void an_unreadable_gap_costs_no_value(void **state)
{
    (void)state;
    bad_first = 4;
    bad_last = 5; /* between energy (0-1) and power (10-11) */
    const struct sample *sample = first_outcome(FAKE_ANSWER, 60);

    assert_int_equal(sample->status, SLOT_OK);
    uint64_t searching = fake_meter_requests(fake);

    assert_in_range(searching, 3, 6);
    rig_run(&rig, 600000);
    assert_int_equal(fake_meter_requests(fake), searching + 20); /* two reads a slot */
    assert_int_equal(rig_count(&rig, 1, SLOT_OK), 11);
}

static void a_meter_that_takes_short_reads_only_is_learnt(void **state)
{
    (void)state;
    rig.profile.n_points = 0;
    for (uint16_t i = 0; i < 8; i++) { /* 16 registers without a gap */
        rig_add_point(&rig, (enum quantity)i, (uint16_t)(2 * i));
    }
    longest = 8;
    const struct sample *sample = first_outcome(FAKE_ANSWER, 60);

    assert_int_equal(sample->status, SLOT_OK);
    assert_int_equal(fake_meter_requests(fake), 3); /* 16, then 8 and 8 */
    rig_run(&rig, 60000);
    assert_int_equal(fake_meter_requests(fake), 5);
}

static void a_meter_that_refuses_everything_is_not_divided_every_slot(void **state)
{
    (void)state;
    bad_first = 0;
    bad_last = 100;
    const struct sample *sample = first_outcome(FAKE_ANSWER, 60);

    assert_int_equal(sample->status, SLOT_EXCEPTION);
    assert_string_equal(sample->detail, "exception 02");
    assert_int_equal(fake_meter_requests(fake), 5); /* 3 values: 1 + 2 + 2 */
    rig_run(&rig, 3000000);
    assert_int_equal(fake_meter_requests(fake), 5 + 50);
    bad_first = 1;
    bad_last = 0;
    rig_run(&rig, 60000);
    assert_int_equal(rig.sample[rig.n_samples - 1].status, SLOT_OK);
}

/* --- connections --- */

static void a_refused_connection_backs_off_and_every_slot_says_so(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, rig_closed_port(), 1, 10);

    rig_start(&rig);
    rig_run(&rig, 600000 - 1);

    assert_int_equal(rig_count(&rig, meter_no, SLOT_REFUSED), 60);
    rig_assert_dense(&rig, meter_no, RIG_START_MS, 10000, 60);
    assert_string_equal(rig_sample(&rig, meter_no, 0)->detail, "connection refused");
    struct collect_line_status line = line_status();

    assert_int_equal(line.state, COLLECT_DOWN);
    assert_int_equal(line.requests, 0);
    assert_int_equal(line.connects, 0);
}

static void a_line_that_swallows_connects_says_connection_in_every_slot(void **state)
{
    /* A listener whose queue is full drops what more comes: nothing answers. */
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof(address);
    int filler[4];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    for (int i = 0; i < 4; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(fcntl(filler[i], F_SETFL, O_NONBLOCK), 0);
        (void)connect(filler[i], (const struct sockaddr *)&address, sizeof(address));
    }
    uint32_t meter_no = rig_add_meter(&rig, ntohs(address.sin_port), 1, 1);
    uint32_t other_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 1);

    rig_start(&rig);
    rig_run(&rig, 600000 - 1);

    assert_in_range(rig_count(&rig, meter_no, SLOT_CONNECTION), 595, 600);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_MISSED), 0);
    assert_string_equal(rig_sample(&rig, meter_no, 0)->detail, "connect timed out");
    assert_int_equal(rig_count(&rig, other_no, SLOT_OK), 600);
    for (int i = 0; i < 4; i++) {
        (void)close(filler[i]);
    }
    (void)close(fd);
}

static void a_meter_that_comes_up_during_the_slot_is_still_read(void **state)
{
    struct fake_meter *later = NULL;
    uint16_t port = rig_closed_port();

    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, port, 1, 900);

    rig_start(&rig);
    rig_run(&rig, 20000);
    assert_int_equal(rig_count(&rig, meter_no, SLOT_STATUS_COUNT), 0);
    assert_int_equal(fake_meter_new(rig.meter_loop, NULL, port, &later), 0);
    rig_run(&rig, 120000);

    const struct sample *sample = rig_sample(&rig, meter_no, 0);

    assert_int_equal(sample->status, SLOT_OK);
    assert_int_equal(sample->slot_ts_ms, RIG_START_MS);
    fake_meter_free(later);
}

static void an_idle_close_is_no_fault(void **state)
{
    (void)state;
    behaviour.then_close = true;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 600000 - 1);

    assert_int_equal(rig_count(&rig, meter_no, SLOT_OK), 10);
    assert_int_equal(fake_meter_accepted(fake), 10);
    assert_int_equal(line_status().state, COLLECT_UP);
    assert_int_equal(line_status().last_error, SLOT_OK);
}

static void a_connection_that_dies_in_the_request_is_made_anew_once(void **state)
{
    (void)state;
    good_every = 1;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 30000);
    good_every = 3; /* request 2 kills its connection, request 3 is answered */
    behaviour.action = FAKE_RESET;
    rig_run(&rig, 60000);
    assert_int_equal(rig_sample(&rig, meter_no, 1)->status, SLOT_OK);
    assert_int_equal(fake_meter_accepted(fake), 2);
}

static void a_peer_that_always_closes_is_a_connection_fault(void **state)
{
    (void)state;
    const struct sample *sample = first_outcome(FAKE_CLOSE, 10);

    assert_int_equal(sample->status, SLOT_CONNECTION);
    assert_string_equal(sample->detail, "closed by the meter");
    int before = fake_meter_accepted(fake);

    rig_run(&rig, 600000);
    assert_in_range(fake_meter_accepted(fake) - before, 5, 40); /* up to 60 s apart */
    assert_int_equal(rig_count(&rig, 1, SLOT_CONNECTION), 61);
}

static void a_half_open_line_is_noticed_after_two_timeouts(void **state)
{
    (void)state;
    uint32_t meter_no = rig_add_meter(&rig, fake_meter_port(fake), 1, 60);

    rig_start(&rig);
    rig_run(&rig, 60000 - 1);
    fake_meter_deafen(fake);
    rig_run(&rig, 120000);

    assert_int_equal(rig_sample(&rig, meter_no, 0)->status, SLOT_OK);
    assert_int_equal(rig_sample(&rig, meter_no, 1)->status, SLOT_TIMEOUT);
    assert_int_equal(rig_sample(&rig, meter_no, 2)->status, SLOT_OK);
    assert_int_equal(fake_meter_accepted(fake), 2);
}

static void reconnects_of_many_lines_after_an_outage_are_spread(void **state)
{
    enum {
        LINES = 200
    };
    static struct fake_meter *site[LINES];
    int ok = 0;

    (void)state;
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(fake_meter_new(rig.meter_loop, NULL, 0, &site[i]), 0);
        (void)rig_add_meter(&rig, fake_meter_port(site[i]), 1, 60);
    }
    rig_start(&rig);
    rig_run(&rig, 60000);
    uint16_t port[LINES];

    for (int i = 0; i < LINES; i++) { /* the site goes … */
        port[i] = fake_meter_port(site[i]);
        fake_meter_free(site[i]);
    }
    rig_run(&rig, 600000);
    for (int i = 0; i < LINES; i++) { /* … and comes back */
        assert_int_equal(fake_meter_new(rig.meter_loop, NULL, port[i], &site[i]), 0);
    }
    int most = 0;
    int before = 0;

    for (int s = 0; s < 120; s++) {
        int now = 0;

        rig_run(&rig, 1000);
        for (int i = 0; i < LINES; i++) {
            now += fake_meter_accepted(site[i]);
        }
        most = now - before > most ? now - before : most;
        before = now;
    }
    for (int i = 0; i < LINES; i++) {
        ok += fake_meter_accepted(site[i]) > 0 ? 1 : 0;
        fake_meter_free(site[i]);
    }
    assert_int_equal(ok, LINES); /* within two cycles */
    assert_in_range(most, 1, 9); /* 8 a second, seen through a shifted window */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_reply_is_a_timeout),
        TEST(a_retry_in_the_slot_saves_it),
        TEST(wrong_replies_have_their_reasons),
        TEST(a_duplicate_reply_does_no_harm),
        TEST(an_exception_is_the_slots_reason),
        TEST(a_busy_meter_is_asked_again_later_in_the_slot),
        TEST(a_meter_that_stays_busy_fails_its_slot),
        TEST(a_gateway_that_finds_no_target_fails_that_meter_only),
        TEST(an_unreadable_value_is_found_remembered_and_counted),
        TEST(an_unreadable_gap_costs_no_value),
        TEST(a_meter_that_takes_short_reads_only_is_learnt),
        TEST(a_meter_that_refuses_everything_is_not_divided_every_slot),
        TEST(a_refused_connection_backs_off_and_every_slot_says_so),
        TEST(a_line_that_swallows_connects_says_connection_in_every_slot),
        TEST(a_meter_that_comes_up_during_the_slot_is_still_read),
        TEST(an_idle_close_is_no_fault),
        TEST(a_connection_that_dies_in_the_request_is_made_anew_once),
        TEST(a_peer_that_always_closes_is_a_connection_fault),
        TEST(a_half_open_line_is_noticed_after_two_timeouts),
        TEST(reconnects_of_many_lines_after_an_outage_are_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
