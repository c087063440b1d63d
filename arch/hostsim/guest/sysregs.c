// SPDX-License-Identifier: Apache-2.0
/* System registers that a guest reaches without a trap: EL1's own, and its timers. */
#include "hostsim/devices/timers.h"
#include "hostsim/guest/guest_runtime.h"

#define CNTV_TVAL_EL0 GUEST_SYSREG(3, 3, 14, 3, 0)
#define CNTP_TVAL_EL0 GUEST_SYSREG(3, 3, 14, 2, 0)
#define CTR_EL0 GUEST_SYSREG(3, 3, 0, 0, 1)
#define DCZID_EL0 GUEST_SYSREG(3, 3, 0, 0, 7)

/* A Cortex-A53: no registers that an extension brings. SP_EL1 is not EL1's to name. */
static const uint32_t plain[VCPU_SYSREG_COUNT] = {
#define X(name, access, ...) [VCPU_##name] = GUEST_SYSREG(__VA_ARGS__),
    VCPU_REGISTERS_BASE(X) VCPU_REGISTERS_WALKS(X)
#undef X
};

static int find(uint32_t encoding)
{
    for (int i = 0; i < VCPU_SYSREG_COUNT; i++)
        if (plain[i] == encoding && i != VCPU_SP_EL1 && encoding != 0)
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
    case GUEST_CNTP_CTL_EL0:
        *value = sim_physical_timer_control(cpu);
        return true;
    case CNTP_TVAL_EL0:
        *value = (uint32_t)(cpu->sysregs[VCPU_CNTP_CVAL_EL0] - sim_counter(cpu->machine));
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
    else if (encoding == CNTP_TVAL_EL0)
        cpu->sysregs[VCPU_CNTP_CVAL_EL0] = sim_counter(cpu->machine) + (uint64_t)(int64_t)(int32_t)value;
    else if (encoding == GUEST_CNTV_CTL_EL0 || encoding == GUEST_CNTP_CTL_EL0)
        cpu->sysregs[index] = value & 3;
    else if (index >= 0)
        cpu->sysregs[index] = value;
    else
        return false;
    sim_timers_update(cpu);
    return true;
}
