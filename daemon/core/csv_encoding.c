#include "daemon/core/csv_encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/utf8.h"

#define CONVERT_BLOCK 4096

const char csv_why_not_utf8[] =
    "the file is UTF-16 or holds NUL bytes; save it as CSV UTF-8 and try again";

struct csv_converter {
    iconv_t iconv;
};

/* Bytes that the character which `first` begins should have. */
static size_t wanted_length(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* Completes the carried character with the first bytes of the block; returns how many it
 * took. */
static size_t finish_carried(struct csv_sniffer *sniffer, const char *bytes, size_t n)
{
    size_t wanted = wanted_length((unsigned char)sniffer->carried[0]);
    size_t taken = 0;

    while (sniffer->n_carried < wanted && taken < n) {
        sniffer->carried[sniffer->n_carried] = bytes[taken];
        sniffer->n_carried++;
        taken++;
    }
    if (sniffer->n_carried == wanted) {
        sniffer->has_bad_utf8 |= utf8_decode(sniffer->carried, wanted, NULL) == 0;
        sniffer->n_carried = 0;
    }
    return taken;
}

void csv_sniff(struct csv_sniffer *sniffer, const char *bytes, size_t n)
{
    sniffer->has_nul |= memchr(bytes, '\0', n) != NULL;
    size_t at = sniffer->n_carried > 0 ? finish_carried(sniffer, bytes, n) : 0;

    at += utf8_valid_prefix(bytes + at, n - at);
    if (sniffer->has_bad_utf8 || at == n) {
        return;
    }
    if (n - at >= wanted_length((unsigned char)bytes[at])) {
        sniffer->has_bad_utf8 = true;
        return;
    }
    sniffer->n_carried = n - at;
    memcpy(sniffer->carried, bytes + at, n - at);
}

static bool begins_with(const char *bytes, size_t n, const char *bom, size_t n_bom)
{
    return n >= n_bom && memcmp(bytes, bom, n_bom) == 0;
}

int csv_encoding_decide(const struct csv_sniffer *sniffer, const char *first, size_t n,
                        struct csv_encoding_found *ret_found)
{
    bool bad_utf8 =
        sniffer->has_bad_utf8 || (!sniffer->unfinished && sniffer->n_carried > 0);

    if (sniffer->has_nul || begins_with(first, n, "\xff\xfe", 2) ||
        begins_with(first, n, "\xfe\xff", 2)) {
        return ERR_SYNTAX;
    }
    if (begins_with(first, n, "\xef\xbb\xbf", 3)) {
        *ret_found = (struct csv_encoding_found){CSV_UTF8, 3};
    } else if (begins_with(first, n, "\x84\x31\x95\x33", 4)) {
        *ret_found = (struct csv_encoding_found){CSV_GB18030, 4};
    } else {
        *ret_found = (struct csv_encoding_found){bad_utf8 ? CSV_GB18030 : CSV_UTF8, 0};
    }
    return 0;
}

int csv_converter_new(struct csv_converter **ret_converter)
{
    struct csv_converter *converter = calloc(1, sizeof(*converter));

    if (converter == NULL) {
        return ERR_NOMEM;
    }
    converter->iconv = iconv_open("UTF-8", "GB18030");
    if (converter->iconv ==
        (iconv_t)-1) { /* NOLINT(performance-no-int-to-ptr): POSIX says so */
        free(converter);
        return ERR_UNAVAILABLE;
    }
    *ret_converter = converter;
    return 0;
}

void csv_converter_free(struct csv_converter *converter)
{
    if (converter != NULL) {
        (void)iconv_close(converter->iconv);
        free(converter);
    }
}

int csv_convert(struct csv_converter *converter, char *text, size_t n,
                struct text_buffer *buffer, size_t *ret_offset)
{
    char block[CONVERT_BLOCK];
    char *in = text;
    size_t in_left = n;

    (void)iconv(converter->iconv, NULL, NULL, NULL, NULL);
    while (in_left > 0) {
        char *out = block;
        size_t out_left = sizeof(block);
        size_t done = iconv(converter->iconv, &in, &in_left, &out, &out_left);

        text_append_n(buffer, block, (size_t)(out - block));
        if (done == (size_t)-1 && errno != E2BIG) {
            *ret_offset = n - in_left;
            return ERR_SYNTAX;
        }
    }
    return buffer->err;
}
