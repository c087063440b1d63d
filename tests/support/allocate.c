// SPDX-License-Identifier: Apache-2.0
#define _DEFAULT_SOURCE /* madvise(), MAP_ANONYMOUS */
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

void *renew_pages(void *old, size_t size)
{
    if (old != NULL)
        munmap(old, size);
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        abort();
    return pages;
}
