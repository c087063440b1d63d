// SPDX-License-Identifier: Apache-2.0
#include "vcpu/run.h"

#include "arch/timer.h"
#include "boot/hypervisor.h"
#include "console/console.h"
#include "domain/domain.h"
#include "trap/trap.h"

/* Kept small, and out of the functions that every exit goes through. */
#define HARDLY_EVER __attribute__((cold, noinline))

static uint32_t host_timer(enum vcpu_timer timer)
{
    const struct machine *machine = &hypervisor.machine;

    return timer == VCPU_TIMER_VIRTUAL ? machine->timer_virtual_intid : machine->timer_physical_intid;
}

static const uint8_t guest_timers[VCPU_TIMERS] = {GUEST_TIMER_VIRTUAL_INTID, GUEST_TIMER_PHYSICAL_INTID};

/* A timer's physical interrupt stays active from its delivery until the guest ends it. Active means it cannot fire
 * again, so while another vCPU holds the CPU the state must leave the distributor together with its owner. */
static void save_timer_interrupts(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < VCPU_TIMERS; i++) {
        if (!vgic_ppi_in_flight(&vcpu->vgic, guest_timers[i]))
            continue;
        vcpu->timers_in_flight |= (uint8_t)(1u << i);
        hypervisor.gic.ops->set_active(&hypervisor.gic, host_timer(i), false);
    }
}

static void restore_timer_interrupts(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < VCPU_TIMERS; i++)
        if ((vcpu->timers_in_flight & 1u << i) != 0)
            hypervisor.gic.ops->set_active(&hypervisor.gic, host_timer(i), true);
    vcpu->timers_in_flight = 0;
}

void run_unload(struct cpu *cpu)
{
    struct vcpu *vcpu = cpu->loaded;

    if (vcpu == NULL)
        return;
    vgic_put(&vcpu->vgic);
    bool sound = arch_vcpu_put(&vcpu->arch);
    save_timer_interrupts(vcpu);
    if (!sound)
        domain_stop(vcpu->domain, DOMAIN_FAILED, DOMAIN_SERROR);
    __atomic_store_n(&cpu->loaded, NULL, __ATOMIC_RELEASE); /* from here on another CPU may build on it */
}

bool run_load(struct cpu *cpu, struct vcpu *vcpu, bool trap_wfi)
{
    /* One that went off and is on again is loaded anew: it is reset in between. */
    if (cpu->loaded == vcpu && !psci_start_requested(vcpu)) {
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
    if (psci_start_requested(vcpu))
        psci_start(vcpu);
    vcpu->arch.trap_wfi = trap_wfi;
    restore_timer_interrupts(vcpu);
    arch_vcpu_load(&vcpu->arch);
    vgic_load(&vcpu->vgic);
    return true;
}

/** Hands a timer's interrupt to the vCPU that is loaded. */
static void forward_timer(const struct cpu *cpu, uint32_t intid, uint32_t token)
{
    struct gic *gic = &hypervisor.gic;
    bool virtual = intid == hypervisor.machine.timer_virtual_intid;

    gic->ops->priority_drop(gic, token);
    if (cpu->loaded == NULL) { /* fired while its owner was being put */
        gic->ops->deactivate(gic, token);
        return;
    }
    vgic_inject_hardware_ppi(&cpu->loaded->vgic, virtual ? GUEST_TIMER_VIRTUAL_INTID : GUEST_TIMER_PHYSICAL_INTID,
                             intid);
}

static void console_interrupt(void)
{
    struct uart *uart = &hypervisor.uart;

    uart->ops->acknowledge(uart);
    console_transmit();
    console_poll();
}

/** Hardware may break, a guest must not be able to fill the console: what is said of stray interrupts has an end. */
HARDLY_EVER static void turn_off(struct cpu *cpu, uint32_t intid, const char *why)
{
    struct gic *gic = &hypervisor.gic;

    gic->ops->disable(gic, intid);
    if (__atomic_fetch_add(&hypervisor.interrupts_off, 1, __ATOMIC_RELAXED) < RUN_MAX_REPORTS)
        console_printf("warning: CPU %u: interrupt %u %s: turned off\n", cpu->id, intid, why);
}

/* Sources that are quiet once they have been handled. No guest can make one come RUN_STORM times in a row: the EL2
 * timer is armed at entries to guests, the virtual interface is off, and the UART is as slow as its line. */
enum source {
    TIMER,
    UART,
    MAINTENANCE,
    OTHERS /* kicks, which a guest can cause at any rate, and what is turned off at once */
};

static enum source source_of(uint32_t intid)
{
    const struct machine *machine = &hypervisor.machine;

    if (intid == GIC_SGI_KICK) /* also the number of what has no interrupt */
        return OTHERS;
    if (intid == machine->timer_hypervisor_intid)
        return TIMER;
    if (intid == machine->uart.intid && hypervisor.uart.interrupts)
        return UART;
    return intid == hypervisor.gic.maintenance_intid ? MAINTENANCE : OTHERS;
}

/** @param count  how often it came just now, with this time */
static void handle(struct cpu *cpu, uint32_t intid, enum source source, unsigned count)
{
    if (source == TIMER) {
        arch_timer_set_deadline(ARCH_TIMER_NEVER); /* level: gone before the interrupt is ended */
        cpu->reschedule = true;
    } else if (source == UART) {
        console_interrupt();
    } else if (source == MAINTENANCE) {
        if (count > 1 && cpu->loaded != NULL) /* the first time its cause may be gone with vgic_sync() */
            vgic_silence(&cpu->loaded->vgic);
    } else if (intid == GIC_SGI_KICK) {
        cpu->reschedule = true;
    } else {
        turn_off(cpu, intid, "is nobody's");
    }
}

/* Nothing else would ever run here again. A UART is asked from time to time from then on; of a timer its CPU knows that
 * it cannot be relied on. */
HARDLY_EVER static void stop_storm(struct cpu *cpu, uint32_t intid, enum source source)
{
    turn_off(cpu, intid, "storms");
    if (source == UART) {
        console_uart_interrupts(false);
        sched_console_due(0);
    } else if (source == TIMER) {
        cpu->timer_lost = true;
    }
}

/** @param counts  how often each source came just now, a byte each: uint32_t, for it stays in a register
 *  @return the same with this time */
static uint32_t one_interrupt(struct cpu *cpu, uint32_t intid, uint32_t token, uint32_t counts)
{
    struct gic *gic = &hypervisor.gic;
    enum source source = source_of(intid);

    gic->ops->priority_drop(gic, token);
    counts += 1u << 8 * source;
    handle(cpu, intid, source, counts >> 8 * source & 0xff);
    gic->ops->deactivate(gic, token);
    if ((counts >> 8 * source & 0xff) == RUN_STORM && source != OTHERS)
        stop_storm(cpu, intid, source);
    return counts;
}

void run_interrupts(struct cpu *cpu)
{
    struct gic *gic = &hypervisor.gic;
    uint32_t counts = 0;

    for (unsigned i = 0; i < RUN_MAX_INTERRUPTS; i++) {
        uint32_t token, intid = gic->ops->acknowledge(gic, &token);
        if (intid >= HV_MAX_INTIDS)
            return;
        if (intid == hypervisor.machine.timer_virtual_intid || intid == hypervisor.machine.timer_physical_intid)
            forward_timer(cpu, intid, token);
        else
            counts = one_interrupt(cpu, intid, token, counts);
    }
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
            run_interrupts(cpu);
        } else {
            trap_handle(vcpu, &exit);
        }
    }
}
