/* The four byte orders of 32-bit registers, from the frames of a reading. */
#include "daemon/cli/orders.h"
#include "tests/support/test.h"

static struct profile_point point[2];
static struct profile profile;

static json_t *frame(const char *direction, const char *bytes)
{
    return json_pack("{s:s, s:b, s:s}", "direction", direction, "foreign", 0, "bytes",
                     bytes);
}

static int setup(void **state)
{
    (void)state;
    memset(point, 0, sizeof(point));
    point[0].quantity = QUANTITY_VOLTAGE_A_MV;
    point[0].function = 4;
    point[0].n_parts = 1;
    point[0].part[0].type = REGISTER_F32;
    point[1].quantity = QUANTITY_ENERGY_IMPORT_WH;
    point[1].function = 4;
    point[1].n_parts = 1;
    point[1].part[0].address = 2;
    point[1].part[0].type = REGISTER_U32;
    point[1].part[0].order = WORD_ORDER_SW;
    profile = (struct profile){.n_points = 2, .point = point};
    return 0;
}

static double real_of(const json_t *row, const char *order)
{
    return json_real_value(json_object_get(row, order));
}

static void assert_orders(const json_t *orders)
{
    assert_int_equal(json_array_size(orders), 2);
    const json_t *voltage = json_array_get(orders, 0);
    const json_t *energy = json_array_get(orders, 1);

    /* 43660000H = 230.0; as CDAB 00004366H is a denormal of 17254 × 2^-149 */
    assert_true(real_of(voltage, "ABCD") == 230.0);
    assert_true(real_of(voltage, "CDAB") > 0 && real_of(voltage, "CDAB") < 1e-40);
    assert_string_equal(json_string_value(json_object_get(voltage, "profile_order")),
                        "ABCD");
    assert_string_equal(json_string_value(json_object_get(voltage, "bytes")),
                        "43 66 00 00");
    /* 01 02 03 04 */
    assert_int_equal(json_integer_value(json_object_get(energy, "ABCD")), 0x01020304);
    assert_int_equal(json_integer_value(json_object_get(energy, "CDAB")), 0x03040102);
    assert_int_equal(json_integer_value(json_object_get(energy, "BADC")), 0x02010403);
    assert_int_equal(json_integer_value(json_object_get(energy, "DCBA")), 0x04030201);
    assert_string_equal(json_string_value(json_object_get(energy, "profile_order")),
                        "CDAB");
}

static void four_orders_come_from_a_tcp_reply(void **state)
{
    json_t *frames = json_array();

    (void)state;
    (void)json_array_append_new(frames,
                                frame("sent", "00 01 00 00 00 06 01 04 00 00 00 04"));
    (void)json_array_append_new(
        frames, frame("received", "00 01 00 00 00 0B 01 04 08 43 66 00 00 01 02 03 04"));
    json_t *orders = orders_json(&profile, "modbus+tcp://h:502", frames);

    assert_orders(orders);
    json_decref(orders);
    json_decref(frames);
}

static void four_orders_come_from_an_rtu_reply(void **state)
{
    json_t *frames = json_array();

    (void)state;
    (void)json_array_append_new(frames, frame("sent", "01 04 00 00 00 04 F1 C9"));
    (void)json_array_append_new(
        frames, frame("received", "01 04 08 43 66 00 00 01 02 03 04 00 00"));
    json_t *orders = orders_json(&profile, "modbus+rtu:///dev/ttyUSB0", frames);

    assert_orders(orders);
    json_decref(orders);
    json_decref(frames);
}

static void frames_that_do_not_fit_give_nothing(void **state)
{
    json_t *frames = json_array();

    (void)state;
    (void)json_array_append_new(frames, frame("received", "01 04 08 43"));
    (void)json_array_append_new(frames, frame("sent", "01"));
    (void)json_array_append_new(frames, frame("sent", "01 04 00 00 00 04 F1 C9"));
    (void)json_array_append_new(frames, frame("received", "01 84 02 C2 C1"));
    (void)json_array_append_new(frames, frame("received", "01 04 08 43 66 00 00 01"));
    (void)json_array_append_new(frames, frame("received", "zz"));
    json_t *orders = orders_json(&profile, "modbus+rtu:///dev/ttyUSB0", frames);

    assert_int_equal(json_array_size(orders), 0);
    json_decref(orders);
    json_decref(frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(four_orders_come_from_a_tcp_reply, setup),
        cmocka_unit_test_setup(four_orders_come_from_an_rtu_reply, setup),
        cmocka_unit_test_setup(frames_that_do_not_fit_give_nothing, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
