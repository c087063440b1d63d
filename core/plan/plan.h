/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what. A pure function of (machine, config, the headers of the images): every address, page, interrupt and
 * CPU is decided here and nowhere else. The same on the desk and on the board, with the same digest. */
#ifndef BULKHEAD_PLAN_PLAN_H
#define BULKHEAD_PLAN_PLAN_H

#include "config/machine.h"
#include "config/system_config.h"
#include "lib/diag.h"
#include "lib/format.h"
#include "plan/guest_map.h"
#include "plan/image.h"
#include "plan/ledger.h"

/* The device tree does not say how many SPIs the host has; its GIC does, at EL2. */
#define PLAN_SPIS_AS_HOST CONFIG_SPIS_AS_HOST

#define PLAN_MODULE_KINDS 3 /* enum module_kind */
/* Level-3 tables in a domain's pool beside those that the ends of its RAM and its GIC need. Who maps a block by single
 * pages has its share here: there is no other reserve. */
#define PLAN_SPARSE_BLOCKS 4 /* of its RAM, of which its build maps only the pages that images lie in */

/* Of all domains together. */
#define PLAN_MAX_FRAMES 64      /* ranges of pages of devices that are given to domains */
#define PLAN_MAX_INTERRUPTS 128 /* and their interrupts */

#define GUEST_DT_MAX_SIZE KIB(64) /* the room for the tree that a guest is given */
#define PLAN_MAX_EXTENTS 16       /* contiguous pieces of host RAM that make up one domain's RAM */

/** A piece of guest RAM contiguous in both address spaces. Multiples of 4 KiB; 2 MiB, and aligned to that, but for the
 * end of the last one of a bank. */
struct plan_extent {
    ipa_t base;
    pa_t target;
    uint64_t size;
};

/** Pages of a device that a domain is given. Multiples of 4 KiB. */
struct plan_frame {
    ipa_t base;
    pa_t target;
    uint64_t size;
    const char *name; /* of the node in the partial device tree */
};

/** An SPI of the host that a domain is given, as its own SPI of the same number. */
struct plan_interrupt {
    uint16_t intid;
    uint8_t edge;     /* else level */
    const char *name; /* as of a frame */
};

/** An image's way from where the boot loader put it to where the guest finds it. */
struct plan_image {
    bool present;
    pa_t source;
    uint64_t source_size; /* cut where the module ran past its bank or into the next one */
    ipa_t load;
    uint64_t file_size;   /* bytes written to guest RAM; gzip: 0 if unknown before unpacking */
    uint64_t memory_size; /* bytes reserved from load on */
    enum image_format format;
};

/** A module of the boot loader's, in host RAM. Stays there for ever, so that its domain can be started again. */
struct plan_module {
    const struct module_config *config; /* NULL: the domain has none of this kind */
    struct region range;                /* what of it exists; empty: nothing that could be used */
    bool open_ended;                    /* its size in the device tree is none: it was cut */
    bool end_found;                     /* what lies in it says how long it is */
    const char *ended_by;               /* open-ended: why its range ends where it does, for messages */
};

struct plan_domain {
    const struct domain_config *config;
    const char *name; /* for messages */
    bool valid;       /* this domain will be built */
    uint8_t index;    /* in system_plan::domains */
    uint16_t domid;   /* 1.. in device-tree order, valid or not */
    uint16_t vmid;    /* of its stage 2; not 0 */
    const struct guest_map *map;
    struct guest_map own_map; /* what map points to where it is not one of many domains */
    bool direct;              /* its RAM has the host's addresses */
    uint64_t text_offset;     /* of its kernel */
    unsigned more_tables;     /* level-2 and level-3 tables for what it has of the machine beside devices */
    bool eager_memory;        /* all RAM zeroed and mapped before the start: it says so, or its devices might do DMA */
    struct dt fragment;       /* partial device tree of its devices; blob is NULL: none */
    uint32_t fragment_bytes;  /* the most that it adds to the guest's tree */
    const struct plan_frame *frames;         /* of its devices; in system_plan::frames */
    const struct plan_interrupt *interrupts; /* in system_plan::interrupts */
    unsigned frame_count, interrupt_count;
    uint32_t vcpu_count;
    uint8_t vcpu_cpu[HV_MAX_VCPUS]; /* physical CPU of each vCPU; the domain is built by that of vCPU 0 */
    struct plan_extent extents[PLAN_MAX_EXTENTS];
    unsigned extent_count;
    struct region guest_ram[2]; /* bank 0, bank 1 in IPA space; empty: base == end */
    struct plan_image kernel;
    struct plan_image ramdisk;
    ipa_t dtb;
    uint64_t dtb_size; /* room for the generated tree */
    ipa_t entry;
    uint32_t spi_count;    /* of the vGIC, multiple of 32 or HV_MAX_SPIS; or PLAN_SPIS_AS_HOST */
    struct region control; /* host RAM for struct domain, its vCPUs, its parts, its scratch and its stage-2 tables */
    struct region scratch; /* inside it; PLAN_SCRATCH_BYTES for a struct gunzip if the kernel is packed, else empty */
    struct region tree;    /* inside it; the guest's device tree, as it is at each start */
    pa_t stage2_base;      /* inside it; aligned for the root table */
    uint32_t stage2_pages;
    uint8_t ipa_bits;
};

struct system_plan {
    const struct machine *machine;
    const struct system_config *config;
    struct plan_domain domains[HV_MAX_DOMAINS]; /* same index as config->domains */
    unsigned domain_count;
    unsigned valid_count;
    struct plan_module modules[HV_MAX_DOMAINS][PLAN_MODULE_KINDS]; /* by domain and enum module_kind */
    union {                                                        /* one after the other */
        struct image_scratch scratch;                              /* while plan_make() looks at the kernels */
        struct ledger ledger;                                      /* who owns what: afterwards */
    };
    struct region_set free;                    /* host RAM that nobody owns */
    struct plan_frame frames[PLAN_MAX_FRAMES]; /* by domain */
    unsigned frame_count;
    struct plan_interrupt interrupts[PLAN_MAX_INTERRUPTS]; /* by domain */
    unsigned interrupt_count;
    uint64_t digest;
};

/**
 * How the plan looks at module contents: @p size bytes of host RAM at @p base, read only. On the board a window, on the
 * desk a file or nothing. A range asked for is at most IMAGE_PROBE_SIZE long and never crosses a 2 MiB boundary.
 * @return NULL where the bytes are not to be had: the plan then says what it could not check. What an earlier call
 * returned is no longer valid.
 */
struct plan_reader {
    const void *(*read)(struct plan_reader *reader, pa_t base, uint64_t size);
    /** The same for as long as there is the plan, of any size, across any boundary. May be NULL: never to be had. */
    const void *(*keep)(struct plan_reader *reader, pa_t base, uint64_t size);
    bool sees_all; /* what is not to be had then is an error: on the board */
};

/** What part::inspect() works on. */
struct inspection {
    struct system_plan *plan;
    struct plan_domain *domain;
    struct plan_reader *reader; /* may be NULL */
    struct diag *diag;
};

/**
 * Decides. Domains that cannot be are reported, marked invalid, and own nothing; the rest is planned as if they were
 * not there. Looks into packed kernels: image_probe()'s precondition holds here too.
 * @param reader  NULL: nothing can be looked at
 * @return HV_OK where at least one domain is valid, else HV_E_MISSING
 */
HV_CHECK hv_status plan_make(struct system_plan *plan, const struct machine *machine,
                             const struct system_config *config, struct plan_reader *reader, struct diag *diag);

/** @return how many SPIs the vGIC has to have for the parts of a domain with this map, a multiple of 32 */
uint32_t plan_part_spis(const struct domain_config *config, const struct guest_map *map);
/** The canonical text: every decision, one per line, the same bytes on the desk and on the board. */
void plan_print(struct text_sink *sink, const struct system_plan *plan);
/** 64 bits that change with each field of the machine, the configuration and the plan: digest.c says what is left out.
 */
uint64_t plan_digest(const struct system_plan *plan);

/* The guest's tree without what differs from domain to domain, and for each vCPU without what its node takes over. */
#define PLAN_TREE_BYTES KIB(2)
#define PLAN_TREE_VCPU_BYTES 256

/* Host RAM set aside for a domain's structures, in whole pages. Fixed figures, so that the plan does not depend on the
 * compiler; domain/domain.c asserts that its structures fit. Behind the vCPUs lies what the parts want, then the
 * guest's device tree. The stage-2 tables follow at plan_domain::stage2_base. */
#define PLAN_DOMAIN_BYTES KIB(28)
#define PLAN_VCPU_BYTES KIB(8)
#define PLAN_SCRATCH_BYTES GUNZIP_BYTES

/* The hypervisor and the device tree it was handed are kept free of guests in whole 2 MiB blocks: their exact ends,
 * which the boot loader moves, then do not change the plan. */
#define PLAN_BLOCK_ALIGNMENT BLOCK_SIZE

#endif
