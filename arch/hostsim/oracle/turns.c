// SPDX-License-Identifier: Apache-2.0
/* Every vCPU that could run does: it has its turn soon, and its share of each quarter of a second. Seen from outside: a
 * vCPU that an interrupt brought out of its guest wants to go on; one that CPU_ON was granted for wants to begin; one
 * in WFI wants to go on when its timer fires. Turns are the domains', and each one's those of its vCPUs: how many of
 * both were seen on a CPU says how long one may have to wait. */
#include <stdlib.h>

#include "hostsim/gic/gic.h"
#include "hostsim/guest/guest_runtime.h"
#include "hostsim/oracle/oracle.h"

#define TURN_NS 12000000ULL /* 1.2 times what sched.h promises */
#define SHARED_NS 250000000ULL
#define SHARE_PERCENT 90 /* of an even one */
#define MAX_TURNS (HV_MAX_DOMAINS * HV_MAX_VCPUS)

#define CLASS_WFX 0x01
#define CLASS_HVC 0x16
#define CLASS_SMC 0x17
#define CPU_ON 0x84000003
#define SYSTEM_RESET2 0x84000012
#define WIDE (1u << 30)
#define AFFINITY 0xff00ffffffULL
#define TIMER_ENABLED 1
#define TIMER_MASKED 2

#define CAUSELESS_NS 100000000ULL
#define CAUSELESS_MAX 20 /* WFIs that end so, in that time */

struct turn {
    const struct arch_vcpu *vcpu;
    const struct sim_cpu *cpu; /* where it ran last */
    uint64_t wants_since;      /* 0: it does not, as far as is known */
    uint64_t timers_after;     /* the counter when it was put */
    uint64_t waits_since, trapped_at;
    uint64_t causeless_since;
    unsigned causeless; /* WFIs that ended so since then */
    uint64_t busy_since, held,
        loaded_at;           /* it wanted to run, or ran, all the time since; and had the CPU for so long */
    struct turn *turns_on;   /* it came out with CPU_ON for this one, and is not back */
    bool asked;              /* by such a call */
    bool waits, interrupted; /* how it came out: by WFI, by an interrupt */
    bool in_question;        /* it came out with what may end its domain, and is not back */
};

struct sim_turns {
    unsigned count;
    struct turn list[MAX_TURNS];
};

struct sim_turns *sim_turns_create(void)
{
    struct sim_turns *turns = calloc(1, sizeof(*turns));
    if (turns == NULL)
        abort();
    return turns;
}

void sim_turns_destroy(struct sim_turns *turns)
{
    free(turns);
}

static struct turn *find(struct sim_turns *turns, const struct arch_vcpu *vcpu)
{
    for (unsigned i = 0; i < turns->count; i++)
        if (turns->list[i].vcpu == vcpu)
            return &turns->list[i];
    return NULL;
}

static bool same_domain(const struct turn *turn, const struct turn *other)
{
    return turn->vcpu->stage2 == other->vcpu->stage2;
}

void sim_turn_reset(struct sim_machine *machine, const struct arch_vcpu *vcpu)
{
    struct sim_turns *turns = machine->turns;
    struct turn *turn = find(turns, vcpu);
    if (turn == NULL && turns->count < MAX_TURNS)
        turn = &turns->list[turns->count++];
    if (turn != NULL)
        *turn = (struct turn){.vcpu = vcpu, .cpu = turn->cpu};
}

/* Faults take timers away, repeat interrupts and end domains; the order of PCT holds CPUs up as long as it likes. */
static bool held_up(const struct sim_machine *machine)
{
    return machine->faults.asked != 0 || machine->kvm != NULL || machine->options.schedule == SIM_SCHEDULE_PCT;
}

/* ---- What it says of itself */

/* The target may have begun before its caller is back. */
static void call_returns(struct turn *turn, uint64_t now)
{
    struct turn *target = turn->turns_on;
    if (target == NULL)
        return;
    if (turn->vcpu->regs.x[0] == 0 && target->asked)
        target->wants_since = now;
    target->asked = false;
    turn->turns_on = NULL;
}

/* @return whether there is something for which a vCPU that waits could be entered: an interrupt, the hypervisor's too,
 * or what another one of its domain made the hypervisor do, which it may have undone since. */
static bool has_cause(struct sim_cpu *cpu, const struct turn *turn)
{
    const struct sim_turns *turns = cpu->machine->turns;
    for (unsigned i = 0; i < turns->count; i++)
        if (&turns->list[i] != turn && same_domain(turn, &turns->list[i]) &&
            turns->list[i].trapped_at >= turn->waits_since)
            return true;
    return sim_gic_signals_virtual(cpu) || sim_gic_signals(cpu) || turn->vcpu->virtual_lines != 0;
}

/* WFI may end at any time, but a guest that sleeps is to sleep. */
static void wait_ends(struct sim_cpu *cpu, struct turn *turn)
{
    if (has_cause(cpu, turn))
        return;
    if (cpu->time - turn->causeless_since > CAUSELESS_NS) {
        turn->causeless_since = cpu->time;
        turn->causeless = 0;
    }
    sim_trace(cpu, "VMID %u: WFI ends without cause", turn->vcpu->stage2->vmid);
    if (++turn->causeless > CAUSELESS_MAX && !held_up(cpu->machine))
        sim_fail("vCPU %llu of VMID %u: %u WFIs ended without cause in %llu us",
                 (unsigned long long)(turn->vcpu->vmpidr & AFFINITY), turn->vcpu->stage2->vmid, turn->causeless,
                 (unsigned long long)(cpu->time - turn->causeless_since) / 1000);
}

void sim_turn_begins(struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    struct turn *turn = find(cpu->machine->turns, vcpu);
    if (turn == NULL)
        return;
    sim_turns_check(cpu->machine);
    call_returns(turn, cpu->time);
    if (turn->waits)
        wait_ends(cpu, turn);
    if (turn->busy_since == 0) {
        turn->busy_since = turn->loaded_at = cpu->time;
        turn->held = 0;
    }
    turn->cpu = cpu;
    turn->wants_since = 0;
    turn->asked = turn->waits = turn->interrupted = turn->in_question = false;
}

static void calls(struct sim_turns *turns, struct turn *turn)
{
    const uint64_t *x = turn->vcpu->regs.x;
    uint32_t function = (uint32_t)x[0] & ~WIDE;
    uint64_t target = ((uint32_t)x[0] & WIDE) != 0 ? x[1] : (uint32_t)x[1];
    turn->in_question = function == SYSTEM_RESET2;
    for (unsigned i = 0; i < turns->count && function == CPU_ON; i++) {
        if (!same_domain(turn, &turns->list[i]) || (turns->list[i].vcpu->vmpidr & AFFINITY) != (target & AFFINITY))
            continue;
        turn->turns_on = &turns->list[i];
        turn->turns_on->asked = true;
    }
}

void sim_turn_ends(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu, const struct arch_exit *exit)
{
    struct turn *turn = find(cpu->machine->turns, vcpu);
    unsigned class = (unsigned)(exit->esr >> 26) & 0x3f;
    if (turn == NULL)
        return;
    turn->interrupted = exit->reason == ARCH_EXIT_IRQ;
    turn->waits = exit->reason == ARCH_EXIT_SYNC && class == CLASS_WFX;
    if (turn->waits)
        turn->waits_since = cpu->time;
    else if (exit->reason == ARCH_EXIT_SYNC)
        turn->trapped_at = cpu->time;
    if (turn->interrupted)
        turn->wants_since = cpu->time;
    else if ((class == CLASS_HVC || class == CLASS_SMC) && (uint16_t)exit->esr == 0)
        calls(cpu->machine->turns, turn);
    else
        turn->in_question = !turn->waits && class != CLASS_HVC;
}

void sim_turn_load(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    struct turn *turn = find(cpu->machine->turns, vcpu);
    if (turn != NULL)
        turn->loaded_at = cpu->time;
}

void sim_turn_put(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    struct turn *turn = find(cpu->machine->turns, vcpu);
    if (turn == NULL)
        return;
    turn->timers_after = sim_ticks(cpu->machine, cpu->time) + (uint64_t)cpu->machine->counter_jump;
    turn->held += cpu->time - turn->loaded_at;
    if (!turn->interrupted)
        turn->busy_since = 0;
}

/* ---- Whether it has what it wants */

/* @return when this timer of a vCPU that is not loaded fires. Before it was put the hardware had told core. */
static uint64_t timer_fires(const struct sim_machine *machine, const struct turn *turn, uint64_t control,
                            uint64_t value, uint64_t offset)
{
    uint64_t when;
    if ((control & (TIMER_ENABLED | TIMER_MASKED)) != TIMER_ENABLED || __builtin_add_overflow(value, offset, &when) ||
        when <= turn->timers_after)
        return SIM_NEVER;
    return sim_counter_time(machine, when);
}

static uint64_t wants_since(const struct sim_machine *machine, const struct turn *turn)
{
    const uint64_t *sysregs = turn->vcpu->sysregs;
    if (machine->ended[turn->vcpu->stage2->vmid & 255] != 0)
        return SIM_NEVER;
    if (turn->wants_since != 0)
        return turn->wants_since;
    if (!turn->waits || turn->vcpu->loaded)
        return SIM_NEVER;
    return min_u64(
        timer_fires(machine, turn, sysregs[VCPU_CNTV_CTL_EL0], sysregs[VCPU_CNTV_CVAL_EL0], turn->vcpu->counter_offset),
        timer_fires(machine, turn, sysregs[VCPU_CNTP_CTL_EL0], sysregs[VCPU_CNTP_CVAL_EL0], 0));
}

static bool on_its_cpu(const struct turn *turn, const struct turn *other)
{
    return turn->cpu == NULL || other->cpu == NULL || turn->cpu == other->cpu;
}

/* @return how many vCPUs take turns with @p turn, itself included: those of its domain, times the domains */
static unsigned competitors(const struct sim_turns *turns, const struct turn *turn)
{
    unsigned siblings = 0, domains = 0;
    for (unsigned i = 0; i < turns->count; i++) {
        const struct turn *other = &turns->list[i];
        unsigned before = 0;
        if (!on_its_cpu(turn, other))
            continue;
        siblings += same_domain(turn, other);
        while (!on_its_cpu(turn, &turns->list[before]) || !same_domain(other, &turns->list[before]))
            before++;
        domains += before == i;
    }
    return siblings * domains;
}

/* @return whether nothing else explains what @p turn has not: an end of its domain that no call told of, an end of the
 * hypervisor. */
static bool judged(const struct sim_machine *machine, const struct turn *turn)
{
    for (unsigned i = 0; i < machine->turns->count; i++)
        if (machine->turns->list[i].in_question && same_domain(turn, &machine->turns->list[i]))
            return false;
    for (unsigned i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].state == SIM_CPU_HALTED || machine->cpus[i].reporting || machine->cpus[i].uart_waited != 0)
            return false;
    return true;
}

static void check_wait(const struct sim_machine *machine, const struct turn *turn)
{
    uint64_t since = wants_since(machine, turn);
    if (since >= machine->now || machine->now - since <= TURN_NS || !judged(machine, turn))
        return;
    if (machine->now - since > TURN_NS * competitors(machine->turns, turn))
        sim_fail("vCPU %llu of VMID %u wants to run for %llu ms and gets no turn",
                 (unsigned long long)(turn->vcpu->vmpidr & AFFINITY), turn->vcpu->stage2->vmid,
                 (unsigned long long)((machine->now - since) / 1000000));
}

static void check_share(const struct sim_machine *machine, struct turn *turn)
{
    uint64_t busy = machine->now - turn->busy_since;
    if (turn->busy_since == 0 || turn->busy_since >= machine->now || busy < SHARED_NS)
        return;
    uint64_t had = turn->held + (turn->vcpu->loaded ? machine->now - turn->loaded_at : 0);
    uint64_t due = busy * SHARE_PERCENT / 100 / competitors(machine->turns, turn);
    if (had + TURN_NS < due && judged(machine, turn))
        sim_fail("vCPU %llu of VMID %u wants to run all the time and had its CPU for %llu of %llu ms",
                 (unsigned long long)(turn->vcpu->vmpidr & AFFINITY), turn->vcpu->stage2->vmid,
                 (unsigned long long)had / 1000000, (unsigned long long)busy / 1000000);
    turn->busy_since = turn->loaded_at = machine->now;
    turn->held = 0;
}

/* Where what ran on the boot CPU has returned, its vCPUs may be gone, too. */
void sim_turns_check(const struct sim_machine *machine)
{
    if (machine->main_returned || held_up(machine))
        return;
    for (unsigned i = 0; i < machine->turns->count; i++) {
        check_wait(machine, &machine->turns->list[i]);
        check_share(machine, &machine->turns->list[i]);
    }
}
