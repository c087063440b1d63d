// SPDX-License-Identifier: Apache-2.0
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sha256.h"
#include "support/suite.h"

/** @return the digest as hexadecimal text; valid until the next call. */
static const char *hex(const uint8_t digest[SHA256_SIZE])
{
    static char text[2 * SHA256_SIZE + 1];

    for (unsigned i = 0; i < SHA256_SIZE; i++)
        sprintf(text + 2 * i, "%02x", digest[i]);
    return text;
}

static const char *hash_text(const char *text)
{
    struct sha256 hash;
    uint8_t digest[SHA256_SIZE];

    sha256_init(&hash);
    sha256_update(&hash, text, strlen(text));
    sha256_final(&hash, digest);
    return hex(digest);
}

/* The examples that NIST publishes for FIPS 180-4, and the digest of nothing. */
START_TEST(known_answers)
{
    ck_assert_str_eq(hash_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_str_eq(hash_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert_str_eq(hash_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ck_assert_str_eq(hash_text("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
                               "klmnopqrlmnopqrsmnopqrstnopqrstu"),
                     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}
END_TEST

START_TEST(a_million_letters)
{
    char letters[1000];
    struct sha256 hash;
    uint8_t digest[SHA256_SIZE];

    memset(letters, 'a', sizeof(letters));
    sha256_init(&hash);
    for (unsigned i = 0; i < 1000; i++)
        sha256_update(&hash, letters, sizeof(letters));
    sha256_final(&hash, digest);
    ck_assert_str_eq(hex(digest), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

/* Every length around the padding's two cases gives the same digest in one piece and byte by byte. */
START_TEST(pieces_do_not_matter)
{
    uint8_t data[200], whole[SHA256_SIZE], pieces[SHA256_SIZE];
    struct sha256 hash;

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    sha256_init(&hash);
    sha256_update(&hash, data, (size_t)_i);
    sha256_final(&hash, whole);
    sha256_init(&hash);
    for (int i = 0; i < _i; i++)
        sha256_update(&hash, data + i, 1);
    sha256_final(&hash, pieces);
    ck_assert_mem_eq(whole, pieces, SHA256_SIZE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sha256");
    TCase *test_case = tcase_create("vectors");

    suite_add_tcase(suite, test_case);
    tcase_add_test(test_case, known_answers);
    tcase_add_test(test_case, a_million_letters);
    tcase_add_loop_test(test_case, pieces_do_not_matter, 0, 200);
    return suite_execute(suite);
}
