/*
 * Meters on one line for tests of the collection engine: Modbus RTU or DL/T 645, on a
 * pseudo-terminal behind a link, or behind a transparent serial server (TCP on loopback).
 * Frames for itself, lives on a loop (real or virtual), replies in the order of their turn.
 */
#ifndef ECMON_TESTS_SUPPORT_FAKE_BUS_H
#define ECMON_TESTS_SUPPORT_FAKE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/loop.h"

struct fake_bus;

struct fake_bus_request {
    uint8_t unit; /* RTU */
    uint16_t address;
    uint16_t count;
    uint8_t meter[6]; /* DL/T 645, A0 first */
    uint32_t data_id;
    uint8_t sequence; /* of a follow-up frame; 0: the first */
    uint64_t number;  /* of the bus's requests, from 1 */
    int64_t mono_ms;
};

struct fake_bus_reply {
    int64_t delay_ms;
    bool is_mute;
    uint8_t error;  /* RTU: exception code; DL/T 645: error byte; 0 = none */
    bool is_broken; /* wrong checksum */
    bool more;      /* DL/T 645: follow-up frames hold the rest */
    uint8_t n_data; /* DL/T 645, without +33H */
    uint8_t data[200];
};

struct fake_bus_options {
    bool is_tcp;
    bool is_dlt645;
    bool has_echo;
    int32_t character_us; /* pace of the wire; 0: at once */
    /* ret is an answer at once: RTU registers are unit << 8 at even, address at odd
     * addresses. */
    void (*reply)(void *ctx, const struct fake_bus_request *request,
                  struct fake_bus_reply *ret);
    void *ctx;
};

int fake_bus_new(struct loop *loop, const struct fake_bus_options *options,
                 struct fake_bus **ret_bus);
void fake_bus_free(struct fake_bus *bus);
/* The link to the terminal, or the port. */
const char *fake_bus_path(const struct fake_bus *bus);
uint16_t fake_bus_port(const struct fake_bus *bus);
uint64_t fake_bus_requests(const struct fake_bus *bus);
/* Requests that came while a reply was on the wire. */
int fake_bus_collisions(const struct fake_bus *bus);
/* Takes the terminal away, and puts a new one behind the same link. */
void fake_bus_unplug(struct fake_bus *bus);
int fake_bus_plug(struct fake_bus *bus);
/* Bytes that nobody asked for. Returns how many fitted. */
size_t fake_bus_babble(struct fake_bus *bus, const uint8_t *bytes, size_t n);
/* The terminal takes no output any more. */
void fake_bus_block(struct fake_bus *bus, bool is_blocked);
/* BCD, low byte first, as DL/T 645 has it. */
void fake_bus_bcd(uint8_t *ret_bytes, int n, uint64_t value);

#endif
