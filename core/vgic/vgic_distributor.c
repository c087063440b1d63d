// SPDX-License-Identifier: Apache-2.0
/* The distributor's registers (IHI 0048B 4.3), as those of a GIC without security extensions. What is not in the table,
 * and every width that the manual does not name for a register (4.1.4), reads as zero and ignores writes. */
#include "vgic/vgic_registers.h"

#define BYTE VGIC_BYTE
#define WORD VGIC_WORD

/* Product 'B', implementer as Arm's: guests look at the architecture fields of other registers. */
#define IIDR 0x4200043bu
#define PRIORITY_MASK 0xf8u

/** What is in another vCPU's list register may be out of date here: bring that vCPU out, so that whoever polls sees it.
 */
static void refresh(struct vgic_locked *locked, struct vgic_ref ref)
{
    if (ref.irq->in_lr)
        locked->touched |= 1u << ref.irq->lr_vcpu;
}

/** Such an SGI is enabled for good, and has its own registers for its pending state. */
static bool is_sgi_with_sources(struct vgic_ref ref)
{
    return ref.intid < VGIC_SGIS && vgic_sgis_have_sources();
}

static uint8_t get_group(struct vgic_locked *locked, struct vgic_ref ref)
{
    (void)locked;
    return (ref.irq->group & VGIC_GROUP_WRITTEN) != 0;
}

static void set_group(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    ref.irq->group = (value != 0 ? VGIC_GROUP | VGIC_GROUP_WRITTEN : 0) | locked->vgic->one_group;
    vgic_update(locked, ref);
}

static uint8_t get_enable(struct vgic_locked *locked, struct vgic_ref ref)
{
    (void)locked;
    return ref.irq->enabled;
}

static void set_enable(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (value == 0)
        return;
    ref.irq->enabled = true;
    if (vgic_is_linked(ref))
        host_gic.ops->enable(&host_gic, ref.irq->physical_intid);
    vgic_update(locked, ref);
}

/** SGIs cannot be disabled, as on a GIC-400 (IHI 0048B 4.3.6 leaves it open). An active interrupt stays in its list
 * register. */
static void clear_enable(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (value == 0 || is_sgi_with_sources(ref))
        return;
    ref.irq->enabled = false;
    if (vgic_is_linked(ref))
        host_gic.ops->disable(&host_gic, ref.irq->physical_intid);
    vgic_update(locked, ref);
}

static uint8_t get_pending(struct vgic_locked *locked, struct vgic_ref ref)
{
    refresh(locked, ref);
    if ((locked->touched & VGIC_REMOTE) != 0)
        return vgic_irq_pending(ref.irq, ref.intid);
    vgic_resample(ref.irq);
    return vgic_irq_pending(ref.irq, ref.intid) || vgic_line_asserted(ref);
}

/** SGIs have SPENDSGIR and CPENDSGIR for this (4.3.7). */
static void set_pending(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (value == 0 || is_sgi_with_sources(ref))
        return;
    if (ref.intid < VGIC_SGIS)
        ref.irq->sgi_sources = 1;
    else
        ref.irq->latch = true;
    vgic_update(locked, ref);
}

/** A level-sensitive interrupt whose line is asserted stays pending (4.3.8). */
static void clear_pending(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (value == 0 || is_sgi_with_sources(ref))
        return;
    ref.irq->sgi_sources = 0;
    ref.irq->latch = false;
    ref.irq->lr_latched = false;
    if (vgic_is_linked(ref)) {
        host_gic.ops->clear_pending(&host_gic, ref.irq->physical_intid);
        vgic_deactivate_unused(ref.irq);
    }
    vgic_update(locked, ref);
}

static uint8_t get_active(struct vgic_locked *locked, struct vgic_ref ref)
{
    refresh(locked, ref);
    return ref.irq->active;
}

static void set_active(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (value == 0)
        return;
    ref.irq->active = true;
    ref.irq->active_written = ref.irq->in_lr;
    vgic_update(locked, ref);
}

static void clear_active(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (value == 0)
        return;
    ref.irq->active = false;
    ref.irq->active_written = ref.irq->in_lr;
    if ((locked->touched & VGIC_REMOTE) == 0)
        vgic_deactivate_unused(ref.irq);
    vgic_update(locked, ref);
}

static uint8_t get_priority(struct vgic_locked *locked, struct vgic_ref ref)
{
    (void)locked;
    return ref.irq->priority;
}

static void set_priority(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    ref.irq->priority = value & PRIORITY_MASK;
    vgic_update(locked, ref);
}

static uint8_t get_targets(struct vgic_locked *locked, struct vgic_ref ref)
{
    (void)locked;
    return ref.intid < VGIC_PRIVATE ? (uint8_t)(1u << ref.vcpu->index) : ref.irq->targets;
}

static void set_targets(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (ref.intid < VGIC_PRIVATE)
        return;
    ref.irq->targets = value & (uint8_t)((1u << locked->vgic->vcpu_count) - 1);
    vgic_follow_target(locked->vgic, ref);
    vgic_update(locked, ref);
}

static uint8_t get_config(struct vgic_locked *locked, struct vgic_ref ref)
{
    (void)locked;
    return ref.irq->edge ? 2 : 0;
}

/** SGIs are edge-triggered, PPIs level-sensitive, what stands for a host's interrupt as that is, all for good. */
static void set_config(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    if (ref.intid < VGIC_PRIVATE || (vgic_is_linked(ref) && !vgic_link_config(locked->vgic, ref, (value & 2) != 0)))
        return;
    ref.irq->edge = (value & 2) != 0;
    vgic_update(locked, ref);
}

static uint8_t get_sources(struct vgic_locked *locked, struct vgic_ref ref)
{
    (void)locked;
    uint32_t in_lr = ref.irq->lr_latched ? 1u << ref.irq->lr_source : 0;
    return (uint8_t)(ref.irq->sgi_sources | in_lr);
}

static void set_sources(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    ref.irq->sgi_sources |= value & (uint8_t)((1u << locked->vgic->vcpu_count) - 1);
    vgic_update(locked, ref);
}

static void clear_sources(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value)
{
    ref.irq->sgi_sources &= (uint8_t)~value;
    if ((value >> ref.irq->lr_source & 1) != 0)
        ref.irq->lr_latched = false;
    vgic_update(locked, ref);
}

static uint64_t read_control(struct vgic_vcpu *vcpu, uint32_t offset)
{
    (void)offset;
    return vcpu->vgic->groups;
}

static void use_group(struct vgic_irq *irq)
{
    if ((irq->group & VGIC_GROUP_WRITTEN) == 0)
        irq->group = 0;
}

/**
 * GICv3: the groups of IGROUPR count from when the guest has enabled group 0; until then all is in group 1. A guest
 * that knows itself on the non-secure side of two security states (as on Xen) leaves zeros in IGROUPR, which ignores
 * writes there, and enables group 1 only. Without group 0 enabled, zeros have no other use.
 */
static void use_groups(struct vgic *vgic)
{
    vgic->one_group = false;
    for (uint32_t i = 0; i < vgic->spi_count; i++)
        use_group(&vgic->spis[i]);
    for (uint32_t v = 0; v < vgic->vcpu_count; v++)
        for (uint32_t i = 0; i < VGIC_PRIVATE; i++)
            use_group(&vgic->vcpus[v]->private[i]);
}

/** Every interrupt of the domain may now be forwarded, or no longer. Of the private ones, each vCPU sees to its own. */
void vgic_write_control(struct vgic_locked *locked, struct vgic_vcpu *vcpu, const struct mmio_access *access)
{
    struct vgic *vgic = locked->vgic;
    uint8_t groups = access->value & 3;

    if (vgic->groups == groups)
        return;
    vgic->groups = groups;
    if ((groups & 1) != 0 && vgic->one_group)
        use_groups(vgic);
    for (uint32_t i = 0; i < vgic->vcpu_count; i++)
        vgic_recheck_private(locked, vgic->vcpus[i]);
    for (uint32_t i = 0; i < vgic->spi_count; i++)
        if (!vgic_irq_at_rest(&vgic->spis[i])) /* of a thousand that a domain may have few are not */
            vgic_update(locked, vgic_find(vcpu, VGIC_PRIVATE + i));
}

static uint64_t read_type(struct vgic_vcpu *vcpu, uint32_t offset)
{
    (void)offset;
    uint32_t lines = (VGIC_PRIVATE + vcpu->vgic->spi_count + 31) / 32 - 1;
    return (vcpu->vgic->vcpu_count - 1) << 5 | lines;
}

uint64_t vgic_read_implementer(struct vgic_vcpu *vcpu, uint32_t offset)
{
    (void)vcpu;
    (void)offset;
    return IIDR;
}

/** PIDR4..7, PIDR0..3, CIDR0..3: those of a GIC-400; PIDR2 bits 7:4 say architecture 2. */
static uint64_t read_identification(struct vgic_vcpu *vcpu, uint32_t offset)
{
    static const uint8_t bytes[] = {0x04, 0x00, 0x00, 0x00, 0x90, 0xb4, 0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)vcpu;
    return bytes[offset / 4];
}

static void write_sgi(struct vgic_locked *locked, struct vgic_vcpu *vcpu, const struct mmio_access *access)
{
    struct vgic *vgic = locked->vgic;
    uint32_t value = (uint32_t)access->value;
    uint32_t all = (1u << vgic->vcpu_count) - 1;
    uint32_t self = 1u << vcpu->index;
    /* By TargetListFilter: the list, all but self, self; 3 is reserved and reaches nobody (4.3.15). */
    const uint32_t filters[] = {value >> 16 & 0xff, ~self, self, 0};

    for (uint32_t targets = filters[value >> 24 & 3] & all; targets != 0; targets &= targets - 1) {
        struct vgic_vcpu *target = vgic->vcpus[__builtin_ctz(targets)];
        struct vgic_ref ref = vgic_find_known(target, value & 0xf);
        ref.irq->sgi_sources |= (uint8_t)self;
        vgic_update(locked, ref);
    }
}

static const struct vgic_register registers[] = {
    {.offset = 0x000, .length = 4, .widths = WORD, .read = read_control, .write = vgic_write_control},
    {.offset = 0x004, .length = 4, .widths = WORD, .read = read_type},
    {.offset = 0x008, .length = 4, .widths = WORD, .read = vgic_read_implementer},
    {.offset = 0x080, .length = 0x80, .bits = 1, .widths = WORD, .get = get_group, .set = set_group},
    {.offset = 0x100, .length = 0x80, .bits = 1, .widths = WORD, .get = get_enable, .set = set_enable},
    {.offset = 0x180, .length = 0x80, .bits = 1, .widths = WORD, .get = get_enable, .set = clear_enable},
    {.offset = 0x200, .length = 0x80, .bits = 1, .widths = WORD, .get = get_pending, .set = set_pending},
    {.offset = 0x280, .length = 0x80, .bits = 1, .widths = WORD, .get = get_pending, .set = clear_pending},
    {.offset = 0x300, .length = 0x80, .bits = 1, .widths = WORD, .get = get_active, .set = set_active},
    {.offset = 0x380, .length = 0x80, .bits = 1, .widths = WORD, .get = get_active, .set = clear_active},
    {.offset = 0x400, .length = 0x3fc, .bits = 8, .widths = BYTE | WORD, .get = get_priority, .set = set_priority},
    {.offset = 0x800, .length = 0x3fc, .bits = 8, .widths = BYTE | WORD, .get = get_targets, .set = set_targets},
    {.offset = 0xc00, .length = 0x100, .bits = 2, .widths = WORD, .get = get_config, .set = set_config},
    {.offset = 0xf00, .length = 4, .widths = WORD, .write = write_sgi},
    {.offset = 0xf10, .length = 0x10, .bits = 8, .widths = BYTE | WORD, .get = get_sources, .set = clear_sources},
    {.offset = 0xf20, .length = 0x10, .bits = 8, .widths = BYTE | WORD, .get = get_sources, .set = set_sources},
    {.offset = 0xfd0, .length = 0x30, .widths = WORD, .read = read_identification},
};

#define LINE_SIZE 0x80
/* For each 128 bytes of the frame the first register that answers there, so that none is searched for longer than three
 * steps: the frame is laid out in such lines (IHI 0048B table 4-1). A line without registers has the one behind it. */
static const uint8_t first_of_line[] = {
    0,  3,  4,  5,  6,  7,  8,  9,  10, 10, 10, 10, 10, 10, 10, 10, /* 0x000.. */
    11, 11, 11, 11, 11, 11, 11, 11, 12, 12, 13, 13, 13, 13, 13, 16, /* 0x800.. */
};

const struct vgic_register *vgic_find_register(uint32_t offset, uint8_t size)
{
    if ((size != 1 && size != 4) || offset % size != 0)
        return NULL;
    for (size_t i = first_of_line[offset / LINE_SIZE % ARRAY_SIZE(first_of_line)]; i < ARRAY_SIZE(registers); i++) {
        const struct vgic_register *reg = &registers[i];
        if (offset < reg->offset)
            return NULL;
        if (offset - reg->offset < reg->length)
            return (reg->widths >> size & 1) != 0 ? reg : NULL;
    }
    return NULL;
}

uint64_t vgic_access_fields(const struct vgic_register *reg, struct vgic_locked *locked, struct vgic_vcpu *vcpu,
                            const struct mmio_access *access)
{
    uint32_t first = (access->offset - reg->offset) * 8 / reg->bits;
    uint32_t count = access->size * 8u / reg->bits;
    uint32_t mask = (1u << reg->bits) - 1;
    uint64_t value = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct vgic_ref ref = vgic_find(vcpu, first + i);
        if (ref.irq == NULL)
            break;
        if (!access->write)
            value |= (uint64_t)reg->get(locked, ref) << i * reg->bits;
        else
            reg->set(locked, ref, (uint8_t)(access->value >> i * reg->bits & mask));
    }
    return value;
}

enum mmio_result vgic_distributor_access(void *device, struct mmio_access *access)
{
    struct vgic *vgic = device;
    struct vgic_vcpu *vcpu = vgic->vcpus[access->vcpu];
    const struct vgic_register *reg = vgic_find_register(access->offset, access->size);
    uint64_t value = 0;

    if (reg != NULL && reg->read != NULL && !access->write) {
        value = reg->read(vcpu, access->offset - reg->offset);
    } else if (reg != NULL) {
        struct vgic_locked locked = vgic_lock(vgic);
        if (reg->bits != 0)
            value = vgic_access_fields(reg, &locked, vcpu, access);
        else if (access->write && reg->write != NULL)
            reg->write(&locked, vcpu, access);
        vgic_unlock(&locked, vcpu);
    }
    if (!access->write)
        access->value = value;
    return MMIO_HANDLED;
}
