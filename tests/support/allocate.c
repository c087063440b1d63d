// SPDX-License-Identifier: Apache-2.0
#define _DEFAULT_SOURCE /* madvise() */
#include "support/allocate.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096u

void *allocate_pages(size_t size)
{
    void *memory = malloc(size);
    uintptr_t first = ((uintptr_t)memory + PAGE - 1) & -(uintptr_t)PAGE;
    uintptr_t end = ((uintptr_t)memory + size) & -(uintptr_t)PAGE;

    if (memory == NULL)
        abort();
    if (first < end)
        madvise((void *)first, end - first, MADV_POPULATE_WRITE);
    return memory;
}
