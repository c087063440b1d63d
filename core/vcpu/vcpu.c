// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu.h"

#include "arch/cpu.h"
#include "vcpu/sched.h"

void vcpu_wake_for_interrupt(struct vgic_vcpu *vgic_vcpu)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)((uint8_t *)vgic_vcpu - offsetof(struct vcpu, vgic));

    /* One that this CPU runs is out of its guest now, and is flushed before it enters again. */
    if (vcpu->cpu != arch_cpu_id() || load_acquire(&vcpu->state) != VCPU_READY)
        vcpu_wake(vcpu);
}

void vcpu_wake(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->wake, 1, __ATOMIC_SEQ_CST);
    sched_wake(vcpu);
}
