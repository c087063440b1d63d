/* PSCI SYSTEM_RESET, again and again, until the physical counter says enough; then off. Memory must be fresh each time.
 * Arguments: until-ms=N (500), of the machine's time since reset. */
#include "guest.h"

#define SCRATCH_OFFSET (16u << 20)
#define SCRATCH_MARK 0x5c5c5c5c5c5c5c5cul

/* Initialised data: a restart that did not copy the image again would show. */
static volatile uint64_t starts = 1;

void guest_main(void)
{
    volatile uint64_t *scratch = (volatile uint64_t *)(platform.ram_base[0] + SCRATCH_OFFSET);
    uint64_t milliseconds = platform.first_ticks / (READ_SYSREG(cntfrq_el0) / 1000);

    print("reset: up, start %lu, scratch %lx\n", starts, *scratch);
    starts++;
    *scratch = SCRATCH_MARK;
    if (milliseconds < argument("until-ms", 500)) {
        psci(PSCI_SYSTEM_RESET);
        print("reset: FAILED: came back\n");
    }
    print("reset: done\n");
}
