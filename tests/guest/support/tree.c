// SPDX-License-Identifier: Apache-2.0
/* The little of the device tree that the payloads need, in one pass (Devicetree Specification v0.4, chapter 5).
 *
 * Not libfdt: with the MMU off memory is Device memory, where an unaligned access faults, and the packaged libfdt is
 * not compiled for that. */
#include "program.h"

#define TREE_MAGIC 0xd00dfeed
#define TOKEN_BEGIN_NODE 1
#define TOKEN_END_NODE 2
#define TOKEN_PROPERTY 3
#define TOKEN_END 9
#define MAX_DEPTH 16

struct property {
    const uint8_t *data;
    uint32_t length;
};

/** The node whose properties are being read. */
struct node {
    struct property compatible, device_type, reg, method, bootargs, initrd_start, initrd_end, interrupts, dma_ranges;
};

struct cells {
    uint32_t address, size;
};

static uint32_t big32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static uint64_t big(const uint8_t *data, uint32_t cells)
{
    return cells == 2 ? (uint64_t)big32(data) << 32 | big32(data + 4) : big32(data);
}

static bool text_equal(const char *a, const char *b)
{
    for (; *a != '\0' && *a == *b; a++, b++)
        continue;
    return *a == *b;
}

static uint32_t text_length(const char *text)
{
    uint32_t length = 0;

    while (text[length] != '\0')
        length++;
    return length;
}

/** Whether a string list holds @p text. */
static bool list_holds(struct property list, const char *text)
{
    for (uint32_t at = 0; at < list.length; at += text_length((const char *)list.data + at) + 1) {
        if (text_equal((const char *)list.data + at, text))
            return true;
    }
    return false;
}

static uint64_t number(struct property property)
{
    return property.length >= 4 ? big(property.data, property.length / 4) : 0;
}

static uint64_t reg_base(const struct node *node, struct cells cells, unsigned index)
{
    uint32_t entry = 4 * (cells.address + cells.size);

    return (index + 1) * entry <= node->reg.length ? big(node->reg.data + index * entry, cells.address) : 0;
}

static uint64_t reg_size(const struct node *node, struct cells cells, unsigned index)
{
    uint32_t entry = 4 * (cells.address + cells.size);

    return (index + 1) * entry <= node->reg.length ? big(node->reg.data + index * entry + 4 * cells.address, cells.size)
                                                   : 0;
}

/** @return the INTID of the shared interrupt of that index, 0: none */
static uint32_t interrupt(const struct node *node, unsigned index)
{
    const uint8_t *at = node->interrupts.data + index * 12;

    return (index + 1) * 12 <= node->interrupts.length && big32(at) == 0 ? 32 + big32(at + 4) : 0;
}

/** @p cells are the node's own: what is below it is addressed so. The root has two cells for an address. */
static void take_dma_ranges(struct platform *platform, const struct node *node, struct cells cells)
{
    const uint32_t entry = 4 * (cells.address + 2 + cells.size);

    for (unsigned i = 0; i < MAX_DMA_RANGES && (i + 1) * entry <= node->dma_ranges.length; i++) {
        const uint8_t *at = node->dma_ranges.data + i * entry;
        platform->dma_ranges[i] = (struct dma_range){big(at, cells.address), big(at + 4 * cells.address, 2),
                                                     big(at + 4 * cells.address + 8, cells.size)};
    }
}

/** All properties of @p node are known: takes what the payloads want. @p cells are its parent's. */
static void node_done(struct platform *platform, const struct node *node, struct cells cells)
{
    if (list_holds(node->compatible, "arm,pl011") || list_holds(node->compatible, "arm,sbsa-uart")) {
        platform->uart = reg_base(node, cells, 0);
    } else if (list_holds(node->compatible, "arm,gic-400") || list_holds(node->compatible, "arm,cortex-a15-gic")) {
        platform->distributor = reg_base(node, cells, 0);
        platform->cpu_interface = reg_base(node, cells, 1);
    } else if (list_holds(node->compatible, "arm,gic-v3")) {
        platform->distributor = reg_base(node, cells, 0);
        platform->redistributors = reg_base(node, cells, 1);
    } else if (list_holds(node->compatible, "arm,pl031")) {
        platform->rtc = reg_base(node, cells, 0);
        platform->rtc_interrupt = interrupt(node, 0);
    } else if (list_holds(node->compatible, "bulkhead,bus-master")) {
        platform->bus_master = reg_base(node, cells, 0);
        platform->bus_master_interrupts[0] = interrupt(node, 0);
        platform->bus_master_interrupts[1] = interrupt(node, 1);
    } else if (list_holds(node->device_type, "memory")) {
        for (unsigned bank = 0; bank < 2; bank++) {
            platform->ram_base[bank] = reg_base(node, cells, bank);
            platform->ram_size[bank] = reg_size(node, cells, bank);
        }
    } else if (list_holds(node->method, "smc")) {
        platform->smc = true;
    }
    if (node->bootargs.length != 0)
        platform->bootargs = (const char *)node->bootargs.data;
    if (node->initrd_end.length != 0) {
        platform->initrd_start = number(node->initrd_start);
        platform->initrd_end = number(node->initrd_end);
    }
}

static void node_property(struct node *node, struct cells *cells, const char *name, struct property property)
{
    const struct {
        const char *name;
        struct property *place;
    } wanted[] = {
        {"compatible", &node->compatible},
        {"device_type", &node->device_type},
        {"reg", &node->reg},
        {"method", &node->method},
        {"bootargs", &node->bootargs},
        {"linux,initrd-start", &node->initrd_start},
        {"linux,initrd-end", &node->initrd_end},
        {"interrupts", &node->interrupts},
        {"dma-ranges", &node->dma_ranges},
    };

    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (text_equal(name, wanted[i].name))
            *wanted[i].place = property;
    }
    if (text_equal(name, "#address-cells"))
        cells->address = big32(property.data);
    if (text_equal(name, "#size-cells"))
        cells->size = big32(property.data);
}

static void walk(struct platform *platform, const uint8_t *at, const char *strings)
{
    struct cells cells[MAX_DEPTH + 1] = {{2, 1}}; /* [depth]: for the children of the node at that depth */
    struct node node = {0};
    unsigned depth = 0;
    bool open = false;

    for (uint32_t token = big32(at); token != TOKEN_END && depth < MAX_DEPTH; token = big32(at)) {
        at += 4;
        if (token == TOKEN_BEGIN_NODE || token == TOKEN_END_NODE) {
            if (open)
                node_done(platform, &node, cells[depth - 1]);
            if (open && node.dma_ranges.length != 0)
                take_dma_ranges(platform, &node, cells[depth]);
            open = token == TOKEN_BEGIN_NODE;
        }
        if (token == TOKEN_BEGIN_NODE) {
            node = (struct node){0};
            cells[++depth] = (struct cells){2, 1};
            at += (text_length((const char *)at) + 4) & ~3u;
        } else if (token == TOKEN_END_NODE) {
            depth--;
        } else if (token == TOKEN_PROPERTY) {
            struct property property = {at + 8, big32(at)};

            node_property(&node, &cells[depth], strings + big32(at + 4), property);
            at += 8 + ((property.length + 3) & ~3u);
        }
    }
}

bool tree_read(struct platform *platform, const uint8_t *blob)
{
    platform->bootargs = "";
    if (platform->tree == 0 || big32(blob) != TREE_MAGIC)
        return false;
    platform->tree_size = big32(blob + 4);
    walk(platform, blob + big32(blob + 8), (const char *)blob + big32(blob + 12));
    return true;
}

static uint64_t parse_number(const char *text)
{
    unsigned base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
    uint64_t value = 0;

    for (text += base == 16 ? 2 : 0;; text++) {
        if (*text >= '0' && *text <= '9')
            value = value * base + (uint64_t)(*text - '0');
        else if (base == 16 && *text >= 'a' && *text <= 'f')
            value = value * base + (uint64_t)(*text - 'a') + 10;
        else
            return value;
    }
}

uint64_t argument(const struct platform *platform, const char *name, uint64_t fallback)
{
    for (const char *at = platform->bootargs; *at != '\0'; at++) {
        const char *wanted = name;

        if (at != platform->bootargs && at[-1] != ' ')
            continue;
        for (; *wanted != '\0' && *at == *wanted; at++, wanted++)
            continue;
        if (*wanted == '\0' && *at == '=')
            return parse_number(at + 1);
        if (*at == '\0')
            break;
    }
    return fallback;
}
