/* Does everything a domain should not, and expects the answer that hardware would give. */
#include "hostsim/programs/programs.h"
#include "hostsim/programs/support.h"

#define EC(exception) ((unsigned)((exception).esr >> 26) & 0x3f)
#define EC_UNKNOWN 0x00
#define EC_INSTRUCTION_ABORT 0x21
#define EC_DATA_ABORT 0x25
#define FSC(exception) ((unsigned)(exception).esr & 0x3f)
#define FSC_ADDRESS_SIZE 0x00 /* no physical address, whoever is asked: the CPU itself says so */
#define FSC_EXTERNAL 0x10
#define PHYSICAL_BITS 40 /* of the machines that scenarios run on */

static void expect_abort(uint64_t address, unsigned class)
{
    struct guest_exception exception;
    if (!guest_took_exception(&exception))
        guest_fail("no abort at IPA %#llx", (unsigned long long)address);
    unsigned expected = address >> PHYSICAL_BITS != 0 ? FSC_ADDRESS_SIZE : FSC_EXTERNAL;
    if (EC(exception) != class || FSC(exception) != expected || exception.far != address)
        guest_fail("IPA %#llx: ESR_EL1 %#llx, FAR_EL1 %#llx", (unsigned long long)address,
                   (unsigned long long)exception.esr, (unsigned long long)exception.far);
}

static void unowned_addresses(const struct platform *platform)
{
    const uint64_t addresses[] = {
        0x0,         0x1000,     0x02fff000,
        0x08000000,  0x08010000, 0x08030000,
        0x08040000,  0x09000000, 0x0a000000,
        0x10000000,  0x21fff000, 0x22001000,
        0x3ffff000,  0xff000000, 0x1ffffff000,
        0x100000000, 0xfff00000, platform->ram_base[0] + platform->ram_size[0],
        1ULL << 39,  1ULL << 47, platform->ram_base[0] - 8,
    };
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            guest_read(addresses[i], width);
            expect_abort(addresses[i], EC_DATA_ABORT);
            guest_write(addresses[i], width, UINT64_MAX >> (64 - 8 * width));
            expect_abort(addresses[i], EC_DATA_ABORT);
        }
        guest_read_pair(addresses[i] & ~7ULL);
        expect_abort(addresses[i] & ~7ULL, EC_DATA_ABORT);
        guest_fetch(addresses[i] & ~7ULL);
        expect_abort(addresses[i] & ~7ULL, EC_INSTRUCTION_ABORT);
    }
    print(platform, "hostile: unowned addresses abort\n");
}

/* All offsets, all widths; the answers are the device's, the machine only has to survive. The UART's data register is
 * only read. */
static void walk_device(const struct platform *platform, uint64_t base, uint64_t size)
{
    for (uint64_t offset = 0; base != 0 && offset < size; offset += 4) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            uint64_t address = base + (offset & ~(uint64_t)(width - 1));
            guest_read(address, width);
            if (offset >= 8 || base != platform->uart)
                guest_write(address, width, UINT64_MAX >> (64 - 8 * width));
            guest_write(address, width, 0);
        }
        guest_read_pair(base + (offset & ~7ULL));
    }
    guest_took_exception(NULL);
}

static void unknown_calls(const struct platform *platform, uint64_t rounds)
{
    static const uint64_t bases[] = {0x00000010, 0x81001000, 0x82000000, 0x83000000, 0x8400ff00, 0x86000000,
                                     0xb2000000, 0xbf00f000, 0xc0001000, 0xc400ff00, 0xc5000000, 0xffffffff00000010};
    for (uint64_t i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < sizeof(bases) / sizeof(bases[0]); j++) {
            if ((uint32_t)guest_hvc(bases[j] + i, i, UINT64_MAX, UINT64_MAX).x[0] != UINT32_MAX)
                guest_fail("HVC %#llx is answered", (unsigned long long)(bases[j] + i));
            if ((uint32_t)guest_smc(bases[j] + i, i, UINT64_MAX, UINT64_MAX).x[0] != UINT32_MAX)
                guest_fail("SMC %#llx is answered", (unsigned long long)(bases[j] + i));
        }
    }
    guest_hvc_immediate(1, 0);
    guest_hvc_immediate(0xffff, 0);
    guest_smc_immediate(1, 0);
    guest_took_exception(NULL);
    print(platform, "hostile: unknown calls refused\n");
}

/* Debug, performance, GICv3, EL2, EL3, implementation defined ... */
static void foreign_registers(const struct platform *platform)
{
    static const uint32_t registers[] = {
        GUEST_SYSREG(3, 3, 9, 12, 0),  GUEST_SYSREG(3, 3, 9, 13, 0), GUEST_SYSREG(3, 0, 12, 12, 5),
        GUEST_SYSREG(3, 0, 12, 11, 5), GUEST_SYSREG(3, 0, 4, 6, 0),  GUEST_SYSREG(3, 4, 1, 1, 0),
        GUEST_SYSREG(3, 4, 2, 1, 0),   GUEST_SYSREG(3, 4, 14, 2, 1), GUEST_SYSREG(3, 6, 1, 1, 0),
        GUEST_SYSREG(3, 0, 15, 2, 0),  GUEST_SYSREG(3, 1, 15, 0, 0), GUEST_SYSREG(3, 0, 10, 4, 0),
        GUEST_SYSREG(3, 3, 13, 2, 0),  GUEST_SYSREG(2, 0, 0, 0, 4),  GUEST_SYSREG(2, 0, 1, 3, 4),
        GUEST_SYSREG(3, 3, 14, 2, 1),  GUEST_SYSREG(1, 0, 7, 14, 2),
    };
    unsigned undefined = 0;
    struct guest_exception exception;
    for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        guest_mrs(registers[i]);
        undefined += guest_took_exception(&exception) && EC(exception) == EC_UNKNOWN;
        guest_msr(registers[i], UINT64_MAX);
        undefined += guest_took_exception(&exception) && EC(exception) == EC_UNKNOWN;
        guest_msr(registers[i], 0);
        guest_took_exception(NULL);
    }
    print(platform, "hostile: %u of %u accesses to foreign registers undefined\n", undefined,
          (unsigned)(2 * sizeof(registers) / sizeof(registers[0])));
}

static void flood(const struct platform *platform, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds * 50; i++) {
        guest_hvc(0xdead0000 + i, 0, 0, 0);
        guest_smc(0xdead0000 + i, 0, 0, 0);
        guest_read(0x10000000 + 4 * i, 4);
        guest_mrs(GUEST_SYSREG(3, 0, 15, i & 15, i >> 4 & 7));
    }
    guest_took_exception(NULL);
    print(platform, "hostile: flooded\n");
}

void program_hostile(uint64_t device_tree)
{
    struct platform *platform = platform_read(device_tree, "hostile");
    uint64_t rounds = argument(platform, "rounds", 20);
    print(platform, "hostile: begins\n");
    guest_allow_exceptions(true);
    unowned_addresses(platform);
    unknown_calls(platform, rounds);
    foreign_registers(platform);
    flood(platform, rounds);
    walk_device(platform, platform->uart, 0x1000);
    walk_device(platform, platform->distributor, 0x1000);
    guest_write32(platform->uart + 0x30, 0x301);
    print(platform, "hostile: done\n");
    psci(platform, PSCI_SYSTEM_OFF);
}
