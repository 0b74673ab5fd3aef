/* 100,000 requests whose replies take up to three times the timeout: not one wrong value.
 */
#include "tests/support/fake_bus.h"
#include "tests/support/test.h"
#include "tests/unit/collect/rig.h"

#define UNITS      20
#define TIMEOUT_MS 1000
#define REQUESTS   25000 /* of each of four schemes */
#define SLOT_MS    60000

static struct rig rig;
static struct fake_bus *bus;
static uint64_t state_of_chance;

static uint32_t chance(void)
{
    state_of_chance =
        state_of_chance * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(state_of_chance >> 33);
}

static int64_t delay_ms(void)
{
    return (int64_t)(chance() % (3 * TIMEOUT_MS + 1));
}

static void late_rtu(void *ctx, const struct fake_bus_request *request,
                     struct fake_bus_reply *ret)
{
    (void)ctx;
    (void)request;
    ret->delay_ms = delay_ms();
}

/* Meter m: energy m·1000 + 1 in a follow-up frame, power m·1000 + 2, voltage m·100 + 3. */
static void late_dlt645(void *ctx, const struct fake_bus_request *request,
                        struct fake_bus_reply *ret)
{
    uint64_t meter = (uint64_t)(request->meter[0] >> 4) * 10 + (request->meter[0] & 0xf);

    (void)ctx;
    ret->delay_ms = delay_ms();
    if (request->data_id == 0x0001ff00) {
        ret->n_data = 4;
        ret->more = request->sequence == 0;
        fake_bus_bcd(ret->data, 4, request->sequence == 0 ? 77 : meter * 1000 + 1);
    } else if (request->data_id == 0x02030000) {
        ret->n_data = 3;
        fake_bus_bcd(ret->data, 3, meter * 1000 + 2);
    } else {
        ret->n_data = 2;
        fake_bus_bcd(ret->data, 2, meter * 100 + 3);
    }
}

static void late_tcp(void *ctx, const struct fake_request *request, struct fake_reply *ret)
{
    (void)ctx;
    (void)request;
    ret->delay_ms = delay_ms();
}

static uint16_t tcp_value(void *ctx, const struct fake_request *request, uint16_t address)
{
    (void)ctx;
    return address % 2 == 0 ? (uint16_t)(request->unit << 8) : address;
}

static void be_dlt645(void)
{
    static const uint32_t id[] = {0x0001ff00, 0x02030000, 0x02010100};
    static const uint8_t bytes[] = {4, 3, 2};

    rig.profile.protocol = PROFILE_DLT645_2007;
    for (int i = 0; i < 3; i++) {
        rig.point[i].data =
            (struct profile_data){.id = id[i], .offset = i == 0 ? 4 : 0, .bytes = bytes[i]};
    }
}

static void begin(const char *endpoint)
{
    state_of_chance = 42;
    rig.options.timing.late_window_ms = INT64_C(2) * TIMEOUT_MS;
    rig.options.timing.backoff_max_ms = 1000;
    for (int i = 0; i < 3; i++) { /* three reads of the same size */
        rig.point[i].part[0].address = (uint16_t)(1000 * i);
    }
    for (int i = 0; i < UNITS; i++) {
        uint32_t no = rig_add_meter(&rig, 1, (uint8_t)(i + 1), SLOT_MS / 1000);

        (void)snprintf(rig.meter[no - 1].endpoint, ENDPOINT_LEN, "%s", endpoint);
    }
    rig_start(&rig);
}

static int64_t value_of(enum quantity quantity, uint32_t meter_no)
{
    bool is_dlt645 = rig.profile.protocol != PROFILE_MODBUS;
    int64_t place = quantity == QUANTITY_ENERGY_IMPORT_WH ? 0
                    : quantity == QUANTITY_POWER_W        ? 1
                                                          : 2;

    if (is_dlt645) {
        return (int64_t)meter_no * (place == 2 ? 100 : 1000) + place + 1;
    }
    return (int64_t)meter_no << 24 | (1000 * place + 1);
}

static int count_values(void)
{
    static const enum quantity asked[] = {QUANTITY_ENERGY_IMPORT_WH, QUANTITY_POWER_W,
                                          QUANTITY_VOLTAGE_A_MV};

    int n = 0;

    for (size_t i = 0; i < rig.n_samples; i++) {
        const struct sample *sample = &rig.sample[i];

        for (int q = 0; q < 3; q++) {
            if (sample_has(sample, asked[q]) != 0) {
                assert_int_equal(sample->value[asked[q]],
                                 value_of(asked[q], sample->meter_no));
                n++;
            }
        }
    }
    return n;
}

static void ask_and_check(uint64_t (*requests)(void))
{
    for (int slot = 0; requests() < REQUESTS && slot < 5000; slot++) {
        rig_run(&rig, SLOT_MS);
    }
    assert_true(requests() >= REQUESTS);
    int n = count_values();

    print_message("%llu requests, %d values, all right\n", (unsigned long long)requests(),
                  n);
    assert_true(n > REQUESTS / 6);
}

static uint64_t bus_requests(void)
{
    return fake_bus_requests(bus);
}

static void on_bus(bool is_tcp, bool is_dlt645)
{
    const struct fake_bus_options options = {.is_tcp = is_tcp,
                                             .is_dlt645 = is_dlt645,
                                             .reply = is_dlt645 ? late_dlt645 : late_rtu};
    char endpoint[ENDPOINT_LEN];

    rig_init(&rig);
    assert_int_equal(fake_bus_new(rig.meter_loop, &options, &bus), 0);
    if (is_dlt645) {
        be_dlt645();
    }
    if (is_tcp) {
        (void)snprintf(endpoint, sizeof(endpoint), "%s+tcp://127.0.0.1:%u",
                       is_dlt645 ? "dlt645" : "modbus+rtu", (unsigned)fake_bus_port(bus));
    } else {
        (void)snprintf(endpoint, sizeof(endpoint),
                       is_dlt645 ? "dlt645://%s?baud=2400&parity=E"
                                 : "modbus+rtu://%s?baud=9600&parity=N&stop=1",
                       fake_bus_path(bus));
    }
    begin(endpoint);
    ask_and_check(bus_requests);
    collect_free(rig.collect);
    rig.collect = NULL;
    fake_bus_free(bus);
    rig_done(&rig);
}

static void rtu_on_a_serial_line(void **state)
{
    (void)state;
    on_bus(false, false);
}

static void rtu_over_tcp(void **state)
{
    (void)state;
    on_bus(true, false);
}

static void dlt645_on_a_serial_line(void **state)
{
    (void)state;
    on_bus(false, true);
}

static struct fake_meter *tcp_meter;

static uint64_t tcp_requests(void)
{
    return fake_meter_requests(tcp_meter);
}

static void modbus_tcp(void **state)
{
    const struct fake_script script = {.reply = late_tcp, .value = tcp_value};
    char endpoint[ENDPOINT_LEN];

    (void)state;
    rig_init(&rig);
    assert_int_equal(fake_meter_new(rig.meter_loop, &script, 0, &tcp_meter), 0);
    (void)snprintf(endpoint, sizeof(endpoint), "modbus+tcp://127.0.0.1:%u",
                   (unsigned)fake_meter_port(tcp_meter));
    begin(endpoint);
    ask_and_check(tcp_requests);
    collect_free(rig.collect);
    rig.collect = NULL;
    fake_meter_free(tcp_meter);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtu_on_a_serial_line),
        cmocka_unit_test(rtu_over_tcp),
        cmocka_unit_test(dlt645_on_a_serial_line),
        cmocka_unit_test(modbus_tcp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
