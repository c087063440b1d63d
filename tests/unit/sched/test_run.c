// SPDX-License-Identifier: Apache-2.0
/* What goes with a vCPU when another one gets the CPU: its timers' interrupts, which stay active on the host
 * until the guest has handled it. And interrupts that never end. */
#include "hostsim/machine/machine.h"
#include "irq/irq.h"
#include "sched/run.h"
#include "support/guest_abi.h"
#include "support/suite.h"
#include "unit/domain/fixture.h"

/* Not the guest's numbers, so that they are told apart. */
#define HOST_TIMER 28
#define HOST_PHYSICAL_TIMER 29

/** What was asked of the host's interrupt controller. */
static struct {
    bool active;
    uint32_t timer; /* whose state is asked for */
    unsigned changes, loads, puts;
    uint32_t storm; /* the interrupt that comes again and again, until it is disabled */
    unsigned kicks; /* before each */
    unsigned calls, taken, ended, disabled;
    uint32_t hcr; /* as last written */
} gic;

static void set_active(struct gic *self, uint32_t intid, bool active)
{
    (void)self;
    ck_assert_uint_eq(intid, gic.timer);
    gic.active = active;
    gic.changes++;
}

static void vcpu_load(struct gic *self, const struct gic_vcpu_state *state)
{
    (void)self;
    (void)state;
    gic.loads++;
}

static void vcpu_put(struct gic *self, struct gic_vcpu_state *state)
{
    (void)self;
    (void)state;
    gic.puts++;
}

static uint32_t acknowledge(struct gic *self, uint32_t *token)
{
    (void)self;
    bool kick = gic.calls++ % (gic.kicks + 1) != gic.kicks;
    *token = kick ? GIC_SGI_KICK : gic.storm;
    if (gic.disabled != 0)
        return GIC_SPURIOUS;
    gic.taken++;
    return *token;
}

static void priority_drop(struct gic *self, uint32_t token)
{
    (void)self;
    ck_assert(token == gic.storm || (token == GIC_SGI_KICK && gic.kicks != 0));
}

static void hcr_write(struct gic *self, uint32_t hcr)
{
    (void)self;
    gic.hcr = hcr;
}

static uint32_t vmcr_read(struct gic *self)
{
    (void)self;
    return 1; /* group 0 */
}

static void deactivate(struct gic *self, uint32_t token)
{
    (void)self;
    ck_assert(token == gic.storm || (token == GIC_SGI_KICK && gic.kicks != 0));
    gic.ended++;
}

static void disable(struct gic *self, uint32_t intid)
{
    (void)self;
    ck_assert_uint_eq(intid, gic.storm);
    gic.disabled++;
}

static const struct gic_ops ops = {.set_active = set_active,
                                   .vcpu_load = vcpu_load,
                                   .vcpu_put = vcpu_put,
                                   .acknowledge = acknowledge,
                                   .priority_drop = priority_drop,
                                   .deactivate = deactivate,
                                   .disable = disable,
                                   .hcr_write = hcr_write,
                                   .vmcr_read = vmcr_read};

static struct cpu *start(void)
{
    uint8_t *kernel = load_kernel(KIB(64));

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    free(kernel);
    memset(&gic, 0, sizeof(gic));
    host_gic.ops = &ops;
    hv_boot.machine.timer_virtual_intid = HOST_TIMER;
    hv_boot.machine.timer_physical_intid = HOST_PHYSICAL_TIMER;
    hv_boot.machine.timer_hypervisor_intid = 26;
    hv_boot.machine.uart.intid = 33;
    host_gic.maintenance_intid = 25;
    ck_assert_int_eq(boot_connect_interrupts(), HV_OK);
    return &cpu_table[0];
}

static const struct {
    uint32_t host, guest;
} timers[] = {{HOST_TIMER, GUEST_TIMER_VIRTUAL_INTID}, {HOST_PHYSICAL_TIMER, GUEST_TIMER_PHYSICAL_INTID}};

START_TEST(an_interrupt_in_flight_goes_and_comes_with_its_vcpu)
{
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    gic.timer = timers[_i].host;
    ck_assert(run_load(cpu, vcpu, true));
    ck_assert_ptr_eq(cpu->loaded, vcpu);
    vcpu->vgic.private[timers[_i].guest].physical = true;
    gic.active = true;
    for (unsigned i = 0; i < 3; i++) {
        run_unload(cpu);
        ck_assert_ptr_null(cpu->loaded);
        ck_assert(!gic.active); /* or the timer of whoever comes next could not fire */
        ck_assert_uint_eq(vcpu->timers_in_flight, 1u << _i);
        ck_assert(run_load(cpu, vcpu, true));
        ck_assert(gic.active); /* or the same interrupt would fire again */
        ck_assert_uint_eq(vcpu->timers_in_flight, 0);
    }
    ck_assert_uint_eq(gic.changes, 6);
}
END_TEST

/* It is this vCPU's affair, not the next one's. */
START_TEST(an_serror_is_charged_to_the_vcpu_that_is_put)
{
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    ck_assert(run_load(cpu, vcpu, true));
    sim_this_cpu()->serror = true;
    run_unload(cpu);
    ck_assert_ptr_null(cpu->loaded);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_FAILED);
    ck_assert_str_eq(fixture.domain->reason, DOMAIN_SERROR);
    ck_assert(!sim_this_cpu()->serror);
    store_release(&fixture.domain->state, DOMAIN_RUNNING);
    ck_assert(run_load(cpu, vcpu, true));
    run_unload(cpu);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_RUNNING);
}
END_TEST

START_TEST(without_one_nothing_is_touched)
{
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    run_unload(cpu); /* none is loaded */
    ck_assert_uint_eq(gic.puts, 0);
    ck_assert(run_load(cpu, vcpu, true));
    ck_assert(run_load(cpu, vcpu, true)); /* it is already */
    ck_assert_uint_eq(gic.loads, 1);
    run_unload(cpu);
    run_unload(cpu);
    ck_assert_uint_eq(gic.puts, 1);
    ck_assert_uint_eq(gic.changes, 0);
    ck_assert_uint_eq(vcpu->timers_in_flight, 0);
}
END_TEST

/* Another CPU began to restart the domain between the scheduler's look at it and the load: the vCPU is that CPU's. */
START_TEST(a_vcpu_whose_domain_stops_is_not_loaded)
{
    static const uint32_t states[] = {DOMAIN_PLANNED, DOMAIN_BUILDING, DOMAIN_OFF, DOMAIN_FAILED};
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
        const struct arch_vcpu before = vcpu->arch;
        store_release(&fixture.domain->state, states[i]);
        store_release(&vcpu->on_request.state, VCPU_REQUESTED);
        ck_assert(!run_load(cpu, vcpu, true));
        ck_assert_ptr_null(cpu->loaded);
        ck_assert_mem_eq(&vcpu->arch, &before, sizeof(before));
        ck_assert(vcpu_power_requested(vcpu));
    }
    ck_assert_uint_eq(gic.loads, 0);
}
END_TEST

START_TEST(a_vcpu_that_was_asked_to_start_is_reset_first)
{
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    ck_assert(run_load(cpu, vcpu, true)); /* it went off, and is on again before its CPU had anything else */
    vcpu->arch.regs.x[5] = 5;
    vcpu->vgic.hw.vmcr = 0xf8000001;
    vcpu->vgic.hw.apr[0] = 1;
    vcpu->on_request.entry = 0x40001000;
    vcpu->on_request.context = 7;
    store_release(&vcpu->on_request.state, VCPU_REQUESTED);
    ck_assert(run_load(cpu, vcpu, true));
    ck_assert(!vcpu_power_requested(vcpu));
    ck_assert_uint_eq(vcpu->arch.regs.pc, 0x40001000);
    ck_assert_uint_eq(vcpu->arch.regs.x[0], 7);
    ck_assert_uint_eq(vcpu->arch.regs.x[5], 0);
    ck_assert_uint_eq(vcpu->vgic.hw.vmcr, 0);
    ck_assert_uint_eq(vcpu->vgic.hw.apr[0], 0);
    run_unload(cpu);
}
END_TEST

/** Takes interrupt @p intid for ever. @return how often before it was turned off */
static unsigned take_storm(struct cpu *cpu, uint32_t intid)
{
    gic.storm = intid;
    gic.calls = gic.taken = gic.ended = gic.disabled = 0;
    for (unsigned i = 0; i < 3; i++)
        irq_take(cpu->id);
    ck_assert_uint_eq(gic.disabled, intid != GIC_SGI_KICK); /* once */
    ck_assert_uint_eq(gic.ended, gic.taken);
    return gic.taken;
}

START_TEST(interrupts_that_never_end_are_turned_off)
{
    struct cpu *cpu = start();

    ck_assert_uint_eq(take_storm(cpu, 77), 1); /* nobody's: at once */
    ck_assert(!deadline_timer_is_lost(cpu->id));
    ck_assert_uint_eq(take_storm(cpu, 26), IRQ_STORM);
    ck_assert(deadline_timer_is_lost(cpu->id));
    ck_assert_uint_eq(take_storm(cpu, GIC_SGI_KICK), 3 * IRQ_MAX_AT_ONCE); /* other CPUs need it; the UART has none */
}
END_TEST

/* A guest that sends kicks without end can make anything the last of many. */
START_TEST(kicks_turn_nothing_off)
{
    struct cpu *cpu = start();
    const uint32_t intids[] = {26, 33, 25};

    console_uart_interrupts(true);
    for (unsigned i = 0; i < ARRAY_SIZE(intids); i++)
        for (gic.kicks = 2; gic.kicks <= IRQ_MAX_AT_ONCE; gic.kicks++) {
            gic.storm = intids[i];
            for (unsigned times = 0; times < 100; times++)
                irq_take(cpu->id);
            ck_assert_uint_eq(gic.disabled, 0);
        }
    ck_assert(!deadline_timer_is_lost(cpu->id));
    gic.kicks = 0;
}
END_TEST

/* The first time vgic_sync() may have taken the cause away; then the virtual interface is off. */
START_TEST(maintenance_without_end_is_silenced)
{
    const uint32_t causes = GIC_HCR_VGRP0DIE | GIC_HCR_VGRP1EIE; /* group 0 is on */
    const struct {
        uint32_t hcr;
        bool without_cause;
    } cases[] = {{0, false}, {causes, true}, {GIC_HCR_VGRP0EIE | GIC_HCR_VGRP1EIE, false}, {GIC_HCR_EN, false}};
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    ck_assert_uint_eq(take_storm(cpu, 25), IRQ_STORM); /* none is loaded */
    ck_assert(run_load(cpu, vcpu, true));
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        gic.hcr = UINT32_MAX;
        vcpu->vgic.hw.hcr = cases[i].hcr;
        vcpu->vgic.groups_unwatched = false;
        store_relaxed(&vcpu->vgic.dirty, 0);
        ck_assert_uint_eq(take_storm(cpu, 25), IRQ_STORM);
        ck_assert(vcpu->vgic.groups_unwatched == cases[i].without_cause);
        ck_assert_uint_eq(gic.hcr, cases[i].hcr == GIC_HCR_EN ? UINT32_MAX : 0);
        ck_assert_uint_eq(load_relaxed(&vcpu->vgic.dirty), cases[i].hcr != GIC_HCR_EN);
        ck_assert_uint_eq(vcpu->vgic.hw.hcr, GIC_HCR_EN);
    }
    run_unload(cpu);
}
END_TEST

static unsigned served;

static void serve(struct uart *uart)
{
    (void)uart;
    served++;
}

static size_t write_all(struct uart *uart, const uint8_t *bytes, size_t count)
{
    (void)uart;
    (void)bytes;
    return count;
}

static bool no_input(struct uart *uart, uint8_t *byte)
{
    (void)uart;
    (void)byte;
    return false;
}

START_TEST(a_uart_that_storms_is_asked_from_time_to_time)
{
    static const struct uart_ops uart_ops = {.write = write_all, .try_get = no_input, .acknowledge = serve};
    struct cpu *cpu = start();
    const struct uart_ops *before = hv_boot.uart.ops;

    hv_boot.uart.ops = &uart_ops;
    console_uart_interrupts(true);
    console.tick.when = ARCH_TIMER_NEVER;
    ck_assert_uint_eq(take_storm(cpu, 33), IRQ_STORM);
    ck_assert_uint_eq(served, IRQ_STORM);
    ck_assert(!hv_boot.uart.interrupts);
    ck_assert_uint_eq(hv_boot.machine.uart.intid, 33); /* what the machine is, and the plan, do not change */
    ck_assert_uint_eq(console.tick.when, 0);
    ck_assert_uint_eq(take_storm(cpu, GIC_SGI_KICK), 3 * IRQ_MAX_AT_ONCE);
    hv_boot.uart.ops = before;
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, interrupts_that_never_end_are_turned_off);
    tcase_add_test(tests, kicks_turn_nothing_off);
    tcase_add_test(tests, maintenance_without_end_is_silenced);
    tcase_add_test(tests, a_uart_that_storms_is_asked_from_time_to_time);
    tcase_add_loop_test(tests, an_interrupt_in_flight_goes_and_comes_with_its_vcpu, 0, ARRAY_SIZE(timers));
    tcase_add_test(tests, an_serror_is_charged_to_the_vcpu_that_is_put);
    tcase_add_test(tests, without_one_nothing_is_touched);
    tcase_add_test(tests, a_vcpu_whose_domain_stops_is_not_loaded);
    tcase_add_test(tests, a_vcpu_that_was_asked_to_start_is_reset_first);
}

int main(void)
{
    return suite_run("run", add_tests, setup);
}
