/* libmodbus as second opinion: its client's requests and its server's replies, byte for
 * byte. */
#include <modbus/modbus.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/modbus/modbus.h"
#include "tests/support/test.h"

#define ALL_GROUPS 0xfU

struct peer {
    modbus_t *ctx;
    int ours;   /* our end of the socket pair */
    int theirs; /* libmodbus's end */
};

static int peer_open(void **state)
{
    static struct peer peer;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return -1;
    }
    peer.ours = ends[0];
    peer.theirs = ends[1];
    peer.ctx = modbus_new_tcp("127.0.0.1", 1502);
    if (peer.ctx == NULL || modbus_set_socket(peer.ctx, peer.theirs) != 0) {
        return -1;
    }
    *state = &peer;
    return 0;
}

static int peer_close(void **state)
{
    struct peer *peer = *state;

    modbus_free(peer->ctx);
    (void)close(peer->ours);
    (void)close(peer->theirs);
    return 0;
}

/* The bytes that libmodbus's client sends; nobody answers. */
static void client_request(const struct peer *peer, const struct request *request,
                           uint8_t *ret_bytes)
{
    uint16_t registers[MODBUS_MAX_READ_REGISTERS];

    assert_int_equal(modbus_set_slave(peer->ctx, request->unit), 0);
    assert_int_equal(modbus_set_response_timeout(peer->ctx, 0, 1), 0);
    int n =
        request->function == 3
            ? modbus_read_registers(peer->ctx, request->address, request->count, registers)
            : modbus_read_input_registers(peer->ctx, request->address, request->count,
                                          registers);

    assert_int_equal(n, -1);
    assert_int_equal(recv(peer->ours, ret_bytes, 12, MSG_WAITALL), 12);
}

static void requests_are_those_of_the_libmodbus_client(void **state)
{
    const struct peer *peer = *state;
    static const struct request requests[] = {
        {1, 3, 0, 1, 0},      {1, 4, 0, 40, 0},       {247, 3, 0x16a, 125, 0},
        {17, 4, 65535, 1, 0}, {128, 3, 0x101e, 2, 0}, {0xff, 4, 0x156, 50, 0},
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        uint8_t theirs[12];
        uint8_t ours[12];

        client_request(peer, &requests[i], theirs);
        assert_int_equal(modbus_tcp_driver()->encode(&requests[i], ours, sizeof(ours)), 12);
        assert_memory_equal(ours + 2, theirs + 2, 10); /* all but the transaction id */
    }
}

/* Sends our request to libmodbus's server and feeds its reply, byte by byte, to ours. */
static void ask_server(const struct peer *peer, modbus_mapping_t *mapping,
                       const struct request *request, uint8_t *reply,
                       struct feed_result *ret_result)
{
    uint8_t bytes[12];
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    size_t n = 0;

    assert_int_equal(modbus_tcp_driver()->encode(request, bytes, sizeof(bytes)), 12);
    assert_int_equal(send(peer->ours, bytes, sizeof(bytes), 0), 12);
    int query_n = modbus_receive(peer->ctx, query);

    assert_int_equal(query_n, 12);
    assert_memory_equal(query, bytes, 12);
    assert_true(modbus_reply(peer->ctx, query, query_n, mapping) > 0);
    do {
        assert_true(n < MODBUS_TCP_MAX_ADU_LENGTH);
        assert_int_equal(recv(peer->ours, reply + n, 1, 0), 1);
        n++;
        modbus_tcp_driver()->feed(request, reply, n, ret_result);
    } while (ret_result->verdict == FEED_NEED_MORE);
    assert_int_equal(ret_result->consumed, n);
}

static modbus_mapping_t *mapping_of_registers(void)
{
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 200, 200);

    assert_non_null(mapping);
    for (unsigned i = 0; i < 200; i++) {
        mapping->tab_registers[i] = (uint16_t)(i * 331);
        mapping->tab_input_registers[i] = (uint16_t)(65535 - i);
    }
    return mapping;
}

static void the_libmodbus_servers_registers_are_accepted_for_every_count(void **state)
{
    const struct peer *peer = *state;
    modbus_mapping_t *mapping = mapping_of_registers();

    for (uint16_t count = 1; count <= 125; count++) {
        struct request request = {.unit = 5,
                                  .function = count % 2 == 0 ? 3 : 4,
                                  .address = (uint16_t)(count / 2),
                                  .count = count,
                                  .transaction_id = (uint16_t)(count * 509)};
        const uint16_t *table =
            count % 2 == 0 ? mapping->tab_registers : mapping->tab_input_registers;
        uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
        struct feed_result result;

        ask_server(peer, mapping, &request, reply, &result);
        assert_int_equal(result.verdict, FEED_REPLY);
        assert_int_equal(result.payload_n, 2U * count);
        for (unsigned i = 0; i < count; i++) {
            const uint8_t *bytes = result.payload + (ptrdiff_t)2 * i;
            unsigned value = (unsigned)bytes[0] << 8 | bytes[1];

            assert_int_equal(value, table[request.address + i]);
        }
    }
    modbus_mapping_free(mapping);
}

static void the_libmodbus_servers_exception_is_understood(void **state)
{
    const struct peer *peer = *state;
    modbus_mapping_t *mapping = mapping_of_registers();
    struct request request = {
        .unit = 5, .function = 3, .address = 199, .count = 2, .transaction_id = 3};
    uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
    struct feed_result result;

    /* libmodbus waits for the rest of a bad request before it refuses */
    assert_int_equal(modbus_set_response_timeout(peer->ctx, 0, 1000), 0);
    ask_server(peer, mapping, &request, reply, &result);
    assert_int_equal(result.verdict, FEED_EXCEPTION);
    assert_int_equal(result.exception, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
    modbus_mapping_free(mapping);
}

static struct profile_point float_at(enum quantity quantity, uint16_t address,
                                     enum word_order order)
{
    return (struct profile_point){
        .quantity = quantity,
        .function = 3,
        .n_parts = 1,
        .part = {{.address = address,
                  .type = REGISTER_F32,
                  .order = order,
                  .scale = {1000, 1}}},
    };
}

static void floats_set_by_libmodbus_come_out_equal(void **state)
{
    const struct peer *peer = *state;
    modbus_mapping_t *mapping = mapping_of_registers();
    struct profile_point points[] = {
        float_at(QUANTITY_VOLTAGE_A_MV, 0, WORD_ORDER_SW),
        float_at(QUANTITY_POWER_W, 2, WORD_ORDER_SW),
        float_at(QUANTITY_VOLTAGE_B_MV, 4, WORD_ORDER_BE),
    };
    struct profile profile = {.register_wh = {1, 1}, .n_points = 3, .point = points};
    struct request request = {.unit = 1, .function = 3, .count = 6, .transaction_id = 77};
    uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
    struct feed_result result;
    struct sample sample = {0};

    /* modbus_set_float is low word first; 3.1.6 means other bytes by "abcd" than 3.1.11 */
    modbus_set_float(230.2F, mapping->tab_registers);
    modbus_set_float(-1234.5F, mapping->tab_registers + 2);
    mapping->tab_registers[4] = mapping->tab_registers[1];
    mapping->tab_registers[5] = mapping->tab_registers[0];
    ask_server(peer, mapping, &request, reply, &result);
    assert_int_equal(result.verdict, FEED_REPLY);
    assert_int_equal(modbus_tcp_driver()->decode(&profile, &request, result.payload,
                                                 result.payload_n, ALL_GROUPS, &sample),
                     0);
    assert_int_equal(sample.value[QUANTITY_VOLTAGE_A_MV], 230200);
    assert_int_equal(sample.value[QUANTITY_VOLTAGE_B_MV], 230200);
    assert_int_equal(sample.value[QUANTITY_POWER_W], -1234500);
    modbus_mapping_free(mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_those_of_the_libmodbus_client,
                                        peer_open, peer_close),
        cmocka_unit_test_setup_teardown(
            the_libmodbus_servers_registers_are_accepted_for_every_count, peer_open,
            peer_close),
        cmocka_unit_test_setup_teardown(the_libmodbus_servers_exception_is_understood,
                                        peer_open, peer_close),
        cmocka_unit_test_setup_teardown(floats_set_by_libmodbus_come_out_equal, peer_open,
                                        peer_close),
    };

    return cmocka_run_group_tests_name("modbus peer", tests, NULL, NULL);
}
