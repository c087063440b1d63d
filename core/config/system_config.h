/* SPDX-License-Identifier: Apache-2.0 */
/* What the user asked for: /chosen, typed and bounded, nothing decided. Strings lie in the boot device tree. */
#ifndef BULKHEAD_CONFIG_SYSTEM_CONFIG_H
#define BULKHEAD_CONFIG_SYSTEM_CONFIG_H

#include "config/machine.h"
#include "dt/dt.h"
#include "lib/diag.h"
#include "lib/types.h"

#define CONFIG_BOOTARGS_MAX 2048 /* bytes with the NUL: what arm64 Linux takes; a longer command line is refused */
#define CONFIG_SPIS_AS_HOST UINT32_MAX

enum module_kind {
    MODULE_KERNEL,
    MODULE_RAMDISK,
    MODULE_DEVICE_TREE, /* partial device tree for device assignment */
};

struct module_config {
    bool present;
    enum module_kind kind;
    struct dt_node node;
    pa_t base;
    uint64_t size;        /* as written; may be cut by the plan */
    const char *bootargs; /* NULL: none */
};

/** What happens to a domain whose configuration has an error: it is left out, the others start. */
struct domain_config {
    const char *name; /* node name with unit address */
    struct dt_node node;
    bool valid;                         /* no error was reported */
    uint64_t memory;                    /* bytes */
    uint32_t cpus;                      /* vCPUs */
    uint32_t parts;                     /* bit per part of the build that it has: FOR_EACH_PART_OF() */
    uint64_t part_values[HV_MAX_PARTS]; /* of each: what its property says */
    uint32_t nr_spis;                   /* 0..HV_MAX_SPIS, or CONFIG_SPIS_AS_HOST */
    struct dt_property static_mem;      /* xen,static-mem; config_static_range() reads it. data NULL: none */
    uint8_t static_cells[2];            /* in which it is written: of an address, of a size */
    bool direct_map;                    /* the guest's RAM has the host's addresses */
    bool hardware;                      /* has what of the machine no other domain has */
    bool eager_memory;                  /* bulkhead,eager-memory: all RAM zeroed and mapped before the start */
    struct module_config kernel;
    struct module_config ramdisk;
    struct module_config device_tree;
    const char *bootargs; /* the kernel module's, or the domain node's, NULL: none */
};

enum all_off_action {
    ALL_OFF_STAY,      /* stay on the hypervisor's console */
    ALL_OFF_POWER_OFF, /* PSCI SYSTEM_OFF when no domain can run any more */
};

struct system_config {
    const char *command_line;    /* the hypervisor's own, NULL: none */
    enum all_off_action all_off; /* bulkhead.all-off=power-off */
    struct domain_config domains[HV_MAX_DOMAINS];
    unsigned domain_count;
    unsigned beyond_count; /* domains for which there was no room */
};

/** The hypervisor's command line by the protocol's rule: xen,xen-bootargs; else bootargs if a dom0 exists. May be NULL.
 */
const char *config_command_line(const struct dt *tree);

/** The name of a hardware domain whose modules lie directly below /chosen: there is no node of its own. */
extern const char config_dom0_name[];

/** @return whether xen,static-mem of @p config has a range @p index; it is checked. */
bool config_static_range(const struct domain_config *config, unsigned index, struct dt_range *range);

/**
 * Reads /chosen. Errors are reported and make their domain invalid; never stops at the first.
 * @param config  need not be initialised
 * @return HV_OK, or HV_E_MISSING where /chosen has no enabled xen,domain node at all (reported)
 */
HV_CHECK hv_status config_read(struct system_config *config, const struct dt *tree, struct diag *diag);

#endif
