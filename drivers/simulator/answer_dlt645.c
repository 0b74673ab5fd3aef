#include <stdlib.h>
#include <string.h>

#include "drivers/simulator/bus.h"

#define FUNCTION_READ         0x11
#define FUNCTION_READ_MORE    0x12
#define FUNCTION_READ_ADDRESS 0x13
#define OLD_FUNCTION_READ     0x01
#define OLD_FUNCTION_MORE     0x02

#define ERROR_OTHER           0x01
#define ERROR_NO_DATA         0x02
#define ERROR_NOT_AUTHORISED  0x04
#define WILDCARD              0xAA
#define BROADCAST             0x99

#define ID_DATE               UINT32_C(0x04000101)
#define ID_TIME               UINT32_C(0x04000102)
#define ID_CT                 UINT32_C(0x04000306)
#define ID_PT                 UINT32_C(0x04000307)
#define ID_ADDRESS            UINT32_C(0x04000401)
#define ID_SERIAL             UINT32_C(0x04000402)
#define OLD_ID_DATE           UINT32_C(0xC010)
#define OLD_ID_TIME           UINT32_C(0xC011)
#define OLD_ID_SERIAL         UINT32_C(0xC032)

/* What one answer needs. */
struct asked {
    struct entry *entry;
    const struct hits *hits;
    struct reply *reply;
    bool is_old; /* of 1997 */
    uint8_t function;
    size_t id_len;
    uint32_t id;
};

bool dlt645_reads(uint8_t control)
{
    return control == FUNCTION_READ || control == FUNCTION_READ_MORE ||
           control == FUNCTION_READ_ADDRESS || control == OLD_FUNCTION_READ ||
           control == OLD_FUNCTION_MORE;
}

bool dlt645_is_for(const struct entry *entry, const uint8_t *request)
{
    bool is_broadcast = true;

    for (int i = 0; i < SIMULATOR_ADDRESS_LEN; i++) {
        uint8_t byte = request[1 + i];

        is_broadcast = is_broadcast && byte == BROADCAST;
        if (byte != WILDCARD && byte != entry->meter.address[i]) {
            return false;
        }
    }
    return !is_broadcast;
}

/* --- identifiers that every meter has --- */

static uint8_t bcd(int64_t value)
{
    return (uint8_t)(value % 10 | value / 10 % 10 << 4);
}

static size_t put_bcd(int64_t value, size_t n, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < n; i++) {
        ret_bytes[i] = bcd(value);
        value /= 100;
    }
    return n;
}

static int64_t meter_wall_ms(const struct asked *asked)
{
    const struct fault *clock = hits_value(asked->hits, FAULT_CLOCK);
    const struct simulator *simulator = asked->entry->bus->simulator;

    int64_t ahead_s = clock != NULL ? clock->value : 0;

    return loop_wall_ms(simulator->options.loop) + ahead_s * MS_PER_S;
}

/* WW DD MM YY, low byte first. */
static size_t put_date(const struct asked *asked, uint8_t *ret_bytes)
{
    const struct zone *zone = &asked->entry->bus->simulator->options.zone;
    day_t day = day_of_ts(meter_wall_ms(asked), zone);
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(day, &year, &month, &dom);
    ret_bytes[0] = bcd(weekday_of_day(day));
    ret_bytes[1] = bcd(dom);
    ret_bytes[2] = bcd(month);
    ret_bytes[3] = bcd(year);
    return 4;
}

static size_t put_time(const struct asked *asked, uint8_t *ret_bytes)
{
    const struct zone *zone = &asked->entry->bus->simulator->options.zone;
    int64_t wall_ms = meter_wall_ms(asked);
    int64_t s = (wall_ms - ts_of_day(day_of_ts(wall_ms, zone), zone)) / MS_PER_S;

    ret_bytes[0] = bcd(s % 60);
    ret_bytes[1] = bcd(s / 60 % 60);
    ret_bytes[2] = bcd(s / 3600);
    return 3;
}

static size_t put_serial(const struct asked *asked, uint8_t *ret_bytes)
{
    const struct simulated_meter *meter = &asked->entry->meter;
    int64_t number = 0;

    for (int i = SIMULATOR_ADDRESS_LEN - 1; meter->serial[0] == '\0' && i >= 0; i--) {
        unsigned byte = meter->address[i];

        number = number * 100 + (int64_t)(byte >> 4) * 10 + (int64_t)(byte & 0xF);
    }
    for (const char *c = meter->serial; *c != '\0'; c++) {
        if (*c >= '0' && *c <= '9') {
            number = (number * 10 + (*c - '0')) % INT64_C(1000000000000);
        }
    }
    number += hits_value(asked->hits, FAULT_EXCHANGE) != NULL;
    return put_bcd(number, SIMULATOR_ADDRESS_LEN, ret_bytes);
}

static size_t put_ratio(const struct ratio *ratio, uint8_t *ret_bytes)
{
    return ratio->den == 1 ? put_bcd(ratio->num, 3, ret_bytes) : 0;
}

/* Returns the number of bytes, 0 when it is none of them. */
static size_t common_data(const struct asked *asked, uint8_t *ret_bytes)
{
    const struct simulated_meter *meter = &asked->entry->meter;

    switch (asked->id) {
    case ID_DATE:
    case OLD_ID_DATE:
        return put_date(asked, ret_bytes);
    case ID_TIME:
    case OLD_ID_TIME:
        return put_time(asked, ret_bytes);
    case ID_CT:
        return put_ratio(&meter->ct, ret_bytes);
    case ID_PT:
        return put_ratio(&meter->pt, ret_bytes);
    case ID_ADDRESS:
        memcpy(ret_bytes, meter->address, SIMULATOR_ADDRESS_LEN);
        return SIMULATOR_ADDRESS_LEN;
    case ID_SERIAL:
    case OLD_ID_SERIAL:
        return put_serial(asked, ret_bytes);
    default:
        return 0;
    }
}

/* --- answers --- */

static void refuse(const struct asked *asked, uint8_t error)
{
    asked->entry->bus->simulator->counts.refused++;
    reply_dlt645(asked->reply, asked->entry->meter.address,
                 asked->function | DLT645_FROM_METER | DLT645_ERROR, &error, 1);
}

/* Most bytes of data in a frame of the meter. */
static size_t most_data(const struct asked *asked)
{
    size_t most = asked->entry->meter.frame_bytes;

    return most > 0 && most <= DLT645_DATA_MAX ? most : DLT645_DATA_MAX;
}

/* One frame of what is left of the block. A follow-up frame of 2007 ends with its number.
 */
static void send_part(const struct asked *asked, int sequence)
{
    const struct simulated_meter *meter = &asked->entry->meter;
    struct block *block = asked->entry->block;
    size_t most = most_data(asked);
    size_t extra = asked->id_len + (sequence > 0 ? 1 : 0);
    size_t n = block->n - block->sent;
    uint8_t data[DLT645_DATA_MAX + 8];

    most = most > extra ? most - extra : 1;
    n = n < most ? n : most;
    for (size_t i = 0; i < asked->id_len; i++) {
        data[i] = (uint8_t)(asked->id >> 8 * i);
    }
    memcpy(data + asked->id_len, block->bytes + block->sent, n);
    block->sent += n;
    if (sequence > 0) {
        data[asked->id_len + n] = (uint8_t)sequence;
    }
    uint8_t control = asked->function | DLT645_FROM_METER;

    reply_dlt645(asked->reply, meter->address,
                 block->sent < block->n ? control | DLT645_MORE : control, data, n + extra);
}

static void read_first(const struct asked *asked)
{
    struct image_value values[QUANTITY_COUNT];
    struct entry *entry = asked->entry;
    bool is_gap = asked->hits->reply.kind == FAULT_GAP &&
                  (uint32_t)asked->hits->reply.value == asked->id;

    if (entry->block == NULL) {
        entry->block = calloc(1, sizeof(*entry->block));
    }
    if (entry->block == NULL) {
        refuse(asked, ERROR_OTHER);
        return;
    }
    struct block *block = entry->block;

    entry_values(entry, asked->hits, values);
    block->id = asked->id;
    block->sent = 0;
    block->n = image_data(entry->meter.profile, values, asked->id, block->bytes);
    if (block->n == 0) {
        block->n = common_data(asked, block->bytes);
    }
    if (block->n == 0 || is_gap) {
        block->n = 0;
        refuse(asked, ERROR_NO_DATA);
        return;
    }
    send_part(asked, 0);
}

/* The frames of 2007 are asked for by number, so that a lost one can be had again. */
static void read_more(const struct asked *asked, int sequence)
{
    struct block *block = asked->entry->block;
    size_t most = most_data(asked);

    if (block == NULL || block->id != asked->id || block->n == 0) {
        refuse(asked, ERROR_NO_DATA);
        return;
    }
    if (!asked->is_old) {
        size_t of_first = most > asked->id_len ? most - asked->id_len : 1;
        size_t of_next = of_first > 1 ? of_first - 1 : 1;

        block->sent = of_first + (size_t)(sequence > 0 ? sequence - 1 : 0) * of_next;
    }
    if (block->sent >= block->n || (!asked->is_old && sequence == 0)) {
        refuse(asked, ERROR_NO_DATA);
        return;
    }
    send_part(asked, asked->is_old ? 0 : sequence);
}

static void answer(struct asked *asked, const uint8_t *request)
{
    size_t n = request[9];
    bool is_more =
        asked->function == (asked->is_old ? OLD_FUNCTION_MORE : FUNCTION_READ_MORE);
    size_t expected = asked->id_len + (is_more && !asked->is_old ? 1 : 0);

    if (n != expected) {
        refuse(asked, ERROR_OTHER);
        return;
    }
    for (size_t i = 0; i < asked->id_len; i++) {
        uint8_t byte = (uint8_t)(request[DLT645_HEAD_LEN + i] - DLT645_OFFSET);

        asked->id |= (uint32_t)byte << 8 * i;
    }
    if (asked->hits->reply.kind == FAULT_EXCEPTION) {
        refuse(asked, (uint8_t)asked->hits->reply.value);
    } else if (!is_more) {
        read_first(asked);
    } else {
        read_more(asked, asked->is_old
                             ? 0
                             : (uint8_t)(request[DLT645_HEAD_LEN + 4] - DLT645_OFFSET));
    }
}

bool answer_dlt645(struct entry *entry, const uint8_t *request, const struct hits *hits,
                   struct reply *reply)
{
    bool is_old = entry->meter.profile->protocol == PROFILE_DLT645_1997;
    bool is_old_function =
        request[8] == OLD_FUNCTION_READ || request[8] == OLD_FUNCTION_MORE;
    struct asked asked = {.entry = entry,
                          .hits = hits,
                          .reply = reply,
                          .is_old = is_old,
                          .function = request[8],
                          .id_len = is_old ? 2 : 4};

    reply->preamble = entry->meter.preamble;
    if (!dlt645_reads(request[8])) {
        asked.function = request[8] & 0x1F;
        refuse(&asked, ERROR_NOT_AUTHORISED);
        return true;
    }
    if (is_old != is_old_function) {
        return false; /* an edition that the meter does not speak: silence */
    }
    if (request[8] == FUNCTION_READ_ADDRESS) {
        reply_dlt645(reply, entry->meter.address, request[8] | DLT645_FROM_METER,
                     entry->meter.address, SIMULATOR_ADDRESS_LEN);
        return true;
    }
    answer(&asked, request);
    return true;
}
