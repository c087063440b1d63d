/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees from their text, so that a test shows the tree that it is about. */
#ifndef BULKHEAD_TESTS_SUPPORT_DTS_H
#define BULKHEAD_TESTS_SUPPORT_DTS_H

#include <stddef.h>

/**
 * Writes the tree whose root has @p text in it: as in a source for dtc, between the root's braces. No labels, no
 * references, no expressions, no comments: `name { ... };`, `name;`, `name = "text", <0x1 2>, [0a 1b];`.
 * @return its size. Ends the process where the text is none, or has no room
 */
size_t dts_write(const char *text, void *buffer, size_t size);

#endif
