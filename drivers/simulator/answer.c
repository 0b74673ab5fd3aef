#include <stdlib.h>
#include <string.h>

#include "drivers/simulator/bus.h"

#define EXCEPTION_FUNCTION 1
#define EXCEPTION_ADDRESS  2
#define EXCEPTION_COUNT    3
#define EXCEPTION_GATEWAY  11 /* 0B: target device failed to respond */
#define READ_PDU_LEN       6  /* unit, function, address, count */
#define US_PER_MS          INT64_C(1000)

/* --- sending --- */

struct sending {
    struct bus *bus;
    struct entry *entry;
    struct connection *connection;
    int64_t start_us;
};

static void send_piece(const struct sending *sending, const uint8_t *bytes, size_t n,
                       int64_t start_us, enum wire_end end)
{
    const struct piece piece = {.bytes = bytes,
                                .n = n,
                                .start_us = start_us,
                                .byte_us = sending->bus->byte_us,
                                .end = end};

    connection_put(sending->connection, &piece);
}

static void send_all(const struct sending *sending, const struct reply *reply,
                     int64_t start_us)
{
    send_piece(sending, reply->bytes, reply->n, start_us, WIRE_GOES_ON);
}

static void send_split(const struct sending *sending, const struct reply *reply,
                       int32_t apart_ms)
{
    struct entry *entry = sending->entry;
    int64_t apart_us = (apart_ms > 0 ? apart_ms : 1) * US_PER_MS;

    entry->split = reply->n > 1 ? entry->split % (reply->n - 1) + 1 : reply->n;
    send_piece(sending, reply->bytes, entry->split, sending->start_us, WIRE_GOES_ON);
    send_piece(sending, reply->bytes + entry->split, reply->n - entry->split,
               sending->start_us + (int64_t)entry->split * sending->bus->byte_us + apart_us,
               WIRE_GOES_ON);
}

/* Two replies as one piece. */
static void send_both(const struct sending *sending, const struct reply *first,
                      const struct reply *second)
{
    uint8_t both[2 * REPLY_MAX];

    memcpy(both, first->bytes, first->n);
    memcpy(both + first->n, second->bytes, second->n);
    send_piece(sending, both, first->n + second->n, sending->start_us, WIRE_GOES_ON);
}

static void send_coalesced(const struct sending *sending, const struct reply *reply)
{
    struct entry *entry = sending->entry;

    if (entry->held != NULL) {
        send_both(sending, entry->held, reply);
        free(entry->held);
        entry->held = NULL;
        return;
    }
    entry->held = malloc(sizeof(*entry->held));
    if (entry->held != NULL) {
        *entry->held = *reply;
    }
}

static void send_dribbling(const struct sending *sending, const struct reply *reply,
                           int32_t every_ms)
{
    int64_t byte_us = (every_ms > 0 ? every_ms : 1) * US_PER_MS;
    const struct piece piece = {
        .bytes = reply->bytes,
        .n = reply->n,
        .start_us = sending->start_us,
        .byte_us = byte_us > sending->bus->byte_us ? byte_us : sending->bus->byte_us};

    connection_put(sending->connection, &piece);
}

static bool speed_is_wrong(const struct bus *bus)
{
    int32_t baud = 0;

    return scheme_is_serial(bus->scheme) && bus_has_fault(bus, FAULT_WRONG_SPEED, &baud) &&
           pty_baud(&bus->pty) != baud;
}

static void send_reply(const struct sending *sending, struct reply *reply,
                       const struct fault *fault)
{
    static const struct fault mangled = {.kind = FAULT_GARBAGE};
    struct bus *bus = sending->bus;

    distort(reply, speed_is_wrong(bus) ? &mangled : fault, &bus->random_state);
    if (fault->kind == FAULT_MUTE) {
        return;
    }
    if (fault->kind == FAULT_CLOSE) {
        send_piece(sending, NULL, 0, sending->start_us, WIRE_CLOSE);
    } else if (fault->kind == FAULT_RESET_HALF) {
        send_piece(sending, reply->bytes, reply->n, sending->start_us, WIRE_RESET);
    } else if (fault->kind == FAULT_DELAY) {
        uint32_t most_ms = fault->value > 0 ? (uint32_t)fault->value : 0;
        uint32_t delay_ms = random_below(&bus->random_state, most_ms + 1);

        send_all(sending, reply, sending->start_us + (int64_t)delay_ms * US_PER_MS);
    } else if (fault->kind == FAULT_DRIBBLE) {
        send_dribbling(sending, reply, fault->value);
    } else if (fault->kind == FAULT_TWICE) {
        send_both(sending, reply, reply);
    } else if (fault->kind == FAULT_COALESCED) {
        send_coalesced(sending, reply);
    } else if (fault->kind == FAULT_SPLIT) {
        send_split(sending, reply, fault->value);
    } else {
        send_all(sending, reply, sending->start_us);
    }
}

/* --- Modbus --- */

static void refuse(struct bus *bus, const uint8_t *request, uint8_t code,
                   struct reply *reply)
{
    bus->simulator->counts.refused++;
    reply_modbus(reply, request, frame_pdu(bus->framing, request)[1] | 0x80, &code, 1);
}

static bool touches(const struct fault *fault, uint16_t address, uint16_t count)
{
    return fault->kind == FAULT_GAP && fault->value >= address &&
           fault->value < (int32_t)address + count;
}

static void read_registers(struct entry *entry, const uint8_t *request,
                           const struct hits *hits, struct reply *reply)
{
    struct image_value values[QUANTITY_COUNT];
    const uint8_t *pdu = frame_pdu(entry->bus->framing, request);
    uint16_t address = (uint16_t)(pdu[2] << 8 | pdu[3]);
    uint16_t count = (uint16_t)(pdu[4] << 8 | pdu[5]);
    uint8_t body[251];

    if (count == 0 || count > 125 || count > entry->meter.profile->max_registers) {
        refuse(entry->bus, request, EXCEPTION_COUNT, reply);
        return;
    }
    entry_values(entry, hits, values);
    body[0] = (uint8_t)(2 * count);
    if (touches(&hits->reply, address, count) ||
        !image_read(entry->meter.profile, values, pdu[1], address, count, body + 1)) {
        refuse(entry->bus, request, EXCEPTION_ADDRESS, reply);
        return;
    }
    reply_modbus(reply, request, pdu[1], body, 1 + (size_t)body[0]);
}

static struct entry *entry_of_unit(const struct bus *bus, uint8_t unit)
{
    for (int i = 0; i < bus->n_entries; i++) {
        if (bus->entry[i]->meter.unit == unit) {
            return bus->entry[i];
        }
    }
    return NULL;
}

static void count_outcome(struct bus *bus, const struct hits *hits, bool was_refused)
{
    struct simulator_counts *counts = &bus->simulator->counts;
    bool is_hit = hits->reply.kind != FAULT_NONE || hits->n_values > 0;

    counts->faults += is_hit;
    counts->replies += !is_hit && !was_refused;
}

static void serve_modbus(struct sending *sending, const uint8_t *request, size_t n)
{
    struct bus *bus = sending->bus;
    struct simulator_counts *counts = &bus->simulator->counts;
    const uint8_t *pdu = frame_pdu(bus->framing, request);
    bool reads = pdu[1] == 3 || pdu[1] == 4;
    struct reply reply = {.framing = bus->framing};
    struct hits hits = {.n_values = 0};
    uint64_t refused = counts->refused;

    counts->requests++;
    counts->writes += !reads;
    sending->entry = entry_of_unit(bus, pdu[0]);
    if (sending->entry == NULL && bus->framing == FRAMING_RTU) {
        counts->unheard++;
        return;
    }
    if (!reads) {
        refuse(bus, request, EXCEPTION_FUNCTION, &reply);
    } else if (sending->entry == NULL) {
        refuse(bus, request, EXCEPTION_GATEWAY, &reply);
    } else if (frame_pdu_len(bus->framing, n) != READ_PDU_LEN) {
        refuse(bus, request, EXCEPTION_COUNT, &reply);
    } else {
        hits = hits_draw(bus, sending->entry);
        if (hits.reply.kind == FAULT_EXCEPTION) {
            refuse(bus, request, (uint8_t)hits.reply.value, &reply);
        } else {
            read_registers(sending->entry, request, &hits, &reply);
        }
        count_outcome(bus, &hits, counts->refused > refused);
    }
    if (sending->entry != NULL) {
        sending->start_us += sending->entry->meter.answer_after_ms * US_PER_MS;
    }
    send_reply(sending, &reply, &hits.reply);
}

/* --- DL/T 645 --- */

/* The first two meters whose address fits: AA fits every digit. Returns their number. */
static int entries_of_address(const struct bus *bus, const uint8_t *request,
                              struct entry *ret_entry[2])
{
    int n = 0;

    for (int i = 0; i < bus->n_entries && n < 2; i++) {
        if (dlt645_is_for(bus->entry[i], request)) {
            ret_entry[n++] = bus->entry[i];
        }
    }
    return n;
}

static void serve_dlt645(struct sending *sending, const uint8_t *request)
{
    struct bus *bus = sending->bus;
    struct simulator_counts *counts = &bus->simulator->counts;
    struct entry *entry[2] = {NULL, NULL};
    struct reply reply = {.framing = bus->framing};
    struct reply other = {.framing = bus->framing};
    uint64_t refused = counts->refused;

    counts->requests++;
    counts->writes += !dlt645_reads(request[8]);
    int n = entries_of_address(bus, request, entry);

    if (n == 0) {
        counts->unheard++;
        return;
    }
    struct hits hits = hits_draw(bus, entry[0]);
    bool has_reply = answer_dlt645(entry[0], request, &hits, &reply);

    if (n > 1 && answer_dlt645(entry[1], request, &hits, &other)) {
        distort_collide(&reply, &other);
        has_reply = true;
    }
    if (!has_reply) {
        counts->unheard++;
        return;
    }
    count_outcome(bus, &hits, counts->refused > refused);
    sending->entry = entry[0];
    sending->start_us += entry[0]->meter.answer_after_ms * US_PER_MS;
    if (hits.reply.kind != FAULT_MUTE_FOLLOW || request[8] != 0x12) {
        send_reply(sending, &reply, &hits.reply);
    }
}

void bus_on_request(void *ctx, struct connection *connection, const uint8_t *request,
                    size_t n, int64_t heard_us)
{
    struct bus *bus = ctx;
    struct sending sending = {bus, NULL, connection, heard_us};

    if (bus->framing == FRAMING_DLT645) {
        serve_dlt645(&sending, request);
    } else {
        serve_modbus(&sending, request, n);
    }
}
