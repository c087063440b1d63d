/* SPDX-License-Identifier: Apache-2.0 */
/* A neighbour that asks for nothing. */
#include "image.inc"
    .text
    .globl  _start
_start:
    IMAGE_HEADER 0x10000
start:
    wfi
    b       start
