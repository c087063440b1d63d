// SPDX-License-Identifier: Apache-2.0
/* Xen's calls: HVC #0xEA1, the number in x16, arguments from x0 on, the answer in x0. Of them a domain without
 * xen,enhanced has one, console_io, by which ports of real-time systems print before they have a UART. */
#include <string.h>

#include "console/console.h"
#include "domain/domain.h"
#include "domain/guest_memory.h"
#include "trap/trap.h"

#define CONSOLE_IO 18
#define CONSOLE_IO_WRITE 0
#define CONSOLE_IO_READ 1

#define EFAULT 14
#define ENOSYS 38

#define PIECE_MAX 128 /* characters written by one exit */

/* Under the lock a block whose pages become one is never seen half mapped. */
static bool translate(struct vcpu *vcpu, uint64_t address, ipa_t *ipa)
{
    struct domain *domain = vcpu->domain;

    arch_spin_lock(&domain->memory_lock);
    bool translated = arch_vcpu_translate(&vcpu->arch, address, ipa);
    arch_spin_unlock(&domain->memory_lock);
    return translated && domain_touch(domain, *ipa) == HV_OK;
}

/** @param size  all of it in one page @return false where the guest has no memory there */
static bool copy_in(struct vcpu *vcpu, uint64_t address, char *text, uint64_t size)
{
    uint64_t shown = size;
    ipa_t ipa;

    if (!translate(vcpu, address, &ipa))
        return false;
    void *window = guest_memory_open(vcpu->domain->plan, ipa, &shown);
    if (window == NULL)
        return false;
    arch_cache_clean_invalidate(window, shown); /* its caches may still be off */
    memcpy(text, window, shown);
    guest_memory_close();
    return shown == size;
}

/* A long text is written piece by piece: the guest makes the call again with what is left, and can be interrupted in
 * between. */
static int64_t console_write_guest(struct vcpu *vcpu)
{
    struct vcpu_regs *regs = &vcpu->arch.regs;
    uint64_t count = (uint32_t)regs->x[1], address = regs->x[2];
    uint64_t size = min_u64(min_u64(count, PIECE_MAX), PAGE_SIZE - (address & (PAGE_SIZE - 1)));
    char text[PIECE_MAX];

    if (count == 0)
        return 0;
    if (!copy_in(vcpu, address, text, size))
        return -EFAULT;
    size = console_write(&vcpu->domain->console, text, size);
    if (size == count)
        return 0;
    regs->x[1] = count - size;
    regs->x[2] = address + size;
    regs->pc -= 4;
    return CONSOLE_IO_WRITE; /* x0 of the call to come */
}

/* Nothing was typed: the keyboard belongs to the UART. */
static int64_t console_io(struct vcpu *vcpu)
{
    switch ((uint32_t)vcpu->arch.regs.x[0]) {
    case CONSOLE_IO_WRITE:
        return console_write_guest(vcpu);
    case CONSOLE_IO_READ:
        return 0;
    default:
        return -ENOSYS;
    }
}

void xen_call(struct vcpu *vcpu)
{
    struct vcpu_regs *regs = &vcpu->arch.regs;

    regs->x[0] = (uint64_t)(regs->x[16] == CONSOLE_IO ? console_io(vcpu) : -ENOSYS);
}
