#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/clock.h"
#include "daemon/sinks/mqtt.h"
#include "tests/support/broker.h"
#include "tests/support/test.h"

#define WAIT_MS   15000
#define ACKED_MAX 64
#define INFLIGHT  4
#define ROOM      (INFLIGHT + 8) /* the sink has room beside the owner's window */

struct seen {
    uint64_t token;
    int reason;
};

struct rig {
    struct loop *loop;
    struct mqtt_options options;
    char url[64];
    struct sink sink;
    int connected;
    int disconnected;
    char why[200];
    struct seen acked[ACKED_MAX];
    int n_acked;
};

static struct broker broker; /* one for all tests: a group fixture of cmocka */

static void on_connected(void *ctx)
{
    struct rig *rig = ctx;

    rig->connected++;
}

static void on_disconnected(void *ctx, const char *why)
{
    struct rig *rig = ctx;

    rig->disconnected++;
    (void)snprintf(rig->why, sizeof(rig->why), "%s", why);
}

static void on_acked(void *ctx, uint64_t token, int reason)
{
    struct rig *rig = ctx;

    assert_true(rig->n_acked < ACKED_MAX);
    rig->acked[rig->n_acked++] = (struct seen){token, reason};
}

static void rig_init(struct rig *rig, int version, uint16_t port)
{
    memset(rig, 0, sizeof(*rig));
    assert_int_equal(loop_new(clock_real(), 16, &rig->loop), 0);
    (void)snprintf(rig->url, sizeof(rig->url), "mqtt://127.0.0.1:%u", (unsigned)port);
    rig->options = (struct mqtt_options){.loop = rig->loop,
                                         .url = rig->url,
                                         .client_id = "ecmon-test",
                                         .username = "",
                                         .password = "",
                                         .ca = "",
                                         .cert = "",
                                         .key = "",
                                         .version = version,
                                         .qos = 1,
                                         .inflight = INFLIGHT,
                                         .will_topic = "open/status",
                                         .will_payload = "offline"};
    const struct sink_events events = {on_connected, on_disconnected, on_acked, rig};

    assert_int_equal(mqtt_new(&rig->options, &events, &rig->sink), 0);
}

static void rig_done(struct rig *rig)
{
    rig->sink.free(rig->sink.self);
    while (loop_step(rig->loop)) { /* what was on its way must find nobody dead */
    }
    loop_free(rig->loop);
}

/* Steps the loop until a counter reaches a value; fails after WAIT_MS. */
static void wait_for(struct rig *rig, const int *counter, int value)
{
    const struct timespec pause = {0, 2000000};

    for (int i = 0; i < WAIT_MS / 2 && *counter < value; i++) {
        if (!loop_step(rig->loop)) {
            (void)nanosleep(&pause, NULL);
        }
    }
    if (*counter < value) {
        print_error("waited in vain; last disconnect: %s\n", rig->why);
    }
    assert_true(*counter >= value);
}

static void connect_rig(struct rig *rig)
{
    int before = rig->connected;

    assert_int_equal(rig->sink.connect(rig->sink.self), 0);
    wait_for(rig, &rig->connected, before + 1);
}

static int publish(struct rig *rig, const char *topic, const char *payload, bool retain,
                   uint64_t token)
{
    const struct sink_message message = {topic, payload, strlen(payload), retain, token};

    return rig->sink.publish(rig->sink.self, &message);
}

static void expect_retained(const char *topic, const char *line)
{
    struct observer observer;
    char got[512];

    observer_start(&observer, &broker, topic, 1, "");
    observer_line(&observer, got, sizeof(got));
    observer_done(&observer);
    assert_string_equal(got, line);
}

static void messages_of(int version)
{
    struct rig rig;
    struct observer observer;
    char line[512];

    rig_init(&rig, version, broker.port);
    assert_int_equal(publish(&rig, "open/a", "1", false, 1), ERR_UNAVAILABLE);
    connect_rig(&rig);
    assert_int_equal(publish(&rig, "open/kept", "{\"state\":\"online\"}", true, 7), 0);
    wait_for(&rig, &rig.n_acked, 1);
    assert_int_equal(rig.acked[0].token, 7);
    assert_int_equal(rig.acked[0].reason, 0);

    observer_start(&observer, &broker, "open/#", 2, "");
    observer_line(&observer, line, sizeof(line)); /* it listens now */
    assert_string_equal(line, "open/kept|1|{\"state\":\"online\"}");
    assert_int_equal(publish(&rig, "open/a", "复工", false, UINT64_MAX), 0);
    wait_for(&rig, &rig.n_acked, 2);
    assert_true(rig.acked[1].token == UINT64_MAX);
    observer_line(&observer, line, sizeof(line));
    assert_string_equal(line, "open/a|0|复工");
    observer_done(&observer);

    assert_int_equal(publish(&rig, "open/kept", "", true, 8), 0); /* takes it away again */
    wait_for(&rig, &rig.n_acked, 3);
    rig_done(&rig);
}

static void messages_arrive_and_are_acknowledged_with_mqtt_5(void **state)
{
    (void)state;
    messages_of(5);
}

static void messages_arrive_and_are_acknowledged_with_mqtt_3_1_1(void **state)
{
    (void)state;
    messages_of(4);
}

static void refused_topic_gives_reason_135_and_others_go_on(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    assert_int_equal(publish(&rig, "denied/a", "1", false, 11), 0);
    assert_int_equal(publish(&rig, "open/a", "1", false, 12), 0);
    wait_for(&rig, &rig.n_acked, 2);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig.acked[i].reason, rig.acked[i].token == 11 ? 135 : 0);
    }
    assert_int_equal(rig.disconnected, 0);
    rig_done(&rig);
}

static void refused_topic_cannot_be_told_with_mqtt_3_1_1(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 4, broker.port);
    connect_rig(&rig);
    assert_int_equal(publish(&rig, "denied/a", "1", false, 11), 0);
    wait_for(&rig, &rig.n_acked, 1);
    assert_int_equal(rig.acked[0].reason, 0);
    rig_done(&rig);
}

static void last_words_leave_before_the_goodbye(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    assert_int_equal(publish(&rig, "open/last", "offline", true, 1), 0);
    rig.sink.disconnect(rig.sink.self);
    expect_retained("open/last", "open/last|1|offline");
    assert_int_equal(rig.disconnected, 0); /* asked for: no event */
    assert_int_equal(publish(&rig, "open/last", "x", true, 2), ERR_UNAVAILABLE);
    rig_done(&rig);
}

static void broker_that_is_down_is_told_and_a_later_connect_works(void **state)
{
    struct rig rig;

    (void)state;
    broker_kill(&broker);
    rig_init(&rig, 5, broker.port);
    assert_int_equal(rig.sink.connect(rig.sink.self), 0);
    wait_for(&rig, &rig.disconnected, 1);
    assert_non_null(strstr(rig.why, "cannot connect"));

    broker_start(&broker);
    connect_rig(&rig);
    assert_int_equal(publish(&rig, "open/a", "1", false, 1), 0);
    wait_for(&rig, &rig.n_acked, 1);
    rig_done(&rig);
}

static void broker_that_dies_is_told_once_and_a_later_connect_works(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    broker_kill(&broker);
    wait_for(&rig, &rig.disconnected, 1);
    assert_non_null(strstr(rig.why, "connection lost"));
    broker_start(&broker);
    connect_rig(&rig);
    assert_int_equal(rig.disconnected, 1);
    assert_int_equal(publish(&rig, "open/a", "1", false, 1), 0);
    wait_for(&rig, &rig.n_acked, 1);
    rig_done(&rig);
}

static void another_client_of_the_same_id_ends_the_connection(void **state)
{
    struct rig rig;
    struct observer observer;

    (void)state;
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    observer_start(&observer, &broker, "open/never", 1, "ecmon-test");
    wait_for(&rig, &rig.disconnected, 1);
    observer_done(&observer);
    rig_done(&rig);
}

static void
message_beyond_the_brokers_limit_ends_the_connection_with_its_reason(void **state)
{
    static char payload[BROKER_MESSAGE_MAX + 1000];
    struct rig rig;

    (void)state;
    memset(payload, 'x', sizeof(payload) - 1);
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    assert_int_equal(publish(&rig, "open/a", payload, false, 1), 0);
    wait_for(&rig, &rig.disconnected, 1);
    assert_non_null(strstr(rig.why, "reason 149"));
    assert_int_equal(rig.n_acked, 0);
    rig_done(&rig);
}

static void connection_without_rights_is_refused_with_its_reason(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 5, broker.closed_port);
    assert_int_equal(rig.sink.connect(rig.sink.self), 0);
    wait_for(&rig, &rig.disconnected, 1);
    assert_non_null(strstr(rig.why, "135")); /* not authorised */
    assert_int_equal(rig.connected, 0);
    rig_done(&rig);
}

static void silent_broker_fills_the_sink_and_does_not_hold_its_end(void **state)
{
    struct rig rig;
    struct timespec before;
    struct timespec after;

    (void)state;
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    assert_int_equal(kill(broker.pid, SIGSTOP), 0);
    for (uint64_t token = 0; token < ROOM; token++) {
        assert_int_equal(publish(&rig, "open/a", "1", false, token), 0);
    }
    assert_int_equal(publish(&rig, "open/a", "1", false, 99), ERR_FULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    rig.sink.disconnect(rig.sink.self);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(kill(broker.pid, SIGCONT), 0);
    assert_true(after.tv_sec - before.tv_sec <= 5);
    assert_int_equal(rig.n_acked, 0);

    connect_rig(&rig); /* all places are free again */
    for (uint64_t token = 0; token < ROOM; token++) {
        assert_int_equal(publish(&rig, "open/a", "1", false, 100 + token), 0);
    }
    wait_for(&rig, &rig.n_acked, ROOM);
    for (int i = 0; i < ROOM; i++) {
        assert_int_equal(rig.acked[i].token, 100 + i);
    }
    rig_done(&rig);
}

static void events_on_their_way_die_with_the_sink(void **state)
{
    const struct timespec pause = {0, 200000000};
    struct rig rig;

    (void)state;
    rig_init(&rig, 5, broker.port);
    connect_rig(&rig);
    for (uint64_t token = 0; token < INFLIGHT; token++) {
        assert_int_equal(publish(&rig, "open/a", "1", false, token), 0);
    }
    (void)nanosleep(&pause, NULL); /* the acknowledgements lie in the mailbox */
    rig.sink.free(rig.sink.self);
    while (loop_step(rig.loop)) {
    }
    assert_int_equal(rig.n_acked, 0);
    loop_free(rig.loop);
}

/* --- the will: a process of its own that is killed --- */

static int victim(const char *port)
{
    struct rig rig;

    rig_init(&rig, 5, (uint16_t)strtol(port, NULL, 10));
    connect_rig(&rig);
    (void)write(STDOUT_FILENO, "!", 1);
    (void)pause();
    return 0;
}

static void will_is_retained_when_the_process_is_killed(void **state)
{
    posix_spawn_file_actions_t actions;
    char self[] = "/proc/self/exe";
    char word[] = "--victim";
    char port[16];
    char *arguments[] = {self, word, port, NULL};
    char *environment[] = {NULL};
    pid_t pid = 0;
    int ends[2];
    char byte = 0;

    (void)state;
    (void)snprintf(port, sizeof(port), "%u", (unsigned)broker.port);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], 1), 0);
    assert_int_equal(posix_spawn(&pid, self, &actions, NULL, arguments, environment), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    (void)close(ends[0]);

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    expect_retained("open/status", "open/status|1|offline");
}

static int start(void **state)
{
    (void)state;
    broker_init(&broker);
    broker_start(&broker);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    broker_done(&broker);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_and_are_acknowledged_with_mqtt_5),
        cmocka_unit_test(messages_arrive_and_are_acknowledged_with_mqtt_3_1_1),
        cmocka_unit_test(refused_topic_gives_reason_135_and_others_go_on),
        cmocka_unit_test(refused_topic_cannot_be_told_with_mqtt_3_1_1),
        cmocka_unit_test(last_words_leave_before_the_goodbye),
        cmocka_unit_test(broker_that_is_down_is_told_and_a_later_connect_works),
        cmocka_unit_test(broker_that_dies_is_told_once_and_a_later_connect_works),
        cmocka_unit_test(another_client_of_the_same_id_ends_the_connection),
        cmocka_unit_test(
            message_beyond_the_brokers_limit_ends_the_connection_with_its_reason),
        cmocka_unit_test(connection_without_rights_is_refused_with_its_reason),
        cmocka_unit_test(silent_broker_fills_the_sink_and_does_not_hold_its_end),
        cmocka_unit_test(events_on_their_way_die_with_the_sink),
        cmocka_unit_test(will_is_retained_when_the_process_is_killed),
    };

    if (argc == 3 && strcmp(argv[1], "--victim") == 0) {
        return victim(argv[2]);
    }
    return broker_is_installed() ? cmocka_run_group_tests(tests, start, stop) : 0;
}
