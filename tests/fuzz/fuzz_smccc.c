// SPDX-License-Identifier: Apache-2.0
/* Sequences of hypercalls and SMCs with any function and any arguments, from the vCPUs of one domain. */
#include "support/guest.h"
#include "support/guest_abi.h"
#include "trap/esr.h"
#include "trap/trap.h"

#define MAX_CALLS 40
#define LINES_BOUND (DOMAIN_MAX_MESSAGES + 1 + 2) /* and that it stopped, and that all have */
#define PIECE_MAX 128                             /* of Xen's console_io, by one exit: as many lines at most */

static unsigned written; /* by console_io, lines at most */

static uint64_t function_of(struct fuzz_input *input)
{
    static const uint32_t known[] = {0x80000000, 0x80000001, 0x80003fff, 0x80007fff, 0x80008000, 0x84000000,
                                     0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004,
                                     0xc4000004, 0x84000005, 0x84000006, 0x84000007, 0x84000008, 0x84000009,
                                     0x8400000a, 0x84000012, 0xc4000012, 1,          2,          0x86000000};
    uint8_t which = fuzz_byte(input);

    switch (which >> 6) {
    case 0:
    case 1:
        return known[which % ARRAY_SIZE(known)];
    case 2:
        return 0x84000000 | (which & 0x1f) | (which & 0x20) << 25;
    default:
        return fuzz_take(input, 8);
    }
}

static uint64_t argument_of(struct fuzz_input *input)
{
    uint8_t which = fuzz_byte(input);

    switch (which >> 5) {
    case 0:
    case 1:
        return which & 3; /* an affinity, or a small number */
    case 2:
        return GUEST_RAM0_BASE + (uint64_t)(which & 31) * 4;
    case 3:
        return GUEST_RAM0_BASE + GUEST_BANK0_SIZE - 16 + (which & 31);
    case 4:
        return GUEST_RAM1_BASE + (uint64_t)(which & 31) * 2;
    case 5:
        return 0x84000000 + (which & 31);
    case 6:
        return 0;
    default:
        return fuzz_take(input, 8);
    }
}

/* One of Xen's, mostly console_io. It may say what its guest's memory holds, and change its arguments. */
static void xen(struct vcpu *vcpu, struct fuzz_input *input)
{
    struct vcpu_regs *regs = &vcpu->arch.regs;
    struct arch_exit exit = {.reason = ARCH_EXIT_SYNC, .esr = ESR_EC_HVC64 << ESR_EC_SHIFT | ESR_IL | XEN_CALL};
    uint8_t which = fuzz_byte(input);

    regs->x[16] = which < 0xc0 ? 18 : which;
    regs->x[0] = which & 3;
    regs->x[1] = argument_of(input);
    regs->x[2] = argument_of(input);
    uint64_t pc = regs->pc;
    guest_exit(vcpu, &exit);
    FUZZ_REQUIRE(regs->pc == pc || (regs->pc == pc - 4 && regs->x[0] == 0 && regs->x[1] != 0));
    written += PIECE_MAX + 1;
}

static void call(struct vcpu *vcpu, struct fuzz_input *input)
{
    struct vcpu_regs *regs = &vcpu->arch.regs;
    uint8_t how = fuzz_byte(input);
    uint64_t immediate = how >= 0xc0 ? fuzz_take(input, 2) : 0;
    struct arch_exit exit = {.reason = ARCH_EXIT_SYNC};
    uint32_t restarts = vcpu->domain->restarts;
    uint64_t kept[3], pc;

    if (how >= 0xe0) {
        xen(vcpu, input);
        return;
    }
    exit.esr = ((how & 1) != 0 ? ESR_EC_HVC64 : ESR_EC_SMC64) << ESR_EC_SHIFT | ESR_IL | immediate;
    regs->x[0] = function_of(input);
    for (unsigned i = 0; i < 3; i++)
        kept[i] = regs->x[i + 1] = argument_of(input);
    pc = regs->pc;
    guest_exit(vcpu, &exit);
    for (unsigned i = 0; i < 3; i++)
        FUZZ_REQUIRE(regs->x[i + 1] == kept[i]);
    if (immediate == 0)
        FUZZ_REQUIRE(regs->pc == pc + ((how & 1) != 0 ? 0 : 4));
    FUZZ_REQUIRE(vcpu->domain->restarts - restarts <= 1);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct domain *domain = guest_start();

    written = 0;
    for (unsigned i = 0; i < MAX_CALLS && input.left != 0; i++) {
        struct vcpu *vcpu = domain->vcpus[fuzz_below(&input, GUEST_VCPUS)];
        if (vcpu->state == VCPU_OFF)
            continue;
        vcpu->state = VCPU_READY;
        call(vcpu, &input);
        if (!guest_schedule(domain))
            break;
    }
    guest_check(domain);
    FUZZ_REQUIRE(guest_lines() <= LINES_BOUND + written);
}
