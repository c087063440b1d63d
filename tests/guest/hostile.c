/* Does everything a domain should not, and expects the answer that hardware would give: an external abort where nothing
 * is, an undefined instruction where a register is not its own, "not supported" for a call nobody offers. The
 * hypervisor must survive, and say little. Arguments: rounds=N (100). */
#include "guest.h"

#define EC_UNKNOWN 0x00
#define EC_INSTRUCTION_ABORT 0x21
#define EC_DATA_ABORT 0x25
#define FSC_EXTERNAL 0x10

/* volatile: counted by exceptions, which the compiler does not see */
static volatile unsigned external_aborts, other_aborts, undefined, fetch_aborts;

static void on_sync(struct exception_frame *frame, uint64_t esr, uint64_t far)
{
    unsigned class = (unsigned)(esr >> 26) & 0x3f;

    (void)far;
    if (class == EC_INSTRUCTION_ABORT) {
        fetch_aborts++;
        frame->pc = frame->x[30];
        return;
    }
    if (class == EC_DATA_ABORT && (esr & 0x3f) == FSC_EXTERNAL)
        external_aborts++;
    else if (class == EC_DATA_ABORT)
        other_aborts++;
    else if (class == EC_UNKNOWN)
        undefined++;
    else
        print("hostile: FAILED: exception class %x, pc %lx\n", class, frame->pc - (uintptr_t)image_start);
    frame->pc += 4;
}

static void access(uintptr_t address, unsigned width, bool write)
{
    switch (width | (write ? 16u : 0)) {
    case 1:
        (void)*(volatile uint8_t *)address;
        break;
    case 2:
        __asm__ volatile("ldrsh x9, [%0]" ::"r"(address) : "x9", "memory");
        break;
    case 4:
        (void)*(volatile uint32_t *)address;
        break;
    case 8:
        __asm__ volatile("ldr x9, [%0]" ::"r"(address) : "x9", "memory");
        break;
    case 17:
        *(volatile uint8_t *)address = 0xff;
        break;
    case 18:
        __asm__ volatile("strh %w1, [%0]" ::"r"(address), "r"(0xffff) : "memory");
        break;
    case 20:
        *(volatile uint32_t *)address = 0xffffffff;
        break;
    default:
        __asm__ volatile("str %1, [%0]" ::"r"(address), "r"(~0ul) : "memory");
        break;
    }
}

/** Addresses that belong to no domain: host devices, the hypervisor's neighbourhood, holes, the ends of everything. */
static void unowned_addresses(void)
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
        0x10000000,
        0x21fff000,
        0x22001000,
        0x3ffff000,
        0xff000000,
        0xff9f0000,
        0xf9010000,
        0x100000000,
        0x1ffffff000,
        0x4010000000,
        platform.ram_base[0] + platform.ram_size[0],
        platform.ram_base[0] - 8,
    };
    unsigned count = 0;

    external_aborts = other_aborts = 0;
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            access(addresses[i], width, false);
            access(addresses[i], width, true);
            count += 2;
        }
    }
    print("hostile: %u accesses to unowned addresses, %u external aborts, %u others\n", count, external_aborts,
          other_aborts);
}

/** Accesses that trap without a syndrome to emulate them by. */
static void accesses_without_syndrome(uintptr_t address)
{
    external_aborts = other_aborts = 0;
    __asm__ volatile("ldp x9, x10, [%0]" ::"r"(address) : "x9", "x10", "memory");
    __asm__ volatile("stp xzr, xzr, [%0]" ::"r"(address) : "memory");
    __asm__ volatile("mov x11, %0; ldr x9, [x11], #8" ::"r"(address) : "x9", "x11", "memory");
    __asm__ volatile("mov x11, %0; str xzr, [x11, #-8]!" ::"r"(address + 8) : "x11", "memory");
    __asm__ volatile("ldxr w9, [%0]" ::"r"(address) : "x9", "memory");
    __asm__ volatile("dc zva, %0" ::"r"(address & ~63ul) : "memory");
    print("hostile: %u external aborts, %u others, for 6 accesses without syndrome at %lx\n", external_aborts,
          other_aborts, (uint64_t)address);
}

static void fetch_from(uintptr_t address)
{
    __asm__ volatile("blr %0" ::"r"(address) : "x30", "memory");
}

/** Every register of a device page, at every width and alignment; the UART's data register only read. */
static void walk_device(const char *name, uintptr_t base, unsigned size)
{
    unsigned count = 0;

    if (base == 0)
        return;
    external_aborts = other_aborts = 0;
    for (unsigned offset = 0; offset < size; offset++) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            access(base + offset, width, false);
            count++;
            if (offset >= 8 && base != platform.uart) {
                access(base + offset, width, true);
                count++;
            }
        }
    }
    print("hostile: %u accesses to the %s, %u external aborts, %u others\n", count, name, external_aborts,
          other_aborts);
}

/** Function numbers of owners and ranges that nobody implements, and calls with an immediate. Not 1 and 2: PSCI 0.1. */
static void unknown_calls(unsigned rounds)
{
    static const uint64_t bases[] = {0x00000100, 0x81001000, 0x82000000, 0x83000000, 0x8400ff00, 0x86000000,
                                     0xb2000000, 0xbf00f000, 0xc0001000, 0xc400ff00, 0xc5000000, 0xffffffff00000100};
    unsigned count = 0, refused = 0;

    undefined = 0;
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < sizeof(bases) / sizeof(bases[0]); j++) {
            refused += (uint32_t)smccc_hvc(bases[j] + i, i, ~0ul, ~0ul) == 0xffffffff;
            refused += (uint32_t)smccc_smc(bases[j] + i, i, ~0ul, ~0ul) == 0xffffffff;
            count += 2;
        }
    }
    __asm__ volatile("mov x0, #0; hvc #1; hvc #0xffff; smc #1; smc #0xffff" ::
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
    print("hostile: %u unknown calls, %u refused, %u undefined\n", count, refused, undefined);
}

#define TRY_READ(name) (void)READ_SYSREG(name)
#define TRY_WRITE(name) WRITE_SYSREG(name, ~0ul)
#define TRY(name)                                                                                                      \
    do {                                                                                                               \
        TRY_READ(name);                                                                                                \
        TRY_WRITE(name);                                                                                               \
        count += 2;                                                                                                    \
    } while (0)

/** Registers of the debug, performance, GICv3, RAS, EL2 and implementation defined kinds. */
static void foreign_registers(void)
{
    unsigned count = 0;

    undefined = 0;
    TRY(pmcr_el0);
    TRY(pmccntr_el0);
    TRY(pmuserenr_el0);
    TRY(osdlr_el1);
    TRY(dbgbvr0_el1);
    TRY(dbgbcr0_el1);
    TRY(s3_0_c12_c12_5); /* ICC_SRE_EL1 */
    TRY(s3_0_c12_c11_5); /* ICC_SGI1R_EL1 */
    TRY(s3_0_c4_c6_0);   /* ICC_PMR_EL1 */
    TRY(s3_4_c1_c1_0);   /* HCR_EL2 */
    TRY(s3_4_c2_c1_0);   /* VTTBR_EL2 */
    TRY(s3_4_c14_c2_1);  /* CNTHP_CTL_EL2 */
    TRY(s3_6_c1_c1_0);   /* SCR_EL3 */
    TRY(s3_0_c15_c2_0);  /* implementation defined */
    TRY(s3_1_c15_c0_0);  /* implementation defined: L2 control of A57 and A72 */
    TRY(s3_0_c10_c4_0);  /* LORegions */
    TRY(s3_3_c13_c2_0);  /* activity monitors */
    TRY(cntp_ctl_el0);   /* physical timer: allowed or not, never the hypervisor's */
    WRITE_SYSREG(cntp_ctl_el0, 0);
    print("hostile: %u accesses to foreign registers, %u undefined\n", count, undefined);
}

static void set_way_maintenance(void)
{
    for (uint64_t way = 0; way < 64; way++)
        __asm__ volatile("dc cisw, %0; dc csw, %0; dc isw, %0" ::"r"(way << 6) : "memory");
    __asm__ volatile("dsb sy; ic iallu; tlbi vmalle1; dsb sy; isb" ::: "memory");
}

static void floods(unsigned rounds)
{
    for (unsigned i = 0; i < rounds * 100; i++) {
        smccc_hvc(0xdead0000 + i, 0, 0, 0);
        access(0x10000000, 4, i & 1);
        __asm__ volatile("sevl; wfe; yield" ::: "memory");
    }
    __asm__ volatile("" ::: "memory");
    print("hostile: flooded\n");
}

void guest_main(void)
{
    unsigned rounds = (unsigned)argument("rounds", 100);

    sync_handler = on_sync;
    print("hostile: begins\n");
    unowned_addresses();
    accesses_without_syndrome(0x10000000);
    if (platform.distributor != 0)
        accesses_without_syndrome(platform.distributor);
    fetch_from(0x10000000);
    print("hostile: %u fetch aborts\n", fetch_aborts);
    unknown_calls(rounds);
    foreign_registers();
    set_way_maintenance();
    floods(rounds);
    walk_device("UART", platform.uart, 0x1000);
    walk_device("distributor", platform.distributor, 0x1000);
    print("hostile: done\n");
}
