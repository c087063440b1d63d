// SPDX-License-Identifier: Apache-2.0
/* Uses the example part of tests/parts: a register that keeps what is written, and says so by an interrupt. Arguments:
 * until-ms=N (0), of the machine's time since reset: restarts until then, and finds the register as at reset each time.
 */
#include "programs.h"

#include "parts/scratch/scratch.h"

struct user {
    const struct platform *platform;
    unsigned interrupts;
};

static void on_scratch(void *context, uint32_t intid, uint64_t entered)
{
    struct user *user = context;

    (void)entered;
    if (intid != SCRATCH_INTID)
        program_fail(user->platform, "another interrupt than the register's", intid);
    write32(SCRATCH_BASE + SCRATCH_CLEAR, 1);
    user->interrupts++;
}

void program_scratch(struct platform *platform)
{
    struct user user = {.platform = platform};
    uint64_t until = argument(platform, "until-ms", 0) * counter_frequency() / 1000;

    print(platform, "scratch: begins with %x\n", read32(SCRATCH_BASE + SCRATCH_VALUE));
    on_interrupt(platform, on_scratch, &user);
    gic_init(platform);
    gic_enable(platform, SCRATCH_INTID);
    for (unsigned i = 1; i <= 3; i++) {
        write32(SCRATCH_BASE + SCRATCH_VALUE, 0xcafe0000 + i);
        while (user.interrupts < i)
            await_interrupt();
        if (read32(SCRATCH_BASE + SCRATCH_VALUE) != 0xcafe0000 + i)
            program_fail(platform, "the register holds", read32(SCRATCH_BASE + SCRATCH_VALUE));
    }
    print(platform, "scratch: %u interrupts for 3 values\n", user.interrupts);
    if (READ_SYSREG(CNTPCT_EL0) < until)
        psci(platform, PSCI_SYSTEM_RESET);
    print(platform, "scratch: done\n");
}
