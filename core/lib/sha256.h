/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4): the one-way function that keeps one domain's seed from telling anything about another's. */
#ifndef BULKHEAD_LIB_SHA256_H
#define BULKHEAD_LIB_SHA256_H

#include "lib/types.h"

#define SHA256_SIZE 32
#define SHA256_BLOCK 64

struct sha256 {
    uint32_t state[8];
    uint64_t length;             /* bytes hashed so far */
    uint8_t block[SHA256_BLOCK]; /* the first length % SHA256_BLOCK bytes wait for the rest of their block */
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const void *data, size_t length);
/** Writes the digest. @p hash must be initialised again before it is used again. */
void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_SIZE]);

#endif
