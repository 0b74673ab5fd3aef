#include "drivers/modbus/codec.h"
#include "drivers/modbus/decode.h"
#include "drivers/modbus/modbus.h"
#include "drivers/modbus/plan.h"
#include "drivers/modbus/rtu.h"

const struct driver *modbus_tcp_driver(void)
{
    static const struct driver driver = {
        .scheme = "modbus+tcp",
        .plan = modbus_plan,
        .encode = modbus_tcp_encode,
        .feed = modbus_tcp_feed,
        .decode = modbus_decode,
        .holds = modbus_holds,
        .reply_bytes = modbus_tcp_reply_bytes,
    };

    return &driver;
}

const struct driver *modbus_rtu_driver(void)
{
    static const struct driver driver = {
        .scheme = "modbus+rtu",
        .plan = modbus_plan,
        .encode = modbus_rtu_encode,
        .feed = modbus_rtu_feed,
        .decode = modbus_decode,
        .holds = modbus_holds,
        .reply_bytes = modbus_rtu_reply_bytes,
    };

    return &driver;
}

const struct driver *modbus_rtu_tcp_driver(void)
{
    static const struct driver driver = {
        .scheme = "modbus+rtu+tcp",
        .plan = modbus_plan,
        .encode = modbus_rtu_encode,
        .feed = modbus_rtu_feed,
        .decode = modbus_decode,
        .holds = modbus_holds,
        .reply_bytes = modbus_rtu_reply_bytes,
    };

    return &driver;
}
