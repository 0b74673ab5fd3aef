/* Frames captured from real meters, as published; the data worked out by hand. */
#ifndef ECMON_TESTS_DLT645_CAPTURED_H
#define ECMON_TESTS_DLT645_CAPTURED_H

#include <stddef.h>
#include <stdint.h>

#include <ecmon/driver.h>

struct captured {
    const char *name;
    const char *meter;   /* 12 digits */
    const char *request; /* "" = not published */
    const char *reply;   /* without preamble */
    uint8_t function;    /* of the request */
    uint32_t data_id;
    const char *data; /* behind the identifier, 33H taken off; "" = the meter refuses */
    uint8_t error;
};

extern const struct captured captured[];
extern const size_t captured_n;

/* "68 61 …" -> bytes. Returns their number. */
size_t bytes_of_hex(const char *hex, uint8_t *ret_bytes);
/* The request that the frame answers. */
struct request request_of(const struct captured *frame);
/* A read of meter 123456789012. */
struct request read_of(uint32_t data_id);

/* A frame made here, without the driver: data_hex without 33H. Returns its length. */
size_t make_frame(const char *meter, uint8_t control, const char *data_hex,
                  uint8_t *ret_bytes);

/* The driver's verdict on a copy of exactly n bytes; checks what always holds. */
struct feed_result feed(const struct request *request, const uint8_t *bytes, size_t n);
/* Discards what is foreign until an answer or the end. */
struct feed_result drain(const struct request *request, const uint8_t *bytes, size_t n);
/* The same with the bytes coming one by one. */
struct feed_result dribble(const struct request *request, const uint8_t *bytes, size_t n);

#endif
