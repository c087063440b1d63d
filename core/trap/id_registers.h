/* SPDX-License-Identifier: Apache-2.0 */
/* The ID registers that a guest reads: what the host's CPU has, less what this hypervisor keeps from guests. */
#ifndef BULKHEAD_TRAP_ID_REGISTERS_H
#define BULKHEAD_TRAP_ID_REGISTERS_H

#include "lib/types.h"

/** @return whether @p encoding is in the space that HCR_EL2.TID3 traps: op0 3, op1 0, CRn 0, CRm 1..7. */
bool id_register_owns(uint32_t encoding);
/** @param ipa_bits  size of the guest's physical address space
 *  @param gicv3     its interrupt controller has system registers
 *  @return 0 for registers that are reserved or not allowed */
uint64_t id_register_read(uint32_t encoding, unsigned ipa_bits, bool gicv3);

#endif
