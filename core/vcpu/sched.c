// SPDX-License-Identifier: Apache-2.0
#include "vcpu/sched.h"

#include "arch/timer.h"
#include "boot/hypervisor.h"
#include "console/console.h"
#include "domain/build.h"
#include "domain/domain.h"
#include "vcpu/run.h"

void sched_add_vcpu(struct vcpu *vcpu)
{
    struct vcpu **link = &hypervisor.cpus[vcpu->cpu].queue;

    while (*link != NULL)
        link = &(*link)->next;
    vcpu->next = NULL;
    *link = vcpu;
}

void sched_add_build(struct domain *domain)
{
    struct cpu *cpu = &hypervisor.cpus[domain->vcpus[0]->cpu];

    arch_spin_lock(&cpu->lock);
    struct domain **link = &cpu->builds;
    while (*link != NULL)
        link = &(*link)->next_build;
    domain->next_build = NULL;
    __atomic_store_n(link, domain, __ATOMIC_RELEASE);
    arch_spin_unlock(&cpu->lock);
    sched_look_again(cpu->id);
}

void sched_look_again(unsigned cpu)
{
    if (cpu == arch_cpu_id())
        hypervisor.cpus[cpu].reschedule = true;
    else
        sched_kick(cpu);
}

void sched_kick(unsigned cpu)
{
    struct gic *gic = &hypervisor.gic;

    if (gic->ops != NULL)
        gic->ops->send_kick(gic, cpu);
    arch_cpu_signal();
}

static void remove_first_build(struct cpu *cpu)
{
    arch_spin_lock(&cpu->lock);
    __atomic_store_n(&cpu->builds, cpu->builds->next_build, __ATOMIC_RELEASE);
    arch_spin_unlock(&cpu->lock);
}

/** Without the lock: only this CPU takes out, so the first stays the first. */
static struct domain *first_build(struct cpu *cpu)
{
    return __atomic_load_n(&cpu->builds, __ATOMIC_ACQUIRE);
}

/** One step of @p domain, which is the first. The loaded vCPU is put first: unpacking uses the FP registers. */
static void build(struct cpu *cpu, struct domain *domain)
{
    run_unload(cpu);
    if (build_step(domain) != BUILD_MORE)
        remove_first_build(cpu);
}

/** @return the counter when this timer of a vCPU that is not loaded fires */
static uint64_t one_deadline(const struct vcpu *vcpu, enum vcpu_timer timer)
{
    const uint64_t enabled = 1, masked = 2;
    bool virtual = timer == VCPU_TIMER_VIRTUAL;
    uint64_t control = vcpu->arch.sysregs[virtual ? VCPU_CNTV_CTL_EL0 : VCPU_CNTP_CTL_EL0];
    uint64_t value = vcpu->arch.sysregs[virtual ? VCPU_CNTV_CVAL_EL0 : VCPU_CNTP_CVAL_EL0], when;

    if ((control & (enabled | masked)) != enabled || (vcpu->timers_in_flight & 1u << timer) != 0)
        return ARCH_TIMER_NEVER;
    /* Beyond the end of the counter: a small sum would be a time long past. */
    if (__builtin_add_overflow(value, virtual ? vcpu->arch.counter_offset : 0, &when))
        return ARCH_TIMER_NEVER;
    return when;
}

/** When a vCPU that is not loaded wants to run again on its own account. */
static uint64_t timer_deadline(const struct vcpu *vcpu)
{
    return min_u64(one_deadline(vcpu, VCPU_TIMER_VIRTUAL), one_deadline(vcpu, VCPU_TIMER_PHYSICAL));
}

static bool runnable(const struct cpu *cpu, struct vcpu *vcpu)
{
    if (load_acquire(&vcpu->domain->state) != DOMAIN_RUNNING)
        return false;
    switch (load_acquire(&vcpu->state)) {
    case VCPU_READY:
        return true;
    case VCPU_WAITING:
        if (load_acquire(&vcpu->wake) != 0 || vgic_has_pending(vcpu))
            return true;
        /* The timer of the vCPU that is loaded is in the hardware and announces itself by its interrupt. */
        return vcpu != cpu->loaded && timer_deadline(vcpu) <= arch_timer_now();
    default: /* off */
        return false;
    }
}

/** Round robin: the vCPU that ran last goes on until its slice is over, whatever made it come out; then the search
 * begins behind it and ends with it. */
static struct vcpu *pick(struct cpu *cpu)
{
    if (cpu->last != NULL && arch_timer_now() < cpu->slice_end && runnable(cpu, cpu->last))
        return cpu->last;
    struct vcpu *start = cpu->last != NULL && cpu->last->next != NULL ? cpu->last->next : cpu->queue;
    struct vcpu *vcpu = start;

    while (vcpu != NULL) {
        if (runnable(cpu, vcpu)) {
            cpu->last = vcpu;
            cpu->slice_end = 0; /* run_slice() begins a new one */
            return vcpu;
        }
        vcpu = vcpu->next != NULL ? vcpu->next : cpu->queue;
        if (vcpu == start)
            break;
    }
    return NULL;
}

static bool shares_cpu(const struct cpu *cpu, const struct vcpu *vcpu)
{
    for (const struct vcpu *other = cpu->queue; other != NULL; other = other->next)
        if (other != vcpu && load_acquire(&other->state) != VCPU_OFF &&
            load_acquire(&other->domain->state) == DOMAIN_RUNNING)
            return true;
    return false;
}

static uint64_t microseconds(uint64_t count)
{
    return count * arch_timer_frequency() / 1000000;
}

/** It waits no longer. Not a plain store: another CPU may be turning the vCPU off, with its domain. */
static void end_wait(struct vcpu *vcpu)
{
    uint32_t waiting = VCPU_WAITING;

    store_release(&vcpu->wake, 0);
    __atomic_compare_exchange_n(&vcpu->state, &waiting, VCPU_READY, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/** Runs @p vcpu until it waits, stops, or its time is over. */
static void run_slice(struct cpu *cpu, struct vcpu *vcpu)
{
    bool building = first_build(cpu) != NULL;
    bool contended = building || shares_cpu(cpu, vcpu);
    uint64_t deadline = load_relaxed64(&cpu->console_due);

    if (contended) {
        if (cpu->slice_end == 0)
            cpu->slice_end = arch_timer_now() + microseconds(building ? SCHED_BUILD_SLICE_US : SCHED_SLICE_US);
        deadline = min_u64(deadline, cpu->slice_end);
    }
    arch_timer_set_deadline(deadline);
    end_wait(vcpu);
    if (run_load(cpu, vcpu, contended))
        run_until_reschedule(cpu, vcpu);
}

/* Of two CPUs that ask at once, the earlier time stays. In one order with serve_console()'s store: who still finds an
 * earlier time there changed before that what console_tick() then looks at. */
void sched_console_due(uint64_t when)
{
    struct cpu *cpu = &hypervisor.cpus[0];
    uint64_t due = __atomic_load_n(&cpu->console_due, __ATOMIC_SEQ_CST);

    do {
        if (when >= due)
            return;
    } while (!__atomic_compare_exchange_n(&cpu->console_due, &due, when, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    sched_look_again(0); /* the timer is set anew */
}

/** Sleeps until an interrupt, which is handled; wakes for the timers of vCPUs that are not loaded. */
static void idle(struct cpu *cpu)
{
    uint64_t deadline = load_relaxed64(&cpu->console_due);

    if (cpu->loaded != NULL && load_acquire(&cpu->loaded->domain->state) != DOMAIN_RUNNING)
        run_unload(cpu); /* or its timer would go on interrupting */
    for (struct vcpu *vcpu = cpu->queue; vcpu != NULL; vcpu = vcpu->next)
        if (vcpu != cpu->loaded && load_acquire(&vcpu->state) == VCPU_WAITING)
            deadline = min_u64(deadline, timer_deadline(vcpu));
    arch_timer_set_deadline(deadline);
    if (cpu->timer_lost)
        arch_cpu_wait();
    else
        arch_cpu_idle();
    run_interrupts(cpu);
}

static void serve_console(struct cpu *cpu)
{
    if (cpu->id != 0 || arch_timer_now() < load_relaxed64(&cpu->console_due))
        return;
    /* Before the tick, so that a request made meanwhile is not lost. */
    __atomic_store_n(&cpu->console_due, ARCH_TIMER_NEVER, __ATOMIC_SEQ_CST);
    uint64_t due = console_tick(arch_timer_now());
    if (hypervisor.uart.ops != NULL && hypervisor.machine.uart.intid == 0) {
        console_poll();
        due = min_u64(due, arch_timer_now() + microseconds(SCHED_SLICE_US));
    }
    sched_console_due(due);
}

void sched_run(struct cpu *cpu)
{
    for (;;) {
        if (load_acquire(&hypervisor.shutting_down) != 0)
            arch_cpu_halt();
        serve_console(cpu);
        struct domain *domain = first_build(cpu);
        if (domain != NULL)
            build(cpu, domain);
        cpu->reschedule = false; /* before the decision: what happens behind it is looked at again */
        struct vcpu *vcpu = pick(cpu);
        if (vcpu != NULL)
            run_slice(cpu, vcpu);
        else if (first_build(cpu) == NULL)
            idle(cpu);
    }
}
