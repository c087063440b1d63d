/* A plain model of what the guest of a GICv2 may observe, and steps that both it and the vGIC take: distributor
 * accesses of every register, lines, timer interrupts, acknowledges and ends, on 1 to 8 vCPUs with 1 to 16 list
 * registers. After every step the model and the guest must agree on the interrupt that is signalled, and on every
 * register read.
 *
 * Who includes it says where the choices come from: random numbers, or a fuzzer's bytes; and which steps are taken. */
#ifndef BULKHEAD_TESTS_VGIC_MODEL_H
#define BULKHEAD_TESTS_VGIC_MODEL_H

#include <stdio.h>
#include <stdlib.h>

#include "unit/emul/vgic_system.h"

#define SPIS 64
#define INTIDS (32 + SPIS)
#define NOBODY 0xff

/* ---- The model: states, and rules in the manual's words. No list registers. */

struct model_irq {
    bool enabled, edge, latch, line, active, group1;
    uint8_t sources; /* SGI: pending from these vCPUs */
    uint8_t priority, targets;
    uint8_t active_source; /* SGI: of the one that is active */
    uint8_t active_on;     /* vCPU that acknowledged it; NOBODY: made active by ISACTIVER */
};

static struct model {
    unsigned vcpus;
    uint8_t groups;
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

static void model_reset(unsigned vcpus, bool eoi_mode)
{
    memset(&model, 0, sizeof(model));
    model.vcpus = vcpus;
    model.eoi_mode = eoi_mode;
    for (unsigned v = 0; v < vcpus; v++) {
        model.signalled_groups[v] = 3;
        for (unsigned i = 0; i < 16; i++)
            model.private[v][i] = (struct model_irq){.enabled = true, .edge = true};
    }
    for (unsigned i = 0; i < SPIS; i++)
        model.shared[i].targets = 1;
}

/** Whether @p intid may be signalled to @p v, priority aside. */
static bool model_offered(unsigned v, uint32_t intid)
{
    const struct model_irq *irq = model_irq(v, intid);

    if (!model_pending(irq, intid) || irq->active || !irq->enabled || (model.groups >> irq->group1 & 1) == 0)
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
        if (model_offered(v, intid) && (model.signalled_groups[v] >> model_irq(v, intid)->group1 & 1) != 0 &&
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
    if (intid >= 16)
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
}

static void unpend(unsigned v, uint32_t intid, uint32_t value)
{
    if (intid >= 16)
        model_irq(v, intid)->latch &= !value;
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
    if (intid >= 32)
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

/* ---- Random steps */

static uint64_t seed_now;
static unsigned step_now, step_limit;
static bool verbose;

/** The next choice: 0 .. below - 1. May lower step_limit where there is nothing left to choose by. */
static uint32_t rnd(uint32_t below);
/** A step begins. @return false: none is left */
static bool next_step(void);

/** Few interrupts, so that they meet; all kinds. */
static uint32_t some_intid(void)
{
    static const uint32_t some[] = {0, 1, 2, 15, 16, 27, 27, 27, 30, 32, 33, 34, 35, 36, 40, 63, 64, 65, 95};
    return some[rnd(ARRAY_SIZE(some))];
}

static uint32_t sparse(void)
{
    switch (rnd(4)) {
    case 0:
        return 0;
    case 1:
        return 1u << rnd(32);
    case 2:
        return 1u << rnd(32) | 1u << rnd(32) | 0x08000000;
    default:
        return rnd(UINT32_MAX) ^ rnd(UINT32_MAX) << 8;
    }
}

static bool is_running(uint32_t intid)
{
    for (unsigned v = 0; v < model.vcpus; v++) {
        for (unsigned i = 0; i < model.depth[v]; i++)
            if ((model.running[v][i].intid & 0x3ff) == intid)
                return true;
        for (unsigned i = 0; i < model.dropped_count[v]; i++)
            if ((model.dropped[v][i] & 0x3ff) == intid)
                return true;
    }
    return false;
}

static void step_register(unsigned v)
{
    const struct model_register *reg = &model_registers[rnd(ARRAY_SIZE(model_registers))];
    bool sgi = reg->base == CPENDSGIR || reg->base == SPENDSGIR;
    uint32_t intid = sgi ? rnd(16) : some_intid();
    unsigned size = reg->bits == 8 && rnd(2) != 0 ? 1 : 4;
    uint32_t offset = (intid * reg->bits / 8) & ~(size - 1);
    uint32_t first = offset * 8 / reg->bits;
    uint32_t count = size * 8 / reg->bits;
    uint32_t mask = (1u << reg->bits) - 1;
    uint32_t value = sparse();

    if (rnd(3) == 0) {
        uint32_t expected = 0;
        for (uint32_t i = 0; i < count && first + i < INTIDS; i++)
            expected |= reg->get(v, first + i) << i * reg->bits;
        /* What another vCPU acknowledged shows after its next exit, which the first read brings about. */
        access_raw(v, reg->base + offset, size, false, 0);
        uint64_t found = access_raw(v, reg->base + offset, size, false, 0);
        require(found == expected, "seed %llu step %u: vCPU %u reads %#x at %#x, expected %#x",
                (unsigned long long)seed_now, step_now, v, (unsigned)found, reg->base + offset, expected);
        return;
    }
    /* An interrupt that some handler runs for, made active again behind its back, is ended twice: UNPREDICTABLE. */
    for (uint32_t i = 0; reg->base == ISACTIVER && i < 32; i++)
        if (is_running(first + i) || rnd(8) != 0)
            value &= ~(1u << i);
    if (verbose)
        fprintf(stderr, "%u: vCPU %u writes %#x/%u = %#x\n", step_now, v, reg->base + offset, size, value);
    for (uint32_t i = 0; i < count && first + i < INTIDS; i++)
        reg->set(v, first + i, value >> i * reg->bits & mask);
    access_raw(v, reg->base + offset, size, true, value);
}

static void step_control(unsigned v)
{
    model.groups = rnd(4) == 0 ? (uint8_t)rnd(4) : 3;
    if (verbose)
        fprintf(stderr, "%u: CTLR = %u\n", step_now, model.groups);
    write32(v, CTLR, model.groups);
    require(read32(v, CTLR) == model.groups, "CTLR");
}

/** The guest turns a group on or off in its CPU interface; nobody sees. */
static void step_interface(unsigned v)
{
    model.signalled_groups[v] = rnd(3) == 0 ? rnd(4) : 3;
    if (verbose)
        fprintf(stderr, "%u: vCPU %u signals groups %u\n", step_now, v, model.signalled_groups[v]);
    fake.cpus[v].groups = model.signalled_groups[v];
    settle_all();
}

static void step_send(unsigned v)
{
    uint32_t intid = rnd(4), filter = rnd(4), list = rnd(256);
    uint32_t all = (1u << model.vcpus) - 1;
    uint32_t targets = filter == 0 ? list : filter == 1 ? ~(1u << v) : filter == 2 ? 1u << v : 0;

    if (verbose)
        fprintf(stderr, "%u: vCPU %u sends SGI %u to %#x\n", step_now, v, intid, targets & all);
    for (unsigned target = 0; target < model.vcpus; target++)
        if (((targets & all) >> target & 1) != 0)
            model_irq(target, intid)->sources |= (uint8_t)(1u << v);
    write32(v, SGIR, filter << 24 | list << 16 | intid);
}

static void step_line(unsigned v)
{
    uint32_t intid = 32 + rnd(SPIS);
    bool level = rnd(2);
    struct model_irq *irq;

    (void)v;
    if (rnd(4) != 0)
        intid = 32 + rnd(6);
    irq = model_irq(0, intid);
    if (verbose)
        fprintf(stderr, "%u: line %u = %d\n", step_now, intid, level);
    if (irq->edge && level && !irq->line)
        irq->latch = true;
    irq->line = level;
    set_line(intid, level);
}

static void step_timer(unsigned v)
{
    struct model_irq *irq = model_irq(v, TIMER);

    irq->line = !irq->line;
    if (verbose)
        fprintf(stderr, "%u: vCPU %u timer = %d\n", step_now, v, irq->line);
    set_physical(v, TIMER, irq->line);
    if (!irq->line)
        bounce(v); /* a line that drops is noticed at the next exit */
}

static bool all_lrs_active(unsigned v)
{
    for (unsigned i = 0; i < hypervisor.gic.lr_count; i++)
        if ((fake_lr(v, i).state & GIC_LR_ACTIVE) == 0)
            return false;
    return true;
}

static void step_acknowledge(unsigned v)
{
    uint32_t expected = model_signalled(v);

    if (model.depth[v] == FAKE_DEPTH || model.dropped_count[v] + model.depth[v] >= FAKE_DEPTH)
        return;
    uint32_t value = acknowledge(v);
    uint32_t intid = value & 0x3ff, source = value >> 10 & 7;
    if (verbose)
        fprintf(stderr, "%u: vCPU %u acknowledges %u from %u, expected %u\n", step_now, v, intid, source, expected);
    if (intid == GIC_SPURIOUS && expected != GIC_SPURIOUS && all_lrs_active(v))
        return; /* the one thing that list registers cannot do */
    require(intid == expected, "seed %llu step %u: vCPU %u acknowledges %u, expected %u", (unsigned long long)seed_now,
            step_now, v, intid, expected);
    if (intid == GIC_SPURIOUS)
        return;
    if (intid < 16)
        require((model_irq(v, intid)->sources >> source & 1) != 0, "SGI %u from %u, who sent none", intid, source);
    model_acknowledge(v, intid, source);
}

static void step_end(unsigned v)
{
    if (model.depth[v] == 0)
        return;
    uint32_t value = model.running[v][--model.depth[v]].intid;
    if (verbose)
        fprintf(stderr, "%u: vCPU %u ends %#x\n", step_now, v, value);
    if (model.eoi_mode)
        model.dropped[v][model.dropped_count[v]++] = value;
    else
        model_deactivate(v, value);
    end(v, value & 0x3ff);
}

static void step_deactivate(unsigned v)
{
    if (model.dropped_count[v] == 0)
        return;
    unsigned which = rnd(model.dropped_count[v]);
    uint32_t value = model.dropped[v][which];
    if (verbose)
        fprintf(stderr, "%u: vCPU %u deactivates %#x\n", step_now, v, value);
    model.dropped[v][which] = model.dropped[v][--model.dropped_count[v]];
    model_deactivate(v, value);
    deactivate(v, value);
}

/** The vCPU leaves its CPU and comes back; another one's state was there meanwhile. */
static void step_switch(unsigned v)
{
    exit_guest(v);
    vgic_put(&sys.vcpus[v]);
    for (unsigned i = 0; i < hypervisor.gic.lr_count; i++)
        require(fake_lr(v, i).state == GIC_LR_INVALID, "list register %u stays behind", i);
    vgic_load(&sys.vcpus[v]);
    enter_guest(v);
    settle_all();
}

static void step(void)
{
    static void (*const steps[])(unsigned v) = {
        step_register, step_register, step_register,   step_register,   step_send,        step_line,
        step_line,     step_timer,    step_timer,      step_end,        step_acknowledge, step_acknowledge,
        step_end,      step_end,      step_deactivate, step_deactivate, step_switch,      step_interface,
    };
    unsigned v = rnd(model.vcpus);

    if (rnd(40) == 0)
        step_control(v);
    else
        steps[rnd(ARRAY_SIZE(steps))](v);
}

static void enable_all(void)
{
    model.groups = 3;
    write32(0, CTLR, 3);
    for (unsigned v = 0; v < model.vcpus; v++)
        model.signalled_groups[v] = fake.cpus[v].groups = 3;
    settle_all();
    for (unsigned v = 0; v < model.vcpus; v++)
        for (uint32_t intid = 0; intid < INTIDS; intid += 32) {
            for (uint32_t i = 0; i < 32; i++)
                model_irq(v, intid + i)->enabled = true;
            write32(v, ISENABLER + intid / 8, UINT32_MAX);
        }
}

/** At the end all is acknowledged and ended: nothing is lost, and what remains is what the model says. */
static void drain(void)
{
    for (unsigned v = 0; v < model.vcpus; v++)
        for (unsigned i = 0; i < 4 * INTIDS; i++) {
            step_now++;
            while (model.depth[v] != 0)
                step_end(v);
            while (model.dropped_count[v] != 0)
                step_deactivate(v);
            if (model_signalled(v) == GIC_SPURIOUS)
                break;
            uint32_t intid = model_signalled(v);
            struct model_irq *irq = model_irq(v, intid);
            step_acknowledge(v);
            if (intid >= 32 && irq->line) { /* its device is served */
                irq->line = false;
                set_line(intid, false);
            } else if (irq->line) {
                step_timer(v);
            }
        }
    for (unsigned v = 0; v < model.vcpus; v++)
        step_acknowledge(v);
}

/** A whole sequence of at most @p steps, from a fresh system to one in which nothing is left to do. */
static void run_steps(unsigned steps)
{
    static const unsigned lr_counts[] = {1, 2, 4, 4, 4, 16};
    static const unsigned vcpu_counts[] = {1, 1, 2, 3, 8};

    unsigned vcpus = vcpu_counts[rnd(ARRAY_SIZE(vcpu_counts))];
    unsigned lrs = lr_counts[rnd(ARRAY_SIZE(lr_counts))];
    bool eoi_mode = rnd(3) == 0;
    if (verbose)
        fprintf(stderr, "%u vCPUs, %u list registers, EOImode %d\n", vcpus, lrs, eoi_mode);
    setup_system(vcpus, SPIS, lrs);
    model_reset(vcpus, eoi_mode);
    for (unsigned v = 0; v < vcpus; v++)
        fake.cpus[v].eoi_mode = eoi_mode;
    step_now = 0;
    step_limit = steps;
    if (rnd(8) != 0)
        enable_all();
    for (step_now = 1; step_now < step_limit && next_step(); step_now++)
        step();
    /* What was made active by hand never ends by itself. */
    for (unsigned v = 0; v < vcpus; v++)
        for (uint32_t intid = 0; intid < INTIDS; intid += 32) {
            for (uint32_t i = 0; i < 32; i++)
                model_irq(v, intid + i)->active = false;
            write32(v, ICACTIVER + intid / 8, UINT32_MAX);
        }
    enable_all();
    drain();
}

#endif
