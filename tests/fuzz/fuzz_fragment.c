// SPDX-License-Identifier: Apache-2.0
/* A partial device tree of one domain, against a board of which another domain has some devices. Whatever it asks for:
 * nobody is given what is another's, only devices are given, the guest's tree is one and has room, and there are tables
 * for all of it. Behind the tree a byte says which board. */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/machine.h"
#include "config/system_config.h"
#include "domain/guest_dt.h"
#include "mem/stage2.h"
#include "plan/plan.h"
#include "support/allocate.h"
#include "support/dts.h"
#include "support/fuzz.h"
#include "unit/parts/board.h"

#define BOARDS 3
#define FRAGMENT_AT 0x60000000u
#define OTHER_AT 0x61000000u
#define MOST_TABLES 2048 /* that are tried: more take long */
#define MOST_REGISTERS 64

#define DOMAIN(name, module)                                                                                           \
    name                                                                                                               \
        " { compatible = \"xen,domain\"; #address-cells = <1>; #size-cells = <1>; cpus = <1>; vpl011; nr_spis = <32>;" \
        " memory = <0 0x10000>;"                                                                                       \
        " kernel { compatible = \"multiboot,kernel\", \"multiboot,module\"; reg = <0x44000000 0x1000>; };"             \
        " devices { compatible = \"multiboot,device-tree\", \"multiboot,module\"; reg = <" module                      \
        " 0xffffffff>; }; };"
#define BOARD(gic, memory)                                                                                             \
    "#address-cells = <2>; #size-cells = <2>; interrupt-parent = <1>;"                                                 \
    " memory@40000000 { device_type = \"memory\"; reg = <" memory ">; };" BOARD_CPUS gic BOARD_DEVICES                 \
    " chosen { stdout-path = \"/pl011@9000000\";" DOMAIN("domU1", "0x60000000") DOMAIN("domU2", "0x61000000") " };"
#define OTHER                                                                                                          \
    PASSTHROUGH("edge { xen,path = \"/axi/edge@20000\"; xen,reg = <0 0x10020000 0x1000 0 0x10020000>; };"              \
                "meeting { xen,path = \"/axi/meeting@30000\"; xen,reg = <0 0x10030000 0x2000 0 0x10030000>; };")

static const char *const texts[BOARDS] = {
    BOARD(BOARD_GICV2, "0 0x40000000 0 0x40000000"), BOARD(BOARD_GICV3, "0 0x40000000 0 0x40000000"),
    BOARD(BOARD_GICV2, "0 0x40000000 0 0x22000000 8 0 1 0"), /* RAM that 32 bits do not reach */
};
static const unsigned pa_bits[BOARDS] = {40, 36, 48};

static struct board {
    _Alignas(8) uint8_t blob[16384];
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct region registers[MOST_REGISTERS]; /* of its devices, in whole pages */
    unsigned register_count;
} boards[BOARDS];

static struct {
    struct plan_reader reader;
    const uint8_t *fragment;
    size_t size;
    _Alignas(8) uint8_t other[4096];
    struct system_plan plan;
    _Alignas(8) uint8_t guest_tree[GUEST_DT_MAX_SIZE];
} world;

static void note_registers(struct board *board, struct dt_node node)
{
    struct dt_range range;

    for (unsigned i = 0; dt_reg_cpu(node, i, &range) == HV_OK; i++) {
        FUZZ_REQUIRE(board->register_count < MOST_REGISTERS);
        board->registers[board->register_count++] =
            (struct region){align_down(range.base, PAGE_SIZE), align_up(range.base + range.size, PAGE_SIZE)};
    }
}

static void start(void)
{
    const struct region image = {0x40200000, 0x402a0000}, tree = {0x42000000, 0x42008000};
    struct fuzz_diag diag;

    fuzz_diag_start(&diag);
    dts_write(OTHER, world.other, sizeof(world.other));
    for (unsigned i = 0; i < BOARDS; i++) {
        struct board *board = &boards[i];
        dts_write(texts[i], board->blob, sizeof(board->blob));
        FUZZ_REQUIRE(dt_open(&board->tree, board->blob, sizeof(board->blob), NULL) == HV_OK);
        FUZZ_REQUIRE(machine_read(&board->machine, &board->tree, tree, image, UINT64_MAX, &diag.diag) == HV_OK);
        FUZZ_REQUIRE(config_read(&board->config, &board->tree, &diag.diag) == HV_OK && diag.diag.errors == 0);
        board->machine.pa_bits = pa_bits[i];
        for (struct dt_node node = dt_root(&board->tree); dt_node_valid(node); node = dt_next(node))
            if (!dt_has(node, "device_type"))
                note_registers(board, node);
    }
}

static const void *read_kernel(struct plan_reader *reader, pa_t base, uint64_t size)
{
    static _Alignas(8) uint8_t shown[IMAGE_PROBE_SIZE];
    static const uint8_t head[] = {0x10, 0, 0, 0x14};

    (void)reader;
    (void)base;
    FUZZ_REQUIRE(size <= sizeof(shown));
    memset(shown, 0, sizeof(shown));
    memcpy(shown, head, sizeof(head));
    shown[17] = 0x20; /* image_size 0x2000 */
    memcpy(shown + 56, "ARM\x64", 4);
    return shown;
}

static const void *keep_fragment(struct plan_reader *reader, pa_t base, uint64_t size)
{
    (void)reader;
    FUZZ_REQUIRE(size <= DT_MAX_SIZE);
    return base.raw == FRAGMENT_AT ? world.fragment : world.other;
}

static bool overlap(struct region a, struct region b)
{
    return a.base < b.end && b.base < a.end;
}

static struct region range(uint64_t base, uint64_t size)
{
    return (struct region){base, base + size};
}

static bool is_device(const struct board *board, uint64_t page)
{
    for (unsigned i = 0; i < board->register_count; i++)
        if (board->registers[i].base <= page && page < board->registers[i].end)
            return true;
    return false;
}

/** Whether the partial tree has pages that no node of the board describes. */
static bool forces(const struct dt *fragment)
{
    for (struct dt_node node = dt_root(fragment); dt_node_valid(node); node = dt_next(node))
        if (dt_has(node, "xen,force-assign-without-iommu") && !dt_has(node, "xen,path"))
            return true;
    return false;
}

static void check_frame(const struct board *board, const struct plan_domain *domain, const struct plan_frame *frame)
{
    const struct machine *machine = &board->machine;
    struct region host = range(frame->target.raw, frame->size), guest = range(frame->base.raw, frame->size);

    FUZZ_REQUIRE(frame->size != 0 && is_aligned(host.base | guest.base | frame->size, PAGE_SIZE));
    FUZZ_REQUIRE(host.base < host.end && host.end - 1 < 1ULL << machine->pa_bits);
    FUZZ_REQUIRE(guest.base < guest.end && guest.end - 1 < 1ULL << domain->ipa_bits);
    FUZZ_REQUIRE(domain->ipa_bits <= machine->pa_bits);
    for (unsigned i = 0; i < machine->memory.count; i++)
        FUZZ_REQUIRE(!overlap(host, machine->memory.list[i]));
    FUZZ_REQUIRE(!overlap(host, range(machine->uart.frame.base, machine->uart.frame.size)));
    FUZZ_REQUIRE(!overlap(host, range(machine->gic.distributor.base, machine->gic.distributor.size)));
    for (unsigned i = 0; i < 2; i++)
        FUZZ_REQUIRE(!overlap(guest, domain->guest_ram[i]));
    FUZZ_REQUIRE(!overlap(guest, range(domain->map->gicd.base, domain->map->gicd.size)));
    FUZZ_REQUIRE(!overlap(guest, range(0x22000000, 0x1000))); /* its UART */
    if (domain->index == 0 && forces(&domain->fragment))
        return;
    for (uint64_t page = host.base; page < host.end; page += PAGE_SIZE)
        FUZZ_REQUIRE(is_device(board, page));
}

static void check_pairs(const struct plan_domain *a, const struct plan_domain *b)
{
    for (unsigned i = 0; i < a->frame_count; i++)
        for (unsigned j = 0; j < b->frame_count; j++) {
            const struct plan_frame *one = &a->frames[i], *other = &b->frames[j];
            if (one == other)
                continue;
            FUZZ_REQUIRE(!overlap(range(one->target.raw, one->size), range(other->target.raw, other->size)));
            FUZZ_REQUIRE(a != b || !overlap(range(one->base.raw, one->size), range(other->base.raw, other->size)));
        }
    for (unsigned i = 0; i < a->interrupt_count; i++)
        for (unsigned j = 0; j < b->interrupt_count; j++)
            FUZZ_REQUIRE(&a->interrupts[i] == &b->interrupts[j] || a->interrupts[i].intid != b->interrupts[j].intid);
}

static void check_interrupts(const struct board *board, const struct plan_domain *domain)
{
    for (unsigned i = 0; i < domain->interrupt_count; i++) {
        uint32_t intid = domain->interrupts[i].intid;
        FUZZ_REQUIRE(intid > 32 && intid < HV_MAX_INTIDS && intid != board->machine.uart.intid); /* 32: its own UART */
        FUZZ_REQUIRE(intid - 32 < domain->spi_count);
    }
}

static void check_guest_tree(const struct board *board, const struct plan_domain *domain)
{
    const struct guest_seeds seeds = {.rng_length = 32, .kaslr_length = 8};
    uint8_t *tree = world.guest_tree;
    struct guest_dt written;
    int length;

    FUZZ_REQUIRE(guest_dt_write(tree, region_size(domain->tree), domain, &board->machine, &seeds, &written) == HV_OK);
    FUZZ_REQUIRE(fdt_check_full(tree, sizeof(world.guest_tree)) == 0);
    FUZZ_REQUIRE(fdt_totalsize(tree) <= domain->dtb_size);
    int depth = 0;
    for (int node = fdt_path_offset(tree, "/passthrough"); node >= 0 && depth >= 0;
         node = fdt_next_node(tree, node, &depth))
        FUZZ_REQUIRE(fdt_getprop(tree, node, "xen,reg", &length) == NULL &&
                     fdt_getprop(tree, node, "xen,path", &length) == NULL);
}

/** All that is mapped without an exit of the guest's. */
static void check_tables(const struct plan_domain *domain)
{
    uint64_t alignment = stage2_root_pages(domain->ipa_bits) * PAGE_SIZE;
    struct stage2 stage2;

    if (domain->stage2_pages > MOST_TABLES)
        return;
    uint8_t *room = allocate_pages(domain->stage2_pages * PAGE_SIZE + alignment);
    FUZZ_REQUIRE(stage2_init(&stage2, (uint8_t *)align_up((uintptr_t)room, alignment), domain->stage2_base,
                             domain->stage2_pages, domain->ipa_bits, domain->vmid) == HV_OK);
    FUZZ_REQUIRE(stage2_map(&stage2, ipa(domain->map->gicc.base), pa(0x8040000), domain->map->gicc.size,
                            STAGE2_DEVICE) == HV_OK);
    for (unsigned i = 0; i < domain->frame_count; i++)
        FUZZ_REQUIRE(stage2_map(&stage2, domain->frames[i].base, domain->frames[i].target, domain->frames[i].size,
                                STAGE2_DEVICE) == HV_OK);
    for (unsigned i = 0; i < domain->extent_count; i++)
        FUZZ_REQUIRE(stage2_map(&stage2, domain->extents[i].base, domain->extents[i].target, domain->extents[i].size,
                                STAGE2_RAM) == HV_OK);
    free(room);
}

static void ignore_text(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    FUZZ_REQUIRE(text != NULL || length == 0);
}

static void check_plan(const struct board *board, const struct fuzz_diag *diag)
{
    struct text_sink sink = {ignore_text};

    FUZZ_REQUIRE(world.plan.domains[1].valid || world.plan.domains[0].valid);
    FUZZ_REQUIRE(world.plan.domains[0].valid || diag->diag.errors != 0);
    for (unsigned i = 0; i < world.plan.domain_count; i++) {
        const struct plan_domain *domain = &world.plan.domains[i];
        if (!domain->valid)
            continue;
        for (unsigned frame = 0; frame < domain->frame_count; frame++)
            check_frame(board, domain, &domain->frames[frame]);
        for (unsigned other = 0; other < world.plan.domain_count; other++)
            if (world.plan.domains[other].valid)
                check_pairs(domain, &world.plan.domains[other]);
        check_interrupts(board, domain);
        check_guest_tree(board, domain);
        check_tables(domain);
    }
    plan_print(&sink, &world.plan);
    FUZZ_REQUIRE(plan_digest(&world.plan) == world.plan.digest);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static bool started;
    struct dt fragment;
    struct fuzz_diag diag;

    if (!started)
        start();
    started = true;
    if (dt_open(&fragment, data, size, NULL) != HV_OK)
        return; /* what plan_make() says of it, unit tests see */
    const struct board *board = &boards[size > fragment.size ? data[fragment.size] % BOARDS : 0];
    fuzz_diag_start(&diag);
    world.reader = (struct plan_reader){read_kernel, keep_fragment, true};
    world.fragment = data;
    memset(&world.plan, 0xa5, sizeof(world.plan));
    hv_status status = plan_make(&world.plan, &board->machine, &board->config, &world.reader, &diag.diag);
    FUZZ_REQUIRE(status == HV_OK);
    check_plan(board, &diag);
}
