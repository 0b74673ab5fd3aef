/* Vectors: FIPS 180-2, appendix B; the others by sha256sum. */
#include "daemon/core/sha256.h"
#include "tests/support/test.h"

static void digest_of_abc_is_the_standards(void **state)
{
    char hex[65];
    struct sha256 *sha = sha256_new();

    (void)state;
    sha256_update(sha, "a", 1);
    sha256_update(sha, "bc", 2);
    sha256_final(sha, hex);
    assert_string_equal(hex,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* printf 'ab\0c\0\0\0\0\0\0\0\001\002' | sha256sum */
static void texts_end_in_nul_and_integers_are_big_endian(void **state)
{
    char hex[65];
    struct sha256 *sha = sha256_new();

    (void)state;
    sha256_text(sha, "ab");
    sha256_text(sha, "c");
    sha256_i64(sha, 258);
    sha256_final(sha, hex);
    assert_string_equal(hex,
                        "8d8647670d2b6ef2615a14965249a0867d8a3b930661816d204530078b50c8e8");
}

static void no_object_gives_an_empty_digest(void **state)
{
    char hex[65] = "x";

    (void)state;
    sha256_text(NULL, "x");
    sha256_i64(NULL, 1);
    sha256_final(NULL, hex);
    assert_string_equal(hex, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_of_abc_is_the_standards),
        cmocka_unit_test(texts_end_in_nul_and_integers_are_big_endian),
        cmocka_unit_test(no_object_gives_an_empty_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
