/*
 * A Modbus TCP server on loopback for tests of the collection engine: frames for itself,
 * lives on a loop (real or virtual) and does to each request what the test's script says.
 */
#ifndef ECMON_TESTS_SUPPORT_FAKE_METER_H
#define ECMON_TESTS_SUPPORT_FAKE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/loop.h"

struct fake_meter;

struct fake_request {
    uint16_t transaction_id;
    uint8_t unit;
    uint8_t function;
    uint16_t address;
    uint16_t count;
    uint64_t number; /* of the server's requests, from 1 */
};

enum fake_action {
    FAKE_ANSWER,
    FAKE_MUTE,
    FAKE_EXCEPTION,
    FAKE_WRONG_TRANSACTION,
    FAKE_WRONG_UNIT,
    FAKE_WRONG_COUNT,    /* byte count says one register less */
    FAKE_WRONG_PROTOCOL, /* protocol id 1: the stream is broken */
    FAKE_GARBAGE,        /* 40 bytes that are no frame */
    FAKE_TWICE,          /* the answer, and the same again */
    FAKE_CLOSE,          /* closes instead of answering */
    FAKE_RESET           /* half an answer, then RST */
};

struct fake_reply {
    int64_t delay_ms;
    int64_t byte_ms; /* > 0: one byte, then this long until the next */
    enum fake_action action;
    uint8_t exception;
    bool then_close; /* after a whole answer */
};

struct fake_script {
    /* ret is FAKE_ANSWER at once. NULL: everything is answered at once. */
    void (*reply)(void *ctx, const struct fake_request *request, struct fake_reply *ret);
    /* One register. NULL: its address. */
    uint16_t (*value)(void *ctx, const struct fake_request *request, uint16_t address);
    void *ctx;
};

/* port 0: any free one. Returns 0 or a negative error. */
int fake_meter_new(struct loop *loop, const struct fake_script *script, uint16_t port,
                   struct fake_meter **ret_meter);
void fake_meter_free(struct fake_meter *meter);
uint16_t fake_meter_port(const struct fake_meter *meter);
/* Connections accepted so far, and open now. */
int fake_meter_accepted(const struct fake_meter *meter);
int fake_meter_open(const struct fake_meter *meter);
uint64_t fake_meter_requests(const struct fake_meter *meter);
/* Ends every connection; reset: by RST. */
void fake_meter_drop(struct fake_meter *meter, bool reset);
/* Open connections fall silent for ever, new ones work: a half-open line. */
void fake_meter_deafen(struct fake_meter *meter);

#endif
