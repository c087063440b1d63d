// SPDX-License-Identifier: Apache-2.0
#include "sched/sched.h"

#include "arch/timer.h"
#include "domain/build.h"
#include "domain/domain.h"
#include "irq/irq.h"
#include "sched/run.h"
#include "time/deadline.h"

HV_RARE static struct cpu_share *add_share(unsigned number, struct domain *domain)
{
    struct cpu *cpu = &cpu_table[number];
    struct cpu_share *share = &domain->shares[number];
    struct cpu_share **link = &cpu->shares;

    if (share->domain != NULL)
        return share;
    while (*link != NULL)
        link = &(*link)->next;
    *share = (struct cpu_share){.domain = domain};
    *link = share;
    if (cpu->unbuilt == NULL)
        cpu->unbuilt = share;
    return share;
}

void sched_add_vcpu(struct vcpu *vcpu)
{
    struct vcpu **link = &add_share(vcpu->cpu, vcpu->domain)->vcpus;

    while (*link != NULL)
        link = &(*link)->next;
    vcpu->next = NULL;
    *link = vcpu;
}

/** @return when @p domain wants to be built, or taken apart, on @p cpu: 0 if built for the first time, ARCH_TIMER_NEVER
 * if it does not. */
HV_RARE static uint64_t build_due(const struct cpu *cpu, const struct domain *domain)
{
    uint32_t state = load_acquire(&domain->state);

    if (state == DOMAIN_RUNNING || domain->vcpus[0]->cpu != cpu->id)
        return ARCH_TIMER_NEVER;
    if (state_unbuilt(state))
        return __atomic_load_n(&domain->build_at, __ATOMIC_ACQUIRE);
    return load_relaxed(&domain->taken_apart) != 0 ? ARCH_TIMER_NEVER : 1;
}

/** @return the domain that is to be built for the first time, in the order of the plan. No guest can bring this about:
 * it goes before all turns. */
HV_RARE static struct domain *first_build(struct cpu *cpu)
{
    for (; cpu->unbuilt != NULL; cpu->unbuilt = cpu->unbuilt->next)
        if (build_due(cpu, cpu->unbuilt->domain) == 0)
            return cpu->unbuilt->domain;
    return NULL;
}

/** The loaded vCPU is put first: unpacking uses the FP registers. */
HV_RARE static void build_first(struct cpu *cpu, struct domain *domain)
{
    uint64_t end = arch_timer_now() + arch_timer_ticks(SCHED_BOOT_BUILD_US);

    run_unload(cpu);
    while (build_step(domain) == BUILD_MORE && arch_timer_now() < end)
        continue;
}

/** As build_due(), but for a first build, which is no part of turns. */
static uint64_t rebuild_due(const struct cpu *cpu, const struct domain *domain)
{
    uint64_t due = build_due(cpu, domain);

    return due != 0 ? due : ARCH_TIMER_NEVER;
}

/** Of a domain that runs. */
static bool runnable(const struct cpu *cpu, struct vcpu *vcpu)
{
    switch (load_acquire(&vcpu->state)) {
    case VCPU_READY:
        return true;
    case VCPU_WAITING:
        if (load_acquire(&vcpu->wake) != 0 || vgic_has_pending(&vcpu->vgic))
            return true;
        /* The timer of the vCPU that is loaded is in the hardware and announces itself by its interrupt. */
        return vcpu != cpu->loaded && vcpu_timers_deadline(vcpu) <= arch_timer_now();
    default: /* off */
        return false;
    }
}

/** @param fresh  a turn begins: with the vCPU behind the one that ran last, else with that */
static struct vcpu *choose(const struct cpu *cpu, const struct cpu_share *share, bool fresh)
{
    struct vcpu *last = share->last;

    if (load_acquire(&share->domain->state) != DOMAIN_RUNNING)
        return NULL;
    if (!fresh && last != NULL && runnable(cpu, last))
        return last;
    struct vcpu *start = last != NULL && last->next != NULL ? last->next : share->vcpus;
    struct vcpu *vcpu = start;
    do {
        if (runnable(cpu, vcpu))
            return vcpu;
        vcpu = vcpu->next != NULL ? vcpu->next : share->vcpus;
    } while (vcpu != start);
    return NULL;
}

/** @return whether @p share has work. @param vcpu  out: to be run; NULL: its domain is to be built on */
__attribute__((noinline)) static bool find_work(const struct cpu *cpu, struct cpu_share *share, bool fresh,
                                                struct vcpu **vcpu)
{
    *vcpu = choose(cpu, share, fresh);
    if (*vcpu == NULL) {
        uint64_t due = rebuild_due(cpu, share->domain);
        return due != ARCH_TIMER_NEVER && due <= arch_timer_now();
    }
    share->last = *vcpu;
    return true;
}

/** Whose turn it was goes on until the turn is over, whatever made it come out; then the search begins behind it and
 * ends with it. */
static bool pick(struct cpu *cpu, struct vcpu **vcpu)
{
    struct cpu_share *turn = cpu->turn;
    uint64_t now = arch_timer_now();

    if (now < cpu->turn_end && find_work(cpu, turn, false, vcpu))
        return true;
    if (cpu->turn_end != 0 && now > cpu->turn_end)
        turn->overrun = now - cpu->turn_end;
    cpu->turn_end = 0; /* begin_turn() begins a new one */
    struct cpu_share *start = turn != NULL && turn->next != NULL ? turn->next : cpu->shares;
    struct cpu_share *share = start;
    while (share != NULL) {
        if (find_work(cpu, share, true, vcpu)) {
            cpu->turn = share;
            return true;
        }
        share = share->next != NULL ? share->next : cpu->shares;
        if (share == start)
            break;
    }
    return false;
}

/** @return whether somebody beside @p vcpu, or beside the build of the turn where that is NULL, may want this CPU
 * before anybody tells it */
static bool contended(struct cpu *cpu, const struct vcpu *vcpu)
{
    if (first_build(cpu) != NULL)
        return true;
    for (const struct cpu_share *share = cpu->shares; share != NULL; share = share->next) {
        if ((vcpu != NULL || share != cpu->turn) && rebuild_due(cpu, share->domain) != ARCH_TIMER_NEVER)
            return true;
        if (load_acquire(&share->domain->state) != DOMAIN_RUNNING)
            continue;
        for (const struct vcpu *other = share->vcpus; other != NULL; other = other->next)
            if (other != vcpu && load_acquire(&other->state) != VCPU_OFF)
                return true;
    }
    return false;
}

/** @return whether the turn has an end: cpu->turn_end. What the last one took too much is taken off. */
static bool begin_turn(struct cpu *cpu, const struct vcpu *vcpu)
{
    struct cpu_share *turn = cpu->turn;

    if (!contended(cpu, vcpu)) {
        cpu->turn_end = 0;
        return false;
    }
    if (cpu->turn_end != 0)
        return true;
    uint64_t slice = arch_timer_ticks(first_build(cpu) != NULL ? SCHED_BOOT_SLICE_US : SCHED_SLICE_US);
    cpu->turn_end = arch_timer_now() + slice - min_u64(turn->overrun, slice / 2);
    turn->overrun = 0;
    return true;
}

/** One step, and what interrupts came meanwhile. The loaded vCPU is put first, as above. */
HV_RARE static void build_again(struct cpu *cpu)
{
    (void)begin_turn(cpu, NULL);
    run_unload(cpu);
    enum build_result result = build_step(cpu->turn->domain);
    (void)result; /* its state tells */
    irq_take(cpu->id);
}

/** It waits no longer. Not a plain store: another CPU may be turning the vCPU off, with its domain. */
static void end_wait(struct vcpu *vcpu)
{
    uint32_t waiting = VCPU_WAITING;

    store_release(&vcpu->wake, 0);
    __atomic_compare_exchange_n(&vcpu->state, &waiting, VCPU_READY, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/** Runs @p vcpu until it waits, stops, or its time is over. */
static void run_turn(struct cpu *cpu, struct vcpu *vcpu)
{
    bool ends = begin_turn(cpu, vcpu);
    uint64_t deadline = deadline_next(cpu->id);

    if (ends)
        deadline = min_u64(deadline, cpu->turn_end);
    arch_timer_set_deadline(deadline);
    end_wait(vcpu);
    if (!run_load(cpu, vcpu, ends))
        return;
    __atomic_store_n(&cpu->settled, ends && !deadline_timer_is_lost(cpu->id), __ATOMIC_SEQ_CST);
    run_until_reschedule(cpu, vcpu);
}

/** @return when a vCPU of @p share has work of its own accord, which it has not now */
static uint64_t share_deadline(const struct cpu *cpu, const struct cpu_share *share)
{
    uint64_t deadline = DEADLINE_NEVER;

    if (load_acquire(&share->domain->state) != DOMAIN_RUNNING)
        return deadline;
    for (const struct vcpu *vcpu = share->vcpus; vcpu != NULL; vcpu = vcpu->next)
        if (vcpu != cpu->loaded && load_acquire(&vcpu->state) == VCPU_WAITING)
            deadline = min_u64(deadline, vcpu_timers_deadline(vcpu));
    return deadline;
}

/** Sleeps until an interrupt, which is handled; wakes for the timers of vCPUs that are not loaded. */
static void idle(struct cpu *cpu)
{
    uint64_t deadline = deadline_next(cpu->id);

    if (cpu->loaded != NULL && load_acquire(&cpu->loaded->domain->state) != DOMAIN_RUNNING)
        run_unload(cpu); /* or its timer would go on interrupting */
    for (const struct cpu_share *share = cpu->shares; share != NULL; share = share->next)
        deadline = min_u64(deadline, share_deadline(cpu, share));
    arch_timer_set_deadline(deadline);
    if (deadline_timer_is_lost(cpu->id))
        arch_cpu_wait();
    else
        arch_cpu_idle();
    irq_take(cpu->id);
}

void sched_run(struct cpu *cpu)
{
    for (;;) {
        cpu_stop_if_asked();
        deadline_serve(cpu->id);
        struct domain *unbuilt = first_build(cpu);
        if (unbuilt != NULL)
            build_first(cpu, unbuilt);
        /* Before the decision: what happens behind it is looked at again, see vcpu_wake(). */
        cpu->reschedule = false;
        __atomic_store_n(&cpu->settled, 0, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        struct vcpu *vcpu;
        if (!pick(cpu, &vcpu)) {
            if (first_build(cpu) == NULL)
                idle(cpu);
        } else if (vcpu != NULL) {
            run_turn(cpu, vcpu);
        } else {
            build_again(cpu);
        }
    }
}
