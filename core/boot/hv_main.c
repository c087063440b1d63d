// SPDX-License-Identifier: Apache-2.0
#include "boot/hv_main.h"

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "console/console.h"
#include "console/panic.h"
#include "domain/host_interrupts.h"
#include "drivers/gic.h"
#include "sched/sched.h"
#include "time/deadline.h"
#include "trace/trace.h"

struct boot hv_boot;

static const struct domain_host for_domains = {&hv_boot.machine, &host_gic, &hv_boot.plan, hv_domain_stopped};

void hv_main(const void *dtb, uint64_t dtb_space, pa_t dtb_address, uint64_t entry_ticks)
{
    const struct boot_input input = {dtb, dtb_space, dtb_address};

    trace_begin(entry_ticks);
    cpu_init();
    deadline_init(cpu_look_again);
    console_init();
    panic_init(cpu_stop_others);
    domain_init(&for_domains);
    hv_keys_init();
    trace_mark(DOMID_HYPERVISOR, "entry");
    boot_run(&input);
    arch_boot_done();
    trace_mark(DOMID_HYPERVISOR, "running");
    if (host_gic.ops == NULL) {
        console_printf("nothing can run on this machine: halted\n");
        console_drain();
        arch_cpu_halt();
    }
    hv_domains_created();
    store_release(&hv_boot.started, 1);
    arch_cpu_signal();
    sched_run(&cpu_table[0]);
}

void hv_secondary_main(unsigned cpu)
{
    struct cpu *self = &cpu_table[cpu];

    if (load_acquire(&self->online) != 0) /* whatever it was doing is lost, with the locks that it held */
        hv_panic("CPU %u started again", cpu);
    store_release(&self->online, 1);
    arch_cpu_signal();
    while (load_acquire(&hv_boot.started) == 0) {
        cpu_stop_if_asked();
        arch_cpu_wait();
    }
    boot_init_cpu_interrupts();
    domain_lead_interrupts();
    sched_run(self);
}
