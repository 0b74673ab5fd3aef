/*
 * The four byte orders (字节序) of every 32-bit value of a live reading side by side, for
 * `ecmon read --try-orders`: which of them is plausible shows how a meter is set.
 */
#ifndef ECMON_CLI_ORDERS_H
#define ECMON_CLI_ORDERS_H

#include <jansson.h>
#include <stdint.h>

#include <ecmon/profile.h>

/* A, B, C, D are the bytes as they come; the word says in which order they are taken. */
enum byte_order {
    BYTE_ORDER_ABCD,
    BYTE_ORDER_CDAB,
    BYTE_ORDER_BADC,
    BYTE_ORDER_DCBA
};

#define BYTE_ORDERS 4

/* "ABCD" "CDAB" "BADC" "DCBA" */
const char *byte_order_name(enum byte_order order);

/* Four bytes as they came, taken in that order. */
uint32_t byte_order_take(enum byte_order order, const uint8_t *bytes);

/*
 * From the frames of a reading over Modbus ({direction, foreign, bytes}): an array of
 * {quantity, address, type, bytes, profile_order, ABCD, CDAB, BADC, DCBA}, numbers as the
 * register's type has them, before scaling; null: not a finite number, or no BCD.
 */
json_t *orders_json(const struct profile *profile, const char *endpoint,
                    const json_t *frames);

/* The same as a table for people. */
void orders_print(const json_t *orders);

#endif
