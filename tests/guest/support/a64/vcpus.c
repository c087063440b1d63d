// SPDX-License-Identifier: Apache-2.0
/* Further vCPUs of an A64 payload: a stack and a platform for each. */
#include "native.h"

#define STACK_SIZE 4096

struct further {
    uint64_t stack_top; /* first: the entry below takes it */
    struct platform platform;
    vcpu_program *program;
    void *context;
};

static struct further further[MAX_VCPUS];
static _Alignas(16) uint8_t stacks[MAX_VCPUS][STACK_SIZE];

void further_entry(void);
void further_run(struct further *self);

/* x0: its struct further. */
__asm__("    .text\n"
        "    .global further_entry\n"
        "    .hidden further_entry\n"
        "further_entry:\n"
        "    ldr x1, [x0]\n"
        "    mov sp, x1\n"
        "    adrp x1, vectors\n"
        "    add x1, x1, :lo12:vectors\n"
        "    msr vbar_el1, x1\n"
        "    isb\n"
        "    bl further_run\n");

void further_run(struct further *self)
{
    self->program(&self->platform, self->context);
    interrupts_off();
    psci(&self->platform, PSCI_CPU_OFF);
    program_fail(&self->platform, "CPU_OFF came back at", 0);
}

int64_t vcpu_start(const struct platform *of, unsigned index, vcpu_program *program, void *context)
{
    struct further *self = &further[index];

    self->stack_top = (uintptr_t)(stacks[index] + STACK_SIZE);
    self->platform = *of;
    self->platform.handler = NULL;
    self->program = program;
    self->context = context;
    native_platforms[index] = &self->platform;
    return (int64_t)psci_with(of, PSCI_CPU_ON, index, (uintptr_t)further_entry, (uintptr_t)self);
}
