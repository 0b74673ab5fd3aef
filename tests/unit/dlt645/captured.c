#include "tests/unit/dlt645/captured.h"

#include "drivers/dlt645/dlt645.h"
#include "tests/support/test.h"

const struct captured captured[] = {
    {"A1", "000000000161", "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16",
     "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16", 0x11, 0x00010000,
     "26 00 00 00", 0},
    {"A2", "000000000161", "68 61 01 00 00 00 00 68 11 04 33 33 35 33 15 16",
     "68 61 01 00 00 00 00 68 91 08 33 33 35 33 59 34 33 33 8C 16", 0x11, 0x00020000,
     "26 01 00 00", 0},
    {"A3", "000000000161", "",
     "68 61 01 00 00 00 00 68 91 08 33 33 36 33 59 33 34 33 8D 16", 0x11, 0x00030000,
     "26 00 01 00", 0},
    {"A4", "000000000161", "68 61 01 00 00 00 00 68 11 04 33 34 34 35 17 16",
     "68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16", 0x11, 0x02010100, "01 10", 0},
    {"B1", "AAAAAAAAAAAA", "68 AA AA AA AA AA AA 68 13 00 DF 16",
     "68 94 41 03 26 12 18 68 93 06 C7 74 36 59 45 4B EB 16", 0x13, 0, "94 41 03 26 12 18",
     0},
    {"B2", "181226034194", "",
     "68 94 41 03 26 12 18 68 91 0A 33 32 34 35 36 56 33 33 33 33 B9 16", 0x11, 0x0201FF00,
     "03 23 00 00 00 00", 0},
    {"B3", "181226034194", "",
     "68 94 41 03 26 12 18 68 91 0D 33 32 35 35 BB 34 33 33 33 33 33 33 33 B9 16", 0x11,
     0x0202FF00, "88 01 00 00 00 00 00 00 00", 0},
    {"C1", "201000000012", "68 12 00 00 00 10 20 68 11 04 33 32 34 33 F3 16",
     "68 12 00 00 00 10 20 68 91 18 33 32 34 33 5C 34 33 33 95 33 33 33 93 33 33 33 36 33 "
     "33 "
     "33 35 33 33 33 74 16",
     0x11, 0x0001FF00, "29 01 00 00 62 00 00 00 60 00 00 00 03 00 00 00 02 00 00 00", 0},
    {"C2", "201000000012", "",
     "68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16", 0x11, 0x0201FF00,
     "56 22 FF FF FF FF", 0},
    {"C3", "201000000012", "",
     "68 12 00 00 00 10 20 68 91 08 34 34 33 37 34 44 34 49 72 16", 0x11, 0x04000101,
     "01 11 01 16", 0},
    {"C4", "201000000012", "", "68 12 00 00 00 10 20 68 91 07 35 34 33 37 88 86 54 DF 16",
     0x11, 0x04000102, "55 53 21", 0},
    {"C5", "201000000012", "68 12 00 00 00 10 20 68 11 04 33 33 34 36 F7 16",
     "68 12 00 00 00 10 20 68 D1 01 35 19 16", 0x11, 0x03010000, "", 0x02},
    {"C6", "AAAAAAAAAAAA", "", "68 12 00 00 00 10 20 68 93 06 45 33 33 33 43 53 1F 16",
     0x13, 0, "12 00 00 00 10 20", 0},
    {"D", "201709320072", "", "68 72 00 32 09 17 20 68 91 08 33 33 34 33 B9 34 33 33 6D 16",
     0x11, 0x00010000, "86 01 00 00", 0},
    {"E1", "910004920760", "",
     "68 60 07 92 04 00 91 68 91 08 33 33 33 33 97 35 A8 33 6A 16", 0x11, 0x00000000,
     "64 02 75 00", 0},
    {"E2", "910004920760", "", "68 60 07 92 04 00 91 68 D1 01 37 67 16", 0x11, 0x00000000,
     "", 0x04},
    {"E3", "910004920760", "",
     "68 60 07 92 04 00 91 68 91 08 33 33 77 33 98 4C 33 33 51 16", 0x11, 0x00440000,
     "65 19 00 00", 0},
    {"F", "202107072529", "68 29 25 07 07 21 20 68 11 04 33 33 33 33 4E 16",
     "68 29 25 07 07 21 20 68 91 08 33 33 33 33 A9 4A 36 33 2E 16", 0x11, 0x00000000,
     "76 17 03 00", 0},
    {"G", "000000237177", "", "68 77 71 23 00 00 00 68 91 08 33 33 33 33 34 33 33 33 0D 16",
     0x11, 0x00000000, "01 00 00 00", 0},
    {"H", "042209026460", "",
     "68 60 64 02 09 22 04 68 91 0A 33 32 34 35 47 56 33 33 33 33 97 16", 0x11, 0x0201FF00,
     "14 23 00 00 00 00", 0},
    {"I", "002241020208", "68 08 02 02 41 22 00 68 11 04 35 37 33 37 2A 16",
     "68 08 02 02 41 22 00 68 91 0A 35 37 33 37 3B 35 35 74 55 33 51 16", 0x11, 0x04000402,
     "08 02 02 41 22 00", 0},
    {"K", "138000130754", "68 54 07 13 00 80 13 68 01 02 43 C3 DA 16",
     "68 54 07 13 00 80 13 68 81 06 43 C3 34 33 33 33 2B 16", 0x01, 0x9010, "01 00 00 00",
     0},
    {"constructed", "123456789012", "",
     "68 12 90 78 56 34 12 68 91 08 33 33 34 33 89 67 45 33 54 16", 0x11, 0x00010000,
     "56 34 12 00", 0},
};
const size_t captured_n = sizeof(captured) / sizeof(captured[0]);

size_t bytes_of_hex(const char *hex, uint8_t *ret_bytes)
{
    size_t n = 0;

    for (; *hex != '\0'; hex += hex[2] == ' ' ? 3 : 2) {
        char pair[3] = {hex[0], hex[1], '\0'};

        ret_bytes[n++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

static struct request request_to(const char *meter, uint8_t function, uint32_t data_id)
{
    struct request request = {.function = function,
                              .edition = function == 0x01 ? PROFILE_DLT645_1997
                                                          : PROFILE_DLT645_2007,
                              .data_id = data_id};

    assert_int_equal(dlt645_address_of_text(meter, request.meter_address), 0);
    return request;
}

struct request request_of(const struct captured *frame)
{
    return request_to(frame->meter, frame->function, frame->data_id);
}

struct request read_of(uint32_t data_id)
{
    return request_to("123456789012", 0x11, data_id);
}

size_t make_frame(const char *meter, uint8_t control, const char *data_hex,
                  uint8_t *ret_bytes)
{
    uint8_t address[6] = {0};
    uint8_t data[256] = {0};
    size_t data_n = bytes_of_hex(data_hex, data);
    unsigned sum = 0;
    size_t n = 0;

    (void)bytes_of_hex(meter, address);
    ret_bytes[n++] = 0x68;
    for (int i = 5; i >= 0; i--) {
        ret_bytes[n++] = address[i];
    }
    ret_bytes[n++] = 0x68;
    ret_bytes[n++] = control;
    ret_bytes[n++] = (uint8_t)data_n;
    for (size_t i = 0; i < data_n; i++) {
        ret_bytes[n++] = (uint8_t)(data[i] + 0x33);
    }
    for (size_t i = 0; i < n; i++) {
        sum += ret_bytes[i];
    }
    ret_bytes[n++] = (uint8_t)(sum & 0xff);
    ret_bytes[n++] = 0x16;
    return n;
}

struct feed_result feed(const struct request *request, const uint8_t *bytes, size_t n)
{
    struct feed_result result;
    /* a copy of exactly n bytes, so that the sanitizer sees a read beyond them */
    uint8_t *copy = malloc(n == 0 ? 1 : n);

    assert_non_null(copy);
    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    dlt645_driver()->feed(request, copy, n, &result);
    assert_int_equal(result.fatal, 0);
    assert_true(result.consumed <= n);
    assert_int_equal(result.verdict == FEED_NEED_MORE, result.consumed == 0);
    assert_int_equal(result.payload != NULL, result.verdict == FEED_REPLY);
    if (result.payload != NULL) {
        result.payload = bytes + (result.payload - copy);
    }
    free(copy);
    return result;
}

struct feed_result drain(const struct request *request, const uint8_t *bytes, size_t n)
{
    struct feed_result result = feed(request, bytes, n);

    while (result.verdict == FEED_FOREIGN) {
        bytes += result.consumed;
        n -= result.consumed;
        result = feed(request, bytes, n);
    }
    return result;
}

struct feed_result dribble(const struct request *request, const uint8_t *bytes, size_t n)
{
    struct feed_result result = {.verdict = FEED_NEED_MORE};
    size_t at = 0;

    for (size_t came = 1; came <= n; came++) {
        result = feed(request, bytes + at, came - at);
        while (result.verdict == FEED_FOREIGN) {
            at += result.consumed;
            result = feed(request, bytes + at, came - at);
        }
        if (result.verdict != FEED_NEED_MORE) {
            break;
        }
    }
    return result;
}
