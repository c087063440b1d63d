// SPDX-License-Identifier: Apache-2.0
/* Does everything a domain should not, and expects the answer that hardware would give: an external abort where nothing
 * is, an undefined instruction where a register is not its own, "not supported" for a call nobody offers. The
 * hypervisor must survive, and say little. Arguments: rounds=N (20); step=N (4), bytes between the offsets of a device
 * that are tried. */
#include "programs.h"

#define EC(exception) ((unsigned)((exception).esr >> 26) & 0x3f)
#define EC_UNKNOWN 0x00
#define EC_INSTRUCTION_ABORT 0x21
#define EC_DATA_ABORT 0x25
#define FSC(exception) ((unsigned)(exception).esr & 0x3f)
#define FSC_EXTERNAL 0x10
#define NOBODYS 0x10000000 /* an address at which no domain has anything */

static void expect_abort(const struct platform *platform, uint64_t address, unsigned class)
{
    struct exception exception;

    if (!exception_taken(&exception))
        program_fail(platform, "no abort at", address);
    if (EC(exception) != class || FSC(exception) != FSC_EXTERNAL)
        program_fail(platform, "ESR_EL1 of an abort", exception.esr);
    if (exception.far != address)
        program_fail(platform, "FAR_EL1 of an abort", exception.far);
}

/* Host devices, the hypervisor's neighbourhood, holes, the ends of everything. */
static void unowned_addresses(const struct platform *platform)
{
    const uint64_t addresses[] = {
        0x0,
        0x1000,
        0x02fff000,
        0x08000000,
        0x08010000,
        0x08030000,
        0x08040000,
        0x09000000,
        0x09010000,
        0x0a000000,
        NOBODYS,
        0x21fff000,
        0x22001000,
        0x3ffff000,
        0xf9010000,
        0xff000000,
        0xff9f0000,
        0xfff00000,
        0x100000000,
        0x1fff0000,
        0x1ffffff000,
        0x4010000000,
        1ul << 39,
        1ul << 47,
        platform->ram_base[0] + platform->ram_size[0],
        platform->ram_base[0] - 8,
    };

    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        if (addresses[i] >> BACKEND_ADDRESS_BITS != 0)
            continue;
        for (unsigned width = 1; width <= 8; width *= 2) {
            if (try_read(addresses[i], width) != 0)
                program_fail(platform, "a load from nowhere gave something at", addresses[i]);
            expect_abort(platform, addresses[i], EC_DATA_ABORT);
            try_write(addresses[i], width, UINT64_MAX >> (64 - 8 * width));
            expect_abort(platform, addresses[i], EC_DATA_ABORT);
        }
        try_fetch(addresses[i]);
        expect_abort(platform, addresses[i], EC_INSTRUCTION_ABORT);
    }
    print(platform, "hostile: unowned addresses abort\n");
}

/* Where nothing is, and at a device. */
static void accesses_without_syndrome(const struct platform *platform)
{
    const uint64_t addresses[] = {NOBODYS, platform->distributor};

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned kind = 0; addresses[i] != 0 && try_without_syndrome(addresses[i], kind); kind++)
            expect_abort(platform, addresses[i], EC_DATA_ABORT);
    }
    print(platform, "hostile: accesses without syndrome abort\n");
}

/* All offsets, all widths; the answers are the device's, the machine only has to survive. The UART's data register is
 * only read. */
static void walk_device(const struct platform *platform, uint64_t base, uint64_t size)
{
    uint64_t step = argument(platform, "step", 4);

    for (uint64_t offset = 0; base != 0 && offset < size; offset += step) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            try_read(base + offset, width);
            if (offset >= 8 || base != platform->uart)
                try_write(base + offset, width, UINT64_MAX >> (64 - 8 * width));
            if (offset >= 8 || base != platform->uart)
                try_write(base + offset, width, 0);
        }
    }
    exception_taken(NULL);
}

/* Function numbers of owners and ranges that nobody implements, and calls with an immediate. Not 1 and 2: PSCI 0.1. */
static void unknown_calls(const struct platform *platform, uint64_t rounds)
{
    static const uint64_t bases[] = {0x00000100, 0x81001000, 0x82000000, 0x83000000, 0x8400ff00, 0x86000000,
                                     0xb2000000, 0xbf00f000, 0xc0001000, 0xc400ff00, 0xc5000000, 0xffffffff00000100};

    for (uint64_t i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < sizeof(bases) / sizeof(bases[0]); j++) {
            if ((uint32_t)hvc(bases[j] + i, i, UINT64_MAX, UINT64_MAX).x[0] != UINT32_MAX)
                program_fail(platform, "an answer to HVC", bases[j] + i);
            if ((uint32_t)smc(bases[j] + i, i, UINT64_MAX, UINT64_MAX).x[0] != UINT32_MAX)
                program_fail(platform, "an answer to SMC", bases[j] + i);
        }
    }
    calls_with_immediate();
    exception_taken(NULL);
    print(platform, "hostile: unknown calls refused\n");
}

static void expect_undefined(const struct platform *platform, uint64_t encoding, const char *what)
{
    struct exception exception;

    if (!exception_taken(&exception))
        program_fail(platform, what, encoding);
    if (EC(exception) != EC_UNKNOWN)
        program_fail(platform, "ESR_EL1 of an undefined instruction", exception.esr);
}

#define ENCODING(op0, op1, crn, crm, op2) (op0 << 16 | op1 << 12 | crn << 8 | crm << 4 | op2)
#define UNDEFINED(...)                                                                                                 \
    do {                                                                                                               \
        (void)READ_SYSREG(__VA_ARGS__);                                                                                \
        expect_undefined(platform, ENCODING(__VA_ARGS__), "MRS answered");                                             \
        WRITE_SYSREG(~0ul, __VA_ARGS__);                                                                               \
        expect_undefined(platform, ENCODING(__VA_ARGS__), "MSR answered");                                             \
    } while (0)
/* Ignored, emulated or undefined: never the hypervisor's. */
#define HARMLESS(...)                                                                                                  \
    do {                                                                                                               \
        (void)READ_SYSREG(__VA_ARGS__);                                                                                \
        WRITE_SYSREG(~0ul, __VA_ARGS__);                                                                               \
        WRITE_SYSREG(0, __VA_ARGS__);                                                                                  \
        exception_taken(NULL);                                                                                         \
    } while (0)

static void foreign_registers(const struct platform *platform)
{
    UNDEFINED(3, 4, 1, 1, 0);  /* HCR_EL2 */
    UNDEFINED(3, 4, 2, 1, 0);  /* VTTBR_EL2 */
    UNDEFINED(3, 4, 14, 2, 1); /* CNTHP_CTL_EL2 */
    UNDEFINED(3, 6, 1, 1, 0);  /* SCR_EL3 */
    UNDEFINED(3, 0, 10, 4, 0); /* LORegions */
    UNDEFINED(3, 3, 13, 2, 0); /* activity monitors */
    if (platform->cpu_interface != 0) {
        UNDEFINED(3, 0, 12, 12, 5); /* ICC_SRE_EL1 */
        UNDEFINED(3, 0, 12, 11, 5); /* ICC_SGI1R_EL1 */
        UNDEFINED(3, 0, 4, 6, 0);   /* ICC_PMR_EL1 */
    }
    HARMLESS(3, 0, 15, 2, 0); /* implementation defined: trapped, where the CPU has HCR_EL2.TIDCP for it */
    HARMLESS(3, 1, 15, 0, 0); /* implementation defined: L2 control of A57 and A72 */
    HARMLESS(3, 3, 9, 12, 0); /* PMCR_EL0 */
    HARMLESS(3, 3, 9, 13, 0); /* PMCCNTR_EL0 */
    HARMLESS(3, 3, 9, 14, 0); /* PMUSERENR_EL0 */
    HARMLESS(2, 0, 0, 0, 4);  /* DBGBVR0_EL1 */
    HARMLESS(2, 0, 0, 0, 5);  /* DBGBCR0_EL1 */
    HARMLESS(2, 0, 1, 3, 4);  /* OSDLR_EL1 */
    print(platform, "hostile: foreign registers undefined\n");
}

static void maintenance(const struct platform *platform)
{
    for (uint64_t way = 0; way < 64; way++) {
        SYSTEM_INSTRUCTION(way << 6, 0, 7, 14, 2); /* DC CISW */
        SYSTEM_INSTRUCTION(way << 6, 0, 7, 10, 2); /* DC CSW */
        SYSTEM_INSTRUCTION(way << 6, 0, 7, 6, 2);  /* DC ISW */
    }
    SYSTEM_INSTRUCTION(0, 0, 7, 5, 0); /* IC IALLU */
    SYSTEM_INSTRUCTION(0, 0, 8, 7, 0); /* TLBI VMALLE1 */
    exception_taken(NULL);
    print(platform, "hostile: maintenance by set and way does no harm\n");
}

static void flood(const struct platform *platform, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds * 50; i++) {
        hvc(0xdead0000 + i, 0, 0, 0);
        smc(0xdead0000 + i, 0, 0, 0);
        try_read(NOBODYS + 4 * i, 4);
        try_write(NOBODYS, 4, i);
        (void)READ_SYSREG(3, 0, 15, 7, 7);
        WRITE_SYSREG(i, 3, 7, 11, 3, 1);
    }
    exception_taken(NULL);
    print(platform, "hostile: flooded\n");
}

void program_hostile(struct platform *platform)
{
    uint64_t rounds = argument(platform, "rounds", 20);

    print(platform, "hostile: begins\n");
    exceptions_allow(platform, true);
    unowned_addresses(platform);
    accesses_without_syndrome(platform);
    unknown_calls(platform, rounds);
    foreign_registers(platform);
    maintenance(platform);
    flood(platform, rounds);
    walk_device(platform, platform->uart, 0x1000);
    walk_device(platform, platform->distributor, 0x1000);
    uart_receive_interrupt(platform, false);
    print(platform, "hostile: devices survive\n");
    print(platform, "hostile: done\n");
}
