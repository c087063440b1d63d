/* The interrupt controller of a GICv3 domain (IHI 0069): distributor, the CPU's own redistributor, system registers. */
#include "gicv3.h"

#define GICD_CTLR 0x0000
#define GICD_CTLR_ON 0x12 /* affinity routing, group 1 */
#define GICD_IROUTER 0x6000
#define GICR_TYPER 0x0008
#define GICR_TYPER_LAST (1u << 4)
#define GICR_WAKER 0x0014
#define GICR_WAKER_SLEEP 2u
#define GICR_WAKER_ASLEEP 4u
#define GICR_SGI_BASE 0x10000
#define GICR_SIZE 0x20000
#define IGROUPR 0x0080
#define ISENABLER 0x0100
#define IPRIORITYR 0x0400
#define FIRST_SPI 32

#define ICC_PMR_EL1 3, 0, 4, 6, 0
#define ICC_SGI1R_EL1 3, 0, 12, 11, 5
#define ICC_IAR1_EL1 3, 0, 12, 12, 0
#define ICC_EOIR1_EL1 3, 0, 12, 12, 1
#define ICC_SRE_EL1 3, 0, 12, 12, 5
#define ICC_IGRPEN1_EL1 3, 0, 12, 12, 7
#define MPIDR_AFFINITY 0xff00ffffff

static uint64_t own_affinity(void)
{
    return READ_SYSREG(MPIDR_EL1) & MPIDR_AFFINITY;
}

/** The frames whose GICR_TYPER has the affinity of this CPU. */
static uint64_t own_redistributor(const struct platform *platform)
{
    uint64_t affinity = own_affinity();
    uint64_t packed = (affinity & 0xffffff) | (affinity >> 32) << 24;

    for (uint64_t base = platform->redistributors;; base += GICR_SIZE) {
        uint64_t type = read64(base + GICR_TYPER);

        if (type >> 32 == packed)
            return base;
        if ((type & GICR_TYPER_LAST) != 0)
            program_fail(platform, "this CPU has no redistributor", affinity);
    }
}

/** Where the registers of @p intid begin. */
static uint64_t frame_of(const struct platform *platform, uint32_t intid)
{
    return intid < FIRST_SPI ? own_redistributor(platform) + GICR_SGI_BASE : platform->distributor;
}

void gicv3_init(const struct platform *platform)
{
    uint64_t redistributor = own_redistributor(platform);

    write32(platform->distributor + GICD_CTLR, GICD_CTLR_ON);
    write32(redistributor + GICR_WAKER, read32(redistributor + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    while ((read32(redistributor + GICR_WAKER) & GICR_WAKER_ASLEEP) != 0)
        continue;
    write32(redistributor + GICR_SGI_BASE + IGROUPR, UINT32_MAX);
    if ((READ_SYSREG(ICC_SRE_EL1) & 1) == 0)
        program_fail(platform, "no system registers", READ_SYSREG(ICC_SRE_EL1));
    WRITE_SYSREG(0xff, ICC_PMR_EL1);
    WRITE_SYSREG(1, ICC_IGRPEN1_EL1);
    barrier();
}

void gicv3_set_priority(const struct platform *platform, uint32_t intid, uint8_t priority)
{
    write8(frame_of(platform, intid) + IPRIORITYR + intid, priority);
}

void gicv3_enable(const struct platform *platform, uint32_t intid)
{
    uint64_t frame = frame_of(platform, intid);
    uint32_t bit = 1u << intid % 32;

    write32(frame + IGROUPR + intid / 32 * 4, read32(frame + IGROUPR + intid / 32 * 4) | bit);
    if (intid >= FIRST_SPI)
        write64(frame + GICD_IROUTER + 8 * intid, own_affinity());
    write32(frame + ISENABLER + intid / 32 * 4, bit);
}

void gicv3_send_self(uint32_t sgi)
{
    uint64_t affinity = own_affinity();
    uint64_t cluster = (affinity >> 8 & 0xff) << 16 | (affinity >> 16 & 0xff) << 32 | (affinity >> 32) << 48;

    WRITE_SYSREG(cluster | (affinity >> 4 & 0xf) << 44 | (uint64_t)sgi << 24 | 1u << (affinity & 0xf), ICC_SGI1R_EL1);
    barrier();
}

uint32_t gicv3_acknowledge(void)
{
    return (uint32_t)READ_SYSREG(ICC_IAR1_EL1);
}

void gicv3_end(uint32_t acknowledged)
{
    WRITE_SYSREG(acknowledged, ICC_EOIR1_EL1);
    barrier();
}
