/* SPDX-License-Identifier: Apache-2.0 */
/* A UART for the few messages that core's console cannot print, since core never runs. */
#ifndef BULKHEAD_AARCH64_EARLY_H
#define BULKHEAD_AARCH64_EARLY_H

#include "drivers/uart.h"
#include "lib/types.h"

/** What the boot loader said is the device tree, mapped. */
struct boot_tree {
    const void *blob;
    uint64_t space; /* bytes that may be read */
};

/** @return the size that the header claims, 0 where there is no header of a device tree. Needs 8 bytes. */
uint64_t early_tree_size(const struct boot_tree *tree);

/** Opens as @p uart that of the device tree, or else that of BULKHEAD_EARLY_CONSOLE. @return @p uart, NULL: there is
 * none */
struct uart *early_open(struct uart *uart, const struct boot_tree *tree);

/** Writes to it; does nothing where there is none. */
void early_printf(struct uart *uart, const char *format, ...) HV_PRINTF(2, 3);

#endif
