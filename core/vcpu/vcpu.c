// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu.h"

#include "arch/cpu.h"
#include "vcpu/sched.h"

void vcpu_wake(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->wake, 1, __ATOMIC_SEQ_CST);
    sched_wake(vcpu);
}
