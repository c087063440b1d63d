// SPDX-License-Identifier: Apache-2.0
/* The virtual interface of the GICv3 model against a smaller one that says only what a guest may observe: which
 * interrupts it can be given, what their ends do. Of several that are equally urgent any may come. A sequence of random
 * operations that ends in a difference is cut down to the shortest that still does, and printed with its seed. */
#include "unit/hostsim/gicv3.h"

#define SLOTS 4
#define INTIDS 6 /* few, so that ends often meet the one that they mean */
#define FIRST_INTID 40
#define SEQUENCES 400
#define LENGTH 60

enum kind {
    LIST, /* a slot is filled anew, or emptied */
    ACKNOWLEDGE,
    END,
    DEACTIVATE,
    MASK,
    BINARY_POINT,
    CONTROL,
    ENABLE,
    KINDS
};

static const char *const kind_names[] = {"list", "acknowledge",  "end",     "deactivate",
                                         "mask", "binary point", "control", "enable"};

struct operation {
    enum kind kind;
    unsigned a, b, c;
};

struct slot {
    bool pending, active;
    unsigned intid, priority, group;
};

struct model {
    struct slot slots[SLOTS];
    unsigned running[32]; /* group priorities, the most urgent last */
    unsigned depth;
    unsigned mask, binary_point[2], unlisted;
    bool enabled[2], common, split;
};

static char difference[200];

/* ---- The model */

static unsigned group_priority(const struct model *model, unsigned group, unsigned priority)
{
    unsigned ignored = group == 1 && !model->common ? model->binary_point[1] : model->binary_point[0] + 1;
    return priority / (1U << ignored) * (1U << ignored);
}

static unsigned most_urgent(const struct model *model)
{
    unsigned best = 256;
    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot *slot = &model->slots[i];
        if (slot->pending && !slot->active && model->enabled[slot->group] && slot->priority < best)
            best = slot->priority;
    }
    return best;
}

/* Whether the slot's interrupt is one that may come next. */
static bool may_come(const struct model *model, const struct slot *slot)
{
    unsigned floor = model->depth > 0 ? model->running[model->depth - 1] : 256;
    return slot->pending && !slot->active && model->enabled[slot->group] && slot->priority == most_urgent(model) &&
           slot->priority < model->mask && group_priority(model, slot->group, slot->priority) < floor;
}

static bool any_may_come(const struct model *model, unsigned group)
{
    bool any = false;
    for (unsigned i = 0; i < SLOTS; i++)
        any |= may_come(model, &model->slots[i]) && model->slots[i].group == group;
    return any;
}

/* The most urgent are of both groups: either may be the one that counts. */
static bool is_tie(const struct model *model)
{
    bool seen[2] = {false, false};
    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot *slot = &model->slots[i];
        if (slot->pending && !slot->active && model->enabled[slot->group] && slot->priority == most_urgent(model))
            seen[slot->group] = true;
    }
    return seen[0] && seen[1];
}

static bool model_acknowledge(struct model *model, unsigned group, uint64_t intid)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *slot = &model->slots[i];
        if (slot->intid != intid || !may_come(model, slot) || slot->group != group)
            continue;
        model->running[model->depth++] = group_priority(model, group, slot->priority);
        slot->pending = false;
        slot->active = true;
        return true;
    }
    return false;
}

static struct slot *active_slot(struct model *model, unsigned intid)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (model->slots[i].active && model->slots[i].intid == intid)
            return &model->slots[i];
    return NULL;
}

static void model_end(struct model *model, unsigned group, unsigned intid)
{
    struct slot *slot = active_slot(model, intid);
    if (model->depth == 0)
        return;
    unsigned dropped = model->running[--model->depth];
    if (model->split)
        return;
    if (slot == NULL)
        model->unlisted++;
    else if (slot->group == group && group_priority(model, group, slot->priority) == dropped)
        slot->active = false;
}

static void model_deactivate(struct model *model, unsigned intid)
{
    struct slot *slot = active_slot(model, intid);
    if (model->split && slot == NULL)
        model->unlisted++;
    else if (model->split)
        slot->active = false;
}

/* ---- Both */

static uint64_t icv(uint32_t encoding)
{
    uint64_t value = 0;
    ck_assert_int_eq(sim_gic_guest_register(sim_this_cpu(), encoding, true, &value), SIM_GIC_DONE);
    return value;
}

static void set_icv(uint32_t encoding, uint64_t value)
{
    ck_assert_int_eq(sim_gic_guest_register(sim_this_cpu(), encoding, false, &value), SIM_GIC_DONE);
}

static uint64_t as_lr(const struct slot *slot)
{
    return (slot->pending ? LR_PENDING : 0) | (slot->active ? LR_ACTIVE : 0) | (slot->group != 0 ? LR_GROUP1 : 0) |
           (uint64_t)slot->priority << 48 | slot->intid;
}

/* An INTID is in one list register at a time. */
static void fill(struct model *model, const struct operation *operation)
{
    unsigned intid = FIRST_INTID + operation->b % INTIDS;
    struct slot *slot = &model->slots[operation->a % SLOTS];
    for (unsigned i = 0; i < SLOTS; i++)
        if (&model->slots[i] != slot && model->slots[i].intid == intid &&
            (model->slots[i].pending || model->slots[i].active))
            return;
    *slot = (struct slot){.pending = operation->c % 4 != 0,
                          .active = operation->c % 16 == 1,
                          .intid = intid,
                          .priority = operation->c % 29 * 8,
                          .group = operation->c % 5 != 0};
    set_icc(ARCH_ICH_LR0_EL2 + operation->a % SLOTS, as_lr(slot));
}

static bool acknowledge(struct model *model, unsigned group)
{
    bool expected = any_may_come(model, group);
    uint64_t intid = icv(group == 0 ? GUEST_ICC_IAR0_EL1 : GUEST_ICC_IAR1_EL1);
    if (intid == SPURIOUS ? !expected || is_tie(model) : model_acknowledge(model, group, intid))
        return true;
    snprintf(difference, sizeof(difference), "IAR%u gave %u", group, (unsigned)intid);
    return false;
}

static void take(struct model *model, const struct operation *operation)
{
    unsigned group = operation->a % 4 != 0, intid = FIRST_INTID + operation->b % INTIDS;
    switch (operation->kind) {
    case LIST:
        fill(model, operation);
        break;
    case END:
        set_icv(group == 0 ? GUEST_ICC_EOIR0_EL1 : GUEST_ICC_EOIR1_EL1, intid);
        model_end(model, group, intid);
        break;
    case DEACTIVATE:
        set_icv(GUEST_ICC_DIR_EL1, intid);
        model_deactivate(model, intid);
        break;
    case MASK:
        model->mask = operation->c % 8 != 0 ? 0xf8 : operation->c % 32 * 8;
        set_icv(GUEST_ICC_PMR_EL1, model->mask);
        break;
    case BINARY_POINT:
        if (group == 0 || !model->common)
            model->binary_point[group] = operation->c % 8 < 2 + group ? 2 + group : operation->c % 8;
        set_icv(group == 0 ? GUEST_ICC_BPR0_EL1 : GUEST_ICC_BPR1_EL1, operation->c % 8);
        break;
    case CONTROL:
        model->common = operation->c % 4 == 1;
        model->split = operation->b % 2 == 1;
        set_icv(GUEST_ICC_CTLR_EL1, (model->common ? 1U : 0) | (model->split ? 2U : 0));
        break;
    case ENABLE:
        model->enabled[group] = operation->c % 4 != 0;
        set_icv(group == 0 ? GUEST_ICC_IGRPEN0_EL1 : GUEST_ICC_IGRPEN1_EL1, model->enabled[group]);
        break;
    default:
        break;
    }
}

static bool same(const char *what, uint64_t seen, uint64_t expected)
{
    if (seen == expected)
        return true;
    snprintf(difference, sizeof(difference), "%s is %#llx, should be %#llx", what, (unsigned long long)seen,
             (unsigned long long)expected);
    return false;
}

static unsigned seen_binary_point(const struct model *model)
{
    if (!model->common)
        return model->binary_point[1];
    return model->binary_point[0] == 7 ? 7 : model->binary_point[0] + 1;
}

static bool compare(const struct model *model)
{
    unsigned running = model->depth > 0 ? model->running[model->depth - 1] : 0xff;
    bool equal = same("RPR", icv(GUEST_ICC_RPR_EL1), running) && same("PMR", icv(GUEST_ICC_PMR_EL1), model->mask) &&
                 same("BPR1", icv(GUEST_ICC_BPR1_EL1), seen_binary_point(model)) &&
                 same("EOIcount", icc(ARCH_ICH_HCR_EL2) >> 27, model->unlisted % 32) &&
                 same("LRENP", icc(ARCH_ICH_MISR_EL2) >> 2 & 1, model->unlisted % 32 != 0);
    if (equal && !is_tie(model))
        equal = same("an interrupt", sim_gic_signals_virtual(sim_this_cpu()), any_may_come(model, 1));
    for (unsigned i = 0; equal && i < SLOTS; i++)
        equal = same("a list register", icc(ARCH_ICH_LR0_EL2 + i), as_lr(&model->slots[i]));
    return equal;
}

static void reset(struct model *model)
{
    *model = (struct model){.mask = 0xf8, .binary_point = {2, 3}, .enabled = {true, true}};
    set_icc(ARCH_ICH_HCR_EL2, 1 | 1U << 2);
    set_icc(ARCH_ICH_VMCR_EL2, 0xf8000003);
    set_icc(ARCH_ICH_AP0R0_EL2, 0);
    set_icc(ARCH_ICH_AP1R0_EL2, 0);
    for (unsigned i = 0; i < SLOTS; i++)
        set_icc(ARCH_ICH_LR0_EL2 + i, 0);
}

/* @return how many operations were done when both first differed; 0: they never did */
static unsigned run(const struct operation *operations, unsigned count)
{
    struct model model;
    reset(&model);
    for (unsigned i = 0; i < count; i++) {
        bool equal = true;
        if (operations[i].kind == ACKNOWLEDGE)
            equal = acknowledge(&model, operations[i].a % 4 != 0);
        else
            take(&model, &operations[i]);
        if (!equal || !compare(&model))
            return i + 1;
    }
    return 0;
}

/* ---- Sequences */

static uint64_t state;

static unsigned draw(void)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33);
}

static void report(uint64_t seed, struct operation *operations, unsigned count)
{
    for (unsigned i = 0; i < count; i++) { /* leaves out one after the other as long as the rest still fails */
        struct operation left_out = operations[i];
        memmove(&operations[i], &operations[i + 1], (count - i - 1) * sizeof(*operations));
        if (run(operations, count - 1) != 0) {
            count = run(operations, count - 1);
            i = UINT32_MAX;
            continue;
        }
        memmove(&operations[i + 1], &operations[i], (count - i - 1) * sizeof(*operations));
        operations[i] = left_out;
    }
    (void)run(operations, count);
    fprintf(stderr, "seed %llu: %s after\n", (unsigned long long)seed, difference);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, "  %s %u %u %u\n", kind_names[operations[i].kind], operations[i].a, operations[i].b,
                operations[i].c);
    ck_abort_msg("seed %llu: %s", (unsigned long long)seed, difference);
}

START_TEST(sequences)
{
    static const enum kind weighted[] = {LIST,        LIST,         LIST,    LIST,   ACKNOWLEDGE,
                                         ACKNOWLEDGE, ACKNOWLEDGE,  END,     END,    END,
                                         DEACTIVATE,  BINARY_POINT, CONTROL, ENABLE, MASK};
    struct sim_machine *machine = gicv3_machine(&(struct gicv3_shape){0}, NULL);
    struct arch_mmio gicd, gicr;
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x10000) && arch_mmio_map(&gicr, pa(GICR), 2 * CPU_FRAMES));
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    gicv3_enable_cpu(&gicr, 0);
    for (unsigned i = 0; i < SEQUENCES; i++) {
        struct operation operations[LENGTH];
        uint64_t seed = state = (uint64_t)_i * SEQUENCES + i + 1;
        for (unsigned j = 0; j < LENGTH; j++)
            operations[j] = (struct operation){weighted[draw() % (sizeof(weighted) / sizeof(weighted[0]))], draw() % 64,
                                               draw() % 64, draw() % 4096};
        unsigned failed = run(operations, LENGTH);
        if (failed != 0)
            report(seed, operations, failed);
    }
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim GICv3, random");
    TCase *tcase = tcase_create("random");
    tcase_add_loop_test(tcase, sequences, 0, 5);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
