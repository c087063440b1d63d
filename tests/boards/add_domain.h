/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a domain into a board's own device tree, as a boot script would. */
#ifndef BULKHEAD_TESTS_BOARDS_ADD_DOMAIN_H
#define BULKHEAD_TESTS_BOARDS_ADD_DOMAIN_H

#include "config/machine.h"

#define ADD_DOMAIN_ROOM 4096 /* bytes by which a tree grows */
#define ADD_DOMAIN_MEMORY MIB(64)
#define ADD_DOMAIN_KERNEL MIB(16) /* size of its kernel module */

/**
 * Makes @p fdt, of at most @p size bytes, a copy of @p board with /chosen/domU1.
 * @param machine  what was read of the board: the kernel goes into its first bank. Without RAM, as in the trees that a
 * boot loader completes, a bank of 2 GiB is added
 * @return false where the tree is one that no domain can be added to
 */
bool add_domain(void *fdt, size_t size, const void *board, const struct machine *machine);

#endif
