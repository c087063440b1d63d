// SPDX-License-Identifier: Apache-2.0
#include "lib/inflate.h"

#define ZLIB_CONST /* next_in is then a pointer to const */
#include <zlib.h>

#define GZIP_WINDOW_BITS (16 + MAX_WBITS) /* gzip wrapper only, CRC and length checked by zlib; the largest window */
#define ARENA_ALIGNMENT 16

/** How struct gunzip uses its memory. */
struct gunzip_state {
    z_stream stream;
    size_t arena_used;
    _Alignas(ARENA_ALIGNMENT) uint8_t arena[];
};

#define ARENA_BYTES (GUNZIP_BYTES - sizeof(struct gunzip_state))

static struct gunzip_state *state_of(struct gunzip *gunzip)
{
    return (struct gunzip_state *)(void *)gunzip->memory;
}

/* zlib allocates its state when a stream is opened and its window at the first output that is cut, and never again. */
static void *arena_allocate(void *opaque, unsigned items, unsigned size)
{
    struct gunzip_state *state = opaque;
    uint64_t bytes = align_up((uint64_t)items * size, ARENA_ALIGNMENT);

    if (bytes > ARENA_BYTES - state->arena_used)
        return NULL;
    void *memory = &state->arena[state->arena_used];
    state->arena_used += bytes;
    return memory;
}

static void arena_free(void *opaque, void *address)
{
    (void)opaque;
    (void)address;
}

hv_status gunzip_open(struct gunzip *gunzip)
{
    struct gunzip_state *state = state_of(gunzip);

    state->arena_used = 0;
    state->stream = (z_stream){.zalloc = arena_allocate, .zfree = arena_free, .opaque = state};
    return inflateInit2(&state->stream, GZIP_WINDOW_BITS) == Z_OK ? HV_OK : HV_E_NOMEM;
}

hv_status gunzip_step(struct gunzip *gunzip, const void *input, size_t input_size, void *output, size_t output_size,
                      struct gunzip_progress *progress)
{
    z_stream *stream = &state_of(gunzip)->stream;
    /* zlib counts in unsigned int; a step that is cut is no error, the caller comes again. */
    unsigned input_room = (unsigned)min_u64(input_size, UINT32_MAX);
    unsigned output_room = (unsigned)min_u64(output_size, UINT32_MAX);

    stream->next_in = input;
    stream->avail_in = input_room;
    stream->next_out = output;
    stream->avail_out = output_room;
    int result = inflate(stream, Z_NO_FLUSH);
    progress->consumed = input_room - stream->avail_in;
    progress->produced = output_room - stream->avail_out;
    progress->done = result == Z_STREAM_END;
    switch (result) {
    case Z_OK:
    case Z_STREAM_END:
        return HV_OK;
    case Z_BUF_ERROR: /* nothing could be done with what there was */
        return input_size == 0 && output_size != 0 ? HV_E_FORMAT : HV_OK;
    case Z_MEM_ERROR:
        return HV_E_NOMEM;
    default:
        return HV_E_FORMAT;
    }
}
