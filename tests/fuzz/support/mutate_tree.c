// SPDX-License-Identifier: Apache-2.0
/* Changes of a device tree that leave it one: what is behind dt_open() is reached far more often than by random bytes.
 * What follows the tree in the input (modules' contents) is kept. */
#include <libfdt.h>
#include <string.h>

#include "dt/dt.h"
#include "support/fuzz.h"

#define ROOM 4096 /* a tree may grow by this much in one change */
#define SCRATCH_SIZE (1u << 18)

static struct {
    _Alignas(8) uint8_t scratch[SCRATCH_SIZE];
    uint64_t random;
} tree;

static uint32_t random_below(uint32_t limit)
{
    tree.random = tree.random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(tree.random >> 33) % limit;
}

static const char *const names[] = {"#address-cells",
                                    "#interrupt-cells",
                                    "#size-cells",
                                    "bootargs",
                                    "bulkhead,eager-memory",
                                    "clock-frequency",
                                    "compatible",
                                    "cpus",
                                    "device_type",
                                    "dma-ranges",
                                    "enable-method",
                                    "interrupt-controller",
                                    "interrupt-names",
                                    "interrupt-parent",
                                    "interrupts",
                                    "interrupts-extended",
                                    "linux,phandle",
                                    "memory",
                                    "nr_spis",
                                    "method",
                                    "phandle",
                                    "ranges",
                                    "reg",
                                    "rng-seed",
                                    "status",
                                    "stdout-path",
                                    "vpl011",
                                    "xen,bootargs",
                                    "xen,force-assign-without-iommu",
                                    "xen,path",
                                    "xen,reg",
                                    "xen,xen-bootargs"};
static const char *const texts[] = {"/axi/last@c0000",
                                    "/axi/meeting@30000",
                                    "/axi/mixed@80000",
                                    "/axi/part@90a00",
                                    "/axi/rtc@10000",
                                    "/intc@8000000",
                                    "/pl011@9000000",
                                    "arm,gic-400",
                                    "arm,gic-v3",
                                    "arm,pl011",
                                    "arm,armv8-timer",
                                    "arm,psci-1.0",
                                    "cdns,uart-r1p8",
                                    "cpu",
                                    "disabled",
                                    "memory",
                                    "nr_spis",
                                    "multiboot,kernel",
                                    "multiboot,module",
                                    "multiboot,ramdisk",
                                    "okay",
                                    "psci",
                                    "serial0:115200n8",
                                    "smc",
                                    "virt",
                                    "xen,domain"};
static const uint32_t odd[] = {0,          1,          2,      3,          4,          8,
                               16,         65000,      0x1000, 0x200000,   0x40000000, 0x7fffffff,
                               0x80000000, 0xc0000000, 0xffff, 0xfffff000, 0xfffffffc, 0xffffffff};

/** @return the offset of a random node. */
static int some_node(const void *fdt)
{
    int chosen = 0;
    uint32_t seen = 0;

    for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL))
        if (random_below(++seen) == 0)
            chosen = node;
    return chosen;
}

/** @return the offset of a random property of @p node, negative if it has none. */
static int some_property(const void *fdt, int node)
{
    int chosen = -1;
    uint32_t seen = 0;

    for (int property = fdt_first_property_offset(fdt, node); property >= 0;
         property = fdt_next_property_offset(fdt, property))
        if (random_below(++seen) == 0)
            chosen = property;
    return chosen;
}

static void change_cell(void *fdt, int node)
{
    int length, property = some_property(fdt, node);
    uint8_t *value = property < 0 ? NULL : (uint8_t *)(uintptr_t)fdt_getprop_by_offset(fdt, property, NULL, &length);

    if (value == NULL || length < 4)
        return;
    value += random_below((uint32_t)length / 4) * 4;
    switch (random_below(3)) {
    case 0:
        fdt32_st(value, odd[random_below(ARRAY_SIZE(odd))]);
        break;
    case 1:
        fdt32_st(value, fdt32_ld((const fdt32_t *)(void *)value) + random_below(5) - 2);
        break;
    default:
        value[random_below(4)] ^= (uint8_t)(1u << random_below(8));
        break;
    }
}

static void set_text(void *fdt, int node)
{
    const char *text = texts[random_below(ARRAY_SIZE(texts))];

    (void)fdt_setprop_string(fdt, node, names[random_below(ARRAY_SIZE(names))], text);
}

static void set_cells(void *fdt, int node)
{
    fdt32_t cells[8];
    uint32_t count = random_below(ARRAY_SIZE(cells) + 1);

    for (uint32_t i = 0; i < count; i++)
        cells[i] = cpu_to_fdt32(odd[random_below(ARRAY_SIZE(odd))]);
    (void)fdt_setprop(fdt, node, names[random_below(ARRAY_SIZE(names))], cells, (int)(count * sizeof(cells[0])));
}

/** Gives one node's property to another. */
static void copy_property(void *fdt, int node)
{
    uint8_t copy[256];
    const char *name;
    int length, property = some_property(fdt, some_node(fdt));
    const void *value = property < 0 ? NULL : fdt_getprop_by_offset(fdt, property, &name, &length);
    char kept[64];

    if (value == NULL || length > (int)sizeof(copy) || strlen(name) >= sizeof(kept))
        return;
    memcpy(copy, value, (size_t)length);
    strcpy(kept, name);
    (void)fdt_setprop(fdt, node, kept, copy, length);
}

static void cut_property(void *fdt, int node)
{
    const char *name;
    int length, property = some_property(fdt, node);
    const void *value = property < 0 ? NULL : fdt_getprop_by_offset(fdt, property, &name, &length);
    uint8_t copy[256];
    char kept[64];

    if (value == NULL || length == 0 || length > (int)sizeof(copy) || strlen(name) >= sizeof(kept))
        return;
    memcpy(copy, value, (size_t)length);
    strcpy(kept, name);
    (void)fdt_setprop(fdt, node, kept, copy, (int)random_below((uint32_t)length));
}

static void delete_property(void *fdt, int node)
{
    const char *name;
    int property = some_property(fdt, node);

    if (property >= 0 && fdt_getprop_by_offset(fdt, property, &name, NULL) != NULL)
        (void)fdt_delprop(fdt, node, name);
}

static void remove_node(void *fdt, int node)
{
    if (node == 0)
        return;
    if (random_below(2) == 0)
        (void)fdt_nop_node(fdt, node);
    else
        (void)fdt_del_node(fdt, node);
}

static void add_node(void *fdt, int node)
{
    static const char *const added[] = {"domU9", "module@44000000", "memory@80000000", "cpu@5", "a@1", "chosen"};
    int below = fdt_add_subnode(fdt, node, added[random_below(ARRAY_SIZE(added))]);

    for (uint32_t i = 0; below >= 0 && i < 4; i++)
        copy_property(fdt, below);
}

static void reserve(void *fdt, int node)
{
    (void)node;
    (void)fdt_add_mem_rsv(fdt, (uint64_t)odd[random_below(ARRAY_SIZE(odd))] << random_below(33),
                          (uint64_t)odd[random_below(ARRAY_SIZE(odd))] << random_below(33));
}

/** Breaks a token: its tag, or a property's length or name. */
static void break_token(void *fdt)
{
    int node = some_node(fdt), property = some_property(fdt, node);
    uint8_t *structure = (uint8_t *)fdt + fdt_off_dt_struct(fdt);

    if (property < 0)
        fdt32_st(structure + node, random_below(10));
    else if (random_below(4) == 0)
        fdt32_st(structure + property + 8, random_below(fdt_size_dt_strings(fdt) + 8));
    else
        fdt32_st(structure + property + 4,
                 random_below(4) != 0 ? random_below(fdt_size_dt_struct(fdt) * 2) : odd[random_below(ARRAY_SIZE(odd))]);
}

/** @return the new size of the input, 0: it could not be done. */
static size_t change(uint8_t *data, size_t size, size_t max_size)
{
    static void (*const changes[])(void *fdt, int node) = {
        change_cell,  change_cell,     change_cell, set_text, set_cells, copy_property,
        cut_property, delete_property, remove_node, add_node, reserve,
    };
    size_t total = fdt_totalsize(data), rest = size - total;

    if (total + ROOM > sizeof(tree.scratch) || fdt_open_into(data, tree.scratch, (int)(total + ROOM)) != 0)
        return 0;
    for (uint32_t i = 1 + random_below(4); i > 0; i--)
        changes[random_below(ARRAY_SIZE(changes))](tree.scratch, some_node(tree.scratch));
    if (fdt_pack(tree.scratch) != 0 || fdt_totalsize(tree.scratch) + rest > max_size)
        return 0;
    if (random_below(16) == 0)
        break_token(tree.scratch);
    memmove(data + fdt_totalsize(tree.scratch), data + total, rest);
    memcpy(data, tree.scratch, fdt_totalsize(tree.scratch));
    return fdt_totalsize(tree.scratch) + rest;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t changed = 0;
    struct dt checked; /* by core: fdt_check_full() of libfdt 1.6.1 itself falls over some damage */

    tree.random = seed * 0x9e3779b97f4a7c15ULL + 1;
    if (random_below(8) != 0 && dt_open(&checked, data, size, NULL) == HV_OK)
        changed = change(data, size, max_size);
    return changed != 0 ? changed : LLVMFuzzerMutate(data, size, max_size);
}
