// SPDX-License-Identifier: Apache-2.0
/* KVM's memory slots from core's stage-2 tables, read by hostsim's own walker. A slot is a translation that is cached:
 * it comes when it is first needed and goes when core invalidates it. */
#include <stdlib.h>
#include <string.h>

#include "hostsim/kvm/kvm_backend.h"
#include "hostsim/memory/mmu.h"

static void set_slot(const struct kvm_domain *domain, const struct kvm_slot *slot, uint64_t size)
{
    struct kvm_userspace_memory_region region = {
        .slot = (uint32_t)(slot - domain->slots) + KVM_FIRST_SLOT,
        .flags = slot->read_only ? KVM_MEM_READONLY : 0,
        .guest_phys_addr = slot->ipa,
        .memory_size = size,
        .userspace_addr = (uintptr_t)sim_memory_read(domain->kvm->machine, slot->pa, slot->size),
    };
    KVM_CALL(domain->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static void insert(struct kvm_domain *domain, struct kvm_slot wanted)
{
    unsigned i = 0;
    while (i < domain->slot_count && domain->slots[i].size != 0)
        i++;
    if (i == domain->slot_count) {
        struct kvm_slot *more = realloc(domain->slots, (i + 1) * sizeof(*more));
        if (more == NULL)
            abort();
        domain->slots = more;
        domain->slot_count++;
    }
    domain->slots[i] = wanted;
    set_slot(domain, &domain->slots[i], wanted.size);
}

static void take_out(const struct kvm_domain *domain, struct kvm_slot *slot)
{
    set_slot(domain, slot, 0);
    slot->size = 0;
}

static bool adjoins(const struct kvm_slot *low, const struct kvm_slot *high)
{
    return low->size != 0 && low->ipa + low->size == high->ipa && low->pa + low->size == high->pa &&
           low->read_only == high->read_only;
}

/* KVM knows no larger slot, only another one: neighbours are taken out and come back as part of the new one. */
static void merge(struct kvm_domain *domain, struct kvm_slot slot)
{
    for (unsigned i = 0; i < domain->slot_count; i++) {
        struct kvm_slot other = domain->slots[i];
        bool below = adjoins(&other, &slot), above = other.size != 0 && adjoins(&slot, &other);
        if (!(below || above) ||
            sim_bank_find(domain->kvm->machine, below ? other.pa : slot.pa, slot.size + other.size) == NULL)
            continue;
        take_out(domain, &domain->slots[i]);
        slot.ipa = below ? other.ipa : slot.ipa;
        slot.pa = below ? other.pa : slot.pa;
        slot.size += other.size;
    }
    insert(domain, slot);
}

static bool has_slot(const struct kvm_domain *domain, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < domain->slot_count; i++) {
        const struct kvm_slot *slot = &domain->slots[i];
        if (address >= slot->ipa && size <= slot->size && address - slot->ipa <= slot->size - size)
            return true;
    }
    return false;
}

static bool reaches_ram(struct sim_cpu *cpu, uint64_t address, struct sim_translation *translation)
{
    *translation = sim_translate(cpu, address, SIM_ACCESS_READ);
    return !translation->fault && sim_bank_find(cpu->machine, translation->pa, 1) != NULL;
}

/* Every page counts as used from now on: the rules about owners and invalidations hold for all of the slot. What an
 * invalidation of a part left of an earlier slot is in its way, and goes. */
static struct kvm_slot slot_of_leaf(struct sim_cpu *cpu, struct kvm_domain *domain, uint64_t address,
                                    const struct sim_translation *translation)
{
    uint64_t within = address & (translation->size - 1);
    struct kvm_slot slot = {.ipa = address - within, .size = translation->size, .pa = translation->pa - within};
    for (uint64_t offset = 0; offset < slot.size; offset += PAGE_SIZE)
        slot.read_only = sim_translate(cpu, slot.ipa + offset, SIM_ACCESS_WRITE).fault;
    kvm_slots_remove(domain, slot.ipa, slot.size);
    return slot;
}

bool kvm_slots_add(struct sim_cpu *cpu, struct kvm_domain *domain, uint64_t address)
{
    struct sim_translation translation;
    if (!reaches_ram(cpu, address, &translation))
        return false;
    if (!has_slot(domain, address, 1))
        merge(domain, slot_of_leaf(cpu, domain, address, &translation));
    return true;
}

/* Like merge(), but what is found next to each other becomes one slot before KVM hears of it. */
void kvm_slots_fill(struct sim_cpu *cpu, struct kvm_domain *domain)
{
    uint64_t end = 1ULL << cpu->loaded->stage2->ipa_bits;
    struct kvm_slot run = {.size = 0};
    for (uint64_t address = 0; address < end;) {
        struct sim_translation translation;
        bool ram = reaches_ram(cpu, address, &translation) && !has_slot(domain, address, translation.size);
        uint64_t step = translation.fault ? 1ULL << (12 + 9 * (3 - (translation.status & 3))) : translation.size;
        if (ram) {
            struct kvm_slot leaf = slot_of_leaf(cpu, domain, address, &translation);
            if (run.size != 0 &&
                (!adjoins(&run, &leaf) || sim_bank_find(cpu->machine, run.pa, run.size + leaf.size) == NULL)) {
                merge(domain, run);
                run.size = 0;
            }
            run = run.size == 0 ? leaf : (struct kvm_slot){run.ipa, run.size + leaf.size, run.pa, run.read_only};
        }
        address = (address & ~(step - 1)) + step;
    }
    if (run.size != 0)
        merge(domain, run);
}

void kvm_slots_remove(struct kvm_domain *domain, uint64_t base, uint64_t size)
{
    uint64_t end = base + size;
    for (unsigned i = 0; i < domain->slot_count; i++) {
        struct kvm_slot slot = domain->slots[i];
        uint64_t slot_end = slot.ipa + slot.size;
        if (slot.size == 0 || slot.ipa >= end || slot_end <= base)
            continue;
        take_out(domain, &domain->slots[i]);
        if (slot.ipa < base)
            insert(domain, (struct kvm_slot){slot.ipa, base - slot.ipa, slot.pa, slot.read_only});
        if (slot_end > end)
            insert(domain, (struct kvm_slot){end, slot_end - end, slot.pa + (end - slot.ipa), slot.read_only});
    }
}
