/* Guest programs from the machine's side: one coroutine for each vCPU. */
#ifndef BULKHEAD_HOSTSIM_GUEST_RUNTIME_H
#define BULKHEAD_HOSTSIM_GUEST_RUNTIME_H

#include "hostsim/machine.h"

#define SIM_MIDR_EL1 (3u << 16)

/** The vCPU was put into its reset state: whatever it ran is gone. */
void sim_guest_reset(struct arch_vcpu *vcpu);
void sim_guests_destroy(struct sim_machine *machine);

#endif
