// SPDX-License-Identifier: Apache-2.0
#include "plan/layout.h"

#include "dt/dt.h"
#include "plan/claims.h"
#include "plan/modules.h"
#include "plan/show.h"

/* Images are placed by whole 2 MiB, device tree and ramdisk 128 MiB into RAM where that is possible: where a guest that
 * was made for Xen expects them, and where Linux's own boot protocol allows them. A domain that is too small for that
 * has them close together; the device tree lies in one block of 2 MiB all the same. */
#define PLACE_ALIGNMENT BLOCK_SIZE
#define PLACE_CLOSE GUEST_DT_MAX_SIZE
#define PLACE_USUAL MIB(128)

/** The banks of a domain whose RAM has the host's addresses: the ranges that it was given, in their order. */
static hv_status layout_direct(struct plan_domain *domain, struct diag *diag)
{
    unsigned banks = 0;
    struct dt_range range;

    for (unsigned i = 0; config_static_range(domain->config, i, &range); i++) {
        if (banks != 0 && domain->guest_ram[banks - 1].end == range.base) {
            domain->guest_ram[banks - 1].end += range.size;
            continue;
        }
        if (banks == ARRAY_SIZE(domain->guest_ram)) {
            dt_report(diag, DIAG_ERROR, domain->config->node, "xen,static-mem", NULL, "at most two ranges",
                      "a domain with the host's addresses has its RAM in too many pieces", NULL);
            return HV_E_RANGE;
        }
        domain->guest_ram[banks++] = range_of(range.base, range.size);
    }
    return HV_OK;
}

static hv_status layout_banks(struct plan_domain *domain, struct diag *diag)
{
    const struct domain_config *config = domain->config;
    uint64_t size = align_up(config->memory, PAGE_SIZE);
    const struct guest_range *banks = domain->map->ram;
    uint64_t bank0 = min_u64(size, banks[0].size);

    if (config->memory > banks[0].size + banks[1].size) {
        dt_report(diag, DIAG_ERROR, config->node, "memory", show_size(config->memory).text,
                  show_size(banks[0].size + banks[1].size).text, "more RAM than the guest's memory map has room for",
                  "memory is in KiB");
        return HV_E_RANGE;
    }
    if (size != config->memory)
        dt_report(diag, DIAG_WARNING, config->node, "memory", show_size(config->memory).text, "a multiple of 4 KiB",
                  "the memory is rounded up to whole pages", NULL);
    domain->guest_ram[0] = (struct region){banks[0].base, banks[0].base + bank0};
    domain->guest_ram[1] = (struct region){banks[1].base, banks[1].base + size - bank0};
    return HV_OK;
}

hv_status layout_ram(const struct system_plan *plan, struct plan_domain *domain, struct diag *diag)
{
    const struct domain_config *config = domain->config;

    HV_TRY(config->direct_map ? layout_direct(domain, diag) : layout_banks(domain, diag));
    bool second = region_size(domain->guest_ram[1]) != 0;
    uint64_t top = max_u64(domain->guest_ram[0].end, second ? domain->guest_ram[1].end : 0);
    unsigned needed = 64 - (unsigned)__builtin_clzll(top - 1);
    unsigned host = plan->machine->pa_bits;
    domain->ipa_bits = (uint8_t)max_u64(needed, min_u64(GUEST_IPA_BITS_MIN, host));
    if (domain->ipa_bits <= host)
        return HV_OK;
    char expected[64];
    format_string(expected, sizeof(expected), "guest addresses of at most %u bits", host);
    dt_report(diag, DIAG_ERROR, config->node, "memory", show_size(config->memory).text, expected,
              "more RAM than this CPU can translate for a guest", NULL);
    return HV_E_RANGE;
}

/** Device tree and ramdisk on their way to a place: one behind the other, each in whole units of an alignment. */
struct pair {
    uint64_t alignment;
    uint64_t tree;    /* room for the device tree */
    uint64_t ramdisk; /* its size in bytes */
};

static uint64_t pair_size(struct pair pair)
{
    return align_up(pair.tree, pair.alignment) + align_up(pair.ramdisk, pair.alignment);
}

/**
 * Where device tree and ramdisk go, @p kernel being where the kernel goes.
 * @return 0 where there is no place
 */
static uint64_t place_beside(struct region ram, struct region kernel, struct pair pair)
{
    uint64_t usual = ram.base + PLACE_USUAL;
    uint64_t size = pair_size(pair);

    if (size > region_size(ram))
        return 0;
    if (kernel.end <= usual && usual + size <= ram.end)
        return usual;
    uint64_t top = align_down(ram.end - size, pair.alignment);
    if (top >= kernel.end)
        return top;
    uint64_t below = align_down(kernel.base, pair.alignment);
    return below - ram.base >= size ? below - size : 0;
}

/** The most that a ramdisk whose size nobody knows may have: what fits above or below the kernel beside the device
 * tree. */
static uint64_t largest_ramdisk(struct region ram, struct region kernel, uint64_t tree)
{
    uint64_t end = align_down(ram.end, PLACE_CLOSE);
    uint64_t above = align_up(kernel.end, PLACE_CLOSE);
    uint64_t room = max_u64(end > above ? end - above : 0, align_down(kernel.base, PLACE_CLOSE) - ram.base);

    return room > tree ? room - tree : 0;
}

static hv_status refuse_kernel(const struct plan_domain *domain, uint64_t needed, struct diag *diag)
{
    char expected[64];

    format_string(expected, sizeof(expected), "at least %s", show_size(align_up(needed, KIB(1))).text);
    dt_report(diag, DIAG_ERROR, domain->config->node, "memory", show_size(region_size(domain->guest_ram[0])).text,
              expected, "the kernel is larger than its domain, counted with what it needs beyond its file",
              "give the domain more memory");
    return HV_E_RANGE;
}

static hv_status refuse_rest(const struct plan_domain *domain, struct region kernel, struct pair pair,
                             struct diag *diag)
{
    uint64_t needed = align_up(kernel.end, pair.alignment) - domain->guest_ram[0].base + pair_size(pair);
    char expected[64];

    format_string(expected, sizeof(expected), "at least %s", show_size(needed).text);
    dt_report(diag, DIAG_ERROR, domain->config->node, "memory", show_size(region_size(domain->guest_ram[0])).text,
              expected, "there is no room for the device tree and the ramdisk beside the kernel",
              "give the domain more memory");
    return HV_E_RANGE;
}

/**
 * Cuts an open-ended ramdisk to what fits the domain; one whose end was not found, to half of the RAM that the kernel
 * leaves: a guest that unpacks it needs the other half, and more.
 */
static void fit_ramdisk(struct plan_image *ramdisk, struct plan_module *module, uint64_t room, uint64_t rest)
{
    if (module->end_found)
        modules_shrink(module, room, "as fits its domain");
    else
        modules_shrink(module, min_u64(room, align_down(rest / 2, PLACE_ALIGNMENT)),
                       "at most half of what its kernel leaves");
    uint64_t size = region_size(module->range);
    ramdisk->source_size = size;
    ramdisk->file_size = size;
    ramdisk->memory_size = size;
}

hv_status layout_images(struct system_plan *plan, struct plan_domain *domain, struct diag *diag)
{
    struct plan_module *ramdisk = &plan->modules[domain - plan->domains][MODULE_RAMDISK];
    struct region ram = domain->guest_ram[0];
    uint64_t base = ram.base + domain->text_offset;
    struct region kernel = {base, base + domain->kernel.memory_size};

    if (kernel.end > ram.end)
        return refuse_kernel(domain, kernel.end - ram.base, diag);
    if (domain->ramdisk.present)
        fit_ramdisk(&domain->ramdisk, ramdisk, largest_ramdisk(ram, kernel, domain->dtb_size),
                    region_size(ram) - domain->kernel.memory_size);
    struct pair pair = {PLACE_ALIGNMENT, domain->dtb_size, domain->ramdisk.memory_size};
    uint64_t place = place_beside(ram, kernel, pair);
    if (place == 0) {
        pair.alignment = PLACE_CLOSE;
        place = place_beside(ram, kernel, pair);
    }
    if (place == 0 || (domain->ramdisk.present && domain->ramdisk.file_size == 0))
        return refuse_rest(domain, kernel, pair, diag);
    domain->kernel.load = ipa(kernel.base);
    domain->entry = domain->kernel.load;
    domain->dtb = ipa(place);
    if (domain->ramdisk.present)
        domain->ramdisk.load = ipa(place + align_up(domain->dtb_size, pair.alignment));
    return HV_OK;
}
