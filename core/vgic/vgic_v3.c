// SPDX-License-Identifier: Apache-2.0
/* What a GICv3 has beyond a GICv2: routing by affinity, a redistributor for each vCPU, SGIs by a system register. One
 * security state, affinity routing for good, no LPIs, no power management (IHI 0069 12.9 to 12.11). The arrays of
 * fields are laid out as in GICv2's distributor, and answered by its table. */
#include "vgic/vgic_registers.h"

#define CTLR_AFFINITY_ROUTING (1u << 4) /* ARE */
#define CTLR_ONE_SECURITY_STATE (1u << 6)
#define TYPER_ID_BITS (9u << 19) /* 10 bits */
#define TYPER_NO_1_OF_N (1u << 25)

#define IROUTER_FIRST 0x6100 /* of SPI 32 */
#define ROUTE_MASK 0xffffffu /* Aff2 to Aff0; GICD_TYPER.A3V is 0 */

#define FRAME_SIZE 0x10000u
#define REDISTRIBUTOR_TYPER_LAST (1u << 4)
#define REDISTRIBUTOR_NUMBER_SHIFT 8

/* ICC_SGI1R_EL1 and its like, 12.2 */
#define SGI_ALL_BUT_SELF (1ULL << 40)

static uint64_t read_control(struct vgic_vcpu *vcpu, uint32_t offset)
{
    (void)offset;
    return vcpu->vgic->groups | CTLR_AFFINITY_ROUTING | CTLR_ONE_SECURITY_STATE;
}

static uint64_t read_type(struct vgic_vcpu *vcpu, uint32_t offset)
{
    (void)offset;
    return ((VGIC_PRIVATE + vcpu->vgic->spi_count + 31) / 32 - 1) | TYPER_ID_BITS | TYPER_NO_1_OF_N;
}

/** PIDR4..7, PIDR0..3, CIDR0..3; PIDR2 bits 7:4 say architecture 3. */
static uint64_t read_identification(struct vgic_vcpu *vcpu, uint32_t offset)
{
    static const uint8_t bytes[] = {0x44, 0x00, 0x00, 0x00, 0x92, 0xb4, 0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)vcpu;
    return bytes[offset / 4];
}

/** The upper half has Aff3, which is zero. */
static uint64_t read_route(struct vgic_vcpu *vcpu, uint32_t offset)
{
    const struct vgic *vgic = vcpu->vgic;

    return offset % 8 == 0 && offset / 8 < vgic->spi_count ? vgic->routes[offset / 8] : 0;
}

/** @return a bit for the vCPU with @p affinity, or 0: an SPI that is routed to nobody stays pending. */
static uint8_t target_of(const struct vgic *vgic, uint32_t affinity)
{
    for (unsigned i = 0; i < vgic->vcpu_count; i++)
        if (vgic->vcpus[i]->affinity == affinity)
            return (uint8_t)(1u << i);
    return 0;
}

static void write_route(struct vgic_locked *locked, struct vgic_vcpu *vcpu, const struct mmio_access *access)
{
    struct vgic *vgic = locked->vgic;
    uint32_t index = (access->offset - IROUTER_FIRST) / 8;

    if (access->offset % 8 != 0 || index >= vgic->spi_count)
        return;
    vgic->routes[index] = access->value & ROUTE_MASK;
    vgic->spis[index].targets = target_of(locked->vgic, vgic->routes[index]);
    vgic_follow_target(vgic, vgic_find(vcpu, VGIC_PRIVATE + index));
    vgic_update(locked, vgic_find(vcpu, VGIC_PRIVATE + index));
}

/** Affinity in the upper word, and whose frames are the last. */
static uint64_t read_redistributor_type(struct vgic_vcpu *vcpu, uint32_t offset)
{
    uint64_t affinity = vcpu->affinity;
    uint64_t packed = (affinity & ROUTE_MASK) | (affinity >> 32) << 24;
    uint64_t last = vcpu->index + 1u == vcpu->vgic->vcpu_count ? REDISTRIBUTOR_TYPER_LAST : 0;

    return (packed << 32 | last | (uint64_t)vcpu->index << REDISTRIBUTOR_NUMBER_SHIFT) >> 8 * offset;
}

#define WORD VGIC_WORD
#define DOUBLE (VGIC_WORD | VGIC_DOUBLE)

static const struct vgic_register distributor[] = {
    {.offset = 0x0000, .length = 4, .widths = WORD, .read = read_control, .write = vgic_write_control},
    {.offset = 0x0004, .length = 4, .widths = WORD, .read = read_type},
    {.offset = 0x0008, .length = 4, .widths = WORD, .read = vgic_read_implementer},
    {.offset = IROUTER_FIRST, .length = 0x1ee0, .widths = DOUBLE, .read = read_route, .write = write_route},
    {.offset = 0xffd0, .length = 0x30, .widths = WORD, .read = read_identification},
};

/* RD_base. GICR_CTLR, GICR_WAKER and the rest read as zero: there is nothing that they could control. */
static const struct vgic_register redistributor[] = {
    {.offset = 0x0004, .length = 4, .widths = WORD, .read = vgic_read_implementer},
    {.offset = 0x0008, .length = 8, .widths = DOUBLE, .read = read_redistributor_type},
    {.offset = 0xffd0, .length = 0x30, .widths = WORD, .read = read_identification},
};

static const struct vgic_register *search(const struct vgic_register *table, size_t count,
                                          const struct mmio_access *access)
{
    if (access->offset % access->size != 0)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (access->offset - table[i].offset < table[i].length)
            return (table[i].widths >> access->size & 1) != 0 ? &table[i] : NULL;
    return NULL;
}

/** The array of fields at this place, if these are of private interrupts (in SGI_base) or, in the distributor, of
 * SPIs. The targets of GICv2 are not there. */
static const struct vgic_register *search_arrays(const struct mmio_access *access, bool private)
{
    bool there = access->offset < 0x800 || access->offset - 0xc00 < 0x100;
    const struct vgic_register *reg = there ? vgic_find_register(access->offset, access->size) : NULL;

    if (reg == NULL || reg->bits == 0)
        return NULL;
    return ((access->offset - reg->offset) * 8u / reg->bits < VGIC_PRIVATE) == private ? reg : NULL;
}

/** @param owner  whose private interrupts are meant
 *  @param self   who makes the access */
static void perform(const struct vgic_register *reg, struct vgic_vcpu *owner, struct vgic_vcpu *self,
                    struct mmio_access *access)
{
    uint64_t value = 0;

    if (reg != NULL) {
        struct vgic_locked locked = vgic_lock(self->vgic);
        if (owner != self)
            locked.touched |= VGIC_REMOTE;
        if (reg->bits != 0)
            value = vgic_access_fields(reg, &locked, owner, access);
        else if (!access->write)
            value = reg->read(owner, access->offset - reg->offset);
        else if (reg->write != NULL)
            reg->write(&locked, owner, access);
        if (owner != self && access->write)
            vgic_recheck_private(&locked, owner);
        locked.touched &= ~VGIC_REMOTE;
        vgic_unlock(&locked, self);
    }
    if (!access->write)
        access->value = value;
}

enum mmio_result vgic_v3_distributor_access(void *device, struct mmio_access *access)
{
    const struct vgic *vgic = device;
    struct vgic_vcpu *vcpu = vgic->vcpus[access->vcpu];
    const struct vgic_register *reg = search(distributor, ARRAY_SIZE(distributor), access);

    perform(reg != NULL ? reg : search_arrays(access, false), vcpu, vcpu, access);
    return MMIO_HANDLED;
}

enum mmio_result vgic_redistributor_access(void *device, struct mmio_access *access)
{
    const struct vgic *vgic = device;
    struct vgic_vcpu *owner = vgic->vcpus[access->offset / VGIC_REDISTRIBUTOR_SIZE];
    bool private = (access->offset & FRAME_SIZE) != 0;

    access->offset %= FRAME_SIZE;
    perform(private ? search_arrays(access, true) : search(redistributor, ARRAY_SIZE(redistributor), access), owner,
            vgic->vcpus[access->vcpu], access);
    return MMIO_HANDLED;
}

/** The CPUs of one cluster by a list of 16, or all but the one that writes. */
static bool sgi_reaches(uint64_t value, const struct vgic_vcpu *self, const struct vgic_vcpu *target)
{
    uint64_t affinity = target->affinity;
    uint64_t base =
        (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8 | (value >> 44 & 0xf) << 4;

    if ((value & SGI_ALL_BUT_SELF) != 0)
        return target != self;
    return (affinity & ~0xfULL) == base && (value >> (affinity & 0xf) & 1) != 0;
}

void vgic_write_sgi(struct vgic_vcpu *vcpu, uint64_t value, bool group1)
{
    struct vgic *vgic = vcpu->vgic;
    struct vgic_locked locked = vgic_lock(vgic);

    for (unsigned i = 0; i < vgic->vcpu_count; i++) {
        struct vgic_ref ref = vgic_find_known(vgic->vcpus[i], value >> 24 & 0xf);
        if (!sgi_reaches(value, vcpu, vgic->vcpus[i]) || ((ref.irq->group & VGIC_GROUP) != 0 && !group1))
            continue;
        ref.irq->sgi_sources = 1;
        vgic_update(&locked, ref);
    }
    vgic_unlock(&locked, vcpu);
}
