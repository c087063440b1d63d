// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a kernel, and as a gzip file unpacked in pieces of any size; zlib in one go says what must come out. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "plan/image.h"
#include "support/fuzz.h"

#define OUTPUT_MAX KIB(64)
#define STEPS_MAX 400

static uint8_t *exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size != 0 ? size : 1);

    memcpy(copy, data, size);
    return copy;
}

static void probe(struct fuzz_input input)
{
    static struct image_scratch scratch;
    struct image_info info;
    uint8_t choice = fuzz_byte(&input);
    uint64_t more = fuzz_take(&input, 8) >> (choice & 0x3f);
    size_t head_size = min_u64(input.left, IMAGE_PROBE_SIZE);
    uint8_t *head = exact_copy(input.data, head_size);
    uint8_t *tail = input.left >= 8 ? exact_copy(input.data + input.left - 8, 8) : NULL;
    uint64_t size = max_u64(head_size, (choice & 0x40) != 0 ? more : input.left);

    memset(&scratch, choice, sizeof(scratch));
    hv_status status = image_probe(&scratch, head, head_size, size, (choice & 0x80) != 0 ? tail : NULL, &info);
    if (status == HV_OK) {
        FUZZ_REQUIRE(info.memory_size != 0 && info.memory_size >= info.file_size && info.memory_size <= UINT64_MAX / 4);
        FUZZ_REQUIRE(info.text_offset <= UINT64_MAX / 4 && is_aligned(info.text_offset, PAGE_SIZE));
        FUZZ_REQUIRE(info.format != IMAGE_ARM64 || info.file_size <= size);
    }
    FUZZ_REQUIRE(status == HV_OK || status == HV_E_FORMAT || status == HV_E_RANGE || status == HV_E_UNSUPPORTED);
    (void)image_describe(head, head_size);
    free(tail);
    free(head);
}

/** @return what zlib makes of it at once. */
static size_t unpack_whole(struct fuzz_input input, uint8_t *output, int *result)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)input.data, .avail_in = (uInt)input.left};

    FUZZ_REQUIRE(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
    stream.next_out = output;
    stream.avail_out = OUTPUT_MAX;
    *result = inflate(&stream, Z_SYNC_FLUSH);
    inflateEnd(&stream);
    return OUTPUT_MAX - stream.avail_out;
}

struct unpacking {
    struct gunzip gunzip;
    struct fuzz_input input;
    uint8_t output[OUTPUT_MAX];
    size_t produced;
    bool done;
};

/** Each piece lies in a block of its own, gone afterwards: nothing of it is read later. */
static hv_status step(struct unpacking *unpacking, size_t input_size, size_t output_size)
{
    struct gunzip_progress progress;
    uint8_t *input = exact_copy(unpacking->input.data, input_size);
    uint8_t *output = malloc(output_size != 0 ? output_size : 1);
    hv_status status = gunzip_step(&unpacking->gunzip, input, input_size, output, output_size, &progress);

    if (status == HV_OK) {
        FUZZ_REQUIRE(progress.consumed <= input_size && progress.produced <= output_size);
        FUZZ_REQUIRE(progress.done || progress.consumed + progress.produced != 0); /* or it would go on for ever */
        memcpy(unpacking->output + unpacking->produced, output, progress.produced);
        unpacking->produced += progress.produced;
        unpacking->input.data += progress.consumed;
        unpacking->input.left -= progress.consumed;
        unpacking->done = progress.done;
    }
    free(output);
    free(input);
    return status;
}

static void unpack(struct fuzz_input input)
{
    static struct unpacking unpacking;
    static uint8_t whole[OUTPUT_MAX];
    size_t input_piece = 1 + fuzz_below(&input, 65536) % 5000, output_piece = 1 + fuzz_below(&input, 65536) % 9000;
    hv_status status = HV_OK;
    int result;

    unpacking.input = input;
    unpacking.produced = 0;
    unpacking.done = false;
    FUZZ_REQUIRE(gunzip_open(&unpacking.gunzip) == HV_OK);
    for (unsigned i = 0; i < STEPS_MAX && status == HV_OK && !unpacking.done; i++) {
        size_t room = min_u64(output_piece, OUTPUT_MAX - unpacking.produced);
        if (room == 0)
            break;
        status = step(&unpacking, min_u64(input_piece, unpacking.input.left), room);
    }
    size_t expected = unpack_whole(input, whole, &result);
    if (unpacking.done)
        FUZZ_REQUIRE(result == Z_STREAM_END && expected == unpacking.produced);
    FUZZ_REQUIRE(status == HV_OK || (status == HV_E_FORMAT && result != Z_STREAM_END));
    FUZZ_REQUIRE(unpacking.produced <= expected || result == Z_DATA_ERROR);
    FUZZ_REQUIRE(memcmp(whole, unpacking.output, min_u64(expected, unpacking.produced)) == 0);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};

    if ((fuzz_byte(&input) & 1) != 0)
        unpack(input);
    else
        probe(input);
}
