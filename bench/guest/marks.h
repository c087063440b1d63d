/* SPDX-License-Identifier: Apache-2.0 */
/* The stop-watch's marks, for assembly and C: bench/qemu/stopwatch.c says what they do. */
#include "operations.h"

#define MARK_FIRST 0xb001 /* a guest's first instruction */
#define MARK_INIT 0xb002  /* Linux's init */
#define MARK_DONE 0xb003  /* nothing more to measure */
#define MARK_BEGIN 0xb100 /* + what is measured: from here ... */
#define MARK_END 0xb200   /* + ... to here; nothing where it did not begin */
#define MARK_STAY 0xb300  /* + from here until the hypervisor next enters a guest */
