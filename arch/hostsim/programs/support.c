#include "hostsim/programs/support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_CR 0x30
#define UART_IMSC 0x38
#define UART_ICR 0x44
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define RECEIVE_INTERRUPTS (1u << 4 | 1u << 6)

static uint64_t cells_value(const fdt32_t *cells, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 32 | fdt32_to_cpu(cells[i]);
    return value;
}

static void copy_tree(struct platform *platform, uint64_t address)
{
    union {
        uint64_t word;
        struct {
            fdt32_t magic, size;
        } start;
    } head = {.word = guest_read64(address)};
    uint32_t size = fdt32_to_cpu(head.start.size);
    if (fdt32_to_cpu(head.start.magic) != FDT_MAGIC || size > 0x200000)
        guest_fail("x0 = %#llx: no device tree there", (unsigned long long)address);
    uint64_t *copy = guest_allocate((size + 7u) & ~7u);
    for (uint32_t offset = 0; offset < size; offset += 8)
        copy[offset / 8] = guest_read64(address + offset);
    if (fdt_check_full(copy, (size + 7u) & ~7u) != 0)
        guest_fail("device tree damaged");
    platform->tree = copy;
    platform->tree_address = address;
    platform->tree_size = size;
}

static uint64_t reg_base(const struct platform *platform, const char *name, int index)
{
    int node = fdt_node_offset_by_compatible(platform->tree, -1, name), length;
    const fdt32_t *reg = node >= 0 ? fdt_getprop(platform->tree, node, "reg", &length) : NULL;
    if (reg == NULL || length < 16 * (index + 1))
        return 0;
    return cells_value(reg + 4 * index, 2);
}

static void read_memory(struct platform *platform)
{
    int node, count = 0, length;
    fdt_for_each_subnode(node, platform->tree, 0)
    {
        const char *type = fdt_getprop(platform->tree, node, "device_type", NULL);
        const fdt32_t *reg = fdt_getprop(platform->tree, node, "reg", &length);
        if (type == NULL || strcmp(type, "memory") != 0 || reg == NULL)
            continue;
        for (int i = 0; i < length / 16 && count < 2; i++, count++) {
            platform->ram_base[count] = cells_value(reg + 4 * i, 2);
            platform->ram_size[count] = cells_value(reg + 4 * i + 2, 2);
        }
    }
}

static void read_chosen(struct platform *platform)
{
    int chosen = fdt_path_offset(platform->tree, "/chosen"), length;
    platform->bootargs = "";
    if (chosen < 0)
        return;
    const char *bootargs = fdt_getprop(platform->tree, chosen, "bootargs", &length);
    if (bootargs != NULL)
        platform->bootargs = bootargs;
    const fdt32_t *start = fdt_getprop(platform->tree, chosen, "linux,initrd-start", &length);
    if (start != NULL)
        platform->initrd_start = cells_value(start, length / 4);
    const fdt32_t *end = fdt_getprop(platform->tree, chosen, "linux,initrd-end", &length);
    if (end != NULL)
        platform->initrd_end = cells_value(end, length / 4);
}

struct platform *platform_read(uint64_t device_tree, const char *name)
{
    struct platform *platform = guest_allocate(sizeof(*platform));
    snprintf(platform->name, sizeof(platform->name), "%s", name);
    copy_tree(platform, device_tree);
    read_memory(platform);
    read_chosen(platform);
    platform->uart = reg_base(platform, "arm,pl011", 0);
    if (platform->uart == 0)
        platform->uart = reg_base(platform, "arm,sbsa-uart", 0);
    platform->distributor = reg_base(platform, "arm,cortex-a15-gic", 0);
    platform->cpu_interface = reg_base(platform, "arm,cortex-a15-gic", 1);
    if (platform->distributor == 0) {
        platform->distributor = reg_base(platform, "arm,gic-400", 0);
        platform->cpu_interface = reg_base(platform, "arm,gic-400", 1);
    }
    int node = fdt_path_offset(platform->tree, "/psci");
    const char *method = node >= 0 ? fdt_getprop(platform->tree, node, "method", NULL) : NULL;
    platform->smc = method != NULL && strcmp(method, "smc") == 0;
    return platform;
}

uint64_t argument(const struct platform *platform, const char *name, uint64_t fallback)
{
    size_t length = strlen(name);
    for (const char *at = platform->bootargs; (at = strstr(at, name)) != NULL; at += length)
        if ((at == platform->bootargs || at[-1] == ' ') && at[length] == '=')
            return strtoull(at + length + 1, NULL, 0);
    return fallback;
}

void put_char(const struct platform *platform, char character)
{
    if (platform->uart == 0)
        return;
    while ((guest_read32(platform->uart + UART_FR) & FR_TXFF) != 0)
        ;
    guest_write32(platform->uart + UART_DR, (uint8_t)character);
}

void print(const struct platform *platform, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (const char *character = text; *character != '\0'; character++)
        put_char(platform, *character);
}

int get_char(const struct platform *platform)
{
    if ((guest_read32(platform->uart + UART_FR) & FR_RXFE) != 0)
        return -1;
    return (int)(guest_read32(platform->uart + UART_DR) & 0xff);
}

void uart_receive_interrupt_on(const struct platform *platform)
{
    guest_write32(platform->uart + UART_CR, 1u << 9 | 1u << 8 | 1u);
    guest_write32(platform->uart + UART_ICR, 0x7ff);
    guest_write32(platform->uart + UART_IMSC, RECEIVE_INTERRUPTS);
}

void gic_init(const struct platform *platform)
{
    guest_write32(platform->distributor, 1);
    guest_write32(platform->cpu_interface + 0x04, 0xf0); /* GICC_PMR */
    guest_write32(platform->cpu_interface, 1);           /* GICC_CTLR */
}

void gic_enable(const struct platform *platform, unsigned intid)
{
    guest_write8(platform->distributor + 0x400 + intid, 0x80); /* GICD_IPRIORITYR */
    if (intid >= 32)
        guest_write8(platform->distributor + 0x800 + intid, 1);                      /* GICD_ITARGETSR */
    guest_write32(platform->distributor + 0x100 + intid / 32 * 4, 1u << intid % 32); /* GICD_ISENABLER */
}

unsigned gic_acknowledge(const struct platform *platform)
{
    return guest_read32(platform->cpu_interface + GICC_IAR) & 0x3ff;
}

void gic_end(const struct platform *platform, unsigned intid)
{
    guest_write32(platform->cpu_interface + GICC_EOIR, intid);
}

void timer_arm(uint64_t deadline)
{
    guest_msr(GUEST_CNTV_CVAL_EL0, deadline);
    guest_msr(GUEST_CNTV_CTL_EL0, 1);
}

void timer_stop(void)
{
    guest_msr(GUEST_CNTV_CTL_EL0, 0);
}

uint64_t psci(const struct platform *platform, uint64_t function)
{
    return platform->smc ? guest_smc(function, 0, 0, 0).x[0] : guest_hvc(function, 0, 0, 0).x[0];
}
