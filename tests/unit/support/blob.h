/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees for tests: read from the compiled tests/dts, or made on the spot. Each lies in a block of exactly its
 * size, so that the address sanitizer sees the first byte read beyond it. */
#ifndef BULKHEAD_TESTS_UNIT_SUPPORT_BLOB_H
#define BULKHEAD_TESTS_UNIT_SUPPORT_BLOB_H

#include "dt/dt.h"

struct blob {
    uint8_t *data; /* to be freed */
    size_t size;
};

/** Reads ${DTB_DIR}/@p name, e.g. "ok/two-domains.dtb". */
struct blob blob_read(const char *name);
/** @return a copy of the first @p size bytes. */
struct blob blob_copy(const void *data, size_t size);
void blob_free(struct blob *blob);
/** dt_open() that must succeed. */
void blob_open(const struct blob *blob, struct dt *tree);
/** Starts a tree with libfdt's sequential writer, inside its root node: fdt_property_u32(), fdt_begin_node() ...
 * follow. */
void *blob_begin(void);
/** Closes the root node, and ends the tree. */
struct blob blob_finish(void *writer);

#endif
