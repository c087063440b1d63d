// SPDX-License-Identifier: Apache-2.0
#include "boards/add_domain.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define USUAL_RAM 0x40000000ULL
#define USUAL_RAM_SIZE GIB(2)
#define KERNEL_OFFSET MIB(32) /* from the start of the bank; before it lie hypervisor and firmware */
#define KERNEL_ALIGNMENT MIB(2)

static void put_cells(fdt32_t **cells, uint32_t count, uint64_t value)
{
    while (count-- > 0)
        *(*cells)++ = cpu_to_fdt32((uint32_t)(count < 2 ? value >> 32 * count : 0));
}

/** @return bytes of a reg in the cells that @p parent sets; 0: they cannot be told. */
static int make_reg(const void *fdt, int parent, fdt32_t *cells, uint64_t base, uint64_t size)
{
    int address_cells = fdt_address_cells(fdt, parent), size_cells = fdt_size_cells(fdt, parent);
    fdt32_t *next = cells;

    if (address_cells < 1 || size_cells < 1 || address_cells > 4 || size_cells > 4)
        return 0;
    put_cells(&next, (uint32_t)address_cells, base);
    put_cells(&next, (uint32_t)size_cells, size);
    return (int)((next - cells) * (int)sizeof(cells[0]));
}

/** As U-Boot does with a memory node that it finds empty. */
static bool add_memory(void *fdt)
{
    fdt32_t cells[8];
    int length = make_reg(fdt, 0, cells, USUAL_RAM, USUAL_RAM_SIZE);
    int node = -1;

    for (int child = fdt_first_subnode(fdt, 0); child >= 0 && node < 0; child = fdt_next_subnode(fdt, child)) {
        const char *type = fdt_getprop(fdt, child, "device_type", NULL);
        if (type != NULL && strcmp(type, "memory") == 0)
            node = child;
    }
    if (node < 0)
        node = fdt_add_subnode(fdt, 0, "memory@40000000");
    return length != 0 && node >= 0 && fdt_setprop_string(fdt, node, "device_type", "memory") == 0 &&
           fdt_setprop(fdt, node, "reg", cells, length) == 0;
}

/** @return where @p size bytes lie in the first bank that has room, out of the way of what is reserved. */
static uint64_t find_place(const struct machine *machine, uint64_t size)
{
    for (unsigned i = 0; i < machine->memory.count; i++) {
        struct region bank = machine->memory.list[i];
        uint64_t base = align_up(bank.base + KERNEL_OFFSET, KERNEL_ALIGNMENT);

        for (unsigned tries = 0; tries <= machine->reservation_count && base + size <= bank.end; tries++) {
            uint64_t next = base;
            for (unsigned j = 0; j < machine->reservation_count; j++) {
                struct region taken = machine->reservations[j].range;
                if (base < taken.end && taken.base < base + size)
                    next = max_u64(next, align_up(taken.end, KERNEL_ALIGNMENT));
            }
            if (next == base)
                return base;
            base = next;
        }
    }
    return USUAL_RAM + KERNEL_OFFSET;
}

static bool add_kernel(void *fdt, int domain, uint64_t place)
{
    static const char compatible[] = "multiboot,kernel\0multiboot,module";
    fdt32_t cells[8];
    char name[32];
    int length, module;

    snprintf(name, sizeof(name), "module@%llx", (unsigned long long)place);
    module = fdt_add_subnode(fdt, domain, name);
    length = module < 0 ? 0 : make_reg(fdt, domain, cells, place, ADD_DOMAIN_KERNEL);
    return length != 0 && fdt_setprop(fdt, module, "compatible", compatible, sizeof(compatible)) == 0 &&
           fdt_setprop(fdt, module, "reg", cells, length) == 0 &&
           fdt_setprop_string(fdt, module, "bootargs", "console=ttyAMA0") == 0;
}

bool add_domain(void *fdt, size_t size, const void *board, const struct machine *machine)
{
    if (fdt_open_into(board, fdt, (int)size) != 0)
        return false;
    if (machine->memory.count == 0 && !add_memory(fdt))
        return false;
    uint64_t place = find_place(machine, ADD_DOMAIN_KERNEL);
    int chosen = fdt_path_offset(fdt, "/chosen");
    if (chosen < 0)
        chosen = fdt_add_subnode(fdt, 0, "chosen");
    int domain = chosen < 0 ? chosen : fdt_add_subnode(fdt, chosen, "domU1");
    return domain >= 0 && fdt_setprop_string(fdt, domain, "compatible", "xen,domain") == 0 &&
           fdt_setprop_u32(fdt, domain, "#address-cells", 2) == 0 &&
           fdt_setprop_u32(fdt, domain, "#size-cells", 2) == 0 &&
           fdt_setprop_u64(fdt, domain, "memory", ADD_DOMAIN_MEMORY / 1024) == 0 &&
           fdt_setprop_u32(fdt, domain, "cpus", 1) == 0 && fdt_setprop(fdt, domain, "vpl011", NULL, 0) == 0 &&
           add_kernel(fdt, domain, place) && fdt_pack(fdt) == 0;
}
