// SPDX-License-Identifier: Apache-2.0
#include "sched/run.h"

#include "domain/domain.h"
#include "irq/irq.h"
#include "trace/trace.h"
#include "trap/trap.h"

void run_unload(struct cpu *cpu)
{
    struct vcpu *vcpu = cpu->loaded;

    if (vcpu == NULL)
        return;
    vgic_put(&vcpu->vgic);
    bool sound = arch_vcpu_put(&vcpu->arch);
    vcpu_timers_save(vcpu);
    if (!sound)
        domain_stop(vcpu->domain, DOMAIN_FAILED, DOMAIN_SERROR);
    __atomic_store_n(&cpu->loaded, NULL, __ATOMIC_RELEASE); /* from here on another CPU may build on it */
}

bool run_load(struct cpu *cpu, struct vcpu *vcpu, bool trap_wfi)
{
    /* One that went off and is on again is loaded anew: it is reset in between. */
    if (cpu->loaded == vcpu && !vcpu_power_requested(vcpu)) {
        vcpu->arch.trap_wfi = trap_wfi;
        return true;
    }
    run_unload(cpu);
    /* In one order with the domain's state for all CPUs: whoever takes a domain apart first changes its state and then
     * looks who has its vCPUs loaded. Until the state was looked at once more, the vCPU may be anybody's. */
    __atomic_store_n(&cpu->loaded, vcpu, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (load_acquire(&vcpu->domain->state) != DOMAIN_RUNNING) {
        __atomic_store_n(&cpu->loaded, NULL, __ATOMIC_RELEASE);
        return false;
    }
    if (vcpu_power_requested(vcpu))
        vcpu_power_take_up(vcpu);
    vcpu->arch.trap_wfi = trap_wfi;
    vcpu_timers_restore(vcpu);
    arch_vcpu_load(&vcpu->arch);
    vgic_load(&vcpu->vgic);
    return true;
}

static void first_entry(struct vcpu *vcpu)
{
    if (vcpu->index == 0)
        trace_mark(vcpu->domain->domid, "first instruction");
}

void run_until_reschedule(struct cpu *cpu, struct vcpu *vcpu)
{
    struct arch_exit exit;

    if (vcpu->statistics.exits == 0)
        first_entry(vcpu);
    while (!cpu->reschedule && load_acquire(&vcpu->state) == VCPU_READY &&
           load_acquire(&vcpu->domain->state) == DOMAIN_RUNNING) {
        vgic_flush(&vcpu->vgic);
        arch_vcpu_run(&vcpu->arch, &exit);
        vcpu->statistics.exits++;
        vgic_sync(&vcpu->vgic);
        if (exit.reason == ARCH_EXIT_IRQ) {
            vcpu->statistics.interrupts++;
            irq_take(cpu->id);
        } else {
            trap_handle(vcpu, &exit);
        }
    }
}
