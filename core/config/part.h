/* SPDX-License-Identifier: Apache-2.0 */
/* A part: one thing that a domain can be given beside RAM and CPUs, from its property to its end. Each is a folder, of
 * core/parts/ or of whoever builds; BULKHEAD_PARTS (CMake) lists those that a build has. docs/parts.md shows how one is
 * made.
 *
 * Here is what the rooms on the way of a domain know of it: config/ reads its property, plan/ gives it memory and
 * writes down what it claims, domain/ walks its life. None of them knows which parts there are. An exit of a guest does
 * not come by here: it finds the part by the region of the bus that create() made. */
#ifndef BULKHEAD_CONFIG_PART_H
#define BULKHEAD_CONFIG_PART_H

#include "config/system_config.h"

struct claimant;
struct inspection;
struct domain;
struct dt_writer;
struct guest_map;
struct plan_domain;

#define PART_PATH_MAX 64 /* of a part's node in the guest's tree, with its NUL */

/** NULL where a part has nothing to do. The functions below create() are called in this order; @p state is its memory
 * of that domain. */
struct part {
    const char *name;     /* of its folder */
    const char *property; /* by which a domain's node asks for it */
    const char *module;   /* compatible of the boot module by which a domain asks for it. Neither: each domain has it */
    bool hardware;        /* makes a domain the hardware domain */
    uint32_t state_bytes; /* of a domain's control area, aligned to PART_ALIGNMENT; not the compiler's sizeof: it is in
                             the plan */
    const char *console;  /* what Linux calls the console that it is; NULL: it is none */

    /** The SPI that it raises in a guest with this map, which the vGIC then has. NULL: it raises none. */
    uint32_t (*intid)(const struct guest_map *map);
    /** The path of its node in the tree of a guest with this map. A console has it. */
    void (*path)(const struct guest_map *map, char text[PART_PATH_MAX]);

    /** The value of the property. NULL: the property counts by being there. @return false where it is none that can be
     * read */
    bool (*read)(struct dt_property property, uint64_t *value);
    const char *expected; /* by read(): for messages */
    /** Looks into its module, before RAM is given out. What follows of it for the domain is in the plan afterwards.
     * @return an error, which was reported, where the domain cannot be */
    hv_status (*inspect)(struct inspection *inspection);
    /** What it owns, by claim_for() (plan/claims.h). A conflict ends the domain before it begins. */
    void (*claim)(struct claimant *claimant);
    /** Once, on the boot CPU, before any vCPU runs; @p state is zeroed. Puts its registers on the bus. */
    void (*create)(struct domain *domain, void *state);
    /** The state of a machine that was just switched on: after create(), and before each further start. The vGIC was
     * reset before. */
    void (*reset)(struct domain *domain, void *state);
    /** Maps what the guest reaches without an exit: at each start, stage 2 is empty. */
    hv_status (*map)(struct domain *domain, void *state);
    /** Writes its nodes, children of the root, once. */
    void (*describe)(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine);
    /** Writes the properties of the root, and what the guest has of the host's nodes, its interrupt controller among
     * them, once; before all else. */
    void (*root)(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine);
    /** Writes properties of /aliases, once. */
    void (*aliases)(struct dt_writer *tree, const struct plan_domain *plan);
    /** The domain ends or restarts: what it has under way is brought to its end, and it raises no interrupt until it is
     * reset. More than once in a row, any CPU; other vCPUs may still be running. */
    void (*quiesce)(struct domain *domain, void *state);
};

#define PART_ALIGNMENT 64

/** A property of a part that this build does not have. */
struct part_absent {
    const char *part;
    const char *property;
};

/* Made by CMake. By name, so that two builds agree on the order of what they have in common. */
extern const struct part *const part_table[HV_MAX_PARTS + 1]; /* up to the first NULL */
extern const struct part_absent part_absent[];                /* up to the first without a name */

/** @p index of part_table[]; each one's index is its bit in domain_config::parts. */
#define FOR_EACH_PART(index) for (unsigned index = 0; part_table[index] != NULL; index++)
/** Those that a domain has. */
#define FOR_EACH_PART_OF(index, config)                                                                                \
    for (unsigned index = 0; (config)->parts >> index != 0; index++)                                                   \
        if (((config)->parts >> index & 1) != 0)

/** @return whether a domain has @p part without asking for it */
static inline bool part_of_each(const struct part *part)
{
    return part->property == NULL && part->module == NULL && !part->hardware;
}

/** @return the part of a domain that is a console, NULL: it has none */
const struct part *part_console(const struct domain_config *config);
/** @return what read() of @p part found for a domain, 0: the domain does not have it */
uint64_t part_value(const struct domain_config *config, const struct part *part);

#endif
