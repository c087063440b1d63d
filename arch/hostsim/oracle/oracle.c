// SPDX-License-Identifier: Apache-2.0
#include "hostsim/oracle/oracle.h"

#include <stdlib.h>

#include "hostsim/gic/gic.h"
#include "hostsim/guest/guest_runtime.h"

#define CONSOLE_LATE_NS 1000000
#define MAX_VCPUS (HV_MAX_DOMAINS * HV_MAX_VCPUS)

struct sim_oracle {
    struct saved {
        const struct arch_vcpu *vcpu;
        uint64_t digest;
    } saved[MAX_VCPUS]; /* of vCPUs that have been put */
    unsigned saved_count;
    struct {
        const struct arch_vcpu *vcpu;
        unsigned vmid;
    } last[SIM_MAX_CPUS]; /* put on each CPU */
};

struct sim_oracle *sim_oracle_create(void)
{
    struct sim_oracle *oracle = calloc(1, sizeof(*oracle));
    if (oracle == NULL)
        abort();
    return oracle;
}

void sim_oracle_destroy(struct sim_oracle *oracle)
{
    free(oracle);
}

/* ---- EL1 and FP state: a vCPU finds what it left */

static uint64_t mix(uint64_t digest, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3; /* FNV-1a */
    return digest;
}

static uint64_t digest_of(const struct arch_vcpu *vcpu)
{
    uint64_t digest = mix(0xcbf29ce484222325, vcpu->sysregs, sizeof(vcpu->sysregs));
    digest = mix(digest, vcpu->fp.q, sizeof(vcpu->fp.q));
    digest = mix(digest, &vcpu->fp.fpcr, sizeof(vcpu->fp.fpcr));
    return mix(digest, &vcpu->fp.fpsr, sizeof(vcpu->fp.fpsr));
}

static struct saved *find_saved(struct sim_oracle *oracle, const struct arch_vcpu *vcpu)
{
    for (unsigned i = 0; i < oracle->saved_count; i++)
        if (oracle->saved[i].vcpu == vcpu)
            return &oracle->saved[i];
    return NULL;
}

void sim_oracle_changed(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    struct saved *saved = cpu->machine != NULL ? find_saved(cpu->machine->oracle, vcpu) : NULL;
    if (saved != NULL && !vcpu->loaded)
        saved->digest = digest_of(vcpu);
}

void sim_oracle_put(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    if (cpu->machine == NULL)
        return;
    struct sim_oracle *oracle = cpu->machine->oracle;
    struct saved *saved = find_saved(oracle, vcpu);
    if (saved == NULL && oracle->saved_count < MAX_VCPUS)
        saved = &oracle->saved[oracle->saved_count++];
    if (saved != NULL)
        *saved = (struct saved){vcpu, digest_of(vcpu)};
    sim_turn_put(cpu, vcpu);
    oracle->last[cpu->index].vcpu = vcpu;
    oracle->last[cpu->index].vmid = vcpu->stage2 != NULL ? vcpu->stage2->vmid : 0;
}

/* ---- List registers */

static void check_left_behind(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    const struct sim_oracle *oracle = cpu->machine->oracle;
    struct sim_list_register lr;
    if (oracle->last[cpu->index].vcpu == NULL || oracle->last[cpu->index].vcpu == vcpu)
        return;
    for (unsigned i = 0; sim_gic_list_register(cpu, i, &lr); i++)
        if (lr.used)
            sim_fail("arch_vcpu_load(): list register %u still holds INTID %u of VMID %u", i, lr.intid,
                     oracle->last[cpu->index].vmid);
}

void sim_oracle_load(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    if (cpu->machine == NULL)
        return;
    const struct saved *saved = find_saved(cpu->machine->oracle, vcpu);
    if (saved != NULL && saved->digest != digest_of(vcpu))
        sim_fail("arch_vcpu_load(): EL1 or FP state of a vCPU of VMID %u is not what arch_vcpu_put() saved",
                 vcpu->stage2 != NULL ? vcpu->stage2->vmid : 0);
    check_left_behind(cpu, vcpu);
    sim_turn_load(cpu, vcpu);
}

static void check_owner(const struct sim_cpu *cpu, const struct sim_list_register *linked)
{
    const struct sim_machine *machine = cpu->machine;
    struct sim_list_register lr;
    for (unsigned i = 0; i < machine->cpu_count && linked->physical >= 32; i++)
        for (unsigned j = 0; &machine->cpus[i] != cpu && sim_gic_list_register(&machine->cpus[i], j, &lr); j++)
            if (lr.used && lr.linked && lr.physical == linked->physical)
                sim_fail("physical INTID %u is linked to list registers of CPU %u and CPU %u", lr.physical, cpu->id,
                         machine->cpus[i].id);
}

void sim_oracle_run(const struct sim_cpu *cpu)
{
    struct sim_list_register lr;
    if (cpu->machine->owned != NULL && !cpu->machine->boot_done)
        sim_fail("a guest is entered before arch_boot_done()");
    for (unsigned i = 0; sim_gic_list_register(cpu, i, &lr); i++) {
        if (!lr.used || !lr.linked)
            continue;
        if (!lr.physically_active)
            sim_fail("list register %u is linked to physical INTID %u, which is not active: its end would be lost, or "
                     "end another",
                     i, lr.physical);
        check_owner(cpu, &lr);
    }
}

/* ---- Between exits: what a CPU does must not pull the ground from under a guest that runs on another one */

static void check_pair(const struct sim_cpu *cpu, const struct sim_cpu *other)
{
    const struct arch_stage2 *stage2 = cpu->loaded->stage2;
    if (other->loaded == NULL)
        return;
    if (other->loaded == cpu->loaded)
        sim_fail("one vCPU is loaded on CPU %u and CPU %u", other->id, cpu->id);
    if (stage2 != NULL && other->loaded->stage2 != NULL && other->loaded->stage2 != stage2 &&
        other->loaded->stage2->vmid == stage2->vmid)
        sim_fail("CPU %u and CPU %u have two stage-2 maps with VMID %u", other->id, cpu->id, stage2->vmid);
}

static void check_loaded(const struct sim_machine *machine, const struct sim_cpu *cpu)
{
    if (!cpu->loaded->loaded)
        sim_fail("the vCPU that is loaded on CPU %u was overwritten: it says that it is not loaded", cpu->id);
    for (unsigned i = 0; i < cpu->index; i++)
        check_pair(cpu, &machine->cpus[i]);
}

static void check_guest(const struct sim_cpu *cpu)
{
    if (cpu->guest->vcpu != cpu->loaded)
        sim_fail("CPU %u runs another guest than the one that is loaded", cpu->id);
    if (cpu->loaded->stage2 == NULL || cpu->loaded->stage2->vmid != cpu->guest->vmid)
        sim_fail("the stage-2 map of VMID %u changed its VMID while CPU %u runs the guest", cpu->guest->vmid, cpu->id);
    sim_oracle_run(cpu);
}

/* Whatever CPU 0 is busy with, it owes the console what that asked for. Not where a fault took its timer away, nor in
 * an order that holds it up. */
static void check_console(const struct sim_machine *machine)
{
    const struct sim_cpu *cpu = &machine->cpus[0];
    uint64_t due = machine->console_due != NULL ? machine->console_due() : 0;
    bool prompt = machine->options.schedule != SIM_SCHEDULE_PCT && machine->faults.asked == 0 && machine->kvm == NULL;
    if (due == 0 || due == SIM_NEVER || !prompt || cpu->reporting || cpu->state == SIM_CPU_HALTED)
        return;
    due = sim_counter_time(machine, due);
    if (machine->now > due && machine->now - due > CONSOLE_LATE_NS && cpu->uart_waited == 0)
        sim_fail("CPU 0 owes the console %llu us", (unsigned long long)(machine->now - due) / 1000);
}

void sim_oracle_event(struct sim_machine *machine)
{
    check_console(machine);
    sim_turns_check(machine);
    sim_oracle_assigned(machine);
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu->loaded != NULL)
            check_loaded(machine, cpu);
        if (cpu->guest != NULL && cpu->guest->started)
            check_guest(cpu);
        if (cpu->state == SIM_CPU_IDLE && sim_gic_signals(cpu))
            sim_fail("CPU %u sleeps in WFI though an interrupt is signalled to it", cpu->id);
    }
}
