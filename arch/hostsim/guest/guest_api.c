// SPDX-License-Identifier: Apache-2.0
/* guest.h: the functions that run on a guest's own stack. Each posts an operation and lets the CPU do it. */
#include "hostsim/guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/guest/guest_runtime.h"
#include "hostsim/guest/image.h"

#define VECTOR_IRQ 0x280

static struct sim_guest *self(void)
{
    struct sim_guest *guest = sim_this_cpu()->guest;
    if (guest == NULL)
        sim_fail("a guest's function was called outside of a guest program");
    return guest;
}

/* What the CPU, the vector and the handler's epilogue do about an IRQ. */
static void take_interrupt(struct sim_guest *guest)
{
    struct sim_cpu *cpu = sim_this_cpu();
    uint64_t pc = guest->pc, pstate = guest->pstate;
    cpu->sysregs[VCPU_ELR_EL1] = pc;
    cpu->sysregs[VCPU_SPSR_EL1] = pstate;
    guest->pc = cpu->sysregs[VCPU_VBAR_EL1] + VECTOR_IRQ;
    guest->pstate = PSTATE_EL1H_MASKED;
    if (guest->handler == NULL)
        sim_fail("guest %s: an interrupt, but no handler", guest->name);
    guest->handler(guest->handler_context);
    guest->pc = pc;
    guest->pstate = pstate;
}

static void perform(struct guest_operation *operation)
{
    struct sim_guest *guest = self();
    operation->state = GUEST_POSTED;
    do {
        guest->operation = operation;
        coroutine_switch(&guest->coroutine, &sim_this_cpu()->coroutine);
        if (guest->interrupt) {
            guest->interrupt = false;
            take_interrupt(guest);
        }
    } while (operation->state != GUEST_DONE);
}

uint64_t guest_read(uint64_t address, unsigned size)
{
    struct guest_operation operation = {.kind = GUEST_READ, .address = address, .size = (uint8_t)size};
    perform(&operation);
    return operation.value;
}

void guest_write(uint64_t address, unsigned size, uint64_t value)
{
    struct guest_operation operation = {.kind = GUEST_WRITE, .address = address, .size = (uint8_t)size, .value = value};
    perform(&operation);
}

uint64_t guest_read_pair(uint64_t address)
{
    struct guest_operation operation = {.kind = GUEST_READ, .address = address, .size = 8, .no_syndrome = true};
    perform(&operation);
    return operation.value;
}

void guest_fetch(uint64_t address)
{
    struct guest_operation operation = {.kind = GUEST_FETCH, .address = address};
    perform(&operation);
}

uint64_t guest_atomic_add(uint64_t address, unsigned size, uint64_t value)
{
    struct guest_operation operation = {
        .kind = GUEST_ATOMIC, .address = address, .size = (uint8_t)size, .value = value};
    perform(&operation);
    return operation.value;
}

void guest_zero_line(uint64_t address)
{
    struct guest_operation operation = {.kind = GUEST_ZERO, .address = address};
    perform(&operation);
}

void guest_maintain(uint32_t encoding, uint64_t operand)
{
    struct guest_operation operation = {.kind = GUEST_MAINTAIN, .address = operand, .x = {encoding}};
    perform(&operation);
}

static struct guest_call call(enum guest_kind kind, uint16_t immediate, uint64_t x0, uint64_t x1, uint64_t x2,
                              uint64_t x3)
{
    struct guest_operation operation = {.kind = kind, .address = immediate, .x = {x0, x1, x2, x3}};
    perform(&operation);
    return (struct guest_call){{operation.x[0], operation.x[1], operation.x[2], operation.x[3]}};
}

struct guest_call guest_hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return call(GUEST_HVC, 0, x0, x1, x2, x3);
}

struct guest_call guest_smc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return call(GUEST_SMC, 0, x0, x1, x2, x3);
}

struct guest_call guest_hvc_immediate(uint16_t immediate, uint64_t x0)
{
    return call(GUEST_HVC, immediate, x0, 0, 0, 0);
}

struct guest_call guest_xen_call(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2)
{
    struct guest_operation operation = {
        .kind = GUEST_HVC, .address = GUEST_XEN_IMMEDIATE, .value = number, .x = {x0, x1, x2, 0}};
    perform(&operation);
    return (struct guest_call){{operation.x[0], operation.x[1], operation.x[2], operation.x[3]}};
}

struct guest_call guest_smc_immediate(uint16_t immediate, uint64_t x0)
{
    return call(GUEST_SMC, immediate, x0, 0, 0, 0);
}

uint64_t guest_mrs(uint32_t encoding)
{
    struct guest_operation operation = {.kind = GUEST_MRS, .address = encoding, .size = 8};
    perform(&operation);
    return operation.value;
}

void guest_msr(uint32_t encoding, uint64_t value)
{
    struct guest_operation operation = {.kind = GUEST_MSR, .address = encoding, .size = 8, .value = value};
    perform(&operation);
}

void guest_wfi(void)
{
    struct guest_operation operation = {.kind = GUEST_WFI};
    perform(&operation);
}

void guest_spin(uint64_t nanoseconds)
{
    struct guest_operation operation = {.kind = GUEST_SPIN, .address = nanoseconds};
    perform(&operation);
}

void guest_on_interrupt(void (*handler)(void *context), void *context)
{
    self()->handler = handler;
    self()->handler_context = context;
}

void guest_interrupts_on(void)
{
    struct guest_operation operation = {.kind = GUEST_NOTHING};
    self()->pstate &= ~(uint64_t)PSTATE_I;
    perform(&operation);
}

void guest_interrupts_off(void)
{
    self()->pstate |= PSTATE_I;
}

void guest_allow_exceptions(bool allow)
{
    self()->allow_exceptions = allow;
}

bool guest_took_exception(struct guest_exception *exception)
{
    struct sim_guest *guest = self();
    bool taken = guest->has_exception;
    if (taken && exception != NULL)
        *exception = guest->exception;
    guest->has_exception = false;
    return taken;
}

static struct sim_guest_code *find_code(struct sim_machine *machine, uint16_t vmid, void (*main)(uint64_t x0))
{
    for (unsigned i = 0; i < machine->code_count; i++)
        if (machine->codes[i].vmid == vmid && machine->codes[i].main == main)
            return &machine->codes[i];
    if (machine->code_count == SIM_MAX_CODES)
        sim_fail("guest_code(): more than %d pieces", SIM_MAX_CODES);
    return &machine->codes[machine->code_count++];
}

/* Each has an instruction of the image to itself, behind the tag. */
uint64_t guest_code(void (*main)(uint64_t x0))
{
    struct sim_guest *guest = self();
    struct sim_guest_code *code = find_code(guest->machine, (uint16_t)guest->vmid, main);
    uint64_t index = (uint64_t)(code - guest->machine->codes);
    *code = (struct sim_guest_code){.vmid = (uint16_t)guest->vmid,
                                    .address = guest->entry + SIM_IMAGE_BODY + 4 * index,
                                    .image = guest->entry,
                                    .main = main};
    memcpy(code->name, guest->name, sizeof(code->name));
    return code->address;
}

uint64_t guest_entry(void)
{
    return self()->entry;
}

struct guest_allocation {
    struct guest_allocation *next;
    max_align_t data[];
};

void *guest_allocate(size_t size)
{
    struct guest_allocation *allocation = calloc(1, sizeof(*allocation) + size);
    if (allocation == NULL)
        abort();
    allocation->next = self()->allocations;
    self()->allocations = allocation;
    return allocation->data;
}

void sim_guest_free(struct sim_guest *guest)
{
    while (guest->allocations != NULL) {
        struct guest_allocation *next = guest->allocations->next;
        free(guest->allocations);
        guest->allocations = next;
    }
}

void guest_fail(const char *format, ...)
{
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (self()->machine->faults.asked == 0)
        sim_fail("guest %s: %s", self()->name, text);
    /* What it finds wrong may be the fault. It panics, as a kernel does; whether another domain was harmed, its output
     * shows. */
    guest_hvc(SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
    sim_fail("guest %s: PSCI SYSTEM_OFF returned", self()->name);
}
