// SPDX-License-Identifier: Apache-2.0
/* What a boot loader brings along: kernel images that name a guest program, and the modules that a device tree asks
 * for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/guest/image.h"
#include "hostsim/machine/machine.h"
#include <libfdt.h>

#define LARGEST_FILE MIB(1) /* of what is made for a module; the rest of a larger one stays as it is */

static void put64(uint8_t *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

bool sim_make_image(void *buffer, size_t file_size, uint64_t image_size, const char *name)
{
    uint8_t *image = buffer;
    struct sim_image_tag tag = {.magic = SIM_IMAGE_MAGIC, .file_size = (uint32_t)file_size};
    if (file_size < SIM_IMAGE_MIN || file_size > UINT32_MAX)
        return false;
    /* Documentation/arm64/booting.rst of Linux: branch, text_offset, image_size, flags, magic */
    memset(image, 0, SIM_IMAGE_BODY);
    put64(image, 0x14000010); /* b .+64 */
    put64(image + 16, image_size);
    put64(image + 24, 0xa); /* little endian, 4 KiB pages, anywhere in RAM */
    memcpy(image + 56, "ARM\x64", 4);
    put64(image + SIM_IMAGE_NAME_OFFSET, sim_image_name(name));
    memcpy(image + SIM_IMAGE_TAG_OFFSET, &tag, sizeof(tag));
    for (uint64_t offset = SIM_IMAGE_BODY; offset < file_size; offset += 8) {
        uint64_t word = sim_image_word(offset); /* hosts are little endian as guests are */
        memcpy(image + offset, &word, min_u64(8, file_size - offset));
    }
    return true;
}

static uint64_t cells_value(const fdt32_t *cells, uint32_t count)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value = value << 32 | fdt32_to_cpu(cells[i]);
    return value;
}

/* The number of cells that the nearest ancestor sets. */
static uint32_t inherited_cells(const void *dtb, int node, const char *name, uint32_t fallback)
{
    for (; node >= 0; node = fdt_parent_offset(dtb, node)) {
        int length;
        const fdt32_t *cells = fdt_getprop(dtb, node, name, &length);
        if (cells != NULL && length == 4)
            return fdt32_to_cpu(*cells);
    }
    return fallback;
}

static bool compatible(const void *dtb, int node, const char *one, const char *other)
{
    return fdt_node_check_compatible(dtb, node, one) == 0 || fdt_node_check_compatible(dtb, node, other) == 0;
}

static bool read_module(const void *dtb, int parent, int node, struct sim_module *module)
{
    int length;
    memset(module, 0, sizeof(*module));
    module->kernel = compatible(dtb, node, "multiboot,kernel", "xen,linux-zimage");
    module->ramdisk = compatible(dtb, node, "multiboot,ramdisk", "xen,linux-initrd");
    if (!module->kernel && !module->ramdisk && !compatible(dtb, node, "multiboot,module", "xen,multiboot-module"))
        return false;
    uint32_t address_cells = inherited_cells(dtb, parent, "#address-cells", 2);
    uint32_t size_cells = inherited_cells(dtb, parent, "#size-cells", 1);
    const fdt32_t *reg = fdt_getprop(dtb, node, "reg", &length);
    if (reg == NULL || address_cells > 2 || size_cells > 2 || length < (int)(4 * (address_cells + size_cells)))
        return false;
    module->base = cells_value(reg, address_cells);
    module->size = cells_value(reg + address_cells, size_cells);
    if (fdt_node_check_compatible(dtb, parent, "xen,domain") == 0)
        snprintf(module->domain, sizeof(module->domain), "%s", fdt_get_name(dtb, parent, NULL));
    const char *bootargs = fdt_getprop(dtb, node, "bootargs", &length);
    if (bootargs == NULL)
        bootargs = fdt_getprop(dtb, parent, "bootargs", &length);
    if (bootargs != NULL)
        snprintf(module->bootargs, sizeof(module->bootargs), "%.*s", length, bootargs);
    return true;
}

bool sim_module(const void *dtb, unsigned index, struct sim_module *module)
{
    int chosen = fdt_path_offset(dtb, "/chosen"), depth = 0;
    int parents[2] = {chosen, chosen};
    for (int node = chosen; node >= 0 && (node = fdt_next_node(dtb, node, &depth)) >= 0 && depth > 0;) {
        if (depth > 2)
            continue;
        if (depth == 1)
            parents[1] = node;
        if (read_module(dtb, parents[depth - 1], node, module) && index-- == 0)
            return true;
    }
    return false;
}

/* Bytes that a module has: as written, up to the next module and the bank's end; 0: it does not lie in RAM. */
static uint64_t room(struct sim_machine *machine, const void *dtb, const struct sim_module *module)
{
    const struct sim_bank *bank = sim_bank_find(machine, module->base, 1);
    if (bank == NULL)
        return 0;
    uint64_t end = bank->base + bank->size;
    if (module->size < end - module->base)
        end = module->base + module->size;
    struct sim_module other;
    for (unsigned i = 0; sim_module(dtb, i, &other); i++)
        if (other.base > module->base && other.base < end)
            end = other.base;
    return end - module->base;
}

static const char *program_of(const struct sim_module *module, const char *fallback, char *buffer, size_t size)
{
    const char *argument = strstr(module->bootargs, "sim.program=");
    if (argument == NULL)
        return fallback;
    argument += strlen("sim.program=");
    snprintf(buffer, size, "%.*s", (int)strcspn(argument, " "), argument);
    return buffer;
}

static bool load_module(struct sim_machine *machine, const void *dtb, const struct sim_module *module,
                        const char *program)
{
    uint64_t memory_size = room(machine, dtb, module), size = min_u64(memory_size, LARGEST_FILE);
    char name[48];
    if (size == 0)
        return false;
    uint8_t *file = calloc(1, size);
    if (file == NULL)
        abort();
    if (module->kernel)
        sim_make_image(file, size, memory_size, program_of(module, program, name, sizeof(name)));
    else
        for (uint64_t i = 0; i < size; i++)
            file[i] = (uint8_t)(sim_image_word(module->base + i) >> 56);
    bool loaded = sim_load(machine, module->base, file, size);
    free(file);
    return loaded;
}

bool sim_load_modules(struct sim_machine *machine, const void *dtb, const char *program)
{
    struct sim_module module, earlier;
    bool all = true;
    for (unsigned i = 0; sim_module(dtb, i, &module); i++) {
        bool shared = false; /* several domains may name one module */
        for (unsigned j = 0; j < i && sim_module(dtb, j, &earlier); j++)
            shared = shared || earlier.base == module.base;
        if (!shared && (module.kernel || module.ramdisk) && !load_module(machine, dtb, &module, program))
            all = false;
    }
    return all;
}
