// SPDX-License-Identifier: Apache-2.0
#include "lib/sha256.h"

#include <string.h>

/* FIPS 180-4, 4.2.2 and 5.3.3: fractional parts of the cube roots and square roots of the first primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate_right(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_be32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

/** FIPS 180-4, 6.2.2, step 1. */
static void expand(uint32_t schedule[64], const uint8_t block[SHA256_BLOCK])
{
    for (unsigned t = 0; t < 16; t++)
        schedule[t] = load_be32(block + 4 * t);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t x = schedule[t - 15], y = schedule[t - 2];
        uint32_t sigma0 = rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3;
        uint32_t sigma1 = rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10;
        schedule[t] = sigma1 + schedule[t - 7] + sigma0 + schedule[t - 16];
    }
}

/** FIPS 180-4, 6.2.2, steps 2 to 4. */
static void compress(uint32_t state[8], const uint8_t block[SHA256_BLOCK])
{
    uint32_t schedule[64];
    uint32_t v[8];

    expand(schedule, block);
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < 64; t++) {
        uint32_t a = v[0], e = v[4];
        uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t choose = (e & v[5]) ^ (~e & v[6]);
        uint32_t t1 = v[7] + sum1 + choose + round_constants[t] + schedule[t];
        uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
        for (unsigned i = 7; i > 0; i--)
            v[i] = v[i - 1];
        v[4] += t1;
        v[0] = t1 + sum0 + majority;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

void sha256_init(struct sha256 *hash)
{
    memcpy(hash->state, initial_state, sizeof(hash->state));
    hash->length = 0;
}

void sha256_update(struct sha256 *hash, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    while (length > 0) {
        size_t filled = (size_t)(hash->length % SHA256_BLOCK);
        size_t part = (size_t)min_u64(length, SHA256_BLOCK - filled);
        memcpy(hash->block + filled, bytes, part);
        hash->length += part;
        bytes += part;
        length -= part;
        if (filled + part == SHA256_BLOCK)
            compress(hash->state, hash->block);
    }
}

void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_SIZE])
{
    /* FIPS 180-4, 5.1.1: a one bit, zeros up to 8 bytes before the end of a block, the length in bits. */
    static const uint8_t padding[SHA256_BLOCK] = {0x80};
    uint64_t bits = hash->length * 8;
    size_t filled = (size_t)(hash->length % SHA256_BLOCK);
    uint8_t length[8];

    sha256_update(hash, padding, (filled < 56 ? 56 : 120) - filled);
    store_be32(length, (uint32_t)(bits >> 32));
    store_be32(length + 4, (uint32_t)bits);
    sha256_update(hash, length, sizeof(length));
    for (unsigned i = 0; i < 8; i++)
        store_be32(digest + 4 * i, hash->state[i]);
}
