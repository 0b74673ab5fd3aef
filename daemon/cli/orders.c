#include "daemon/cli/orders.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ecmon/driver.h>

#include "daemon/core/text.h"

#define MBAP_BYTES  6
#define VALUE_BYTES 4

/* A request and its reply. */
struct exchange {
    uint8_t function;
    uint16_t address;
    uint16_t count;
    uint8_t bytes[DRIVER_FRAME_MAX]; /* of the registers */
    size_t n;
};

const char *byte_order_name(enum byte_order order)
{
    static const char *const name[BYTE_ORDERS] = {"ABCD", "CDAB", "BADC", "DCBA"};

    return name[order];
}

uint32_t byte_order_take(enum byte_order order, const uint8_t *bytes)
{
    static const uint8_t place[BYTE_ORDERS][VALUE_BYTES] = {
        {0, 1, 2, 3}, {2, 3, 0, 1}, {1, 0, 3, 2}, {3, 2, 1, 0}};
    uint32_t value = 0;

    for (int i = 0; i < VALUE_BYTES; i++) {
        value = value << 8 | bytes[place[order][i]];
    }
    return value;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* "43 66 33" */
static size_t bytes_of(const json_t *frame, uint8_t *ret_bytes)
{
    const char *hex = json_string_value(json_object_get(frame, "bytes"));
    size_t n = 0;

    while (hex != NULL && n < DRIVER_FRAME_MAX) {
        int high = digit_of(hex[0]);
        int low = high >= 0 ? digit_of(hex[1]) : -1;

        if (low < 0) {
            break;
        }
        ret_bytes[n++] = (uint8_t)(16 * high + low);
        hex += hex[2] == ' ' ? 3 : 2;
    }
    return n;
}

static bool is_sent(const json_t *frame)
{
    const char *direction = json_string_value(json_object_get(frame, "direction"));

    return direction != NULL && strcmp(direction, "sent") == 0;
}

static uint16_t word_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Takes the next frame into the exchange; true when it has become whole. */
static bool take_frame(const json_t *frame, size_t start, struct exchange *exchange)
{
    uint8_t bytes[DRIVER_FRAME_MAX];
    size_t n = bytes_of(frame, bytes);

    if (is_sent(frame)) {
        *exchange = (struct exchange){0};
        if (n >= start + 6) {
            exchange->function = bytes[start + 1];
            exchange->address = word_at(bytes + start + 2);
            exchange->count = word_at(bytes + start + 4);
        }
        return false;
    }
    if (json_is_true(json_object_get(frame, "foreign")) || n < start + 3 ||
        bytes[start + 1] != exchange->function || n < start + 3 + bytes[start + 2] ||
        bytes[start + 2] != 2 * exchange->count) {
        return false;
    }
    exchange->n = bytes[start + 2];
    memcpy(exchange->bytes, bytes + start + 3, exchange->n);
    return true;
}

static bool is_bcd(uint32_t raw)
{
    for (; raw != 0; raw >>= 4) {
        if ((raw & 15) > 9) {
            return false;
        }
    }
    return true;
}

static json_t *number(enum register_type type, uint32_t raw)
{
    char digits[16];
    int64_t value = 0;
    float real = 0;

    switch (type) {
    case REGISTER_F32:
        memcpy(&real, &raw, sizeof(real));
        return isfinite(real) ? json_real((double)real) : json_null();
    case REGISTER_S32:
        return json_integer((int32_t)raw);
    case REGISTER_BCD32:
        (void)snprintf(digits, sizeof(digits), "%X", raw);
        return is_bcd(raw) && text_to_i64(digits, 0, INT64_MAX, &value) == 0
                   ? json_integer((json_int_t)value)
                   : json_null();
    case REGISTER_U16:
    case REGISTER_S16:
    case REGISTER_U32:
    case REGISTER_U64:
    case REGISTER_S64:
    case REGISTER_F64:
    case REGISTER_BCD16:
    default:
        return json_integer((json_int_t)raw);
    }
}

static const char *type_name(enum register_type type)
{
    return type == REGISTER_F32     ? "f32"
           : type == REGISTER_S32   ? "s32"
           : type == REGISTER_BCD32 ? "bcd32"
                                    : "u32";
}

static json_t *row_of(const struct profile_point *point, const struct profile_part *part,
                      const uint8_t *bytes)
{
    char hex[16];

    (void)snprintf(hex, sizeof(hex), "%02X %02X %02X %02X", bytes[0], bytes[1], bytes[2],
                   bytes[3]);
    json_t *row =
        json_pack("{s:s, s:i, s:s, s:s, s:s}", "quantity", quantity_name(point->quantity),
                  "address", part->address, "type", type_name(part->type), "bytes", hex,
                  "profile_order", part->order == WORD_ORDER_BE ? "ABCD" : "CDAB");

    for (int i = 0; i < BYTE_ORDERS; i++) {
        enum byte_order order = (enum byte_order)i;

        (void)json_object_set_new(row, byte_order_name(order),
                                  number(part->type, byte_order_take(order, bytes)));
    }
    return row;
}

static void add_rows(const struct profile *profile, const struct exchange *exchange,
                     json_t *orders)
{
    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];

        for (int k = 0; k < point->n_parts && point->function == exchange->function; k++) {
            const struct profile_part *part = &point->part[k];
            size_t at = (size_t)2 * (size_t)(part->address - exchange->address);

            if (register_type_words(part->type) == 2 &&
                part->address >= exchange->address && at + VALUE_BYTES <= exchange->n) {
                (void)json_array_append_new(orders,
                                            row_of(point, part, exchange->bytes + at));
            }
        }
    }
}

json_t *orders_json(const struct profile *profile, const char *endpoint,
                    const json_t *frames)
{
    size_t start = strncmp(endpoint, "modbus+tcp", 10) == 0 ? MBAP_BYTES : 0;
    struct exchange exchange = {0};
    json_t *orders = json_array();
    const json_t *frame = NULL;
    size_t i = 0;

    json_array_foreach(frames, i, frame)
    {
        if (take_frame(frame, start, &exchange)) {
            add_rows(profile, &exchange, orders);
        }
    }
    return orders;
}

static void print_number(const json_t *value)
{
    if (json_is_integer(value)) {
        (void)printf(" %15lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)printf(" %15.7g", json_real_value(value));
    } else {
        (void)printf(" %*s", 15, "-");
    }
}

void orders_print(const json_t *orders)
{
    const json_t *row = NULL;
    size_t i = 0;

    (void)printf("%-22s %7s %-5s %-11s", "quantity", "address", "type", "bytes");
    for (int k = 0; k < BYTE_ORDERS; k++) {
        (void)printf(" %15s", byte_order_name((enum byte_order)k));
    }
    (void)printf("  profile\n");
    json_array_foreach(orders, i, row)
    {
        (void)printf("%-22s %7lld %-5s %s",
                     json_string_value(json_object_get(row, "quantity")),
                     (long long)json_integer_value(json_object_get(row, "address")),
                     json_string_value(json_object_get(row, "type")),
                     json_string_value(json_object_get(row, "bytes")));
        for (int k = 0; k < BYTE_ORDERS; k++) {
            print_number(json_object_get(row, byte_order_name((enum byte_order)k)));
        }
        (void)printf("  %s\n", json_string_value(json_object_get(row, "profile_order")));
    }
}
