// SPDX-License-Identifier: Apache-2.0
#include "vcpu/vcpu_power.h"

#include "arch/cpu.h"
#include "vcpu/cpu.h"
#include "vcpu/vcpu.h"

#define CLAIM_TRIES 100

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* A vCPU is off and nobody else turns it on, or this tells why not. Whoever has the claim gives it up after a few
 * instructions: so who loses it looks again until it knows, but for a bound. A request that was granted counts as on:
 * it is only a matter of time, and a caller that is told PSCI_ON_PENDING could do nothing but ask again. */
static int64_t claim(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < CLAIM_TRIES; i++) {
        uint32_t request = VCPU_NO_REQUEST;
        bool won = __atomic_compare_exchange_n(&vcpu->on_request.state, &request, VCPU_REQUEST_CLAIMED, false,
                                               __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        bool on = load(&vcpu->state) != VCPU_OFF;
        if (won && on)
            store(&vcpu->on_request.state, VCPU_NO_REQUEST);
        if (on || request == VCPU_REQUESTED)
            return PSCI_ALREADY_ON;
        if (won)
            return PSCI_SUCCESS;
    }
    return PSCI_ON_PENDING;
}

/* The state is the last to change: the vCPU's own CPU takes nothing up before, and from then on nobody else wins. */
int64_t vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
    int64_t answer = claim(vcpu);

    if (answer != PSCI_SUCCESS)
        return answer;
    vcpu->on_request.entry = entry;
    vcpu->on_request.context = context;
    store(&vcpu->on_request.state, VCPU_REQUESTED);
    store(&vcpu->state, VCPU_READY);
    vcpu_wake(vcpu);
    return PSCI_SUCCESS;
}

void vcpu_power_off(struct vcpu *vcpu)
{
    store(&vcpu->state, VCPU_OFF);
    cpu_look_again(vcpu->cpu); /* it may be on again before its CPU looks: that must not go on in this guest */
}

bool vcpu_power_is_off(const struct vcpu *vcpu)
{
    return load(&vcpu->state) == VCPU_OFF && load(&vcpu->on_request.state) == VCPU_NO_REQUEST;
}

int64_t vcpu_power_info(const struct vcpu *vcpu)
{
    if (load(&vcpu->state) != VCPU_OFF)
        return VCPU_POWER_ON;
    return load(&vcpu->on_request.state) != VCPU_NO_REQUEST ? VCPU_POWER_ON_PENDING : VCPU_POWER_OFF;
}

bool vcpu_power_requested(const struct vcpu *vcpu)
{
    return load_acquire(&vcpu->on_request.state) == VCPU_REQUESTED;
}

void vcpu_power_take_up(struct vcpu *vcpu)
{
    arch_vcpu_init(&vcpu->arch, vcpu->on_request.entry, vcpu->on_request.context);
    vgic_reset_interface(&vcpu->vgic);
    store(&vcpu->on_request.state, VCPU_NO_REQUEST);
}

void vcpu_power_reset(struct vcpu *vcpu)
{
    store_release(&vcpu->on_request.state, VCPU_NO_REQUEST);
    store_release(&vcpu->wake, 0);
    store_release(&vcpu->state, VCPU_OFF);
}
