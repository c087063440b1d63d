// SPDX-License-Identifier: Apache-2.0
#include "domain/entropy.h"

#include <string.h>

#include "arch/timer.h"
#include "lib/sha256.h"

enum seed_purpose {
    SEED_RNG = 1,
    SEED_KASLR = 2,
};

static bool from_cpu(struct guest_seeds *seeds)
{
    uint64_t words[(sizeof(seeds->rng) + sizeof(seeds->kaslr)) / sizeof(uint64_t)];

    if (!arch_random(words, ARRAY_SIZE(words)))
        return false;
    memcpy(seeds->rng, words, sizeof(seeds->rng));
    memcpy(seeds->kaslr, (const uint8_t *)words + sizeof(seeds->rng), sizeof(seeds->kaslr));
    return true;
}

/** SHA-256 of the host's seed and of what tells this use of it from all others. */
static void derive(uint8_t digest[SHA256_SIZE], const struct machine *machine, uint16_t domid, uint32_t start,
                   enum seed_purpose purpose)
{
    const uint8_t label[] = {
        (uint8_t)purpose,      (uint8_t)domid,         (uint8_t)(domid >> 8),  (uint8_t)start,
        (uint8_t)(start >> 8), (uint8_t)(start >> 16), (uint8_t)(start >> 24),
    };
    struct sha256 hash;

    sha256_init(&hash);
    sha256_update(&hash, label, sizeof(label));
    sha256_update(&hash, machine->rng_seed, machine->rng_seed_length);
    sha256_final(&hash, digest);
}

static bool from_host_seed(struct guest_seeds *seeds, const struct machine *machine, uint16_t domid, uint32_t start)
{
    uint8_t digest[SHA256_SIZE];

    if (machine->rng_seed == NULL || machine->rng_seed_length == 0)
        return false;
    derive(seeds->rng, machine, domid, start, SEED_RNG);
    derive(digest, machine, domid, start, SEED_KASLR);
    memcpy(seeds->kaslr, digest, sizeof(seeds->kaslr));
    return true;
}

void entropy_seeds(struct guest_seeds *seeds, const struct machine *machine, uint16_t domid, uint32_t start)
{
    bool found = from_cpu(seeds) || from_host_seed(seeds, machine, domid, start);

    seeds->rng_length = found ? sizeof(seeds->rng) : 0;
    seeds->kaslr_length = found ? sizeof(seeds->kaslr) : 0;
}

bool entropy_available(const struct machine *machine)
{
    uint64_t word;

    return arch_random(&word, 1) || (machine->rng_seed != NULL && machine->rng_seed_length != 0);
}
