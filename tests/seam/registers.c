// SPDX-License-Identifier: Apache-2.0
/* Each register of a vCPU goes into the hardware and comes out again, of two that take turns. Neither is ever entered.
 * Compares memory, hardware (by the register's own name) and memory again: a name that is wrong in both directions, or
 * left out of both, shows as well. */
#include <string.h>

#include "arch/cpu.h"
#include "arch/vcpu.h"
#include "feature.h"
#include "seam.h"
#include "sysreg.h"

#define CNT_CTL_WRITABLE 3 /* bit 2 says whether the time has come */

struct fault_frame;
extern char serror_window_end[];
void serror_window(void);
void fault_handle(struct fault_frame *frame, uint64_t kind);

static struct arch_stage2 stage2[2];
static struct arch_vcpu vcpus[2], kept[2];

/** @return how many bits of a register count. */
static uint64_t mask_of(enum vcpu_sysreg sysreg)
{
    return sysreg == VCPU_CNTV_CTL_EL0 || sysreg == VCPU_CNTP_CTL_EL0 ? CNT_CTL_WRITABLE : UINT64_MAX;
}

/** Of the debug registers only what may be set at random; both vCPUs use them. */
static void fill_debug(uint64_t *sysregs, uint64_t vcpu)
{
    sysregs[VCPU_MDSCR_EL1] = MDSCR_MDE | vcpu;
    for (uint64_t i = 0; i < 16; i++) {
        uint64_t *pairs = &sysregs[VCPU_DBGBVR0_EL1 + 4 * i];
        pairs[0] = 0x10000 * (i + 1) + 8 * vcpu;
        pairs[1] = i << 16 | 0x1e0 | vcpu << 1;
        pairs[2] = 0x20000 * (i + 1) + 8 * vcpu;
        pairs[3] = i << 16 | 0x1fe0 | vcpu << 1;
    }
}

/** The two differ in every bit, and no register is like another. */
static void fill(void)
{
    uint64_t *first = vcpus[0].sysregs, *second = vcpus[1].sysregs;

    memset(vcpus, 0, sizeof(vcpus));
    for (unsigned i = 0; i < VCPU_SYSREG_COUNT; i++) {
        first[i] = seam_random() * 0x9e3779b97f4a7c15;
        second[i] = ~first[i];
    }
    for (unsigned i = 0; i < 2; i++) {
        fill_debug(vcpus[i].sysregs, i);
        stage2[i] =
            (struct arch_stage2){.root = seam_scratch(), .vmid = (uint16_t)(7 + i), .ipa_bits = 36, .start_level = 1};
        vcpus[i].stage2 = &stage2[i];
        vcpus[i].vmpidr = 0x80000100 + i;
        vcpus[i].vpidr = 0x410fd030 + i;
        vcpus[i].counter_offset = 0x1234567800 + i;
        memset(&vcpus[i].fp.q, 0x51 + (int)i, sizeof(vcpus[i].fp.q));
        vcpus[i].fp.fpcr = 1ULL << (22 + i);
        vcpus[i].fp.fpsr = 1ULL << i;
    }
}

/** @return whether this CPU has debug register number @p crm, a breakpoint's (@p op2 4 and 5) or a watchpoint's. */
static bool has_debug(unsigned crm, unsigned op2)
{
    return crm <= id_field(sysreg_read(id_aa64dfr0_el1), op2 < 6 ? 12 : 20);
}

static void check_hardware(const struct arch_vcpu *vcpu)
{
#define X(name, access, ...)                                                                                           \
    seam_check_equal(sysreg_read(access) & mask_of(VCPU_##name), kept[vcpu - vcpus].sysregs[VCPU_##name], #name,       \
                     __FILE__, __LINE__);
    VCPU_REGISTERS_BASE(X)
    VCPU_REGISTERS_WALKS(X)
    VCPU_REGISTERS_CONTROL(X)
    if (feature_ras()) {
        VCPU_REGISTERS_RAS(X)
    }
    if (feature_sme()) {
        VCPU_REGISTERS_SME(X)
    }
#define DEBUG(name, access, op0, op1, crn, crm, op2)                                                                   \
    if (has_debug(crm, op2)) {                                                                                         \
        X(name, access)                                                                                                \
    }
    VCPU_REGISTERS_DEBUG(DEBUG)
#undef X
#undef DEBUG
    CHECK_EQUAL(sysreg_read(cntvoff_el2), vcpu->counter_offset);
    CHECK_EQUAL(sysreg_read(vmpidr_el2), vcpu->vmpidr);
    CHECK_EQUAL(sysreg_read(vpidr_el2), vcpu->vpidr);
    CHECK_EQUAL(sysreg_read(vttbr_el2) >> VTTBR_VMID_SHIFT, vcpu->stage2->vmid);
}

static void check_memory(const struct arch_vcpu *vcpu)
{
    const struct arch_vcpu *before = &kept[vcpu - vcpus];

    for (unsigned i = 0; i < VCPU_SYSREG_COUNT; i++)
        CHECK_EQUAL(vcpu->sysregs[i] & mask_of(i), before->sysregs[i]);
    CHECK(memcmp(&vcpu->fp, &before->fp, sizeof(vcpu->fp)) == 0);
}

/** Not all bits of a register exist: from then on its value is what the hardware kept of it. */
static void learn(struct arch_vcpu *vcpu)
{
    struct arch_vcpu *to = &kept[vcpu - vcpus];

    arch_vcpu_load(vcpu);
    arch_vcpu_put(vcpu);
    *to = *vcpu;
    for (unsigned i = 0; i < VCPU_SYSREG_COUNT; i++)
        to->sysregs[i] &= mask_of(i);
}

/* QEMU's CPUs have nothing behind these. */
static bool may_be_empty(enum vcpu_sysreg sysreg)
{
    return sysreg == VCPU_AFSR0_EL1 || sysreg == VCPU_AFSR1_EL1 || sysreg == VCPU_AMAIR_EL1 || sysreg == VCPU_SMPRI_EL1;
}

/* QEMU sends no SErrors: without one the window does nothing, and one that is taken in it ends it. */
static void check_serror_window(void)
{
    uint64_t frame[36] = {[32] = (uint64_t)serror_window_end, [33] = 0x9}; /* as vectors.S saves them */

    serror_window();
    CHECK_EQUAL(sysreg_read(daif), 0x3c0);
    fault_handle((struct fault_frame *)frame, 7);
    CHECK_EQUAL(frame[32], serror_window_end);
    CHECK_EQUAL(frame[33], 0x109);
}

void seam_registers(void)
{
    check_serror_window();
    fill();
    for (unsigned i = 0; i < 2; i++)
        learn(&vcpus[i]);
    for (unsigned i = 0; i < VCPU_SYSREG_COUNT; i++)
        CHECK(may_be_empty(i) || kept[0].sysregs[i] != kept[1].sysregs[i]);
    for (unsigned round = 0; round < 4; round++) {
        struct arch_vcpu *vcpu = &vcpus[round % 2];

        arch_vcpu_load(vcpu);
        check_hardware(vcpu);
        arch_vcpu_put(vcpu);
        /* Their interrupts would be the next one's. */
        CHECK_EQUAL(sysreg_read(cntv_ctl_el0) & CNT_CTL_WRITABLE, 0);
        CHECK_EQUAL(sysreg_read(cntp_ctl_el0) & CNT_CTL_WRITABLE, 0);
        check_memory(vcpu);
    }
}
