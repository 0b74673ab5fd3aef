#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/control/control.h"
#include "daemon/core/clock.h"
#include "tests/support/test.h"

#define ASK_MS     10000
#define BIG_REPLY  2000000
#define FILLER_MAX 100000

struct rig {
    char folder[64];
    char path[96];
    char why[256];
    struct virtual_clock clock; /* of a stepped server */
    struct loop *loop;
    struct control_server *server;
    pthread_t thread;
    bool threaded;
    struct control_call *held[4]; /* what "hold" asked */
    int n_held;
    int n_calls;
    char who[64];
};

/* --- the daemon's side --- */

static json_t *text_of_file(int fd)
{
    char text[256];
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

    return json_stringn(text, n > 0 ? (size_t)n : 0);
}

static json_t *big_reply(void)
{
    char *text = malloc(BIG_REPLY);

    assert_non_null(text);
    memset(text, 'x', BIG_REPLY);
    json_t *reply = json_pack("{s:s#}", "text", text, BIG_REPLY);

    free(text);
    return reply;
}

static void release(struct rig *rig)
{
    for (int i = 0; i < rig->n_held; i++) {
        control_reply(rig->held[i], json_pack("{s:i}", "held", i));
    }
    rig->n_held = 0;
}

static void on_call(void *ctx, struct control_call *call)
{
    struct rig *rig = ctx;
    const char *verb = json_string_value(json_object_get(call->request, "verb"));

    rig->n_calls++;
    (void)snprintf(rig->who, sizeof(rig->who), "%s", call->who);
    if (verb == NULL) {
        control_reply_error(call, 64, "no verb, %s", "sorry");
    } else if (strcmp(verb, "hold") == 0) {
        rig->held[rig->n_held++] = call;
    } else if (strcmp(verb, "pair") == 0) {
        rig->held[rig->n_held++] = call;
        if (rig->n_held == 2) {
            release(rig);
        }
    } else if (strcmp(verb, "big") == 0) {
        control_reply(call, big_reply());
    } else {
        control_reply(call,
                      json_pack("{s:b, s:o}", "ok", 1, "text", text_of_file(call->fd)));
    }
}

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/ecmon-control-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    (void)snprintf(rig->path, sizeof(rig->path), "%s/ecmond.sock", rig->folder);
    virtual_clock_init(&rig->clock, 0);
}

static int serve(struct rig *rig, const struct clock *clock)
{
    assert_int_equal(loop_new(clock, 16, &rig->loop), 0);
    return control_server_new(rig->loop, rig->path, on_call, rig, &rig->server, rig->why,
                              sizeof(rig->why));
}

static void *run_loop(void *ctx)
{
    (void)loop_run(ctx);
    return NULL;
}

static void rig_thread(struct rig *rig)
{
    rig_init(rig);
    assert_int_equal(serve(rig, clock_real()), 0);
    assert_int_equal(pthread_create(&rig->thread, NULL, run_loop, rig->loop), 0);
    rig->threaded = true;
}

static void rig_stepped(struct rig *rig)
{
    rig_init(rig);
    assert_int_equal(serve(rig, &rig->clock.clock), 0);
}

static void step(struct rig *rig)
{
    while (loop_step(rig->loop)) {
    }
}

static void rig_done(struct rig *rig)
{
    if (rig->threaded) {
        loop_stop(rig->loop);
        assert_int_equal(pthread_join(rig->thread, NULL), 0);
    }
    control_server_free(rig->server);
    release(rig); /* calls may outlive the server */
    loop_free(rig->loop);
    assert_int_not_equal(access(rig->path, F_OK), 0);
    assert_int_equal(rmdir(rig->folder), 0);
}

/* --- a bare client --- */

static int dial(const struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(struct rig *rig, int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    step(rig);
}

/* What has arrived; *ret_ended: the server closed. */
static void hear(int fd, char *ret_text, size_t size, bool *ret_ended)
{
    size_t at = 0;
    ssize_t n = 0;

    while (at + 1 < size && (n = recv(fd, ret_text + at, size - 1 - at, 0)) > 0) {
        at += (size_t)n;
    }
    ret_text[at] = '\0';
    *ret_ended = n == 0 || (n < 0 && errno == ECONNRESET);
}

static bool is_ended(int fd)
{
    char text[64];
    bool ended = false;

    hear(fd, text, sizeof(text), &ended);
    return ended;
}

static int count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        n++;
    }
    (void)closedir(folder);
    return n;
}

/* --- tests --- */

static void request_with_a_file_gets_its_reply(void **state)
{
    struct rig rig;
    json_t *reply = NULL;
    char name[96];

    (void)state;
    rig_thread(&rig);
    (void)snprintf(name, sizeof(name), "%s/file", rig.folder);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, "meter,day", 9), 9);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    int fds = count_fds();

    assert_int_equal(
        control_ask(rig.path, json_pack("{s:s}", "verb", "import"), fd, ASK_MS, &reply), 0);
    assert_true(json_is_true(json_object_get(reply, "ok")));
    assert_string_equal(json_string_value(json_object_get(reply, "text")), "meter,day");
    assert_true(rig.who[0] != '\0');
    json_decref(reply);
    assert_int_equal(count_fds(), fds); /* the daemon's copy is closed */
    (void)close(fd);
    (void)unlink(name);
    rig_done(&rig);
}

static void error_reply_carries_exit_code_and_sentence(void **state)
{
    struct rig rig;
    json_t *reply = NULL;

    (void)state;
    rig_thread(&rig);
    assert_int_equal(control_ask(rig.path, json_object(), -1, ASK_MS, &reply), 0);
    assert_true(json_is_false(json_object_get(reply, "ok")));
    assert_int_equal(json_integer_value(json_object_get(reply, "exit")), 64);
    assert_string_equal(json_string_value(json_object_get(reply, "error")),
                        "no verb, sorry");
    json_decref(reply);
    rig_done(&rig);
}

static void *ask_pair(void *ctx)
{
    json_t *reply = NULL;

    return control_ask(ctx, json_pack("{s:s}", "verb", "pair"), -1, ASK_MS, &reply) == 0
               ? reply
               : NULL;
}

static void two_ask_at_once_and_each_gets_its_own_reply(void **state)
{
    struct rig rig;
    pthread_t asker;
    void *first = NULL;

    (void)state;
    rig_thread(&rig);
    assert_int_equal(pthread_create(&asker, NULL, ask_pair, rig.path), 0);
    json_t *second = ask_pair(rig.path);

    assert_int_equal(pthread_join(asker, &first), 0);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(json_integer_value(json_object_get(first, "held")) +
                         json_integer_value(json_object_get(second, "held")),
                     1); /* 0 and 1 */
    json_decref(first);
    json_decref(second);
    rig_done(&rig);
}

static void reply_larger_than_the_socket_arrives_whole(void **state)
{
    struct rig rig;
    json_t *reply = NULL;

    (void)state;
    rig_thread(&rig);
    assert_int_equal(
        control_ask(rig.path, json_pack("{s:s}", "verb", "big"), -1, ASK_MS, &reply), 0);
    assert_int_equal(json_string_length(json_object_get(reply, "text")), BIG_REPLY);
    json_decref(reply);
    rig_done(&rig);
}

static void reply_is_one_line(void **state)
{
    struct rig rig;
    char text[256];
    bool ended = false;

    (void)state;
    rig_stepped(&rig);
    int fd = dial(&rig);

    say(&rig, fd, "{\"verb\":");
    assert_int_equal(rig.n_calls, 0);
    say(&rig, fd, "\"read\"}\n{\"verb\":\"read\"}\n"); /* one request per connection */
    hear(fd, text, sizeof(text), &ended);
    assert_string_equal(text, "{\"ok\":true,\"text\":\"\"}\n");
    assert_true(ended);
    assert_int_equal(rig.n_calls, 1);
    (void)close(fd);
    rig_done(&rig);
}

static void asker_that_leaves_before_the_reply_harms_nobody(void **state)
{
    struct rig rig;

    (void)state;
    rig_stepped(&rig);
    int fds = count_fds();
    int fd = dial(&rig);

    say(&rig, fd, "{\"verb\":\"hold\"}\n");
    assert_int_equal(rig.n_held, 1);
    assert_non_null(rig.held[0]->connection);
    say(&rig, fd, "more that nobody asked for");
    assert_non_null(rig.held[0]->connection);
    (void)close(fd);
    step(&rig);
    assert_null(rig.held[0]->connection);
    release(&rig);
    assert_int_equal(count_fds(), fds);

    fd = dial(&rig); /* one that is still waiting when the server goes */
    say(&rig, fd, "{\"verb\":\"hold\"}\n");
    rig_done(&rig);
    assert_true(is_ended(fd));
    (void)close(fd);
}

static void garbage_and_oversized_requests_end_the_connection_only(void **state)
{
    static const char *const garbage[] = {"\n",         "{\n",
                                          "[1,2]\n",    "{\"a\":1,\"a\":2}\n",
                                          "\xff\xfe\n", "{\"verb\":\"\\u0000\"}\n"};
    static char filler[FILLER_MAX];
    struct rig rig;

    (void)state;
    rig_stepped(&rig);
    int fds = count_fds();

    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int fd = dial(&rig);

        say(&rig, fd, garbage[i]);
        assert_true(is_ended(fd));
        (void)close(fd);
    }
    memset(filler, ' ', sizeof(filler));
    int fd = dial(&rig);

    (void)send(fd, filler, sizeof(filler), MSG_NOSIGNAL);
    step(&rig);
    assert_true(is_ended(fd));
    (void)close(fd);
    assert_int_equal(rig.n_calls, 0);
    assert_int_equal(count_fds(), fds);
    rig_done(&rig);
}

static void oversized_request_is_an_io_error_for_the_asker(void **state)
{
    struct rig rig;
    json_t *reply = NULL;
    char *text = calloc(1, FILLER_MAX + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', FILLER_MAX);
    rig_thread(&rig);
    assert_int_equal(
        control_ask(rig.path, json_pack("{s:s}", "verb", text), -1, ASK_MS, &reply),
        ERR_IO);
    assert_null(reply);
    free(text);
    rig_done(&rig);
}

static void descriptors_beyond_one_are_closed(void **state)
{
    struct rig rig;

    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(5 * sizeof(int))];
    } ancillary;

    char text[] = "{\"verb\":\"hold\"}\n";
    struct iovec from = {text, strlen(text)};
    struct msghdr message = {.msg_iov = &from,
                             .msg_iovlen = 1,
                             .msg_control = ancillary.bytes,
                             .msg_controllen = sizeof(ancillary.bytes)};
    const int passed[5] = {0, 0, 0, 0, 0};

    (void)state;
    rig_stepped(&rig);
    int fd = dial(&rig);

    step(&rig);
    int fds = count_fds();

    memset(&ancillary, 0, sizeof(ancillary));
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    assert_non_null(head);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(passed));
    memcpy(CMSG_DATA(head), passed, sizeof(passed));
    assert_int_equal(sendmsg(fd, &message, 0), strlen(text));
    step(&rig);

    assert_int_equal(rig.n_held, 1);
    assert_int_equal(count_fds(), fds + 1);
    release(&rig);
    (void)close(fd);
    rig_done(&rig);
}

static void asker_that_does_not_ask_is_dropped_after_ten_seconds(void **state)
{
    struct rig rig;

    (void)state;
    rig_stepped(&rig);
    int silent = dial(&rig);
    int waiting = dial(&rig);

    say(&rig, silent, "{");
    say(&rig, waiting, "{\"verb\":\"hold\"}\n");
    virtual_clock_advance(&rig.clock, 9999);
    step(&rig);
    assert_false(is_ended(silent));
    virtual_clock_advance(&rig.clock, 1);
    step(&rig);
    assert_true(is_ended(silent));
    assert_false(is_ended(waiting)); /* a reply may take its time */
    (void)close(silent);
    (void)close(waiting);
    rig_done(&rig);
}

static void reply_that_is_not_taken_is_dropped_after_ten_seconds(void **state)
{
    struct rig rig;

    (void)state;
    rig_stepped(&rig);
    int fd = dial(&rig);

    step(&rig);
    int fds = count_fds();

    say(&rig, fd, "{\"verb\":\"big\"}\n");
    assert_int_equal(count_fds(), fds);
    virtual_clock_advance(&rig.clock, 10000);
    step(&rig);
    assert_int_equal(count_fds(), fds - 1);
    (void)close(fd);
    rig_done(&rig);
}

static void thirty_third_connection_is_turned_away(void **state)
{
    struct rig rig;
    int fd[33];

    (void)state;
    rig_stepped(&rig);
    for (int i = 0; i < 33; i++) {
        fd[i] = dial(&rig);
        step(&rig);
    }
    assert_true(is_ended(fd[32]));
    assert_false(is_ended(fd[31]));
    for (int i = 0; i < 33; i++) {
        (void)close(fd[i]);
    }
    step(&rig);
    int again = dial(&rig);

    step(&rig);
    assert_false(is_ended(again));
    (void)close(again);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_with_a_file_gets_its_reply),
        cmocka_unit_test(error_reply_carries_exit_code_and_sentence),
        cmocka_unit_test(two_ask_at_once_and_each_gets_its_own_reply),
        cmocka_unit_test(reply_larger_than_the_socket_arrives_whole),
        cmocka_unit_test(reply_is_one_line),
        cmocka_unit_test(asker_that_leaves_before_the_reply_harms_nobody),
        cmocka_unit_test(garbage_and_oversized_requests_end_the_connection_only),
        cmocka_unit_test(oversized_request_is_an_io_error_for_the_asker),
        cmocka_unit_test(descriptors_beyond_one_are_closed),
        cmocka_unit_test(asker_that_does_not_ask_is_dropped_after_ten_seconds),
        cmocka_unit_test(reply_that_is_not_taken_is_dropped_after_ten_seconds),
        cmocka_unit_test(thirty_third_connection_is_turned_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
