// SPDX-License-Identifier: Apache-2.0
/* A hardware domain as the protocol calls it into being: by boot modules directly below /chosen, beside the nodes of
 * domains. Its size is said by the hypervisor's command line. */
#include <string.h>

#include "config/config_reader.h"
#include "config/options.h"
#include "config/part.h"
#include "lib/text.h"

#define MEMORY_DEFAULT MIB(512)

static struct config_cells cells_of_chosen(const struct config_reader *reader)
{
    uint32_t address = reader->address_cells, size = reader->size_cells;

    return (struct config_cells){address, size, address - 1 <= 1 && size - 1 <= 1};
}

void config_read_dom0_module(struct config_reader *reader, struct dt_node node)
{
    if (!dt_enabled(node) || dt_compatible(node, "xen,xsm-policy"))
        return;
    if (reader->dom0.name == NULL)
        reader->dom0 = (struct domain_config){.name = config_dom0_name,
                                              .node = reader->chosen,
                                              .valid = true,
                                              .memory = MEMORY_DEFAULT,
                                              .cpus = 1,
                                              .nr_spis = CONFIG_SPIS_AS_HOST};
    config_read_child(reader, &reader->dom0, node, cells_of_chosen(reader));
}

static void option_error(struct config_reader *reader, const char *found, const char *expected, const char *message)
{
    dt_report(reader->diag, DIAG_WARNING, reader->chosen, "xen,xen-bootargs", found, expected, message, NULL);
}

/** @return a number with a unit of Xen's (KiB where there is none), in bytes; 0: it cannot be read */
static uint64_t read_size(const char *text)
{
    uint64_t value = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > UINT64_MAX / 16)
            return 0;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    unsigned shift = *text == 'G' || *text == 'g' ? 30 : *text == 'M' || *text == 'm' ? 20 : 10;
    bool unit = *text != '\0' && (shift != 10 || *text == 'K' || *text == 'k');
    if ((*text != '\0' && !unit) || (unit && text[1] != '\0') || value > UINT64_MAX >> shift)
        return 0;
    return value << shift;
}

/** As Xen takes it: min:SIZE, max:SIZE and SIZE, between commas; the last is what dom0 has. @return 0: it cannot be
 * read
 */
static uint64_t read_memory(char *text)
{
    uint64_t memory = 0;

    for (char *item = text, *end = text; *end != '\0'; item = end) {
        for (end = item; *end != '\0' && *end != ','; end++)
            ;
        char *next = *end == ',' ? end + 1 : end;
        *end = '\0';
        end = next;
        if (text_after(item, "min:") == NULL && text_after(item, "max:") == NULL)
            memory = read_size(item);
    }
    return memory;
}

static void read_limits(struct config_reader *reader, struct domain_config *dom0)
{
    const char *line = reader->config->command_line;
    static const char expected[] = "a size such as dom0_mem=512M";
    char text[64], cut[64];
    uint64_t value;

    if (option_read(line, "dom0_mem", text, sizeof(text))) {
        memcpy(cut, text, sizeof(cut));
        value = read_memory(cut);
        if (value != 0)
            dom0->memory = value;
        if (value == 0)
            option_error(reader, text, expected, "the memory of dom0 cannot be read; it has 512 MiB");
        else if (value < MIB(1))
            option_error(reader, text, expected, "dom0 has less than 1 MiB: a size without a unit is in KiB");
    } else {
        option_error(reader, NULL, "dom0_mem=SIZE", "nothing says how much memory dom0 has; it has 512 MiB");
    }
    if (option_read(line, "dom0_max_vcpus", text, sizeof(text))) {
        value = text[0] >= '1' && text[0] <= '9' && text[1] == '\0' ? (uint64_t)(text[0] - '0') : 0;
        if (value != 0 && value <= HV_MAX_VCPUS)
            dom0->cpus = (uint32_t)value;
        else
            option_error(reader, text, "1 to " TEXT_OF(HV_MAX_VCPUS), "the vCPUs of dom0 cannot be read; it has 1");
    }
}

/** What U-Boot hands over as its own ramdisk argument. */
static void read_boot_loaders_ramdisk(struct config_reader *reader, struct domain_config *dom0)
{
    uint64_t start, end;

    if (dom0->ramdisk.present || dt_read_u64(reader->chosen, "linux,initrd-start", &start) != HV_OK ||
        dt_read_u64(reader->chosen, "linux,initrd-end", &end) != HV_OK || end <= start)
        return;
    dom0->ramdisk = (struct module_config){
        .present = true, .kind = MODULE_RAMDISK, .node = reader->chosen, .base = pa(start), .size = end - start};
}

void config_finish_dom0(struct config_reader *reader)
{
    struct complaint complaint = {.severity = DIAG_ERROR, .node = reader->chosen, .message = "dom0 has no kernel"};
    struct domain_config *dom0;

    if (reader->dom0.name == NULL)
        return;
    dom0 = config_add_domain(reader, reader->chosen, config_dom0_name); /* the last one: nobody waits for its build */
    if (dom0 == NULL)
        return;
    *dom0 = reader->dom0;
    config_make_hardware(reader, dom0, reader->chosen);
    if (!dom0->kernel.present)
        config_complain(reader, dom0, &complaint);
    FOR_EACH_PART(i)
        if (part_of_each(part_table[i]) || part_table[i]->console != NULL)
            dom0->parts |= 1u << i; /* a UART stands in for the one that the hypervisor keeps */
    read_limits(reader, dom0);
    read_boot_loaders_ramdisk(reader, dom0);
    dom0->bootargs = dom0->kernel.bootargs;
    if (dt_read_string(reader->chosen, "xen,dom0-bootargs", &dom0->bootargs) != HV_OK && dom0->bootargs == NULL &&
        dt_has(reader->chosen, "xen,xen-bootargs"))
        (void)!dt_read_string(reader->chosen, "bootargs", &dom0->bootargs);
    config_check_console(reader, dom0);
}
