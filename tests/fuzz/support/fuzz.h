/* SPDX-License-Identifier: Apache-2.0 */
/* What all fuzzers share: the entry that libFuzzer calls, bytes taken off the input, and a failure that is found.
 *
 * A fuzzer is a file fuzz_<what>.c with fuzz_one(). Built with clang it is a libFuzzer; built with any other compiler
 * it has support/driver.c for a main(). */
#ifndef BULKHEAD_TESTS_FUZZ_H
#define BULKHEAD_TESTS_FUZZ_H

#include "lib/diag.h"
#include "lib/format.h"
#include "lib/types.h"

/* libFuzzer's interface. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/** Runs one input, which lies in a block of exactly its size, 8-byte aligned. */
void fuzz_one(const uint8_t *data, size_t size);

/** The input, consumed from its start. Behind its end all is zero. */
struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

/** @p bytes little-endian bytes, 1..8. */
uint64_t fuzz_take(struct fuzz_input *input, unsigned bytes);

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
    return (uint8_t)fuzz_take(input, 1);
}

/** 0 .. limit - 1; limit at most 65536. */
static inline uint32_t fuzz_below(struct fuzz_input *input, uint32_t limit)
{
    return (uint32_t)fuzz_take(input, limit <= 256 ? 1 : 2) % limit;
}

/** Ends the process in a way that every fuzzer takes for a crash. */
HV_NORETURN void fuzz_fail(const char *file, int line, const char *what);

#define FUZZ_REQUIRE(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fuzz_fail(__FILE__, __LINE__, #condition);                                                                 \
    } while (0)

/** Formats each report, as the console would, and throws the text away. */
struct fuzz_diag {
    struct diag diag;
    struct text_sink sink;
    size_t characters;
};

void fuzz_diag_start(struct fuzz_diag *diag);

#endif
