// SPDX-License-Identifier: Apache-2.0
/* What EL2 must not survive: each is reported on the console, and nothing goes on. */
#include <string.h>

#include "arch/mem.h"
#include "arch/vcpu.h"
#include "boot/boot.h"
#include "seam.h"

static uint32_t data[64];
extern char image_start[], text_end[], cpu_areas[];

/** Recurses until the stack is full. */
static unsigned deeper(volatile unsigned *above)
{
    volatile unsigned frame[64];

    frame[0] = above[0] + 1;
    return frame[0] == 0 ? 0 : deeper(frame) + frame[0];
}

static void overflow(void)
{
    volatile unsigned start = 0;

    data[0] = deeper(&start);
}

/** The stack that faults are reported on has an end too. */
static void overflow_emergency(void)
{
    uintptr_t top = (uintptr_t)cpu_areas + 3 * PAGE_SIZE;

    __asm__ volatile("mov sp, %0\n\tb %1" ::"r"(top), "S"(overflow) : "memory");
}

static void write_text(void)
{
    *(volatile uint32_t *)(uintptr_t)image_start = 0;
}

static void write_rodata(void)
{
    *(volatile uint32_t *)(uintptr_t)text_end = 0;
}

static void execute_data(void)
{
    data[0] = 0xd65f03c0; /* ret */
    ((void (*)(void))(uintptr_t)data)();
}

static void null_pointer(void)
{
    volatile uintptr_t address = 8; /* not known to the compiler */

    *(volatile uint32_t *)address = 1;
}

static void write_read_only_window(void)
{
    *(volatile uint8_t *)arch_window_open(0, seam_scratch(), 64, ARCH_MAP_READ) = 1;
}

static void use_closed_window(void)
{
    volatile uint8_t *window = arch_window_open(1, seam_scratch(), 64, ARCH_MAP_READ_WRITE);

    *window = 1;
    arch_window_close(1);
    *window = 2;
}

static void smash_stack(void)
{
    volatile uint8_t buffer[16];
    volatile uint8_t *at = buffer;

    for (unsigned i = 0; i < 128; i++)
        at[i] = 0x41;
}

/** PSTATE of EL2 for a guest. */
static void enter_at_el2(void)
{
    static struct arch_vcpu vcpu;
    struct arch_exit exit;

    arch_vcpu_init(&vcpu, 0x40000000, 0);
    vcpu.regs.pstate = 0x3c9;
    arch_vcpu_run(&vcpu, &exit);
}

static const struct {
    const char *name;
    void (*run)(void);
} faults[] = {
    {"overflow", overflow},
    {"overflow-emergency", overflow_emergency},
    {"write-text", write_text},
    {"write-rodata", write_rodata},
    {"execute-data", execute_data},
    {"null-pointer", null_pointer},
    {"read-only-window", write_read_only_window},
    {"closed-window", use_closed_window},
    {"smash-stack", smash_stack},
    {"enter-at-el2", enter_at_el2},
};

void seam_fault(const char *what)
{
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
        if (strcmp(what, faults[i].name) == 0)
            faults[i].run();
}
