/* What bytes a CSV file is written in, and its records as UTF-8. Used by csv.c only. */
#ifndef ECMON_CORE_CSV_ENCODING_H
#define ECMON_CORE_CSV_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/text.h"

enum csv_encoding {
    CSV_UTF8,
    CSV_GB18030
};

extern const char csv_why_not_utf8[]; /* UTF-16 or NUL bytes */

/* Looks at a file block by block. */
struct csv_sniffer {
    bool has_nul;
    bool has_bad_utf8;
    bool unfinished;  /* set by the caller: the file goes on behind what was looked at */
    size_t n_carried; /* bytes of a character that the block before left unfinished */
    char carried[4];
};

struct csv_encoding_found {
    enum csv_encoding encoding;
    size_t bom_n; /* length of the byte order mark */
};

void csv_sniff(struct csv_sniffer *sniffer, const char *bytes, size_t n);

/* first: the first n bytes of the file. Returns 0 or ERR_SYNTAX (csv_why_not_utf8). */
int csv_encoding_decide(const struct csv_sniffer *sniffer, const char *first, size_t n,
                        struct csv_encoding_found *ret_found);

/* GB18030 to UTF-8. */
struct csv_converter;

/* Returns 0, ERR_NOMEM, or ERR_UNAVAILABLE when the C library has no GB18030. */
int csv_converter_new(struct csv_converter **ret_converter);
void csv_converter_free(struct csv_converter *converter);
/* Appends the text (which is only read) as UTF-8. Returns 0, ERR_NOMEM, or ERR_SYNTAX with
 * the offset of the first bytes that are no GB18030. */
int csv_convert(struct csv_converter *converter, char *text, size_t n,
                struct text_buffer *buffer, size_t *ret_offset);

#endif
