// SPDX-License-Identifier: Apache-2.0
/* A device tree, and behind it what lies in RAM where its modules are: read, planned, printed, each domain's own tree
 * written. Whatever was asked for, nobody owns what somebody else does. */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "config/machine.h"
#include "config/system_config.h"
#include "domain/guest_dt.h"
#include "plan/plan.h"
#include "support/fuzz.h"

#define MAX_OWNED 2048

static struct {
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct system_plan plan;
    struct region owned[MAX_OWNED];
    unsigned owned_count;
    _Alignas(8) uint8_t guest_tree[GUEST_DT_MAX_SIZE];
} world;

/** The modules' contents: what follows the tree. */
struct contents {
    struct plan_reader reader;
    const uint8_t *data;
    size_t size;
    uint8_t *shown; /* gone at the next call, as a window is */
};

/** A module's start shows the contents' start, any other place their end; what lies beyond is not to be had. */
static const void *read_contents(struct plan_reader *reader, pa_t base, uint64_t size)
{
    struct contents *contents = CONTAINER_OF(reader, struct contents, reader);

    FUZZ_REQUIRE(size != 0 && size <= IMAGE_PROBE_SIZE);
    FUZZ_REQUIRE(base.raw / BLOCK_SIZE == (base.raw + size - 1) / BLOCK_SIZE);
    free(contents->shown);
    contents->shown = NULL;
    if (contents->size == 0)
        return NULL;
    contents->shown = calloc(1, size);
    if (is_aligned(base.raw, PAGE_SIZE))
        memcpy(contents->shown, contents->data, min_u64(size, contents->size));
    else if (contents->size >= size)
        memcpy(contents->shown, contents->data + contents->size - size, size);
    return contents->shown;
}

/** Nobody else has a byte of it, and it is RAM. */
static void own(uint64_t base, uint64_t end)
{
    if (base == end)
        return;
    FUZZ_REQUIRE(base < end && world.owned_count < MAX_OWNED);
    FUZZ_REQUIRE(regions_contain(&world.machine.memory, base, end - base));
    for (unsigned i = 0; i < world.owned_count; i++)
        FUZZ_REQUIRE(end <= world.owned[i].base || world.owned[i].end <= base);
    world.owned[world.owned_count++] = (struct region){base, end};
}

static void refuse_overlap(struct region range)
{
    for (unsigned i = 0; range.base < range.end && i < world.owned_count; i++)
        FUZZ_REQUIRE(range.end <= world.owned[i].base || world.owned[i].end <= range.base);
}

static struct region source_of(const struct plan_image *image)
{
    FUZZ_REQUIRE(image->source.raw + image->source_size >= image->source.raw);
    return (struct region){image->source.raw, image->source.raw + image->source_size};
}

static void check_owners(void)
{
    world.owned_count = 0;
    for (unsigned i = 0; i < world.plan.free.count; i++)
        own(world.plan.free.list[i].base, world.plan.free.list[i].end);
    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        const struct plan_domain *domain = &world.plan.domains[i];
        own(domain->control.base, domain->control.end);
        for (unsigned extent = 0; extent < domain->extent_count; extent++)
            own(domain->extents[extent].target.raw, domain->extents[extent].target.raw + domain->extents[extent].size);
    }
    refuse_overlap(world.machine.image);
    refuse_overlap(world.machine.dtb);
    for (unsigned i = 0; i < world.machine.reservation_count; i++)
        refuse_overlap(world.machine.reservations[i].range);
    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        if (!world.plan.domains[i].valid)
            continue;
        refuse_overlap(source_of(&world.plan.domains[i].kernel));
        if (world.plan.domains[i].ramdisk.present)
            refuse_overlap(source_of(&world.plan.domains[i].ramdisk));
    }
}

static void check_image(const struct plan_domain *domain, ipa_t load, uint64_t size)
{
    FUZZ_REQUIRE(size <= region_size(domain->guest_ram[0]));
    FUZZ_REQUIRE(load.raw >= domain->guest_ram[0].base && load.raw <= domain->guest_ram[0].end - size);
}

static void check_domain(const struct plan_domain *domain)
{
    uint64_t ram = region_size(domain->guest_ram[0]) + region_size(domain->guest_ram[1]), backed = 0;

    FUZZ_REQUIRE(domain->config->valid && domain->vcpu_count == domain->config->cpus);
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        FUZZ_REQUIRE(world.machine.cpus[domain->vcpu_cpu[i]].online);
    for (unsigned i = 0; i < domain->extent_count; i++)
        backed += domain->extents[i].size;
    FUZZ_REQUIRE(backed == ram && ram >= domain->config->memory && ram - domain->config->memory < PAGE_SIZE);
    FUZZ_REQUIRE(domain->control.base + PLAN_DOMAIN_BYTES + domain->vcpu_count * PLAN_VCPU_BYTES <=
                 domain->stage2_base.raw);
    FUZZ_REQUIRE(domain->stage2_base.raw + domain->stage2_pages * PAGE_SIZE == domain->control.end);
    check_image(domain, domain->kernel.load, max_u64(domain->kernel.memory_size, domain->kernel.file_size));
    check_image(domain, domain->dtb, domain->dtb_size);
    if (domain->ramdisk.present)
        check_image(domain, domain->ramdisk.load, domain->ramdisk.memory_size);
}

static void write_guest_tree(const struct plan_domain *domain)
{
    struct guest_seeds seeds = {.rng_length = 32, .kaslr_length = 8};
    struct guest_dt written;
    hv_status status =
        guest_dt_write(world.guest_tree, sizeof(world.guest_tree), domain, &world.machine, &seeds, &written);

    FUZZ_REQUIRE(status == HV_OK);
    FUZZ_REQUIRE(fdt_check_full(world.guest_tree, sizeof(world.guest_tree)) == 0);
    FUZZ_REQUIRE(fdt_totalsize(world.guest_tree) <= domain->dtb_size);
}

struct counted {
    struct text_sink sink;
    size_t length;
};

static void count_text(struct text_sink *sink, const char *text, size_t length)
{
    struct counted *counted = CONTAINER_OF(sink, struct counted, sink);

    FUZZ_REQUIRE(text != NULL);
    counted->length += length;
}

static void check_plan(hv_status status)
{
    struct counted counted = {{count_text}, 0};
    unsigned valid = 0;

    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        if (!world.plan.domains[i].valid)
            continue;
        valid++;
        check_domain(&world.plan.domains[i]);
        write_guest_tree(&world.plan.domains[i]);
    }
    FUZZ_REQUIRE(valid == world.plan.valid_count && (status == HV_OK) == (valid != 0));
    check_owners();
    plan_print(&counted.sink, &world.plan);
    FUZZ_REQUIRE(counted.length != 0 && plan_digest(&world.plan) == world.plan.digest);
}

/** Where the boot loader may have put hypervisor and device tree. */
static void place(struct region *image, struct region *dtb)
{
    struct region_set *memory = &world.machine.memory;
    uint64_t base = memory->count != 0 ? memory->list[0].base : 0;

    *image = (struct region){base + MIB(2), base + MIB(4)};
    *dtb = (struct region){base + MIB(64), base + MIB(64) + world.tree.size};
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct contents contents = {.reader = {.read = read_contents}};
    struct fuzz_diag diag;
    struct region image = {0, 1}, dtb = {0, 1};

    fuzz_diag_start(&diag);
    if (dt_open(&world.tree, data, size, NULL) != HV_OK)
        return;
    contents.data = data + world.tree.size;
    contents.size = size - world.tree.size;
    memset(&world.machine, 0, sizeof(world.machine));
    (void)(machine_read(&world.machine, &world.tree, dtb, image, UINT64_MAX, NULL) == HV_OK);
    place(&image, &dtb);
    memset(&world.machine, 0, sizeof(world.machine));
    (void)(machine_read_uart(&world.machine.uart, &world.tree, &diag.diag) == HV_OK);
    hv_status machine = machine_read(&world.machine, &world.tree, dtb, image, UINT64_MAX, &diag.diag);
    hv_status config = config_read(&world.config, &world.tree, &diag.diag);
    FUZZ_REQUIRE(machine == HV_OK || diag.diag.errors != 0);
    if (machine == HV_OK && config == HV_OK) {
        memset(&world.plan, 0xa5, sizeof(world.plan));
        check_plan(plan_make(&world.plan, &world.machine, &world.config, &contents.reader, &diag.diag));
    }
    free(contents.shown);
}
