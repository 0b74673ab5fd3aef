#include "drivers/modbus/codec.h"
#include "drivers/modbus/decode.h"
#include "drivers/modbus/modbus.h"
#include "drivers/modbus/plan.h"

const struct driver *modbus_tcp_driver(void)
{
    static const struct driver driver = {
        .scheme = "modbus+tcp",
        .plan = modbus_plan,
        .encode = modbus_tcp_encode,
        .feed = modbus_tcp_feed,
        .decode = modbus_decode,
    };

    return &driver;
}
