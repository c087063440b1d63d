// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu.h"

#include "arch/cpu.h"
#include "vcpu/sched.h"

void vcpu_wake(struct vcpu *vcpu)
{
    store_release(&vcpu->wake, 1);
    if (vcpu->cpu != arch_cpu_id())
        sched_kick(vcpu->cpu);
}
