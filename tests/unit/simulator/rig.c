#include "tests/unit/simulator/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test.h"

#define PTY_WAIT_MS 20
#define ASK_MS      5

void rig_init(struct rig *rig, simulator_value_fn value, void *value_ctx)
{
    memset(rig, 0, sizeof(*rig));
    rig->fd = -1;
    rig->pty_wait_ms = PTY_WAIT_MS;
    memcpy(rig->folder, "/tmp/ecmon-sim-XXXXXX", sizeof("/tmp/ecmon-sim-XXXXXX"));
    assert_non_null(mkdtemp(rig->folder));
    virtual_clock_init(&rig->clock, RIG_T0);
    assert_int_equal(loop_new(&rig->clock.clock, 16, &rig->loop), 0);
    const struct simulator_options options = {.loop = rig->loop,
                                              .zone = {8 * 3600 * 1000, "Asia/Shanghai"},
                                              .seed = 7,
                                              .value = value,
                                              .value_ctx = value_ctx};

    assert_int_equal(simulator_new(&options, &rig->simulator), 0);
}

struct simulated_meter rig_meter(const struct rig *rig, enum simulator_scheme scheme,
                                 const struct profile *profile)
{
    struct simulated_meter meter = {
        .id = "M001",
        .scheme = scheme,
        .host = "127.0.0.1",
        .unit = 1,
        .profile = profile,
        .pt = {1, 1},
        .ct = {1, 1},
        .load = {.shape = LOAD_CONTINUOUS, .rated_w = 1000000, .seed = 5},
        .base_ts_ms = RIG_T0};

    (void)snprintf(meter.path, sizeof(meter.path), "%s/ttyS0", rig->folder);
    return meter;
}

int rig_add(struct rig *rig, const struct simulated_meter *meter)
{
    return simulator_add(rig->simulator, meter);
}

void rig_start(struct rig *rig)
{
    char why[200] = "";

    if (simulator_start(rig->simulator, why, sizeof(why)) != 0) {
        fail_msg("%s", why);
    }
}

static void settle(struct rig *rig)
{
    while (loop_step(rig->loop)) {
    }
}

static bool is_serial(const struct rig *rig)
{
    return simulator_port(rig->simulator, 0) == 0;
}

void rig_dial(struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(simulator_port(rig->simulator, 0))};
    char path[96];
    int one = 1;

    rig->is_closed = false;
    if (is_serial(rig)) {
        (void)snprintf(path, sizeof(path), "%s/ttyS0", rig->folder);
        rig->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        assert_true(rig->fd >= 0);
        return;
    }
    rig->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(rig->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(rig->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(rig->fd, F_SETFL, O_NONBLOCK), 0);
    settle(rig);
}

void rig_hang_up(struct rig *rig)
{
    if (rig->fd >= 0) {
        assert_int_equal(close(rig->fd), 0);
    }
    rig->fd = -1;
    settle(rig);
}

void rig_done(struct rig *rig)
{
    rig_hang_up(rig);
    simulator_free(rig->simulator);
    loop_free(rig->loop);
    assert_int_equal(rmdir(rig->folder), 0); /* every link is gone */
}

static void hear(struct rig *rig)
{
    for (;;) {
        uint8_t bytes[512];
        ssize_t n = rig->fd >= 0 ? read(rig->fd, bytes, sizeof(bytes)) : -1;

        if (n <= 0) {
            rig->is_closed = rig->is_closed || n == 0 || (rig->fd >= 0 && errno != EAGAIN);
            return;
        }
        for (ssize_t i = 0; i < n && rig->n < RIG_HEARD; i++) {
            rig->heard[rig->n] = bytes[i];
            rig->heard_ms[rig->n] = loop_mono_ms(rig->loop);
            rig->n++;
        }
    }
}

void rig_say(struct rig *rig, const uint8_t *bytes, size_t n)
{
    struct simulator_counts before = simulator_counts(rig->simulator);

    assert_int_equal(write(rig->fd, bytes, n), n);
    for (int i = 0; i < PTY_WAIT_MS; i++) {
        struct simulator_counts now;

        settle(rig);
        now = simulator_counts(rig->simulator);
        if (!is_serial(rig) || now.requests != before.requests) {
            return;
        }
        (void)poll(NULL, 0, 1);
    }
}

void rig_pass(struct rig *rig, int64_t ms)
{
    settle(rig);
    hear(rig);
    for (int64_t i = 0; i < ms; i++) {
        virtual_clock_advance(&rig->clock, 1);
        settle(rig);
        hear(rig);
    }
    struct pollfd wait = {.fd = rig->fd, .events = POLLIN};

    while (rig->fd >= 0 && is_serial(rig) && !rig->is_closed &&
           poll(&wait, 1, rig->pty_wait_ms) == 1) {
        hear(rig);
    }
}

void rig_forget(struct rig *rig)
{
    rig->n = 0;
}

void rig_ask(struct rig *rig, const uint8_t *bytes, size_t n, int64_t ms)
{
    rig_forget(rig);
    rig_say(rig, bytes, n);
    rig_pass(rig, ms);
}

void rig_expect(const struct rig *rig, const uint8_t *bytes, size_t n)
{
    assert_int_equal(rig->n, n);
    assert_memory_equal(rig->heard, bytes, n);
}

size_t rig_bytes(const char *hex, uint8_t *ret_bytes)
{
    size_t n = 0;

    for (const char *c = hex; *c != '\0'; c++) {
        if (*c != ' ') {
            char digits[3] = {c[0], c[1], '\0'};

            ret_bytes[n++] = (uint8_t)strtoul(digits, NULL, 16);
            c++;
        }
    }
    return n;
}

void rig_ask_hex(struct rig *rig, const char *hex)
{
    uint8_t bytes[300];

    rig_ask(rig, bytes, rig_bytes(hex, bytes), ASK_MS);
}

void rig_expect_hex(const struct rig *rig, const char *hex)
{
    uint8_t bytes[300];

    rig_expect(rig, bytes, rig_bytes(hex, bytes));
}
