/* SPDX-License-Identifier: Apache-2.0 */
/* What a build has beside its parts: BULKHEAD_GIC, BULKHEAD_UART, BULKHEAD_GZIP and BULKHEAD_XEN_CONSOLE of CMake.
 * Constants of C and not conditional compilation: each build compiles all of core, and what it cannot reach is left out
 * by the linker. */
#ifndef BULKHEAD_LIB_BUILD_H
#define BULKHEAD_LIB_BUILD_H

#ifndef BUILD_GICV2
#define BUILD_GICV2 1
#endif
#ifndef BUILD_GICV3
#define BUILD_GICV3 1
#endif
#ifndef BUILD_PL011
#define BUILD_PL011 1
#endif
#ifndef BUILD_CADENCE
#define BUILD_CADENCE 1
#endif
/* Kernels in gzip. */
#ifndef BUILD_GZIP
#define BUILD_GZIP 1
#endif
/* Interrupts of the host for guests, and a hardware domain: where there is a part that gives them. */
#ifndef BUILD_DEVICES
#define BUILD_DEVICES 1
#endif
/* Xen's call console_io. */
#ifndef BUILD_XEN_CONSOLE
#define BUILD_XEN_CONSOLE 1
#endif

#endif
