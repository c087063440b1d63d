/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every plan, whatever it was asked for. Ranges are compared pair by pair: no code of core's in it. */
#ifndef BULKHEAD_TESTS_UNIT_PLAN_INVARIANTS_H
#define BULKHEAD_TESTS_UNIT_PLAN_INVARIANTS_H

#include "support/guest_abi.h"
#include "unit/plan/fixture.h"

#define MAX_OWNED 1024

struct owned {
    struct region range;
    bool exclusive; /* decided by the plan: nobody else may have a byte of it */
};

static struct {
    struct owned list[MAX_OWNED];
    unsigned count;
} owners;

static inline void own(uint64_t base, uint64_t end, bool exclusive)
{
    REQUIRE(base <= end && owners.count < MAX_OWNED);
    if (base < end)
        owners.list[owners.count++] = (struct owned){{base, end}, exclusive};
}

static inline void own_whole_blocks(struct region range)
{
    if (range.base < range.end)
        own(range.base & ~(BLOCK_SIZE - 1), (range.end + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1), false);
}

/** The bytes of each module that its domain will read, and of the machine what nobody may have. */
static inline void collect_owners(void)
{
    owners.count = 0;
    own_whole_blocks(world.machine.image);
    own_whole_blocks(world.machine.dtb);
    for (unsigned i = 0; i < world.machine.reservation_count; i++)
        own(world.machine.reservations[i].range.base, world.machine.reservations[i].range.end, false);
    for (unsigned i = 0; i < world.plan.free.count; i++)
        own(world.plan.free.list[i].base, world.plan.free.list[i].end, true);
    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        const struct plan_domain *domain = &world.plan.domains[i];
        if (!domain->valid)
            continue;
        own(domain->control.base, domain->control.end, true);
        for (unsigned extent = 0; extent < domain->extent_count; extent++) {
            uint64_t base = domain->extents[extent].target.raw;
            own(base, base + domain->extents[extent].size, true);
        }
        own(domain->kernel.source.raw, domain->kernel.source.raw + domain->kernel.source_size, false);
        if (domain->ramdisk.present)
            own(domain->ramdisk.source.raw, domain->ramdisk.source.raw + domain->ramdisk.source_size, false);
    }
}

static inline bool in_ram(struct region range)
{
    for (unsigned i = 0; i < world.machine.memory.count; i++) {
        if (world.machine.memory.list[i].base <= range.base && range.end <= world.machine.memory.list[i].end)
            return true;
    }
    return false;
}

static inline void assert_owned_once(void)
{
    collect_owners();
    for (unsigned i = 0; i < world.plan.free.count;
         i++) /* banks are whole pages in these tests, reservations are not */
        REQUIRE(world.plan.free.list[i].base % PAGE_SIZE == 0 && world.plan.free.list[i].end % PAGE_SIZE == 0);
    for (unsigned i = 0; i < owners.count; i++) {
        const struct owned *a = &owners.list[i];
        REQUIRE(!a->exclusive || in_ram(a->range));
        for (unsigned j = 0; j < i; j++) {
            const struct owned *b = &owners.list[j];
            bool overlap = a->range.base < b->range.end && b->range.base < a->range.end;
            REQUIRE(!overlap || (!a->exclusive && !b->exclusive));
        }
    }
}

/** The extents back both banks from end to end, in order. */
static inline void assert_backed(const struct plan_domain *domain)
{
    unsigned extent = 0;

    for (unsigned bank = 0; bank < 2; bank++) {
        struct region ram = domain->guest_ram[bank];
        for (uint64_t next = ram.base; next < ram.end; extent++) {
            REQUIRE(extent < domain->extent_count);
            REQUIRE(domain->extents[extent].base.raw == next);
            REQUIRE(next % BLOCK_SIZE == 0 && domain->extents[extent].target.raw % BLOCK_SIZE == 0);
            REQUIRE(domain->extents[extent].size != 0 && domain->extents[extent].size % PAGE_SIZE == 0);
            next += domain->extents[extent].size;
            REQUIRE(next <= ram.end);
        }
    }
    REQUIRE(extent == domain->extent_count);
}

static inline struct region place_of(ipa_t base, uint64_t size)
{
    return (struct region){base.raw, base.raw + size};
}

/** Whether device tree and ramdisk find no place in whole 2 MiB, above the kernel or below it. */
static inline bool is_tight(struct region ram, const struct plan_domain *domain)
{
    uint64_t blocks = 1 + (domain->ramdisk.memory_size + BLOCK_SIZE - 1) / BLOCK_SIZE;
    uint64_t end = domain->kernel.load.raw + domain->kernel.memory_size;
    uint64_t above = ram.end / BLOCK_SIZE, kernel_end = (end + BLOCK_SIZE - 1) / BLOCK_SIZE;

    return kernel_end + blocks > above && (domain->kernel.load.raw - ram.base) / BLOCK_SIZE < blocks;
}

/** What lies in guest RAM lies in its first bank, in 2 MiB of its own, or where there is no room in 64 KiB. */
static inline void assert_guest_layout(const struct plan_domain *domain)
{
    struct region ram = domain->guest_ram[0];
    struct region places[3] = {place_of(domain->kernel.load, domain->kernel.memory_size),
                               place_of(domain->dtb, domain->dtb_size)};
    uint64_t unit = is_tight(ram, domain) ? KIB(64) : BLOCK_SIZE;
    unsigned count = 2;

    if (domain->ramdisk.present)
        places[count++] = place_of(domain->ramdisk.load, domain->ramdisk.memory_size);
    for (unsigned i = 0; i < count; i++) {
        REQUIRE(ram.base <= places[i].base && places[i].base < places[i].end && places[i].end <= ram.end);
        for (unsigned j = 0; j < i; j++) {
            REQUIRE(places[i].base / unit > (places[j].end - 1) / unit ||
                    places[j].base / unit > (places[i].end - 1) / unit);
        }
        REQUIRE(i == 0 || places[i].base % unit == 0);
    }
    REQUIRE(domain->kernel.present && domain->kernel.memory_size >= domain->kernel.file_size);
    REQUIRE(domain->entry.raw == domain->kernel.load.raw);
    if (domain->direct)
        REQUIRE(ram.base == domain->extents[0].target.raw);
    else
        REQUIRE(ram.base == GUEST_RAM0_BASE && ram.end <= GUEST_RAM0_BASE + GUEST_RAM0_SIZE);
    uint64_t size = region_size(ram) + region_size(domain->guest_ram[1]);
    REQUIRE(size >= domain->config->memory && size < domain->config->memory + PAGE_SIZE);
}

static inline void assert_control_area(const struct plan_domain *domain)
{
    uint64_t structures = PLAN_DOMAIN_BYTES + domain->vcpu_count * PLAN_VCPU_BYTES;
    uint64_t tables = domain->stage2_base.raw;
    uint64_t root = domain->ipa_bits > 39 && domain->ipa_bits < 44 ? PAGE_SIZE << (domain->ipa_bits - 39) : PAGE_SIZE;
    bool packed = domain->kernel.format == IMAGE_ARM64_GZIP;

    REQUIRE(domain->control.base % PAGE_SIZE == 0);
    REQUIRE(region_size(domain->scratch) == (packed ? PLAN_SCRATCH_BYTES : 0));
    REQUIRE(domain->control.base + structures <= domain->scratch.base && domain->scratch.end <= tables);
    REQUIRE(tables % root == 0 && tables + domain->stage2_pages * PAGE_SIZE == domain->control.end);
    /* Root, a level-2 table for each GiB of RAM and one for the GIC, a level-3 table for the GIC. */
    uint64_t ram = region_size(domain->guest_ram[0]) + region_size(domain->guest_ram[1]);
    REQUIRE(domain->stage2_pages >= root / PAGE_SIZE + ram / GIB(1) + 2);
    uint64_t top = domain->guest_ram[region_size(domain->guest_ram[1]) != 0].end;
    REQUIRE(top - 1 <= (1ULL << domain->ipa_bits) - 1);
    REQUIRE(domain->ipa_bits >= 32 && domain->ipa_bits <= world.machine.pa_bits);
}

static inline void assert_vcpus(const struct plan_domain *domain)
{
    REQUIRE(domain->vcpu_count == domain->config->cpus);
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        REQUIRE(domain->vcpu_cpu[i] < world.machine.cpu_count && world.machine.cpus[domain->vcpu_cpu[i]].online);
}

static inline void assert_owns_nothing(const struct plan_domain *domain)
{
    REQUIRE(domain->extent_count == 0 && region_size(domain->control) == 0 && domain->stage2_pages == 0);
    REQUIRE(!domain->kernel.present && !domain->ramdisk.present && region_size(domain->guest_ram[0]) == 0);
}

static inline bool same_numbers(const struct claim *a, const struct claim *b)
{
    bool own = a->kind == CLAIM_GUEST_ADDRESS || a->kind == CLAIM_GUEST_INTID;

    return a->kind == b->kind && (!own || a->owner == b->owner);
}

/** No two claims have anything in common, but those that share it on purpose. */
static inline void assert_ledger_sound(void)
{
    const struct ledger *ledger = &world.plan.ledger;

    for (unsigned i = 0; i < ledger->count; i++) {
        const struct claim *a = &ledger->list[i];
        REQUIRE(a->size != 0 && a->what != NULL);
        REQUIRE(!owner_is_domain((owner_t)a->owner) || a->owner <= world.plan.domain_count);
        for (unsigned j = 0; j < i; j++) {
            const struct claim *b = &ledger->list[j];
            bool overlap = a->base < b->base + b->size && b->base < a->base + a->size;
            bool shared = a->mode == b->mode && a->mode != CLAIM_EXCLUSIVE;
            REQUIRE(!same_numbers(a, b) || !overlap || shared);
        }
    }
}

/** Bytes of @p kind that @p owner has for itself. */
static inline uint64_t claimed(owner_t owner, enum claim_kind kind)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < world.plan.ledger.count; i++) {
        const struct claim *claim = &world.plan.ledger.list[i];
        if (claim->owner == owner && claim->kind == kind && claim->mode == CLAIM_EXCLUSIVE)
            bytes += claim->size;
    }
    return bytes;
}

/** What the plan gave a domain is in the ledger, no more and no less. */
static inline void assert_claimed(const struct plan_domain *domain)
{
    owner_t owner = owner_domain(domain->index);
    uint64_t ram = region_size(domain->guest_ram[0]) + region_size(domain->guest_ram[1]);
    const struct plan_domain nothing = {.valid = false};

    if (!domain->valid) {
        REQUIRE(claimed(owner, CLAIM_RAM) == 0 && claimed(owner, CLAIM_GUEST_ADDRESS) == 0);
        REQUIRE(memcmp(&domain->control, &nothing.control, sizeof(nothing.control)) == 0);
        return;
    }
    REQUIRE(claimed(owner, CLAIM_RAM) == ram + region_size(domain->control));
    REQUIRE(claimed(owner, CLAIM_GUEST_ADDRESS) > ram && claimed(owner, CLAIM_GUEST_INTID) != 0);
}

/** All of it. */
static inline void assert_plan_sound(void)
{
    unsigned valid = 0;

    REQUIRE(world.plan.domain_count == world.config.domain_count);
    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        const struct plan_domain *domain = &world.plan.domains[i];
        REQUIRE(domain->config == &world.config.domains[i] && domain->domid == i + 1);
        REQUIRE(domain->index == i);
        assert_claimed(domain);
        if (!domain->valid) {
            assert_owns_nothing(domain);
            continue;
        }
        valid++;
        REQUIRE(domain->config->valid);
        assert_backed(domain);
        assert_guest_layout(domain);
        assert_control_area(domain);
        assert_vcpus(domain);
    }
    REQUIRE(world.plan.valid_count == valid);
    assert_owned_once();
    assert_ledger_sound();
}

#endif
