// SPDX-License-Identifier: Apache-2.0
/* GICv3: the redistributors' frames (IHI 0069 12.10, 12.11). A CPU may reach every CPU's. */
#include "hostsim/gic/gicv3_model.h"

#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_STATUSR 0x0010
#define GICR_WAKER 0x0014
#define GICR_PIDR2 0xffe8

#define WAKER_PROCESSOR_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)
#define TYPER_LAST (1u << 4)

static bool children_asleep(const struct gicv3 *gic, const struct gicv3_redistributor *redistributor)
{
    return gic->machine->now < redistributor->sleep_settles ? !redistributor->sleep : redistributor->sleep;
}

bool gicv3_is_awake(const struct gicv3 *gic, const struct sim_cpu *cpu)
{
    const struct gicv3_redistributor *redistributor = &gic->redistributors[cpu->index];
    return redistributor->present && !redistributor->sleep && !children_asleep(gic, redistributor);
}

/* The CPU in whose frames @p offset lies, which is then relative to its first one; NULL: nothing is there. */
static struct sim_cpu *owner(const struct gicv3_region *region, uint64_t *offset)
{
    uint64_t index = *offset / region->stride;
    *offset %= region->stride;
    if (index >= region->count || *offset >= 2 * GIC_FRAME)
        return NULL;
    return &region->gic->machine->cpus[region->first + index];
}

static uint64_t read_type(const struct gicv3 *gic, const struct sim_cpu *cpu)
{
    uint64_t affinity = gicv3_affinity(cpu);
    affinity = (affinity >> 32 << 24) | (affinity & 0xffffff);
    return affinity << 32 | (uint64_t)cpu->index << 8 | (gic->redistributors[cpu->index].last ? TYPER_LAST : 0);
}

/* The Secure world's alone where there are two (12.11.42). */
static uint32_t read_waker(const struct gicv3 *gic, const struct gicv3_redistributor *redistributor)
{
    if (gic->security)
        return 0;
    return (redistributor->sleep ? WAKER_PROCESSOR_SLEEP : 0) |
           (children_asleep(gic, redistributor) ? WAKER_CHILDREN_ASLEEP : 0);
}

static void write_waker(struct gicv3 *gic, const struct sim_cpu *cpu, uint32_t value)
{
    struct gicv3_redistributor *redistributor = &gic->redistributors[cpu->index];
    bool sleep = (value & WAKER_PROCESSOR_SLEEP) != 0;
    if (gic->security || sleep == redistributor->sleep)
        return;
    if (children_asleep(gic, redistributor) != redistributor->sleep)
        sim_fail(
            "GICR_WAKER.ProcessorSleep changed before ChildrenAsleep followed the last change (IHI 0069 12.11.42)");
    if (sleep && gic->interfaces[cpu->index].enable_group1)
        sim_fail("GICR_WAKER.ProcessorSleep set with ICC_IGRPEN1_EL1 enabled (IHI 0069 12.11.42: unpredictable)");
    redistributor->sleep = sleep;
    gicv3_wake_begins(gic, &redistributor->sleep_settles);
}

static uint64_t read_single(const struct gicv3 *gic, const struct sim_cpu *cpu, uint64_t offset)
{
    const struct gicv3_redistributor *redistributor = &gic->redistributors[cpu->index];
    switch (offset) {
    case GICR_CTLR:
        return gic->machine->now < redistributor->writes_settle ? GIC_RWP_REDISTRIBUTOR : 0;
    case GICR_IIDR:
        return GIC_IIDR;
    case GICR_TYPER:
        return (uint32_t)read_type(gic, cpu);
    case GICR_TYPER + 4:
        return read_type(gic, cpu) >> 32;
    case GICR_WAKER:
        return read_waker(gic, redistributor);
    case GICR_PIDR2:
        return 0x3b;
    default:
        return 0; /* reserved */
    }
}

bool gicv3_redistributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gicv3_region *region = context;
    struct sim_cpu *target = owner(region, &offset);
    (void)cpu;
    if (target == NULL)
        return false;
    if (offset >= GIC_FRAME)
        return gicv3_field_read(region->gic, target, offset - GIC_FRAME, size, value) || size == 4;
    if (size == 8 && offset == GICR_TYPER)
        *value = read_type(region->gic, target);
    else if (size == 4)
        *value = read_single(region->gic, target, offset);
    else
        return false;
    return true;
}

bool gicv3_redistributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv3_region *region = context;
    struct sim_cpu *target = owner(region, &offset);
    (void)cpu;
    if (target == NULL)
        return false;
    if (offset >= GIC_FRAME && gicv3_field_write(region->gic, target, offset - GIC_FRAME, size, value))
        return true;
    if (size != 4)
        return false;
    if (offset == GICR_WAKER)
        write_waker(region->gic, target, (uint32_t)value);
    else if (offset != GICR_CTLR || value != 0) /* no LPIs to enable, nothing of 1 of N to decide */
        sim_fail("GICR + %#x = %#llx: no register that can be written so", (unsigned)offset, (unsigned long long)value);
    gicv3_changed(region->gic);
    return true;
}
