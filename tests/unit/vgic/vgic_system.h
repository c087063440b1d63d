/* SPDX-License-Identifier: Apache-2.0 */
/* A domain whose vCPUs each have a physical CPU, as the scheduler drives them: the guest runs; what it does to its CPU
 * interface is silent; an access to the distributor, a maintenance interrupt, a kick or a host interrupt brings a vCPU
 * out and in again. */
#ifndef BULKHEAD_TESTS_VGIC_SYSTEM_H
#define BULKHEAD_TESTS_VGIC_SYSTEM_H

#include "domain/domain.h"
#include "unit/vgic/fake_gicv.h"
#include "vcpu/vcpu.h"

#define TIMER 27

/* Distributor registers as the manual names them. */
#define CTLR 0x000
#define TYPER 0x004
#define IIDR 0x008
#define IGROUPR 0x080
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define SGIR 0xf00
#define CPENDSGIR 0xf10
#define SPENDSGIR 0xf20
#define IROUTER 0x6000
#define SGI_FRAME 0x10000 /* of a redistributor */

static struct vgic_system {
    struct domain domain;
    struct vcpu vcpus[FAKE_CPUS];
} sys;

/** @return whether @p intid, in a list register of @p v, is in another one too. SGIs and PPIs are each vCPU's own. */
static inline bool is_twice(unsigned v, uint32_t intid)
{
    unsigned count = 0;

    for (unsigned other = 0; other < sys.domain.vcpu_count; other++)
        for (unsigned i = 0; i < host_gic.lr_count && (other == v || intid >= 32); i++)
            count += (fake.cpus[other].lr[i] & 3) != 0 && fake_lr(other, i).virtual_intid == intid;
    return count != 1;
}

/** What must hold of the host's SPIs that are the guest's. */
static inline void check_links(void)
{
    const struct vgic *vgic = &sys.domain.vgic;

    for (uint32_t i = 0; i < vgic->spi_count; i++) {
        const struct vgic_irq *irq = &vgic->spis[i];
        if (irq->physical_intid == 0 || irq->unlinked)
            continue;
        const struct fake_spi *spi = fake_spi(irq->physical_intid);
        require(spi->enabled == irq->enabled, "SPI %u of the guest is %s, the host's is not", 32 + i,
                irq->enabled ? "on" : "off");
        unsigned cpu = irq->in_lr ? irq->lr_vcpu : irq->targets != 0 ? (unsigned)__builtin_ctz(irq->targets) : spi->cpu;
        require(spi->cpu == cpu, "SPI %u is vCPU %u's, the host's goes to that of %u", 32 + i, cpu, spi->cpu);
    }
}

/** What must hold whenever a guest is entered. */
static inline void check_entry(unsigned v)
{
    const struct vgic_vcpu *vgic = &sys.vcpus[v].vgic;

    check_links();
    require(!fake_maintenance(&fake.cpus[v]), "enters with maintenance asserted: would never run");
    for (unsigned i = 0; i < host_gic.lr_count; i++) {
        struct gic_lr lr = fake_lr(v, i);
        require((lr.state != GIC_LR_INVALID) == (vgic->hw.used >> i & 1), "vCPU %u list register %u", v, i);
        if (lr.state == GIC_LR_INVALID)
            continue;
        require(vgic->candidate_words == 0 || lr.eoi_maintenance,
                "vCPU %u: interrupts wait, but the end of %u would not show", v, lr.virtual_intid);
        require(!is_twice(v, lr.virtual_intid), "interrupt %u is in two list registers", lr.virtual_intid);
    }
    if (vgic->candidate_words != 0)
        require(vgic->hw.used == (1u << host_gic.lr_count) - 1, "vCPU %u: interrupts wait beside an empty register", v);
}

/** The host's private interrupts that fire now. */
static inline void take_physical(unsigned v)
{
    struct fake_cpu *cpu = &fake.cpus[v];
    uint32_t fires = cpu->physical_line & ~cpu->physical_active;

    for (uint32_t intid = 16; intid < 32; intid++)
        if ((fires >> intid & 1) != 0) {
            cpu->physical_active |= 1u << intid;
            vgic_inject_hardware_ppi(&sys.vcpus[v].vgic, intid, intid);
        }
}

static uint16_t linked_to[FAKE_SPIS]; /* by the host's SPI - 32: the guest's */

/** The host's SPIs that fire now: each is taken, and passed on, or ended where it is nobody's. */
static inline void take_spis(unsigned v)
{
    for (uint32_t intid; (intid = fake_spi_fires(v)) != 0;) {
        struct fake_spi *spi = fake_spi(intid);
        spi->active = true;
        spi->latch = false;
        if (vgic_inject_spi(&sys.domain.vgic, linked_to[intid - 32], &sys.vcpus[v].vgic))
            continue;
        spi->active = false;
        require(!spi->line || !spi->enabled || spi->edge, "host's SPI %u is nobody's, and fires for ever", intid);
    }
}

static inline void exit_guest(unsigned v)
{
    fake.current = v;
    sys.vcpus[v].wake = 0;
    vgic_sync(&sys.vcpus[v].vgic);
}

/** No list register is written for nothing: not more than out and in again, and not at all where none changes. */
static inline void check_cost(unsigned v, const struct fake_cpu *before)
{
    const struct fake_cpu *cpu = &fake.cpus[v];
    unsigned changed = 0;

    for (unsigned i = 0; i < host_gic.lr_count; i++)
        changed += cpu->lr[i] != before->lr[i];
    if (sys.vcpus[v].vgic.hw.hcr == 0 && (before->hcr & ~GIC_HCR_EN) == 0) /* none waits, none did */
        require(cpu->lr_writes - before->lr_writes <= 2 * changed, "vCPU %u: %u writes change %u list registers", v,
                cpu->lr_writes - before->lr_writes, changed);
}

static inline void enter_guest(unsigned v)
{
    fake.current = v;
    do {
        take_physical(v);
        take_spis(v);
        struct fake_cpu before = fake.cpus[v];
        vgic_flush(&sys.vcpus[v].vgic);
        check_cost(v, &before);
    } while ((fake.cpus[v].physical_line & ~fake.cpus[v].physical_active) != 0 || fake_spi_fires(v) != 0);
    check_entry(v);
}

static inline bool must_exit(unsigned v)
{
    const struct fake_cpu *cpu = &fake.cpus[v];
    return sys.vcpus[v].vgic.dirty != 0 || sys.vcpus[v].wake != 0 || fake_maintenance(cpu) ||
           (cpu->physical_line & ~cpu->physical_active) != 0 || fake_spi_fires(v) != 0;
}

/** Lets every vCPU out and in that has a reason to. */
static inline void settle_all(void)
{
    bool again = true;

    for (unsigned round = 0; again; round++) {
        require(round < 20, "vCPUs kick each other for ever");
        again = false;
        for (unsigned v = 0; v < sys.domain.vcpu_count; v++)
            if (must_exit(v)) {
                exit_guest(v);
                enter_guest(v);
                again = true;
            }
    }
}

static inline void bounce(unsigned v)
{
    exit_guest(v);
    enter_guest(v);
    settle_all();
}

/** Of the vCPUs of setup_version(); those of a domain are as domain/guest_dt.h says. */
static uint64_t affinities[FAKE_CPUS] = {0, 1, 2, 3, 4, 5, 6, 7};

static inline void setup_version(enum gic_version version, unsigned vcpus, uint32_t spis, unsigned lrs)
{
    fake_open(lrs);
    host_gic.version = version;
    memset(&sys, 0, sizeof(sys));
    sys.domain.vcpu_count = vcpus;
    sys.domain.state = DOMAIN_RUNNING;
    sys.domain.vgic.wake = vcpu_wake_for_interrupt;
    sys.domain.vgic.route = vcpu_route_interrupt;
    memset(linked_to, 0, sizeof(linked_to));
    for (unsigned v = 0; v < vcpus; v++)
        vgic_add_vcpu(&sys.domain.vgic, &sys.vcpus[v].vgic, affinities[v]);
    vgic_reset(&sys.domain.vgic, spis);
    for (unsigned v = 0; v < vcpus; v++) {
        struct vcpu *vcpu = &sys.vcpus[v];
        vcpu->domain = &sys.domain;
        vcpu->index = (uint8_t)v;
        vcpu->arch.vmpidr = 1u << 31 | affinities[v];
        vcpu->cpu = (uint8_t)(v + 1); /* none is the CPU that the test runs on */
        vcpu->state = VCPU_READY;
        sys.domain.vcpus[v] = vcpu;
        vgic_reset_vcpu(&vcpu->vgic);
        fake.current = v;
        vgic_load(&vcpu->vgic);
        enter_guest(v);
    }
}

static inline void setup_system(unsigned vcpus, uint32_t spis, unsigned lrs)
{
    setup_version(GIC_V2, vcpus, spis, lrs);
}

static inline uint64_t access_device(unsigned v, enum mmio_result (*handler)(void *device, struct mmio_access *access),
                                     uint32_t offset, unsigned size, bool write, uint64_t value)
{
    struct mmio_access access = {
        .offset = offset, .size = (uint8_t)size, .vcpu = (uint8_t)v, .write = write, .value = value};

    exit_guest(v);
    require(handler(&sys.domain.vgic, &access) == MMIO_HANDLED, "aborts at %#x", offset);
    enter_guest(v);
    settle_all();
    return access.value;
}

/** In the distributor. */
static inline uint64_t access_raw(unsigned v, uint32_t offset, unsigned size, bool write, uint64_t value)
{
    bool v3 = host_gic.version == GIC_V3;

    return access_device(v, v3 ? vgic_v3_distributor_access : vgic_distributor_access, offset, size, write, value);
}

/** In the frames of vCPU @p owner. */
static inline uint64_t access_redistributor(unsigned v, unsigned owner, uint32_t offset, unsigned size, bool write,
                                            uint64_t value)
{
    return access_device(v, vgic_redistributor_access, owner * VGIC_REDISTRIBUTOR_SIZE + offset, size, write, value);
}

/** vCPU @p v writes ICC_SGI1R_EL1, or ICC_SGI0R_EL1. */
static inline void send_sgi(unsigned v, uint64_t value, bool group1)
{
    exit_guest(v);
    vgic_write_sgi(&sys.vcpus[v].vgic, value, group1);
    enter_guest(v);
    settle_all();
}

static inline uint32_t read32(unsigned v, uint32_t offset)
{
    return (uint32_t)access_raw(v, offset, 4, false, 0);
}

static inline void write32(unsigned v, uint32_t offset, uint32_t value)
{
    access_raw(v, offset, 4, true, value);
}

static inline uint8_t read8(unsigned v, uint32_t offset)
{
    return (uint8_t)access_raw(v, offset, 1, false, 0);
}

static inline void write8(unsigned v, uint32_t offset, uint8_t value)
{
    access_raw(v, offset, 1, true, value);
}

/** One interrupt's bit of a register that has one for each. */
static inline void write_bit(unsigned v, uint32_t base, uint32_t intid)
{
    write32(v, base + intid / 32 * 4, 1u << intid % 32);
}

static inline bool read_bit(unsigned v, uint32_t base, uint32_t intid)
{
    return read32(v, base + intid / 32 * 4) >> intid % 32 & 1;
}

static inline void set_edge(unsigned v, uint32_t intid)
{
    uint32_t offset = ICFGR + intid / 16 * 4;
    write32(v, offset, read32(v, offset) | 2u << intid % 16 * 2);
}

static inline void set_line(uint32_t intid, bool level)
{
    vgic_set_spi(&sys.domain.vgic, intid, level);
    settle_all();
}

static inline void pulse(uint32_t intid)
{
    set_line(intid, true);
    set_line(intid, false);
}

/** The line of a host interrupt of @p v's CPU, as the virtual timer drives it. */
static inline void set_physical(unsigned v, uint32_t intid, bool level)
{
    uint32_t bit = 1u << intid;
    fake.cpus[v].physical_line = level ? fake.cpus[v].physical_line | bit : fake.cpus[v].physical_line & ~bit;
    settle_all();
}

/** Makes the host's SPI @p host the guest's @p intid. */
static inline void link_spi(uint32_t intid, uint32_t host, bool edge)
{
    linked_to[host - 32] = (uint16_t)intid;
    fake_spi(host)->edge = edge;
    vgic_link_spi(&sys.domain.vgic, intid, host, edge);
    settle_all();
}

/** The line of a device behind the host's SPI @p host. */
static inline void set_host_line(uint32_t host, bool level)
{
    struct fake_spi *spi = fake_spi(host);

    spi->latch |= spi->edge && level && !spi->line;
    spi->line = level;
    settle_all();
}

static inline uint32_t acknowledge(unsigned v)
{
    uint32_t value = fake_acknowledge(&fake.cpus[v]);
    settle_all();
    return value;
}

static inline void end(unsigned v, uint32_t intid)
{
    fake_end(&fake.cpus[v], intid);
    settle_all();
}

static inline void deactivate(unsigned v, uint32_t intid)
{
    fake_deactivate(&fake.cpus[v], intid);
    settle_all();
}

/** A distributor that forwards, and @p intid of it ready to be used by vCPU 0. */
static inline void enable(uint32_t intid, uint8_t priority)
{
    write32(0, CTLR, 3);
    write8(0, IPRIORITYR + intid, priority);
    write_bit(0, ISENABLER, intid);
}

#endif
