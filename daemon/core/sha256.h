/* SHA-256 by OpenSSL, as 64 hexadecimal digits. */
#ifndef ECMON_CORE_SHA256_H
#define ECMON_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256;

/* Returns NULL when out of memory; updates are no-ops on NULL. */
struct sha256 *sha256_new(void);
void sha256_update(struct sha256 *sha, const void *bytes, size_t n);
/* Text and its terminating NUL: fields cannot run into one another. */
void sha256_text(struct sha256 *sha, const char *text);
void sha256_i64(struct sha256 *sha, int64_t value);
/* Writes 64 digits and NUL, frees the object. "" when sha is NULL. */
void sha256_final(struct sha256 *sha, char ret_hex[65]);

#endif
