/* Exceptions that EL2 itself causes. */
#ifndef BULKHEAD_AARCH64_FAULT_H
#define BULKHEAD_AARCH64_FAULT_H

#include "lib/types.h"

/** @return whether an SMC was once found to be undefined on this machine. */
bool fault_smc_is_undefined(void);

#endif
