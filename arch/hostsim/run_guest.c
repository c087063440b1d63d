#include "hostsim/guest_runtime.h"

void sim_guest_reset(struct arch_vcpu *vcpu)
{
    (void)vcpu;
}

void sim_guests_destroy(struct sim_machine *machine)
{
    (void)machine;
}

void arch_vcpu_run(struct arch_vcpu *vcpu, struct arch_exit *exit)
{
    (void)vcpu, (void)exit;
    sim_fail("arch_vcpu_run(): no guest program");
}

bool sim_guest_info(const struct sim_machine *machine, unsigned index, struct sim_guest_info *info)
{
    (void)machine, (void)index, (void)info;
    return false;
}
