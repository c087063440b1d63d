/* SPDX-License-Identifier: Apache-2.0 */
/* A domain that was built, on a hostsim machine, whose vCPUs come out of the guest as an input says. */
#ifndef BULKHEAD_TESTS_FUZZ_GUEST_H
#define BULKHEAD_TESTS_FUZZ_GUEST_H

#include "arch/vcpu.h"
#include "domain/domain.h"
#include "support/fuzz.h"

#define GUEST_VCPUS 4
#define GUEST_BANK0_SIZE KIB(256)
#define GUEST_BANK1_SIZE KIB(128)

/** The domain, as it is right after its start. The same for each input. */
struct domain *guest_start(void);
/** What the vCPU's CPU does between an exit and the next entry; @p exit is handled in the middle. */
void guest_exit(struct vcpu *vcpu, const struct arch_exit *exit);
/** What the scheduler would do about what the guest asked for. @return false: the domain is at its end */
bool guest_schedule(struct domain *domain);
/** What must hold of a domain at any time; what it maps is its own. */
void guest_check(struct domain *domain);
/** Lines on the console since guest_start(), the guest's own output included. */
unsigned guest_lines(void);

#endif
