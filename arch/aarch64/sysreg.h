/* SPDX-License-Identifier: Apache-2.0 */
/* System registers: access, and the fields that this backend uses. Arm ARM DDI 0487, chapter D19. */
#ifndef BULKHEAD_AARCH64_SYSREG_H
#define BULKHEAD_AARCH64_SYSREG_H

#include <stdint.h>

/* Macros, since the register's name is part of the instruction. */
#define sysreg_read(name)                                                                                              \
    __extension__({                                                                                                    \
        uint64_t sysreg_value;                                                                                         \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)::"memory");                                             \
        sysreg_value;                                                                                                  \
    })
#define sysreg_write(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

#define barrier_dsb(kind) __asm__ volatile("dsb " #kind ::: "memory")

static inline void barrier_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

/** Field of four bits of an ID register. */
static inline unsigned id_field(uint64_t value, unsigned shift)
{
    return (unsigned)(value >> shift) & 0xf;
}

#define BIT(n) (1ULL << (n))

#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_PTW BIT(2)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_FB BIT(9)
#define HCR_BSU_INNER BIT(10)
#define HCR_TWI BIT(13)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_RW BIT(31)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_TID5 BIT(58)

#define CPTR_RES1 0x33ffULL /* with TZ (bit 8) and TSM (bit 12): traps where there is SVE and SME, RES1 elsewhere */
#define CPTR_TTA BIT(20)
#define CPTR_TAM BIT(30)

#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_TPMS BIT(14)
#define MDCR_HPMD BIT(17)
#define MDCR_TTRF BIT(19)

#define ISR_A BIT(8)

#define MDSCR_MDE BIT(15)

#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN BIT(1)
#define CNTHCTL_EVNTEN BIT(2)
#define CNTHCTL_EVNTI_SHIFT 4

#define ICC_SRE_SRE BIT(0)
#define ICC_SRE_ENABLE BIT(3) /* EL1 may use ICC_SRE_EL1 */
#define ICH_HCR_TC BIT(10)
#define ICH_HCR_TALL0 BIT(11)
#define ICH_HCR_TALL1 BIT(12)

#define PAR_FAULT BIT(0)
#define PAR_ADDRESS 0xfffffffff000ULL /* IPAs have 48 bits at most */

#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)

#define VTCR_RES1 BIT(31)
#define VTCR_WRITE_BACK (BIT(8) | BIT(10))
#define VTCR_INNER_SHAREABLE (3ULL << 12)
#define VTCR_SL0_SHIFT 6
#define VTCR_PS_SHIFT 16
#define VTTBR_VMID_SHIFT 48

#endif
