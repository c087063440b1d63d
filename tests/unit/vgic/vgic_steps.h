/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that both the model and the vGIC take: accesses of every register, lines, timer interrupts, acknowledges and
 * ends, on 1 to 8 vCPUs with 1 to 16 list registers. After every step the model and the guest must agree on the
 * interrupt that is signalled, and on every register read.
 *
 * Who includes it says where the choices come from: random numbers, or a fuzzer's bytes; and which steps are taken. */
#ifndef BULKHEAD_TESTS_VGIC_STEPS_H
#define BULKHEAD_TESTS_VGIC_STEPS_H

#include <stdio.h>
#include <stdlib.h>

#include "unit/vgic/vgic_model.h"

#define V3_CTLR_FIXED 0x50u /* affinity routing, one security state */
#define SGI_ALL_BUT_SELF (1ULL << 40)

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

/** Of a GICv3, one that it has. */
static const struct model_register *some_register(void)
{
    static const uint8_t v3[] = {0, 1, 2, 3, 4, 5, 6, 7, 9}; /* without targets and sources */

    return &model_registers[model.v3 ? v3[rnd(ARRAY_SIZE(v3))] : rnd(ARRAY_SIZE(model_registers))];
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

/** An access of the array of @p reg: GICv3 has private interrupts in the redistributor of each vCPU, @p owner. */
static uint32_t access_array(unsigned v, unsigned owner, const struct model_register *reg, uint32_t offset,
                             unsigned size, bool write, uint32_t value)
{
    if (model.v3 && offset * 8 / reg->bits < 32)
        return (uint32_t)access_redistributor(v, owner, SGI_FRAME + reg->base + offset, size, write, value);
    return (uint32_t)access_raw(v, reg->base + offset, size, write, value);
}

/** What must be read, but for the bits of @p unknown. */
static uint32_t expected_value(unsigned v, unsigned owner, const struct model_register *reg, uint32_t first,
                               uint32_t count, uint32_t *unknown)
{
    uint32_t expected = 0;

    *unknown = 0;
    for (uint32_t i = 0; i < count && first + i < INTIDS; i++) {
        expected |= reg->get(owner, first + i) << i * reg->bits;
        /* The line of a host interrupt is its own CPU's to look at: others see it as it was when the interrupt came. */
        if (owner != v && reg->get == get_pending && first + i == TIMER)
            *unknown |= 1u << i;
    }
    return expected;
}

/** Of what makes a linked edge pending a second time one may be with the host still, one with the guest: then they do
 * not merge, which vgic_link_spi() says and the model does not know. */
static bool linked_edge_pends(const struct model_irq *irq)
{
    return irq->linked && irq->edge && irq->latch;
}

static void step_register(unsigned v)
{
    const struct model_register *reg = some_register();
    bool sgi = reg->base == CPENDSGIR || reg->base == SPENDSGIR;
    uint32_t intid = sgi ? rnd(16) : some_intid();
    unsigned owner = model.v3 && intid < 32 && rnd(2) != 0 ? rnd(model.vcpus) : v;
    unsigned size = reg->bits == 8 && rnd(2) != 0 ? 1 : 4;
    uint32_t offset = (intid * reg->bits / 8) & ~(size - 1);
    uint32_t first = offset * 8 / reg->bits;
    uint32_t count = size * 8 / reg->bits;
    uint32_t mask = (1u << reg->bits) - 1;
    uint32_t value = sparse();

    if (rnd(3) == 0) {
        uint32_t unknown;
        uint32_t expected = expected_value(v, owner, reg, first, count, &unknown);
        /* What another vCPU acknowledged shows after its next exit, which the first read brings about. */
        access_array(v, owner, reg, offset, size, false, 0);
        uint32_t found = access_array(v, owner, reg, offset, size, false, 0);
        require(((found ^ expected) & ~unknown) == 0,
                "seed %llu step %u: vCPU %u reads %#x at %#x of vCPU %u, expected %#x", (unsigned long long)seed_now,
                step_now, v, found, reg->base + offset, owner, expected);
        return;
    }
    /* An interrupt that some handler runs for, made active again behind its back, is ended twice: UNPREDICTABLE. */
    for (uint32_t i = 0; reg->base == ISACTIVER && i < 32; i++)
        if (is_running(first + i) || rnd(8) != 0)
            value &= ~(1u << i);
    for (uint32_t i = 0; reg->base == ISPENDR && i < 32 && first + i < INTIDS; i++)
        if (linked_edge_pends(model_irq(owner, first + i)))
            value &= ~(1u << i);
    if (verbose)
        fprintf(stderr, "%u: vCPU %u writes %#x/%u of vCPU %u = %#x\n", step_now, v, reg->base + offset, size, owner,
                value);
    for (uint32_t i = 0; i < count && first + i < INTIDS; i++)
        reg->set(owner, first + i, value >> i * reg->bits & mask);
    access_array(v, owner, reg, offset, size, true, value);
}

static void step_control(unsigned v)
{
    model_control(rnd(4) == 0 ? (uint8_t)rnd(4) : model.one_group && rnd(4) != 0 ? 2 : 3);
    if (verbose)
        fprintf(stderr, "%u: CTLR = %u\n", step_now, model.groups);
    write32(v, CTLR, model.groups);
    require(read32(v, CTLR) == (model.groups | (model.v3 ? V3_CTLR_FIXED : 0)), "CTLR");
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

/** ICC_SGI1R_EL1, or ICC_SGI0R_EL1, which reaches only what its target has in group 0. */
static void step_send_by_affinity(unsigned v)
{
    uint32_t intid = rnd(4);
    bool group1 = rnd(4) != 0, all = rnd(4) == 0;
    uint64_t base = affinities[rnd(model.vcpus)] & ~0xfULL, list = 1u << (affinities[rnd(model.vcpus)] & 0xf);

    if (rnd(4) == 0)
        base = 1ULL << (4 + rnd(20)); /* there may be nobody */
    if (rnd(2) != 0)
        list = rnd(65536);
    if (verbose)
        fprintf(stderr, "%u: vCPU %u sends SGI %u to %#llx, list %#llx, all others %d, group 1 %d\n", step_now, v,
                intid, (unsigned long long)base, (unsigned long long)list, all, group1);
    for (unsigned target = 0; target < model.vcpus; target++) {
        uint64_t affinity = affinities[target];
        bool listed = affinity - (affinity & 0xf) == base && (list >> (affinity & 0xf) & 1) != 0;
        if ((all ? target != v : listed) && (group1 || model_group(&model.private[target][intid]) == 0))
            model.private[target][intid].sources = 1;
    }
    send_sgi(v,
             list | (base >> 8 & 0xff) << 16 | (uint64_t)intid << 24 | (base >> 16 & 0xff) << 32 |
                 (all ? SGI_ALL_BUT_SELF : 0) | (base >> 4 & 0xf) << 44 | (base >> 32 & 0xff) << 48,
             group1);
}

/** GICD_IROUTER, as a whole or by halves. */
static void step_route(unsigned v)
{
    uint32_t intid = 32 + (rnd(4) != 0 ? rnd(6) : rnd(SPIS)), offset = IROUTER + 8 * intid;
    unsigned size = rnd(2) != 0 ? 8 : 4;
    bool upper = size == 4 && rnd(3) == 0;
    struct model_irq *irq = model_irq(v, intid);
    uint64_t value = rnd(4) != 0 ? affinities[rnd(model.vcpus)] : 1u << rnd(24);

    if (rnd(3) == 0) {
        uint64_t expected = upper ? 0 : irq->route;
        uint64_t found = access_raw(v, offset + (upper ? 4 : 0), size, false, UINT64_MAX);
        require(found == expected, "seed %llu step %u: route of %u is %#llx, expected %#llx",
                (unsigned long long)seed_now, step_now, intid, (unsigned long long)found, (unsigned long long)expected);
        return;
    }
    if (rnd(4) == 0)
        value |= 0xffffffff80000000; /* no Aff3 (GICD_TYPER.A3V), no 1 of N */
    if (verbose)
        fprintf(stderr, "%u: vCPU %u routes %u: %#llx/%u%s\n", step_now, v, intid, (unsigned long long)value, size,
                upper ? " upper half" : "");
    access_raw(v, offset + (upper ? 4 : 0), size, true, size == 8 ? value : (uint32_t)value);
    if (upper)
        return;
    irq->route = value & 0xffffff;
    irq->targets = 0;
    for (unsigned target = 0; target < model.vcpus; target++)
        if (affinities[target] == irq->route)
            irq->targets = (uint8_t)(1u << target);
}

/** Private interrupts are not the distributor's, nor SPIs a redistributor's. */
static void step_wrong_frame(unsigned v)
{
    const struct model_register *reg = some_register();
    uint32_t words = reg->bits, offset = 4 * rnd(words), owner = rnd(model.vcpus);
    bool write = rnd(2) != 0;
    uint32_t value = sparse();

    if (verbose)
        fprintf(stderr, "%u: vCPU %u %s %#x where it is not\n", step_now, v, write ? "writes" : "reads",
                reg->base + offset);
    uint64_t shared = access_raw(v, reg->base + offset, 4, write, value);
    offset += 4 * words;
    uint64_t private = access_redistributor(v, owner, SGI_FRAME + reg->base + offset, 4, write, value);
    require(write || (shared | private) == 0, "seed %llu step %u: %#x", (unsigned long long)seed_now, step_now,
            reg->base + offset);
}

#define HOST_OFFSET 100 /* of the number of a host's SPI to that of the guest's */

/** The host's SPIs that are the guest's: of both kinds, in both words, or none. */
static void link_some(void)
{
    static const uint8_t some[] = {33, 35, 36, 40, 64, 65};

    for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
        bool edge = rnd(2) != 0;
        if (rnd(2) == 0)
            continue;
        if (verbose)
            fprintf(stderr, "%u is linked, %s\n", some[i], edge ? "edge" : "level");
        model_irq(0, some[i])->linked = true;
        model_irq(0, some[i])->edge = edge;
        link_spi(some[i], some[i] + HOST_OFFSET, edge);
    }
}

/** The line of an SPI, by whatever it comes. */
static void drive(uint32_t intid, bool level)
{
    if (!model_irq(0, intid)->linked) {
        set_line(intid, level);
        return;
    }
    set_host_line(intid + HOST_OFFSET, level);
    for (unsigned v = 0; v < model.vcpus && !level; v++)
        bounce(v); /* a line that drops is noticed at the next exit */
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
    if (level && linked_edge_pends(irq))
        return;
    if (verbose)
        fprintf(stderr, "%u: line %u = %d\n", step_now, intid, level);
    if (irq->edge && level && !irq->line)
        irq->latch = true;
    irq->line = level;
    drive(intid, level);
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
    for (unsigned i = 0; i < host_gic.lr_count; i++)
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
    vgic_put(&sys.vcpus[v].vgic);
    for (unsigned i = 0; i < host_gic.lr_count; i++)
        require(fake_lr(v, i).state == GIC_LR_INVALID, "list register %u stays behind", i);
    vgic_load(&sys.vcpus[v].vgic);
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
    static void (*const v3_steps[])(unsigned v) = {
        step_register,
        step_register,
        step_register,
        step_register,
        step_send_by_affinity,
        step_line,
        step_line,
        step_timer,
        step_timer,
        step_end,
        step_acknowledge,
        step_acknowledge,
        step_end,
        step_end,
        step_deactivate,
        step_deactivate,
        step_switch,
        step_interface,
        step_send_by_affinity,
        step_route,
        step_wrong_frame,
    };
    unsigned v = rnd(model.vcpus);

    if (rnd(40) == 0)
        step_control(v);
    else if (model.v3)
        v3_steps[rnd(ARRAY_SIZE(v3_steps))](v);
    else
        steps[rnd(ARRAY_SIZE(steps))](v);
}

/** Writes ones for 32 interrupts from @p intid. */
static void write_ones(unsigned v, uint32_t base, uint32_t intid)
{
    if (model.v3 && intid < 32)
        access_redistributor(v, v, SGI_FRAME + base, 4, true, UINT32_MAX);
    else
        write32(v, base + intid / 8, UINT32_MAX);
}

static void enable_all(void)
{
    model_control(3);
    write32(0, CTLR, 3);
    for (unsigned v = 0; v < model.vcpus; v++)
        model.signalled_groups[v] = fake.cpus[v].groups = 3;
    settle_all();
    for (unsigned v = 0; v < model.vcpus; v++)
        for (uint32_t intid = 0; intid < INTIDS; intid += 32) {
            for (uint32_t i = 0; i < 32; i++)
                model_irq(v, intid + i)->enabled = true;
            write_ones(v, ISENABLER, intid);
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
                drive(intid, false);
            } else if (irq->line) {
                step_timer(v);
            }
        }
    for (unsigned v = 0; v < model.vcpus; v++)
        step_acknowledge(v);
}

/** In one cluster, as guests have them; or in many, some of which no IROUTER names. */
static void choose_affinities(void)
{
    static const uint64_t near[FAKE_CPUS] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const uint64_t far[FAKE_CPUS] = {0x10, 0x1, 0x10001, 0x7f0f, 0xffffff, 0x100, 0x20007, 0x500000001};

    memcpy(affinities, rnd(2) != 0 ? far : near, sizeof(affinities));
}

/** A whole sequence of at most @p steps, from a fresh system to one in which nothing is left to do. */
static void run_steps(enum gic_version version, unsigned steps)
{
    static const unsigned lr_counts[] = {1, 2, 4, 4, 4, 16};
    static const unsigned vcpu_counts[] = {1, 1, 2, 3, 8};

    unsigned vcpus = vcpu_counts[rnd(ARRAY_SIZE(vcpu_counts))];
    unsigned lrs = lr_counts[rnd(ARRAY_SIZE(lr_counts))];
    bool eoi_mode = rnd(3) == 0;
    if (verbose)
        fprintf(stderr, "%u vCPUs, %u list registers, EOImode %d\n", vcpus, lrs, eoi_mode);
    if (version == GIC_V3)
        choose_affinities();
    setup_version(version, vcpus, SPIS, lrs);
    model_reset(version == GIC_V3, vcpus, eoi_mode);
    for (unsigned v = 0; v < vcpus; v++)
        fake.cpus[v].eoi_mode = eoi_mode;
    if (rnd(3) != 0)
        link_some();
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
            write_ones(v, ICACTIVER, intid);
        }
    enable_all();
    drain();
}

#endif
