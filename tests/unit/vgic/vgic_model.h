/* SPDX-License-Identifier: Apache-2.0 */
/* A plain model of what the guest of a GICv2 or GICv3 may observe: states and rules in the manuals' words, without list
 * registers. vgic_steps.h has the steps that both it and the vGIC take. */
#ifndef BULKHEAD_TESTS_VGIC_MODEL_H
#define BULKHEAD_TESTS_VGIC_MODEL_H

#include "unit/vgic/vgic_system.h"

#define SPIS 64
#define INTIDS (32 + SPIS)
#define NOBODY 0xff

struct model_irq {
    bool enabled, edge, latch, line, active, group1;
    bool linked;     /* its line is that of a device of the host's */
    uint8_t sources; /* SGI: pending from these vCPUs; GICv3: bit 0 for all */
    uint8_t priority, targets;
    uint8_t active_source; /* SGI: of the one that is active */
    uint8_t active_on;     /* vCPU that acknowledged it; NOBODY: made active by ISACTIVER */
    uint32_t route;        /* GICv3: IROUTER, of which targets follows */
};

static struct model {
    bool v3;
    unsigned vcpus;
    uint8_t groups;
    bool one_group;                       /* GICv3: group 0 was never enabled */
    uint32_t signalled_groups[FAKE_CPUS]; /* GICC_CTLR */
    bool eoi_mode;
    struct model_irq private[FAKE_CPUS][32];
    struct model_irq shared[SPIS];
    struct fake_running running[FAKE_CPUS][FAKE_DEPTH];
    unsigned depth[FAKE_CPUS];
    uint32_t dropped[FAKE_CPUS][FAKE_DEPTH]; /* EOImode 1: ended, not yet deactivated */
    unsigned dropped_count[FAKE_CPUS];
} model;

static struct model_irq *model_irq(unsigned v, uint32_t intid)
{
    return intid < 32 ? &model.private[v][intid] : &model.shared[intid - 32];
}

static bool model_pending(const struct model_irq *irq, uint32_t intid)
{
    return intid < 16 ? irq->sources != 0 : irq->latch || (irq->line && !irq->edge);
}

static void model_reset(bool v3, unsigned vcpus, bool eoi_mode)
{
    memset(&model, 0, sizeof(model));
    model.v3 = model.one_group = v3;
    model.vcpus = vcpus;
    model.eoi_mode = eoi_mode;
    for (unsigned v = 0; v < vcpus; v++) {
        model.signalled_groups[v] = 3;
        for (unsigned i = 0; i < 32; i++)
            model.private[v][i] = (struct model_irq){.enabled = i < 16, .edge = i < 16, .group1 = v3};
    }
    for (unsigned i = 0; i < SPIS; i++)
        model.shared[i] = (struct model_irq){.targets = 1, .group1 = v3};
}

static unsigned model_group(const struct model_irq *irq)
{
    return irq->group1 || model.one_group;
}

static void model_control(uint8_t groups)
{
    model.groups = groups;
    model.one_group = model.one_group && (groups & 1) == 0;
}

/** Whether @p intid may be signalled to @p v, priority aside. */
static bool model_offered(unsigned v, uint32_t intid)
{
    const struct model_irq *irq = model_irq(v, intid);

    if (!model_pending(irq, intid) || irq->active || !irq->enabled || (model.groups >> model_group(irq) & 1) == 0)
        return false;
    /* Of several targets this distributor chooses the first. */
    return intid < 32 || (irq->targets != 0 && __builtin_ctz(irq->targets) == (int)v);
}

/** @return the INTID signalled to @p v, or 1023. */
static uint32_t model_signalled(unsigned v)
{
    uint32_t best = GIC_SPURIOUS;
    uint32_t limit = model.depth[v] == 0 ? FAKE_IDLE_PRIORITY : model.running[v][model.depth[v] - 1].priority;

    for (uint32_t intid = 0; intid < INTIDS; intid++)
        if (model_offered(v, intid) && (model.signalled_groups[v] >> model_group(model_irq(v, intid)) & 1) != 0 &&
            model_irq(v, intid)->priority < limit) {
            best = intid;
            limit = model_irq(v, intid)->priority;
        }
    return best;
}

static void model_acknowledge(unsigned v, uint32_t intid, unsigned source)
{
    struct model_irq *irq = model_irq(v, intid);

    irq->active = true;
    irq->active_on = (uint8_t)v;
    irq->active_source = (uint8_t)source;
    irq->latch = false;
    irq->sources &= (uint8_t) ~(1u << source);
    model.running[v][model.depth[v]++] =
        (struct fake_running){.intid = source << 10 | intid, .priority = irq->priority};
}

/** @param value  as acknowledged */
static void model_deactivate(unsigned v, uint32_t value)
{
    struct model_irq *irq = model_irq(v, value & 0x3ff);

    if (irq->active_on == v && irq->active_source == value >> 10)
        irq->active = false;
}

/* ---- Registers of the model */

struct model_register {
    uint32_t base;
    unsigned bits;
    uint32_t (*get)(unsigned v, uint32_t intid);
    void (*set)(unsigned v, uint32_t intid, uint32_t value);
};

static uint32_t get_group(unsigned v, uint32_t intid)
{
    return model_irq(v, intid)->group1;
}

static void set_group(unsigned v, uint32_t intid, uint32_t value)
{
    model_irq(v, intid)->group1 = value;
}

static uint32_t get_enabled(unsigned v, uint32_t intid)
{
    return model_irq(v, intid)->enabled;
}

static void enable_one(unsigned v, uint32_t intid, uint32_t value)
{
    model_irq(v, intid)->enabled |= value;
}

static void disable_one(unsigned v, uint32_t intid, uint32_t value)
{
    if (intid >= 16 || model.v3)
        model_irq(v, intid)->enabled &= !value;
}

static uint32_t get_pending(unsigned v, uint32_t intid)
{
    return model_pending(model_irq(v, intid), intid);
}

static void pend(unsigned v, uint32_t intid, uint32_t value)
{
    if (intid >= 16)
        model_irq(v, intid)->latch |= value;
    else if (model.v3)
        model_irq(v, intid)->sources |= value;
}

static void unpend(unsigned v, uint32_t intid, uint32_t value)
{
    if (intid >= 16)
        model_irq(v, intid)->latch &= !value;
    else if (model.v3)
        model_irq(v, intid)->sources &= !value;
}

static uint32_t get_active(unsigned v, uint32_t intid)
{
    return model_irq(v, intid)->active;
}

static void activate_one(unsigned v, uint32_t intid, uint32_t value)
{
    struct model_irq *irq = model_irq(v, intid);

    if (value == 0 || irq->active)
        return;
    irq->active = true;
    irq->active_on = NOBODY;
}

static void deactivate_one(unsigned v, uint32_t intid, uint32_t value)
{
    model_irq(v, intid)->active &= !value;
}

static uint32_t get_priority(unsigned v, uint32_t intid)
{
    return model_irq(v, intid)->priority;
}

static void set_priority(unsigned v, uint32_t intid, uint32_t value)
{
    model_irq(v, intid)->priority = value & 0xf8;
}

static uint32_t get_targets(unsigned v, uint32_t intid)
{
    return intid < 32 ? 1u << v : model_irq(v, intid)->targets;
}

static void set_targets(unsigned v, uint32_t intid, uint32_t value)
{
    if (intid >= 32)
        model_irq(v, intid)->targets = value & ((1u << model.vcpus) - 1);
}

static uint32_t get_config(unsigned v, uint32_t intid)
{
    return model_irq(v, intid)->edge ? 2 : 0;
}

static void set_config(unsigned v, uint32_t intid, uint32_t value)
{
    if (intid >= 32 && !model_irq(v, intid)->linked)
        model_irq(v, intid)->edge = value >> 1 & 1;
}

static uint32_t get_sources(unsigned v, uint32_t intid)
{
    return model_irq(v, intid)->sources;
}

static void add_sources(unsigned v, uint32_t intid, uint32_t value)
{
    model_irq(v, intid)->sources |= value & ((1u << model.vcpus) - 1);
}

static void remove_sources(unsigned v, uint32_t intid, uint32_t value)
{
    model_irq(v, intid)->sources &= ~value;
}

static const struct model_register model_registers[] = {
    {IGROUPR, 1, get_group, set_group},          {ISENABLER, 1, get_enabled, enable_one},
    {ICENABLER, 1, get_enabled, disable_one},    {ISPENDR, 1, get_pending, pend},
    {ICPENDR, 1, get_pending, unpend},           {ISACTIVER, 1, get_active, activate_one},
    {ICACTIVER, 1, get_active, deactivate_one},  {IPRIORITYR, 8, get_priority, set_priority},
    {ITARGETSR, 8, get_targets, set_targets},    {ICFGR, 2, get_config, set_config},
    {CPENDSGIR, 8, get_sources, remove_sources}, {SPENDSGIR, 8, get_sources, add_sources},
};

#endif
