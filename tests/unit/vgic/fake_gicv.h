/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual CPU interfaces as a guest sees them (IHI 0048B chapter 5), with the host's private interrupts behind them,
 * for tests of the vGIC. Plainly written from the manual; shares nothing with the driver, not even the encoding of a
 * list register. */
#ifndef BULKHEAD_TESTS_FAKE_GICV_H
#define BULKHEAD_TESTS_FAKE_GICV_H

#include <check.h>
#include <string.h>

#include "boot/boot.h"
#include "drivers/gic.h"

/** As ck_assert_msg(), which tells its parent process of every success. */
#define require(condition, ...)                                                                                        \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

#define FAKE_CPUS 8
#define FAKE_DEPTH 64
#define FAKE_IDLE_PRIORITY 0x100

struct fake_running {
    uint32_t intid; /* with an SGI's source in bits 12:10, as acknowledged */
    uint32_t priority;
};

struct fake_cpu {
    bool on;
    uint64_t lr[GIC_MAX_LRS];
    bool eoi_mode;   /* GICV_CTLR.EOImode */
    uint32_t groups; /* GICV_CTLR.EnableGrp0, 1 */
    uint32_t hcr;
    struct fake_running running[FAKE_DEPTH];
    unsigned depth;
    uint32_t physical_line, physical_active; /* bit per INTID below 32 */
    unsigned lr_reads, lr_writes, line_reads, loads, kicks;
};

#define FAKE_SPIS 256

/** An SPI of the host's. */
struct fake_spi {
    bool edge, enabled, line, active;
    bool latch; /* edge: rose, and was not acknowledged */
    uint8_t cpu;
};

static struct fake_gicv {
    struct fake_cpu cpus[FAKE_CPUS];
    struct fake_spi spis[FAKE_SPIS];
    unsigned current; /* which CPU executes core */
} fake;

static inline struct fake_spi *fake_spi(uint32_t intid)
{
    require(intid >= 32 && intid - 32 < FAKE_SPIS, "no SPI: %u", intid);
    return &fake.spis[intid - 32];
}

static inline bool fake_spi_pending(const struct fake_spi *spi)
{
    return spi->edge ? spi->latch : spi->line;
}

/** @return the first SPI that is signalled to @p cpu, or 0 */
static inline uint32_t fake_spi_fires(unsigned cpu)
{
    for (uint32_t i = 0; i < FAKE_SPIS; i++)
        if (fake.spis[i].cpu == cpu && fake.spis[i].enabled && !fake.spis[i].active && fake_spi_pending(&fake.spis[i]))
            return 32 + i;
    return 0;
}

static inline struct fake_cpu *fake_this(void)
{
    return &fake.cpus[fake.current];
}

static inline uint64_t fake_encode(const struct gic_lr *lr)
{
    require(!lr->hardware || lr->state != GIC_LR_PENDING_ACTIVE, "HW and pending and active: not permitted");
    require(!(lr->hardware && lr->eoi_maintenance), "HW has no EOI maintenance bit");
    return (uint64_t)lr->state | (uint64_t)lr->virtual_intid << 2 | (uint64_t)lr->physical_intid << 12 |
           (uint64_t)lr->hardware << 22 | (uint64_t)lr->eoi_maintenance << 23 | (uint64_t)lr->source << 24 |
           (uint64_t)lr->priority << 27 | (uint64_t)lr->group1 << 35;
}

static inline struct gic_lr fake_decode(uint64_t value)
{
    return (struct gic_lr){
        .state = (enum gic_lr_state)(value & 3),
        .virtual_intid = value >> 2 & 0x3ff,
        .physical_intid = value >> 12 & 0x3ff,
        .hardware = value >> 22 & 1,
        .eoi_maintenance = value >> 23 & 1,
        .source = value >> 24 & 7,
        .priority = value >> 27 & 0xff,
        .group1 = value >> 35 & 1,
    };
}

static inline void fake_lr_write(struct gic *gic, unsigned index, uint64_t value)
{
    require(index < gic->lr_count, "list register %u", index);
    fake_this()->lr[index] = value;
    fake_this()->lr_writes++;
}

static inline uint64_t fake_lr_read(struct gic *gic, unsigned index)
{
    require(index < gic->lr_count, "list register %u", index);
    fake_this()->lr_reads++;
    return fake_this()->lr[index];
}

static inline void fake_set_active(struct gic *gic, uint32_t intid, bool active)
{
    (void)gic;
    if (intid >= 32)
        fake_spi(intid)->active = active;
    else if (active)
        fake_this()->physical_active |= 1u << intid;
    else
        fake_this()->physical_active &= ~(1u << intid);
}

static inline bool fake_is_active(struct gic *gic, uint32_t intid)
{
    (void)gic;
    return intid >= 32 ? fake_spi(intid)->active : (fake_this()->physical_active >> intid & 1) != 0;
}

static inline bool fake_is_pending(struct gic *gic, uint32_t intid)
{
    (void)gic;
    fake_this()->line_reads++;
    if (intid >= 32)
        return fake_spi_pending(fake_spi(intid));
    return fake_this()->physical_line >> intid & 1;
}

static inline void fake_enable(struct gic *gic, uint32_t intid)
{
    (void)gic;
    fake_spi(intid)->enabled = true;
}

static inline void fake_disable(struct gic *gic, uint32_t intid)
{
    (void)gic;
    fake_spi(intid)->enabled = false;
}

static inline void fake_clear_pending(struct gic *gic, uint32_t intid)
{
    (void)gic;
    fake_spi(intid)->latch = false;
}

/** The CPU of vCPU n is n + 1. */
static inline void fake_route(struct gic *gic, uint32_t intid, unsigned cpu)
{
    (void)gic;
    fake_spi(intid)->cpu = (uint8_t)(cpu - 1);
}

static inline void fake_hcr_write(struct gic *gic, uint32_t hcr)
{
    (void)gic;
    fake_this()->hcr = hcr;
}

static inline uint32_t fake_vmcr_read(struct gic *gic)
{
    (void)gic;
    return 0xf8000000 | fake_this()->groups;
}

static inline void fake_send_kick(struct gic *gic, unsigned cpu)
{
    (void)gic;
    fake.cpus[cpu - 1].kicks++;
}

static inline void fake_vcpu_load(struct gic *gic, const struct gic_vcpu_state *state)
{
    struct fake_cpu *cpu = fake_this();

    require(!cpu->on, "a vCPU is loaded");
    for (unsigned i = 0; i < gic->lr_count; i++) {
        require((cpu->lr[i] & 3) == 0, "list register %u was left to the next vCPU", i);
        if ((state->used >> i & 1) != 0)
            cpu->lr[i] = state->lr[i];
    }
    cpu->hcr = state->hcr | GIC_HCR_EN;
    cpu->on = true;
    cpu->loads++;
}

static inline void fake_vcpu_put(struct gic *gic, struct gic_vcpu_state *state)
{
    struct fake_cpu *cpu = fake_this();

    require(cpu->on, "no vCPU is loaded");
    for (unsigned i = 0; i < gic->lr_count; i++)
        if ((state->used >> i & 1) != 0)
            cpu->lr[i] = 0;
    cpu->hcr = 0;
    cpu->on = false;
}

/** Resets all, and makes it the host's interrupt controller. */
static inline void fake_open(unsigned lr_count)
{
    static const struct gic_ops ops = {
        .lr_encode = fake_encode,
        .lr_decode = fake_decode,
        .lr_write = fake_lr_write,
        .lr_read = fake_lr_read,
        .set_active = fake_set_active,
        .is_active = fake_is_active,
        .is_pending = fake_is_pending,
        .enable = fake_enable,
        .disable = fake_disable,
        .clear_pending = fake_clear_pending,
        .route = fake_route,
        .hcr_write = fake_hcr_write,
        .vmcr_read = fake_vmcr_read,
        .send_kick = fake_send_kick,
        .vcpu_load = fake_vcpu_load,
        .vcpu_put = fake_vcpu_put,
    };

    memset(&fake, 0, sizeof(fake));
    for (unsigned i = 0; i < FAKE_CPUS; i++)
        fake.cpus[i].groups = 3;
    host_gic = (struct gic){.ops = &ops, .lr_count = lr_count, .version = GIC_V2, .intid_count = 288};
}

static inline uint32_t fake_running_priority(const struct fake_cpu *cpu)
{
    return cpu->depth == 0 ? FAKE_IDLE_PRIORITY : cpu->running[cpu->depth - 1].priority;
}

/** GICV_HPPIR, priority mask open: @return index of the list register that is signalled, or -1. */
static inline int fake_signalled(const struct fake_cpu *cpu)
{
    int best = -1;

    for (unsigned i = 0; i < host_gic.lr_count; i++) {
        struct gic_lr lr = fake_decode(cpu->lr[i]);
        if ((cpu->groups >> lr.group1 & 1) == 0 || lr.state != GIC_LR_PENDING ||
            lr.priority >= fake_running_priority(cpu))
            continue;
        struct gic_lr other = best < 0 ? (struct gic_lr){0} : fake_decode(cpu->lr[best]);
        if (best < 0 || lr.priority < other.priority ||
            (lr.priority == other.priority && lr.virtual_intid < other.virtual_intid))
            best = (int)i;
    }
    return best;
}

static inline void fake_set_state(struct fake_cpu *cpu, unsigned index, enum gic_lr_state state)
{
    cpu->lr[index] = (cpu->lr[index] & ~3ULL) | (uint64_t)state;
}

/** GICV_IAR. @return INTID, with an SGI's source in bits 12:10, or 1023. */
static inline uint32_t fake_acknowledge(struct fake_cpu *cpu)
{
    int index = fake_signalled(cpu);

    if (index < 0)
        return GIC_SPURIOUS;
    struct gic_lr lr = fake_decode(cpu->lr[index]);
    require(cpu->depth < FAKE_DEPTH, "too deep");
    uint32_t value = lr.virtual_intid | (lr.hardware ? 0 : (uint32_t)lr.source << 10);
    cpu->running[cpu->depth++] = (struct fake_running){.intid = value, .priority = lr.priority};
    fake_set_state(cpu, (unsigned)index, GIC_LR_ACTIVE);
    return value;
}

/** GICV_DIR, and the second half of GICV_EOIR in mode 0. @param value  as acknowledged: an SGI of another source is
 * another interrupt */
static inline void fake_deactivate(struct fake_cpu *cpu, uint32_t value)
{
    for (unsigned i = 0; i < host_gic.lr_count; i++) {
        struct gic_lr lr = fake_decode(cpu->lr[i]);
        uint32_t source = lr.hardware ? 0 : lr.source;
        if ((lr.virtual_intid | source << 10) != value || (lr.state & GIC_LR_ACTIVE) == 0)
            continue;
        fake_set_state(cpu, i, lr.state == GIC_LR_PENDING_ACTIVE ? GIC_LR_PENDING : GIC_LR_INVALID);
        if (lr.hardware && lr.physical_intid >= 32) {
            require(fake_spi(lr.physical_intid)->active, "deactivates SPI %u, which is not active", lr.physical_intid);
            fake_spi(lr.physical_intid)->active = false;
        } else if (lr.hardware) {
            require((cpu->physical_active >> lr.physical_intid & 1) != 0,
                    "deactivates physical interrupt %u, which is not active", lr.physical_intid);
            cpu->physical_active &= ~(1u << lr.physical_intid);
        }
        return;
    }
}

/** GICV_EOIR of what was acknowledged last, @p intid. */
static inline void fake_end(struct fake_cpu *cpu, uint32_t intid)
{
    require(cpu->depth > 0, "ends nothing");
    cpu->depth--;
    require((cpu->running[cpu->depth].intid & 0x3ff) == intid, "ends another than it runs");
    if (!cpu->eoi_mode)
        fake_deactivate(cpu, cpu->running[cpu->depth].intid);
}

/** GICH_MISR: some list register ended, and says so until it is written; or a group is on, or off, that is watched for.
 */
static inline bool fake_maintenance(const struct fake_cpu *cpu)
{
    uint32_t watched = ((cpu->groups & 1) != 0 ? GIC_HCR_VGRP0EIE : GIC_HCR_VGRP0DIE) |
                       ((cpu->groups & 2) != 0 ? GIC_HCR_VGRP1EIE : GIC_HCR_VGRP1DIE);
    if ((cpu->hcr & (watched | 0xe /* UIE, LRENPIE, NPIE */)) != 0)
        return true;
    for (unsigned i = 0; i < host_gic.lr_count; i++) {
        struct gic_lr lr = fake_decode(cpu->lr[i]);
        if (lr.state == GIC_LR_INVALID && lr.eoi_maintenance)
            return true;
    }
    return false;
}

static inline struct gic_lr fake_lr(unsigned cpu, unsigned index)
{
    return fake_decode(fake.cpus[cpu].lr[index]);
}

/** @return the list register of @p cpu that holds @p intid, or -1. */
static inline int fake_find(unsigned cpu, uint32_t intid)
{
    for (unsigned i = 0; i < host_gic.lr_count; i++)
        if (fake_lr(cpu, i).state != GIC_LR_INVALID && fake_lr(cpu, i).virtual_intid == intid)
            return (int)i;
    return -1;
}

#endif
