/* accept4, ptsname_r. NOLINTNEXTLINE(readability-identifier-naming): the library's name */
#define _GNU_SOURCE

#include "tests/support/fake_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX     300
#define RTU_REQUEST   8
#define DLT_HEAD      10
#define US_PER_MS     1000
#define TERMINAL_FULL 4000 /* more stays behind, unseen */

/* A reply on its way: its first byte at one time, the rest when the wire has carried it. */
struct parcel {
    struct parcel *next;
    struct fake_bus *bus;
    struct loop_timer timer;
    size_t sent;
    size_t n;
    uint8_t bytes[FRAME_MAX];
};

struct fake_bus {
    struct loop *loop;
    struct fake_bus_options options;
    char folder[32];
    char path[64];
    int listen_fd;
    uint16_t port;
    int fd;    /* of the master, or the newest connection; -1: none */
    int slave; /* kept open, so that the master does not hang up */
    uint64_t requests;
    int collisions;
    int64_t busy_mono_ms;
    struct parcel *parcels;
    size_t n;
    uint8_t bytes[FRAME_MAX];
};

/*
 * The kernel hands bytes from one end of a pseudo-terminal to the other in a thread of its
 * own. In a virtual run time would go on meanwhile, so both sides wait until it has; for
 * that the engine's write is wrapped (-Wl,--wrap=write).
 */
static struct fake_bus *present_bus;

/* The linker's names. NOLINTBEGIN(readability-identifier-naming) */
ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);

/* NOLINTEND(readability-identifier-naming) */

static int waiting(int fd)
{
    int n = 0;

    return ioctl(fd, FIONREAD, &n) == 0 ? n : 0;
}

static void wait_for(int fd, int n)
{
    const struct timespec pause = {.tv_nsec = 20000};

    n = n < TERMINAL_FULL ? n : TERMINAL_FULL;
    for (int i = 0; i < 5000 && waiting(fd) < n; i++) {
        (void)nanosleep(&pause, NULL);
    }
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    const struct fake_bus *bus = present_bus;
    bool is_ours = bus != NULL && bus->slave >= 0 && fd != bus->fd && isatty(fd) == 1;
    int before = is_ours ? waiting(bus->fd) : 0;
    ssize_t wrote = __real_write(fd, bytes, n);

    if (is_ours && wrote > 0) {
        wait_for(bus->fd, before + (int)wrote);
    }
    return wrote;
}

/* What nobody listens to is lost, as on a wire. */
static size_t put(struct fake_bus *bus, const uint8_t *bytes, size_t n)
{
    int before = bus->slave >= 0 ? waiting(bus->slave) : 0;
    ssize_t wrote = bus->fd >= 0 ? __real_write(bus->fd, bytes, n) : -1;

    if (wrote > 0 && bus->slave >= 0) {
        wait_for(bus->slave, before + (int)wrote);
    }
    return wrote < 0 ? 0 : (size_t)wrote;
}

/* --- replies --- */

static void parcel_free(struct parcel *parcel)
{
    struct parcel **link = &parcel->bus->parcels;

    while (*link != parcel) {
        link = &(*link)->next;
    }
    *link = parcel->next;
    loop_timer_cancel(parcel->bus->loop, &parcel->timer);
    free(parcel);
}

static int64_t wire_ms(const struct fake_bus *bus, size_t n)
{
    return ((int64_t)n * bus->options.character_us + US_PER_MS - 1) / US_PER_MS;
}

static void on_parcel(void *ctx)
{
    struct parcel *parcel = ctx;
    struct fake_bus *bus = parcel->bus;
    int64_t mono_ms = loop_mono_ms(bus->loop);

    if (parcel->sent == 0 && mono_ms < bus->busy_mono_ms) { /* another one is speaking */
        (void)loop_timer_arm(bus->loop, &parcel->timer, bus->busy_mono_ms);
        return;
    }
    if (parcel->sent == 0 && bus->options.character_us > 0) {
        bus->busy_mono_ms = mono_ms + wire_ms(bus, parcel->n);
        (void)put(bus, parcel->bytes, 1);
        parcel->sent = 1;
        (void)loop_timer_arm(bus->loop, &parcel->timer, bus->busy_mono_ms);
        return;
    }
    (void)put(bus, parcel->bytes + parcel->sent, parcel->n - parcel->sent);
    parcel_free(parcel);
}

static uint16_t crc_of(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xa001 : crc >> 1;
        }
    }
    return (uint16_t)crc;
}

static void write_rtu(struct parcel *parcel, const struct fake_bus_request *request,
                      const struct fake_bus_reply *reply)
{
    uint8_t *bytes = parcel->bytes;
    size_t n = 0;

    bytes[n++] = request->unit;
    bytes[n++] = reply->error != 0 ? 0x83 : 3;
    if (reply->error != 0) {
        bytes[n++] = reply->error;
    } else {
        bytes[n++] = (uint8_t)(2 * request->count);
        for (uint16_t i = 0; i < request->count; i++) {
            uint16_t address = (uint16_t)(request->address + i);
            uint16_t value = address % 2 == 0 ? (uint16_t)(request->unit << 8) : address;

            bytes[n++] = (uint8_t)(value >> 8);
            bytes[n++] = (uint8_t)(value & 0xff);
        }
    }
    uint16_t crc = crc_of(bytes, n);

    bytes[n++] = (uint8_t)(crc & 0xff);
    bytes[n++] = (uint8_t)(crc >> 8);
    parcel->n = n;
}

static void write_dlt645(struct parcel *parcel, const struct fake_bus_request *request,
                         const struct fake_bus_reply *reply)
{
    uint8_t *frame = parcel->bytes + 2;
    size_t n = DLT_HEAD;
    uint8_t control = request->sequence > 0 ? 0x92 : 0x91;
    unsigned sum = 0;

    parcel->bytes[0] = 0xfe;
    parcel->bytes[1] = 0xfe;
    frame[0] = 0x68;
    memcpy(frame + 1, request->meter, 6);
    frame[7] = 0x68;
    frame[8] =
        (uint8_t)(control | (reply->error != 0 ? 0x40 : 0) | (reply->more ? 0x20 : 0));
    if (reply->error != 0) {
        frame[n++] = (uint8_t)(reply->error + 0x33);
    } else {
        for (int i = 0; i < 4; i++) {
            frame[n++] = (uint8_t)((request->data_id >> (8 * i)) + 0x33);
        }
        for (int i = 0; i < reply->n_data; i++) {
            frame[n++] = (uint8_t)(reply->data[i] + 0x33);
        }
        if (request->sequence > 0) {
            frame[n++] = (uint8_t)(request->sequence + 0x33);
        }
    }
    frame[9] = (uint8_t)(n - DLT_HEAD);
    for (size_t i = 0; i < n; i++) {
        sum += frame[i];
    }
    frame[n++] = (uint8_t)(sum & 0xff);
    frame[n++] = 0x16;
    parcel->n = n + 2;
}

static void answer(struct fake_bus *bus, struct fake_bus_request *request, size_t n_asked)
{
    struct fake_bus_reply reply = {0};
    int64_t mono_ms = loop_mono_ms(bus->loop);

    request->number = ++bus->requests;
    request->mono_ms = mono_ms;
    bus->collisions += mono_ms < bus->busy_mono_ms ? 1 : 0;
    if (bus->options.reply != NULL) {
        bus->options.reply(bus->options.ctx, request, &reply);
    }
    struct parcel *parcel = reply.is_mute ? NULL : calloc(1, sizeof(*parcel));

    if (parcel == NULL) {
        return;
    }
    parcel->bus = bus;
    parcel->next = bus->parcels;
    bus->parcels = parcel;
    loop_timer_init(&parcel->timer, on_parcel, parcel);
    if (bus->options.is_dlt645) {
        write_dlt645(parcel, request, &reply);
    } else {
        write_rtu(parcel, request, &reply);
    }
    if (reply.is_broken) {
        parcel->bytes[parcel->n - 2] ^= 1;
    }
    (void)loop_timer_arm(bus->loop, &parcel->timer,
                         mono_ms + wire_ms(bus, n_asked) + reply.delay_ms);
}

/* --- requests --- */

static size_t take_rtu(struct fake_bus *bus)
{
    const uint8_t *bytes = bus->bytes;

    if (bus->n < RTU_REQUEST) {
        return 0;
    }
    struct fake_bus_request request = {
        .unit = bytes[0],
        .address = (uint16_t)((unsigned)bytes[2] << 8 | bytes[3]),
        .count = (uint16_t)((unsigned)bytes[4] << 8 | bytes[5])};

    answer(bus, &request, RTU_REQUEST);
    return RTU_REQUEST;
}

static size_t take_dlt645(struct fake_bus *bus)
{
    size_t from = 0;

    while (from < bus->n && bus->bytes[from] == 0xfe) {
        from++;
    }
    const uint8_t *frame = bus->bytes + from;

    if (bus->n < from + DLT_HEAD || bus->n < from + DLT_HEAD + frame[9] + 2) {
        return 0;
    }
    struct fake_bus_request request = {0};

    memcpy(request.meter, frame + 1, 6);
    for (int i = 3; i >= 0; i--) {
        request.data_id = request.data_id << 8 | (uint8_t)(frame[DLT_HEAD + i] - 0x33);
    }
    if (frame[8] == 0x12) {
        request.sequence = (uint8_t)(frame[DLT_HEAD + 4] - 0x33);
    }
    size_t n = from + DLT_HEAD + frame[9] + 2;

    answer(bus, &request, n);
    return n;
}

static void on_bytes(void *ctx, int fd, uint32_t events)
{
    struct fake_bus *bus = ctx;
    ssize_t got = read(fd, bus->bytes + bus->n, sizeof(bus->bytes) - bus->n);

    (void)events;
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        loop_fd_remove(bus->loop, fd);
        (void)close(fd);
        bus->fd = bus->fd == fd ? -1 : bus->fd;
        return;
    }
    if (bus->options.has_echo) {
        (void)put(bus, bus->bytes + bus->n, (size_t)got);
    }
    bus->n += (size_t)got;
    for (;;) {
        size_t n = bus->options.is_dlt645 ? take_dlt645(bus) : take_rtu(bus);

        if (n == 0) {
            return;
        }
        memmove(bus->bytes, bus->bytes + n, bus->n - n);
        bus->n -= n;
    }
}

static void on_accept(void *ctx, int fd, uint32_t events)
{
    struct fake_bus *bus = ctx;
    const int one = 1;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (accepted < 0) {
        return;
    }
    (void)setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (bus->fd >= 0) { /* a serial server has one client */
        loop_fd_remove(bus->loop, bus->fd);
        (void)close(bus->fd);
    }
    bus->fd = accepted;
    bus->n = 0;
    (void)loop_fd_add(bus->loop, accepted, LOOP_READ, on_bytes, bus);
}

/* --- the bus --- */

int fake_bus_plug(struct fake_bus *bus)
{
    char name[64];
    struct termios settings;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof(name)) != 0) {
        return -errno;
    }
    bus->slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (bus->slave < 0 || tcgetattr(bus->slave, &settings) != 0) {
        return -errno;
    }
    cfmakeraw(&settings);
    (void)tcsetattr(bus->slave, TCSANOW, &settings);
    bus->fd = master;
    bus->n = 0;
    if (symlink(name, bus->path) != 0) {
        return -errno;
    }
    return loop_fd_add(bus->loop, master, LOOP_READ, on_bytes, bus);
}

void fake_bus_unplug(struct fake_bus *bus)
{
    if (bus->fd >= 0) {
        loop_fd_remove(bus->loop, bus->fd);
        (void)close(bus->fd);
    }
    if (bus->slave >= 0) {
        (void)close(bus->slave);
    }
    bus->fd = -1;
    bus->slave = -1;
    (void)unlink(bus->path);
}

static int listen_on_loopback(struct fake_bus *bus)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bus->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bus->listen_fd < 0 ||
        bind(bus->listen_fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(bus->listen_fd, 8) != 0 ||
        getsockname(bus->listen_fd, (struct sockaddr *)&address, &n) != 0) {
        return -errno;
    }
    bus->port = ntohs(address.sin_port);
    return loop_fd_add(bus->loop, bus->listen_fd, LOOP_READ, on_accept, bus);
}

int fake_bus_new(struct loop *loop, const struct fake_bus_options *options,
                 struct fake_bus **ret_bus)
{
    struct fake_bus *bus = calloc(1, sizeof(*bus));

    if (bus == NULL) {
        return -ENOMEM;
    }
    bus->loop = loop;
    bus->options = *options;
    bus->fd = -1;
    bus->slave = -1;
    bus->listen_fd = -1;
    present_bus = bus;
    (void)snprintf(bus->folder, sizeof(bus->folder), "/tmp/ecmon-bus-XXXXXX");
    int err = mkdtemp(bus->folder) == NULL ? -errno : 0;

    (void)snprintf(bus->path, sizeof(bus->path), "%s/line", bus->folder);
    if (err == 0) {
        err = options->is_tcp ? listen_on_loopback(bus) : fake_bus_plug(bus);
    }
    if (err != 0) {
        fake_bus_free(bus);
        return err;
    }
    *ret_bus = bus;
    return 0;
}

void fake_bus_free(struct fake_bus *bus)
{
    if (bus == NULL) {
        return;
    }
    for (struct parcel *parcel = bus->parcels, *next = NULL; parcel != NULL;
         parcel = next) {
        next = parcel->next;
        loop_timer_cancel(bus->loop, &parcel->timer);
        free(parcel);
    }
    fake_bus_unplug(bus);
    if (bus->listen_fd >= 0) {
        loop_fd_remove(bus->loop, bus->listen_fd);
        (void)close(bus->listen_fd);
    }
    (void)rmdir(bus->folder);
    present_bus = NULL;
    free(bus);
}

const char *fake_bus_path(const struct fake_bus *bus)
{
    return bus->path;
}

uint16_t fake_bus_port(const struct fake_bus *bus)
{
    return bus->port;
}

uint64_t fake_bus_requests(const struct fake_bus *bus)
{
    return bus->requests;
}

int fake_bus_collisions(const struct fake_bus *bus)
{
    return bus->collisions;
}

size_t fake_bus_babble(struct fake_bus *bus, const uint8_t *bytes, size_t n)
{
    return put(bus, bytes, n);
}

void fake_bus_block(struct fake_bus *bus, bool is_blocked)
{
    /* one thread here. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    (void)tcflow(bus->slave, is_blocked ? TCOOFF : TCOON);
}

void fake_bus_bcd(uint8_t *ret_bytes, int n, uint64_t value)
{
    for (int i = 0; i < n; i++) {
        ret_bytes[i] = (uint8_t)(value % 10 | value / 10 % 10 << 4);
        value /= 100;
    }
}
