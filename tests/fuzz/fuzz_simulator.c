/*
 * What clients may send to simulated meters, in the three framings: nothing beyond what has
 * come is read, a frame is never longer than what there is, and a DL/T 645 answer is a
 * sound frame that fits its buffer.
 *
 * Input: framing, stream.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/clock.h"
#include "drivers/simulator/bus.h"

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct profile_point points[] = {
    {.quantity = QUANTITY_ENERGY_IMPORT_WH,
     .n_parts = 1,
     .part = {{.scale = {1, 1}}},
     .data = {.id = 0x00010000, .bytes = 4}},
    {.quantity = QUANTITY_POWER_W,
     .n_parts = 1,
     .part = {{.scale = {1, 10}}},
     .data = {.id = 0x0203FF00, .offset = 300, .bytes = 3, .is_signed = true}}};

static const struct profile profile = {.protocol = PROFILE_DLT645_2007,
                                       .id = "fuzz",
                                       .register_wh = {10, 1},
                                       .n_points = 2,
                                       .point = points};

static void answer(struct entry *entry, const uint8_t *request)
{
    struct hits hits = {.n_values = 0};
    struct reply reply = {.framing = FRAMING_DLT645};

    if (!dlt645_is_for(entry, request) || !answer_dlt645(entry, request, &hits, &reply)) {
        return;
    }
    unsigned sum = 0;

    demand(reply.n >= DLT645_HEAD_LEN + 2 &&
           reply.n <= DLT645_HEAD_LEN + 2 + DLT645_DATA_MAX);
    for (size_t i = 0; i < reply.n - 2; i++) {
        sum += reply.bytes[i];
    }
    demand(reply.bytes[0] == 0x68 && reply.bytes[7] == 0x68);
    demand(reply.bytes[9] == reply.n - DLT645_HEAD_LEN - 2);
    demand(reply.bytes[reply.n - 2] == (sum & 0xFF) && reply.bytes[reply.n - 1] == 0x16);
}

static void cut(enum framing framing, struct entry *entry, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        uint8_t *copy = malloc(n);

        demand(copy != NULL);
        memcpy(copy, bytes, n);
        int length = frame_measure(framing, copy, n);

        demand(length <= (int)n);
        if (length > 0 && framing == FRAMING_DLT645) {
            answer(entry, copy);
        }
        free(copy);
        if (length == FRAME_BROKEN || length == FRAME_PART) {
            return;
        }
        size_t used = length > 0 ? (size_t)length : 1;

        bytes += used;
        n -= used;
    }
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct virtual_clock clock;
    struct loop *loop = NULL;
    struct simulator *simulator = NULL;
    struct simulated_meter meter = {.scheme = SIMULATOR_DLT645_TCP,
                                    .profile = &profile,
                                    .pt = {1, 1},
                                    .ct = {1, 1},
                                    .address = {0x61, 0x01},
                                    .frame_bytes = 100};

    if (n < 2 || n > 1024) {
        return 0;
    }
    virtual_clock_init(&clock, 0);
    demand(loop_new(&clock.clock, 4, &loop) == 0);
    struct simulator_options options = {.loop = loop};

    demand(simulator_new(&options, &simulator) == 0);
    demand(simulator_add(simulator, &meter) == 0);
    cut((enum framing)(bytes[0] % 3), simulator->entry[0], bytes + 1, n - 1);
    simulator_free(simulator);
    loop_free(loop);
    return 0;
}
