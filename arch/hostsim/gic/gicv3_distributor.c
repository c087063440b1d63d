// SPDX-License-Identifier: Apache-2.0
/* GICv3: the distributor's frame (IHI 0069 12.9). */
#include "hostsim/gic/gicv3_model.h"

#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_IROUTER 0x6000
#define GICD_PIDR2 0xffe8

#define ROUTE_ANY (1ULL << 31)
#define ROUTE_IMPLEMENTED 0xff80ffffffULL

static uint32_t read_control(const struct gicv3 *gic)
{
    uint32_t rwp = gic->machine->now < gic->writes_settle ? GIC_RWP_DISTRIBUTOR : 0;
    return gic->control | rwp | (gic->security ? 0 : GICD_DISABLE_SECURITY);
}

static uint32_t read_type(const struct gicv3 *gic)
{
    uint32_t id_bits = 10, affinity3 = 1u << 24, no_1_of_n = 1u << 25;
    return ((gic->intids + 31) / 32 - 1) | (gic->security ? 1u << 10 : 0) | (id_bits - 1) << 19 | affinity3 | no_1_of_n;
}

/* 12.9.4. In the Non-secure view EnableGrp1 (bit 0) is reserved once affinity routing is on. */
static void write_control(struct gicv3 *gic, uint32_t value)
{
    uint32_t writable = GICD_ENABLE_GROUP1 | GICD_ARE | (gic->security ? 0 : GICD_ENABLE_GROUP0);
    uint32_t ignored = GIC_RWP_DISTRIBUTOR | GICD_ENABLE_GROUP0 | (gic->security ? 0 : GICD_DISABLE_SECURITY);
    uint32_t before = gic->control;
    if ((value & ~(writable | ignored)) != 0)
        sim_fail("GICD_CTLR = %#x: reserved bits", value);
    if ((before & GICD_ARE) != 0 && (value & GICD_ARE) == 0)
        sim_fail("GICD_CTLR = %#x: affinity routing turned off (IHI 0069 12.9.4: unpredictable)", value);
    if ((value & GICD_ARE) == 0 && (value & (GICD_ENABLE_GROUP0 | GICD_ENABLE_GROUP1)) != 0)
        sim_fail("GICD_CTLR = %#x: a group enabled with affinity routing off: the model has no legacy operation",
                 value);
    gic->control = value & writable;
    if (before == gic->control)
        return;
    gicv3_write_begins(gic, &gic->writes_settle);
    if ((before & ~gic->control & GICD_ENABLE_GROUP1) != 0)
        gic->groups_until = gic->writes_settle;
    if ((gic->control & ~before & GICD_ARE) != 0)
        gic->routing_until = gic->writes_settle;
}

static struct gicv3_interrupt *routed(struct gicv3 *gic, uint64_t offset, unsigned size)
{
    unsigned intid = (unsigned)(offset - GICD_IROUTER) / 8;
    if (offset < GICD_IROUTER || intid < GIC_PRIVATE || intid >= gic->intids || size < 4)
        return NULL;
    gicv3_check_routing(gic, "GICD", "IROUTER");
    struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, NULL, intid);
    return !gic->security || interrupt->group1 ? interrupt : NULL;
}

static void write_route(struct gicv3_interrupt *interrupt, uint64_t offset, unsigned size, uint64_t value)
{
    uint64_t route = value;
    if (size == 4)
        route = (offset & 4) != 0 ? value << 32 | (uint32_t)interrupt->route
                                  : (interrupt->route & ~0xffffffffULL) | (uint32_t)value;
    if ((route & ROUTE_ANY) != 0)
        sim_fail("GICD_IROUTER = %#llx: to any CPU, which GICD_TYPER.No1N denies", (unsigned long long)route);
    if ((route & ~ROUTE_IMPLEMENTED) != 0)
        sim_fail("GICD_IROUTER = %#llx: reserved bits", (unsigned long long)route);
    interrupt->route = route;
}

static uint64_t read_single(const struct gicv3 *gic, uint64_t offset)
{
    switch (offset) {
    case GICD_CTLR:
        return read_control(gic);
    case GICD_TYPER:
        return read_type(gic);
    case GICD_IIDR:
        return GIC_IIDR;
    case GICD_PIDR2:
        return 0x3b; /* architecture version 3 */
    default:
        return 0; /* reserved */
    }
}

bool gicv3_distributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gicv3 *gic = context;
    (void)cpu;
    if (gicv3_field_read(gic, NULL, offset, size, value))
        return true;
    const struct gicv3_interrupt *interrupt = routed(gic, offset, size);
    if (interrupt != NULL)
        *value = size == 4 ? (uint32_t)(interrupt->route >> (offset & 4) * 8) : interrupt->route;
    else if (size == 4)
        *value = read_single(gic, offset);
    return interrupt != NULL || size == 4;
}

bool gicv3_distributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv3 *gic = context;
    (void)cpu;
    if (gicv3_field_write(gic, NULL, offset, size, value))
        return true;
    struct gicv3_interrupt *interrupt = routed(gic, offset, size);
    if (interrupt != NULL)
        write_route(interrupt, offset, size, value);
    else if (size == 4 && offset == GICD_CTLR)
        write_control(gic, (uint32_t)value);
    else if (size == 4)
        sim_fail("GICD + %#x written: no register that can be, with affinity routing", (unsigned)offset);
    else
        return false;
    gicv3_changed(gic);
    return true;
}
