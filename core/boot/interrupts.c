// SPDX-License-Identifier: Apache-2.0
/* The interrupts that the hypervisor takes itself. Sinks with a storm() are quiet once they have been handled. No guest
 * can make one come IRQ_STORM times in a row: the EL2 timer is armed at entries to guests, the virtual interface is
 * off, and the UART is as slow as its line. */
#include "boot/boot.h"
#include "console/console.h"
#include "drivers/gic.h"
#include "irq/irq.h"
#include "time/deadline.h"

/* Other CPUs, and so guests, cause it at any rate. */
static enum irq_result kick(unsigned cpu, uint32_t intid, unsigned count)
{
    (void)intid;
    (void)count;
    cpu_table[cpu].reschedule = true;
    return IRQ_ENDED;
}

/* Level: gone before the interrupt is ended. */
static enum irq_result timer(unsigned cpu, uint32_t intid, unsigned count)
{
    (void)intid;
    (void)count;
    arch_timer_set_deadline(DEADLINE_NEVER);
    cpu_table[cpu].reschedule = true;
    return IRQ_ENDED;
}

static enum irq_result uart(unsigned cpu, uint32_t intid, unsigned count)
{
    (void)cpu;
    (void)intid;
    (void)count;
    console_interrupt();
    return IRQ_ENDED;
}

HV_RARE static void uart_lost(unsigned cpu)
{
    (void)cpu;
    console_interrupt_lost();
}

/* The first time its cause may be gone with vgic_sync(). */
static enum irq_result maintenance(unsigned cpu, uint32_t intid, unsigned count)
{
    (void)intid;
    if (count > 1 && cpu_table[cpu].loaded != NULL)
        vgic_silence(&cpu_table[cpu].loaded->vgic);
    return IRQ_ENDED;
}

HV_RARE static void nothing_lost(unsigned cpu)
{
    (void)cpu;
}

HV_RARE static void report(unsigned cpu, uint32_t intid, const char *why)
{
    console_printf("warning: CPU %u: interrupt %u %s: turned off\n", cpu, intid, why);
}

HV_ONCE hv_status boot_connect_interrupts(void)
{
    static const struct irq_sink kicks = {kick, NULL}, timers = {timer, deadline_timer_lost}, uarts = {uart, uart_lost},
                                 maintenances = {maintenance, nothing_lost};

    irq_init(report);
    HV_TRY(vcpu_timers_init(hv_boot.machine.timer_virtual_intid, hv_boot.machine.timer_physical_intid));
    HV_TRY(irq_connect(hv_boot.machine.timer_hypervisor_intid, &timers));
    HV_TRY(irq_connect(host_gic.maintenance_intid, &maintenances));
    if (hv_boot.uart.ops != NULL)
        HV_TRY(irq_connect(hv_boot.machine.uart.intid, &uarts));
    return irq_connect(GIC_SGI_KICK, &kicks); /* last: 0 is also the number of what has no interrupt */
}

HV_ONCE void boot_init_cpu_interrupts(void)
{
    struct gic *gic = &host_gic;
    const struct machine *machine = &hv_boot.machine;
    const uint32_t intids[] = {GIC_SGI_KICK, machine->timer_virtual_intid, machine->timer_physical_intid,
                               machine->timer_hypervisor_intid, gic->maintenance_intid};

    gic->ops->init_cpu(gic);
    for (size_t i = 0; i < ARRAY_SIZE(intids); i++)
        gic->ops->enable(gic, intids[i]);
}
