/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest guest: marks its first instruction and powers off. */
#include "image.inc"
    .text
    .globl  _start
_start:
    IMAGE_HEADER 0x10000
start:
    MARK    MARK_FIRST
    PSCI    SYSTEM_OFF
    b       .
