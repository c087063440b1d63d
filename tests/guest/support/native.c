// SPDX-License-Identifier: Apache-2.0
/* What a payload that has a machine to itself adds to the programs: one platform, memory that is simply there. */
#include "native.h"

struct platform platform;
struct platform *native_platforms[MAX_VCPUS];

static struct {
    bool allowed, taken;
    struct exception latest;
} exceptions;

void native_start(uint64_t tree, uint64_t first_ticks)
{
    platform.name = native_name;
    platform.image_start = (uintptr_t)image_start;
    platform.image_end = (uintptr_t)image_end;
    platform.tree = tree;
    platform.first_ticks = first_ticks;
    platform_start(&platform, native_program);
}

const uint8_t *backend_tree(const struct platform *of)
{
    return (const uint8_t *)of->tree;
}

void program_fail(const struct platform *of, const char *why, uint64_t value)
{
    print(of, "%s: FAILED: %s: %lx\n", of->name, why, value);
    power_off(of);
}

void on_interrupt(struct platform *of, interrupt_handler *handler, void *context)
{
    of->handler_context = context;
    of->handler = handler;
}

void exceptions_allow(struct platform *of, bool allow)
{
    (void)of;
    exceptions.allowed = allow;
}

bool native_exception(uint64_t esr, uint64_t far)
{
    exceptions.latest = (struct exception){esr, far};
    exceptions.taken = true;
    return exceptions.allowed;
}

bool exception_taken(struct exception *exception)
{
    bool taken;

    native_poll_exception();
    taken = exceptions.taken;
    if (taken && exception != NULL)
        *exception = exceptions.latest;
    exceptions.taken = false;
    return taken;
}

/* What the compiler may ask of a freestanding program. */
void *memset(void *destination, int value, size_t size);
void *memcpy(void *restrict destination, const void *restrict source, size_t size);

void *memset(void *destination, int value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)destination)[i] = (uint8_t)value;
    return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)destination)[i] = ((const uint8_t *)source)[i];
    return destination;
}
