/* SPDX-License-Identifier: Apache-2.0 */
/* Both stages of translation as the architecture defines them (Arm ARM D8), and TLBs that only invalidations empty. */
#ifndef BULKHEAD_HOSTSIM_MMU_H
#define BULKHEAD_HOSTSIM_MMU_H

#include "hostsim/machine/machine.h"

enum sim_access {
    SIM_ACCESS_READ,
    SIM_ACCESS_WRITE,
    SIM_ACCESS_FETCH,
};

/* DFSC and IFSC (Arm ARM D19.2.37); to those with a level, it is added. */
#define SIM_FSC_ADDRESS_SIZE 0x00
#define SIM_FSC_TRANSLATION 0x04
#define SIM_FSC_ACCESS_FLAG 0x08
#define SIM_FSC_PERMISSION 0x0c
#define SIM_FSC_EXTERNAL 0x10
#define SIM_FSC_EXTERNAL_WALK 0x14
#define SIM_FSC_ALIGNMENT 0x21
#define SIM_FSC_EXCLUSIVE 0x35 /* an exclusive or atomic access that the memory does not support */

/** What stage 2 makes of an IPA. */
struct sim_translation {
    bool fault;
    uint8_t status; /* DFSC/IFSC of a fault: type and level */
    uint64_t pa;    /* of the address asked for */
    uint64_t size;  /* what the leaf covers */
    bool device;    /* memory attributes: Device, else Normal */
    bool cacheable;
};

/** Translates an IPA for the vCPU that is loaded on @p cpu. */
struct sim_translation sim_translate(struct sim_cpu *cpu, uint64_t address, enum sim_access access);
/** @return whether tables translate the IPA to the page of @p target: what they say now, by no TLB */
bool sim_stage2_maps(struct sim_machine *machine, const struct arch_stage2 *stage2, uint64_t address, uint64_t target);
struct sim_tlb *sim_tlb_create(void);
void sim_tlb_destroy(struct sim_tlb *tlb);
/** Removes what the TLB holds of [base, base + size). @param stage2  the tables as they are by now */
void sim_tlb_invalidate(struct sim_machine *machine, const struct arch_stage2 *stage2, uint64_t base, uint64_t size);

/* ---- stage1.c */

/** What both stages make of a guest's virtual address. */
struct sim_address {
    enum {
        SIM_TRANSLATED,
        SIM_STAGE1_FAULT, /* the guest's EL1 takes it */
        SIM_STAGE2_FAULT, /* EL2 takes it */
    } outcome;
    uint8_t status;
    bool table_walk; /* stage-2 fault of a read of the guest's tables */
    uint64_t ipa;    /* that stage 2 was asked for: of the access, or of a table's entry */
    uint64_t pa;
    bool device, cacheable; /* both stages combined */
};

/** Translates for EL1 of the vCPU that is loaded on @p cpu. @param aligned  the access is: only Normal memory takes
 * others */
struct sim_address sim_translate_virtual(struct sim_cpu *cpu, uint64_t address, enum sim_access access, bool aligned);

/** By stage 1 alone, for a read at EL1 (AT S1E1R). @return false where it faults */
bool sim_stage1_address(struct sim_cpu *cpu, uint64_t address, uint64_t *ipa);

enum sim_tlbi {
    SIM_TLBI_ALL,            /* VMALLE1 */
    SIM_TLBI_ADDRESS,        /* VAE1, VALE1: the operand's page and ASID */
    SIM_TLBI_ASID,           /* ASIDE1 */
    SIM_TLBI_ADDRESS_ANY_ID, /* VAAE1, VAALE1 */
};
/** TLBI by the guest on @p cpu; on all CPUs, since HCR_EL2.FB is set. @param operand  Xt: ASID in 63:48, page in 43:0
 */
void sim_stage1_invalidate(struct sim_cpu *cpu, enum sim_tlbi what, uint64_t operand);
void sim_stage1_invalidate_vmid(struct sim_machine *machine, uint16_t vmid);
/** @p vcpu is loaded: of its VMID this CPU may hold only what its own tables gave, or nothing from now on. */
void sim_stage1_load(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
/** @return whether translations of @p vmid are still held that its guest's tables gave. */
bool sim_stage1_holds(const struct sim_machine *machine, uint16_t vmid);
struct sim_stage1_tlb *sim_stage1_create(void);
void sim_stage1_destroy(struct sim_stage1_tlb *tlb);

#endif
