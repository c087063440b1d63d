// SPDX-License-Identifier: Apache-2.0
/* vCPUs that come out with any syndrome, address and register contents, while interrupts and keys arrive. */
#include "arch/vcpu.h"
#include "support/guest.h"
#include "support/guest_abi.h"
#include "trap/esr.h"

#define MAX_STEPS 60

static uint64_t address_of(struct fuzz_input *input)
{
    static const uint64_t places[] = {GUEST_GICD_BASE,
                                      GUEST_GICD_BASE,
                                      GUEST_VPL011_BASE,
                                      GUEST_VPL011_BASE,
                                      GUEST_GICC_BASE,
                                      GUEST_RAM0_BASE,
                                      GUEST_RAM0_BASE + GUEST_BANK0_SIZE - KIB(2),
                                      GUEST_RAM1_BASE};
    uint8_t which = fuzz_byte(input);
    uint64_t offset;

    if (which >= 0xe0)
        return fuzz_take(input, 8);
    offset = fuzz_take(input, 2) & 0x1fff;
    if ((which & 0x10) != 0) /* a register of the UART; words elsewhere */
        offset &= places[which % ARRAY_SIZE(places)] == GUEST_VPL011_BASE ? 0x7c : 0xffc;
    return places[which % ARRAY_SIZE(places)] + offset;
}

/** ISS of a trapped MRS, MSR or SYS: a register that is listed somewhere, or one beside it. */
static uint64_t sysreg_of(uint32_t raw)
{
    static const struct {
        uint8_t op0, op1, crn, crm, op2;
    } known[] = {{2, 0, 0, 2, 2},  {2, 0, 1, 0, 4},   {2, 0, 1, 1, 4},  {2, 0, 1, 3, 4}, {1, 0, 7, 6, 2},
                 {1, 0, 7, 10, 2}, {1, 0, 7, 14, 2},  {3, 0, 0, 4, 0},  {3, 0, 0, 6, 1}, {3, 0, 1, 0, 1},
                 {3, 3, 9, 12, 0}, {3, 0, 12, 11, 5}, {3, 3, 14, 0, 1}, {2, 3, 0, 1, 0}, {3, 1, 0, 0, 1}};
    unsigned which = raw % ARRAY_SIZE(known);
    unsigned crm = known[which].crm ^ ((raw >> 8 & 0xf0) == 0 ? raw >> 8 & 15 : 0);
    unsigned op2 = known[which].op2 ^ ((raw >> 16 & 0x38) == 0 ? raw >> 16 & 7 : 0);

    return (uint64_t)known[which].op0 << 20 | op2 << 17 | (unsigned)known[which].op1 << 14 |
           (unsigned)known[which].crn << 10 | (raw >> 24 & 31) << 5 | crm << 1 | raw >> 31;
}

/** Most are what a guest's accesses give; the others are anything. */
static uint64_t syndrome_of(struct fuzz_input *input)
{
    static const uint8_t classes[] = {ESR_EC_DATA_ABORT,
                                      ESR_EC_DATA_ABORT,
                                      ESR_EC_INSTRUCTION_ABORT,
                                      ESR_EC_SYSREG,
                                      ESR_EC_HVC64,
                                      ESR_EC_SMC64,
                                      ESR_EC_WFX,
                                      0x07 /* FP access */};
    uint8_t which = fuzz_byte(input);
    uint64_t raw = fuzz_take(input, 4);

    if ((which & 0x80) != 0)
        return raw;
    if ((which & 0x40) != 0) /* one load or store of an address that is not mapped */
        return (uint64_t)ESR_EC_DATA_ABORT << ESR_EC_SHIFT | ESR_IL | ESR_ABORT_SYNDROME | (raw & 0x00ffc040) | 7;
    if ((which & 0x20) != 0)
        return (uint64_t)ESR_EC_SYSREG << ESR_EC_SHIFT | ESR_IL | sysreg_of((uint32_t)raw);
    return (uint64_t)classes[which % ARRAY_SIZE(classes)] << ESR_EC_SHIFT | ESR_IL | (raw & 0x01ffffff);
}

static void come_out(struct vcpu *vcpu, struct fuzz_input *input)
{
    uint64_t address = address_of(input);
    struct arch_exit exit = {.reason = ARCH_EXIT_SYNC,
                             .esr = syndrome_of(input),
                             .far = address,
                             .hpfar = (address & 0x000ffffffffff000ULL) >> 8};
    unsigned number = esr_access_register(exit.esr);

    if (number < ARRAY_SIZE(vcpu->arch.regs.x))
        vcpu->arch.regs.x[number] = fuzz_take(input, 4);
    guest_exit(vcpu, &exit);
}

static void set_state(struct vcpu *vcpu, struct fuzz_input *input)
{
    vcpu->arch.regs.pc = address_of(input);
    vcpu->arch.regs.pstate = fuzz_take(input, 4) & 0xf8f0ffffULL;
    arch_vcpu_sysreg_write(&vcpu->arch, (enum vcpu_sysreg)fuzz_below(input, VCPU_SYSREG_COUNT), fuzz_take(input, 8));
}

static void type(struct domain *domain, struct fuzz_input *input)
{
    struct console_source *source = &domain->console;

    for (unsigned i = fuzz_below(input, 64); i > 0 && source->input != NULL; i--)
        (void)source->input(source, (char)fuzz_byte(input));
}

static void step(struct vcpu *vcpu, struct fuzz_input *input)
{
    uint8_t what = fuzz_byte(input);
    const struct arch_exit serror = {.reason = ARCH_EXIT_SERROR, .esr = 0xbe000000 | what};

    switch (what >> 4) {
    case 0:
        vgic_set_spi(&vcpu->domain->vgic, 32 + fuzz_below(input, 32), (what & 1) != 0);
        break;
    case 1:
        type(vcpu->domain, input);
        break;
    case 2:
        set_state(vcpu, input);
        break;
    case 3:
        if (what == 0x3f)
            guest_exit(vcpu, &serror);
        break;
    default:
        come_out(vcpu, input);
        break;
    }
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct domain *domain = guest_start();

    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        struct vcpu *vcpu = domain->vcpus[fuzz_byte(&input) < 0x80 ? 0 : fuzz_below(&input, GUEST_VCPUS)];
        if (vcpu->state == VCPU_OFF)
            continue;
        vcpu->state = VCPU_READY;
        step(vcpu, &input);
        if (!guest_schedule(domain))
            break;
    }
    guest_check(domain);
}
