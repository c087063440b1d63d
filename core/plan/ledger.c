// SPDX-License-Identifier: Apache-2.0
#include "plan/ledger.h"

#include <string.h>

#include "lib/types.h"

/** Whose numbers @p claim's are: the domain's, or the machine's. */
static owner_t space_of(const struct claim *claim)
{
    return claim->kind >= CLAIM_GUEST_ADDRESS ? (owner_t)claim->owner : OWNER_HYPERVISOR;
}

static bool same_space(const struct claim *a, const struct claim *b)
{
    return a->kind == b->kind && space_of(a) == space_of(b);
}

static bool before(const struct claim *a, const struct claim *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind;
    if (space_of(a) != space_of(b))
        return space_of(a) < space_of(b);
    if (a->base != b->base)
        return a->base < b->base;
    return a->owner < b->owner;
}

/** Equal claims keep the order in which they were entered. */
static unsigned place_for(const struct ledger *ledger, const struct claim *claim)
{
    unsigned low = 0;
    unsigned high = ledger->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (before(claim, &ledger->list[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool may_coincide(const struct claim *a, const struct claim *b)
{
    return a->mode != CLAIM_EXCLUSIVE && a->mode == b->mode && (a->base == b->base || a->kind == CLAIM_CPU);
}

/** The first of the numbers that @p claim's are of, or where it would be. */
static const struct claim *first_of_space(const struct ledger *ledger, const struct claim *claim)
{
    const struct claim lowest = {.base = 0, .owner = space_of(claim), .kind = claim->kind};
    unsigned low = 0;
    unsigned high = ledger->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct claim *there = &ledger->list[middle];
        if (there->kind < lowest.kind || (there->kind == lowest.kind && space_of(there) < lowest.owner))
            low = middle + 1;
        else
            high = middle;
    }
    return &ledger->list[low];
}

/** The first claim at or behind @p from that has some of @p claim, may it coincide or not. */
static const struct claim *next_overlap(const struct ledger *ledger, const struct claim *claim,
                                        const struct claim *from)
{
    uint64_t end = claim->base + claim->size;

    for (; from != ledger_end(ledger) && same_space(from, claim) && from->base < end; from++)
        if (claim->base < from->base + from->size)
            return from;
    return NULL;
}

const struct claim *ledger_conflict(const struct ledger *ledger, const struct claim *claim)
{
    const struct claim *other = next_overlap(ledger, claim, first_of_space(ledger, claim));

    while (other != NULL && may_coincide(other, claim))
        other = next_overlap(ledger, claim, other + 1);
    return other;
}

static hv_status enter(struct ledger *ledger, const struct claim *claim)
{
    unsigned place = place_for(ledger, claim);

    if (ledger->count == LEDGER_MAX)
        return HV_E_FULL;
    memmove(&ledger->list[place + 1], &ledger->list[place], (ledger->count - place) * sizeof(ledger->list[0]));
    ledger->list[place] = *claim;
    ledger->count++;
    return HV_OK;
}

hv_status ledger_claim(struct ledger *ledger, const struct claim *claim, const struct claim **other)
{
    if (claim->size == 0)
        return HV_OK;
    const struct claim *conflict = ledger_conflict(ledger, claim);
    if (other != NULL)
        *other = conflict;
    return conflict != NULL ? HV_E_OVERLAP : enter(ledger, claim);
}

hv_status ledger_claim_rest(struct ledger *ledger, const struct claim *claim)
{
    struct claim rest = *claim;

    while (rest.size != 0) {
        /* Of those that have some of it the one that begins lowest: what lies before that is nobody's. */
        const struct claim *other = next_overlap(ledger, &rest, first_of_space(ledger, &rest));
        struct claim piece = rest;
        if (other == NULL)
            return enter(ledger, &rest);
        struct region range = claim_range(&rest);
        struct region taken = claim_range(other);
        rest = claim_of(rest.owner, (enum claim_kind)rest.kind, (enum claim_mode)rest.mode,
                        (struct region){taken.end, range.end}, rest.what);
        piece = claim_of(piece.owner, (enum claim_kind)piece.kind, (enum claim_mode)piece.mode,
                         (struct region){range.base, taken.base}, piece.what);
        if (piece.size != 0)
            HV_TRY(enter(ledger, &piece));
    }
    return HV_OK;
}

void ledger_drop(struct ledger *ledger, owner_t owner)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < ledger->count; i++)
        if (ledger->list[i].owner != owner)
            ledger->list[kept++] = ledger->list[i];
    ledger->count = kept;
}
