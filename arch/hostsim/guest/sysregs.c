// SPDX-License-Identifier: Apache-2.0
/* System registers that a guest reaches without a trap: EL1's own, and the virtual timer. */
#include "hostsim/devices/timers.h"
#include "hostsim/guest/guest_runtime.h"

#define CNTV_TVAL_EL0 GUEST_SYSREG(3, 3, 14, 3, 0)
#define CTR_EL0 GUEST_SYSREG(3, 3, 0, 0, 1)
#define DCZID_EL0 GUEST_SYSREG(3, 3, 0, 0, 7)

static const uint32_t plain[VCPU_SYSREG_COUNT] = {
    [VCPU_SCTLR_EL1] = GUEST_SYSREG(3, 0, 1, 0, 0),     [VCPU_CPACR_EL1] = GUEST_SYSREG(3, 0, 1, 0, 2),
    [VCPU_TTBR0_EL1] = GUEST_SYSREG(3, 0, 2, 0, 0),     [VCPU_TTBR1_EL1] = GUEST_SYSREG(3, 0, 2, 0, 1),
    [VCPU_TCR_EL1] = GUEST_SYSREG(3, 0, 2, 0, 2),       [VCPU_MAIR_EL1] = GUEST_SYSREG(3, 0, 10, 2, 0),
    [VCPU_AMAIR_EL1] = GUEST_SYSREG(3, 0, 10, 3, 0),    [VCPU_VBAR_EL1] = GUEST_SYSREG(3, 0, 12, 0, 0),
    [VCPU_ESR_EL1] = GUEST_SYSREG(3, 0, 5, 2, 0),       [VCPU_FAR_EL1] = GUEST_SYSREG(3, 0, 6, 0, 0),
    [VCPU_AFSR0_EL1] = GUEST_SYSREG(3, 0, 5, 1, 0),     [VCPU_AFSR1_EL1] = GUEST_SYSREG(3, 0, 5, 1, 1),
    [VCPU_ELR_EL1] = GUEST_SYSREG(3, 0, 4, 0, 1),       [VCPU_SPSR_EL1] = GUEST_SYSREG(3, 0, 4, 0, 0),
    [VCPU_PAR_EL1] = GUEST_SYSREG(3, 0, 7, 4, 0),       [VCPU_SP_EL0] = GUEST_SYSREG(3, 0, 4, 1, 0),
    [VCPU_TPIDR_EL0] = GUEST_SYSREG(3, 3, 13, 0, 2),    [VCPU_TPIDRRO_EL0] = GUEST_SYSREG(3, 3, 13, 0, 3),
    [VCPU_TPIDR_EL1] = GUEST_SYSREG(3, 0, 13, 0, 4),    [VCPU_CONTEXTIDR_EL1] = GUEST_SYSREG(3, 0, 13, 0, 1),
    [VCPU_CNTKCTL_EL1] = GUEST_SYSREG(3, 0, 14, 1, 0),  [VCPU_CSSELR_EL1] = GUEST_SYSREG(3, 2, 0, 0, 0),
    [VCPU_CNTV_CTL_EL0] = GUEST_SYSREG(3, 3, 14, 3, 1), [VCPU_CNTV_CVAL_EL0] = GUEST_SYSREG(3, 3, 14, 3, 2),
};

static int find(uint32_t encoding)
{
    for (int i = 0; i < VCPU_SYSREG_COUNT; i++)
        if (plain[i] == encoding)
            return i;
    return -1;
}

bool sim_sysreg_read(struct sim_cpu *cpu, uint32_t encoding, uint64_t *value)
{
    int index = find(encoding);
    switch (encoding) {
    case GUEST_CNTVCT_EL0:
        *value = sim_virtual_counter(cpu);
        return true;
    case GUEST_CNTPCT_EL0:
        *value = sim_counter(cpu->machine);
        return true;
    case GUEST_CNTFRQ_EL0:
        *value = cpu->machine->frequency;
        return true;
    case GUEST_CNTV_CTL_EL0:
        *value = sim_virtual_timer_control(cpu);
        return true;
    case CNTV_TVAL_EL0:
        *value = (uint32_t)(cpu->sysregs[VCPU_CNTV_CVAL_EL0] - sim_virtual_counter(cpu));
        return true;
    case GUEST_MIDR_EL1:
        *value = cpu->loaded->vpidr;
        return true;
    case GUEST_MPIDR_EL1:
        *value = cpu->loaded->vmpidr;
        return true;
    case CTR_EL0:
    case DCZID_EL0:
        *value = arch_id_register(encoding);
        return true;
    default:
        if (index < 0)
            return false;
        *value = cpu->sysregs[index];
        return true;
    }
}

bool sim_sysreg_write(struct sim_cpu *cpu, uint32_t encoding, uint64_t value)
{
    int index = find(encoding);
    if (encoding == CNTV_TVAL_EL0)
        cpu->sysregs[VCPU_CNTV_CVAL_EL0] = sim_virtual_counter(cpu) + (uint64_t)(int64_t)(int32_t)value;
    else if (encoding == GUEST_CNTV_CTL_EL0)
        cpu->sysregs[VCPU_CNTV_CTL_EL0] = value & 3;
    else if (index >= 0)
        cpu->sysregs[index] = value;
    else
        return false;
    sim_timers_update(cpu);
    return true;
}
