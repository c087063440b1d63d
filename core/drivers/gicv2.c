// SPDX-License-Identifier: Apache-2.0
/* GICv2 (Arm IHI 0048B), with its virtualization extensions. Runs at EL2, in the non-secure or the only security state:
 * bit 0 of both CTLR registers then enables the group that our interrupts are in, whichever it is (4.3.1, 4.4.1). */
#include "arch/cpu.h"
#include "drivers/gic.h"

/* Distributor, 4.3 */
#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IIDR 0x008
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ISPENDR 0x200
#define GICD_ICPENDR 0x280
#define GICD_ISACTIVER 0x300
#define GICD_ICACTIVER 0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR 0xc00
#define GICD_SGIR 0xf00
#define GICD_FRAME_SIZE 0x1000

/* CPU interface, 4.4 */
#define GICC_CTLR 0x000
#define GICC_PMR 0x004
#define GICC_BPR 0x008
#define GICC_IAR 0x00c
#define GICC_EOIR 0x010
#define GICC_APR 0x0d0 /* four words */
#define GICC_IIDR 0x0fc
#define GICC_DIR 0x1000
#define GICC_FRAME_SIZE 0x2000
#define GICC_CTLR_ENABLE (1u << 0)
#define GICC_CTLR_EOIMODE (1u << 9)
#define GICC_PMR_ALL 0xff

/* Virtual interface control, 5.3 */
#define GICH_HCR 0x000
#define GICH_VTR 0x004
#define GICH_VMCR 0x008
#define GICH_APR 0x0f0
#define GICH_LR 0x100
#define GICH_FRAME_SIZE 0x1000

/* GICH_LRn, 5.3.9 */
#define LR_HARDWARE (1u << 31)
#define LR_GROUP1 (1u << 30)
#define LR_STATE_SHIFT 28
#define LR_PRIORITY_SHIFT 23 /* of priority bits 7:3 */
#define LR_PHYSICAL_SHIFT 10
#define LR_EOI (1u << 19)
#define LR_SOURCE_SHIFT 10
#define LR_INTID_MASK 0x3ffu

#define INTID_MASK 0x3ffu
#define SPI_FIRST 32u
#define TRIGGER_EDGES 3u /* dt_interrupt::flags: rising or falling */

/* GIC-400 on a bus that decodes 64 KiB steps: its identification, and where the last alias of the first GICC page lies,
 * so that GICC_DIR's page follows it. */
#define ALIASED_FRAME_SIZE 0x20000
#define ALIAS_OFFSET 0xf000
#define IIDR_GICV2_MASK 0x000f0fffu
#define IIDR_GICV2 0x0002043bu

/* QEMU's GICD_IIDR; Arm's own products have a number above 0 in it. When a guest ends an interrupt in a list register
 * with HW bit, its model (up to 7.2 at least) looks at the virtual interface only: a line of the host interrupt that is
 * high by then is never signalled. */
#define IIDR_QEMU 0x43bu

static uint32_t word_of(uint32_t base, uint32_t intid)
{
    return base + intid / 32 * 4;
}

static uint32_t bit_of(uint32_t intid)
{
    return 1u << intid % 32;
}

HV_ONCE static void init_distributor(struct gic *gic)
{
    const struct arch_mmio *distributor = &gic->distributor;

    arch_mmio_write32(distributor, GICD_CTLR, 0);
    /* What the boot loader used must neither fire nor stay active for ever. Targets and priority are set with
     * configure(). */
    for (uint32_t intid = SPI_FIRST; intid < gic->intid_count; intid += 32) {
        arch_mmio_write32(distributor, word_of(GICD_ICENABLER, intid), UINT32_MAX);
        arch_mmio_write32(distributor, word_of(GICD_ICPENDR, intid), UINT32_MAX);
        arch_mmio_write32(distributor, word_of(GICD_ICACTIVER, intid), UINT32_MAX);
    }
    arch_mmio_write32(distributor, GICD_CTLR, 1);
}

/** This CPU's bit in the target registers: any byte of the banked ones shows it (4.3.12). */
HV_ONCE static uint8_t learn_target(const struct gic *gic)
{
    uint32_t mask = 0;
    for (uint32_t intid = 0; intid < SPI_FIRST; intid += 4)
        mask |= arch_mmio_read32(&gic->distributor, GICD_ITARGETSR + intid);
    mask |= mask >> 16;
    mask |= mask >> 8;
    /* A uniprocessor implementation reads as zero. */
    return (mask & 0xff) != 0 ? (uint8_t)mask : 1;
}

/** There are no more CPUs than it has interfaces. Which is whose, only the CPU itself can tell: init_cpu(). */
static bool find_cpu(struct gic *gic, unsigned cpu, uint64_t mpidr)
{
    (void)gic;
    (void)cpu;
    (void)mpidr;
    return true;
}

HV_ONCE static void init_banked(struct gic *gic)
{
    const struct arch_mmio *distributor = &gic->distributor;

    arch_mmio_write32(distributor, GICD_ICENABLER, 0xffff0000);
    arch_mmio_write32(distributor, GICD_ICPENDR, 0xffff0000);
    arch_mmio_write32(distributor, GICD_ICACTIVER, UINT32_MAX);
    arch_mmio_write32(distributor, GICD_ISENABLER, 0x0000ffff);
    for (uint32_t intid = 0; intid < SPI_FIRST; intid += 4)
        arch_mmio_write32(distributor, GICD_IPRIORITYR + intid, GIC_PRIORITY_PRIVATE * 0x01010101u);
    if (gic->maintenance_intid != 0)
        arch_mmio_write8(distributor, GICD_IPRIORITYR + gic->maintenance_intid, GIC_PRIORITY_MAINTENANCE);
}

HV_ONCE static void init_virtual_interface(struct gic *gic)
{
    arch_mmio_write32(&gic->hyp_interface, GICH_HCR, 0);
    arch_mmio_write32(&gic->hyp_interface, GICH_APR, 0);
    for (unsigned i = 0; i < gic->lr_count; i++)
        arch_mmio_write32(&gic->hyp_interface, GICH_LR + 4 * i, 0);
}

HV_ONCE static void init_cpu(struct gic *gic)
{
    const struct arch_mmio *cpu_interface = &gic->cpu_interface;

    /* Who reads the old value kicks nobody, but had its work ready before: this CPU sees it when it looks for some. */
    __atomic_store_n(&gic->cpu_target[arch_cpu_id()], learn_target(gic), __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    init_banked(gic);
    init_virtual_interface(gic);
    for (uint32_t i = 0; i < 4; i++)
        arch_mmio_write32(cpu_interface, GICC_APR + 4 * i, 0);
    arch_mmio_write32(cpu_interface, GICC_PMR, GICC_PMR_ALL);
    arch_mmio_write32(cpu_interface, GICC_BPR, 0);
    arch_mmio_write32(cpu_interface, GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
}

static void enable(struct gic *gic, uint32_t intid)
{
    arch_mmio_write32(&gic->distributor, word_of(GICD_ISENABLER, intid), bit_of(intid));
}

static void disable(struct gic *gic, uint32_t intid)
{
    arch_mmio_write32(&gic->distributor, word_of(GICD_ICENABLER, intid), bit_of(intid));
}

static void route(struct gic *gic, uint32_t intid, unsigned cpu)
{
    arch_mmio_write8(&gic->distributor, GICD_ITARGETSR + intid,
                     __atomic_load_n(&gic->cpu_target[cpu], __ATOMIC_RELAXED));
}

static void set_edge(struct gic *gic, uint32_t intid, bool edge)
{
    uint32_t offset = GICD_ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << intid % 16 * 2;
    uint32_t value = arch_mmio_read32(&gic->distributor, offset);

    arch_mmio_write32(&gic->distributor, offset, edge ? value | bit : value & ~bit);
}

/** The interrupt must be disabled: changing the trigger of an enabled one is UNPREDICTABLE (4.3.13). */
HV_ONCE static void configure(struct gic *gic, uint32_t intid, uint32_t trigger_flags, unsigned cpu, uint8_t priority)
{
    if (intid < SPI_FIRST || intid >= gic->intid_count)
        return;
    set_edge(gic, intid, (trigger_flags & TRIGGER_EDGES) != 0);
    arch_mmio_write8(&gic->distributor, GICD_IPRIORITYR + intid, priority);
    route(gic, intid, cpu);
}

static uint32_t acknowledge(struct gic *gic, uint32_t *token)
{
    /* The token keeps the source CPU of an SGI, which EOIR and DIR want back (4.4.5). */
    *token = arch_mmio_read32(&gic->cpu_interface, GICC_IAR);
    uint32_t intid = *token & INTID_MASK;
    return intid < HV_MAX_INTIDS ? intid : GIC_SPURIOUS;
}

static void priority_drop(struct gic *gic, uint32_t token)
{
    arch_mmio_write32(&gic->cpu_interface, GICC_EOIR, token);
}

static void deactivate(struct gic *gic, uint32_t token)
{
    arch_mmio_write32(&gic->cpu_interface, GICC_DIR, token);
}

static void set_active(struct gic *gic, uint32_t intid, bool active)
{
    uint32_t base = active ? GICD_ISACTIVER : GICD_ICACTIVER;
    arch_mmio_write32(&gic->distributor, word_of(base, intid), bit_of(intid));
}

static bool is_pending(struct gic *gic, uint32_t intid)
{
    return (arch_mmio_read32(&gic->distributor, word_of(GICD_ISPENDR, intid)) & bit_of(intid)) != 0;
}

HV_RARE static bool is_active(struct gic *gic, uint32_t intid)
{
    return (arch_mmio_read32(&gic->distributor, word_of(GICD_ISACTIVER, intid)) & bit_of(intid)) != 0;
}

static void clear_pending(struct gic *gic, uint32_t intid)
{
    arch_mmio_write32(&gic->distributor, word_of(GICD_ICPENDR, intid), bit_of(intid));
}

static void send_kick(struct gic *gic, unsigned cpu)
{
    /* What the other CPU is to look at must be visible before the interrupt is. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t target = __atomic_load_n(&gic->cpu_target[cpu], __ATOMIC_RELAXED);
    arch_mmio_write32(&gic->distributor, GICD_SGIR, target << 16 | GIC_SGI_KICK);
}

static void lr_write(struct gic *gic, unsigned index, uint64_t value)
{
    arch_mmio_write32(&gic->hyp_interface, GICH_LR + 4 * index, (uint32_t)value);
}

static uint64_t lr_read(struct gic *gic, unsigned index)
{
    return arch_mmio_read32(&gic->hyp_interface, GICH_LR + 4 * index);
}

static void vcpu_load(struct gic *gic, const struct gic_vcpu_state *state)
{
    for (uint32_t used = state->used; used != 0; used &= used - 1)
        lr_write(gic, (unsigned)__builtin_ctz(used), state->lr[__builtin_ctz(used)]);
    arch_mmio_write32(&gic->hyp_interface, GICH_VMCR, state->vmcr);
    arch_mmio_write32(&gic->hyp_interface, GICH_APR, state->apr[0]);
    arch_mmio_write32(&gic->hyp_interface, GICH_HCR, state->hcr | GIC_HCR_EN);
}

static void vcpu_put(struct gic *gic, struct gic_vcpu_state *state)
{
    state->vmcr = arch_mmio_read32(&gic->hyp_interface, GICH_VMCR);
    state->apr[0] = arch_mmio_read32(&gic->hyp_interface, GICH_APR);
    arch_mmio_write32(&gic->hyp_interface, GICH_HCR, 0);
    for (uint32_t used = state->used; used != 0; used &= used - 1)
        lr_write(gic, (unsigned)__builtin_ctz(used), 0);
}

static uint64_t lr_encode(const struct gic_lr *lr)
{
    uint32_t value = (lr->virtual_intid & LR_INTID_MASK) | (uint32_t)(lr->priority >> 3) << LR_PRIORITY_SHIFT |
                     (uint32_t)lr->state << LR_STATE_SHIFT;
    if (lr->group1)
        value |= LR_GROUP1;
    if (lr->hardware)
        return value | LR_HARDWARE | (lr->physical_intid & LR_INTID_MASK) << LR_PHYSICAL_SHIFT;
    if (lr->eoi_maintenance)
        value |= LR_EOI;
    return value | (uint32_t)(lr->source & 7) << LR_SOURCE_SHIFT;
}

static struct gic_lr lr_decode(uint64_t value)
{
    bool hardware = (value & LR_HARDWARE) != 0;
    return (struct gic_lr){
        .virtual_intid = value & LR_INTID_MASK,
        .physical_intid = hardware ? value >> LR_PHYSICAL_SHIFT & LR_INTID_MASK : 0,
        .hardware = hardware,
        .eoi_maintenance = !hardware && (value & LR_EOI) != 0,
        .source = hardware ? 0 : value >> LR_SOURCE_SHIFT & 7,
        .priority = (uint8_t)((value >> LR_PRIORITY_SHIFT & 0x1f) << 3),
        .group1 = (value & LR_GROUP1) != 0,
        .state = (enum gic_lr_state)(value >> LR_STATE_SHIFT & 3),
    };
}

static void hcr_write(struct gic *gic, uint32_t hcr)
{
    arch_mmio_write32(&gic->hyp_interface, GICH_HCR, hcr);
}

static uint32_t vmcr_read(struct gic *gic)
{
    return arch_mmio_read32(&gic->hyp_interface, GICH_VMCR);
}

static const struct gic_ops gicv2_ops = {
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

HV_ONCE static bool is_gicv2_page(const struct arch_mmio *page)
{
    return (arch_mmio_read32(page, GICC_IIDR) & IIDR_GICV2_MASK) == IIDR_GICV2;
}

/**
 * Maps GICC's two pages. Where the frame takes 128 KiB and its first page shows again 60 KiB up, the bus repeats each 4
 * KiB page within 64 KiB, and the pair that GICC_DIR needs lies across the 64 KiB boundary.
 * @param offset  where in the frame the pair begins; GICV, wired alike, has its own there too
 */
HV_ONCE static bool map_cpu_interface(struct gic *gic, const struct machine_gic *description, uint32_t *offset)
{
    pa_t base = pa(description->cpu_interface.base);

    *offset = 0;
    if (!arch_mmio_map(&gic->cpu_interface, base, GICC_FRAME_SIZE))
        return false;
    if (description->cpu_interface.size != ALIASED_FRAME_SIZE || !is_gicv2_page(&gic->cpu_interface))
        return true;
    struct arch_mmio alias;
    if (!arch_mmio_map(&alias, pa_add(base, ALIAS_OFFSET), GICC_FRAME_SIZE))
        return false;
    if (is_gicv2_page(&alias)) {
        gic->cpu_interface = alias;
        *offset = ALIAS_OFFSET;
    }
    return true;
}

HV_ONCE static void read_sizes(struct gic *gic)
{
    uint32_t lines = arch_mmio_read32(&gic->distributor, GICD_TYPER) & 0x1f;
    uint32_t lists = arch_mmio_read32(&gic->hyp_interface, GICH_VTR) & 0x3f;

    gic->intid_count = (uint32_t)min_u64((lines + 1) * 32, HV_MAX_INTIDS);
    gic->lr_count = (unsigned)min_u64(lists + 1, GIC_MAX_LRS);
}

HV_ONCE hv_status gicv2_open(struct gic *gic, const struct machine_gic *description)
{
    uint32_t offset;

    /* Without virtualization extensions there is nothing to run guests with. */
    if (description->hyp_interface.size == 0 || description->virtual_interface.size == 0)
        return HV_E_UNSUPPORTED;
    if (!arch_mmio_map(&gic->distributor, pa(description->distributor.base), GICD_FRAME_SIZE) ||
        !arch_mmio_map(&gic->hyp_interface, pa(description->hyp_interface.base), GICH_FRAME_SIZE) ||
        !map_cpu_interface(gic, description, &offset))
        return HV_E_NOMEM;
    gic->ops = &gicv2_ops;
    gic->version = GIC_V2;
    gic->lr_state_shift = LR_STATE_SHIFT;
    gic->stale_after_hw_end = arch_mmio_read32(&gic->distributor, GICD_IIDR) == IIDR_QEMU;
    gic->maintenance_intid = description->maintenance_intid;
    gic->virtual_interface = pa(description->virtual_interface.base + offset);
    read_sizes(gic);
    return HV_OK;
}
