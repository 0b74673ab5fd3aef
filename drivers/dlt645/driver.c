#include "drivers/dlt645/decode.h"
#include "drivers/dlt645/dlt645.h"
#include "drivers/dlt645/frame.h"
#include "drivers/dlt645/plan.h"

const struct driver *dlt645_driver(void)
{
    static const struct driver driver = {
        .scheme = "dlt645",
        .plan = dlt645_plan,
        .encode = dlt645_encode,
        .feed = dlt645_feed,
        .decode = dlt645_decode,
        .holds = dlt645_holds,
        .reply_bytes = dlt645_reply_bytes,
        .follow = dlt645_follow,
    };

    return &driver;
}

const struct driver *dlt645_tcp_driver(void)
{
    static const struct driver driver = {
        .scheme = "dlt645+tcp",
        .plan = dlt645_plan,
        .encode = dlt645_encode,
        .feed = dlt645_feed,
        .decode = dlt645_decode,
        .holds = dlt645_holds,
        .reply_bytes = dlt645_reply_bytes,
        .follow = dlt645_follow,
    };

    return &driver;
}
