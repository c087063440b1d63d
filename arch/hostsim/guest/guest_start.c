// SPDX-License-Identifier: Apache-2.0
/* How a guest begins: what lies at its entry point says which program it is, and must be all there. */
#include <stdio.h>
#include <string.h>

#include "hostsim/guest/guest_runtime.h"
#include "hostsim/guest/image.h"
#include "hostsim/guest/programs/register.h"
#include "hostsim/kvm/kvm.h"
#include "hostsim/memory/mmu.h"
#include "hostsim/oracle/oracle.h"

#define MAX_PROGRAMS 64
#define SCTLR_M_C_I ((1u << 0) | (1u << 2) | (1u << 12))

static struct {
    const char *name;
    void (*main)(uint64_t device_tree);
} programs[MAX_PROGRAMS];

void sim_register_guest(const char *name, void (*main)(uint64_t device_tree))
{
    unsigned i = 0;
    while (i < MAX_PROGRAMS && programs[i].name != NULL && strcmp(programs[i].name, name) != 0)
        i++;
    if (i == MAX_PROGRAMS)
        sim_fail("more than %d guest programs", MAX_PROGRAMS);
    programs[i].name = name;
    programs[i].main = main;
}

static const char *program_name(uint64_t hash)
{
    for (unsigned i = 0; i < MAX_PROGRAMS && programs[i].name != NULL; i++)
        if (sim_image_name(programs[i].name) == hash)
            return programs[i].name;
    return NULL;
}

void (*sim_guest_program(const char *name))(uint64_t device_tree)
{
    for (unsigned i = 0; i < MAX_PROGRAMS && programs[i].name != NULL; i++)
        if (strcmp(programs[i].name, name) == 0)
            return programs[i].main;
    return NULL;
}

static void run_program(void *argument)
{
    struct sim_guest *guest = argument;
    guest->main(guest->x[0]);
    guest_hvc(guest->further ? SIM_PSCI_CPU_OFF : SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
    sim_fail("guest %s: PSCI %s returned", guest->name, guest->further ? "CPU_OFF" : "SYSTEM_OFF");
}

/* What the guest's first instructions are, by its own translation, to the end of the page: fetched with its caches off.
 */
static const uint8_t *look(struct sim_cpu *cpu, uint64_t address, uint64_t *contiguous)
{
    struct sim_translation translation = sim_translate(cpu, address, SIM_ACCESS_READ);
    if (translation.fault)
        return NULL;
    *contiguous = PAGE_SIZE - address % PAGE_SIZE;
    if (sim_bank_find(cpu->machine, translation.pa, *contiguous) == NULL)
        return NULL;
    sim_guest_fetch(cpu, translation.pa, *contiguous, false);
    return sim_memory_read(cpu->machine, translation.pa, *contiguous);
}

/* @return whether it is all there; where a fault damaged it, it need not be. */
static bool check_image(struct sim_cpu *cpu, const struct sim_guest *guest, uint64_t base, uint64_t size)
{
    bool excused = sim_fault_excuses(cpu->machine, 0, SIM_IMAGE_BODY); /* its size, then, is not what it was */
    uint64_t contiguous = 0;
    for (uint64_t offset = SIM_IMAGE_BODY; offset + 8 <= size;) {
        const uint8_t *bytes = look(cpu, base + offset, &contiguous);
        if (bytes == NULL && (excused || sim_fault_excuses(cpu->machine, offset, 8)))
            return false;
        if (bytes == NULL)
            sim_fail("guest %s: its image ends at offset %#llx of %#llx: IPA %#llx is not mapped", guest->name,
                     (unsigned long long)offset, (unsigned long long)size, (unsigned long long)(base + offset));
        for (; contiguous >= 8 && offset + 8 <= size; contiguous -= 8, offset += 8, bytes += 8) {
            uint64_t word;
            memcpy(&word, bytes, 8);
            if (word != sim_image_word(offset) && (excused || sim_fault_excuses(cpu->machine, offset, 8)))
                return false;
            if (word != sim_image_word(offset))
                sim_fail(
                    "guest %s: byte %#llx of its image (IPA %#llx) is not in memory: wrong copy, or not cleaned to the "
                    "point of coherency (found %016llx)",
                    guest->name, (unsigned long long)offset, (unsigned long long)(base + offset),
                    (unsigned long long)word);
        }
    }
    return true;
}

/* The program that an image's header names. @return NULL: the bytes are no such header; "": nobody has that name */
static const char *named_program(const uint8_t *head, struct sim_image_tag *tag)
{
    uint64_t hash;
    memcpy(tag, head + SIM_IMAGE_TAG_OFFSET, sizeof(*tag));
    memcpy(&hash, head + SIM_IMAGE_NAME_OFFSET, sizeof(hash));
    if (tag->magic != SIM_IMAGE_MAGIC || memcmp(head + 56, "ARM\x64", 4) != 0)
        return NULL;
    const char *name = program_name(hash);
    return name != NULL ? name : "";
}

const char *sim_loaded_program(struct sim_machine *machine, uint64_t address)
{
    const uint8_t *head = sim_memory_read(machine, address, SIM_IMAGE_BODY);
    struct sim_image_tag tag;
    sim_register_programs();
    return head != NULL ? named_program(head, &tag) : NULL;
}

/* @return the program at @p entry, or NULL where a fault damaged its header */
static const char *read_tag(struct sim_cpu *cpu, uint64_t entry, struct sim_image_tag *tag)
{
    uint64_t contiguous;
    const uint8_t *head = look(cpu, entry, &contiguous);
    bool excused = sim_fault_excuses(cpu->machine, 0, SIM_IMAGE_BODY);
    bool there = head != NULL && contiguous >= SIM_IMAGE_BODY;
    const char *name = there ? named_program(head, tag) : NULL;
    if (excused && (name == NULL || *name == '\0'))
        return NULL;
    if (!there)
        sim_fail("vCPU enters at IPA %#llx: no image there", (unsigned long long)entry);
    if (name == NULL)
        sim_fail(
            "vCPU enters at IPA %#llx: memory holds no guest program there (wrong copy, or not cleaned to the point of "
            "coherency)",
            (unsigned long long)entry);
    if (*name == '\0')
        sim_fail("vCPU enters at IPA %#llx: its image names a guest program that nobody has registered",
                 (unsigned long long)entry);
    return name;
}

/* Documentation/arm64/booting.rst of Linux, "Call the kernel image"; of a further vCPU PSCI says what x0 is. */
static void check_boot_protocol(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu, bool further)
{
    const struct vcpu_regs *regs = &vcpu->regs;
    if ((regs->pstate & 0x3df) != PSTATE_EL1H_MASKED)
        sim_fail("vCPU enters with PSTATE %#llx", (unsigned long long)regs->pstate);
    if (regs->x[1] != 0 || regs->x[2] != 0 || regs->x[3] != 0)
        sim_fail("vCPU enters with x1..x3 not zero");
    if (!further && (regs->x[0] == 0 || (regs->x[0] & 7) != 0))
        sim_fail("vCPU enters with x0 = %#llx: no device tree", (unsigned long long)regs->x[0]);
    if ((cpu->sysregs[VCPU_SCTLR_EL1] & SCTLR_M_C_I) != 0)
        sim_fail("vCPU enters with its MMU or caches on");
}

/* A function that a program of this domain gave out as code, or NULL. */
static const struct sim_guest_code *find_code(const struct sim_guest *guest)
{
    const struct sim_machine *machine = guest->machine;
    for (unsigned i = 0; i < machine->code_count; i++)
        if (machine->codes[i].vmid == guest->vmid && machine->codes[i].address == guest->pc)
            return &machine->codes[i];
    return NULL;
}

static void run_as_coroutine(struct sim_cpu *cpu, struct sim_guest *guest, uint64_t image)
{
    for (unsigned i = 1; i < ARRAY_SIZE(guest->x); i++)
        guest->x[i] = 0x5a5a000000000000 | (uint64_t)guest->vmid << 32 | i;
    guest->entry = image;
    cpu->sysregs[VCPU_VBAR_EL1] = image + 0x800;
    coroutine_start(&guest->coroutine, run_program, guest);
}

static void start_code(struct sim_cpu *cpu, struct sim_guest *guest, const struct sim_guest_code *code)
{
    memcpy(guest->name, code->name, sizeof(guest->name));
    guest->main = code->main;
    run_as_coroutine(cpu, guest, code->image);
}

/* The program that the tag names, as a coroutine; its image must be whole.
 * @return false where a fault damaged it */
static bool start_program(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct sim_image_tag tag;
    const char *name = read_tag(cpu, guest->pc, &tag);
    if (name == NULL)
        return false;
    snprintf(guest->name, sizeof(guest->name), "%s", name);
    if (!check_image(cpu, guest, guest->pc, tag.file_size))
        return false;
    guest->main = sim_guest_program(guest->name);
    run_as_coroutine(cpu, guest, guest->pc);
    return true;
}

/* A damaged kernel runs into an instruction that is none, before it has vectors: it takes the exception to where
 * VBAR_EL1 is at reset, and is never seen to do anything else. */
static bool crash(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation fetch = {.kind = GUEST_FETCH, .address = cpu->sysregs[VCPU_VBAR_EL1] + VECTOR_SYNC};
    sim_trace(cpu, "VMID %u runs a damaged kernel", guest->vcpu->stage2->vmid);
    guest->operation = &fetch;
    bool trapped = sim_guest_perform(cpu, guest, exit);
    guest->operation = NULL;
    if (!trapped)
        sim_fail("a guest's memory begins at its vectors at reset: not modelled");
    return true;
}

/* The first vCPU of its domain to start begins a life in which nothing may be left of the one before. */
static void begin_life(struct sim_cpu *cpu, const struct sim_guest *guest)
{
    uint16_t vmid = guest->vcpu->stage2->vmid;
    for (const struct sim_guest *other = cpu->machine->guests; other != NULL; other = other->next)
        if (other->started && other->vmid == vmid)
            return;
    sim_guest_new_life(cpu->machine, vmid);
    sim_oracle_life(cpu->machine, vmid);
    cpu->machine->ended[vmid & 255] = 0;
    if (sim_stage1_holds(cpu->machine, vmid))
        sim_fail("VMID %u begins with translations of its earlier life in a TLB", vmid);
}

bool sim_guest_start(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct arch_vcpu *vcpu = guest->vcpu;
    struct guest_operation fetch = {.kind = GUEST_FETCH, .address = vcpu->regs.pc};
    guest->pc = vcpu->regs.pc;
    guest->pstate = vcpu->regs.pstate;
    memcpy(guest->x, vcpu->regs.x, sizeof(guest->x));
    guest->operation = &fetch;
    begin_life(cpu, guest);
    bool trapped = sim_guest_perform(cpu, guest, exit);
    guest->operation = NULL;
    if (trapped)
        return true;
    guest->vmid = vcpu->stage2->vmid;
    const struct sim_guest_code *code = find_code(guest);
    guest->further = code != NULL;
    guest->entry = guest->pc;
    check_boot_protocol(cpu, vcpu, guest->further);
    if (cpu->machine->kvm != NULL)
        sim_kvm_prepare(cpu, guest);
    else if (code != NULL)
        start_code(cpu, guest, code);
    else if (!start_program(cpu, guest))
        return crash(cpu, guest, exit);
    if (guest->starts++ == 0)
        guest->first_instruction = cpu->machine->now;
    guest->started = true;
    return false;
}
