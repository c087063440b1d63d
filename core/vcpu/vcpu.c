// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu.h"

#include "arch/cpu.h"
#include "drivers/gic.h"
#include "vcpu/cpu.h"

static struct vcpu *vcpu_of(const struct vgic_vcpu *vgic_vcpu)
{
    return (struct vcpu *)((uintptr_t)vgic_vcpu - offsetof(struct vcpu, vgic));
}

void vcpu_route_interrupt(const struct vgic_vcpu *vgic_vcpu, uint32_t physical_intid)
{
    host_gic.ops->route(&host_gic, physical_intid, vcpu_of(vgic_vcpu)->cpu);
}

void vcpu_wake_for_interrupt(struct vgic_vcpu *vgic_vcpu)
{
    struct vcpu *vcpu = vcpu_of(vgic_vcpu);

    /* One that this CPU runs is out of its guest now, and is flushed before it enters again. */
    if (vcpu->cpu != arch_cpu_id() || load_acquire(&vcpu->state) != VCPU_READY)
        vcpu_wake(vcpu);
}

/* In one order with sched_run(), which says that it decides anew before it looks at what there is to run, and with
 * run_load(): a CPU that still seems settled looks after this, and one that has the vCPU loaded is brought out. */
void vcpu_wake(struct vcpu *vcpu)
{
    const struct cpu *cpu = &cpu_table[vcpu->cpu];

    __atomic_store_n(&vcpu->wake, 1, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (vcpu->cpu == arch_cpu_id() || __atomic_load_n(&cpu->settled, __ATOMIC_SEQ_CST) == 0 ||
        __atomic_load_n(&cpu->loaded, __ATOMIC_SEQ_CST) == vcpu)
        cpu_look_again(vcpu->cpu);
}

HV_RARE bool vcpu_is_loaded(const struct vcpu *vcpu)
{
    return __atomic_load_n(&cpu_table[vcpu->cpu].loaded, __ATOMIC_ACQUIRE) == vcpu;
}
