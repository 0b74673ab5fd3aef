/* UTF-8 by code point, strict: no surrogates, no overlong forms. Used inside core. */
#ifndef ECMON_CORE_UTF8_H
#define ECMON_CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes (1..4) of the well-formed sequence at the start of text, whose code point goes to
 * *ret_code (may be NULL); 0 when there is none or n is 0. */
size_t utf8_decode(const char *text, size_t n, uint32_t *ret_code);
/* Length of the longest well-formed prefix. */
size_t utf8_valid_prefix(const char *text, size_t n);

#endif
