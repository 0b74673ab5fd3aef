/* libmodbus on a pseudo terminal as second opinion on RTU: its client's requests and its
 * server's replies, byte for byte. */
#define _XOPEN_SOURCE 700 /* posix_openpt; NOLINT: the name is the system's */

#include <fcntl.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <unistd.h>

#include "drivers/modbus/modbus.h"
#include "drivers/modbus/rtu.h"
#include "tests/support/test.h"

struct peer {
    modbus_t *ctx;
    int ours; /* the terminal's master end */
};

static int peer_open(void **state)
{
    static struct peer peer;
    char name[64];

    peer.ours = posix_openpt(O_RDWR | O_NOCTTY);
    if (peer.ours < 0 || grantpt(peer.ours) != 0 || unlockpt(peer.ours) != 0) {
        return -1;
    }
    /* one thread; NOLINTNEXTLINE(concurrency-mt-unsafe) */
    (void)snprintf(name, sizeof(name), "%s", ptsname(peer.ours));
    peer.ctx = modbus_new_rtu(name, 115200, 'N', 8, 1);
    if (peer.ctx == NULL || modbus_connect(peer.ctx) != 0) {
        return -1;
    }
    *state = &peer;
    return 0;
}

static int peer_close(void **state)
{
    struct peer *peer = *state;

    modbus_close(peer->ctx);
    modbus_free(peer->ctx);
    (void)close(peer->ours);
    return 0;
}

static void read_exactly(const struct peer *peer, uint8_t *ret_bytes, size_t n)
{
    size_t came = 0;

    while (came < n) {
        struct pollfd wait = {.fd = peer->ours, .events = POLLIN};

        assert_int_equal(poll(&wait, 1, 2000), 1);
        ssize_t got = read(peer->ours, ret_bytes + came, n - came);

        assert_true(got > 0);
        came += (size_t)got;
    }
}

static void requests_are_those_of_the_libmodbus_client(void **state)
{
    const struct peer *peer = *state;
    static const struct request requests[] = {
        {.unit = 1, .function = 3, .count = 1},
        {.unit = 1, .function = 4, .count = 40},
        {.unit = 247, .function = 3, .address = 0x16a, .count = 125},
        {.unit = 17, .function = 4, .address = 65535, .count = 1},
        {.unit = 128, .function = 3, .address = 0x101e, .count = 2}};

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const struct request *request = &requests[i];
        uint16_t registers[MODBUS_MAX_READ_REGISTERS];
        uint8_t theirs[RTU_REQUEST_LEN];
        uint8_t ours[RTU_REQUEST_LEN];

        assert_int_equal(modbus_set_slave(peer->ctx, request->unit), 0);
        assert_int_equal(modbus_set_response_timeout(peer->ctx, 0, 1), 0);
        assert_int_equal(request->function == 3
                             ? modbus_read_registers(peer->ctx, request->address,
                                                     request->count, registers)
                             : modbus_read_input_registers(peer->ctx, request->address,
                                                           request->count, registers),
                         -1);
        read_exactly(peer, theirs, sizeof(theirs));
        assert_int_equal(modbus_rtu_driver()->encode(request, ours, sizeof(ours)), 8);
        assert_memory_equal(ours, theirs, sizeof(ours));
    }
}

/* Sends our request to libmodbus's server and feeds its reply, byte by byte, to ours. */
static void ask_server(const struct peer *peer, modbus_mapping_t *mapping,
                       const struct request *request, uint8_t *reply,
                       struct feed_result *ret_result)
{
    uint8_t bytes[RTU_REQUEST_LEN];
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    size_t n = 0;

    assert_int_equal(modbus_rtu_driver()->encode(request, bytes, sizeof(bytes)), 8);
    assert_int_equal(write(peer->ours, bytes, sizeof(bytes)), 8);
    int query_n = modbus_receive(peer->ctx, query);

    assert_int_equal(query_n, 8);
    assert_true(modbus_reply(peer->ctx, query, query_n, mapping) > 0);
    do {
        assert_true(n < RTU_FRAME_MAX);
        read_exactly(peer, reply + n, 1);
        n++;
        modbus_rtu_driver()->feed(request, reply, n, ret_result);
    } while (ret_result->verdict == FEED_NEED_MORE);
    assert_int_equal(ret_result->consumed, n);
}

static void the_libmodbus_servers_replies_are_understood_for_every_count(void **state)
{
    const struct peer *peer = *state;
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 200, 200);
    uint8_t reply[RTU_FRAME_MAX];
    struct feed_result result;

    assert_non_null(mapping);
    assert_int_equal(modbus_set_slave(peer->ctx, 5), 0);
    for (unsigned i = 0; i < 200; i++) {
        mapping->tab_registers[i] = (uint16_t)(i * 331);
    }
    for (uint16_t count = 1; count <= 125; count++) {
        struct request request = {
            .unit = 5, .function = 3, .address = (uint16_t)(count / 2), .count = count};

        ask_server(peer, mapping, &request, reply, &result);
        assert_int_equal(result.verdict, FEED_REPLY);
        assert_int_equal(result.payload_n, 2U * count);
        assert_int_equal(modbus_rtu_driver()->reply_bytes(&request), result.consumed);
        for (unsigned i = 0; i < count; i++) {
            const uint8_t *bytes = result.payload + (ptrdiff_t)2 * i;

            assert_int_equal((unsigned)bytes[0] << 8 | bytes[1],
                             mapping->tab_registers[request.address + i]);
        }
    }
    struct request request = {.unit = 5, .function = 3, .address = 199, .count = 2};

    /* libmodbus waits for the rest of a bad request before it refuses */
    assert_int_equal(modbus_set_response_timeout(peer->ctx, 0, 1000), 0);
    ask_server(peer, mapping, &request, reply, &result);
    assert_int_equal(result.verdict, FEED_EXCEPTION);
    assert_int_equal(result.exception, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
    modbus_mapping_free(mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_those_of_the_libmodbus_client,
                                        peer_open, peer_close),
        cmocka_unit_test_setup_teardown(
            the_libmodbus_servers_replies_are_understood_for_every_count, peer_open,
            peer_close),
    };

    return cmocka_run_group_tests_name("modbus rtu peer", tests, NULL, NULL);
}
