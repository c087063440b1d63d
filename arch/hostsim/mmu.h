/* Stage-2 translation as the architecture defines it (Arm ARM D8), and a TLB that only invalidations empty. */
#ifndef BULKHEAD_HOSTSIM_MMU_H
#define BULKHEAD_HOSTSIM_MMU_H

#include "hostsim/machine.h"

enum sim_access {
    SIM_ACCESS_READ,
    SIM_ACCESS_WRITE,
    SIM_ACCESS_FETCH,
};

struct sim_translation {
    bool fault;
    uint8_t status; /* DFSC/IFSC of a fault: type and level */
    uint64_t pa;    /* of the address asked for */
    uint64_t size;  /* what the leaf covers */
    bool device;    /* memory attributes: Device or Normal Non-cacheable: never from a cache */
};

/** Translates for the vCPU that is loaded on @p cpu. */
struct sim_translation sim_translate(struct sim_cpu *cpu, uint64_t address, enum sim_access access);
struct sim_tlb *sim_tlb_create(void);
void sim_tlb_destroy(struct sim_tlb *tlb);
void sim_tlb_invalidate(struct sim_machine *machine, uint16_t vmid, uint64_t base, uint64_t size);

#endif
