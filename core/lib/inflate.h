/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking gzip in pieces, in memory of the caller's: zlib's inflate behind a small door, with no heap.
 *
 * On silicon inflate uses FP/SIMD registers: call these only while no vCPU is loaded on this CPU. */
#ifndef BULKHEAD_LIB_INFLATE_H
#define BULKHEAD_LIB_INFLATE_H

#include "lib/status.h"
#include "lib/types.h"

/** Whole pages, and a fixed figure: the plan sets them aside. inflate needs 40 KiB of them, 32 KiB for its window. */
#define GUNZIP_BYTES KIB(48)

/** One stream being unpacked. Needs no initialisation before gunzip_open(); may be dropped at any time. */
struct gunzip {
    _Alignas(16) uint8_t memory[GUNZIP_BYTES];
};

/* To look at the beginning of a stream less will do: its window is as small as zlib lets it be. */
#define GUNZIP_HEAD_BYTES KIB(8)
#define GUNZIP_HEAD_MAX 256

struct gunzip_head {
    _Alignas(16) uint8_t memory[GUNZIP_HEAD_BYTES];
};

struct gunzip_progress {
    size_t consumed; /* bytes of input taken */
    size_t produced; /* bytes of output written */
    bool done;       /* the end was reached, and CRC and length are right; what follows in the input is not looked at */
};

/** Begins a stream (RFC 1952, one member). @return HV_E_NOMEM where zlib wants more memory than GUNZIP_BYTES. */
HV_CHECK hv_status gunzip_open(struct gunzip *gunzip);

/**
 * Goes on until the input is used up, the output is full, or the stream ends. Input and output may lie elsewhere at
 * each step; what was output before need not stay readable.
 * @param input_size 0: there is no more input, which before the end of the stream is an error
 * @return HV_E_FORMAT (no gzip, damaged, or truncated)
 */
HV_CHECK hv_status gunzip_step(struct gunzip *gunzip, const void *input, size_t input_size, void *output,
                               size_t output_size, struct gunzip_progress *progress);

/**
 * Unpacks the first bytes of a stream, at most @p output_size and GUNZIP_HEAD_MAX of them.
 * @param head  memory to work in
 * @return HV_E_FORMAT (no gzip, or damaged); fewer bytes than asked for are no error
 */
HV_CHECK hv_status gunzip_head(struct gunzip_head *head, const void *input, size_t input_size, void *output,
                               size_t output_size, struct gunzip_progress *progress);

#endif
