// SPDX-License-Identifier: Apache-2.0
/* Running guests: what traps and how it is described, what is kept when two share a CPU, stage 2 and its invalidation.
 */
#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/timer.h"
#include "arch/vcpu.h"
#include "boot/boot.h"
#include "mem/stage2.h"
#include "seam.h"
#include "trap/esr.h"

#define GUEST_BASE 0x40000000ULL
#define NOTHING_THERE 0x50000000ULL
#define POOL_PAGES 32
#define ROUNDS 50

#define DECLARE_GUEST(name) extern const uint8_t guest_##name[], guest_##name##_end[]
DECLARE_GUEST(traps);
DECLARE_GUEST(state);
DECLARE_GUEST(read);
DECLARE_GUEST(spin);

struct guest {
    struct arch_vcpu vcpu;
    struct stage2 stage2;
    uint8_t *pool;
    pa_t pool_base;
};

static struct guest guests[2];

/** Guest number n has block n of the scratch RAM; its tables are in block 4. */
static void guest_make(unsigned number, const uint8_t *code, const uint8_t *end, uint64_t x0)
{
    struct guest *guest = &guests[number];
    pa_t ram = pa_add(seam_scratch(), number * BLOCK_SIZE);
    uint8_t *window = arch_window_open(0, ram, BLOCK_SIZE, ARCH_MAP_READ_WRITE);

    arch_zero_and_clean(window, BLOCK_SIZE);
    arch_copy_and_clean(window, code, (uint64_t)(end - code));
    arch_window_close(0);
    arch_icache_invalidate_all();
    if (guest->pool == NULL) {
        guest->pool_base = pa_add(seam_scratch(), 4 * BLOCK_SIZE + number * POOL_PAGES * PAGE_SIZE);
        guest->pool = arch_map(guest->pool_base, POOL_PAGES * PAGE_SIZE, ARCH_MAP_READ_WRITE);
    }
    CHECK_EQUAL(stage2_init(&guest->stage2, guest->pool, guest->pool_base, POOL_PAGES, 36, (uint16_t)(number + 1)),
                HV_OK);
    CHECK_EQUAL(stage2_map(&guest->stage2, ipa(GUEST_BASE), ram, BLOCK_SIZE, STAGE2_RAM), HV_OK);
    guest->vcpu.stage2 = &guest->stage2.arch;
    guest->vcpu.vmpidr = 0x80000000 + number;
    guest->vcpu.trap_wfi = true;
    arch_vcpu_init(&guest->vcpu, GUEST_BASE, x0);
}

#define MAKE_GUEST(number, name, x0) guest_make(number, guest_##name, guest_##name##_end, x0)

/** One exit of guest 0 that must be of class @p class; afterwards the guest is behind the instruction. */
static struct arch_exit expect_class(unsigned class)
{
    struct arch_vcpu *vcpu = &guests[0].vcpu;
    struct arch_exit exit;

    arch_vcpu_run(vcpu, &exit);
    CHECK_EQUAL(exit.reason, ARCH_EXIT_SYNC);
    CHECK_EQUAL(esr_class(exit.esr), class);
    if (class != ESR_EC_HVC64)
        vcpu->regs.pc += 4;
    return exit;
}

/** A trapped system register access. */
static void expect_sysreg(uint32_t encoding, bool write)
{
    struct esr_sysreg access = esr_decode_sysreg(expect_class(ESR_EC_SYSREG).esr);

    CHECK_EQUAL(access.encoding, encoding);
    CHECK_EQUAL(access.write, write);
}

static void expect_abort(uint64_t address, unsigned size, bool write)
{
    struct arch_exit exit = expect_class(ESR_EC_DATA_ABORT);

    CHECK(esr_is_access(exit.esr));
    CHECK_EQUAL(esr_access_size(exit.esr), size);
    CHECK_EQUAL(esr_access_is_write(exit.esr), write);
    CHECK_EQUAL((exit.hpfar >> 4 << 12) | (exit.far & 0xfff), address);
}

static void check_traps(void)
{
    struct arch_vcpu *vcpu = &guests[0].vcpu;
    struct arch_exit exit;

    MAKE_GUEST(0, traps, 0);
    vcpu->regs.x[19] = NOTHING_THERE;
    vcpu->regs.x[20] = 0x1234567890abcdef;
    arch_vcpu_load(vcpu);
    CHECK_EQUAL(expect_class(ESR_EC_HVC64).esr & 0xffff, 0x123);
    CHECK_EQUAL(vcpu->regs.pc, GUEST_BASE + 4);
    expect_class(ESR_EC_SMC64);
    expect_class(ESR_EC_WFX);
    expect_sysreg(SYSREG(3, 0, 0, 4, 0), false);  /* ID_AA64PFR0_EL1 */
    expect_sysreg(SYSREG(3, 0, 1, 0, 1), true);   /* ACTLR_EL1 */
    expect_sysreg(SYSREG(3, 3, 9, 12, 0), false); /* PMCR_EL0 */
    expect_sysreg(SYSREG(2, 0, 0, 2, 2), true);   /* MDSCR_EL1 */
    expect_sysreg(SYSREG(2, 0, 1, 0, 4), true);   /* OSLAR_EL1 */
    expect_sysreg(SYSREG(1, 0, 7, 6, 2), true);   /* DC ISW */
    expect_sysreg(SYSREG(2, 0, 0, 0, 4), false);  /* DBGBVR0_EL1 */
    expect_abort(NOTHING_THERE + 8, 4, true);
    expect_abort(NOTHING_THERE + 2, 2, false);
    /* Without GIC system registers this is undefined and the guest takes it at its own vector, where there is nothing.
     */
    arch_vcpu_run(vcpu, &exit);
    if (esr_class(exit.esr) == ESR_EC_SYSREG)
        vcpu->regs.pc += 4;
    else
        vcpu->regs.pc = GUEST_BASE + 4 * 13;
    CHECK_EQUAL(expect_class(ESR_EC_HVC64).esr & 0xffff, 0x124);
    CHECK_EQUAL(vcpu->regs.x[20], 0x1234567890abcdef);
    exit = expect_class(ESR_EC_INSTRUCTION_ABORT);
    CHECK_EQUAL(exit.hpfar >> 4 << 12, NOTHING_THERE);
    CHECK_EQUAL(vcpu->regs.x[30], GUEST_BASE + 4 * 15);
    arch_vcpu_put(vcpu);
}

/** Two guests take turns on one CPU, each with registers of its own. */
static void check_state(void)
{
    struct arch_exit exit;

    MAKE_GUEST(0, state, 0x1111000);
    MAKE_GUEST(1, state, 0x2222000);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        for (unsigned i = 0; i < 2; i++) {
            struct arch_vcpu *vcpu = &guests[i].vcpu;
            arch_vcpu_load(vcpu);
            arch_vcpu_run(vcpu, &exit);
            CHECK_EQUAL(esr_class(exit.esr), ESR_EC_HVC64);
            CHECK_EQUAL(vcpu->regs.x[1], round);
            CHECK_EQUAL(vcpu->regs.x[2], 0);
            CHECK_EQUAL(arch_vcpu_sysreg_read(vcpu, VCPU_VBAR_EL1), vcpu->regs.x[0]);
            arch_vcpu_put(vcpu);
            CHECK_EQUAL(vcpu->sysregs[VCPU_TPIDR_EL1], vcpu->regs.x[0]);
            CHECK_EQUAL(vcpu->sysregs[VCPU_SP_EL1], vcpu->regs.x[0] + 2);
        }
    }
    /* Core changes a register of a loaded and of an unloaded vCPU: the guest sees it. */
    arch_vcpu_sysreg_write(&guests[0].vcpu, VCPU_TPIDR_EL0, 5);
    arch_vcpu_load(&guests[0].vcpu);
    arch_vcpu_sysreg_write(&guests[0].vcpu, VCPU_VBAR_EL1, 0x6000);
    arch_vcpu_run(&guests[0].vcpu, &exit);
    CHECK_EQUAL(guests[0].vcpu.regs.x[2], 1);
    CHECK_EQUAL(arch_vcpu_sysreg_read(&guests[0].vcpu, VCPU_VBAR_EL1), 0x6000);
    arch_vcpu_put(&guests[0].vcpu);
}

static void put_word(pa_t at, uint32_t value)
{
    uint32_t *window = arch_window_open(1, at, sizeof(value), ARCH_MAP_READ_WRITE);

    *window = value;
    arch_cache_clean(window, sizeof(value));
    arch_window_close(1);
}

/** What was unmapped is gone at the next access, whether or not the guest is loaded; what is mapped anew is seen. */
static void check_invalidation(bool loaded)
{
    const ipa_t at = ipa(NOTHING_THERE + 0x3000);
    pa_t first = pa_add(seam_scratch(), 5 * BLOCK_SIZE), second = pa_add(first, 0x5000);
    struct guest *guest = &guests[0];
    struct arch_exit exit;

    MAKE_GUEST(0, read, 0);
    guest->vcpu.regs.x[19] = at.raw;
    put_word(first, 0xaaaa);
    put_word(second, 0xbbbb);
    arch_vcpu_load(&guest->vcpu);
    arch_vcpu_run(&guest->vcpu, &exit);
    CHECK_EQUAL(esr_class(exit.esr), ESR_EC_DATA_ABORT);
    CHECK_EQUAL(stage2_map(&guest->stage2, at, first, PAGE_SIZE, STAGE2_RAM), HV_OK);
    arch_vcpu_run(&guest->vcpu, &exit);
    CHECK_EQUAL(esr_class(exit.esr), ESR_EC_HVC64);
    CHECK_EQUAL(guest->vcpu.regs.x[0], 0xaaaa);
    if (!loaded)
        arch_vcpu_put(&guest->vcpu);
    CHECK_EQUAL(stage2_unmap(&guest->stage2, at, PAGE_SIZE), HV_OK);
    if (!loaded)
        arch_vcpu_load(&guest->vcpu);
    arch_vcpu_run(&guest->vcpu, &exit);
    CHECK_EQUAL(esr_class(exit.esr), ESR_EC_DATA_ABORT);
    CHECK_EQUAL(stage2_map(&guest->stage2, at, second, PAGE_SIZE, STAGE2_RAM_RO), HV_OK);
    arch_vcpu_run(&guest->vcpu, &exit);
    CHECK_EQUAL(guest->vcpu.regs.x[0], 0xbbbb);
    /* A large range takes another instruction. */
    CHECK_EQUAL(stage2_unmap(&guest->stage2, ipa(NOTHING_THERE), MIB(64)), HV_OK);
    arch_vcpu_run(&guest->vcpu, &exit);
    CHECK_EQUAL(esr_class(exit.esr), ESR_EC_DATA_ABORT);
    arch_vcpu_put(&guest->vcpu);
}

static uint64_t translate(const struct arch_vcpu *vcpu, uint64_t address)
{
    ipa_t found;

    return arch_vcpu_translate(vcpu, address, &found) ? found.raw : UINT64_MAX;
}

/** A guest's virtual addresses, with its MMU off and by a table of its own: VA 2 GiB to 3 GiB is IPA 1 GiB to 2 GiB. */
static void check_translation(void)
{
    const uint64_t table = 0x100000, virtual = 0x80000000, tcr_39_bits = 25 | 1ULL << 23;
    struct arch_vcpu *vcpu = &guests[0].vcpu;

    MAKE_GUEST(0, read, 0);
    put_word(pa_add(seam_scratch(), table + 2 * 8), GUEST_BASE | 1 << 10 | 1); /* a block, accessed */
    arch_vcpu_sysreg_write(vcpu, VCPU_PAR_EL1, 0x1234000);
    arch_vcpu_load(vcpu);
    CHECK_EQUAL(translate(vcpu, GUEST_BASE + 0x1234), GUEST_BASE + 0x1234);
    CHECK_EQUAL(translate(vcpu, NOTHING_THERE), NOTHING_THERE); /* by stage 1 alone */
    CHECK_EQUAL(translate(vcpu, UINT64_MAX), UINT64_MAX);
    arch_vcpu_put(vcpu);
    arch_vcpu_sysreg_write(vcpu, VCPU_TCR_EL1, tcr_39_bits);
    arch_vcpu_sysreg_write(vcpu, VCPU_TTBR0_EL1, GUEST_BASE + table);
    arch_vcpu_sysreg_write(vcpu, VCPU_SCTLR_EL1, 0x00c50079);
    arch_vcpu_load(vcpu);
    CHECK_EQUAL(translate(vcpu, virtual + 0x1234), GUEST_BASE + 0x1234);
    CHECK_EQUAL(translate(vcpu, GUEST_BASE), UINT64_MAX);
    CHECK_EQUAL(translate(vcpu, UINT64_MAX), UINT64_MAX);
    arch_vcpu_put(vcpu);
    arch_vcpu_sysreg_write(vcpu, VCPU_TTBR0_EL1, NOTHING_THERE); /* a table that stage 2 does not have */
    arch_vcpu_load(vcpu);
    CHECK_EQUAL(translate(vcpu, virtual + (1ULL << 30)), UINT64_MAX);
    arch_vcpu_put(vcpu);
    CHECK_EQUAL(arch_vcpu_sysreg_read(vcpu, VCPU_PAR_EL1), 0x1234000);
}

/** A physical interrupt ends the run of a guest that never comes out by itself. */
static void check_interrupt(void)
{
    struct gic *gic = &host_gic;
    struct arch_exit exit;
    uint32_t token, intid;

    MAKE_GUEST(0, spin, 0);
    gic->ops->enable(gic, hv_boot.machine.timer_hypervisor_intid);
    arch_vcpu_load(&guests[0].vcpu);
    arch_timer_set_deadline(arch_timer_now() + arch_timer_frequency() / 100);
    arch_vcpu_run(&guests[0].vcpu, &exit);
    CHECK_EQUAL(exit.reason, ARCH_EXIT_IRQ);
    CHECK(guests[0].vcpu.regs.x[0] > 1000);
    intid = gic->ops->acknowledge(gic, &token);
    CHECK_EQUAL(intid, hv_boot.machine.timer_hypervisor_intid);
    arch_timer_set_deadline(ARCH_TIMER_NEVER);
    gic->ops->priority_drop(gic, token);
    gic->ops->deactivate(gic, token);
    arch_vcpu_put(&guests[0].vcpu);
}

void seam_guests(void)
{
    check_traps();
    check_state();
    check_invalidation(true);
    check_invalidation(false);
    check_translation();
    check_interrupt();
    CHECK_EQUAL(arch_id_register(SYSREG(3, 0, 0, 0, 0)), guests[0].vcpu.vpidr);
    CHECK(arch_id_register(SYSREG(3, 0, 0, 7, 0)) != 0);
    CHECK_EQUAL(arch_id_register(SYSREG(3, 0, 0, 0, 1)), 0);
    CHECK_EQUAL(arch_id_register(SYSREG(3, 0, 0, 8, 0)), 0);
    CHECK_EQUAL(arch_id_register(SYSREG(3, 3, 0, 0, 1)), 0);
    CHECK_EQUAL(arch_id_register(0xffffffff), 0);
}
