// SPDX-License-Identifier: Apache-2.0
/* The programs' functions by those of hostsim/guest.h. */
#include <libfdt.h>

#include "program.h"

#define IMAGE_SIZE 16 /* in the arm64 Image header */
#define LARGEST_TREE 0x200000

void program_run(const char *name, void (*program)(struct platform *platform), uint64_t device_tree)
{
    struct platform *platform = guest_allocate(sizeof(*platform));

    platform->name = name;
    platform->tree = device_tree;
    platform->image_start = guest_entry();
    platform->image_end = platform->image_start + read64(platform->image_start + IMAGE_SIZE);
    platform_start(platform, program);
}

/* What a further vCPU begins with. */
struct further {
    struct platform platform;
    vcpu_program *program;
    void *context;
};

static void run_further(uint64_t x0)
{
    struct further *further = (struct further *)(uintptr_t)x0;

    further->program(&further->platform, further->context);
}

int64_t vcpu_start(const struct platform *platform, unsigned index, vcpu_program *program, void *context)
{
    struct further *further = guest_allocate(sizeof(*further));

    *further = (struct further){*platform, program, context};
    further->platform.handler = NULL;
    return (int64_t)psci_with(platform, PSCI_CPU_ON, index, guest_code(run_further), (uintptr_t)further);
}

/* The program's own memory is the host's: a copy, read as a guest reads. */
const uint8_t *backend_tree(const struct platform *platform)
{
    union {
        uint64_t word;
        struct {
            fdt32_t magic, size;
        } start;
    } head = {.word = read64(platform->tree)};
    uint32_t size = fdt32_to_cpu(head.start.size);
    uint64_t *copy;

    if (fdt32_to_cpu(head.start.magic) != FDT_MAGIC || size > LARGEST_TREE)
        program_fail(platform, "no device tree at x0", platform->tree);
    copy = guest_allocate((size + 7u) & ~7u);
    for (uint32_t offset = 0; offset < size; offset += 8)
        copy[offset / 8] = read64(platform->tree + offset);
    if (fdt_check_full(copy, (size + 7u) & ~7u) != 0)
        program_fail(platform, "damaged device tree", platform->tree);
    return (const uint8_t *)copy;
}

void program_fail(const struct platform *platform, const char *why, uint64_t value)
{
    (void)platform; /* guest_fail() names the program */
    guest_fail("%s: %#llx", why, (unsigned long long)value);
}

uint64_t try_read(uint64_t address, unsigned width)
{
    return guest_read(address, width);
}

void try_write(uint64_t address, unsigned width, uint64_t value)
{
    guest_write(address, width, value);
}

bool try_without_syndrome(uint64_t address, unsigned kind)
{
    if (kind == 0)
        guest_read_pair(address);
    return kind == 0;
}

void try_fetch(uint64_t address)
{
    guest_fetch(address);
}

void exceptions_allow(struct platform *platform, bool allow)
{
    (void)platform;
    guest_allow_exceptions(allow);
}

bool exception_taken(struct exception *exception)
{
    struct guest_exception latest;
    bool taken = guest_took_exception(&latest);

    if (taken && exception != NULL)
        *exception = (struct exception){latest.esr, latest.far};
    return taken;
}

struct call_result hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct guest_call call = guest_hvc(x0, x1, x2, x3);

    return (struct call_result){{call.x[0], call.x[1], call.x[2], call.x[3]}};
}

struct call_result smc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct guest_call call = guest_smc(x0, x1, x2, x3);

    return (struct call_result){{call.x[0], call.x[1], call.x[2], call.x[3]}};
}

int64_t call_xen(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2)
{
    return (int64_t)guest_xen_call(number, x0, x1, x2).x[0];
}

void calls_with_immediate(void)
{
    guest_hvc_immediate(1, 0);
    guest_hvc_immediate(0xffff, 0);
    guest_smc_immediate(1, 0);
    guest_smc_immediate(0xffff, 0);
}

void compute(void)
{
    guest_spin(10000);
}

static void take(void *context)
{
    interrupt_take(context, counter());
}

void on_interrupt(struct platform *platform, interrupt_handler *handler, void *context)
{
    platform->handler = handler;
    platform->handler_context = context;
    guest_on_interrupt(take, platform);
}

void interrupts_on(void)
{
    guest_interrupts_on();
}

void interrupts_off(void)
{
    guest_interrupts_off();
}

void await_interrupt(void)
{
    guest_wfi();
    guest_interrupts_on();
    guest_interrupts_off();
}

void backend_halt(void)
{
    guest_fail("PSCI SYSTEM_OFF returned");
}
