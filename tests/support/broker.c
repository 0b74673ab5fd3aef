#include "tests/support/broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test.h"

#define START_TRIES 1000

static const char *program(const char *name, char ret_path[64])
{
    static const char *const folders[] = {"/usr/sbin",      "/usr/bin", "/usr/local/sbin",
                                          "/usr/local/bin", "/sbin",    "/bin"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(ret_path, 64, "%s/%s", folders[i], name);
        if (access(ret_path, X_OK) == 0) {
            return ret_path;
        }
    }
    return NULL;
}

bool broker_is_installed(void)
{
    char path[64];
    bool installed =
        program("mosquitto", path) != NULL && program("mosquitto_sub", path) != NULL;

    if (!installed) {
        print_error("SKIPPED: mosquitto and mosquitto-clients are not installed\n");
    }
    return installed;
}

static void pause_ms(long ms)
{
    const struct timespec span = {ms / 1000, (ms % 1000) * 1000000L};

    (void)nanosleep(&span, NULL);
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void free_ports(uint16_t *ret_first, uint16_t *ret_second)
{
    int fd[2];
    uint16_t port[2];

    for (int i = 0; i < 2; i++) {
        struct sockaddr_in address = loopback(0);
        socklen_t size = sizeof(address);

        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd[i], (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(getsockname(fd[i], (struct sockaddr *)&address, &size), 0);
        port[i] = ntohs(address.sin_port);
    }
    (void)close(fd[0]);
    (void)close(fd[1]);
    *ret_first = port[0];
    *ret_second = port[1];
}

static void write_file(const struct broker *broker, const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", broker->folder, name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

void broker_init(struct broker *broker)
{
    char text[1024];

    *broker = (struct broker){.folder = "/tmp/ecmon-broker-XXXXXX"};
    assert_non_null(mkdtemp(broker->folder));
    assert_int_equal(chmod(broker->folder, 0755), 0);
    free_ports(&broker->port, &broker->closed_port);
    write_file(broker, "acl", "topic readwrite open/#\ntopic read #\n");
    (void)snprintf(text, sizeof(text),
                   "per_listener_settings true\npersistence false\nlog_dest none\n"
                   "max_packet_size %d\n"
                   "listener %u 127.0.0.1\nallow_anonymous true\nacl_file %s/acl\n"
                   "listener %u 127.0.0.1\nallow_anonymous false\n",
                   BROKER_MESSAGE_MAX, (unsigned)broker->port, broker->folder,
                   (unsigned)broker->closed_port);
    write_file(broker, "mosquitto.conf", text);
}

void broker_done(struct broker *broker)
{
    static const char *const names[] = {"acl", "mosquitto.conf"};

    broker_kill(broker);
    for (size_t i = 0; i < 2; i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", broker->folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(broker->folder);
}

static bool answers(uint16_t port)
{
    const struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

    (void)close(fd);
    return connected;
}

void broker_start(struct broker *broker)
{
    char path[64];
    char conf[128];
    char *environment[] = {NULL};

    (void)snprintf(conf, sizeof(conf), "%s/mosquitto.conf", broker->folder);
    assert_non_null(program("mosquitto", path));
    char option[] = "-c";
    char *arguments[] = {path, option, conf, NULL};

    assert_int_equal(posix_spawn(&broker->pid, path, NULL, NULL, arguments, environment),
                     0);
    for (int i = 0; i < START_TRIES; i++) {
        if (answers(broker->closed_port)) {
            return;
        }
        pause_ms(10);
    }
    fail_msg("mosquitto does not answer on port %u", (unsigned)broker->port);
}

void broker_kill(struct broker *broker)
{
    if (broker->pid > 0) {
        (void)kill(broker->pid, SIGKILL);
        (void)waitpid(broker->pid, NULL, 0);
        broker->pid = 0;
    }
}

/* --- the observer --- */

void observer_start(struct observer *observer, const struct broker *broker,
                    const char *topic, int n, const char *client_id)
{
    posix_spawn_file_actions_t actions;
    char path[64];
    char script[512];
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char *arguments[] = {shell, option, script, NULL};
    char *environment[] = {NULL};
    int ends[2];

    assert_non_null(program("mosquitto_sub", path));
    (void)snprintf(script, sizeof(script),
                   "exec %s -h 127.0.0.1 -p %u -V 5 -q 1 -W 10 -C %d -F '%%t|%%r|%%p' "
                   "-t '%s' %s %s",
                   path, (unsigned)broker->port, n, topic, client_id[0] != '\0' ? "-i" : "",
                   client_id);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], 1), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&actions, ends[0]), 0);
    assert_int_equal(
        posix_spawn(&observer->pid, shell, &actions, NULL, arguments, environment), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    observer->fd = ends[0];
}

void observer_line(struct observer *observer, char *ret_line, size_t size)
{
    size_t n = 0;
    char byte = 0;

    while (read(observer->fd, &byte, 1) == 1 && byte != '\n') {
        if (n + 1 < size) {
            ret_line[n++] = byte;
        }
    }
    ret_line[n] = '\0';
}

void observer_done(struct observer *observer)
{
    (void)close(observer->fd);
    (void)kill(observer->pid, SIGKILL);
    (void)waitpid(observer->pid, NULL, 0);
}
