#include "daemon/core/sha256.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_BYTES 32
#define SHA256_HEX   64

struct sha256 {
    EVP_MD_CTX *context;
    bool failed;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *sha = calloc(1, sizeof(*sha));

    if (sha == NULL) {
        return NULL;
    }
    sha->context = EVP_MD_CTX_new();
    if (sha->context == NULL || EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(sha->context);
        free(sha);
        return NULL;
    }
    return sha;
}

void sha256_update(struct sha256 *sha, const void *bytes, size_t n)
{
    if (sha != NULL && EVP_DigestUpdate(sha->context, bytes, n) != 1) {
        sha->failed = true;
    }
}

void sha256_text(struct sha256 *sha, const char *text)
{
    sha256_update(sha, text, strlen(text) + 1);
}

void sha256_i64(struct sha256 *sha, int64_t value)
{
    unsigned char byte[8];

    for (size_t i = 0; i < sizeof(byte); i++) {
        byte[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
    }
    sha256_update(sha, byte, sizeof(byte));
}

void sha256_final(struct sha256 *sha, char ret_hex[65])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char byte[EVP_MAX_MD_SIZE] = {0};
    unsigned int n = 0;

    ret_hex[0] = '\0';
    if (sha == NULL) {
        return;
    }
    if (!sha->failed && EVP_DigestFinal_ex(sha->context, byte, &n) == 1 &&
        n == SHA256_BYTES) {
        for (size_t i = 0; i < SHA256_BYTES; i++) {
            ret_hex[i * 2] = digit[byte[i] >> 4];
            ret_hex[i * 2 + 1] = digit[byte[i] & 15];
        }
        ret_hex[SHA256_HEX] = '\0';
    }
    EVP_MD_CTX_free(sha->context);
    free(sha);
}
