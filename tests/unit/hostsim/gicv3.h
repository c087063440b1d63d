/* SPDX-License-Identifier: Apache-2.0 */
/* A machine with a GICv3, and the registers by which its tests know it. */
#ifndef BULKHEAD_TESTS_UNIT_HOSTSIM_GICV3_H
#define BULKHEAD_TESTS_UNIT_HOSTSIM_GICV3_H

#include "arch/gic.h"
#include "hostsim/gic/gic.h"
#include "unit/hostsim/mini.h"
#include <libfdt.h>

#define GICR 0x080a0000ULL
#define GICR_SECOND 0x0c000000ULL
#define CPU_FRAMES 0x20000U /* one CPU's: RD, then SGI */
#define SGI_FRAME 0x10000U
#define SPURIOUS 1023

#define CTLR 0x000
#define TYPER 0x004
#define IGROUPR 0x080
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ICFGR 0xc00
#define IROUTER 0x6000
#define WAKER 0x014
#define PIDR2 0xffe8

#define LR_PENDING (1ULL << 62)
#define LR_ACTIVE (1ULL << 63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_HW (1ULL << 61)
#define LR_GROUP1 (1ULL << 60)
#define LR_EOI (1ULL << 41)

#define ARE 0x10U
#define GROUP1 0x2U
#define RWP 0x80000000U

struct gicv3_shape {
    unsigned cpus;         /* 0: the two of the tree */
    unsigned first_region; /* CPUs that it has room for; 0: all */
    uint64_t stride;       /* 0: no such property */
    unsigned level;        /* of the affinity by which clusters differ, 1 to 3; 0: 1 */
};

/** Clusters of four. @return the affinity of CPU @p i */
static inline uint64_t gicv3_affinity(const struct gicv3_shape *shape, unsigned i)
{
    static const unsigned shifts[] = {8, 8, 16, 32};

    return (uint64_t)i / 4 << shifts[shape->level] | i % 4;
}

/* A new node comes first among its siblings: so the last is the first to be added. */
static inline void gicv3_replace_cpus(void *tree, const struct gicv3_shape *shape)
{
    fdt_del_node(tree, fdt_path_offset(tree, "/cpus/cpu@0"));
    fdt_del_node(tree, fdt_path_offset(tree, "/cpus/cpu@1"));
    for (unsigned i = shape->cpus; i-- > 0;) {
        char name[24];
        snprintf(name, sizeof(name), "cpu@%llx", (unsigned long long)gicv3_affinity(shape, i));
        int cpu = fdt_add_subnode(tree, fdt_path_offset(tree, "/cpus"), name);
        fdt_setprop_string(tree, cpu, "device_type", "cpu");
        fdt_setprop_u64(tree, cpu, "reg", gicv3_affinity(shape, i));
    }
}

/** A tree of QEMU's machine, its GICv2 replaced. */
static inline void *gicv3_tree(const struct gicv3_shape *shape, size_t *size)
{
    void *tree = read_file("ok/two-domains.dtb", size);
    ck_assert_int_eq(fdt_open_into(tree, tree, 1 << 20), 0);
    *size = 1 << 20;
    uint64_t stride = shape->stride != 0 ? shape->stride : CPU_FRAMES;
    uint64_t regions[][2] = {{GICD, 0x10000},
                             {GICR, stride * (shape->first_region != 0 ? shape->first_region : 8)},
                             {GICR_SECOND, stride * 8}};
    int node = fdt_path_offset(tree, "/intc@8000000");
    ck_assert_int_eq(fdt_setprop_string(tree, node, "compatible", "arm,gic-v3"), 0);
    ck_assert_int_eq(fdt_setprop(tree, node, "reg", NULL, 0), 0);
    for (unsigned i = 0; i < 2U + (shape->first_region != 0); i++) {
        fdt_appendprop_u64(tree, node, "reg", regions[i][0]);
        fdt_appendprop_u64(tree, node, "reg", regions[i][1]);
    }
    if (shape->first_region != 0)
        fdt_setprop_u32(tree, node, "#redistributor-regions", 2);
    if (shape->stride != 0)
        fdt_setprop_u64(tree, node, "redistributor-stride", shape->stride);
    if (shape->cpus != 0)
        gicv3_replace_cpus(tree, shape);
    return tree;
}

static inline struct sim_machine *gicv3_machine(const struct gicv3_shape *shape, const struct sim_options *options)
{
    size_t size;
    void *tree = gicv3_tree(shape, &size);
    struct sim_machine *machine = sim_create(tree, size, options);
    free(tree);
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    return machine;
}

static inline uint64_t icc(enum arch_gic_register number)
{
    return arch_gic_read(number);
}

static inline void set_icc(enum arch_gic_register number, uint64_t value)
{
    arch_gic_write(number, value);
}

static inline void wait_until_clear(const struct arch_mmio *mmio, uint32_t offset, uint32_t bits)
{
    for (unsigned i = 0; (arch_mmio_read32(mmio, offset) & bits) != 0; i++)
        ck_assert_uint_lt(i, 1000);
}

/** What a driver does on each CPU: wakes the redistributor and lets Group 1 through. @param index  of the CPU's frames
 */
static inline void gicv3_enable_cpu(const struct arch_mmio *gicr, unsigned index)
{
    arch_mmio_write32(gicr, index * CPU_FRAMES + WAKER, 0);
    wait_until_clear(gicr, index * CPU_FRAMES + WAKER, 4);
    arch_mmio_write32(gicr, index * CPU_FRAMES + SGI_FRAME + IGROUPR, ~0U);
    set_icc(ARCH_ICC_SRE_EL2, 9);
    set_icc(ARCH_ICC_SRE_EL1, 1);
    set_icc(ARCH_ICC_PMR_EL1, 0xff);
    set_icc(ARCH_ICC_IGRPEN1_EL1, 1);
}

#endif
