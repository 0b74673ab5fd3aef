#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/control/control.h"
#include "daemon/core/clock.h"
#include "tests/support/test.h"

/* Where the server listens, and what was there before. */

struct rig {
    char folder[64];
    char path[96];
    char why[256];
    struct loop *loop;
    struct control_server *server;
};

static void on_call(void *ctx, struct control_call *call)
{
    (void)ctx;
    control_reply(call, json_object());
}

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/ecmon-control-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    (void)snprintf(rig->path, sizeof(rig->path), "%s/ecmond.sock", rig->folder);
    assert_int_equal(loop_new(clock_real(), 16, &rig->loop), 0);
}

static int serve(struct rig *rig, const char *path)
{
    return control_server_new(rig->loop, path, on_call, NULL, &rig->server, rig->why,
                              sizeof(rig->why));
}

static void rig_served(struct rig *rig)
{
    rig_init(rig);
    assert_int_equal(serve(rig, rig->path), 0);
}

static void rig_done(struct rig *rig)
{
    control_server_free(rig->server);
    loop_free(rig->loop);
    assert_int_equal(rmdir(rig->folder), 0); /* the socket is gone */
}

static void socket_is_for_owner_and_group(void **state)
{
    struct rig rig;
    struct stat found;

    (void)state;
    rig_served(&rig);
    assert_int_equal(stat(rig.path, &found), 0);
    assert_true(S_ISSOCK(found.st_mode));
    assert_int_equal(found.st_mode & 07777, 0660);
    rig_done(&rig);
}

static void path_that_another_daemon_serves_is_locked(void **state)
{
    struct rig rig;
    struct control_server *second = NULL;

    (void)state;
    rig_served(&rig);
    assert_int_equal(control_server_new(rig.loop, rig.path, on_call, NULL, &second, rig.why,
                                        sizeof(rig.why)),
                     ERR_LOCKED);
    assert_null(second);
    assert_non_null(strstr(rig.why, rig.path));
    assert_true(control_is_served(rig.path)); /* the first one's socket is still there */
    rig_done(&rig);
}

static void socket_that_nobody_serves_is_replaced(void **state)
{
    struct rig rig;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    rig_init(&rig);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig.path);
    int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(stale, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(stale);
    assert_false(control_is_served(rig.path));
    assert_int_equal(serve(&rig, rig.path), 0);
    assert_true(control_is_served(rig.path));
    rig_done(&rig);
}

static void file_in_the_place_of_the_socket_is_kept(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    int fd = open(rig.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)close(fd);
    assert_int_equal(serve(&rig, rig.path), -EEXIST);
    assert_null(rig.server);
    assert_int_equal(unlink(rig.path), 0);
    rig_done(&rig);
}

static void path_of_108_bytes_is_too_long_and_107_is_not(void **state)
{
    struct rig rig;
    char path[160];

    (void)state;
    rig_init(&rig);
    size_t n = strlen(rig.folder);

    memset(path, 'a', sizeof(path));
    memcpy(path, rig.folder, n);
    path[n] = '/';
    path[108] = '\0';
    assert_int_equal(serve(&rig, path), ERR_RANGE);
    path[107] = '\0';
    assert_int_equal(serve(&rig, path), 0);
    assert_true(control_is_served(path));
    rig_done(&rig);
}

static void asker_finds_no_daemon_or_one_that_does_not_answer(void **state)
{
    struct rig rig;
    json_t *reply = NULL;

    (void)state;
    rig_served(&rig);
    assert_int_equal(control_ask("/tmp/ecmon-nobody/s", json_object(), -1, 100, &reply),
                     ERR_UNAVAILABLE);
    assert_int_equal(control_ask(rig.path, json_object(), -1, 100, &reply), ERR_IO);
    assert_int_equal(control_ask(rig.path, NULL, -1, 100, &reply), ERR_NOMEM);
    assert_null(reply);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_is_for_owner_and_group),
        cmocka_unit_test(path_that_another_daemon_serves_is_locked),
        cmocka_unit_test(socket_that_nobody_serves_is_replaced),
        cmocka_unit_test(file_in_the_place_of_the_socket_is_kept),
        cmocka_unit_test(path_of_108_bytes_is_too_long_and_107_is_not),
        cmocka_unit_test(asker_finds_no_daemon_or_one_that_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
