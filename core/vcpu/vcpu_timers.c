// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu_timers.h"

#include "arch/timer.h"
#include "drivers/gic.h"
#include "vcpu/cpu.h"
#include "vcpu/vcpu.h"

static uint32_t host_intids[VCPU_TIMERS];
static uint8_t timer_of[VGIC_PRIVATE]; /* by the host's INTID */

/** Hands a timer's interrupt to the vCPU that is loaded. */
static enum irq_result forward(unsigned cpu, uint32_t intid, unsigned count)
{
    struct vcpu *vcpu = cpu_table[cpu].loaded;

    (void)count;
    if (vcpu == NULL) /* fired while its owner was being put */
        return IRQ_ENDED;
    vgic_inject_hardware_ppi(&vcpu->vgic, vcpu->timer_intids[timer_of[intid % VGIC_PRIVATE]], intid);
    return IRQ_PASSED_ON;
}

HV_ONCE hv_status vcpu_timers_init(uint32_t virtual_intid, uint32_t physical_intid)
{
    static const struct irq_sink sink = {.handle = forward};

    host_intids[VCPU_TIMER_VIRTUAL] = virtual_intid;
    host_intids[VCPU_TIMER_PHYSICAL] = physical_intid;
    for (unsigned i = 0; i < VCPU_TIMERS; i++) {
        timer_of[host_intids[i] % VGIC_PRIVATE] = (uint8_t)i;
        HV_TRY(irq_connect(host_intids[i], &sink));
    }
    return HV_OK;
}

/* A timer's physical interrupt stays active from its delivery until the guest ends it. Active means it cannot fire
 * again, so while another vCPU holds the CPU the state must leave the distributor together with its owner. */
void vcpu_timers_save(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < VCPU_TIMERS; i++) {
        if (!vgic_ppi_in_flight(&vcpu->vgic, vcpu->timer_intids[i]))
            continue;
        vcpu->timers_in_flight |= (uint8_t)(1u << i);
        host_gic.ops->set_active(&host_gic, host_intids[i], false);
    }
}

void vcpu_timers_restore(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < VCPU_TIMERS; i++)
        if ((vcpu->timers_in_flight & 1u << i) != 0)
            host_gic.ops->set_active(&host_gic, host_intids[i], true);
    vcpu->timers_in_flight = 0;
}

void vcpu_timers_reset(struct vcpu *vcpu)
{
    vcpu->timers_in_flight = 0;
}

/** @return the counter when this timer of a vCPU that is not loaded fires */
static uint64_t one_deadline(const struct vcpu *vcpu, enum vcpu_timer timer)
{
    const uint64_t enabled = 1, masked = 2;
    bool virtual = timer == VCPU_TIMER_VIRTUAL;
    uint64_t control = vcpu->arch.sysregs[virtual ? VCPU_CNTV_CTL_EL0 : VCPU_CNTP_CTL_EL0];
    uint64_t value = vcpu->arch.sysregs[virtual ? VCPU_CNTV_CVAL_EL0 : VCPU_CNTP_CVAL_EL0], when;

    if ((control & (enabled | masked)) != enabled || (vcpu->timers_in_flight & 1u << timer) != 0)
        return ARCH_TIMER_NEVER;
    /* Beyond the end of the counter: a small sum would be a time long past. */
    if (__builtin_add_overflow(value, virtual ? vcpu->arch.counter_offset : 0, &when))
        return ARCH_TIMER_NEVER;
    return when;
}

uint64_t vcpu_timers_deadline(const struct vcpu *vcpu)
{
    return min_u64(one_deadline(vcpu, VCPU_TIMER_VIRTUAL), one_deadline(vcpu, VCPU_TIMER_PHYSICAL));
}
