/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: all that has an owner, in one sorted list of claims. Who claims what another has is told whose it is. */
#ifndef BULKHEAD_PLAN_LEDGER_H
#define BULKHEAD_PLAN_LEDGER_H

#include "lib/status.h"
#include "mem/regions.h"

/** What can be owned. The last two are numbers of one domain's own; the others are the machine's. */
enum claim_kind {
    CLAIM_RAM,           /* host physical addresses of RAM, in bytes */
    CLAIM_FRAME,         /* host physical addresses of a device, in bytes */
    CLAIM_INTID,         /* of the host's interrupt controller */
    CLAIM_CPU,           /* index of struct machine's cpus */
    CLAIM_GUEST_ADDRESS, /* intermediate physical addresses, in bytes */
    CLAIM_GUEST_INTID,   /* of the domain's virtual interrupt controller */
};

enum claim_mode {
    CLAIM_EXCLUSIVE,
    CLAIM_SHARED,    /* with whoever claims from the same base in this mode; CPUs: from any */
    CLAIM_READ_ONLY, /* the same, and nobody writes it */
};

typedef uint8_t owner_t;

/** Owners: the hypervisor, the firmware behind a memory reservation, or the domain of an index. */
#define OWNER_HYPERVISOR ((owner_t)0)
#define OWNER_FIRMWARE ((owner_t)(HV_MAX_DOMAINS + 1))

static inline owner_t owner_domain(unsigned index)
{
    return (owner_t)(index + 1);
}

static inline bool owner_is_domain(owner_t owner)
{
    return owner != OWNER_HYPERVISOR && owner != OWNER_FIRMWARE;
}

/** A range of one kind that has an owner: [base, base + size). Never empty in the ledger. 24 bytes: all of a machine
 * are kept for ever. */
struct claim {
    uint64_t base;
    uint64_t size : 53; /* RAM ends at HV_MAX_PA_BITS */
    uint64_t owner : 6;
    uint64_t kind : 3; /* enum claim_kind */
    uint64_t mode : 2; /* enum claim_mode */
    const char *what;  /* "kernel module", a reservation's name; HV_KEPT, or in the device tree */
};

#define CLAIM_SIZE_MAX (1ULL << HV_MAX_PA_BITS)

/** @p range as a claim; one that ends at or below its base as an empty one, one beyond all physical addresses cut. */
static inline struct claim claim_of(owner_t owner, enum claim_kind kind, enum claim_mode mode, struct region range,
                                    const char *what)
{
    uint64_t size = range.end > range.base ? min_u64(range.end - range.base, CLAIM_SIZE_MAX) : 0;

    return (struct claim){
        range.base, size & (2 * CLAIM_SIZE_MAX - 1), owner & 0x3fu, (uint8_t)kind & 7u, (uint8_t)mode & 3u, what};
}

static inline struct region claim_range(const struct claim *claim)
{
    return (struct region){claim->base, claim->base + claim->size};
}

/* 32 domains with 16 claims each: two images, RAM in one piece, a UART, two vCPUs; and what a machine has. */
#define LEDGER_MAX 576

/** Sorted by kind, of a domain's own numbers by domain, then by base. */
struct ledger {
    unsigned count;
    struct claim list[LEDGER_MAX];
};

/**
 * Enters @p claim. An empty range is nothing, and claims nothing.
 * @param other  whose it is, where it is not to be had; until the next change of the ledger. May be NULL
 * @return HV_E_OVERLAP: another has some of it; HV_E_FULL: no room (*other is NULL). Nothing is entered then.
 */
HV_CHECK hv_status ledger_claim(struct ledger *ledger, const struct claim *claim, const struct claim **other);
/** Enters of @p claim what nobody has yet: for what the firmware reserves around things that have an owner already.
 * @return HV_E_FULL: some of it was not entered */
HV_CHECK hv_status ledger_claim_rest(struct ledger *ledger, const struct claim *claim);
/** Whether @p claim could be entered. @return whose it is already: of several the one that begins lowest. NULL:
 * nobody's */
const struct claim *ledger_conflict(const struct ledger *ledger, const struct claim *claim);
/** Takes out what @p owner has. */
void ledger_drop(struct ledger *ledger, owner_t owner);
/** @return the end of ledger->list. */
static inline const struct claim *ledger_end(const struct ledger *ledger)
{
    return &ledger->list[ledger->count];
}
/** "ram", "frame", ... as in the plan's text. */
const char *ledger_kind_name(enum claim_kind kind);

#endif
