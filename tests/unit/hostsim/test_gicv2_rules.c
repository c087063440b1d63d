// SPDX-License-Identifier: Apache-2.0
/* What IHI 0048B does not allow a hypervisor: each rule of the GICv2 model is broken here once, and must be noticed. */
#include "unit/hostsim/mini.h"

#define ENABLE_GROUP0 1u
#define EOI_MODE (1u << 9)

#define LR0 0x100
#define LR1 0x104
#define LR_HW (1u << 31)
#define LR_ACTIVE (1u << 29)
#define LR_PENDING (1u << 28)

enum frame { END, D, C, H, D_READ, C_READ, H_READ, D_BYTE, RUN };

struct step {
    enum frame frame;
    uint32_t offset, value;
};

static const struct rule {
    const char *message; /* NULL: nothing is wrong */
    struct step steps[6];
    bool security;
} rules[] = {
    /* Registers that are not there, or not for this */
    {"GICD: write of a reserved register, offset 0xc", {{D, 0x00c, 0}}, false},
    {"GICD: read of a reserved register, offset 0xe00", {{D_READ, 0xe00, 0}}, false},
    {"GICD: write of a register that is not for it, offset 0x4", {{D, 0x004, 0}}, false},
    {"GICD: read of a register that is not for it, offset 0xf00", {{D_READ, 0xf00, 0}}, false},
    {"GICD: reserved bits written at offset 0: 0x4", {{D, 0x000, 4}}, false},
    {"external abort at EL2: 1-byte write", {{D_BYTE, 0xc08, 0}}, false},
    {NULL, {{D_BYTE, 0x428, 0xa0}, {D, 0x7f8, 0xa0a0a0a0}, {D_READ, 0xfe8, 0}}, false}, /* beyond the last INTID, too */
    {"GICC: write of a reserved register, offset 0x30", {{C, 0x030, 0}}, false},
    {"GICC: read of a register that is not for it, offset 0x10", {{C_READ, 0x010, 0}}, false},
    {"GICC: write of a register that is not for it, offset 0xc", {{C, 0x00c, 0}}, false},
    {"GICC: reserved bits written at offset 0: 0x9", {{C, 0x000, 9}}, false}, /* FIQs */
    {"GICC: reserved bits written at offset 0xd0: 0x1", {{C, 0x0d0, 1}}, false},
    {"GICC: reserved bits written at offset 0x4: 0x1ff", {{C, 0x004, 0x1ff}}, false},
    {NULL, {{C, 0x0dc, 0}, {C, 0x01c, 3}, {C_READ, 0x028, 0}}, false},
    {"GICC: write of a reserved register, offset 0x1c", {{C, 0x01c, 3}}, true}, /* an alias that only Secure sees */
    {"GICC: read of a reserved register, offset 0x20", {{C_READ, 0x020, 0}}, true},
    {"GICH: read of a reserved register, offset 0xc", {{H_READ, 0x00c, 0}}, false},
    {"GICH: write of a register that is not for it, offset 0x30", {{H, 0x030, 0}}, false},
    {"GICH: reserved bits written at offset 0: 0x101", {{H, 0x000, 0x101}}, false},
    {"GICH: reserved bits written at offset 0x8: 0x20", {{H, 0x008, 0x20}}, false},
    {"GICH: write of a reserved register, offset 0x110", {{H, 0x110, 0}}, false}, /* behind the last of four */
    {"GICH: read of a reserved register, offset 0x110", {{H_READ, 0x110, 0}}, false},
    /* What is written to those that are */
    {"GICD_SGIR = 0x3000001: reserved target filter", {{D, 0xf00, 3u << 24 | 1}}, false},
    {"GICD: reserved bits written at offset 0xf00", {{D, 0xf00, 1u << 16 | 1u << 4}}, false},
    {"GICC_EOIR = 0x1b: not the interrupt acknowledged last", {{C, 0x010, 27}}, false},
    {"GICC_EOIR = 0x401: not the interrupt acknowledged last",
     {{D, 0x100, 2}, {D, 0xf00, 2u << 24 | 1}, {C_READ, 0x00c, 0}, {C, 0x010, 1u << 10 | 1}},
     false},
    {"GICC_DIR written with EOImode 0", {{C, 0x1000, 27}}, false},
    {"GICC_DIR = 0x1: its priority was not dropped yet",
     {{C, 0x000, EOI_MODE | 1}, {D, 0x100, 2}, {D, 0xf00, 2u << 24 | 1}, {C_READ, 0x00c, 0}, {C, 0x1000, 1}},
     false},
    {"GICC_DIR = 0x3ff: the GIC has no such interrupt", {{C, 0x000, EOI_MODE | 1}, {C, 0x1000, 1023}}, false},
    {"GICC_CTLR = 0x201: EOImode changed between an acknowledgement and its end",
     {{D, 0x100, 2}, {D, 0xf00, 2u << 24 | 1}, {C_READ, 0x00c, 0}, {C, 0x000, EOI_MODE | 1}},
     false},
    {NULL, {{D, 0x100, 2}, {D, 0xf00, 2u << 24 | 1}, {C_READ, 0x00c, 0}, {C, 0x000, 0}, {C, 0x000, 1}}, false},
    {"GICD_ICFGR: trigger of INTID 40 changed while it is enabled", {{D, 0x104, 1u << 8}, {D, 0xc08, 2u << 16}}, false},
    /* List registers */
    {"GICH_LR0 = 0x90001428: linked to an SGI", {{H, LR0, LR_HW | LR_PENDING | 5u << 10 | 40}}, false},
    {"linked to an SGI or to an interrupt that there is not", {{H, LR0, LR_HW | LR_PENDING | 500u << 10 | 40}}, false},
    {NULL, {{H, LR0, LR_HW | 5u << 10 | 40}}, false}, /* it holds nothing */
    {"GICH_LR0 = 0x100003fe: virtual INTID 1022 is a special one", {{H, LR0, LR_PENDING | 1022}}, false},
    {"GICH_LR1 = 0x10100028: reserved bits", {{H, LR1, LR_PENDING | 1u << 20 | 40}}, false},
    {"GICH_LR1 = 0x10002028: reserved bits", {{H, LR1, LR_PENDING | 1u << 13 | 40}}, false},
    {"GICH_LR0 and GICH_LR1 both hold virtual INTID 40",
     {{H, LR0, LR_PENDING | 40}, {H, LR1, LR_ACTIVE | 40}, {RUN, 0, 0}},
     false},
    {"GICH_LR0 and GICH_LR1 both hold virtual INTID 5", /* from two sources */
     {{H, LR0, LR_PENDING | 1u << 10 | 5}, {H, LR1, LR_PENDING | 2u << 10 | 5}, {RUN, 0, 0}},
     false},
    {NULL, {{H, LR0, LR_PENDING | 40}, {H, LR1, 40}, {RUN, 0, 0}}, false},
    {"GICH_LR0 and GICH_LR1 are both linked to INTID 27",
     {{H, LR0, LR_HW | LR_PENDING | 27u << 10 | 27},
      {H, LR1, LR_HW | LR_PENDING | 27u << 10 | 28},
      {D, 0x300, 1u << 27},
      {RUN, 0, 0}},
     false},
    {"GICH_LR0 = 0xb0006c1b: hardware interrupt pending and active",
     {{H, LR0, LR_HW | LR_ACTIVE | LR_PENDING | 27u << 10 | 27}, {RUN, 0, 0}},
     false},
};

static void program_hvc(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(0, 0, 0, 0);
}

static void enter_guest(void)
{
    struct mini mini;
    mini_begin(&mini, "hvc");
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    arch_vcpu_put(&mini.vcpu);
}

static void take(const struct arch_mmio frames[3], const struct step *step)
{
    switch (step->frame) {
    case END:
        break;
    case D:
    case C:
    case H:
        arch_mmio_write32(&frames[step->frame - D], step->offset, step->value);
        break;
    case D_READ:
    case C_READ:
    case H_READ:
        (void)arch_mmio_read32(&frames[step->frame - D_READ], step->offset);
        break;
    case D_BYTE:
        arch_mmio_write8(&frames[0], step->offset, (uint8_t)step->value);
        break;
    case RUN:
        enter_guest();
        break;
    }
}

static void break_rule(void *context)
{
    static const struct step start[] = {{D, 0, 1}, {C, 4, 0xff}, {C, 0, ENABLE_GROUP0}};
    const struct rule *rule = context;
    struct arch_mmio frames[3];

    ck_assert(arch_mmio_map(&frames[0], pa(GICD), 0x1000));
    ck_assert(arch_mmio_map(&frames[1], pa(GICC), 0x2000));
    ck_assert(arch_mmio_map(&frames[2], pa(GICH), 0x1000));
    for (unsigned i = 0; i < ARRAY_SIZE(start); i++)
        take(frames, &start[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(rule->steps); i++)
        take(frames, &rule->steps[i]);
}

START_TEST(broken_rules)
{
    struct rule rule = rules[_i];

    sim_register_guest("hvc", program_hvc);
    struct sim_machine *machine = make_machine(&(struct sim_options){.gic_security = rule.security});
    enum sim_end end = sim_run_with(machine, break_rule, &rule, NULL);
    bool expected = rule.message == NULL ? end == SIM_END_RETURNED
                                         : end == SIM_END_FAILED && strstr(sim_message(machine), rule.message) != NULL;
    ck_assert_msg(expected, "%s: %s, expected: %s", sim_end_name(end), sim_message(machine),
                  rule.message != NULL ? rule.message : "no failure");
    sim_destroy(machine);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, broken_rules, 0, (int)ARRAY_SIZE(rules));
}

int main(void)
{
    return suite_run("hostsim GICv2 rules", add_tests, NULL);
}
