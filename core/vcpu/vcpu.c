// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu.h"

#include "arch/cpu.h"
#include "vcpu/sched.h"

void vcpu_wake(struct vcpu *vcpu)
{
    store_release(&vcpu->wake, 1);
    sched_look_again(vcpu->cpu);
}
