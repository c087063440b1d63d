// SPDX-License-Identifier: Apache-2.0
/* Interrupts on their way into the list registers and back. */
#include "vgic/vgic.h"

#include "drivers/gic.h"
#include "vgic/vgic_irq.h"

/* Kept out of the functions that are called at every exit, which then need neither stack frame nor saved registers. */
#define LONG_WAY __attribute__((noinline))

bool vgic_has_pending(struct vgic_vcpu *vcpu)
{
    if (load_relaxed(&vcpu->candidate_words) != 0)
        return true;
    for (uint32_t used = vcpu->hw.used; used != 0; used &= used - 1)
        if (vgic_find_known(vcpu, vcpu->lr_intid[__builtin_ctz(used)]).irq->lr_pending)
            return true;
    return false;
}

bool vgic_ppi_in_flight(const struct vgic_vcpu *vcpu, uint32_t intid)
{
    return vcpu->private[intid].physical;
}

void vgic_load(struct vgic_vcpu *vcpu)
{
    host_gic.ops->vcpu_load(&host_gic, &vcpu->hw);
}

void vgic_put(struct vgic_vcpu *vcpu)
{
    host_gic.ops->vcpu_put(&host_gic, &vcpu->hw);
}

/** One of a vCPU's list registers, under the lock. */
struct lr_ref {
    struct vgic_locked *locked;
    struct vgic_vcpu *vcpu;
    unsigned index;
    struct vgic_ref ref;
};

VGIC_IN_PLACE struct lr_ref lr_of(struct vgic_locked *locked, struct vgic_vcpu *vcpu, unsigned index)
{
    struct vgic_ref ref = vgic_find_known(vcpu, vcpu->lr_intid[index]);
    return (struct lr_ref){.locked = locked, .vcpu = vcpu, .index = index, .ref = ref};
}

static uint32_t lr_state(uint64_t value)
{
    return value >> host_gic.lr_state_shift & 3;
}

VGIC_IN_PLACE void lr_store(struct vgic_vcpu *vcpu, unsigned index, uint64_t value)
{
    if (vcpu->hw.lr[index] == value)
        return;
    vcpu->hw.lr[index] = value;
    host_gic.ops->lr_write(&host_gic, index, value);
}

/* The virtual timer is what a guest takes most often. On its way into a list register and out again nothing but its own
 * state and its list register changes: of which nothing is outside of its list register is no candidate, so the words
 * that other CPUs write stay as they are. That needs no lock where the state of a PPI is its own CPU's alone; where
 * other vCPUs can write it (vgic_vcpu::shared), the same is done under the lock, unless one did since the last
 * vgic_flush(). Whatever is not that simple takes the long way. */

static uint32_t free_lrs(const struct vgic_vcpu *vcpu)
{
    return ~vcpu->hw.used & vcpu->all_lrs;
}

/** @return false if nothing was done: the long way is needed. */
static bool inject_directly(struct vgic_vcpu *vcpu, uint32_t intid, uint32_t physical_intid)
{
    struct vgic_irq *irq = &vcpu->private[intid];
    uint32_t free = free_lrs(vcpu);

    if (free == 0 || load_relaxed(&vcpu->dirty) != 0 || load_relaxed(&vcpu->candidate_words) != 0 || irq->in_lr ||
        irq->active || irq->latch || irq->edge || !vgic_irq_forwarded(vcpu->vgic, irq))
        return false;
    unsigned index = (unsigned)__builtin_ctz(free);
    *irq = (struct vgic_irq){.physical_intid = (uint16_t)physical_intid,
                             .priority = irq->priority,
                             .lr_vcpu = vcpu->index & 7,
                             .in_lr = true,
                             .enabled = true,
                             .line = true,
                             .group = irq->group,
                             .physical = true,
                             .lr_pending = true};
    vcpu->hw.used |= 1u << index;
    vcpu->lr_physical |= 1u << index;
    vcpu->lr_direct |= 1u << index;
    vcpu->lr_intid[index] = (uint16_t)intid;
    const struct gic_lr value = {.virtual_intid = intid,
                                 .physical_intid = physical_intid,
                                 .hardware = !host_gic.stale_after_hw_end,
                                 .eoi_maintenance = host_gic.stale_after_hw_end,
                                 .priority = irq->priority,
                                 .group1 = (irq->group & VGIC_GROUP) != 0,
                                 .state = GIC_LR_PENDING};
    lr_store(vcpu, index, host_gic.ops->lr_encode(&value));
    return true;
}

/** What the HW bit would have done (IHI 0048B 5.2.2); and the list register, or its maintenance interrupt stays. */
static void end_in_software(unsigned index, uint32_t physical_intid)
{
    host_gic.ops->lr_write(&host_gic, index, 0);
    host_gic.ops->set_active(&host_gic, physical_intid, false);
}

/** List register @p index, filled directly, was acknowledged and ended since, and is empty now. */
static inline void take_back_directly(struct vgic_vcpu *vcpu, unsigned index, uint64_t value)
{
    struct vgic_irq *irq = &vcpu->private[vcpu->lr_intid[index]];

    vcpu->hw.used &= ~(1u << index);
    vcpu->lr_physical &= ~(1u << index);
    vcpu->hw.lr[index] = value;
    if (host_gic.stale_after_hw_end) {
        vcpu->hw.lr[index] = 0;
        end_in_software(index, irq->physical_intid);
    }
    *irq = (struct vgic_irq){.priority = irq->priority, .enabled = true, .group = irq->group};
}

LONG_WAY static void lock_shared(struct vgic_vcpu *vcpu)
{
    arch_spin_lock(&vcpu->vgic->lock);
}

LONG_WAY static void unlock_shared(struct vgic_vcpu *vcpu)
{
    arch_spin_unlock(&vcpu->vgic->lock);
}

/** @return false, without the lock, where another vCPU wrote to this one's interrupts: that stands. */
LONG_WAY static bool lock_unless_written(struct vgic_vcpu *vcpu)
{
    lock_shared(vcpu);
    if (vcpu->recheck == 0)
        return true;
    unlock_shared(vcpu);
    return false;
}

/** @return false if nothing was done: the long way is needed. */
static inline bool end_directly(struct vgic_vcpu *vcpu, unsigned index, uint64_t value)
{

    if ((vcpu->lr_direct >> index & 1) == 0 || lr_state(value) != GIC_LR_INVALID)
        return false;
    if (vcpu->shared && !lock_unless_written(vcpu))
        return false;
    take_back_directly(vcpu, index, value);
    if (vcpu->shared)
        unlock_shared(vcpu);
    return true;
}

LONG_WAY static void inject_slowly(struct vgic_vcpu *vcpu, uint32_t intid, uint32_t physical_intid)
{
    struct vgic_locked locked = vgic_lock(vcpu->vgic);
    struct vgic_ref ref = {.irq = &vcpu->private[intid], .intid = intid, .vcpu = vcpu};

    ref.irq->physical_intid = (uint16_t)physical_intid;
    ref.irq->physical = true;
    ref.irq->line = true;
    vgic_update(&locked, ref);
    vgic_unlock(&locked, vcpu);
}

void vgic_inject_hardware_ppi(struct vgic_vcpu *vcpu, uint32_t intid, uint32_t physical_intid)
{
    if (vcpu->shared)
        lock_shared(vcpu);
    bool done = inject_directly(vcpu, intid, physical_intid);
    if (vcpu->shared)
        unlock_shared(vcpu);
    if (!done)
        inject_slowly(vcpu, intid, physical_intid);
}

/** The interrupt leaves its list register, which holds nothing of it any more. */
static void lr_release(const struct lr_ref *lr)
{
    struct vgic_irq *irq = lr->ref.irq;

    irq->in_lr = false;
    irq->active_written = false;
    lr->vcpu->hw.used &= ~(1u << lr->index);
    lr->vcpu->lr_physical &= ~(1u << lr->index);
    if (vgic_is_linked(lr->ref) && !vgic_irq_targets(irq, lr->ref.intid, lr->vcpu->index))
        vgic_follow_target(lr->locked->vgic, lr->ref);
    vgic_deactivate_unused(irq);
    /* Of which nothing is left is no candidate either: there is nothing to update. */
    if (irq->active || vgic_irq_pending_outside(irq, lr->ref.intid))
        vgic_update(lr->locked, lr->ref);
}

/** The guest's deactivation emptied the list register. */
static void lr_ended(const struct lr_ref *lr, uint64_t value)
{
    struct gic_lr ended = host_gic.ops->lr_decode(value);

    if (ended.hardware)
        lr->ref.irq->physical = false; /* it was the host interrupt's deactivation too (IHI 0048B 5.2.2) */
    if (ended.eoi_maintenance)
        lr_store(lr->vcpu, lr->index, 0); /* or the maintenance interrupt stays asserted */
    lr_release(lr);
}

/**
 * Takes over what the guest did to a list register: it may have acknowledged, ended, or both, and, where it was pending
 * and active, acknowledged again. A pending state never appears by itself. What others did to the interrupt meanwhile
 * stands, as if it had come after.
 */
static void lr_take_back(const struct lr_ref *lr, uint64_t value)
{
    struct vgic_irq *irq = lr->ref.irq;
    uint32_t was = lr_state(lr->vcpu->hw.lr[lr->index]);
    uint32_t now = lr_state(value);
    bool acknowledged = (was & ~now & GIC_LR_PENDING) != 0;

    lr->vcpu->hw.lr[lr->index] = value;
    if (acknowledged) {
        irq->lr_pending = false;
        irq->lr_latched = false;
        lr->vcpu->lr_physical &= ~(1u << lr->index);
        if (irq->physical)
            irq->line = false;
    }
    if (!irq->active_written && (acknowledged || ((was ^ now) & GIC_LR_ACTIVE) != 0))
        irq->active = (now & GIC_LR_ACTIVE) != 0;
    if (now == GIC_LR_INVALID)
        lr_ended(lr, value);
}

/** @return a bit per list register whose interrupt waits for its acknowledge while the line behind it has dropped. */
static uint32_t dropped_lines(struct vgic_vcpu *vcpu, uint32_t lrs)
{
    uint32_t dropped = 0;

    for (; lrs != 0; lrs &= lrs - 1) {
        unsigned index = (unsigned)__builtin_ctz(lrs);
        struct vgic_irq *irq = vgic_find_known(vcpu, vcpu->lr_intid[index]).irq;
        if (!host_gic.ops->is_pending(&host_gic, irq->physical_intid))
            dropped |= 1u << index;
    }
    return dropped;
}

/** @param changed  list registers that the guest changed
 *  @param waiting  those that hold a physical interrupt which it did not acknowledge */
LONG_WAY static void sync_slowly(struct vgic_vcpu *vcpu, uint32_t changed, uint32_t waiting)
{
    uint32_t dropped = dropped_lines(vcpu, waiting);

    if ((changed | dropped) == 0)
        return;
    struct vgic_locked locked = vgic_lock(vcpu->vgic);
    for (; changed != 0; changed &= changed - 1) {
        struct lr_ref lr = lr_of(&locked, vcpu, (unsigned)__builtin_ctz(changed));
        lr_take_back(&lr, host_gic.ops->lr_read(&host_gic, lr.index));
    }
    for (; dropped != 0; dropped &= dropped - 1) {
        struct lr_ref lr = lr_of(&locked, vcpu, (unsigned)__builtin_ctz(dropped));
        lr.ref.irq->line = false;
        vgic_update(&locked, lr.ref);
    }
    vgic_unlock(&locked, vcpu);
}

void vgic_sync(struct vgic_vcpu *vcpu)
{
    uint32_t changed = 0;

    if (vcpu->hw.used == 0)
        return;
    for (uint32_t used = vcpu->hw.used; used != 0; used &= used - 1) {
        unsigned index = (unsigned)__builtin_ctz(used);
        uint64_t value = host_gic.ops->lr_read(&host_gic, index);
        if (value != vcpu->hw.lr[index] && !end_directly(vcpu, index, value))
            changed |= 1u << index;
    }
    if (vcpu->hw.hcr != 0)
        store_relaxed(&vcpu->dirty,
                      1); /* interrupts wait: there may be room now, or the guest turned a group on or off */
    uint32_t waiting = vcpu->lr_physical & ~changed;
    if ((changed | waiting) != 0)
        sync_slowly(vcpu, changed, waiting);
}

/** Pending goes back from the list register to where it came from. */
static void pull_back(const struct lr_ref *lr)
{
    struct vgic_irq *irq = lr->ref.irq;

    if (irq->lr_latched && lr->ref.intid < VGIC_SGIS)
        irq->sgi_sources |= (uint8_t)(1u << irq->lr_source);
    else if (irq->lr_latched)
        irq->latch = true;
    irq->lr_pending = false;
    irq->lr_latched = false;
    if (!irq->active) {
        lr_store(lr->vcpu, lr->index, 0);
        lr_release(lr);
    } else {
        vgic_update(lr->locked, lr->ref);
    }
}

HV_RARE void vgic_leave(struct vgic_vcpu *vcpu)
{
    if (vcpu->hw.used == 0)
        return;
    struct vgic_locked locked = vgic_lock(vcpu->vgic);
    for (uint32_t used = vcpu->hw.used; used != 0; used &= used - 1) {
        struct lr_ref lr = lr_of(&locked, vcpu, (unsigned)__builtin_ctz(used));
        if (lr.ref.intid >= VGIC_PRIVATE && lr.ref.irq->lr_pending)
            pull_back(&lr);
    }
    vgic_unlock(&locked, vcpu);
}

/** Whether an interrupt that is pending in a list register still may be. */
static bool may_stay(const struct lr_ref *lr)
{
    const struct vgic_irq *irq = lr->ref.irq;

    if (!vgic_irq_forwarded(lr->vcpu->vgic, irq))
        return false;
    if (!vgic_irq_targets(irq, lr->ref.intid, lr->vcpu->index))
        return false;
    return irq->lr_latched || (irq->line && !irq->edge);
}

/** Removes from the list registers what has been disabled, withdrawn, retargeted or deactivated since. */
static void settle(struct vgic_locked *locked, struct vgic_vcpu *vcpu)
{
    for (uint32_t used = vcpu->hw.used; used != 0; used &= used - 1) {
        struct lr_ref lr = lr_of(locked, vcpu, (unsigned)__builtin_ctz(used));
        bool stays = lr.ref.irq->lr_pending && may_stay(&lr);
        lr.ref.irq->active_written = false;
        /* Also what is neither pending nor, since it was deactivated, active: there is then nothing to give back. */
        if (!stays && (lr.ref.irq->lr_pending || !lr.ref.irq->active))
            pull_back(&lr);
    }
}

/** Moves a cause of pending into the list register that @p ref has. */
static void hand_over(const struct vgic *vgic, struct vgic_ref ref)
{
    struct vgic_irq *irq = ref.irq;

    if (!vgic_irq_forwarded(vgic, irq) || !vgic_irq_pending_outside(irq, ref.intid))
        return;
    if (ref.intid < VGIC_SGIS) {
        if (!irq->lr_pending && !irq->active)
            irq->lr_source = (uint8_t)__builtin_ctz(irq->sgi_sources) & 7;
        if ((irq->sgi_sources >> irq->lr_source & 1) == 0)
            return;
        irq->sgi_sources &= (uint8_t) ~(1u << irq->lr_source);
        irq->lr_latched = true;
    } else {
        if (irq->active && !irq->lr_pending && (!irq->edge || irq->physical))
            return;
        irq->lr_latched |= irq->latch;
        irq->latch = false;
    }
    irq->lr_pending = true;
}

/** The line of a physical interrupt may have dropped while it could not be delivered. */
VGIC_IN_PLACE bool still_ready(struct vgic_locked *locked, struct vgic_vcpu *vcpu, struct vgic_ref ref)
{
    if (ref.irq->physical)
        vgic_resample(ref.irq);
    if (vgic_irq_ready(locked->vgic, ref.irq, ref.intid))
        return true;
    vgic_no_candidate(vcpu, ref.intid);
    return false;
}

/** @return false if there is no list register for it. */
static bool place(struct vgic_locked *locked, struct vgic_vcpu *vcpu, uint32_t intid)
{
    struct vgic_ref ref = vgic_find_known(vcpu, intid);

    if (!still_ready(locked, vcpu, ref))
        return true;
    if (!ref.irq->in_lr) {
        uint32_t free = free_lrs(vcpu);
        if (free == 0)
            return false;
        unsigned index = (unsigned)__builtin_ctz(free);
        vcpu->hw.used |= 1u << index;
        vcpu->lr_intid[index] = (uint16_t)intid;
        ref.irq->in_lr = true;
        ref.irq->lr_vcpu = vcpu->index & 7;
    }
    hand_over(locked->vgic, ref);
    if (!vgic_irq_ready(locked->vgic, ref.irq, intid))
        vgic_no_candidate(vcpu, intid);
    return true;
}

/** Calls @p visit for each candidate, until it returns false. */
VGIC_IN_PLACE bool for_each_candidate(struct vgic_locked *locked, struct vgic_vcpu *vcpu, void *context,
                                      bool (*visit)(struct vgic_locked *locked, struct vgic_vcpu *vcpu, uint32_t intid,
                                                    void *context))
{
    for (uint32_t words = vcpu->candidate_words; words != 0; words &= words - 1) {
        uint32_t word = (uint32_t)__builtin_ctz(words);
        for (uint32_t bits = vcpu->candidates[word]; bits != 0; bits &= bits - 1)
            if (!visit(locked, vcpu, word * 32 + (uint32_t)__builtin_ctz(bits), context))
                return false;
    }
    return true;
}

static bool place_any(struct vgic_locked *locked, struct vgic_vcpu *vcpu, uint32_t intid, void *context)
{
    (void)context;
    return place(locked, vcpu, intid);
}

/** Of the candidates that need a list register, those that come first, sorted. A rank is priority, then INTID: the
 * lower, the more urgent. Behind all others comes what could not be signalled from a list register anyway. */
struct best {
    uint32_t open_groups; /* those that the guest's CPU interface signals */
    unsigned room, count;
    bool left_out; /* there are more */
    uint32_t ranks[GIC_MAX_LRS];
};

static bool collect_best(struct vgic_locked *locked, struct vgic_vcpu *vcpu, uint32_t intid, void *context)
{
    struct best *best = context;
    struct vgic_ref ref = vgic_find_known(vcpu, intid);
    uint32_t closed = (best->open_groups >> (ref.irq->group & VGIC_GROUP) & 1) ^ 1;
    uint32_t rank = closed << 31 | (uint32_t)ref.irq->priority << 16 | intid;

    if (ref.irq->in_lr || !still_ready(locked, vcpu, ref))
        return true;
    if (best->count == best->room) {
        best->left_out = true;
        if (best->room == 0 || rank > best->ranks[best->count - 1])
            return true;
        best->count--;
    }
    unsigned at = best->count++;
    for (; at > 0 && best->ranks[at - 1] > rank; at--)
        best->ranks[at] = best->ranks[at - 1];
    best->ranks[at] = rank;
    return true;
}

static uint32_t open_groups(void)
{
    return host_gic.ops->vmcr_read(&host_gic) & GIC_VMCR_GROUPS;
}

/**
 * More interrupts than list registers: what is pending comes out, and the most urgent go in. While any is left out,
 * none is pending and active in its register: when it ends it would go on being pending there, unnoticed, before a more
 * urgent one.
 */
static void place_best(struct vgic_locked *locked, struct vgic_vcpu *vcpu)
{
    struct best best = {.open_groups = open_groups(), .room = host_gic.lr_count};

    for (uint32_t used = vcpu->hw.used; used != 0; used &= used - 1) {
        struct lr_ref lr = lr_of(locked, vcpu, (unsigned)__builtin_ctz(used));
        best.room -= lr.ref.irq->active;
        if (lr.ref.irq->lr_pending)
            pull_back(&lr);
    }
    for_each_candidate(locked, vcpu, &best, collect_best);
    for (unsigned i = 0; i < best.count; i++)
        place(locked, vcpu, best.ranks[i] & 0xffff);
    if (!best.left_out)
        for_each_candidate(locked, vcpu, NULL, place_any);
}

/**
 * What the list register shall hold. Whenever a cause stays outside (more interrupts than registers, a line that is
 * still asserted, an SGI from another source) the end of this one must bring the vCPU out. With HW bit it would not, so
 * the interrupt is then ended in software. No maintenance interrupt for "nothing pending" or "nearly empty" is used: it
 * stays asserted while the guest can do nothing about it, and the guest would never run again.
 */
static uint64_t lr_wanted(const struct lr_ref *lr, bool crowded)
{
    const struct vgic_irq *irq = lr->ref.irq;
    bool both = irq->lr_pending && irq->active;
    bool notify = crowded || vgic_irq_pending_outside(irq, lr->ref.intid) ||
                  (irq->physical && (both || host_gic.stale_after_hw_end));
    struct gic_lr value = {
        .virtual_intid = lr->ref.intid,
        .physical_intid = irq->physical_intid,
        .hardware = irq->physical && !notify,
        .eoi_maintenance = notify,
        .source = irq->lr_source,
        .priority = irq->priority,
        .group1 = (irq->group & VGIC_GROUP) != 0,
        .state = both          ? GIC_LR_PENDING_ACTIVE
                 : irq->active ? GIC_LR_ACTIVE
                               : GIC_LR_PENDING,
    };
    return host_gic.ops->lr_encode(&value);
}

static void write_lrs(struct vgic_locked *locked, struct vgic_vcpu *vcpu)
{
    bool crowded = vcpu->candidate_words != 0;

    for (uint32_t used = vcpu->hw.used; used != 0; used &= used - 1) {
        struct lr_ref lr = lr_of(locked, vcpu, (unsigned)__builtin_ctz(used));
        lr_store(vcpu, lr.index, lr_wanted(&lr, crowded));
        if (lr.ref.irq->physical && lr.ref.irq->lr_pending && !lr.ref.irq->edge) /* an edge is not withdrawn */
            vcpu->lr_physical |= 1u << lr.index;
    }
}

/** @return the maintenance causes that tell when the guest's groups are no longer as they are. */
static uint32_t group_causes(void)
{
    uint32_t open = open_groups();

    return ((open & 1) != 0 ? GIC_HCR_VGRP0DIE : GIC_HCR_VGRP0EIE) |
           ((open & 2) != 0 ? GIC_HCR_VGRP1DIE : GIC_HCR_VGRP1EIE);
}

/** While interrupts wait, the guest's turning a group on or off changes which are the most urgent. */
static void watch_groups(struct vgic_vcpu *vcpu)
{
    bool watch = vcpu->candidate_words != 0 && !vcpu->groups_unwatched;
    uint32_t hcr = watch ? group_causes() : 0;

    if (vcpu->hw.hcr == hcr)
        return;
    vcpu->hw.hcr = hcr;
    host_gic.ops->hcr_write(&host_gic, hcr | GIC_HCR_EN);
}

static void recheck_private(struct vgic_locked *locked, struct vgic_vcpu *vcpu)
{
    vcpu->recheck = 0;
    for (uint32_t intid = 0; intid < VGIC_PRIVATE; intid++) {
        struct vgic_ref ref = vgic_find_known(vcpu, intid);
        vgic_deactivate_unused(ref.irq);
        vgic_update(locked, ref);
    }
}

LONG_WAY static void flush_slowly(struct vgic_vcpu *vcpu)
{
    struct vgic_locked locked = vgic_lock(vcpu->vgic);

    if (vcpu->recheck != 0)
        recheck_private(&locked, vcpu);
    settle(&locked, vcpu);
    if (!for_each_candidate(&locked, vcpu, NULL, place_any))
        place_best(&locked, vcpu);
    write_lrs(&locked, vcpu);
    watch_groups(vcpu);
    store_relaxed(&vcpu->dirty, 0);
    vcpu->lr_direct = 0;
    vgic_unlock(&locked, vcpu);
}

/* QEMU's GICv3 (7.2) looks at group 1 where it should at group 0: with VGrp0DIE and group 1 off its interrupt would
 * never go away, and the guest never get on. A vCPU to which that happens does without: what waits then takes over at
 * the next exit that comes for another reason. */
void vgic_silence(struct vgic_vcpu *vcpu)
{

    if (vcpu->hw.hcr == GIC_HCR_EN)
        return;
    if (vcpu->hw.hcr != 0 && vcpu->hw.hcr == group_causes())
        vcpu->groups_unwatched = true;
    host_gic.ops->hcr_write(&host_gic, 0);
    vcpu->hw.hcr = GIC_HCR_EN; /* what watch_groups() never wants: it is written anew */
    store_relaxed(&vcpu->dirty, 1);
}

void vgic_flush(struct vgic_vcpu *vcpu)
{
    if (load_relaxed(&vcpu->dirty) != 0)
        flush_slowly(vcpu);
}
