// SPDX-License-Identifier: Apache-2.0
#include "lib/inflate.h"

#define ZLIB_CONST /* next_in is then a pointer to const */
#include <zlib.h>

#define GZIP_WINDOW_BITS (16 + MAX_WBITS) /* gzip wrapper only, CRC and length checked by zlib; the largest window */
#define HEAD_WINDOW_BITS (16 + 8)         /* a window of GUNZIP_HEAD_MAX bytes: nothing refers back further */
#define ARENA_ALIGNMENT 16

/** How struct gunzip and struct gunzip_head use their memory. */
struct gunzip_state {
    z_stream stream;
    size_t arena_left;
    uint8_t *arena_next;
    _Alignas(ARENA_ALIGNMENT) uint8_t arena[];
};

static struct gunzip_state *state_of(uint8_t *memory)
{
    return (struct gunzip_state *)(void *)memory;
}

/* zlib allocates its state when a stream is opened and its window at the first output that is cut, and never again. */
static void *arena_allocate(void *opaque, unsigned items, unsigned size)
{
    struct gunzip_state *state = opaque;
    uint64_t bytes = align_up((uint64_t)items * size, ARENA_ALIGNMENT);

    if (bytes > state->arena_left)
        return NULL;
    void *memory = state->arena_next;
    state->arena_next += bytes;
    state->arena_left -= bytes;
    return memory;
}

static void arena_free(void *opaque, void *address)
{
    (void)opaque;
    (void)address;
}

static hv_status open_stream(struct gunzip_state *state, size_t bytes, int window_bits)
{
    state->arena_next = state->arena;
    state->arena_left = bytes - sizeof(*state);
    state->stream = (z_stream){.zalloc = arena_allocate, .zfree = arena_free, .opaque = state};
    return inflateInit2(&state->stream, window_bits) == Z_OK ? HV_OK : HV_E_NOMEM;
}

static hv_status step(z_stream *stream, const void *input, size_t input_size, void *output, size_t output_size,
                      struct gunzip_progress *progress)
{
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

hv_status gunzip_open(struct gunzip *gunzip)
{
    return open_stream(state_of(gunzip->memory), sizeof(gunzip->memory), GZIP_WINDOW_BITS);
}

hv_status gunzip_step(struct gunzip *gunzip, const void *input, size_t input_size, void *output, size_t output_size,
                      struct gunzip_progress *progress)
{
    return step(&state_of(gunzip->memory)->stream, input, input_size, output, output_size, progress);
}

hv_status gunzip_head(struct gunzip_head *head, const void *input, size_t input_size, void *output, size_t output_size,
                      struct gunzip_progress *progress)
{
    struct gunzip_state *state = state_of(head->memory);

    HV_TRY(open_stream(state, sizeof(head->memory), HEAD_WINDOW_BITS));
    return step(&state->stream, input, input_size, output, min_u64(output_size, GUNZIP_HEAD_MAX), progress);
}
