// SPDX-License-Identifier: Apache-2.0
/* GICv3 (Arm IHI 0069) with affinity routing and system registers. Runs at EL2, in the non-secure or the only security
 * state: interrupts are made group 1 where that is for us to say, and bits 1 and 4 of GICD_CTLR have the same meaning
 * in both (12.9.4). GICv4 is the same with larger redistributors; its virtual LPIs are not used. */
#include "arch/cpu.h"
#include "arch/gic.h"
#include "arch/timer.h"
#include "drivers/gic.h"

/* Distributor, 12.9 */
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IROUTER 0x6000
#define GICD_FRAME_SIZE 0x10000
#define GICD_CTLR_GROUP1 (1u << 1)
#define GICD_CTLR_AFFINITY (1u << 4)
#define GICD_CTLR_RWP (1u << 31)

/* In the distributor, and the same in a redistributor's SGI_base for its private interrupts, 12.11 */
#define GIC_IGROUPR 0x0080
#define GIC_ISENABLER 0x0100
#define GIC_ICENABLER 0x0180
#define GIC_ISPENDR 0x0200
#define GIC_ICPENDR 0x0280
#define GIC_ISACTIVER 0x0300
#define GIC_ICACTIVER 0x0380
#define GIC_IPRIORITYR 0x0400
#define GIC_ICFGR 0x0c00

/* Redistributor: RD_base, 12.10 */
#define GICR_CTLR 0x0000
#define GICR_TYPER 0x0008
#define GICR_TYPER_AFFINITY 0x000c /* its upper half */
#define GICR_WAKER 0x0014
#define GICR_PIDR2 0xffe8
#define GICR_SGI_BASE 0x10000
#define GICR_FRAMES_SIZE 0x20000
#define GICR_V4_FRAMES_SIZE 0x40000
#define GICR_CTLR_RWP (1u << 3)
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_TYPER_LAST (1u << 4)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define PIDR2_VERSION(value) ((value) >> 4 & 0xf)

/* CPU interface, 12.2 */
#define ICC_SRE_ALL 7u /* SRE, and no bypass */
#define ICC_CTLR_EOIMODE (1u << 1)
#define ICC_CTLR_PRIORITY_BITS(value) (((value) >> 8 & 7) + 1)
#define ICC_PMR_ALL 0xff

/* ICH_VTR_EL2, 12.4 */
#define VTR_LISTS(value) (((value)&0x1f) + 1)
#define VTR_PREEMPTION_BITS(value) (((value) >> 26 & 7) + 1)

/* ICH_LRn_EL2, 12.4 */
#define LR_STATE_SHIFT 62
#define LR_HARDWARE (1ULL << 61)
#define LR_GROUP1 (1ULL << 60)
#define LR_PRIORITY_SHIFT 48
#define LR_EOI (1ULL << 41)
#define LR_PHYSICAL_SHIFT 32
#define LR_PHYSICAL_MASK 0x1fffu

#define INTID_MASK 0xffffffu
#define SPI_FIRST 32u
#define TRIGGER_EDGES 3u /* dt_interrupt::flags: rising or falling */

/* What the controller has been asked for it does within microseconds; one that does not is left behind. */
#define STUCK_US 10000

/** A word of registers. */
struct place {
    const struct arch_mmio *mmio;
    uint32_t offset;
};

static uint32_t read_place(struct place place)
{
    return arch_mmio_read32(place.mmio, place.offset);
}

static void write_place(struct place place, uint32_t value)
{
    arch_mmio_write32(place.mmio, place.offset, value);
}

static struct place in_distributor(const struct gic *gic, uint32_t offset)
{
    return (struct place){&gic->distributor, offset};
}

/** In the frames of the CPU that executes this. */
static struct place in_redistributor(const struct gic *gic, uint32_t offset)
{
    const struct gic_redistributor *own = &gic->cpus[arch_cpu_id()];

    return (struct place){&own->mmio, own->offset + offset};
}

/** The word of the array at @p base that holds the bit of @p intid. */
static struct place word_of(const struct gic *gic, uint32_t base, uint32_t intid)
{
    return intid < SPI_FIRST ? in_redistributor(gic, GICR_SGI_BASE + base) : in_distributor(gic, base + intid / 32 * 4);
}

static uint32_t bit_of(uint32_t intid)
{
    return 1u << intid % 32;
}

/** Waits until @p bits are clear. */
HV_ONCE static void await_clear(struct place place, uint32_t bits)
{
    uint64_t start = arch_timer_now();
    uint64_t limit = arch_timer_ticks(STUCK_US);

    while ((read_place(place) & bits) != 0 && arch_timer_now() - start < limit)
        continue;
}

HV_ONCE static void init_distributor(struct gic *gic)
{
    struct place control = in_distributor(gic, GICD_CTLR);

    write_place(control, GICD_CTLR_AFFINITY); /* while no group is enabled */
    await_clear(control, GICD_CTLR_RWP);
    /* What the boot loader used must neither fire nor stay active for ever. Routes and priority are set with
     * configure(). */
    for (uint32_t intid = SPI_FIRST; intid < gic->intid_count; intid += 32) {
        write_place(word_of(gic, GIC_IGROUPR, intid), UINT32_MAX);
        write_place(word_of(gic, GIC_ICENABLER, intid), UINT32_MAX);
        write_place(word_of(gic, GIC_ICPENDR, intid), UINT32_MAX);
        write_place(word_of(gic, GIC_ICACTIVER, intid), UINT32_MAX);
    }
    await_clear(control, GICD_CTLR_RWP);
    write_place(control, GICD_CTLR_AFFINITY | GICD_CTLR_GROUP1);
}

/** @return the affinity fields of an MPIDR as GICR_TYPER has them: Aff3..Aff0 in one word. */
static uint32_t packed_affinity(uint64_t mpidr)
{
    return (uint32_t)(mpidr & 0xffffff) | (uint32_t)(mpidr >> 32 & 0xff) << 24;
}

static uint32_t frames_size(const struct gic *gic, uint32_t type)
{
    if (gic->description->redistributor_stride != 0)
        return gic->description->redistributor_stride;
    return (type & GICR_TYPER_VLPIS) != 0 ? GICR_V4_FRAMES_SIZE : GICR_FRAMES_SIZE;
}

/** Looks through one range of redistributors, up to the one that says it is the last, or the end. */
HV_ONCE static bool search_range(const struct gic *gic, unsigned range, struct gic_redistributor *found)
{
    uint64_t size = gic->description->redistributors[range].size;
    const struct arch_mmio *mmio = &gic->redistributors[range];
    uint32_t type = 0;

    for (uint64_t at = 0; at + GICR_FRAMES_SIZE <= size; at += frames_size(gic, type)) {
        uint32_t offset = (uint32_t)at;
        uint32_t version = PIDR2_VERSION(arch_mmio_read32(mmio, offset + GICR_PIDR2));
        if (version != 3 && version != 4)
            return false;
        type = arch_mmio_read32(mmio, offset + GICR_TYPER);
        if (arch_mmio_read32(mmio, offset + GICR_TYPER_AFFINITY) == packed_affinity(found->affinity)) {
            found->mmio = *mmio;
            found->offset = offset;
            return true;
        }
        if ((type & GICR_TYPER_LAST) != 0)
            return false;
    }
    return false;
}

HV_ONCE static bool find_cpu(struct gic *gic, unsigned cpu, uint64_t mpidr)
{
    struct gic_redistributor *found = &gic->cpus[cpu];

    found->affinity = mpidr;
    for (unsigned range = 0; range < gic->description->redistributor_count; range++)
        if (search_range(gic, range, found))
            return true;
    return false;
}

HV_ONCE static void init_redistributor(struct gic *gic)
{
    struct place waker = in_redistributor(gic, GICR_WAKER);

    write_place(waker, read_place(waker) & ~GICR_WAKER_SLEEP);
    await_clear(waker, GICR_WAKER_ASLEEP);
    write_place(word_of(gic, GIC_IGROUPR, 0), UINT32_MAX);
    write_place(word_of(gic, GIC_ICENABLER, 0), UINT32_MAX);
    await_clear(in_redistributor(gic, GICR_CTLR), GICR_CTLR_RWP);
    write_place(word_of(gic, GIC_ICPENDR, 0), UINT32_MAX);
    write_place(word_of(gic, GIC_ICACTIVER, 0), UINT32_MAX);
    for (uint32_t intid = 0; intid < SPI_FIRST; intid += 4)
        write_place(in_redistributor(gic, GICR_SGI_BASE + GIC_IPRIORITYR + intid), GIC_PRIORITY_PRIVATE * 0x01010101u);
    struct place maintenance = in_redistributor(gic, GICR_SGI_BASE + GIC_IPRIORITYR + gic->maintenance_intid);
    if (gic->maintenance_intid != 0)
        arch_mmio_write8(maintenance.mmio, maintenance.offset, GIC_PRIORITY_MAINTENANCE);
}

static void write_row(enum arch_gic_register first, unsigned count, const uint32_t *values)
{
    for (unsigned i = 0; i < count; i++)
        arch_gic_write(first + i, values[i]);
}

static void read_row(enum arch_gic_register first, unsigned count, uint32_t *values)
{
    for (unsigned i = 0; i < count; i++)
        values[i] = (uint32_t)arch_gic_read(first + i);
}

/** Of registers of active priorities there are 1, 2 or 4, for up to 5, 6 or 7 bits of preemption (12.2.1). */
static unsigned apr_count(unsigned bits)
{
    return bits <= 5 ? 1 : bits == 6 ? 2 : 4;
}

static void lr_write(struct gic *gic, unsigned index, uint64_t value)
{
    (void)gic;
    arch_gic_write(ARCH_ICH_LR0_EL2 + index, value);
}

static uint64_t lr_read(struct gic *gic, unsigned index)
{
    (void)gic;
    return arch_gic_read(ARCH_ICH_LR0_EL2 + index);
}

/** Without Enable: EL1 cannot change ICC_SRE_EL1. @return false where firmware does not let us */
HV_ONCE static bool turn_on(void)
{
    arch_gic_write(ARCH_ICC_SRE_EL2, ICC_SRE_ALL);
    return (arch_gic_read(ARCH_ICC_SRE_EL2) & 1) != 0;
}

HV_ONCE static void init_cpu(struct gic *gic)
{
    static const uint32_t none[4];

    init_redistributor(gic);
    turn_on();
    arch_gic_write(ARCH_ICC_SRE_EL1, ICC_SRE_ALL);
    arch_gic_write(ARCH_ICH_HCR_EL2, 0);
    for (unsigned i = 0; i < gic->lr_count; i++)
        lr_write(gic, i, 0);
    write_row(ARCH_ICC_AP1R0_EL1, apr_count(ICC_CTLR_PRIORITY_BITS(arch_gic_read(ARCH_ICC_CTLR_EL1))), none);
    arch_gic_write(ARCH_ICC_PMR_EL1, ICC_PMR_ALL);
    arch_gic_write(ARCH_ICC_BPR1_EL1, 0);
    arch_gic_write(ARCH_ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
    arch_gic_write(ARCH_ICC_IGRPEN1_EL1, 1);
}

static void enable(struct gic *gic, uint32_t intid)
{
    write_place(word_of(gic, GIC_ISENABLER, intid), bit_of(intid));
}

HV_ONCE static void disable(struct gic *gic, uint32_t intid)
{
    write_place(word_of(gic, GIC_ICENABLER, intid), bit_of(intid));
    if (intid < SPI_FIRST)
        await_clear(in_redistributor(gic, GICR_CTLR), GICR_CTLR_RWP);
    else
        await_clear(in_distributor(gic, GICD_CTLR), GICD_CTLR_RWP);
}

static void route(struct gic *gic, uint32_t intid, unsigned cpu)
{
    uint64_t affinity = gic->cpus[cpu].affinity;

    write_place(in_distributor(gic, GICD_IROUTER + 8 * intid), (uint32_t)affinity & 0xffffff);
    write_place(in_distributor(gic, GICD_IROUTER + 8 * intid + 4), (uint32_t)(affinity >> 32));
}

static void set_edge(struct gic *gic, uint32_t intid, bool edge)
{
    struct place trigger = in_distributor(gic, GIC_ICFGR + intid / 16 * 4);
    uint32_t bit = 2u << intid % 16 * 2;
    uint32_t value = read_place(trigger);

    write_place(trigger, edge ? value | bit : value & ~bit);
}

/** The interrupt must be disabled: changing the trigger of an enabled one is UNPREDICTABLE (12.9.9). */
HV_ONCE static void configure(struct gic *gic, uint32_t intid, uint32_t trigger_flags, unsigned cpu, uint8_t priority)
{
    if (intid < SPI_FIRST || intid >= gic->intid_count)
        return;
    set_edge(gic, intid, (trigger_flags & TRIGGER_EDGES) != 0);
    arch_mmio_write8(&gic->distributor, GIC_IPRIORITYR + intid, priority);
    route(gic, intid, cpu);
}

static uint32_t acknowledge(struct gic *gic, uint32_t *token)
{
    (void)gic;
    *token = (uint32_t)arch_gic_read(ARCH_ICC_IAR1_EL1) & INTID_MASK;
    return *token < HV_MAX_INTIDS ? *token : GIC_SPURIOUS;
}

static void priority_drop(struct gic *gic, uint32_t token)
{
    (void)gic;
    arch_gic_write(ARCH_ICC_EOIR1_EL1, token);
}

static void deactivate(struct gic *gic, uint32_t token)
{
    (void)gic;
    arch_gic_write(ARCH_ICC_DIR_EL1, token);
}

static void set_active(struct gic *gic, uint32_t intid, bool active)
{
    write_place(word_of(gic, active ? GIC_ISACTIVER : GIC_ICACTIVER, intid), bit_of(intid));
}

static bool is_pending(struct gic *gic, uint32_t intid)
{
    return (read_place(word_of(gic, GIC_ISPENDR, intid)) & bit_of(intid)) != 0;
}

HV_RARE static bool is_active(struct gic *gic, uint32_t intid)
{
    return (read_place(word_of(gic, GIC_ISACTIVER, intid)) & bit_of(intid)) != 0;
}

static void clear_pending(struct gic *gic, uint32_t intid)
{
    write_place(word_of(gic, GIC_ICPENDR, intid), bit_of(intid));
}

/** ICC_SGI1R_EL1: a list of 16 CPUs, which range of 16 within Aff1, and the cluster (12.2.20). */
static void send_kick(struct gic *gic, unsigned cpu)
{
    uint64_t affinity = gic->cpus[cpu].affinity;
    uint64_t range = affinity >> 4 & 0xf;
    uint64_t cluster = (affinity >> 8 & 0xff) << 16 | (affinity >> 16 & 0xff) << 32 | (affinity >> 32 & 0xff) << 48;

    arch_gic_write(ARCH_ICC_SGI1R_EL1, cluster | range << 44 | (uint64_t)GIC_SGI_KICK << 24 | 1ULL << (affinity & 0xf));
}

static void vcpu_load(struct gic *gic, const struct gic_vcpu_state *state)
{
    for (uint32_t used = state->used; used != 0; used &= used - 1)
        lr_write(gic, (unsigned)__builtin_ctz(used), state->lr[__builtin_ctz(used)]);
    arch_gic_write(ARCH_ICH_VMCR_EL2, state->vmcr);
    write_row(ARCH_ICH_AP0R0_EL2, gic->apr_count, &state->apr[0]);
    write_row(ARCH_ICH_AP1R0_EL2, gic->apr_count, &state->apr[4]);
    arch_gic_write(ARCH_ICH_HCR_EL2, state->hcr | GIC_HCR_EN);
}

static void vcpu_put(struct gic *gic, struct gic_vcpu_state *state)
{
    state->vmcr = (uint32_t)arch_gic_read(ARCH_ICH_VMCR_EL2);
    read_row(ARCH_ICH_AP0R0_EL2, gic->apr_count, &state->apr[0]);
    read_row(ARCH_ICH_AP1R0_EL2, gic->apr_count, &state->apr[4]);
    arch_gic_write(ARCH_ICH_HCR_EL2, 0);
    for (uint32_t used = state->used; used != 0; used &= used - 1)
        lr_write(gic, (unsigned)__builtin_ctz(used), 0);
}

static uint64_t lr_encode(const struct gic_lr *lr)
{
    uint64_t value =
        lr->virtual_intid | (uint64_t)lr->priority << LR_PRIORITY_SHIFT | (uint64_t)lr->state << LR_STATE_SHIFT;
    if (lr->group1)
        value |= LR_GROUP1;
    if (lr->hardware)
        return value | LR_HARDWARE | (uint64_t)(lr->physical_intid & LR_PHYSICAL_MASK) << LR_PHYSICAL_SHIFT;
    return lr->eoi_maintenance ? value | LR_EOI : value;
}

static struct gic_lr lr_decode(uint64_t value)
{
    bool hardware = (value & LR_HARDWARE) != 0;
    return (struct gic_lr){
        .virtual_intid = (uint32_t)value,
        .physical_intid = hardware ? value >> LR_PHYSICAL_SHIFT & LR_PHYSICAL_MASK : 0,
        .hardware = hardware,
        .eoi_maintenance = !hardware && (value & LR_EOI) != 0,
        .priority = (uint8_t)(value >> LR_PRIORITY_SHIFT),
        .group1 = (value & LR_GROUP1) != 0,
        .state = (enum gic_lr_state)(value >> LR_STATE_SHIFT),
    };
}

static void hcr_write(struct gic *gic, uint32_t hcr)
{
    (void)gic;
    arch_gic_write(ARCH_ICH_HCR_EL2, hcr);
}

static uint32_t vmcr_read(struct gic *gic)
{
    (void)gic;
    return (uint32_t)arch_gic_read(ARCH_ICH_VMCR_EL2);
}

static const struct gic_ops gicv3_ops = {
    .find_cpu = find_cpu,
    .init_distributor = init_distributor,
    .init_cpu = init_cpu,
    .enable = enable,
    .disable = disable,
    .configure = configure,
    .set_edge = set_edge,
    .route = route,
    .acknowledge = acknowledge,
    .priority_drop = priority_drop,
    .deactivate = deactivate,
    .set_active = set_active,
    .is_pending = is_pending,
    .is_active = is_active,
    .clear_pending = clear_pending,
    .send_kick = send_kick,
    .vcpu_load = vcpu_load,
    .vcpu_put = vcpu_put,
    .lr_encode = lr_encode,
    .lr_decode = lr_decode,
    .lr_write = lr_write,
    .lr_read = lr_read,
    .hcr_write = hcr_write,
    .vmcr_read = vmcr_read,
};

HV_ONCE static hv_status map_frames(struct gic *gic, const struct machine_gic *description)
{
    if (!arch_mmio_map(&gic->distributor, pa(description->distributor.base), GICD_FRAME_SIZE))
        return HV_E_NOMEM;
    for (unsigned i = 0; i < description->redistributor_count; i++) {
        const struct dt_range *range = &description->redistributors[i];
        if (!arch_mmio_map(&gic->redistributors[i], pa(range->base), range->size))
            return HV_E_NOMEM;
    }
    return HV_OK;
}

HV_ONCE hv_status gicv3_open(struct gic *gic, const struct machine_gic *description)
{
    if (!arch_gic_has_registers() || !turn_on())
        return HV_E_UNSUPPORTED;
    HV_TRY(map_frames(gic, description));
    uint64_t type = arch_gic_read(ARCH_ICH_VTR_EL2);
    uint32_t lines = arch_mmio_read32(&gic->distributor, GICD_TYPER) & 0x1f;

    gic->ops = &gicv3_ops;
    gic->version = GIC_V3;
    gic->description = description;
    gic->lr_state_shift = LR_STATE_SHIFT;
    gic->maintenance_intid = description->maintenance_intid;
    gic->intid_count = (uint32_t)min_u64((lines + 1) * 32, HV_MAX_INTIDS);
    gic->lr_count = (unsigned)min_u64(VTR_LISTS(type), GIC_MAX_LRS);
    gic->apr_count = apr_count(VTR_PREEMPTION_BITS(type));
    return HV_OK;
}
