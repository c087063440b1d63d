/* SPDX-License-Identifier: Apache-2.0 */
/* Resets itself, again and again. */
#include "image.inc"
    .text
    .globl  _start
_start:
    IMAGE_HEADER 0x10000
start:
    MARK    (MARK_END + OP_RESET)
    MARK    (MARK_BEGIN + OP_RESET)
    PSCI    SYSTEM_RESET
    b       .
