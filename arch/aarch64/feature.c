// SPDX-License-Identifier: Apache-2.0
#include "feature.h"

#include "arch/mem.h"
#include "arch/timer.h"
#include "sysreg.h"

uint64_t vcpu_hcr;

bool feature_ras(void)
{
    return id_field(sysreg_read(id_aa64pfr0_el1), 28) != 0;
}

static unsigned fine_grained_traps(void)
{
    return id_field(sysreg_read(id_aa64mmfr0_el1), 56);
}

bool feature_sme(void)
{
    return id_field(sysreg_read(id_aa64pfr1_el1), 24) != 0 && fine_grained_traps() == 0;
}

/** Trap by default: what is not needed by every guest comes out and is answered by core, or refused. */
void feature_init(void)
{
    uint64_t mmfr1 = sysreg_read(id_aa64mmfr1_el1);
    uint64_t pfr1 = sysreg_read(id_aa64pfr1_el1);

    vcpu_hcr = HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | HCR_TID3 | HCR_TSC |
               HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW;
    if (id_field(mmfr1, 16) != 0) /* LORegions */
        vcpu_hcr |= HCR_TLOR;
    if (feature_ras()) /* error record registers */
        vcpu_hcr |= HCR_TERR;
    if (id_field(pfr1, 8) != 0) /* memory tagging: GMID_EL1; HCR_EL2.ATA = 0 does the rest */
        vcpu_hcr |= HCR_TID5;
}

static uint64_t debug_traps(void)
{
    uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
    unsigned pmu = id_field(dfr0, 8);
    uint64_t mdcr = MDCR_TDA | MDCR_TDOSA | MDCR_TDRA;

    if (pmu != 0 && pmu != 0xf) {
        mdcr |= MDCR_TPM | MDCR_TPMCR;
        mdcr |= sysreg_read(pmcr_el0) >> 11 & 0x1f; /* HPMN: all counters; fewer than there are is for EL2's own use */
        if (pmu >= 4)
            mdcr |= MDCR_HPMD;
    }
    if (id_field(dfr0, 32) != 0) /* statistical profiling: E2PB = 0 keeps its buffer from EL1 */
        mdcr |= MDCR_TPMS;
    if (id_field(dfr0, 40) != 0) /* trace filter; E2TB = 0 keeps the trace buffer from EL1 */
        mdcr |= MDCR_TTRF;
    return mdcr;
}

/** Registers of later architecture versions. Firmware must have opened them to EL2, as booting.rst of Linux demands. */
static void deny_extensions(void)
{
    uint64_t mmfr1 = sysreg_read(id_aa64mmfr1_el1);
    unsigned traps = fine_grained_traps();
    uint64_t pfr0 = sysreg_read(id_aa64pfr0_el1);

    if (id_field(mmfr1, 40) != 0)
        sysreg_write(s3_4_c1_c2_2, 0); /* HCRX_EL2: nothing enabled */
    /* Fine-grained traps: 0 traps what is named "n...", the coarse traps have the rest. */
    if (traps != 0) {
        sysreg_write(s3_4_c1_c1_4, 0); /* HFGRTR_EL2 */
        sysreg_write(s3_4_c1_c1_5, 0); /* HFGWTR_EL2 */
        sysreg_write(s3_4_c1_c1_6, 0); /* HFGITR_EL2 */
        sysreg_write(s3_4_c3_c1_4, 0); /* HDFGRTR_EL2 */
        sysreg_write(s3_4_c3_c1_5, 0); /* HDFGWTR_EL2 */
    }
    if (traps >= 2) {
        sysreg_write(s3_4_c3_c1_2, 0); /* HFGRTR2_EL2 */
        sysreg_write(s3_4_c3_c1_3, 0); /* HFGWTR2_EL2 */
        sysreg_write(s3_4_c3_c1_7, 0); /* HFGITR2_EL2 */
        sysreg_write(s3_4_c3_c1_0, 0); /* HDFGRTR2_EL2 */
        sysreg_write(s3_4_c3_c1_1, 0); /* HDFGWTR2_EL2 */
    }
    if (id_field(pfr0, 40) != 0)
        sysreg_write(s3_4_c10_c5_0, BIT(48) | BIT(49)); /* MPAM2_EL2: MPAM0_EL1 and MPAM1_EL1 trap */
    if (id_field(pfr0, 24) != 0) {
        /* GIC system registers: EL1's accesses trap, until a GICv3's driver opens them. SRE stays as it is: to clear it
         * is UNPREDICTABLE (IHI 0069 12.2, ICC_SRE_EL2), and where it is clear EL1 has none. */
        uint64_t sre = sysreg_read(icc_sre_el2) & ~ICC_SRE_ENABLE;
        sysreg_write(icc_sre_el2, sre);
        barrier_isb();
        if ((sre & ICC_SRE_SRE) != 0)
            sysreg_write(ich_hcr_el2, ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1);
    }
}

/** About 100 us between events that end a WFE, so that no wait lasts longer than its own limit because an SEV was
 * missed. */
static uint64_t event_stream(void)
{
    uint64_t ticks = arch_timer_frequency() / 10000;
    uint64_t bit = 0;

    while (bit < 15 && (2ULL << bit) < ticks)
        bit++;
    return CNTHCTL_EVNTEN | bit << CNTHCTL_EVNTI_SHIFT;
}

void feature_init_cpu(void)
{
    uint64_t cptr = CPTR_RES1 | CPTR_TTA;

    if (id_field(sysreg_read(id_aa64pfr0_el1), 44) != 0)
        cptr |= CPTR_TAM;
    sysreg_write(cptr_el2, cptr);
    sysreg_write(hstr_el2, BIT(15)); /* an AArch32 EL0 has no business in CP15 c15 either */
    sysreg_write(mdcr_el2, debug_traps());
    /* The counter and the physical timer are a guest's: EL2 has a timer of its own. */
    sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN | event_stream());
    sysreg_write(cnthp_ctl_el2, 0);
    sysreg_write(cntp_ctl_el0, 0);
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntvoff_el2, 0);
    sysreg_write(vttbr_el2, 0);
    sysreg_write(mdscr_el1, 0);
    sysreg_write(oslar_el1, 0); /* locked by a reset: then there are no debug events */
    if (feature_ras())
        sysreg_write(s3_4_c5_c2_3, 0); /* VSESR_EL2: what a virtual SError reports */
    deny_extensions();
    barrier_isb();
}

unsigned arch_pa_bits(void)
{
    static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};
    uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 0xf;

    return range < ARRAY_SIZE(bits) ? bits[range] : 48;
}
